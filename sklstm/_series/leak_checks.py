"""Raise an error, or warn, if columns of `X` are copies of future targets."""

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

import numpy as np

from sklstm._series.leak_detection import CHANGES, EXACT, find_leaks
from sklstm._utils.checks import is_pandas
from sklstm._utils.user_warning import warn_user

_copies_are_errors = ContextVar("_copies_are_errors", default=True)


@contextmanager
def only_warning_of_leaks():
    """Warn of copies, too, within a with statement, for callers that may not refuse any X."""
    token = _copies_are_errors.set(False)
    try:
        yield
    finally:
        _copies_are_errors.reset(token)


def check_leaks(data, X, window_length, n_ahead):
    """Check that no column of X is a leak: a copy of targets that are unknown at forecast time.

    Parameters
    ----------
    data : TrainingData
    X : array-like or None
        The user's X, for messages.
    window_length : int
    n_ahead : int
        How many steps are predicted at once.

    Raises
    ------
    ValueError
        If a column is a copy, up to a factor and a constant.

    Warns
    -----
    UserWarning
        If a column is nearly a copy; within `only_warning_of_leaks`, also if it is one.
    """
    is_past, leaks = data.spec.columns.is_past, []
    last, targets = max(n_ahead, window_length), [part.y for part in data.series.values()]
    for kind, first in (("known", 1 - n_ahead), ("past", 1)):
        columns = [getattr(part, kind)[: len(part)] for part in data.series.values()]
        numbers = np.flatnonzero(is_past if kind == "past" else ~is_past)
        if len(numbers):
            found = find_leaks(columns, targets, first, last)
            leaks += [replace(leak, column=int(numbers[leak.column])) for leak in found]
    exact, near = ([leak for leak in leaks if (leak.kind == EXACT) == is_exact] for is_exact in (True, False))
    if exact and _copies_are_errors.get():
        raise ValueError(_message(exact, data, X))
    for found in filter(None, (exact, near)):
        warn_user(f"{_message(found, data, X)} Keep it only if it is known before the target is.")


def _message(leaks, data, X):
    """Say which columns are copies of what, and how to leave them out."""
    names, numbers = data.spec.columns.names, [leak.column for leak in leaks]
    what = ", ".join(f"{names[leak.column]!r} {_described(leak, data)}" for leak in leaks)
    if len(numbers) == len(names):
        rest = "None"
    elif is_pandas(X):
        rest = f"X.drop(columns={[names[number] for number in numbers]!r})"
    else:
        rest = f"np.delete(X, {numbers}, axis=1)"
    return f"X gives away what is to be forecast: its column {what}. Leave it out: fit({rest}, y)."


def _described(leak, data):
    """Say how a column depends on a target."""
    output_format = data.spec.output_format
    target = "y"
    if output_format.y_ndim == 2:
        target = f"the target {output_format.target_names(data.spec.n_targets)[leak.target]!r}"
    rows = f"{abs(leak.lag)} row{'' if abs(leak.lag) == 1 else 's'} {'later' if leak.lag > 0 else 'before'}"
    where = "at the same row" if leak.lag == 0 else rows
    if output_format.is_panel:
        where += f" in the series {list(data.series)[leak.series]!r}"
    if leak.kind != EXACT:
        verb = "changes almost exactly as" if leak.kind == CHANGES else "is in the same order as"
        return f"{verb} {target} {where}"
    if abs(leak.factor - 1) > 1e-4:
        target = f"{leak.factor:.4g} times {target}"
    return f"is {target} {where}{', plus a constant' if leak.offset else ''}"
