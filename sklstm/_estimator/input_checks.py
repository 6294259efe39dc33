"""What comes from the user, checked once: rows, targets, weights, windows to go on from.

Everything is checked before anything is computed, by scikit-learn's own checks where it has them.
Rows leave as a view of shape (n_samples, n_steps, n_channels).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import validate_data

from sklstm._estimator.channel_names import channel_names
from sklstm._network.losses import loss_class
from sklstm._network.samples import Samples
from sklstm._utils.checks import check_has_columns, check_weights, is_pandas, n_dimensions
from sklstm._utils.numeric_input import as_numbers
from sklstm._utils.user_warning import warn_user
from sklstm._utils.windows import row_chunks, row_numbers

FLOATS = [np.float64, np.float32]

# The largest values that are worked with, by precision: a few more powers of ten are left for what is added up.
LARGEST = {np.dtype(np.float32): 1e37, np.dtype(np.float64): 1e300}

# How many of the last rows are looked at to see whether they continue each other.
N_COMPARED = 100

# How many pairs have to lie on a line for it to be none by chance.
N_ON_A_LINE = 10


@dataclass(frozen=True)
class TrainingSet(Samples):
    """Checked rows, targets and weights of one call of `fit` or `partial_fit`.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_steps, n_channels)
    y : ndarray of shape (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
    weight : ndarray of shape (n_samples,)
        In float64.
    rows : ndarray of int
        The rows to learn from: positive weight and a present step.
    y_ndim : int
        Number of dimensions that `y` came with.
    gaps : Gaps
        What missing values do.
    validation : TrainingSet or None
        The same of the rows to validate on.
    """

    y_ndim: int
    gaps: Any
    validation: Any = None

    @property
    def n_outputs(self):
        return self.y.shape[-1]

    @property
    def every_step(self):
        return self.y_ndim == 3

    def divided(self, rows, held_out):
        """Learn from some of the rows and validate on others."""
        return replace(self, rows=rows, validation=replace(self, rows=held_out))


def check_training_set(estimator, X, y, sample_weight, *, reset, gaps_for):
    """Check everything that `fit` was given, with y as numbers; with `reset` the estimator takes on X's features.

    `gaps_for(estimator, n_channels, n_outputs)` says what missing values do.
    """
    name = type(estimator).__name__
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None.")
    X = check_rows(estimator, X, reset=reset)
    y, y_ndim = _check_targets(y, X, estimator._dtype)
    weight = check_weights(sample_weight, X)
    rows, gaps = row_numbers(len(X)), gaps_for(estimator, X.shape[2], y.shape[-1])
    data = TrainingSet(X, y, weight, rows if sample_weight is None else rows[weight > 0], y_ndim, gaps)
    data = replace(data, rows=_check_presence(data, reset))
    if y_ndim == 3:
        _check_step_targets(X, y, estimator._dtype, gaps)
    return data


def check_validation_arguments(early_stopping, X_val, y_val, sample_weight_val):
    """Whether what was given to validate on is complete, and of use."""
    if (X_val is None) != (y_val is None):
        given, other = ("X_val", "y_val") if y_val is None else ("y_val", "X_val")
        raise ValueError(f"{given} was given without {other}: give both, or neither.")
    if X_val is None and sample_weight_val is not None:
        raise ValueError("sample_weight_val was given without X_val and y_val.")
    if X_val is not None and not early_stopping:
        raise ValueError("X_val and y_val are used with early_stopping=True only: set it, or leave them out.")


def check_targets_suit(estimator, data, n_targets):
    """Whether the targets, to train and to validate on, can be what `loss` and `loss_steps` take them for."""
    for name, part in (("y", data), ("y_val", data.validation)):
        if part is None:
            continue
        if estimator.loss_steps == "all":
            _check_next_steps(part, name, n_targets)
        elif estimator.instance_norm is not None and part is data:
            _warn_of_units(estimator, part, n_targets)
        if loss_class(estimator.loss).needs_nonnegative:
            smallest = min(
                _smallest_target(part, part.rows[chunk], estimator.loss_steps != "last")
                for chunk in row_chunks(len(part.rows), part.X[0].size)
            )
            if smallest < 0:
                raise ValueError(f"loss={estimator.loss!r} needs {name} >= 0, but a target goes down to {smallest}.")


def _smallest_target(data, rows, next_steps):
    """The smallest target of the given rows that counts; with those of steps that are followed by others."""
    X, y = data.X[rows], data.y[rows]
    if data.every_step:
        return y[~data.gaps.skipped_steps(X)].min()
    inside = X[:, 1:, : y.shape[1]] if next_steps else y
    return min(y.min(), np.nanmin(inside, initial=np.inf))


def _check_next_steps(data, name, n_targets):
    """Whether rows can be windows of the series that their targets go on with."""
    if data.every_step:
        return
    if data.n_outputs != n_targets:
        raise ValueError(
            f"loss_steps='all' needs one output for each target channel, but {name} has {data.n_outputs} outputs for "
            f"n_targets={n_targets}: the next step of a row is known in its own channels only."
        )
    if data.X.shape[1] > 1 and _contradicted(data):
        raise ValueError(
            f"loss_steps='all' needs rows that are windows of the series that {name} goes on with, but here the target "
            "of a row is not the newest step of the next one (its first channels, at lead=1, in the same units). Do "
            "not scale or difference outside of the model, or choose loss_steps='last'."
        )


def _contradicted(data):
    """Whether, of the last rows that each follow the one before, most are not what that one's target says."""
    newest, y = _continuations(data)
    agrees = np.isclose(newest, y, rtol=1e-4, atol=1e-8 * np.abs(y).max(initial=0)).all(axis=1)
    return len(agrees) > 0 and agrees.mean() < 0.5


def _continuations(data):
    """The newest steps of the last rows that each follow the one before, and that one's targets, where both are known.

    None of them where rows do not follow each other: by chance some do where a series has few values.
    """
    rows, y, weight = data.X[-N_COMPARED:], data.y[-N_COMPARED:], data.weight[-N_COMPARED:]
    y = np.where(weight[:, np.newaxis] > 0, y, np.nan)[:-1]
    newest = rows[1:, -1, : y.shape[1]]
    same = (rows[1:, :-1] == rows[:-1, 1:]) | (np.isnan(rows[1:, :-1]) & np.isnan(rows[:-1, 1:]))
    follows = same.all(axis=(1, 2))
    known = follows & np.isfinite(newest).all(axis=1) & np.isfinite(y).all(axis=1)
    return (newest[known], y[known]) if follows.size and follows.mean() >= 0.9 else (newest[:0], y[:0])


def _warn_of_units(estimator, data, n_targets):
    """Tell of targets that are the next step in another unit: a window's own level cannot be taken off them."""
    if data.every_step or data.n_outputs != n_targets or data.X.shape[1] == 1:
        return
    for newest, target in zip(*(values.T for values in _continuations(data)), strict=True):
        line = _line_through(newest, target)
        if line is not None:
            warn_user(
                f"instance_norm={estimator.instance_norm!r} takes targets relative to the level of their window, but y "
                f"is the next step of X in another unit (y = {line[0]:.6g} * x + {line[1]:.6g}). Leave the scaler in "
                "front out, as LSTMRegressor scales inside; or scale y as well: "
                "TransformedTargetRegressor(model, transformer=StandardScaler())."
            )
            return


def _line_through(x, y):
    """Slope and intercept of a line that all pairs are on, where it is not y = x; else None."""
    spread = np.ptp(y) if len(y) >= N_ON_A_LINE else 0
    if not spread or not np.ptp(x):
        return None
    slope, intercept = np.polynomial.Polynomial.fit(x, y, 1).convert().coef[::-1]
    is_line = (np.abs(slope * x + intercept - y) <= 1e-4 * spread).all()
    return (slope, intercept) if is_line and (np.abs(x - y) > 1e-3 * spread).any() else None


def check_validation_set(estimator, data, X_val, y_val, sample_weight_val):
    """Check rows to validate on that the user gave, for a checked training set; the set with them."""
    X_val, y_val = as_numbers(X_val, "X_val", sequences=True), as_numbers(y_val, "y_val", sequences=True)
    sample_weight_val = as_numbers(sample_weight_val, "sample_weight_val")
    wanted = 3 if estimator._sequences else 2
    if n_dimensions(X_val) != wanted:
        raise ValueError(
            f"X_val has shape {np.shape(X_val)}, but X has {wanted} dimensions. (A pipeline transforms it as it does X "
            'with transform_input=["X_val"] only.)'
        )
    try:
        X = check_rows(estimator, X_val, reset=False)
        y, y_ndim = _check_targets(y_val, X, estimator._dtype)
        if y_ndim != data.y_ndim or y.shape[-1] != data.n_outputs:
            raise ValueError(
                f"y has {y_ndim} dimensions and {y.shape[-1]} outputs, that of the training rows {data.y_ndim} and "
                f"{data.n_outputs}."
            )
        if y_ndim == 3:
            _check_step_targets(X, y, estimator._dtype, data.gaps)
        weight = check_weights(sample_weight_val, X)
        rows = _with_a_step(X, np.flatnonzero(weight > 0), data.gaps)
    except ValueError as error:
        raise ValueError(f"In X_val, y_val, sample_weight_val: {error}") from error
    return replace(data, validation=TrainingSet(X, y, weight, rows, y_ndim, data.gaps))


def _with_a_step(X, rows, gaps):
    """Those of `rows` that have a present step; at least one must."""
    size = X.shape[1] * X.shape[2]
    some = [~gaps.skipped_steps(X[rows[chunk]]).all(axis=1) for chunk in row_chunks(len(rows), size)]
    rows = rows[np.concatenate(some)]
    if not len(rows):
        raise ValueError(f"No row to validate on has {_what_is_needed(gaps)}.")
    return rows


def _what_is_needed(gaps):
    """What a row must have to be read."""
    if not gaps.by_channel:
        return "a step with a value in every channel"
    return "a value in every target channel" if gaps.n_needed else "any value"


def check_rows(estimator, X, *, reset, input_name="X"):
    """Rows as (n_samples, n_steps, n_channels): sequences as they are, a table unflattened.

    NaN is allowed, infinity is not. What is copied is copied by a change of dtype alone.
    """
    name, X = type(estimator).__name__, as_numbers(X, input_name, sequences=True)
    ndim = n_dimensions(X)
    if ndim not in (2, 3):
        raise ValueError(
            f"{input_name} has {ndim} dimensions; {name} takes sequences (n_samples, n_steps, n_channels) or a table "
            "(n_samples, n_steps * n_channels). Reshape your data; make_windows cuts a series into such rows."
        )
    if not reset and (ndim == 3) != estimator._sequences:
        was = "sequences (n_samples, n_steps, n_channels)" if estimator._sequences else "a table (n_samples, n_columns)"
        hint = " One of them is X[:1]." if estimator._sequences and ndim == 2 else ""
        raise ValueError(
            f"{input_name} has {ndim} dimensions (shape {np.shape(X)}), but {name} was fitted on {was}.{hint}"
        )
    rows = _check_sequences if ndim == 3 else _check_table
    X = rows(estimator, X, reset)
    if reset:
        estimator._sequences, estimator._dtype = ndim == 3, X.dtype
        estimator._n_channels = X.shape[2]
    for chunk in row_chunks(len(X), X.shape[1] * X.shape[2]):
        _check_range(X[chunk], estimator._dtype, input_name)
    return X


def _check_range(values, dtype, input_name):
    """NaN may pass; infinity, and what is so large in the precision of the work that sums do not fit, may not."""
    limit = LARGEST[np.dtype(dtype)]
    high, low = (side.reduce(values, axis=None, initial=0) for side in (np.fmax, np.fmin))
    if float(max(high, -low)) > limit:
        raise ValueError(
            f"Input {input_name} contains infinity or a value too large for {np.dtype(dtype)}: up to ±{limit:g} is "
            "possible. Divide it."
        )


def _check_sequences(estimator, X, reset):
    name = type(estimator).__name__
    X = check_array(X, dtype=FLOATS, allow_nd=True, ensure_all_finite=False, input_name="X", estimator=estimator)
    if 0 in X.shape:
        raise ValueError(f"X has shape {X.shape}; {name} needs at least one sample, one step and one channel.")
    if reset:
        estimator.n_features_in_ = X.shape[2]
        vars(estimator).pop("feature_names_in_", None)
    elif X.shape[2] != estimator.n_features_in_:
        raise ValueError(f"X has {X.shape[2]} channels, but {name} was fitted on {estimator.n_features_in_}.")
    return X


def _check_table(estimator, X, reset):
    check_has_columns(X, "X")
    X = validate_data(estimator, X, reset=reset, dtype=FLOATS, ensure_all_finite=False)
    n_channels = estimator.n_channels if reset else estimator._n_channels
    if X.shape[1] % n_channels:
        raise ValueError(
            f"X has {X.shape[1]} columns, which n_channels={n_channels} does not divide: a row is "
            "n_steps * n_channels values, the step as the slow axis."
        )
    return X.reshape(len(X), -1, n_channels)


def _check_targets(y, X, dtype):
    """`y`, numbers, as (n_samples, n_outputs) or (n_samples, n_steps, n_outputs), and the dimensions it had."""
    check_has_columns(y, "y")
    y = check_array(
        y, dtype=FLOATS, ensure_2d=False, allow_nd=True, ensure_all_finite=False, input_name="y", ensure_min_samples=0
    )
    if y.ndim not in (1, 2, 3):
        raise ValueError(
            f"y has {y.ndim} dimensions; it may be (n_samples,), (n_samples, n_outputs) or "
            "(n_samples, n_steps, n_outputs)."
        )
    check_consistent_length(X, y)
    if 0 in y.shape:
        raise ValueError(f"y has shape {y.shape}: there is no target in it.")
    if y.ndim == 3 and y.shape[1] != X.shape[1]:
        raise ValueError(f"y has targets at {y.shape[1]} steps, but X has {X.shape[1]} steps.")
    if y.ndim < 3:
        if np.isnan(y).any():
            raise ValueError(
                "Input y contains NaN. Leave rows without a target out of X and y; or, in a pipeline, where that would "
                "close the gap in the windows, give them any target and sample_weight 0."
            )
        _check_range(y, dtype, "y")
    return (y[:, np.newaxis] if y.ndim == 1 else y), y.ndim


def _check_step_targets(X, y, dtype, gaps):
    """Targets at every step may be NaN only where the step is missing, and infinite nowhere."""
    for chunk in row_chunks(len(y), X.shape[1] * (X.shape[2] + y.shape[2])):
        present = y[chunk][~gaps.skipped_steps(X[chunk])]
        _check_range(present, dtype, "y")
        if np.isnan(present).any():
            raise ValueError("Input y contains NaN at a step that is present in X; only missing steps may have NaN.")


def _check_presence(data, reset):
    """The rows to learn from that have a present step; complains of channels that keep too many from it."""
    X, rows, gaps = data.X, data.rows, data.gaps
    n_steps, n_channels = X.shape[1:]
    seen, partial = np.zeros(n_channels, dtype=int), np.zeros(n_channels, dtype=int)
    has_step = np.ones(len(rows), dtype=bool)
    n_partial = 0
    for chunk in row_chunks(len(rows), n_steps * n_channels):
        part = X[rows[chunk]]
        missing, skipped = np.isnan(part), gaps.skipped_steps(part)
        seen += (~missing).sum(axis=(0, 1))
        some = skipped & ~missing.all(axis=2)
        partial += (missing & some[..., np.newaxis]).sum(axis=(0, 1))
        n_partial += int(some.sum())
        has_step[chunk] = ~skipped.all(axis=1)
    if reset or not gaps.by_channel:
        _check_seen(seen, "to learn from")
    if not has_step.any():
        raise ValueError(f"No row of X has {_what_is_needed(gaps)}: there is nothing to learn from.")
    if n_partial > 0.1 * len(rows) * n_steps:
        worst = int(np.argmax(partial))
        channels = channel_names(n_channels)
        advice = channels.advice(worst, "instance_norm=None" if gaps.by_channel else "missing='indicator'")
        warn_user(
            f"{n_partial} of {len(rows) * n_steps} steps are passed over although something is known there: "
            f"{channels.names[worst]} is missing at {int(partial[worst])} of them. {advice}"
        )
    return rows if has_step.all() else rows[has_step]


def _check_seen(seen, what_for):
    if not seen.all():
        name = channel_names(len(seen)).names[int(np.argmin(seen))]
        raise ValueError(f"{name[0].upper()}{name[1:]} has no value at all in the rows {what_for}.")


def check_every_channel(data):
    """Whether each channel has a value in the rows that are trained on, once it is known which these are."""
    if not data.gaps.by_channel:
        return  # a present step has them all
    seen = np.zeros(data.X.shape[2], dtype=int)
    for chunk in row_chunks(len(data.rows), data.X[0].size):
        seen += (~np.isnan(data.X[data.rows[chunk]])).sum(axis=(0, 1))
    _check_seen(seen, "that are trained on")


def check_step_answers(y, answers, sample_weight):
    """What `score` compares where there is an answer at every step: present steps as rows.

    Returns
    -------
    y, answers : ndarray of shape (n_present, n_outputs)
    sample_weight : ndarray of shape (n_present,) or None
    """
    y = check_array(y, dtype=FLOATS, ensure_2d=False, allow_nd=True, ensure_all_finite=False, input_name="y")
    if y.shape != answers.shape:
        raise ValueError(f"y has shape {y.shape}, but the answers have shape {answers.shape}.")
    present = ~np.isnan(answers).any(axis=2)
    if sample_weight is not None:
        weight = check_weights(sample_weight, answers)
        sample_weight = np.broadcast_to(weight[:, np.newaxis], present.shape)[present]
    return y[present], answers[present], sample_weight


def check_finite_answers(answers, X, every_step, gaps):
    """Whether answers for rows X are finite; at every step those at missing ones are NaN."""
    bad = ~np.isfinite(answers)
    if every_step and bad.any():
        bad[gaps.skipped_steps(X)] = False
    if bad.any():
        row = int(np.argwhere(bad)[0, 0])
        raise ValueError(
            f"The answer for row {row} of {len(X)} is not finite: the row is too far from those that were learnt from, "
            "or the weights are not finite. Look at the row; or fit anew, with a smaller learning_rate_init."
        )


def check_bounds(clip, shape):
    """Bounds (2, *shape) of forecasts from a pair that broadcasts to them; None where there are none."""
    if clip is False:
        return None
    try:
        low, high = (np.broadcast_to(np.asarray(side, dtype=np.float64), shape) for side in clip)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"clip must be True, False or a pair (low, high) that broadcasts to the shape {shape}, got {clip!r}."
        ) from error
    if not (low <= high).all():
        raise ValueError("clip must be a pair (low, high), but low is larger than high, or not a number.")
    return np.stack((low, high))


