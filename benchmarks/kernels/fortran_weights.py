"""Weights in Fortran order, where the kernel has all operands in C order.

Expected benefit: BLAS gets its own order, and the backward pass reads the transposed weights in place, without the copy
that the kernel makes once per batch.
"""

import numpy as np

from benchmarks.kernels._altered import altered
from sklstm._network import lstm

Workspace = lstm.Workspace


def _transposed_weights(ordered, ws):
    F = ws.shape[2]
    recurrent = ordered[:, F + 1 :]
    return (recurrent if ws.d_x is None else np.hstack((ordered[:, :F], recurrent))).T


forward = altered(_reversed_gates=lambda matrix: np.asfortranarray(lstm._reversed_gates(matrix))).forward
backward = altered(_transposed_weights=_transposed_weights).backward
