"""How far forecasts that are fed back may leave what was observed.

A recursion of few rows can run away: each answer is a little further off than the one before. What is fed back may
leave the range of its series by `reach` times that range or, where that is more, by `reach` times (but not less than
once) what the straight line through the series brings.

Source: the theta method forecasts with half of the slope of that line, and the bounds allow for twice as much.
Assimakopoulos, V. and Nikolopoulos, K. (2000), *The theta model*; Hyndman, R. J. and Billah, B. (2003), *Unmasking
the theta method*.
"""

from dataclasses import dataclass, fields

import numpy as np

REACH = 3  # how often what is fed back may leave the range on either side before it has run away
REACH_OF_DEFAULT = 0.95  # the same for the default regressor: a little less than the one range that is promised


@dataclass(frozen=True)
class SeriesRange:
    """What one series was seen to do.

    Parameters
    ----------
    low, high : ndarray of shape (n_targets,)
        Its range; NaN where nothing was seen.
    slope : ndarray of shape (n_targets,)
        Of its straight line, times the share of the variance that the line explains.
    known_low, known_high, known_change : ndarray of shape (n_known,)
        Range, and largest change from a row to the next, of the columns that are known in advance.
    """

    low: np.ndarray
    high: np.ndarray
    slope: np.ndarray
    known_low: np.ndarray
    known_high: np.ndarray
    known_change: np.ndarray

    @classmethod
    def from_rows(cls, y, known):
        """Of the targets (n, n_targets) and the known columns (n, n_known) of some rows."""
        return cls.from_series(y, known, np.array([len(y)])).at(0)

    @classmethod
    def from_series(cls, y, known, lengths):
        """The same of several series, one after another, of these `lengths`: the series are the first axis."""
        starts = np.cumsum(lengths) - lengths
        y, known = (np.insert(part, starts, np.nan, axis=0) for part in (y, known))  # so that none is without a row
        starts = starts + np.arange(len(lengths))
        change = np.fmax(np.fmax.reduceat(np.abs(np.diff(known, axis=0, prepend=np.nan)), starts), 0)
        return cls(*_ranges(y, starts), line_slopes(y, starts), *_ranges(known, starts), change)

    @classmethod
    def from_parts(cls, supports, n_rows):
        """One of several series, each for so many rows: arrays with the rows as first axis."""
        columns = ([getattr(support, field.name) for support in supports] for field in fields(cls))
        return cls(*(np.repeat(np.array(column), n_rows, axis=0) for column in columns))

    def at(self, row):
        """That of one of several."""
        return SeriesRange(*(getattr(self, field.name)[row] for field in fields(self)))

    def with_recent(self, y, known):
        """The same of rows with what their windows hold: y (n, L, n_targets) and known (n, L, n_known)."""
        change = np.abs(np.diff(known, axis=1))
        return SeriesRange(
            np.fmin(self.low, np.fmin.reduce(y, axis=1)),
            np.fmax(self.high, np.fmax.reduce(y, axis=1)),
            self.slope,
            np.fmin(self.known_low, np.fmin.reduce(known, axis=1)),
            np.fmax(self.known_high, np.fmax.reduce(known, axis=1)),
            np.fmax(self.known_change, np.fmax.reduce(change, axis=1, initial=0)),
        )

    def bounds(self, y, known, ahead, reach):
        """The least and the largest forecasts, (2, n, steps, n_targets).

        Parameters
        ----------
        y : ndarray of shape (n, L, n_targets)
            The windows to go on from.
        known : ndarray of shape (n, 1, n_known)
            The known columns at their last rows.
        ahead : ndarray of shape (n, steps, n_known)
            The same at the rows that are forecast. Columns that go on as before and so leave their range (a count
            of the rows) widen the bounds in proportion. From a change on that is larger than any before, and leads
            out of the range, they widen REACH times as much: the past of the series says less of what follows.
        reach : float
            How often the range may be left by itself. At 1 a series that does not change goes on so; above
            it, it has no bounds, as nothing is known of its size.
        """
        change = np.abs(np.diff(ahead, axis=1, prepend=known))
        ranges = (part[:, np.newaxis] for part in (self.known_low, self.known_high, self.known_change))
        return bounds_of(self.low, self.high, newest(y), self.slope, widening_of(ahead, change, *ranges), reach)


