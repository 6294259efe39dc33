"""The objects in a fitted `LSTMRegressor` or `WindowTransformer`, and what each may consist of.

Checkpoints hold the `TRAINING_KINDS`, each part of which is tested when one is read. Pickles hold all of them, and
those that a Forecaster adds.
"""

import numpy as np
from sklearn.utils._param_validation import validate_parameter_constraints

from sklstm._estimator.forecast_start import ForecastStart
from sklstm._estimator.given_scaling import GivenScaling
from sklstm._estimator.input_checks import InputSpec
from sklstm._estimator.regressor import LSTMRegressor
from sklstm._estimator.settings import FIXED, new_loss
from sklstm._estimator.training_record import SAVED, TrainingRecord
from sklstm._estimator.training_state import TrainingState
from sklstm._estimator.training_table import TrainingTable
from sklstm._estimator.window_transformer import FittedParameters
from sklstm._network.layout import Layout
from sklstm._network.losses import AbsoluteError, Huber, Loss, Poisson, Quantile, SquaredError
from sklstm._network.missing_values import MissingRule
from sklstm._network.network import Network
from sklstm._network.scaling import INSTANCE_NORMS, Scaling
from sklstm._time_index.steps import IndexEnd
from sklstm._training.lbfgs import Evaluations
from sklstm._training.loop import CONVERGED, EXHAUSTED, OUT_OF_UPDATES, STUCK
from sklstm._training.optimizers import SGD, Adam, AdamW, MomentOptimizer, RMSprop
from sklstm._training.progress import Progress
from sklstm._utils.attributes import NAMES
from sklstm._utils.forecast_bounds import WindowRange
from sklstm._utils.plain_estimators import estimator_kinds
from sklstm._utils.plain_labels import LABEL_KINDS
from sklstm._utils.plain_pandas import saved_pandas_kinds
from sklstm._utils.plain_random import RANDOM_KINDS
from sklstm._utils.plain_state import (
    Kind,
    array,
    instance,
    is_flag,
    is_hashable,
    is_text,
    number,
    one_of,
    optional,
    tuple_of,
    whole,
)
from sklstm._utils.saved_state import LateKinds, StateCodec
from sklstm._utils.training_log import Unfinished

_COLUMN = optional(array(2))
_SHARE = number(0, 1)


def _is_settings(value):
    """Whether a value can be `TrainingState.settings`."""
    if not isinstance(value, dict) or value.keys() != set(FIXED):
        return False
    constraints = {name: LSTMRegressor._parameter_constraints[name] for name in FIXED}
    try:
        validate_parameter_constraints(constraints, value, "TrainingState")
        new_loss(value)
    except (ValueError, TypeError):
        return False
    return tuple_of(number(0, 1))(value["quantile"])


def _is_form(value):
    """Whether a value can be the attributes that describe samples."""
    tests = {"n_features_in_": whole(1), NAMES: optional(_are_names), "_input_spec": instance(InputSpec)}
    return isinstance(value, dict) and value.keys() == tests.keys() and all(tests[key](value[key]) for key in tests)


def _are_names(value):
    return isinstance(value, np.ndarray) and value.dtype == object and all(map(is_text, value))


def _is_fingerprint(value):
    """Whether a value can be `TrainingState.fingerprint`: the shape of the samples, and numbers."""
    return (
        isinstance(value, tuple) and len(value) >= 1 and tuple_of(whole())(value[0]) and all(map(number(), value[1:]))
    )


def _of_floats(ndim):
    """Test for any floating-point array: during a line search, a loss may overflow."""
    return lambda value: (
        isinstance(value, np.ndarray) and value.ndim == ndim and value.dtype in (np.float32, np.float64)
    )


def _is_name(value):
    """Whether a value can be the name of a Series, or the columns of a DataFrame."""
    return is_hashable(value) or hasattr(value, "get_indexer")


def _progress_parts(progress):
    """Return the parts of a Progress; of the lists, which it shares with others, only those that belong to it."""
    validations = progress.validations
    return vars(progress) | {
        "losses": np.array(progress.loss_curve, np.float64),
        "validations": None if validations is None else np.array(validations[: progress.n_epochs], np.float64),
    }


def _make_progress(losses, validations, **others):
    if validations is not None and validations.shape != (len(losses), 2):
        raise ValueError(f"validations have the shape {validations.shape}")
    pairs = None if validations is None else list(map(tuple, validations.tolist()))
    return Progress(losses=losses.tolist(), validations=pairs, **others)


_ANY_NUMBER = number(may_be_nan=True)
PROGRESS = Kind(
    "Progress",
    Progress,
    {
        "n_epochs": whole(),
        "losses": _of_floats(1),
        "validations": optional(_of_floats(2)),
        "loss": _ANY_NUMBER,
        "validation_loss": _ANY_NUMBER,
        "score": _ANY_NUMBER,
        "smallest_loss": _ANY_NUMBER,
        "watches_validation": is_flag,
        "best_loss": _ANY_NUMBER,
        "best_epoch": whole(),
        "best_theta": optional(array(1)),
        "best_score": _ANY_NUMBER,
        "n_stale": whole(),
        "n_seen": whole(),
        "n_updates": whole(),
        "n_cuts": whole(),
        "period_start": whole(),
    },
    _progress_parts,
    _make_progress,
)


# ---- optimisers


def _optimizer_kind(cls, tests):
    """Make the Kind of an optimiser, whose constructor takes a vector and the other parts that `tests` names."""

    def make(n_updates, moments, **settings):
        optimizer = cls(np.empty(moments.shape[1], moments.dtype), **settings)
        if optimizer.moments.shape != moments.shape:
            raise ValueError(f"moments have the shape {moments.shape}")
        optimizer.n_updates, optimizer.moments = n_updates, moments
        return optimizer

    return Kind.of_class(cls, {"n_updates": whole(), "moments": array(2)} | tests, make)


