import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sklstm._estimator.lag_chains import lag_chains

RNG = np.random.default_rng(0)
WALK, NOISE = RNG.normal(size=120).cumsum(), RNG.normal(size=120)
WINDOWS = sliding_window_view(WALK, 6)
OTHER = RNG.normal(size=(len(WINDOWS), 2))
NEWEST_FIRST = WINDOWS[:, ::-1]


def both_blocks(direction):
    return np.hstack([sliding_window_view(series, 6)[:, ::direction] for series in (WALK, NOISE)])


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (WINDOWS, [range(5, -1, -1)]),
        (NEWEST_FIRST, [range(6)]),
        (np.hstack((NEWEST_FIRST, OTHER)), [range(6)]),
        (np.hstack((OTHER, NEWEST_FIRST)), [range(2, 8)]),
        (both_blocks(1), [range(5, -1, -1), range(11, 5, -1)]),
        (both_blocks(-1), [range(6), range(6, 12)]),
        (np.stack((WINDOWS, WINDOWS + OTHER[0, 0]), axis=2).reshape(-1, 12), [range(10, -1, -2), range(11, 0, -2)]),
        (np.hstack((WINDOWS, np.stack((WINDOWS + 9, WINDOWS + 99), axis=2).reshape(-1, 12))),
         [range(5, -1, -1), range(16, 5, -2), range(17, 6, -2)]),
        (NEWEST_FIRST[::2], [range(0, 6, 2), range(1, 6, 2)]),
    ],
)  # fmt: skip
def test_lags_are_found_in_each_arrangement(table, expected):
    assert lag_chains(table, 1) == [tuple(chain) for chain in expected]
    assert lag_chains(table.astype(np.float32), 1) == [tuple(chain) for chain in expected]


@pytest.mark.parametrize(("n_steps", "n_channels"), [(2, 4), (3, 8), (6, 2)])
def test_windows_of_channels_that_are_lags_of_each_other(n_steps, n_channels):
    channels = [WALK[n_channels - lag : len(WALK) - lag] for lag in range(n_channels)]
    windows = [sliding_window_view(channel, n_steps) for channel in channels]
    in_order = np.stack(windows, axis=2).reshape(len(windows[0]), -1)
    chains = lag_chains(in_order, n_channels)
    assert [chain[0] - chain[1] for chain in chains] == [n_channels] * n_channels


def test_lags_of_short_series_in_one_table():
    table = np.vstack([sliding_window_view(RNG.normal(size=9), 4)[:, ::-1] for _ in range(15)])
    assert lag_chains(table, 1) == [(0, 1, 2, 3)]


def test_lags_with_missing_values():
    gaps = WALK.copy()
    gaps[RNG.random(120) < 0.3] = np.nan
    assert lag_chains(sliding_window_view(gaps, 6)[:, ::-1], 1) == [tuple(range(6))]
    begun = sliding_window_view(np.r_[np.full(6, np.nan), WALK], 6)[:30]
    assert lag_chains(begun, 1) == [tuple(range(5, -1, -1))]


def test_lags_of_a_series_that_is_mostly_zero():
    demand = RNG.poisson(0.15, 200) * RNG.integers(1, 9, 200).astype(float)
    table = sliding_window_view(demand, 6)
    assert lag_chains(table, 1) == [tuple(range(5, -1, -1))]
    assert lag_chains(table[:, ::-1], 1) == [tuple(range(6))]


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler()])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lags_that_a_scaler_has_changed_column_by_column(scaler, dtype):
    for table in (WINDOWS, NEWEST_FIRST, both_blocks(1)):
        scaled = scaler.fit_transform(table).astype(dtype)
        assert lag_chains(scaled, 1) == lag_chains(table, 1)


@pytest.mark.parametrize("direction", [1, -1])
def test_lags_of_which_a_scaler_has_changed_only_some_alike(direction):
    series = np.r_[WALK[:40], WALK.max() + 5, WALK[40:], 2 * WALK.max()]  # the last value is the largest in one column
    table = sliding_window_view(series, 6)[:, ::direction]
    scaled = MinMaxScaler().fit_transform(table)
    assert lag_chains(scaled, 1) == lag_chains(table, 1)


@pytest.mark.parametrize(
    "table",
    [
        RNG.normal(size=(100, 6)),
        RNG.permutation(NEWEST_FIRST),
        RNG.poisson(0.05, size=(100, 30)).astype(float),
        RNG.integers(0, 3, size=(100, 10)).astype(float),
        np.tile(np.eye(12), (9, 1)),  # dummies of the months
        np.full((50, 5), 2.0),
        np.full((50, 5), np.nan),
        NEWEST_FIRST[:3],
        NEWEST_FIRST[:, :1],
        sliding_window_view(np.tile([1.0, 2.0], 40), 5),
        np.array([[1e300, 1.0], [-1e300, 2.0], [1e300, 1.0], [0.0, 2.0], [1.0, 0.0]]),
        np.full((9, 2), [1e-320, 0]),
    ],
)
def test_there_are_none_where_rows_are_no_windows(table):
    assert lag_chains(table, 1) == []


def test_periods_that_both_directions_explain_are_read_as_expected():
    season = np.tile([1.0, 5.0, 2.0, 5.0], 30)
    assert lag_chains(sliding_window_view(season, 8), 1) == [tuple(range(7, -1, -1))]
    mirrored = np.tile([3.0, 1.0, 2.0, 1.0], 30)  # the same forwards and backwards, but moved
    assert lag_chains(sliding_window_view(mirrored, 9)[:, ::-1], 1) in ([tuple(range(9))], [tuple(range(8, -1, -1))])
