"""Estimate the season of a series: how far each position in it lies above or below the mean.

Sources: the differences are those of classical decomposition, by a centred moving average. Their smoothing from season
to season is that of Holt and Winters (Winters 1960, *Forecasting sales by exponentially weighted moving averages*).
The result is shrunk as in Miller and Williams (2003), *Shrinkage estimators of time series seasonal factors and their
effect on forecasting accuracy*, by the estimator of James and Stein (1961), *Estimation with quadratic loss*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sklstm._utils.overflow import power_of_two

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sklstm._utils.typing import BoolArray, FloatArray, IntArray

# How often the season is estimated again with itself taken off, where values are missing. Each round reduces the error
# that the missing values make by about their share.
N_ROUNDS = 8

# The smallest weights of the newest season that compete. With 0, all seasons count the same.
GAINS = (0.0, 0.1, 0.2, 0.4)


def seasonal_values(
    y: FloatArray, positions: IntArray, season: int, shrink: bool = True, gains: Sequence[float] = GAINS
) -> FloatArray:
    """Estimate the additive season of some series, each by itself, as it is at their end.

    The difference of each value from the moving average around it is smoothed by position, season after season: the
    first difference is the estimate, and the kth moves it by max(gain, 1 / k) of the way to itself. With gain 0, this
    is the mean. Larger gains follow a season that changes. Each series takes the gain whose estimates were closest to
    the next differences, by the mean absolute error; if two are equal, the first.

    The moving average takes one season of rows; if their number is even, one row more, of which the first and the last
    count half. The first and the last half season have no moving average. The estimates are centred to mean 0, and
    shrunk towards 0 by their noise. So a season that cannot be told from noise is (almost) none, and no test is needed.

    Missing values are passed over. A moving average is made where more than half of its weights have values, and both
    of its ends are between the first and the last value. As the values that it lacks may be those of a peak, the season
    is estimated again with the estimate taken off, some times over.

    A single outlier reaches its position by the weight of its season and, divided by the length of the season, all
    others. In the choice of the gain it counts no more than another value. With shrinkage, it also counts as noise: of
    what it moves a mean by, up to three parts in `season` remain.

    Parameters
    ----------
    y : ndarray of shape (n, n_targets)
        Series in float64, which share their positions; NaN where a value is missing.
    positions : ndarray of int of shape (n,)
        Position of each row in the season, 0 to season - 1.
    season : int
        Number of rows in a season.
    shrink : bool, default=True
        Whether to shrink. If False and with `gains=(0,)`, the result is that of classical decomposition.
    gains : sequence of float, default=(0, 0.1, 0.2, 0.4)
        The gains that compete, 0 to 1.

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
        y, unit = _around_zero(y[:, has_enough])
        result[:, has_enough] = _seasonal_values(y, positions, season, shrink, gains) * unit
    return result


def day_and_week_values(y: FloatArray, positions: IntArray, day: int, shrink: bool = True) -> FloatArray:
    """Estimate the season of the day plus that of the week: how each position in the week differs from others.

    The week is estimated only on evidence. Of each value the mean of its time of day is taken off. What is left must
    resemble the mean of the weeks before it, with a correlation of at least two standard errors, where a day counts as
    one observation: noise that is smooth for some hours has no week. The week is then the mean over all whole weeks,
    counted back from the last row, shrunk towards 0 by its noise. With the week taken off, the day is estimated by
    `seasonal_values`.

    Missing values are passed over.

    Parameters
    ----------
    y : ndarray of shape (n, n_targets)
        Series in float64, which share their positions; NaN where a value is missing.
    positions : ndarray of int of shape (n,)
        Position of each row in the week, 0 to 7 * day - 1; modulo `day`, it is that in the day.
    day : int
        Number of rows in a day.
    shrink : bool, default=True
        Whether to shrink both. The evidence is needed either way.

    Returns
    -------
    values : ndarray of shape (7 * day, n_targets)
        What to take off at each position of the week. With fewer than two weeks of rows or no evidence, the season of
        the day, seven times; with fewer than two days, 0.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm._components.season import day_and_week_values
    >>> rows = np.arange(6 * 14)  # six weeks of two rows a day, which begin on Monday
    >>> y = np.where(rows % 2, 1.0, -1.0) - 7 * (rows % 14 >= 10)  # less on Saturday and Sunday
    >>> day_and_week_values(y[:, np.newaxis], rows % 14, 2).ravel().round(6)
    array([ 1.,  3.,  1.,  3.,  1.,  3.,  1.,  3.,  1.,  3., -6., -4., -6.,
           -4.])
    """
    result = np.tile(seasonal_values(y, positions % day, day, shrink), (7, 1))
    if len(y) < 14 * day:
        return result
    has_values = ~np.isnan(y).all(axis=0)
    y, unit = _around_zero(y[:, has_values])
    week = _week_values(y, positions, day, shrink)
    has_week = week.any(axis=0)
    week, unit, columns = week[:, has_week], unit[has_week], np.flatnonzero(has_values)[has_week]
    days = seasonal_values(y[:, has_week] - week[positions], positions % day, day, shrink)
    result[:, columns] = (np.tile(days, (7, 1)) + week) * unit
    return result


