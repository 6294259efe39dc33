"""Bounds of recursive forecasts, so that they cannot run away.

A model that learnt from few rows can run away: each forecast is further off than the one before. Forecasts are
therefore clipped before they are fed back. They may leave the range of their series by `reach` times that range or, if
this is more, by `reach` times (at least once) the change along the straight line through the series.

Source: the theta method forecasts with half the slope of that line, and the bounds allow twice the slope of the
method. Assimakopoulos, V. and Nikolopoulos, K. (2000), *The theta model*; Hyndman, R. J. and Billah, B. (2003),
*Unmasking the theta method*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sklstm._utils.array_fields import ArrayFields

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray, IntArray

REACH = 3  # forecasts may leave the range of their series by this many times that range
REACH_OF_DEFAULT = 0.95  # of the default regressor, for which at most one range is documented


@dataclass(frozen=True)
class SeriesRange(ArrayFields):
    """Range and trend of one series, or of several series along a first axis.

    Parameters
    ----------
    low, high : ndarray of shape (n_targets,)
        Smallest and largest value of each target; NaN without values.
    slope : ndarray of shape (n_targets,)
        Slope of the straight line through each target, times the share of the variance that the line explains.
    known_low, known_high, known_change : ndarray of shape (n_known,)
        Smallest value, largest value and largest change between consecutive rows of the columns that are known in
        advance.
    """

    low: FloatArray
    high: FloatArray
    slope: FloatArray
    known_low: FloatArray
    known_high: FloatArray
    known_change: FloatArray

    @classmethod
    def from_series(cls, y: FloatArray, known: FloatArray, lengths: IntArray) -> SeriesRange:
        """Compute the ranges of several series, which stand one after another in `y` and `known`.

        y is (n, n_targets) and known (n, n_known). The series are the first axis of the result.
        """
        starts = np.cumsum(lengths) - lengths
        y, known = (np.insert(part, starts, np.nan, axis=0) for part in (y, known))  # no series is empty then
        starts = starts + np.arange(len(lengths))
        change = np.fmax(np.fmax.reduceat(np.abs(np.diff(known, axis=0, prepend=np.nan)), starts), 0)
        return cls(*_ranges(y, starts), line_slopes(y, starts), *_ranges(known, starts), change)

    def with_recent(self, y: FloatArray, known: FloatArray) -> SeriesRange:
        """Extend the range of each row by the values in its window: y (n, L, n_targets), known (n, L, n_known)."""
        change = np.abs(np.diff(known, axis=1))
        return SeriesRange(
            np.fmin(self.low, np.fmin.reduce(y, axis=1)),
            np.fmax(self.high, np.fmax.reduce(y, axis=1)),
            self.slope,
            np.fmin(self.known_low, np.fmin.reduce(known, axis=1)),
            np.fmax(self.known_high, np.fmax.reduce(known, axis=1)),
            np.fmax(self.known_change, np.fmax.reduce(change, axis=1, initial=0)),
        )

    def bounds(self, y: FloatArray, known: FloatArray, ahead: FloatArray, reach: float, n_ahead: int = 1) -> FloatArray:
        """Return the smallest and largest forecasts, (2, n, steps, n_targets).

        Parameters
        ----------
        y : ndarray of shape (n, L, n_targets)
            The last window of each row.
        known : ndarray of shape (n, 1, n_known)
            The known columns at the last row of each window.
        ahead : ndarray of shape (n, steps, n_known)
            The known columns at the forecast rows. If a column leaves its range by changes no larger than before (as a
            count of the rows does), the bounds widen in proportion. If it does so by a larger change, they widen
            `REACH` times as much, as the past then says less about the future.
        reach : float
            By how many times the range forecasts may leave the range. Up to 1, a constant series has its value as
            bounds. Above 1, it has no bounds, as its scale is unknown.
        n_ahead : int, default=1
            Number of steps that are predicted at once. Above a reach of 1, the first of them have no bounds.
        """
        change = np.abs(np.diff(ahead, axis=1, prepend=known))
        ranges = (part[:, np.newaxis] for part in (self.known_low, self.known_high, self.known_change))
        widening = widening_factors(ahead, change, *ranges)
        return forecast_bounds((self.low, self.high), newest(y), self.slope, widening, reach, n_ahead)


@dataclass(frozen=True)
class WindowRange:
    """Range of all windows of a training set. It is used if the series is not known, only windows of it.

    Parameters
    ----------
    low, high : ndarray of shape (n_channels,)
    n_targets : int
        Number of target channels, which are the first channels.
    """

    low: FloatArray
    high: FloatArray
    n_targets: int

    @classmethod
    def from_windows(cls, X: FloatArray, n_targets: int, previous: WindowRange | None = None) -> WindowRange:
        """Compute the range of windows X (n, T, F), together with a `previous` one."""
        low, high = _extreme(np.fmin, X), _extreme(np.fmax, X)
        if previous is not None:
            low, high = np.fmin(low, previous.low), np.fmax(high, previous.high)
        return cls(low, high, n_targets)

    def bounds(self, windows: FloatArray, future: FloatArray) -> FloatArray:
        """Return the smallest and largest forecasts, (2, n, steps, n_targets).

        `windows` (n, T, F) are the last windows, `future` (n, steps - 1, F - n_targets) the other channels ahead.
        """
        low = np.fmin(self.low, np.fmin.reduce(windows, axis=1))
        high = np.fmax(self.high, np.fmax.reduce(windows, axis=1))
        K, widening = self.n_targets, np.ones((len(windows), 1 + future.shape[1]))
        if future.size:
            # past changes are not known here: a change is large if it leaves the range by more than its width
            others = low[:, np.newaxis, K:], high[:, np.newaxis, K:]
            beyond = np.fmax(future - others[1], others[0] - future)
            widening[:, 1:] = widening_factors(future, beyond, *others, others[1] - others[0])
        low, high = low[:, :K], high[:, :K]
        return forecast_bounds((low, high), newest(windows[..., :K]), np.zeros_like(low), widening, REACH)


def _extreme(side: np.ufunc, X: FloatArray) -> FloatArray:
    """Return np.fmin or np.fmax of windows X (n, T, F) by channel, (F,)."""
    if X.shape[2] == 1:
        return np.asarray(side.reduce(X, axis=(0, 1)), np.float64)
    return np.asarray(side.reduce(side.reduce(X, axis=0), axis=0), np.float64)  # 0.02 of the time of both axes at once


@dataclass(frozen=True)
class ClippedForecasts:
    """Forecasts that were clipped, for a warning.

    Parameters
    ----------
    step : int
        The first step (from 1) at which a forecast was clipped.
    n_rows : int
        Number of rows with a clipped forecast.
    low, high : float
        The bounds of the first clipped forecast.
    """

    step: int
    n_rows: int
    low: float
    high: float


def find_clipped(forecasts: FloatArray, bounds: FloatArray | None) -> ClippedForecasts | None:
    """Find the forecasts (n, steps, n_targets) that are at one of their bounds; None if there are none."""
    if bounds is None:
        return None
    low, high = bounds
    with np.errstate(invalid="ignore"):  # the difference of infinite bounds is NaN
        width = high - low
        below, above = (1e-6 * np.where(np.isinf(width), np.abs(side), width) for side in bounds)  # of rounding
        is_clipped = np.isfinite(forecasts) & ((forecasts <= low + below) | (forecasts >= high - above))
    if not is_clipped.any():
        return None
    row, step, target = min(np.argwhere(is_clipped).tolist(), key=lambda at: at[1])
    where = row, step, target
    return ClippedForecasts(step + 1, int(is_clipped.any(axis=(1, 2)).sum()), float(low[where]), float(high[where]))


def widening_factors(
    ahead: FloatArray, change: FloatArray, low: FloatArray, high: FloatArray, largest: FloatArray
) -> FloatArray:
    """Return the factors (n, steps) by which the bounds widen, for known columns `ahead` (n, steps, n_known).

    `low` and `high` are the past range of the columns, `largest` is their largest past change, and `change` are their
    changes ahead.
    """
    if not ahead.shape[2]:
        return np.ones(ahead.shape[:2])
    beyond = np.nan_to_num(np.fmax(np.fmax(ahead - high, low - ahead), 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(beyond > 0, beyond / (high - low), 0)
    share[np.isinf(share)] = 1  # a column that was constant: its effect is unknown
    share[(beyond > 0) & ~(change <= largest * (1 + 1e-6))] *= REACH
    factors: FloatArray = np.maximum.accumulate(1 + share.max(axis=2), axis=1)
    return factors


def forecast_bounds(
    ranges: tuple[FloatArray, FloatArray],
    last: FloatArray,
    slope: FloatArray,
    widening: FloatArray,
    reach: float,
    n_ahead: int = 1,
) -> FloatArray:
    """Return bounds (2, n, steps, n_targets) for rows with a range, a last value and a slope (n, n_targets) each."""
    ahead = np.arange(1, widening.shape[1] + 1)[:, np.newaxis]
    low, high, last, slope = (part[:, np.newaxis] for part in (*ranges, last, slope))
    size = (high - low) * np.ones_like(ahead)
    with np.errstate(invalid="ignore"):
        leaving = np.where(size > 0, reach * size * widening[..., np.newaxis], 0 if reach <= 1 else np.inf)
    if reach > 1:
        leaving[:, :n_ahead] = np.inf  # nothing has been fed back yet
    drift = max(reach, 1) * slope * ahead
    upper = high + np.fmax(leaving, 2 * (last - high) + drift)
    lower = low - np.fmax(leaving, 2 * (low - last) - drift)
    return np.stack((np.where(np.isnan(lower), -np.inf, lower), np.where(np.isnan(upper), np.inf, upper)))


def newest(windows: FloatArray) -> FloatArray:
    """Return the last value that is not missing in each window (n, L, k); NaN if there is none."""
    row = windows.shape[1] - 1 - np.argmin(np.isnan(windows)[:, ::-1], axis=1)
    value: FloatArray = np.take_along_axis(windows, row[:, np.newaxis], axis=1)[:, 0]
    return value


def line_slopes(y: FloatArray, starts: IntArray) -> FloatArray:
    """Return the slopes (n_series, k) of the least-squares lines, times the share of the variance they explain.

    The series follow each other in y (n, k) and begin at the rows `starts`.
    """
    lengths = np.diff(starts, append=len(y))

    def centred(values: FloatArray | IntArray) -> FloatArray:
        values = np.where(present, values, 0)
        mean = np.add.reduceat(values, starts) / count
        return np.where(present, values - np.repeat(mean, lengths, axis=0), 0)

    present = ~np.isnan(y)
    count = np.maximum(np.add.reduceat(present.astype(float), starts), 1)
    row = np.arange(len(y)) - np.repeat(starts, lengths)
    t, y = centred(row[:, np.newaxis]), centred(y)
    size = np.maximum.reduceat(np.abs(y), starts)  # squares of tiny or huge values would underflow or overflow
    y = y / np.repeat(np.where(size > 0, size, 1), lengths, axis=0)
    tt, ty, yy = (np.add.reduceat(product, starts) for product in (t * t, t * y, y * y))
    is_line = (tt > 0) & (yy > 0)
    explained = np.divide(ty * ty, tt * yy, out=np.zeros_like(tt), where=is_line)
    slopes: FloatArray = size * explained * np.divide(ty, tt, out=np.zeros_like(tt), where=is_line)
    return slopes


def _ranges(values: FloatArray, starts: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the smallest and largest values of each column of several series that begin at the rows `starts`."""
    return np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
