import json
import pickle
import re
import sys
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklstm
from sklstm import Forecaster, LSTMRegressor, WindowTransformer, make_windows
from sklstm.interop.onnx import register, to_onnx
from tests.interop.onnx_tools import check_agrees, onnx_libraries, random_case, runners

SERIES = np.sin(np.arange(60) / 3) + np.random.default_rng(0).normal(0, 0.1, 60)


@pytest.fixture(autouse=True)
def _libraries(request):
    """Without onnx, only the message that says so is tested."""
    if "without" not in request.node.name:
        onnx_libraries()


def fitted(dtype=np.float32, **settings):
    X, y = make_windows(SERIES.astype(dtype), 8)
    return LSTMRegressor(4, learning_rate="cosine", max_iter=3, random_state=0, **settings).fit(X, y)


@pytest.mark.parametrize("seed", range(16))
def test_random_networks_predict_the_same(seed):
    estimator, samples = random_case(seed)
    check_agrees(estimator, *samples)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 400))
def test_many_random_networks_predict_the_same(seed):
    estimator, samples = random_case(seed)
    check_agrees(estimator, *samples)


# ---- the model


def test_samples_and_steps_are_free_and_layers_are_standard_operators():
    model = to_onnx(fitted(n_layers=2))
    shape = model.graph.input[0].type.tensor_type.shape.dim
    assert [part.dim_param or part.dim_value for part in shape] == ["n_samples", "n_steps", 1]
    assert [node.op_type for node in model.graph.node].count("LSTM") == 2
    assert {node.domain for node in model.graph.node} == {""}
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 17)]


@pytest.mark.parametrize("seed", [0, 2, 3, 5, 8, 11])
def test_no_samples_have_no_predictions(seed):
    """ONNX Runtime ends the process when an LSTM gets none."""
    estimator, (X, *_) = random_case(seed)
    model = to_onnx(estimator)
    for run in runners(model):
        shapes = [found.shape for found in run(None, {"X": X[:0]})]
        assert shapes == [(0, *found.shape[1:]) for found in run(None, {"X": X})]


def test_operators_have_names_of_their_own():
    """ONNX Runtime 1.18 makes names from them, and refuses a model where two of these are equal."""
    names = [node.name for node in to_onnx(fitted(bidirectional=True)).graph.node]
    assert all(names)
    assert len({*names}) == len(names)


def test_a_network_from_other_weights():
    from sklstm.interop.torch import from_torch

    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    lstm, linear = torch.nn.LSTM(2, 4, num_layers=2, batch_first=True), torch.nn.Linear(4, 3)
    estimator = from_torch(lstm, linear)
    X = np.random.default_rng(0).normal(size=(5, 7, 2)).astype(np.float32)
    check_agrees(estimator, X)
    for run in runners(to_onnx(estimator)):
        with torch.no_grad():
            expected = linear(lstm(torch.from_numpy(X))[0][:, -1]).numpy()
        np.testing.assert_allclose(run(["y"], {"X": X})[0], expected, atol=1e-6)


def test_the_metadata_say_what_made_the_model():
    model = to_onnx(fitted(loss="quantile", quantile=[0.1, 0.9]))
    properties = {part.key: part.value for part in model.metadata_props}
    assert (model.producer_name, model.producer_version) == ("sklstm", sklstm.__version__)
    assert properties["loss"] == "quantile"
    assert json.loads(properties["quantile"]) == [0.1, 0.9]


def test_the_file_holds_the_model_and_replaces_an_older_one(tmp_path):
    onnx, _ = onnx_libraries()
    path = tmp_path / "model.onnx"
    path.write_text("older")
    assert to_onnx(fitted(), path) == onnx.load(path)
    to_onnx(fitted(), str(path))
    assert [part.name for part in tmp_path.iterdir()] == ["model.onnx"]


def test_the_estimator_stays_as_it_was():
    estimator = fitted()
    before = pickle.dumps(estimator)
    to_onnx(estimator)
    assert pickle.dumps(estimator) == before


def test_changed_weights_are_exported_as_they_are_now():
    estimator = fitted()
    estimator.readout_bias_[0] += 1
    check_agrees(estimator, make_windows(SERIES.astype(np.float32), 8)[0])