def _around_zero(y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return columns divided by their units, minus their first value; and the units. Each column needs a value.

    So no square overflows, the level costs no precision, and of a constant nothing is left.
    """
    unit = power_of_two(np.nanmax(np.abs(y), axis=0))
    y = y / unit
    first = y[(~np.isnan(y)).argmax(axis=0), np.arange(y.shape[1])]
    return y - first, unit


def _seasonal_values(
    y: FloatArray, positions: IntArray, season: int, shrink: bool, gains: Sequence[float]
) -> FloatArray:
    """Estimate the season of series that are long enough, around 0 and not too large to be squared."""
    values: FloatArray = np.zeros((season, y.shape[1]))
    for _ in range(N_ROUNDS if np.isnan(y).any() else 1):
        differences = _by_position(y - _moving_average(y - values[positions], season), positions, season)
        values = _centred(*_means(differences))
    _, count = _means(differences)
    values, noise = _smoothed(differences, gains, _variance(y[season:] - y[:-season]) / 2)
    values = _centred(values, count)
    # As the values add up to 0, `season - 1` of them are free, and the factor is known to help from three free ones on.
    # With fewer, the same is done as with three: the season is reduced by the noise of one value.
    return values * _share_kept(values, max(season - 3, 1) * noise) if shrink else values


def _centred(values: FloatArray, count: FloatArray) -> FloatArray:
    """Return values with mean 0 over the positions, the first axis, that have any; 0 at the others."""
    return np.where(count > 0, values - values.sum(axis=0) / np.maximum((count > 0).sum(axis=0), 1), 0)


def _share_kept(values: FloatArray, noise: FloatArray) -> FloatArray:
    """Return the factor of James and Stein for the columns of values whose errors have these sums of squares."""
    size = (values**2).sum(axis=0)
    return np.maximum(0, 1 - np.divide(noise, size, out=np.ones_like(size), where=size > 0))


def _smoothed(grid: FloatArray, gains: Sequence[float], of_changes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Smooth (n_seasons, season, n_targets) over the seasons, each target with the gain that forecasts it best.

    An error of a forecast, which is a weighted sum of values, has the variance of a value times 1 + the sum of the
    squared weights. So each error gives the variance of a value. Their mean counts each by the square of its weight in
    the result, relative to that in a mean; so what is noise in the result is counted as noise. With gain 0, it is the
    variance within positions. If most positions have but one error, the variance is `of_changes`.

    Returns
    -------
    values : ndarray of shape (season, n_targets)
    noise : ndarray of shape (n_targets,)
        Mean variance of the values over the positions.
    """
    gain = np.asarray(gains, dtype=np.float64)[:, np.newaxis, np.newaxis]
    shape = (len(gain), *grid.shape[1:])
    values, count, total = np.zeros(shape), np.zeros(grid.shape[1:]), np.zeros((len(gain), grid.shape[2]))
    # Sums over the seasons so far: of the squared weights; of these times the variances; of these where there is one.
    of_weights, of_variances, of_errors = np.ones(shape), np.zeros(shape), np.zeros(shape)
    for row in grid:
        is_known = ~np.isnan(row)
        is_seen = is_known & (count > 0)
        error = np.where(is_known, row - values, 0)
        total += np.abs(error * is_seen).sum(axis=1)
        variance = error**2 * is_seen / (1 + of_weights)
        count += is_known
        share = is_known * np.maximum(gain, 1 / np.maximum(count, 1))
        kept, squared = (1 - share) ** 2, share**2
        values += share * error
        of_weights = kept * of_weights + squared
        of_variances = kept * of_variances + squared * variance
        of_errors = kept * of_errors + squared * is_seen
    relative = count**2
    weight = (relative * of_errors).sum(axis=1)
    variances = (relative * of_variances).sum(axis=1) / np.where(weight > 0, weight, 1)
    is_enough = np.maximum(count - 1, 0).sum(axis=0) >= len(count)
    noise = np.where(is_enough, variances, of_changes) * of_weights.mean(axis=1)
    best, targets = total.argmin(axis=0), np.arange(grid.shape[2])
    return values[best, :, targets].T, noise[best, targets]


def _variance(values: FloatArray) -> FloatArray:
    """Return the variance of each column, passing over NaN; 0 with fewer than two values."""
    mean, n = _means(values)
    squares, _ = _means((values - mean) ** 2)
    return squares * n / np.maximum(n - 1, 1)


def _week_values(y: FloatArray, positions: IntArray, day: int, shrink: bool) -> FloatArray:
    """Estimate how days of the week differ, (7 * day, n_targets), from at least two weeks of series around 0."""
    last = slice(len(y) % (7 * day), None)
    y, positions = y[last], positions[last]
    means, _ = _means(_by_position(y, positions % day, day))
    grid = _by_position(y - means[positions % day], positions, 7 * day)
    values, count = _means(grid)
    shape = (7, day, -1)
    values = _centred(values.reshape(shape), count.reshape(shape)).reshape(values.shape)
    values = np.where(_resembles_weeks_before(grid, day), values, 0)
    if not shrink:
        return values
    n_free = np.maximum(count - 1, 0).sum(axis=0)
    squares, _ = _means((grid - _means(grid)[0]) ** 2)
    noise = (squares * count).sum(axis=0) / np.maximum(n_free, 1) * (1 / np.maximum(count, 1)).sum(axis=0)
    return values * _share_kept(values, noise)


def _resembles_weeks_before(grid: FloatArray, day: int) -> BoolArray:
    """Tell for each target whether weeks, (n_weeks, 7 * day, n_targets), correlate with the mean of those before."""
    is_known = ~np.isnan(grid)
    n_before = is_known.cumsum(axis=0)[:-1]
    before = np.where(is_known, grid, 0).cumsum(axis=0)[:-1] / np.maximum(n_before, 1)
    is_pair = is_known[1:] & (n_before > 0)
    now, before = np.where(is_pair, grid[1:], 0), np.where(is_pair, before, 0)
    size = np.sqrt((now**2).sum(axis=(0, 1)) * (before**2).sum(axis=(0, 1)))
    n_days = is_pair.sum(axis=(0, 1)) / day
    return (size > 0) & ((now * before).sum(axis=(0, 1)) * np.sqrt(n_days) >= 2 * size)


def _by_position(values: FloatArray, positions: IntArray, season: int) -> FloatArray:
    """Return rows as (n_seasons, season, n_targets), each position in time order; NaN where it has no more rows.

    So a position that occurs twice in a season, or not at all, moves no other one.
    """
    order = np.argsort(positions, kind="stable")
    n_rows = np.bincount(positions, minlength=season)
    numbers = np.empty(len(positions), dtype=np.intp)
    numbers[order] = np.arange(len(positions)) - np.repeat(n_rows.cumsum() - n_rows, n_rows)
    grid = np.full((n_rows.max(), season, values.shape[1]), np.nan)
    grid[numbers, positions] = values
    return grid


def _means(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and number of the values over the first axis; NaN is passed over, and the mean of none is 0."""
    is_known = ~np.isnan(values)
    count = is_known.sum(axis=0).astype(np.float64)
    return np.where(is_known, values, 0).sum(axis=0) / np.maximum(count, 1), count


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
