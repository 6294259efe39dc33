"""Indexes, times and steps of pandas as kinds of `plain_state.py`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, time, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from sklstm._utils.argument_checks import shown
from sklstm._utils.plain_state import Kind, Parts, is_hashable, is_text, list_of, one_of, optional, whole

if TYPE_CHECKING:
    import pandas as pd

_LONG = whole(-(2**63) + 1, 2**63 - 1)  # the smallest number stands for a missing time
_UNIT = one_of("s", "ms", "us", "ns")
SECONDS_IN_A_DAY = 86_400
_LONGEST_NAME = 100  # characters in the name of a frequency, a time zone or a dtype


def _name(value: object) -> bool:
    return is_text(value) and len(value) <= _LONGEST_NAME  # type: ignore[arg-type]


def pandas_kinds() -> tuple[Kind, ...]:
    """Return the kinds; pandas is imported if need be."""
    return (*_time_kinds(), *_index_kinds())


@cache
def saved_pandas_kinds() -> tuple[Kind, ...]:
    """Return the kinds for pickles, which hold long indexes as arrays, and offsets that have no name.

    Their parts are not checked when they are read.
    """
    timestamp, timedelta, period, _ = _time_kinds()
    range_index, multi_index, _ = _index_kinds()
    return (timestamp, timedelta, period, range_index, multi_index, *_saved_kinds(), *_saved_index_kinds())


@cache
def _time_kinds() -> tuple[Kind, ...]:
    import pandas as pd

    return (
        Kind(
            "Timestamp",
            pd.Timestamp,
            {"value": _LONG, "unit": _UNIT, "zone": optional(_is_zone)},
            _exactly(
                lambda stamp: {
                    "value": int(stamp.asm8.view("i8")),
                    "unit": stamp.unit,
                    "zone": None if stamp.tz is None else _zone_parts(stamp.tz),
                },
                _make_timestamp,
            ),
            _make_timestamp,
        ),
        Kind(
            "Timedelta",
            pd.Timedelta,
            {"value": _LONG, "unit": _UNIT},
            lambda delta: {"value": int(delta.asm8.view("i8")), "unit": delta.unit},  # type: ignore[attr-defined]
            _make_timedelta,
        ),
        Kind(
            "Period",
            pd.Period,
            {"ordinal": _LONG, "frequency": _name},
            _exactly(lambda period: {"ordinal": period.ordinal, "frequency": period.freqstr}, _make_period),
            _make_period,
        ),
        Kind(
            "DateOffset",
            pd.tseries.offsets.BaseOffset,
            {"frequency": _name},
            _exactly(lambda offset: {"frequency": offset.freqstr}, _make_offset),
            _make_offset,
            has_subclasses=True,
        ),
    )


@cache
def _index_kinds() -> tuple[Kind, ...]:
    import pandas as pd

    return (
        Kind(
            "RangeIndex",
            pd.RangeIndex,
            {"start": _LONG, "stop": _LONG, "step": _is_step, "name": is_hashable},
            lambda index: {name: getattr(index, name) for name in ("start", "stop", "step", "name")},
            lambda start, stop, step, name: pd.RangeIndex(start, stop, step, name=name),
        ),
        Kind(
            "MultiIndex",
            pd.MultiIndex,
            {"labels": _are_tuples, "names": list_of(is_hashable)},
            _exactly(lambda index: {"labels": list(index), "names": list(index.names)}, _make_multi_index),
            _make_multi_index,
        ),
        Kind(
            "Index",
            pd.Index,
            {"labels": list_of(is_hashable), "dtype": _name, "name": is_hashable},
            _exactly(
                lambda index: {"labels": index.tolist(), "dtype": str(index.dtype), "name": index.name}, _make_index
            ),
            _make_index,
            has_subclasses=True,
        ),
    )


def _exactly(
    parts: Callable[..., Parts], make: Callable[..., object], is_sure: Callable[..., bool] | None = None
) -> Callable[[object], Parts]:
    """Return a function that returns the parts of an object, or raises TypeError if they do not make it again.

    Objects for which `is_sure` returns True are not made again, as this takes time.
    """

    def checked(value: object) -> Parts:
        found = parts(value)
        if is_sure is not None and is_sure(value):
            return found
        try:
            again = make(**found)
            is_same = type(again) is type(value) and _is_equal(again, value)
        except (ValueError, TypeError, KeyError, OverflowError, AttributeError):
            is_same = False
        if not is_same:
            raise TypeError(f"this {type(value).__name__} cannot be written as JSON and arrays: {shown(value)}")
        return found

    return checked


def _is_equal(one: object, other: object) -> bool:
    if hasattr(one, "equals"):
        is_same = one.equals(other) and one.dtype == other.dtype  # type: ignore[attr-defined]
        return is_same and getattr(one, "names", None) == getattr(other, "names", None)  # type: ignore[no-any-return]
    return one == other and str(getattr(one, "tz", "")) == str(getattr(other, "tz", ""))


# ---- for pickles


def _saved(
    cls: type,
    names: str,
    parts: Callable[..., Parts],
    make: Callable[..., object],
    is_sure: Callable[..., bool] | None = None,
) -> Kind:
    """Make the Kind of a class, whose parts are not checked."""
    tests = dict.fromkeys(names.split(), is_hashable)
    return Kind(cls.__name__, cls, tests, _exactly(parts, make, is_sure), make, has_subclasses=True)


@cache
def _saved_kinds() -> tuple[Kind, ...]:
    import pandas as pd

    return (
        *map(_constant_kind, ("NaT", "NA")),
        _saved(pd.tseries.offsets.BaseOffset, "name n normalize settings", _offset_parts, _make_any_offset),
        _saved(
            pd.Interval,
            "left right closed",
            lambda interval: {name: getattr(interval, name) for name in ("left", "right", "closed")},
            lambda left, right, closed: pd.Interval(left, right, closed),
        ),
        _saved(
            pd.Series,
            "values index name",
            lambda series: {"values": _values_of(series), "index": series.index, "name": series.name},
            lambda values, index, name: pd.Series(values, index, name=name),
        ),
    )


@cache
def _saved_index_kinds() -> tuple[Kind, ...]:
    """Return the kinds of indexes that are not those of checkpoints; that of any index is the last."""
    import pandas as pd

    return (
        _saved(
            pd.DatetimeIndex,
            "values unit zone frequency name",
            _datetime_index_parts,
            _make_datetime_index,
            _has_common_frequency,
        ),
        _saved(
            pd.PeriodIndex,
            "values frequency name",
            lambda index: {"values": index.asi8, "frequency": index.freqstr, "name": index.name},
            lambda values, frequency, name: pd.PeriodIndex.from_ordinals(values, freq=frequency, name=name),
        ),
        _saved(
            pd.TimedeltaIndex,
            "values unit frequency name",
            lambda index: {"values": index.asi8, "unit": index.unit, "frequency": index.freq, "name": index.name},
            _make_timedelta_index,
        ),
        _saved(
            pd.CategoricalIndex,
            "codes categories ordered name",
            lambda index: {
                "codes": np.asarray(index.codes),
                "categories": index.categories,
                "ordered": index.ordered,
                "name": index.name,
            },
            _make_categorical_index,
        ),
        _saved(pd.Index, "labels dtype name", _any_index_parts, _make_index),
    )


def _values_of(series: pd.Series) -> pd.Index:
    import pandas as pd

    return pd.Index(series, name=None, tupleize_cols=False)


def _constant_kind(name: str) -> Kind:
    """Return the Kind of pd.NaT or pd.NA, of which there is one each."""
    import pandas as pd

    constant: object = getattr(pd, name)
    return Kind(name, type(constant), {}, lambda value: {}, lambda: constant)


def _offset_parts(offset: pd.DateOffset) -> Parts:
    settings = {}
    for name, value in offset.kwds.items():
        if name == "calendar" or (isinstance(value, timedelta) and not value):
            continue  # made from the other settings, and the default
        is_times = isinstance(value, tuple) and all(isinstance(part, time) for part in value)
        settings[name] = tuple(part.strftime("%H:%M") for part in value) if is_times else value
    return {"name": type(offset).__name__, "n": offset.n, "normalize": offset.normalize, "settings": settings}


def _make_any_offset(name: str, n: int, normalize: bool, settings: dict[str, object]) -> pd.DateOffset:
    import pandas as pd

    cls = getattr(pd.offsets, name, None)
    if not isinstance(cls, type) or not issubclass(cls, pd.tseries.offsets.BaseOffset):
        raise ValueError(f"pandas has no offset {name!r}.")
    return cls(n, normalize=True, **settings) if normalize else cls(n, **settings)  # type: ignore[no-any-return]


def _datetime_index_parts(index: pd.DatetimeIndex) -> Parts:
    zone = None if index.tz is None else _zone_parts(index.tz)
    return {"values": index.asi8, "unit": index.unit, "zone": zone, "frequency": index.freq, "name": index.name}


# Offsets of which pandas has checked that they explain an index; of a DateOffset, for example, it does not know it.
_COMMON = {
    *("Day", "Hour", "Minute", "Second", "Milli", "Micro", "Nano", "Week"),
    *("MonthBegin", "MonthEnd", "QuarterBegin", "QuarterEnd", "YearBegin", "YearEnd"),
}


def _has_common_frequency(index: pd.DatetimeIndex) -> bool:
    is_common = index.freq is None or type(index.freq).__name__ in _COMMON
    return is_common and index.tz is None and type(index).__name__ == "DatetimeIndex"


def _make_datetime_index(
    values: np.ndarray, unit: str, zone: tuple[str, str] | None, frequency: pd.DateOffset | None, name: object
) -> pd.DatetimeIndex:
    import pandas as pd

    index = pd.DatetimeIndex(values.view(f"M8[{unit}]"), name=name)
    if zone is not None:
        index = index.tz_localize("UTC").tz_convert(_zone(*zone))
    index.freq = frequency
    return index


def _make_timedelta_index(
    values: np.ndarray, unit: str, frequency: pd.DateOffset | None, name: object
) -> pd.TimedeltaIndex:
    import pandas as pd

    index = pd.TimedeltaIndex(values.view(f"m8[{unit}]"), name=name)
    index.freq = frequency  # type: ignore[assignment]
    return index


def _make_categorical_index(
    codes: np.ndarray, categories: pd.Index, ordered: bool, name: object
) -> pd.CategoricalIndex:
    import pandas as pd

    return pd.CategoricalIndex(pd.Categorical.from_codes(codes, categories, ordered=ordered), name=name)


def _any_index_parts(index: pd.Index) -> Parts:
    is_number = isinstance(index.dtype, np.dtype) and index.dtype.kind in "biuf"
    return {
        "labels": index.to_numpy() if is_number else index.tolist(),
        "dtype": str(index.dtype),
        "name": index.name,
    }


# ---- times


def _zone_parts(zone: object) -> tuple[str, str]:
    """Return the library and the name of a time zone; of an offset with another name, its microseconds as well."""
    if isinstance(zone, timezone) and zone is not UTC:
        return "offset", f"{zone.utcoffset(None) // timedelta(microseconds=1)} {zone.tzname(None)}"
    if type(zone).__module__.startswith("dateutil.") and type(zone).__name__ in _OF_DATEUTIL:
        return "dateutil", _OF_DATEUTIL[type(zone).__name__](zone)
    library = "zoneinfo" if isinstance(zone, ZoneInfo) else "datetime" if isinstance(zone, timezone) else "pandas"
    return library, str(zone)


# The names of dateutil's zones, by class. An offset may have a name of its own.
_OF_DATEUTIL: dict[str, Callable[..., str]] = {
    "tzutc": repr,
    "tzfile": lambda zone: re.split("zoneinfo/|'", repr(zone))[-2],
    "tzoffset": lambda zone: f"{zone.utcoffset(None) // timedelta(seconds=1)} {zone.tzname(None) or ''}".rstrip(),
}


def _is_zone(value: object) -> bool:
    if not isinstance(value, tuple) or len(value) != 2 or not all(map(_name, value)):
        return False
    return value[0] in ("zoneinfo", "datetime", "offset", "dateutil", "pandas")


def _zone(library: str, name: str) -> object:
    import pandas as pd

    if library == "zoneinfo":
        try:
            return ZoneInfo(name)
        except ZoneInfoNotFoundError as error:
            raise ValueError(f"There is no time zone {name!r}.") from error
    if library == "offset":
        microseconds, _, label = name.partition(" ")
        offset = timedelta(microseconds=int(microseconds))
        unnamed = timezone(offset)
        return unnamed if unnamed.tzname(None) == label else timezone(offset, label)
    if library == "dateutil":
        return _zone_of_dateutil(name)
    # pandas alone knows how to read the name of an offset, such as UTC+02:00
    return pd.Timestamp(0, unit="s", tz=name).tz


def _zone_of_dateutil(name: str) -> object:
    from dateutil import tz  # type: ignore[import-untyped]  # pandas needs it

    if name == "tzutc()":
        return tz.tzutc()
    number, _, label = name.partition(" ")
    if re.fullmatch(r"-?\d{1,5}", number) and abs(int(number)) < SECONDS_IN_A_DAY:
        return tz.tzoffset(label or None, int(number))
    zone = tz.gettz(name) if re.fullmatch(r"[\w+-]+(/[\w+-]+)*", name) else None  # else it may be any file
    if zone is None:
        raise ValueError(f"dateutil has no time zone {name!r}.")
    return zone


def _make_timestamp(value: int, unit: str, zone: tuple[str, str] | None) -> pd.Timestamp:
    import pandas as pd

    stamp = pd.Timestamp(np.datetime64(value, unit))  # type: ignore[call-overload]
    return stamp if zone is None else stamp.tz_localize("UTC").tz_convert(_zone(*zone))  # type: ignore[arg-type]


def _make_timedelta(value: int, unit: str) -> pd.Timedelta:
    import pandas as pd

    return pd.Timedelta(np.timedelta64(value, unit))  # type: ignore[call-overload]


def _make_period(ordinal: int, frequency: str) -> pd.Period:
    import pandas as pd

    return pd.Period(ordinal=ordinal, freq=frequency)


def _make_offset(frequency: str) -> pd.DateOffset:
    from pandas.tseries.frequencies import to_offset

    offset = to_offset(frequency)
    if offset is None:
        raise ValueError(f"{frequency!r} is no frequency.")
    return offset


# ---- indexes


def _is_step(value: object) -> bool:
    return value != 0 and _LONG(value)


def _are_tuples(value: object) -> bool:
    return list_of(_is_label)(value) and len({len(label) for label in value}) == 1  # type: ignore[attr-defined]


def _is_label(value: object) -> bool:
    return isinstance(value, tuple) and is_hashable(value)


def _make_multi_index(labels: list[tuple[object, ...]], names: list[object]) -> pd.MultiIndex:
    import pandas as pd

    return pd.MultiIndex.from_tuples(labels, names=names)


def _make_index(labels: list[object], dtype: str, name: object) -> pd.Index:
    import pandas as pd

    index = pd.Index(
        labels,
        dtype=None if dtype.startswith(("datetime64", "period", "timedelta")) else dtype,
        name=name,
        tupleize_cols=False,
    )
    if str(index.dtype) != dtype:
        raise ValueError(f"The labels {shown(labels)} have the dtype {index.dtype}, not {dtype}.")
    return index
