"""A model taken apart into weights and settings, and put together again."""

from dataclasses import replace

import numpy as np
import pytest

from sklstm._checkpoint.weights import model_of, weights_content
from tests.tools import fit, model

X = np.random.default_rng(0).normal(size=(30, 5, 2))
Y = X[:, -1, 0]


def test_there_and_back():
    estimator = fit(model(n_layers=2, early_stopping=True), X, Y)
    content = weights_content(estimator)
    np.testing.assert_array_equal(content.arrays[content.name], estimator.theta_)
    assert not np.shares_memory(content.arrays[content.name], estimator.theta_)
    assert content.layout.size == len(estimator.theta_)
    found = model_of(content)
    np.testing.assert_array_equal(found.predict(X), estimator.predict(X))
    assert found.get_params() == estimator.get_params()
    assert (found.n_iter_, found.loss_curve_, found.best_validation_score_) == (0, [], None)
    assert estimator.n_iter_ > 0


def test_settings_of_other_weights():
    content = weights_content(fit(model(), X, Y))
    other = weights_content(fit(model(hidden_size=3), X, Y))
    with pytest.raises(ValueError, match="do not fit each other"):
        model_of(replace(content, arrays={**content.arrays, content.name: other.arrays[other.name]}))
    with pytest.raises(ValueError, match=r"its weights are those of Layout\(.*hidden_size=3"):
        model_of(replace(content, layout=other.layout))
    moved = {**content.arrays, "w": content.arrays[content.name] + 1}
    with pytest.raises(ValueError, match="its settings do not name its weights 'w'"):
        model_of(replace(content, arrays=moved, name="w"))


def test_what_no_file_holds():
    estimator = fit(model(), X, Y)
    theta = estimator.theta_.copy()
    estimator.theta_[0] = np.inf
    with pytest.raises(ValueError, match="not finite"):
        weights_content(estimator)
    estimator.theta_[:] = theta
    with pytest.raises(ValueError, match="'loss' parameter"):
        weights_content(estimator.set_params(loss="none"))
