"""The step of a pandas index, and how to count in it.

Hours and whatever is shorter are stretches of absolute time. Days, and all that consists of days, are counted by the
clock on the wall: what is at midnight stays at midnight. Where clocks are put forward over that time, a day begins
when they allow it; where they are put back to it, it begins the first time.

pandas is imported inside; whoever holds a pandas index has it loaded already.
"""

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}

# How dates are written as whole numbers, by their digits.
DATES = {6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}

# Times of day among which that of days is looked for: theirs, and those of days that could not begin then.
N_TIMES_OF_DAY = 10


@dataclass(frozen=True)
class IndexEnd:
    """The last value of an index of time and the step at which it goes on.

    Parameters
    ----------
    last : Timestamp, Period or int
    step : DateOffset or int or None
        None where the values do not agree on one.
    name : object
        The index's name.
    time_of_day : Timedelta or None
        When days begin by the clock of the time zone; None without one, and where no time explains all stamps.
    """

    last: Any
    step: Any
    name: Any
    time_of_day: Any = None

    def from_last(self, steps):
        """The index of `steps` values, of which the last one known is the first.

        Raises
        ------
        ValueError
            If it reaches beyond what pandas can hold.
        """
        import pandas as pd

        try:
            if isinstance(self.last, pd.Timestamp):
                return stamps_from(self.last, self.step, steps, self.time_of_day).rename(self.name)
            if isinstance(self.last, pd.Period):
                return _periods_from(self.last, steps).rename(self.name)
            return _numbers_from(self.last, steps, self.step).rename(self.name)
        except (OverflowError, pd.errors.OutOfBoundsDatetime) as error:
            raise ValueError(self._beyond_message(steps)) from error

    def next_values(self, steps):
        """The index of the next `steps` values."""
        return self.from_last(steps + 1)[1:]

    def _beyond_message(self, steps):
        unit = getattr(self.last, "unit", None)
        reach = f", which reaches to {type(self.last).max} in the unit {unit}" if unit == "ns" else ""
        coarser = ', or give stamps in a coarser unit: index.as_unit("s")' if unit == "ns" else ""
        return (
            f"The index ends at {self.last} and cannot go on for {steps - 1} steps of "
            f"{step_name(self.step, self.last)}: the last of them lies beyond what pandas holds{reach}. "
            f"Forecast fewer steps{coarser}."
        )


def index_end(index):
    """The `IndexEnd` of a DatetimeIndex, PeriodIndex or index of integers; None for any other."""
    import pandas as pd

    if not len(index) or isinstance(index, pd.MultiIndex) or index.hasnans:
        return None
    time_of_day = None
    if isinstance(index, pd.DatetimeIndex):
        step = index.freq
        if step is None or not is_absolute(step):
            wall, time_of_day = wall_clock(index)
            step = _agreed_frequency(index, wall) if step is None else step
    elif isinstance(index, pd.PeriodIndex):
        step = index.freq if (np.diff(index.asi8) == index.freq.n).all() else None
    elif index.dtype.kind in "iu":
        step = _agreed_difference(index)
    else:
        return None
    if not index.is_monotonic_increasing or getattr(step, "n", 1) < 0:
        step = None  # what runs backwards is in no order of time
    last = int(index[-1]) if index.dtype.kind in "iu" else index[-1]
    return IndexEnd(last, step, index.name, time_of_day)


def end_if_regular(index):
    """The `IndexEnd` of an index whose series can be forecast; None if it is irregular, or not what it seems.

    What cannot be decided has `step=None`: fewer than three stamps without a frequency, and working
    days in a row (part of every day, or of every business day?). A single whole number goes on by 1.
    """
    end = index_end(index)
    if end is None or not index.is_unique or not index.is_monotonic_increasing or dates_format(index):
        return None
    if end.step is None and isinstance(end.last, int) and len(index) == 1:
        return replace(end, step=1)
    return None if end.step is None and not _is_undecided(index) else end


def _is_undecided(index):
    """Whether nothing speaks against a regular step, but several are possible."""
    import pandas as pd

    return isinstance(index, pd.DatetimeIndex) and (len(index) < 3 or inferred_frequency(index) is not None)


def dates_format(index):
    """How whole numbers are written that all read as dates (20240131, 202401); None where they do not."""
    import pandas as pd

    if len(index) < 2 or index.dtype.kind not in "iu" or isinstance(index, pd.MultiIndex):
        return None
    digits = len(str(index[0]))
    if digits not in DATES or len(str(index[-1])) != digits:
        return None
    for part in (index[[0, -1]], index[:100], index):  # most numbers are found out at once
        dates = pd.to_datetime(part.astype(str), format=DATES[digits], errors="coerce")
        if dates.hasnans or not ((dates.year > 1800) & (dates.year < 2200)).all():
            return None
    return DATES[digits]


