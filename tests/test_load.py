"""Many threads and processes that use one fitted estimator, and long runs: answers to the bit, memory, settings."""

import multiprocessing
import random
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import ThreadpoolController, threadpool_info

from sklstm import Forecaster, make_windows
from sklstm._utils import threads
from tests.tools import fit, model

# Not within the tests: catching warnings is not safe in threads.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(0)
ROWS = RNG.normal(5, 2, (400, 8, 2))
TARGETS = ROWS[:, -1, 0] - 0.5 * ROWS[:, -3, 1]
TIMES = pd.date_range("2020-01-01", periods=120, freq="D", name="day")
SERIES = pd.Series(10 + np.sin(np.arange(120) / 3) + RNG.normal(0, 0.1, 120), TIMES, name="y")
N_THREADS, N_PROCESSES = 8, 4


def estimators():
    """Fitted: a narrow and a wide network, a chain of forecasts, and forecasters with and without a baseline."""
    chained = fit(model(), *make_windows(SERIES.to_numpy(), 8))
    settings = {"window_length": 8, "baseline": None, "season": None, "log": None}
    return {
        "narrow": fit(model(hidden_size=8), ROWS, TARGETS),
        "wide": fit(model(hidden_size=160, max_iter=1), ROWS, TARGETS),
        "chained": chained,
        "recursive": fit(Forecaster(model(), intervals="bootstrap", **settings), None, SERIES),
        "default": fit(Forecaster(steps=4, intervals="conformal"), None, SERIES),
    }


def requests(fitted):
    """Calls that give numbers, by name: single samples and batches, on both sides of where a batch is divided."""
    calls = {
        f"{name} {n_rows}": lambda name=name, n_rows=n_rows: fitted[name].predict(ROWS[:n_rows])
        for name in ("narrow", "wide")
        for n_rows in (1, 7, 256, 257, 400)
    }
    calls["chained"] = lambda: fitted["chained"].forecast(5)
    for name in ("recursive", "default"):
        calls |= {
            f"{name} forecast": lambda name=name: fitted[name].forecast(4),
            f"{name} far": lambda name=name: fitted[name].forecast(8),
            f"{name} history": lambda name=name: fitted[name].forecast(4, history=SERIES[:100] + 1),
            f"{name} interval": lambda name=name: fitted[name].forecast(4, coverage=[0.5, 0.8]),
            f"{name} components": lambda name=name: fitted[name].components(4),
            f"{name} predict": lambda name=name: fitted[name].predict(pd.DataFrame(index=TIMES[-3:] + TIMES.freq * 3)),
        }
    return calls


def answers(fitted):
    """The bytes of every answer."""
    return {name: np.asarray(call()).tobytes() for name, call in requests(fitted).items()}


@pytest.fixture(scope="module")
def fitted():
    return estimators()


@pytest.fixture(scope="module")
def serial(fitted):
    return answers(fitted)


def settings():
    """What a caller has set, or drawn, that is not ours to change."""
    limits = [(library["filepath"], library["num_threads"]) for library in threadpool_info()]
    return limits, random.getstate(), str(np.random.get_state()), np.geterr()  # noqa: NPY002 that of the caller


@pytest.fixture
def two_threads():
    """BLAS may use two threads, whatever the tests run with."""
    limits = ThreadpoolController().limit(limits=2, user_api="blas")
    threads._release_control(threads._blas_libraries())
    yield
    limits.restore_original_limits()


@contextmanager
def unchanged_settings():
    before = settings()
    yield
    assert settings() == before


def in_threads(*works):
    """Run functions in a thread each; the errors that they raise."""
    errors = []

    def run(work):
        try:
            work()
        except BaseException as error:
            errors.append(repr(error))

    running = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return errors


# ---- threads


@pytest.mark.parametrize("seconds", [3, pytest.param(60, marks=pytest.mark.slow)])
def test_threads_on_one_estimator_get_the_answers_of_one(fitted, serial, two_threads, seconds):
    calls, end, counts = requests(fitted), time.monotonic() + seconds, []

    def work(number):
        names, n_calls = list(calls), 0
        shuffle = random.Random(number).shuffle
        while time.monotonic() < end:
            shuffle(names)
            for name in names:
                assert np.asarray(calls[name]()).tobytes() == serial[name], name
            n_calls += len(names)
        counts.append(n_calls)

    with unchanged_settings():
        errors = in_threads(*(lambda number=number: work(number) for number in range(N_THREADS)))
    assert errors == []
    assert len(counts) == N_THREADS


