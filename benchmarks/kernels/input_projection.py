"""The input's share of the gates (with the bias) for all steps in one product, before the loop of the forward pass.

Expected benefit: smaller products inside the loop and one large, fast product outside of it, as most libraries do.
"""

import numpy as np

from sklstm._network import lstm
from sklstm._network.lstm import backward

__all__ = ["LAYERS", "Workspace", "backward", "forward"]

LAYERS = ("first", "upper")


class Workspace(lstm.Workspace):
    def __init__(self, *sizes, **options):
        super().__init__(*sizes, **options)
        T, B, F, H = self.shape
        self.inputs = np.ones((F + 2, T, B), self.z.dtype)  # [skipped; x; 1] of all steps
        self.projected = np.empty((4 * H, T, B), self.z.dtype)
        self.projected_steps = [self.projected[:, t] for t in range(T)]


@np.errstate(over="ignore", under="ignore")
def forward(matrix, ws, start=0, leading=None):
    dot, multiply, add, tanh, half = np.dot, np.multiply, np.add, np.tanh, ws.half
    T, B, F, H = ws.shape
    skipped = np.zeros((T - start, B), bool) if leading is None else leading
    scaled, _ = lstm._begin(matrix, ws, start, skipped)
    recurrent = np.ascontiguousarray(scaled[:, F + 2 :])
    ws.inputs[0], ws.inputs[1 : F + 1] = ws.skipped, ws.x.transpose(1, 0, 2)
    dot(scaled[:, : F + 2], ws.inputs.reshape(F + 2, -1), ws.projected.reshape(4 * H, -1))
    tanh_c, c, g, o, _, _ = ws.step
    a, sigmoids, c_g, f_i = ws.step[2:].reshape(4 * H, -1), ws.step[3:], ws.step[1:3], ws.step[4:]
    v_u = ws.products[1:]
    v, u = v_u
    c[...] = ws.c_0
    for t, (_, _, z, h) in enumerate(ws.steps[start:], start):
        dot(recurrent, z[F + 1 :], a)
        add(a, ws.projected_steps[t], a)
        if ws.gates_by_exp:
            lstm._gates_by_exp(ws, a, g, sigmoids)
        else:
            tanh(a, a)
            multiply(sigmoids, half, sigmoids)
            add(sigmoids, half, sigmoids)
        multiply(f_i, c_g, v_u)
        add(v, u, c)
        if ws.c_by_exp:
            lstm._tanh_by_exp(ws, c, tanh_c)
        else:
            tanh(c, tanh_c)
        multiply(o, tanh_c, h)
        lstm._keep_factors(ws, t, h)
