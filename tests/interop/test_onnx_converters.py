"""The converters of skl2onnx; whole pipelines are in tests/clients/test_skl2onnx.py."""

import numpy as np
import pytest
from sklearn.ensemble import BaggingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

from sklstm import Forecaster, LagsToSequences, LSTMRegressor, WindowTransformer
from sklstm.interop.onnx import register
from tests.interop.onnx_tools import runners

skl2onnx = pytest.importorskip("skl2onnx")
pytest.importorskip("onnxruntime")

RNG = np.random.default_rng(0)
TABLE, SEQUENCES = RNG.normal(size=(20, 6)), RNG.normal(size=(20, 3, 2))


@pytest.fixture(autouse=True)
def _registered():
    register()


def fitted(X, y):
    return LSTMRegressor(3, learning_rate="cosine", max_iter=2, random_state=0).fit(X, y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("X", "y"),
    [
        (TABLE, TABLE[:, 0]),
        (TABLE, TABLE[:, :2]),
        (SEQUENCES, SEQUENCES[:, 0, 0]),
        (SEQUENCES, SEQUENCES),
        (TABLE, TABLE[:, :, np.newaxis]),
    ],
)
def test_a_regressor_keeps_the_precision_of_its_input(X, y, dtype):
    estimator = fitted(X, y)
    model = skl2onnx.to_onnx(estimator, X[:1].astype(dtype))
    (output,) = model.graph.output
    sizes = [part.dim_value for part in output.type.tensor_type.shape.dim][1:]
    assert sizes == list(y.shape[1:] or (1,))
    for run in runners(model):
        (found,) = run(None, {"X": X.astype(dtype)})
        assert found.dtype == dtype
        np.testing.assert_allclose(found.reshape(y.shape), estimator.predict(X.astype(dtype)), atol=1e-5)


def test_the_number_of_steps_of_sequences_is_free():
    estimator = fitted(SEQUENCES, SEQUENCES)
    tensor = skl2onnx.common.data_types.DoubleTensorType([None, None, 2])
    longer = np.concatenate((SEQUENCES, SEQUENCES), axis=1)
    run, *_ = runners(skl2onnx.to_onnx(estimator, initial_types=[("X", tensor)]))
    np.testing.assert_allclose(run(None, {"X": longer})[0], estimator.predict(longer), atol=1e-5)


@pytest.mark.parametrize("target_opset", [13, 15, 18, 21])
def test_operators_have_the_same_form_in_all_versions(target_opset):
    estimator = LSTMRegressor(3, bidirectional=True, n_channels=2, instance_norm="standard", max_iter=2, random_state=0)
    estimator.set_params(learning_rate="cosine").fit(TABLE, TABLE[:, 0])
    with_gaps = np.where(RNG.random(TABLE.shape) < 0.2, np.nan, TABLE)
    model = skl2onnx.to_onnx(estimator, TABLE[:1], target_opset=target_opset)
    assert max(part.version for part in model.opset_import if part.domain == "") <= target_opset
    for run in runners(model):
        np.testing.assert_allclose(run(None, {"X": with_gaps})[0][:, 0], estimator.predict(with_gaps), atol=1e-5)


def test_whole_numbers_become_single_precision():
    numbers = RNG.integers(0, 9, (20, 6))
    estimator = fitted(numbers, numbers[:, 0])
    (found,) = runners(skl2onnx.to_onnx(estimator, numbers[:1]))[0](None, {"X": numbers})
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:, 0], estimator.predict(numbers), atol=1e-4)


@pytest.mark.parametrize("flatten", [False, True])
@pytest.mark.parametrize(("window_length", "lead", "dtype"), [(1, 0, None), (3, 1, "float64"), (4, 2, np.float32)])
def test_windows_are_those_of_an_array(window_length, lead, dtype, flatten):
    transformer = WindowTransformer(window_length, lead=lead, flatten=flatten, dtype=dtype).fit(TABLE)
    (found,) = runners(skl2onnx.to_onnx(transformer, TABLE[:1]))[0](None, {"X": TABLE})
    want = transformer.transform(TABLE)
    assert found.dtype == want.dtype
    np.testing.assert_array_equal(found, want)


@pytest.mark.parametrize(
    "transformer",
    [
        LagsToSequences(),
        LagsToSequences(2, n_channels=2, layout="channels"),
        LagsToSequences(3, order="oldest_first", extra="last"),
        LagsToSequences(names=["y_lag_1", "x_lag_2", "y_lag_2", "x_lag_1", "y_lag_3", "price"]),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sequences_of_lags(transformer, dtype):
    table = np.where(RNG.random(TABLE.shape) < 0.2, np.nan, TABLE).astype(dtype)
    transformer.fit(table)
    (found,) = runners(skl2onnx.to_onnx(transformer, table[:1]))[0](None, {"X": table})
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, transformer.transform(table))


def test_columns_that_a_bagging_regressor_selects():
    """It does not say how many there are."""
    estimator = BaggingRegressor(
        LSTMRegressor(3, max_iter=2, learning_rate="cosine"), n_estimators=2, max_features=3, random_state=0
    )
    estimator.fit(TABLE, TABLE[:, 0])
    run, *_ = runners(skl2onnx.to_onnx(estimator, TABLE[:1]))
    np.testing.assert_allclose(run(None, {"X": TABLE})[0][:, 0], estimator.predict(TABLE), atol=1e-5)


# ---- what is refused


def test_a_forecaster_is_a_loop():
    forecaster = Forecaster(Ridge(), window_length=3, baseline=None).fit(None, TABLE[:, 0])
    with pytest.raises(TypeError, match=r"got a Forecaster.*make_windows\(series, window_length\), and feed"):
        skl2onnx.to_onnx(forecaster, TABLE[:1])


def test_estimators_that_are_not_fitted():
    for estimator in (LSTMRegressor(), WindowTransformer(2), LagsToSequences()):
        with pytest.raises(NotFittedError):
            skl2onnx.to_onnx(estimator, TABLE[:1])


@pytest.mark.parametrize(
    ("X", "other", "says"),
    [
        (TABLE, SEQUENCES, r"fitted on a table, with 2 dimensions, but its input in ONNX has the shape \[None, 3, 2\]"),
        (SEQUENCES, TABLE, r"fitted on sequences, with 3 dimensions, .* shape \[None, 6\]"),
        (TABLE, TABLE[:, :4], r"fitted on 6 columns, but its input in ONNX has the shape \[None, 4\]"),
        (SEQUENCES, SEQUENCES[..., :1], r"fitted on 2 channels, .* shape \[None, 3, 1\]"),
    ],
)
def test_samples_of_another_form(X, other, says):
    estimator = fitted(X, TABLE[:, 0])
    with pytest.raises(ValueError, match=f"{says}. Call skl2onnx.to_onnx"):
        skl2onnx.to_onnx(estimator, other[:1])
    assert skl2onnx.to_onnx(estimator, X[:1])  # the advised call


def test_operators_that_are_too_old():
    estimator = fitted(TABLE, TABLE[:, 0])
    with pytest.raises(ValueError, match="sklstm needs target_opset >= 13, got 12"):
        skl2onnx.to_onnx(estimator, TABLE[:1], target_opset=12)
