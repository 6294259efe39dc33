import inspect

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from sklstm import BacktestResult, Forecaster
from sklstm._forecasting.backtest import backtest
from sklstm._forecasting.metrics import scores
from sklstm._plot import BacktestDisplay

plotted = BacktestDisplay.from_predictions


def backtest_frame(series=(None,), steps=5, n_origins=8):
    """Forecasts that are worse the further ahead they are."""
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_product([series, range(n_origins), range(1, steps + 1)])
    frame = index.to_frame(index=False, name=["series", "origin", "step"])
    frame["time"] = frame["origin"] + frame["step"]
    frame["truth"] = 10 + rng.normal(size=len(frame))
    frame["forecast"] = frame["truth"] + rng.normal(size=len(frame)) * frame["step"]
    frame["naive"] = frame["truth"] + rng.normal(size=len(frame)) * 4
    frame["scale"] = 2.0
    frame["lower_90"], frame["upper_90"] = frame["forecast"] - 3, frame["forecast"] + 4
    return frame if series != (None,) else frame.drop(columns="series")


FRAME = backtest_frame()
PANEL = backtest_frame(("b", "a", "c"))


def labels(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


# ---- what is shown


@pytest.mark.parametrize("metric", ["mae", "rmse", "smape", "mase", "skill", "coverage_90", "width_90"])
def test_the_line_is_the_score_by_step(metric):
    display = plotted(FRAME, metric=metric)
    assert_array_equal(display.lines_[0].get_xdata(), [1, 2, 3, 4, 5])
    for step, value in zip(range(1, 6), display.lines_[0].get_ydata(), strict=True):
        assert_allclose(value, scores(FRAME[FRAME["step"] == step])[metric])
    assert len(display.lines_) == 1
    assert display.spread_bands_ == []
    assert display.figure_ is display.ax_.figure
    assert display.ax_.get_xlabel() == "steps ahead"


@pytest.mark.parametrize(
    ("metric", "text"),
    [("mae", "MAE"), ("smape", "sMAPE (%)"), ("skill", "skill"), ("coverage_90", "coverage of the 90 % intervals")],
)
def test_the_axis_says_what_is_shown(metric, text):
    assert plotted(FRAME, metric=metric).ax_.get_ylabel() == text


def test_the_reference_is_the_seasonal_naive_where_it_is_known():
    frame = FRAME.copy()
    frame.loc[frame["origin"] < 3, "naive"] = np.nan
    frame.loc[frame["step"] == 5, "naive"] = np.nan
    display = plotted(frame, metric="mae")
    known = frame[frame["naive"].notna()]
    expected = [(known["truth"] - known["naive"]).abs()[known["step"] == step].mean() for step in range(1, 5)]
    assert_allclose(display.reference_lines_[0].get_ydata(), expected)
    assert_array_equal(display.reference_lines_[0].get_xdata(), [1, 2, 3, 4])
    assert labels(display) == ["forecast", "seasonal naive"]


@pytest.mark.parametrize(
    ("metric", "value", "label"), [("skill", 0, "seasonal naive"), ("coverage_90", 0.9, "nominal")]
)
@pytest.mark.parametrize("by", [None, "series"])
def test_the_reference_may_be_a_constant(metric, value, label, by):
    display = plotted(PANEL, metric=metric, by=by)
    (line,) = display.reference_lines_
    assert_allclose(line.get_ydata(), value)
    assert labels(display)[-1] == label
    lowest, highest = display.ax_.get_ylim()
    assert lowest < value < highest


@pytest.mark.parametrize(
    "options", [{"metric": "width_90"}, {"reference": False}, {"metric": "mase", "frame": FRAME.assign(naive=np.nan)}]
)
def test_without_a_reference(options):
    display = plotted(**({"frame": FRAME} | options))
    assert display.reference_lines_ == []
    assert display.ax_.lines[:] == display.lines_
    assert labels(display) == ["forecast"]


@pytest.mark.parametrize(
    ("metric", "term"),
    [
        ("mae", lambda row: abs(row.truth - row.forecast)),
        ("rmse", lambda row: abs(row.truth - row.forecast)),
        ("mase", lambda row: abs(row.truth - row.forecast) / row.scale),
        ("smape", lambda row: 200 * abs(row.truth - row.forecast) / (abs(row.truth) + abs(row.forecast))),
    ],
)
def test_the_spread_is_the_middle_half_of_the_errors(metric, term):
    display = plotted(FRAME, metric=metric, spread=True)
    corners = display.spread_bands_[0].get_paths()[0].vertices
    for step in range(1, 6):
        errors = [term(row) for row in FRAME[FRAME["step"] == step].itertuples()]
        heights = corners[corners[:, 0] == step][:, 1]
        assert_allclose([heights.min(), heights.max()], np.quantile(errors, [0.25, 0.75]))
    assert labels(display) == ["forecast", "forecast, middle half", "seasonal naive"]


def test_each_series_has_a_line():
    display = plotted(PANEL, metric="mase", by="series", spread=True)
    for k, name in enumerate(["b", "a", "c"]):  # as in the table
        alone = plotted(PANEL[PANEL["series"] == name], metric="mase")
        assert_allclose(display.lines_[k].get_ydata(), alone.lines_[0].get_ydata())
        assert_allclose(display.reference_lines_[k].get_ydata(), alone.reference_lines_[0].get_ydata())
        assert display.lines_[k].get_color() == display.reference_lines_[k].get_color()
    assert len(display.spread_bands_) == len({line.get_color() for line in display.lines_}) == 3
    expected = [label for name in "bac" for label in (name, f"{name}, middle half")]
    assert labels(display) == [*expected, "seasonal naive"]
    shown = dict(zip(labels(display), display.ax_.get_legend().legend_handles, strict=True))
    assert (
        to_hex(shown["seasonal naive"].get_color()) == "#000000"
    )  # what it is for all series has none of their colours


def test_each_target_has_a_line():
    display = plotted(PANEL.rename(columns={"series": "target"}), by="target", name="m")
    assert labels(display) == ["m, b", "m, a", "m, c", "seasonal naive"]


# ---- how it is drawn


def test_errors_are_seen_from_0_on():
    display = plotted(FRAME)
    assert display.ax_.get_ylim()[0] == 0
    worse = FRAME.assign(forecast=FRAME["forecast"] + 100)
    assert plotted(worse, ax=display.ax_).ax_.get_ylim()[0] == 0
    assert display.ax_.get_ylim()[1] > 100


@pytest.mark.parametrize("steps", [1, 2, 12, 168])
def test_steps_are_whole_numbers(steps):
    display = plotted(backtest_frame(steps=steps, n_origins=2))
    display.figure_.canvas.draw()
    lowest, highest = display.ax_.get_xlim()
    ticks = [tick for tick in display.ax_.get_xticks() if lowest <= tick <= highest]
    assert 1 <= len(ticks) <= 12
    assert_array_equal(ticks, np.round(ticks))


def test_there_is_no_tick_at_step_0():
    _, ax = plt.subplots()
    ax.set_xlim(-1, 41)  # as with forty steps
    BacktestDisplay.from_predictions(FRAME).plot(ax)
    ax.figure.canvas.draw()
    assert 10 in ax.get_xticks()
    assert 0 not in ax.get_xticks()


def test_a_single_step_is_seen():
    display = plotted(FRAME[FRAME["step"] == 1])
    assert "None" not in (display.lines_[0].get_marker(), display.reference_lines_[0].get_marker())


def test_several_forecasters_share_axes():
    _, ax = plt.subplots()
    first = BacktestDisplay(frame=FRAME, estimator_name="a").plot(ax)
    second = plotted(FRAME.assign(forecast=FRAME["naive"] + 1), ax=ax, name="b")
    assert first.ax_ is second.ax_ is ax
    assert labels(second) == ["a", "seasonal naive", "b"]
    assert first.lines_[0].get_color() != second.lines_[0].get_color()
    assert len(plt.get_fignums()) == 1


def test_keywords_reach_what_is_drawn():
    display = plotted(
        FRAME,
        spread=True,
        line_kwargs={"c": "red", "label": "mine"},
        reference_kwargs={"ls": ":", "lw": 2},
        spread_kwargs={"alpha": 0.5},
    )
    assert display.lines_[0].get_color() == "red"
    assert (display.reference_lines_[0].get_linestyle(), display.reference_lines_[0].get_linewidth()) == (":", 2)
    assert display.spread_bands_[0].get_alpha() == 0.5
    assert_array_equal(display.spread_bands_[0].get_facecolor()[0][:3], [1, 0, 0])
    assert labels(display) == ["mine", "mine, middle half", "seasonal naive"]


def test_plotting_again_shows_another_metric_elsewhere():
    display = BacktestDisplay(frame=FRAME, estimator_name="a")
    first = display.plot().ax_
    assert display.plot(metric="skill", name="b").ax_ is not first
    assert labels(display) == ["b", "seasonal naive"]
    assert len(display.lines_) == 1


def test_scores_that_are_not_known_are_not_drawn():
    display = plotted(FRAME.assign(scale=0.0), metric="mase", spread=True)
    display.figure_.canvas.draw()
    assert np.isnan(display.lines_[0].get_ydata()).all()


def test_what_has_the_same_label_is_one_entry():
    display = plotted(PANEL, by="series", spread=True, line_kwargs={"label": "all"}, spread_kwargs={"label": "all"})
    assert labels(display) == ["all", "seasonal naive"]


# ---- what is refused


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (FRAME, {"metric": "mape"}, "metric must be one of mae, rmse, .*width_90, got 'mape'"),
        (FRAME, {"metric": "coverage_80"}, "metric must be one of"),
        (FRAME, {"by": "origin"}, "by must be None, 'series' or 'target', got 'origin'"),
        (FRAME, {"by": "series"}, "Only panels have 'series'"),
        (FRAME, {"metric": "skill", "spread": True}, "spread=True works with metric in mae, .*got 'skill'"),
        (FRAME[:0], {}, "no forecasts to score"),
        (backtest_frame(tuple(range(11)), 1, 1), {"by": "series"}, r"11 lines.*frame\[frame\['series'\]\.isin"),
    ],
)
def test_what_cannot_be_shown_is_refused(frame, options, message):
    with pytest.raises(ValueError, match=message):
        plotted(frame, **options)
    assert not plt.get_fignums()


