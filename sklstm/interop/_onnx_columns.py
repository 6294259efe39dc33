"""The columns of a ColumnTransformer for skl2onnx, which takes some of them in another order, or others.

skl2onnx leaves the table as it is if a part of a ColumnTransformer reads as many columns as there are, in whatever
order. It reads the values of a mask as the numbers 1 and 0, and knows no positions from the end.
"""

from copy import copy
from functools import wraps

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin


class Columns(TransformerMixin, BaseEstimator):
    """Takes columns of a table by position. It stands for this operation in skl2onnx, and is never fitted."""

    def __init__(self, columns):
        self.columns = columns


def columns_shape(operator):
    """Set the type of the output of Columns, (n, n_columns), which is that of the input."""
    source = operator.inputs[0]
    shape = [source.get_first_dimension(), len(operator.raw_operator.columns)]
    operator.outputs[0].type = type(source.type)(shape)


def convert_columns(scope, operator, container):
    """Add the operator that takes the columns."""
    from onnx import TensorProto

    columns, name = operator.raw_operator.columns, scope.get_unique_variable_name("lstm_columns")
    container.add_initializer(name, TensorProto.INT64, [len(columns)], columns)
    inputs, outputs = [operator.inputs[0].full_name, name], [operator.outputs[0].full_name]
    container.add_node("Gather", inputs, outputs, name=scope.get_unique_operator_name("lstm_columns"), axis=1)


def keep_order_of_columns():
    """Make skl2onnx take the columns that the parts of a ColumnTransformer read, in their order."""
    from skl2onnx import update_registered_converter, update_registered_parser
    from skl2onnx._parse import sklearn_parsers_map
    from sklearn.compose import ColumnTransformer

    update_registered_converter(Columns, "SklstmColumns", columns_shape, convert_columns)
    parser = sklearn_parsers_map[ColumnTransformer]
    if hasattr(parser, "__wrapped__"):  # it was called before
        return

    @wraps(parser)
    def parse(scope, model, inputs, custom_parsers=None):
        widths = [variable.type.shape[-1] if variable.type.shape else None for variable in inputs]
        if None not in widths:
            model = with_positions(model, sum(widths), is_one_table=len(inputs) == 1)
        return parser(scope, model, inputs, custom_parsers=custom_parsers)

    update_registered_parser(ColumnTransformer, parse)


def with_positions(model, n_columns, is_one_table):
    """Return a ColumnTransformer whose parts name positions from the first; in one table, not all in another order.

    Parameters
    ----------
    model : ColumnTransformer
        Fitted.
    n_columns : int
    is_one_table : bool
        Whether the columns are those of one input in ONNX. Otherwise each is an input of its own.
    """
    found = copy(model)
    found.transformers_ = [
        (name, *_part(step, _positions(columns, n_columns), n_columns if is_one_table else None))
        for name, step, columns in model.transformers_
    ]
    return found


def _positions(columns, n_columns):
    """Return the positions of columns as a list of int; names are returned unchanged."""
    if isinstance(columns, slice):
        return columns if isinstance(columns.stop, str) else list(range(n_columns))[columns]
    given = np.atleast_1d(np.asarray(columns))
    return np.arange(n_columns)[given].tolist() if given.dtype.kind in "biu" else columns


def _part(step, positions, n_columns):
    """Return the step of a part and its columns; before the step, all columns of one table are put in their order."""
    in_order = list(range(n_columns or 0))
    if not isinstance(positions, list) or len(positions) != n_columns or positions == in_order:
        return step, positions
    if isinstance(step, str):  # "passthrough"; "drop" reads no columns
        return step if step == "drop" else Columns(positions), in_order
    from sklearn.pipeline import Pipeline

    return Pipeline([("columns", Columns(positions)), ("step", step)]), in_order
