"""Convert between timestamps with a time zone and the times that a clock on the wall shows.

Days are counted by that clock, so that every day begins at the same local time, usually midnight. If clocks skip this
time, the day begins at the first time after it. If they show it twice, the day begins the first time.

pandas is imported inside the functions: a user with a pandas index has imported it already.
"""

import numpy as np

# Largest number of different times of day among the timestamps for which the time at which days begin is looked for.
MAX_TIMES_OF_DAY = 10


def wall_clock(index, time_of_day=None):
    """Convert timestamps to local times without a time zone.

    Parameters
    ----------
    index : DatetimeIndex
    time_of_day : Timedelta, default=None
        The local time at which days begin. None looks for it among the times of the timestamps.

    Returns
    -------
    wall : DatetimeIndex
        Local times. If a timestamp stands for a time that the clocks skipped, it is converted to that time.
    time_of_day : Timedelta or None
        The local time at which days begin; None without a time zone, or if no such time explains all timestamps.
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
    """Return the timestamps at which a clock in a time zone shows local times.

    Times that the clock skips are shifted to the first time after them; of times shown twice, the first is taken.
    """
    return wall.tz_localize(tz, nonexistent="shift_forward", ambiguous=_is_first(wall))


def day_exists(wall, tz):
    """Whether the days of local times exist. Time zones that moved over the date line left out whole days."""
    import pandas as pd

    return np.asarray(on_clock(wall, tz).tz_localize(None) - wall < pd.Timedelta(days=1))


def _at_time_of_day(index, local, days, times, time_of_day):
    """Return the local times of days that begin at `time_of_day` (or after it, if skipped); None if they do not."""
    import pandas as pd

    wall, others = local.to_numpy().copy(), np.flatnonzero(times != time_of_day)
    for days_back in (0, 1):  # if clocks skip the end of a day, its time is on the next day
        wall_times = days[others] + pd.Timedelta(time_of_day) - pd.Timedelta(days=days_back)
        found = _stands_for(index[others], wall_times)
        wall[others[found]] = wall_times.to_numpy()[found]
        others = others[~found]
    return None if len(others) else pd.DatetimeIndex(wall)


def _stands_for(timestamps, wall_times):
    """Whether the clocks skipped the local times `wall_times`, for which the timestamps stand.

    A timestamp stands for a skipped time if it is the first time after it, or the time that a clock which was not put
    forward would show.
    """
    import pandas as pd

    if not len(timestamps):
        return np.zeros(0, dtype=bool)
    is_skipped = wall_times.tz_localize(timestamps.tz, nonexistent="NaT", ambiguous=_is_first(wall_times)).isna()
    day = pd.Timedelta(days=1)
    by_old_clock = on_clock(wall_times - day, timestamps.tz) + day
    return is_skipped & ((timestamps == on_clock(wall_times, timestamps.tz)) | (timestamps == by_old_clock))


def _is_first(wall):
    """Return a mask for `tz_localize`: of two equal local times, each is the first."""
    return np.ones(len(wall), dtype=bool)
