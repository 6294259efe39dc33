"""Parts that are stacked, and rows that are taken from them."""

from dataclasses import dataclass

import numpy as np

from sklstm._utils.array_fields import ArrayFields


@dataclass(frozen=True)
class Pair(ArrayFields):
    one: np.ndarray
    other: np.ndarray


PARTS = [Pair(np.array([k, k + 0.5]), np.array([-k])) for k in range(3)]


def test_every_part_is_repeated_by_its_own_number():
    stacked = Pair.from_parts(PARTS, [2, 0, 1])
    np.testing.assert_array_equal(stacked.one, [[0, 0.5], [0, 0.5], [2, 2.5]])
    np.testing.assert_array_equal(stacked.other, [[0], [0], [-2]])


def test_rows_of_a_stack_are_the_parts():
    stacked = Pair.from_parts(PARTS, 1)
    for row, part in enumerate(PARTS):
        np.testing.assert_array_equal(stacked.at(row).one, part.one)
    assert type(stacked.at(slice(1, 3))) is Pair
    np.testing.assert_array_equal(stacked.at(np.array([2, 0])).other, [[-2], [0]])
