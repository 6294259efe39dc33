"""What converters of skl2onnx have in common, seen from a model of several parts."""

import numpy as np
import pytest
from sklearn.ensemble import StackingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import LSTMRegressor
from sklstm.interop.onnx import register
from tests.interop.onnx_tools import runners

skl2onnx = pytest.importorskip("skl2onnx")
pytest.importorskip("onnxruntime")

X = np.random.default_rng(0).normal(size=(20, 6))


def test_names_are_unique_where_an_estimator_occurs_twice():
    register()
    lstm = LSTMRegressor(3, learning_rate="cosine", max_iter=2, random_state=0)
    estimator = StackingRegressor([("a", lstm), ("b", make_pipeline(StandardScaler(), lstm))], Ridge(), cv=2)
    estimator.fit(X, X[:, 0])
    model = skl2onnx.to_onnx(estimator, X[:1])
    outputs = [name for node in model.graph.node for name in node.output]
    assert len(outputs) == len(set(outputs))
    constants = [tensor.name for tensor in model.graph.initializer]
    assert len(constants) == len(set(constants))
    for run in runners(model):
        np.testing.assert_allclose(run(None, {"X": X})[0][:, 0], estimator.predict(X), atol=1e-5)


@pytest.mark.parametrize("n_inputs", [1, 6])
def test_columns_are_joined_in_their_order(n_inputs):
    register()
    estimator = LSTMRegressor(3, learning_rate="cosine", max_iter=2, random_state=0).fit(X, X[:, 0])
    parts = np.split(X, n_inputs, axis=1)
    types = [
        (f"x{number}", skl2onnx.common.data_types.DoubleTensorType([None, 6 // n_inputs])) for number in range(n_inputs)
    ]
    run, *_ = runners(skl2onnx.to_onnx(estimator, initial_types=types))
    (found,) = run(None, {f"x{number}": part for number, part in enumerate(parts)})
    assert found.dtype == np.float64
    np.testing.assert_allclose(found[:, 0], estimator.predict(X), atol=1e-5)
