"""Windows as views of a table, and passes over samples in chunks, so that not all are copied at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray, IntArray

# Number of elements of a chunk, when a pass over many (possibly overlapping) samples copies them.
CHUNK_ELEMENTS = 1 << 18


def sliding_windows(table: FloatArray, window_length: int) -> FloatArray:
    """Return all windows of `window_length` consecutive rows, oldest first, as a read-only view.

    Parameters
    ----------
    table : ndarray of shape (n_rows, n_channels)
    window_length : int
        At most n_rows.

    Returns
    -------
    windows : ndarray of shape (n_rows - window_length + 1, window_length, n_channels)
    """
    return np.lib.stride_tricks.sliding_window_view(table, window_length, axis=0).transpose(0, 2, 1)


def flat_sliding_windows(table: FloatArray, window_length: int) -> FloatArray:
    """Return the windows of `sliding_windows` with steps and channels in one axis, step by step.

    This is a view too, as consecutive rows of a C-contiguous table are contiguous in memory.
    """
    n_channels = table.shape[1]
    flat = np.lib.stride_tricks.sliding_window_view(table.reshape(-1), window_length * n_channels)
    return flat[::n_channels]


def rows_after(values: FloatArray, origins: IntArray, n: int) -> FloatArray:
    """Return the first `n` rows after each origin; NaN beyond the last row.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
    origins : ndarray of int of shape (n_origins,)
        Numbers of rows before the returned ones, from 0 to n_rows.
    n : int

    Returns
    -------
    rows : ndarray of shape (n_origins, n, n_columns)
    """
    shape = (len(origins), n, values.shape[1])
    if 0 in shape[1:]:
        return np.empty(shape)
    beyond = np.full((n, values.shape[1]), np.nan)
    return flat_sliding_windows(np.concatenate((values, beyond)), n)[origins].reshape(shape)


def as_slice(rows: IntArray) -> slice | IntArray:
    """Return row numbers as a slice if they increase by 1, so that indexing with them returns a view."""
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows) and (np.diff(rows) == 1).all():
        return slice(rows[0], rows[-1] + 1)
    return rows


def row_numbers(n_rows: int) -> IntArray:
    """Return 0 … n_rows - 1 as int32 if they fit, in half the memory of NumPy's default."""
    return np.arange(n_rows, dtype=np.int32 if n_rows < 2**31 else np.int64)


def row_chunks(n_rows: int, row_size: int) -> list[slice]:
    """Return slices that divide `n_rows` rows of `row_size` elements into chunks of bounded size."""
    size = max(1, CHUNK_ELEMENTS // max(1, row_size))
    return [slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size)]
