import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from sklstm import Forecaster
from sklstm._plot import ForecastDisplay
from tests._plot.tools import INDICES, NAN, PANEL, SERIES, TABLE, panel, plotted, waves


@pytest.mark.parametrize(
    ("n_known", "steps", "n_history", "shown"),
    [(200, 1, None, 24), (200, 20, None, 60), (30, 20, None, 30), (200, 20, 7, 7), (200, 1, 10**9, 200)],
)
def test_how_much_history_is_shown(n_known, steps, n_history, shown):
    whole = waves(pd.RangeIndex(n_known + steps))
    display = plotted(whole[:n_known], whole[n_known:], n_history=n_history)
    assert_array_equal(display.history_lines_[0].get_xdata(), np.arange(n_known - shown, n_known))


def test_truth_may_lack_rows():
    whole = waves(pd.RangeIndex(30))
    display = plotted(whole[:24], whole[24:], truth=whole.drop([26]))
    assert_array_equal(display.truth_lines_[0].get_ydata(), [whole[23], whole[24], whole[25], NAN, *whole[27:]])


DAYS = SERIES.set_axis(pd.date_range("2024-01-01", periods=30))


BAD = {
    "array": ((SERIES.to_numpy(), SERIES), {}, TypeError, "history must be a pandas Series or DataFrame, got ndarray"),
    "empty forecast": ((SERIES, SERIES[:0]), {}, ValueError, "no rows"),
    "overlap": ((SERIES, SERIES[-3:]), {}, ValueError, "begins at 27. Pass as history only"),
    "kinds": ((SERIES[:5], DAYS[5:]), {}, TypeError, "one kind"),
    "zones": ((DAYS[:5], DAYS[5:].tz_localize("UTC")), {}, TypeError, "one kind"),
    "levels": ((SERIES, PANEL[1]), {}, ValueError, "history has 1 index level"),
    "no truth": ((SERIES[:9], SERIES[9:12]), {"truth": SERIES[12:]}, ValueError, "truth has no value between 9 and 11"),
    "truth of one target": ((TABLE[:9], TABLE[9:]), {"truth": TABLE["a"]}, ValueError, "truth has no column 'b'"),
    "other columns": ((TABLE[:9], TABLE[9:]["a"]), {}, ValueError, "history 'a', 'b'. The forecast must have"),
    "other names": ((SERIES[:9], TABLE[9:]), {}, ValueError, "columns 'a', 'b' and the history 'level'"),
    "n_history": ((SERIES[:9], SERIES[9:]), {"n_history": 0}, ValueError, "n_history must be .* got 0"),
    "no panel": ((SERIES[:9], SERIES[9:]), {"series": ["a"]}, ValueError, "series must be .*not a panel.*got"),
    "unknown": (PANEL[:2], {"series": ["s1", "x"]}, ValueError, r"\('s0', 's1', 's2'\), got \['s1', 'x'\]"),
    "target": ((TABLE[:9], TABLE[9:]), {"targets": ["c"]}, ValueError, r"targets must be .*'a', 'b'"),
    "no history": ((PANEL[0].drop("s1"), PANEL[1]), {}, ValueError, "history has no series 's1'"),
    "too many": (panel(13)[:2], {}, ValueError, r"13 axes.*max_panels=12. Choose.*series=\['s0', 's1', 's2'\]"),
    "fewer": ((TABLE[:9], TABLE[9:]), {"max_panels": 1}, ValueError, r"targets=\['a'\], or raise"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_does_not_go_together_is_refused(what):
    args, kwargs, error, message = BAD[what]
    with pytest.raises(error, match=message):
        ForecastDisplay.from_predictions(*args, **kwargs)
    assert not plt.get_fignums()


COMPONENTS = pd.DataFrame({"baseline": 2.0, "correction": -0.5, "season": 1.5}, index=SERIES.index)
BOTH = pd.concat({"a": COMPONENTS, "b": COMPONENTS}, axis=1)

BAD_COMPONENTS = {
    "no table": (SERIES, True, TypeError, "components must be None or a DataFrame, .* got bool"),
    "series": (SERIES, COMPONENTS["season"][25:], TypeError, "DataFrame, .* got Series"),
    "fewer rows": (SERIES, COMPONENTS[25:28], ValueError, r"forecast \(5 rows from 25\), got 3 rows from 25"),
    "no rows": (SERIES, COMPONENTS[:0], ValueError, r"\(5 rows from 25\), got 0 rows\."),
    "other rows": (SERIES, COMPONENTS[24:29], ValueError, "got 5 rows from 24"),
    "levels": (SERIES, pd.concat({"s": COMPONENTS[25:]}), ValueError, "components has 2 index level"),
    "a part": (SERIES, COMPONENTS[25:].drop(columns="season"), ValueError, r"lacks the column\(s\) 'season'\. It has"),
    "a target": (TABLE, BOTH[25:]["a"], ValueError, "lacks .* 'baseline', 'season', 'correction' of target 'a'"),
    "a part of one": (TABLE, BOTH[25:].iloc[:, :-1], ValueError, r"lacks the column\(s\) 'season' of target 'b'"),
    "text": (SERIES, COMPONENTS[25:].assign(season="a"), ValueError, r"components has the column\(s\) 'season'"),
}


@pytest.mark.parametrize("what", BAD_COMPONENTS)
def test_components_of_another_forecast_are_refused(what):
    whole, components, error, message = BAD_COMPONENTS[what]
    with pytest.raises(error, match=message):
        plotted(whole[:25], whole[25:], components=components)
    assert not plt.get_fignums()


@pytest.mark.parametrize("names", [["a"], ["baseline"], [None], [("x", "a")]])
@pytest.mark.parametrize("is_flat", [False, True])
def test_components_of_one_target_may_be_below_its_name(names, is_flat):
    whole = pd.DataFrame({0: SERIES}).set_axis(pd.Index(names, tupleize_cols=isinstance(names[0], tuple)), axis=1)
    components = COMPONENTS[25:]
    if not is_flat:
        components = pd.concat({names[0]: components}, axis=1)
    display = plotted(whole[:25], whole[25:], components=components)
    assert {name: line.get_ydata().tolist() for name, line in display.component_lines_[0].items()} == {
        "baseline": [2.0] * 5,
        "season": [1.5] * 5,
        "correction": [-0.5] * 5,
    }


@pytest.mark.parametrize(("n_known", "steps", "shown"), [(200, 1, 12), (200, 24, 24), (9, 24, 9)])
def test_less_history_is_shown_above_components(n_known, steps, shown):
    whole = waves(pd.RangeIndex(n_known + steps))
    parts = pd.DataFrame({"baseline": 2.0, "correction": -0.5, "season": 1.5}, index=whole.index[n_known:])
    display = plotted(whole[:n_known], whole[n_known:], components=parts)
    assert_array_equal(display.history_lines_[0].get_xdata(), np.arange(n_known - shown, n_known))
    display = plotted(whole[:n_known], whole[n_known:], components=parts, n_history=5)
    assert len(display.history_lines_[0].get_xdata()) == 5


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ({"season": 0.0}, ["baseline", "correction"]),
        ({"season": [0.0, 0.0, 0.0, 0.0, 1e-9]}, ["baseline", "season", "correction"]),
        ({"correction": 0.0, "season": NAN}, ["baseline"]),
        ({"baseline": 0.0, "season": 0.0}, ["correction"]),
        ({"baseline": 0.0, "season": 0.0, "correction": 0.0}, ["baseline"]),
    ],
)
def test_components_that_are_zero_throughout_are_left_out(parts, shown):
    display = plotted(SERIES[:25], SERIES[25:], components=COMPONENTS[25:].assign(**parts))
    assert list(display.component_lines_[0]) == list(display.component_axes_[0]) == shown
    assert len(display.figure_.axes) == 1 + len(shown)