def test_parameters_that_were_set_after_the_fit_do_not_count():
    estimator, X = fitted(), make_windows(SERIES.astype(np.float32), 8)[0]
    want = estimator.predict(X)
    estimator.set_params(hidden_size=9, loss="quantile", instance_norm="mean", n_channels=3)
    for run in runners(to_onnx(estimator)):
        np.testing.assert_allclose(run(["y"], {"X": X})[0], want, atol=1e-6)


# ---- numbers of every size


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("instance_norm", [None, "last", "standard", "last-standard"])
@pytest.mark.parametrize("size", [1e-36, 1e-3, 1e4, 1e35])
def test_sizes_and_far_windows(size, instance_norm, dtype):
    """Windows of another size than those of training, and constant ones, are read as `predict` reads them."""
    X, y = make_windows((SERIES * size).astype(dtype), 8)
    estimator = LSTMRegressor(3, instance_norm=instance_norm, learning_rate="cosine", max_iter=2, random_state=0)
    estimator.fit(X, y)
    samples = [X, X[:1] * dtype(10), X[:1] * dtype(0), np.full_like(X[:1], size)]
    check_agrees(estimator, *samples, size=size)


def test_squares_that_overflow():
    X, y = make_windows(SERIES, 8)
    estimator = LSTMRegressor(3, instance_norm="standard", learning_rate="cosine", max_iter=2, random_state=0)
    estimator.fit(X, y)
    check_agrees(estimator, X[:2] * 1e200, X[:2] * 1e-200)


def test_double_precision_keeps_the_digits_of_a_high_level():
    X, y = make_windows(SERIES + 1e9, 8)
    estimator = LSTMRegressor(4, learning_rate="cosine", max_iter=30, random_state=0).fit(X, y)
    for run in runners(to_onnx(estimator)):
        (found,) = run(["y"], {"X": X})
        np.testing.assert_allclose(found - 1e9, estimator.predict(X) - 1e9, atol=1e-5)


@pytest.mark.parametrize("instance_norm", ["standard", "last-standard"])
def test_windows_of_series_of_very_different_size(instance_norm):
    """Each size has a typical deviation of its own."""
    large, small = make_windows(SERIES * 1e4, 8), make_windows(SERIES[::-1] + 3, 8)
    X, y = (np.concatenate(parts) for parts in zip(large, small, strict=True))
    estimator = LSTMRegressor(3, instance_norm=instance_norm, learning_rate="cosine", max_iter=2, random_state=0)
    estimator.fit(X, y)
    assert vars(estimator)["_state"].network.scaling.group_limits is not None
    flat = np.full_like(X[:1], 5.0)
    check_agrees(estimator, X[:5], X[-5:], flat, flat + 1e-13 * np.arange(8)[:, np.newaxis], size=10)


@pytest.mark.parametrize("instance_norm", [None, "last"])
def test_constant_targets_are_predicted_exactly(instance_norm):
    X, y = make_windows(SERIES, 8)
    y = np.column_stack((np.full(len(y), 7.5), y, X[:, -1, 0] + 2))
    estimator = LSTMRegressor(3, n_targets=1, instance_norm=instance_norm, learning_rate="cosine", max_iter=2)
    estimator.fit(X, y)
    check_agrees(estimator, X)
    assert (runners(to_onnx(estimator))[0](["y"], {"X": X})[0][:, 0] == 7.5).all()


def test_long_missing_beginnings_add_nothing():
    """A state of 0 stays 0 exactly, however many steps are missing."""
    X, y = make_windows(SERIES.astype(np.float32), 8)
    for settings in ({"n_layers": 2}, {"bidirectional": True, "n_layers": 2}):
        estimator = LSTMRegressor(4, learning_rate="cosine", max_iter=3, random_state=0, **settings).fit(X, y)
        longer = np.concatenate((np.full((len(X), 2000, 1), np.nan, np.float32), X), axis=1)
        run, *_ = runners(to_onnx(estimator))
        np.testing.assert_array_equal(run(["y"], {"X": longer})[0], run(["y"], {"X": X})[0])


# ---- what is refused


def test_an_estimator_that_is_not_fitted():
    with pytest.raises(NotFittedError, match="LSTMRegressor instance is not fitted yet"):
        to_onnx(LSTMRegressor())


