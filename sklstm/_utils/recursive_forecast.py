"""Recursive forecasts with any model that predicts one step ahead."""

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
) -> FloatArray:
    """Predict one step after another, and append each prediction to the windows.

    Parameters
    ----------
    predict : callable
        Takes windows (n, T, F) and returns predictions (n, n_targets).
    windows : ndarray of shape (n, T, F)
        The last T steps of each series.
    steps : int
        Forecast horizon, at least 1.
    n_targets : int
        Number of target channels, which are the first channels.
    future : ndarray of shape (n, steps - 1, F - n_targets)
        The other channels at the steps that are appended.
    bounds : ndarray of shape (2, n, steps, n_targets), default=None
        Lower and upper bounds of the forecasts. A finite prediction is clipped to them before it is appended.

    Returns
    -------
    forecasts : ndarray of shape (n, steps, n_targets)
    """
    n_windows, n_steps, n_channels = windows.shape
    history = np.empty((n_windows, n_steps + steps - 1, n_channels))  # float64 holds predictions of any precision
    history[:, :n_steps] = windows
    history[:, n_steps:, n_targets:] = future
    forecasts = None
    for step in range(steps):
        prediction = predict(history[:, step : step + n_steps])
        if forecasts is None:
            forecasts = np.empty((n_windows, steps, n_targets), prediction.dtype)
        if bounds is not None:
            low, high = bounds[:, :, step]
            prediction = np.where(np.isfinite(prediction), np.clip(prediction, low, high), prediction)
        forecasts[:, step] = prediction
        if step + 1 < steps:
            history[:, n_steps + step, :n_targets] = prediction
    assert forecasts is not None  # steps >= 1
    return forecasts
