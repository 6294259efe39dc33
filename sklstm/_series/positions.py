"""Positions in the season of the rows of a series."""

import numpy as np

from sklstm._time_index.season import season_positions


def positions_of(series, first, stop, season_length):
    """Return the positions in the season of rows `first` to `stop` of a series; they may lie after its last row.

    Parameters
    ----------
    series : SeriesData or History
    first, stop : int
        0 <= first <= stop.
    season_length : int

    Returns
    -------
    positions : ndarray of int of shape (stop - first,)
    """
    n = len(series)
    parts = [_positions(series, first, min(stop, n), season_length, series.index_between(first, min(stop, n)))]
    if stop > n:
        after = None if series.end is None else series.next_index(stop - n)
        parts.append(_positions(series, n, stop, season_length, after)[max(first - n, 0) :])
    return np.concatenate(parts)


def _positions(series, first, stop, season_length, index):
    """Return the positions of rows with this index."""
    numbers = range(series.first_row + first, series.first_row + max(first, stop))
    return season_positions(season_length, numbers, index, series.end)
