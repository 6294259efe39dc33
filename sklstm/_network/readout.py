"""The linear layer that turns hidden states into outputs.

    y = R [1; h]        R (K, 1 + H) = [bias | weight], y (K, B)

States come as `[1; h]` from the layer below, for one step (1 + H, B) or for every step
(T, 1 + H, B); the outputs have the same leading axes.
"""

import numpy as np


def forward(matrix, states):
    """Outputs (…, K, B) for states (…, 1 + H, B)."""
    return _product(matrix, states)


def backward(matrix, states, d_y):
    """Gradients of `matrix`, (K, 1 + H), and of the hidden states, (…, H, B), given d_y (…, K, B)."""
    d_matrix = _product(d_y, np.swapaxes(states, -1, -2))
    if d_matrix.ndim == 3:
        d_matrix = d_matrix.sum(axis=0)
    return d_matrix, _product(matrix[:, 1:].T, d_y)


def _product(a, b):
    """Of two matrices, or at every step. np.matmul has warned, rarely, of values that were all finite."""
    return np.dot(a, b) if a.ndim == b.ndim == 2 else np.matmul(a, b)
