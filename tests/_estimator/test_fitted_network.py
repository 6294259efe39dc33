import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from sklstm import LSTMRegressor
from sklstm._estimator.fitted_network import fitted_network


def fitted(X, y, **settings):
    return LSTMRegressor(2, learning_rate="cosine", max_iter=1, random_state=0, **settings).fit(X, y)


@pytest.mark.parametrize(
    ("X", "y", "n_columns", "y_ndim", "settings"),
    [
        (np.arange(24.0).reshape(4, 6), np.arange(4.0), 6, 1, {"n_channels": 3}),
        (np.arange(24.0, dtype=np.float32).reshape(4, 3, 2), np.arange(8.0).reshape(4, 2), None, 2, {}),
        (np.arange(24.0).reshape(4, 3, 2), np.arange(12.0).reshape(4, 3, 1), None, 3, {}),
    ],
)
def test_forms(X, y, n_columns, y_ndim, settings):
    estimator = fitted(X, y, **settings)
    found = fitted_network(estimator)
    assert (found.n_columns, found.y_ndim, found.dtype) == (n_columns, y_ndim, X.dtype)
    assert found.n_features == X.shape[-1]
    samples = X.reshape(4, -1, found.network.n_channels)
    predictions = found.network.predict(found.theta, samples, y_ndim == 3)
    np.testing.assert_array_equal(predictions.reshape(y.shape), estimator.predict(X))


def test_it_is_a_copy():
    estimator = fitted(np.arange(24.0).reshape(4, 6), np.arange(4.0))
    found = fitted_network(estimator)
    found.theta[:] = 0
    found.settings["loss"] = "poisson"
    assert estimator.theta_.any()
    assert fitted_network(estimator).settings["loss"] == "squared_error"


def test_an_estimator_that_is_not_fitted():
    with pytest.raises(NotFittedError):
        fitted_network(LSTMRegressor())
