"""Check samples, targets and weights of `LSTMRegressor` once, before training or prediction.

scikit-learn's own checks are used where it has them. Samples are returned as a view (n_samples, n_steps, n_channels).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import validate_data

from sklstm._estimator.channel_names import channel_names
from sklstm._estimator.lag_columns import LagColumns
from sklstm._estimator.settings import new_missing_rule, number_of_targets
from sklstm._network.missing_values import MissingRule
from sklstm._network.samples import Samples
from sklstm._utils.argument_checks import as_array, check_same_length, like, naming, shown
from sklstm._utils.attributes import NAMES
from sklstm._utils.checks import check_has_columns, check_weights, is_pandas, n_dimensions
from sklstm._utils.numeric_input import as_numbers, in_native_order
from sklstm._utils.user_warning import warn_user
from sklstm._utils.windows import row_chunks, row_numbers

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
    """

    is_sequence: bool
    n_channels: int
    dtype: np.dtype
    n_steps: int = 0

    def unflattened(self, X, name, may_be_probe):
        """Return the sequences that a table holds whose rows have all steps side by side; None if it holds none.

        Rows of a single step are not read: they could be the steps of one sample. A single row of zeros may be,
        however: by such rows MAPIE and dask-ml probe whether an estimator is fitted, with as many columns as there are
        channels or steps.
        """
        if issparse(X):
            as_array(X, name)  # raises the error that says so
        n_rows, n_columns = np.shape(X)
        if self.n_steps > 1 and n_columns == self.n_steps * self.n_channels:
            _check_flat_names(X, name, (self.n_steps, self.n_channels))
            return _floats(X, name).reshape(-1, self.n_steps, self.n_channels)
        is_like_probe = may_be_probe and n_rows == 1 and n_columns in (self.n_channels, self.n_steps)
        if is_like_probe and not _floats(X, name).any():
            return np.zeros((1, max(self.n_steps, 1), self.n_channels), dtype=self.dtype)
        return None


@dataclass(frozen=True)
class TrainingSet(Samples):
    """Checked samples, targets and weights of one call of `fit` or `partial_fit`.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_steps, n_channels)
    y : ndarray of shape (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
        In the first case, NaN where a single target is missing; each row has at least one target.
    weight : ndarray of shape (n_samples,)
        In float64.
    rows : ndarray of int
        Indices of the samples to train on: those with a positive weight and a present step.
    y_ndim : int
        Number of dimensions of `y` as the user gave it.
    n_targets : int
        How many of the first channels are targets.
    missing_rule : MissingRule
        Rule for missing values.
    validation : TrainingSet, default=None
        The validation samples.
    """

    y_ndim: int
    n_targets: int
    missing_rule: MissingRule
    validation: "TrainingSet | None" = None

    @property
    def n_outputs(self):
        return self.y.shape[-1]

    @property
    def every_step(self):
        return self.y_ndim == 3

    def divided(self, rows, held_out):
        """Return the same set with the samples `rows` to train on and `held_out` to validate on."""
        return replace(self, rows=rows, validation=replace(self, rows=held_out))


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


# ---- training sets


def check_training_set(regressor, X, y, sample_weight, spec=None):
    """Check what `fit` or `partial_fit` was given.

    Parameters
    ----------
    regressor : LSTMRegressor
    X, y, sample_weight
        As given; y as numbers.
    spec : InputSpec, default=None
        Form of the earlier samples, if training continues.

    Returns
    -------
    data : TrainingSet
    spec : InputSpec
    """
    if y is None:
        raise ValueError(f"{type(regressor).__name__} requires y to be passed, but the target y is None.")
    begins_anew = spec is None
    if begins_anew:
        X, spec = check_new_rows(regressor, X)
    else:
        X = check_rows(regressor, X, spec)
    y, y_ndim = _check_targets(y, X, spec.dtype)
    weight, rows = check_weights(sample_weight, X), row_numbers(len(X))
    n_targets = number_of_targets(regressor, X.shape[2], y.shape[-1])
    missing_rule = new_missing_rule(regressor, n_targets)
    rows = rows if sample_weight is None else rows[weight > 0]
    data = TrainingSet(X, y, weight, rows, y_ndim, n_targets, missing_rule)
    data = replace(data, rows=_rows_to_train_on(data, needs_every_channel=begins_anew or not missing_rule.by_channel))
    if y_ndim == 3:
        _check_step_targets(X, y, spec.dtype, missing_rule)
    return data, spec


