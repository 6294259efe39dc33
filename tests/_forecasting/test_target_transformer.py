"""The user's target transformer: what is fitted, which rows it gets, and what is refused."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklstm import Forecaster
from sklstm._forecasting.target_transformer import check_transformer, fit_transformer, transformed, transformed_back

LOG = FunctionTransformer(np.log, np.exp)
SERIES = {None: np.array([[1.0], [2.0], [4.0]])}


def transformer(function, inverse=None):
    """Without scikit-learn's own check, which only warns."""
    return FunctionTransformer(function, inverse, check_inverse=False)


def test_one_transformer_is_fitted_on_the_rows_of_all_series_without_a_missing_value():
    a, b = np.array([[1.0, 2.0], [np.nan, 50.0]]), np.array([[3.0, 4.0], [5.0, 9.0]])
    fitted, values = fit_transformer(StandardScaler(), {"a": a, "b": b})
    np.testing.assert_allclose(fitted.mean_, [3, 5])
    assert list(values) == ["a", "b"]
    np.testing.assert_allclose(values["a"], [(a[0] - fitted.mean_) / fitted.scale_, [np.nan] * 2])
    np.testing.assert_allclose(values["b"], fitted.transform(b))


def test_without_a_transformer_values_stay_as_they_are():
    assert fit_transformer(None, SERIES) == (None, SERIES)
    assert transformed(None, SERIES[None]) is transformed_back(None, SERIES[None]) is SERIES[None]


def test_the_transformer_gets_whole_rows_only_and_back_also_finite_ones():
    seen = []
    spy = FunctionTransformer(lambda y: seen.append(y.copy()) or y, lambda y: seen.append(y.copy()) or y)
    rows = np.array([[1.0, 2.0], [np.nan, 3.0], [np.inf, 4.0]])
    np.testing.assert_array_equal(transformed(spy, rows), [[1, 2], [np.nan] * 2, [np.inf, 4]])
    np.testing.assert_array_equal(transformed_back(spy, rows), [[1, 2], [np.nan] * 2, [np.nan] * 2])
    np.testing.assert_array_equal(np.concatenate(seen), [[1, 2], [np.inf, 4], [1, 2]])
    transformed(spy, rows[1:2])  # it is not called without any row
    assert len(seen) == 2


# ---- what is refused


REFUSED = {
    "has no inverse": (transformer(np.log), "is not invertible.*needs inverse_func"),
    "undoes something else": (transformer(np.log, np.expm1), "is not invertible"),
    "is not finite": (transformer(lambda y: np.log(y - y.min()), np.exp), "not finite"),
    "has more columns": (
        transformer(lambda y: np.column_stack((y, y)), np.exp),
        r"an array of shape \(3, 2\), but 3 rows of 1 values",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_transformer_that_cannot_be_undone_is_refused(name):
    refused, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        fit_transformer(refused, SERIES)


def test_a_transformer_without_inverse_transform_is_a_type_error():
    class OneWay:
        def fit(self, X):
            return self

        def transform(self, X):
            return X

    with pytest.raises(TypeError, match="target_transformer must have inverse_transform"):
        check_transformer(OneWay())


def test_a_class_is_no_transformer():
    with pytest.raises(TypeError, match=r"got the class StandardScaler: write StandardScaler\(\)"):
        check_transformer(StandardScaler)
    check_transformer(StandardScaler())


def test_a_transformer_needs_a_row_with_every_target():
    y = np.array([[1, np.nan], [np.nan, 2]])
    with pytest.raises(ValueError, match="no row of y has a value of every target"):
        fit_transformer(LOG, {None: y})


def test_the_users_transformer_is_not_fitted():
    scaler = StandardScaler()
    fit_transformer(scaler, SERIES)
    assert not hasattr(scaler, "mean_")


@pytest.mark.parametrize("func", [lambda y: y[:3], lambda y: y.astype(str)], ids=["shape", "text"])
def test_a_transformer_that_fails_in_its_own_checks_is_named(func):
    transformer = FunctionTransformer(func, lambda y: y)
    forecaster = Forecaster(Ridge(), window_length=4, target_transformer=transformer)
    with pytest.raises((ValueError, TypeError), match="target_transformer: "):
        forecaster.fit(None, np.arange(60.0))
