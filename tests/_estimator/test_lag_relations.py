from itertools import combinations

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.preprocessing import MinMaxScaler

from sklstm._estimator.lag_relations import are_of_one_series, mixed, recurs_later, runs_of_lags

RNG = np.random.default_rng(0)
WALK, OTHER = RNG.normal(size=(2, 200)).cumsum(axis=1)
DIGITS = RNG.integers(0, 9, 200).astype(float)


@pytest.mark.parametrize("lag", [1, 12, 80])
def test_values_recur_where_the_lag_is_older(lag):
    assert recurs_later(WALK[lag:], WALK[:-lag]) == 1
    assert recurs_later(WALK[:-lag], WALK[lag:]) == -1
    part = np.sort(RNG.permutation(200 - lag)[:70])
    assert recurs_later(WALK[lag:][part], WALK[:-lag][part]) == 1


def test_what_tells_no_order():
    for left, right in (
        (WALK, OTHER),
        (WALK, WALK),
        (np.arange(50.0), np.arange(3.0, 53)),
        (WALK[7:], RNG.permutation(WALK[:-7])),
        (WALK[195:], WALK[190:195]),
        (np.full(20, np.nan), WALK[:20]),
        (np.ones(20), np.ones(20)),
    ):
        assert recurs_later(left, right) == 0


@pytest.mark.parametrize("step", [1, -1])
def test_runs_of_lags_beside_other_columns(step):
    lags = np.stack([WALK[60 - lag : 200 - lag] for lag in (1, 7, 14, 56)], axis=1)[:, ::step]
    other = OTHER[60:, np.newaxis]
    assert runs_of_lags(np.hstack((other, lags, other + 1)), [1]) == [(1, 2, 3, 4)[::step]]
    channels = np.stack((lags, lags + 1), axis=2).reshape(len(lags), -1)
    assert runs_of_lags(channels, [2]) == [(0, 2, 4, 6)[::step], (1, 3, 5, 7)[::step]]
    assert runs_of_lags(lags[:, :2], [1]) == []


@pytest.mark.parametrize(("lag", "runs"), [(48, [(0, 1, 2)]), (50, [(0, 1, 2)]), (51, [])])
def test_ten_values_must_recur(lag, runs):
    table = np.stack([WALK[newest : newest + 60] for newest in (2 * lag, lag, 0)], axis=1)
    assert runs_of_lags(table, [1]) == runs
    assert runs_of_lags(table, [3]) == []


@pytest.mark.parametrize("shift", [1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_rows", [60, 700])
def test_runs_are_where_every_column_recurs_in_the_next(n_rows, dtype, shift):
    rng, n_found = np.random.default_rng([n_rows, shift]), 0
    for _ in range(20):
        n_lags, spread = rng.integers(1, 6), rng.choice([1, 10, 1000])
        series = np.round(rng.normal(size=(shift, n_rows + 30)).cumsum(axis=1) * spread)
        lags = np.cumsum(rng.integers(1, 6, n_lags))
        table = np.stack([values[30 - lag : n_rows + 30 - lag] for lag in lags for values in series], axis=1)
        table = np.hstack((table, rng.normal(size=(n_rows, shift)))).astype(dtype)[:, :: rng.choice([1, -1])]
        table[rng.random(table.shape) < 0.02] = np.nan
        expected = []
        for begin in range(shift):
            path = range(begin, table.shape[1], shift)
            for first, last in combinations(range(len(path)), 2):
                signs = {recurs_later(table[:, path[at]], table[:, path[at + 1]]) for at in range(first, last)}
                if len(signs) == 1 and last - first > 1 and (sign := signs.pop()):
                    expected.append(tuple(path[first : last + 1])[::sign])
        longest = [run for run in expected if not any(set(run) < set(other) for other in expected)]
        assert runs_of_lags(table, [shift]) == sorted(longest, key=min)
        n_found += len(longest)
    assert n_found > 5


@pytest.mark.parametrize("series", [WALK, DIGITS])
def test_columns_of_one_series_have_values_in_common(series):
    lags = sliding_window_view(series, 20)
    others = sliding_window_view(OTHER if series is WALK else RNG.integers(0, 9, 200).astype(float), 20)
    assert are_of_one_series(lags[:, :3], lags[:, 12:13])
    assert not are_of_one_series(lags[:, :3], others[:, 12:13])
    rows = RNG.permutation(len(lags))
    assert are_of_one_series(lags[rows, :3], lags[rows, 12:13], are_consecutive=False)
    assert are_of_one_series(lags[rows, :3], others[rows, 12:13], are_consecutive=False) == (series is DIGITS)
    assert not are_of_one_series(lags[rows, :3], others[rows, 12:13], are_consecutive=False, unsure=False)


def test_columns_that_were_scaled_each_by_itself():
    lags, others = (MinMaxScaler().fit_transform(sliding_window_view(series, 20)[:90]) for series in (WALK, OTHER))
    whole = MinMaxScaler().fit_transform(sliding_window_view(DIGITS, 20))
    assert are_of_one_series(whole[:, :3], whole[:, 12:13])
    for dtype in (np.float32, np.float64):
        assert are_of_one_series(lags[:, :3].astype(dtype), lags[:, 12:13].astype(dtype))
        assert not are_of_one_series(lags[:, :3].astype(dtype), others[:, 12:13].astype(dtype))


def test_columns_without_values():
    assert not are_of_one_series(np.full((9, 2), np.nan), np.ones((9, 1)))
    assert not are_of_one_series(np.ones((2, 2)), np.ones((2, 1)) + 1)
    assert not are_of_one_series(np.ones((2, 2)), np.full((2, 1), np.nan))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_of_values_depend_on_their_order_alone(dtype):
    left, right = RNG.integers(0, 3, (2, 50)).astype(dtype)
    numbers = mixed([left, right])
    for first in range(50):
        same = (left == left[first]) & (right == right[first])
        np.testing.assert_array_equal(numbers == numbers[first], same)
    np.testing.assert_array_equal(mixed([np.array([0.0, -0.0], dtype)]), np.repeat(mixed([np.zeros(1, dtype)]), 2))
