"""Threads: how many BLAS may use while a model is fitted or predicts, and tasks that run in threads of their own.

Matrix products of a small layer get slower with every thread beyond the first; those of a large layer get faster. The
limit of BLAS holds for the whole process, so calls that overlap share it: the first call sets it, and the last one
restores the old limit. Calls that overlap also share the old limit as the number of threads that they may use.

Ctrl-C may interrupt between any two lines. Each step here can therefore be repeated, and is repeated if it was
interrupted.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import copy_context
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import ThreadpoolController

if TYPE_CHECKING:
    from threadpoolctl import LibController

# Multiplications of one step of a batch above which a second thread pays off (measured).
WORTH_THREADS = 3 << 22


class _Call:
    """A call that needs BLAS to use one thread.

    Parameters
    ----------
    n_wanted : int
        How many threads the call could use. `n_threads` is how many it may use, with the calling one.
    """

    def __init__(self, n_wanted: int = 1) -> None:
        self.caller, self.n_wanted, self.n_threads = threading.get_ident(), n_wanted, 1


_lock = threading.RLock()
_running: set[_Call] = set()
_limits_before: dict[LibController, int] = {}  # threads of each library before the first of these calls


@cache
def _blas_libraries() -> list[LibController]:
    """Return the BLAS libraries of the process. The search takes about 20 ms, so it is done once."""
    libraries: list[LibController] = ThreadpoolController().select(user_api="blas").lib_controllers
    return libraries


def threads_for(n_multiplications: int, n_wanted: int = 1) -> AbstractContextManager[int]:
    """Return the context in which steps with this many multiplications run fastest.

    It returns how many threads the caller may use, of the `n_wanted` that it could use: 1 if BLAS uses threads instead.
    """
    return nullcontext(1) if n_multiplications >= WORTH_THREADS else shared_threads(n_wanted)


@contextmanager
def shared_threads(n_wanted: int = 1) -> Iterator[int]:
    """Let BLAS use one thread, and return how many threads the caller may use instead.

    They are as many as BLAS was allowed before, less those that other calls use at this time; at least one.

    Parameters
    ----------
    n_wanted : int, default=1
        How many threads the caller could use.
    """
    call, has_left = _Call(n_wanted), False
    try:
        try:
            _locked(_enter, call)
            yield call.n_threads
        finally:
            _locked(_leave, call)
            has_left = True
    finally:
        if not has_left:
            _locked(_leave, call)


def _locked(change: Callable[[_Call], None], call: _Call) -> None:
    """Call `change(call)` while no other thread does."""
    lock = _lock  # a new one takes its place after a fork
    try:
        lock.acquire()
        change(call)
    finally:
        with suppress(RuntimeError):  # release until the lock is not ours: the last release may have been interrupted
            while True:
                lock.release()


def _enter(call: _Call) -> None:
    for library in _blas_libraries():
        _limits_before.setdefault(library, library.num_threads)
    n_free = min(_limits_before.values(), default=1) - _n_busy_elsewhere(call.caller)
    call.n_threads = max(1, min(call.n_wanted, n_free))
    _running.add(call)
    for library in _blas_libraries():
        library.set_num_threads(1)


def _n_busy_elsewhere(caller: int) -> int:
    """Return how many threads the running calls use, without the calling thread."""
    callers = {call.caller for call in _running} - {caller}
    return len(callers) + sum(call.n_threads - 1 for call in _running)


def _leave(call: _Call) -> None:
    _running.discard(call)
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


def _forget_other_threads() -> None:
    """End the calls of all threads but this one: a forked process has no other."""
    global _lock
    _lock = threading.RLock()
    gone = {call for call in _running if call.caller != threading.get_ident()}
    for call in gone:
        _leave(call)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_other_threads)


def run_tasks(make_worker: Callable[[], Callable[[int], None]], n_tasks: int, n_threads: int) -> None:
    """Run numbered tasks in threads, of which the calling one is the first. They are begun in the order of numbers.

    An error, or Ctrl-C, ends the run as soon as the tasks that have begun are done. Of several errors, that of the
    first task is raised, as with one thread.

    Parameters
    ----------
    make_worker : callable
        Called once in each thread. Returns the function to call with the number of a task.
    n_tasks, n_threads : int
        Where the system does not start so many threads, fewer run all tasks.
    """
    remaining, errors = deque(range(n_tasks)), dict[int, BaseException]()
    error_state, error_call = np.geterr(), np.geterrcall()  # not inherited by threads with NumPy 1.26

    def numbers() -> Iterator[int]:
        with suppress(IndexError):  # no task remains
            while True:
                yield remaining.popleft()

    def work() -> None:
        number = -1  # of an error before the first task
        try:
            with np.errstate(**error_state):
                np.seterrcall(error_call)
                run = make_worker()
                for number in numbers():
                    run(number)
        except BaseException as error:  # also what is no Exception: a task that is not done must be told
            remaining.clear()
            errors[number] = error

    helpers = [threading.Thread(target=copy_context().run, args=[work]) for _ in range(n_threads - 1)]
    try:
        with suppress(RuntimeError):  # no further thread can be started
            for helper in helpers:
                helper.start()
        work()
    finally:
        remaining.clear()
        for helper in helpers:
            if helper.ident is not None:
                helper.join()
    if errors:
        raise errors[min(errors)]
