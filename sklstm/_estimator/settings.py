"""From the hyper-parameters of a regressor to the parts that do the work.

Functions here take an `LSTMRegressor` whose parameters are valid each by itself, and check how they
go together.
"""

import numpy as np

from sklstm._network.gaps import SKIP, Gaps
from sklstm._network.layout import Layout
from sklstm._network.losses import loss_class, make_loss
from sklstm._network.network import PREDICTION_ROWS
from sklstm._training.lbfgs import LBFGSTrainer
from sklstm._training.loop import Trainer
from sklstm._training.optimizers import SGD, Adam, AdamW, RMSprop
from sklstm._training.schedules import Schedule

# What cannot change while training continues.
FIXED = (
    "hidden_size",
    "n_layers",
    "bidirectional",
    "dropout",
    "n_channels",
    "n_targets",
    "instance_norm",
    "standardize",
    "missing",
    "loss",
    "delta",
    "quantile",
    "loss_steps",
)

BATCH_SIZE = 32  # at most, where it is "auto"


def check_settings(model):
    """Complain of parameters that do not go together."""
    if loss_class(model.loss).needs_nonnegative and model.instance_norm is not None:
        raise ValueError(
            f"loss={model.loss!r} needs targets >= 0, but instance_norm={model.instance_norm!r} makes them relative to "
            "their window. Choose instance_norm=None."
        )
    if model.loss_steps == "all" and model.bidirectional:
        raise ValueError(
            "loss_steps='all' asks at every step for the next one, which bidirectional=True has read already. Choose "
            "one of them."
        )
    if model.solver == "lbfgs" and model.dropout:
        raise ValueError(
            f"solver='lbfgs' needs a loss that stays the same, which dropout={model.dropout} changes at random. Choose "
            "another solver."
        )
    if model.validation_gap and model.validation_split == "random":
        raise ValueError(
            f"validation_gap={model.validation_gap} has no meaning with validation_split='random': rows have no order."
        )
    quantile_levels(model)


def quantile_levels(model):
    """The levels of `quantile` as a tuple."""
    try:
        levels = np.atleast_1d(np.asarray(model.quantile, dtype=float))
    except (TypeError, ValueError):
        levels = np.empty(0)
    is_increasing = levels.ndim == 1 and len(levels) and (np.diff(levels, prepend=0, append=1) > 0).all()
    if not is_increasing:
        raise ValueError(f"quantile must be one number in (0, 1) or several, increasing; got {model.quantile!r}.")
    return tuple(levels.tolist())


def new_loss(model):
    """The loss that is minimised."""
    return make_loss(model.loss, delta=model.delta, quantile=quantile_levels(model))


def new_layout(model, n_channels, n_values):
    """The sizes of the network."""
    n_inputs = n_channels * new_gaps(model, n_channels, 1).n_inputs_per_channel
    return Layout(n_inputs, model.hidden_size, n_values, model.n_layers, 2 if model.bidirectional else 1)


def new_gaps(model, n_channels, n_outputs):
    """What missing values do."""
    if model.missing == "skip":
        return SKIP
    needs = model.instance_norm is not None
    return Gaps(by_channel=True, n_needed=targets_meant(model, n_channels, n_outputs) if needs else 0)


def targets_meant(model, n_channels, n_outputs):
    """How many of the first channels are predicted, by the parameter or, without it, by the sizes."""
    if model.n_targets is not None:
        return model.n_targets
    return n_outputs if n_outputs <= n_channels else 1


def number_of_targets(model, n_channels, n_outputs):
    """The same; complains where it does not fit the sizes."""
    n_targets = targets_meant(model, n_channels, n_outputs)
    if n_targets > n_channels or n_outputs % n_targets:
        raise ValueError(
            f"n_targets={n_targets} does not fit: there are {n_channels} channels and {n_outputs} outputs. It may "
            "be no more than the channels, and must divide the outputs."
        )
    return n_targets


def fixed_settings(model):
    """The parameters that cannot change while training continues, by name."""
    return {**{name: getattr(model, name) for name in FIXED}, "quantile": quantile_levels(model)}


def new_optimizer(model, layout, theta):
    """The optimiser; None for L-BFGS, which keeps nothing from one call to the next."""
    match model.solver:
        case "adam":
            return Adam(theta, model.beta_1, model.beta_2, model.epsilon)
        case "adamw":
            decayed = layout.is_weight(theta.dtype)
            return AdamW(theta, model.beta_1, model.beta_2, model.epsilon, model.alpha, decayed)
        case "rmsprop":
            return RMSprop(theta, model.rho, model.epsilon)
        case "sgd":
            return SGD(theta, model.momentum, model.nesterovs_momentum)


def penalty(model):
    """Strength of the penalty in the loss; AdamW shrinks the weights itself."""
    return 0.0 if model.solver == "adamw" else model.alpha


def batch_size(model, n_rows):
    """Rows per update, of so many; not for L-BFGS."""
    return min(BATCH_SIZE if model.batch_size == "auto" else model.batch_size, n_rows)


def new_trainer(model, n_rows, n_epochs):
    """How to train on so many rows for at most so many epochs."""
    if model.solver == "lbfgs":
        return LBFGSTrainer(n_epochs, model.max_fun, model.tol, min(PREDICTION_ROWS, n_rows))
    return Trainer(
        n_epochs=n_epochs,
        period=model.max_iter,
        batch_size=batch_size(model, n_rows),
        schedule=Schedule(model.learning_rate, model.learning_rate_init, model.power_t),
        clip_value=model.clip_value,
        clip_norm=model.clip_norm,
        shuffle=model.shuffle,
    )
