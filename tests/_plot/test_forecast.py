import inspect
import re
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import date2num, num2date
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

from sklstm import Forecaster
from sklstm._plot import ForecastDisplay

NAN = np.nan
INDICES = {
    "months": pd.date_range("2019-01-01", periods=48, freq="MS", name="month"),
    "periods": pd.period_range("2019-01", periods=48, freq="M"),
    "hours across a change of clocks": pd.date_range("2024-03-30", periods=48, freq="h", tz="Europe/Berlin"),
    "range": pd.RangeIndex(48),
    "integers": pd.Index(np.arange(0, 480, 10)),
}
N_STEPS = 6


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    plt.close("all")


def waves(index, name="level", seed=0):
    rng = np.random.default_rng(seed)
    return pd.Series(10 + np.sin(np.arange(len(index))) + rng.normal(size=len(index)), index=index, name=name)


def intervals(forecast, *coverages):
    """A forecast with intervals of half-width coverage / 100."""
    columns = {"forecast": forecast}
    for coverage in coverages:
        columns |= {f"lower_{coverage}": forecast - coverage / 100, f"upper_{coverage}": forecast + coverage / 100}
    return pd.DataFrame(columns)


def panel(n_series, n_steps=N_STEPS, name="sales"):
    """History, forecast and whole series of a panel."""
    index = INDICES["months"]
    whole = pd.concat({f"s{k}": waves(index, name, seed=k) for k in range(n_series)}, names=["store"])
    known = whole.index.get_level_values(1) < index[-n_steps]
    return whole[known], whole[~known] + 1, whole


def numbers(positions):
    """Positions on the axis as numbers, whatever they were given as."""
    positions = np.asarray(positions)
    return positions if positions.dtype.kind in "iuf" else date2num(positions)


def where(index):
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    return index.to_numpy() if index.dtype.kind in "iu" else date2num(index.to_pydatetime())


def labels(display):
    return [text.get_text() for text in display.legend_.get_texts()]


plotted = ForecastDisplay.from_predictions


def drawn(*args, **kwargs):
    """The same to the last tick."""
    display = plotted(*args, **kwargs)
    display.figure_.canvas.draw()
    return display


# ---- what is shown


@pytest.mark.parametrize("kind", INDICES)
def test_one_series_with_intervals_and_truth(kind):
    whole = waves(INDICES[kind])
    history, forecast = whole[:-N_STEPS], intervals(whole[-N_STEPS:] + 1, 80, 97.5)
    display = drawn(history, forecast, truth=whole)
    assert len(display.axes_) == len(display.history_lines_) == 1
    assert display.ax_ is display.axes_[0]
    assert display.figure_ is display.ax_.figure

    line = display.history_lines_[0]
    assert_array_equal(line.get_ydata(), history[-24:])
    assert_allclose(numbers(line.get_xdata()), where(history.index[-24:]))
    # what comes goes on from the last known value
    for line, values in (
        (display.forecast_lines_[0], whole[-N_STEPS:] + 1),
        (display.truth_lines_[0], whole[-N_STEPS:]),
    ):
        assert_allclose(line.get_ydata(), [history.iloc[-1], *values])
        assert_allclose(numbers(line.get_xdata()), where(whole.index[-N_STEPS - 1 :]))
        assert line.get_marker() == "None"
    assert labels(display) == ["history", "truth", "forecast", "97.5 % interval", "80 % interval"]
    assert display.ax_.get_ylabel() == "level"
    # what really came is hidden by nothing
    lines = display.truth_lines_[0], display.forecast_lines_[0]
    assert lines[0].get_zorder() > lines[1].get_zorder() > max(b.get_zorder() for b in display.interval_bands_[0])


def test_intervals_open_from_the_last_known_value():
    whole = waves(pd.RangeIndex(40))
    display = plotted(whole[:-4], intervals(whole[-4:], 50, 80, 97.5))
    bands = display.interval_bands_[0]
    for band, half in zip(bands, (0.975, 0.8, 0.5), strict=True):  # the widest first
        corners = band.get_paths()[0].vertices
        at_origin = corners[corners[:, 0] == 35][:, 1]
        assert_allclose(at_origin, whole.iloc[-5])
        for time in range(36, 40):
            heights = corners[corners[:, 0] == time][:, 1]
            assert_allclose([heights.min(), heights.max()], [whole[time] - half, whole[time] + half])
    opacities = [band.get_alpha() for band in bands]
    assert opacities == sorted(set(opacities))
    assert len({tuple(band.get_facecolor()[0][:3]) for band in bands}) == 1


