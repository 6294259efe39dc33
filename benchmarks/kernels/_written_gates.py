"""The kernel with gates that are written after each product where a step is skipped, without a row of the input."""

import numpy as np

from benchmarks.kernels._altered import altered
from sklstm._network import lstm


def kernel(as_places, write):
    """Return a second instance of the kernel's module that writes the gates of skipped steps.

    Parameters
    ----------
    as_places : callable
        Called with the mask (B,) of the samples that skip a step; returns what `write` needs.
    write : callable
        Called with the inputs (3H, B) of the gates o, f and i at a step, the values (3H, 1) that shut o and i and open
        f, and the places.
    """
    steps, values = [], []

    def begin(matrix, ws, start, leading):
        masks = [None] * (len(ws.steps) - start) if leading is None else leading
        steps[:] = [None if mask is None or not mask.any() else as_places(mask) for mask in masks]
        of_gates = ws.of_skipped[len(ws.h_0) :, np.newaxis]
        values[:] = [-of_gates if ws.gates_by_exp else of_gates]
        return lstm._begin(matrix, ws, start, None)

    def multiplier(matrix):
        remaining, H, (of_gates,) = iter(list(steps)), len(matrix) // 4, values

        def multiply(z, a):
            matrix.dot(z, a)
            places = next(remaining)
            if places is not None:
                write(a[H:], of_gates, places)

        return multiply

    return altered(_begin=begin, _multiplier=multiplier)
