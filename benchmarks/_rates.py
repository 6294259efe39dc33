"""Measure rates that show which vector extensions the libraries use.

`python -m benchmarks._rates SECONDS` prints them as JSON.
"""

import json
import sys
from functools import partial
from time import perf_counter
from typing import NamedTuple

import numpy as np
import torch

from benchmarks import _peers
from benchmarks._models import fit, regressor, rows

SIZE, N_ELEMENTS = 512, 8192


class Rate(NamedTuple):
    """One rate: the variable that should change it, its unit, and what is called."""

    variable: str
    unit: str
    function: object

    def measure(self, seconds):
        """The best of all calls, as other work on the machine makes calls slower and never faster."""
        self.function()  # warms up
        best, end = np.inf, perf_counter() + seconds
        while perf_counter() < end:
            begin = perf_counter()
            self.function()
            best = min(best, perf_counter() - begin)
        per_second = {"GFlop/s": 2 * SIZE**3 / best / 1e9, "ns": best / N_ELEMENTS * 1e9, "ms": best * 1e3}
        return per_second[self.unit]


def _of_arrays(dtype):
    """Rates of NumPy and PyTorch on the same values, by name."""
    square, x = np.full((SIZE, SIZE), 0.5, dtype), np.linspace(-3, 3, N_ELEMENTS).astype(dtype)
    to_square, to_x = np.empty_like(square), np.empty_like(x)
    torch_square, torch_x = torch.tensor(square), torch.tensor(x)
    of_x = partial(Rate, unit="ns")
    return {
        f"np.dot {dtype}": Rate("OPENBLAS_CORETYPE", "GFlop/s", lambda: np.dot(square, square, to_square)),
        f"np.tanh {dtype}": of_x("NPY_DISABLE_CPU_FEATURES", function=lambda: np.tanh(x, to_x)),
        f"np.exp {dtype}": of_x("NPY_DISABLE_CPU_FEATURES", function=lambda: np.exp(x, to_x)),
        f"torch.mm {dtype}": Rate("MKL_ENABLE_INSTRUCTIONS", "GFlop/s", lambda: torch.mm(torch_square, torch_square)),
        # PyTorch takes tanh from MKL, if it was built with it, and sigmoid from code of its own
        f"torch.tanh {dtype}": of_x("MKL_ENABLE_INSTRUCTIONS", function=lambda: torch.tanh(torch_x)),
        f"torch.sigmoid {dtype}": of_x("ATEN_CPU_CAPABILITY", function=lambda: torch.sigmoid(torch_x)),
    }


def _of_lstms():
    """Rates of an LSTM with 64 units on 64 samples of 48 steps and 8 channels, by name. PyTorch calls oneDNN."""
    X, y = rows(64, 48, 8)
    estimator = fit(regressor(64, standardize=False), X, y)
    lstm, tensor = torch.nn.LSTM(8, 64, batch_first=True), torch.tensor(X)
    session = _peers.onnx_session(estimator, 48, 1)

    def forward():
        with torch.no_grad():
            lstm(tensor)

    return {
        "nn.LSTM forward": Rate("ONEDNN_MAX_CPU_ISA", "ms", forward),
        "nn.LSTM forward and backward": Rate("ONEDNN_MAX_CPU_ISA", "ms", lambda: lstm(tensor)[0].sum().backward()),
        "ONNX Runtime LSTM": Rate("", "ms", lambda: session.run(None, {"x": X})),
    }


def rates(seconds):
    """Measure all rates of this process with one thread, each for so many seconds.

    Returns
    -------
    rates : dict
        For each rate, by name: its `value`, its `unit` and the `variable` that should change it.
    """
    _peers.set_threads(1)
    every = _of_arrays("float32") | _of_arrays("float64") | _of_lstms()
    return {
        name: {"value": rate.measure(seconds), "unit": rate.unit, "variable": rate.variable}
        for name, rate in every.items()
    }


if __name__ == "__main__":
    print(json.dumps(rates(float(sys.argv[1]))))
