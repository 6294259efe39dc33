"""The same call gives the same bits, whatever else the process does and however its arrays lie in memory."""

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from hashlib import sha256
from itertools import cycle

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from threadpoolctl import ThreadpoolController

from sklstm import Forecaster
from tests.tools import model, pairwise

# `warnings.catch_warnings` would not do in threads
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BLAS = ThreadpoolController().select(user_api="blas")
SOLVERS = ["adam", "adamw", "rmsprop", "sgd", "lbfgs"]
KINDS = {
    "plain": {},
    "two directions": {"bidirectional": True},
    "dropout": {"n_layers": 2, "dropout": 0.3},
    "validation": {"early_stopping": True, "validation_fraction": 0.4},
}
# Sizes at which BLAS would divide some of the products, or all, and batches that are computed in pieces.
CASES = {
    "narrow": {"hidden_size": 8},
    "middle": {"hidden_size": 128, "batch_size": 64, "solver": "adamw"},
    "wide": {"hidden_size": 256, "batch_size": 64, "n_layers": 2, "dropout": 0.3},
    "all at once": {"hidden_size": 128, "solver": "lbfgs"},
}


def samples(dtype=np.float64):
    X = np.random.default_rng(0).standard_normal((140, 3, 8))
    X[::9, 0] = np.nan
    return X.astype(dtype), (X[:, -1, 0] - X[:, 1, 3]).astype(dtype)


def digest(settings, X=None, y=None, dtype=np.float64):
    """Fit, predict many samples and one, and return a hash of all numbers."""
    if X is None:
        X, y = samples(dtype)
    estimator = model(max_iter=1, **settings).fit(X, y)
    parts = estimator.theta_, estimator.loss_curve_, estimator.predict(X), estimator.predict(X[:1])
    return sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()


@contextmanager
def limits_changing_all_the_time():
    """Let another thread set limits of BLAS."""
    ended, begun = threading.Event(), threading.Event()

    def change():
        for n_threads in cycle((2, 1, 3)):
            BLAS.limit(limits=n_threads)
            begun.set()
            if ended.wait(0.0005):
                break

    other = threading.Thread(target=change)
    before = [library.num_threads for library in BLAS.lib_controllers]
    other.start()
    begun.wait(10)
    try:
        yield
    finally:
        ended.set()
        other.join()
        for library, n_threads in zip(BLAS.lib_controllers, before, strict=True):
            library.set_num_threads(n_threads)


@pairwise(
    "hidden_size, solver, kind, dtype",
    [8, 128, 256],
    SOLVERS,
    KINDS,
    [np.float32, np.float64],
    where=lambda hidden_size, solver, kind, dtype: (solver, kind) != ("lbfgs", "dropout"),
)
def test_limits_of_blas_change_no_bit(hidden_size, solver, kind, dtype):
    settings = {"hidden_size": hidden_size, "solver": solver, "batch_size": 64, **KINDS[kind]}
    found = set()
    for limit in (1, 2):
        with BLAS.limit(limits=limit):
            found.add(digest(settings, dtype=dtype))
            assert {library.num_threads for library in BLAS.lib_controllers} == {limit}
    assert len(found) == 1


@pytest.mark.parametrize("case", CASES)
def test_limits_that_another_thread_sets_all_the_time_change_no_bit(case):
    if not hasattr(BLAS.lib_controllers[0], "clear_controlling_thread"):
        pytest.skip("this threadpoolctl obeys every thread")
    expected = digest(CASES[case])
    with limits_changing_all_the_time():
        assert {digest(CASES[case]) for _ in range(3)} == {expected}


@pytest.mark.parametrize("case", CASES)
def test_fits_and_predictions_of_other_threads_change_no_bit(case):
    """Each of them limits BLAS and lifts the limit."""
    expected = digest(CASES[case])
    X, y = samples()
    found = joblib.Parallel(3, backend="threading")(
        joblib.delayed(digest)(settings, X, y) for settings in [CASES[case], CASES["narrow"]] * 3
    )
    assert set(found[::2]) == {expected}


def test_limits_of_blas_change_no_bit_of_a_baseline():
    """A linear regression of this size is rounded otherwise by two threads."""
    rng, n = np.random.default_rng(0), 3000
    y = pd.Series(50 + np.sin(np.arange(n) / 4) * 5 + rng.normal(size=n).cumsum() * 0.1, pd.RangeIndex(n))
    found = set()
    for limit in (1, 2):
        with BLAS.limit(limits=limit):
            forecaster = Forecaster(model(), window_length=120, baseline=LinearRegression(), trust=0, season=None)
            forecaster.fit(None, y)
            found.add((forecaster.forecast(3).to_numpy().tobytes(), forecaster.fitted_values_.to_numpy().tobytes()))
            assert {library.num_threads for library in BLAS.lib_controllers} == {limit}
    assert len(found) == 1


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["loky", "threading"])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_workers_find_the_same_bits(backend, n_jobs):
    expected = [digest(settings) for settings in CASES.values()]
    with joblib.parallel_config(backend=backend):
        found = joblib.Parallel(n_jobs)(joblib.delayed(digest)(settings) for settings in CASES.values())
    assert found == expected


@pytest.mark.slow
@pytest.mark.parametrize("n_threads", ["1", "2", "3"])
def test_another_process_finds_the_same_bits(n_threads):
    code = "from tests.test_reproducible import *\nprint(*(digest(settings) for settings in CASES.values()))"
    variables = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), n_threads)
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, env={**os.environ, **variables}, capture_output=True, text=True, check=True).stdout
    assert out.split() == [digest(settings) for settings in CASES.values()]


def memory_mapped(X, folder):
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode="r")


def not_aligned(X, folder):
    buffer = np.empty(X.nbytes + 1, np.uint8)[1:]
    copy = buffer.view(X.dtype).reshape(X.shape)
    copy[...] = X
    assert not copy.flags.aligned
    return copy


def read_only(X, folder):
    X = X.copy()
    X.flags.writeable = False
    return X


IN_MEMORY = {
    "columns first": lambda X, folder: np.asfortranarray(X),
    "strides": lambda X, folder: np.repeat(np.repeat(X, 2, axis=0), 3, axis=-1)[::2, ..., ::3] if X.ndim > 1 else X,
    "reversed": lambda X, folder: X[::-1].copy()[::-1],
    "read-only": read_only,
    "memory-mapped": memory_mapped,
    "not aligned": not_aligned,
    "by lines of the cache": lambda X, folder: np.concatenate([np.zeros((1, *X.shape[1:])), X])[1:],
    "other byte order": lambda X, folder: X.astype(X.dtype.newbyteorder()),
}


@pytest.mark.parametrize("form", IN_MEMORY)
@pytest.mark.parametrize("case", ["middle", pytest.param("wide", marks=pytest.mark.slow)])
def test_how_samples_lie_in_memory_changes_no_bit(form, case, tmp_path):
    X, y = (part[:70] for part in samples())
    assert digest(CASES[case], IN_MEMORY[form](X, tmp_path), y) == digest(CASES[case], X, y)


def test_samples_in_float32_are_those_in_float64_that_were_rounded():
    X, y = samples(np.float32)
    estimator = model(hidden_size=128, batch_size=64).fit(X, y)
    np.testing.assert_array_equal(estimator.predict(X), estimator.predict(X.astype(np.float64)))
