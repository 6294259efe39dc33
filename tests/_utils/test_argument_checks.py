from fractions import Fraction
from numbers import Integral, Real

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, _fit_context
from sklearn.linear_model import Ridge
from sklearn.utils._param_validation import HasMethods, Interval, InvalidParameterError, Options, StrOptions

from sklstm._utils.argument_checks import (
    CheckedParametersMixin,
    check_flag,
    check_parameters,
    is_whole_number,
    like,
    shown,
    validate_arguments,
)

COUNT = [Interval(Integral, 1, 100, closed="both")]
SHARE = [Interval(Real, 0, 1, closed="both")]


class Unshowable:
    def __repr__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, "3"),
        ("last", "'last'"),
        (None, "None"),
        (np.float32(0.5), repr(np.float32(0.5))),
        pytest.param(10**5000, "a whole number of about 5001 digits", id="5000 digits"),
        (-(10**400), "a whole number of about 401 digits"),
        ([10**5000], "[a whole number of about 5001 digits]"),
        (Ridge, "the class Ridge"),
        (np.ones((3, 4)), "ndarray of shape (3, 4)"),
        (pd.DataFrame({"a": [1.0]}), "DataFrame of shape (1, 1)"),
        (np.ones(2), "array([1., 1.])"),
    ],
)
def test_values_in_messages(value, expected):
    assert shown(value) == expected


@pytest.mark.parametrize(
    "value", ["x" * 10_000, list(range(10**5)), {k: k for k in range(10**4)}, np.ones(500), Unshowable(), b"x" * 10_000]
)
def test_long_values_are_shortened(value):
    assert 0 < len(shown(value)) < 120


def test_flags():
    assert check_flag(np.True_, "train") is True
    for value in (1, 0, "True", None, np.array(True), [True]):
        with pytest.raises(TypeError, match="train must be True or False, got "):
            check_flag(value, "train")


@pytest.mark.parametrize("value", [1, 100, np.int8(3), np.uint64(100)])
def test_whole_numbers(value):
    check_parameters({"steps": COUNT}, {"steps": value}, "f")


@pytest.mark.parametrize(
    "value",
    [True, np.True_, 0, 101, 1.0, "3", None, [3], np.array(3), 10**400, np.timedelta64(3, "D"), Fraction(3), np.nan],
)
def test_what_is_no_whole_number(value):
    with pytest.raises(
        InvalidParameterError, match=r"The 'steps' parameter of f must be an int in the range \[1, 100\]"
    ):
        check_parameters({"steps": COUNT}, {"steps": value}, "f")


@pytest.mark.parametrize("value", [0, 1, 0.5, np.float16(0.5), np.uint8(1), Fraction(1, 2), np.longdouble(0.5)])
def test_numbers(value):
    check_parameters({"share": SHARE}, {"share": value}, "f")


@pytest.mark.parametrize(
    "value", [False, np.nan, np.inf, np.longdouble("1e310"), Fraction(10**400, 3), 10**400, 0.5j, "0.5", pd.NA, pd.NaT]
)
def test_what_is_no_number(value):
    unbounded = [Interval(Real, 0, None, closed="left")]
    for allowed in (SHARE, unbounded):
        with pytest.raises(InvalidParameterError, match="The 'share' parameter of f must be"):
            check_parameters({"share": allowed}, {"share": value}, "f")


def test_one_of_several_constraints_is_enough():
    allowed = [StrOptions({"auto"}), *COUNT, Options(Real, {np.inf}), HasMethods(["fit"]), None]
    for value in ("auto", 3, np.inf, Ridge(), None):
        check_parameters({"part": allowed}, {"part": value}, "f")
    with pytest.raises(InvalidParameterError, match=r"'auto'.* or None\. Got True instead\."):
        check_parameters({"part": allowed}, {"part": True}, "f")


def test_booleans_are_allowed_where_they_are_named():
    constraints = {"shuffle": ["boolean"], "verbose": ["verbose"], "random_state": ["random_state"]}
    check_parameters(constraints, {"shuffle": np.False_, "verbose": True, "random_state": 3}, "f")
    with pytest.raises(InvalidParameterError, match="'random_state'"):
        check_parameters(constraints, {"random_state": True}, "f")


def test_what_has_no_constraints_may_be_anything():
    check_parameters({"index": "no_validation"}, {"index": Unshowable(), "other": Unshowable()}, "f")


def test_arguments_are_checked_before_the_call():
    calls = []

    @validate_arguments({"steps": COUNT, "name": [str, None]})
    def call(steps, name=None, *others, flag=False):
        """Documented."""
        calls.append((steps, name, others, flag))

    call(3, "a", 1, flag=Unshowable())
    for wrong in (lambda: call("3"), lambda: call(steps=0), lambda: call(1, name=2)):
        with pytest.raises(InvalidParameterError, match=r"parameter of .*call must be"):
            wrong()
    with pytest.raises(TypeError, match=r"call\(\) missing 1 required positional argument: 'steps'"):
        call()
    with pytest.raises(TypeError, match=r"call\(\) got an unexpected keyword argument 'step'"):
        call(step=3)
    assert len(calls) == 1
    assert call.__doc__ == "Documented."


def test_parameters_of_an_estimator():
    class Model(CheckedParametersMixin, BaseEstimator):
        _parameter_constraints = {"size": COUNT}

        def __init__(self, size):
            self.size = size

        @_fit_context(prefer_skip_nested_validation=True)
        def fit(self, X, y=None):
            return self

    Model(3).fit(None)
    with pytest.raises(
        InvalidParameterError, match=r"The 'size' parameter of Model must be an int .* Got True instead"
    ):
        Model(True).fit(None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, True),
        (np.int8(3), True),
        (10**400, True),
        (3.0, False),
        (True, False),
        (np.timedelta64(3, "D"), False),
        (Fraction(3), False),
    ],
    ids=repr,
)
def test_what_is_a_whole_number(value, expected):
    assert is_whole_number(value) is expected


@pytest.mark.parametrize("error", [TypeError("a"), ValueError("a"), UnicodeDecodeError("utf-8", b"a", 0, 1, "a")])
def test_an_error_with_another_message(error):
    found = like(error, "b")
    assert type(found) is (TypeError if type(error) is TypeError else ValueError)
    assert str(found) == "b"