def test_without_intervals_and_truth_there_are_two_lines():
    whole = waves(INDICES["months"])
    display = plotted(whole[:-6], whole[-6:])
    assert display.truth_lines_ == [None]
    assert display.interval_bands_ == [[]]
    assert display.ax_.lines[:] == [*display.history_lines_, *display.forecast_lines_]
    assert labels(display) == ["history", "forecast"]
    assert display.ax_.get_xlabel() == "month"


@pytest.mark.parametrize(
    ("n_known", "steps", "n_history", "shown"),
    [(200, 1, None, 24), (200, 20, None, 60), (30, 20, None, 30), (200, 20, 7, 7), (200, 1, 10**9, 200)],
)
def test_how_much_history_is_shown(n_known, steps, n_history, shown):
    whole = waves(pd.RangeIndex(n_known + steps))
    display = plotted(whole[:n_known], whole[n_known:], n_history=n_history)
    assert_array_equal(display.history_lines_[0].get_xdata(), np.arange(n_known - shown, n_known))


def test_a_single_step_is_a_point_as_well():
    whole = waves(pd.RangeIndex(20))
    display = plotted(whole[:-1], intervals(whole[-1:], 90), truth=whole)
    for line in (display.forecast_lines_[0], display.truth_lines_[0]):
        assert (line.get_marker(), line.get_markevery()) == ("o", [1])


def test_missing_values_are_gaps_and_hide_none():
    whole = waves(pd.RangeIndex(30))
    whole[[10, 12, 18, 19, 26]] = NAN
    display = plotted(whole[:20], waves(pd.RangeIndex(20, 30)), truth=whole)
    history, truth = display.history_lines_[0], display.truth_lines_[0]
    assert_array_equal(history.get_ydata(), whole[:20])
    assert (history.get_marker(), history.get_markevery()) == ("o", [11])  # what no line leads to
    assert_array_equal(display.forecast_lines_[0].get_xdata(), [17, *range(20, 30)])  # from the last known value
    assert_array_equal(truth.get_ydata(), [whole[17], *whole[20:]])


def test_truth_may_lack_rows():
    whole = waves(pd.RangeIndex(30))
    display = plotted(whole[:24], whole[24:], truth=whole.drop([26]))
    assert_array_equal(display.truth_lines_[0].get_ydata(), [whole[23], whole[24], whole[25], NAN, *whole[27:]])


def test_without_a_known_value_lines_begin_at_the_forecast():
    index = pd.RangeIndex(10)
    display = plotted(pd.Series(NAN, index=index[:8]), intervals(waves(index[8:]), 90))
    assert_array_equal(display.forecast_lines_[0].get_xdata(), [8, 9])


# ---- several series, several targets


def test_each_series_of_a_panel_has_axes():
    history, forecast, whole = panel(5)
    display = drawn(history, forecast, truth=whole)
    assert [ax.get_title(loc="left") for ax in display.axes_] == ["s0", "s1", "s2", "s3", "s4"]
    for k, line in enumerate(display.forecast_lines_):
        assert_allclose(line.get_ydata(), [history[f"s{k}"].iloc[-1], *forecast[f"s{k}"]])
        assert_array_equal(display.history_lines_[k].get_ydata(), history[f"s{k}"][-24:])
        assert_array_equal(display.truth_lines_[k].get_ydata()[1:], whole[f"s{k}"][-N_STEPS:])
        assert line.axes is display.axes_[k]
    assert display.figure_.axes == list(display.axes_)  # none is empty
    assert labels(display) == ["history", "truth", "forecast"]
    assert display.legend_ in display.figure_.legends
    # dates and names stand below the lowest of each column, also above the empty place
    assert [bool(ax.get_xlabel()) for ax in display.axes_] == [False, False, False, True, True]
    dated = [any(text.get_text() and text.get_visible() for text in ax.get_xticklabels()) for ax in display.axes_]
    assert dated == [ax.xaxis.offsetText.get_visible() for ax in display.axes_] == [False, False, False, True, True]
    assert [ax.get_ylabel() for ax in display.axes_] == ["sales", "", "sales", "", "sales"]


