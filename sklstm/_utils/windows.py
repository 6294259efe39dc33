"""Windows as views of a table, and passes over samples in chunks, so that not all are copied at once."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklstm._utils.typing import BoolArray, FloatArray, IntArray

# Elements of one chunk when a pass over many (possibly overlapping) samples copies them.
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
    n_rows, n_channels = table.shape
    flat = np.lib.stride_tricks.sliding_window_view(table.reshape(-1), window_length * n_channels)
    return flat[::n_channels][: n_rows - window_length + 1]


def rows_after(values: FloatArray, origins: IntArray, n: int) -> FloatArray:
    """Return the `n` rows from each origin on; NaN beyond the last row.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
    origins : ndarray of int of shape (n_origins,)
        Numbers of rows, from 0 to n_rows.
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


def row_numbers(n_rows: int) -> IntArray:
    """Return 0 … n_rows - 1 as int32 if they fit, in half the memory of NumPy's default."""
    return np.arange(n_rows, dtype=np.int32 if n_rows < 2**31 else np.int64)


def row_chunks(n_rows: int, row_size: int) -> list[slice]:
    """Return slices that divide `n_rows` rows of `row_size` elements into chunks of bounded size."""
    size = max(1, CHUNK_ELEMENTS // max(1, row_size))
    return [slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size)]


def merged_rows(
    X: FloatArray,
    y: FloatArray,
    weight: FloatArray,
    rows: IntArray,
    skipped_steps: Callable[[FloatArray], BoolArray],
) -> tuple[IntArray, FloatArray]:
    """Merge equal samples into one with the sum of their weights.

    A sum over the merged samples is the same to the bit whether a sample is repeated or weighted, and in whatever
    order the samples are.

    Parameters
    ----------
    X : ndarray of shape (n, n_steps, n_channels)
        Values at skipped steps are not compared.
    y : ndarray of shape (n, n_outputs) or (n, n_steps, n_outputs)
    weight : ndarray of shape (n,)
    rows : ndarray of int of shape (m,)
        Indices of the samples that take part.
    skipped_steps : callable (X) -> ndarray of bool of shape (n, n_steps)
        Returns the steps to skip.

    Returns
    -------
    rows : ndarray of int of shape (n_distinct,)
        One index for each distinct sample, in an order that depends on the values only.
    weight : ndarray of shape (n,)
        Merged weights of these samples; 0 for all others.
    """
    digests = _digests(X, y, rows, skipped_steps)
    order = np.lexsort((weight[rows], *digests.T))  # by weight too, as rounding depends on the order of a sum
    rows, digests = rows[order], digests[order]
    is_new = np.append(True, (digests[1:] != digests[:-1]).any(axis=1))
    first = rows[is_new]
    merged = np.zeros(len(weight))
    merged[first] = np.add.reduceat(weight[rows], np.flatnonzero(is_new))
    return first, merged


def _digests(
    X: FloatArray, y: FloatArray, rows: IntArray, skipped_steps: Callable[[FloatArray], BoolArray]
) -> IntArray:
    """A hash of 128 bits for each sample, (m, 2); equal samples, and only they, have the same."""
    digests: list[bytes] = []
    for chunk in row_chunks(len(rows), X[0].size + y[0].size):
        x, target = X[rows[chunk]], y[rows[chunk]]
        skipped = skipped_steps(x)
        x[skipped[..., np.newaxis] | np.isnan(x)] = np.nan  # one bit pattern for all kinds of NaN
        if target.ndim == 3:
            target[skipped] = np.nan
        table = np.concatenate([part.reshape(len(x), -1) for part in (x, target)], axis=1) + 0.0  # -0 becomes 0
        digests.extend(blake2b(row, digest_size=16).digest() for row in table)
    return np.frombuffer(b"".join(digests), np.uint64).reshape(-1, 2)
