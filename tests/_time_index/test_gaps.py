import numpy as np
import pandas as pd
import pytest

from sklstm._time_index.gaps import (
    are_consecutive,
    first_nonconsecutive,
    index_start,
    most_common_step,
    most_common_value,
    step_with_gaps,
)

WHOLE = {
    "days": pd.date_range("2024-01-01", periods=40),
    "days in a zone": pd.date_range("2024-03-01", periods=40, tz="Europe/Berlin"),
    "every other hour": pd.date_range("2024-01-01", periods=40, freq="2h"),
    "business days": pd.date_range("2024-01-01", periods=40, freq="B"),
    "month ends": pd.date_range("2020-01-31", periods=40, freq="ME"),
    "periods": pd.period_range("2020-01", periods=40, freq="M"),
    "integers": pd.Index(np.arange(3, 123, 3)),
}
IDS = pytest.mark.parametrize("name", WHOLE)


def _later(start, steps):
    """A value and some steps; those of a time zone are counted by the clock on the wall, also in pandas 2."""
    if getattr(start, "tz", None) is None:
        return start + steps
    return (start.tz_localize(None) + steps).tz_localize(start.tz)


@IDS
def test_the_step_of_an_index_is_found_although_values_are_left_out(name):
    whole = WHOLE[name]
    for left_out in ([], [5], [8, 9, 20]):
        index = whole.delete(left_out)
        step = step_with_gaps(index)
        assert most_common_step(index) == step
        rebuilt = [_later(whole[0], k * step) for k in range(40)]
        assert [str(value) for value in rebuilt] == [str(value) for value in whole]


@IDS
def test_values_that_follow_each_other_are_told_from_those_that_do_not(name):
    index, step = WHOLE[name].delete(5), step_with_gaps(WHOLE[name])
    np.testing.assert_array_equal(np.flatnonzero(~are_consecutive(index, step)), [4])
    start = index_start(index)
    assert start.last == WHOLE[name][0]


def test_no_step_fits_values_at_random():
    index = pd.DatetimeIndex(["2024-01-01", "2024-01-02 07:31", "2024-02-09", "2024-02-10 11:00", "2024-05-01"])
    assert step_with_gaps(index) is None


def test_the_most_common_value_is_the_smallest_of_several():
    assert most_common_value(np.array([7, 3, 3, 7, 9])) == 3


@pytest.mark.parametrize(("positions", "first"), [([0, 1, 3, 4], 2), ([0, 1, 1], 2), ([0, -1, 1], 1)])
def test_the_first_position_that_is_no_step_further(positions, first):
    assert first_nonconsecutive(np.array(positions)) == first
