import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import joblib
import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_info, threadpool_limits

from sklstm._utils import threads
from tests.tools import fit, interrupted, model

BLAS = ThreadpoolController().select(user_api="blas")  # a search takes 20 ms
HERE = [threads.__file__, contextlib.__file__]


def is_here(code):
    """Whether code is of the module that is tested, or of the context managers in it."""
    return code.co_filename in HERE


def blas_threads():
    return [library.num_threads for library in BLAS.lib_controllers]


@pytest.fixture
def two_threads():
    # not as a context, and released: newer threadpoolctl obeys no other thread
    limits = threadpool_limits(2, user_api="blas")
    threads._release_control(threads._blas_libraries())
    yield blas_threads()
    limits.restore_original_limits()


def during(check, n_wanted=1):
    """Call `check` while BLAS uses one thread."""
    return threads.shared_threads(lambda n_threads: check(), n_wanted)


def is_limited():
    assert set(blas_threads()) == {1}


def test_blas_uses_one_thread_during_a_call_and_as_many_as_before_it_afterwards(two_threads):
    during(is_limited)
    assert blas_threads() == two_threads
    threads.with_one_blas_thread(is_limited)()
    assert blas_threads() == two_threads


def test_the_result_of_the_call_is_returned():
    assert threads.shared_threads(lambda n_threads: ("result", n_threads)) == ("result", 1)
    assert threads.with_one_blas_thread(divmod)(7, 2) == (3, 1)


def test_the_last_out_restores_what_the_first_in_found(two_threads):
    first_in, first_out, second_in = threading.Event(), threading.Event(), threading.Event()

    def first():
        first_in.set()
        assert second_in.wait(10)

    def run():
        during(first)
        first_out.set()

    def second():
        second_in.set()
        assert first_out.wait(10)
        is_limited()

    thread = threading.Thread(target=run)
    thread.start()
    assert first_in.wait(10)
    during(second)
    thread.join()
    assert blas_threads() == two_threads


def test_an_error_restores_too(two_threads):
    with pytest.raises(ZeroDivisionError):
        during(lambda: 1 / 0)
    assert blas_threads() == two_threads


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_the_limit_that_the_caller_set_is_kept_during_and_after_calls(limit, two_threads):
    with threadpool_limits(limit, user_api="blas"):
        expected = blas_threads()
        for _ in range(2):
            during(is_limited)
            assert blas_threads() == expected
            during(lambda: during(is_limited))
            assert blas_threads() == expected
    assert blas_threads() == two_threads


@pytest.mark.parametrize("calls_again", [False, True])
def test_a_limit_that_the_caller_sets_during_a_call_is_kept(calls_again, two_threads):
    def change():  # as in a callback
        is_limited()
        BLAS.limit(limits=3)
        if calls_again:
            during(is_limited)

    during(change)
    assert set(blas_threads()) == {3}


def test_limits_that_other_threads_set_do_not_hold_during_a_call(two_threads):
    """threadpoolctl obeys one thread only, from version 3.8 on."""
    if not hasattr(BLAS.lib_controllers[0], "clear_controlling_thread"):
        pytest.skip("this threadpoolctl obeys every thread")
    turn, done = threading.Barrier(2, timeout=10), threading.Barrier(2, timeout=10)

    def disturb():
        BLAS.limit(limits=3)  # takes control
        done.wait()
        for n_threads in (2, 3, 1, 2):
            turn.wait()
            BLAS.limit(limits=n_threads)
            done.wait()

    def look():
        for _ in range(4):
            is_limited()
            turn.wait()
            done.wait()
            is_limited()

    other = threading.Thread(target=disturb)
    other.start()
    done.wait()
    assert set(blas_threads()) == {3}
    during(look)
    other.join()
    assert set(blas_threads()) == {3}


def test_a_limit_that_another_thread_sets_at_the_same_time_is_not_taken_for_the_own(two_threads, monkeypatch):
    """It takes control before the call does, with the same limit, and sets another one during the call."""
    if not hasattr(BLAS.lib_controllers[0], "clear_controlling_thread"):
        pytest.skip("this threadpoolctl obeys every thread")
    release_control, intrusions = threads._release_control, []

    def intrude(libraries):
        release_control(libraries)
        if not intrusions:
            intrusions.append(other.submit(BLAS.limit, limits=1).result())

    def look():
        other.submit(BLAS.limit, limits=3).result()
        is_limited()

    monkeypatch.setattr(threads, "_release_control", intrude)
    with ThreadPoolExecutor(1) as other:
        during(look)
    assert intrusions


# ---- Ctrl-C


@pytest.mark.parametrize("by_instruction", [False, True])
@pytest.mark.parametrize("n_nested", [1, 2])
def test_ctrl_c_at_any_place_leaves_no_limit_no_call_and_no_lock(by_instruction, n_nested, two_threads):
    def use():
        during(is_limited if n_nested == 1 else lambda: during(is_limited))

    for number in count(1):
        came = interrupted(number, use, is_here, by_instruction)
        assert not threads._running
        assert not threads._limits_before
        assert blas_threads() == two_threads
        in_another_thread(lambda: during(is_limited))  # the lock is open, and limits can be set
        assert blas_threads() == two_threads
        if not came:
            break
    assert number > (150 if by_instruction else 40)


