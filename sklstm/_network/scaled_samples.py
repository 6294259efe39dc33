"""Training samples as the layers read them: scaled, and with the steps to skip first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sklstm._network.step_order import IN_TIME, StepOrder
from sklstm._network.targets import counted_weight, features_first

if TYPE_CHECKING:
    import numpy.typing as npt

    from sklstm._utils.typing import BoolArray, FloatArray, IntArray

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class ScaledSamples:
    """Scaled samples with their targets. The steps of each sample are in the order of `StepOrder`.

    Parameters
    ----------
    x : ndarray of shape (n, T, F)
        Inputs, with missing indicators if there are any; 0 at steps to skip.
    target : ndarray of shape (n, K) or (n, T, K)
        Targets of the last step, or of every step; 0 where a value is missing.
    n_skipped : ndarray of int of shape (n,)
        How many steps of each sample are skipped, which are its first ones.
    missing : ndarray of bool of shape (n, T), (n, K), (n, T, K) or None
        Steps whose targets do not count, because a value is missing; single targets if `Samples.by_target` holds. None
        if all targets count.
    moved : ndarray of int of shape (n, T) or None
        Which step, in the order of time, is at each place. Only dropout needs it, and None stands for it elsewhere.
    """

    x: FloatArray
    target: FloatArray
    n_skipped: IntArray
    missing: BoolArray | None
    moved: IntArray | None

    @classmethod
    def joined(cls, parts: Sequence[ScaledSamples]) -> ScaledSamples:
        """Join parts; every sample becomes one block of memory."""
        return cls(
            _joined([part.x for part in parts]),
            _joined([part.target for part in parts]),
            _joined([part.n_skipped for part in parts]),
            _joined_if_any([part.missing for part in parts]),
            _joined_if_any([part.moved for part in parts]),
        )

    def at(self, rows: slice | IntArray) -> ScaledSamples:
        """Return some of the samples."""
        return ScaledSamples(
            self.x[rows],
            self.target[rows],
            self.n_skipped[rows],
            None if self.missing is None else self.missing[rows],
            None if self.moved is None else self.moved[rows],
        )

    @property
    def order(self) -> StepOrder:
        """The order of the steps in a batch of all these samples."""
        if not np.count_nonzero(self.n_skipped):
            return IN_TIME
        return StepOrder.of_ordered(self.n_skipped, self.x.shape[1], None if self.moved is None else self.moved.T)

    def targets(self, weight: FloatArray, start: int) -> tuple[FloatArray, FloatArray]:
        """Return the targets (K, n), or (T - start, K, n), and their weights, given those of the samples, (n,)."""
        first = start if self.target.ndim == 3 else 0
        target = np.ascontiguousarray(features_first(self.target)[first:])
        if self.missing is None:
            return target, weight
        return target, counted_weight(np.ascontiguousarray(features_first(self.missing)[first:]), weight)


def _joined(parts: Sequence[npt.NDArray[Scalar]]) -> npt.NDArray[Scalar]:
    """Join arrays along the first axis. np.concatenate alone would keep the order of their axes in memory."""
    return np.ascontiguousarray(np.concatenate(parts))


def _joined_if_any(parts: Sequence[npt.NDArray[Scalar] | None]) -> npt.NDArray[Scalar] | None:
    """Join arrays, or return None if they are all None."""
    arrays = [part for part in parts if part is not None]
    return _joined(arrays) if arrays else None
