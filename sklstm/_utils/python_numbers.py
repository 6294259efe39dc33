"""Numbers as Python has them: those of NumPy count and round in a width of their own."""

from contextlib import contextmanager
from numbers import Integral, Real

import numpy as np


def plain(value, name="a parameter"):
    """A number or truth of any library as `int`, `float` or `bool`, and anything else as it is.

    `-np.uint8(3)` is 253, `np.True_ is True` is False, and a power of `np.float64(0.9)` has other last bits
    than one of 0.9: with plain numbers, what a search has found can be written down and gives the same.

    Raises
    ------
    TypeError
        For a duration, which NumPy counts among the whole numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm._utils.python_numbers import plain
    >>> plain(np.uint8(3)), plain(np.float32(0.5)), plain(np.True_), plain("auto"), plain(None)
    (3, 0.5, True, 'auto', None)
    """
    if isinstance(value, np.timedelta64):
        raise TypeError(f"Got the duration {value!r} for {name}, which takes a number.")
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else value


@contextmanager
def plain_parameters(estimator):
    """While the block runs, an estimator's numbers are plain ones; then they are again what the user gave."""
    given = {name: getattr(estimator, name) for name in estimator._parameter_constraints}
    try:
        vars(estimator).update({name: plain(value, name) for name, value in given.items()})
        yield
    finally:
        vars(estimator).update(given)