@pytest.mark.parametrize("next_one", ["here", "elsewhere"])
def test_what_ctrl_c_twice_leaves_behind_the_next_call_puts_right(next_one, two_threads, monkeypatch):
    def interrupt(call):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threads, "_leave", interrupt)
        with pytest.raises(KeyboardInterrupt) as kept:  # with its frames, as by an interactive session
            during(is_limited)
    is_limited()
    assert kept.tb is not None
    use = lambda: free_threads(64)  # noqa: E731
    assert (use() if next_one == "here" else in_another_thread(use)) == min(two_threads)
    assert blas_threads() == two_threads
    assert not threads._running


def test_ctrl_c_in_one_of_two_calls_leaves_the_limit_to_the_other(two_threads):
    def outer():
        came.append(interrupted(number, lambda: during(is_limited), is_here))
        is_limited()

    came = []
    for number in count(1):  # noqa: B007
        during(outer)
        assert blas_threads() == two_threads
        if not came[-1]:
            break


def test_ctrl_c_in_a_call_that_overlaps_with_one_of_another_thread(two_threads):
    entered, leave = threading.Event(), threading.Event()

    def hold():
        entered.set()
        assert leave.wait(60)
        is_limited()

    other = threading.Thread(target=during, args=[hold])
    other.start()
    assert entered.wait(10)
    for number in count(1):
        came = interrupted(number, lambda: during(is_limited), is_here)
        is_limited()
        assert len(threads._running) == 1
        if not came:
            break
    leave.set()
    other.join()
    assert blas_threads() == two_threads
    assert not threads._running


# ---- how many threads a call may use


def test_a_call_may_use_as_many_threads_as_blas_could(two_threads):
    allowed = min(two_threads)
    assert free_threads() == allowed
    assert free_threads(1) == 1
    with threadpool_limits(1, user_api="blas"):
        assert free_threads() == 1


def in_another_thread(call):
    results = []
    thread = threading.Thread(target=lambda: results.append(call()), daemon=True)
    thread.start()
    thread.join(10)
    return results[0]


def free_threads(n_wanted=64):
    return threads.shared_threads(lambda n_threads: n_threads, n_wanted)


@pytest.fixture
def eight_threads(monkeypatch):
    """A BLAS that may use eight threads."""

    class Library:
        internal_api = "openblas"
        num_threads = 8

        def set_num_threads(self, n_threads):
            self.num_threads = n_threads

    library = Library()
    monkeypatch.setattr(threads, "_blas_libraries", lambda: [library])
    return library


def test_calls_that_overlap_share_the_threads(eight_threads):
    def outer(n_threads):
        assert n_threads == 3
        assert in_another_thread(free_threads) == 5
        threads.shared_threads(inner, 64)

    def inner(n_threads):  # the calling thread is one and the same
        assert n_threads == 6
        assert in_another_thread(free_threads) == 1  # all are taken, but a call has its own

    threads.shared_threads(outer, 3)
    assert eight_threads.num_threads == 8
    assert in_another_thread(free_threads) == 8


def test_a_fit_leaves_its_own_thread_to_its_predictions(eight_threads):
    def fit():
        assert free_threads() == 8
        assert in_another_thread(free_threads) == 7

    during(fit)


def test_without_a_known_blas_there_is_one_thread(monkeypatch):
    monkeypatch.setattr(threads, "_blas_libraries", list)
    assert free_threads() == 1


@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"])
def test_limits_of_the_environment_hold(variable):
    if not any("openblas" in library["internal_api"] for library in threadpool_info()):
        pytest.skip("another BLAS, with variables of its own")
    code = "from sklstm._utils.threads import shared_threads\nshared_threads(print, 64)"
    others = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, env={**others, variable: "1"}, capture_output=True, text=True, check=True).stdout
    assert out.strip() == "1"


def test_each_of_as_many_workers_as_cores_has_one_thread():
    n_workers = joblib.cpu_count()
    with joblib.parallel_config("loky"):
        assert set(joblib.Parallel(n_workers)(joblib.delayed(free_threads)() for _ in range(4))) == {1}


# ---- fork


def in_child(check, timeout=20):
    """Whether `check` returns True in a forked process; one that hangs is ended."""
    child = os.fork()
    if child == 0:
        is_right = False
        with contextlib.suppress(BaseException):
            is_right = check()
        os._exit(0 if is_right else 1)
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status == 0
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
fork_warns = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # from Python 3.12 on, as threads run


@needs_fork
@fork_warns
def test_a_forked_process_forgets_the_calls_of_other_threads(two_threads):
    entered, leave = threading.Event(), threading.Event()

    def hold(n_threads):
        entered.set()
        leave.wait(10)

    def check():
        is_right = len(threads._running) == 1 and free_threads() == min(two_threads)
        return is_right and run_numbers(8, 2) == list(range(8))

    other = threading.Thread(target=threads.shared_threads, args=[hold, 2])
    other.start()
    assert entered.wait(10)
    assert during(lambda: in_child(check))  # this call goes on in the child
    assert in_child(lambda: blas_threads() == two_threads and not threads._running)
    is_limited()
    leave.set()
    other.join()
    assert blas_threads() == two_threads


