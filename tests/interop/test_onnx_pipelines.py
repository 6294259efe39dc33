"""Pipelines with steps that do nothing, as skl2onnx converts them after `register`."""

import numpy as np
import pytest
from sklearn.ensemble import VotingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sklstm import LSTMRegressor
from sklstm.interop._onnx_pipelines import effective
from sklstm.interop.onnx import register
from tests.interop.onnx_tools import runners

skl2onnx = pytest.importorskip("skl2onnx")
pytest.importorskip("onnxruntime")

X = np.random.default_rng(0).normal(size=(30, 6))
Y = X[:, :2] * [2, 3]
LSTM = LSTMRegressor(4, max_iter=5, learning_rate="cosine", random_state=0)


def steps(*found):
    return Pipeline([(f"step{number}", step) for number, step in enumerate(found)])


@pytest.fixture(autouse=True)
def _registered():
    register()
    register()  # twice changes nothing


@pytest.mark.parametrize(
    ("estimator", "y"),
    [
        (steps("passthrough", LSTM), Y[:, 0]),
        (steps(StandardScaler(), None, MinMaxScaler(), "passthrough", LSTM), Y[:, 0]),
        (steps("passthrough", Ridge()), Y[:, 0]),
        (steps("passthrough", steps(None, LSTM)), Y[:, 0]),
        (MultiOutputRegressor(steps("passthrough", MinMaxScaler(), LSTM)), Y),
        (VotingRegressor([("a", steps(None, LSTM)), ("b", Ridge())]), Y[:, 0]),
        (GridSearchCV(steps(MinMaxScaler(), LSTM), {"step0": ["passthrough"]}, cv=2), Y[:, 0]),
    ],
    ids=str,
)
def test_they_convert(estimator, y):
    before = str(estimator.fit(X, y).get_params())
    for run in runners(skl2onnx.to_onnx(estimator, X[:1])):
        np.testing.assert_allclose(run(None, {"X": X})[0].reshape(y.shape), estimator.predict(X), atol=1e-5)
    assert str(estimator.get_params()) == before


def test_options_of_skl2onnx_still_count():
    classifier = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, X[:, 0] > 0)
    model = skl2onnx.to_onnx(classifier, X[:1], options={id(classifier): {"zipmap": False}})
    assert runners(model)[0](None, {"X": X})[1].shape == (30, 2)
    with pytest.raises(NameError, match="wrong"):
        skl2onnx.to_onnx(classifier, X[:1], options={id(classifier): {"wrong": True}})


def test_only_such_steps_are_left_out():
    whole, nothing = steps(MinMaxScaler(), LSTM), steps("passthrough")
    assert effective(whole) is whole
    assert effective(nothing) is nothing
    some = steps(None, MinMaxScaler(), "passthrough", LSTM)
    assert [name for name, _ in effective(some).steps] == ["step1", "step3"]
    assert len(some.steps) == 4
