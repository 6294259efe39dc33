import threading

import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

from sklstm import _threads


def blas_threads():
    return [library["num_threads"] for library in ThreadpoolController().select(user_api="blas").info()]


@pytest.fixture
def two_threads():
    # not as a context, and let go of: newer threadpoolctl would heed no other thread
    limits = threadpool_limits(2, user_api="blas")
    _threads._let_go()
    yield blas_threads()
    limits.restore_original_limits()


def test_small_products_run_on_one_thread_and_large_ones_as_they_were(two_threads):
    with _threads.threads_for(_threads.WORTH_THREADS - 1):
        assert set(blas_threads()) == {1}
    assert blas_threads() == two_threads
    with _threads.threads_for(_threads.WORTH_THREADS):
        assert blas_threads() == two_threads


def test_the_last_out_restores_what_the_first_in_found(two_threads):
    first_in, first_out, second_in = threading.Event(), threading.Event(), threading.Event()

    def first():
        with _threads.threads_for(1):
            first_in.set()
            assert second_in.wait(10)
        first_out.set()

    thread = threading.Thread(target=first)
    thread.start()
    assert first_in.wait(10)
    with _threads.threads_for(1):
        second_in.set()
        assert first_out.wait(10)
        assert set(blas_threads()) == {1}
    thread.join()
    assert blas_threads() == two_threads


def test_an_error_restores_too(two_threads):
    with pytest.raises(RuntimeError), _threads.threads_for(1):
        raise RuntimeError
    assert blas_threads() == two_threads
