"""Forecast by the last value, or by that of one season before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray, IntArray


@dataclass(frozen=True)
class NaiveState:
    """What the seasonal naive forecast knows of some columns after some rows.

    Parameters
    ----------
    recent : ndarray of shape (season, K)
        The forecast of the next `season` rows: the newest value that is a whole number of seasons before each; NaN
        where there is none.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm._components.naive import NaiveState
    >>> state, paths = NaiveState.begin(1, season=2).follow(np.array([[1.0], [2.0], [3.0], [np.nan]]), steps=3)
    >>> state.path(3).ravel()
    array([3., 2., 3.])
    >>> paths[1].ravel()  # made when two rows were known
    array([1., 2., 1.])
    """

    recent: FloatArray

    @classmethod
    def begin(cls, n_columns: int, season: int = 1) -> Self:
        """Return the state before the first row; with `season=1`, the last value is repeated."""
        return cls(np.full((season, n_columns), np.nan))

    def follow(self, y: FloatArray, steps: int) -> tuple[Self, FloatArray]:
        """Return the state after more rows, and the forecasts that are made at each of them.

        Parameters
        ----------
        y : ndarray of shape (R, K)
            The next rows; NaN where a value is missing.
        steps : int

        Returns
        -------
        state : NaiveState
        paths : ndarray of shape (R, steps, K)
            Row i holds the forecasts that are made when rows up to i are known; later rows do not change them.
        """
        season = len(self.recent)
        values = np.concatenate((self.recent, y))
        paths = seasonal_naive(values, season, season + 1 + np.arange(len(y)), steps)
        end = seasonal_naive(values, season, np.array([len(values)]), season)[0]
        return type(self)(end), paths

    def path(self, steps: int) -> FloatArray:
        """Return the forecasts that are made now, (steps, K)."""
        return self.recent[np.arange(steps) % len(self.recent)]


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
