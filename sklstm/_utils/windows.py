"""Windows as strided views of a table, and passes over rows that never copy all of them."""

from hashlib import blake2b

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


def merged_rows(X, y, weight, rows, skipped):
    """Take rows that are equal as one of them, which weighs what they weigh together.

    What a sum over the rows comes to then depends neither on how often a row is repeated instead of
    weighted, nor on the order of the rows, not even by a rounding.

    Parameters
    ----------
    X : ndarray of shape (n, n_steps, n_channels)
        What else is at a step that is passed over is not looked at.
    y : ndarray of shape (n, n_outputs) or (n, n_steps, n_outputs)
    weight : ndarray of shape (n,)
    rows : ndarray of int of shape (m,)
        The rows that take part.
    skipped : callable (X) -> ndarray of bool of shape (n, n_steps)
        Which steps of some rows are passed over.

    Returns
    -------
    rows : ndarray of int of shape (n_distinct,)
        One of each, in an order that their content decides.
    weight : ndarray of shape (n,)
        Theirs, and 0 everywhere else.
    """
    digests = _digests(X, y, rows, skipped)
    order = np.lexsort((weight[rows], *digests.T))  # by weight too, as the order of a sum decides its rounding
    rows, digests = rows[order], digests[order]
    is_new = np.append(True, (digests[1:] != digests[:-1]).any(axis=1))
    first = rows[is_new]
    merged = np.zeros(len(weight))
    merged[first] = np.add.reduceat(weight[rows], np.flatnonzero(is_new))
    return first, merged


def _digests(X, y, rows, skipped):
    """128 bits of each row that equal rows, and no others, have in common, (m, 2)."""
    digests = []
    for chunk in row_chunks(len(rows), X[0].size + y[0].size):
        x, target = X[rows[chunk]], y[rows[chunk]]
        missing = skipped(x)
        x[missing[..., np.newaxis] | np.isnan(x)] = np.nan  # of which there are several kinds
        if target.ndim == 3:
            target[missing] = np.nan
        table = np.concatenate([part.reshape(len(x), -1) for part in (x, target)], axis=1) + 0.0  # -0 becomes 0
        digests.extend(blake2b(row, digest_size=16).digest() for row in table)
    return np.frombuffer(b"".join(digests), np.uint64).reshape(-1, 2)
