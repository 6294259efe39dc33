"""Find calls that repair an index, by a trial of likely calls on the index itself.

A call is a template of Python code. `{i}` in it stands for the index, `{y}` for the whole series. Each call is run with
`exec`, only on templates of this file, before a message shows it. The code that a user sees therefore runs without a
warning, loses only repeated rows, and repairs the index.

pandas is imported inside the functions: a user with a pandas index has imported it already.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sklstm._time_index.gaps import most_common_step, most_common_value, step_with_gaps
from sklstm._time_index.steps import end_if_regular, integer_date_format, is_absolute
from sklstm._time_index.wall_clock import wall_clock
from sklstm._utils.ignored_warnings import ignored_warnings

if TYPE_CHECKING:
    import pandas as pd

# Time zones that are tried if local times repeat, or if timestamps have several offsets from UTC.
ZONES = (
    "Europe/London", "Europe/Berlin", "Europe/Athens", "America/New_York", "America/Chicago", "America/Denver",
    "America/Los_Angeles", "America/Halifax", "America/Havana", "America/Santiago", "America/Asuncion",
    "America/Sao_Paulo", "Africa/Cairo", "Asia/Beirut", "Asia/Jerusalem", "Asia/Tehran", "Australia/Sydney",
    "Australia/Adelaide", "Pacific/Auckland",
)  # fmt: skip

# Formats of dates written as text, common ones first.
DATE_FORMATS = (
    "%d.%m.%Y", "%d.%m.%y", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d-%m-%Y", "%m-%d-%Y", "%m-%Y", "%m/%Y",
    "%Y/%m", "%m.%Y", "%b-%y",
    "%b-%Y", "%b %Y", "%b %y", "%B %Y", "%B-%Y", "%y-%b", "%Y-%b", "%Y %b", "%d-%b-%Y", "%d %b %Y",
    "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%YM%m", "%Y%m", "%Y%m%d", "%Y%m%d%H", "%Y%m%d%H%M",
    "%Y%m%d%H%M%S", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S", "%Y",
)  # fmt: skip

# Units of time to which timestamps may be rounded, the longest first.
ROUNDING_UNITS = (
    "1D",
    "1h",
    "30min",
    "15min",
    "10min",
    "5min",
    "1min",
    "30s",
    "10s",
    "5s",
    "1s",
    "100ms",
    "10ms",
    "1ms",
)

# Converts text or integers such as 2024Q1 or 20241 to periods.
QUARTERS = 'pd.PeriodIndex({i}.astype(str).str[:4] + "Q" + {i}.astype(str).str[-1], freq="Q")'


@dataclass(frozen=True)
class UserTable:
    """A table of the user, or one series of a panel, as messages name it.

    Parameters
    ----------
    name : str
        Name of the table.
    key : object
        Key of the series; None if the table is a single series.
    """

    name: str = "y"
    key: Hashable = None

    def __str__(self):
        return self.name if self.key is None else f"{self.name}.loc[{self.key!r}]"

    def index_of(self, times: pd.Index) -> pd.Index:
        """Return the index of a table with only these times, for this series."""
        import pandas as pd

        if self.key is None:
            return times
        return pd.MultiIndex.from_arrays([pd.Index([self.key] * len(times), tupleize_cols=False), times])

    def statement(self, call):
        """Return the statement that applies a call to the whole table."""
        name, index = self.name, f"{self.name}.index"
        if self.key is None:
            return f"{index} = {call.format(i=index)}" if "{i}" in call else f"{name} = {call.format(y=name)}"
        if "{i}" in call:
            keys, times = (f"{index}.get_level_values({level})" for level in (0, 1))
            return f"{index} = pd.MultiIndex.from_arrays([{keys}, {call.format(i=times)}], names={index}.names)"
        part = call.format(y="part.droplevel(0)")
        return f"{name} = pd.concat({{key: {part} for key, part in {name}.groupby(level=0)}}, names={index}.names)"

    def statements(self, calls):
        """Return the statements of several calls, one after the other."""
        return "; ".join(map(self.statement, calls))


# ---- find calls


def is_regular(index):
    """Whether a series with this index can be forecast, and the years of the index are plausible."""
    return end_if_regular(index) is not None and _is_plausible(index)


def is_time_index(index):
    """Whether an index holds times; it may still be irregular."""
    import pandas as pd

    return isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) and not index.hasnans and _is_plausible(index)


def _is_plausible(index):
    """Whether all years of an index are plausible; true for an index without times."""
    years = getattr(index, "year", None)
    return years is None or bool((years > 1600).all() and (years < 2300).all())


def find_repair(index, table, is_repaired=is_regular, first_calls=None, max_calls=3):
    """Find the shortest sequence of calls that repairs an index.

    Parameters
    ----------
    index : Index
        Index of one series.
    table : UserTable
        The table that it is from.
    is_repaired : callable, default=is_regular
        Returns whether an index is repaired.
    first_calls : iterable of str, default=None
        Calls that are tried first. None tries all calls that may repair an index of this kind.
    max_calls : int, default=3
        Largest number of calls in the sequence.

    Returns
    -------
    calls : tuple of str
        Empty if none was found.
    """
    changed_by = []
    for call in candidate_calls(index) if first_calls is None else first_calls:
        changed = _apply(call, index, table)
        if changed is None:
            continue
        if is_repaired(changed):
            return (call,)
        changed_by.append((call, changed))
    for call, changed in changed_by if max_calls > 1 else ():
        further_calls = find_repair(changed, table, is_repaired, max_calls=max_calls - 1)
        if further_calls:
            return (call, *further_calls)
    return ()


def _apply(call, index, table):
    """Apply a call to an index; None if it fails, warns, changes nothing, or loses rows other than repeated ones."""
    import pandas as pd

    names = {"pd": pd, "y": pd.Series(np.arange(float(len(index))), index=table.index_of(index))}
    # numerical warnings become errors, as Python leaves out those that were shown before
    with ignored_warnings() as ignored, np.errstate(divide="raise", over="raise", invalid="raise"):
        try:
            exec(replace(table, name="y").statement(call), names)
            changed = names["y"].index
            before = table.index_of(index)
            is_same = changed.dtype == before.dtype and not _has_frequency(changed) and changed.equals(before)
        except Exception:  # pandas raises many kinds of errors if a call does not suit an index
            return None
    if is_same or ignored or names["y"].count() < index.nunique():
        return None
    if table.key is not None:
        return changed.droplevel(0) if changed.nlevels == 2 else None
    return changed


def _has_frequency(index):
    """Whether an index has a frequency; an equal index may have none."""
    return getattr(index, "freq", None) is not None


# ---- calls that may repair an index, by its kind


def candidate_calls(index):
    """Return calls that may repair an index of this kind, the most likely ones first."""
    import pandas as pd

    if isinstance(index, pd.MultiIndex):
        return ()
    if isinstance(index, pd.DatetimeIndex):
        return _calls_for_timestamps(index)
    if isinstance(index, pd.PeriodIndex):
        return _calls_for_periods(index)
    if index.dtype.kind in "iu":
        return _calls_for_integers(index)
    if index.dtype.kind == "f" or index.inferred_type == "floating":
        return _calls_for_floats(index)
    return _calls_for_objects(index)


def _calls_for_timestamps(index):
    if not index.is_unique:
        if index.tz is None:
            yield from (f'{{i}}.tz_localize("{zone}", ambiguous="infer")' for zone in ZONES)
    elif not index.is_monotonic_increasing:
        yield "{y}.sort_index()"
    elif len(index) > 1:
        step = step_with_gaps(index)
        if step is not None:
            yield from calls_that_fill_gaps(index, step)
        yield from _calls_for_irregular_timestamps(index)


def _calls_for_irregular_timestamps(index):
    """Yield calls that round timestamps, replace them by periods, change their time zone, or aggregate rows."""
    import pandas as pd

    typical = pd.Timedelta(np.median(np.diff(index.asi8)), unit=index.unit)
    for unit in _units_to_round_to(index, typical):
        yield f'{{i}}.round("{unit}")'
        yield f'{{i}}.floor("{unit}")'
    if typical >= pd.Timedelta("20h"):
        yield "{i}.normalize()"
    if index.tz is None:
        yield from (f'{{i}}.to_period("{unit}")' for unit in ("M", "Q", "Y") if typical >= pd.Timedelta("25D"))
    else:
        yield "{i}.tz_localize(None)"
        yield '{i}.tz_convert("UTC")'
    weekdays = sorted(set(wall_clock(index)[0].day_of_week))
    if 1 < len(weekdays) < 7 and typical >= pd.Timedelta("20h"):
        mask = " ".join(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][day] for day in weekdays)
        yield f'{{y}}.asfreq(pd.offsets.CustomBusinessDay(weekmask="{mask}"))'
    common = most_common_step(index)
    if common.n == 1:
        yield f'{{y}}.resample("{common.freqstr}").mean()'


def _units_to_round_to(index, typical):
    """Yield the units to which timestamps can be rounded so that most of them are one step apart."""
    import pandas as pd

    for unit in ROUNDING_UNITS:
        if pd.Timedelta(unit) <= typical * 1.5:
            steps = np.diff(np.round(index.asi8 / (pd.Timedelta(unit) / pd.Timedelta(1, unit=index.unit))))
            if (steps == most_common_value(steps)).mean() > 0.5:
                yield unit.removeprefix("1") if unit[1].isalpha() else unit


def calls_that_fill_gaps(index, step):
    """Yield calls that add the rows that an index with gaps leaves out."""
    import pandas as pd

    if isinstance(index, pd.PeriodIndex):
        yield "{y}.reindex(pd.period_range({y}.index[0], {y}.index[-1]))"
    elif not isinstance(index, pd.DatetimeIndex):
        yield f"{{y}}.reindex(range({index[0]}, {index[-1] + step}, {step}))"
    else:
        frequency = _frequency_as_code(step)
        yield f"{{y}}.asfreq({frequency})"
        if index.tz is not None and not is_absolute(step):
            wall, _ = wall_clock(index)
            days = f'pd.date_range("{wall[0]}", "{wall[-1]}", freq={frequency})'
            yield f'{{y}}.reindex({days}.tz_localize("{index.tz}", nonexistent="shift_forward", ambiguous=True))'


def _frequency_as_code(step):
    """Write an offset as Python code."""
    import pandas as pd

    try:
        if pd.tseries.frequencies.to_offset(step.freqstr) == step:
            return f'"{step.freqstr}"'
    except ValueError:
        pass
    options = ", ".join(f"{name}={value}" for name, value in step.kwds.items() if name != "normalize")
    return f"pd.offsets.{type(step).__name__}({options})"


def _calls_for_periods(index):
    if not index.is_unique:
        return
    if not index.is_monotonic_increasing:
        yield "{y}.sort_index()"
        return
    yield from calls_that_fill_gaps(index, index.freq)


def _calls_for_integers(index):
    if not index.is_unique:
        return
    yield from calls_for_integer_dates(index)
    if not index.is_monotonic_increasing:
        yield "{y}.sort_index()"
        return
    step = step_with_gaps(index) if len(index) > 1 else None
    if step is not None and not integer_date_format(index):
        yield from calls_that_fill_gaps(index, step)
    yield from _calls_for_timestamp_numbers(int(index[0]))


def calls_for_integer_dates(index):
    """Yield calls that convert integers such as 20240131 to dates."""
    digits, form = len(str(abs(int(index[0])))), integer_date_format(index)
    if form:
        yield f'pd.to_datetime({{i}}.astype(str), format="{form}")'
    elif digits == 5:
        yield QUARTERS
    elif digits == 6:
        yield 'pd.to_datetime({i}.astype(str) + "-1", format="%G%V-%u")'
    elif digits == 7:
        yield 'pd.to_datetime({i}.astype(str), format="%Y%j")'


def _calls_for_timestamp_numbers(first):
    """Yield calls that convert the time since 1970, or the day numbers of a spreadsheet, to dates."""
    for unit, size in {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}.items():
        if 10**8 <= first / size < 10**10:
            yield f'pd.to_datetime({{i}}, unit="{unit}")'
    if 20_000 <= first <= 80_000:
        yield 'pd.to_datetime({i}, unit="D", origin="1899-12-30")'


def _calls_for_floats(index):
    values = index.to_numpy(np.float64)
    if not np.isfinite(values).all():
        return
    if (values == np.floor(values)).all():
        yield "{i}.astype(int)"
    yield from _calls_for_timestamp_numbers(values[0])
    if values.min() > 1500 and values.max() < 2300:  # years with decimals
        for per_year, first, unit in ((12, 23640, "M"), (4, 7880, "Q")):
            yield f'pd.PeriodIndex.from_ordinals(({{i}} * {per_year}).round().astype(int) - {first}, freq="{unit}")'
        yield 'pd.PeriodIndex.from_ordinals(({i} * 12 // 1).astype(int) - 23640, freq="M")'


def _calls_for_objects(index):
    """Yield calls for text, and for other values without their own class of index."""
    first = str(index[0])
    if index.inferred_type == "integer" or re.fullmatch(r"[+-]?\d{1,5}|\d{9}", first):
        yield "{i}.astype(int)"
    if index.inferred_type == "period":
        yield "pd.PeriodIndex({i})"
    if index.inferred_type == "boolean" or index.dtype.kind == "m":
        return
    if index.inferred_type == "interval":
        yield "{i}.left"
        return
    if re.fullmatch(r"\d{4}-?W\d\d?", first):
        dash = "-" if "-" in first else ""
        yield f'pd.to_datetime({{i}} + "-1", format="%G{dash}W%V-%u")'
    if re.fullmatch(r"\d{4}[- ]?Q[1-4]", first):
        yield QUARTERS
    if re.fullmatch(r"Q[1-4][- /]?\d{4}", first):
        yield 'pd.PeriodIndex({i}.str[-4:] + "Q" + {i}.str[1], freq="Q")'
    if re.match(r"\d{4}[-/]\d|\d{8}T", first):
        yield "pd.to_datetime({i})"
    if not re.match(r"\d{4}-\d\d-\d\d", first):
        yield from (f'pd.to_datetime({{i}}, format="{form}")' for form in DATE_FORMATS)
    yield "pd.to_datetime({i})"
    yield from (f'pd.to_datetime({{i}}, utc=True).tz_convert("{zone}")' for zone in _matching_zones(index))
    yield "pd.to_datetime({i}, utc=True)"
    yield "pd.DatetimeIndex([time.tz_localize(None) for time in {i}])"
    yield "{i}.astype(float)"


def _matching_zones(index):
    """Yield the time zones that have the offsets from UTC of all values."""
    import pandas as pd

    try:
        times = [pd.Timestamp(value) for value in index[:: max(1, len(index) // 200)]]
        own_zones = dict.fromkeys(str(time.tz) for time in times if hasattr(time.tz, "key") or hasattr(time.tz, "zone"))
        offsets = [time.utcoffset() for time in times]
        if None in offsets:
            return
        for zone in (*own_zones, *ZONES):
            if all(time.tz_convert(zone).utcoffset() == offset for time, offset in zip(times, offsets, strict=True)):
                yield zone
    except (ValueError, TypeError):  # the values are not times
        return
