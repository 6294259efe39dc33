"""Training with L-BFGS on all samples at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from sklstm._training.loop import CONVERGED, EXHAUSTED, INTERRUPTED, STUCK, Monitor, keeps_weights
from sklstm._training.progress import Progress
from sklstm._training.protocols import Optimizer, WholeObjective

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray, FloatDType


class _StopMinimizer(Exception):
    """Raised in a callback to stop SciPy's minimiser. StopIteration would do so only from SciPy 1.11 on."""


class _Result(Protocol):
    """The attributes of SciPy's `OptimizeResult` that are used."""

    x: FloatArray
    fun: float
    status: int


@dataclass(frozen=True)
class LBFGSTrainer:
    """Settings of L-BFGS: Liu and Nocedal (1989), in SciPy's implementation.

    Parameters
    ----------
    max_iter, max_fun : int
        Maximum number of iterations and of evaluations of the loss.
    tol : float
        Training has converged when no element of the gradient is larger. `Monitor.tol` applies as well.
    batch_size : int
        Number of samples that the objective evaluates at once.
    """

    max_iter: int
    max_fun: int
    tol: float
    batch_size: int

    def run(
        self,
        theta: FloatArray,
        objective: WholeObjective,
        optimizer: Optimizer | None,
        rng: np.random.Generator,
        progress: Progress,
        monitor: Monitor,
    ) -> str:
        """Train `theta` in place, as `Trainer.run`. An iteration is an epoch. `optimizer` and `rng` are not used."""
        n_before, evaluate = progress.n_epochs, _Evaluations(objective, theta.dtype, progress)

        def after_iteration(x: FloatArray) -> None:
            theta[...] = x
            monitor.begin_epoch()
            if monitor.after_epoch(progress, theta, evaluate.loss_at(x)) or monitor.patience_ended(progress):
                raise _StopMinimizer

        try:
            result = self._minimize(evaluate, theta.astype(np.float64), after_iteration)
            if progress.n_epochs == n_before:  # no iteration improved the loss
                theta[...] = result.x
                monitor.begin_epoch()
                monitor.after_epoch(progress, theta, float(result.fun))
        except _StopMinimizer:
            return CONVERGED
        except KeyboardInterrupt:
            if not keeps_weights(progress, n_before):
                raise
            return INTERRUPTED
        return {0: CONVERGED, 1: EXHAUSTED}.get(result.status, STUCK)

    def _minimize(self, evaluate: _Evaluations, start: FloatArray, callback: Callable[[FloatArray], None]) -> _Result:
        from scipy.optimize import minimize

        options = {"maxiter": self.max_iter, "maxfun": self.max_fun, "gtol": self.tol}
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            result: _Result = minimize(evaluate, start, method="L-BFGS-B", jac=True, callback=callback, options=options)
        return result


class _Evaluations:
    """Loss and gradient in float64, as SciPy needs them. Remembers the last loss and its parameters."""

    def __init__(self, objective: WholeObjective, dtype: FloatDType, progress: Progress) -> None:
        self.objective, self.dtype, self.progress = objective, dtype, progress
        self._x: FloatArray = np.empty(0)
        self._loss = np.nan

    def __call__(self, x: FloatArray) -> tuple[float, FloatArray]:
        loss, gradient = self.objective.whole(x.astype(self.dtype))
        self.progress.n_seen += len(self.objective)
        self._x, self._loss = x.copy(), loss
        return loss, gradient.astype(np.float64)

    def loss_at(self, x: FloatArray) -> float:
        """Return the loss at `x`, without a new evaluation if `x` was evaluated last."""
        return self._loss if np.array_equal(self._x, x) else self(x)[0]
