import numpy as np
import pytest

from sklstm._network import readout


@pytest.mark.parametrize("leading", [(), (4,)])
def test_outputs_and_gradients_of_a_linear_layer(leading):
    """The layer is bilinear, so its gradients are known exactly: compare with einsum."""
    rng = np.random.default_rng(0)
    matrix, states, d_y = (rng.standard_normal(shape) for shape in [(2, 4), (*leading, 4, 5), (*leading, 2, 5)])
    states[..., 0, :] = 1
    np.testing.assert_allclose(readout.forward(matrix, states), np.einsum("kh,...hb->...kb", matrix, states))
    d_matrix, d_h = readout.backward(matrix, states, d_y)
    products = np.einsum("...kb,...hb->...kh", d_y, states)
    np.testing.assert_allclose(d_matrix, products.sum(axis=0) if leading else products)
    np.testing.assert_allclose(d_h, np.einsum("kh,...kb->...hb", matrix[:, 1:], d_y))
