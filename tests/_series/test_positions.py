"""Positions are those of the calendar, or of row numbers, in pieces of a history and after its end."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sklstm._series.history import History
from sklstm._series.positions import positions_of
from tests._series.tables import DAYS, Reader, daily, panel


def history_of(y):
    (history,) = Reader(None, y).history.values()
    return history


@pytest.mark.parametrize("first", range(8))
@pytest.mark.parametrize("stop", [8, 9, 14])
def test_they_are_the_days_of_the_week(first, stop):
    series = Reader(None, daily(9)).series[None]
    expected = DAYS[first:stop].day_of_week
    for part in (series, History.from_series(series)):
        np.testing.assert_array_equal(positions_of(part, first, stop, 7), expected)


def test_rows_after_the_end_alone_have_positions():
    series = Reader(None, daily(9)).series[None]
    np.testing.assert_array_equal(positions_of(series, 11, 13, 7), DAYS[11:13].day_of_week)
    assert len(positions_of(series, 12, 12, 7)) == 0
    assert len(positions_of(series, 3, 3, 7)) == 0


def test_series_of_a_panel_agree_wherever_they_begin():
    series = Reader(None, panel({"a": (0, 12), "b": (5, 6), "c": (9, 8)})).series
    for key, first in {"a": 0, "b": 5, "c": 9}.items():
        np.testing.assert_array_equal(positions_of(series[key], 0, 6, 7), DAYS[first : first + 6].day_of_week)


def test_rows_of_arrays_are_counted_from_the_first_row_of_the_table():
    series = Reader(None, np.arange(20.0)).series[None]
    np.testing.assert_array_equal(positions_of(series, 2, 24, 5), np.arange(2, 24) % 5)
    part = series.between(8, 15)
    np.testing.assert_array_equal(positions_of(part, 0, 9, 5), np.arange(8, 17) % 5)


def test_whole_numbers_are_positions_themselves():
    series = Reader(None, pd.Series(np.arange(9.0), pd.RangeIndex(101, 110))).series[None]
    np.testing.assert_array_equal(positions_of(series, 1, 12, 4), np.arange(102, 113) % 4)


@pytest.mark.parametrize("index", ["days", "none"])
def test_a_history_in_pieces_has_the_positions_of_the_whole(index):
    y = daily(40) if index == "days" else daily(40).to_numpy()
    reader = Reader(None, y[:25])
    history = reader.history[None]
    for begin, end in ((25, 26), (26, 29), (29, 40)):
        history = history.followed_by(reader.new_rows(None, y[begin:end])[None])
    whole = Reader(None, y).series[None]
    for first, stop in ((0, 40), (20, 33), (24, 26), (38, 47)):
        np.testing.assert_array_equal(positions_of(history, first, stop, 7), positions_of(whole, first, stop, 7))


def test_an_index_without_a_frequency_has_the_positions_of_row_numbers():
    series = history_of(pd.Series([1.0, 2.0], pd.DatetimeIndex(["2024-01-05", "2024-01-06"])))
    np.testing.assert_array_equal(positions_of(series, 0, 5, 7), np.arange(5))


def test_known_future_rows_change_nothing():
    series = Reader(None, daily(9)).series[None]
    longer = replace(series, known=np.zeros((14, 0)))
    np.testing.assert_array_equal(positions_of(longer, 0, 14, 7), positions_of(series, 0, 14, 7))
