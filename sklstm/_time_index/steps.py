"""The step of a pandas index: find it, count in it, and continue the index by it.

Hours and shorter steps are elapsed time. Days, and all steps that consist of days, are counted in the local time of the
time zone (see `wall_clock`).

pandas is imported inside the functions: a user with a pandas index has imported it already.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sklstm._time_index.wall_clock import day_exists, on_clock, wall_clock

if TYPE_CHECKING:
    import pandas as pd

NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}

# Formats of dates that are written as integers, by the number of digits.
INTEGER_DATE_FORMATS = {6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


@dataclass(frozen=True)
class IndexEnd:
    """The last value of an index, and the step by which the index continues.

    Parameters
    ----------
    last : Timestamp, Period or int
    step : DateOffset, int or None
        None if the values have no common step.
    name : object
        Name of the index.
    time_of_day : Timedelta or None
        Local time at which days begin; None without a time zone, or if no such time explains all timestamps.
    """

    last: pd.Timestamp | pd.Period | int
    step: pd.DateOffset | int | None
    name: Hashable
    time_of_day: pd.Timedelta | None = None

    def from_last(self, steps):
        """Continue the index: return `steps` values, the first of which is the last known one.

        Raises
        ------
        ValueError
            If the last of them is beyond the range of pandas.
        """
        import pandas as pd

        try:
            if isinstance(self.last, pd.Timestamp):
                return timestamps_from(self.last, self.step, steps, self.time_of_day).rename(self.name)
            if isinstance(self.last, pd.Period):
                return _periods_from(self.last, steps).rename(self.name)
            return _integers_from(self.last, steps, self.step).rename(self.name)
        except (OverflowError, pd.errors.OutOfBoundsDatetime) as error:
            raise ValueError(self._out_of_range_message(steps)) from error

    def next_values(self, steps):
        """Return the next `steps` values of the index."""
        return self.from_last(steps + 1)[1:]

    def _out_of_range_message(self, steps):
        has_nanoseconds = getattr(self.last, "unit", None) == "ns"
        limit = f" The range of unit ns ends at {type(self.last).max}." if has_nanoseconds else ""
        coarser = ', or use timestamps of a coarser unit: index.as_unit("s")' if has_nanoseconds else ""
        return (
            f"The index ends at {self.last} and cannot continue for {steps - 1} steps of "
            f"{step_name(self.step, self.last)}: the last step is out of the range of pandas.{limit} "
            f"Forecast fewer steps{coarser}."
        )


def index_end(index):
    """Return the end of a DatetimeIndex, PeriodIndex or index of integers; None for any other index.

    Returns
    -------
    end : IndexEnd or None
    """
    import pandas as pd

    if not len(index) or isinstance(index, pd.MultiIndex) or index.hasnans:
        return None
    time_of_day = None
    if isinstance(index, pd.DatetimeIndex):
        step = index.freq
        if step is None or not is_absolute(step):
            wall, time_of_day = wall_clock(index)
            step = _common_frequency(index, wall) if step is None else step
    elif isinstance(index, pd.PeriodIndex):
        step = index.freq if (np.diff(index.asi8) == index.freq.n).all() else None
    elif index.dtype.kind in "iu":
        step = _common_difference(index)
    else:
        return None
    if not index.is_monotonic_increasing or getattr(step, "n", 1) < 0:
        step = None  # the index is not in time order
    last = int(index[-1]) if index.dtype.kind in "iu" else index[-1]
    return IndexEnd(last, step, index.name, time_of_day)


def end_if_regular(index):
    """Return the end of a regular index; None if it is irregular, or holds dates written as integers.

    The step is None if several are possible: with fewer than three timestamps without a frequency, and with
    consecutive days of one working week, whose step may be a day or a business day. A single integer continues by 1.

    Returns
    -------
    end : IndexEnd or None
    """
    end = index_end(index)
    if end is None or not index.is_unique or not index.is_monotonic_increasing or integer_date_format(index):
        return None
    if end.step is None and isinstance(end.last, int) and len(index) == 1:
        return replace(end, step=1)
    return None if end.step is None and not _is_ambiguous(index) else end


def _is_ambiguous(index):
    """Whether an index of timestamps may be regular, but several steps are possible."""
    import pandas as pd

    return isinstance(index, pd.DatetimeIndex) and (len(index) < 3 or inferred_frequency(index) is not None)


def integer_date_format(index):
    """Return the format of integers that are all dates, such as 20240131 or 202401; None if they are not."""
    import pandas as pd

    if len(index) < 2 or index.dtype.kind not in "iu" or isinstance(index, pd.MultiIndex):
        return None
    digits = len(str(index[0]))
    if digits not in INTEGER_DATE_FORMATS or len(str(index[-1])) != digits:
        return None
    for part in (index[[0, -1]], index[:100], index):  # a few values often suffice to show that integers are not dates
        dates = pd.to_datetime(part.astype(str), format=INTEGER_DATE_FORMATS[digits], errors="coerce")
        if dates.hasnans or not ((dates.year > 1800) & (dates.year < 2200)).all():
            return None
    return INTEGER_DATE_FORMATS[digits]


def steps_from(end, index, step):
    """Count how many steps each value of an index lies after an end.

    Parameters
    ----------
    end : IndexEnd
    index : Index
        Of the kind of `end.last`.
    step : DateOffset or int

    Returns
    -------
    steps : ndarray of int
        -1 for values that lie before the end, or between two steps.
    """
    import pandas as pd

    start = end.last
    if isinstance(index, pd.PeriodIndex):
        return _whole_steps(index.asi8 - start.ordinal, step.n)
    if not isinstance(index, pd.DatetimeIndex):
        # as in `integers`, numbers beyond int64 are taken modulo 2**64, which the difference undoes
        return _whole_steps(integers(index) - np.array(start % 2**64, dtype=np.uint64).view(np.int64), step)
    if is_absolute(step):
        unit = min(start.unit, index.unit, key=NANOSECONDS.get)
        origin = pd.DatetimeIndex([start]).as_unit(unit).asi8
        return _whole_steps(index.as_unit(unit).asi8 - origin, step.nanos // NANOSECONDS[unit])
    if start.tz is None:
        first, wall = start, index
    else:
        (first,), _ = wall_clock(pd.DatetimeIndex([start]), end.time_of_day)
        wall, _ = wall_clock(index.tz_convert(start.tz), end.time_of_day)
    try:
        grid = pd.date_range(first, wall.max(), freq=step, unit=start.unit)
        return (grid if start.tz is None else grid[day_exists(grid, start.tz)]).get_indexer(wall)
    except pd.errors.OutOfBoundsDatetime:  # later than the unit of the end can say, so at none of its steps
        return np.full(len(index), -1)


def _whole_steps(distance, step):
    steps, rest = np.divmod(distance, step)
    return np.where((rest == 0) & (steps >= 0), steps, -1)


def is_absolute(step):
    """Whether an offset is a fixed duration, independent of clock and calendar. In pandas 2, Day is a Tick too."""
    import pandas as pd

    return isinstance(step, pd.offsets.Tick) and not isinstance(step, pd.offsets.Day)


def step_name(step, value):
    """Return the name of a step between values such as `value`: a month is ME for timestamps, M for periods."""
    return getattr(value, "freqstr", getattr(step, "freqstr", step))


def integers(index):
    """Return the values of an index of integers."""
    return index.to_numpy(np.int64)


# ---- continue an index


def timestamps_from(start, step, steps, time_of_day):
    """Return a DatetimeIndex of `steps` timestamps, of which `start` is the first."""
    import pandas as pd

    if start.tz is None or is_absolute(step):
        return pd.date_range(start, periods=steps, freq=step, unit=start.unit)
    wall = wall_clock(pd.DatetimeIndex([start]), time_of_day)[0][0]
    grid = pd.date_range(wall, periods=steps, freq=step, unit=start.unit)
    n_skipped = int((~day_exists(grid, start.tz)).sum())
    if not n_skipped and not grid.tz_localize(start.tz, nonexistent="NaT", ambiguous="NaT").hasnans:
        return pd.date_range(wall, periods=steps, freq=step, unit=start.unit, tz=start.tz)  # has a frequency
    if n_skipped:
        grid = pd.date_range(wall, periods=steps + n_skipped, freq=step, unit=start.unit)
        grid = grid[day_exists(grid, start.tz)][:steps]
    return pd.DatetimeIndex([start]).as_unit(start.unit).append(on_clock(grid[1:], start.tz))


def _periods_from(start, steps):
    import pandas as pd

    if start.ordinal + (steps - 1) * start.freq.n > np.iinfo(np.int64).max:
        raise OverflowError
    return pd.period_range(start, periods=steps)


def _integers_from(start, steps, step):
    import pandas as pd

    if start + steps * step > np.iinfo(np.int64).max:
        raise OverflowError
    return pd.RangeIndex(start, start + steps * step, step)


# ---- the step that all values agree on


def _common_difference(index):
    """Return the common difference of consecutive integers of an index; None if they differ."""
    import pandas as pd

    if isinstance(index, pd.RangeIndex):
        return index.step if index.step > 0 else None
    differences = np.unique(np.diff(integers(index)))
    return int(differences[0]) if len(differences) == 1 and differences[0] > 0 else None


def _common_frequency(index, wall):
    """Return the frequency of timestamps, whose local times are `wall`; None if there is none.

    Consecutive days without a weekend have no frequency, as it may be a day or a business day.
    """
    import pandas as pd

    step = inferred_frequency(index, wall)
    return None if isinstance(step, pd.offsets.Day) and wall.day_of_week.max() < 5 else step


def inferred_frequency(index, wall=None):
    """Infer the frequency of timestamps; None if there is none.

    This also finds some offsets that pandas does not infer.

    Parameters
    ----------
    index : DatetimeIndex
    wall : DatetimeIndex, default=None
        The local times of the index. None computes them.
    """
    if len(index) < 3 or not index.is_monotonic_increasing:
        return None
    wall = wall_clock(index)[0] if wall is None else wall
    for step in _possible_frequencies(index, wall):
        if is_absolute(step):
            regular = _timestamps_or_none(index[0], step, len(index), None)
            is_regular = regular is not None and np.array_equal(regular.asi8, index.asi8)
        else:
            is_regular = _is_regular_by_wall(wall, step, index.tz)
        if is_regular:
            return step
    return None


def _is_regular_by_wall(wall, step, tz):
    """Whether local times are one step apart, except for days that the time zone left out."""
    import pandas as pd

    regular = _timestamps_or_none(wall[0], step, len(wall), None)
    if regular is None:
        return False
    is_regular = np.array_equal(regular.asi8, wall.asi8)
    if tz is None or is_regular:
        return is_regular
    regular = pd.date_range(wall[0], wall[-1], freq=step, unit=wall.unit)
    return regular[day_exists(regular, tz)].equals(wall)


def _timestamps_or_none(start, step, steps, time_of_day):
    """Return the result of `timestamps_from`; None if the timestamps are out of the range of pandas."""
    import pandas as pd

    try:
        return timestamps_from(start, step, steps, time_of_day)
    except (OverflowError, pd.errors.OutOfBoundsDatetime):
        return None


def _possible_frequencies(index, wall):
    """Yield the frequencies that timestamps (at least three) may have, the most likely one first."""
    import pandas as pd

    for stamps in (wall, index) if index.tz is not None else (index,):
        unknown = stamps.copy()
        unknown.freq = None
        # not pd.infer_freq, of which pandas 3 warns: to catch a warning is not safe where threads forecast
        inferred = pd.DatetimeIndex(unknown, freq="infer").freq
        if inferred is not None:
            yield inferred
    yield from offsets_within_months(wall)
    if index.tz is not None:
        yield pd.offsets.Day()  # which pandas does not infer where a time zone left out days
        yield pd.offsets.BusinessDay()


def offsets_within_months(wall):
    """Yield offsets of two days per month, or of the last Monday (or other weekday) of each month, that may fit."""
    import pandas as pd

    days = wall.day.unique().sort_values()
    if len(days) == 2 and days[0] == 1 and days[1] < 28:
        yield pd.offsets.SemiMonthBegin(day_of_month=int(days[1]))
    if 2 <= len(days) <= 5 and wall.is_month_end.any() and days[0] < 28:
        yield pd.offsets.SemiMonthEnd(day_of_month=int(days[0]))
    if wall.day_of_week.nunique() == 1 and (wall.day > wall.days_in_month - 7).all():
        yield pd.offsets.LastWeekOfMonth(weekday=int(wall.day_of_week[0]))
