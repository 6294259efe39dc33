import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from sklstm import Forecaster
from sklstm._plot import SeasonDisplay
from sklstm.datasets import load_airline
from tests._plot.tools import overlapping_labels

POSITIONS = [("month", 1, 12), ("quarter", 1, 4), ("weekday", 0, 7), ("hour", 0, 24)]


def season_of(values, name="position", first=0, **columns):
    """A seasonal index of one target."""
    index = pd.RangeIndex(first, first + len(values), name=name)
    return pd.DataFrame({"factor": 1.0, "addend": values} | columns, index=index)


def texts(ax):
    ax.figure.canvas.draw()
    return [label.get_text() for label in ax.get_xticklabels()]


def test_the_season_of_a_forecaster_is_drawn():
    forecaster = Forecaster(Ridge(), window_length=12, season=12, log=True).fit(None, load_airline())
    display = SeasonDisplay.from_estimator(forecaster)
    line = display.lines_[0]["month"]
    assert_array_equal(line.get_ydata(), forecaster.seasonal_index()["factor"])
    assert_array_equal(line.get_xdata(), np.arange(1, 13))
    assert texts(display.ax_)[::6] == ["Jan", "Jul"]
    assert display.ax_.get_ylabel() == "factor"
    assert display.axes_.shape == (1, 1)


@pytest.mark.parametrize(
    ("name", "first", "n", "expected"),
    [
        ("quarter", 1, 4, ["Q1", "Q2", "Q3", "Q4"]),
        ("weekday", 0, 7, ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
        ("weekday", 0, 5, ["Mon", "Tue", "Wed", "Thu", "Fri"]),
    ],
)
def test_positions_have_the_names_of_the_calendar(name, first, n, expected):
    display = SeasonDisplay(seasonal_index=season_of(np.arange(n) - 1.0, name, first)).plot()
    assert texts(display.ax_) == expected
    assert_array_equal(display.ax_.get_xticks(), display.lines_[0][name].get_xdata())
    assert display.ax_.get_ylabel() == "addend"


@pytest.mark.parametrize("width", [2, 2.6, 3.5, 5, 7.2])
@pytest.mark.parametrize(("name", "first", "n"), POSITIONS)
def test_labels_do_not_overlap(name, first, n, width):
    _, ax = plt.subplots(figsize=(width, 2), layout="constrained")
    SeasonDisplay(seasonal_index=season_of(np.sin(np.arange(n)), name, first)).plot(ax)
    assert overlapping_labels(ax) == []
    assert texts(ax)[-1] != "24"


@pytest.mark.parametrize("width", [4, 5, 7.2])
def test_labels_of_day_and_week_do_not_overlap(width):
    index = pd.MultiIndex.from_product([range(7), range(24)], names=["weekday", "hour"])
    table = pd.DataFrame({"factor": 1.0, "addend": np.sin(np.arange(168) / 4)}, index=index)
    _, axes = plt.subplots(1, 2, figsize=(width, 2), layout="constrained")
    SeasonDisplay(seasonal_index=table).plot(axes)
    assert [overlapping_labels(ax) for ax in axes] == [[], []]


@pytest.mark.parametrize("n_in_hour", [1, 2, 4])
def test_the_day_has_hours_also_of_shorter_steps(n_in_hour):
    n = 24 * n_in_hour
    index = pd.MultiIndex.from_product([range(7), range(n)], names=["weekday", "position"])
    table = pd.DataFrame({"factor": 1.0, "addend": np.sin(np.arange(7 * n) / 4)}, index=index)
    ax = SeasonDisplay(seasonal_index=table).plot().axes_[0, 0]
    hours = [int(text) for text in texts(ax)]
    assert hours[0] == 0
    assert ax.get_xlabel() == "hour of the day"
    assert_array_equal(ax.get_xticks(), np.array(hours) * n_in_hour)


@pytest.mark.parametrize("n", [1, 2, 9, 52, 365])
def test_any_number_of_positions_is_drawn(n):
    display = SeasonDisplay(seasonal_index=season_of(np.sin(np.arange(n)))).plot()
    display.figure_.canvas.draw()
    assert (display.ax_.get_xticks() % 1 == 0).all()
    assert (display.lines_[0]["position"].get_marker() == "o") == (n < 32)


@pytest.mark.parametrize("is_factor", [True, False])
def test_day_and_week_make_the_season(is_factor):
    rng = np.random.default_rng(0)
    values = 1 + rng.uniform(size=168)
    index = pd.MultiIndex.from_product([range(7), range(24)], names=["weekday", "hour"])
    table = pd.DataFrame({"factor": values, "addend": 0.0} if is_factor else {"factor": 1.0, "addend": values}, index)
    display = SeasonDisplay(seasonal_index=table).plot()
    day, week = (display.lines_[0][name].get_ydata() for name in ("day", "week"))
    assert display.axes_.shape == (1, 2)
    together = np.tile(day, 7) * week if is_factor else np.tile(day, 7) + week
    assert_allclose(together, values)
    mean = np.exp(np.log(week).reshape(7, 24).mean(axis=0)) if is_factor else 1 + week.reshape(7, 24).mean(axis=0)
    assert_allclose(mean, 1)
    assert texts(display.axes_[0, 1]) == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert_allclose(display.lines_[0]["week"].get_xdata()[[0, 24, 36]], [0, 1, 1.5])


@pytest.mark.parametrize("is_factor", [True, False])
def test_a_week_of_equal_days_is_a_flat_line_on_the_scale_of_the_day(is_factor):
    """Rounding errors were drawn over the full height."""
    values = np.tile(np.exp(np.random.default_rng(0).normal(size=24)), 7) * 1e3
    index = pd.MultiIndex.from_product([range(7), range(24)], names=["weekday", "hour"])
    table = pd.DataFrame({"factor": values, "addend": 0.0} if is_factor else {"factor": 1.0, "addend": values}, index)
    display = SeasonDisplay(seasonal_index=table).plot()
    assert_array_equal(display.lines_[0]["week"].get_ydata(), 1 if is_factor else 0)
    day, week = display.axes_[0]
    assert_allclose(week.get_ylim(), day.get_ylim())
    assert display.lines_[0]["week"].axes.get_xlim()[1] < 8


def test_each_series_and_target_has_axes_with_its_name():
    one = pd.concat({"a_$b": season_of([1.0, -1.0]), "$c$": season_of([3.0, -3.0])}, axis=1)
    panel = pd.concat({"s": one, 7: 2 * one - [1, 0, 1, 0]}, names=["shop"])
    display = SeasonDisplay(seasonal_index=panel).plot()
    titles = [ax.get_title(loc="left") for ax in display.axes_[:, 0]]
    assert titles == ["s, a_$b", "s, $c$", "series 7, a_$b", "series 7, $c$"]
    assert [lines["position"].get_ydata()[0] for lines in display.lines_] == [1, 3, 2, 6]
    display.figure_.canvas.draw()
    chosen = SeasonDisplay(seasonal_index=panel).plot(series=7, targets=["$c$"])
    assert chosen.lines_[0]["position"].get_ydata()[0] == 6


def test_the_users_axes_and_style_are_used():
    _, ax = plt.subplots()
    display = SeasonDisplay(seasonal_index=season_of([1.0, -1.0])).plot(ax, line_kwargs={"c": "red", "marker": ""})
    assert display.ax_ is ax
    assert to_hex(display.lines_[0]["position"].get_color()) == "#ff0000"
    assert display.lines_[0]["position"].get_marker() == ""
