"""Check arguments and parameters, with one wording: the name, what it must be, and what was received.

scikit-learn's constraints say what is allowed. They are applied more strictly here: a boolean, a duration or a number
that does not fit into float64 is no number. Messages are those of scikit-learn, with long values shortened.
"""

import re
import reprlib
import sys
from contextlib import contextmanager
from functools import wraps
from inspect import signature
from numbers import Integral

import numpy as np
from sklearn.utils import check_array
from sklearn.utils._param_validation import InvalidParameterError, _Booleans, _VerboseHelper, make_constraint
from sklearn.utils.validation import validate_data

from sklstm._utils.plain_parameters import plain

# The largest number of epochs, updates and the like, as in SciPy's optimisers.
MOST_ITERATIONS = 2**31 - 1
# The most steps of a forecast, which take minutes if each is fed back: more than a century of hours.
MOST_STEPS = 10**6

N_CHARACTERS = 80  # of a value in a message
MANY_DIGITS = 40  # of a whole number in a message


class _Shortener(reprlib.Repr):
    """Shows any value in about `N_CHARACTERS` characters."""

    def __init__(self):
        super().__init__()
        self.maxstring = self.maxother = N_CHARACTERS

    def repr_int(self, value, level):
        n_digits = int(abs(value).bit_length() * 0.30103) + 1  # Python refuses to write down very many
        return repr(value) if n_digits <= MANY_DIGITS else f"a whole number of about {n_digits} digits"

    def repr_LazyFrame(self, value, level):  # named after the type, as `reprlib` demands
        return "a LazyFrame, which collect() makes a table"

    def repr_instance(self, value, level):
        if isinstance(value, type):
            return f"the class {value.__name__}"
        text, shape = super().repr_instance(value, level), shape_of(value)
        if not shape or (len(text) < N_CHARACTERS and "\n" not in text):
            return text
        return f"{type(value).__name__} of shape {shape}"


def shown(value):
    """Return a short text that shows any value in a message.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm._utils.argument_checks import shown
    >>> print(shown("a"), shown(10**400), shown(np.ones((3, 4))), shown(dict), sep=", ")
    'a', a whole number of about 401 digits, ndarray of shape (3, 4), the class dict
    """
    return _Shortener().repr(value)


def attribute_of(value, name):
    """Return an attribute of any object; None if it has none, or fails when it is asked, as a proxy of nothing does."""
    try:
        return getattr(value, name, None)
    except Exception:
        return None


def shape_of(value):
    """Return the shape of an array-like; () for anything else."""
    shape = attribute_of(value, "shape")
    return shape if isinstance(shape, tuple) else ()


def as_objects(values, name):
    """Return an array-like as an array of objects; ValueError or TypeError if it cannot be converted."""
    try:
        return np.asarray(values, dtype=object)
    except Exception as error:
        raise conversion_error(error, values, name) from error


def conversion_error(error, values, name):
    """Return the error for what fails when it is converted to an array: in any way, as objects convert themselves."""
    what = f"{type(error).__name__}{': ' * bool(str(error))}{error}"
    return like(error, f"{name} cannot be converted to an array ({what}), got {shown(values)}.")


def is_whole_number(value):
    """Whether a value is an integer of any library. A boolean or a duration is none."""
    return isinstance(value, Integral) and not isinstance(value, bool | np.timedelta64)


def like(error, message):
    """Return a TypeError with this message if the error is one, else a ValueError: other types take other arguments."""
    return (TypeError if isinstance(error, TypeError) else ValueError)(message)


@contextmanager
def naming(name):
    """Put a name in front of the message of a ValueError or TypeError that does not have it; the type stays."""
    try:
        yield
    except (ValueError, TypeError) as error:
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", str(error)):
            raise
        raise like(error, f"{name}: {error}") from error


def as_array(data, name, **settings):
    """Convert an array-like by scikit-learn's `check_array`, with messages that name it.

    Parameters
    ----------
    data : any object
        As `as_numbers` returns it.
    name : str
        Name of `data` in messages.
    **settings
        Parameters of `check_array`.

    Examples
    --------
    >>> from sklstm._utils.argument_checks import as_array
    >>> as_array([1, 2], "y", ensure_2d=False)
    array([1, 2])
    >>> as_array(3, "y", ensure_2d=False)
    Traceback (most recent call last):
        ...
    ValueError: y must be an array-like with rows, got 3.
    """
    if np.ndim(data) == 0:
        raise ValueError(f"{name} must be an array-like with rows, got {shown(data)}.")
    # the sums by which scikit-learn finds infinity may overflow
    with naming(name), np.errstate(over="ignore", invalid="ignore"):
        return check_array(data, input_name=name, **settings)


