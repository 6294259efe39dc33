import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from sklstm._estimator.lag_reading import Reading

RNG = np.random.default_rng(0)
SERIES, OTHER = RNG.normal(size=(2, 200)).cumsum(axis=1)
WINDOWS, Y = sliding_window_view(SERIES, 6)[:-1], SERIES[6:]
TABLE = np.stack([SERIES[30 - lag : 200 - lag] for lag in (1, 2, 3, 12, 28)], axis=1)


def read(table, y=Y, **given):
    return Reading.from_samples(table[:, :, np.newaxis], y, **given)


def test_the_direction_of_time_comes_from_the_targets_or_else_from_an_index():
    newest_first = [tuple(range(6))]
    assert read(WINDOWS[:, ::-1]).chains == newest_first
    assert read(WINDOWS[::-1], Y[::-1]).chains == [newest_first[0][::-1]]
    assert read(WINDOWS[::-1], -Y[::-1]).chains == newest_first
    assert read(WINDOWS[::-1], -Y[::-1], is_reversed=True).chains == [newest_first[0][::-1]]
    assert read(WINDOWS).target == 0
    assert read(WINDOWS, -Y).target is None


@pytest.mark.parametrize("step", [1, -1])
def test_lags_with_gaps_are_one_chain(step):
    for table in (TABLE, TABLE[:, 2:], TABLE[:, [0, 2, 3, 4]]):
        columns = tuple(range(table.shape[1]))[::step]
        assert read(table[:, ::step], SERIES[30:]).chains == [columns]
        assert read(table[::-1, ::step], SERIES[30:][::-1]).chains == [columns]


def test_lags_of_shuffled_rows():
    rows = RNG.permutation(len(TABLE))
    table = TABLE[rows]
    reading = Reading.from_shuffled(table[:, :, np.newaxis], SERIES[30:][rows], table)
    assert reading.chains == [(0, 1, 2, 3, 4)]
    assert not reading.is_right(table, is_table=True)
    assert Reading.from_shuffled(table[:, ::-1, np.newaxis], SERIES[30:][rows], table[:, ::-1]).chains == []


@pytest.mark.parametrize("is_table", [True, False])
def test_a_column_behind_that_is_no_lag(is_table):
    table = np.column_stack((WINDOWS, OTHER[6:]))
    assert not read(table).is_right(table, is_table)
    assert read(WINDOWS).is_right(WINDOWS, is_table)
    constant = np.column_stack((WINDOWS, np.ones(len(Y))))
    assert read(constant).is_right(constant, is_table)


def test_what_may_be_lags_is_right():
    old = np.column_stack((WINDOWS[RNG.permutation(len(Y)), 0] + 0.001, WINDOWS))  # values like those of the series
    assert read(old).is_right(old, is_table=True)
    old[:, 0] += 1000
    assert not read(old).is_right(old, is_table=True)


def test_a_series_that_repeats_tells_no_order_of_lags_with_gaps():
    season = np.tile(RNG.normal(size=12), 20)
    table = np.stack([season[120 - lag : 240 - lag] for lag in (118, 59, 6)], axis=1)
    assert read(table, season[120:]) is None
    assert read(sliding_window_view(season, 6)[:-1, ::-1], season[6:]).chains == [tuple(range(6))]


@pytest.mark.parametrize("seed", [20, 137])
def test_a_column_is_in_one_chain_only(seed):
    """Of few different values and lags with many gaps, chains were joined with the same one twice."""
    rng = np.random.default_rng(seed)
    both = rng.integers(0, 6, (2, 150)).astype(float)
    lags = sorted(set(rng.choice(np.arange(1, 50), 14, replace=False).tolist()), reverse=True)
    rows = np.arange(50, 149)[::-1]
    X = np.stack([np.stack([series[rows - lag] for lag in lags], axis=1) for series in both], axis=2)
    columns = [column for chain in Reading.from_samples(X, both[0, rows + 1]).chains for column in chain]
    assert len(columns) == len(set(columns))
