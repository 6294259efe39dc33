"""Wrong targets, weights and missing values: a clear error before any work, and a fitted estimator as it was."""

import numpy as np
import pytest
from scipy import sparse

from sklstm import LSTMRegressor
from tests._estimator.tools import X3, Y, changed, fitted, refuses

WRONG_TARGETS = {
    "another length": (Y[:-1], ValueError, "inconsistent numbers of samples"),
    "NaN": (changed(Y, 3, np.nan), ValueError, "y contains NaN"),
    "a row without a target": (changed(X3[:, 0], 3, np.nan), ValueError, "NaN in every column of row 3. Remove rows"),
    "one column with NaN": (changed(Y[:, np.newaxis], 3, np.nan), ValueError, "NaN in every column of row 3"),
    "infinity": (changed(Y, 3, np.inf), ValueError, "y contains infinity"),
    "infinity beside NaN": (changed(X3[:, 0], (3, [0, 1]), [np.nan, np.inf]), ValueError, "y contains infinity"),
    "text": (np.full(12, "a"), TypeError, r"holds text \('a'\), but numbers are needed"),
    "complex": (Y + 1j, ValueError, "Complex data not supported"),
    "sparse": (sparse.csr_array(Y[:, np.newaxis]), TypeError, "[Ss]parse"),
    "4-D": (Y[:, None, None, None], ValueError, "4 dimensions"),
    "0-D": (np.array(1.0), ValueError, "."),
    "empty": (Y[:0], ValueError, "inconsistent numbers of samples"),
    "no outputs": (np.empty((12, 0)), ValueError, r"0 feature\(s\)"),
    "another number of steps": (np.zeros((12, 4, 1)), ValueError, "targets at 4 steps, but X has 5"),
    "NaN at a present step": (np.full((12, 5, 1), np.nan), ValueError, "NaN at a step that is present"),
    "nothing": (None, ValueError, "requires y to be passed"),
}


WRONG_WEIGHTS = {
    "all zero": (np.zeros(12), ValueError, "zero for every row|at least one non-zero"),
    "negative": (changed(np.ones(12), 2, -1), ValueError, "[Nn]egative"),
    "NaN": (changed(np.ones(12), 2, np.nan), ValueError, "NaN"),
    "another length": (np.ones(11), ValueError, "sample_weight.shape"),
    "2-D": (np.ones((12, 2)), ValueError, "1D"),
}


@pytest.mark.parametrize("name", WRONG_TARGETS)
def test_wrong_targets(name):
    y, error, match = WRONG_TARGETS[name]
    model = fitted()
    refuses(model, lambda: model.fit(X3, y), error, match)
    refuses(model, lambda: model.partial_fit(X3, y), error, match)


@pytest.mark.parametrize("name", WRONG_WEIGHTS)
def test_wrong_weights(name):
    weight, error, match = WRONG_WEIGHTS[name]
    model = fitted()
    refuses(model, lambda: model.fit(X3, Y, sample_weight=weight), error, match)


def test_outputs_that_the_targets_do_not_divide():
    model = fitted().set_params(n_targets=2)
    refuses(model, lambda: model.fit(X3, np.zeros((12, 3))), ValueError, "does not fit 2 channels and 3 outputs")


def test_a_channel_that_is_never_present():
    model = fitted()
    X = changed(X3, (slice(None), slice(None), 1), np.nan)
    refuses(model, lambda: model.fit(X, Y), ValueError, "Channel 1 of X has no value in")
    X = changed(X, (4, 2, 1), 0.0)
    weight = changed(np.ones(12), 4, 0.0)
    refuses(model, lambda: model.fit(X, Y, sample_weight=weight), ValueError, "Channel 1 of X has no value in")


def test_channels_that_are_never_present_together():
    X = X3.copy()
    X[:, ::2, 0] = X[:, 1::2, 1] = np.nan
    model = fitted()
    refuses(model, lambda: model.fit(X, Y), ValueError, "No row of X has a step with a value in every channel")


def test_a_channel_that_passes_over_many_steps_warns_with_its_number_and_count():
    X = changed(changed(X3, (slice(None, 6), 0, 1), np.nan), (7, 0, 0), np.nan)
    with pytest.warns(UserWarning, match=r"7 of 60 steps are skipped .* channel 1 of X is missing at 6 of them"):
        fitted(X)


def test_a_target_that_is_often_missing_in_whole_rows_warns_where_it_has_to_have_a_level():
    X = changed(X3, (slice(None, 6), slice(None), 0), np.nan)
    settings = {"missing": "indicator", "instance_norm": "last", "n_targets": 1}
    with pytest.warns(
        UserWarning, match=r"30 of 60 steps .* channel 0 of X is missing at 30 .* Set instance_norm=None"
    ):
        model = fitted(X, **settings)
    fitted(X, **settings | {"instance_norm": None})  # as advised
    model.set_params(n_targets=2)
    both = changed(X, (slice(6, None), slice(None), 1), np.nan)
    refuses(model, lambda: model.fit(both, X3[:, 0]), ValueError, "No row of X has a value in every target channel")


def test_a_tenth_does_not_warn():
    fitted(changed(X3, (slice(None, 6), 0, 1), np.nan))
    fitted(changed(X3, (slice(None, 8), 0), np.nan))  # whole steps are padding, not a bad channel


@pytest.mark.parametrize("value", [-999.0, np.inf, 1e300])
@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_targets_at_missing_steps_may_be_anything(loss, value):
    X = np.abs(np.random.default_rng(0).standard_normal((12, 5, 1)).astype(np.float32))
    X[3, 2] = X[7, 0] = np.nan
    y = np.where(np.isnan(X), value, X.astype(np.float64))
    one, other = (
        LSTMRegressor(2, loss=loss, tol=1, random_state=0).fit(X, t) for t in (y, np.where(np.isnan(X), 0, y))
    )
    np.testing.assert_array_equal(one.theta_, other.theta_)
