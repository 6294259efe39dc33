"""The seasonal naive forecast against a loop."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklstm._components.naive import seasonal_naive


def slow_path(y, season, steps):
    """The newest value that is whole seasons before each row after the last one."""
    rows = [[row for row in range(len(y) + k - season, -1, -season) if row < len(y)] for k in range(steps)]
    return [next((y[row] for row in before if not np.isnan(y[row])), np.nan) for before in rows]


def example(n, seed, share=0.3):
    rng = np.random.default_rng(seed)
    return np.where(rng.random((n, 2)) < share, np.nan, rng.normal(size=(n, 2)))


@pytest.mark.parametrize("season", [1, 2, 5, 12])
@pytest.mark.parametrize("n", [1, 3, 40])
@pytest.mark.parametrize("steps", [1, 4, 30])
def test_it_repeats_the_newest_value_of_the_season(season, n, steps):
    y = example(n, n)
    paths = seasonal_naive(y, season, np.arange(1, n + 1), steps)
    for k in range(2):
        for row in range(n):
            assert_array_equal(paths[row, :, k], slow_path(y[: row + 1, k], season, steps))


def test_before_the_first_row_nothing_is_known():
    assert np.isnan(seasonal_naive(example(5, 0), 4, np.array([0]), 6)).all()


def test_a_later_row_changes_no_earlier_forecast():
    y = example(20, 1)
    other = y.copy()
    other[12:] = 1e9
    known = np.arange(13)
    assert_array_equal(seasonal_naive(other, 4, known, 6), seasonal_naive(y, 4, known, 6))
