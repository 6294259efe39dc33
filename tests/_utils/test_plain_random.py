import json

import numpy as np
import pytest

from sklstm._utils.plain_random import RANDOM_KINDS
from sklstm._utils.plain_state import Codec
from tests.tools import changed

CODEC = Codec(RANDOM_KINDS)
NAMES = "PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"


def again(value):
    content, arrays = CODEC.encode(value)
    return CODEC.decode(json.loads(json.dumps(content)), arrays)


def used(generator):
    """Draw an odd number of half words, which generators keep for the next time."""
    generator.normal(size=3)
    generator.integers(10, size=3, dtype=np.uint32)
    return generator


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [0, None, [1, 2, 3], np.arange(2, dtype=np.uint64)])
def test_a_generator_goes_on(name, seed):
    generator = used(np.random.Generator(getattr(np.random, name)(seed)))
    generator.spawn(2)
    read = again(generator)
    assert (read.integers(10, size=5, dtype=np.uint32) == generator.integers(10, size=5, dtype=np.uint32)).all()
    assert (read.random(1000) == generator.random(1000)).all()
    assert read.spawn(1)[0].random() == generator.spawn(1)[0].random()


def test_a_random_state_goes_on():
    state = np.random.RandomState(3)
    state.normal()  # keeps the second number
    read = again(state)
    assert (read.normal(size=1000) == state.normal(size=1000)).all()


def test_another_bit_generator_in_a_random_state_is_refused():
    with pytest.raises(TypeError, match="another bit generator"):
        CODEC.encode(np.random.RandomState(np.random.PCG64(0)))


def places(content, path=()):
    """The path of every part of JSON that is no list or dict."""
    if isinstance(content, list | dict):
        for key, part in content.items() if isinstance(content, dict) else enumerate(content):
            yield from places(part, (*path, key))
    else:
        yield path


GENERATORS = {name: np.random.Generator(getattr(np.random, name)(0)) for name in NAMES}


@pytest.mark.parametrize("value", [*GENERATORS.values(), np.random.RandomState(0)], ids=[*NAMES, "RandomState"])
@pytest.mark.parametrize("wrong", [-1, 2**200, "PCG64", None, [], 1e300, "sys", True, 625])
def test_a_wrong_state_is_refused_or_is_another_state(value, wrong):
    content, arrays = CODEC.encode(value)
    for path in places(content):
        try:
            read = CODEC.decode(changed(content, path, wrong), arrays)
        except ValueError:
            continue
        getattr(read, "random_sample", getattr(read, "random", None))(10)
    for name in arrays:
        for other in (np.zeros(3, np.uint64), np.zeros((624, 1), np.uint32), np.zeros(624), np.zeros(624, np.int32)):
            with pytest.raises(ValueError, match="cannot"):
                CODEC.decode(content, {**arrays, name: other})