def as_table(estimator, X, name="X", **settings):
    """Convert a table by scikit-learn's `validate_data`, with messages that name it."""
    with naming(name), np.errstate(over="ignore", invalid="ignore"):
        return validate_data(estimator, X, **settings)


def list_of_text(values, name):
    """Return names as a list; ValueError unless they are a list of text."""
    names = as_objects(values, name)
    if names.ndim != 1 or not all(isinstance(value, str) for value in names):
        raise ValueError(f"{name} must be None or a list of names (text), got {shown(values)}.")
    return [str(value) for value in names]


def check_same_length(**tables):
    """Raise ValueError if tables, by name, differ in length; None has none."""
    lengths = {name: len(table) for name, table in tables.items() if table is not None}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} has {n} row{'s' * (n != 1)}" for name, n in lengths.items())
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: {list(lengths.values())} ({found})."
        )


def check_flag(value, name):
    """Return an argument as `bool`; TypeError for anything but a boolean."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {shown(value)}.")
    return bool(value)


def check_whole_number(value, name, may_be_none=False):
    """Raise ValueError unless an argument is a whole number of at least 1 or, with `may_be_none`, None."""
    if not (is_whole_number(value) and value >= 1) and not (may_be_none and value is None):
        alternative = "None or " if may_be_none else ""
        raise ValueError(f"{name} must be {alternative}an integer of at least 1, got {shown(value)}.")


def check_parameters(constraints, parameters, caller):
    """Check each value by the constraints of its name.

    Parameters
    ----------
    constraints : dict of list
        Constraints by name, as in scikit-learn's `_parameter_constraints`. A name without constraints, or with
        "no_validation", may have any value.
    parameters : dict
        Values by name.
    caller : str
        Name of the class or function, for messages.

    Raises
    ------
    InvalidParameterError
        It is a ValueError and a TypeError.

    Examples
    --------
    >>> from numbers import Integral
    >>> from sklearn.utils._param_validation import Interval
    >>> from sklstm._utils.argument_checks import check_parameters
    >>> constraints = {"steps": [Interval(Integral, 1, None, closed="left"), None]}
    >>> check_parameters(constraints, {"steps": 12}, "Forecaster")
    >>> check_parameters(constraints, {"steps": True}, "Forecaster")
    Traceback (most recent call last):
        ...
    sklearn.utils._param_validation.InvalidParameterError: The 'steps' parameter of Forecaster must be an int in the
    range [1, inf) or None. Got True instead.
    """
    for name, value in parameters.items():
        allowed = constraints.get(name, "no_validation")
        kinds = [] if isinstance(allowed, str) else [make_constraint(one) for one in allowed]
        if not kinds or any(_allows(kind, value) for kind in kinds):
            continue
        *others, last = [str(kind) for kind in kinds if not kind.hidden]
        wanted = f"{', '.join(others)} or {last}" if others else last
        raise InvalidParameterError(f"The {name!r} parameter of {caller} must be {wanted}. Got {shown(value)} instead.")


def _allows(constraint, value):
    """Whether a constraint allows a value. Of any other library's numbers, it sees Python's."""
    if isinstance(value, bool | np.bool_):  # is a number elsewhere
        return isinstance(constraint, _Booleans | _VerboseHelper)
    if isinstance(value, np.timedelta64):
        return False
    value = plain(value)
    if isinstance(value, int) and abs(value) > sys.float_info.max:
        return False
    try:
        return bool(constraint.is_satisfied_by(value))
    except Exception:  # an object that fails when it is asked for its attributes
        return False


def validate_arguments(constraints):
    """Decorate a function to check its arguments by `check_parameters` before it is called.

    Examples
    --------
    >>> from sklstm._utils.argument_checks import validate_arguments
    >>> @validate_arguments({"name": [str, None]})
    ... def greet(name=None):
    ...     return f"Hello {name}"
    >>> greet("Ada")
    'Hello Ada'
    >>> greet(1)
    Traceback (most recent call last):
        ...
    sklearn.utils._param_validation.InvalidParameterError: The 'name' parameter of greet must be an instance of 'str' or
    None. Got 1 instead.
    """

    def decorate(function):
        parameters = signature(function)

        @wraps(function)
        def checked(*args, **kwargs):
            try:
                given = parameters.bind(*args, **kwargs).arguments
            except TypeError:
                given = {}  # the call raises the error itself, with the name of the function
            check_parameters(constraints, given, function.__qualname__)
            return function(*args, **kwargs)

        return checked

    return decorate


class CheckedParametersMixin:
    """For estimators: scikit-learn's `_fit_context` checks the parameters by `check_parameters`. It comes first."""

    def _validate_params(self):
        check_parameters(self._parameter_constraints, self.get_params(deep=False), type(self).__name__)
