"""Ignore warnings in one thread, although the filters of `warnings` hold for all threads.

`warnings.catch_warnings` puts back the filters that it found. If blocks of two threads overlap, the last one to end
puts back those of the other block, and they stay. Here a filter is added that matches in one thread, and removed again.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import cast

_ignored: ContextVar[list[str] | None] = ContextVar("_ignored", default=None)


class _AllOfThisThread:
    """The pattern of a filter: matches any message in a thread that ignores warnings, and none in another thread."""

    def match(self, text: str) -> bool:
        """Whether a message is ignored, which is then remembered."""
        ignored = _ignored.get()
        if ignored is None:
            return False
        ignored.append(text)
        return True

    @property
    def pattern(self) -> str:
        """As a regular expression: scikit-learn sets the filters of its workers by these."""
        return "" if are_ignored() else "(?!)"

    def __reduce__(self) -> tuple[object, ...]:
        """Reach the workers of scikit-learn as a regular expression, as these may not have this package."""
        return re.compile, (self.pattern,)


def are_ignored() -> bool:
    """Whether this thread ignores warnings."""
    return _ignored.get() is not None


@contextmanager
def ignored_warnings() -> Iterator[list[str]]:
    """Ignore the warnings of this thread, and of threads that run in a copy of its context, within a with statement.

    Yields
    ------
    ignored : list of str
        Their texts, which are added as they come.

    Examples
    --------
    >>> import warnings
    >>> from sklstm._utils.ignored_warnings import ignored_warnings
    >>> with ignored_warnings() as ignored:
    ...     warnings.warn("It is short.")
    >>> ignored
    ['It is short.']
    """
    ignored: list[str] = []
    own = ("ignore", _AllOfThisThread(), Warning, None, 0)
    filters, before = _filters(), _ignored.get()
    try:
        _ignored.set(ignored)
        filters.insert(0, own)
        yield ignored
    finally:
        _ignored.set(before)
        for each in (filters, _filters()):  # another thread may have put a copy in place
            with suppress(ValueError):
                each.remove(own)


def _filters() -> list[object]:
    """Return the filters of all threads, of which the first that matches a warning counts."""
    return cast(list[object], warnings.filters)
