"""Forecast by the last value, or by that of one season before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray, IntArray


def seasonal_naive(values: FloatArray, season: int, origins: IntArray, steps: int) -> FloatArray:
    """Forecast the rows after each origin by the values one season before or, if these are missing, more seasons.

    Parameters
    ----------
    values : ndarray of shape (n, K)
        A series; NaN where a value is missing.
    season : int
        Number of rows in a season; 1 repeats the last value.
    origins : ndarray of int of shape (n_origins,)
        How many rows are known.
    steps : int
        Number of rows to forecast.

    Returns
    -------
    forecast : ndarray of shape (n_origins, steps, K)
        The newest present value a whole number of seasons before each row; NaN where there is none.
    """
    newest = _newest_of_phase(values, season)
    ahead = np.arange(steps)
    rows = origins[:, np.newaxis] + ahead - season * (ahead // season + 1)
    return np.where((rows >= 0)[..., np.newaxis], newest[np.maximum(rows, 0)], np.nan)


def _newest_of_phase(values: FloatArray, season: int) -> FloatArray:
    """Return for each row the newest present value, at that row or whole seasons before it, (n, K)."""
    n, n_columns = values.shape
    season = min(season, max(n, 1))  # a season is no longer than the series
    cycles = np.full((-(-n // season), season, n_columns), np.nan)
    cycles.reshape(-1, n_columns)[:n] = values
    number = np.where(np.isnan(cycles), -1, np.arange(len(cycles))[:, np.newaxis, np.newaxis])
    newest = np.maximum.accumulate(number, axis=0)
    # where no value is known yet, the value of the first cycle is taken, which is NaN
    return np.take_along_axis(cycles, np.maximum(newest, 0), axis=0).reshape(-1, n_columns)[:n]
