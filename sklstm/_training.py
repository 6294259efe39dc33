"""The epoch loop: batches, clipping, updates, history and patience.

It is handed the objective as a callable and knows neither network nor estimator.
"""

from dataclasses import dataclass, field

import numpy as np

from sklstm._optimizers import clip
from sklstm._windows import row_numbers


@dataclass
class Progress:
    """What training has come to, over all calls that continue it."""

    loss_curve: list = field(default_factory=list)
    best_loss: float = np.inf
    n_stale: int = 0  # epochs in a row without an improvement of at least tol
    n_seen: int = 0  # samples


@dataclass(frozen=True)
class Trainer:
    """How to train; the parameters are those of `LSTMRegressor`."""

    batch_size: int
    learning_rate: float
    clip_value: float | None
    clip_norm: float | None
    shuffle: bool
    tol: float
    n_iter_no_change: float

    def run(self, theta, objective, optimizer, rng, progress, max_iter, on_epoch):
        """Train `theta` in place for at most `max_iter` epochs.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
        objective : callable (theta, batch) -> (loss, gradient, weight_sum), with a length
            `batch` are positions in 0 … len(objective) - 1.
        optimizer : object with `update(theta, gradient, learning_rate)`
        rng : numpy.random.Generator
            Shuffles.
        progress : Progress
            Continued in place.
        max_iter : int
        on_epoch : callable (progress) -> None
            Called after every epoch.

        Returns
        -------
        converged : bool
            Whether the loss stopped improving before the epochs ran out.
        """
        for _ in range(max_iter):
            loss = self._epoch(theta, objective, optimizer, rng)
            progress.n_seen += len(objective)
            if not (np.isfinite(loss) and np.isfinite(theta).all()):
                raise ValueError(
                    f"the loss is no longer finite in epoch {len(progress.loss_curve) + 1} (loss {loss}): training "
                    "diverged. Try a smaller learning_rate_init, clip_norm=1.0 or clip_value, and standardize=True."
                )
            self._record(progress, loss)
            on_epoch(progress)
            if progress.n_stale > self.n_iter_no_change:
                progress.n_stale = 0
                return True
        return False

    def _epoch(self, theta, objective, optimizer, rng):
        """Update once per batch; the mean loss, each batch taken before its update."""
        n_rows = len(objective)
        order = row_numbers(n_rows)
        if self.shuffle:
            rng.shuffle(order)
        total, total_weight = 0.0, 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, n_rows, self.batch_size):
                loss, gradient, weight = objective(theta, order[start : start + self.batch_size])
                total += loss * weight
                total_weight += weight
                clip(gradient, self.clip_value, self.clip_norm)
                optimizer.update(theta, gradient, self.learning_rate)
        return total / total_weight

    def _record(self, progress, loss):
        stale = loss > progress.best_loss - self.tol
        progress.n_stale = progress.n_stale + 1 if stale else 0
        progress.best_loss = min(progress.best_loss, loss)
        progress.loss_curve.append(loss)
