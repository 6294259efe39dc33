"""Protocols of the objective, the optimiser and the validation, so that training need not know their classes."""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray, IntArray

# Evaluates parameters on the validation samples: (theta) -> (loss, score).
Validate: TypeAlias = "Callable[[FloatArray], tuple[float, float]]"


class BatchObjective(Sized, Protocol):
    """A loss that can be evaluated on batches of its samples; its length is the number of samples."""

    def __call__(self, theta: FloatArray, batch: IntArray, /) -> tuple[float, FloatArray, float]:
        """Return loss, gradient and sum of weights of the samples at the positions in `batch`, from 0 to len - 1."""


class WholeObjective(Sized, Protocol):
    """A loss that can be evaluated on all of its samples; its length is the number of samples."""

    def whole(self, theta: FloatArray, /) -> tuple[float, FloatArray]:
        """Return loss and gradient of all samples."""


class Optimizer(Protocol):
    """Updates parameters by a gradient."""

    def update(self, theta: FloatArray, gradient: FloatArray, learning_rate: float, /) -> None:
        """Update `theta` in place; `gradient` is overwritten."""
