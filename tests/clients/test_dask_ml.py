"""dask-ml: searches, and predictions and training block by block.

Its wrappers of dask arrays take tables alone: of a 3-D array, the result would have an axis too many, unless there is
an axis of outputs. A regressor that was fitted on sequences reads such tables too, and answers the row of zeros that
asks for the type of its predictions.
"""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, KFold

from sklstm import LSTMRegressor, make_windows
from sklstm.datasets import load_airline

pytest.importorskip("dask_ml")
dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
model_selection = pytest.importorskip("dask_ml.model_selection")
wrappers = pytest.importorskip("dask_ml.wrappers")

WINDOWS, TARGETS = make_windows(load_airline(), 24)
Y = TARGETS.to_numpy()
SEQUENCES = {"one channel": WINDOWS, "two channels": np.concatenate([WINDOWS, np.log(WINDOWS)], axis=2)}


@pytest.fixture(autouse=True)
def in_one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


def lstm(**settings):
    return LSTMRegressor(**{"hidden_size": 6, "max_iter": 30, "instance_norm": "last", "random_state": 0, **settings})


def in_blocks(values):
    return da.from_array(np.ascontiguousarray(values), chunks=(40, *values.shape[1:]))


@pytest.mark.parametrize("fitted_on", ["sequences", "table"])
@pytest.mark.parametrize("channels", SEQUENCES)
def test_predictions_in_blocks_are_those_at_once(channels, fitted_on):
    X = SEQUENCES[channels]
    table = X.reshape(len(X), -1)
    model = lstm() if fitted_on == "sequences" else lstm(n_channels=X.shape[2])
    wrapped = wrappers.ParallelPostFit(model).fit(X if fitted_on == "sequences" else table, Y)
    expected = lstm().fit(X, Y).predict(X)
    found = wrapped.predict(in_blocks(table))
    assert isinstance(found, da.Array)
    np.testing.assert_allclose(found.compute(), expected, rtol=1e-12)
    np.testing.assert_array_equal(wrapped.predict(X if fitted_on == "sequences" else table), expected)


def test_sequences_in_blocks_keep_an_axis_of_outputs():
    column = Y[:, np.newaxis]
    wrapped = wrappers.ParallelPostFit(lstm()).fit(WINDOWS, column)
    expected = lstm().fit(WINDOWS, column).predict(WINDOWS)
    np.testing.assert_allclose(wrapped.predict(in_blocks(WINDOWS)).compute(), expected, rtol=1e-12)


@pytest.mark.parametrize("channels", SEQUENCES)
def test_training_in_blocks_is_partial_fit(channels):
    X = SEQUENCES[channels]
    table = X.reshape(len(X), -1)
    model = lstm(n_channels=X.shape[2])
    wrapped = wrappers.Incremental(model, shuffle_blocks=False).fit(in_blocks(table), in_blocks(Y))
    expected = lstm()
    for begin in range(0, len(X), 40):
        expected.partial_fit(X[begin : begin + 40], Y[begin : begin + 40])
    np.testing.assert_allclose(wrapped.predict(in_blocks(table)).compute(), expected.predict(X), rtol=1e-12)


@pytest.mark.parametrize("channels", SEQUENCES)
def test_a_search_finds_what_that_of_scikit_learn_finds(channels):
    X, grid = SEQUENCES[channels], {"hidden_size": [3, 6]}
    found = model_selection.GridSearchCV(lstm(), grid, cv=KFold(3)).fit(X, Y)
    expected = GridSearchCV(lstm(), grid, cv=KFold(3)).fit(X, Y)
    assert found.best_params_ == expected.best_params_
    np.testing.assert_allclose(found.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(found.predict(X), expected.predict(X))
