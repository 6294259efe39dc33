"""Estimate the season of a series: how far each position in it lies above or below the mean.

Sources: the estimate is that of classical decomposition, by a centred moving average. It is shrunk as in Miller and
Williams (2003), *Shrinkage estimators of time series seasonal factors and their effect on forecasting accuracy*, by the
estimator of James and Stein (1961), *Estimation with quadratic loss*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sklstm._utils.overflow import power_of_two

if TYPE_CHECKING:
    from sklstm._utils.typing import BoolArray, FloatArray, IntArray

# How often the season is estimated again with itself taken off, where values are missing. Each round reduces the error
# that the missing values make by about their share.
N_ROUNDS = 8


def seasonal_values(y: FloatArray, positions: IntArray, season: int, shrink: bool = True) -> FloatArray:
    """Estimate the additive season of some series, each by itself.

    The difference of each value from the moving average around it is averaged by position. The moving average takes
    one season of rows; if their number is even, one row more, of which the first and the last count half. The first
    and the last half season have no moving average. The averages are centred to mean 0, and shrunk towards 0 by their
    noise. So a season that cannot be told from noise is (almost) none, and no test is needed.

    Missing values are passed over. A moving average is made where more than half of its weights have values, and both
    of its ends are between the first and the last value. As the values that it lacks may be those of a peak, the season
    is estimated again with the estimate taken off, some times over.

    The averages are means. A single outlier therefore reaches its position and, divided by the length of the season,
    all others. With shrinkage, it also counts as noise: up to three parts in `season` of it remain.

    Parameters
    ----------
    y : ndarray of shape (n, n_targets)
        Series in float64, which share their positions; NaN where a value is missing.
    positions : ndarray of int of shape (n,)
        Position of each row in the season, 0 to season - 1.
    season : int
        Number of rows in a season.
    shrink : bool, default=True
        Whether to shrink. If False, the result is that of classical decomposition.

    Returns
    -------
    values : ndarray of shape (season, n_targets)
        What to take off at each position. All 0 for a target with fewer than two seasons of values, and for
        `season=1`; 0 at a position without a difference from a moving average.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm._components.season import seasonal_values
    >>> rows = np.arange(20)
    >>> y = np.array([3.0, -1, -1, -1])[rows % 4] + 0.5 * rows
    >>> seasonal_values(y[:, np.newaxis], rows % 4, 4).ravel().round(6)
    array([ 3., -1., -1., -1.])
    """
    result = np.zeros((season, y.shape[1]))
    has_enough = (~np.isnan(y)).sum(axis=0) >= 2 * season
    if season > 1 and has_enough.any():
        y = y[:, has_enough]
        unit = power_of_two(np.nanmax(np.abs(y), axis=0))
        y = y / unit
        y -= _first_values(y)  # so that the level costs no precision, and that of a constant is nothing
        result[:, has_enough] = _seasonal_values(y, positions, season, shrink) * unit
    return result


def _first_values(y: FloatArray) -> FloatArray:
    """Return the first value of each column that is not missing."""
    return y[(~np.isnan(y)).argmax(axis=0), np.arange(y.shape[1])]


def _seasonal_values(y: FloatArray, positions: IntArray, season: int, shrink: bool) -> FloatArray:
    """Estimate the season of series that are long enough, around 0 and not too large to be squared."""
    values: FloatArray = np.zeros((season, y.shape[1]))
    for _ in range(N_ROUNDS if np.isnan(y).any() else 1):
        differences = y - _moving_average(y - values[positions], season)
        values, count = _means_by_position(differences, positions, season)
        values -= values.sum(axis=0) / np.maximum((count > 0).sum(axis=0), 1)
        values[count == 0] = 0
    if not shrink:
        return values
    noise = _noise(y, differences, positions, season) * (1 / np.maximum(count, 1)).mean(axis=0)
    return values * _share_kept(values, noise, season)


def _share_kept(values: FloatArray, noise: FloatArray, season: int) -> FloatArray:
    """Return the factor of James and Stein for values around 0, each of which has an error of this variance.

    As the values add up to 0, `season - 1` of them are free, and the factor is known to help from three free ones on.
    With fewer, the same is done as with three: the season is reduced by the noise of one value.
    """
    size = (values**2).sum(axis=0)
    return np.maximum(0, 1 - np.divide(max(season - 3, 1) * noise, size, out=np.ones_like(size), where=size > 0))


def _noise(y: FloatArray, differences: FloatArray, positions: IntArray, season: int) -> FloatArray:
    """Return the variance of single values around season and trend.

    It is that of the differences within positions. If most positions have but one difference, it is half of the
    variance of the change from one season to the next, which the shortest series have as well.
    """
    means, count = _means_by_position(differences, positions, season)
    squares, _ = _means_by_position((differences - means[positions]) ** 2, positions, season)
    n_free = np.maximum(count - 1, 0).sum(axis=0)
    within = (squares * count).sum(axis=0) / np.maximum(n_free, 1)
    if (n_free >= season).all():
        return within
    return np.where(n_free >= season, within, _variance(y[season:] - y[:-season]) / 2)


def _variance(values: FloatArray) -> FloatArray:
    """Return the variance of each column, passing over NaN; 0 with fewer than two values."""
    present = ~np.isnan(values)
    n, values = present.sum(axis=0), np.where(present, values, 0)
    deviations = np.where(present, values - values.sum(axis=0) / np.maximum(n, 1), 0)
    return (deviations**2).sum(axis=0) / np.maximum(n - 1, 1)


def _means_by_position(values: FloatArray, positions: IntArray, season: int) -> tuple[FloatArray, FloatArray]:
    """Return mean and number of the values at each position, both (season, n_targets); NaN is passed over."""
    n_columns = values.shape[1]
    cells = (positions[:, np.newaxis] * n_columns + np.arange(n_columns)).ravel()
    present = ~np.isnan(values)

    def total(part: FloatArray | BoolArray) -> FloatArray:
        sums = np.bincount(cells, part.ravel(), season * n_columns)
        return sums.reshape(season, n_columns).astype(np.float64)

    count = total(present)
    return total(np.where(present, values, 0)) / np.maximum(count, 1), count


def _moving_average(y: FloatArray, season: int) -> FloatArray:
    """Return the centred moving average over a season of rows; NaN where there is none."""
    weights = np.ones(season + 1 - season % 2)
    if season % 2 == 0:
        weights[[0, -1]] = 0.5
    present = ~np.isnan(y)
    width, half = len(weights), len(weights) // 2
    average = np.full(y.shape, np.nan)
    middle = slice(half, len(y) - half)
    if present.all():
        average[middle] = _weighted_sums(y, weights) / season
        return average
    total, weight = _weighted_sums(np.where(present, y, 0), weights), _weighted_sums(present, weights)
    inside = np.logical_or.accumulate(present) & np.logical_or.accumulate(present[::-1])[::-1]
    is_made = (weight > season / 2) & inside[: len(y) - width + 1] & inside[width - 1 :]
    average[middle] = np.divide(total, weight, out=np.full_like(total, np.nan), where=is_made)
    return average


def _weighted_sums(values: FloatArray | BoolArray, weights: FloatArray) -> FloatArray:
    """Return the weighted sum of the rows in each window of `len(weights)` rows, (n - len(weights) + 1, n_targets)."""
    n = len(values) - len(weights) + 1
    total = weights[0] * values[:n]
    for lag in range(1, len(weights)):
        total += weights[lag] * values[lag : lag + n]
    return total
