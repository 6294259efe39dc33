"""The scaling that is fitted to chunks before training: that of all samples together, and used by `partial_fit`."""

import pickle
from itertools import pairwise

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklstm import LSTMRegressor, make_windows
from sklstm._estimator.given_scaling import ChunkReader

# most chunks here follow each other in time; `test_chunk_spread` has the warning
pytestmark = pytest.mark.filterwarnings("ignore:The .* chunks are not alike")
RNG = np.random.default_rng(0)
TREND = np.cumsum(RNG.normal(size=(900, 2)), axis=0) + np.arange(900)[:, np.newaxis] / 50  # later chunks are larger
TREND[:, 1] *= 1000
X, Y = make_windows(TREND, 8, n_outputs=1)
TWO = np.c_[Y, np.append(Y[1:], np.nan)]
TWO[1::3, 0] = np.nan
STEPS = np.repeat(Y[:, np.newaxis], 8, axis=1)
WITH_GAPS = np.where(RNG.random(X.shape) < 0.1, np.nan, X)
CASES = {
    "plain": ({}, X, Y),
    "float32": ({}, X.astype(np.float32), Y),
    "last": ({"instance_norm": "last"}, X, Y),
    "deviation": ({"instance_norm": "last-standard"}, X, Y),
    "deviation alone": ({"instance_norm": "standard", "standardize": False}, X, Y),
    "indicator": ({"missing": "indicator"}, WITH_GAPS, Y),
    "skip": ({}, WITH_GAPS, Y),
    "two targets": ({"n_targets": 1}, X[:-1], TWO[:-1]),
    "every step": ({}, X, STEPS),
    "inner steps": ({"loss_steps": "all", "n_targets": 1}, X, Y),
    "median": ({"loss": "absolute_error"}, X, Y),
    "quantiles": ({"loss": "quantile", "quantile": [0.1, 0.5]}, X, Y),
    "counts": ({"loss": "poisson"}, X, np.abs(Y)),
    "huge": ({}, 1e200 * X, 1e200 * Y),
    "constant": ({}, X, np.full(len(Y), 3.0)),
    "table": ({"n_channels": 2}, X.reshape(len(X), -1), Y),
}


def regressor(**settings):
    return LSTMRegressor(3, random_state=0, **settings)


def cut(*arrays, size=100):
    """The rows of some arrays in chunks of unequal length."""
    ends = np.cumsum(np.arange(size, size + len(arrays[0]), 7))
    stops = [0, *ends[ends < len(arrays[0])], len(arrays[0])]
    return [tuple(array[a:b] for array in arrays) for a, b in pairwise(stops)]


def trained(model, chunks, n_epochs=2):
    for _ in range(n_epochs):
        for chunk in chunks:
            model.partial_fit(*chunk)
    return model


@pytest.mark.filterwarnings("ignore:.*steps are skipped")
@pytest.mark.parametrize("case", CASES)
def test_scaling_is_that_of_all_samples(case):
    """Weights and the order of the samples are the same, so that equal scaling gives equal predictions."""
    settings, X, y = CASES[case]
    chunks = cut(X, y)
    given = regressor(**settings).fit_scaling(chunks)
    whole = regressor(**settings).fit_scaling([(X, y)])
    own = regressor(**settings).partial_fit(X, y)
    for model in (given, whole):
        np.testing.assert_allclose(
            model.partial_fit(X, y).predict(X), own.predict(X), rtol=1e-4, atol=1e-6 * np.abs(Y).max()
        )


def test_later_chunks_count():
    chunks = cut(X, Y)
    given, first = trained(regressor().fit_scaling(chunks), chunks), trained(regressor(), chunks)
    assert given.score(X, Y) > first.score(X, Y)


@pytest.mark.filterwarnings("ignore:.*steps are skipped")
@pytest.mark.parametrize("case", CASES)
def test_chunks_from_a_file_have_the_bits_of_those_in_memory(case, tmp_path):
    settings, X, y = CASES[case]
    for name, array in (("X", X), ("y", y)):
        np.save(tmp_path / f"{name}.npy", array)
    on_disk = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in "Xy"]
    in_memory, mapped = cut(X, y), cut(*on_disk)
    assert isinstance(mapped[0][0], np.memmap)
    models = [trained(regressor(**settings).fit_scaling(chunks), chunks) for chunks in (in_memory, mapped)]
    assert (models[0].theta_ == models[1].theta_).all()
    assert np.array_equal(models[0].predict(X), models[1].predict(X), equal_nan=True)


def test_weights_count():
    weight = np.where(np.arange(len(Y)) % 2, 2.0, 0)
    given = regressor().fit_scaling(cut(X, Y, weight)).partial_fit(X, Y)
    expected = regressor().fit_scaling(cut(X[1::2], Y[1::2])).partial_fit(X, Y)
    np.testing.assert_allclose(given.predict(X), expected.predict(X), rtol=1e-6)


def test_tables_with_names():
    frame = pd.DataFrame(X.reshape(len(X), -1), columns=[f"c{k}" for k in range(16)])
    model = regressor(n_channels=2).fit_scaling(cut(frame, Y))
    assert "feature_names_in_" not in dir(model) or not hasattr(model, "feature_names_in_")
    with pytest.raises(ValueError, match="feature names"):
        model.partial_fit(frame.rename(columns={"c0": "d"}), Y)
    model.partial_fit(frame, Y)
    assert list(model.feature_names_in_) == list(frame)


