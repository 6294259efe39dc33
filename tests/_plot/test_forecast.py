import inspect

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import date2num
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

from sklstm import Forecaster
from sklstm._plot import ForecastDisplay
from tests._plot.tools import INDICES, N_STEPS, NAN, SERIES, TABLE, drawn, intervals, labels, panel, plotted, waves


def numbers(positions):
    """Positions on the axis as numbers, whatever they were given as."""
    positions = np.asarray(positions)
    return positions if positions.dtype.kind in "iuf" else date2num(positions)


def where(index):
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    return index.to_numpy() if index.dtype.kind in "iu" else date2num(index.to_pydatetime())


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


# ---- components


def decomposed(y, **settings):
    settings = {"window_length": 6, "season": 12, "baseline": "theta", "trust": 0.5} | settings
    return Forecaster(Ridge(), **settings).fit(None, y)


@pytest.mark.parametrize("kind", ["series", "array", "one column", "targets", "panel", "zone"])
def test_components_lie_below_the_forecast_and_sum_to_it(kind):
    whole = waves(INDICES["months"]) + np.tile(np.arange(12.0), 4)
    y = {
        "series": whole,
        "array": whole.to_numpy(),
        "one column": whole.to_frame(),
        "targets": pd.DataFrame({"a": whole, "b": 100 - 2 * whole}),
        "panel": panel(3)[2] + np.tile(np.arange(12.0), 12),
        "zone": waves(INDICES["hours across a change of clocks"]) + np.tile(np.arange(12.0), 4),
    }[kind]
    forecaster = decomposed(y)
    display = ForecastDisplay.from_estimator(forecaster, 5, components=True)
    display.figure_.canvas.draw()
    n = {"targets": 2, "panel": 3}.get(kind, 1)
    assert len(display.axes_) == len(display.component_lines_) == n
    assert len(display.figure_.axes) == 4 * n
    for line, lines in zip(display.forecast_lines_, display.component_lines_, strict=True):
        assert list(lines) == ["baseline", "season", "correction"]
        assert all(np.ptp(part.get_ydata()) for part in lines.values())
        assert_allclose(sum(part.get_ydata() for part in lines.values()), line.get_ydata()[1:])
        for part in lines.values():
            assert_array_equal(part.get_xdata(), line.get_xdata()[1:])
            assert part.get_color() == line.get_color()
            assert part.axes.get_xlim() == line.axes.get_xlim()
            assert part.axes.get_position().x0 == line.axes.get_position().x0
    table = forecaster.components(5)
    last = table.loc["s2"] if kind == "panel" else table.iloc[:, -4:].droplevel(0, axis=1) if n == 2 else table
    last = last.droplevel(0, axis=1) if kind == "one column" else last
    for name, part in display.component_lines_[-1].items():
        assert_array_equal(part.get_ydata(), last[name])


def test_each_component_has_a_name_a_unit_and_its_zero():
    display = ForecastDisplay.from_estimator(decomposed(waves(INDICES["months"])), 5, components=True)
    parts = display.component_axes_[0]
    assert [ax.get_ylabel() for ax in parts.values()] == [f"{name}\n(level)" for name in parts]
    assert list(display.figure_.axes) == [display.ax_, *parts.values()]  # from above
    tops = [ax.get_position().y1 for ax in display.figure_.axes]
    assert tops == sorted(tops, reverse=True)
    assert [ax.get_xlabel() for ax in display.figure_.axes] == ["", "", "", "month"]
    for name, ax in parts.items():
        assert (ax.get_ylim()[0] <= 0 <= ax.get_ylim()[1]) == (name != "baseline")
        levels = [line.get_ydata() for line in ax.lines if line is not display.component_lines_[0][name]]
        assert ([0, 0] in [list(level) for level in levels]) == (name != "baseline")
    assert labels(display) == ["history", "forecast"]


