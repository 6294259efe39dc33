"""Models from weights without any other library: what they are, and what they refuse."""

import numpy as np
import pytest

from sklstm import LSTMRegressor
from sklstm._estimator.given_weights import fit_by_weights, weights_with_scaling
from sklstm._network.plain_weights import LayerWeights, NetworkWeights
from tests import reference
from tests.tools import fit, model, named

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 5, 2))


def given(n_outputs=1, dtype=np.float64):
    """Weights of a layer of 3 units."""
    parts = [RNG.normal(size=shape).astype(dtype) for shape in ((12, 2), (12, 3), (12,), (n_outputs, 3), (n_outputs,))]
    return NetworkWeights([LayerWeights(*parts[:3])], 1, *parts[3:])


def made(weights=None, every_step=False, **parameters):
    regressor = LSTMRegressor(3, standardize=False, **parameters)
    return fit_by_weights(regressor, given() if weights is None else weights, every_step=every_step)


@pytest.mark.parametrize(
    ("n_outputs", "every_step", "shape"), [(1, False, (6,)), (2, False, (6, 2)), (1, True, (6, 5, 1))]
)
def test_predictions_follow_the_equations(n_outputs, every_step, shape):
    weights = given(n_outputs)
    regressor = made(weights, every_step)
    by_name = named(weights.layout, weights.to_theta())
    outputs = [
        reference.forward({k: v.tolist() for k, v in by_name.items()}, x.tolist(), [0] * 3, [0] * 3)[0] for x in X
    ]
    expected = np.array(outputs) if every_step else np.array(outputs)[:, -1]
    assert regressor.predict(X).shape == shape
    np.testing.assert_allclose(regressor.predict(X), expected.reshape(shape), rtol=1e-12)


def test_what_is_known_of_a_model_from_weights():
    regressor = made(given(dtype=np.float32))
    assert regressor.theta_.dtype == regressor.predict(X).dtype == np.float32
    assert regressor.loss_curve_ == []
    assert (regressor.n_iter_, regressor.t_, regressor.best_iter_, regressor.n_features_in_) == (0, 0, 0, 2)
    assert np.isnan(regressor.loss_)
    assert np.isnan(regressor.best_loss_)
    assert not hasattr(regressor, "feature_names_in_")
    with pytest.raises(ValueError, match="2 dimensions"):
        regressor.predict(X.reshape(6, 10))


def test_a_failure_leaves_a_fitted_regressor_as_it_was():
    regressor = fit(model(hidden_size=3), X, X[:, 0, 0])
    before = regressor.predict(X)
    with pytest.raises(ValueError, match="standardize=True"):
        fit_by_weights(regressor, given(), every_step=False)
    np.testing.assert_array_equal(regressor.predict(X), before)
    fit_by_weights(regressor.set_params(standardize=False), given(), every_step=False)
    assert regressor.n_iter_ == 0


def test_every_step_is_trained_with_loss_steps_all():
    series = np.sin(np.arange(40.0))
    windows = np.lib.stride_tricks.sliding_window_view(series, 8)[:-1, :, np.newaxis]
    parts = RNG.normal(size=(12, 1)), RNG.normal(size=(12, 3)), RNG.normal(size=12)
    weights = NetworkWeights([LayerWeights(*parts)], 1, RNG.normal(size=(1, 3)), np.zeros(1))
    regressor = made(weights, loss_steps="all", learning_rate_init=1e-300, batch_size=32)
    expected = np.mean((made(weights, every_step=True).predict(windows)[:, :-1, 0] - windows[:, 1:, 0]) ** 2 / 2)
    last = np.mean((regressor.predict(windows) - series[8:]) ** 2 / 2)
    loss = regressor.partial_fit(windows, series[8:]).loss_
    assert loss == pytest.approx((7 * expected + last) / 8, rel=1e-9)


def test_scaling_goes_into_the_weights_and_the_regressor_keeps_its_own():
    y = 5 + 3 * X[:, -1, 0]
    regressor = fit(model(hidden_size=3), 2 + X, y)
    theta = regressor.theta_.copy()
    weights = weights_with_scaling(regressor)
    np.testing.assert_allclose(made(weights).predict(2 + X), regressor.predict(2 + X), rtol=1e-9)
    np.testing.assert_array_equal(regressor.theta_, theta)
    assert weights_with_scaling(regressor, np.float32).readout_bias.dtype == np.float32
