"""Weights apart, in the other order of the gates, with the scaling folded in."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from sklstm._network.fit_scaling import ScalingSettings
from sklstm._network.layout import Layout
from sklstm._network.losses import make_loss
from sklstm._network.network import Network, fit_network
from sklstm._network.plain_weights import NetworkWeights, folded_weights, largest_shift
from sklstm._network.samples import Samples
from sklstm._network.scaling import Scaling

LAYOUT = Layout(3, 2, 4, n_layers=2, n_directions=2)
THETA = np.arange(float(LAYOUT.size))


def test_every_weight_has_its_place():
    """Written out: rows of the gates i, f, o, g in theta, and i, f, g, o in what is taken out."""
    weights = NetworkWeights.from_theta(LAYOUT, THETA)
    views = LAYOUT.views(THETA)
    assert len(weights.layers) == 4
    for number, layer in enumerate(weights.layers):
        for name, found in (
            ("weight_ih", layer.weight_ih),
            ("weight_hh", layer.weight_hh),
            ("bias", layer.bias),
        ):
            i, f, o, g = (views[name][number][2 * gate : 2 * gate + 2] for gate in range(4))
            np.testing.assert_array_equal(found, np.concatenate((i, f, g, o)))
    np.testing.assert_array_equal(weights.readout_weight, views["readout_weight"])
    np.testing.assert_array_equal(weights.readout_bias, views["readout_bias"])


def test_there_and_back():
    weights = NetworkWeights.from_theta(LAYOUT, THETA)
    assert weights.layout == LAYOUT
    np.testing.assert_array_equal(weights.to_theta(), THETA)
    weights.layers[0].bias[...] = 0
    assert THETA.sum() == LAYOUT.size * (LAYOUT.size - 1) / 2  # they are copies


def network(X, y, loss="squared_error", hidden_size=3, **settings):
    loss = make_loss(loss, delta=1.0, quantile=(0.1, 0.5, 0.9))
    layout = Layout(X.shape[2], hidden_size, y.shape[1] * loss.n_levels)
    samples = Samples(X, y, np.ones(len(X)), np.arange(len(X)))
    return fit_network(layout, loss, samples, X.dtype, ScalingSettings(1, **settings))


def unscaled(weights):
    """A network that does nothing but the layers and the read-out."""
    loss = make_loss("squared_error", delta=1.0, quantile=0.5)
    return Network(weights.layout, False, loss, Scaling(1), np.zeros((1, len(weights.readout_bias))))


RNG = np.random.default_rng(0)
X = 5 + RNG.normal(size=(30, 4, 2)) * [3, 0.1]
Y = 50 + 7 * RNG.normal(size=(30, 2))


@pytest.mark.parametrize("loss", ["squared_error", "quantile", "poisson"])
@pytest.mark.parametrize(("X", "Y"), [(X, Y), (X * 1e-250, Y), (X, Y * 1e-280), (X, np.ones((30, 2)))])
def test_a_network_without_scaling_predicts_the_same(X, Y, loss):
    scaled = network(X, Y, loss)
    theta = scaled.initial_theta(np.random.default_rng(0), np.float64) + 0.1
    weights = folded_weights(scaled, theta)
    found = unscaled(weights).predict(weights.to_theta(), X, every_step=False)
    expected = scaled.predict(theta, X, every_step=False)
    assert expected.max() > expected.min() or (Y == 1).all()
    np.testing.assert_allclose(np.exp(found) if loss == "poisson" else found, expected, rtol=1e-9)


def test_without_scaling_nothing_changes():
    plain = network(X, Y, standardize=False)
    theta = plain.initial_theta(np.random.default_rng(0), np.float32)
    found = folded_weights(plain, theta).to_theta()
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, theta)
    assert largest_shift(plain) == 0


def test_the_largest_shift():
    assert largest_shift(network(X, Y)) == pytest.approx(np.abs(X.mean((0, 1)) / X.std((0, 1))).max())


def test_the_number_of_threads_does_not_count():
    """OpenBLAS rounds the product that shifts the biases otherwise if two threads divide it, in this size for one."""
    X = RNG.normal(1, 1, (8, 2, 1400))
    wide = network(X, RNG.normal(size=(8, 1)), hidden_size=207)
    theta, found = RNG.normal(size=wide.layout.size), []
    for limit in (1, 2):
        with threadpool_limits(limit, user_api="blas"):
            found.append(folded_weights(wide, theta))
    for one, other in zip(*(weights.layers for weights in found), strict=True):
        np.testing.assert_array_equal(one.bias, other.bias)