def test_a_component_of_any_series_is_shown_for_all():
    history, forecast, _ = PANEL
    components = pd.DataFrame({"baseline": 2.0, "correction": -0.5, "season": 0.0}, index=forecast.index)
    components.loc["s1", "season"] = 1.0
    assert list(plotted(history, forecast, components=components).component_lines_[0]) == [
        "baseline",
        "season",
        "correction",
    ]
    two = plotted(history, forecast, components=components, series=["s0", "s2"])
    assert [list(lines) for lines in two.component_lines_] == [["baseline", "correction"]] * 2


@pytest.mark.parametrize(
    ("n_series", "n_targets", "max_panels", "has_components"),
    [(13, 1, 12, False), (4, 1, 12, True), (30, 1, 5, True), (1, 4, 12, True), (2, 2, 12, True), (3, 1, 2, False)],
)
def test_the_advised_choice_fits(n_series, n_targets, max_panels, has_components):
    history, forecast, _ = (pd.DataFrame(dict.fromkeys(range(n_targets), part)) for part in panel(n_series))
    parts = pd.DataFrame({"baseline": 2.0, "correction": -0.5, "season": 1.5}, index=forecast.index)
    parts = pd.concat(dict.fromkeys(range(n_targets), parts), axis=1) if has_components else None
    with pytest.raises(ValueError, match=f"more than max_panels={max_panels}. Choose some, for example") as caught:
        plotted(history, forecast, components=parts, max_panels=max_panels)
    advice = re.search(r"with (\w+)=(\[.*\]), or raise", str(caught.value))
    chosen = {advice.group(1): eval(advice.group(2))}
    assert plotted(history, forecast, components=parts, max_panels=max_panels, **chosen).axes_.size


