import os
import subprocess
import sys
import threading
import time
from itertools import count

import joblib
import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_info, threadpool_limits

from sklstm._utils import threads
from tests.tools import interrupted_at_line


def blas_threads():
    return [library["num_threads"] for library in ThreadpoolController().select(user_api="blas").info()]


@pytest.fixture
def two_threads():
    # not as a context, and released: newer threadpoolctl obeys no other thread
    limits = threadpool_limits(2, user_api="blas")
    threads._release_control()
    yield blas_threads()
    limits.restore_original_limits()


def test_small_products_run_on_one_thread_and_large_ones_as_they_were(two_threads):
    with threads.threads_for(threads.WORTH_THREADS - 1):
        assert set(blas_threads()) == {1}
    assert blas_threads() == two_threads
    with threads.threads_for(threads.WORTH_THREADS, 2) as n_threads:
        assert blas_threads() == two_threads
        assert n_threads == 1  # as BLAS uses the others


def test_the_last_out_restores_what_the_first_in_found(two_threads):
    first_in, first_out, second_in = threading.Event(), threading.Event(), threading.Event()

    def first():
        with threads.threads_for(1):
            first_in.set()
            assert second_in.wait(10)
        first_out.set()

    thread = threading.Thread(target=first)
    thread.start()
    assert first_in.wait(10)
    with threads.threads_for(1):
        second_in.set()
        assert first_out.wait(10)
        assert set(blas_threads()) == {1}
    thread.join()
    assert blas_threads() == two_threads


def test_an_error_restores_too(two_threads):
    with pytest.raises(RuntimeError), threads.threads_for(1):
        raise RuntimeError
    assert blas_threads() == two_threads


def use():
    with threads.threads_for(1):
        assert set(blas_threads()) == {1}


def test_ctrl_c_at_any_line_leaves_no_limit_and_no_lock(two_threads):
    functions = threads.shared_threads.__wrapped__, threads._locked, threads._enter, threads._leave
    for number in count(1):
        came = interrupted_at_line(number, use, functions)
        assert blas_threads() == two_threads
        assert not threads._running
        other = threading.Thread(target=use, daemon=True)  # the lock is open, and limits can be set
        other.start()
        other.join(10)
        assert not other.is_alive()
        assert blas_threads() == two_threads
        if not came:
            break
    assert number > 20


def test_ctrl_c_in_one_of_two_calls_leaves_the_limit_to_the_other(two_threads):
    functions = threads.shared_threads.__wrapped__, threads._locked, threads._enter, threads._leave
    for number in count(1):
        with threads.threads_for(1):
            came = interrupted_at_line(number, use, functions)
            assert set(blas_threads()) == {1}
        assert blas_threads() == two_threads
        if not came:
            break


# ---- how many threads a call may use


def test_a_call_may_use_as_many_threads_as_blas_could(two_threads):
    allowed = min(two_threads)
    with threads.shared_threads(64) as n_threads:
        assert n_threads == allowed
    with threads.shared_threads(1) as n_threads:
        assert n_threads == 1
    limits = threadpool_limits(1, user_api="blas")
    threads._release_control()
    with threads.shared_threads(64) as n_threads:
        assert n_threads == 1
    limits.restore_original_limits()


def in_another_thread(call):
    results = []
    thread = threading.Thread(target=lambda: results.append(call()))
    thread.start()
    thread.join(10)
    return results[0]


def free_threads():
    with threads.shared_threads(64) as n_threads:
        return n_threads


@pytest.fixture
def eight_threads(monkeypatch):
    """A BLAS that may use eight threads."""

    class Library:
        num_threads = 8

        def set_num_threads(self, n_threads):
            self.num_threads = n_threads

    library = Library()
    monkeypatch.setattr(threads, "_blas_libraries", lambda: [library])
    return library


def test_calls_that_overlap_share_the_threads(eight_threads):
    with threads.shared_threads(3) as n_threads:
        assert n_threads == 3
        assert in_another_thread(free_threads) == 5
        with threads.shared_threads(64) as n_inner:  # the calling thread is one and the same
            assert n_inner == 6
            assert in_another_thread(free_threads) == 1  # all are taken, but a call has its own
    assert eight_threads.num_threads == 8
    assert in_another_thread(free_threads) == 8


def test_a_fit_leaves_its_own_thread_to_its_predictions(eight_threads):
    with threads.threads_for(1):
        assert free_threads() == 8
        assert in_another_thread(free_threads) == 7


def test_without_a_known_blas_there_is_one_thread(monkeypatch):
    monkeypatch.setattr(threads, "_blas_libraries", list)
    assert free_threads() == 1


@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"])
def test_limits_of_the_environment_hold(variable):
    if not any("openblas" in library["internal_api"] for library in threadpool_info()):
        pytest.skip("another BLAS, with variables of its own")
    code = "from sklstm._utils.threads import shared_threads\nwith shared_threads(64) as n: print(n)"
    others = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, env={**others, variable: "1"}, capture_output=True, text=True, check=True).stdout
    assert out.strip() == "1"


def test_each_of_as_many_workers_as_cores_has_one_thread():
    n_workers = joblib.cpu_count()
    with joblib.parallel_config("loky"):
        assert set(joblib.Parallel(n_workers)(joblib.delayed(free_threads)() for _ in range(4))) == {1}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_forgets_the_calls_of_other_threads(two_threads):
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with threads.shared_threads(2):
            entered.set()
            leave.wait(10)

    other = threading.Thread(target=hold)
    other.start()
    assert entered.wait(10)
    with threads.threads_for(1):  # this one goes on in the child
        child = os.fork()
        if child == 0:
            is_right = len(threads._running) == 1 and free_threads() == min(two_threads)
            os._exit(0 if is_right and run_numbers(8, 2) == list(range(8)) else 1)
        assert os.waitpid(child, 0)[1] == 0
    leave.set()
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
