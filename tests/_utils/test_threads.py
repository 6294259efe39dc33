import threading
from itertools import count

import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

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
    with threads.threads_for(threads.WORTH_THREADS):
        assert blas_threads() == two_threads


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
    functions = threads._single_blas_thread.__wrapped__, threads._locked, threads._enter, threads._leave
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
    functions = threads._single_blas_thread.__wrapped__, threads._locked, threads._enter, threads._leave
    for number in count(1):
        with threads.threads_for(1):
            came = interrupted_at_line(number, use, functions)
            assert set(blas_threads()) == {1}
        assert blas_threads() == two_threads
        if not came:
            break
