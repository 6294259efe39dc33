from types import SimpleNamespace

import numpy as np

from sklstm._forecasting.stacked_series import StackedSeries
from sklstm._series.series import SeriesData


def series(values):
    y = np.array(values, dtype=float)[:, np.newaxis]
    nothing = np.empty((len(y), 0))
    return SeriesData(y, nothing, nothing, None, None, np.arange(len(y)))


SERIES = {"a": series([0, 1, 2, 3, 4]), "b": series([10, 11, 12, 13]), "c": series([20])}
ORIGINS = {"a": np.array([2, 4]), "b": np.array([1])}
STACKED = StackedSeries.from_origins(SERIES, ORIGINS, before=3, after=2)  # rows -1 to 5 of a, then -2 to 2 of b
NAN = np.nan


def test_rows_that_a_series_does_not_have_are_missing():
    y = STACKED.gather(1, lambda part, *span: part.values("y", *span))
    np.testing.assert_array_equal(y[:, 0], [NAN, 0, 1, 2, 3, 4, NAN, NAN, NAN, 10, 11, 12])


def test_origins_and_first_rows_are_where_they_have_been_put():
    assert STACKED.n_origins == [2, 1]
    assert STACKED.rows.tolist() == [3, 5, 10]
    assert STACKED.stamps.tolist() == [2, 4, 1]
    assert np.flatnonzero(STACKED.is_before).tolist() == [0, 7, 8]
    assert np.flatnonzero(STACKED.are_before({"a": 2, "b": 1})).tolist() == [0, 1, 2, 7, 8, 9]


def test_the_season_of_a_row_is_that_of_its_position_in_its_series():
    adjustments = [SimpleNamespace(season=np.array([[100.0], [101.0], [102.0]])), SimpleNamespace(season=[[7.0]])]
    seasons = STACKED.seasons(adjustments)[:, 0]
    assert seasons[1:].tolist() == [100, 101, 102, 100, 101, 102, *[7] * 5]


def test_without_origins_no_rows_are_read():
    stacked = StackedSeries.from_origins(SERIES, {"c": np.array([], dtype=int)}, before=3, after=2)
    assert stacked.lengths.tolist() == [0]
    assert stacked.rows.tolist() == []
    assert stacked.gather(1, lambda part, *span: part.values("y", *span)).shape == (0, 1)
