"""Converters of skl2onnx: parts of a pipeline as ONNX operators.

skl2onnx calls two functions for each estimator. The first says the shape of its output, before anything is converted.
The second adds the operators.
"""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklstm._estimator.fitted_network import fitted_network
from sklstm._estimator.lag_columns import NONE
from sklstm._estimator.lags_to_sequences import LagsToSequences
from sklstm._estimator.regressor import LSTMRegressor
from sklstm._estimator.window_transformer import WindowTransformer, fitted_windows
from sklstm.interop._onnx_graph import FIRST_OPSET, Graph
from sklstm.interop._onnx_network import add_predictions, check_weights_fit


def regressor_shape(operator):
    """Set the type of the output of an LSTMRegressor: (n, K) or (n, T, K), in the precision of the input."""
    fitted = fitted_network(operator.raw_operator)
    _check_form(operator, fitted)
    steps = []
    if fitted.y_ndim == 3:
        n_channels = fitted.network.n_channels
        steps = [operator.inputs[0].type.shape[1] if fitted.is_sequence else fitted.n_features // n_channels]
    _set_output(operator, [*steps, fitted.network.n_outputs])


def convert_regressor(scope, operator, container):
    """Add the operators of an LSTMRegressor."""
    fitted, graph = fitted_network(operator.raw_operator), Graph()
    check_weights_fit(fitted)
    y = add_predictions(graph, fitted, _joined_input(graph, operator, fitted.dtype))["y"]
    if fitted.y_ndim == 1:
        y = graph.new_axis(y, 1)
    _write(graph, y, scope, operator, container)


def windows_shape(operator):
    """Set the type of the output of a WindowTransformer: (n, L, F), or (n, L · F) if windows are flattened."""
    windows, n_features = fitted_windows(operator.raw_operator), operator.raw_operator.n_features_in_
    sizes = windows.window_length, n_features
    _set_output(operator, [sizes[0] * sizes[1]] if windows.flatten else sizes, operator.raw_operator.dtype)


def convert_windows(scope, operator, container):
    """Add the operators of a WindowTransformer, which cuts windows as from an array: NaN before the first row."""
    windows, n_features, graph = fitted_windows(operator.raw_operator), operator.raw_operator.n_features_in_, Graph()
    dtype = _output_dtype(operator)
    table = _joined_input(graph, operator, dtype)
    before = np.full((windows.n_before, n_features), np.nan, dtype)
    rows = graph.add("Concat", before, table, axis=0)
    n_rows = graph.add("Gather", graph.add("Shape", table), np.int64(0), axis=0)
    first = graph.new_axis(graph.add("Range", np.int64(0), n_rows, np.int64(1)), 1)
    cut = graph.add("Gather", rows, graph.add("Add", first, np.arange(windows.window_length)[np.newaxis]), axis=0)
    if windows.flatten:
        cut = graph.add("Reshape", cut, [0, windows.window_length * n_features])
    _write(graph, cut, scope, operator, container)


def sequences_shape(operator):
    """Set the type of the output of a LagsToSequences: (n, T, F)."""
    check_is_fitted(operator.raw_operator)
    _set_output(operator, operator.raw_operator.columns_.shape)


def convert_sequences(scope, operator, container):
    """Add the operators of a LagsToSequences: columns by position, NaN where the table has none."""
    columns, graph, dtype = operator.raw_operator.columns_, Graph(), _output_dtype(operator)
    sequences = graph.add("Gather", _joined_input(graph, operator, dtype), np.maximum(columns, 0), axis=1)
    if (columns == NONE).any():
        sequences = graph.add("Where", columns == NONE, dtype.type(np.nan), sequences)
    _write(graph, sequences, scope, operator, container)


# By estimator: its name in skl2onnx, and the two functions.
CONVERTERS = {
    LSTMRegressor: ("SklstmLSTMRegressor", regressor_shape, convert_regressor),
    LagsToSequences: ("SklstmLagsToSequences", sequences_shape, convert_sequences),
    WindowTransformer: ("SklstmWindowTransformer", windows_shape, convert_windows),
}


def _check_form(operator, fitted):
    """Raise ValueError if a regressor gets a table instead of sequences, or other channels than in training."""
    shapes = [variable.type.shape for variable in operator.inputs]
    n_dimensions, n_features = (3 if fitted.is_sequence else 2), fitted.n_features
    sizes = [shape[-1] for shape in shapes]
    if any(len(shape) != n_dimensions for shape in shapes):
        was = "sequences, with 3 dimensions" if fitted.is_sequence else "a table, with 2 dimensions"
        problem = f"was fitted on {was}"
    elif None not in sizes and sum(sizes) != n_features:
        problem = f"was fitted on {n_features} {'channels' if fitted.is_sequence else 'columns'}"
    else:
        return
    raise ValueError(
        f"LSTMRegressor {problem}, but its input in ONNX has the shape {' and '.join(map(str, shapes))}. Call "
        "skl2onnx.to_onnx(estimator, X[:1]) with the X of fit, or give initial_types with the shape of X."
    )


def _set_output(operator, sizes, dtype=None):
    """Set the type of the output, (n, *sizes), in a precision or, by default, in that of the input."""
    from skl2onnx.common.data_types import guess_data_type, guess_tensor_type

    source = operator.inputs[0]
    tensor = guess_tensor_type(source.type) if dtype is None else guess_data_type(np.empty((1, 1), dtype))[0][1]
    tensor.shape = [source.get_first_dimension(), *sizes]
    operator.outputs[0].type = tensor


def _output_dtype(operator):
    from skl2onnx.common.data_types import guess_numpy_type

    return np.dtype(guess_numpy_type(operator.outputs[0].type))


def _joined_input(graph, operator, dtype):
    """Add the conversion of the inputs to a precision; several ones are the columns of a table."""
    parts = [graph.cast(variable.full_name, dtype) for variable in operator.inputs]
    return parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)


def _write(graph, result, scope, operator, container):
    """Write a graph into the model, with names that are unique there, and its result as the output."""
    from onnx import numpy_helper

    if container.target_opset < FIRST_OPSET:
        raise ValueError(f"sklstm needs target_opset >= {FIRST_OPSET}, got {container.target_opset}.")
    graph.rename(graph.cast(result, _output_dtype(operator)), operator.outputs[0].full_name)
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
