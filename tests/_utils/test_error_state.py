import inspect
import threading

import numpy as np
import pytest

from sklstm._utils.error_state import with_default_error_state
from tests.test_interrupts import Tracer


@with_default_error_state
def product(x, y=1e-200):
    """Multiply."""
    return np.float64(x) * y


def test_the_state_of_the_user_neither_counts_nor_changes():
    with np.errstate(all="raise"):
        before = np.geterr()
        assert product(1e-200) == 0
        with pytest.warns(RuntimeWarning, match="overflow"):
            product(1e200, y=1e200)
        assert np.geterr() == before
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning, match="overflow"):
        product(1e200, y=1e200)


def test_the_state_is_restored_after_an_error():
    @with_default_error_state
    def fails():
        raise KeyError

    with np.errstate(under="raise", over="call"):
        before = np.geterr()
        with pytest.raises(KeyError):
            fails()
        assert np.geterr() == before


def test_the_state_is_restored_if_ctrl_c_comes_at_any_line():
    tracer = Tracer()
    tracer.trace(lambda: product(1.0))
    assert tracer.counts
    with np.errstate(all="raise"):
        before = np.geterr()
        for line, number in tracer.counts.items():
            for occurrence in range(1, number + 1):
                assert Tracer(line, occurrence).trace(lambda: product(1.0)) == "raised"
                assert np.geterr() == before, (line, occurrence)


def test_threads_keep_their_own_state():
    """Calls that overlap do not restore the state of one another."""
    inside, goes_on, found = threading.Event(), threading.Event(), []

    @with_default_error_state
    def waits():
        inside.set()
        goes_on.wait(10)

    def other():
        with np.errstate(all="raise"):
            waits()
            found.append(np.geterr())

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(10)
    with np.errstate(over="ignore"):
        before = np.geterr()
        product(1e-200)
        assert np.geterr() == before
    goes_on.set()
    thread.join()
    assert set(found[0].values()) == {"raise"}


def test_name_docstring_and_signature_are_kept():
    assert product.__name__ == "product"
    assert product.__doc__ == "Multiply."
    assert str(inspect.signature(product)) == "(x, y=1e-200)"
