"""Training with L-BFGS on all samples at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import count
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


@dataclass
class Evaluations:
    """The evaluations of one run, by which it can be repeated to the bit: SciPy does not tell the state of L-BFGS.

    They need as much memory as the parameters, for each evaluation.

    Parameters
    ----------
    start : ndarray of shape (n_parameters,)
        The parameters before the run.
    marks : list of int
        A hash of the parameters of each evaluation, which shows whether a run is the same.
    losses : list of float
    gradients : list of ndarray of shape (n_parameters,)
    """

    start: FloatArray
    marks: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    gradients: list[FloatArray] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.losses)

    def copied(self) -> Evaluations:
        """Return a copy to which others can be appended."""
        return Evaluations(self.start, list(self.marks), list(self.losses), list(self.gradients))

    def append(self, x: FloatArray, loss: float, gradient: FloatArray) -> None:
        """Record an evaluation at `x`."""
        self.marks.append(_mark(x))
        self.losses.append(loss)
        self.gradients.append(gradient)

    def at(self, number: int, x: FloatArray) -> tuple[float, FloatArray]:
        """Return the loss and gradient of an evaluation; ValueError if it was not at `x`."""
        if self.marks[number] != _mark(x):
            raise ValueError(
                "L-BFGS takes other steps than in the fit that was interrupted, so it cannot be resumed: another "
                "version of SciPy or another processor rounds differently. Call fit."
            )
        return self.losses[number], self.gradients[number]


def _mark(x: FloatArray) -> int:
    return int.from_bytes(blake2b(x.tobytes(), digest_size=7).digest(), "little")


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
    n_done : int, default=0
        Number of iterations of the run that were made, validated and recorded before.
    evaluations : Evaluations, default=None
        Records the evaluations. Those that it has already are not made again.
    """

    max_iter: int
    max_fun: int
    tol: float
    batch_size: int
    n_done: int = 0
    evaluations: Evaluations | None = None

    def continued(self, n_done: int, evaluations: Evaluations | None) -> LBFGSTrainer:
        """Return the same trainer for a run of which `n_done` iterations are done, by some evaluations."""
        return replace(self, n_done=n_done, evaluations=evaluations)

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
        n_before = progress.n_epochs - self.n_done
        evaluate = _Evaluator(objective, theta.dtype, progress, self.evaluations)
        start, numbers = theta if self.evaluations is None else self.evaluations.start, count(1)

        def after_iteration(x: FloatArray) -> None:
            loss, number = evaluate.loss_at(x), next(numbers)
            if number > self.n_done:
                theta[...] = x
                monitor.begin_epoch()
                if monitor.after_epoch(progress, theta, loss):
                    raise _StopMinimizer
            if number >= self.n_done and monitor.patience_ended(progress):
                raise _StopMinimizer

        try:
            result = self._minimize(evaluate, start.astype(np.float64), after_iteration)
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

    def _minimize(self, evaluate: _Evaluator, start: FloatArray, callback: Callable[[FloatArray], None]) -> _Result:
        from scipy.optimize import minimize

        options = {"maxiter": self.max_iter, "maxfun": self.max_fun, "gtol": self.tol}
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            result: _Result = minimize(evaluate, start, method="L-BFGS-B", jac=True, callback=callback, options=options)
        return result


class _Evaluator:
    """Loss and gradient in float64, as SciPy needs them. Remembers the last loss and its parameters.

    It records all evaluations in `recorded`, and does not repeat those that are there already.
    """

    def __init__(
        self, objective: WholeObjective, dtype: FloatDType, progress: Progress, recorded: Evaluations | None = None
    ) -> None:
        self.objective, self.dtype, self.progress, self.recorded = objective, dtype, progress, recorded
        self._x: FloatArray = np.empty(0)
        self._loss = np.nan
        self._number = 0

    def __call__(self, x: FloatArray) -> tuple[float, FloatArray]:
        loss, gradient = self._evaluate(x)
        self._number += 1
        self._x, self._loss = x.copy(), loss
        return loss, gradient.astype(np.float64)

    def _evaluate(self, x: FloatArray) -> tuple[float, FloatArray]:
        if self.recorded is not None and self._number < len(self.recorded):
            return self.recorded.at(self._number, x)
        loss, gradient = self.objective.whole(x.astype(self.dtype))
        self.progress.n_seen += len(self.objective)
        if self.recorded is not None:
            self.recorded.append(x, loss, gradient)
        return loss, gradient

    def loss_at(self, x: FloatArray) -> float:
        """Return the loss at `x`, without a new evaluation if `x` was evaluated last."""
        return self._loss if np.array_equal(self._x, x) else self(x)[0]