def test_a_pipeline_is_for_skl2onnx():
    skl2onnx = pytest.importorskip("skl2onnx")
    X, y = make_windows(SERIES.astype(np.float32), 8)
    X = X.reshape(len(X), -1)
    pipeline = make_pipeline(StandardScaler(), clone(fitted())).fit(X, y)
    with pytest.raises(TypeError, match=r"got Pipeline: .* call sklstm.interop.onnx.register\(\) once, then") as error:
        to_onnx(pipeline)
    assert "skl2onnx.to_onnx(estimator, X[:1])" in str(error.value)
    register()
    (run, *_), want = runners(skl2onnx.to_onnx(pipeline, X[:1])), pipeline.predict(X)
    np.testing.assert_allclose(run(None, {"X": X})[0][:, 0], want, atol=1e-5)


def test_a_forecaster_is_a_loop():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        forecaster = Forecaster(LSTMRegressor(2, max_iter=2, random_state=0), window_length=8).fit(None, SERIES)
    with pytest.raises(TypeError, match=r"got a Forecaster.*make_windows\(series, window_length\), and feed"):
        to_onnx(forecaster)
    estimator, window = fitted(), SERIES[-8:].astype(np.float32)
    run, *_ = runners(to_onnx(estimator))
    for _ in range(5):
        window = np.append(window, run(["y"], {"X": window[-8:].reshape(1, 8, 1)})[0])
    np.testing.assert_allclose(window[8:], estimator.forecast(5), atol=1e-5)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (LSTMRegressor, "got the class LSTMRegressor"),
        (Ridge(), "got Ridge: for an estimator that contains one"),
        (WindowTransformer(2), "got WindowTransformer: for an estimator that contains one"),
        (None, "got NoneType: pass it the fitted LSTMRegressor"),
        ("model.onnx", "got str: pass it the fitted LSTMRegressor"),
        (np.zeros(3), "got ndarray: pass it the fitted LSTMRegressor"),
    ],
)
def test_what_is_no_lstm(given, says):
    with pytest.raises(TypeError, match=f"^to_onnx takes a fitted LSTMRegressor, {says}"):
        to_onnx(given)


def test_a_subclass_with_predictions_of_its_own():
    class Named(LSTMRegressor):
        """Nothing of its own."""

    class Nonnegative(LSTMRegressor):
        def predict(self, X):
            return np.maximum(super().predict(X), 0)

    X, y = make_windows(SERIES.astype(np.float32), 8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        named, own = (cls(2, max_iter=2, random_state=0).fit(X, y) for cls in (Named, Nonnegative))
    with pytest.raises(TypeError, match=r"got Nonnegative, which has a predict of its own.*__setstate__"):
        to_onnx(own)
    lstm = LSTMRegressor()
    lstm.__setstate__(own.__getstate__())  # the advised call
    assert to_onnx(lstm).SerializeToString() == to_onnx(named).SerializeToString()


@pytest.mark.parametrize(
    ("path", "error", "says"),
    [
        (3, TypeError, "path must be a str or a pathlib.Path, got 3"),
        (b"model.onnx", TypeError, "path must be a str or a pathlib.Path, got b'model.onnx'"),
        ("", ValueError, "path must be the name of a file, got ''"),
        ("no/such/folder/model.onnx", FileNotFoundError, "no/such/folder/model.onnx"),
        (".", IsADirectoryError, r"'\.'"),
    ],
)
def test_paths_that_name_no_file(path, error, says):
    with pytest.raises(error, match=says):
        to_onnx(fitted(), path)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
def test_weights_that_are_not_finite_in_single_precision(value, tmp_path):
    estimator, path = fitted(np.float64), tmp_path / "model.onnx"
    path.write_text("older")
    estimator.theta_[5] = value
    with pytest.raises(
        ValueError, match=rf"theta_ has the value {re.escape(f'{value:g}')}, which is no finite number in single"
    ):
        to_onnx(estimator, path)
    assert path.read_text() == "older"


def test_a_model_that_is_too_large_for_a_file(monkeypatch):
    monkeypatch.setattr("sklstm.interop._onnx_network.LARGEST_FILE", 400)
    with pytest.raises(ValueError, match=r"has \d+ weights, but an ONNX file holds .* that is 100 weights"):
        to_onnx(fitted())


@pytest.mark.parametrize(("function", "library"), [(to_onnx, "onnx"), (register, "skl2onnx")])
def test_without_the_library_the_extra_is_named(function, library, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    arguments = [fitted()] if function is to_onnx else []
    with pytest.raises(ImportError, match=rf'{function.__name__} needs {library} .* pip install "sklstm\[onnx\]"'):
        function(*arguments)
