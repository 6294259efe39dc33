import numpy as np
import pytest

from sklstm.interop._onnx_graph import ELEMENT_TYPES, Graph

onnx = pytest.importorskip("onnx")


def run(build, *arrays):
    """Compute what `build(graph, *names)` returns by onnx's reference evaluator."""
    from onnx.reference import ReferenceEvaluator

    graph, names = Graph(), [f"x{k}" for k in range(len(arrays))]
    graph.rename(build(graph, *names), "y")
    info = onnx.helper.make_tensor_value_info
    proto = onnx.helper.make_graph(
        [onnx.helper.make_node(node.operator, node.inputs, node.outputs, **node.attributes) for node in graph.nodes],
        "test",
        [info(name, ELEMENT_TYPES[array.dtype], array.shape) for name, array in zip(names, arrays, strict=True)],
        [onnx.helper.make_empty_tensor_value_info("y")],
        [onnx.numpy_helper.from_array(value, name) for name, value in graph.constants.items()],
    )
    model = onnx.helper.make_model(proto, opset_imports=[onnx.helper.make_opsetid("", 17)])
    (found,) = ReferenceEvaluator(model).run(None, dict(zip(names, arrays, strict=True)))
    return found


@pytest.mark.parametrize("dtype", ELEMENT_TYPES)
def test_element_types_are_those_of_the_format(dtype):
    assert onnx.helper.np_dtype_to_tensor_dtype(dtype) == ELEMENT_TYPES[dtype]
    assert run(lambda graph, x: graph.cast(x, dtype), np.ones(2, np.float32)).dtype == dtype


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("keepdims", [True, False])
def test_masks_along_an_axis(axis, keepdims):
    mask = np.array([[True, False, False], [True, True, False], [True, True, True], [False, False, False]])
    found = run(lambda graph, x: graph.any_along(x, axis, keepdims), mask)
    np.testing.assert_array_equal(found, mask.any(axis, keepdims=keepdims))
    found = run(lambda graph, x: graph.all_along(x, axis, keepdims), mask)
    np.testing.assert_array_equal(found, mask.all(axis, keepdims=keepdims))


def test_parts_and_gathered_elements():
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(run(lambda graph, x: graph.part(x, 1, 3, 2), x), x[..., 1:3])
    index = np.array([[[2]], [[0]]])
    found = run(lambda graph, x, k: graph.gather(x, k, [1, 1, 4], 1), x, index)
    np.testing.assert_array_equal(found, np.stack((x[0, 2:], x[1, :1])))


def test_the_order_of_keys():
    keys = np.array([[5, 1, 3], [0, 2, 1]])
    found = run(lambda graph, x, n: graph.sort_order(x, n), keys, np.array(3))
    np.testing.assert_array_equal(found, np.argsort(keys, axis=1))


def test_names_are_those_of_constants_and_results_that_are_computed():
    graph = Graph()
    first, second = graph.add_several("LSTM", 2, "x", np.ones(1), is_kept=(False, True))
    assert first == ""
    assert graph.names == [*graph.constants, second]
