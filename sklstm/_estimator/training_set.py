"""Check the samples, targets and weights that `LSTMRegressor` is trained on, once, before any work."""

from dataclasses import dataclass, replace

import numpy as np

from sklstm._estimator.channel_names import channel_names
from sklstm._estimator.input_checks import FLOATS, check_new_rows, check_range, check_rows
from sklstm._estimator.settings import new_missing_rule, number_of_targets
from sklstm._network.missing_values import MissingRule
from sklstm._network.samples import Samples
from sklstm._utils.argument_checks import as_array, check_same_length, like
from sklstm._utils.checks import check_has_columns, check_weights, n_dimensions
from sklstm._utils.numeric_input import as_numbers, in_native_order
from sklstm._utils.user_warning import warn_user
from sklstm._utils.windows import row_chunks, row_numbers


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
