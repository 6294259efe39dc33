"""Values that objects keep once they are computed, but do not pickle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field
from typing import ClassVar, Generic, Self, TypeVar, overload

Owner = TypeVar("Owner")
Value = TypeVar("Value")


class cached_property(Generic[Owner, Value]):
    """Like that of functools from Python 3.12 on, without the lock of 3.11.

    A process that is forked while another thread holds that lock would wait for ever. Without it, two threads may
    compute the same value.
    """

    def __init__(self, compute: Callable[[Owner], Value]) -> None:
        self.compute, self.name, self.__doc__ = compute, compute.__name__, compute.__doc__

    @overload
    def __get__(self, instance: None, owner: type[Owner]) -> Self: ...

    @overload
    def __get__(self, instance: Owner, owner: type[Owner]) -> Value: ...

    def __get__(self, instance: Owner | None, owner: type[Owner]) -> Self | Value:
        if instance is None:
            return self
        value = vars(instance)[self.name] = self.compute(instance)
        return value


class PickledByFields:
    """Base class of dataclasses of which only the fields are pickled and copied.

    What `cached_property` keeps is left out. So a prediction changes no pickle of a model, and a loaded model computes
    it again.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from sklstm._utils.caches import PickledByFields, cached_property
    >>> @dataclass(frozen=True)
    ... class Square(PickledByFields):
    ...     side: float
    ...
    ...     @cached_property
    ...     def area(self):
    ...         return self.side**2
    >>> square = Square(3)
    >>> square.area, vars(square), square.__getstate__()
    (9, {'side': 3, 'area': 9}, {'side': 3})
    """

    __dataclass_fields__: ClassVar[dict[str, Field[object]]]

    def __getstate__(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}
