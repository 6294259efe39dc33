import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

from sklstm._utils.checks import check_fitted, check_steps, check_weights, is_pandas, n_dimensions


def test_a_list_has_an_index_but_is_not_pandas():
    assert is_pandas(pd.Series([1.0]))
    assert is_pandas(pd.DataFrame())
    assert not is_pandas([1.0])
    assert not is_pandas(np.ones(3))


def test_dimensions_of_whatever_holds_numbers():
    for data, expected in ((3.0, 0), ([1, 2], 1), ([[1], [2]], 2), (pd.Series([1.0]), 1), (np.ones((2, 3, 4)), 3)):
        assert n_dimensions(data) == expected


def test_what_is_fitted():
    class Refuses(Ridge):
        def __sklearn_is_fitted__(self):
            return False

    ridge = Ridge()
    with pytest.raises(NotFittedError, match=r"This Ridge instance is not fitted yet\. Call 'fit'"):
        check_fitted(ridge, "coef_")
    ridge.fit([[0.0], [1.0]], [0.0, 1.0])
    check_fitted(ridge, "coef_")
    check_fitted(ridge, "other_")
    with pytest.raises(NotFittedError):
        check_fitted(Refuses().fit([[0.0], [1.0]], [0.0, 1.0]), "coef_")


def test_weights_are_float64_whatever_the_rows_are():
    X = np.ones((3, 2), np.float32)
    assert check_weights(None, X).tolist() == [1.0, 1.0, 1.0]
    weight = check_weights(np.array([1e-200, 0.0, 1e200], dtype=object), X)
    assert weight.dtype == np.float64
    assert weight.tolist() == [1e-200, 0.0, 1e200]


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([0.0, 0.0], "zero for every row|at least one non-zero"),
        ([1e308, 1e308], "too large"),
        ([-1.0, 2.0], "[Nn]egative"),
        ([1.0], "shape"),
    ],
)
def test_weights_of_which_nothing_can_be_made(weight, message):
    with pytest.raises(ValueError, match=message):
        check_weights(weight, np.ones((2, 1)))


def test_steps_are_whole_numbers_from_1():
    for steps in (1, 7, np.int8(7), np.uint64(7)):
        assert type(check_steps(steps)) is int
    for steps in (True, 2.0, "2", None, pd.DataFrame({"a": [1]})):
        with pytest.raises(TypeError, match="steps must be a whole number"):
            check_steps(steps)
    with pytest.raises(ValueError, match="at least 1, got 0"):
        check_steps(0)
