"""Forecast series by theta: simple exponential smoothing, and half of the slope of the line through all values.

Sources: Assimakopoulos and Nikolopoulos (2000), *The theta model: a decomposition approach to forecasting*, and Hyndman
and Billah (2003), *Unmasking the theta method*, for what it is equal to.

The forecast of a series after each of its rows is a line. It is made of what is known at the row, so that a regressor
can learn from it what theta gets wrong.

Notation: R rows, C columns (series or targets, each by itself), A smoothing constants. The values of a column are those
that are not missing, at most N in a block of rows. At a value y, with the level before it:

    gain = max(constant, 1 / number of values)      so that the level begins as the mean
    error = y - level                               level = level + gain * error
    age = (1 - gain) * (age + rows since the value before)      how many rows ago the time is that the level speaks of

The levels are kept as `lag`, y - level, because both follow from the change of y with no other rounding than its own:

    error = change of y + lag                       lag = (1 - gain) * error

As the gain is constant from some value on, this is a filter of first order, which SciPy runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from sklstm._utils.overflow import power_of_two

if TYPE_CHECKING:
    from sklstm._utils.typing import BoolArray, FloatArray, IntArray

CONSTANTS = np.arange(1, 20) / 20  # that compete, by the squared errors so far
MIDDLE = len(CONSTANTS) // 2  # the one in use until there are enough values
N_TO_CHOOSE = 4  # values from which on there are errors to choose by
N_TO_TRUST = 6  # values from which on half of the slope counts in full; before, it grows in proportion
N_FIRST = 20  # values from which on no gain is that of a mean any more
N_LOOP = 16  # values up to which a loop is faster than the filter
LARGEST = 1e150  # of a distance in units of the first one, so that squares can be summed
BLOCK = 2**18  # smoothed values, of all constants, that are computed at a time: 2 MB


class Lines(NamedTuple):
    """Forecasts that are straight lines: `level + slope * k` for k = 1, 2, … rows ahead.

    Parameters
    ----------
    level, slope : ndarray, both of the same shape
        NaN before the first value.
    """

    level: FloatArray
    slope: FloatArray

    def at(self, rows: IntArray) -> Lines:
        """Return the lines of some rows, the first axis."""
        return Lines(self.level[rows], self.slope[rows])

    def path(self, steps: int) -> FloatArray:
        """Return the values of lines (…, C) at the next steps, (…, steps, C)."""
        level, slope = (part[..., np.newaxis, :] for part in self)
        return level + slope * np.arange(1, steps + 1)[:, np.newaxis]


@dataclass(frozen=True)
class ThetaState:
    """What theta knows of some columns after some rows.

    A column does not depend on the others, nor on missing rows before its first value. The axes before the last one
    are those of `begin`, none; while rows are followed, the states after each of their values are one ThetaState with
    an axis more.

    Parameters
    ----------
    n_values : ndarray of int of shape (C,)
        Number of values so far.
    now, seen : ndarray of shape (C,)
        Time of the last row and of the last value, in rows after the first value.
    first, last : ndarray of shape (C,)
        The first and the last value; NaN if there is none.
    unit : ndarray of shape (C,)
        Power of two near the first distance from the first value that is not 0. Sums are in this unit, so that they do
        not overflow. 0 if there is none.
    time, value : ndarray of shape (C,)
        Sums over the values of their time, and of their distance from the first value.
    spread, product : ndarray of shape (C,)
        Sums over the values of the squared time, and of time multiplied by value, both around their means.
    lag, age, error : ndarray of shape (A, C)
        For each constant the last value - level, the time since that which the level speaks of, and the sum of squared
        errors.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm._components.theta import ThetaState
    >>> y = np.array([[1.0], [2.0], [np.nan], [4.0], [5.0], [6.0], [7.0]])
    >>> state, lines = ThetaState.begin(1).follow(y)
    >>> state.line.path(3).ravel().round(2)  # half of the slope of 1
    array([7.47, 7.97, 8.47])
    >>> bool((lines.level[-1] == state.line.level).all())
    True
    """

    n_values: IntArray
    now: FloatArray
    seen: FloatArray
    first: FloatArray
    last: FloatArray
    unit: FloatArray
    time: FloatArray
    value: FloatArray
    spread: FloatArray
    product: FloatArray
    lag: FloatArray
    age: FloatArray
    error: FloatArray

    @classmethod
    def begin(cls, n_columns: int) -> Self:
        """Return the state before the first row."""
        unknown = np.full(n_columns, np.nan)
        zeros, by_constant = np.zeros(n_columns), np.zeros((len(CONSTANTS), n_columns))
        n_values = np.zeros(n_columns, dtype=np.int64)
        return cls(n_values, zeros, zeros, unknown, unknown, *[zeros] * 5, *[by_constant] * 3)

    @classmethod
    def joined(cls, states: Sequence[Self]) -> Self:
        """Return the state of the columns of some states, one after the other."""
        return cls(*(np.concatenate([getattr(state, f.name) for state in states], axis=-1) for f in fields(cls)))

    def columns(self, which: slice | IntArray) -> Self:
        """Return the state of some columns."""
        return type(self)(*(getattr(self, field.name)[..., which] for field in fields(self)))

    def follow(self, y: FloatArray) -> tuple[ThetaState, Lines]:
        """Return the state after more rows, and the forecasts that are made at each of them.

        The rows may come in any number of pieces, with the same result. The time does not depend on earlier rows.

        Parameters
        ----------
        y : ndarray of shape (R, C)
            The next rows in float64; NaN where a value is missing. There, the line before it goes on.

        Returns
        -------
        state : ThetaState
        lines : Lines of shape (R, C)
            Row i holds the forecast that is made when rows up to i are known; later rows do not change it.
        """
        size = max(1, BLOCK // (len(CONSTANTS) * max(1, y.shape[1])))
        state: ThetaState = self
        parts = [Lines(y[:0], y[:0])]
        for begin in range(0, len(y), size):
            state, lines = _follow_block(state, y[begin : begin + size])
            parts.append(lines)
        return state, Lines(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    @property
    def line(self) -> Lines:
        """The forecast that is made now."""
        best = np.where(self.n_values < N_TO_CHOOSE, MIDDLE, self.error.argmin(axis=0))[np.newaxis]
        lag, age = (np.take_along_axis(part, best, axis=0)[0] for part in (self.lag, self.age))
        trust = np.minimum(1, (self.n_values - 1) / (N_TO_TRUST - 1))
        slope = np.divide(self.product, self.spread, out=np.zeros_like(self.spread), where=self.spread > 0)
        slope = np.where(self.n_values > 0, 0.5 * trust * slope * self.unit, np.nan)
        return Lines((self.last - lag + slope * age) + slope * (self.now - self.seen), slope)


def follow_each(series: Sequence[FloatArray]) -> list[tuple[ThetaState, Lines]]:
    """Follow some series from their first row on, each of shape (R, C) with the same C, many at a time.

    Returns
    -------
    followed : list of (ThetaState, Lines)
        For each series what `ThetaState.begin(C).follow(y)` returns.
    """
    alike: dict[int, list[int]] = {}  # series of similar length, by number
    for number, y in enumerate(series):
        alike.setdefault(len(y).bit_length(), []).append(number)
    found = {}
    for numbers in alike.values():
        group = [series[number] for number in numbers]
        n, n_columns = max(map(len, group)), group[0].shape[1]
        padded = [np.concatenate((np.full((n - len(y), n_columns), np.nan), y)) for y in group]
        state, lines = ThetaState.begin(n_columns * len(group)).follow(np.concatenate(padded, axis=1))
        for k, (number, y) in enumerate(zip(numbers, group, strict=True)):
            which = slice(k * n_columns, (k + 1) * n_columns)
            found[number] = state.columns(which), Lines(*(part[n - len(y) :, which] for part in lines))
    return [found[number] for number in range(len(series))]


def _follow_block(state: ThetaState, y: FloatArray) -> tuple[ThetaState, Lines]:
    """Do the same as `follow` for so few rows that what is computed for each of them fits the memory."""
    present = ~np.isnan(y)
    rows, values = _values_first(y, present)
    start = np.where(state.n_values > 0, state.now + 1, -rows[:1].sum(axis=0))  # time of the first row
    path = _path(state, start + rows, values)
    n_known = present.cumsum(axis=0)  # values in the block up to each row
    level, slope, seen = (np.take_along_axis(part, n_known, axis=0) for part in (*path.line, path.seen))
    since = start + np.arange(len(y))[:, np.newaxis] - seen
    end = _at_values(path, n_known[-1])
    now = np.where(end.n_values > 0, start + len(y) - 1, 0)
    return replace(end, now=now), Lines(level + slope * since, slope)


def _values_first(y: FloatArray, present: BoolArray) -> tuple[IntArray, FloatArray]:
    """Return the row and the value of each value of a column, both (N, C); columns with fewer values end with NaN."""
    if present.all():
        return np.broadcast_to(np.arange(len(y))[:, np.newaxis], y.shape), y
    rows = np.argsort(~present, axis=0, kind="stable")[: present.sum(axis=0).max()]
    return rows, np.take_along_axis(y, rows, axis=0)


def _at_values(path: ThetaState, n: IntArray) -> ThetaState:
    """Return the state of each column after so many values of a path."""
    columns = np.arange(len(n))
    return ThetaState(*(getattr(path, field.name)[..., n, columns] for field in fields(path)))


def _path(state: ThetaState, times: FloatArray, values: FloatArray) -> ThetaState:
    """Return a state and those after each of N values, with arrays of shape (…, N + 1, C).

    What comes after the last value of a column has no meaning.
    """
    n_values = state.n_values + np.arange(len(values) + 1)[:, np.newaxis]
    first = np.where(state.n_values > 0, state.first, values[0]) if len(values) else state.first
    values = np.where(np.isnan(values), first, values)
    seen, last = _preceded(state.seen, times), _preceded(np.where(state.n_values > 0, state.last, first), values)
    unit = np.where(state.unit > 0, state.unit, _first_unit(np.abs(values - first)))
    error, lag, age = _smoothed(state, n_values[1:], np.diff(last, axis=0), np.diff(seen, axis=0))
    sums = _sums(state, n_values, times, _in_unit(values - first, unit))
    squares = _preceded(state.error, _in_unit(error, unit) ** 2).cumsum(axis=-2)
    last[0] = state.last
    firsts, units = (np.broadcast_to(part, last.shape) for part in (first, unit))
    return ThetaState(n_values, seen, seen, firsts, last, units, *sums, lag, age, squares)


def _preceded(before: FloatArray, values: FloatArray) -> FloatArray:
    """Return values, (…, N, C), with one more, (…, C), in front of them."""
    return np.concatenate((before[..., np.newaxis, :], values), axis=-2)


def _first_unit(distance: FloatArray) -> FloatArray:
    """Return the power of two near the first distance of each column that is not 0; 0 if there is none."""
    if not len(distance):
        return np.zeros(distance.shape[1])
    first = np.take_along_axis(distance, (distance > 0).argmax(axis=0)[np.newaxis], axis=0)[0]
    return np.where(first > 0, power_of_two(first), 0)


def _in_unit(distance: FloatArray, unit: FloatArray) -> FloatArray:
    """Return distances in a unit, limited to what can be squared and summed."""
    with np.errstate(over="ignore"):
        return np.clip(distance / np.where(unit > 0, unit, 1), -LARGEST, LARGEST)


def _smoothed(
    state: ThetaState, n_values: IntArray, change: FloatArray, gap: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the errors of all constants at each value, (A, N, C), and lags and ages from the state on, (A, N + 1, C).

    Parameters
    ----------
    state : ThetaState
    n_values : ndarray of int of shape (N, C)
        Number of values up to each.
    change, gap : ndarray of shape (N, C)
        Change of value and of time from the value before; 0 at the first one.
    """
    n = len(change)
    error = np.empty((len(CONSTANTS), *change.shape))
    lag, age = (_preceded(part, np.empty_like(error)) for part in (state.lag, state.age))
    n_loop = int(np.clip(N_FIRST - 1 - state.n_values.min(), 0, n))
    for i in range(n if n - n_loop <= N_LOOP else n_loop):
        keep = 1 - np.maximum(CONSTANTS[:, np.newaxis], 1 / n_values[i])
        error[:, i] = change[i] + lag[:, i]
        lag[:, i + 1] = keep * error[:, i]
        age[:, i + 1] = keep * gap[i] + keep * age[:, i]
    if n - n_loop > N_LOOP:
        for k, keep in enumerate(1 - CONSTANTS):
            error[k, n_loop:] = _filtered(keep, change[n_loop:], lag[k, n_loop])
            lag[k, n_loop + 1 :] = keep * error[k, n_loop:]
            age[k, n_loop + 1 :] = _filtered(keep, keep * gap[n_loop:], keep * age[k, n_loop])
    return error, lag, age


def _filtered(keep: float, values: FloatArray, before: FloatArray) -> FloatArray:
    """Return results, each of which is the value plus `keep` times the result before; `before` is that of the first."""
    from scipy.signal import lfilter  # takes a quarter of the time of importing sklstm

    return lfilter([1.0], [1.0, -keep], values, axis=0, zi=before[np.newaxis])[0]


def _sums(
    state: ThetaState, n_values: IntArray, times: FloatArray, values: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return the sums of `ThetaState` that make the slope, from the state on, each (N + 1, C).

    Those of products are around the means so far (Welford 1962), as differences of large sums would be inexact.
    """
    time, value = (_preceded(*part).cumsum(axis=0) for part in ((state.time, times), (state.value, values)))
    mean_time, mean_value = (part / np.maximum(n_values, 1) for part in (time, value))
    from_mean = times - mean_time[:-1]
    spread = _preceded(state.spread, from_mean * (times - mean_time[1:])).cumsum(axis=0)
    product = _preceded(state.product, from_mean * (values - mean_value[1:])).cumsum(axis=0)
    return time, value, spread, product
