"""NumPy's error state inside public methods: its default, whatever the user has set."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import numpy as np

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def with_default_error_state(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Run a function with NumPy's default error state, and restore that of the user.

    Tiny values become 0 in many places, and should. With `np.errstate(all="raise")`, this would be an error.
    """

    @wraps(function)
    def wrapped(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        before = np.geterr()
        try:
            # not as a decorator itself: with NumPy 1.26, one object would restore the state of another thread
            with np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"):
                return function(*args, **kwargs)
        finally:  # as Ctrl-C may come before the block restores it
            np.seterr(**before)

    return wrapped
