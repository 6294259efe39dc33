from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import num2date
from numpy.testing import assert_allclose, assert_array_equal

from sklstm._plot import ForecastDisplay
from sklstm._plot.forecast_tables import COMPONENTS
from tests._plot.tools import INDICES, NAN, PANEL, drawn, intervals, labels, panel, plotted, waves


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


@pytest.mark.parametrize("n_series", [1, 3])
@pytest.mark.parametrize("kind", ["months", "periods", "range"])
def test_components_have_the_ticks_of_the_forecast(kind, n_series):
    y = pd.concat({k: waves(INDICES[kind]) for k in range(n_series)})
    known = y.index.get_level_values(1) < INDICES[kind][-6]
    parts = pd.DataFrame({"baseline": 2.0, "correction": -0.5, "season": 1.5}, index=y[~known].index)
    display = drawn(y[known], y[~known], components=parts)
    for ax, parts in zip(display.axes_, display.component_axes_, strict=True):
        for part in parts.values():
            assert_array_equal(part.get_xticks(), ax.get_xticks())
        dated = [any(text.get_text() for text in one.get_xticklabels() if text.get_visible()) for one in parts.values()]
        assert dated == [False, False, True]
    assert [bool(ax.get_ylabel()) for ax in display.component_axes_[-1].values()] == [n_series == 1] * 3


def test_a_component_of_a_single_step_is_a_point():
    whole = waves(pd.RangeIndex(20))
    parts = pd.DataFrame({"baseline": 2.0, "correction": -0.5, "season": 1.5}, index=whole.index[-1:])
    lines = drawn(whole[:-1], whole[-1:], components=parts).component_lines_[0]
    assert {line.get_marker() for line in lines.values()} == {"o"}


def test_the_last_known_time_is_marked_beside_components():
    whole = waves(pd.RangeIndex(20))
    parts = pd.DataFrame({"baseline": 2.0, "correction": -0.5, "season": 1.5}, index=whole.index[-5:])
    for known, marked in ((whole[:15], [14, 14]), (whole[:15].where(whole.index[:15] < 13), [12, 12])):
        display = drawn(known, whole[-5:], components=parts)
        for ax in display.component_axes_[0].values():
            assert [list(line.get_xdata()) for line in ax.lines if line.get_linestyle() == ":"] == [marked]
    display = drawn(known * NAN, whole[-5:], components=parts)
    assert not any(line.get_linestyle() == ":" for ax in display.figure_.axes for line in ax.lines)


def test_another_number_of_axes_is_refused():
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match=r"3 axes.*got 1"):
        ForecastDisplay.from_predictions(*PANEL[:2], ax=ax)
    assert not ax.lines


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
    zoned = whole[:3].set_axis(pd.date_range("2024-03-30 22:00", periods=3, freq="h", tz="Europe/Berlin"))
    assert plotted(zoned[:-1], zoned[-1:]).ax_.get_title() == "Forecast of 1 step after 2024-03-30 23:00:00"
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


@pytest.mark.parametrize("kind", ["months", "periods", "integers", "zone"])
@pytest.mark.parametrize("with_components", [False, True])
def test_series_far_apart_have_axes_of_their_own(kind, with_components):
    """On a common axis, each would be a stroke. Those that end differently share one."""
    n, long = 20, pd.date_range("1990-01-01", periods=400, freq="MS")
    index = {"periods": long.to_period("M"), "integers": pd.RangeIndex(400), "zone": long.tz_localize("Asia/Tokyo")}
    index = index.get(kind, long)
    for shift, is_shared in ((300, False), (5, True)):
        y = pd.concat({"a": waves(index[:n]), "b": waves(index[shift : shift + n])})
        known = np.tile(np.arange(n) < n - 3, 2)
        parts = pd.DataFrame(dict.fromkeys(COMPONENTS, y[~known])) if with_components else None
        display = drawn(y[known], y[~known], components=parts)
        one, other = display.axes_
        assert one.get_shared_x_axes().joined(one, other) == is_shared
        if with_components:
            below = display.component_axes_[0]["baseline"]
            assert one.get_shared_x_axes().joined(one, below)
        ends = np.diff([ax.get_xlim() for ax in display.axes_])
        assert ends.max() < 2 * ends.min()
