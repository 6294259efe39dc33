"""The season of an index, and the position of each row in it: the month of the year, the hour of the day.

Positions come from the calendar and not from the first row. So all series with the same step agree, wherever they
begin, and later rows continue. They are computed from the rows that are asked for alone, in constant time for each.

pandas is imported inside the functions: a user with a pandas index has imported it already.
"""

import numpy as np

from sklstm._time_index.steps import NANOSECONDS, integers, is_absolute
from sklstm._time_index.wall_clock import wall_clock

HOUR = 3600 * 10**9  # in nanoseconds
DAY = 24 * HOUR
THURSDAY = 3  # the weekday of 1 January 1970, from which pandas counts days; Monday is 0
WEEKS = 52

# Rows in a season, by the unit of a step and the number of units in it. A quarter is three months, a week seven days.
SEASON_LENGTHS = {
    ("month", 1): 12,
    ("month", 3): 4,
    ("day", 7): WEEKS,
    ("day", 1): 7,
    ("business day", 1): 5,
    ("nanosecond", HOUR): 24,
    ("nanosecond", HOUR // 2): 48,
}

# Units and their number, by the name of an offset's class.
OF_OFFSETS = {
    "Day": ("day", 1),
    "Week": ("day", 7),
    "BusinessDay": ("business day", 1),
    **dict.fromkeys(("MonthBegin", "MonthEnd", "BusinessMonthBegin", "BusinessMonthEnd"), ("month", 1)),
    **dict.fromkeys(("CustomBusinessMonthBegin", "CustomBusinessMonthEnd"), ("month", 1)),
    **dict.fromkeys(("WeekOfMonth", "LastWeekOfMonth"), ("month", 1)),
    **dict.fromkeys(("QuarterBegin", "QuarterEnd", "BQuarterBegin", "BQuarterEnd"), ("month", 3)),
    **dict.fromkeys(("HalfYearBegin", "HalfYearEnd", "BHalfYearBegin", "BHalfYearEnd"), ("month", 6)),
    **dict.fromkeys(("YearBegin", "YearEnd", "BYearBegin", "BYearEnd"), ("month", 12)),
}

# The same, by the argument of a DateOffset that has only one.
OF_DATE_OFFSETS = {
    "years": ("month", 12),
    "months": ("month", 1),
    "weeks": ("day", 7),
    "days": ("day", 1),
    "hours": ("nanosecond", HOUR),
    "minutes": ("nanosecond", HOUR // 60),
}


def step_unit(step):
    """Return the unit that a step consists of and the number of units; None for any other step.

    Parameters
    ----------
    step : DateOffset, int or None
        The step of an index. Whole numbers have no unit.

    Returns
    -------
    unit : tuple (str, int) or None
        The name is "month", "day", "business day" or "nanosecond".

    Examples
    --------
    >>> import pandas as pd
    >>> from sklstm._time_index.season import step_unit
    >>> step_unit(pd.offsets.QuarterEnd())
    ('month', 3)
    """
    if step is None or isinstance(step, int):
        return None
    if is_absolute(step):
        return ("day", step.nanos // DAY) if step.nanos % DAY == 0 else ("nanosecond", step.nanos)
    kind, n = OF_OFFSETS.get(type(step).__name__), step.n
    if type(step).__name__ == "DateOffset" and len(step.kwds) == 1:
        ((argument, size),) = step.kwds.items()
        kind, n = OF_DATE_OFFSETS.get(argument), size * n
    return None if kind is None else (kind[0], kind[1] * n)


def season_length(end):
    """Return how many rows a season takes by the step of an index; None if the step has no season.

    Parameters
    ----------
    end : IndexEnd or None
        The end of the index; None for arrays.

    Returns
    -------
    season : int or None
        12 for months, 4 for quarters, 52 for weeks, 7 for days, 5 for business days, 24 for hours, 48 for half-hours.
        None for all other steps, for whole numbers, for an unknown step and without an index.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklstm._time_index.regular_index import regular_end
    >>> from sklstm._time_index.season import season_length
    >>> season_length(regular_end(pd.date_range("2024-01-31", periods=6, freq="ME")))
    12
    >>> season_length(regular_end(pd.RangeIndex(6)))
    """
    unit = None if end is None else step_unit(end.step)
    return None if unit is None else SEASON_LENGTHS.get(unit)


def season_positions(season, rows, index=None, end=None):
    """Return the position of rows in the season.

    The position is the number of steps since a fixed time, modulo `season`. The fixed times are such that months
    begin in January, days and business days on Monday, and hours at midnight. Three things are special:

    - Weeks with a season of 52 follow the calendar: the year is divided into 52 equal parts. So in a year that has 53
      rows, one position occurs twice, and positions do not drift over the decades.
    - Hours and shorter steps follow the clock on the wall if the season divides a day or consists of whole days;
      otherwise they are elapsed time. When clocks change, a position is left out or occurs twice.
    - Quarters are those of the calendar: a fiscal quarter has the position of the month that its timestamp is in, or
      that its period ends in.

    Parameters
    ----------
    season : int
        Rows in a season, at least 1.
    rows : range
        Numbers of the rows in the series. Positions are made of these without an index, if its step is not known, and
        for steps that are not counted from a fixed time, such as business hours or half-months.
    index : pandas Index, default=None
        Index of these rows: a slice of that of the series, or its continuation.
    end : IndexEnd, default=None
        An end of the index of the series, for its step.

    Returns
    -------
    positions : ndarray of int of shape (len(rows),)
        Values from 0 to season - 1.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklstm._time_index.regular_index import regular_end
    >>> from sklstm._time_index.season import season_positions
    >>> months = pd.period_range("2023-11", periods=4, freq="M")
    >>> season_positions(12, range(4), months, regular_end(months)).tolist()
    [10, 11, 0, 1]
    >>> season_positions(3, range(100, 104)).tolist()
    [1, 2, 0, 1]
    """
    numbers = None if index is None or end is None else _step_numbers(index, end, season)
    if numbers is None:
        numbers = np.arange(rows.start, rows.stop)
    return numbers % season


def _step_numbers(index, end, season):
    """Count steps since a fixed time; None if they cannot be counted."""
    if isinstance(end.step, int):
        return integers(index) // end.step
    unit = step_unit(end.step)
    if unit is None:
        return None
    name, n = unit
    if name == "nanosecond":
        return _steps_of_time(index, end, n, season) + THURSDAY * DAY // n
    dates = _dates(index, end)
    if unit == ("day", 7) and season == WEEKS:
        return (np.asarray(dates.day_of_year) - 1) * WEEKS // np.where(dates.is_leap_year, 366, 365)
    return COUNTS[name](dates) // n


def _steps_of_time(index, end, step, season):
    """Count steps of so many nanoseconds since 1970."""
    import pandas as pd

    if isinstance(index, pd.PeriodIndex):
        return index.asi8 // end.step.n
    whole = season * step
    if index.tz is not None and (whole % DAY == 0 or DAY % whole == 0):
        index = index.tz_convert(end.last.tz).tz_localize(None)
    return index.asi8 // max(1, step // NANOSECONDS[index.unit])


def _dates(index, end):
    """Return an index whose fields, such as `month`, are those of the days that an index stands for.

    Days as elapsed time (24 hours) are those of UTC, as they begin later or earlier after clocks have changed.
    """
    import pandas as pd

    if isinstance(index, pd.PeriodIndex) or index.tz is None:
        return index
    if is_absolute(end.step):
        return index.tz_convert(None)
    return wall_clock(index.tz_convert(end.last.tz), end.time_of_day)[0]


def _months(dates):
    """Count months since January of the year 0."""
    return np.asarray(dates.year) * 12 + np.asarray(dates.month) - 1


def _days(dates):
    """Count days since the Monday before 1 January 1970. This works for periods and for timestamps of any unit."""
    years = (np.asarray(dates.year) - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    return years + np.asarray(dates.day_of_year) - 1 + THURSDAY


def _business_days(dates):
    """Count business days since the Monday before 1 January 1970; a day of the weekend counts as its Friday."""
    weeks, weekday = np.divmod(_days(dates), 7)
    return 5 * weeks + np.minimum(weekday, 4)


COUNTS = {"day": _days, "business day": _business_days, "month": _months}
