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
from sklstm._forecasting.forecaster import Forecaster
from sklstm.interop._onnx_graph import Graph
from sklstm.interop._onnx_network import add_predictions, check_weights_fit
from sklstm.interop._onnx_operators import joined_input, output_dtype, set_output, write

NO_FORECASTER = (
    "to_onnx takes a fitted LSTMRegressor, got a Forecaster. Its season, baseline and loop over steps have no "
    "counterpart in ONNX. Export an LSTMRegressor that was fitted on make_windows(series, window_length), and feed its "
    'predictions back: section "Forecast with ONNX Runtime" of doc/exchange.md has the loop.'
)


def regressor_shape(operator):
    """Set the type of the output of an LSTMRegressor: (n, K) or (n, T, K), in the precision of the input."""
    fitted = fitted_network(operator.raw_operator)
    _check_form(operator, fitted)
    steps = []
    if fitted.y_ndim == 3:
        n_channels = fitted.network.n_channels
        n_steps = (operator.inputs[0].type.shape or [None, None])[1]
        steps = [n_steps if fitted.is_sequence else fitted.n_features // n_channels]
    set_output(operator, [*steps, fitted.network.n_outputs])


def convert_regressor(scope, operator, container):
    """Add the operators of an LSTMRegressor."""
    fitted, graph = fitted_network(operator.raw_operator), Graph()
    check_weights_fit(fitted)
    y = add_predictions(graph, fitted, joined_input(graph, operator, fitted.dtype))["y"]
    if fitted.y_ndim == 1:
        y = graph.new_axis(y, 1)
    write(graph, y, scope, operator, container)


def windows_shape(operator):
    """Set the type of the output of a WindowTransformer: (n, L, F), or (n, L · F) if windows are flattened."""
    windows, n_features = fitted_windows(operator.raw_operator), operator.raw_operator.n_features_in_
    sizes = windows.window_length, n_features
    set_output(operator, [sizes[0] * sizes[1]] if windows.flatten else sizes, operator.raw_operator.dtype)


def convert_windows(scope, operator, container):
    """Add the operators of a WindowTransformer, which cuts windows as from an array: NaN before the first row."""
    windows, n_features, graph = fitted_windows(operator.raw_operator), operator.raw_operator.n_features_in_, Graph()
    dtype = output_dtype(operator)
    table = joined_input(graph, operator, dtype)
    before = np.full((windows.n_before, n_features), np.nan, dtype)
    rows = graph.add("Concat", before, table, axis=0)
    n_rows = graph.add("Gather", graph.add("Shape", table), np.int64(0), axis=0)
    first = graph.new_axis(graph.add("Range", np.int64(0), n_rows, np.int64(1)), 1)
    cut = graph.add("Gather", rows, graph.add("Add", first, np.arange(windows.window_length)[np.newaxis]), axis=0)
    if windows.flatten:
        cut = graph.add("Reshape", cut, [0, windows.window_length * n_features])
    write(graph, cut, scope, operator, container)


def sequences_shape(operator):
    """Set the type of the output of a LagsToSequences: (n, T, F)."""
    check_is_fitted(operator.raw_operator)
    set_output(operator, operator.raw_operator.columns_.shape)


def convert_sequences(scope, operator, container):
    """Add the operators of a LagsToSequences: columns by position, NaN where the table has none."""
    columns, graph, dtype = operator.raw_operator.columns_, Graph(), output_dtype(operator)
    sequences = graph.add("Gather", joined_input(graph, operator, dtype), np.maximum(columns, 0), axis=1)
    if (columns == NONE).any():
        sequences = graph.add("Where", columns == NONE, dtype.type(np.nan), sequences)
    write(graph, sequences, scope, operator, container)


def refuse_forecaster(operator):
    """Raise TypeError, which says what to export instead."""
    raise TypeError(NO_FORECASTER)


# By estimator: its name in skl2onnx, and the two functions.
CONVERTERS = {
    Forecaster: ("SklstmForecaster", refuse_forecaster, lambda scope, operator, container: None),
    LSTMRegressor: ("SklstmLSTMRegressor", regressor_shape, convert_regressor),
    LagsToSequences: ("SklstmLagsToSequences", sequences_shape, convert_sequences),
    WindowTransformer: ("SklstmWindowTransformer", windows_shape, convert_windows),
}


def _check_form(operator, fitted):
    """Raise ValueError if a regressor gets a table instead of sequences, or other channels than in training.

    A BaggingRegressor does not say which shape the columns have that it selects.
    """
    shapes = [variable.type.shape for variable in operator.inputs if variable.type.shape]
    n_dimensions, n_features = (3 if fitted.is_sequence else 2), fitted.n_features
    sizes = [shape[-1] for shape in shapes]
    if any(len(shape) != n_dimensions for shape in shapes):
        was = "sequences, with 3 dimensions" if fitted.is_sequence else "a table, with 2 dimensions"
        problem = f"was fitted on {was}"
    elif sizes and None not in sizes and sum(sizes) != n_features:
        problem = f"was fitted on {n_features} {'channels' if fitted.is_sequence else 'columns'}"
    else:
        return
    raise ValueError(
        f"LSTMRegressor {problem}, but its input in ONNX has the shape {' and '.join(map(str, shapes))}. Call "
        "skl2onnx.to_onnx(estimator, X[:1]) with the X of fit, or give initial_types with the shape of X."
    )