def test_without_a_baseline_nothing_is_called_a_correction():
    forecaster = Forecaster(Ridge(), season=12, window_length=6).fit(None, waves(INDICES["months"]))
    display = ForecastDisplay.from_estimator(forecaster, 5, components=True)
    labels_of_parts = {name: ax.get_ylabel() for name, ax in display.component_axes_[0].items()}
    assert labels_of_parts == {"season": "season\n(level)", "correction": "regressor\n(level)"}
    assert display.component_axes_[0]["correction"].get_ylim()[0] > 0  # the scale is that of the forecast


def test_a_baseline_that_is_not_corrected_is_alone():
    forecaster = decomposed(waves(INDICES["months"]), season=None, trust=0.0)
    display = ForecastDisplay.from_estimator(forecaster, 5, components=True)
    assert list(display.component_lines_[0]) == ["baseline"]
    assert_allclose(display.component_lines_[0]["baseline"].get_ydata(), display.forecast_lines_[0].get_ydata()[1:])


def test_without_components_there_are_no_axes_for_them():
    display = ForecastDisplay.from_estimator(decomposed(waves(INDICES["months"])), 5)
    assert display.components is None
    assert display.component_lines_ == display.component_axes_ == [{}]
    assert len(display.figure_.axes) == 1


def test_components_go_with_intervals_and_truth_and_are_plotted_again():
    whole = waves(INDICES["months"])
    forecaster = decomposed(whole[:-5], intervals="conformal", calibration_size=20)
    display = ForecastDisplay.from_estimator(forecaster, 5, coverage=0.8, truth=whole, components=True)
    assert labels(display) == ["history", "truth", "forecast", "80 % interval"]
    first = display.figure_
    assert len(display.plot(component_kwargs={"c": "red", "label": "parts"}).figure_.axes) == len(first.axes) == 4
    assert {line.get_color() for line in display.component_lines_[0].values()} == {"red"}
    assert labels(display)[-1] == "parts"


def test_the_users_axes_are_rows_of_forecasts_and_components():
    forecaster = decomposed(panel(2)[2])
    _, axes = plt.subplots(4, 2)
    display = ForecastDisplay.from_estimator(forecaster, 5, components=True, ax=axes)
    assert list(display.axes_) == list(axes[0])
    for column, parts in zip(axes[1:].T, display.component_axes_, strict=True):
        assert list(parts.values()) == list(column)
    assert len(plt.get_fignums()) == 1
    with pytest.raises(ValueError, match=r"8 axes: first 2 for the forecasts, then 2 for the baseline.*; got 2"):
        ForecastDisplay.from_estimator(forecaster, 5, components=True, ax=axes[0])


def test_future_variables_reach_the_components():
    whole = waves(INDICES["months"])
    X = pd.DataFrame({"price": np.arange(48.0)}, index=whole.index)
    forecaster = Forecaster(Ridge(), window_length=6, season=12, baseline="theta", trust=1.0).fit(X[:-5], whole[:-5])
    display = ForecastDisplay.from_estimator(forecaster, 5, X[-5:], components=True)
    assert_array_equal(
        display.component_lines_[0]["correction"].get_ydata(), forecaster.components(5, X[-5:])["correction"]
    )


def test_components_of_a_forecaster_without_any_are_refused():
    forecaster = Persistent().fit(None, SERIES)
    with pytest.raises(TypeError, match=r"Persistent has no method components. .*components=False"):
        ForecastDisplay.from_estimator(forecaster, 3, components=True)
    assert ForecastDisplay.from_estimator(forecaster, 3, components=False).component_lines_ == [{}]
    with pytest.raises(TypeError, match=r"components must be True or False, got DataFrame.*from_predictions"):
        ForecastDisplay.from_estimator(forecaster, 3, components=TABLE)
    assert len(plt.get_fignums()) == 1


# ---- arguments


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
        ("component_kwargs", "red", ValueError),
        ("component_kwargs", {"hue": 1}, ValueError),
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


@pytest.mark.parametrize("forecaster", [Forecaster, TABLE.assign(forecast=1), 5, Ridge()])
def test_other_things_are_no_forecaster(forecaster):
    with pytest.raises(TypeError, match="is not a forecaster"):
        ForecastDisplay.from_estimator(forecaster, 3)