@dataclass(frozen=True)
class WindowRange:
    """The range of all windows that were learnt from: wider bounds, for want of the series that they were cut from.

    Parameters
    ----------
    low, high : ndarray of shape (n_channels,)
    n_targets : int
        How many of the first channels are targets.
    """

    low: np.ndarray
    high: np.ndarray
    n_targets: int

    @classmethod
    def from_windows(cls, X, n_targets, previous=None):
        """Of windows X (n, T, F), and what was seen before."""
        low, high = (np.asarray(side.reduce(X, axis=(0, 1)), np.float64) for side in (np.fmin, np.fmax))
        if previous is not None:
            low, high = np.fmin(low, previous.low), np.fmax(high, previous.high)
        return cls(low, high, n_targets)

    def bounds(self, windows, future):
        """Bounds (2, n, steps, n_targets) of what is forecast from windows (n, T, F) and other channels ahead."""
        low = np.fmin(self.low, np.fmin.reduce(windows, axis=1))
        high = np.fmax(self.high, np.fmax.reduce(windows, axis=1))
        K, widening = self.n_targets, np.ones((len(windows), 1 + future.shape[1]))
        if future.size:
            # its own past changes are not known, so that a leap is what leads further out than the range is wide
            others = low[:, np.newaxis, K:], high[:, np.newaxis, K:]
            beyond = np.fmax(future - others[1], others[0] - future)
            widening[:, 1:] = widening_of(future, beyond, *others, others[1] - others[0])
        low, high = low[:, :K], high[:, :K]
        return bounds_of(low, high, newest(windows[..., :K]), np.zeros_like(low), widening, REACH)


@dataclass(frozen=True)
class ClippedForecasts:
    """What was held: from which step on (from 1), in how many rows, and the bounds where it began."""

    step: int
    n_rows: int
    low: float
    high: float


def find_clipped(answers, bounds):
    """What of the answers (n, steps, n_targets) stands at a bound; None if nothing does."""
    if bounds is None:
        return None
    low, high = bounds
    with np.errstate(invalid="ignore"):  # infinite ones have no room between them
        room = 1e-6 * (high - low)  # answers may have been rounded
        held = np.isfinite(answers) & ((answers <= low + room) | (answers >= high - room))
    if not held.any():
        return None
    row, step, target = min(np.argwhere(held).tolist(), key=lambda at: at[1])
    where = row, step, target
    return ClippedForecasts(step + 1, int(held.any(axis=(1, 2)).sum()), float(low[where]), float(high[where]))


def widening_of(ahead, change, low, high, largest):
    """How much wider bounds are (n, steps) for known columns (n, steps, n_known), by what was seen before."""
    if not ahead.shape[2]:
        return np.ones(ahead.shape[:2])
    beyond = np.nan_to_num(np.fmax(np.fmax(ahead - high, low - ahead), 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(beyond > 0, beyond / (high - low), 0)
    share[np.isinf(share)] = 1  # a column that never changed was not learnt from: what it may do is unknown
    share[(beyond > 0) & ~(change <= largest * (1 + 1e-6))] *= REACH
    return np.maximum.accumulate(1 + share.max(axis=2), axis=1)


def bounds_of(low, high, last, slope, widening, reach):
    """Bounds (2, n, steps, n_targets) of rows with a range and a last value (n, n_targets) each."""
    ahead = np.arange(1, widening.shape[1] + 1)[:, np.newaxis]
    low, high, last, slope = (part[:, np.newaxis] for part in (low, high, last, slope))
    size = (high - low) * np.ones_like(ahead)
    with np.errstate(invalid="ignore"):
        leaving = np.where(size > 0, reach * size * widening[..., np.newaxis], 0 if reach <= 1 else np.inf)
    if reach > 1:
        leaving[:, 0] = np.inf  # nothing has been fed back yet
    drift = max(reach, 1) * slope * ahead
    upper = high + np.fmax(leaving, 2 * (last - high) + drift)
    lower = low - np.fmax(leaving, 2 * (low - last) - drift)
    return np.stack((np.where(np.isnan(lower), -np.inf, lower), np.where(np.isnan(upper), np.inf, upper)))


def newest(windows):
    """The newest present value of each window (n, L, k); NaN where there is none."""
    row = windows.shape[1] - 1 - np.argmin(np.isnan(windows)[:, ::-1], axis=1)
    return np.take_along_axis(windows, row[:, np.newaxis], axis=1)[:, 0]


def line_slope(y):
    """Slope of the least-squares line through each column of y (n, k), times the share that it explains."""
    return line_slopes(y, np.zeros(1, dtype=int))[0]


def line_slopes(y, starts):
    """The same of several series (n, k), one after another, that begin at these rows: (n_series, k)."""
    lengths = np.diff(starts, append=len(y))

    def centred(values):
        values = np.where(present, values, 0)
        mean = np.add.reduceat(values, starts) / count
        return np.where(present, values - np.repeat(mean, lengths, axis=0), 0)

    present = ~np.isnan(y)
    count = np.maximum(np.add.reduceat(present.astype(float), starts), 1)
    row = np.arange(len(y)) - np.repeat(starts, lengths)
    t, y = centred(row[:, np.newaxis]), centred(y)
    size = np.maximum.reduceat(np.abs(y), starts)  # squares of tiny or huge values would not fit
    y = y / np.repeat(np.where(size > 0, size, 1), lengths, axis=0)
    tt, ty, yy = (np.add.reduceat(product, starts) for product in (t * t, t * y, y * y))
    is_line = (tt > 0) & (yy > 0)
    explained = np.divide(ty * ty, tt * yy, out=np.zeros_like(tt), where=is_line)
    return size * explained * np.divide(ty, tt, out=np.zeros_like(tt), where=is_line)


def _ranges(values, starts):
    """Least and largest of each column of several series that begin at these rows; NaN where there is none."""
    return np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