_BETAS = {"beta_1": _SHARE, "beta_2": _SHARE, "epsilon": number(0)}
OPTIMIZERS = (
    _optimizer_kind(SGD, {"momentum": _SHARE, "nesterov": is_flag}),
    _optimizer_kind(Adam, _BETAS),
    _optimizer_kind(AdamW, _BETAS | {"weight_decay": number(0), "decayed": array(1)}),
    _optimizer_kind(RMSprop, {"rho": _SHARE, "epsilon": number(0)}),
)


# ---- L-BFGS


def _evaluations_parts(evaluations):
    n, gradients = len(evaluations), evaluations.gradients
    stacked = np.stack(gradients) if n else np.empty((0, *evaluations.start.shape), evaluations.start.dtype)
    return {
        "start": evaluations.start,
        "marks": np.array(evaluations.marks, np.int64),
        "losses": np.array(evaluations.losses, np.float64),
        "gradients": stacked,
    }


def _make_evaluations(start, marks, losses, gradients):
    if not len(marks) == len(losses) == len(gradients) or gradients.shape[1:] != start.shape:
        raise ValueError(f"they have the lengths {len(marks)}, {len(losses)} and the shape {gradients.shape}")
    return Evaluations(start, marks.tolist(), losses.tolist(), list(gradients))


# ---- all of them

TRAINING_KINDS = (
    PROGRESS,
    *OPTIMIZERS,
    Kind(
        "Evaluations",
        Evaluations,
        {"start": array(1), "marks": array(1, "i"), "losses": _of_floats(1), "gradients": _of_floats(2)},
        _evaluations_parts,
        _make_evaluations,
    ),
    Kind.of_class(SquaredError, {}),
    Kind.of_class(AbsoluteError, {}),
    Kind.of_class(Huber, {"delta": number(0)}),
    Kind.of_class(Quantile, {"levels": array(1)}),
    Kind.of_class(Poisson, {"spread": array((0, 2))}),
    Kind.of_dataclass(MissingRule, {"by_channel": is_flag, "n_needed": whole()}),
    Kind.of_dataclass(
        Scaling,
        {
            "n_targets": whole(1),
            "instance_norm": optional(one_of(*INSTANCE_NORMS)),
            "typical_deviation": _COLUMN,
            "channel_mean": _COLUMN,
            "channel_scale": _COLUMN,
            "target_mean": _COLUMN,
            "target_scale": _COLUMN,
            "target_spread": _COLUMN,
            "channel_unit": _COLUMN,
            "target_unit": _COLUMN,
            "constant": optional(array(2, may_be_nan=True)),
            "is_constant": optional(array(2, "b")),
            "missing_rule": instance(MissingRule),
            "group_limits": _COLUMN,
        },
    ),
    Kind.of_dataclass(
        Layout,
        {
            "n_channels": whole(1),
            "hidden_size": whole(1),
            "n_values": whole(1),
            "n_layers": whole(1),
            "n_directions": whole(1, 2),
        },
    ),
    Kind.of_dataclass(
        Network,
        {
            "layout": instance(Layout),
            "every_step": is_flag,
            "loss": instance(Loss),
            "scaling": instance(Scaling),
            "empty_prediction": array(2),
            "dropout": number(0, 1),
        },
    ),
    Kind.of_dataclass(
        InputSpec,
        {
            "is_sequence": is_flag,
            "n_channels": whole(1),
            "dtype": instance(np.dtype),
            "n_steps": whole(),
            "is_told": is_flag,
        },
    ),
    Kind.of_dataclass(
        WindowRange,
        {"low": array(1, may_be_nan=True), "high": array(1, may_be_nan=True), "n_targets": whole(1)},
    ),
    Kind.of_dataclass(
        IndexEnd,
        {"last": is_hashable, "step": is_hashable, "name": is_hashable, "time_of_day": is_hashable},
    ),
    Kind.of_dataclass(
        ForecastStart,
        {
            "window": array(3, may_be_nan=True),
            "target": array(1, may_be_nan=True),
            "is_continuous": is_flag,
            "others_follow": is_flag,
            "is_pandas": is_flag,
            "end": optional(instance(IndexEnd)),
            "names": _is_name,
        },
    ),
    Kind.of_dataclass(
        TrainingState,
        {
            "network": instance(Network),
            "settings": _is_settings,
            "y_ndim": whole(1, 3),
            "forecast_start": optional(instance(ForecastStart)),
            "window_range": instance(WindowRange),
            "fingerprint": _is_fingerprint,
            "split_seed": whole(0, 2**31),
            "rng": instance(np.random.Generator),
            "progress": instance(Progress),
            "optimizer": optional(instance(MomentOptimizer)),
            "max_updates": optional(whole(1)),
            "theta": array(1),
        },
    ),
    Kind.of_dataclass(
        TrainingRecord,
        {
            "checksums": instance(dict),
            "form": _is_form,
            "state": instance(TrainingState),
            "continues": is_flag,
            "keeps_best": is_flag,
            "ending": optional(one_of(CONVERGED, EXHAUSTED, OUT_OF_UPDATES, STUCK, SAVED)),
            "evaluations": optional(instance(Evaluations)),
        },
    ),
)
STATE_KINDS = (
    *RANDOM_KINDS,
    *LABEL_KINDS,
    *TRAINING_KINDS,
    *map(Kind.of_fields, (Unfinished, FittedParameters, TrainingTable, GivenScaling)),
)
LATE_KINDS: LateKinds = {"sklearn": estimator_kinds, "pandas": saved_pandas_kinds}
STATE_CODEC = StateCodec(STATE_KINDS, LATE_KINDS)
