"""Checks that several estimators share."""

import sys

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklstm._utils.argument_checks import MOST_STEPS, as_array, is_whole_number, shape_of, shown
from sklstm._utils.numeric_input import as_numbers

# What scikit-learn says otherwise, to call fit, would be refused.
SCALING_ALONE = (
    "This %(name)s instance is not fitted yet: it has the scaling of fit_scaling, but no weights. Call partial_fit "
    "with each chunk before using this estimator."
)

# The largest numbers that are accepted in float64, so that sums of them do not overflow.
LARGEST = 1e300


def is_pandas(data):
    """Whether `data` is a pandas Series or DataFrame. An attribute `index` would not tell: lists have one too."""
    pd = sys.modules.get("pandas")
    return pd is not None and isinstance(data, pd.Series | pd.DataFrame)


def n_dimensions(data):
    """Return the number of dimensions of an array-like."""
    return data.ndim if hasattr(data, "ndim") else np.asarray(data).ndim


def check_fitted(estimator, attribute):
    """Raise a NotFittedError for an estimator that is not fitted.

    One with the fitted attribute passes scikit-learn's check, which takes 4 µs, unless its class has a rule of its own.
    """
    if attribute not in vars(estimator) or hasattr(estimator, "__sklearn_is_fitted__"):
        has_scaling = vars(estimator).get("_given_scaling") is not None
        check_is_fitted(estimator, msg=SCALING_ALONE if has_scaling else None)


def check_weights(sample_weight, X):
    """Return the weights of the rows of X in float64; without weights, ones.

    The precision of X may be lower, as only the proportions of the weights matter.
    """
    if sample_weight is None:
        return np.broadcast_to(np.float64(1), len(X))  # takes no memory, however long X is
    name = "sample_weight"
    weight = as_array(as_numbers(sample_weight, name), name, dtype=np.float64, ensure_2d=False, allow_nd=True)
    if weight.shape != (len(X),):
        raise ValueError(
            f"{name} must be a 1D array with one weight for each of {len(X)} rows of X and y, got the shape "
            f"{weight.shape}: {name}.shape == {weight.shape}, expected {(len(X),)}!"
        )
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise ValueError(f"Negative values in {name}: {weight[row]:g} in row {row}. Weights must be at least 0.")
    if not weight.any():
        raise ValueError(f"{name} is zero for every row. At least one weight must be positive.")
    with np.errstate(over="ignore"):
        if not weight.sum() < 1e300:  # must not overflow if multiplied by the number of steps
            raise ValueError(f"{name} is too large to be summed (up to {weight.max():.3g}). Divide it by a constant.")
    return weight


def check_steps(steps):
    """Return a forecast horizon as a Python int, from 1 to `MOST_STEPS`."""
    if not is_whole_number(steps):
        is_table = shape_of(steps) != ()
        what = f"a {type(steps).__name__}; it is the first argument" if is_table else shown(steps)
        raise TypeError(f"steps must be a whole number, got {what}.")
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {shown(steps)}.")
    if steps > MOST_STEPS:
        raise ValueError(f"steps must be at most {MOST_STEPS}, got {shown(steps)}.")
    return int(steps)


def check_size(values, name):
    """Raise ValueError for numbers in float64 that are so large that sums of them overflow; NaN is accepted."""
    largest = max(np.fmax.reduce(values, axis=None, initial=0), -np.fmin.reduce(values, axis=None, initial=0))
    if largest > LARGEST:
        raise ValueError(
            f"{name} has a value of size {largest:.3g}, but values up to ±{LARGEST:g} are accepted. Divide {name} by a "
            "constant."
        )


def check_has_columns(data, name):
    """Raise an error for a table without columns; that of scikit-learn's checks would be obscure for a frame."""
    shape = getattr(data, "shape", ())
    if 0 in shape[1:]:
        raise ValueError(f"{name}: Found array with 0 feature(s) (shape={shape}) while a minimum of 1 is required.")


def check_output(output, source, n_rows, n_outputs, n_last_axes=0):
    """Return the output of another estimator as an array (n_rows, n_outputs, …) in float64.

    With a single output it may be (n_rows,). NaN and infinity are accepted.

    Parameters
    ----------
    output : array-like
    source : str
        Name of the method that returned it, for messages.
    n_rows, n_outputs : int
        The shape that is needed.
    n_last_axes : int, default=0
        Number of further axes, which may have any size.
    """
    output = as_numbers(output, f"The output of {source}")
    shape = np.shape(output)
    found = shape if output is None or not n_last_axes else shape[:-n_last_axes]
    if found != (n_rows, n_outputs) and not (n_outputs == 1 and found == (n_rows,)):
        received = "nothing" if output is None else f"an array of shape {shape}"
        raise ValueError(f"{source} returned {received}, but {n_rows} rows of {n_outputs} values are needed.")
    output = np.asarray(output, dtype=np.float64)
    return output.reshape(n_rows, n_outputs, *shape[len(shape) - n_last_axes :])