def test_fits_that_overlap_are_those_of_one_thread_and_give_settings_back(two_threads):
    """Narrow and wide ones, whose BLAS uses other numbers of threads, and some that end with an error."""
    kinds = [
        lambda: model(hidden_size=8, max_iter=10, dropout=0.2).fit(ROWS, TARGETS),
        lambda: model(hidden_size=160, max_iter=1).fit(ROWS, TARGETS),
        lambda: model(solver="lbfgs").fit(ROWS, TARGETS),
        lambda: Forecaster(steps=4).fit(None, SERIES[:60]),
    ]

    def numbers(fitted):
        return np.asarray(fitted.forecast(3) if isinstance(fitted, Forecaster) else fitted.theta_).tobytes()

    def work(start):
        for number in range(start, start + len(kinds)):
            kind = number % len(kinds)
            assert numbers(kinds[kind]()) == expected[kind], kind
            with pytest.raises(ValueError, match="sample"):
                model().fit(ROWS, TARGETS[:3])

    expected = [numbers(make()) for make in kinds]
    with unchanged_settings():
        assert in_threads(*(lambda start=start: work(start) for start in range(4))) == []


def test_a_limit_that_the_caller_has_set_stays_and_counts_for_nothing(fitted, serial):
    for n_threads in (1, 2):
        limits = ThreadpoolController().limit(limits=n_threads, user_api="blas")
        threads._release_control(threads._blas_libraries())
        with unchanged_settings():
            assert in_threads(*[lambda: assert_answers(fitted, serial)] * 3) == []
            model().fit(ROWS, TARGETS)
        limits.restore_original_limits()


def assert_answers(fitted, expected):
    found = answers(fitted)
    assert [name for name in expected if found[name] != expected[name]] == []


# ---- processes


def answers_and_settings(fitted):
    """What a process answers, and whether it was left as it was."""
    before = settings()
    found = answers(fitted)
    return found, settings() == before


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_get_the_answers_of_one(fitted, serial, method):
    context = multiprocessing.get_context(method)
    with context.Pool(N_PROCESSES) as pool:
        found = pool.map_async(answers_and_settings, [fitted] * N_PROCESSES, chunksize=1).get(300)
    for answer, is_left in found:
        assert [name for name in serial if answer[name] != serial[name]] == []
        assert is_left


def send_answers(connection, fitted):
    connection.send(answers(fitted))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("n_forks", [4, pytest.param(40, marks=pytest.mark.slow)])
def test_processes_forked_while_threads_predict_get_the_answers_of_one(fitted, serial, two_threads, n_forks):
    """A child has the estimators and no thread: it may neither wait for one nor keep its limits."""
    context, is_done = multiprocessing.get_context("fork"), threading.Event()

    def predict():
        while not is_done.is_set():
            assert_answers(fitted, serial)

    def fork():
        try:
            for _ in range(n_forks):
                receiver, sender = context.Pipe(duplex=False)
                child = context.Process(target=send_answers, args=[sender, fitted])
                child.start()
                try:
                    assert receiver.poll(60), "the child hangs"
                    assert receiver.recv() == serial
                finally:
                    child.kill()
                    child.join()
        finally:
            is_done.set()

    with unchanged_settings():
        assert in_threads(fork, predict, predict) == []


# ---- memory

LONG_RUN = """
import gc, os, sys, warnings
import numpy as np
from tests import test_load

def memory():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

n_predictions, n_fits = map(int, sys.argv[1:])
warnings.simplefilter("ignore")
fitted = test_load.estimators()
calls = [call for name, call in test_load.requests(fitted).items() if "wide" not in name or name.endswith(" 1")]
fits = [
    lambda: test_load.model(max_iter=1).fit(test_load.ROWS, test_load.TARGETS),
    lambda: fitted["narrow"].set_params(max_iter=1).fit(test_load.ROWS, test_load.TARGETS),
    lambda: test_load.model(solver="lbfgs", max_iter=1).fit(test_load.ROWS, test_load.TARGETS),
    lambda: test_load.Forecaster(steps=2).fit(None, test_load.SERIES[:50]),
]

def run(calls, number):
    before = memory()
    for k in range(number):
        calls[k % len(calls)]()
    return memory() - before

for warm_up in range(2):
    run(calls, 3 * len(calls)), run(fits, len(fits))
print(run(calls, n_predictions), run(fits, n_fits))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("n_predictions", "n_fits"), [(400, 8), pytest.param(10_000, 200, marks=pytest.mark.slow)])
def test_memory_does_not_grow(n_predictions, n_fits):
    """By 4 MB at most, the noise of an allocator: 400 bytes of each of 10 000 predictions would show."""
    command = [sys.executable, "-c", LONG_RUN, str(n_predictions), str(n_fits)]
    root = Path(__file__).parents[1]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    grown = [float(number) for number in answer.stdout.split()]
    assert len(grown) == 2
    assert max(grown) < 4
