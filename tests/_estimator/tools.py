"""Tables, rows and fitted models that the tests of this folder share."""

import numpy as np
import pandas as pd
import pytest

from sklstm import LSTMRegressor, make_windows

TABLE = np.arange(1.0, 21.0).reshape(10, 2)  # rows (1, 2), (3, 4), …
DAYS = pd.date_range("2024-01-01", periods=10, name="day")
FRAME = pd.DataFrame(TABLE, index=DAYS, columns=["y", "z"])


def by_hand(table, before, window_length, lead):
    """Row t holds the rows t - lead - window_length + 1 … t - lead, of `before` where they are earlier."""
    long = np.vstack((np.full((100, table.shape[1]), np.nan), before, table))
    first = len(long) - len(table)
    return np.array([long[first + t - lead - window_length + 1 : first + t - lead + 1] for t in range(len(table))])


RNG = np.random.default_rng(0)
X3, Y = RNG.standard_normal((12, 5, 2)), RNG.standard_normal(12)
X2 = X3.reshape(12, 10)
SERIES = np.sin(np.arange(40.0))[:, np.newaxis] * [1.0, 0.5]


def fitted(X=X3, y=Y, **settings):
    return LSTMRegressor(3, max_iter=2, tol=0, n_iter_no_change=1, random_state=0, **settings).partial_fit(X, y)


def changed(values, index, value):
    values = values.copy()
    values[index] = value
    return values


def state(model):
    return {
        name: value.tobytes() if isinstance(value, np.ndarray) else repr(value) for name, value in vars(model).items()
    }


def refuses(model, call, error, match):
    before = state(model)
    with pytest.raises(error, match=match):
        call()
    assert state(model) == before


def windows(n_outputs=1, targets="last"):
    return make_windows(SERIES, 5, n_outputs=n_outputs, targets=targets)
