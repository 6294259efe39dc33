"""The training loop over epochs and batches, and the validation and checks of all solvers after every epoch.

The objective is a callable, so that this module need not know the network or the estimator.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from sklstm._training.optimizers import clip
from sklstm._training.progress import Progress
from sklstm._training.protocols import BatchObjective, Optimizer, Validate
from sklstm._training.schedules import Schedule
from sklstm._utils.interrupts import interrupts_are_raised
from sklstm._utils.overflow import weighted_mean
from sklstm._utils.windows import row_numbers

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray

# How training ended
CONVERGED, EXHAUSTED, OUT_OF_UPDATES = "converged", "exhausted", "out of updates"
STUCK, INTERRUPTED = "stuck", "interrupted"


@dataclass(frozen=True)
class Monitor:
    """Callbacks, validation and checks before and after every epoch.

    Parameters
    ----------
    tol, n_iter_no_change
        As in `LSTMRegressor`.
    validate : callable (theta) -> (loss, score), or None
        Evaluates parameters on the validation samples.
    begin_epoch : callable ()
        Called before every epoch.
    end_epoch : callable (progress) -> bool
        Called after every epoch; training ends if it returns True.
    """

    tol: float
    n_iter_no_change: float
    validate: Validate | None
    begin_epoch: Callable[[], None]
    end_epoch: Callable[[Progress], bool]

    def after_epoch(self, progress: Progress, theta: FloatArray, loss: float) -> bool:
        """Validate and record an epoch; return whether training must end now."""
        validation = None
        if self.validate is not None:
            with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                validation = self.validate(theta)
        self._check_finite(progress.n_epochs + 1, theta, loss, validation)
        progress.record(theta, loss, validation, self.tol)
        return self.end_epoch(progress)

    def _check_finite(self, epoch: int, theta: FloatArray, loss: float, validation: tuple[float, float] | None) -> None:
        validation_loss = 0.0 if validation is None else validation[0]
        if not np.isfinite(loss):
            what = f"loss is no longer finite in epoch {epoch} (loss {loss})"
        elif not np.isfinite(theta).all():
            what = f"weights are no longer finite in epoch {epoch} (loss {loss})"
        elif not np.isfinite(validation_loss):
            what = f"validation loss is no longer finite in epoch {epoch} (loss {validation_loss})"
        else:
            return
        reason = "training diverged"
        if epoch == 1:  # before much was learned
            reason = f"a target or weight is so far from the others that it overflows {theta.dtype}, or {reason}"
        raise ValueError(
            f"The {what}: {reason}. Try a smaller learning_rate_init, clip_norm=1.0 or clip_value, and "
            "standardize=True; and check whether X and y have values far beyond those of earlier training."
        )

    def patience_ended(self, progress: Progress) -> bool:
        """Return whether the loss did not improve for more than `n_iter_no_change` epochs; if so, restart the count."""
        if progress.n_stale <= self.n_iter_no_change:
            return False
        progress.n_stale = 0
        return True


def keeps_weights(progress: Progress, n_before: int) -> bool:
    """Whether a run that is interrupted, and that began after `n_before` epochs, ends with the weights so far."""
    return progress.n_epochs > n_before and not interrupts_are_raised()


@dataclass(frozen=True)
class Trainer:
    """Settings of training in batches, as in `LSTMRegressor`.

    Parameters
    ----------
    n_epochs : int
        Maximum number of epochs in one run.
    period : int
        Number of epochs that the schedule of the learning rate takes.
    batch_size : int
    schedule : Schedule
        Learning rate of each update.
    clip_value, clip_norm : float or None
    shuffle : bool
    max_updates : int or None, default=None
        Maximum number of updates in one run. They may end an epoch after some of its batches; it counts as an epoch.
        The schedule of the learning rate then ends with them.
    n_done : int, default=0
        Number of epochs of the run that were made and recorded before.
    """

    n_epochs: int
    period: int
    batch_size: int
    schedule: Schedule
    clip_value: float | None
    clip_norm: float | None
    shuffle: bool
    max_updates: int | None = None
    n_done: int = 0

    def continued(self, n_done: int, evaluations: object = None) -> Trainer:
        """Return the same trainer for a run of which `n_done` epochs are done. `evaluations` are for L-BFGS only."""
        return replace(self, n_done=n_done)

    def run(
        self,
        theta: FloatArray,
        objective: BatchObjective,
        optimizer: Optimizer,
        rng: np.random.Generator,
        progress: Progress,
        monitor: Monitor,
    ) -> str:
        """Train `theta` in place.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
        objective : BatchObjective
        optimizer : Optimizer
        rng : numpy.random.Generator
            Shuffles the samples.
        progress : Progress
            Updated in place.
        monitor : Monitor

        Returns
        -------
        ending : str
            CONVERGED if the loss stopped improving or `monitor.end_epoch` ended training, OUT_OF_UPDATES after
            `max_updates` updates, EXHAUSTED after fewer, in `n_epochs` epochs, INTERRUPTED after Ctrl-C. (L-BFGS may
            also return STUCK, if it finds no smaller loss.)

        Raises
        ------
        KeyboardInterrupt
            After Ctrl-C, if no weights are kept.
        """
        n_rows, n_before = len(objective), progress.n_epochs - self.n_done
        n_updates = progress.n_updates - self._n_updates(self.n_done, n_rows)
        try:
            if self.n_done and self._has_converged(progress, monitor):
                return CONVERGED
            for n_taken in self._epochs(n_rows):
                monitor.begin_epoch()
                loss = self._epoch(theta, objective, optimizer, rng, progress, n_taken)
                progress.n_seen += n_taken
                if monitor.after_epoch(progress, theta, loss) or self._has_converged(progress, monitor):
                    return CONVERGED
        except KeyboardInterrupt:
            if not keeps_weights(progress, n_before):
                raise
            return INTERRUPTED
        return OUT_OF_UPDATES if progress.n_updates - n_updates == self.max_updates else EXHAUSTED

    def _has_converged(self, progress: Progress, monitor: Monitor) -> bool:
        """Return whether the loss has stopped improving. The learning rate may be lowered instead."""
        if not monitor.patience_ended(progress):
            return False
        if self.schedule.can_cut(progress.n_cuts):
            progress.n_cuts += 1
            return False
        return monitor.validate is not None or not self.schedule.is_planned

    def _epochs(self, n_rows: int) -> Iterator[int]:
        """Return how many samples each epoch still takes: all, or fewer in the last one if `max_updates` ends it."""
        n_samples = self._n_samples(self.n_epochs, n_rows)
        return (min(n_rows, n_samples - n_before) for n_before in range(self.n_done * n_rows, n_samples, n_rows))

    def _n_updates(self, n_epochs: int, n_rows: int) -> int:
        """Return how many updates `n_epochs` epochs make."""
        n_updates = n_epochs * ceil(n_rows / self.batch_size)
        return n_updates if self.max_updates is None else min(n_updates, self.max_updates)

    def _n_samples(self, n_epochs: int, n_rows: int) -> int:
        """Return how many samples `n_epochs` epochs see, or `max_updates` updates if those are fewer."""
        if self.max_updates is None:
            return n_epochs * n_rows
        n_whole, n_batches = divmod(self.max_updates, ceil(n_rows / self.batch_size))
        return min(n_epochs * n_rows, n_whole * n_rows + n_batches * self.batch_size)

    def _epoch(
        self,
        theta: FloatArray,
        objective: BatchObjective,
        optimizer: Optimizer,
        rng: np.random.Generator,
        progress: Progress,
        n_taken: int,
    ) -> float:
        """Update `theta` once per batch of `n_taken` samples; return the mean of the losses before each update."""
        n_rows = len(objective)
        period = self._n_samples(self.period, n_rows) / n_rows
        order = row_numbers(n_rows)
        if self.shuffle:
            rng.shuffle(order)
        losses, weights = array("d"), array("d")  # lists take four times the memory
        n_done = progress.n_epochs - progress.period_start
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            for start in range(0, n_taken, self.batch_size):
                loss, gradient, weight = objective(theta, order[start : start + self.batch_size])
                losses.append(loss)
                weights.append(weight)
                clip(gradient, self.clip_value, self.clip_norm)
                position = (n_done + start / n_rows) / period
                rate = self.schedule.rate(progress.n_updates, position, progress.n_cuts)
                optimizer.update(theta, gradient, rate)
                progress.n_updates += 1
        return weighted_mean(losses, weights)