def test_from_predictions_takes_the_keywords_of_plot():
    wanted = dict(inspect.signature(BacktestDisplay.plot).parameters)
    del wanted["self"]
    offered = inspect.signature(plotted).parameters
    assert {name: offered[name].default for name in wanted} == {name: one.default for name, one in wanted.items()}


# ---- several results in one picture


def test_several_results_share_a_picture_and_what_they_are_compared_with():
    better = FRAME.assign(forecast=FRAME["truth"] + 0.1)
    display = plotted({"ridge": FRAME, "better": BacktestResult(better)})
    assert labels(display) == ["ridge", "better", "seasonal naive"]
    assert len(display.lines_) == 2
    assert len(display.reference_lines_) == 1
    assert_allclose(display.lines_[1].get_ydata(), 0.1)
    assert labels(BacktestDisplay(frame={"a": FRAME, 2: better}).plot(name="m")) == ["m, a", "m, 2", "seasonal naive"]


def test_several_results_of_unlike_rows_have_references_of_their_own():
    display = plotted({"all": PANEL, "a": PANEL[PANEL["series"] == "a"]})
    colors = [line.get_color() for line in display.lines_]
    assert [line.get_color() for line in display.reference_lines_] == colors
    assert labels(display) == ["all", "a", "seasonal naive"]


