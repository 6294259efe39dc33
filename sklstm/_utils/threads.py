"""Limit the number of BLAS threads while a model is fitted, or predicts many samples.

Matrix products of a small layer get slower with every thread beyond the first; those of a large layer get faster. The
limit holds for the whole process, so calls that overlap share it: the first call sets it, and the last one restores the
old limit.

Ctrl-C may interrupt between any two lines. Each step here can therefore be repeated, and is repeated if it was
interrupted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import cache
from typing import TYPE_CHECKING

from threadpoolctl import ThreadpoolController

if TYPE_CHECKING:
    from threadpoolctl import LibController

# Multiplications of one step of a batch above which a second thread pays off (measured).
WORTH_THREADS = 3 << 22

_lock = threading.RLock()
_running: set[object] = set()  # a token for each call that runs
_limits_before: dict[LibController, int] = {}  # threads of each library before the first of these calls


@cache
def _blas_libraries() -> list[LibController]:
    """Return the BLAS libraries of the process. The search takes about 20 ms, so it is done once."""
    libraries: list[LibController] = ThreadpoolController().select(user_api="blas").lib_controllers
    return libraries


def threads_for(n_multiplications: int) -> AbstractContextManager[None]:
    """Return the context in which steps with this many multiplications run fastest."""
    return nullcontext() if n_multiplications >= WORTH_THREADS else _single_blas_thread()


@contextmanager
def _single_blas_thread() -> Iterator[None]:
    token, has_left = object(), False
    try:
        try:
            _locked(_enter, token)
            yield
        finally:
            _locked(_leave, token)
            has_left = True
    finally:
        if not has_left:
            _locked(_leave, token)


def _locked(change: Callable[[object], None], token: object) -> None:
    """Call `change(token)` while no other thread does."""
    try:
        _lock.acquire()
        change(token)
    finally:
        with suppress(RuntimeError):  # release until the lock is not ours: the last release may have been interrupted
            while True:
                _lock.release()


def _enter(token: object) -> None:
    for library in _blas_libraries():
        _limits_before.setdefault(library, library.num_threads)
    _running.add(token)
    for library in _blas_libraries():
        library.set_num_threads(1)


def _leave(token: object) -> None:
    _running.discard(token)
    if not _running:
        for library, n_threads in _limits_before.items():
            library.set_num_threads(n_threads)
        _limits_before.clear()
    _release_control()


def _release_control() -> None:
    """Let other threads set limits, as newer versions of threadpoolctl obey only the first thread that did.

    Without this, the last call could not restore the limits if another thread had set them.
    """
    for library in _blas_libraries():
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread()
