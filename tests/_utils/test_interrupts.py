import threading
from contextvars import ContextVar

import numpy as np
import pytest

from sklstm._utils.interrupts import interrupts_are_raised, raises_interrupts

USERS = ContextVar("users", default=0)


@raises_interrupts
def inside(value=None):
    """Whether interrupts are raised."""
    if value is not None:
        raise value
    return interrupts_are_raised()


def test_interrupts_are_raised_inside_of_a_function_only():
    assert not interrupts_are_raised()
    assert inside()
    assert not interrupts_are_raised()
    assert inside.__doc__ == "Whether interrupts are raised."
    for error in (KeyboardInterrupt, ValueError):
        with pytest.raises(error):
            inside(error())
        assert not interrupts_are_raised()


def test_what_the_caller_has_set_holds_inside():
    USERS.set(3)
    assert raises_interrupts(USERS.get)() == 3
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        raises_interrupts(np.divide)(1.0, np.zeros(1))


def test_other_threads_are_not_told():
    found = []

    @raises_interrupts
    def elsewhere():
        thread = threading.Thread(target=lambda: found.append(interrupts_are_raised()))
        thread.start()
        thread.join()

    elsewhere()
    assert len(found) == 1
