import numpy as np
import pytest

from sklstm._network.layout import Layout

SIZES = {"n_channels": 2, "hidden_size": 3, "n_values": 4}
INPUTS = {(1, 1): [2], (3, 1): [2, 3, 3], (1, 2): [2, 2], (2, 2): [2, 2, 6, 6]}  # channels of each matrix


@pytest.fixture(params=INPUTS, ids=str)
def layout(request):
    n_layers, n_directions = request.param
    return Layout(**SIZES, n_layers=n_layers, n_directions=n_directions)


def test_views_have_their_shapes_and_cover_theta_once(layout):
    theta = np.zeros(layout.size)
    views = layout.views(theta)
    inputs = INPUTS[layout.n_layers, layout.n_directions]
    assert [view.shape for view in views["weight_ih"]] == [(12, width) for width in inputs]
    assert [view.shape for view in views["weight_hh"]] == [(12, 3)] * len(inputs)
    assert [view.shape for view in views["bias"]] == [(12,)] * len(inputs)
    assert views["readout_bias"].shape == (4,)
    assert views["readout_weight"].shape == (4, 3 * layout.n_directions)
    for view in (*views["weight_ih"], *views["weight_hh"], *views["bias"]):
        view += 1
    views["readout_bias"] += 1
    views["readout_weight"] += 1
    np.testing.assert_array_equal(theta, 1)


def test_matrices_are_the_views_side_by_side(layout):
    theta = np.arange(layout.size, dtype=float)
    views, (layers, readout) = layout.views(theta), layout.matrices(theta)
    for matrix, *parts in zip(layers, views["weight_ih"], views["bias"], views["weight_hh"], strict=True):
        parts[1] = parts[1][:, np.newaxis]
        np.testing.assert_array_equal(matrix, np.hstack(parts))
    np.testing.assert_array_equal(readout, np.hstack((views["readout_bias"][:, np.newaxis], views["readout_weight"])))
    assert layout.matrix_size == max(matrix.size for matrix in layers)


def test_mask_leaves_the_biases_out(layout):
    views = layout.views(layout.is_weight(np.float32))
    for name in ("weight_ih", "weight_hh", "readout_weight"):
        assert all((view == 1).all() for view in views[name])
    for name in ("bias", "readout_bias"):
        assert not np.concatenate([np.ravel(view) for view in views[name]]).any()


def test_the_size_is_known_of_more_layers_than_could_be_listed():
    two, three, many = (Layout(**SIZES, n_layers=n, n_directions=2).size for n in (2, 3, 10**30))
    assert many - two == (10**30 - 2) * (three - two)
