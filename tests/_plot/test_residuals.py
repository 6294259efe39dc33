import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.dates import ConciseDateFormatter
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from sklstm import Forecaster
from sklstm._plot import ResidualsDisplay
from sklstm.datasets import load_airline
from tests._plot.tools import INDICES, acf, waves

NOISE = np.random.default_rng(0).normal(size=200)
FITTED = Forecaster(Ridge(), window_length=12).fit(None, load_airline())


# ---- what is shown


def test_the_residuals_of_the_training_rows_are_shown():
    display = ResidualsDisplay.from_estimator(FITTED)
    residuals = FITTED.residuals_.dropna()
    assert_array_equal(display.lines_[0].get_ydata(), residuals)
    assert_array_equal(display.lines_[0].get_xdata(), residuals.index.to_numpy())
    assert sum(bar.get_height() for bar in display.histograms_[0]) == len(residuals)
    heights = [bar.get_height() for bar in display.autocorrelation_bars_[0]]
    assert_allclose(heights, acf(residuals.to_numpy(), len(heights)))
    assert display.bounds_ == [1.96 / np.sqrt(len(residuals))]
    assert display.axes_.shape == (1, 3)
    assert display.ax_ is display.axes_[0, 0]
    assert isinstance(display.ax_.xaxis.get_major_formatter(), ConciseDateFormatter)
    assert display.ax_.get_xlabel() == "month"


def test_of_white_noise_one_in_twenty_lies_beyond_the_bounds():
    displays = [
        ResidualsDisplay(residuals=pd.Series(np.random.default_rng(seed).normal(size=300)), n_lags=50).plot()
        for seed in range(6)
    ]
    share = np.mean([np.abs(display.autocorrelations_[0]) > display.bounds_[0] for display in displays])
    assert 0.02 < share < 0.08


def test_two_seasons_of_lags_are_shown():
    seasonal = Forecaster(Ridge(), window_length=12, season=12).fit(None, load_airline())
    assert len(ResidualsDisplay.from_estimator(seasonal).autocorrelations_[0]) == 24
    assert len(ResidualsDisplay.from_estimator(FITTED).autocorrelations_[0]) == int(10 * np.log10(132))
    assert len(ResidualsDisplay.from_estimator(FITTED, n_lags=5).autocorrelations_[0]) == 5


def test_lags_are_fewer_than_the_residuals_of_every_series_also_with_a_model_for_each():
    index = pd.date_range("2020-01-01", periods=60, freq="MS")
    y = pd.Series(np.tile(np.arange(12.0), 5) + NOISE[:60] / 10, index)
    panel = pd.concat({"long": y, "short": y[:28]}, names=["shop", "month"])
    for settings in ({}, {"pooling": "local"}):
        forecaster = Forecaster(Ridge(), window_length=9, season=12, **settings).fit(None, panel)
        display = ResidualsDisplay.from_estimator(forecaster)
        assert {len(found) for found in display.autocorrelations_} == {int(10 * np.log10(28 - 9))}


def test_truth_minus_prediction_is_shown_of_arrays_and_of_tables():
    truth, forecast = NOISE, NOISE[::-1]
    expected = truth - forecast
    index = pd.date_range("2024-01-01", periods=len(truth), name="day")
    for y_true, y_pred in [
        (truth, forecast),
        (truth.tolist(), forecast.tolist()),
        (pd.Series(truth, index=index), forecast),
        (pd.Series(truth, index=index), pd.Series(forecast, index=index, name="other")),
    ]:
        display = ResidualsDisplay.from_predictions(y_true, y_pred)
        assert_array_equal(display.lines_[0].get_ydata(), expected)
    assert display.ax_.get_xlabel() == "day"
    both = ResidualsDisplay.from_predictions(np.c_[truth, forecast], np.c_[forecast, truth])
    assert_array_equal([line.get_ydata() for line in both.lines_], [expected, -expected])


def test_the_normal_distribution_has_the_area_of_the_histogram():
    display = ResidualsDisplay(residuals=pd.Series(NOISE)).plot()
    bars = display.histograms_[0]
    area = sum(bar.get_height() * bar.get_width() for bar in bars)
    x, y = display.normal_lines_[0].get_data()
    assert_allclose(y.mean() * np.ptp(x), area, rtol=0.03)
    assert_allclose(x[y.argmax()], NOISE.mean(), atol=0.05)


