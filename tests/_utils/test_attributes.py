import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import validate_data

from sklstm._utils.attributes import feature_names, on_snapshot, set_at_once, snapshot

TABLE = pd.DataFrame({"a": [1.0], "b": [2.0]})


class Estimator(BaseEstimator):
    feature_names_in_ = feature_names

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    @on_snapshot
    def reads(self, between):
        first = self.coef_
        between()
        return first, self.coef_, self.alpha

    @property
    @on_snapshot
    def doubled_(self):
        """Twice."""
        return 2 * self.coef_


def fitted(**attributes):
    return set_at_once(Estimator(), attributes)


def test_a_snapshot_shares_values_and_not_changes():
    estimator = fitted(coef_=np.ones(2))
    taken = snapshot(estimator)
    assert type(taken) is Estimator
    assert taken.coef_ is estimator.coef_
    estimator.coef_, estimator.alpha = None, 7
    assert taken.coef_.tolist() == [1, 1]
    assert taken.alpha == 1.0


def test_a_method_on_a_snapshot_never_sees_what_is_set_meanwhile():
    estimator = fitted(coef_=1)
    assert estimator.reads(lambda: set_at_once(estimator.set_params(alpha=5), {"coef_": 2})) == (1, 1, 1.0)
    assert estimator.reads(between=lambda: None) == (2, 2, 5)
    assert estimator.doubled_ == 4
    assert Estimator.reads.__name__ == "reads"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("earlier", [{}, {"coef_": 1}, {"coef_": 1, "n_": 1}])
def test_earlier_attributes_are_put_back_when_the_end_fails(error, earlier):
    estimator = fitted(**earlier)
    before = vars(estimator).copy()

    def fails():
        assert (estimator.coef_, estimator.n_) == (2, 2)
        raise error

    with pytest.raises(error):
        set_at_once(estimator, {"coef_": 2, "n_": 2}, fails)
    assert vars(estimator) == before


def test_what_others_have_set_meanwhile_stays():
    estimator = Estimator()

    def fails():
        estimator.alpha = 7
        raise ValueError

    for earlier in ({}, {"coef_": 1}):
        vars(estimator).update(earlier)
        with pytest.raises(ValueError):  # noqa: PT011
            set_at_once(estimator, {"coef_": 2}, fails)
        assert vars(estimator) == {"alpha": 7, **earlier}


def test_a_warning_that_is_an_error_leaves_it_fitted():
    estimator = Estimator()

    def warns():
        raise UserWarning

    with pytest.raises(UserWarning):
        set_at_once(estimator, {"coef_": 2}, warns)
    assert estimator.coef_ == 2


def test_names_come_and_go_as_scikit_learn_wants():
    estimator = Estimator()
    assert not hasattr(estimator, "feature_names_in_")
    with pytest.raises(AttributeError, match="'Estimator' object has no attribute 'feature_names_in_'"):
        estimator.feature_names_in_  # noqa: B018
    validate_data(estimator, TABLE)
    assert estimator.feature_names_in_.tolist() == ["a", "b"]
    assert pickle.loads(pickle.dumps(estimator)).feature_names_in_.tolist() == ["a", "b"]
    assert not hasattr(clone(estimator), "feature_names_in_")
    validate_data(estimator, TABLE, reset=False)
    validate_data(estimator, TABLE.to_numpy())
    assert not hasattr(estimator, "feature_names_in_")
    estimator.feature_names_in_ = np.array(["c"])
    del estimator.feature_names_in_
    assert getattr(estimator, "feature_names_in_", None) is None
    estimator.feature_names_in_ = None
    assert not hasattr(estimator, "feature_names_in_")
