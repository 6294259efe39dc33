"""BLAS threads while a model is fitted, or answers for many rows.

A matrix product of a small layer loses with every thread but the first; a large one gains. The limit
is process-wide, so calls that overlap share one: the first in sets it, the last out restores it.
"""

import threading
from contextlib import contextmanager, nullcontext
from functools import cache

from threadpoolctl import ThreadpoolController

# Multiplications of one step of a batch from which a second thread pays (measured: see CONTRIBUTING.md).
WORTH_THREADS = 3 << 22

_lock = threading.Lock()
_n_inside = 0
_limiter = None


@cache
def _controller():
    """The process's BLAS libraries; looking for them costs some 20 ms, so once."""
    return ThreadpoolController()


def threads_for(n_multiplications):
    """Context in which steps with so many multiplications run fastest."""
    return nullcontext() if n_multiplications >= WORTH_THREADS else _single_blas_thread()


@contextmanager
def _single_blas_thread():
    global _n_inside, _limiter
    with _lock:
        if _n_inside == 0:
            _limiter = _controller().limit(limits=1, user_api="blas")
        _n_inside += 1
    try:
        yield
    finally:
        with _lock:
            _n_inside -= 1
            if _n_inside == 0:
                _limiter.restore_original_limits()
                _limiter = None
            _let_go()


def _let_go():
    """Let another thread set limits: newer threadpoolctl heeds only the first thread that did.

    Without this the last out, if it is not the first in, could not restore.
    """
    for library in _controller().lib_controllers:
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread()