def test_where_one_forecast_does_not_fit_nothing_is_advised_that_fails():
    with pytest.raises(ValueError, match=r"targets of 4 axes each need 4 axes, .*max_panels=3. Raise max_panels"):
        plotted(SERIES[:25], SERIES[25:], components=COMPONENTS[25:], max_panels=3)
    assert len(plotted(SERIES[:25], SERIES[25:], components=COMPONENTS[25:], max_panels=4).figure_.axes) == 4


TUPLES = [("Close", "AAPL"), ("Close", "MSFT")]


@pytest.mark.parametrize("coverage", [None, [0.5, 0.8]])
@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (pd.MultiIndex.from_tuples(TUPLES, names=["price", "of"]), ["Close, AAPL", "Close, MSFT"]),
        (pd.MultiIndex.from_tuples(TUPLES), ["Close, AAPL", "Close, MSFT"]),
        (pd.MultiIndex.from_tuples(TUPLES[:1]), ["Close, AAPL"]),
        ([True, False], ["target True", "target False"]),
        ([None, "b"], ["(no name)", "b"]),
        ([NAN, 2.0], ["(no name)", "target 2.0"]),
        ([1, "a", (1, 2)], ["target 1", "a", "target 1, 2"]),
        (["forecast", "lower_90"], ["forecast", "lower_90"]),
    ],
)
def test_targets_of_any_name(names, shown, coverage):
    whole = pd.DataFrame({k: waves(INDICES["months"], seed=k) for k in range(len(names))})
    y = whole.set_axis(names, axis=1)
    forecaster = Forecaster(Ridge(), window_length=6, intervals="conformal", calibration_size=20).fit(None, y[:-4])
    display = ForecastDisplay.from_estimator(forecaster, 4, coverage=coverage, truth=y)
    assert [ax.get_ylabel() for ax in display.axes_] == shown
    expected = np.atleast_2d(forecaster.predict(np.empty((4, 0))).T)
    for k, line in enumerate(display.forecast_lines_):
        assert_allclose(line.get_ydata()[1:], expected[k])
        assert_array_equal(display.truth_lines_[k].get_ydata()[1:], whole[k][-4:])
    last = list(y.columns)[-1]
    for chosen in (last, [last]):
        alone = ForecastDisplay.from_estimator(forecaster, 4, coverage=coverage, targets=chosen)
        assert_allclose(alone.forecast_lines_[0].get_ydata()[1:], expected[-1])


@pytest.mark.parametrize(
    "keys", [TUPLES, [True, False], [7, 8], [frozenset([1]), frozenset([2])], list(pd.date_range("2020", periods=2))]
)
def test_series_of_any_key(keys):
    index = INDICES["months"]
    y = pd.concat([waves(index), waves(index, seed=1)])
    y.index = pd.MultiIndex.from_arrays([pd.Index(keys, tupleize_cols=False).repeat(48), [*index, *index]])
    known = y.index.get_level_values(1) < index[-4]
    forecaster = Forecaster(Ridge(), window_length=6).fit(None, y[known])
    display = ForecastDisplay.from_estimator(forecaster, 4, truth=y)
    assert len(display.axes_) == 2
    for k, line in enumerate(display.truth_lines_):
        assert_array_equal(line.get_ydata()[1:], waves(index, seed=k)[-4:])
    alone = ForecastDisplay.from_estimator(forecaster, 4, series=keys[1])
    assert_array_equal(alone.forecast_lines_[0].get_ydata(), display.forecast_lines_[1].get_ydata())


@pytest.mark.parametrize("rows", ["whole", "whole and no more", "those forecast", "some"])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_truth_may_be_an_array(rows, n_targets):
    whole = np.stack([waves(pd.RangeIndex(40), seed=k) for k in range(2)], axis=1)[:, :n_targets]
    whole = whole[:, 0] if n_targets == 1 else whole
    truth = {"whole": whole, "whole and no more": whole[:35], "those forecast": whole[30:35], "some": whole[30:33]}[
        rows
    ]
    forecaster = Forecaster(Ridge(), window_length=6).fit(None, whole[:30])
    display = ForecastDisplay.from_estimator(forecaster, 5, truth=truth.tolist())
    expected = whole[30:33] if rows == "some" else whole[30:35]
    for k, line in enumerate(display.truth_lines_):
        seen = line.get_ydata()[1:]
        assert_array_equal(seen[: len(expected)], expected.reshape(len(expected), -1)[:, k])
        assert np.isnan(seen[len(expected) :]).all()


