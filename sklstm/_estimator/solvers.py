"""Solvers: from the parameter `solver` of `LSTMRegressor` to an optimiser and a training loop.

To add one, enter it in `SOLVERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sklstm._network.network import CHUNK_ROWS
from sklstm._training.lbfgs import LBFGSTrainer
from sklstm._training.loop import OUT_OF_UPDATES, Trainer
from sklstm._training.optimizers import SGD, Adam, AdamW, MomentOptimizer, RMSprop
from sklstm._training.schedules import Schedule

if TYPE_CHECKING:
    from sklstm._estimator.regressor import LSTMRegressor
    from sklstm._network.layout import Layout
    from sklstm._utils.typing import FloatArray

AUTO, LARGE = "auto", "large"  # named choices of `batch_size`; `max_updates` has "auto", too
BATCH_SIZE = 32  # the largest batch for batch_size="auto"
# batch_size="large": the largest batch with few samples, that with many samples, and how many samples are many
LARGE_BATCH_SIZE, LARGEST_BATCH_SIZE, MANY_SAMPLES = 64, 128, 3000
# max_updates="auto": so many epochs, between so few and so many updates
AUTO_EPOCHS, FEWEST_UPDATES, MOST_UPDATES = 10, 200, 1000


@dataclass(frozen=True)
class Solver:
    """A solver that trains in batches.

    Parameters
    ----------
    new_optimizer : callable (regressor, layout, theta) -> MomentOptimizer or None
        Makes the optimiser. It is None if nothing is kept from one call to the next.
    decays_weights : bool, default=False
        Whether the optimiser decays the weights by `alpha` itself, so that the loss has no penalty.
    """

    new_optimizer: Callable[[LSTMRegressor, Layout, FloatArray], MomentOptimizer | None]
    decays_weights: bool = False

    uses_batches: ClassVar[bool] = True  # else it needs the same loss of all samples at each evaluation

    def penalty(self, regressor):
        """Return the strength of the penalty in the loss."""
        return 0.0 if self.decays_weights else regressor.alpha

    def trains_in_one_batch(self, regressor, n_rows):
        """Whether every update uses all samples."""
        return _batch_size(regressor, n_rows) == n_rows

    def new_trainer(self, regressor, n_rows, n_epochs, max_updates=None):
        """Make the trainer for `n_rows` samples, and at most `n_epochs` epochs and `max_updates` updates."""
        return Trainer(
            n_epochs=n_epochs,
            period=regressor.max_iter,
            batch_size=_batch_size(regressor, n_rows),
            schedule=Schedule(regressor.learning_rate, regressor.learning_rate_init, regressor.power_t),
            clip_value=regressor.clip_value,
            clip_norm=regressor.clip_norm,
            shuffle=regressor.shuffle,
            max_updates=max_updates,
        )

    def exhausted_message(self, regressor, ending):
        """Say what ended training before it converged; None if training is meant to end there."""
        if regressor.learning_rate == "cosine":
            return None
        if ending == OUT_OF_UPDATES:
            return (
                f"Stochastic Optimizer: Maximum updates ({regressor.max_updates_}) reached and the optimization hasn't "
                f"converged yet. Increase max_updates (max_iter={regressor.max_iter} is the other limit) or "
                "learning_rate_init."
            )
        return (
            f"Stochastic Optimizer: Maximum iterations ({regressor.max_iter}) reached and the optimization hasn't "
            "converged yet. Increase max_iter or learning_rate_init."
        )


class LBFGS(Solver):
    """L-BFGS, which uses all samples at each update and has no learning rate."""

    uses_batches = False

    def trains_in_one_batch(self, regressor, n_rows):
        return True

    def new_trainer(self, regressor, n_rows, n_epochs, max_updates=None):
        return LBFGSTrainer(n_epochs, regressor.max_fun, regressor.tol, min(CHUNK_ROWS, n_rows))

    def exhausted_message(self, regressor, ending):
        return (
            f"L-BFGS reached max_iter={regressor.max_iter} iterations or max_fun={regressor.max_fun} evaluations and "
            "the optimization hasn't converged yet. Increase them."
        )


def _batch_size(regressor, n_rows):
    """Return the number of samples in a batch."""
    large = LARGEST_BATCH_SIZE if n_rows >= MANY_SAMPLES else LARGE_BATCH_SIZE
    return min({AUTO: BATCH_SIZE, LARGE: large}.get(regressor.batch_size, regressor.batch_size), n_rows)


def resolve_max_updates(regressor, n_rows):
    """Return the largest number of updates in one `fit` on `n_rows` samples; None if `max_iter` alone limits it."""
    if regressor.max_updates != AUTO:
        return regressor.max_updates
    n_updates = AUTO_EPOCHS * n_rows / _batch_size(regressor, n_rows)
    return round(min(max(n_updates, FEWEST_UPDATES), MOST_UPDATES))


def _sgd(regressor, layout, theta):
    return SGD(theta, regressor.momentum, regressor.nesterovs_momentum)


def _adam(regressor, layout, theta):
    return Adam(theta, regressor.beta_1, regressor.beta_2, regressor.epsilon)


def _adamw(regressor, layout, theta):
    decayed = layout.is_weight(theta.dtype)
    return AdamW(theta, regressor.beta_1, regressor.beta_2, regressor.epsilon, regressor.alpha, decayed)


def _rmsprop(regressor, layout, theta):
    return RMSprop(theta, regressor.rho, regressor.epsilon)


SOLVERS = {
    "adam": Solver(_adam),
    "adamw": Solver(_adamw, decays_weights=True),
    "rmsprop": Solver(_rmsprop),
    "sgd": Solver(_sgd),
    "lbfgs": LBFGS(lambda regressor, layout, theta: None),
}


def solver_of(regressor):
    """Return the solver of a regressor; that of the default for an unknown one, which parameter validation refuses."""
    known = isinstance(regressor.solver, str) and regressor.solver in SOLVERS
    return SOLVERS[regressor.solver if known else "adam"]


def partial_fit_obstacle(regressor):
    """Return the parameter with which `partial_fit` cannot continue, and a value with which it can; None if it can.

    L-BFGS starts again in each call, and early stopping needs held-out samples.
    """
    if not solver_of(regressor).uses_batches:
        return "solver", "adam"
    return ("early_stopping", False) if regressor.early_stopping else None
