"""Checks that estimators and forecasters share."""

import sys
from contextlib import contextmanager

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from sklstm._utils.numeric_input import as_numbers
from sklstm._utils.python_numbers import plain


def is_pandas(data):
    """Whether `data` is a pandas Series or DataFrame (a list has an `index` too)."""
    pd = sys.modules.get("pandas")
    return pd is not None and isinstance(data, pd.Series | pd.DataFrame)


def n_dimensions(data):
    """Number of dimensions of any array-like."""
    return data.ndim if hasattr(data, "ndim") else np.asarray(data).ndim


@contextmanager
def restored_on_error(estimator):
    """Put an estimator's attributes back if the block fails (they are replaced, never changed)."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def check_weights(sample_weight, X):
    """Weights in float64, whatever the precision of X: only their proportions have to fit into that."""
    if sample_weight is None:
        return np.broadcast_to(np.float64(1), len(X))  # no memory, however long X is
    sample_weight = as_numbers(sample_weight, "sample_weight")
    weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if not weight.any():
        raise ValueError("sample_weight is zero for every row: there is nothing to learn from.")
    with np.errstate(over="ignore"):
        if not weight.sum() < 1e300:  # times the number of steps it must still fit
            raise ValueError(f"sample_weight is too large to be summed (up to {weight.max():.3g}): divide it.")
    return weight


def check_steps(steps):
    """A number of steps to forecast: a whole number from 1."""
    steps = plain(steps, "steps")
    if isinstance(steps, bool) or not isinstance(steps, int):
        what = f"a {type(steps).__name__}; it is the first argument" if hasattr(steps, "shape") else repr(steps)
        raise TypeError(f"steps must be a whole number, got {what}.")
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}.")
    return steps
