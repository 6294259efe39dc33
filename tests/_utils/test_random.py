import copy

import numpy as np
import pytest

from sklstm._utils.random import own_generator, restorer


def draw(random_state):
    return own_generator(random_state).random(3)


def test_an_integer_decides_and_none_does_not():
    np.testing.assert_array_equal(draw(3), np.random.default_rng(3).random(3))
    np.testing.assert_array_equal(draw(np.int64(3)), draw(3))
    assert not np.array_equal(draw(None), draw(None))


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_a_generator_is_consumed_and_decides(make):
    given = make(0)
    first, second = draw(given), draw(given)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(draw(make(0)), first)


def test_anything_else_is_refused():
    with pytest.raises(ValueError, match="random_state must be an int"):
        own_generator("seed")


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_a_generator_goes_back_to_where_it_was(make):
    given = make(0)
    draw(given)
    restore, expected = restorer(given), draw(copy.deepcopy(given))
    draw(given)
    restore()
    np.testing.assert_array_equal(draw(given), expected)


@pytest.mark.parametrize("random_state", [None, 3])
def test_of_anything_else_nothing_is_used_up(random_state):
    restorer(random_state)()
