"""Convert NumPy numbers to Python numbers, which neither overflow nor round to a narrower type."""

import math
from functools import wraps
from numbers import Integral, Real

import numpy as np

from sklstm._utils.attributes import snapshot


def plain(value, name="a parameter"):
    """Convert a number, boolean or text of any library to `int`, `float`, `bool` or `str`; return others unchanged.

    NumPy numbers behave differently: `-np.uint8(3)` is 253, `np.True_ is True` is False, and powers of
    `np.float64(0.9)` differ from those of 0.9 in the last bits. With Python numbers, the best parameters of a search
    give the same model if a user types them in. Text may be an `np.str_`, or of an `Enum`, which a file cannot hold.

    Raises
    ------
    TypeError
        For a duration, which NumPy takes for a whole number.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm._utils.plain_parameters import plain
    >>> plain(np.uint8(3)), plain(np.float32(0.5)), plain(np.True_), plain(np.str_("auto")), plain(None)
    (3, 0.5, True, 'auto', None)
    """
    if isinstance(value, np.timedelta64):
        raise TypeError(f"Got the duration {value!r} for {name}, which takes a number.")
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, str):
        return str.__str__(value)  # `str(value)` of a member of an Enum would be its name
    return _as_float(value) if isinstance(value, Real) else value


def _as_float(value):
    """Convert to float; a fraction beyond its range becomes infinite, like a NumPy number."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def with_plain_parameters(estimator):
    """Return a snapshot of an estimator whose parameters are Python numbers. The estimator itself is not changed."""
    copied = snapshot(estimator)
    for name in estimator._parameter_constraints:
        setattr(copied, name, plain(getattr(copied, name), name))
    return copied


def on_plain_copy(method):
    """Decorator: the method runs on a snapshot of its object whose parameters are Python numbers."""

    @wraps(method)
    def run(self, *args, **kwargs):
        return method(with_plain_parameters(self), *args, **kwargs)

    return run
