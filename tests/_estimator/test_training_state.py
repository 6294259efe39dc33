"""What is kept between calls that continue each other."""

import copy
import pickle

import numpy as np
import pytest

from tests.tools import fit, model

RNG = np.random.default_rng(0)
X = RNG.normal(5, 2, (40, 6, 2))
Y = X[:, -1, 0] - 0.5 * X[:, -3, 1]


def test_weights_that_were_changed_by_hand_are_gone_on_from():
    settings = {"early_stopping": True, "warm_start": True, "learning_rate_init": 0.3}
    estimator = fit(model(max_iter=6, **settings), X, Y)
    assert estimator.best_iter_ < estimator.n_iter_
    changed = pickle.loads(pickle.dumps(estimator))
    changed.theta_[:] = 0
    assert fit(changed, X, Y).loss_curve_[6] != fit(estimator, X, Y).loss_curve_[6]


@pytest.mark.parametrize("settings", [{}, {"solver": "sgd"}, {"dropout": 0.3}], ids=str)
def test_training_further_leaves_the_state_of_a_copy_as_it_was(settings):
    """A shallow copy shares the state, and can be trained further by itself: to the same weights."""
    one = fit(model(**settings), X, Y)
    other = copy.copy(one)
    for estimator in (one, other):
        estimator.partial_fit(X, Y).partial_fit(X, Y)
    np.testing.assert_array_equal(one.theta_, other.theta_)
    assert one.loss_curve_ == other.loss_curve_
    assert other.n_iter_ == 5
