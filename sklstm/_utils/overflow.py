"""Divide values by powers of two, so that their squares neither overflow nor underflow.

Division by a power of two is exact, so it does not change results by rounding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray


def power_of_two(values: FloatArray) -> FloatArray:
    """Return the power of two just above each value, at most 2**1000; 1 for a value of 0."""
    return np.where(values > 0, np.ldexp(1.0, np.minimum(np.frexp(values)[1], 1000)), 1)


def scaled_for_r2(y_true: FloatArray, y_pred: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Divide both arrays, (n,) or (n, K), by a power of two near the largest true value; R² stays the same."""
    unit = power_of_two(np.abs(y_true).max(axis=0))
    return y_true / unit, y_pred / unit
