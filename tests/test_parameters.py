import numpy as np

from sklstm._parameters import Layout

LAYOUT = Layout(n_channels=2, hidden_size=3, n_outputs=4)
SHAPES = {"weight_ih": (12, 2), "bias": (12,), "weight_hh": (12, 3), "readout_bias": (4,), "readout_weight": (4, 3)}


def test_views_have_their_shapes_and_cover_theta_once():
    theta = np.zeros(LAYOUT.size)
    views = LAYOUT.views(theta)
    assert {name: view.shape for name, view in views.items()} == SHAPES
    for view in views.values():
        view += 1
    np.testing.assert_array_equal(theta, 1)


def test_matrices_are_the_views_side_by_side():
    theta = np.arange(LAYOUT.size, dtype=float)
    views, (matrix, readout) = LAYOUT.views(theta), LAYOUT.matrices(theta)
    columns = (views["weight_ih"], views["bias"][:, np.newaxis], views["weight_hh"])
    np.testing.assert_array_equal(matrix, np.hstack(columns))
    np.testing.assert_array_equal(readout, np.hstack((views["readout_bias"][:, np.newaxis], views["readout_weight"])))


def test_mask_leaves_the_biases_out():
    views = LAYOUT.views(LAYOUT.is_weight(np.float32))
    for name, view in views.items():
        np.testing.assert_array_equal(view, 0 if "bias" in name else 1)
