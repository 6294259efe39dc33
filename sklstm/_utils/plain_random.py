"""Random generators as kinds of `plain_state.py`."""

from __future__ import annotations

import numpy as np

from sklstm._utils.plain_state import Kind, Parts, array, number, one_of, optional, tuple_of, whole

# Places in the state of each bit generator: the array, its length, and the part that counts in it, with its last value.
_ARRAYS: dict[str, dict[str, int]] = {
    "PCG64": {},
    "PCG64DXSM": {},
    "MT19937": {"key": 624},
    "Philox": {"counter": 4, "key": 2},
    "SFC64": {"state": 4},
}
_MOST_ENTROPY = 1 << 12  # words of a seed
_WORD = whole(0, 2**32 - 1)


def _generator_parts(value: object) -> Parts:
    assert isinstance(value, np.random.Generator)
    state = value.bit_generator.state
    if type(value.bit_generator) is not getattr(np.random, state["bit_generator"], None):  # type: ignore[arg-type, call-overload, index]
        raise TypeError(f"a generator with the bit generator {type(value.bit_generator).__name__} cannot be written")
    return {"state": state, "seed_sequence": _seed_parts(value.bit_generator)}


def _seed_parts(bit_generator: np.random.BitGenerator) -> dict[str, object] | None:
    """Return what a SeedSequence is made of, which `Generator.spawn` needs; None if there is another kind of seed."""
    seed = bit_generator.seed_seq
    if not isinstance(seed, np.random.SeedSequence):
        return None
    entropy = seed.entropy
    if not isinstance(entropy, int | None):
        entropy = tuple(map(int, np.asarray(entropy).ravel()))
    return {
        "entropy": entropy,
        "spawn_key": tuple(map(int, seed.spawn_key)),
        "n_children_spawned": int(seed.n_children_spawned),
    }


def _make_generator(state: dict[str, object], seed_sequence: dict[str, object] | None) -> np.random.Generator:
    name = state["bit_generator"]
    assert isinstance(name, str)
    seed = None if seed_sequence is None else np.random.SeedSequence(**seed_sequence)  # type: ignore[arg-type]
    bit_generator: np.random.BitGenerator = getattr(np.random, name)(seed)
    bit_generator.state = state
    return np.random.Generator(bit_generator)


def _is_state(value: object) -> bool:
    """Whether a value is the state of a bit generator. NumPy itself checks neither lengths nor positions."""
    if not isinstance(value, dict) or not isinstance(value.get("bit_generator"), str):
        return False
    name = value["bit_generator"]
    inner = value.get("state")
    if name not in _ARRAYS or not isinstance(inner, dict):
        return False
    arrays, own_keys = _ARRAYS[name], {"has_uint32", "uinteger"}
    if name == "MT19937":
        return value.keys() == {"bit_generator", "state"} and _is_twister(inner)
    if name == "Philox":
        own_keys |= {"buffer", "buffer_pos"}
        if not whole(0, 4)(value.get("buffer_pos")) or not _is_words(value.get("buffer"), 4):
            return False
    if value.keys() != {"bit_generator", "state"} | own_keys:
        return False
    if not one_of(0, 1)(value["has_uint32"]) or not _WORD(value["uinteger"]):
        return False
    if not arrays:
        return inner.keys() == {"state", "inc"} and all(whole(0, 2**128 - 1)(part) for part in inner.values())
    return inner.keys() == arrays.keys() and all(_is_words(inner[part], length) for part, length in arrays.items())


def _is_twister(inner: dict[str, object]) -> bool:
    """Whether the state of a Mersenne twister is possible; a position beyond its array would read foreign memory."""
    return inner.keys() == {"key", "pos"} and whole(0, 624)(inner["pos"]) and _is_words(inner["key"], 624, np.uint32)


def _is_words(value: object, length: int, dtype: type = np.uint64) -> bool:
    return array(1, "u")(value) and value.shape == (length,) and value.dtype == dtype  # type: ignore[attr-defined]


def _is_seed(value: object) -> bool:
    if not isinstance(value, dict) or value.keys() != {"entropy", "spawn_key", "n_children_spawned"}:
        return False
    entropy, spawn_key = value["entropy"], value["spawn_key"]
    is_entropy = optional(whole(0, 2**4096))(entropy) or (
        tuple_of(whole(0, 2**64 - 1))(entropy) and len(entropy) <= _MOST_ENTROPY
    )
    is_key = tuple_of(_WORD)(spawn_key) and len(spawn_key) <= _MOST_ENTROPY
    return is_entropy and is_key and _WORD(value["n_children_spawned"])


def _random_state_parts(value: object) -> Parts:
    assert isinstance(value, np.random.RandomState)
    state = value.get_state(legacy=False)
    if state["bit_generator"] != "MT19937":  # type: ignore[call-overload]
        raise TypeError("a RandomState with another bit generator than MT19937 cannot be written")
    parts = {name: state[name] for name in ("bit_generator", "state", "has_gauss", "gauss")}  # type: ignore[call-overload]
    return parts | {"gauss": float(parts["gauss"])}


def _make_random_state(**state: object) -> np.random.RandomState:
    made = np.random.RandomState(0)
    made.set_state(state)  # type: ignore[arg-type]
    return made


def _is_twister_state(value: object) -> bool:
    return isinstance(value, dict) and _is_twister(value)


RANDOM_KINDS = (
    Kind(
        "Generator",
        np.random.Generator,
        {"state": _is_state, "seed_sequence": optional(_is_seed)},
        _generator_parts,
        _make_generator,
    ),
    Kind(
        "RandomState",
        np.random.RandomState,
        {
            "bit_generator": one_of("MT19937"),
            "state": _is_twister_state,
            "has_gauss": one_of(0, 1),
            "gauss": number(-100, 100),
        },
        _random_state_parts,
        _make_random_state,
    ),
)
