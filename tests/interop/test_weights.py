"""What PyTorch, Keras and safetensors have in common: checks of weights, and the model that is made of them."""

import numpy as np
import pandas as pd
import pytest

from sklstm import LSTMRegressor
from sklstm._network.plain_weights import LayerWeights
from sklstm.interop._weights import (
    check_array,
    check_dtype,
    check_regressor,
    check_same_precision,
    check_shape,
    check_sizes,
    hidden_size_of,
    layer_from,
    new_regressor,
    stacked,
)
from sklstm.interop.keras import from_keras
from tests.attack import in_itself


def layer(n_inputs=2, size=3):
    return layer_from(np.ones((4 * size, n_inputs)), np.ones((4 * size, size)), None)


def test_a_layer_without_biases_has_zeros():
    np.testing.assert_array_equal(layer().bias, np.zeros(12))
    assert isinstance(layer(), LayerWeights)
    assert layer_from(np.ones((4, 1), np.float32), np.ones((4, 1), np.float32), None).bias.dtype == np.float32


def test_layers_and_read_out_must_fit_each_other():
    readout = "dense", np.ones((1, 3)), np.ones(1)
    assert stacked([("one", layer()), ("two", layer(3))], readout, 1).layout.n_layers == 2
    for layers, says in (
        ([layer(), layer(4)], "two reads 4 inputs, but there are 3"),
        ([layer(), layer(3, size=2)], "two has 2 units, but one has 3"),
        ([layer(size=4)], "dense reads 3 values, but the top layer has 4 states"),
    ):
        with pytest.raises(ValueError, match=says):
            stacked(list(zip(("one", "two"), layers, strict=False)), readout, 1)
    with pytest.raises(ValueError, match=r"6 states.*in 2 directions"):
        stacked([("one", layer()), ("two", layer())], readout, 2)


def test_cells_by_their_recurrent_weights():
    assert hidden_size_of("w", (12, 3), size_axis=1, gate_axis=0) == 3
    assert hidden_size_of("w", (3, 12), size_axis=0, gate_axis=1) == 3
    for shape, says in (((9, 3), "a GRU"), ((3, 3), "a simple recurrent"), ((13, 3), "four gates"), ((12, 0), "four"),
                        ((15, 3), "four gates"), ((12,), "four gates"), ((), "four gates")):  # fmt: skip
        with pytest.raises(ValueError, match=says):
            hidden_size_of("w", shape, size_axis=1, gate_axis=0)


def test_arrays():
    other_order = np.ones(3, ">f4")
    found = check_array("w", other_order)
    assert found.dtype == np.float32
    assert found.dtype.isnative
    np.testing.assert_array_equal(found, other_order)
    for wrong, error in ((np.ones(3, int), TypeError), ([1.0], TypeError), (np.ones(3, np.float16), ValueError),
                         (np.array([np.inf]), ValueError), (np.ones(3, np.longdouble), ValueError)):  # fmt: skip
        with pytest.raises(error, match=r"^w "):
            check_array("w", wrong)
    check_shape("w", np.ones(3), (3,), "it")
    with pytest.raises(ValueError, match=r"w has the shape \(3,\), but it needs \(4,\)"):
        check_shape("w", np.ones(3), (4,), "it")


def test_precisions():
    assert check_dtype(None) is None
    assert check_dtype("float32") == np.float32
    with pytest.raises(ValueError, match="got 'half'"):
        check_dtype("half")
    for wrong in (in_itself(), {"a": ("f4", {})}, np.ones(2)):
        with pytest.raises(ValueError, match=r"dtype must be .* got"):
            check_dtype(wrong)
    check_same_precision({"a": np.ones(1), "b": np.ones(2)})
    with pytest.raises(ValueError, match="a has float64 and b has float32"):
        check_same_precision({"a": np.ones(1), "b": np.ones(2, np.float32)})


def test_a_regressor_is_needed():
    check_regressor(LSTMRegressor(), "f")
    for wrong in (None, LSTMRegressor, "model"):
        with pytest.raises(TypeError, match="f takes a fitted LSTMRegressor, got"):
            check_regressor(wrong, "f")


def test_what_the_user_says_replaces_what_the_other_library_says():
    weights = stacked([("one", layer())], ("dense", np.ones((1, 3)), np.ones(1)), 1)
    check_sizes(weights)
    assert new_regressor(weights, {}, False, {"dropout": 0.5}).dropout == 0.5
    assert new_regressor(weights, {"dropout": 0.1}, False, {"dropout": 0.5}).dropout == 0.1
    for wrong in (np.ones(2), pd.Series([3, 3]), True, 3.0, [3], "3"):
        with pytest.raises(ValueError, match=r"hidden_size=.*, but the weights have hidden_size=3\."):
            new_regressor(weights, {"hidden_size": wrong}, False, {})
    assert new_regressor(weights, {"hidden_size": np.int8(3), "bidirectional": np.False_}, False, {}).hidden_size == 3
    empty = stacked([("one", layer(0))], ("dense", np.ones((1, 3)), np.ones(1)), 1)
    with pytest.raises(ValueError, match="0 inputs, 3 units and 1 outputs"):
        new_regressor(empty, {}, False, {})


@pytest.mark.parametrize("loss", [np.array(["poisson", "huber"]), pd.Series([1, 2])], ids=["array", "Series"])
def test_tables_are_no_loss(loss):
    dense = [np.ones((3, 1)), np.ones(1)]
    with pytest.raises(ValueError, match="The 'loss' parameter of LSTMRegressor"):
        from_keras([[np.ones((2, 12)), np.ones((3, 12)), np.ones(12)], dense], loss=loss)
