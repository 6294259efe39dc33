"""What is wrong with an index of time, in words, and the call that mends it.

A call is shown only where it was tried on that very index, keeps every row and leads to a regular index. pandas is
imported inside; whoever holds a pandas index has it loaded already.
"""

import re
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklstm._utils.index_steps import (
    dates_format,
    end_if_regular,
    index_end,
    inferred_frequency,
    is_absolute,
    month_parts,
    step_name,
    steps_from,
    wall_clock,
)

# Stretches of three stamps, at either end of an index with gaps, in which its frequency is looked for.
N_STRETCHES = 60

# Zones whose clocks may explain local times that come twice, or stamps of several offsets.
ZONES = (
    "Europe/London", "Europe/Berlin", "Europe/Athens", "America/New_York", "America/Chicago", "America/Denver",
    "America/Los_Angeles", "America/Halifax", "America/Havana", "America/Santiago", "America/Asuncion",
    "America/Sao_Paulo", "Africa/Cairo", "Asia/Beirut", "Asia/Jerusalem", "Asia/Tehran", "Australia/Sydney",
    "Australia/Adelaide", "Pacific/Auckland",
)  # fmt: skip

# How text writes dates, what is common before what is not.
FORMATS = (
    "%d.%m.%Y", "%d.%m.%y", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d-%m-%Y", "%m-%d-%Y", "%m-%Y", "%m/%Y",
    "%Y/%m", "%m.%Y", "%b-%y",
    "%b-%Y", "%b %Y", "%b %y", "%B %Y", "%B-%Y", "%y-%b", "%Y-%b", "%Y %b", "%d-%b-%Y", "%d %b %Y",
    "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%YM%m", "%Y%m", "%Y%m%d", "%Y%m%d%H", "%Y%m%d%H%M",
    "%Y%m%d%H%M%S", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S", "%Y",
)  # fmt: skip

QUARTER = 'pd.PeriodIndex({i}.astype(str).str[:4] + "Q" + {i}.astype(str).str[-1], freq="Q")'


@dataclass(frozen=True)
class Table:
    """What the user calls the table whose index it is, and the series of it, where it is one of a panel.

    Parameters
    ----------
    name : str
    key : object
        None for a single series.
    """

    name: str = "y"
    key: Any = None

    def __str__(self):
        return self.name if self.key is None else f"{self.name}.loc[{self.key!r}]"

    def index_of(self, times):
        """The index of a table that has these rows alone."""
        import pandas as pd

        if self.key is None:
            return times
        return pd.MultiIndex.from_arrays([pd.Index([self.key] * len(times), tupleize_cols=False), times])

    def statement(self, call):
        """A statement that does a call to the whole table; `{i}` in it is the time, `{y}` is a series."""
        name, index = self.name, f"{self.name}.index"
        if self.key is None:
            return f"{index} = {call.format(i=index)}" if "{i}" in call else f"{name} = {call.format(y=name)}"
        if "{i}" in call:
            keys, times = (f"{index}.get_level_values({level})" for level in (0, 1))
            return f"{index} = pd.MultiIndex.from_arrays([{keys}, {call.format(i=times)}], names={index}.names)"
        part = call.format(y="part.droplevel(0)")
        return f"{name} = pd.concat({{key: {part} for key, part in {name}.groupby(level=0)}}, names={index}.names)"

    def statements(self, calls):
        """Those of several calls, one after the other."""
        return "; ".join(map(self.statement, calls))

    def counted(self):
        """What counts the rows instead; of a panel there is no short way."""
        return f"{self}.reset_index(drop=True) counts the rows instead." if self.key is None else ""


# ---- calls that mend, tried


def is_regular(index):
    """Whether a series with this index can be forecast, and its times can be those of data."""
    return end_if_regular(index) is not None and _is_plausible(index)


def _is_of_time(index):
    """Whether an index is at least one of time; what else is wrong with it is told next."""
    import pandas as pd

    return isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) and not index.hasnans and _is_plausible(index)


def _is_plausible(index):
    years = getattr(index, "year", None)
    return years is None or bool((years > 1600).all() and (years < 2300).all())


