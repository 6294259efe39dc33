"""The gradient of the weights in a thread of its own, while the loop of the backward pass goes on.

Expected benefit: the second core does a third of the multiplications, for which nothing in the loop waits.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks.kernels import _chunked
from sklstm._network import lstm
from sklstm._network.lstm import Workspace, forward

__all__ = ["Workspace", "backward", "forward"]

_pool = ThreadPoolExecutor(1)  # a single thread: products run one after another, and share the workspace's copies


def backward(matrix, ws, d_h_last, d_h_steps=None, start=0):
    d_matrix, part = np.zeros_like(matrix), np.empty_like(matrix)
    running = []

    def add_product(start, stop):
        lstm._weight_gradient(ws, start, stop, part)
        np.add(d_matrix, part, d_matrix)

    def submit(start, stop):
        running.append(_pool.submit(add_product, start, stop))

    _chunked.backward(matrix, ws, d_h_last, d_h_steps, start, after=submit)
    for future in running:
        future.result()
    return lstm._reversed_gates(d_matrix)
