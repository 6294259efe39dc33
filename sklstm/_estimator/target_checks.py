"""Check that the targets suit `loss`, `loss_steps` and `instance_norm`."""

import numpy as np

from sklstm._estimator.sample_continuity import N_COMPARED, SamplePairs, last_targets
from sklstm._network.losses import loss_class
from sklstm._utils.user_warning import warn_user
from sklstm._utils.windows import row_chunks

# Fewer pairs may lie on a line by chance.
N_ON_A_LINE = 10


def check_targets_suit(regressor, data):
    """Check the targets of a training set and of its validation samples."""
    for name, part in (("y", data), ("y_val", data.validation)):
        if part is None:
            continue
        if regressor.loss_steps == "all":
            _check_next_steps(part, name)
        elif regressor.instance_norm is not None and part is data:
            _warn_of_units(regressor.instance_norm, part)
        if loss_class(regressor.loss).needs_nonnegative:
            _check_nonnegative(regressor, part, name)


def _check_nonnegative(regressor, data, name):
    """Raise an error if a target that counts is negative."""
    predicts_inner_steps = regressor.loss_steps != "last"
    chunks = row_chunks(len(data.rows), data.X[0].size)
    smallest = min(_smallest_target(data, data.rows[chunk], predicts_inner_steps) for chunk in chunks)
    if smallest < 0:
        raise ValueError(f"loss={regressor.loss!r} needs {name} >= 0, but the smallest target is {smallest}.")


def _smallest_target(data, rows, predicts_inner_steps):
    """Return the smallest target of some samples, including the steps inside them if these are predicted."""
    X, y = data.X[rows], data.y[rows]
    if data.every_step:
        return y[~data.missing_rule.skipped_steps(X)].min()
    inner = X[:, 1:, : y.shape[1]] if predicts_inner_steps else y
    return min(np.nanmin(y), np.nanmin(inner, initial=np.inf))


def _check_next_steps(data, name):
    """Raise an error if the samples are not windows of the target series."""
    if data.every_step:
        return
    if data.n_outputs != data.n_targets:
        raise ValueError(
            f"loss_steps='all' needs one output for each target channel, but {name} has {data.n_outputs} outputs for "
            f"n_targets={data.n_targets}: inside a sample, the target is the next step of these channels."
        )
    if data.X.shape[1] > 1 and _last_pairs(data).are_contradicted():
        raise ValueError(
            f"loss_steps='all' needs samples that are windows of the series {name}, but the target of a sample is not "
            "the newest step of the next sample. Targets must be the first channels of the next step (lead=1), in the "
            "same units. Do not scale or difference outside of the model, or choose loss_steps='last'."
        )


def _last_pairs(data):
    return SamplePairs.from_samples(data.X[-N_COMPARED:], last_targets(data.y, data.weight))


def _warn_of_units(instance_norm, data):
    """Warn of targets that are the next step in another unit, to which the level of a window does not apply."""
    if data.every_step or data.n_outputs != data.n_targets or data.X.shape[1] == 1:
        return
    for newest, target in zip(*(values.T for values in _last_pairs(data).comparable()), strict=True):
        line = _line_through(newest, target)
        if line is not None:
            warn_user(
                f"instance_norm={instance_norm!r} normalises a target by the level of its window, but y is the next "
                f"step of X in another unit (y = {line[0]:.6g} * x + {line[1]:.6g}). Remove the scaler in front, as "
                "LSTMRegressor scales inside; or scale y as well: "
                "TransformedTargetRegressor(model, transformer=StandardScaler())."
            )
            return


def _line_through(x, y):
    """Return slope and intercept of the line through all pairs; None if there is none, or if it is y = x."""
    spread = np.ptp(y) if len(y) >= N_ON_A_LINE else 0
    if not spread or not np.ptp(x):
        return None
    slope, intercept = np.polynomial.Polynomial.fit(x, y, 1).convert().coef[::-1]
    is_line = (np.abs(slope * x + intercept - y) <= 1e-4 * spread).all()
    return (slope, intercept) if is_line and (np.abs(x - y) > 1e-3 * spread).any() else None