def find_mend(index, table, fits=is_regular, begin=None, depth=3):
    """The shortest row of calls after which the index fits, each tried; empty where none is found.

    Parameters
    ----------
    index : pandas Index
        Of one series.
    table : Table
        Where it is from.
    fits : callable
        Says of an index whether it is mended.
    begin : iterable of str, default=None
        Calls of which the first is to be one; None tries all that its kind knows.
    depth : int, default=3
        Calls at most.
    """
    reached = []
    for call in _candidates(index) if begin is None else begin:
        mended = _tried(call, index, table)
        if mended is None:
            continue
        if fits(mended):
            return (call,)
        reached.append((call, mended))
    for call, mended in reached if depth > 1 else ():
        rest = find_mend(mended, table, fits, depth=depth - 1)
        if rest:
            return (call, *rest)
    return ()


def _tried(call, index, table):
    """The index after a call; None if it fails, warns, or does not keep every row (of equal times one)."""
    import pandas as pd

    names = {"pd": pd, "y": pd.Series(np.arange(float(len(index))), index=table.index_of(index))}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            exec(replace(table, name="y").statement(call), names)
            mended = names["y"].index
            before = table.index_of(index)
            is_same = mended.dtype == before.dtype and not _has_step(mended) and mended.equals(before)
        except Exception:  # whatever pandas says of an index that this call is not for
            return None
    if is_same or caught or names["y"].count() < index.nunique():
        return None
    if table.key is not None:
        return mended.droplevel(0) if mended.nlevels == 2 else None
    return mended


def _has_step(index):
    """Whether an index knows its frequency, with which it is more than its values."""
    return getattr(index, "freq", None) is not None


def _candidates(index):
    """Calls that may mend an index of its kind."""
    import pandas as pd

    if isinstance(index, pd.MultiIndex):
        return ()
    if isinstance(index, pd.DatetimeIndex):
        return _for_stamps(index)
    if isinstance(index, pd.PeriodIndex):
        return _for_periods(index)
    if index.dtype.kind in "iu":
        return _for_integers(index)
    if index.dtype.kind == "f" or index.inferred_type == "floating":
        return _for_floats(index)
    return _for_objects(index)


def _for_stamps(index):
    import pandas as pd

    if not index.is_unique:
        if index.tz is None:
            yield from (f'{{i}}.tz_localize("{zone}", ambiguous="infer")' for zone in ZONES)
        return
    if not index.is_monotonic_increasing:
        yield "{y}.sort_index()"
        return
    if len(index) < 2:
        return
    step = step_with_gaps(index)
    if step is not None:
        yield from _filling(index, step)
    typical = pd.Timedelta(np.median(np.diff(index.asi8)), unit=index.unit)
    for unit in _near_units(index, typical):
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
    common = _most_usual_step(index)
    if common.n == 1:
        yield f'{{y}}.resample("{common.freqstr}").mean()'


def _near_units(index, typical):
    """Units of time to which stamps may be rounded that are only a little off: most are then one step apart."""
    import pandas as pd

    for unit in (
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
    ):
        if pd.Timedelta(unit) <= typical * 1.5:
            steps = np.diff(np.round(index.asi8 / (pd.Timedelta(unit) / pd.Timedelta(1, unit=index.unit))))
            if (steps == _most_common(steps)).mean() > 0.5:
                yield unit.removeprefix("1") if unit[1].isalpha() else unit


def _filling(index, step):
    """What adds the rows that are left out."""
    import pandas as pd

    if isinstance(index, pd.PeriodIndex):
        yield "{y}.reindex(pd.period_range({y}.index[0], {y}.index[-1]))"
    elif not isinstance(index, pd.DatetimeIndex):
        yield f"{{y}}.reindex(range({index[0]}, {index[-1] + step}, {step}))"
    else:
        frequency = _written(step)
        yield f"{{y}}.asfreq({frequency})"
        if index.tz is not None and not is_absolute(step):
            wall, _ = wall_clock(index)
            days = f'pd.date_range("{wall[0]}", "{wall[-1]}", freq={frequency})'
            yield f'{{y}}.reindex({days}.tz_localize("{index.tz}", nonexistent="shift_forward", ambiguous=True))'


def _written(step):
    """A frequency as code."""
    import pandas as pd

    try:
        if pd.tseries.frequencies.to_offset(step.freqstr) == step:
            return f'"{step.freqstr}"'
    except ValueError:
        pass
    options = ", ".join(f"{name}={value}" for name, value in step.kwds.items() if name != "normalize")
    return f"pd.offsets.{type(step).__name__}({options})"