def check_future(X_future, n_windows, n_rows, n_channels, *, per_context, times=None):
    """The other channels of the steps that are appended, as (n_windows, n_rows, n_channels).

    Without contexts the user's array is (n_rows, n_channels), or (n_rows,) for a single channel;
    with contexts it has n_windows in front. `times` is the pandas index of these steps, if it is known.
    """
    shape, X_future = (n_windows, n_rows, n_channels), as_numbers(X_future, "X_future")
    if n_channels == 0 or n_rows == 0:
        if X_future is not None and np.size(X_future):
            why = "every channel is a target" if n_channels == 0 else "no step is appended before the only one forecast"
            raise ValueError(f"X_future must be None: {why}.")
        return np.empty(shape)
    wanted = shape if per_context else shape[1:]
    if X_future is None:
        when = "" if times is None else f", at {times[0]} … {times[-1]}"
        raise ValueError(
            f"X_future of shape {wanted} is needed: the channels that are not targets, for the steps appended{when}."
        )
    future = check_array(X_future, dtype=FLOATS, ensure_2d=False, allow_nd=True, input_name="X_future")
    if not per_context and n_channels == 1 and future.shape == (n_rows,):
        future = future[:, np.newaxis]
    if future.shape != wanted:
        raise ValueError(f"X_future has shape {future.shape}, expected {wanted}.")
    if times is not None and is_pandas(X_future) and isinstance(X_future.index, type(times)):
        _check_times(X_future.index, times)
    return future.reshape(shape)


def _check_times(given, times):
    if not given.equals(times):
        raise ValueError(
            f"X_future is for {given[0]} … {given[-1]}, but the steps appended are at {times[0]} … {times[-1]}: the "
            "forecast for a time reads a window that ends one step before it."
        )
