import re

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline

from sklstm import WindowTransformer, make_windows
from tests._estimator.tools import DAYS, FRAME, TABLE, by_hand

UNORDERED = {
    "two levels": (pd.MultiIndex.from_product([["a", "b"], DAYS[:5]]), "2 levels.*one series into the next"),
    "three levels": (pd.MultiIndex.from_product([["a", "b"], ["c"], DAYS[:5]]), "3 levels"),
    "descending": (DAYS[::-1], r"not in order.*X\.sort_index\(\)"),
    "shuffled": (DAYS[np.random.default_rng(0).permutation(10)], "not in order.*TimeSeriesSplit"),
    "duplicates": (DAYS[[0, 1, 2, 2, 3, 4, 5, 6, 7, 8]], "2 times.*duplicated"),
    "a gap": (DAYS[:9].append(pd.DatetimeIndex(["2024-01-15"])), r"gap.*X\.asfreq\(\"D\"\).*TimeSeriesSplit"),
    "a gap of periods": (DAYS.to_period("D").delete(5).append(pd.PeriodIndex(["2024-01-11"], freq="D")), "gap"),
    "a gap of row numbers": (pd.Index([*range(5), *range(6, 11)]), r"gap.*X = X\.reindex"),
    "descending row numbers": (pd.RangeIndex(9, -1, -1), "not in order"),
    "row numbers of two tables": (pd.Index([*range(5), *range(5)]), "2 times"),
    "no date": (DAYS[:9].append(pd.DatetimeIndex([None])), "NaT"),
    "irregular": (pd.DatetimeIndex(DAYS + pd.to_timedelta(np.arange(10) ** 2, unit="min")), "no regular step"),
    "dates as text, descending": (DAYS[::-1].strftime("%Y-%m-%d"), "not in order.*sort_index"),
    "dates as objects, descending": (pd.Index(DAYS.date[::-1], dtype=object), "not in order.*sort_index"),
    "decimal numbers, descending": (pd.Index(np.arange(10)[::-1] / 2), "not in order.*sort_index"),
    "durations, descending": (DAYS[::-1] - DAYS[0], "not in order.*sort_index"),
    "names of series": (pd.Index(["a"] * 5 + ["b"] * 5), "'a' more than once.*several series"),
}


@pytest.mark.parametrize("name", UNORDERED)
def test_an_index_by_which_rows_do_not_follow_each_other_is_refused(name):
    index, message = UNORDERED[name]
    frame = FRAME.set_axis(index)
    fitted = WindowTransformer(3).fit(FRAME)
    with pytest.raises(ValueError, match=message):
        WindowTransformer(3).fit(frame)
    with pytest.raises(ValueError, match=message):
        fitted.transform(frame)
    for series in (frame, frame["y"]):
        with pytest.raises(ValueError, match=message.replace("X", "series")):
            make_windows(series, 3)


IN_ORDER = {
    "text": list("jihgfedcba"),
    "dates as text": DAYS.strftime("%Y-%m-%d"),
    "decimal numbers": np.arange(10) / 2,
    "durations": DAYS - DAYS[0],
    "working days": pd.bdate_range("2024-01-01", periods=10),
    "months": pd.period_range("2024-01", periods=10, freq="M"),
    "every second row": range(0, 20, 2),
    "times with a zone": pd.date_range("2024-03-28", periods=10, tz="Europe/Berlin"),
}


@pytest.mark.parametrize("name", IN_ORDER)
def test_any_other_index_passes(name):
    frame = FRAME.set_axis(IN_ORDER[name])
    np.testing.assert_array_equal(WindowTransformer(3).fit_transform(frame), by_hand(TABLE, TABLE[:0], 3, 1))
    pd.testing.assert_frame_equal(make_windows(frame, 3)[1], frame.iloc[3:])


def test_what_cannot_be_decided_passes():
    """As for Forecaster: five days in a row may be working days, and two stamps be any step."""
    for n_rows in (1, 2, 5):
        WindowTransformer(3).fit(FRAME[:n_rows])
    assert len(make_windows(FRAME[:5], 3)[0]) == 2


def test_the_advice_for_a_panel_and_for_a_gap_works():
    panel = pd.concat({"a": FRAME, "b": FRAME * 2}, names=["shop", "day"])
    with pytest.raises(ValueError, match=r"Cut each series by itself, \[make_windows") as error:
        WindowTransformer(3).fit(panel)
    call = re.search(r"(\[make_windows.*\]),", str(error.value))[1]
    parts = eval(call, {"X": panel, "make_windows": make_windows})
    assert [X.shape for X, _ in parts] == [(7, 3, 2), (7, 3, 2)]
    gap = FRAME.drop(DAYS[4])
    with pytest.raises(ValueError, match="has a gap") as error:
        WindowTransformer(3).fit(gap)
    mended = eval(re.search(r"X\.asfreq\(.*?\)", str(error.value))[0], {"X": gap})
    assert WindowTransformer(3).fit_transform(mended).shape == (10, 3, 2)


@pytest.mark.filterwarnings("ignore:.*first windows have no history")  # of the first fold, which lies before all others
def test_folds_with_a_gap_are_refused():
    model = make_pipeline(
        WindowTransformer(3, flatten=True), SimpleImputer(keep_empty_features=True), LinearRegression()
    )
    with pytest.raises(ValueError, match=r"KFold, whose training rows have such a gap: pass cv=TimeSeriesSplit"):
        cross_val_score(model, FRAME, FRAME["y"], cv=KFold(3), error_score="raise")
