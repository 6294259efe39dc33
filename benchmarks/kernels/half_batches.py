"""Both halves of a batch at the same time, each in a Python thread with a workspace of its own.

Expected benefit: both cores do all the work, not only the products. But NumPy releases the GIL only inside
its calls, not between them.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sklstm._network import lstm

_pool = ThreadPoolExecutor(1)


class Workspace:
    def __init__(self, n_steps, n_samples, n_channels, hidden_size, dtype, **options):
        self.x = np.empty((n_steps, n_channels, n_samples), dtype)
        self.h_0, self.c_0 = np.zeros((2, hidden_size, n_samples), dtype)
        middle = n_samples // 2
        parts = [slice(middle), slice(middle, n_samples)] if middle else [slice(n_samples)]
        self.halves = [
            (part, lstm.Workspace(n_steps, part.stop - (part.start or 0), n_channels, hidden_size, dtype, **options))
            for part in parts
        ]

    states = property(lambda self: self._joined("states"))
    d_h = property(lambda self: self._joined("d_h"))
    d_c = property(lambda self: self._joined("d_c"))
    d_x = property(lambda self: self._joined("d_x"))

    def _joined(self, name):
        return np.concatenate([getattr(ws, name) for _, ws in self.halves], axis=-1)


def _of(values, part):
    """Select the samples of one half; None and 0 stay as they are."""
    return values[..., part] if isinstance(values, np.ndarray) else values


def _in_both(function, ws):
    """Call a function for both halves at the same time; return both results."""
    first, *second = ws.halves
    running = [_pool.submit(function, *half) for half in second]
    return [function(*first), *(future.result() for future in running)]


def forward(matrix, ws, start=0, leading=None):
    def run(part, half):
        half.x[...], half.h_0[...], half.c_0[...] = ws.x[..., part], ws.h_0[:, part], ws.c_0[:, part]
        lstm.forward(matrix, half, start, _of(leading, part))

    _in_both(run, ws)


def backward(matrix, ws, d_h_last, d_h_steps=None, start=0):
    def run(part, half):
        return lstm.backward(matrix, half, _of(d_h_last, part), _of(d_h_steps, part), start)

    return sum(_in_both(run, ws))
