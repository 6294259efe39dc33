"""Export fitted estimators to ONNX, the format that other runtimes and languages read.

`pip install "sklstm[onnx]"` installs what this needs.
"""

import json
from inspect import getattr_static

from sklstm._estimator.fitted_network import fitted_network
from sklstm._estimator.regressor import LSTMRegressor
from sklstm._forecasting.forecaster import Forecaster
from sklstm._utils.atomic_write import checked_path, replacing
from sklstm._utils.error_state import with_default_error_state
from sklstm._version import __version__
from sklstm.interop._extras import import_extra
from sklstm.interop._onnx_columns import keep_order_of_columns
from sklstm.interop._onnx_converters import CONVERTERS, NO_FORECASTER
from sklstm.interop._onnx_graph import ELEMENT_TYPES, Graph
from sklstm.interop._onnx_network import add_predictions, check_weights_fit, output_shapes
from sklstm.interop._onnx_pipelines import skip_passthrough
from sklstm.interop._onnx_targets import convert_target, target_shape

__all__ = ["register", "to_onnx"]

EXTRA = "onnx"
OPSET = 17  # of 2022, which all runtimes in use read


@with_default_error_state
def to_onnx(estimator, path=None):
    """Export a fitted LSTMRegressor to ONNX, so that it predicts without Python.

    The model takes the samples that `predict` takes, and returns what it returns: scaling, `instance_norm` and missing
    values are part of it. The layers are standard `LSTM` operators.

    Parameters
    ----------
    estimator : LSTMRegressor
        Fitted, with any parameters. For a Pipeline and other estimators that contain one, see `register`.
    path : str or pathlib.Path, default=None
        File to write the model to, usually with the ending ".onnx". Its folder must exist. A file that is there is
        replaced. None writes none.

    Returns
    -------
    model : onnx.ModelProto
        With opset 17. The input "X" has the precision of the training samples, float32 or float64, and the shape
        (n_samples, n_features) or (n_samples, n_steps, n_channels), as in `fit`. The numbers of samples and of steps of
        sequences are free. NaN stands for a missing value. The output "y" is that of `predict`. With loss="quantile",
        "quantiles" is that of `predict_quantiles`. The metadata name the version of sklstm and the levels.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If it is not an LSTMRegressor, or of a subclass with a `predict` of its own; if `path` is not the name of a
        file.
    ValueError
        If weights are not finite in single precision, or the model is larger than the 2 GB of the format.
    ImportError
        If onnx is not installed.
    OSError
        If the file cannot be written.

    See Also
    --------
    register : Convert whole pipelines with skl2onnx.

    Notes
    -----
    ONNX Runtime has the operator `LSTM` in single precision only. So the layers of a network in float64 are computed in
    float32, and its predictions agree to about 1e-6 of the size of the targets. Scaling and read-out stay in float64.
    To get the same precision on both sides, train on float32: `fit(X.astype(np.float32), y)`.

    A model does not check its input. For infinity, and for numbers far from all training samples, it may give a
    prediction that looks like any other, where `predict` raises an error; for no samples, it gives none. It does not
    know the names of columns.

    ONNX Runtime before 1.19 reuses memory that is still in use, and may return wrong numbers from the second call on.
    Update it, or set `SessionOptions.enable_mem_pattern = False`.

    References
    ----------
    ONNX, Open Neural Network Exchange, operator LSTM: https://onnx.ai/onnx/operators/onnx__LSTM.html

    Examples
    --------
    >>> import pytest
    >>> _ = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    >>> import numpy as np
    >>> from onnxruntime import InferenceSession
    >>> from sklstm import LSTMRegressor, make_windows
    >>> from sklstm.interop.onnx import to_onnx
    >>> X, y = make_windows(np.sin(np.arange(300) / 5).astype(np.float32), window_length=20)
    >>> model = LSTMRegressor(random_state=0).fit(X, y)
    >>> session = InferenceSession(to_onnx(model).SerializeToString(), providers=["CPUExecutionProvider"])
    >>> (predictions,) = session.run(["y"], {"X": X})
    >>> np.allclose(predictions, model.predict(X), atol=1e-5)
    True
    """
    onnx = import_extra("onnx", EXTRA, "to_onnx")
    name = None if path is None else checked_path(path)
    _check_type(estimator)
    fitted = fitted_network(estimator)
    check_weights_fit(fitted)
    model = _model(onnx, fitted)
    if name is not None:
        with replacing(name) as file:
            file.write(model.SerializeToString())
    return model


