"""What may be a name, or the label of a series, beside text, numbers and pandas' times: kinds of `saved_state.py`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from sklstm._utils.plain_state import Kind, Parts, is_text

Time = TypeVar("Time", datetime, time)
MICROSECOND = timedelta(microseconds=1)


def _as_text(cls: type, write: Callable[..., str], read: Callable[[str], object]) -> Kind:
    """Make the Kind of a class whose objects are written as text."""
    return Kind(cls.__name__, cls, {"text": is_text}, lambda value: {"text": write(value)}, lambda text: read(text))


def _clock_text(value: Time) -> str:
    if value.tzinfo is not None:
        raise TypeError("a datetime with a time zone is not written")
    return value.isoformat() + " " * value.fold  # of a time that is there twice, which the format cannot say


def _clock(cls: type[Time]) -> Callable[[str], Time]:
    return lambda text: cls.fromisoformat(text.rstrip()).replace(fold=int(text.endswith(" ")))


def _set_parts(value: object) -> Parts:
    assert isinstance(value, frozenset)
    return {"members": tuple(value)}


LABEL_KINDS = (
    _as_text(date, date.isoformat, date.fromisoformat),
    _as_text(datetime, _clock_text, _clock(datetime)),
    _as_text(time, _clock_text, _clock(time)),
    _as_text(timedelta, lambda value: str(value // MICROSECOND), lambda text: int(text) * MICROSECOND),
    _as_text(Decimal, str, Decimal),
    _as_text(UUID, str, UUID),
    _as_text(complex, repr, complex),
    Kind(
        "frozenset",
        frozenset,
        {"members": lambda value: isinstance(value, tuple)},
        _set_parts,
        lambda members: frozenset(members),
    ),
)
