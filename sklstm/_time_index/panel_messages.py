"""Messages that say what is wrong with the levels of a panel's index, and show the call that repairs it.

pandas is imported inside the functions: a user with a pandas index has imported it already.
"""

import re

import numpy as np

from sklstm._time_index.messages import format_time
from sklstm._time_index.suggested_repairs import UserTable, candidate_calls, find_repair, is_regular


def panel_index_message(index, name="y"):
    """Return a message that says why an index of several levels is not that of a panel, (series, time).

    An index of two levels is not that of a panel if its levels are two parts of one time, or if the second level
    holds no times.

    Parameters
    ----------
    index : MultiIndex
    name : str, default="y"
        Name of the table that has the index, in messages.

    Returns
    -------
    message : str or None
        None if the index is that of a panel.
    """
    table = UserTable(name)
    calls = find_repair(index, table, _is_repaired, _joining_calls(index), max_calls=2)
    if index.nlevels != 2:
        repair = f" {table.statements(calls)} joins them." if calls else ""
        return (
            f"The index of {name} must have two levels (series, time), got {index.nlevels} levels "
            f"{list(index.names)}.{repair}"
        )
    if calls:
        return _split_time_message(index, table, calls)
    return None if _holds_times(index.levels[1]) else _second_level_message(index, table)


def _split_time_message(index, table, calls):
    """Return a message that two levels are parts of one time, and how to join them."""
    name, keys, times = table.name, index.get_level_values(0), index.get_level_values(1)
    return (
        f"The index of {name} must have the levels series and time, but its two levels seem to be parts of one "
        f"time: ({format_time(keys[0])}, {times[0]}) … ({format_time(keys[-1])}, {times[-1]}). "
        f"{table.statements(calls)} joins them. If the first level does tell series apart, convert it to text: "
        f'{name}.index = {name}.index.set_levels({name}.index.levels[0].map("series {{}}".format), level=0).'
    )


def _second_level_message(index, table):
    """Return a message that the second level does not hold times, and how to convert it."""
    level = index.levels[1]
    first_calls = [*_conversions_of_times(level), "{i}.swaplevel()"]
    calls = find_repair(index, table, _is_repaired, first_calls, max_calls=1) or find_repair(
        index, table, _has_times, first_calls, max_calls=1
    )
    effect = "puts the series first" if list(calls) == ["{i}.swaplevel()"] else "converts it to times"
    repair = f" {table.statements(calls)} {effect}." if calls else ""
    return (
        f"The second level of the index of {table.name} must be the time (dates, periods or numbers), but its dtype "
        f"is {level.dtype} and it begins with {index.get_level_values(1)[0]!r}.{repair}"
    )


def _conversions_of_times(level):
    """Yield calls that convert the second level to times: its distinct values or, if some become equal, all rows."""
    for call in candidate_calls(level):
        if "{i}" in call:
            yield f"{{i}}.set_levels({call.format(i='{i}.levels[1]')}, level=1)"
            times = call.format(i="{i}.get_level_values(1)")
            yield f"pd.MultiIndex.from_arrays([{{i}}.get_level_values(0), {times}], names={{i}}.names)"


def _has_times(index):
    """Whether an index has two levels, the second of which holds times or numbers."""
    return index.nlevels == 2 and _holds_times(index.levels[1])


def _holds_times(level):
    """Whether a level holds dates, periods or numbers."""
    import pandas as pd

    return isinstance(level, pd.DatetimeIndex | pd.PeriodIndex) or level.dtype.kind in "iuf"


def _is_repaired(index):
    """Whether an index is regular, for each series if it is that of a panel."""
    if index.nlevels == 1:
        return is_regular(index)
    if not _has_times(index):
        return False
    times, codes = index.get_level_values(1), np.asarray(index.codes[0])
    return all(is_regular(times[codes == code]) for code in np.unique(codes)[:1000])


def _joining_calls(index):
    """Yield calls that join levels which seem to be parts of one time, such as year and month."""
    level_values = [f"{{i}}.get_level_values({number})" for number in range(index.nlevels)]
    if index.nlevels == 2:
        yield from _year_and_part(index, level_values)
        yield from _month_and_day(index, level_values)
        yield from _day_and_part(index, level_values)
        yield from _day_and_timestamp(index)
    elif _are_years(index.levels[0]):
        names = ["year", "month", "day", "hour", "minute"][: index.nlevels]
        yield f"pd.DatetimeIndex(pd.to_datetime({{i}}.to_frame(index=False, name={names})))"
    elif index.nlevels > 2:
        yield from _three_levels(level_values)
        keys = '{i}.droplevel(-1).map(lambda key: "/".join(map(str, key)))'
        yield f"pd.MultiIndex.from_arrays([{keys}, {{i}}.get_level_values(-1)])"