@pytest.mark.parametrize("kind", INDICES)
def test_any_index_is_drawn(kind):
    values = waves(INDICES[kind])
    display = ResidualsDisplay(residuals=values).plot()
    display.figure_.canvas.draw()
    assert_array_equal(display.lines_[0].get_ydata(), values)


def test_each_series_and_target_has_a_row_of_axes_with_its_name():
    table = pd.DataFrame({"a_$b": NOISE[:50], "$c$": NOISE[50:100]})
    panel = pd.concat({"s": table, 7: table[:20]}, names=["shop"])
    display = ResidualsDisplay(residuals=panel).plot()
    assert display.axes_.shape == (4, 3)
    titles = [ax.get_title(loc="left") for ax in display.axes_[:, 0]]
    assert titles == ["s, a_$b", "s, $c$", "series 7, a_$b", "series 7, $c$"]
    assert [len(line.get_xdata()) for line in display.lines_] == [50, 50, 20, 20]
    display.figure_.canvas.draw()
    one = ResidualsDisplay(residuals=panel).plot(series=7, targets="$c$")
    assert_array_equal(one.lines_[0].get_ydata(), table["$c$"][:20])


def test_missing_residuals_leave_a_gap_and_are_not_counted():
    values = pd.Series(NOISE[:40]).mask(lambda part: part.index.isin([0, 1, 10, 12, 39]))
    display = ResidualsDisplay(residuals=values).plot()
    assert_array_equal(display.lines_[0].get_xdata(), np.arange(2, 39))
    assert display.lines_[0].get_marker() == "o"  # row 11 has no neighbour
    assert sum(bar.get_height() for bar in display.histograms_[0]) == 35
    assert display.bounds_[0] == 1.96 / np.sqrt(35)


@pytest.mark.parametrize("values", [[0.0, 0.0], [1.0, 2.0], [1e-300] * 9, [1e304, -1e304, 0], [1e9, 1e9 + 1e-6, 1e9]])
def test_few_equal_large_and_small_residuals_are_drawn(values):
    display = ResidualsDisplay(residuals=pd.Series(values)).plot()
    display.figure_.canvas.draw()
    assert (display.normal_lines_[0] is None) == (np.ptp(np.array(values) / 2) <= 1e-9 * np.abs(values).max())
    assert len(display.autocorrelations_[0]) == min(len(values) - 1, int(10 * np.log10(len(values))))


@pytest.mark.parametrize("value", [0.0, 5.0, -2e-5, 1e304])
def test_equal_residuals_are_a_narrow_bar(value):
    """A wide one would look like a spread."""
    display = ResidualsDisplay(residuals=pd.Series(np.full(20, value))).plot()
    (bar,) = display.histograms_[0]
    low, high = display.axes_[0, 1].get_xlim()
    assert_allclose(bar.get_x() + bar.get_width() / 2, value, atol=1e-12 * bar.get_width())
    assert bar.get_width() < (high - low) / 15
    assert low < min(0, value) <= max(0, value) < high


def test_there_is_no_tick_at_a_lag_without_bar():
    ax = ResidualsDisplay(residuals=pd.Series(NOISE[:40]), n_lags=19).plot().axes_[0, 2]
    ax.figure.canvas.draw()
    low, high = ax.get_xlim()
    ticks = [tick for tick in ax.get_xticks() if low <= tick <= high]
    assert min(ticks) >= 1
    assert max(ticks) <= 19


def test_the_users_axes_and_styles_are_used():
    _, axes = plt.subplots(3)
    display = ResidualsDisplay.from_estimator(
        FITTED, ax=axes, line_kwargs={"c": "red", "lw": 3}, bar_kwargs={"fc": "blue", "alpha": 1}
    )
    assert [ax.get_ylabel() for ax in axes] == ["residual", "count", "autocorrelation"]
    assert display.lines_[0].get_linewidth() == 3
    assert to_hex(display.lines_[0].get_color()) == "#ff0000"
    assert to_hex(display.histograms_[0][0].get_facecolor()) == "#0000ff"
    assert to_hex(display.autocorrelation_bars_[0][0].get_facecolor()) == "#0000ff"
