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
from contextlib import suppress
from json.encoder import encode_basestring_ascii
from typing import ClassVar

import numpy as np

from sklstm._utils.argument_checks import shown
from sklstm._utils.plain_state import Json, Kind

State = dict[str, object]
# Returns the JSON text of a value of one type, which may not have subclasses.
WriteText = Callable[[object], str]
FindKind = Callable[[object], "Kind | None"]
LateKinds = Mapping[str, Callable[[], Iterable[Kind]]]

BUNDLE = "_plain_state"  # in the state of an estimator: the attributes that are described
# Arrays of at most so many bytes are joined, one for each dtype: a panel has thousands of them.
SMALL = 1 << 16
NAMED = "biufcmMSU"  # kinds of dtypes that their code describes, such as "<f8"
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
        self._of_libraries: dict[type, Kind | None] = {}  # what was found for classes of these libraries

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
        if type(value) in _TEXTS:
            return True
        if isinstance(value, np.ndarray):
            return type(value) is not np.ndarray or value.dtype != object
        is_described = isinstance(value, np.generic | np.dtype) or type(value) in (list, tuple, dict, range)
        return not is_described and self._kind_of(value) is None

    def _kind_of(self, value: object) -> Kind | None:
        """Return the kind of an object; None for a foreign one."""
        cls = type(value)
        kind = self._kinds.get(cls)
        if kind is not None:
            return kind
        library = cls.__module__.partition(".")[0]
        if library not in self._late_kinds:
            return None
        if cls not in self._of_libraries:
            kinds = self._late_kinds[library]()
            self._of_libraries[cls] = next((kind for kind in kinds if cls is kind.cls or _is_subclass(cls, kind)), None)
        return self._of_libraries[cls]

    def _kind_called(self, name: str) -> Kind | None:
        if name in self._names:
            return self._names[name]
        late = (kind for kinds in self._late_kinds.values() for kind in kinds())
        return next((kind for kind in late if kind.name == name), None)


def _is_subclass(cls: type, kind: Kind) -> bool:
    return kind.has_subclasses and issubclass(cls, kind.cls)


def _float_text(value: object) -> str:
    return repr(value) if math.isfinite(value) else f'{{"float":"{value!r}"}}'  # type: ignore[arg-type]


_TEXTS: dict[type, WriteText] = {
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: repr,
    float: _float_text,
    str: encode_basestring_ascii,  # type: ignore[dict-item]
}

# Types that are written without a Kind, and may be met again.
_OWN_FORMS = frozenset({list, dict, np.ndarray, np.memmap})


