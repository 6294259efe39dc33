"""Threads: one for BLAS while a model is fitted or predicts, and tasks that run in threads of their own.

BLAS rounds a product otherwise if it divides it among threads, and products of small layers get slower. So BLAS uses
one thread, whatever its limit was, and the work is divided into tasks whose borders do not depend on threads.

The limit of BLAS holds for the whole process, so calls that overlap share it: it is restored when the last one ends.
Only what was changed is restored, and only if nobody has changed it since.

Ctrl-C may interrupt between any two instructions. Each step here can therefore be repeated, and is repeated if it was
interrupted. What is left behind all the same, after Ctrl-C once more, the next call puts right: it ends the calls that
no thread is in any more.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from contextvars import copy_context
from functools import cache, wraps
from time import sleep
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

if TYPE_CHECKING:
    from types import FrameType

    from threadpoolctl import LibController

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

# OpenBLAS divides no product of fewer multiplications, on any processor: of a matrix by a vector (2304 · 4 in its
# interface/gemv.c), and of two matrices (2^18 in interface/gemm.c, 125 000 on some ARM processors).
UNDIVIDED_BY_VECTOR, UNDIVIDED = 9216, 125_000

ATTEMPTS = 100  # to set a limit while another thread takes control at the same time


class _Call:
    """A call that needs BLAS to use one thread.

    Parameters
    ----------
    n_wanted : int
        How many threads the call could use. `n_threads` is how many it may use, with the calling one.
    frame : frame
        In which the call runs.
    """

    def __init__(self, n_wanted: int, frame: FrameType) -> None:
        self.caller, self.n_wanted, self.n_threads = threading.get_ident(), n_wanted, 1
        self.frame: FrameType | None = frame
        self.limits_before: dict[LibController, int] = {}  # of libraries whose limit holds for one thread only

    def runs(self) -> bool:
        """Whether a thread is in this call."""
        # the only way to ask another thread; documented for debuggers
        frame = sys._current_frames().get(self.caller)
        while frame is not None and frame is not self.frame:
            frame = frame.f_back
        return frame is not None


_lock = threading.RLock()
_running: set[_Call] = set()
_limits_before: dict[LibController, int] = {}  # threads of each library without these calls, where it is not 1


@cache
def _blas_libraries() -> list[LibController]:
    """Return the BLAS libraries of the process. The search takes about 20 ms, so it is done once."""
    libraries: list[LibController] = ThreadpoolController().select(user_api="blas").lib_controllers
    return libraries


def divides(n_by_vector: int, n_multiplications: int) -> bool:
    """Whether BLAS may divide a product among threads.

    Parameters
    ----------
    n_by_vector, n_multiplications : int
        Multiplications of the largest product of a matrix by a vector, and of the largest of two matrices.
    """
    if n_by_vector < UNDIVIDED_BY_VECTOR and n_multiplications < UNDIVIDED:
        return any(library.internal_api != "openblas" for library in _blas_libraries())
    return True


def shared_threads(run: Callable[[int], Result], n_wanted: int = 1) -> Result:
    """Call `run` while BLAS uses one thread, and return its result.

    Parameters
    ----------
    run : callable (n_threads) -> result
        Is told how many threads it may use instead, with the calling one. They are as many as BLAS was allowed before,
        at most `n_wanted`, less those that other calls use at this time; at least one.
    n_wanted : int, default=1
        How many threads `run` could use.
    """
    call, has_left = _Call(n_wanted, sys._getframe()), False
    try:  # no context manager, as Ctrl-C may interrupt between its last line and the block
        try:
            _locked(_enter, call)
            return run(call.n_threads)
        finally:
            _locked(_leave, call)
            has_left = True
    finally:
        if not has_left:
            _locked(_leave, call)


def with_one_blas_thread(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Decorate a function that is to run while BLAS uses one thread."""

    @wraps(function)
    def limited(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        return shared_threads(lambda n_threads: function(*args, **kwargs))

    return limited


def _locked(change: Callable[[_Call], None], call: _Call) -> None:
    """Call `change(call)` while no other thread does."""
    lock = _lock  # a new one takes its place after a fork
    try:
        lock.acquire()
        change(call)
    finally:
        try:  # release until the lock is not ours: the last release may have been interrupted
            while True:
                lock.release()
        except RuntimeError:
            pass


def _enter(call: _Call) -> None:
    if _running or _limits_before:
        _forget(lambda earlier: not earlier.runs())
    callers = {earlier.caller for earlier in _running}
    _running.add(call)
    found = {library: library.num_threads for library in _blas_libraries()}
    allowed = {}
    for library, n_threads in found.items():
        before = _memory(library, call)
        if n_threads != 1:  # also if it was limited, and somebody has changed that
            before[library] = n_threads
        allowed[library] = before.get(library, n_threads)
    if callers != {call.caller} or set(found.values()) != {1}:  # else an outer call has set it
        _set(dict.fromkeys(found, 1), {} if callers else allowed)
    n_free = min(allowed.values(), default=1) - _n_busy_elsewhere(call.caller)
    call.n_threads = max(1, min(call.n_wanted, n_free))


def _set(n_threads: dict[LibController, int], at_first: dict[LibController, int]) -> None:
    """Set limits, and take control of the libraries.

    From threadpoolctl 3.8 on, only the first thread that sets a limit is obeyed, until it gives up control. So a limit
    set by another thread would stay, or could change while a call runs. The limits `at_first` show who is obeyed:
    another thread, which has just taken control, may have set the limits that are wanted, and would set others later.
    """
    for _ in range(ATTEMPTS):
        _release_control(n_threads)
        if _are_obeyed(at_first) and _are_obeyed(n_threads):
            return


def _are_obeyed(n_threads: dict[LibController, int]) -> bool:
    """Set limits, and return whether they hold."""
    for library, number in n_threads.items():
        library.set_num_threads(number)
    return all(library.num_threads == number for library, number in n_threads.items())


def _release_control(libraries: Iterable[LibController]) -> None:
    """Let any thread set limits."""
    for library in libraries:
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread(force=True)


def _memory(library: LibController, call: _Call) -> dict[LibController, int]:
    """Return where the limit of a library without these calls is remembered."""
    if not _is_per_thread(library):
        return _limits_before
    own = (earlier.limits_before for earlier in _running if earlier.caller == call.caller)
    return next((before for before in own if library in before), call.limits_before)


def _is_per_thread(library: LibController) -> bool:
    """Whether a limit holds for the calling thread only."""
    return hasattr(library, "clear_controlling_thread") and getattr(library, "threading_layer", "") == "openmp"


def _n_busy_elsewhere(caller: int) -> int:
    """Return how many threads the running calls use, without the calling thread."""
    callers = {call.caller for call in _running} - {caller}
    return len(callers) + sum(call.n_threads - 1 for call in _running)


def _leave(call: _Call) -> None:
    _restore(call.limits_before)
    _running.discard(call)
    if not _running:
        _restore(_limits_before)
        _release_control(_blas_libraries())
    call.frame = None  # whose variables would be kept until the next search for garbage


def _restore(before: dict[LibController, int]) -> None:
    """Set the limits as they were, but for those that somebody has changed since."""
    unchanged = {library: n_threads for library, n_threads in before.items() if library.num_threads == 1}
    if unchanged:
        _set(unchanged, {})
    before.clear()


def _forget(is_gone: Callable[[_Call], bool]) -> None:
    """End calls that no thread can end any more."""
    for call in [call for call in _running if is_gone(call)]:
        if call.caller == threading.get_ident():
            _restore(call.limits_before)
        _running.discard(call)
    if not _running:
        _restore(_limits_before)


# ---- after a fork, the child has no thread but the one that called it


def _before_fork() -> None:
    """Wait until no thread is changing limits, so that the child finds them whole."""
    _lock.acquire()


def _after_fork_in_parent() -> None:
    with suppress(RuntimeError):  # Ctrl-C came while it was waiting
        _lock.release()


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.RLock()  # the old one may belong to a thread that is gone
    _forget(lambda call: call.caller != threading.get_ident())
    if not _running:
        _release_control(_blas_libraries())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)


# ---- tasks


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

    def help_out() -> None:
        for library in _blas_libraries():
            if _is_per_thread(library):
                library.set_num_threads(1)
        work()

    helpers = [threading.Thread(target=copy_context().run, args=[help_out]) for _ in range(min(n_threads, n_tasks) - 1)]
    try:
        try:
            _start(helpers)
            work()
        finally:
            _end(remaining, helpers)
    finally:  # once more, as Ctrl-C may have come before or while it waited
        _end(remaining, helpers)
    if errors:
        raise errors[min(errors)]


def _start(helpers: Sequence[threading.Thread]) -> None:
    with suppress(RuntimeError):  # no further thread can be started
        for helper in helpers:
            helper.start()


def _end(remaining: deque[int], helpers: Sequence[threading.Thread]) -> None:
    """Drop the tasks that remain, and wait for the threads."""
    remaining.clear()
    for helper in helpers:
        for _ in range(1000):
            if helper.ident is not None or helper not in threading.enumerate():
                break
            sleep(0.001)  # Ctrl-C came while it was being started
        if helper.ident is not None:
            helper.join()
