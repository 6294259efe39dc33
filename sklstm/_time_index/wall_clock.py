"""Timestamps by the clock on the wall of their time zone.

Days are counted by that clock, so that a day which begins at midnight is followed by one which begins at midnight.
Where clocks are put forward over midnight, the day begins at the first time after it. Where they are put back to it,
the day begins the first time that they show it.

pandas is imported inside the functions; whoever has a pandas index has loaded it already.
"""

import numpy as np

# How many times of day of the timestamps are tried as the time at which days begin: the time itself, and the times at
# which days begin whose clocks skipped it.
MAX_TIMES_OF_DAY = 10


def wall_clock(index, time_of_day=None):
    """Convert timestamps to local times without a time zone.

    Parameters
    ----------
    index : DatetimeIndex
    time_of_day : Timedelta, default=None
        The time at which days begin. None looks for it among the timestamps.

    Returns
    -------
    wall : DatetimeIndex
        Local times. Where a timestamp stands for a time of day that the clocks skipped, it is that time.
    time_of_day : Timedelta or None
        The time at which days begin; None without a time zone, and if no time explains all timestamps.
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
        midnight = np.zeros(1, times.dtype)  # a single timestamp may be that of a day without midnight
        candidates = (*midnight, *kinds[np.argsort(-counts, kind="stable")])[: MAX_TIMES_OF_DAY + 1]
        if len(kinds) > MAX_TIMES_OF_DAY:
            return local, None
    else:
        candidates = [np.timedelta64(time_of_day).astype(times.dtype)]
    for candidate in candidates:
        wall = _at_time_of_day(index, local, days, times, candidate)
        if wall is not None:
            return wall, pd.Timedelta(candidate)
    return local, time_of_day


def on_clock(wall, tz):
    """The timestamps at which a clock shows local times.

    Times that the clock skips are shifted to the first time after them; of times shown twice, the first is taken.
    """
    return wall.tz_localize(tz, nonexistent="shift_forward", ambiguous=_is_first(wall))


def day_exists(wall, tz):
    """Whether the days of local times exist: time zones that moved over the date line left out whole days."""
    import pandas as pd

    return np.asarray(on_clock(wall, tz).tz_localize(None) - wall < pd.Timedelta(days=1))


def _at_time_of_day(index, local, days, times, time_of_day):
    """Local times of days that all begin at `time_of_day`, or as soon as the clocks allow; None if they do not."""
    import pandas as pd

    wall, others = local.to_numpy().copy(), np.flatnonzero(times != time_of_day)
    for days_back in (0, 1):  # clocks that skip the end of a day move it to the next one
        meant = days[others] + pd.Timedelta(time_of_day) - pd.Timedelta(days=days_back)
        found = _stands_for(index[others], meant)
        wall[others[found]] = meant.to_numpy()[found]
        others = others[~found]
    return None if len(others) else pd.DatetimeIndex(wall)


def _stands_for(timestamps, meant):
    """Whether the clocks skipped the local times `meant`, and the timestamps stand for them.

    A timestamp stands for a skipped time if it is the first time after it, or the one at which a clock that was not
    put forward shows it.
    """
    import pandas as pd

    if not len(timestamps):
        return np.zeros(0, dtype=bool)
    is_skipped = meant.tz_localize(timestamps.tz, nonexistent="NaT", ambiguous=_is_first(meant)).isna()
    day = pd.Timedelta(days=1)
    by_old_clock = on_clock(meant - day, timestamps.tz) + day
    return is_skipped & ((timestamps == on_clock(meant, timestamps.tz)) | (timestamps == by_old_clock))


def _is_first(wall):
    """Marks, for `tz_localize`, that each time is the first of two equal local times."""
    return np.ones(len(wall), dtype=bool)
