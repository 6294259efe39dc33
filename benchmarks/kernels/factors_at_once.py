"""The factors of the backward pass for many steps at once, just before it reaches these steps.

The forward pass keeps tanh(c), c and the gates of every step. The kernel computes the factors inside the forward pass
instead, one step at a time, from values that are still in the cache.

Expected benefit: fewer and longer calls of NumPy, and a shorter loop in the forward pass.
"""

import numpy as np

from benchmarks.kernels import _chunked
from sklstm._network import lstm


class Workspace(lstm.Workspace):
    def __init__(self, *sizes, **options):
        super().__init__(*sizes, **options)
        T, B, _, H = self.shape
        # tanh(c_t), c_{t-1}, g, o, f, i of every step
        kept = np.empty((T + 1, 6, H, B), self.z.dtype)
        self.others, self.sigmoids = kept[:T, :3], kept[:T, 3:]
        self.c = kept[:, 1]
        self.kept_steps = [
            (k[0], k[1:3], k[2], k[2:].reshape(4 * H, B), k[3:], k[3], k[4:], c)
            for k, c in zip(kept[:T], kept[1:, 1], strict=True)
        ]
        self.many_products = np.empty((self.chunk, 3, H, B), self.z.dtype)


@np.errstate(over="ignore", under="ignore")
def forward(matrix, ws, start=0, leading=None):
    dot, multiply, add, tanh, half = np.dot, np.multiply, np.add, np.tanh, ws.half
    scaled, steps = lstm._begin(matrix, ws, start, leading)
    v_u = ws.products[1:]
    v, u = v_u
    ws.c[start] = ws.c_0
    for (_, _, z, h), (tanh_c, c_g, g, a, sigmoids, o, f_i, c) in zip(steps, ws.kept_steps[start:], strict=True):
        dot(scaled, z, a)
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


def backward(matrix, ws, d_h_last, d_h_steps=None, start=0):
    d_matrix, part = np.zeros_like(matrix), np.empty_like(matrix)

    def compute_factors(start, stop):
        others, sigmoids, factors = ws.others[start:stop], ws.sigmoids[start:stop], ws.factors[start:stop]
        products = np.multiply(others, sigmoids, ws.many_products[: stop - start])
        of_others, of_sigmoids = factors[:, :3], factors[:, 3:]
        np.multiply(products, others, of_others)
        np.subtract(sigmoids, of_others, of_others)
        factors[:, 1] = sigmoids[:, 1]
        np.subtract(ws.one, sigmoids, of_sigmoids)
        np.multiply(of_sigmoids, products, of_sigmoids)

    def add_product(start, stop):
        lstm._weight_gradient(ws, start, stop, part)
        np.add(d_matrix, part, d_matrix)

    _chunked.backward(matrix, ws, d_h_last, d_h_steps, start, before=compute_factors, after=add_product)
    return lstm._reversed_gates(d_matrix)
