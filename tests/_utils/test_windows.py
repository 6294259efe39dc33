import numpy as np
import pytest

from sklstm._utils import windows as _windows


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
