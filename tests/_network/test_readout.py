import numpy as np
import pytest

from sklstm._network import readout


@pytest.mark.parametrize("n_samples", [1, 5])
@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize("leading", [(), (4,)])
def test_outputs_and_gradients_of_a_linear_layer(leading, n_outputs, n_samples):
    """The layer is bilinear, so its gradients are known exactly: compare with einsum."""
    K, B, rng = n_outputs, n_samples, np.random.default_rng(0)
    matrix, states, d_y = (rng.standard_normal(shape) for shape in [(K, 4), (*leading, 4, B), (*leading, K, B)])
    states[..., 0, :] = 1
    np.testing.assert_allclose(readout.forward(matrix, states), np.einsum("kh,...hb->...kb", matrix, states))
    d_matrix, d_h = readout.backward(matrix, states, d_y)
    products = np.einsum("...kb,...hb->...kh", d_y, states)
    np.testing.assert_allclose(d_matrix, products.sum(axis=0) if leading else products)
    np.testing.assert_allclose(d_h, np.einsum("kh,...kb->...hb", matrix[:, 1:], d_y))
