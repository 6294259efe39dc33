"""The weight gradients after the loop of the backward pass, half of the chunks in each of two Python threads.

Expected benefit: both cores work on a third of the multiplications, in few long calls, so that the threads hardly wait
for the GIL. The products are added in the kernel's order, so the bits are the kernel's.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks.kernels import _chunked
from sklstm._network import lstm
from sklstm._network.lstm import forward

__all__ = ["Workspace", "backward", "forward"]

_pool = ThreadPoolExecutor(1)


class Workspace(lstm.Workspace):
    def __init__(self, *sizes, **options):
        super().__init__(*sizes, **options)
        self.other_copies = np.empty_like(self.copies)


def backward(matrix, ws, d_h_last, d_h_steps=None, start=0):
    chunks = []
    _chunked.backward(matrix, ws, d_h_last, d_h_steps, start, after=lambda *steps: chunks.append(steps))
    middle = (len(chunks) + 1) // 2
    products = np.empty((len(chunks) - middle, *matrix.shape), matrix.dtype)

    def second_half():
        for steps, out in zip(chunks[middle:], products, strict=True):
            _weight_gradient(ws, ws.other_copies, *steps, out)

    running = _pool.submit(second_half)
    d_matrix, part = np.zeros_like(matrix), np.empty_like(matrix)
    for steps in chunks[:middle]:
        _weight_gradient(ws, ws.copies, *steps, part)
        np.add(d_matrix, part, d_matrix)
    running.result()
    for product in products:
        np.add(d_matrix, product, d_matrix)
    return lstm._reversed_gates(d_matrix)


def _weight_gradient(ws, copies, start, stop, out):
    """Do as the kernel does, with copies in a buffer of this thread's own."""
    n, height = stop - start, ws.d_a.shape[1]
    width, n_samples = ws.z.shape[1:]
    copies = copies[: (height + width) * n * n_samples].reshape(-1, n, n_samples)
    copies[:height] = ws.d_a[start:stop].transpose(1, 0, 2)
    copies[height:] = ws.z[start:stop].transpose(1, 0, 2)
    flat = copies.reshape(len(copies), -1)
    np.dot(flat[:height], flat[height:].T, out)
