"""Training in epochs of batches, and what all solvers share: history, patience, best parameters.

The objective is a callable, so this module knows neither network nor estimator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sklstm._training.interfaces import BatchObjective, Optimizer, Validate
from sklstm._training.optimizers import clip
from sklstm._training.schedules import Schedule
from sklstm._utils.windows import row_numbers

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray

Value = TypeVar("Value")

# How training ended
CONVERGED, EXHAUSTED, STUCK, INTERRUPTED = "converged", "exhausted", "stuck", "interrupted"

NO_VALIDATION = np.nan, np.nan  # loss and score


@dataclass
class Progress:
    """The history of training, over all calls that continue it.

    The *watched* loss is the validation loss if there are validation samples, else the training loss.

    A copy (`dataclasses.replace`) is cheap after any number of epochs: it shares the lists of values per epoch, which
    are only appended to, and `n_epochs` says how many of the values belong to it.
    """

    n_epochs: int = 0
    losses: list[float] = field(default_factory=list)
    validations: list[tuple[float, float]] | None = None  # loss and score; None before there are validation samples
    loss: float = np.nan  # training loss of the last epoch
    validation_loss: float = np.nan  # of the last epoch
    score: float = np.nan  # of the last epoch
    smallest_loss: float = np.inf  # training loss
    watches_validation: bool = False
    best_loss: float = np.inf  # watched loss
    best_epoch: int = 0
    best_theta: FloatArray | None = None
    best_score: float = np.nan
    n_stale: int = 0  # consecutive epochs without an improvement of at least tol
    n_seen: int = 0  # number of samples seen
    n_updates: int = 0
    n_cuts: int = 0  # how often an adaptive learning rate was lowered
    period_start: int = 0  # number of epochs before the period of the schedule

    @property
    def loss_curve(self) -> list[float]:
        """Training loss of every epoch."""
        return self.losses[: self.n_epochs]

    @property
    def validation_loss_curve(self) -> list[float]:
        """Validation loss after every epoch; NaN for epochs without validation samples."""
        return [loss for loss, _ in self._validations()]

    @property
    def validation_scores(self) -> list[float]:
        """Validation score after every epoch; NaN for epochs without validation samples."""
        return [score for _, score in self._validations()]

    def _validations(self) -> list[tuple[float, float]]:
        return [NO_VALIDATION] * self.n_epochs if self.validations is None else self.validations[: self.n_epochs]

    def watch(self, validate: Validate | None, same_rows: bool) -> None:
        """Set the loss to watch from now on: that of `validate` or, if it is None, the training loss.

        The best parameters so far are evaluated again on new validation samples. They are forgotten if their loss
        cannot be compared: if the training samples changed, or the kind of loss.
        """
        watches_validation = validate is not None
        if watches_validation != self.watches_validation or not (watches_validation or same_rows):
            self.best_loss, self.best_epoch, self.best_theta, self.best_score = np.inf, 0, None, np.nan
            self.n_stale = 0
        self.watches_validation = watches_validation
        if validate is not None and self.best_theta is not None:
            loss, self.best_score = validate(self.best_theta)
            if loss != self.best_loss:
                self.best_loss, self.n_stale = loss, 0

    def begin_period(self, always: bool, length: int) -> None:
        """Restart the schedule if its period of `length` epochs is over, or `always`."""
        if always or self.n_epochs - self.period_start >= length:
            self.period_start = self.n_epochs

    def record(self, theta: FloatArray, loss: float, validation: tuple[float, float] | None, tol: float) -> None:
        """Record an epoch: its training loss, and its validation loss and score if there are any."""
        n, watched = self.n_epochs, loss if validation is None else validation[0]
        validation_loss, score = validation or NO_VALIDATION
        after: dict[str, object] = {"n_epochs": n + 1, "loss": loss, "validation_loss": validation_loss, "score": score}
        after["smallest_loss"] = min(loss, self.smallest_loss)
        after["losses"] = _with_value(self.losses, n, loss)
        if self.validations is not None or validation is not None:
            earlier = [NO_VALIDATION] * n if self.validations is None else self.validations
            after["validations"] = _with_value(earlier, n, (validation_loss, score))
        after["n_stale"] = self.n_stale + 1 if watched > self.best_loss - tol else 0
        if watched < self.best_loss:
            after |= {"best_loss": watched, "best_epoch": n + 1, "best_theta": theta.copy(), "best_score": score}
        vars(self).update(after)  # one step for Python, which Ctrl-C cannot interrupt: all is recorded or nothing


def _with_value(values: list[Value], n: int, value: Value) -> list[Value]:
    """The first n values and one more: the list itself, or a new one if it already has other values after them."""
    if len(values) > n:
        values = values[:n]
    values.append(value)
    return values


@dataclass(frozen=True)
class Watch:
    """What is done before and after every epoch.

    Parameters
    ----------
    tol, n_iter_no_change
        As in `LSTMRegressor`.
    validate : callable (theta) -> (loss, score), or None
        Measures parameters on the validation samples.
    begin_epoch : callable ()
        Called before every epoch.
    end_epoch : callable (progress, theta) -> bool
        Called after every epoch; training ends if it returns True.
    """

    tol: float
    n_iter_no_change: float
    validate: Validate | None
    begin_epoch: Callable[[], None]
    end_epoch: Callable[[Progress, FloatArray], bool]

    def after_epoch(self, progress: Progress, theta: FloatArray, loss: float) -> bool:
        """Validate and record an epoch; return whether training ends at once."""
        validation = None
        if self.validate is not None:
            with np.errstate(over="ignore", invalid="ignore"):
                validation = self.validate(theta)
        self._check_finite(progress.n_epochs + 1, theta, loss, validation)
        progress.record(theta, loss, validation, self.tol)
        return self.end_epoch(progress, theta)

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
        raise ValueError(
            f"The {what}: training diverged. Try a smaller learning_rate_init, clip_norm=1.0 or clip_value, and "
            "standardize=True."
        )

    def patience_ended(self, progress: Progress) -> bool:
        """Return whether the loss has not improved for `n_iter_no_change` epochs; if so, count from 0 again."""
        if progress.n_stale <= self.n_iter_no_change:
            return False
        progress.n_stale = 0
        return True


@dataclass(frozen=True)
class Trainer:
    """Settings of training in batches, as in `LSTMRegressor`.

    Parameters
    ----------
    n_epochs : int
        Maximum number of epochs in one run.
    period : int
        Number of epochs from the beginning of the schedule to its end.
    batch_size : int
    schedule : Schedule
        Learning rate of each update.
    clip_value, clip_norm : float or None
    shuffle : bool
    """

    n_epochs: int
    period: int
    batch_size: int
    schedule: Schedule
    clip_value: float | None
    clip_norm: float | None
    shuffle: bool

    def run(
        self,
        theta: FloatArray,
        objective: BatchObjective,
        optimizer: Optimizer,
        rng: np.random.Generator,
        progress: Progress,
        watch: Watch,
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
        watch : Watch

        Returns
        -------
        ending : str
            CONVERGED if the loss stopped improving or `watch.end_epoch` ended training, EXHAUSTED after `n_epochs`
            epochs, INTERRUPTED after Ctrl-C. (L-BFGS may also return STUCK, if it finds no smaller loss.)
        """
        try:
            for _ in range(self.n_epochs):
                watch.begin_epoch()
                loss = self._epoch(theta, objective, optimizer, rng, progress)
                progress.n_seen += len(objective)
                if watch.after_epoch(progress, theta, loss):
                    return CONVERGED
                if watch.patience_ended(progress):
                    if self.schedule.can_cut(progress.n_cuts):
                        progress.n_cuts += 1
                    elif watch.validate is not None or not self.schedule.is_planned:
                        return CONVERGED
        except KeyboardInterrupt:
            return INTERRUPTED
        return EXHAUSTED

    def _epoch(
        self,
        theta: FloatArray,
        objective: BatchObjective,
        optimizer: Optimizer,
        rng: np.random.Generator,
        progress: Progress,
    ) -> float:
        """Update `theta` once per batch; return the mean of the batch losses before each update."""
        n_rows = len(objective)
        order = row_numbers(n_rows)
        if self.shuffle:
            rng.shuffle(order)
        total, total_weight = 0.0, 0.0
        n_done = progress.n_epochs - progress.period_start
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, n_rows, self.batch_size):
                loss, gradient, weight = objective(theta, order[start : start + self.batch_size])
                total += loss * weight
                total_weight += weight
                clip(gradient, self.clip_value, self.clip_norm)
                position = (n_done + start / n_rows) / self.period
                rate = self.schedule.rate(progress.n_updates, position, progress.n_cuts)
                optimizer.update(theta, gradient, rate)
                progress.n_updates += 1
        return total / total_weight
