"""Check the samples of `LSTMRegressor` once, before training or prediction.

scikit-learn's own checks are used where it has them. Samples are returned as a view (n_samples, n_steps, n_channels).
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import validate_data

from sklstm._estimator.lag_columns import LagColumns
from sklstm._utils.argument_checks import as_array, naming, shown
from sklstm._utils.attributes import NAMES
from sklstm._utils.checks import check_has_columns, is_pandas, n_dimensions
from sklstm._utils.numeric_input import as_numbers, in_native_order
from sklstm._utils.windows import row_chunks

FLOATS = [np.float64, np.float32]

# Attributes that say which input a regressor takes.
FORM = "n_features_in_", NAMES, "_input_spec"

# The largest values that are accepted in each precision, so that their sums do not overflow.
LARGEST = {np.dtype(np.float32): 1e37, np.dtype(np.float64): 1e300}

# An array of at most so many values is read once in advance, to see that no check can fail.
FEW_VALUES = 1 << 12

# Below this sum of squares, every value is finite and far from the largest that is accepted.
MODERATE_SUM = 1e30


@dataclass(frozen=True)
class InputSpec:
    """The form of the samples that a regressor was fitted on.

    Parameters
    ----------
    is_sequence : bool
        True for sequences (3-D), False for a table (2-D).
    n_channels : int
        Number of channels at each step.
    dtype : numpy dtype
        Precision of all computations.
    n_steps : int, default=0
        Number of steps of the sequences; 0 for a table, and if it is not known.
    is_told : bool, default=False
        Whether a warning has said that the steps are not in the order of time. It is said once.
    """

    is_sequence: bool
    n_channels: int
    dtype: np.dtype
    n_steps: int = 0
    is_told: bool = False

    def unflattened(self, X, name, may_be_probe):
        """Return the sequences that a table holds whose rows have all steps side by side; None if it holds none.

        Rows of a single step are not read: they could be the steps of one sample. A single row of zeros may be,
        however: by such rows MAPIE and dask-ml probe whether an estimator is fitted, with as many columns as there are
        channels or steps.
        """
        n_rows, n_columns = np.shape(X)
        if self.n_steps > 1 and n_columns == self.n_steps * self.n_channels:
            _check_flat_names(X, name, (self.n_steps, self.n_channels))
            return _floats(X, name).reshape(-1, self.n_steps, self.n_channels)
        is_like_probe = may_be_probe and n_rows == 1 and n_columns in (self.n_channels, self.n_steps)
        if is_like_probe and not _floats(X, name).any():
            return np.zeros((1, max(self.n_steps, 1), self.n_channels), dtype=self.dtype)
        return None


# ---- rows


def input_form(attributes):
    """Return those of the attributes of a regressor that say which input it takes."""
    return {name: attributes.get(name) for name in FORM}


def check_new_rows(regressor, X):
    """Check the samples of a fit that does not continue another; return them and their `InputSpec`.

    `n_features_in_` and `feature_names_in_` are set as scikit-learn's `validate_data` sets them.
    """
    X = in_native_order(as_numbers(X, "X", sequences=True))
    is_sequence = _n_row_dimensions(regressor, X, "X") == 3
    if is_sequence:
        X = _check_sequences(regressor, X, "X")
        regressor.n_features_in_ = X.shape[2]
        regressor.feature_names_in_ = None
    else:
        X = _check_table(regressor, X, regressor.n_channels, "X", reset=True)
    _check_rows_range(X, X.dtype, "X")
    return X, InputSpec(is_sequence, X.shape[2], X.dtype, X.shape[1] if is_sequence else 0)


def check_rows(regressor, X, spec, input_name="X", *, may_be_probe=False):
    """Check that samples have the form of the training samples; return them as (n_samples, n_steps, n_channels).

    NaN is accepted, infinity is not. They are copied only if their dtype changes. `may_be_probe` says whether a row of
    zeros may stand for a sample, see `InputSpec.unflattened`.
    """
    if _passes_every_check(regressor, X, spec):
        return X if spec.is_sequence else X.reshape(len(X), -1, spec.n_channels)
    X = as_numbers(X, input_name, sequences=True)
    ndim, name = _n_row_dimensions(regressor, X, input_name), type(regressor).__name__
    if spec.is_sequence and ndim == 2:
        _check_is_dense(X, input_name)
        sequences = spec.unflattened(X, input_name, may_be_probe)
        X = X if sequences is None else sequences
        ndim = np.ndim(X)
    if (ndim == 3) != spec.is_sequence:
        was = "sequences (n_samples, n_steps, n_channels)" if spec.is_sequence else "a table (n_samples, n_columns)"
        hint = _sequence_hint(spec) if spec.is_sequence else ""
        raise ValueError(
            f"{input_name} has {ndim} dimensions (shape {np.shape(X)}), but {name} was fitted on {was}.{hint}"
        )
    if spec.is_sequence:
        X = _check_sequences(regressor, X, input_name)
        if X.shape[2] != spec.n_channels:
            raise ValueError(f"{input_name} has {X.shape[2]} channels, but {name} was fitted on {spec.n_channels}.")
    else:
        X = _check_table(regressor, X, spec.n_channels, input_name, reset=False)
    _check_rows_range(X, spec.dtype, input_name)
    return X


def _check_flat_names(X, input_name, shape):
    """Raise ValueError for a table with names of columns, unless they are lags as sequences of a shape have them."""
    names = [name for name in getattr(X, "columns", ()) if isinstance(name, str)]
    if not names:
        return
    try:
        found = LagColumns.from_names(list(map(str, X.columns)))
    except ValueError:
        found = None
    if found is not None and np.array_equal(found.columns, np.arange(np.prod(shape)).reshape(shape)):
        return
    order = "in another order" if found is not None else "in an order that their names do not tell"
    sorting = f" LagsToSequences().fit_transform({input_name}) puts lags in order by their names." * (found is not None)
    raise ValueError(
        f"The columns of {input_name} are {shown(names)}. The regressor was fitted on sequences, and reads flat rows "
        f"as all channels of the oldest step, then those of the next, but these columns are {order}.{sorting} If they "
        f"are as the regressor reads them, give them without names, np.asarray({input_name})."
    )


def _sequence_hint(spec):
    """Say which shapes of samples are read after a fit on sequences."""
    flat = f" Rows of {spec.n_steps * spec.n_channels} columns, all channels of a step side by side, are read too."
    return " A single sample is X[:1]." + (flat if spec.n_steps > 1 else "")


def _passes_every_check(regressor, X, spec):
    """Whether none of the checks of `check_rows` can fail or change samples: a few ordinary numbers in a plain array.

    The checks take 30 to 50 µs, which is half of the time of a prediction for one sample. This takes 1 µs.
    """
    is_plain = type(X) is np.ndarray and X.dtype in LARGEST and X.flags.aligned  # BLAS may crash on other addresses
    if not is_plain or not 0 < X.size <= FEW_VALUES:
        return False
    if spec.is_sequence:
        has_form = X.ndim == 3 and X.shape[2] == spec.n_channels
    else:
        has_form = X.ndim == 2 and X.shape[1] % spec.n_channels == 0 and _is_unnamed_table(regressor, X.shape[1])
    return has_form and np.vdot(X, X) < MODERATE_SUM  # False for NaN; np.vdot does not warn of an overflow


def _is_unnamed_table(regressor, n_columns):
    """Whether a regressor was fitted on a table with so many columns that had no names."""
    has_no_names = getattr(regressor, "feature_names_in_", None) is None
    return has_no_names and getattr(regressor, "n_features_in_", None) == n_columns


def _n_row_dimensions(regressor, X, input_name):
    """Return the number of dimensions of samples, 2 or 3; raise an error for any other number."""
    ndim = n_dimensions(X)
    if ndim not in (2, 3):
        raise ValueError(
            f"{input_name} has {ndim} dimensions; {type(regressor).__name__} takes sequences (n_samples, n_steps, "
            "n_channels) or a table (n_samples, n_steps * n_channels). Reshape your data; make_windows cuts a series "
            "into such rows."
        )
    return ndim


def _check_is_dense(X, name):
    """Raise scikit-learn's error for a sparse table, whatever its number of columns."""
    if issparse(X):
        _floats(X, name)


