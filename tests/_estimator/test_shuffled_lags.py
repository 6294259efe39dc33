import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from sklstm._estimator import shuffled_lags
from sklstm._estimator.shuffled_lags import NextRowSearch, next_rows

RNG = np.random.default_rng(0)
SERIES = RNG.normal(size=150).cumsum()
WINDOWS, Y = sliding_window_view(SERIES, 6)[:-1], SERIES[6:]
ROWS = RNG.permutation(len(Y))


def found(X, y=Y, rows=ROWS):
    """The pairs, by their rows before they were shuffled."""
    pairs = next_rows(X[rows], y[rows])
    return None if pairs is None else (rows[pairs.earlier], rows[pairs.later], pairs.newest)


@pytest.mark.parametrize("n_lags", [2, 3, 6])
def test_the_next_row_has_the_target_as_its_newest_lag(n_lags):
    earlier, later, newest = found(WINDOWS[:, : -n_lags - 1 : -1, np.newaxis])
    np.testing.assert_array_equal(later, earlier + 1)
    assert newest == 0
    assert len(earlier) > 100


def test_other_columns_are_no_matter():
    other = RNG.normal(size=(len(Y), 2))
    earlier, later, newest = found(np.hstack((other, WINDOWS[:, ::-1], other))[:, :, np.newaxis])
    np.testing.assert_array_equal(later, earlier + 1)
    assert newest == 2


def test_channels_before_steps():
    second = sliding_window_view(RNG.normal(size=150), 6)[:-1]
    earlier, later, newest = found(np.stack((WINDOWS, second), axis=1))
    np.testing.assert_array_equal(later, earlier + 1)
    assert newest == 5


def test_steps_in_order_explain_themselves():
    second = sliding_window_view(RNG.normal(size=150), 6)[:-1]
    assert found(WINDOWS[:, :, np.newaxis]) is None
    assert found(np.stack((second, WINDOWS), axis=2)) is None


@pytest.mark.parametrize(
    "y", [-Y, np.full(len(Y), np.nan), np.where(np.arange(len(Y)) < 9, Y, np.nan), np.ones(len(Y))]
)
def test_targets_that_say_nothing(y):
    assert found(WINDOWS[:, ::-1, np.newaxis], y) is None


def test_missing_values_are_no_values():
    gaps = np.where(RNG.random(150) < 0.1, np.nan, SERIES)
    windows, y = sliding_window_view(gaps, 6)[:-1], gaps[6:]
    earlier, later, _ = found(windows[:, ::-1, np.newaxis], y)
    np.testing.assert_array_equal(later, earlier + 1)


def test_values_that_occur_often_are_left_out():
    steps = RNG.integers(0, 3, 300).astype(float)
    windows = sliding_window_view(steps, 3)[:-1, ::-1, np.newaxis]
    assert found(windows, steps[3:], RNG.permutation(297)) is None


def test_only_some_rows_and_columns_are_asked_for_in_large_data(monkeypatch):
    monkeypatch.setattr(shuffled_lags, "N_VALUES", 1)
    monkeypatch.setattr(shuffled_lags, "N_ASKED", 40)
    search = NextRowSearch.from_samples(WINDOWS[:, ::-1, np.newaxis], Y)
    assert len(search.asked) == 40
    assert search.columns_with_targets(1) == [0, 5, 1, 4]
    earlier, later, _ = found(WINDOWS[:, ::-1, np.newaxis])
    assert len(earlier) <= 40
    np.testing.assert_array_equal(later, earlier + 1)


@pytest.mark.parametrize("n_bits", [6, 20])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_rows", [30, 3000])
@pytest.mark.parametrize("n_values", [3, 100_000])
def test_columns_that_have_enough_of_the_targets(n_values, n_rows, dtype, n_bits, monkeypatch):
    """Where many targets have the same place in the table, there may be more columns, and never fewer."""
    monkeypatch.setattr(shuffled_lags, "N_BITS", n_bits)
    rng = np.random.default_rng(0)
    X, y = rng.integers(-1, n_values, (n_rows, 7, 3)) * dtype(0.1), rng.integers(-1, n_values, n_rows) * dtype(0.1)
    X[rng.random(X.shape) < 0.1] = np.nan
    y[rng.random(n_rows) < 0.1] = np.nan
    X[:, 2, 1] = rng.permutation(np.where(y == 0, -y, y))
    X[::3, 5, 2] = y[::3]
    search = NextRowSearch.from_samples(X, y)
    for fewest in (1, 10, 20, len(search.asked)):
        enough = [at for at in range(21) if np.isin(y[search.asked], X.reshape(n_rows, -1)[:, at]).sum() >= fewest]
        found = search.columns_with_targets(fewest)
        assert set(enough) <= set(found)
        assert len(found) == len(enough) or n_bits < 20
    assert 2 * 3 + 1 in enough
