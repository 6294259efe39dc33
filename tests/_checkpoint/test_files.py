import os
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

from sklstm import Forecaster, LSTMRegressor, load_checkpoint, make_windows, save_checkpoint
from sklstm._utils.archive import read_archive, write_archive
from tests._checkpoint.tools import bits
from tests.tools import changed, fit, label, model

X, Y = make_windows(np.sin(np.arange(90) / 5), window_length=6)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.npz"


def loaded(estimator, path):
    save_checkpoint(estimator, path)
    return load_checkpoint(path)


MODELS = {
    "default": {},
    "best weights": {"early_stopping": True, "learning_rate_init": 0.5},
    "lbfgs": {"solver": "lbfgs"},
    "all parts": {"n_layers": 2, "bidirectional": True, "missing": "indicator", "instance_norm": "last-standard"},
    "quantiles": {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]},
    "sgd": {"solver": "sgd", "loss": "huber", "delta": 2, "dropout": 0.5},
    "poisson": {"loss": "poisson", "solver": "rmsprop"},
    "adamw": {"solver": "adamw", "alpha": 0.1, "loss_steps": "all", "forget_bias": "chrono"},
}


@pytest.mark.parametrize("settings", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_saved_model_is_the_same_model(path, settings, dtype):
    y = np.abs(Y).astype(dtype)
    saved = fit(model(max_iter=4, **settings), X.astype(dtype), y)
    found = loaded(saved, path)
    assert found.get_params() == saved.get_params()
    assert bits(found) == bits(saved)
    assert found.predict(X).tobytes() == saved.predict(X).tobytes()
    assert found.forecast(3, context=X[:4]).tobytes() == saved.forecast(3, context=X[:4]).tobytes()
    if hasattr(saved, "partial_fit"):
        assert bits(found.partial_fit(X, y)) == bits(saved.partial_fit(X, y))
        assert bits(found) != bits(load_checkpoint(path))


def test_a_loop_over_partial_fit_that_is_started_again(path):
    whole, part = model(dropout=0.2, learning_rate="cosine", max_iter=6), model(**{"dropout": 0.2, "max_iter": 6})
    part.set_params(learning_rate="cosine")
    for _ in range(6):
        whole.partial_fit(X, Y)
        part = loaded(part.partial_fit(X, Y), path)
    assert bits(part) == bits(whole)


def test_weights_that_the_user_has_changed(path):
    for settings in ({}, {"early_stopping": True, "learning_rate_init": 0.5}):
        changed = fit(model(max_iter=4, **settings), X, Y)
        changed.weight_hh_[0][...] *= 2
        assert bits(loaded(changed, path)) == bits(changed)


def test_names_and_times(path):
    index = pd.date_range("2020-03-28", periods=len(Y), freq="D", tz="Europe/Berlin")
    frame = pd.DataFrame(X[..., 0], columns=[f"lag {k}" for k in range(6)])
    for y in (pd.Series(Y, index, name="sales"), pd.DataFrame({("a", 1): Y}, index.tz_localize(None).to_period())):
        saved = fit(model(), frame, y)
        found = loaded(saved, path)
        assert found.feature_names_in_.tolist() == frame.columns.tolist()
        one, other = found.forecast(4), saved.forecast(4)
        assert one.equals(other)
        assert one.index.equals(other.index)
        with pytest.raises(ValueError, match="feature names"):
            found.predict(frame.rename(columns=str.upper))


def test_a_saved_model_has_no_fit_to_resume(path):
    with pytest.raises(ValueError, match="resume continues a fit"):
        loaded(fit(model(), X, Y), path).resume(X, Y)


def test_wrong_estimators(path):
    with pytest.raises(NotFittedError):
        save_checkpoint(LSTMRegressor(), path)
    for wrong in (Forecaster(), Ridge(), None):
        with pytest.raises(TypeError, match="save_checkpoint saves an LSTMRegressor"):
            save_checkpoint(wrong, path)
    with pytest.raises(ValueError, match="max_iter"):
        save_checkpoint(fit(model(), X, Y).set_params(max_iter=-1), path)
    assert not path.exists()


def test_a_file_is_plain_data(path):
    save_checkpoint(fit(model(), X, Y), path)
    with np.load(path, allow_pickle=False) as archive:
        assert all(archive[name].dtype.kind in "biuf" for name in archive.files if not name.endswith(".json"))


# ---- files that are not right


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    path = tmp_path_factory.mktemp("parts") / "model.npz"
    save_checkpoint(fit(model(early_stopping=True), X, Y), path)
    return read_archive(path)


def test_truncated_altered_and_foreign_files(path):
    save_checkpoint(fit(model(), X, Y), path)
    data = path.read_bytes()
    for wrong in (data[:-1], data[: len(data) // 2], b"", b"foreign", data[:100] + b"\x00" + data[101:]):
        path.write_bytes(wrong)
        with pytest.raises(ValueError, match=r"model\.npz"):
            load_checkpoint(path)
    np.savez(path, a=np.zeros(3))
    with pytest.raises(ValueError, match=r"model\.npz"):
        load_checkpoint(path)
    with pytest.raises(FileNotFoundError, match=r"other\.npz"):
        load_checkpoint(path.with_name("other.npz"))


def test_other_versions(path, parts):
    content, arrays = parts
    write_archive(path, {**content, "version": "0.0.1"}, arrays)
    with pytest.warns(UserWarning, match=r"written with sklstm 0\.0\.1"):
        load_checkpoint(path)
    write_archive(path, {**content, "format": 2, "version": "9.0"}, arrays)
    with pytest.raises(ValueError, match=r"its format is 2, but .* written with sklstm '9\.0'"):
        load_checkpoint(path)


WRONG = [{}, {"content": {}}, {"format": 1}, {"format": 1, "version": 3, "content": {}}]


@pytest.mark.parametrize("content", WRONG, ids=label)
def test_other_archives(path, content):
    write_archive(path, content, {})
    with pytest.raises(ValueError, match=r"model\.npz cannot be loaded: it is no checkpoint of sklstm"):
        load_checkpoint(path)


def nodes(content, path=()):
    """The path of every part of JSON."""
    yield path
    if isinstance(content, list | dict):
        for key, part in content.items() if isinstance(content, dict) else enumerate(content):
            yield from nodes(part, (*path, key))


REPLACEMENTS = [
    None, True, -1, 0, 3, 10**9, 2**70, 1.5, 1e300, "text", "os.system", [], [1], {}, {"a": 1},
    {"array": "a0"}, {"float": "nan"}, {"EstimatorSpec": {"name": "Pipeline", "parameters": {"dict": []}}},
]  # fmt: skip


def attacked(content, arrays, path):
    """Load what an enemy has written; return whether it was accepted. Any error but ValueError fails the test."""
    write_archive(path, content, arrays)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            estimator = load_checkpoint(path)
        except ValueError:
            return False
        try:
            estimator.predict(X[:2])
        except ValueError:  # such as another number of channels
            return False
        return True


def test_every_part_replaced(path, parts):
    """In the fast tests, each part by one of the replacements."""
    content, arrays = parts
    places = [place for place in nodes(content["content"]) if place]
    accepted = 0
    for number, place in enumerate(places):
        value = REPLACEMENTS[number % len(REPLACEMENTS)]
        accepted += attacked({**content, "content": changed(content["content"], place, value)}, arrays, path)
    assert 0 < accepted < len(places) / 2  # numbers that may have any value


@pytest.mark.slow
def test_every_part_replaced_by_everything(path, parts):
    content, arrays = parts
    for place in [place for place in nodes(content["content"]) if place]:
        for value in REPLACEMENTS:
            attacked({**content, "content": changed(content["content"], place, value)}, arrays, path)


def test_arrays_of_other_shapes(path, parts):
    content, arrays = parts
    for name, values in arrays.items():
        others = [values[:0], values.astype(np.float32), np.zeros(3), np.zeros((1, 1)), values[np.newaxis], values > 0]
        if values.dtype.kind == "f":
            others += [np.full_like(values, np.nan), np.full_like(values, np.inf), np.full_like(values, 1e300)]
        for other in others:
            attacked(content, {**arrays, name: other}, path)
    assert attacked(content, arrays, path)


def test_sizes_are_checked_before_memory_is_taken(path, parts):
    """Layouts of very many parameters, layers or channels; in time and memory that a test has."""
    content, arrays = parts
    sizes = {"n_channels", "hidden_size", "n_values", "n_layers", "max_iter", "n_epochs", "n_outputs", "n_targets"}
    places = [place for place in nodes(content["content"]) if place and place[-1] in sizes]
    assert len(places) >= 6
    for place in places:
        for value in (10**9, 10**18, 2**200):
            accepted = attacked({**content, "content": changed(content["content"], place, value)}, arrays, path)
            assert not accepted or "EstimatorSpec" in place  # a saved model, and a fit that is honestly long


def test_a_folder_is_no_file(tmp_path):
    fitted = fit(model(), X, Y)
    with pytest.raises(IsADirectoryError):
        save_checkpoint(fitted, tmp_path)
    with pytest.raises(IsADirectoryError):
        load_checkpoint(tmp_path)
    with pytest.raises(FileNotFoundError):
        save_checkpoint(fitted, tmp_path / "no" / "model.npz")
    assert os.listdir(tmp_path) == []