def test_some_series_in_the_order_asked_for():
    history, forecast, _ = panel(30)
    display = plotted(history, forecast, series=["s20", "s3"])
    assert [ax.get_title(loc="left") for ax in display.axes_] == ["s20", "s3"]
    assert_array_equal(display.forecast_lines_[0].get_ydata()[1:], forecast["s20"])
    assert len(plotted(history, forecast, series="s7").axes_) == 1


def test_series_in_any_order_of_rows_and_of_different_lengths():
    history, forecast, whole = panel(3)
    history = pd.concat([history.loc[["s2"]][5:], history.loc[["s0"]][40:], history.loc[["s1"]]])
    display = plotted(history, forecast, truth=whole.loc[["s2", "s0"]])
    assert [len(line.get_ydata()) for line in display.history_lines_] == [2, 24, 24]
    assert [line is None for line in display.truth_lines_] == [False, True, False]
    assert labels(display) == ["history", "truth", "forecast"]


def test_each_target_has_axes():
    index = INDICES["months"]
    whole = pd.DataFrame({"load": waves(index), "wind": waves(index, seed=1)})
    forecast = pd.concat({name: intervals(whole[name][-6:], 90) for name in whole}, axis=1)
    display = plotted(whole[:-6], forecast, truth=whole)
    assert [ax.get_ylabel() for ax in display.axes_] == ["load", "wind"]
    assert_array_equal(display.forecast_lines_[1].get_ydata(), whole["wind"][-7:])
    assert [len(bands) for bands in display.interval_bands_] == [1, 1]
    plain = plotted(whole[:-6], whole[-6:], targets=["wind"])
    assert_array_equal(plain.forecast_lines_[0].get_ydata(), whole["wind"][-7:])
    assert len(plain.axes_) == 1


def test_a_panel_of_several_targets_goes_series_by_series():
    history, forecast, whole = (pd.DataFrame({"a": part, "b": -part}) for part in panel(3))
    display = drawn(history, forecast, truth=whole)
    assert [(ax.get_title(loc="left"), ax.get_ylabel()) for ax in display.axes_] == [
        (f"s{k}", name) for k in range(3) for name in "ab"
    ]
    assert_array_equal(display.forecast_lines_[3].get_ydata()[1:], forecast.loc["s1", "b"])


@pytest.mark.parametrize("form", ["values", "intervals", "two levels"])
def test_a_table_of_one_column_is_one_series(form):
    whole = waves(pd.RangeIndex(30)).to_frame("forecast")  # a name that intervals have too
    forecast = {"values": whole[-4:], "intervals": intervals(whole["forecast"][-4:], 90)}.get(form)
    if form == "two levels":
        forecast = pd.concat({"forecast": intervals(whole["forecast"][-4:], 90)}, axis=1)
    display = plotted(whole[:-4], forecast, truth=whole["forecast"])
    assert_array_equal(display.forecast_lines_[0].get_ydata(), whole["forecast"][-5:])
    assert len(display.interval_bands_[0]) == (form != "values")


# ---- how it is drawn


def test_stamps_are_shown_in_their_time_zone():
    whole = waves(pd.date_range("2024-07-01", periods=30, freq="h", tz="Asia/Kolkata"))
    display = drawn(whole[:-6], whole[-6:])
    texts = [label.get_text() for label in display.ax_.get_xticklabels()]
    local = [num2date(tick, tz=whole.index.tz) for tick in display.ax_.get_xticks()]
    assert len(texts) >= 3
    for text, time in zip(texts, local, strict=True):
        assert text == time.strftime("%H:%M" if time.hour else "%b-%d")


@pytest.mark.parametrize("kind", ["range", "integers"])
@pytest.mark.parametrize("steps", [1, 3])
def test_integers_have_whole_ticks(kind, steps):
    whole = waves(INDICES[kind])[-steps - 2 :]
    display = drawn(whole[:-steps], whole[-steps:])
    assert_array_equal(display.ax_.get_xticks(), np.round(display.ax_.get_xticks()))


