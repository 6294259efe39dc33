"""Windows as strided views of a table, and passes over rows that never copy all of them."""

import numpy as np

# Elements looked at in one go when a pass over many (possibly overlapping) rows needs scratch.
CHUNK_ELEMENTS = 1 << 18


def sliding_windows(table, window_length):
    """Every window of `window_length` consecutive rows, oldest first, as a read-only view.

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


def flat_sliding_windows(table, window_length):
    """The same with a window's steps and channels in one axis (the step as the slow one).

    A window of consecutive rows is one run of memory in a C-contiguous table, so this is a view too.
    """
    n_rows, n_channels = table.shape
    flat = np.lib.stride_tricks.sliding_window_view(table.reshape(-1), window_length * n_channels)
    return flat[::n_channels][: n_rows - window_length + 1]


def row_numbers(n_rows):
    """0 … n_rows - 1 in half the memory of NumPy's default, which would be as long as the series twice."""
    return np.arange(n_rows, dtype=np.int32 if n_rows < 2**31 else np.int64)


def row_chunks(n_rows, row_size):
    """Slices that cover `n_rows` rows of `row_size` elements in pieces of bounded size."""
    size = max(1, CHUNK_ELEMENTS // max(1, row_size))
    return [slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size)]
