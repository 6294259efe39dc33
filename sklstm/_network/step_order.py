"""The order in which the layers read the steps of a batch: those to skip first, then the others in the order of time.

A step that is skipped leaves the state unchanged. So a sample gives the same states if its missing steps are moved to
the front, where the state is zero. A layer then needs to know only how many steps of each sample come before its first
present one. Steps that no sample has are not computed. Where all missing steps lead anyway, nothing is moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sklstm._utils.caches import cached_property

if TYPE_CHECKING:
    from sklstm._utils.typing import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class StepOrder:
    """Order of the steps of one batch. Without arguments, no step is skipped.

    Parameters
    ----------
    skipped : ndarray of bool of shape (T, B), default=None
        Steps to skip, in the order of time, which `unsort` needs. None if there are none, or from `of_ordered`.
    start : int, default=0
        The first step, in this order, that is computed. No sample has an earlier one.
    leading : ndarray of bool of shape (T - start, B), default=None
        Steps to skip from `start` on, in this order: before the present steps of each sample. None if there are none.
    moved : ndarray of int of shape (T - start, B), default=None
        Which step is read at each place from `start` on. None if the steps are read in the order of time.
    """

    skipped: BoolArray | None = None
    start: int = 0
    leading: BoolArray | None = None
    moved: IntArray | None = None

    @classmethod
    def of_ordered(cls, n_skipped: IntArray, n_steps: int, moved: IntArray | None = None) -> StepOrder:
        """Return the order for samples that have it already: their first `n_skipped` (B,) steps are to skip.

        `moved` (T, B) tells which step is at each place; it is needed for `sort`, and `unsort` is not possible.
        """
        start = min(int(n_skipped.min()), n_steps - 1)
        leading: BoolArray = np.arange(start, n_steps)[:, np.newaxis] < n_skipped
        return cls(None, start, leading if leading[0].any() else None, None if moved is None else moved[start:])

    @classmethod
    def of(cls, skipped: BoolArray | None, keeps_all: bool = False) -> StepOrder:
        """Find the order for the steps (T, B) to skip. With `keeps_all`, `start` is 0 in any case."""
        if skipped is None:
            return IN_TIME
        moved, in_order = None, skipped
        if np.count_nonzero(skipped[1:] > skipped[:-1]):  # a present step before a missing one
            moved = np.argsort(~skipped, axis=0, kind="stable")
            in_order = np.arange(len(skipped))[:, np.newaxis] < skipped.sum(axis=0)
        elif not np.count_nonzero(skipped[0]):
            return IN_TIME
        n_absent = 0 if keeps_all else int(np.count_nonzero(np.logical_and.reduce(in_order, axis=1)))
        start = min(n_absent, len(skipped) - 1)
        leading = in_order[start:] if np.count_nonzero(in_order[start]) else None
        return cls(skipped, start, leading, None if moved is None else moved[start:])

    def sort(self, values: FloatArray) -> FloatArray:
        """Put values of every step (T, …, B) into this order; return those from `start` on."""
        if self.moved is None:
            return values[self.start :]
        return _gather(values, self.moved)

    def unsort(self, values: FloatArray) -> FloatArray:
        """Put values of the steps from `start` on into the order of time, (T, …, B), with NaN at skipped steps."""
        if self.skipped is None:
            return values
        in_time = np.empty((len(self.skipped), *values.shape[1:]), values.dtype)
        if self.moved is None:
            in_time[self.start :] = values
        else:
            in_time[self.moved, ..., np.arange(values.shape[-1])] = np.moveaxis(values, -1, 1)
        np.copyto(in_time, np.nan, where=self.skipped.reshape(len(in_time), *[1] * (values.ndim - 2), -1))
        return in_time

    def reverse(self, values: FloatArray) -> FloatArray:
        """Reverse the present steps of each sample; `values` (T - start, …, B) and the result are in this order.

        A layer that reads the steps backwards thus meets the missing ones first, too.
        """
        return values[::-1] if self.leading is None else _gather(values, self._reversed)

    @cached_property
    def _reversed(self) -> IntArray:
        """Which place is read at each place by `reverse`, (T - start, B)."""
        assert self.leading is not None
        places = np.arange(len(self.leading))[:, np.newaxis]
        mirrored = places[::-1] + self.leading.sum(axis=0)
        place: IntArray = np.where(self.leading, places, mirrored)
        return place


IN_TIME = StepOrder()  # no step is skipped


def _gather(values: FloatArray, places: IntArray) -> FloatArray:
    """Return the values (T, …, B) at some places (T', B) of each sample; faster than np.take_along_axis."""
    gathered = values[places, ..., np.arange(values.shape[-1])]  # (T', B, …)
    return np.ascontiguousarray(gathered.transpose(0, *range(2, values.ndim), 1))
