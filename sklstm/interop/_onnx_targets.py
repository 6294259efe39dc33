"""Converter of skl2onnx for scikit-learn's `TransformedTargetRegressor`, which skl2onnx does not have.

The inverse of the transformer becomes a few operators. They compute in double precision, as the difference of two large
numbers, such as exp(y) - 1, loses digits.
"""

from functools import cache

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklstm.interop._onnx_graph import Graph
from sklstm.interop._onnx_operators import real_type, set_output, write

PRECISE = np.dtype(np.float64)

# By the inverse function of a FunctionTransformer: the operators, with constants.
FUNCTIONS = {
    None: [],
    np.exp: [("Exp",)],
    np.expm1: [("Exp",), ("Sub", 1)],
    np.log: [("Log",)],
    np.log1p: [("Add", 1), ("Log",)],
    np.sqrt: [("Sqrt",)],
    np.square: [("Pow", 2)],
    np.negative: [("Neg",)],
}


def target_shape(operator):
    """Set the type of the output, (n, K), after a check that the transformer can be converted."""
    model = operator.raw_operator
    check_is_fitted(model)
    _inverse(model.transformer_)
    set_output(operator, [getattr(model.transformer_, "n_features_in_", None)])


def convert_target(scope, operator, container):
    """Add the operators of the regressor, which skl2onnx converts, and of the inverse of the transformer."""
    from skl2onnx import get_model_alias

    model, graph = operator.raw_operator, Graph()
    regressor = scope.declare_local_operator(get_model_alias(type(model.regressor_)), model.regressor_)
    regressor.inputs = operator.inputs
    transformed = scope.declare_local_variable("transformed_target", real_type(operator))
    regressor.outputs.append(transformed)
    y = graph.cast(transformed.full_name, PRECISE)
    for name, *constants in _inverse(model.transformer_):
        y = graph.add(name, y, *(np.asarray(constant, PRECISE) for constant in constants))
    write(graph, y, scope, operator, container)


def _inverse(transformer):
    """Return the operators of `inverse_transform`, with constants; ValueError for a transformer that is not known."""
    if _is(transformer, "Pipeline"):
        steps = [step for _, step in reversed(transformer.steps) if step not in (None, "passthrough")]
        return [part for step in steps for part in _inverse(step)]
    if _is(transformer, "FunctionTransformer"):
        function = transformer.inverse_func
        if not transformer.inv_kw_args and any(function is known for known in FUNCTIONS):
            return FUNCTIONS[function]
        _refuse(f"the inverse function {getattr(function, '__name__', function)}")
    known = next((cls for cls in _scalers() if type(transformer) is cls), None)
    if known is None:
        _refuse(f"the transformer {type(transformer).__name__}")
    steps = [part for part in _scalers()[known] if getattr(transformer, part[2], True)]
    return [(name, getattr(transformer, attribute)) for name, attribute, _ in steps]


@cache
def _scalers():
    """Return the operators of each scaler: their constants are attributes, and a parameter may switch them off."""
    from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

    return {
        StandardScaler: [("Mul", "scale_", "with_std"), ("Add", "mean_", "with_mean")],
        RobustScaler: [("Mul", "scale_", "with_scaling"), ("Add", "center_", "with_centering")],
        MinMaxScaler: [("Sub", "min_", ""), ("Div", "scale_", "")],
        MaxAbsScaler: [("Mul", "scale_", "")],
    }


def _is(transformer, name):
    """Whether a transformer is of a class of scikit-learn itself, which is not imported here."""
    return type(transformer).__name__ == name and type(transformer).__module__.startswith("sklearn.")


def _refuse(what):
    raise ValueError(
        f"TransformedTargetRegressor has {what}, which cannot be converted to ONNX. Scalers of scikit-learn can, and "
        f"FunctionTransformers with {', '.join(f'np.{function.__name__}' for function in FUNCTIONS if function)} as "
        "inverse. Convert the regressor alone, skl2onnx.to_onnx(estimator.regressor_, X[:1]), and give what it returns "
        "to estimator.transformer_.inverse_transform."
    )
