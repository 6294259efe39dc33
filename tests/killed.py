"""Kill training processes at random moments: `python -m tests.killed CASE N_KILLS SEED`.

A process of its own imports everything once, and forks a child for each attempt. The child goes on from the last
checkpoint or, if there is none yet, from the beginning. After so many children have been killed, the next one ends. Its
result is compared to the bit with that of a process that was not killed. Prints the number of kills after which there
was a checkpoint, and of those before.
"""

import os
import random
import signal
import sys
import tempfile
import time
import warnings
from hashlib import sha256
from pathlib import Path

import numpy as np

from sklstm import (
    Checkpoint,
    Forecaster,
    LSTMRegressor,
    default_regressor,
    load_checkpoint,
    make_windows,
    save_checkpoint,
)
from sklstm.datasets import load_airline
from tests._checkpoint.tools import bits

X, Y = make_windows(np.sin(np.arange(200) / 5) + np.random.default_rng(0).normal(0, 0.1, 200), window_length=10)
SMALL = {"hidden_size": 4, "max_iter": 8, "random_state": 0}
CASES = {
    "adam": lambda: LSTMRegressor(
        8, n_layers=2, dropout=0.3, learning_rate="cosine", early_stopping=True, max_iter=25, random_state=0
    ),
    "lbfgs": lambda: LSTMRegressor(8, solver="lbfgs", max_iter=40, random_state=0),
    "partial_fit": lambda: LSTMRegressor(8, dropout=0.2, learning_rate="cosine", max_iter=25, random_state=0),
    "forecaster": lambda: Forecaster(default_regressor().set_params(max_updates=25), steps=12),
    "direct": lambda: Forecaster(LSTMRegressor(**SMALL), strategy="direct", steps=3, trust=1.0),
    "intervals": lambda: Forecaster(LSTMRegressor(**SMALL), steps=2, intervals="bootstrap"),
}
LOOPS = ("partial_fit",)


def trained(case, path=None):
    """Train without interruption or, with a path, from the last checkpoint on; return a digest of the result."""
    is_there = path is not None and path.exists()
    estimator = load_checkpoint(path) if is_there else CASES[case]()
    if case in LOOPS:
        for _ in range(getattr(estimator, "n_iter_", 0), estimator.max_iter):
            estimator.partial_fit(X, Y)
            if path is not None:
                save_checkpoint(estimator, path)
        return digest(bits(estimator))
    data = (None, load_airline()) if isinstance(estimator, Forecaster) else (X, Y)
    if path is not None:
        estimator.set_callbacks(Checkpoint(path, every=1))
    (estimator.resume if is_there else estimator.fit)(*data)
    if isinstance(estimator, LSTMRegressor):
        return digest(bits(estimator))
    coverage = {"coverage": 0.8} if estimator.intervals else {}
    return digest([estimator.forecast(3, **coverage).to_numpy().tobytes(), *map(bits, estimator.regressors_)])


def digest(parts):
    return sha256(repr(parts).encode()).hexdigest()


def child(case, path, result):
    """Train in a child process; return its number."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            result.write_text(trained(case, path))
            code = 0
        finally:
            os._exit(code)
    return pid


def died_by_signal(pid):
    """Wait for the end of a child; return whether it was killed. Its own errors end this process as well."""
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return True
    if os.WEXITSTATUS(status):
        raise SystemExit(f"A child failed with {os.WEXITSTATUS(status)}.")
    return False


def main(case, n_kills, seed):
    folder, draw = Path(tempfile.mkdtemp()), random.Random(f"{case} {seed}")
    path, result = folder / "fit.npz", folder / "result"
    start = time.perf_counter()
    expected = trained(case)
    duration = time.perf_counter() - start
    counts = {True: 0, False: 0}
    while True:
        pid = child(case, path, result)
        if sum(counts.values()) < n_kills:
            time.sleep(draw.uniform(0, duration))
            os.kill(pid, signal.SIGKILL)  # the child is still there, if only as an exit status
        if died_by_signal(pid):
            counts[path.exists()] += 1
            continue
        if result.read_text() != expected:
            raise SystemExit(f"{case} has other bits after {counts} kills.")
        if sum(counts.values()) == n_kills:
            break
        path.unlink()
    print(counts[True], counts[False])


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
