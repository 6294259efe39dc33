"""What Ctrl-C does while a network is trained.

A user who fits an `LSTMRegressor` sees the warning that the fit was interrupted, and may use the weights so far. Code
that fits several regressors, one after another, must not go on with the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, copy_context
from functools import wraps
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_ARE_RAISED: ContextVar[bool] = ContextVar("interrupts_are_raised", default=False)


def interrupts_are_raised() -> bool:
    """Whether an interrupted fit raises KeyboardInterrupt, even if it could keep the weights of an epoch."""
    return _ARE_RAISED.get()


def raises_interrupts(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Decorator: the fits inside of a function raise KeyboardInterrupt.

    The function runs in a context of its own, so that nothing must be undone, which Ctrl-C could prevent.
    """

    @wraps(function)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        context = copy_context()
        context.run(_ARE_RAISED.set, True)
        return context.run(function, *args, **kwargs)

    return run