def steps_from(end, index, step):
    """How many steps each value lies after `end`: -1 for what lies between two of them, or before."""
    import pandas as pd

    start = end.last
    if isinstance(index, pd.PeriodIndex):
        return _whole_steps(index.asi8 - start.ordinal, step.n)
    if not isinstance(index, pd.DatetimeIndex):
        return _whole_steps(integers(index) - start, step)
    if is_absolute(step):
        unit = min(start.unit, index.unit, key=NANOSECONDS.get)
        origin = pd.DatetimeIndex([start]).as_unit(unit).asi8
        return _whole_steps(index.as_unit(unit).asi8 - origin, step.nanos // NANOSECONDS[unit])
    if start.tz is None:
        return pd.date_range(start, index[-1], freq=step, unit=start.unit).get_indexer(index)
    first, _ = wall_clock(pd.DatetimeIndex([start]), end.time_of_day)
    wall, _ = wall_clock(index.tz_convert(start.tz), end.time_of_day)
    grid = pd.date_range(first[0], wall.max(), freq=step, unit=start.unit)
    return grid[_exists(grid, start.tz)].get_indexer(wall)


def is_absolute(step):
    """Whether an offset is a stretch of time that no clock or calendar changes (pandas 2 counts days among them)."""
    import pandas as pd

    return isinstance(step, pd.offsets.Tick) and not isinstance(step, pd.offsets.Day)


def step_name(step, value):
    """What a step is called between values like this one (a month ends in ME, but a period of it is M)."""
    return getattr(value, "freqstr", getattr(step, "freqstr", step))


def integers(index):
    """The values of an index of whole numbers."""
    return index.to_numpy(np.int64)


# ---- time zones


def wall_clock(index, time_of_day=None):
    """Stamps by the clock on the wall, without a time zone, and the time at which days begin by it.

    A stamp at which clocks were put forward over the time of day stands for that time, which there was not. The time
    of day is looked for among those of the stamps, where it is not given; it is None where none explains them all.
    """
    import pandas as pd

    if index.tz is None:
        return index, None
    local = index.tz_localize(None)
    days = local.normalize()
    times = (local - days).to_numpy()
    if time_of_day is None:
        kinds, counts = np.unique(times, return_counts=True)
        if len(kinds) == 1 and len(index) > 1:
            return local, pd.Timedelta(kinds[0])
        midnight = np.zeros(1, times.dtype)  # a single stamp may be that of a day without midnight
        candidates = (*midnight, *kinds[np.argsort(-counts, kind="stable")])[: N_TIMES_OF_DAY + 1]
        if len(kinds) > N_TIMES_OF_DAY:
            return local, None
    else:
        candidates = [np.timedelta64(time_of_day).astype(times.dtype)]
    for candidate in candidates:
        wall = _at_time_of_day(index, local, days, times, candidate)
        if wall is not None:
            return wall, pd.Timedelta(candidate)
    return local, time_of_day


def _at_time_of_day(index, local, days, times, time_of_day):
    """Stamps of days that all begin at one time, or as soon as the clocks allow; None if they do not."""
    import pandas as pd

    wall, odd = local.to_numpy().copy(), np.flatnonzero(times != time_of_day)
    for back in (0, 1):  # clocks that skip the end of a day take it to the next one
        meant = days[odd] + pd.Timedelta(time_of_day) - pd.Timedelta(days=back)
        found = _stands_for(index[odd], meant)
        wall[odd[found]] = meant.to_numpy()[found]
        odd = odd[~found]
    return None if len(odd) else pd.DatetimeIndex(wall)


def _stands_for(stamps, meant):
    """Whether there was no such local time as was meant, and the stamp is the one that stands for it.

    That is the first time that there was after it; or the one at which a clock shows it that was not put forward.
    """
    import pandas as pd

    if not len(stamps):
        return np.zeros(0, dtype=bool)
    was_not = meant.tz_localize(stamps.tz, nonexistent="NaT", ambiguous=_first_time(meant)).isna()
    day = pd.Timedelta(days=1)
    by_old_clock = on_clock(meant - day, stamps.tz) + day
    return was_not & ((stamps == on_clock(meant, stamps.tz)) | (stamps == by_old_clock))


def on_clock(wall, tz):
    """The stamps at which a clock on the wall shows these times, or the first one after them; of two the first."""
    return wall.tz_localize(tz, nonexistent="shift_forward", ambiguous=_first_time(wall))


def _first_time(wall):
    return np.ones(len(wall), dtype=bool)


def _exists(wall, tz):
    """Whether clocks show these times, or the day at least: at the date line whole days are left out."""
    import pandas as pd

    return np.asarray(on_clock(wall, tz).tz_localize(None) - wall < pd.Timedelta(days=1))


# ---- going on


def stamps_from(start, step, steps, time_of_day):
    """The DatetimeIndex of `steps` stamps of which `start` is the first."""
    import pandas as pd

    if start.tz is None or is_absolute(step):
        return pd.date_range(start, periods=steps, freq=step, unit=start.unit)
    wall = wall_clock(pd.DatetimeIndex([start]), time_of_day)[0][0]
    grid = pd.date_range(wall, periods=steps, freq=step, unit=start.unit)
    n_left_out = int((~_exists(grid, start.tz)).sum())
    if not n_left_out and not grid.tz_localize(start.tz, nonexistent="NaT", ambiguous="NaT").hasnans:
        return pd.date_range(wall, periods=steps, freq=step, unit=start.unit, tz=start.tz)  # knows its frequency
    if n_left_out:
        grid = pd.date_range(wall, periods=steps + n_left_out, freq=step, unit=start.unit)
        grid = grid[_exists(grid, start.tz)][:steps]
    return pd.DatetimeIndex([start]).as_unit(start.unit).append(on_clock(grid[1:], start.tz))


def _periods_from(start, steps):
    import pandas as pd

    if start.ordinal + (steps - 1) * start.freq.n > np.iinfo(np.int64).max:
        raise OverflowError
    return pd.period_range(start, periods=steps)


def _numbers_from(start, steps, step):
    import pandas as pd

    if start + steps * step > np.iinfo(np.int64).max:
        raise OverflowError
    return pd.RangeIndex(start, start + steps * step, step)


# ---- steps that all values agree on


def _whole_steps(distance, step):
    steps, rest = np.divmod(distance, step)
    return np.where((rest == 0) & (steps >= 0), steps, -1)


def _agreed_difference(index):
    """The step that all of an index of integers agrees on, or None."""
    import pandas as pd

    if isinstance(index, pd.RangeIndex):
        return index.step if index.step > 0 else None
    differences = np.unique(np.diff(integers(index)))
    return int(differences[0]) if len(differences) == 1 and differences[0] else None


def _agreed_frequency(index, wall):
    """The frequency that all stamps agree on, or None.

    Five days in a row may be a working week as well as a part of every day: without a weekend
    among them, days are no frequency.
    """
    import pandas as pd

    step = inferred_frequency(index, wall)
    return None if isinstance(step, pd.offsets.Day) and wall.day_of_week.max() < 5 else step


def inferred_frequency(index, wall=None):
    """The frequency that gives these stamps, which have that `wall_clock`; None if there is none.

    pandas finds most; the offsets that it knows but does not look for are added.
    """
    if len(index) < 3 or not index.is_monotonic_increasing:
        return None
    wall = wall_clock(index)[0] if wall is None else wall
    for step in _possible_frequencies(index, wall):
        if is_absolute(step):
            regular = _stamps_or_none(index[0], step, len(index), None)
            found = regular is not None and np.array_equal(regular.asi8, index.asi8)
        else:
            found = _is_regular_by_wall(wall, step, index.tz)
        if found:
            return step
    return None


def _is_regular_by_wall(wall, step, tz):
    """Whether times on the wall follow each other by one step, but for days that were left out."""
    import pandas as pd

    regular = _stamps_or_none(wall[0], step, len(wall), None)
    if regular is None:
        return False
    is_regular = np.array_equal(regular.asi8, wall.asi8)
    if tz is None or is_regular:
        return is_regular
    regular = pd.date_range(wall[0], wall[-1], freq=step, unit=wall.unit)
    return regular[_exists(regular, tz)].equals(wall)


def _stamps_or_none(start, step, steps, time_of_day):
    """The stamps from one on; None where they reach beyond what pandas holds."""
    import pandas as pd

    try:
        return stamps_from(start, step, steps, time_of_day)
    except (OverflowError, pd.errors.OutOfBoundsDatetime):
        return None


def _possible_frequencies(index, wall):
    """Frequencies that three stamps or more may have, the most likely one first."""
    import pandas as pd

    for stamps in (wall, index) if index.tz is not None else (index,):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pandas 3 announces that it will return an offset; either will do
            frequency = pd.infer_freq(stamps)
        if frequency is not None:
            yield pd.tseries.frequencies.to_offset(frequency)
    yield from month_parts(wall)
    if index.tz is not None:
        yield pd.offsets.Day()  # but for days that a time zone left out
        yield pd.offsets.BusinessDay()


def month_parts(wall):
    """Offsets of two days of a month, or of the last such weekday of one, that stamps may have."""
    import pandas as pd

    days = wall.day.unique().sort_values()
    if len(days) == 2 and days[0] == 1 and days[1] < 28:
        yield pd.offsets.SemiMonthBegin(day_of_month=int(days[1]))
    if 2 <= len(days) <= 5 and wall.is_month_end.any() and days[0] < 28:
        yield pd.offsets.SemiMonthEnd(day_of_month=int(days[0]))
    if wall.day_of_week.nunique() == 1 and (wall.day > wall.days_in_month - 7).all():
        yield pd.offsets.LastWeekOfMonth(weekday=int(wall.day_of_week[0]))
