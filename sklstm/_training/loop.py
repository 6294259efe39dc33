"""Training: epochs of batches or L-BFGS, and what both share: history, patience, best weights.

It is handed the objective as a callable and knows neither network nor estimator.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sklstm._training.optimizers import clip
from sklstm._utils.windows import row_numbers

# How training ended
CONVERGED, EXHAUSTED, STUCK, INTERRUPTED = "converged", "exhausted", "stuck", "interrupted"

NO_VALIDATION = np.nan, np.nan  # loss and score


@dataclass
class Progress:
    """What training has come to, over all calls that continue it.

    The loss that is *watched* is that of the validation rows, if there are any, else that of training.

    A copy (`dataclasses.replace`) costs the same after any number of epochs: it shares the lists of values by
    epoch, which are only ever appended to, and counts by itself how many of them are its own.
    """

    n_epochs: int = 0
    losses: list = field(default_factory=list)
    validations: list | None = None  # pairs of loss and score; None as long as there were no validation rows
    loss: float = np.nan  # of the last epoch, as the next two
    validation_loss: float = np.nan
    score: float = np.nan
    smallest_loss: float = np.inf  # of training
    watches_validation: bool = False
    best_loss: float = np.inf  # of those watched
    best_epoch: int = 0
    best_theta: np.ndarray | None = None
    best_score: float = np.nan
    n_stale: int = 0  # epochs in a row without an improvement of at least tol
    n_seen: int = 0  # samples
    n_updates: int = 0
    n_cuts: int = 0  # how often an adaptive rate was lowered
    period_start: int = 0  # epochs there were when the schedule's period began

    @property
    def loss_curve(self):
        """Loss of every epoch."""
        return self.losses[: self.n_epochs]

    @property
    def validation_loss_curve(self):
        """Loss on the validation rows after every epoch, NaN after those without any."""
        return [loss for loss, _ in self._validations()]

    @property
    def validation_scores(self):
        """The same for the score."""
        return [score for _, score in self._validations()]

    def _validations(self):
        return [NO_VALIDATION] * self.n_epochs if self.validations is None else self.validations[: self.n_epochs]

    def watch(self, validate, same_rows):
        """Say whose loss is watched from now on: that of `validate`, or without it that of training.

        What was best so far is judged anew by other validation rows, and forgotten where that cannot be.
        """
        validation = validate is not None
        if validation != self.watches_validation or not (validation or same_rows):
            self.best_loss, self.best_epoch, self.best_theta, self.best_score = np.inf, 0, None, np.nan
            self.n_stale = 0
        self.watches_validation = validation
        if validation and self.best_theta is not None:
            loss, self.best_score = validate(self.best_theta)
            if loss != self.best_loss:
                self.best_loss, self.n_stale = loss, 0

    def begin_period(self, at_once, length):
        """Let the schedule begin again: at once, or if its period of so many epochs is over."""
        if at_once or self.n_epochs - self.period_start >= length:
            self.period_start = self.n_epochs

    def record(self, theta, loss, validation, tol):
        """Take down an epoch: its loss, and loss and score on the validation rows (or None)."""
        n, watched = self.n_epochs, loss if validation is None else validation[0]
        validation_loss, score = validation or NO_VALIDATION
        after = {"n_epochs": n + 1, "loss": loss, "validation_loss": validation_loss, "score": score}
        after["smallest_loss"] = min(loss, self.smallest_loss)
        after["losses"] = _with_value(self.losses, n, loss)
        if self.validations is not None or validation is not None:
            earlier = [NO_VALIDATION] * n if self.validations is None else self.validations
            after["validations"] = _with_value(earlier, n, (validation_loss, score))
        after["n_stale"] = self.n_stale + 1 if watched > self.best_loss - tol else 0
        if watched < self.best_loss:
            after |= {"best_loss": watched, "best_epoch": n + 1, "best_theta": theta.copy(), "best_score": score}
        vars(self).update(after)  # all or nothing: Ctrl-C comes between two steps of Python's, and this is one


def _with_value(values, n, value):
    """The first n values and one more; a new list only where this one already goes on otherwise from there."""
    if len(values) > n:
        values = values[:n]
    values.append(value)
    return values


@dataclass(frozen=True)
class Watch:
    """What happens around every epoch.

    Parameters
    ----------
    tol, n_iter_no_change
        As in `LSTMRegressor`.
    validate : callable (theta) -> (loss, score), or None
        Measures on the validation rows.
    begin_epoch : callable ()
        Told of the beginning of every epoch.
    end_epoch : callable (progress, theta) -> bool
        Told of its end; answers whether training is to end.
    """

    tol: float
    n_iter_no_change: float
    validate: Any
    begin_epoch: Any
    end_epoch: Any

    def after_epoch(self, progress, theta, loss):
        """Record an epoch; whether training is to end at once."""
        validation = None
        if self.validate is not None:
            with np.errstate(over="ignore", invalid="ignore"):
                validation = self.validate(theta)
        self._check_finite(progress.n_epochs + 1, theta, loss, validation)
        progress.record(theta, loss, validation, self.tol)
        return self.end_epoch(progress, theta)

    def _check_finite(self, epoch, theta, loss, validation):
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

    def ran_out(self, progress):
        """Whether patience has come to an end, after which it begins anew."""
        if progress.n_stale <= self.n_iter_no_change:
            return False
        progress.n_stale = 0
        return True


@dataclass(frozen=True)
class Trainer:
    """How to train in batches; the parameters are those of `LSTMRegressor`.

    Parameters
    ----------
    n_epochs : int
        Most epochs in one run.
    period : int
        Epochs in which the schedule goes from its beginning to its end.
    schedule : Schedule
        Learning rate of each update.
    """

    n_epochs: int
    period: int
    batch_size: int
    schedule: Any
    clip_value: float | None
    clip_norm: float | None
    shuffle: bool

    def run(self, theta, objective, optimizer, rng, progress, watch):
        """Train `theta` in place.

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
        watch : Watch

        Returns
        -------
        ending : str
            CONVERGED if patience ran out (or `watch` asked for the end), EXHAUSTED if the epochs did, STUCK
            where L-BFGS found no way down, INTERRUPTED by the user.
        """
        try:
            for _ in range(self.n_epochs):
                watch.begin_epoch()
                loss = self._epoch(theta, objective, optimizer, rng, progress)
                progress.n_seen += len(objective)
                if watch.after_epoch(progress, theta, loss):
                    return CONVERGED
                if watch.ran_out(progress):
                    if self.schedule.can_cut(progress.n_cuts):
                        progress.n_cuts += 1
                    elif watch.validate is not None or not self.schedule.is_planned:
                        return CONVERGED
        except KeyboardInterrupt:
            return INTERRUPTED
        return EXHAUSTED

    def _epoch(self, theta, objective, optimizer, rng, progress):
        """Update once per batch; the mean loss, each batch taken before its update."""
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
