"""Divide values by powers of two, so that their squares neither overflow nor underflow.

Division by a power of two is exact, so it does not change results by rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray

# Further away, the square of a prediction divided by the variance of true values could overflow.
FARTHEST = 1e100


def power_of_two(values: FloatArray) -> FloatArray:
    """Return the power of two just above each value, at most 2**1000; 1 for a value of 0."""
    return np.where(values > 0, np.ldexp(1.0, np.minimum(np.frexp(values)[1], 1000)), 1)


def weighted_mean(values: Sequence[float], weights: Sequence[float]) -> float:
    """Return the weighted mean of numbers; weights may be of any size. Their sum must not be 0."""
    total, total_weight = 0.0, 0.0
    unit = float(power_of_two(np.asarray(max(weights))))
    for value, weight in zip(values, weights, strict=True):
        total += value * (weight / unit)
        total_weight += weight / unit
    return total / total_weight


def scaled_for_r2(
    y_true: FloatArray, y_pred: FloatArray, weight: FloatArray | None
) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    """Divide by powers of two so that R² can be computed; R² stays the same.

    Values (n,) or (n, K) are divided by one near the largest true value, and weights (n,) by one near the largest
    weight. Predictions that are more than `FARTHEST` times the true values are limited to that.
    """
    y_true, y_pred = np.asarray(y_true, np.float64), np.asarray(y_pred, np.float64)
    unit = power_of_two(np.abs(y_true).max(axis=0))
    with np.errstate(over="ignore"):
        relative = np.clip(y_pred / unit, -FARTHEST, FARTHEST)
    return y_true / unit, relative, None if weight is None else weight / power_of_two(weight.max())
