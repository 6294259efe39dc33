"""Write the attributes of an estimator as plain data, and read them again: what a pickle or a skops file contains.

Text, numbers and arrays stay as they are. Our own dataclasses, and the times, indexes, dtypes and generators of other
libraries, are described in one JSON text, as `plain_state.py` describes them in checkpoints. Estimators, and all else
that belongs to the user, stay objects. So a file names no class of ours but the estimator's own.

A checkpoint is checked part by part when it is read. Here nothing is, as an estimator may hold what its user set.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from sklstm._utils.argument_checks import shown
from sklstm._utils.plain_state import Json, Kind

State = dict[str, object]
FindKind = Callable[[object], "Kind | None"]
LateKinds = Mapping[str, Callable[[], Iterable[Kind]]]

BUNDLE = "_plain_state"  # in the state of an estimator: the attributes that are described
# Arrays of at most so many bytes are joined, one for each dtype: a panel has thousands of them.
SMALL = 1 << 16
FEWEST_IN_PROGRESSION = 16
_LARGE = 1 << 62


class StateCodec:
    """Converts attributes to plain data, and back. An object that occurs twice is written once.

    Parameters
    ----------
    kinds : iterable of Kind
        Our own classes. Their `tests` are not used.
    late_kinds : dict of callable () -> iterable of Kind, default=None
        The kinds of other libraries, by the name of the library, which takes long to import. They are called when an
        object of the library, or a name that is not in `kinds`, is met.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm._utils.saved_state import StateCodec
    >>> codec = StateCodec([])
    >>> state = codec.written({"alpha": 0.5, "shape": (2, 3), "dtype": np.dtype("float32")})
    >>> state["alpha"], state["_plain_state"]["text"]
    (0.5, '{"dict":[["shape",{"tuple":[2,3]}],["dtype",{"dtype":"<f4"}]]}')
    >>> codec.read(state)
    {'alpha': 0.5, 'shape': (2, 3), 'dtype': dtype('float32')}
    """

    def __init__(self, kinds: Iterable[Kind], late_kinds: LateKinds | None = None) -> None:
        self._kinds: dict[type, Kind] = {}
        self._names: dict[str, Kind] = {}
        for kind in kinds:
            if kind.name in self._names:
                raise ValueError(f"Two kinds are called {kind.name}.")
            self._kinds[kind.cls] = self._names[kind.name] = kind
        self._late_kinds = late_kinds or {}

    def written(self, attributes: Mapping[str, object]) -> State:
        """Return attributes as plain data. Those that are text, numbers, arrays or foreign objects stay on top."""
        described = {name: value for name, value in attributes.items() if not self._stays(value)}
        state = {name: value for name, value in attributes.items() if name not in described}
        if described:
            state[BUNDLE] = _Writer(self._kind_of, self._names).written(described)
        return state

    def read(self, state: Mapping[str, object]) -> State:
        """Return the attributes that were written; ValueError if `state` is not as `written` returns it."""
        attributes = dict(state)
        bundle = attributes.pop(BUNDLE, None)
        return attributes if bundle is None else attributes | _Reader(self._kind_called).read(bundle)

    def _stays(self, value: object) -> bool:
        """Whether an attribute is plain by itself, or a foreign object."""
        if isinstance(value, np.ndarray):
            return type(value) is not np.ndarray or value.dtype != object
        is_described = isinstance(value, np.generic | np.dtype) or type(value) in (list, tuple, dict, range)
        return not is_described and self._kind_of(value) is None

    def _kind_of(self, value: object) -> Kind | None:
        """Return the kind of an object; None for a foreign one."""
        cls = type(value)
        if cls in self._kinds:
            return self._kinds[cls]
        kinds = self._late_kinds.get(cls.__module__.partition(".")[0], tuple)()
        return next((kind for kind in kinds if cls is kind.cls or _is_subclass(cls, kind)), None)

    def _kind_called(self, name: str) -> Kind | None:
        if name in self._names:
            return self._names[name]
        late = (kind for kinds in self._late_kinds.values() for kind in kinds())
        return next((kind for kind in late if kind.name == name), None)


def _is_subclass(cls: type, kind: Kind) -> bool:
    return kind.has_subclasses and issubclass(cls, kind.cls)


class _Writer:
    """Writes one bundle: a JSON text, arrays, and foreign objects.

    Lists, dicts, arrays and objects are numbered as they are met. One that is met again is written as its number.
    """

    def __init__(self, kind_of: FindKind, names: Mapping[str, Kind]) -> None:
        self._kind_of, self._names = kind_of, names
        self._met: dict[int, tuple[int, object]] = {}  # with the objects, so that no id is given again
        self._arrays: list[np.ndarray] = []
        self._small: dict[str, list[np.ndarray]] = {}
        self._n_small: dict[str, int] = {}
        self._objects: list[object] = []

    def written(self, described: dict[str, object]) -> State:
        """Return the bundle."""
        text = json.dumps(self._plain(described), separators=(",", ":"), allow_nan=False)
        small = {code: np.concatenate(parts) for code, parts in self._small.items()}
        return {"text": text, "small": small, "arrays": self._arrays, "objects": self._objects}

    def _plain(self, value: object) -> Json:
        if value is None or type(value) in (bool, int, str):
            return value  # type: ignore[return-value]
        if type(value) is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if type(value) not in (np.ndarray, dict, list):
            small = self._unnumbered(value)
            if small is not None:
                return small
        if id(value) in self._met:
            return {"again": self._met[id(value)][0]}
        self._met[id(value)] = len(self._met), value
        return self._numbered(value)

    def _unnumbered(self, value: object) -> Json:
        """Write what never changes, so that it may become several objects; None for anything else."""
        if type(value) is tuple:
            return {"tuple": list(map(self._plain, value))}
        if isinstance(value, range):
            return {"range": [value.start, value.stop, value.step]}
        if isinstance(value, np.dtype) and np.dtype(value.str) == value:
            return {"dtype": value.str}
        if isinstance(value, np.generic) and value.dtype.kind in "biufcmMSU":
            return {"scalar": self._array(np.asarray(value))}
        if isinstance(value, type) and value.__name__ in self._names and self._names[value.__name__].cls is value:
            return {"class": value.__name__}
        return None

    def _numbered(self, value: object) -> Json:
        """Write what may be met again."""
        if type(value) is list:
            return list(map(self._plain, value))
        if type(value) is dict:
            return {"dict": [[self._plain(key), self._plain(part)] for key, part in value.items()]}
        if isinstance(value, np.ndarray) and type(value) in (np.ndarray, np.memmap):
            return self._array(np.asarray(value))
        kind = self._kind_of(value)
        try:
            parts = None if kind is None else kind.parts(value)
        except (TypeError, ValueError, KeyError, AttributeError):
            parts = None  # of an unusual object of another library, such as a generator with another bit generator
        if kind is None or parts is None:
            self._objects.append(value)
            return {"object": len(self._objects) - 1}
        return {kind.name: {name: self._plain(part) for name, part in parts.items()}}

    def _array(self, values: np.ndarray) -> Json:
        if values.dtype == object:
            return {"items": [list(values.shape), list(map(self._plain, values.ravel().tolist()))]}
        progression = _progression(values)
        if progression is not None:
            return {"progression": [values.dtype.str, *progression]}
        code, order = values.dtype.str, "F" if values.flags.f_contiguous and not values.flags.c_contiguous else "C"
        if values.nbytes > SMALL or np.dtype(code) != values.dtype:
            self._arrays.append(values)
            return {"array": len(self._arrays) - 1}
        first = self._n_small.get(code, 0)
        self._small.setdefault(code, []).append(values.ravel(order))  # type: ignore[arg-type]
        self._n_small[code] = first + values.size
        return {"small": [code, first, list(values.shape), order]}


def _progression(values: np.ndarray) -> tuple[int, int, int] | None:
    """Return the first value, the step and the length of whole numbers that are a progression; None for others."""
    if values.ndim != 1 or values.dtype.kind not in "iu" or len(values) < FEWEST_IN_PROGRESSION:
        return None
    n, first, last = len(values), int(values[0]), int(values[-1])
    step = int(values[1]) - first
    if max(abs(first), abs(last)) >= _LARGE:  # a sum could overflow
        return None
    if not step or last - first != (n - 1) * step or not np.array_equal(values, _from_progression(first, step, n)):
        return None
    return first, step, n


def _from_progression(first: int, step: int, n: int) -> np.ndarray:
    return np.arange(n) * step + first


class _Reader:
    """Reads one bundle."""

    def __init__(self, kind_called: Callable[[str], Kind | None]) -> None:
        self._kind_called = kind_called
        self._met: list[object] = []

    def read(self, bundle: object) -> State:
        """Return the attributes; ValueError if the bundle is not as it was written."""
        try:
            self._arrays, self._small, self._objects = (bundle[name] for name in ("arrays", "small", "objects"))  # type: ignore[index]
            return dict(self._value(json.loads(bundle["text"])))  # type: ignore[call-overload, index, no-any-return]
        except (TypeError, LookupError, AttributeError, ValueError, ArithmeticError, RecursionError) as error:
            raise ValueError(f"The saved state of the estimator cannot be read: {error!r}") from error

    def _value(self, content: Json) -> object:
        if isinstance(content, list):
            return self._filled([], content)
        if not isinstance(content, dict):
            return content
        ((name, parts),) = content.items()
        match name, parts:
            case "float", str():
                return float(parts)
            case "tuple", list():
                return tuple(map(self._value, parts))
            case "range", list():
                return range(*parts)  # type: ignore[arg-type]
            case "dtype", str():
                return np.dtype(parts)
            case "scalar", dict():
                return self._read_array(parts)[()]
            case "class", str():
                return self._known_kind(parts).cls
            case "again", int():
                return self._met[parts]
        return self._numbered(name, parts, content)

    def _numbered(self, name: str, parts: Json, content: dict[str, Json]) -> object:
        """Read what may be met again."""
        if name == "dict":
            return self._filled({}, parts)
        number = len(self._met)
        self._met.append(None)
        if name == "object":
            value = self._objects[parts]
        elif isinstance(parts, dict):
            made = {key: self._value(part) for key, part in parts.items()}
            value = self._known_kind(name).make(**made)
        else:
            value = self._read_array(content)
        self._met[number] = value
        return value

    def _filled(self, empty: list | dict, content: Json) -> object:
        """Fill a list or a dict, which may be met again in itself."""
        self._met.append(empty)
        for part in content:  # type: ignore[union-attr]
            if isinstance(empty, list):
                empty.append(self._value(part))
            else:
                key, value = part  # type: ignore[misc, str-unpack]
                made_key = self._value(key)  # before the value, as it was written: objects are numbered in this order
                empty[made_key] = self._value(value)
        return empty

    def _known_kind(self, name: str) -> Kind:
        kind = self._kind_called(name)
        if kind is None:
            raise ValueError(f"{shown(name)} is no kind of object that can be read")
        return kind

    def _read_array(self, content: dict[str, Json]) -> np.ndarray:
        match content:
            case {"array": int() as number}:
                return self._arrays[number]
            case {"small": [str() as code, int() as first, list() as shape, str() as order]}:
                values = self._small[code][first : first + math.prod(shape)]  # type: ignore[arg-type]
                return np.array(values, np.dtype(code)).reshape(shape, order=order)  # type: ignore[call-overload, no-any-return]
            case {"progression": [str() as code, int() as first, int() as step, int() as n]}:
                return _from_progression(first, step, n).astype(code)
            case {"items": [list() as shape, list() as items]}:
                values = np.empty(len(items), object)
                for number, item in enumerate(items):
                    values[number] = self._value(item)
                return values.reshape(shape)  # type: ignore[arg-type]
        raise ValueError(f"there is no array {shown(content)}")
