import pytest
from sklearn.base import BaseEstimator, _fit_context

from sklstm._utils import user_warning as _warning
from sklstm._utils.user_warning import warn_user, warning_about


class Warner(BaseEstimator):
    """Warns behind scikit-learn's wrapper of `fit`."""

    _parameter_constraints: dict = {}
    fit = _fit_context(prefer_skip_nested_validation=True)(lambda self: warn_user("of a", FutureWarning))


def test_a_warning_points_at_the_line_that_called_from_outside():
    with pytest.warns(FutureWarning, match="of a") as caught:
        warn_user("of a", FutureWarning)
    assert caught[0].filename == __file__


def test_what_scikit_learn_wraps_around_a_call_is_passed_over(monkeypatch):
    ours = (*_warning.OURS, __file__)  # as if the class were one of the package
    monkeypatch.setattr(_warning, "OURS", ours)
    names = {"warner": Warner()}
    with pytest.warns(FutureWarning, match="of a") as caught:
        exec(compile("warner.fit()", "file_of_the_user.py", "exec"), names)
    assert caught[0].filename == "file_of_the_user.py"


def say(messages, name=None):
    for message in messages:
        if name is None:
            warn_user(message)
        else:
            with warning_about(name):
                warn_user(message)


def test_a_name_is_put_in_front_once():
    with pytest.warns(UserWarning, match="is") as caught:
        say(["It is short.", "The series 'a' is short.", UserWarning("It is long.")], "The series 'a'")
    expected = ["The series 'a': It is short.", "The series 'a' is short.", "The series 'a': It is long."]
    assert [str(warning.message) for warning in caught] == expected


def test_no_name_is_left_behind():
    with pytest.raises(KeyError), warning_about("The series 'b'"):
        raise KeyError
    with pytest.warns(UserWarning, match=r"^It is short\."):
        say(["It is short."])
