import numpy as np
import pytest

from sklstm._utils import windows as _windows
from sklstm._utils.windows import as_slice, rows_after


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
    for n_rows in (0, 5, 100, 100_000):
        assert _windows.row_numbers(n_rows).dtype == np.int32


@pytest.mark.parametrize(("n_rows", "row_size"), [(0, 5), (1, 5), (1000, 1), (1000, 10_000), (3, 10**9)])
def test_chunks_cover_every_row_once_and_are_bounded(n_rows, row_size):
    chunks = _windows.row_chunks(n_rows, row_size)
    np.testing.assert_array_equal([row for chunk in chunks for row in range(n_rows)[chunk]], np.arange(n_rows))
    for chunk in chunks:
        n_here = chunk.stop - chunk.start
        assert n_here == 1 or n_here * row_size <= _windows.CHUNK_ELEMENTS


@pytest.mark.parametrize("rows", [[3], [3, 4, 5], [], [1, 3], [0, 1, 2, 4], [0, 2, 1, 3], [2, 2, 4]])
def test_rows_next_to_each_other_become_a_slice(rows):
    rows = np.array(rows, dtype=int)
    chosen = as_slice(rows)
    np.testing.assert_array_equal(np.arange(9)[chosen], rows)
    assert isinstance(chosen, slice) == (len(rows) > 0 and (np.diff(rows) == 1).all())


def test_numbers_that_only_begin_and_end_like_a_slice_are_none():
    rows = np.array([3, 5, 4, 6, 9, 8, 7, 10, 11])
    np.testing.assert_array_equal(np.arange(20)[as_slice(rows)], rows)
    assert as_slice(np.sort(rows)[:4]) == slice(3, 7)


@pytest.mark.parametrize(("n", "n_columns"), [(1, 1), (3, 2), (0, 2), (2, 0)])
def test_rows_after_end_with_nan(n, n_columns):
    values = np.random.default_rng(0).normal(size=(5, n_columns))
    rows = np.array([0, 4, 5, 2])
    ahead = rows_after(values, rows, n)
    assert ahead.shape == (4, n, n_columns)
    for found, row in zip(ahead, rows, strict=True):
        expected = [values[at] if at < 5 else np.full(n_columns, np.nan) for at in range(row, row + n)]
        np.testing.assert_array_equal(found, np.reshape(expected, (n, n_columns)))
