"""The objects in a checkpoint.

`CODEC` reads and writes them. `check_record` compares the sizes of what was read, before memory is taken for any size.
"""

import numpy as np

from sklstm._checkpoint.estimators import EstimatorSpec, Opaque
from sklstm._estimator.settings import new_loss
from sklstm._estimator.state_kinds import TRAINING_KINDS
from sklstm._estimator.training_record import SAVED
from sklstm._network.losses import LOSSES, Poisson
from sklstm._training.optimizers import AdamW
from sklstm._utils.attributes import NAMES
from sklstm._utils.plain_pandas import pandas_kinds
from sklstm._utils.plain_random import RANDOM_KINDS
from sklstm._utils.plain_state import Codec, Kind, instance, is_text

KINDS = (
    *RANDOM_KINDS,
    Kind.of_dataclass(EstimatorSpec, {"name": is_text, "parameters": instance(dict)}),
    Kind.of_dataclass(Opaque, {"name": is_text}),
    *TRAINING_KINDS,
)
CODEC = Codec(KINDS, pandas_kinds)


# ---- sizes


def check_record(record):
    """Raise ValueError if the parts of a TrainingRecord that was read do not fit each other."""
    state, network = record.state, record.state.network
    n_parameters, layout = len(state.theta), network.layout
    if layout.size != n_parameters:
        _refuse(f"{layout} does not have {n_parameters} parameters")
    if type(network.loss) is not LOSSES[state.settings["loss"]] or layout.n_values % network.loss.n_levels:
        _refuse(f"the loss {type(network.loss).__name__} does not fit {state.settings['loss']!r} or {layout}")
    expected = vars(new_loss(state.settings))
    if not all(np.array_equal(part, expected[name]) for name, part in vars(network.loss).items() if name != "spread"):
        _refuse(f"the loss is not that of loss={state.settings['loss']!r} with the other settings")
    if layout.n_channels % network.scaling.missing_rule.n_inputs_per_channel:
        _refuse(f"{layout} does not fit {network.scaling.missing_rule}")
    sizes = {
        "hidden_size": layout.hidden_size,
        "n_layers": layout.n_layers,
        "bidirectional": layout.n_directions == 2,
        "dropout": network.dropout,
        "instance_norm": network.scaling.instance_norm,
    }
    if state.settings["n_targets"] is not None:
        sizes["n_targets"] = network.scaling.n_targets
    for name, size in sizes.items():
        if state.settings[name] != size:
            _refuse(f"{name} is {state.settings[name]!r} in one place and {size!r} in another")
    _check_scaling(network)
    for name, found, shape in _shapes(record):
        if found.shape != shape:
            _refuse(f"{name} has the shape {found.shape}, not {shape}")
    _check_precision(record)
    _check_counts(state.progress, may_be_new=record.ending == SAVED and state.forecast_start is None)


def _refuse(message):
    raise ValueError(f"The parts of the state do not fit each other: {message}.")


def _check_scaling(network):
    """Check the shapes and signs of the parts of a Scaling."""
    scaling, n_channels, n_outputs = network.scaling, network.n_channels, network.n_outputs
    if scaling.n_targets > n_channels or n_outputs % scaling.n_targets:
        _refuse(f"{scaling.n_targets} target channels do not fit {n_channels} channels and {n_outputs} outputs")
    if scaling.missing_rule.n_needed > n_channels:
        _refuse(f"{scaling.missing_rule} does not fit {n_channels} channels")
    for name, found in vars(scaling).items():
        if isinstance(found, np.ndarray) and name.partition("_")[0] in ("channel", "target", "constant", "is"):
            rows = n_channels if name.startswith("channel") else n_outputs
            if found.shape != (rows, 1):
                _refuse(f"{name} has the shape {found.shape}, not {(rows, 1)}")
        if isinstance(found, np.ndarray) and name.endswith(("_scale", "_unit", "_spread")) and not (found > 0).all():
            _refuse(f"{name} is not above 0")
    _check_groups(scaling)


def _check_groups(scaling):
    typical, limits = scaling.typical_deviation, scaling.group_limits
    if typical is not None and (len(typical) != scaling.n_targets or not typical.shape[1]):
        _refuse(f"typical_deviation has the shape {typical.shape} for {scaling.n_targets} target channels")
    if limits is not None and (typical is None or limits.shape != (len(typical), typical.shape[1] - 1)):
        _refuse(f"group_limits has the shape {limits.shape}")
    if typical is not None and limits is None and typical.shape[1] != 1:
        _refuse(f"typical_deviation has the shape {typical.shape}, but there are no group_limits")


def _shapes(record):
    """Yield the name, the array and its shape for the arrays whose shapes are known."""
    state, network = record.state, record.state.network
    n_channels, n_outputs, whole_theta = network.n_channels, network.n_outputs, state.theta.shape
    start, window_range, progress = state.forecast_start, state.window_range, state.progress
    if window_range.n_targets != network.scaling.n_targets:
        _refuse(f"n_targets is {window_range.n_targets} in one place and {network.scaling.n_targets} in another")
    yield "empty_prediction", network.empty_prediction, (network.loss.n_levels, n_outputs)
    if start is not None:
        yield "window", start.window, (1, start.window.shape[1], n_channels)
        yield "target", start.target, (n_outputs,)
    yield "low", window_range.low, (n_channels,)
    yield "high", window_range.high, (n_channels,)
    if progress.best_theta is not None:
        yield "best_theta", progress.best_theta, whole_theta
    if state.optimizer is not None:
        yield "moments", state.optimizer.moments[0], whole_theta
    if isinstance(state.optimizer, AdamW):
        yield "decayed", state.optimizer.decayed, whole_theta
    if isinstance(network.loss, Poisson) and network.loss.spread.ndim:
        yield "spread", network.loss.spread, (n_outputs, 1)
    if record.evaluations is not None:
        yield "start", record.evaluations.start, whole_theta


def _check_precision(record):
    """Check that all parts have the precision of the weights."""
    state, spec = record.state, record.form["_input_spec"]
    parts = {"input_spec": spec.dtype, "empty_prediction": state.network.empty_prediction.dtype}
    if state.progress.best_theta is not None:
        parts["best_theta"] = state.progress.best_theta.dtype
    if state.optimizer is not None:
        parts["moments"] = state.optimizer.moments.dtype
    for name, dtype in parts.items():
        if dtype != state.theta.dtype:
            _refuse(f"{name} has the precision {dtype}, but the weights have {state.theta.dtype}")
    n_features, n_channels, names = record.form["n_features_in_"], spec.n_channels, record.form[NAMES]
    if n_channels != state.network.n_channels or n_features % n_channels:
        _refuse(f"{spec} does not fit {state.network.n_channels} channels and {n_features} columns")
    if names is not None and len(names) != n_features:
        _refuse(f"there are {len(names)} names of {n_features} columns")


def _check_counts(progress, may_be_new):
    """Check the history; only a model that was made from weights may have none."""
    validations = progress.losses if progress.validations is None else progress.validations
    if not len(progress.losses) == len(validations) == progress.n_epochs or not (progress.n_epochs or may_be_new):
        _refuse(f"there are {len(progress.losses)} losses of {progress.n_epochs} epochs")
    if progress.period_start > progress.n_epochs or progress.best_epoch > progress.n_epochs:
        _refuse(f"an epoch is later than the last one, {progress.n_epochs}")