def test_several_models_share_axes():
    whole = waves(pd.RangeIndex(30))
    _, ax = plt.subplots()
    first = ForecastDisplay(history=whole[:-6], forecast=whole[-6:], truth=whole).plot(ax, name="a")
    second = plotted(whole[:-6], intervals(whole[-6:] + 1, 90), ax=ax, name="b")
    assert first.ax_ is second.ax_ is ax
    assert labels(second) == ["history", "truth", "a, forecast", "b, forecast", "b, 90 % interval"]
    assert first.forecast_lines_[0].get_color() != second.forecast_lines_[0].get_color()
    assert ax.spines["top"].get_visible()  # how the user's own axes look is not ours to say
    assert ax.get_legend() is second.legend_


def test_axes_of_the_users_are_used_in_their_order():
    history, forecast, _ = panel(4)
    _, axes = plt.subplots(2, 2)
    display = plotted(history, forecast, ax=axes)
    assert list(display.axes_) == list(axes.ravel())
    assert all(len(ax.lines) == 2 for ax in axes.flat)
    assert len(plt.get_fignums()) == 1


def test_keywords_reach_what_is_plotted():
    whole = waves(pd.RangeIndex(30))
    display = plotted(
        whole[:-6],
        intervals(whole[-6:], 80, 90),
        truth=whole,
        history_kwargs={"c": "green", "label": "seen"},
        truth_kwargs={"ls": "-", "marker": "s"},
        forecast_kwargs={"color": "red", "lw": 3},
        interval_kwargs={"alpha": 0.5, "lw": 2},
    )
    assert display.history_lines_[0].get_color() == display.truth_lines_[0].get_color() == "green"
    assert (display.truth_lines_[0].get_linestyle(), display.truth_lines_[0].get_marker()) == ("-", "s")
    assert (display.forecast_lines_[0].get_color(), display.forecast_lines_[0].get_linewidth()) == ("red", 3)
    for band in display.interval_bands_[0]:
        assert (band.get_alpha(), band.get_linewidth()[0]) == (0.5, 2)
        assert_array_equal(band.get_facecolor()[0][:3], [1, 0, 0])
    assert labels(display)[0] == "seen"


def test_plotting_again_shows_the_same_elsewhere():
    history, forecast, _ = panel(3)
    display = ForecastDisplay(history=history, forecast=forecast)
    first = display.plot().figure_
    assert display.plot(series=["s1"]).figure_ is not first
    assert len(display.axes_) == len(display.forecast_lines_) == 1


# ---- what is refused


SERIES = waves(pd.RangeIndex(30))
TABLE = pd.DataFrame({"a": SERIES, "b": SERIES})
PANEL = panel(3)
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
    "fewer": ((TABLE[:9], TABLE[9:]), {"max_panels": 1}, ValueError, r"targets=\['a', 'b'\]"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_does_not_go_together_is_refused(what):
    args, kwargs, error, message = BAD[what]
    with pytest.raises(error, match=message):
        ForecastDisplay.from_predictions(*args, **kwargs)
    assert not plt.get_fignums()


def test_another_number_of_axes_is_refused():
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match=r"3 axes.*got 1"):
        ForecastDisplay.from_predictions(*PANEL[:2], ax=ax)
    assert not ax.lines


# ---- from a forecaster


class Persistent(BaseEstimator):
    """Repeats the last value; says with what it was called."""

    def fit(self, X, y):
        self.history_ = y
        return self

    def forecast(self, steps, X_future=None, *, coverage=None):
        self.called = (steps, X_future, coverage)
        end = self.history_.index[-1]
        forecast = pd.Series(self.history_.iloc[-1], index=range(end + 1, end + 1 + steps))
        return forecast if coverage is None else intervals(forecast, round(100 * coverage))


