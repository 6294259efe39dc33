"""What is wrong with an index, and the calls that are said to mend it: each is done, to the index that brought it."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold, TimeSeriesSplit

from sklstm import Forecaster, split_panel
from sklstm._time_index.regular_index import regular_end
from tests._time_index.tools import (
    DAYS,
    HOURS,
    SANTIAGO,
    WEEK_DAYS,
    as_series_and_frame,
    dropped,
    mended,
    stamps,
    without_frequency,
)

# ---- one series


GAPS = {
    "days": (dropped(DAYS, 4, 7), "2024-01-04.*2024-01-06.*2024-01-05 is missing .2 in all", 'y.asfreq("D")'),
    "days in a row missing": (dropped(DAYS, 4, 5), "2024-01-04.*2024-01-07.*2024-01-05", 'y.asfreq("D")'),
    "three days": (stamps("2024-01-01", "2024-01-03", "2024-01-04"), "2024-01-02 is missing", 'y.asfreq("D")'),
    "a day of 23 hours": (
        dropped(pd.date_range("2024-03-25", periods=12, tz="Europe/Berlin"), 6),
        r"2024-03-31\+01:00 is missing",
        'y.asfreq("D")',
    ),
    "an hour as clocks change": (dropped(HOURS, 6), r"2024-03-31 03:00:00\+02:00 is missing", 'y.asfreq("h")'),
    "months": (
        dropped(pd.date_range("2023-01-01", periods=12, freq="MS"), 5),
        "2023-06-01 is missing",
        'y.asfreq("MS")',
    ),
    "months, no three in a row": (
        stamps("2023-01-01", "2023-02-01", "2023-04-01", "2023-05-01", "2023-07-01", "2023-08-01"),
        "2023-03-01 is missing",
        'y.asfreq("MS")',
    ),
    "month ends": (
        dropped(pd.date_range("2023-01-31", periods=12, freq="ME"), 1),
        "2023-02-28 is missing",
        'y.asfreq("ME")',
    ),
    "quarter ends": (
        dropped(pd.date_range("2020-03-31", periods=12, freq="QE"), 5),
        "2021-06-30 is missing",
        'y.asfreq("QE-DEC")',
    ),
    "years": (dropped(pd.date_range("2000", periods=12, freq="YS"), 5), "2005-01-01", 'y.asfreq("YS-JAN")'),
    "Wednesdays": (
        dropped(pd.date_range("2024-01-03", periods=12, freq="W-WED"), 3),
        "2024-01-24 is missing",
        'y.asfreq("W-WED")',
    ),
    "business days": (dropped(WEEK_DAYS, 10), "2024-01-12.*2024-01-16.*2024-01-15 is missing", 'y.asfreq("B")'),
    "business days without Mondays": (
        without_frequency(WEEK_DAYS[WEEK_DAYS.day_of_week > 0]),
        "2024-01-05.*2024-01-09.*2024-01-08 is missing",
        'y.asfreq("B")',
    ),
    "quarter hours": (
        dropped(pd.date_range("2024-01-01", periods=40, freq="15min", unit="s"), 9, 10, 11),
        "02:15:00 is missing .3 in all",
        'y.asfreq("15min")',
    ),
    "hours of working days": (
        stamps(*[day + pd.Timedelta(hours=hour) for day in WEEK_DAYS[:6] for hour in range(8, 17)]),
        "2024-01-01 16:00:00.*2024-01-02 08:00:00.*2024-01-01 17:00:00 is missing",
        'y.asfreq("h")',
    ),
    "a midnight that there was not": (
        stamps(*[day for day in SANTIAGO if not day.endswith("09-03")], tz="America/Santiago"),
        "2023-09-02-04:00.*2023-09-04-03:00, so 2023-09-03 01:00:00-03:00 is missing",
        'y.reindex(pd.date_range("2023-08-30 00:00:00", "2023-09-07 00:00:00", freq="D").tz_localize('
        '"America/Santiago", nonexistent="shift_forward", ambiguous=True))',
    ),
    "periods": (
        pd.PeriodIndex(["2024-01", "2024-02", "2024-04"], freq="M"),
        "2024-03 is missing",
        "y.reindex(pd.period_range(y.index[0], y.index[-1]))",
    ),
    "every second period": (
        pd.period_range("2024-01", periods=9, freq="M")[::2],
        "2024-02 is missing",
        "y.reindex(pd.period_range(y.index[0], y.index[-1]))",
    ),
    "integers": (pd.Index([5, 7, 9, 13, 15]), "9 is followed by 13, so 11 is missing", "y.reindex(range(5, 17, 2))"),
    "integers that can be missing": (
        pd.Index([5, 6, 8], dtype="Int64"),
        "7 is missing",
        "y.reindex(range(5, 9, 1))",
    ),
}

IRREGULAR = {
    "an hour too many": (
        HOURS.insert(3, HOURS[2] + pd.Timedelta(minutes=20)),
        r"the most common step is h, but 2024-03-30 22:00:00\+01:00 is followed by 2024-03-30 22:20:00\+01:00",
        "y.reset_index(drop=True)",
    ),
    "a month's second day": (
        stamps("2023-01-01", "2023-02-01", "2023-03-02", "2023-04-01", "2023-05-01", "2023-06-01", "2023-07-01"),
        "the most common step is MS, but 2023-02-01 is followed by 2023-03-02",
        'y.index = y.index.to_period("M")',
    ),
    "begins in mid-month": (
        stamps("2022-12-15", "2023-01-01", "2023-02-01", "2023-03-01", "2023-04-01"),
        "the most common step is MS, but 2022-12-15 is followed by 2023-01-01",
        'y.index = y.index.to_period("M")',
    ),
    "Mondays, Wednesdays and Fridays": (
        stamps(*[day for day in WEEK_DAYS if day.day_of_week in (0, 2, 4)]),
        "the most common step is 2D, but 2024-01-05 is followed by 2024-01-08",
        'y = y.asfreq(pd.offsets.CustomBusinessDay(weekmask="Mon Wed Fri"))',
    ),
    "all at random": (
        stamps("2024-01-05 10:00", "2024-01-05 17:12", "2024-01-07 09:01", "2024-01-07 10:00", "2024-01-08 00:00"),
        "it begins with 2024-01-05 10:00:00, 2024-01-05 17:12:00, 2024-01-07 09:01:00.*Aggregate",
        "y.reset_index(drop=True)",
    ),
    "years apart": (
        stamps("2001-05-17", "2003-01-02", "2003-02-11", "2009-11-30"),
        "it begins with 2001-05-17",
        "y.reset_index(drop=True)",
    ),
    "integers": (
        pd.Index([0, 10, 20, 33]),
        "the most common step is 10, but 20 is followed by 33",
        "y.reset_index(drop=True)",
    ),
    "periods of two months": (
        pd.PeriodIndex(["2024-01", "2024-03", "2024-06"], freq="2M"),
        "most common step is|it begins with 2024-01, 2024-03, 2024-06",
        "y.reset_index(drop=True)",
    ),
}

UNSORTED = {
    "twice the same": (
        DAYS.insert(5, DAYS[2]),
        "2024-01-03 2 times, first in rows 2 and 5",
        "y[~y.index.duplicated()].sort_index()",
    ),
    "twice in a row": (
        DAYS.insert(3, DAYS[2]),
        "2024-01-03 2 times, first in rows 2 and 3",
        "y.groupby(level=0).mean()",
    ),
    "thrice": (DAYS[[0, 1, 1, 1, 2, 3, 4, 5, 6]], "2024-01-02 3 times", "y[~y.index.duplicated()]"),
    "integers twice": (pd.Index([4, 5, 5, 6]), "has 5 2 times", "y[~y.index.duplicated()]"),
    "periods twice": (
        pd.PeriodIndex(["2024-01"] * 2 + ["2024-02"], freq="M"),
        "2024-01 2",
        "y.groupby(level=0).mean()",
    ),
    "two rows changed": (DAYS[[0, 1, 3, 2, *range(4, 12)]], "2024-01-04 is followed by 2024-01-03", "y.sort_index()"),
    "backwards": (DAYS[::-1], "2024-01-12 is followed by 2024-01-11 in rows 0 and 1", "y.sort_index()"),
    "integers backwards": (pd.RangeIndex(9, 3, -1), "9 is followed by 8", "y.sort_index()"),
    "integers that can be missing": (pd.Index([1, 3, 2], dtype="Int64"), "3 is followed by 2", "y.sort_index()"),
    "periods unsorted": (pd.PeriodIndex(["2024-02", "2024-01"], freq="M"), "2024-02 is followed by", "y.sort_index()"),
}

KINDS = {
    "text": (pd.Index(["2024-01-01", "2024-02-01"]), "begins with '2024-01-01'", "y.index = pd.to_datetime(y.index)"),
    "no dates": (pd.Index(["a", "b"]), "begins with 'a'", "y.reset_index(drop=True)"),
    "dates as objects": (pd.Index(DAYS.date), r"datetime\.date\(2024, 1, 1\)", "y.index = pd.to_datetime(y.index)"),
    "whole floats": (
        pd.Index([2001.0, 2002.0]),
        r"float64 and it begins with 2001\.0",
        "y.index = y.index.astype(int)",
    ),
    "floats": (pd.Index([2001.0, 2001.25]), "begins with 2001", "y.reset_index(drop=True)"),
    "seconds": (
        pd.Index([1.7e9 + 0.5, 1.7e9 + 1.5]),
        "float64",
        'y.index = pd.to_datetime(y.index, unit="s")',
    ),
    "endless": (pd.Index([0.0, np.inf]), "float64", "y.reset_index(drop=True)"),
    "integers as objects": (
        pd.Index([1, 2], dtype=object),
        "object and it begins with 1",
        "y.index = y.index.astype(int)",
    ),
    "truths": (pd.Index([False, True]), "bool", "y.reset_index(drop=True)"),
    "categories": (pd.CategoricalIndex([1, 2]), "category", "y.reset_index(drop=True)"),
    "durations": (pd.timedelta_range("1h", periods=3, freq="h"), "timedelta64", "y.reset_index(drop=True)"),
    "intervals": (pd.interval_range(0, 3), "interval", "y.reset_index(drop=True)"),
    "no time": (stamps("2024-01-01", None, "2024-01-02"), "NaT in row 1", "y[y.index.notna()]"),
    "no period": (pd.PeriodIndex(["2024-01", None], freq="M"), "NaT in row 1", "y[y.index.notna()]"),
    "no number": (pd.Index([1, 2, None], dtype="Int64"), "<NA> in row 2", "y[y.index.notna()]"),
}

MENDABLE = {
    f"{group}: {name}": case
    for group, cases in {"gap": GAPS, "irregular": IRREGULAR, "order": UNSORTED, "kind": KINDS}.items()
    for name, case in cases.items()
}


@as_series_and_frame(MENDABLE)
def test_the_call_that_is_shown_mends_the_index(name, form):
    index, shown, call = MENDABLE[name]
    y = pd.Series(np.arange(1.0, len(index) + 1), index=index, name="sold")
    if form is pd.DataFrame:
        y = y.to_frame()
    with pytest.raises(ValueError, match=shown) as error:
        regular_end(y.index)
    assert call.removesuffix(".sort_index()") in str(error.value)
    assert all(len(table) for table in mended(index, form)[1])
    namespace = {"y": y, "pd": pd}
    exec(call if " = " in call else f"y = {call}", namespace)
    assert regular_end(namespace["y"].index).last is not None
    if "asfreq" in call or "reindex" in call:  # no value is lost
        assert namespace["y"].dropna().to_numpy().tolist() == y.to_numpy().tolist()


def test_the_series_is_called_by_its_name():
    with pytest.raises(ValueError, match=r'^The index of sales has a gap.* sales\.asfreq\("D"\)'):
        regular_end(dropped(DAYS, 4), "sales")


def test_a_gap_that_rows_can_fill_is_not_closed_by_numbering():
    message, tables = mended(dropped(DAYS, 4))
    assert tables
    assert "reset_index" not in message


# ---- folds

SERIES = pd.Series(np.sin(np.arange(60.0)), pd.date_range("2024-01-01", periods=60), name="y")
PANEL = pd.concat({"a": SERIES, "b": SERIES + 1})


@pytest.mark.parametrize("fold", ["first", "all"])
@pytest.mark.parametrize("y", [SERIES, PANEL], ids=["series", "panel"])
def test_the_cv_that_is_advised_splits_in_time_order(y, fold):
    """KFold fails by its first fold, whose test rows are earlier, or else by the gaps of the next ones."""
    search = GridSearchCV(Forecaster(Ridge()), {"window_length": [2, 3]}, error_score="raise")
    rows = y.to_frame()[[]]
    cv = KFold(3) if fold == "first" else list(KFold(6).split(y))[1:2]
    with pytest.raises(ValueError, match="KFold") as error:
        search.set_params(cv=cv).fit(rows, y)
    names = {"TimeSeriesSplit": TimeSeriesSplit, "split_panel": split_panel, "y": y, "n_splits": 2, "test_size": 3}
    search.set_params(cv=eval(re.search(r"pass cv=(.*?\))\.", str(error.value))[1], names))
    assert np.isfinite(search.fit(rows, y).best_score_)


@pytest.mark.parametrize("y", [SERIES, PANEL], ids=["series", "panel"])
def test_shuffled_folds_are_told_the_cv_that_keeps_the_order(y):
    advice = "split_panel" if y is PANEL else r"TimeSeriesSplit.*train_test_split needs shuffle=False"
    with pytest.raises(ValueError, match=f"not in order.*{advice}"):
        Forecaster(Ridge()).fit(None, y.sample(frac=1, random_state=0))


# ---- several series


def test_the_table_is_called_by_the_name_that_the_user_has():
    X = pd.DataFrame({"open": 1.0}, index=dropped(DAYS, 4))
    with pytest.raises(ValueError, match=r'^The index of X has a gap.* X = X\.asfreq\("D"\)'):
        Forecaster().fit(X, np.arange(11.0))


def test_durations_are_told_how_to_become_times():
    y = pd.Series(1.0, pd.timedelta_range("1h", periods=5, freq="h"))
    with pytest.raises(ValueError, match="if a moment is added") as error:
        regular_end(y.index)
    code = 'pd.Timestamp("1970-01-01") + pd.to_timedelta(y.index)'
    assert code in str(error.value)
    assert regular_end(eval(code)).step == pd.offsets.Hour()
