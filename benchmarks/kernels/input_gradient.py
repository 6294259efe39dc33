"""The gradient of the input for all steps in one product, after the loop of the backward pass.

Expected benefit: smaller products inside the loop, and one large, fast product outside of it. Only a layer above
another one needs this gradient.
"""

import numpy as np

from sklstm._network import lstm
from sklstm._network.lstm import forward

__all__ = ["LAYERS", "Workspace", "backward", "forward"]

LAYERS = ("upper",)


class Workspace(lstm.Workspace):
    def __init__(self, *sizes, **options):
        super().__init__(*sizes, **{**options, "for_d_x": False})
        T, B, F, H = self.shape
        self.d_inputs = np.empty((F, T, B), self.z.dtype)
        self.all_d_a = np.empty((4 * H, T, B), self.z.dtype)


def backward(matrix, ws, d_h_last, d_h_steps=None, start=0):
    ws.d_x = None
    d_matrix = lstm.backward(matrix, ws, d_h_last, d_h_steps, start)
    _, _, F, H = ws.shape
    ws.all_d_a[...] = ws.d_a.transpose(1, 0, 2)
    weights_T = lstm._reversed_gates(matrix)[:, :F].T
    np.dot(weights_T, ws.all_d_a.reshape(4 * H, -1), ws.d_inputs.reshape(F, -1))
    ws.d_x = ws.d_inputs.transpose(1, 0, 2)
    return d_matrix