@pytest.mark.parametrize("norm", [None, "last", "mean"])
def test_an_iterator_is_read_once(norm):
    chunks = cut(X, Y)
    one, other = (
        regressor(instance_norm=norm).fit_scaling(iter(chunks)),
        regressor(instance_norm=norm).fit_scaling(chunks),
    )
    assert (trained(one, chunks).theta_ == trained(other, chunks).theta_).all()


@pytest.mark.parametrize("norm", ["standard", "last-standard"])
def test_an_iterator_is_refused_where_it_must_be_read_again(norm):
    chunks, model = cut(X, Y), regressor(instance_norm=norm)
    with pytest.raises(ValueError, match=r"fit_scaling\(read\)"):
        model.fit_scaling(iter(chunks))
    model.fit_scaling(lambda: iter(chunks))  # as the message says


def test_an_iterator_that_was_read_is_refused():
    chunks, read = iter(cut(X, Y)), lambda: iter(cut(X, Y))
    list(chunks)
    with pytest.raises(ValueError, match=r"chunks has no chunk.* fit_scaling\(read\(\)\).* fit_scaling\(read\)"):
        regressor().fit_scaling(chunks)
    for advised in (read(), read):
        regressor().fit_scaling(advised)


def test_chunks_that_change_are_refused():
    chunks = iter(cut(X, Y))
    with pytest.raises(ValueError, match="and 0 when it was read again"):
        regressor(instance_norm="standard").fit_scaling(lambda: chunks)
    with pytest.raises(ValueError, match="and 0 when it was read again"):
        regressor().fit_scaling(iter(cut(1e200 * X, 1e200 * Y)))


def test_a_channel_or_an_output_without_values_is_refused():
    without = np.where(np.arange(2) == 1, np.nan, X)
    with pytest.raises(ValueError, match="Channel 1 of X has no value"):
        regressor(missing="indicator").fit_scaling(cut(without, Y))
    with pytest.raises(ValueError, match="Column 1 of y is NaN"):
        regressor(n_targets=1).fit_scaling(cut(X, np.c_[Y, Y * np.nan]))
    first = np.concatenate([without[:100], X[100:]])  # no value in the first chunk, but later
    chunks = cut(first, Y)
    model = trained(regressor(missing="indicator").fit_scaling(chunks), chunks)
    assert np.isfinite(model.predict(X)).all()


def test_it_is_no_fit():
    model = regressor().fit_scaling(cut(X, Y))
    with pytest.raises(NotFittedError, match=r"has the scaling of fit_scaling.* Call partial_fit with each chunk"):
        model.predict(X)
    assert not hasattr(model, "n_features_in_")
    with pytest.raises(ValueError, match=r"Call partial_fit"):
        model.fit(X, Y)
    clone(model).fit(X, Y)  # as the message says
    copied = pickle.loads(pickle.dumps(model))
    assert (copied.partial_fit(X, Y).theta_ == model.partial_fit(X, Y).theta_).all()


def test_a_fitted_regressor_is_refused():
    model = regressor().partial_fit(X, Y)
    before = joblib.hash(vars(model))
    with pytest.raises(ValueError, match=r"clone\(model\)\.fit_scaling"):
        model.fit_scaling(cut(X, Y))
    assert joblib.hash(vars(model)) == before
    clone(model).fit_scaling(cut(X, Y))


def test_what_cannot_change_before_training_begins():
    model = regressor().fit_scaling(cut(X, Y))
    for name, value in {"instance_norm": "last", "hidden_size": 5, "missing": "indicator"}.items():
        before = getattr(model, name)
        with pytest.raises(ValueError, match=f"{name}={value!r}, but"):
            model.set_params(**{name: value}).partial_fit(X, Y)
        model.set_params(**{name: before})
    with pytest.raises(ValueError, match="2 outputs"):
        model.partial_fit(X, np.c_[Y, Y])
    with pytest.raises(ValueError, match="1 channels"):
        model.partial_fit(X[..., :1], Y)
    model.partial_fit(X, Y)


@pytest.mark.parametrize("settings", [{"solver": "lbfgs"}, {"early_stopping": True}])
def test_it_is_there_where_partial_fit_is(settings):
    assert not hasattr(regressor(**settings), "fit_scaling")


def test_a_float64_chunk_after_float32():
    model = regressor().fit_scaling(cut(X.astype(np.float32), Y)).partial_fit(X, Y)
    assert model.theta_.dtype == np.float32


def test_reader_reads_each_chunk_once_in_a_pass():
    n_read = []

    def read():
        for number, chunk in enumerate(cut(X, Y)):
            n_read.append(number)
            yield chunk

    reader = ChunkReader(regressor(), read)
    assert n_read == [0]
    n_chunks = len(cut(X, Y))
    assert len(list(reader())) == n_chunks
    assert len(list(reader())) == n_chunks
    assert n_read == [*range(n_chunks)] * 2
    assert not reader.is_read_once
    assert ChunkReader(regressor(), read()).is_read_once
