import re

import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

from sklstm._plot.estimators import check_fitted_estimator


class Untagged:
    """Has a fit, but is none of scikit-learn's estimators."""

    def fit(self):
        return self


def test_a_fitted_estimator_passes():
    check_fitted_estimator(Ridge().fit([[1.0], [2.0]], [1.0, 2.0]), "estimator")


@pytest.mark.parametrize(
    ("estimator", "error", "message"),
    [
        (Ridge(), NotFittedError, "This Ridge instance is not fitted yet"),
        (Ridge, TypeError, "model must be a fitted estimator; the class Ridge is a class, not an instance"),
        ([1, 2], TypeError, "model must be a fitted estimator; [1, 2] is not an estimator"),
    ],
)
def test_anything_else_is_refused(estimator, error, message):
    with pytest.raises(error, match=re.escape(message)):
        check_fitted_estimator(estimator, "model")


def test_what_is_not_of_scikit_learns_kind_is_refused():
    with pytest.raises((TypeError, NotFittedError), match="model must be"):  # not fitted, before scikit-learn 1.7
        check_fitted_estimator(Untagged(), "model")