def _for_periods(index):
    if not index.is_unique:
        return
    if not index.is_monotonic_increasing:
        yield "{y}.sort_index()"
        return
    yield from _filling(index, index.freq)


def _for_integers(index):
    if not index.is_unique:
        return
    yield from _of_numbers(index)
    if not index.is_monotonic_increasing:
        yield "{y}.sort_index()"
        return
    step = step_with_gaps(index) if len(index) > 1 else None
    if step is not None and not dates_format(index):
        yield from _filling(index, step)
    yield from _of_clock(int(index[0]))


def _of_numbers(index):
    """What makes dates of numbers in whose digits they are written."""
    digits, form = len(str(abs(int(index[0])))), dates_format(index)
    if form:
        yield f'pd.to_datetime({{i}}.astype(str), format="{form}")'
    elif digits == 5:
        yield QUARTER
    elif digits == 6:
        yield 'pd.to_datetime({i}.astype(str) + "-1", format="%G%V-%u")'
    elif digits == 7:
        yield 'pd.to_datetime({i}.astype(str), format="%Y%j")'


def _of_clock(first):
    """What makes dates of seconds since 1970, in several units, or of a spreadsheet's days."""
    for unit, size in {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}.items():
        if 10**8 <= first / size < 10**10:
            yield f'pd.to_datetime({{i}}, unit="{unit}")'
    if 20_000 <= first <= 80_000:
        yield 'pd.to_datetime({i}, unit="D", origin="1899-12-30")'


def _for_floats(index):
    values = index.to_numpy(np.float64)
    if not np.isfinite(values).all():
        return
    if (values == np.floor(values)).all():
        yield "{i}.astype(int)"
    yield from _of_clock(values[0])
    if values.min() > 1500 and values.max() < 2300:  # years with decimals
        for per_year, first, unit in ((12, 23640, "M"), (4, 7880, "Q")):
            yield f'pd.PeriodIndex.from_ordinals(({{i}} * {per_year}).round().astype(int) - {first}, freq="{unit}")'
        yield 'pd.PeriodIndex.from_ordinals(({i} * 12 // 1).astype(int) - 23640, freq="M")'


def _for_objects(index):
    """Text, and whatever else pandas has no index of its own for."""
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
        yield QUARTER
    if re.fullmatch(r"Q[1-4][- /]?\d{4}", first):
        yield 'pd.PeriodIndex({i}.str[-4:] + "Q" + {i}.str[1], freq="Q")'
    if re.match(r"\d{4}[-/]\d|\d{8}T", first):
        yield "pd.to_datetime({i})"
    if not re.match(r"\d{4}-\d\d-\d\d", first):
        yield from (f'pd.to_datetime({{i}}, format="{form}")' for form in FORMATS)
    yield "pd.to_datetime({i})"
    yield from (f'pd.to_datetime({{i}}, utc=True).tz_convert("{zone}")' for zone in _zones_of(index))
    yield "pd.to_datetime({i}, utc=True)"
    yield "pd.DatetimeIndex([time.tz_localize(None) for time in {i}])"
    yield "{i}.astype(float)"


