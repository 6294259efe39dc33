"""How time grows with the number of samples and of steps: the exponent of a power law, 1 being linear."""

from time import perf_counter

import numpy as np

from benchmarks import _peers
from benchmarks._models import fit, regressor
from sklstm import make_windows

SAMPLES = (10_000, 100_000, 1_000_000)
STEPS = (48, 192, 768)


def of_samples(sizes=SAMPLES):
    """Exponent of one epoch and a prediction in the number of windows (24 steps, 4 units)."""
    _seconds(24, 1000, hidden_size=4)  # the first fit of a process looks for its BLAS
    return _exponent(sizes, [_seconds(24, n, hidden_size=4) for n in sizes])


def of_steps(sizes=STEPS, n_windows=640):
    """Exponent of one epoch and a prediction in the number of steps (32 units)."""
    return _exponent(sizes, [min(_seconds(n, n_windows, hidden_size=32) for _ in range(3)) for n in sizes])


def of_epochs(n_epochs=200_000, n_calls=200):
    """How many times as long a call of `partial_fit` takes after so many epochs as at the beginning."""
    _peers.set_threads(1)
    X, y = make_windows(np.sin(np.arange(40.0)), 8)
    model = regressor(4).partial_fit(X, y)

    def seconds():
        begin = perf_counter()
        for _ in range(n_calls):
            model.partial_fit(X, y)
        return perf_counter() - begin

    early = seconds()
    for _ in range(n_epochs):  # what as many calls would have taken down
        model._progress.record(model.theta_, 1.0, None, 0.0)
    return seconds() / early


def _seconds(n_steps, n_windows, hidden_size):
    _peers.set_threads(1)
    X, y = make_windows(np.sin(np.arange(n_windows + n_steps, dtype=np.float32)), n_steps)
    begin = perf_counter()
    fit(regressor(hidden_size), X, y).predict(X)
    return perf_counter() - begin


def _exponent(sizes, seconds):
    """Slope of the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
