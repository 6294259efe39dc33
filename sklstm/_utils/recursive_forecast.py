"""Recursive forecasts with any model that predicts one step, or a block of several steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklstm._utils.typing import FloatArray


def forecast_recursively(
    predict: Callable[[FloatArray], FloatArray],
    windows: FloatArray,
    steps: int,
    n_targets: int,
    future: FloatArray,
    bounds: FloatArray | None = None,
    n_ahead: int = 1,
) -> FloatArray:
    """Predict one block of steps after another, and append each prediction to the windows.

    Parameters
    ----------
    predict : callable
        Takes windows (n, T, F) and returns predictions (n, n_targets) or (n, n_ahead, n_targets).
    windows : ndarray of shape (n, T, F)
        The last T steps of each series.
    steps : int
        Forecast horizon, at least 1.
    n_targets : int
        Number of target channels, which are the first channels.
    future : ndarray of shape (n, n_appended, F - n_targets)
        The other channels at the steps that are appended: those of all blocks but the last one.
    bounds : ndarray of shape (2, n, steps, n_targets), default=None
        Lower and upper bounds of the forecasts. A finite prediction is clipped to them before it is appended.
    n_ahead : int, default=1
        Number of steps in a block, which are predicted at once.

    Returns
    -------
    forecasts : ndarray of shape (n, steps, n_targets)
    """
    n_windows, n_steps, n_channels = windows.shape
    n_appended = (steps - 1) // n_ahead * n_ahead
    history = np.empty((n_windows, n_steps + n_appended, n_channels))  # float64 holds predictions of any precision
    history[:, :n_steps] = windows
    history[:, n_steps:, n_targets:] = future
    forecasts = None
    for first in range(0, steps, n_ahead):
        block = slice(first, min(first + n_ahead, steps))
        prediction = predict(history[:, first : first + n_steps])
        prediction = prediction.reshape(n_windows, n_ahead, n_targets)[:, : block.stop - first]
        prediction = clipped(prediction, None if bounds is None else bounds[:, :, block])
        if forecasts is None:
            forecasts = np.empty((n_windows, steps, n_targets), prediction.dtype)
        forecasts[:, block] = prediction
        if block.stop < steps:
            history[:, n_steps + first : n_steps + block.stop, :n_targets] = prediction
    assert forecasts is not None  # steps >= 1
    return forecasts


def clipped(predictions: FloatArray, bounds: FloatArray | None) -> FloatArray:
    """Clip finite predictions to the bounds (2, …), if there are any."""
    if bounds is None:
        return predictions
    return np.where(np.isfinite(predictions), np.clip(predictions, *bounds), predictions)