def test_several_results_by_series():
    display = plotted({"x": PANEL, "y": PANEL.assign(forecast=0.0)}, by="series", reference=False, spread=True)
    assert [line.get_label() for line in display.lines_] == ["x, b", "x, a", "x, c", "y, b", "y, a", "y, c"]
    assert len(display.spread_bands_) == 6


# ---- what the naive forecast is


@pytest.mark.parametrize("metric", ["mae", "skill"])
@pytest.mark.parametrize(("season", "name"), [(1, "last value"), (12, "seasonal naive")])
@pytest.mark.parametrize("kept", ["attrs", "nothing"])
def test_the_naive_forecast_is_called_what_it_is(season, name, kept, metric):
    y = pd.Series(np.sin(np.arange(60) * np.pi / 6) + np.random.default_rng(0).normal(size=60))
    frame = backtest(Forecaster(Ridge(), window_length=6), None, y, steps=3, n_origins=4, season=season).frame
    frame = frame[frame["step"] > 0].assign(forecast=0.0) if kept == "attrs" else pd.DataFrame(frame.to_dict("list"))
    assert labels(plotted(frame, metric=metric))[-1] == name


def test_of_one_step_nobody_can_tell_what_the_naive_forecast_is():
    assert labels(plotted(FRAME[FRAME["step"] == 1]))[-1] == "naive"