def in_the_lock(call):
    """Call while another thread changes limits."""
    entered, leave = threading.Event(), threading.Event()

    def hold(_):
        entered.set()
        leave.wait(0.3)

    other = threading.Thread(target=threads._locked, args=[hold, None])
    other.start()
    assert entered.wait(10)
    try:
        return call()
    finally:
        leave.set()
        other.join()


@needs_fork
@fork_warns
def test_a_process_forked_while_another_thread_holds_the_lock_does_not_wait_for_it(two_threads):
    assert in_the_lock(lambda: in_child(lambda: free_threads() == min(two_threads)))
    assert in_another_thread(free_threads) == min(two_threads)


@needs_fork
@fork_warns
@pytest.mark.parametrize("n_children", [6, pytest.param(60, marks=pytest.mark.slow)])
def test_processes_forked_while_other_threads_fit_and_predict_do_the_same(n_children, two_threads):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((600, 6, 2))
    y = X[:, -1, 0]
    fitted = fit(model(hidden_size=24, max_iter=2), X, y)
    expected, ended = fitted.predict(X), threading.Event()

    def train():
        while not ended.is_set():
            fit(model(max_iter=2), X, y)

    def predict():
        while not ended.is_set():
            fitted.predict(X)

    def check():
        is_right = blas_threads() == two_threads and not threads._running
        is_right &= np.array_equal(fitted.predict(X), expected)
        is_right &= np.array_equal(fit(model(hidden_size=24, max_iter=2), X, y).predict(X), expected)
        return is_right and blas_threads() == two_threads

    others = [threading.Thread(target=target) for target in (train, predict)]
    for other in others:
        other.start()
    try:
        assert [in_child(check) for _ in range(n_children)] == [True] * n_children
    finally:
        ended.set()
        for other in others:
            other.join()
    assert blas_threads() == two_threads


# ---- tasks in threads


def run_numbers(n_tasks, n_threads, during=lambda number: None):
    """Run tasks that note their numbers; return these in order."""
    done = []

    def make_worker():
        def run(number):
            during(number)
            done.append(number)

        return run

    threads.run_tasks(make_worker, n_tasks, n_threads)
    return sorted(done)


@pytest.mark.parametrize("n_threads", [1, 2, 3, 7])
def test_each_task_runs_once_and_no_thread_stays(n_threads):
    before = threading.active_count()
    assert run_numbers(20, n_threads) == list(range(20))
    assert threading.active_count() == before


def test_as_many_threads_run_at_a_time_as_asked_for():
    together = threading.Barrier(3, timeout=10)
    assert run_numbers(3, 3, lambda number: together.wait()) == [0, 1, 2]


def test_the_error_of_the_first_task_that_fails_is_raised_and_no_further_one_begins():
    together, begun = threading.Barrier(2, timeout=10), []

    def fail(number):
        begun.append(number)
        together.wait()
        raise ValueError(str(number))

    with pytest.raises(ValueError, match="0"):
        run_numbers(50, 2, fail)
    assert sorted(begun) == [0, 1]


def test_an_error_in_another_thread_is_raised_of_whatever_kind():
    caller = threading.get_ident()
    together = threading.Barrier(2, timeout=10)

    def leave(number):
        together.wait()
        if threading.get_ident() != caller:
            raise SystemExit

    with pytest.raises(SystemExit):
        run_numbers(2, 2, leave)


def test_ctrl_c_stops_all_threads():
    before, caller, begun = threading.active_count(), threading.get_ident(), []
    together = threading.Barrier(2, timeout=10)

    def interrupt(number):
        begun.append(number)
        together.wait()
        if threading.get_ident() == caller:
            raise KeyboardInterrupt
        time.sleep(0.3)  # by then no task remains, even on a busy machine

    with pytest.raises(KeyboardInterrupt):
        run_numbers(50, 2, interrupt)
    assert len(begun) == 2
    assert threading.active_count() == before


@pytest.mark.parametrize("by_instruction", [False, True])
def test_ctrl_c_at_any_place_of_the_calling_thread_leaves_no_thread(by_instruction):
    before = threading.enumerate()
    for number in count(1):
        came = interrupted(number, lambda: run_numbers(3, 2, lambda _: time.sleep(0.0001)), is_here, by_instruction)
        assert threading.enumerate() == before
        if not came:
            break
    assert number > (100 if by_instruction else 25)


def test_the_caller_s_handling_of_floating_point_errors_holds_in_every_thread():
    together, states = threading.Barrier(2, timeout=10), []

    def note(number):
        together.wait()
        states.append((np.geterr(), np.geterrcall()))

    def called(*_):
        pass

    with np.errstate(over="raise", invalid="call", call=called):
        run_numbers(2, 2, note)
        assert states == [(np.geterr(), called)] * 2


def test_where_no_thread_can_be_started_the_caller_runs_all_tasks(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert run_numbers(20, 4) == list(range(20))
