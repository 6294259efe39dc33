"""Means and standard deviations: of each window, and of all samples together with weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sklstm._network.missing_values import last_present, n_present

if TYPE_CHECKING:
    from sklstm._utils.typing import BoolArray, FloatArray, FloatDType

# By precision: the smallest scale of values, beside the largest of them.
SMALLEST_SCALE = {np.dtype(np.float32): 1e-15, np.dtype(np.float64): 1e-100}


def window_moments(x: FloatArray, missing: BoolArray | None) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of each window over its present values, (F, B) each, in float64.

    Both are computed about the last present value, so that the deviation of a constant window is exactly 0.
    `missing` is the mask of `MissingRule.missing_values`; where it is True, `x` must be finite.
    """
    anchor = last_present(x, missing).astype(np.float64)
    difference = x - anchor
    count = n_present(x, missing)
    if missing is not None:
        difference *= ~missing
    mean = difference.sum(axis=0) / count
    difference -= mean
    if missing is not None:
        difference *= ~missing
    with np.errstate(over="ignore"):
        deviation: FloatArray = np.sqrt(np.square(difference).sum(axis=0) / count)
    if not np.isfinite(deviation).all():  # squares overflow: windows to predict may be larger than those of training
        largest = np.abs(difference).max(axis=0)
        largest[largest == 0] = 1
        deviation = largest * np.sqrt(np.square(difference / largest).sum(axis=0) / count)
    return anchor + mean, deviation


def _smallest(size: float | FloatArray, dtype: FloatDType) -> float | FloatArray:
    """Return the smallest number by which values of this size can be divided, so that their squares do not overflow."""
    return size * SMALLEST_SCALE[np.dtype(dtype)]


class Moments:
    """Weighted mean and variance of values that come in chunks, merged as in Chan et al. (1979)."""

    def __init__(self) -> None:
        self.weight_sum: float = 0.0
        self.mean: FloatArray = np.zeros(1)
        self._squares: FloatArray = np.zeros(1)

    def add(self, values: FloatArray, weight: FloatArray) -> None:
        """Add values (D, B) or (T, D, B) with weights (B,) or (T, B); values of weight 0 are ignored."""
        values, weight = np.atleast_3d(values.T).T.astype(np.float64), np.atleast_2d(weight)
        weight_sum = weight.sum()
        if weight_sum == 0:
            return
        values[np.broadcast_to(weight[:, np.newaxis] == 0, values.shape)] = 0  # may be NaN there
        mean: FloatArray = np.einsum("tdb,tb->d", values, weight) / weight_sum
        values -= mean[:, np.newaxis]
        rest = np.einsum("tdb,tb->d", values, weight) / weight_sum  # a long sum is off by more than its last bit
        values -= rest[:, np.newaxis]
        mean += rest
        with np.errstate(over="ignore", invalid="ignore"):  # without standardize only the mean is used
            squares = np.einsum("tdb,tdb,tb->d", values, values, weight)
            total = self.weight_sum + weight_sum
            shift = mean - self.mean
            self._squares = self._squares + squares + shift**2 * self.weight_sum * (weight_sum / total)
        self.mean = self.mean + shift * (weight_sum / total)
        self.weight_sum = total

    @property
    def _deviation(self) -> FloatArray:
        deviation: FloatArray = np.sqrt(self._squares / self.weight_sum)
        return deviation

    def is_constant(self, dtype: FloatDType) -> BoolArray:
        """Return which values (D, 1) are constant up to rounding."""
        constant: BoolArray = self._deviation <= np.finfo(dtype).eps * np.abs(self.mean)
        return constant[:, np.newaxis]

    def mean_and_scale(self, dtype: FloatDType, size: float | FloatArray = 1) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation, (D, 1) each in `dtype`; a constant has the deviation `size`.

        So has a value that is almost always the same, as if one weight is far larger than all others.
        """
        deviation = self._deviation[:, np.newaxis]
        scale = np.where(self.is_constant(dtype) | (deviation < _smallest(size, dtype)), size, deviation)
        return self.mean.astype(dtype)[:, np.newaxis], scale.astype(dtype)

    def mean_as_scale(
        self, dtype: FloatDType, size: float | FloatArray = 1
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return centre 0, scale (the mean) and deviation / mean, for values that must not be centred.

        Where the mean is 0, `size` replaces it. The ratio is limited to 1: it is larger only if most values are 0, and
        then says little about the others.
        """
        mean = self.mean[:, np.newaxis]
        scale = np.where(mean > _smallest(size, dtype), mean, size)
        spread = np.minimum(self._deviation[:, np.newaxis] / scale, 1)
        return np.zeros_like(scale, dtype), scale.astype(dtype), np.where(self.is_constant(dtype), 1, spread)


class SeparateMoments:
    """`Moments` of each channel or target by itself, if each has missing values of its own."""

    def __init__(self) -> None:
        self._parts: list[Moments] = []

    def add(self, values: FloatArray, weight: FloatArray) -> None:
        """Add values (D, B) or (T, D, B) with one weight each; values of weight 0 are ignored."""
        if not self._parts:
            self._parts = [Moments() for _ in range(values.shape[-2])]
        for number, part in enumerate(self._parts):
            part.add(values[..., number : number + 1, :], weight[..., number, :])

    @property
    def mean(self) -> FloatArray:
        """Means (D,)."""
        return np.concatenate([part.mean for part in self._parts])

    def is_constant(self, dtype: FloatDType) -> BoolArray:
        """As `Moments.is_constant`."""
        return np.concatenate([part.is_constant(dtype) for part in self._parts])

    def mean_and_scale(self, dtype: FloatDType, sizes: FloatArray) -> tuple[FloatArray, FloatArray]:
        """As `Moments.mean_and_scale`, with one size for each channel or target, (D, 1)."""
        parts = [part.mean_and_scale(dtype, size) for part, size in zip(self._parts, sizes, strict=True)]
        means, scales = zip(*parts, strict=True)
        return np.concatenate(means), np.concatenate(scales)

    def mean_as_scale(self, dtype: FloatDType, sizes: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """As `Moments.mean_as_scale`, with one size for each channel or target, (D, 1)."""
        parts = [part.mean_as_scale(dtype, size) for part, size in zip(self._parts, sizes, strict=True)]
        centres, scales, spreads = zip(*parts, strict=True)
        return np.concatenate(centres), np.concatenate(scales), np.concatenate(spreads)


def new_moments(separate: bool) -> Moments | SeparateMoments:
    """Make moments of values that are missing together or, with `separate`, each by itself."""
    return SeparateMoments() if separate else Moments()
