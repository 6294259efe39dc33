"""The weights as ONNX has them; predictions are compared in test_onnx.py."""

import numpy as np
import pytest
from scipy.special import expit

from sklstm import LSTMRegressor
from sklstm._estimator.fitted_network import fitted_network
from sklstm.interop._onnx_network import layer_weights, output_shapes


def fitted(y, **settings):
    X = np.random.default_rng(0).normal(size=(6, 5, 3))
    estimator = LSTMRegressor(2, learning_rate="cosine", max_iter=1, random_state=0, **settings)
    return fitted_network(estimator.fit(X, y))


def test_the_weights_give_the_states_of_the_equations_in_the_documentation_of_onnx():
    """Gates i, o, f, c with Wb + Rb as biases; at a skipped step, a state of 0 stays 0."""
    network = fitted(np.arange(6.0), n_layers=2, bidirectional=True)
    W, R, B = layer_weights(network.network.layout, network.theta, 1)
    assert (W.shape, R.shape, B.shape) == ((2, 8, 5), (2, 8, 2), (2, 16))
    x, h, c = np.array([0.3, -0.2, 0.5, 1.0, 0.0]), np.array([0.1, -0.4]), np.array([0.7, 0.2])
    for k in range(2):
        matrix = network.network.layout.matrices(network.theta)[0][2 + k]
        i, f, o, g = np.split(matrix @ np.concatenate((x[:4], [1], h)), 4)
        want = expit(f) * c + expit(i) * np.tanh(g)
        i, o_found, f, g = np.split(W[k] @ x + R[k] @ h + B[k, :8] + B[k, 8:], 4)
        np.testing.assert_allclose(expit(f) * c + expit(i) * np.tanh(g), want, rtol=1e-5)
        np.testing.assert_allclose(o_found, o, rtol=1e-5)
        skipped = np.array([0, 0, 0, 0, 1], np.float32)
        assert ((W[k] @ skipped + B[k, :8])[6:] == 0).all()


@pytest.mark.parametrize(
    ("y", "settings", "shapes"),
    [
        (np.arange(6.0), {}, {"y": ["n_samples"]}),
        (np.ones((6, 4)), {"n_targets": 2}, {"y": ["n_samples", 4]}),
        (np.ones((6, 5, 1)), {}, {"y": ["n_samples", "n_steps", 1]}),
        (
            np.ones((6, 5, 2)),
            {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]},
            {"y": ["n_samples", "n_steps", 2], "quantiles": ["n_samples", "n_steps", 2, 3]},
        ),
        (np.arange(6.0), {"loss": "quantile"}, {"y": ["n_samples"], "quantiles": ["n_samples", 1]}),
    ],
)
def test_shapes_of_outputs(y, settings, shapes):
    assert output_shapes(fitted(y, **settings)) == shapes
