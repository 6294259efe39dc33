"""The log of a fit: the trainings of networks within it, from which a checkpoint is written and a fit resumed.

Each `fit` opens a log. A `Checkpoint` follows it, and writes what it says. `resume` gives it the trainings of a killed
fit: the next training that begins takes over the first of them, and so on. Trainings in other threads or processes have
no log, so that they are always done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from sklstm._utils.argument_checks import shown
from sklstm._utils.plain_parameters import plain

Checksums = dict[str, str]

# Parameters that may change before a fit is resumed.
FREE = ("verbose",)


class Training(Protocol):
    """What is kept of the training of one network."""

    checksums: Checksums
    ending: str | None


SomeTraining = TypeVar("SomeTraining", bound=Training)
SomeEstimator = TypeVar("SomeEstimator")


class Writer(Protocol):
    """Writes checkpoints."""

    def is_due(self, n_epochs: int, /) -> bool:
        """Whether to write after so many epochs of a training."""

    def check(self, training: Training, /) -> None:
        """Raise an error if a training cannot be written."""

    def write(self, trainings: Sequence[Training], inputs: Checksums | None, /) -> None:
        """Write a checkpoint."""

    def close(self) -> None:
        """End with the fit."""


@dataclass(frozen=True)
class Unfinished:
    """What `load_checkpoint` leaves on an estimator so that its fit can be resumed.

    Parameters
    ----------
    parameters : dict
        All parameters of the estimator and of those inside.
    inputs : dict of str or None
        Checksums of the tables given to a `fit` that trains several networks.
    trainings : tuple of Training
    """

    parameters: dict[str, object]
    inputs: Checksums | None
    trainings: tuple[Training, ...]


class TrainingLog:
    """The trainings of networks within one fit, in order.

    Parameters
    ----------
    owner : estimator
        The estimator whose fit it is.
    has_parts : bool, default=False
        Whether the fits of other estimators within this fit are parts of it.
    unfinished : Unfinished, default=None
        The killed fit that this one continues.
    """

    def __init__(self, owner: object, has_parts: bool = False, unfinished: Unfinished | None = None) -> None:
        self.owner, self.has_parts = owner, has_parts
        self._earlier = [] if unfinished is None else list(unfinished.trainings)
        self._expected = None if unfinished is None else unfinished.inputs
        self._inputs: Checksums | None = None
        self._trainings: list[Training] = []
        self.writer: Writer | None = None

    @property
    def is_used(self) -> bool:
        """Whether a checkpoint is written, or a fit is resumed."""
        return self.writer is not None or bool(self._earlier)

    def begin_fit(self, checksums: Callable[[], Checksums]) -> None:
        """Begin a fit of several networks; ValueError if a killed fit had other inputs."""
        if not self.is_used and self._expected is None:
            return
        self._inputs = checksums()
        if self._expected is not None:
            _check_same(self._inputs, self._expected)

    @property
    def next_earlier(self) -> Training | None:
        """The earlier training that the next one takes over; None if it begins anew."""
        return self._earlier[0] if self._earlier else None

    def begin_training(self, training: SomeTraining, kind: type[SomeTraining]) -> SomeTraining | None:
        """Begin a training, which is given in its first state. Return the earlier one that it takes over, or None.

        Raises
        ------
        ValueError
            If the earlier one was on other samples.
        """
        if self.writer is not None:
            self.writer.check(training)
        if not self._earlier:
            return None
        earlier = self._earlier.pop(0)
        assert isinstance(earlier, kind)
        _check_same(training.checksums, earlier.checksums)
        return earlier

    def after_epoch(self, n_epochs: int, training: Callable[[], Training]) -> None:
        """Write a checkpoint if it is time; `training` returns a copy of the present training."""
        if self.writer is not None and self.writer.is_due(n_epochs):
            self.writer.write([*self._trainings, training()], self._inputs)

    def end_training(self, training: Callable[[], Training]) -> None:
        """Keep a training that has ended, and write a checkpoint."""
        if self.writer is not None:
            self._trainings.append(training())
            self.writer.write(self._trainings, self._inputs)


_LOG: ContextVar[TrainingLog | None] = ContextVar("training_log", default=None)


@contextmanager
def training_log(owner: object, has_parts: bool = False, unfinished: Unfinished | None = None) -> Iterator[TrainingLog]:
    """Open the log of a fit while the block runs; go on with the present one if this fit is a part of it."""
    present = _LOG.get()
    if present is not None and (present.owner is owner or present.has_parts):
        yield present
        return
    log = TrainingLog(owner, has_parts, unfinished)
    token = _LOG.set(log)
    try:
        yield log
    finally:
        _LOG.reset(token)
        if log.writer is not None:
            log.writer.close()


def call_with_log(
    fit: Callable[[TrainingLog], SomeEstimator],
    owner: object,
    has_parts: bool = False,
    unfinished: Unfinished | None = None,
) -> SomeEstimator:
    """Call `fit(log)` with the log open, in a context of its own, so that Ctrl-C at any line leaves no log open."""

    def call() -> SomeEstimator:
        with training_log(owner, has_parts, unfinished) as log:
            return fit(log)

    return copy_context().run(call)


def current_log() -> TrainingLog | None:
    """Return the log that is open; None if there is none."""
    return _LOG.get()


def _check_same(found: Checksums, expected: Checksums) -> None:
    """Raise ValueError if a checksum differs."""
    differing = [name for name in {**expected, **found} if found.get(name) != expected.get(name)]
    if differing:
        raise ValueError(
            f"{', '.join(differing)}: not what the checkpoint was written for (SHA-256 differs). resume needs the "
            "arguments of the fit that was interrupted: the same values in the same order and precision, with the same "
            "names and times. Call fit to train on others."
        )


# ---- estimators that can be resumed


class ResumableMixin:
    """Mixin of estimators whose `fit` can be resumed."""

    _unfinished: Unfinished | None = None

    def _resume(self, fit: Callable[[], SomeEstimator]) -> SomeEstimator:
        """Call `fit` so that it continues the fit that the estimator was loaded from; return its result."""
        name = type(self).__name__
        if self._unfinished is None:
            raise ValueError(
                f"resume continues a fit that was interrupted, but this {name} has none: it was not loaded from a file "
                "that a Checkpoint wrote, or has been fitted since. Call fit, or load_checkpoint(path).resume(X, y)."
            )
        given = self.get_params()  # type: ignore[attr-defined]
        for key, value in self._unfinished.parameters.items():
            if key.rpartition("__")[2] not in FREE and not (key in given and _is_same(given[key], value)):
                raise ValueError(
                    f"{key}={shown(given.get(key))}, but the fit that was interrupted had {key}={shown(value)}. resume "
                    "needs the same parameters; only verbose may change. Call fit to train with others."
                )
        has_parts = self._unfinished.inputs is not None
        return call_with_log(lambda log: fit(), self, has_parts, self._unfinished)

    def _forget_unfinished(self) -> None:
        """Forget the fit that was interrupted, because there is a newer one."""
        vars(self).pop("_unfinished", None)


def leave_unfinished(estimator: ResumableMixin, unfinished: Unfinished) -> None:
    """Let `resume` of an estimator continue an interrupted fit."""
    vars(estimator)["_unfinished"] = unfinished


def is_interrupted(estimator: ResumableMixin) -> bool:
    """Whether an estimator was loaded in the middle of its fit, so that `resume` has something to train."""
    unfinished: Unfinished | None = vars(estimator).get("_unfinished")
    return unfinished is not None and any(training.ending is None for training in unfinished.trainings)


def _is_same(one: object, other: object) -> bool:
    """Whether two parameters are the same object, or equal numbers, texts or arrays."""
    one, other = plain(one), plain(other)
    if one is other:
        return True
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return type(one) is type(other) and np.array_equal(one, other)  # type: ignore[arg-type]
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return isinstance(one, str | int | float) and one == other
