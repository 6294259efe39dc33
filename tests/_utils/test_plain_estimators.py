import pickle

import numpy as np
import pytest
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm._utils.plain_estimators import estimator_kinds
from sklstm._utils.saved_state import BUNDLE, StateCodec

CODEC = StateCodec([], {"sklearn": estimator_kinds})
X = np.where(np.random.default_rng(0).random((30, 4)) < 0.1, np.nan, np.arange(120.0).reshape(30, 4))
Y = np.arange(30.0)
RIDGE = make_pipeline(StandardScaler(), SimpleImputer(keep_empty_features=True), RidgeCV([0.1, 1.0])).fit(X, Y)


def test_the_baseline_of_a_forecaster_is_described():
    state = CODEC.written({"part": RIDGE})
    assert state[BUNDLE]["objects"] == []
    read = CODEC.read(pickle.loads(pickle.dumps(state)))["part"]
    np.testing.assert_array_equal(read.predict(X), RIDGE.predict(X))
    assert repr(read) == repr(RIDGE)


def test_other_steps_stay_objects():
    ridge = Ridge()
    state = CODEC.written({"part": make_pipeline(StandardScaler(), ridge)})
    assert state[BUNDLE]["objects"] == [ridge]


def test_a_subclass_stays_an_object():
    class Own(StandardScaler):
        pass

    own = Own()
    assert CODEC.written({"part": own}) == {"part": own}


def test_another_version_of_scikit_learn_is_told():
    state = CODEC.written({"part": StandardScaler().fit(Y[:, None])})
    text = state[BUNDLE]["text"]
    version = text.partition('"_sklearn_version","')[2].partition('"')[0]
    state[BUNDLE]["text"] = text.replace(version, "1.0.2")
    with pytest.warns(InconsistentVersionWarning, match=r"StandardScaler from version 1\.0\.2"):
        CODEC.read(state)
