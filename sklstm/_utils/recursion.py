"""Forecasting by feeding predictions back, for any model that predicts one step ahead."""

import numpy as np


def forecast_recursively(predict, windows, steps, n_targets, future, bounds=None):
    """Predict step after step, each time moving the windows on by one.

    Parameters
    ----------
    predict : callable
        Takes windows (n, T, F), answers (n, n_targets).
    windows : ndarray of shape (n, T, F)
        The contexts.
    steps : int
        How many steps to predict, at least 1.
    n_targets : int
        The predictions become the first `n_targets` channels of the step that is appended.
    future : ndarray of shape (n, steps - 1, F - n_targets)
        The other channels of the steps that are appended.
    bounds : ndarray of shape (2, n, steps, n_targets), default=None
        The least and the largest answer at each step: one beyond them is brought back before it is fed back, if it
        is finite.

    Returns
    -------
    answers : ndarray of shape (n, steps, n_targets)
    """
    n_windows, n_steps, n_channels = windows.shape
    history = np.empty((n_windows, n_steps + steps - 1, n_channels))  # float64: whatever comes fits
    history[:, :n_steps] = windows
    history[:, n_steps:, n_targets:] = future
    answers = None
    for step in range(steps):
        answer = predict(history[:, step : step + n_steps])
        if answers is None:
            answers = np.empty((n_windows, steps, n_targets), answer.dtype)  # of the bounds too, if there are any
        if bounds is not None:
            answer = np.where(np.isfinite(answer), np.clip(answer, *bounds[:, :, step]), answer)
        answers[:, step] = answer
        if step + 1 < steps:
            history[:, n_steps + step, :n_targets] = answer
    return answers
