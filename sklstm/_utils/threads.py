"""BLAS threads while a model is fitted, or answers for many rows.

A matrix product of a small layer loses with every thread but the first; a large one gains. The limit
is process-wide, so calls that overlap share one: the first in sets it, the last out restores it.

Ctrl-C may come between any two lines. So whatever is done here can be done again, and what was left
half done is.
"""

import threading
from contextlib import contextmanager, nullcontext, suppress
from functools import cache

from threadpoolctl import ThreadpoolController

# Multiplications of one step of a batch from which a second thread pays (measured: see doc/kernel.md).
WORTH_THREADS = 3 << 22

_lock = threading.RLock()
_inside = set()  # a token for each call that runs
_limits_before = {}  # threads of each library, while any call runs


@cache
def _blas_libraries():
    """The process's BLAS libraries; looking for them costs some 20 ms, so once."""
    return ThreadpoolController().select(user_api="blas").lib_controllers


def threads_for(n_multiplications):
    """Context in which steps with so many multiplications run fastest."""
    return nullcontext() if n_multiplications >= WORTH_THREADS else _single_blas_thread()


@contextmanager
def _single_blas_thread():
    token, has_left = object(), False
    try:
        try:
            _alone(_enter, token)
            yield
        finally:
            _alone(_leave, token)
            has_left = True
    finally:
        if not has_left:
            _alone(_leave, token)


def _alone(change, token):
    """Let no other thread in between."""
    try:
        _lock.acquire()
        change(token)
    finally:
        with suppress(RuntimeError):  # until it is not ours: the last release may have been interrupted
            while True:
                _lock.release()


def _enter(token):
    for library in _blas_libraries():
        _limits_before.setdefault(library, library.num_threads)
    _inside.add(token)
    for library in _blas_libraries():
        library.set_num_threads(1)


def _leave(token):
    _inside.discard(token)
    if not _inside:
        for library, n_threads in _limits_before.items():
            library.set_num_threads(n_threads)
        _limits_before.clear()
    _let_go()


def _let_go():
    """Let another thread set limits: newer threadpoolctl heeds only the first thread that did.

    Without this the last out, if it is not the first in, could not restore.
    """
    for library in _blas_libraries():
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread()