# ---- names of any kind


@pytest.mark.parametrize("names", [[("Close", "AAPL"), ("Close", "MSFT")], [True, False], [None, "b"], [1, "a"]])
def test_targets_of_any_name_have_lines(names):
    frame = PANEL[PANEL["series"] != "c"]
    column = pd.Index(names, tupleize_cols=False)
    named = frame.assign(target=column.take((frame["series"] == "a").to_numpy(dtype=int)))
    display = plotted(named, by="target")
    for k, key in enumerate("ba"):
        assert_allclose(display.lines_[k].get_ydata(), scores(frame[frame["series"] == key], "step")["mae"])
    assert labels(display)[0] == {"Close": "Close, AAPL", None: "(no name)"}.get(np.ravel(names)[0], str(names[0]))


# ---- arguments


@pytest.mark.parametrize(
    ("argument", "value", "error"),
    [
        ("frame", [1, 2], TypeError),
        ("frame", {}, ValueError),
        ("frame", {"a": 5}, TypeError),
        ("frame", FRAME.drop(columns="step"), ValueError),
        ("frame", FRAME.assign(step="first"), ValueError),
        ("frame", FRAME.assign(store="a").drop(columns="truth"), ValueError),
        ("metric", ["mae"], ValueError),
        ("metric", None, ValueError),
        ("by", ["series"], ValueError),
        ("reference", "yes", ValueError),
        ("spread", "yes", ValueError),
        ("ax", 5, TypeError),
        ("line_kwargs", "red", ValueError),
        ("line_kwargs", {"colour": "red"}, ValueError),
        ("reference_kwargs", {"color": "no colour"}, ValueError),
        ("spread_kwargs", {"alpha": "a"}, TypeError),
    ],
)
def test_arguments_are_checked_before_anything_is_drawn(argument, value, error):
    with pytest.raises(error, match=argument):
        plotted(**({"frame": FRAME} | {argument: value}))
    assert not plt.get_fignums()


@pytest.mark.parametrize("name", ["model", "a model whose name is so long that it is cut off"])
def test_a_long_legend_of_a_new_figure_hides_no_line(name):
    frames = {f"{number} {name}": FRAME for number in range(10)}
    display = plotted(frames)
    display.figure_.canvas.draw()
    legend, axes = display.ax_.get_legend().get_window_extent(), display.ax_.get_window_extent()
    assert legend.y0 >= axes.y1 - 1
    assert legend.y1 <= display.figure_.bbox.y1 + 1
    assert legend.x1 <= display.figure_.bbox.x1 + 1
    assert axes.height > 100
    few = plotted({"a": FRAME, "b": FRAME})
    few.figure_.canvas.draw()
    assert few.ax_.get_legend().get_window_extent().y1 <= few.ax_.get_window_extent().y1
