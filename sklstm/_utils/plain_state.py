"""Convert objects to JSON and arrays, and back, so that a file with them is never executed.

JSON has numbers, text, lists and null. Everything else is written as an object with one key, the name of its kind:
`{"tuple": […]}`, `{"array": "a0"}`, `{"Layout": {…}}`. Only kinds that are listed can be read, and the parts of
each are checked first. `plain_random.py` and `plain_pandas.py` list generators and indexes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np

from sklstm._utils.argument_checks import shown

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Arrays: TypeAlias = "dict[str, np.ndarray]"
Parts: TypeAlias = "dict[str, object]"
Test: TypeAlias = "Callable[[object], bool]"

# What an array may hold: booleans, whole numbers and floating-point numbers.
ARRAY_KINDS = "biuf"


@dataclass(frozen=True)
class Kind:
    """A class whose objects can be written.

    Parameters
    ----------
    name : str
        Its name in files.
    cls : type
        Objects of this class itself, not of subclasses, unless `has_subclasses`.
    tests : dict
        For each part, a function that returns whether a value that was read is possible.
    parts : callable (object) -> dict
        Returns the parts by name.
    make : callable (**parts) -> object
        Makes the object. It may raise ValueError, TypeError, KeyError or OverflowError.
    has_subclasses : bool, default=False
    """

    name: str
    cls: type
    tests: Mapping[str, Test]
    parts: Callable[[object], Parts]
    make: Callable[..., object]
    has_subclasses: bool = False

    @classmethod
    def of_dataclass(cls, kind: type, tests: Mapping[str, Test]) -> Kind:
        """Make the Kind of a dataclass, of which `tests` names all fields."""
        names = [field.name for field in fields(kind)]
        if set(names) != set(tests):
            raise ValueError(f"{kind.__name__} has the fields {names}, but there are tests of {sorted(tests)}.")
        return cls(kind.__name__, kind, tests, lambda value: {name: getattr(value, name) for name in names}, kind)

    @classmethod
    def of_fields(cls, kind: type) -> Kind:
        """Make the Kind of a dataclass whose fields are not checked."""
        return cls.of_dataclass(kind, {field.name: _anything for field in fields(kind)})

    @classmethod
    def of_class(cls, kind: type, tests: Mapping[str, Test], make: Callable[..., object] | None = None) -> Kind:
        """Make the Kind of a class whose attributes `tests` names; `make` is its constructor by default."""
        return cls(
            kind.__name__, kind, tests, lambda value: {name: getattr(value, name) for name in tests}, make or kind
        )


def _anything(value: object) -> bool:
    return True


class Codec:
    """Converts objects to JSON and arrays, and back.

    Parameters
    ----------
    kinds : iterable of Kind
    late_kinds : callable () -> iterable of Kind, default=None
        Returns further kinds, whose classes take long to import; called when a kind is met that is not in `kinds`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm._utils.plain_state import Codec
    >>> codec = Codec([])
    >>> content, arrays = codec.encode({"weights": np.ones(2), "shape": (2,), "loss": float("nan")})
    >>> content
    {'dict': [['weights', {'array': 'a0'}], ['shape', {'tuple': [2]}], ['loss', {'float': 'nan'}]]}
    >>> codec.decode(content, arrays)
    {'weights': array([1., 1.]), 'shape': (2,), 'loss': nan}
    """

    def __init__(self, kinds: Iterable[Kind], late_kinds: Callable[[], Iterable[Kind]] | None = None) -> None:
        self._kinds = {kind.name: kind for kind in kinds}
        self._late_kinds = late_kinds

    # ---- writing

    def encode(self, value: object) -> tuple[Json, Arrays]:
        """Return JSON and arrays for a value; TypeError if it contains an object that cannot be written."""
        arrays: Arrays = {}
        return self._to_plain(value, arrays), arrays

    def _to_plain(self, value: object, arrays: Arrays) -> Json:
        if value is None or type(value) in (bool, int, str):
            return value  # type: ignore[return-value]
        if type(value) is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if type(value) in (list, tuple):
            parts = [self._to_plain(part, arrays) for part in value]  # type: ignore[attr-defined]
            return parts if type(value) is list else {"tuple": parts}
        if type(value) is dict:
            return {"dict": [[self._to_plain(part, arrays) for part in pair] for pair in value.items()]}
        if isinstance(value, np.ndarray | np.generic | np.dtype):
            return _numpy_to_plain(value, arrays)
        kind = self._kind_of(value)
        return {kind.name: {name: self._to_plain(part, arrays) for name, part in kind.parts(value).items()}}

    def _kind_of(self, value: object) -> Kind:
        for kind in self._all_kinds():
            if type(value) is kind.cls or (kind.has_subclasses and isinstance(value, kind.cls)):
                return kind
        raise TypeError(
            f"an object of type {type(value).__name__} cannot be written as JSON and arrays: {shown(value)}"
        )

    def _all_kinds(self) -> Iterable[Kind]:
        yield from self._kinds.values()
        if self._late_kinds is not None:
            yield from self._late_kinds()

    # ---- reading

    def decode(self, content: Json, arrays: Arrays) -> object:
        """Return the value that was written; ValueError if `content` is not as `encode` writes it."""
        try:
            return self._from_plain(content, arrays)
        except RecursionError:
            raise ValueError("The content is nested too deeply.") from None

    def _from_plain(self, content: Json, arrays: Arrays) -> object:
        if not isinstance(content, list | dict):
            return content
        if isinstance(content, list):
            return [self._from_plain(part, arrays) for part in content]
        if len(content) != 1:
            raise ValueError(f"One name of a kind is needed, got {len(content)} of them: {shown(list(content))}.")
        ((name, parts),) = content.items()
        match name, parts:
            case "float", "nan" | "inf" | "-inf":
                return float(parts)
            case "tuple", list():
                return tuple(self._from_plain(part, arrays) for part in parts)
            case "dict", list():
                return self._dict(parts, arrays)
            case (("array" | "labels" | "scalar" | "dtype"), _):
                return _numpy_from_plain(name, parts, arrays)
            case _, dict():
                return self._object(name, {key: self._from_plain(part, arrays) for key, part in parts.items()})
        raise ValueError(f"{shown(name)} cannot be made of {shown(parts)}.")

    def _dict(self, pairs: list[Json], arrays: Arrays) -> dict[object, object]:
        result = {}
        for pair in pairs:
            if not isinstance(pair, list) or len(pair) != 2:
                raise ValueError(f"A dict needs pairs, got {shown(pair)}.")
            key, value = (self._from_plain(part, arrays) for part in pair)
            if not is_hashable(key) or key in result:
                raise ValueError(f"{shown(key)} cannot be a key, or is one twice.")
            result[key] = value
        return result

    def _object(self, name: str, parts: Parts) -> object:
        kind = next((kind for kind in self._all_kinds() if kind.name == name), None)
        if kind is None:
            raise ValueError(f"{shown(name)} is no kind of object that can be read.")
        if parts.keys() != kind.tests.keys():
            raise ValueError(f"{name} has the parts {shown(sorted(parts))}, but needs {sorted(kind.tests)}.")
        for part, is_possible in kind.tests.items():
            if not is_possible(parts[part]):
                raise ValueError(f"{name} cannot have {part}={shown(parts[part])}.")
        try:
            return kind.make(**parts)
        except (TypeError, KeyError, OverflowError, AttributeError, ValueError) as error:
            raise ValueError(f"{name} cannot be made of {shown(parts)}: {error}") from error


# ---- NumPy


def _numpy_to_plain(value: np.ndarray | np.generic | np.dtype, arrays: Arrays) -> Json:
    if isinstance(value, np.dtype):
        if value.kind not in ARRAY_KINDS:
            raise TypeError(f"the dtype {value} cannot be written")
        return {"dtype": value.str}
    if isinstance(value, np.ndarray) and value.dtype == object and value.ndim == 1:
        if not all(type(label) is str for label in value):
            raise TypeError(f"an array of objects cannot be written: {shown(value)}")
        return {"labels": value.tolist()}
    if value.dtype.kind not in ARRAY_KINDS or type(value) is np.longdouble:
        raise TypeError(f"values of dtype {value.dtype} cannot be written: {shown(value)}")
    if isinstance(value, np.generic):
        plain = value.item()
        return {"scalar": [value.dtype.str, repr(plain) if isinstance(plain, float) else plain]}
    name = f"a{len(arrays)}"
    arrays[name] = value
    return {"array": name}


def _numpy_from_plain(name: str, parts: Json, arrays: Arrays) -> object:
    match name, parts:
        case "array", str():
            if parts not in arrays:
                raise ValueError(f"There is no array {shown(parts)}.")
            return np.array(arrays[parts], order="K")
        case "labels", list():
            if all(isinstance(label, str) for label in parts):
                return np.array(parts, dtype=object)
        case "dtype", str():
            return _dtype(parts)
        case "scalar", [str() as code, bool() | int() | str() as value]:
            return _scalar(_dtype(code), value)
    raise ValueError(f"{name} cannot be made of {shown(parts)}.")


def _scalar(dtype: np.dtype, value: bool | int | str) -> np.generic:
    """Return a NumPy scalar; floating-point numbers are written as text."""
    is_right = isinstance(value, bool) == (dtype.kind == "b") and isinstance(value, str) == (dtype.kind == "f")
    if is_right and dtype.kind in "iu":
        limits = np.iinfo(dtype)
        is_right = int(limits.min) <= int(value) <= int(limits.max)
    try:
        if is_right:
            result: np.generic = dtype.type(float(value) if isinstance(value, str) else value)
            return result
    except ValueError:
        pass
    raise ValueError(f"A scalar of dtype {dtype} cannot be {shown(value)}.")


def _dtype(code: str) -> np.dtype:
    """Return the dtype with a code such as "<f8"."""
    known = {np.dtype(name).str: np.dtype(name) for name in ("bool", *_NUMBERS)}
    if code not in known:
        raise ValueError(f"{shown(code)} is no dtype that can be read.")
    return known[code]


_NUMBERS = ("float32", "float64", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))


# ---- tests of values that were read


def is_hashable(value: object) -> bool:
    """Whether a value can be a name or a key."""
    try:
        hash(value)
    except TypeError:
        return False
    return True


def is_flag(value: object) -> bool:
    """Whether a value is True or False."""
    return isinstance(value, bool)


def is_text(value: object) -> bool:
    """Whether a value is a string."""
    return isinstance(value, str)


def whole(low: int = 0, high: float = math.inf) -> Test:
    """Test for a whole number from `low` to `high`."""
    return lambda value: type(value) is int and low <= value <= high


def number(low: float = -math.inf, high: float = math.inf, *, may_be_nan: bool = False) -> Test:
    """Test for a number from `low` to `high`."""

    def is_possible(value: object) -> bool:
        if type(value) is bool or not isinstance(value, int | float | np.floating):
            return False
        return (may_be_nan and value != value) or bool(low <= value <= high)

    return is_possible


def one_of(*options: object) -> Test:
    """Test for one of some values, of the same type."""
    return lambda value: any(type(value) is type(option) and value == option for option in options)


def instance(*classes: type) -> Test:
    """Test for an object of one of some classes."""
    return lambda value: isinstance(value, classes)


def list_of(test: Test) -> Test:
    """Test for a list whose values pass a test."""
    return lambda value: isinstance(value, list) and all(map(test, value))


def tuple_of(test: Test) -> Test:
    """Test for a tuple whose values pass a test."""
    return lambda value: isinstance(value, tuple) and all(map(test, value))


def optional(test: Test) -> Test:
    """Test for None, or a value that passes a test."""
    return lambda value: value is None or test(value)


def array(ndim: int | tuple[int, ...], kinds: str = "f", *, may_be_nan: bool = False) -> Test:
    """Test for an array of native float32 or float64 (or other `kinds`), without infinity and, usually, NaN."""
    dimensions = (ndim,) if isinstance(ndim, int) else ndim

    def is_possible(value: object) -> bool:
        if not isinstance(value, np.ndarray) or value.ndim not in dimensions or value.dtype.kind not in kinds:
            return False
        if value.dtype.kind != "f":
            return value.dtype.isnative
        if value.dtype not in (np.float32, np.float64) or not value.dtype.isnative:
            return False
        return not np.isinf(value).any() if may_be_nan else bool(np.isfinite(value).all())

    return is_possible
