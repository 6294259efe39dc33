"""Measure the peak memory beyond that of the imports. Each case runs in its own process.

`python -m benchmarks.memory SERIES WAY` prints it for one case, in bytes.
"""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks._models import fit, regressor

LENGTHS = {"million": (1_000_000, 168, 32), "ten million": (10_000_000, 24, 4), "quick": (20_000, 168, 32)}


def peak():
    """Return the peak memory of this process so far, in bytes (Linux only).

    `resource.getrusage` does not help: its peak includes the process that started this one.
    """
    return int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024


class PeakMemory:
    """One epoch of `fit` on all windows of a long series, and `predict` of the same windows."""

    params = (("million", "ten million"), ("windows", "pipeline"))
    param_names = ("series", "way")

    def setup(self, length, way):
        n_rows, window_length, hidden_size = LENGTHS[length]
        from sklearn.pipeline import make_pipeline

        from sklstm import WindowTransformer, make_windows

        # the first use loads code, whose memory must not be counted
        fit(regressor(2), *make_windows(np.arange(50, dtype=np.float32), 4)).predict(np.zeros((1, 4, 1), np.float32))
        self.before = peak()
        series = np.sin(np.arange(n_rows, dtype=np.float32))
        self.estimator = regressor(hidden_size)
        if way == "windows":
            self.X, self.y = make_windows(series, window_length)
        else:
            self.estimator = make_pipeline(WindowTransformer(window_length), self.estimator)
            self.X, self.y = series[:, np.newaxis], series

    def peakmem_fit_and_predict(self, *_):
        fit(self.estimator, self.X, self.y).predict(self.X)


def measured(length, way):
    """Measure a case in a new process; return the bytes beyond those of the imports."""
    command = [sys.executable, "-m", "benchmarks.memory", length, way]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    case = PeakMemory()
    case.setup(*sys.argv[1:])
    case.peakmem_fit_and_predict()
    print(peak() - case.before)