def test_a_forecaster_is_asked_for_its_forecast():
    forecaster = Persistent().fit(None, SERIES[:20])
    display = ForecastDisplay.from_estimator(forecaster, 3, "future", coverage=0.8, truth=SERIES, n_history=4, name="p")
    assert forecaster.called == (3, "future", 0.8)
    assert_array_equal(display.history_lines_[0].get_xdata(), [16, 17, 18, 19])
    assert_array_equal(display.forecast_lines_[0].get_ydata(), [SERIES[19]] * 4)
    assert_array_equal(display.truth_lines_[0].get_ydata(), SERIES[19:23])
    assert labels(display) == ["history", "truth", "p, forecast", "p, 80 % interval"]


@pytest.mark.parametrize("maker", [ForecastDisplay.from_estimator, ForecastDisplay.from_predictions])
def test_all_ways_to_make_one_take_the_keywords_of_plot(maker):
    wanted = dict(inspect.signature(ForecastDisplay.plot).parameters)
    del wanted["self"]
    offered = inspect.signature(maker).parameters
    assert {name: offered[name].default for name in wanted} == {name: one.default for name, one in wanted.items()}


@pytest.mark.parametrize("kind", ["series", "array", "targets", "panel"])
def test_what_a_forecaster_knows_and_says_goes_together(kind):
    whole = waves(INDICES["months"])
    y = {
        "series": whole,
        "array": whole.to_numpy(),
        "targets": pd.DataFrame({"a": whole, "b": -whole}),
        "panel": panel(3)[2],
    }[kind]
    forecaster = Forecaster(Ridge(), window_length=6, intervals="conformal", calibration_size=20).fit(None, y)
    display = ForecastDisplay.from_estimator(forecaster, 3, coverage=[0.5, 0.8])
    answers = forecaster.forecast(3, coverage=[0.5, 0.8])
    assert len(display.axes_) == {"targets": 2, "panel": 3}.get(kind, 1)
    last_of_first = whole.iloc[-1] if kind != "panel" else y["s0"].iloc[-1]
    first = {"targets": lambda: answers["a"], "panel": lambda: answers.loc["s0"]}.get(kind, lambda: answers)()
    assert_allclose(display.forecast_lines_[0].get_ydata(), [last_of_first, *first["forecast"]])
    assert [len(bands) for bands in display.interval_bands_] == [2] * len(display.axes_)


def test_numbers_that_name_something_are_not_alone():
    history, forecast, _ = (pd.DataFrame({0: part, 1: part}) for part in panel(2))
    numbered = [table.set_axis(table.index.set_levels([7, 8], level=0)) for table in (history, forecast)]
    display = plotted(*numbered)
    assert [ax.get_title(loc="left") for ax in display.axes_] == ["series 7", "series 7", "series 8", "series 8"]
    assert [ax.get_ylabel() for ax in display.axes_] == ["target 0", "target 1"] * 2


def test_what_is_not_fitted_is_refused():
    with pytest.raises(NotFittedError):
        ForecastDisplay.from_estimator(Persistent(), 3)


def test_what_is_no_forecaster_is_refused():
    with pytest.raises(TypeError, match="Ridge is not a forecaster"):
        ForecastDisplay.from_estimator(Ridge().fit([[1.0]], [1.0]), 3)


# ---- names and keys of any kind


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


# ---- truth as an array


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


# ---- what a legend and a title say


def test_a_band_is_as_dark_as_its_swatch():
    """Where a wider interval is below, their shades would add up."""
    whole = waves(pd.RangeIndex(40))
    display = drawn(whole[:-4], intervals(whole[-4:], 50, 80, 97.5))
    image = np.asarray(display.figure_.canvas.buffer_rgba())[::-1]
    for half, band in zip((0.9, 0.65, 0.25), display.interval_bands_[0], strict=True):
        x, y = display.ax_.transData.transform((38, whole[38] - half)).astype(int)
        color, alpha = band.get_facecolor()[0][:3], band.get_alpha()
        assert_allclose(image[y, x, :3] / 255, 1 - alpha * (1 - color), atol=0.01)


def test_intervals_with_gaps_are_shaded_where_they_are():
    whole = waves(pd.RangeIndex(30))
    forecast = intervals(whole[-8:], 50, 90)
    forecast.loc[25, ["lower_50", "upper_50"]] = NAN
    display = drawn(whole[:-8], forecast)
    image = np.asarray(display.figure_.canvas.buffer_rgba())[::-1]
    x, y = display.ax_.transData.transform((25, whole[25] + 0.3)).astype(int)
    wide = display.interval_bands_[0][0]
    assert_allclose(image[y, x, :3] / 255, 1 - wide.get_alpha() * (1 - wide.get_facecolor()[0][:3]), atol=0.01)


