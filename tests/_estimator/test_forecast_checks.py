import numpy as np
import pytest

from tests._estimator.tools import fitted, refuses, windows

FUTURES = {
    "missing": (3, None, None, r"X_future of shape \(3, 1\) is needed"),
    "too few rows": (3, np.zeros((2, 1)), None, r"shape \(2, 1\), expected \(3, 1\)"),
    "too many rows": (3, np.zeros((4, 1)), None, r"shape \(4, 1\), expected \(3, 1\)"),
    "too many channels": (3, np.zeros((3, 2)), None, r"shape \(3, 2\), expected \(3, 1\)"),
    "NaN": (3, np.full((3, 1), np.nan), None, "X_future contains NaN"),
    "missing for contexts": (3, None, 2, r"X_future of shape \(2, 2, 1\) is needed"),
    "a row too many for contexts": (3, np.zeros((2, 3, 1)), 2, r"shape \(2, 3, 1\), expected \(2, 2, 1\)"),
    "one context's for two": (3, np.zeros((1, 2, 1)), 2, r"expected \(2, 2, 1\)"),
    "none needed": (1, np.zeros((1, 1, 1)), 1, "X_future must be None: a forecast of one step appends no step"),
}


@pytest.mark.parametrize("name", FUTURES)
def test_wrong_future(name):
    steps, future, n_contexts, match = FUTURES[name]
    X, y = windows()
    model = fitted(X, y)
    context = None if n_contexts is None else X[-n_contexts:]
    refuses(model, lambda: model.forecast(steps, future, context=context), ValueError, match)


def test_future_where_every_channel_is_a_target():
    model = fitted(*windows(2))
    refuses(model, lambda: model.forecast(2, np.zeros((2, 1))), ValueError, "every channel is a target")


@pytest.mark.parametrize(
    ("steps", "error"), [(0, ValueError), (-3, ValueError), (2.5, TypeError), ("3", TypeError), (True, TypeError)]
)
def test_wrong_steps(steps, error):
    model = fitted(*windows(2))
    refuses(model, lambda: model.forecast(steps), error, "steps must be")


def test_contexts_of_the_wrong_shape():
    X, y = windows(2)
    model = fitted(X, y)
    refuses(model, lambda: model.forecast(2, context=X[-1]), ValueError, "context has 2 dimensions")
    refuses(model, lambda: model.forecast(2, context=X[..., :1]), ValueError, "1 channels")
