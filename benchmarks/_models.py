"""Data and estimators for the benchmarks."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklstm import LSTMRegressor

# (batch size, time steps, channels, hidden units)
GRID = (
    (32, 10, 1, 10),
    (32, 24, 1, 32),
    (32, 24, 4, 32),
    (32, 48, 4, 64),
    (64, 48, 8, 64),
    (128, 100, 8, 128),
    (200, 24, 1, 32),
    (256, 24, 1, 32),
    (1, 24, 1, 32),
    (64, 168, 8, 128),
    (32, 100, 16, 256),
)

# Deeper networks, which are measured in addition to a single layer in one direction.
DEEP = {"two layers": {"n_layers": 2}, "bidirectional": {"bidirectional": True}}


def rows(n_rows, n_steps, n_channels, dtype="float32"):
    """Return random samples, and targets that can be learnt from them."""
    X = np.random.default_rng(0).standard_normal((n_rows, n_steps, n_channels)).astype(dtype)
    return X, X[:, -1, 0] - X[:, 0, -1] / 2


def _leading(rng, n_rows, n_steps):
    return np.arange(n_steps) < rng.integers(0, n_steps, (n_rows, 1))


def _half_or_more(rng, n_rows, n_steps):
    return np.arange(n_steps) < rng.integers(n_steps - n_steps // 2, n_steps, (n_rows, 1))


def _at_random(rng, n_rows, n_steps):
    return rng.random((n_rows, n_steps)) < 0.05


# Which steps are missing: a mask of the steps of all rows. The first two are leading steps, and leave at least one.
MISSING = {"leading": _leading, "half or more": _half_or_more, "5 % at random": _at_random}


def with_missing(X, pattern):
    """Return a copy of samples in which the steps of a pattern are missing."""
    missing = MISSING[pattern](np.random.default_rng(1), *X.shape[:2])
    return np.where(missing[:, :, np.newaxis], X.dtype.type(np.nan), X)


def regressor(hidden_size, batch_size="auto", max_iter=1, **settings):
    """Return an estimator that trains for exactly `max_iter` epochs."""
    whole = {"max_iter": max_iter, "tol": 0, "n_iter_no_change": np.inf}
    return LSTMRegressor(hidden_size, batch_size=batch_size, random_state=0, **whole, **settings)


def fit(estimator, X, y):
    """Fit without the warning that training has not converged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(X, y)
