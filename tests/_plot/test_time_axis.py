import pickle
from datetime import date

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import ConciseDateFormatter

from sklstm._plot.axes import new_axes
from sklstm._plot.time_axis import axis_positions, format_time_axis
from tests._plot.tools import INDICES, overlapping_labels

DATES = pd.Index([date(2024, 1, day) for day in range(1, 11)], dtype=object)


def drawn(index):
    ax = new_axes()
    ax.plot(axis_positions(index), np.arange(len(index)))
    format_time_axis(ax, index)
    ax.figure.canvas.draw()
    return ax


def texts(ax):
    return [label.get_text() for label in ax.get_xticklabels()]


def test_periods_far_away_are_drawn():
    """Timestamps of pandas 2 end in 2262."""
    positions = axis_positions(pd.period_range("9900-01", periods=3, freq="M"))
    assert positions.astype("M8[D]").astype(str).tolist() == ["9900-01-01", "9900-02-01", "9900-03-01"]


@pytest.mark.parametrize("index", [INDICES["months"], INDICES["periods"], DATES], ids=["months", "periods", "dates"])
def test_dates_are_written_concisely(index):
    ax = drawn(index)
    assert isinstance(ax.xaxis.get_major_formatter(), ConciseDateFormatter)
    assert len(set(texts(ax))) == len(texts(ax)) > 2


@pytest.mark.parametrize("n_columns", [1, 2])
@pytest.mark.parametrize("step", ["YS", "MS", "D", "h", "s"])
def test_labels_of_narrow_axes_do_not_overlap(step, n_columns):
    """Of a figure a phone's width."""
    index = pd.date_range("2020-01-05", periods=130, freq=step)
    _, axes = plt.subplots(1, n_columns, figsize=(1.6 + 0.8 * n_columns, 2), layout="constrained", squeeze=False)
    ax = axes[0, 0]
    ax.plot(axis_positions(index), np.arange(len(index)))
    format_time_axis(ax, index)
    assert overlapping_labels(ax) == []
    assert any(texts(ax))


def shown_texts(ax):
    """The texts of the labels within the limits."""
    ax.figure.canvas.draw()
    low, high = ax.get_xlim()
    return [label.get_text() for label in ax.get_xticklabels() if low <= label.get_position()[0] <= high]


@pytest.mark.parametrize("width", [2.2, 2.9])
@pytest.mark.parametrize("step", ["30YS", "YS", "MS", "W", "D", "h", "min", "s"])
def test_no_date_stands_alone(step, width):
    """Its label would be a time of day, such as 00:00 for the first of a month."""
    _, ax = plt.subplots(figsize=(width, 2), layout="constrained")
    for n in (8, 12, 31):
        index = pd.date_range("1810-06-16 13:07:02", periods=n, freq=step, unit="s")
        ax.clear()
        ax.plot(axis_positions(index), np.arange(n))
        format_time_axis(ax, index)
        assert len(shown_texts(ax)) >= 2
        assert overlapping_labels(ax) == []


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_a_month_of_days_on_a_narrow_axis_has_dates(zone):
    index = pd.date_range("2023-06-14", periods=31, tz=zone)
    _, ax = plt.subplots(figsize=(2.9, 2), layout="constrained")
    ax.plot(axis_positions(index), np.arange(31))
    format_time_axis(ax, index)
    assert shown_texts(ax) == ["15", "Jul", "15"]
    assert ax.xaxis.get_offset_text().get_text() == "2023-Jul"


def test_a_figure_with_dates_can_be_pickled():
    ax = drawn(pd.date_range("2023-06-14", periods=31))
    again = pickle.loads(pickle.dumps(ax.figure))
    assert shown_texts(again.axes[0]) == shown_texts(ax)


def test_times_are_shown_in_their_zone():
    index = pd.date_range("2024-03-30 22:00", periods=6, freq="h", tz="Europe/Berlin", name="hour")
    ax = drawn(index)
    assert "23:00" in texts(ax)
    assert ax.get_xlabel() == "hour"


def test_whole_numbers_are_ticked_at_whole_numbers():
    ax = drawn(pd.RangeIndex(3))
    assert (ax.get_xticks() % 1 == 0).all()


def test_the_name_of_an_index_is_no_formula():
    ax = drawn(pd.RangeIndex(3, name="a_$b$"))
    assert ax.get_xlabel() == "a_$b$"
    assert not ax.xaxis.label.get_parse_math()
