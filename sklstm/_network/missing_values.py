"""Missing values: which steps are skipped, and the number and the last of the present values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklstm._utils.typing import BoolArray, FloatArray, IntArray


# Up to so many channels, a loop over them is faster than a reduction, above all where samples come first in memory.
FEW_CHANNELS = 8

# How missing values are treated: the values of the parameter `missing` of `LSTMRegressor`.
MISSING = SKIP_STEPS, INDICATOR = "skip", "indicator"


@dataclass(frozen=True)
class MissingRule:
    """Rule for missing values: which values count as missing, and which steps are skipped.

    Parameters
    ----------
    by_channel : bool, default=False
        If False, a value that is missing in one channel makes the whole step missing. If True, only the value itself
        is missing, and a step is skipped only if all of its values are missing.
    n_needed : int, default=0
        Used with `by_channel`. Each of the first `n_needed` channels must have at least one value in a window, which
        `instance_norm` needs. If one has none, all steps of the window are skipped.
    """

    by_channel: bool = False
    n_needed: int = 0

    @property
    def n_inputs_per_channel(self) -> int:
        """Number of inputs of the network for each channel: its value and, with `by_channel`, a missing indicator."""
        return 2 if self.by_channel else 1

    def missing_values(self, x: FloatArray) -> BoolArray | None:
        """Return the mask of missing values of `x` (T, F, B), or None if no value is missing.

        The mask has shape (T, F, B) with `by_channel`, else (T, 1, B) for all channels together.
        """
        missing: BoolArray = np.isnan(x)
        if not np.count_nonzero(missing):  # faster than missing.any()
            return None
        return missing if self.by_channel else _any_channel(missing)

    def fill_missing(self, x: FloatArray) -> BoolArray | None:
        """Set the missing values of `x` (T, F, B) to 0 in place; return the mask of `missing_values`."""
        missing = self.missing_values(x)
        if missing is not None:
            np.copyto(x, 0, where=missing)
        return missing

    def skipped(self, missing: BoolArray | None) -> BoolArray | None:
        """Return a mask of the steps (T, B) to skip, given the mask of `missing_values`; None if none is skipped."""
        if missing is None:
            return None
        if not self.by_channel:
            return _any_channel(missing)[:, 0]
        has_no_target = np.logical_or.reduce(missing[:, : self.n_needed].all(axis=0), axis=0)
        skipped: BoolArray = np.logical_and.reduce(missing, axis=1) | has_no_target
        return skipped

    def skipped_steps(self, X: FloatArray) -> BoolArray:
        """Return a mask of the steps (n, T) to skip in samples X (n, T, F)."""
        steps = self.skipped(np.isnan(X).transpose(1, 2, 0))
        assert steps is not None
        return steps.T


def _any_channel(missing: BoolArray) -> BoolArray:
    """Return whether a value of any channel is missing, (T, 1, B), for a mask (T, F, B)."""
    n_channels = missing.shape[1]
    if n_channels > FEW_CHANNELS:
        any_value: BoolArray = np.logical_or.reduce(missing, axis=1, keepdims=True)
        return any_value
    found = missing[:, :1]
    for channel in range(1, n_channels):
        found = found | missing[:, channel : channel + 1]
    return found


SKIP = MissingRule()


def n_present(x: FloatArray, missing: BoolArray | None) -> int | IntArray:
    """Count the present values of each window, at least 1: one number for all, or shaped as `missing[0]`."""
    if missing is None:
        return len(x)
    count: IntArray = np.maximum(len(x) - missing.sum(axis=0), 1)
    return count


def last_present(x: FloatArray, missing: BoolArray | None) -> FloatArray:
    """Return the last present value of each window, (F, B); the value of the last step for a window without one.

    `missing` is the mask of `MissingRule.missing_values`.
    """
    if missing is None:
        newest: FloatArray = x[-1].copy()
        return newest
    last = len(x) - 1 - np.argmin(missing[::-1], axis=0)
    value: FloatArray = np.take_along_axis(x, last[np.newaxis], axis=0)[0]
    return value
