"""What converters of skl2onnx have in common: the types of inputs and outputs, and writing a Graph into the model."""

import numpy as np

from sklstm.interop._onnx_graph import FIRST_OPSET


def set_output(operator, sizes, dtype=None):
    """Set the type of the output, (n, *sizes), in a precision or, by default, in that of the input."""
    from skl2onnx.common.data_types import guess_data_type

    source = operator.inputs[0]
    tensor = real_type(operator) if dtype is None else guess_data_type(np.empty((1, 1), dtype))[0][1]
    tensor.shape = [source.get_first_dimension(), *sizes]
    operator.outputs[0].type = tensor


def real_type(operator):
    """Return a new type of skl2onnx in the precision of the input; single precision for whole numbers."""
    from skl2onnx.common.data_types import guess_tensor_type

    return guess_tensor_type(operator.inputs[0].type)


def output_dtype(operator):
    """Return the precision of the output as a numpy dtype."""
    from skl2onnx.common.data_types import guess_numpy_type

    return np.dtype(guess_numpy_type(operator.outputs[0].type))


def joined_input(graph, operator, dtype):
    """Add the conversion of the inputs to a precision; several ones are the columns of a table."""
    parts = [graph.cast(variable.full_name, dtype) for variable in operator.inputs]
    return parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)


def write(graph, result, scope, operator, container):
    """Write a graph into the model, with names that are unique there, and its result as the output."""
    from onnx import numpy_helper

    if container.target_opset < FIRST_OPSET:
        raise ValueError(f"sklstm needs target_opset >= {FIRST_OPSET}, got {container.target_opset}.")
    graph.rename(graph.cast(result, output_dtype(operator)), operator.outputs[0].full_name)
    names = {name: scope.get_unique_variable_name(f"lstm_{name}") for name in graph.names}
    names[operator.outputs[0].full_name] = operator.outputs[0].full_name
    for name, value in graph.constants.items():
        tensor = numpy_helper.from_array(value, names[name])
        container.add_initializer(names[name], tensor.data_type, value.shape, tensor)
    for node in graph.nodes:
        inputs = [names.get(name, name) for name in node.inputs]
        # skl2onnx wants every output to have a name
        outputs = [names.get(name) or scope.get_unique_variable_name("lstm_unused") for name in node.outputs]
        operator_name = scope.get_unique_operator_name(f"lstm_{node.operator}")
        container.add_node(node.operator, inputs, outputs, name=operator_name, **node.attributes)
