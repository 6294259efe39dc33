"""The seasonal naive forecast, which repeats the last season: what every other is compared with."""

import numpy as np


def seasonal_naive(values, season, origins, steps):
    """Forecast the rows after each origin by what was observed whole seasons before.

    Parameters
    ----------
    values : ndarray of shape (n, K)
        A series; NaN where a value is missing.
    season : int
        Rows in a season; 1 repeats the last value.
    origins : ndarray of int of shape (n_origins,)
        How many rows are known, each time.
    steps : int
        How many rows to forecast.

    Returns
    -------
    forecast : ndarray of shape (n_origins, steps, K)
        The newest present value a whole number of seasons before; NaN where there is none.
    """
    newest = _newest_of_phase(values, season)
    ahead = np.arange(steps)
    rows = origins[:, np.newaxis] + ahead - season * (ahead // season + 1)
    return np.where((rows >= 0)[..., np.newaxis], newest[np.maximum(rows, 0)], np.nan)


def naive_scales(values, season, origins):
    """Mean absolute error of the seasonal naive one season ahead in the rows before each origin.

    Parameters
    ----------
    values, season, origins
        As for `seasonal_naive`.

    Returns
    -------
    scales : ndarray of shape (n_origins, K)
        Mean of |values[t] - values[t - season]| over t < origin; NaN where there is no such pair.
    """
    errors = np.abs(values[season:] - values[:-season])
    known = ~np.isnan(errors)
    before = np.zeros((2, len(values) + 1, values.shape[1]))  # how many there are before each row, and their sum
    np.cumsum(known, axis=0, out=before[0, season + 1 :])
    np.cumsum(np.where(known, errors, 0), axis=0, out=before[1, season + 1 :])
    n, total = before[:, origins]
    return np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)


def _newest_of_phase(values, season):
    """For each row the newest present value at it or whole seasons before it, (n, K)."""
    n, n_columns = values.shape
    season = min(season, max(n, 1))  # every row is a phase of its own
    cycles = np.full((-(-n // season), season, n_columns), np.nan)
    cycles.reshape(-1, n_columns)[:n] = values
    number = np.where(np.isnan(cycles), -1, np.arange(len(cycles))[:, np.newaxis, np.newaxis])
    newest = np.maximum.accumulate(number, axis=0)
    # where there is none yet, the first cycle's value is NaN itself
    return np.take_along_axis(cycles, np.maximum(newest, 0), axis=0).reshape(-1, n_columns)[:n]
