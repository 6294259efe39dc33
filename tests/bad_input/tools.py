"""Rows of the table of bad input. Each module of this folder lists its rows as `ROWS`, and calls `check_refused`."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.attack import names_one_of


@dataclass(frozen=True)
class Row:
    """One bad argument of a public function, and how it must be refused.

    Parameters
    ----------
    function : str
        As a user calls it: "make_windows", "LSTMRegressor" (a parameter), "LSTMRegressor.fit", "datasets.make_pattern".
    argument : str
        Name of the argument or parameter.
    kind : str
        What is bad about the value, such as "wrong type", "NaN" or "empty".
    make : callable without arguments
        Makes the value.
    says : str
        A part of the message that shows the value, its shape, or what is wrong in it.
    error : type, default=ValueError
    names : tuple of str
        Other names by which the message may call the argument.
    """

    function: str
    argument: str
    kind: str
    make: Callable[[], object]
    says: str
    error: type[Exception] = ValueError
    names: tuple = ()

    def __str__(self):
        return f"{self.function}-{self.argument}-{self.kind}"


def check_refused(row, call, state=lambda: None):
    """Check that a call with the value of a row raises an error that names and shows it, and changes no state."""
    before, value = state(), row.make()
    with pytest.raises(row.error) as caught:
        call(value)
    assert isinstance(caught.value, ValueError | TypeError)
    assert not type(caught.value).__module__.startswith("numpy")
    message = str(caught.value)
    assert names_one_of(message, (row.argument, *row.names))
    assert row.says in message
    assert len(message) < 1000
    assert state() == before
