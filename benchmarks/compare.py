"""Compare the speed of this tree with that of an earlier commit, in turns in one process.

python -m benchmarks.compare COMMIT [--seconds S] [--threads N] [--dtype float32]

Prints for each shape of the grid the median ratios now / before of the times of one epoch of `fit` and of `predict`,
and whether both give the same bits. Below 1, this tree is faster.
"""

import argparse
import io
import math
import re
import statistics
import subprocess
import sys
import tarfile
import tempfile
from importlib import import_module
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks._machine import about, head
from benchmarks._measure import measure
from benchmarks._models import GRID, fit, regressor, rows

BEFORE = "sklstm_before"


def package_of(commit, directory):
    """Import the package as it was at a commit, under another name so that both can be imported."""
    archive = subprocess.run(["git", "archive", commit, "sklstm"], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(directory, filter="data")
    package = (Path(directory) / "sklstm").rename(Path(directory) / BEFORE)
    for path in package.rglob("*.py"):
        path.write_text(re.sub(r"\bsklstm\b", BEFORE, path.read_text()))
    sys.path.insert(0, directory)
    return import_module(BEFORE)


def fitting(shape, dtype, before):
    """Return the benchmarks of one epoch and of `predict`, and whether both commits give the same bits."""
    batch, steps, channels, hidden = shape
    X, y = rows((60 if batch * steps * hidden <= 100_000 else 4) * batch, steps, channels, dtype)
    now = regressor(hidden, batch)
    then = before.LSTMRegressor(**{name: getattr(now, name) for name in before.LSTMRegressor().get_params()})
    same = np.array_equal(fit(now, X, y).theta_, fit(then, X, y).theta_)

    class Epoch:
        def setup(self):
            pass

        def time_sklstm(self):
            fit(now, X, y)

        def time_before(self):
            fit(then, X, y)

    class Predict(Epoch):
        def time_sklstm(self):
            now.predict(X)

        def time_before(self):
            then.predict(X)

    return Epoch, Predict, same


def main():
    """Parse the command line, measure, and print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("commit")
    parser.add_argument("--seconds", type=float, default=6.0, help="time for each shape")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", default="float32")
    options = parser.parse_args()
    print(*head(about()), f"{options.dtype}, threads: {options.threads}", "", sep="\n", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        before = package_of(options.commit, directory)
        threadpool_limits(options.threads)
        ratios = []
        for shape in GRID:
            epoch, predict, same = fitting(shape, options.dtype, before)
            fitted, predicted = (measure(b, (), options.seconds)["ratio"]["before"] for b in (epoch, predict))
            ratios.append(fitted)
            print(f"{shape!s:22} fit {fitted:.3f}  predict {predicted:.3f}  same bits: {same}", flush=True)
    mean = math.exp(statistics.fmean(map(math.log, ratios)))
    print(f"fit: geometric mean {mean:.3f}, largest {max(ratios):.3f}")


if __name__ == "__main__":
    main()