def check_validation_arguments(early_stopping, X_val, y_val, sample_weight_val):
    """Raise an error if the validation samples are incomplete, or would not be used."""
    if (X_val is None) != (y_val is None):
        given, other = ("X_val", "y_val") if y_val is None else ("y_val", "X_val")
        raise ValueError(f"{given} was given without {other}: give both, or neither.")
    if X_val is None and sample_weight_val is not None:
        raise ValueError("sample_weight_val was given without X_val and y_val.")
    if X_val is not None and not early_stopping:
        raise ValueError("X_val and y_val are used with early_stopping=True only: set it, or leave them out.")


def check_validation_set(regressor, data, spec, X_val, y_val, sample_weight_val):
    """Check validation samples that the user gave; return the training set with them."""
    X_val, y_val = as_numbers(X_val, "X_val", sequences=True), as_numbers(y_val, "y_val", sequences=True)
    sample_weight_val = as_numbers(sample_weight_val, "sample_weight_val")
    wanted = 3 if spec.is_sequence else 2
    if n_dimensions(X_val) != wanted:
        raise ValueError(
            f"X_val has shape {np.shape(X_val)}, but X has {wanted} dimensions. (A pipeline transforms X_val like X "
            'only with transform_input=["X_val"].)'
        )
    try:
        X = check_rows(regressor, X_val, spec)
        y, y_ndim = _check_targets(y_val, X, spec.dtype)
        if y_ndim != data.y_ndim or y.shape[-1] != data.n_outputs:
            raise ValueError(
                f"y has {y_ndim} dimensions and {y.shape[-1]} outputs, but y of the training rows has "
                f"{data.y_ndim} and {data.n_outputs}."
            )
        if y_ndim == 3:
            _check_step_targets(X, y, spec.dtype, data.missing_rule)
        weight = check_weights(sample_weight_val, X)
        rows = _rows_to_validate_on(X, np.flatnonzero(weight > 0), data.missing_rule)
    except (ValueError, TypeError) as error:
        raise like(error, f"In X_val, y_val, sample_weight_val: {error}") from error
    return replace(data, validation=replace(data, X=X, y=y, weight=weight, rows=rows))


# ---- targets


def _check_targets(y, X, dtype):
    """Return `y` as (n_samples, n_outputs) or (n_samples, n_steps, n_outputs), and its original ndim."""
    check_has_columns(y, "y")
    y = in_native_order(y)
    y = as_array(y, "y", dtype=FLOATS, ensure_2d=False, allow_nd=True, ensure_all_finite=False, ensure_min_samples=0)
    if y.ndim not in (1, 2, 3):
        raise ValueError(
            f"y has {y.ndim} dimensions; it may be (n_samples,), (n_samples, n_outputs) or "
            "(n_samples, n_steps, n_outputs)."
        )
    check_same_length(X=X, y=y)
    if 0 in y.shape:
        raise ValueError(f"y has shape {y.shape}: it contains no target.")
    if y.ndim == 3 and y.shape[1] != X.shape[1]:
        raise ValueError(f"y has targets at {y.shape[1]} steps, but X has {X.shape[1]} steps.")
    if y.ndim < 3:
        check_rows_have_targets(y)
        check_range(y, dtype, "y")
    return (y[:, np.newaxis] if y.ndim == 1 else y), y.ndim


def check_rows_have_targets(y):
    """Raise an error if all targets of a row of `y`, (n_samples,) or (n_samples, n_outputs), are NaN."""
    missing = np.isnan(y)
    if not np.count_nonzero(missing):
        return
    without = missing if missing.ndim == 1 else missing.all(axis=1)
    if without.any():
        where = "" if missing.ndim == 1 else f" in every column of row {int(np.argmax(without))}"
        raise ValueError(
            f"Input y contains NaN{where}. Remove rows without a target from X and y. In a pipeline that cuts "
            "windows, rows must not be removed: set their targets to any number and their sample_weight to 0."
        )


def _check_step_targets(X, y, dtype, missing_rule):
    """Raise an error for a target at a present step that is NaN or infinite."""
    for chunk in row_chunks(len(y), X.shape[1] * (X.shape[2] + y.shape[2])):
        present = y[chunk][~missing_rule.skipped_steps(X[chunk])]
        check_range(present, dtype, "y")
        if np.isnan(present).any():
            raise ValueError("Input y contains NaN at a step that is present in X; only missing steps may have NaN.")