def _floats(X, name):
    """Return an array of numbers, finite or not."""
    return as_array(X, name, dtype=FLOATS, ensure_all_finite=False)


def _check_sequences(regressor, X, input_name):
    X = as_array(X, input_name, dtype=FLOATS, allow_nd=True, ensure_all_finite=False, estimator=regressor)
    if 0 in X.shape:
        name = type(regressor).__name__
        raise ValueError(
            f"{input_name} has shape {X.shape}; {name} needs at least one sample, one step and one channel."
        )
    return X


def _check_table(regressor, X, n_channels, input_name, reset):
    check_has_columns(X, input_name)
    values = None if reset else _values_of_frame(X)
    with naming(input_name):
        if values is None:
            X = validate_data(regressor, X, reset=reset, dtype=FLOATS, ensure_all_finite=False)
        else:
            validate_data(regressor, X, reset=False, skip_check_array=True)  # names and number of columns
            X = values
    if X.shape[1] % n_channels:
        raise ValueError(
            f"{input_name} has {X.shape[1]} columns, which is not a multiple of n_channels={n_channels}: a row is "
            "n_steps * n_channels values, all channels of a step side by side."
        )
    return X.reshape(len(X), -1, n_channels)


def _values_of_frame(X):
    """Return the values of a DataFrame with rows, of which all columns have one precision; None for anything else.

    scikit-learn's `check_array` would return the same values, and takes 0.2 ms.
    """
    if not is_pandas(X) or X.ndim != 2 or len(X) == 0:
        return None
    dtypes = set(X.dtypes)
    return X.to_numpy() if len(dtypes) == 1 and dtypes <= LARGEST.keys() else None


def _check_rows_range(X, dtype, input_name):
    for chunk in row_chunks(len(X), X.shape[1] * X.shape[2]):
        check_range(X[chunk], dtype, input_name)


def check_range(values, dtype, input_name):
    """Raise an error for infinity, and for values whose sums do not fit into the precision; NaN is accepted."""
    limit = LARGEST[np.dtype(dtype)]
    high, low = (side.reduce(values, axis=None, initial=0) for side in (np.fmax, np.fmin))
    if float(max(high, -low)) > limit:
        raise ValueError(
            f"Input {input_name} contains infinity or a value too large for {np.dtype(dtype)}: values up to "
            f"±{limit:g} are accepted. Divide it by a constant."
        )