def register():
    """Register the estimators of sklstm with skl2onnx, so that it converts pipelines that contain them.

    Call it once before `skl2onnx.to_onnx` or `skl2onnx.convert_sklearn`. Then an `LSTMRegressor`, a
    `WindowTransformer` and a `LagsToSequences` convert wherever skl2onnx converts a regressor or a transformer: in a
    Pipeline, a ColumnTransformer, a MultiOutputRegressor, a StackingRegressor or a search. So does a
    `TransformedTargetRegressor`, around any regressor, with a scaler or a function that NumPy has, a Pipeline may have
    steps that are "passthrough", and a ColumnTransformer takes columns by position in any order. skl2onnx itself knows
    none of these.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    See Also
    --------
    to_onnx : Export a single LSTMRegressor, without skl2onnx.

    Notes
    -----
    As for all regressors of skl2onnx, the output is called "variable", it has two dimensions also for a single target
    (three with a target at every step), and its precision is that of the input. With several quantiles, it is the one
    that `predict` returns. Names of columns, and an index of time, do not exist in ONNX: a `WindowTransformer` cuts
    windows as from an array, whose first windows have no history.

    Examples
    --------
    >>> import pytest
    >>> skl2onnx = pytest.importorskip("skl2onnx")
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklstm import LSTMRegressor, make_windows
    >>> from sklstm.interop.onnx import register
    >>> register()
    >>> X, y = make_windows(np.sin(np.arange(300) / 5).astype(np.float32), window_length=20)
    >>> X = X.reshape(-1, 20)
    >>> pipeline = make_pipeline(StandardScaler(), LSTMRegressor(random_state=0)).fit(X, y)
    >>> model = skl2onnx.to_onnx(pipeline, X[:1])
    >>> [output.name for output in model.graph.output]
    ['variable']
    """
    skl2onnx = import_extra("skl2onnx", EXTRA, "register")
    for estimator, (alias, shapes, convert) in CONVERTERS.items():
        skl2onnx.update_registered_converter(estimator, alias, shapes, convert)
    skip_passthrough()
    keep_order_of_columns()
    _register_transformed_targets(skl2onnx)


def _register_transformed_targets(skl2onnx):
    """Register a converter of TransformedTargetRegressor, unless there is one."""
    from sklearn.compose import TransformedTargetRegressor

    try:
        skl2onnx.get_model_alias(TransformedTargetRegressor)
    except RuntimeError:
        skl2onnx.update_registered_converter(
            TransformedTargetRegressor, "SklstmTransformedTargetRegressor", target_shape, convert_target
        )


def _check_type(estimator):
    """Raise TypeError for anything but an LSTMRegressor that predicts as one, with what to do instead."""
    if isinstance(estimator, LSTMRegressor):
        _check_predicts_like_lstm(type(estimator))
        return
    if isinstance(estimator, type):
        raise TypeError(f"to_onnx takes a fitted LSTMRegressor, got the class {estimator.__name__}.")
    name = type(estimator).__name__
    if isinstance(estimator, Forecaster):
        raise TypeError(NO_FORECASTER)
    advice = "pass it the fitted LSTMRegressor"
    if hasattr(estimator, "get_params"):
        advice = (
            "for an estimator that contains one, call sklstm.interop.onnx.register() once, then "
            "skl2onnx.to_onnx(estimator, X[:1])"
        )
    raise TypeError(f"to_onnx takes a fitted LSTMRegressor, got {name}: {advice}.")


def _check_predicts_like_lstm(cls):
    """Raise TypeError for a subclass with predictions of its own, which the model would not make."""
    for name in ("predict", "predict_quantiles"):
        if getattr_static(cls, name) is not getattr_static(LSTMRegressor, name):
            raise TypeError(
                f"to_onnx takes a fitted LSTMRegressor, got {cls.__name__}, which has a {name} of its own. To export "
                "what it inherits, copy its state: lstm = LSTMRegressor(); "
                "lstm.__setstate__(estimator.__getstate__()); to_onnx(lstm)."
            )


def _model(onnx, fitted):
    """Return the ModelProto of a fitted network."""
    graph, element = Graph(), ELEMENT_TYPES[fitted.dtype]
    for name, found in add_predictions(graph, fitted, "X").items():
        graph.rename(found, name)
    helper, info = onnx.helper, onnx.helper.make_tensor_value_info
    samples = ["n_samples"] if fitted.is_sequence else ["n_samples", fitted.n_columns]
    samples += ["n_steps", fitted.n_features] * fitted.is_sequence
    proto = helper.make_graph(
        [  # with names, as optimisers of older runtimes make names from them that must not be equal
            helper.make_node(node.operator, node.inputs, node.outputs, f"{node.operator}_{number}", **node.attributes)
            for number, node in enumerate(graph.nodes)
        ],
        "sklstm.LSTMRegressor",
        [info("X", element, samples)],
        [info(name, element, shape) for name, shape in output_shapes(fitted).items()],
        [onnx.numpy_helper.from_array(value, name) for name, value in graph.constants.items()],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(
        proto,
        opset_imports=opsets,
        ir_version=helper.find_min_ir_version_for(opsets),
        producer_name="sklstm",
        producer_version=__version__,
    )
    helper.set_model_props(model, _metadata(fitted))
    return model


def _metadata(fitted):
    """Return what a user of the file may want to know, as text by name."""
    found = {"sklstm_version": __version__, "loss": str(fitted.settings["loss"])}
    if fitted.network.loss.has_levels:
        found["quantile"] = json.dumps(fitted.settings["quantile"])
    return found
