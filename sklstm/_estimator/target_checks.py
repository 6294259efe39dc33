"""Check that the targets suit `loss`, `loss_steps` and `instance_norm`."""

import numpy as np

from sklstm._estimator.sample_continuity import N_COMPARED, SamplePairs, last_targets
from sklstm._network.losses import loss_class
from sklstm._network.scaling import WITH_DEVIATION
from sklstm._utils.overflow import power_of_two
from sklstm._utils.user_warning import warn_user
from sklstm._utils.windows import row_chunks

# The largest targets that are accepted, by precision, if a loss squares them as they are.
LARGEST_TO_SQUARE = {np.dtype(np.float32): 1e17, np.dtype(np.float64): 1e150}

# A range of fewer units in the last place is mostly rounding.
FEWEST_ROUNDED = 100

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
        _warn_of_rounding(part, name)
        if loss_class(regressor.loss).squares:
            _check_squares(regressor, part, name)
        if loss_class(regressor.loss).needs_nonnegative:
            _check_nonnegative(regressor, part, name)


def _warn_of_rounding(data, name):
    """Warn of targets in float64 whose changes are lost in the float32 of X, as those of 1 on a level of 1e9 are."""
    if data.X.dtype != np.float32 or data.y.dtype == np.float32:
        return
    y = data.y[data.rows].reshape(-1, data.n_outputs)
    low, high = np.fmin.reduce(y), np.fmax.reduce(y)
    change, largest = high - low, np.fmax(np.abs(low), np.abs(high))
    is_lost = (change > FEWEST_ROUNDED * np.finfo(np.float64).eps * largest) & (
        change < FEWEST_ROUNDED * np.finfo(np.float32).eps * largest
    )
    if is_lost.any():
        column = int(np.argmax(is_lost))
        warn_user(
            f"{name} varies from {low[column]:.17g} to {high[column]:.17g}, which is little more than the rounding of "
            f"float32, the precision of X. Give X in float64, or subtract a constant from {name}."
        )


def _check_squares(regressor, data, name):
    """Raise an error if targets are not scaled, and are so large that their squares overflow."""
    if regressor.standardize or regressor.instance_norm in WITH_DEVIATION:
        return
    limit, is_relative = LARGEST_TO_SQUARE[data.X.dtype], regressor.instance_norm is not None
    # the steps inside of X are targets too, or targets are relative to them
    parts = [data.y, data.X] if is_relative or regressor.loss_steps != "last" else [data.y]
    low, high = (_extreme_target(side, parts, data) for side in (np.fmin, np.fmax))
    if (high - low if is_relative else max(high, -low)) > limit:
        raise ValueError(
            f"{name} has targets from {low:.3g} to {high:.3g}. loss={regressor.loss!r} squares them, which overflows "
            f"{data.X.dtype} beyond {limit:g}. Set standardize=True, or divide X and {name} by a constant."
        )


def _extreme_target(side, parts, data):
    """Return np.fmin or np.fmax of the target channels of arrays (n, …, F), over the samples that take part."""
    chunks = [data.rows[chunk] for chunk in row_chunks(len(data.rows), data.X[0].size)]
    found = [side.reduce(part[rows][..., : data.n_outputs], axis=None) for part in parts for rows in chunks]
    return float(side.reduce(found))


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
    if not spread or not np.ptp(x) or not (np.abs(x - y) > 1e-3 * spread).any():
        return None
    (x, x_unit), (y, y_unit) = map(_in_unit, (x, y))
    slope, intercept = np.polynomial.Polynomial.fit(x, y, 1).convert().coef[::-1].tolist()
    is_line = (np.abs(slope * x + intercept - y) <= 1e-4 * np.ptp(y)).all()
    return (slope * (y_unit / x_unit), intercept * y_unit) if is_line else None


def _in_unit(values):
    """Divide by a power of two near the largest value, so that no product overflows; return it too."""
    values = values.astype(np.float64)
    unit = float(power_of_two(np.abs(values).max()))
    return values / unit, unit
