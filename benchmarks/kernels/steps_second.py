"""Buffers with the steps as their second axis: (features, steps, samples), where the kernel has the steps first.

Expected benefit: the gradient of the weights without transposed copies, as the steps of a feature lie side by side.
"""

import numpy as np

from benchmarks.kernels._altered import altered
from sklstm._network import lstm


class Workspace(lstm.Workspace):
    def __init__(self, *sizes, **options):
        super().__init__(*sizes, **options)
        T, B, F, H = self.shape
        dtype = self.z.dtype
        # the axes are named in the kernel's order; only the order in memory differs
        z = np.empty((1 + F + 1 + H, T + 1, B), dtype).transpose(1, 0, 2)
        self.z, self.skipped = z[:, 1:], z[:T, 0]
        self.z[:, F] = 1
        self.x, self.states = self.z[:T, :F], self.z[1:, F:]
        self.steps, self.steps_with_skipped = (lstm._steps(part, part[:T, : -1 - H], True) for part in (self.z, z))
        factors = np.empty((6, H, T, B), dtype)
        self.factors = factors.transpose(2, 0, 1, 3)
        self.d_a = factors[2:].reshape(4 * H, T, B).transpose(1, 0, 2)
        self.forward_factors = [(f[:3], f[1], f[3:]) for f in self.factors]
        self.backward_steps = [(*f, d_a) for f, d_a in zip(self.factors, self.d_a, strict=True)]


def _weight_gradient(ws, start, stop, out):
    d_a, z = (part[start:stop].transpose(1, 0, 2).reshape(part.shape[1], -1) for part in (ws.d_a, ws.z))
    np.dot(d_a, z.T, out)


_kernel = altered(_weight_gradient=_weight_gradient)
forward, backward = _kernel.forward, _kernel.backward
