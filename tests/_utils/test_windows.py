import numpy as np
import pytest

from sklstm._network.gaps import SKIP, Gaps
from sklstm._utils import windows as _windows

SKIPPED = SKIP.skipped_steps


@pytest.mark.parametrize("n_channels", [1, 3])
@pytest.mark.parametrize("length", [1, 4, 10])
def test_windows_are_slices_of_the_table(n_channels, length):
    table = np.random.default_rng(0).standard_normal((10, n_channels))
    expected = np.array([table[start : start + length] for start in range(10 - length + 1)])
    windows, flat = _windows.sliding_windows(table, length), _windows.flat_sliding_windows(table, length)
    np.testing.assert_array_equal(windows, expected)
    np.testing.assert_array_equal(flat, expected.reshape(len(expected), -1))
    assert np.shares_memory(windows, table)
    assert np.shares_memory(flat, table)


def test_row_numbers_count_in_the_smaller_type():
    np.testing.assert_array_equal(_windows.row_numbers(5), range(5))
    assert _windows.row_numbers(5).dtype == np.int32


@pytest.mark.parametrize(("n_rows", "row_size"), [(0, 5), (1, 5), (1000, 1), (1000, 10_000), (3, 10**9)])
def test_chunks_cover_every_row_once_and_are_bounded(n_rows, row_size):
    chunks = _windows.row_chunks(n_rows, row_size)
    np.testing.assert_array_equal([row for chunk in chunks for row in range(n_rows)[chunk]], np.arange(n_rows))
    for chunk in chunks:
        n_here = chunk.stop - chunk.start
        assert n_here == 1 or n_here * row_size <= _windows.CHUNK_ELEMENTS


def test_equal_rows_are_merged_in_an_order_of_their_content():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 2, (60, 2, 1)).astype(np.float32), rng.integers(0, 2, (60, 1)) / 3
    X[5, 0], X[6, 0] = np.nan, -0.0
    weight, rows = rng.integers(1, 5, 60).astype(float), np.arange(3, 57)
    keys = [tuple(np.nan_to_num([*X[k, :, 0], y[k, 0]], nan=-1) + 0.0) for k in range(60)]
    expected = {}
    for k in rows:
        expected[keys[k]] = expected.get(keys[k], 0) + weight[k]
    first, merged = _windows.merged_rows(X, y, weight, rows, SKIPPED)
    assert {keys[k]: merged[k] for k in first} == expected
    assert len(first) == len(expected)
    assert merged.sum() == weight[rows].sum()
    again, _ = _windows.merged_rows(X, y, weight, rng.permutation(rows), SKIPPED)
    assert [keys[k] for k in again] == [keys[k] for k in first]


def test_what_is_at_missing_steps_makes_no_other_row():
    X, y = np.ones((4, 3, 2)), np.ones((4, 3, 1))
    X[:, 1, 0] = np.nan
    X[1, 1, 1], y[2, 1] = 7, 9
    first, merged = _windows.merged_rows(X, y, np.ones(4), np.arange(4), SKIPPED)
    assert list(merged[first]) == [4]
    y[3, 0] = 2
    first, merged = _windows.merged_rows(X, y, np.ones(4), np.arange(4), SKIPPED)
    assert sorted(merged[first]) == [1, 3]


def test_rows_with_gaps_at_other_channels_are_others_where_the_rest_of_a_step_is_read():
    X, y = np.ones((4, 3, 2)), np.ones((4, 1))
    X[:, 1, 0], X[1, 1, 1] = np.nan, 7
    X[2:, 1, 0] = -np.float64(np.nan)  # another kind of NaN
    first, merged = _windows.merged_rows(X, y, np.ones(4), np.arange(4), Gaps(by_channel=True).skipped_steps)
    assert sorted(merged[first]) == [1, 3]


def test_weights_of_merged_rows_do_not_depend_on_the_order_of_their_sum():
    X, y, weight = np.ones((50, 3, 1)), np.ones((50, 1)), np.random.default_rng(1).lognormal(0, 10, 50)
    orders = weight, weight[::-1], np.sort(weight)
    assert len({_windows.merged_rows(X, y, part, np.arange(50), SKIPPED)[1].sum() for part in orders}) == 1


def test_rows_are_merged_in_pieces(monkeypatch):
    rng, rows = np.random.default_rng(2), np.arange(40)
    X, y = rng.integers(0, 3, (40, 2, 1)).astype(float), rng.integers(0, 2, (40, 1)).astype(float)
    whole = _windows.merged_rows(X, y, np.ones(40), rows, SKIPPED)
    monkeypatch.setattr(_windows, "CHUNK_ELEMENTS", 7)
    for expected, got in zip(whole, _windows.merged_rows(X, y, np.ones(40), rows, SKIPPED), strict=True):
        np.testing.assert_array_equal(expected, got)
