"""Training by L-BFGS on all rows at once."""

from dataclasses import dataclass

import numpy as np

from sklstm._training.loop import CONVERGED, EXHAUSTED, INTERRUPTED, STUCK


class _Enough(Exception):
    """Ends SciPy's minimiser from within; StopIteration does so only from SciPy 1.11."""


@dataclass(frozen=True)
class WholeBatch:
    """How to train by L-BFGS on all rows at once: Liu and Nocedal (1989); SciPy's implementation.

    Parameters
    ----------
    max_iter, max_fun, tol
        Limits of iterations and evaluations; the largest element of the gradient that is as good as 0.
    batch_size : int
        Rows that the objective takes at once.
    """

    max_iter: int
    max_fun: int
    tol: float
    batch_size: int

    def run(self, theta, objective, optimizer, rng, progress, watch):
        """Train `theta` in place as `Trainer.run`, an iteration being an epoch; optimiser and generator rest."""
        n_before, evaluate = progress.n_epochs, _Evaluations(objective, theta.dtype, progress)

        def after_iteration(x):
            theta[...] = x
            watch.begin_epoch()
            if watch.after_epoch(progress, theta, evaluate.loss_at(x)) or watch.ran_out(progress):
                raise _Enough

        try:
            result = self._minimize(evaluate, theta.astype(np.float64), after_iteration)
            if progress.n_epochs == n_before:  # nothing to improve, or no way to
                theta[...] = result.x
                watch.begin_epoch()
                watch.after_epoch(progress, theta, float(result.fun))
        except _Enough:
            return CONVERGED
        except KeyboardInterrupt:
            return INTERRUPTED
        return {0: CONVERGED, 1: EXHAUSTED}.get(result.status, STUCK)

    def _minimize(self, evaluate, start, callback):
        from scipy.optimize import minimize

        options = {"maxiter": self.max_iter, "maxfun": self.max_fun, "gtol": self.tol}
        with np.errstate(over="ignore", invalid="ignore"):
            return minimize(evaluate, start, method="L-BFGS-B", jac=True, callback=callback, options=options)


class _Evaluations:
    """Loss and gradient in float64, as SciPy wants them; remembers the last loss and where it was."""

    def __init__(self, objective, dtype, progress):
        self.objective, self.dtype, self.progress = objective, dtype, progress
        self._x, self._loss = None, np.nan

    def __call__(self, x):
        loss, gradient = self.objective.whole(x.astype(self.dtype))
        self.progress.n_seen += len(self.objective)
        self._x, self._loss = x.copy(), loss
        return loss, gradient.astype(np.float64)

    def loss_at(self, x):
        """The loss at x, which nearly always was evaluated last."""
        return self._loss if np.array_equal(self._x, x) else self(x)[0]
