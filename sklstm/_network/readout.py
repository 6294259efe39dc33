"""The read-out: a linear layer from hidden states to outputs.

    y = R [1; h]        R (K, 1 + H) = [bias | weight], y (K, B)

The states are `[1; h]` of the top layer, for one step (1 + H, B) or for every step (T, 1 + H, B). The outputs have the
same leading axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray


def forward(matrix: FloatArray, states: FloatArray) -> FloatArray:
    """Compute the outputs (…, K, B) for states (…, 1 + H, B)."""
    with np.errstate(under="ignore"):  # states may be tiny
        return _product(matrix, states)


def backward(matrix: FloatArray, states: FloatArray, d_y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Compute the gradients of `matrix`, (K, 1 + H), and of the states, (…, H, B), given d_y (…, K, B)."""
    d_matrix = _product(d_y, np.swapaxes(states, -1, -2))
    if d_matrix.ndim == 3:
        d_matrix = d_matrix.sum(axis=0)
    return d_matrix, _product(matrix[:, 1:].T, d_y)


def _product(a: FloatArray, b: FloatArray) -> FloatArray:
    """Multiply two matrices, or one at every step. For two, np.matmul gave rare false warnings; np.dot does not.

    With one column and one row, np.matmul works without BLAS and takes three times as long as np.multiply.
    """
    if a.shape[-1] == 1:
        return np.multiply(a, b)
    product: FloatArray = np.dot(a, b) if a.ndim == b.ndim == 2 else np.matmul(a, b)
    return product
