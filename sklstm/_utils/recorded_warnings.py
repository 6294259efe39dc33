"""Record the warnings of a call in a worker process. Several threads of the process may do so at the same time."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar

Recorded = list[tuple[str, type[Warning]]]

_recorded: ContextVar[Recorded | None] = ContextVar("_recorded", default=None)
_lock = threading.Lock()
_running: list[Recorded] = []
_changes = ExitStack()  # of filters, made by the first call that runs and undone after the last one


@contextmanager
def recorded_warnings() -> Iterator[Recorded]:
    """Record all warnings of this thread within a with statement, and show none.

    The filters of the process show all warnings meanwhile, also those of threads that record none. So this is for
    processes in which nothing else runs.

    Yields
    ------
    recorded : list of tuple
        Their texts and categories, which are added as they come.
    """
    recorded: Recorded = []
    before = _recorded.get()
    try:
        _recorded.set(recorded)
        with _lock:
            if not _running:
                _changes.enter_context(_all_passed_on())
            _running.append(recorded)
        yield recorded
    finally:
        _recorded.set(before)
        with _lock:
            _running[:] = [each for each in _running if each is not recorded]
            if not _running:
                _changes.close()


@contextmanager
def _all_passed_on() -> Iterator[None]:
    """Pass every warning to the list of its thread, if that has one."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = _recording(warnings.showwarning)
        yield


def _recording(show: Callable[..., None]) -> Callable[..., None]:
    """Return a function that records warnings of threads that do so, and shows others."""

    def record_or_show(message: Warning | str, category: type[Warning], *where: object, **options: object) -> None:
        recorded = _recorded.get()
        if recorded is None:
            show(message, category, *where, **options)
        else:
            recorded.append((str(message), category))

    return record_or_show
