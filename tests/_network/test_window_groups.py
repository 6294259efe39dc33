import numpy as np
import pytest

from sklstm._network.window_groups import FEWEST_IN_GROUP, GAP, group_limits, group_of, is_rounding


def spread(low, high, n=20):
    return np.geomspace(low, high, n)


@pytest.mark.parametrize("ratio", [1e-9, 1e-6, 1e-3, 0.9 / GAP, 1.1 / GAP, 0.5])
@pytest.mark.parametrize("order", [1, -1])
def test_windows_are_apart_by_more_than_the_gap(ratio, order):
    """In either order, and in any unit."""
    deviation = np.concatenate((spread(ratio / 2, ratio), spread(1, 2)))[::order]
    for unit in (1e-30, 1.0, 1e30):
        limits = group_limits(unit * deviation, unit * deviation)
        is_apart = ratio < 1 / GAP
        assert len(limits) == is_apart
        if is_apart:
            np.testing.assert_allclose(limits, unit * np.sqrt(ratio), rtol=1e-12)
            np.testing.assert_array_equal(group_of(unit * deviation, limits), deviation > 0.5)


@pytest.mark.parametrize(("far", "is_apart"), [(0.9 * GAP, True), (1.1 * GAP, False), (1e5, False)])
def test_a_target_that_leads_across_the_gap_connects_the_groups(far, is_apart):
    """Because the small windows are then a flat stretch of the series that the large ones are of."""
    deviation = np.concatenate((spread(1e-6, 2e-6), spread(1, 2)))
    change = deviation.copy()
    change[3] = far * 2e-6
    assert len(group_limits(deviation, change)) == is_apart


def test_a_target_connects_all_groups_that_it_passes_and_no_others():
    deviation = np.concatenate((spread(1e-9, 2e-9), spread(1e-6, 2e-6), spread(1e-3, 2e-3), spread(1, 2)))
    change = deviation.copy()
    change[25] = 1e-3  # from the second group to the third
    np.testing.assert_allclose(group_limits(deviation, change), np.sqrt([2e-9 * 1e-6, 2e-3]), rtol=1e-12)
    change[0] = 1.0  # from the first to the last
    assert not len(group_limits(deviation, change))


@pytest.mark.parametrize(("n_low", "n_high"), [(0, 0), (-1, 0), (0, -1)])
def test_a_group_has_a_number_of_windows(n_low, n_high):
    low, high = (np.full(FEWEST_IN_GROUP + n, size) for n, size in ((n_low, 1e-6), (n_high, 1.0)))
    deviation = np.concatenate((low, high))
    assert len(group_limits(deviation, deviation)) == (n_low == n_high == 0)


def test_constant_windows_make_no_group_and_are_in_the_last_one():
    deviation = np.concatenate((np.zeros(50), spread(1e-6, 2e-6), spread(1, 2)))
    change = np.where(deviation == 0, 5.0, deviation)  # they connect nothing
    limits = group_limits(deviation, change)
    np.testing.assert_array_equal(group_of(deviation, limits), np.repeat([1, 0, 1], [50, 20, 20]))
    assert not len(group_limits(np.zeros(50), np.ones(50)))
    assert not len(group_limits(np.array([]), np.array([])))


def test_sizes_that_nearly_underflow_have_a_limit_between_them():
    deviation = np.concatenate((np.full(20, 1e-300), np.full(20, 1e-200)))
    np.testing.assert_allclose(group_limits(deviation, deviation), 1e-250)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("level", [1e-9, 1.0, -1e9])
def test_a_constant_is_one_up_to_the_rounding_of_its_own_level_and_precision(dtype, level):
    last = np.array([level], dtype)
    step = np.abs(np.nextafter(last, np.inf, dtype=dtype) - last).astype(np.float64)
    window = last.astype(np.float64) + step * np.array([0, 1, 0, 0])
    assert is_rounding(np.std(window, keepdims=True), last)
    assert not is_rounding(np.abs(last.astype(np.float64)) * 4 * np.finfo(dtype).eps, last)
    assert is_rounding(np.zeros(1), np.zeros(1, dtype))