class _Writer:
    """Writes one bundle: a JSON text, arrays, and foreign objects.

    Lists, dicts, arrays and objects are numbered as they are met. One that is met again is written as its number. The
    parts of the text are joined at once, as a tree of lists and dicts for `json` would take longer.
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
        text = self._text(described)
        small = {code: np.concatenate(parts) for code, parts in self._small.items()}
        return {"text": text, "small": small, "arrays": self._arrays, "objects": self._objects}

    def _text(self, value: object) -> str:
        cls = type(value)
        write = _TEXTS.get(cls)
        if write is not None:
            return write(value)
        if cls is tuple:
            return f'{{"tuple":[{self._joined(value)}]}}'  # type: ignore[arg-type]
        met = self._met.get(id(value))
        if met is not None:
            return f'{{"again":{met[0]}}}'
        kind = None if cls in _OWN_FORMS else self._kind_of(value)
        if kind is None and cls not in _OWN_FORMS:
            unnumbered = self._unnumbered(value)
            if unnumbered is not None:
                return unnumbered
        self._met[id(value)] = len(self._met), value
        if cls is np.ndarray:
            return self._array(value)  # type: ignore[arg-type]
        return self._numbered(value, kind)

    def _joined(self, values: Iterable[object]) -> str:
        return ",".join(map(self._text, values))

    def _unnumbered(self, value: object) -> str | None:
        """Write what never changes, so that it may become several objects; None for anything else."""
        if isinstance(value, range):
            return f'{{"range":[{value.start},{value.stop},{value.step}]}}'
        if isinstance(value, np.dtype) and value.kind in NAMED:
            return f'{{"dtype":"{value.str}"}}'
        if isinstance(value, np.generic) and value.dtype.kind in NAMED:
            return f'{{"scalar":{self._array(np.asarray(value))}}}'
        if isinstance(value, type) and value.__name__ in self._names and self._names[value.__name__].cls is value:
            return f'{{"class":"{value.__name__}"}}'
        return None

    def _numbered(self, value: object, kind: Kind | None) -> str:
        """Write what may be met again; an object of a kind, or one that has none."""
        if type(value) is list:
            return f"[{self._joined(value)}]"
        if type(value) is dict:
            pairs = [f"[{self._text(key)},{self._text(part)}]" for key, part in value.items()]
            return f'{{"dict":[{",".join(pairs)}]}}'
        if type(value) is np.memmap:
            return self._array(np.asarray(value))
        parts = None
        if kind is not None:
            with suppress(TypeError, ValueError, KeyError, AttributeError):
                parts = kind.parts(value)
        if kind is not None and parts is not None:
            named = [f'"{name}":{self._text(part)}' for name, part in parts.items()]
            return f'{{"{kind.name}":{{{",".join(named)}}}}}'
        self._objects.append(value)  # also an unusual one of another library, as with another bit generator
        return f'{{"object":{len(self._objects) - 1}}}'

    def _array(self, values: np.ndarray) -> str:
        shape, dtype = ",".join(map(str, values.shape)), values.dtype
        if dtype.kind == "O":
            return f'{{"items":[[{shape}],[{self._joined(values.ravel().tolist())}]]}}'
        progression, code = _progression(values), dtype.str
        if progression is not None:
            return f'{{"progression":["{code}",{progression[0]},{progression[1]},{progression[2]}]}}'
        if values.nbytes > SMALL or dtype.kind not in NAMED:
            self._arrays.append(values)
            return f'{{"array":{len(self._arrays) - 1}}}'
        order = "F" if values.ndim > 1 and values.flags.f_contiguous and not values.flags.c_contiguous else "C"
        first = self._n_small.get(code, 0)
        self._small.setdefault(code, []).append(values.ravel(order))  # type: ignore[arg-type]
        self._n_small[code] = first + values.size
        return f'{{"small":["{code}",{first},[{shape}],"{order}"]}}'


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
        if type(content) is dict:
            ((name, parts),) = content.items()
            read = self._FORMS.get(name)
            return self._object(name, parts) if read is None else read(self, parts)
        return self._list(content) if type(content) is list else content

    def _all(self, contents: Iterable[Json]) -> list[object]:
        value = self._value
        return [content if type(content) in _TEXTS else value(content) for content in contents]

    # ---- what may be met again has the number by which it was met

    def _list(self, contents: list[Json]) -> list[object]:
        found: list[object] = []
        self._met.append(found)  # before its parts, as it may be one of them
        found.extend(self._all(contents))
        return found

    def _dict(self, pairs: list[Json]) -> dict[object, object]:
        found: dict[object, object] = {}
        self._met.append(found)
        for key, value in pairs:  # type: ignore[misc, str-unpack]
            # the key before the value, as it was written: objects are numbered in this order
            made_key = key if type(key) is str else self._value(key)
            found[made_key] = value if type(value) in _TEXTS else self._value(value)
        return found

    def _object(self, name: str, parts: Json) -> object:
        number = len(self._met)
        self._met.append(None)
        made = {part: self._value(content) for part, content in parts.items()}  # type: ignore[union-attr]
        self._met[number] = value = self._known_kind(name).make(**made)
        return value

    def _foreign(self, number: int) -> object:
        self._met.append(self._objects[number])
        return self._objects[number]

    def _kept_array(self, name: str, parts: Json) -> np.ndarray:
        number = len(self._met)
        self._met.append(None)
        self._met[number] = array = self._ARRAY_FORMS[name](self, parts)
        return array

    # ---- what cannot

    def _scalar(self, content: dict[str, Json]) -> object:
        ((name, parts),) = content.items()
        return self._ARRAY_FORMS[name](self, parts)[()]

    def _class(self, name: str) -> type:
        return self._known_kind(name).cls

    def _known_kind(self, name: str) -> Kind:
        kind = self._kind_called(name)
        if kind is None:
            raise ValueError(f"{shown(name)} is no kind of object that can be read")
        return kind

    # ---- arrays

    def _small_array(self, parts: list[Json]) -> np.ndarray:
        code, first, shape, order = parts
        joined = self._small[code][first : first + math.prod(shape)]  # type: ignore[arg-type, index, operator]
        values = joined.copy() if joined.dtype.str == code else joined.astype(code)  # type: ignore[arg-type]
        return values.reshape(shape, order=order)  # type: ignore[arg-type, call-overload, no-any-return]

    def _progression(self, parts: list[Json]) -> np.ndarray:
        code, first, step, n = parts
        return _from_progression(first, step, n).astype(code)  # type: ignore[arg-type]

    def _items(self, parts: list[Json]) -> np.ndarray:
        shape, items = parts
        values: np.ndarray = np.empty(len(items), object)  # type: ignore[arg-type]
        for number, item in enumerate(items):  # type: ignore[arg-type]
            values[number] = self._value(item)  # type: ignore[call-overload]
        return values.reshape(shape)  # type: ignore[arg-type]

    # How each form is read, by its name in the text. Arrays are numbered, unless they are in a scalar.
    _ARRAY_FORMS: ClassVar[dict[str, Callable[..., np.ndarray]]] = {
        "array": lambda self, number: self._arrays[number],
        "small": _small_array,
        "progression": _progression,
        "items": _items,
    }
    _FORMS: ClassVar[dict[str, Callable[..., object]]] = {
        "float": lambda self, text: float(text),
        "tuple": lambda self, contents: tuple(self._all(contents)),
        "range": lambda self, parts: range(*parts),
        "dtype": lambda self, code: np.dtype(code),
        "again": lambda self, number: self._met[number],
        "scalar": _scalar,
        "class": _class,
        "dict": _dict,
        "object": _foreign,
        "array": lambda self, parts: self._kept_array("array", parts),
        "small": lambda self, parts: self._kept_array("small", parts),
        "progression": lambda self, parts: self._kept_array("progression", parts),
        "items": lambda self, parts: self._kept_array("items", parts),
    }
