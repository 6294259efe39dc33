"""Check the parameters of `LSTMRegressor` together; make the loss, the layout and the rule for missing values.

Each parameter has been validated by itself before.
"""

import numpy as np

from sklstm._estimator.solvers import solver_of
from sklstm._network.initializers import CHRONO
from sklstm._network.layout import Layout
from sklstm._network.losses import loss_class, make_loss
from sklstm._network.missing_values import SKIP, SKIP_STEPS, MissingRule
from sklstm._utils.argument_checks import shown
from sklstm._utils.memory import check_memory
from sklstm._utils.numeric_input import as_numbers

# The weight, its gradient and two moments in single precision.
BYTES_PER_PARAMETER = 16

# The parameters that cannot change while training continues.
FIXED = (
    "hidden_size",
    "n_layers",
    "bidirectional",
    "dropout",
    "forget_bias",
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


def check_settings(regressor):
    """Check that the parameters suit each other; return those that cannot change while training continues."""
    check_forget_bias(regressor)
    if loss_class(regressor.loss).needs_nonnegative and regressor.instance_norm is not None:
        raise ValueError(
            f"loss={regressor.loss!r} needs targets >= 0, but instance_norm={regressor.instance_norm!r} normalises "
            "them to values of either sign. Choose instance_norm=None."
        )
    if regressor.loss_steps == "all" and regressor.bidirectional:
        raise ValueError(
            "loss_steps='all' predicts the next step at every step, but with bidirectional=True the network has read "
            "the next step already. Choose one of them."
        )
    if not solver_of(regressor).uses_batches and regressor.dropout:
        raise ValueError(
            f"solver={regressor.solver!r} needs the same loss at each evaluation, but dropout={regressor.dropout} "
            "changes it at random. Choose another solver, or dropout=0."
        )
    if not solver_of(regressor).uses_batches and regressor.max_updates is not None:
        raise ValueError(
            f"max_updates={regressor.max_updates!r} limits the updates of solvers that train in batches, which "
            f"solver={regressor.solver!r} does not. Choose max_updates=None and set max_iter, or choose another solver."
        )
    if regressor.validation_gap and regressor.validation_split == "random":
        raise ValueError(
            f"validation_gap={regressor.validation_gap} has no meaning with validation_split='random', where "
            "samples have no order. Choose validation_gap=0, or validation_split='last'."
        )
    settings = {name: getattr(regressor, name) for name in FIXED}
    return settings | {"quantile": quantile_levels(regressor)}


def check_forget_bias(regressor):
    """Raise an error for a boolean, by which a user may mean to switch the bias on."""
    if isinstance(regressor.forget_bias, bool | np.bool_):
        raise ValueError(
            f"forget_bias must be a number or {CHRONO!r}, got {regressor.forget_bias}. The default is forget_bias=1.0."
        )


def quantile_levels(regressor):
    """Return the levels of `quantile` as a tuple of float."""
    try:
        levels = np.atleast_1d(np.asarray(as_numbers(regressor.quantile, "quantile"), dtype=float))
    except (TypeError, ValueError):
        levels = np.empty(0)
    is_inside = levels.ndim == 1 and len(levels) and ((levels > 0) & (levels < 1)).all()
    is_increasing = is_inside and (np.diff(levels) > 0).all()
    if not is_increasing:
        raise ValueError(
            f"quantile must be one number in (0, 1), or several in increasing order; got {shown(regressor.quantile)}."
        )
    return tuple(levels.tolist())


def new_loss(settings):
    """Make the loss from the settings that `check_settings` returns."""
    return make_loss(settings["loss"], delta=settings["delta"], quantile=settings["quantile"])


def new_layout(regressor, n_inputs, n_values):
    """Make the layout of a network with `n_inputs` at each step, whose read-out has `n_values`.

    Raises
    ------
    ValueError
        If memory cannot hold the network.
    """
    n_directions = 2 if regressor.bidirectional else 1
    layout = Layout(n_inputs, regressor.hidden_size, n_values, regressor.n_layers, n_directions)
    what = f"hidden_size={shown(layout.hidden_size)} with n_layers={shown(layout.n_layers)}"
    check_memory(layout.size * BYTES_PER_PARAMETER, what, "Choose a smaller network.")
    return layout


def new_missing_rule(regressor, n_targets):
    """Return the rule for missing values."""
    if regressor.missing == SKIP_STEPS:
        return SKIP
    return MissingRule(by_channel=True, n_needed=0 if regressor.instance_norm is None else n_targets)


def resolve_loss_steps(loss_steps, bidirectional, targets_are_next_steps):
    """Return the steps that the loss counts, "all" or "last"; `loss_steps="auto"` depends on the targets."""
    if loss_steps != "auto":
        return loss_steps
    return "all" if targets_are_next_steps and not bidirectional else "last"


def number_of_targets(regressor, n_channels, n_outputs):
    """Return how many of the first channels are targets: `n_targets` or, if it is None, by the shapes."""
    n_targets = regressor.n_targets
    if n_targets is None:
        n_targets = n_outputs if n_outputs <= n_channels else 1
    if n_targets > n_channels or n_outputs % n_targets:
        raise ValueError(
            f"n_targets={n_targets} does not fit {n_channels} channels and {n_outputs} outputs. It may be at most the "
            "number of channels, and must divide the number of outputs."
        )
    return n_targets