def _zones_of(index):
    """Time zones whose clocks show what values with an offset from UTC say."""
    import pandas as pd

    try:
        times = [pd.Timestamp(value) for value in index[:: max(1, len(index) // 200)]]
        own = dict.fromkeys(str(time.tz) for time in times if hasattr(time.tz, "key") or hasattr(time.tz, "zone"))
        offsets = [time.utcoffset() for time in times]
        if None in offsets:
            return
        for zone in (*own, *ZONES):
            if all(time.tz_convert(zone).utcoffset() == offset for time, offset in zip(times, offsets, strict=True)):
                yield zone
    except (ValueError, TypeError):  # they are no times
        return


# ---- what is said


def explain(index, table):
    """Why a series with this index cannot be forecast, and what mends it."""
    reasons = (reason(index, table) for reason in (explain_kind, explain_dates, explain_order, _gap))
    return next(filter(None, reasons))


def explain_kind(index, table, fits=is_regular):
    """Why an index has no values, or is neither of time nor of whole numbers; None if it is one."""
    import pandas as pd

    if not len(index):
        return f"{table} has no rows: its index is empty."
    if isinstance(index, pd.MultiIndex):
        return f"The index of {table} has {index.nlevels} levels, but one is needed here, the time."
    if index.hasnans:
        row = int(np.flatnonzero(index.isna())[0])
        call = "{y}[{y}.index.notna()]"
        if table.key is None:
            call = call.format(y=table.name)
        else:
            call = f"{table.name}[{table.name}.index.get_level_values(1).notna()]"
        return f"The index of {table} has {index[row]} in row {row}: {call} leaves such rows out."
    if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) or index.dtype.kind in "iu":
        return None
    calls = find_mend(index, table, fits) or find_mend(index, table, _is_of_time, depth=1)
    return (
        f"The index of {table} must be one of time (DatetimeIndex, PeriodIndex) or of whole numbers, but its dtype "
        f"is {index.dtype} and it begins with {index[:1].tolist()[0]!r}"
        + (f": {_or_by_day(calls, index, table, fits)}. " if calls else ". ")
        + (table.counted() if fits is is_regular else "")
    ).strip()


def _or_by_day(calls, index, table, fits):
    """Statements; both, where the day may as well come before the month."""
    shown = table.statements(calls)
    swapped = tuple(call.replace("%m/%d", "%d/%m") for call in calls)
    if swapped == calls or not find_mend(index, table, fits, begin=swapped[:1]):
        return shown
    other = table.statements(find_mend(index, table, fits, begin=swapped[:1]))
    return f"{shown} if the month comes first, {other} if the day does"


def explain_dates(index, table):
    """What an index of whole numbers that read as dates should be; None where they do not."""
    form = dates_format(index)
    calls = find_mend(index, table) if form else ()
    if not form and index.dtype.kind in "iu":
        calls = find_mend(index, table, begin=_of_numbers(index), depth=1)
    if not form and not calls:
        return None
    return (
        f"The index of {table} holds whole numbers that read as dates, {index[0]} … {index[-1]}, and numbers do not "
        "know where a month or a year ends. "
        + (f"{table.statements(calls)} makes dates of them. " if calls else "As dates they have no regular step. ")
        + table.counted()
    ).strip()


def explain_order(index, table):
    """Which value does not lie after the one before it; None if all do."""
    if not index.is_unique:
        return _repeated(index, table)
    if index.is_monotonic_increasing:
        return None
    row = int(np.flatnonzero(index[1:] < index[:-1])[0])
    calls = find_mend(index, table, begin=["{y}.sort_index()"]) or ["{y}.sort_index()"]
    call = "; ".join(table.statement(call) for call in calls)
    if table.key is not None and calls[0] == "{y}.sort_index()":  # of all series at once
        call = "; ".join([f"{table.name} = {table.name}.sort_index()", *map(table.statement, calls[1:])])
    return (
        f"The index of {table} is not in order of time: {shown(index[row])} comes before {shown(index[row + 1])}, "
        f"in rows {row} and {row + 1}. {call} puts it in order; folds of a series must not be "
        "shuffled (TimeSeriesSplit, train_test_split(shuffle=False))."
    )


def _repeated(index, table):
    first = index[int(index.duplicated().argmax())]
    rows = np.flatnonzero(index == first)
    said = f"The index of {table} has {shown(first)} {len(rows)} times, in rows {rows[0]} and {rows[1]}: "
    by_clocks = find_mend(index, table, depth=1)
    if by_clocks:
        return (
            f"{said}{table.statements(by_clocks)} tells them apart, if that is the zone of the clocks that were put "
            f"back then."
        )
    levels = "0" if table.key is None else "[0, 1]"
    ways = (f"{table.name}[~{table.name}.index.duplicated()]", f"{table.name}.groupby(level={levels}).mean()")
    both = []
    for way, call in zip(ways, ("{y}[~{y}.index.duplicated()]", "{y}.groupby(level=0).mean()"), strict=True):
        calls = find_mend(index, table, begin=[call])
        both.append("; ".join([f"{table.name} = {way}", *map(table.statement, calls[1:])]))
    return (
        f"{said}{both[0]} keeps the first of each, {both[1]} their mean. "
        + (
            "(Several series in one table need an index of two levels: df.set_index([series, time]).)"
            if table.key is None
            else ""
        )
    ).strip()


def _gap(index, table):
    """What an index that is in order leaves out, and the call that mends it."""
    step = step_with_gaps(index)
    if step is None:
        return _irregular(index, table)
    start = _start(index)
    at = steps_from(start, index, step)
    row = first_odd(at) - 1
    missing = replace(start, last=index[row], step=step).next_values(1)[0]
    calls = find_mend(index, table, begin=_filling(index, step)) or find_mend(index, table)
    adds = f"{table.statements(calls)} adds rows for them, with NaN, which a Forecaster passes over. " if calls else ""
    return (
        f"The index of {table} has a gap: {shown(index[row])} is followed by {shown(index[row + 1])}, and "
        f"{shown(missing)} is missing ({at[-1] + 1 - len(at)} in all). {adds}{table.counted()}"
    ).strip()


def _irregular(index, table):
    """Where an index first departs from its most usual step."""
    step = _most_usual_step(index)
    follows = _follow_each_other(index, step)
    row = int(follows.argmin()) + 1  # the first one where all do: then it is the beginning that is no such value
    departs = f"it begins with {', '.join(map(shown, index[:3]))}"
    if follows.mean() > 0.5:
        departs = f"mostly it is {step_name(step, index[0])}, but {shown(index[row - 1])} is followed by "
        departs += shown(index[row])
    calls = find_mend(index, table)
    mend = f"{table.statements(calls)} gives it one. " if calls else ""
    words = "" if calls or not _is_of_time(index) else "Rows at any times can be aggregated, for example by day. "
    return f"The index of {table} has no regular step: {departs}. {mend}{words}{table.counted()}".strip()


def shown(value):
    """A value for messages, without a time of midnight."""
    return re.sub(r" 00:00:00(?=[+-]|$)", "", str(value))


# ---- steps of an index with gaps


def step_with_gaps(index):
    """The step on whose grid all values lie, with the fewest of the grid left out; None if there is none."""
    start, fewest, best = _start(index), np.inf, None
    for step in _likely_steps(index):
        if (steps_from(start, index[:100], step) < 0).any():
            continue  # without making the grid of all
        at = steps_from(start, index, step)
        if (at >= 0).all() and at[-1] < fewest and _is_usual(at, index):
            fewest, best = at[-1], step
    return best


def _is_usual(at, index):
    """Whether values follow each other by one step more often than by any other number (of periods it is said)."""
    import pandas as pd

    return isinstance(index, pd.PeriodIndex) or _most_common(np.diff(at)) == 1


def _most_usual_step(index):
    return max(_likely_steps(index), key=lambda step: _follow_each_other(index[:1000], step).sum())


def _likely_steps(index):
    """Steps that an index with gaps may have, the most usual one first."""
    import pandas as pd

    if isinstance(index, pd.PeriodIndex):
        return [index.freq]
    if not isinstance(index, pd.DatetimeIndex):
        return [_most_common(np.diff(index.to_numpy(np.int64)))]
    last = len(index) - 3
    starts = {*range(min(last + 1, N_STRETCHES)), *range(max(0, last + 1 - N_STRETCHES), last + 1)}
    inferred = Counter(inferred_frequency(index[start : start + 3]) for start in sorted(starts))
    common = _most_common_difference(index)
    steps = [common if step is None else step for step, _ in inferred.most_common()]
    calendar = map(pd.tseries.frequencies.to_offset, ("MS", "ME", "B"))
    return [*steps, common, *calendar, *month_parts(wall_clock(index)[0])]


def _start(index):
    """The beginning of an index, as the `IndexEnd` from which its values can be counted."""
    import pandas as pd

    first = index[0] if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) else int(index[0])
    return replace(index_end(index), last=first)


def _most_common_difference(index):
    """Between stamps in a row: in days of local time or, where it is none, in absolute time."""
    import pandas as pd

    local = _most_common(np.diff(wall_clock(index)[0].asi8))
    days, rest = divmod(pd.Timedelta(local, unit=index.unit), pd.Timedelta(days=1))
    if not rest and days > 0:
        return pd.offsets.Day(days)
    return pd.tseries.frequencies.to_offset(pd.Timedelta(_most_common(np.diff(index.asi8)), unit=index.unit))


def _follow_each_other(index, step):
    """Whether each value but the first is one step after the one before it."""
    import pandas as pd

    if isinstance(index, pd.PeriodIndex):
        return np.diff(index.asi8) == step.n
    if isinstance(index, pd.DatetimeIndex) and not is_absolute(step):
        index, _ = wall_clock(index)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that some offsets are added one by one
        return np.asarray(index[:-1] + step == index[1:])


def _most_common(values):
    """The most common of some integers, of several the smallest."""
    values, counts = np.unique(values, return_counts=True)
    return int(values[counts.argmax()])


def first_odd(at):
    """The first value that is not one step after the one before it; None if there is none."""
    odd = (at < 0) | (np.diff(at, prepend=at[0] - 1) != 1)
    return int(odd.argmax()) if odd.any() else None


# ---- an index of several levels


def explain_levels(index, name="y"):
    """Why an index of several levels is no panel's, series and time; None if it is one.

    Of two levels that is so where they are one time in two pieces, or the second one is no time.
    """
    import pandas as pd

    table = Table(name)
    calls = _first_mend(index, table, _pieces(index), depth=2)
    if index.nlevels != 2:
        said = f"The index of {name} has {index.nlevels} levels {list(index.names)}"
        mend = f": {table.statements(calls)}." if calls else "."
        return f"{said}; it must have two levels (series, time), got {index.nlevels}{mend}"
    keys, times = index.get_level_values(0), index.get_level_values(1)
    if calls:
        return (
            f"The index of {name} has two levels that are one time in two pieces, ({shown(keys[0])}, {times[0]}) … "
            f"({shown(keys[-1])}, {times[-1]}), and not series and time: {table.statements(calls)} makes one of them. "
            f"If the first level does tell series apart, make text of it: "
            f'{name}.index = {name}.index.set_levels({name}.index.levels[0].map("series {{}}".format), level=0).'
        )
    level = index.levels[1]
    if isinstance(level, pd.DatetimeIndex | pd.PeriodIndex) or level.dtype.kind in "iuf":
        return None
    begin = [*_level_conversions(level), "{i}.swaplevel()"]
    calls = _first_mend(index, table, begin, depth=1) or _first_mend(index, table, begin, depth=1, fits=_is_timed)
    return (
        f"The index's second level must be the time (dates, periods or numbers), but its dtype is {level.dtype} and it "
        f"begins with {times[0]!r}" + (f": {table.statements(calls)}." if calls else ".")
    )


def _first_mend(index, table, begin, depth, fits=None):
    return find_mend(index, table, fits or _is_mended, list(begin), depth)


def _level_conversions(level):
    """Calls that make times of a second level, by its values or, where that makes some alike, by rows."""
    for call in _candidates(level):
        if "{i}" in call:
            yield f"{{i}}.set_levels({call.format(i='{i}.levels[1]')}, level=1)"
            times = call.format(i="{i}.get_level_values(1)")
            yield f"pd.MultiIndex.from_arrays([{{i}}.get_level_values(0), {times}], names={{i}}.names)"


def _is_timed(index):
    """Whether the second of two levels is one of time, or of numbers."""
    import pandas as pd

    if index.nlevels != 2:
        return False
    times = index.levels[1]
    return isinstance(times, pd.DatetimeIndex | pd.PeriodIndex) or times.dtype.kind in "iuf"


def _is_mended(index):
    """Whether an index of one or of several series is regular."""
    if index.nlevels == 1:
        return is_regular(index)
    if not _is_timed(index):
        return False
    times, codes = index.get_level_values(1), np.asarray(index.codes[0])
    return all(is_regular(times[codes == code]) for code in np.unique(codes)[:1000])


def _pieces(index):
    """Calls that put a time together that is spread over levels, where the levels look so."""
    level = [f"{{i}}.get_level_values({number})" for number in range(index.nlevels)]
    if index.nlevels == 2:
        yield from _year_and_part(index, level)
        yield from _month_and_day(index, level)
        yield from _day_and_part(index, level)
        yield from _day_and_time(index)
    elif _are_years(index.levels[0]):
        names = ["year", "month", "day", "hour", "minute"][: index.nlevels]
        yield f"pd.DatetimeIndex(pd.to_datetime({{i}}.to_frame(index=False, name={names})))"
    elif index.nlevels > 2:
        yield from _three_pieces(level)
        keys = '{i}.droplevel(-1).map(lambda key: "/".join(map(str, key)))'
        yield f"pd.MultiIndex.from_arrays([{keys}, {{i}}.get_level_values(-1)])"


def _three_pieces(level):
    """A day, hours and minutes; or a series, and its time in two pieces."""
    hours = f'pd.to_timedelta({level[1]}, unit="h") + pd.to_timedelta({level[2]}, unit="min")'
    yield f"pd.to_datetime({level[0]}) + {hours}"
    months = 'pd.to_datetime({i}.droplevel(0).to_frame(index=False, name=["year", "month"]).assign(day=1))'
    hours = f'pd.to_datetime({level[1]}) + pd.to_timedelta({level[2]}, unit="h")'
    for times in (months, hours):
        yield f"pd.MultiIndex.from_arrays([{level[0]}, {times}], names=[{{i}}.names[0], None])"


def _are_years(values):
    return values.dtype.kind in "iu" and bool(((values >= 1600) & (values < 2300)).all())


def _year_and_part(index, level):
    """Years, and parts of years that begin anew in each."""
    years, parts = (index.get_level_values(number) for number in (0, 1))
    if not len(index) or not _are_years(years):
        return
    joined = f'{level[0]}.astype(str) + "-" + {level[1]}.astype(str)'
    if parts.inferred_type == "string":
        yield f'pd.to_datetime({joined}, format="%Y-%b")'
        yield f'pd.to_datetime({joined}, format="%Y-%B")'
    if parts.dtype.kind not in "iu" or parts.min() < 1:
        return
    last = parts.max()
    if last == 4:
        yield f'pd.PeriodIndex({level[0]}.astype(str) + "Q" + {level[1]}.astype(str), freq="Q")'
    if last == 12:
        yield 'pd.DatetimeIndex(pd.to_datetime({i}.to_frame(index=False, name=["year", "month"]).assign(day=1)))'
    if last in (52, 53):
        yield f'pd.to_datetime({joined} + "-1", format="%G-%V-%u")'
    if last in (365, 366):
        yield f'pd.to_datetime({joined}, format="%Y-%j")'


def _month_and_day(index, level):
    """Months, and days of each."""
    days = index.get_level_values(1)
    if days.dtype.kind not in "iu" or not len(days) or days.min() < 1 or not 30 <= days.max() <= 31:
        return
    if _are_months(index.levels[0]):
        yield f'pd.to_datetime({level[0]}.astype(str) + "-" + {level[1]}.astype(str), format="%Y%m-%d")'
        return
    months = _as_days(index.levels[0])
    if months is not None and (months.astype("M8[M]") == months).all():
        yield f'{_dates(index, level)} + pd.to_timedelta({level[1]} - 1, unit="D")'


def _are_months(values):
    """Whether whole numbers read as 202401."""
    return values.dtype.kind in "iu" and all(1800 <= v // 100 <= 2200 and 1 <= v % 100 <= 12 for v in values)


def _day_and_time(index):
    """Days, and stamps that hold the day as well; with nights between they may be one series for each day."""
    import pandas as pd

    days, stamps = _as_days(index.levels[0]), index.get_level_values(1)
    if days is None or not isinstance(stamps, pd.DatetimeIndex):
        return
    is_day = np.array_equal(stamps.tz_localize(None).normalize(), days[index.codes[0]])
    if is_day and is_regular(stamps.sort_values()):
        yield "{i}.droplevel(0)"


def _dates(index, level):
    """The expression that makes dates of a first level that holds them."""
    return f"{level[0]}.to_timestamp()" if hasattr(index.levels[0], "to_timestamp") else f"pd.to_datetime({level[0]})"


def _day_and_part(index, level):
    """Days, and hours of each."""
    import pandas as pd

    parts = index.get_level_values(1)
    is_hour = parts.dtype.kind in "iu" and len(parts) and parts.min() >= 0 and parts.max() <= 24
    if not is_hour and parts.inferred_type != "time":
        return
    days = _as_days(index.levels[0])
    if days is None:
        return
    if not is_hour:
        yield f'pd.to_datetime({level[0]}.astype(str) + " " + {level[1]}.astype(str))'
    elif len(days) > 1 and np.median(np.diff(days)) == pd.Timedelta(days=1):
        yield f'{_dates(index, level)} + pd.to_timedelta({level[1]}, unit="h")'


def _as_days(values):
    """Values that are dates as an array of them, or None."""
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
