"""TransformedTargetRegressor as skl2onnx converts it after `register`."""

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from sklstm import LSTMRegressor
from sklstm.interop.onnx import register
from tests.interop.onnx_tools import runners

skl2onnx = pytest.importorskip("skl2onnx")
pytest.importorskip("onnxruntime")

X = np.random.default_rng(0).normal(size=(40, 6))
Y = 50 + 9 * X[:, 0] + X[:, 1]
LSTM = LSTMRegressor(4, max_iter=5, learning_rate="cosine", random_state=0)


@pytest.fixture(autouse=True)
def _registered():
    register()


def check_agrees(estimator, y=Y, dtypes=(np.float32, np.float64), rows=X):
    for dtype in dtypes:
        samples = rows.astype(dtype)
        want = estimator.fit(samples, y).predict(samples)
        for run in runners(skl2onnx.to_onnx(estimator, samples[:1])):
            (found,) = run(None, {"X": samples})
            assert found.dtype == dtype
            np.testing.assert_allclose(found.reshape(want.shape), want, atol=1e-5 * np.std(y), rtol=3e-7)


@pytest.mark.parametrize(
    "transformer",
    [
        StandardScaler(),
        StandardScaler(with_mean=False),
        StandardScaler(with_std=False),
        MinMaxScaler((-3, 5)),
        MaxAbsScaler(),
        RobustScaler(),
        RobustScaler(with_centering=False, with_scaling=False),
        make_pipeline(FunctionTransformer(np.log1p, np.expm1), "passthrough", RobustScaler()),
        None,
    ],
    ids=str,
)
def test_transformers(transformer):
    check_agrees(TransformedTargetRegressor(LSTM, transformer=transformer))


@pytest.mark.parametrize(
    ("function", "inverse"),
    [
        (np.log, np.exp),
        (np.log1p, np.expm1),
        (np.exp, np.log),
        (np.expm1, np.log1p),
        (np.square, np.sqrt),
        (np.sqrt, np.square),
        (np.negative, np.negative),
    ],
)
def test_functions(function, inverse):
    with np.errstate(all="ignore"):  # some functions do not suit an LSTM that has hardly learnt
        check_agrees(TransformedTargetRegressor(LSTM, func=function, inverse_func=inverse, check_inverse=False), Y / 50)


def test_small_counts_keep_their_digits():
    """In single precision, exp(y) - 1 would be wrong in the second digit."""
    counts = 1e-6 * (2 + np.cos(np.arange(40)))
    estimator = TransformedTargetRegressor(LSTM, func=np.log1p, inverse_func=np.expm1)
    check_agrees(estimator, counts, dtypes=[np.float64])


def test_several_targets_sequences_and_another_regressor():
    two = np.column_stack((Y, -3 * Y + 7))
    check_agrees(TransformedTargetRegressor(LSTM, transformer=MinMaxScaler()), two)
    check_agrees(TransformedTargetRegressor(LSTM, transformer=StandardScaler()), rows=X.reshape(40, 3, 2))
    check_agrees(TransformedTargetRegressor(Ridge(), transformer=StandardScaler()), two)


def test_inside_and_around_others():
    inside = TransformedTargetRegressor(make_pipeline(MinMaxScaler(), LSTM), transformer=StandardScaler())
    check_agrees(make_pipeline(StandardScaler(), inside))
    check_agrees(BaggingRegressor(inside, n_estimators=2, max_features=0.5, random_state=0))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"transformer": QuantileTransformer(n_quantiles=9)}, "the transformer QuantileTransformer"),
        ({"transformer": make_pipeline(StandardScaler(), QuantileTransformer(n_quantiles=9))}, "QuantileTransformer"),
        ({"func": np.cbrt, "inverse_func": lambda y: y**3}, "the inverse function <lambda>"),
        ({"func": np.arcsinh, "inverse_func": np.sinh}, "the inverse function sinh"),
        (
            {"transformer": FunctionTransformer(np.log, np.exp, inv_kw_args={"where": True})},
            "the inverse function exp",
        ),
    ],
)
def test_what_cannot_be_converted(settings, says):
    estimator = TransformedTargetRegressor(LSTM, **settings).fit(X, Y)
    with pytest.raises(ValueError, match=f"TransformedTargetRegressor has .*{says}, which cannot be .*Convert the reg"):
        skl2onnx.to_onnx(estimator, X[:1])
    run, *_ = runners(skl2onnx.to_onnx(estimator.regressor_, X[:1]))  # the advised call
    found = estimator.transformer_.inverse_transform(run(None, {"X": X})[0])
    np.testing.assert_allclose(found[:, 0], estimator.predict(X), rtol=1e-5)


def test_a_scaler_of_the_user_may_do_anything():
    class Doubled(StandardScaler):
        def inverse_transform(self, X, copy=None):
            return 2 * super().inverse_transform(X, copy)

    estimator = TransformedTargetRegressor(LSTM, transformer=Doubled(), check_inverse=False).fit(X, Y)
    with pytest.raises(ValueError, match="the transformer Doubled"):
        skl2onnx.to_onnx(estimator, X[:1])


def test_an_estimator_that_is_not_fitted():
    with pytest.raises(NotFittedError):
        skl2onnx.to_onnx(TransformedTargetRegressor(LSTM), X[:1])


def test_a_converter_that_is_there_stays(monkeypatch):
    registered = []
    monkeypatch.setattr(skl2onnx, "get_model_alias", lambda cls: "theirs")
    monkeypatch.setattr(skl2onnx, "update_registered_converter", lambda cls, *args: registered.append(cls))
    register()
    assert LSTMRegressor in registered
    assert TransformedTargetRegressor not in registered