@pytest.mark.parametrize("name", [None, "a regressor with a long name", "x" * 60])
@pytest.mark.parametrize("n_series", [1, 5])
def test_the_legend_is_inside_of_the_figure(name, n_series):
    history, forecast, whole = panel(n_series)
    display = drawn(history, intervals(forecast, 50, 80, 95), truth=whole, name=name)
    box = display.legend_.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= display.figure_.bbox.width
    assert len(labels(display)) == 6


def test_the_title_says_what_is_forecast():
    whole = waves(INDICES["months"])
    assert plotted(whole[:-6], whole[-6:]).ax_.get_title() == "Forecast of 6 steps after 2022-06-01"
    _, ax = plt.subplots()
    assert plotted(whole[:-1], whole[-1:], ax=ax).ax_.get_title() == ""  # the user's own


@pytest.mark.parametrize(("n_series", "freq"), [(1, "YS"), (1, "h"), (4, "MS"), (7, "D")])
def test_dates_do_not_touch(freq, n_series):
    index = pd.date_range("2001-03-01", periods=70, freq=freq)
    y = pd.concat({k: waves(index) for k in range(n_series)})
    known = y.index.get_level_values(1) < index[-3]
    display = drawn(y[known], y[~known])
    boxes = [text.get_window_extent() for text in display.axes_[-1].get_xticklabels() if text.get_text()]
    assert len(boxes) >= 2
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


# ---- arguments


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


@pytest.mark.parametrize("what", ["long", "long by time"])
def test_the_advice_for_long_tables_makes_panels_of_them(what):
    history, (_, forecast, _) = WRONG[what][0], panel(2)
    with pytest.raises(ValueError, match="Move the series and the time to the index") as caught:
        plotted(history, SERIES.set_axis(SERIES.index + 100))
    advice = re.search(r"history = (.*)\. Leave", str(caught.value)).group(1)
    display = plotted(eval(advice, {"history": history}), forecast)
    assert [ax.get_title(loc="left") for ax in display.axes_] == ["s0", "s1"]


@pytest.mark.parametrize(
    ("argument", "value", "error"),
    [
        ("ax", 5, TypeError),
        ("ax", [None], TypeError),
        ("max_panels", "many", ValueError),
        ("max_panels", 0, ValueError),
        ("n_history", True, ValueError),
        ("series", 1, ValueError),
        ("targets", 1, ValueError),
        ("targets", [[1]], ValueError),
        ("history_kwargs", "red", ValueError),
        ("history_kwargs", {"colour": "red"}, ValueError),
        ("truth_kwargs", {"alpha": 5}, ValueError),
        ("forecast_kwargs", {"color": "no colour"}, ValueError),
        ("interval_kwargs", {"hue": 1}, ValueError),
        ("interval_kwargs", {"lw": 1, "linewidth": 2}, TypeError),
    ],
)
@pytest.mark.parametrize("way", ["estimator", "predictions"])
def test_arguments_are_checked_before_anything_is_drawn(argument, value, error, way):
    call = {
        "estimator": lambda **given: ForecastDisplay.from_estimator(Persistent().fit(None, SERIES), 3, **given),
        "predictions": lambda **given: plotted(SERIES[:25], SERIES[25:], **given),
    }[way]
    with pytest.raises(error, match=argument):
        call(**{argument: value})
    assert not plt.get_fignums()


def test_truth_with_a_time_twice_is_refused():
    with pytest.raises(ValueError, match="truth has 26 more than once"):
        plotted(SERIES[:25], SERIES[25:], truth=pd.concat([SERIES, SERIES[26:27]]))


@pytest.mark.parametrize("forecaster", [Forecaster, LONG.assign(forecast=1), 5, Ridge()])
def test_other_things_are_no_forecaster(forecaster):
    with pytest.raises(TypeError, match="is not a forecaster"):
        ForecastDisplay.from_estimator(forecaster, 3)