# ---- missing values


def _rows_to_train_on(data, needs_every_channel):
    """Return the samples with a present step; warn if many steps are skipped because of one channel."""
    X, rows, missing_rule = data.X, data.rows, data.missing_rule
    n_steps, n_channels = X.shape[1:]
    n_known, n_missing = np.zeros(n_channels, dtype=int), np.zeros(n_channels, dtype=int)
    has_step = np.ones(len(rows), dtype=bool)
    n_partly_known = 0
    for chunk in row_chunks(len(rows), n_steps * n_channels):
        missing = np.isnan(X[rows[chunk]])
        n_known += len(missing) * n_steps
        if not missing.any():
            continue
        n_known -= missing.sum(axis=0).sum(axis=0)  # much faster than both axes at once
        skipped = missing_rule.skipped(missing.transpose(1, 2, 0)).T
        partly_known = skipped & ~missing.all(axis=2)
        if partly_known.any():
            n_missing += (missing & partly_known[..., np.newaxis]).sum(axis=0).sum(axis=0)
            n_partly_known += int(partly_known.sum())
        has_step[chunk] = ~skipped.all(axis=1)
    if needs_every_channel:
        _check_has_values(n_known, "to train on")
    if not has_step.any():
        raise ValueError(f"No row of X has {_needed_values(missing_rule)}: there is nothing to train on.")
    if n_partly_known > 0.1 * len(rows) * n_steps:
        _warn_of_skipped_steps(n_partly_known, len(rows) * n_steps, n_missing, missing_rule)
    return rows if has_step.all() else rows[has_step]


def _warn_of_skipped_steps(n_partly_known, n_steps, n_missing, missing_rule):
    worst, channels = int(np.argmax(n_missing)), channel_names(len(n_missing))
    advice = channels.advice(worst, "instance_norm=None" if missing_rule.by_channel else "missing='indicator'")
    warn_user(
        f"{n_partly_known} of {n_steps} steps are skipped although some of their values are known: "
        f"{channels.names[worst]} is missing at {int(n_missing[worst])} of them. {advice}"
    )


def _rows_to_validate_on(X, rows, missing_rule):
    """Return the samples with a present step; raise an error if there are none."""
    chunks = row_chunks(len(rows), X.shape[1] * X.shape[2])
    rows = rows[np.concatenate([~missing_rule.skipped_steps(X[rows[chunk]]).all(axis=1) for chunk in chunks])]
    if not len(rows):
        raise ValueError(f"No row to validate on has {_needed_values(missing_rule)}.")
    return rows


def _needed_values(missing_rule):
    """Return, for messages, the values that a sample must have to be used."""
    if not missing_rule.by_channel:
        return "a step with a value in every channel"
    return "a value in every target channel" if missing_rule.n_needed else "any value"


def check_every_channel(data):
    """Raise an error if a channel has no value in the samples to train on, after some were held out."""
    if data.missing_rule.by_channel:  # otherwise, a present step has a value in every channel
        check_known_channels(known_channels(data))


def check_every_output(data):
    """Raise an error if an output has no target in the samples to train on, after some were held out."""
    if data.by_target:
        check_known_outputs(known_outputs(data))


def known_channels(data):
    """Return how many values each channel has in the samples to train on."""
    n_known = np.zeros(data.X.shape[2], dtype=int)
    for chunk in row_chunks(len(data.rows), data.X[0].size):
        n_known += (~np.isnan(data.X[data.rows[chunk]])).sum(axis=(0, 1))
    return n_known


def known_outputs(data):
    """Return how many targets each output has in the samples to train on."""
    chunks = row_chunks(len(data.rows), data.n_outputs)
    return sum((~np.isnan(data.y[data.rows[chunk]])).sum(axis=0) for chunk in chunks)


def check_known_channels(n_known):
    """Raise an error if a channel has no value."""
    _check_has_values(n_known, "that are left for training")


def check_known_outputs(n_known):
    """Raise an error if an output has no target."""
    if not n_known.all():
        raise ValueError(
            f"Column {int(np.argmin(n_known))} of y is NaN in all rows that are left for training, so its scale is "
            "unknown. Leave it out of y, or give rows in which it is known."
        )


def _check_has_values(n_known, which):
    if not n_known.all():
        name = channel_names(len(n_known)).names[int(np.argmin(n_known))]
        raise ValueError(f"{name[0].upper()}{name[1:]} has no value in the rows {which}.")
