"""Check and time one training step of one layer, by the kernel and by its variants."""

from dataclasses import dataclass
from statistics import median
from types import ModuleType

import numpy as np

from benchmarks._measure import rounds
from sklstm._network import lstm

KERNEL = "kernel"


@dataclass(frozen=True)
class Task:
    """The input of a layer in one step: its weights, its input and the gradient of its states."""

    matrix: np.ndarray  # (4H, F + 1 + H)
    x: np.ndarray  # (T, F, B)
    d_h_last: np.ndarray | float  # (H, B) or 0
    is_upper: bool = False  # whether the gradient of the input is wanted
    d_h_steps: np.ndarray | None = None  # (T - start, H, B)
    start: int = 0  # the first step
    leading: np.ndarray | None = None  # (T - start, B): steps to skip

    @classmethod
    def random(cls, shape, dtype, layer="first", every_step=False, some_skipped=False):
        """Draw a task of a shape (batch, steps, channels, hidden).

        An upper layer has as many channels as units, and a skipping one skips steps.
        """
        B, T, F, H = shape
        F, rng = (H if layer == "upper" else F), np.random.default_rng(0)
        matrix = rng.uniform(-1, 1, (4 * H, F + 1 + H)) / np.sqrt(H)
        x = rng.standard_normal((T, F, B))
        d_h = rng.standard_normal((T, H, B) if every_step else (H, B)).astype(dtype)
        start, leading = 0, None
        if some_skipped or layer == "skipping":
            start, n_skipped = 1, rng.integers(1, T, B)
            leading = np.arange(start, T)[:, np.newaxis] < n_skipped
            np.copyto(x[start:], 0, where=leading[:, np.newaxis])
        last, steps = (0, d_h[start:]) if every_step else (d_h, None)
        return cls(matrix.astype(dtype), x.astype(dtype), last, layer == "upper", steps, start, leading)


class Step:
    """The forward and backward pass of a kernel for one task, in a workspace that is made once."""

    def __init__(self, kernel: ModuleType, task: Task):
        self.kernel, self.task = kernel, task
        T, F, B = task.x.shape
        H = len(task.matrix) // 4
        self.ws = kernel.Workspace(T, B, F, H, task.x.dtype, for_d_x=task.is_upper)

    def __call__(self, *_):
        """Run both passes; return the gradient of the weights."""
        task, ws = self.task, self.ws
        ws.x[...] = task.x
        self.kernel.forward(task.matrix, ws, task.start, task.leading)
        return self.kernel.backward(task.matrix, ws, task.d_h_last, task.d_h_steps, task.start)

    def numbers(self):
        """Run both passes; return all results by name."""
        d_matrix, ws, start = self(), self.ws, self.task.start
        results = {"d_matrix": d_matrix, "states": ws.states[start:], "d_h_0": ws.d_h, "d_c_0": ws.d_c}
        if self.task.is_upper:
            results["d_x"] = ws.d_x[start:]
        return {name: np.array(values) for name, values in results.items()}


def check_numbers(name, step, expected):
    """Raise an AssertionError if a step's results differ from the expected ones by more than rounding."""
    for what, values in step.numbers().items():
        right = expected[what]
        tolerance = np.sqrt(np.finfo(right.dtype).eps) * np.abs(right).max()
        np.testing.assert_allclose(values, right, rtol=0, atol=tolerance, err_msg=f"{what} of {name}")


def race(variants, shape, dtype, seconds):
    """Check and time the kernel and its variants, in turns.

    Parameters
    ----------
    variants : dict
        Modules by name.
    shape : tuple of int
        Batch, steps, channels, hidden units.
    dtype : str
        Precision.
    seconds : float
        Time to measure for.

    Returns
    -------
    ratios : dict
        Median over all rounds of the variant's time divided by the kernel's, by (variant, layer).
    """
    entries = {(name, layer): module for name, module in variants.items() for layer in layers(module)}
    steps = {}
    for layer in sorted({layer for _, layer in entries}):
        task = Task.random(shape, dtype, layer)
        steps[KERNEL, layer] = Step(lstm, task)
        expected = steps[KERNEL, layer].numbers()
        for entry in (entry for entry in entries if entry[1] == layer):
            steps[entry] = Step(entries[entry], task)
            check_numbers(" ".join(entry), steps[entry], expected)
    times = rounds(steps, (), seconds)
    return {entry: median(r[entry] / r[KERNEL, entry[1]] for r in times) for entry in entries}


def layers(module):
    """Return the layers in which a variant is raced."""
    return getattr(module, "LAYERS", ("first",))