def _three_levels(level_values):
    """Yield calls that join a day, hours and minutes; or the two parts of the time of a series."""
    hours = f'pd.to_timedelta({level_values[1]}, unit="h") + pd.to_timedelta({level_values[2]}, unit="min")'
    yield f"pd.to_datetime({level_values[0]}) + {hours}"
    months = 'pd.to_datetime({i}.droplevel(0).to_frame(index=False, name=["year", "month"]).assign(day=1))'
    hours = f'pd.to_datetime({level_values[1]}) + pd.to_timedelta({level_values[2]}, unit="h")'
    for times in (months, hours):
        yield f"pd.MultiIndex.from_arrays([{level_values[0]}, {times}], names=[{{i}}.names[0], None])"


def _are_years(values):
    return values.dtype.kind in "iu" and bool(((values >= 1600) & (values < 2300)).all())


def _year_and_part(index, level_values):
    """Yield calls that join years with quarters, months, weeks or days of the year."""
    years, parts = (index.get_level_values(number) for number in (0, 1))
    if not len(index) or not _are_years(years):
        return
    joined = f'{level_values[0]}.astype(str) + "-" + {level_values[1]}.astype(str)'
    if parts.inferred_type == "string":
        yield f'pd.to_datetime({joined}, format="%Y-%b")'
        yield f'pd.to_datetime({joined}, format="%Y-%B")'
    if parts.dtype.kind not in "iu" or parts.min() < 1:
        return
    last = parts.max()
    if last == 4:
        yield f'pd.PeriodIndex({level_values[0]}.astype(str) + "Q" + {level_values[1]}.astype(str), freq="Q")'
    if last == 12:
        yield 'pd.DatetimeIndex(pd.to_datetime({i}.to_frame(index=False, name=["year", "month"]).assign(day=1)))'
    if last in (52, 53):
        yield f'pd.to_datetime({joined} + "-1", format="%G-%V-%u")'
    if last in (365, 366):
        yield f'pd.to_datetime({joined}, format="%Y-%j")'


def _month_and_day(index, level_values):
    """Yield calls that join months with days of the month."""
    days = index.get_level_values(1)
    if days.dtype.kind not in "iu" or not len(days) or days.min() < 1 or not 30 <= days.max() <= 31:
        return
    if _are_months(index.levels[0]):
        yield f'pd.to_datetime({level_values[0]}.astype(str) + "-" + {level_values[1]}.astype(str), format="%Y%m-%d")'
        return
    months = _as_days(index.levels[0])
    if months is not None and (months.astype("M8[M]") == months).all():
        yield f'{_dates_expression(index, level_values)} + pd.to_timedelta({level_values[1]} - 1, unit="D")'


def _are_months(values):
    """Whether integers are months such as 202401."""
    return values.dtype.kind in "iu" and all(1800 <= v // 100 <= 2200 and 1 <= v % 100 <= 12 for v in values)


def _day_and_timestamp(index):
    """Yield a call that drops days beside timestamps that include them. With nights between, days may be series."""
    import pandas as pd

    days, stamps = _as_days(index.levels[0]), index.get_level_values(1)
    if days is None or not isinstance(stamps, pd.DatetimeIndex):
        return
    is_day = np.array_equal(stamps.tz_localize(None).normalize(), days[index.codes[0]])
    if is_day and is_regular(stamps.sort_values()):
        yield "{i}.droplevel(0)"


def _dates_expression(index, level_values):
    """Return the expression that converts the first level to dates."""
    return (
        f"{level_values[0]}.to_timestamp()"
        if hasattr(index.levels[0], "to_timestamp")
        else f"pd.to_datetime({level_values[0]})"
    )


def _day_and_part(index, level_values):
    """Yield calls that join days with hours, or with times of day."""
    import pandas as pd

    parts = index.get_level_values(1)
    is_hour = parts.dtype.kind in "iu" and len(parts) and parts.min() >= 0 and parts.max() <= 24
    if not is_hour and parts.inferred_type != "time":
        return
    days = _as_days(index.levels[0])
    if days is None:
        return
    if not is_hour:
        yield f'pd.to_datetime({level_values[0]}.astype(str) + " " + {level_values[1]}.astype(str))'
    elif len(days) > 1 and np.median(np.diff(days)) == pd.Timedelta(days=1):
        yield f'{_dates_expression(index, level_values)} + pd.to_timedelta({level_values[1]}, unit="h")'


def _as_days(values):
    """Convert values to an array of dates; return None if they are not dates."""
    import pandas as pd

    if isinstance(values, pd.PeriodIndex):
        values = values.to_timestamp()
    if not len(values):
        return None
    is_date = isinstance(values, pd.DatetimeIndex) or values.inferred_type in ("date", "datetime")
    if not is_date and not (values.inferred_type == "string" and re.match(r"\d{4}-\d\d-\d\d", values[0])):
        return None
    try:
        return pd.DatetimeIndex(pd.to_datetime(values)).tz_localize(None).to_numpy()
    except (ValueError, TypeError):
        return None
