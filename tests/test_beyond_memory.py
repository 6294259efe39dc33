"""Training on a file that is larger than the memory that the process may use."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TRAINED = """
import resource, sys
import numpy as np
from sklstm import LSTMRegressor

path, limit = sys.argv[1], int(sys.argv[2])
model = LSTMRegressor(4, random_state=0, max_iter=20, learning_rate="cosine")
model.fit(np.zeros((200, 5, 4), np.float32) + np.arange(200, dtype=np.float32)[:, None, None], np.arange(200.0))
before = int(open("/proc/self/statm").read().split()[5]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_DATA, (before + limit,) * 2)


def read(size=8192):
    samples = np.load(path, mmap_mode="r")
    for start in range(0, len(samples), size):
        part = samples[start : start + size]
        yield part[:, :-1], part[:, -1, 0]


model = LSTMRegressor(4, random_state=0).fit_scaling(read())
for X, y in read():
    model.partial_fit(X, y)
try:
    np.array(np.load(path, mmap_mode="r"))
except MemoryError:
    print("too large", model.t_, repr(float(np.abs(model.theta_.astype(float)).sum())))
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux limits the data of a process")
def test_a_file_larger_than_the_memory(tmp_path):
    """The same weights as of the same chunks in memory; a copy of the file does not fit."""
    import numpy as np

    from sklstm import LSTMRegressor

    limit, n_samples, n_steps, n_channels = 1 << 25, 1 << 17, 17, 8
    rng, path = np.random.default_rng(0), tmp_path / "samples.npy"
    samples = np.lib.format.open_memmap(path, "w+", np.float32, (n_samples, n_steps, n_channels))
    for start in range(0, n_samples, 1 << 14):
        part = rng.normal(size=(1 << 14, n_steps, n_channels)).cumsum(axis=1) + start / 20_000
        samples[start : start + (1 << 14)] = part
    samples.flush()
    assert path.stat().st_size > limit
    run = [sys.executable, "-c", TRAINED, str(path), str(limit)]
    answer = subprocess.run(run, capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    chunks = [(part[:, :-1], part[:, -1, 0]) for part in np.split(np.array(samples), n_samples // 8192)]
    model = LSTMRegressor(4, random_state=0).fit_scaling(chunks)
    for X, y in chunks:
        model.partial_fit(X, y)
    assert answer == ["too", "large", str(n_samples), repr(float(np.abs(model.theta_.astype(float)).sum()))]
