import copy
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

import sklstm
from sklstm import Forecaster, LagsToSequences, WindowTransformer
from sklstm._utils import pickle_version as _versioned
from tests.tools import fit, model

ROWS = np.random.default_rng(0).normal(size=(30, 2))
ESTIMATORS = {
    "LSTMRegressor": fit(model(), ROWS, ROWS[:, 0]),
    "LagsToSequences": LagsToSequences().fit(ROWS),
    "WindowTransformer": WindowTransformer(3).fit(ROWS),
    "Forecaster": Forecaster(Ridge(), window_length=3).fit(None, ROWS),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_pickle_of_another_version_warns_at_the_users_line(name, monkeypatch):
    monkeypatch.setattr(_versioned, "__version__", "0.0.1")
    old = pickle.dumps(ESTIMATORS[name])
    assert vars(pickle.loads(old)).keys() == vars(ESTIMATORS[name]).keys()
    monkeypatch.undo()
    with pytest.warns(UserWarning, match=r"pickled with sklstm 0\.0\.1 and is unpickled with") as caught:
        pickle.loads(old)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_html_representation_holds_no_path_of_the_installation(name):
    html = ESTIMATORS[name]._repr_html_()
    assert name in html
    for part in ("file:", str(Path(sklstm.__file__).parent), "_regressor.py", "_transformer.py", "_forecaster.py"):
        assert part not in html


class WithoutNote(WindowTransformer):
    """A user's subclass that leaves something out of its pickles."""

    def __getstate__(self):
        return {name: value for name, value in super().__getstate__().items() if name != "note"}


def test_a_subclass_decides_what_is_copied_and_pickled():
    transformer = WithoutNote(3).fit(ROWS)
    transformer.note = threading.Lock()  # which can be neither
    for other in (pickle.loads(pickle.dumps(transformer)), copy.deepcopy(transformer)):
        assert not hasattr(other, "note")
        np.testing.assert_array_equal(other.transform(ROWS), transformer.transform(ROWS))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_copy_of_several_is_one_object_where_it_was_one(name):
    estimator = ESTIMATORS[name]
    first, second = copy.deepcopy([estimator, estimator])
    assert first is second is not estimator


def test_a_pickle_whose_attributes_are_not_described_is_read():
    """As those of earlier versions were."""
    attributes = {**vars(ESTIMATORS["LSTMRegressor"]), "_sklstm_version": sklstm.__version__}
    other = object.__new__(sklstm.LSTMRegressor)
    other.__setstate__(attributes)
    np.testing.assert_array_equal(other.theta_, ESTIMATORS["LSTMRegressor"].theta_)
