"""The history of training: losses, best parameters and counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sklstm._training.protocols import Validate

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray

Value = TypeVar("Value")

NO_VALIDATION = np.nan, np.nan  # loss and score


@dataclass
class Progress:
    """The history of training, over all calls that continue it.

    The *watched* loss is the validation loss if there are validation samples, else the training loss.

    A copy (`dataclasses.replace`) is cheap after any number of epochs. It shares the lists of losses and validations,
    which are only appended to. The first `n_epochs` values of a list belong to an object.
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

    def __getstate__(self) -> dict[str, object]:
        """Return what is pickled: of the lists, the values that belong to this object."""
        validations = None if self.validations is None else self._validations()
        return {**vars(self), "losses": self.loss_curve, "validations": validations}

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

        The best parameters so far are evaluated again on the validation samples. They are forgotten if their loss
        cannot be compared with later ones, because the kind of loss or (without validation) the training samples
        changed.
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
        """Restart the schedule if its period of `length` epochs is over; with `always`, restart it in any case."""
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
        vars(self).update(after)  # one call, which Ctrl-C cannot interrupt: everything is recorded or nothing


def _with_value(values: list[Value], n: int, value: Value) -> list[Value]:
    """Append a value after the first n values; in a copy of the list if it already has others after them."""
    if len(values) > n:
        values = values[:n]
    values.append(value)
    return values
