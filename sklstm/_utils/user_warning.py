"""Warnings that point at the user's line, however deep in the package they are raised."""

import sys
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

# Folders whose lines are not the user's.
OURS = (str(Path(__file__).parents[1]),)

_subject = ContextVar("_subject", default=None)


@contextmanager
def warning_about(name):
    """Put a name in front of the messages of `warn_user` within a with statement, if they do not have it."""
    token = _subject.set(name)
    try:
        yield
    finally:
        _subject.reset(token)


def warn_user(message, category=UserWarning):
    """Warn at the innermost line that is neither in this package nor in scikit-learn."""
    name = _subject.get()
    if name is not None and name not in str(message):
        message = f"{name}: {message}"
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and _is_inside(frame):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _is_inside(frame):
    module = frame.f_globals.get("__name__", "").partition(".")[0]
    return frame.f_code.co_filename.startswith(OURS) or module in ("sklearn", "joblib", "contextlib")