def test_truth_of_an_array_may_be_masked():
    truth = np.ma.array(SERIES[25:30].to_numpy(copy=True), mask=[0, 1, 0, 0, 0])
    truth.data[1] = -9999
    seen = plotted(SERIES[:25], SERIES[25:30], truth=truth).truth_lines_[0].get_ydata()
    assert_array_equal(seen[-5:], [SERIES.iloc[25], NAN, *SERIES[27:30]])


@pytest.mark.parametrize(
    ("truth", "error"),
    [
        (np.arange(9.0), ValueError),
        (["a"], TypeError),
        (np.zeros((5, 2)), TypeError),
        ({"a": 1}, TypeError),
        (np.zeros(5, dtype="datetime64[D]"), TypeError),
        (3.0, TypeError),
    ],
)
def test_an_array_that_says_nothing_is_refused(truth, error):
    with pytest.raises(error, match="truth"):
        plotted(SERIES[:25], SERIES[25:], truth=truth)


LONG = panel(2)[0].rename("sales").reset_index()


WRONG = {
    "long": (LONG, SERIES, r"history has the column\(s\) 'store', 'month', which are not numeric"),
    "long by time": (LONG.set_index("month"), SERIES, r"history has the column\(s\) 'store', which are not numeric"),
    "text": (SERIES.astype(str), SERIES, "'level' of history must be numbers"),
    "times": (SERIES.astype("datetime64[ns]"), SERIES, "'level' of history must be numbers"),
    "twice": (TABLE.set_axis(["a", "a"], axis=1), TABLE, "history has the column 'a' more than once"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_number_is_named(what):
    history, forecast, message = WRONG[what]
    with pytest.raises(ValueError, match=message):
        plotted(history, forecast.set_axis(forecast.index + 100))
    assert not plt.get_fignums()


@pytest.mark.parametrize("column", ["forecast", "lower_90", "upper_90"])
@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e306])
def test_what_no_axis_can_show_is_refused(column, value):
    forecast = pd.DataFrame({"forecast": 1.0, "lower_90": 0.0, "upper_90": 2.0}, index=[30, 31, 32])
    forecast.loc[31, column] = value
    with pytest.raises(ValueError, match=f"The column '{column}' of forecast has .* in row 1. Only finite numbers"):
        plotted(SERIES, forecast)
    assert not plt.get_fignums()


@pytest.mark.parametrize(
    "index",
    [
        pd.PeriodIndex.from_ordinals(range(8020, 8053), freq="Y"),
        pd.DatetimeIndex(np.datetime64("9999-12-01", "s") + np.arange(33).astype("timedelta64[D]")),
    ],
    ids=["periods", "times"],
)
def test_years_that_matplotlib_cannot_label_are_refused(index):
    with pytest.raises(ValueError, match=r"The index of .* has 10\d\d\d.* Only years from 1 to 9999 can be plotted"):
        plotted(SERIES.set_axis(index[:30]), SERIES[:3].set_axis(index[30:]))
    early = index[:30] - (index[29] - index[0]) if isinstance(index, pd.DatetimeIndex) else index[:30] - 8000
    plotted(SERIES.set_axis(early), SERIES[:1].set_axis(early[-1:] + (early[-1] - early[-2])))


@pytest.mark.parametrize("what", ["long", "long by time"])
def test_the_advice_for_long_tables_makes_panels_of_them(what):
    history, (_, forecast, _) = WRONG[what][0], panel(2)
    with pytest.raises(ValueError, match="Move the series and the time to the index") as caught:
        plotted(history, SERIES.set_axis(SERIES.index + 100))
    advice = re.search(r"history = (.*)\. Leave", str(caught.value)).group(1)
    display = plotted(eval(advice, {"history": history}), forecast)
    assert [ax.get_title(loc="left") for ax in display.axes_] == ["s0", "s1"]


def test_truth_with_a_time_twice_is_refused():
    with pytest.raises(ValueError, match="truth has 26 more than once"):
        plotted(SERIES[:25], SERIES[25:], truth=pd.concat([SERIES, SERIES[26:27]]))
