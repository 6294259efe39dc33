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
