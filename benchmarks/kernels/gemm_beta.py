"""The gradient of the weights by BLAS' own `gemm`, which adds a product to a sum (beta = 1).

Expected benefit: no buffer for the product of a chunk and no addition after it. NumPy does not offer beta; SciPy does,
but through its own OpenBLAS, which has its own threads.
"""

import numpy as np
from scipy.linalg.blas import get_blas_funcs

from benchmarks.kernels import _chunked
from sklstm._network import lstm
from sklstm._network.lstm import Workspace, forward

__all__ = ["Workspace", "backward", "forward"]


def backward(matrix, ws, d_h_last, d_h_steps=None, start=0):
    _, B, _, H = ws.shape
    d_matrix = np.zeros_like(matrix)
    gemm = get_blas_funcs("gemm", (matrix,))

    def add_product(start, stop):
        n = stop - start
        copies = ws.copies[: (4 * H + matrix.shape[1]) * n * B].reshape(-1, n, B)
        copies[: 4 * H] = ws.d_a[start:stop].transpose(1, 0, 2)
        copies[4 * H :] = ws.z[start:stop].transpose(1, 0, 2)
        d_a, z = copies[: 4 * H].reshape(4 * H, -1), copies[4 * H :].reshape(-1, n * B)
        # in Fortran's order, which BLAS expects, all of these are transposed
        gemm(1, z.T, d_a.T, beta=1, c=d_matrix.T, trans_a=True, overwrite_c=True)

    _chunked.backward(matrix, ws, d_h_last, d_h_steps, start, after=add_product)
    return lstm._reversed_gates(d_matrix)
