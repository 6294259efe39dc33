"""Dataclasses whose fields are arrays that have the first axis in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from sklstm._utils.typing import IntArray


@dataclass(frozen=True)
class ArrayFields:
    """Base class of such dataclasses.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from sklstm._utils.array_fields import ArrayFields
    >>> @dataclass(frozen=True)
    ... class Range(ArrayFields):
    ...     low: np.ndarray
    ...     high: np.ndarray
    >>> ranges = Range.from_parts([Range(np.zeros(1), np.ones(1)), Range(np.ones(1), np.full(1, 2.0))], [2, 1])
    >>> ranges.high.ravel()
    array([1., 1., 2.])
    >>> ranges.at(2)
    Range(low=array([1.]), high=array([2.]))
    """

    @classmethod
    def from_parts(cls, parts: Sequence[Self], counts: Sequence[int] | int) -> Self:
        """Stack parts, each repeated so many times, along a new first axis."""
        columns = ([getattr(part, field.name) for part in parts] for field in fields(cls))
        return cls(*(np.repeat(np.array(column), counts, axis=0) for column in columns))

    def followed_by(self, other: Self) -> Self:
        """Return these rows of the first axis, followed by those of another one."""
        return type(self)(
            *(np.concatenate([getattr(part, field.name) for part in (self, other)]) for field in fields(self))
        )

    def at(self, rows: int | slice | IntArray) -> Self:
        """Return some rows of the first axis."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))
