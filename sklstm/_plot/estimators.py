"""Check the fitted estimators that are passed to displays."""

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sklstm._utils.argument_checks import attribute_of, shown


def check_fitted_estimator(estimator, name):
    """Raise an error unless an argument is a fitted estimator.

    Parameters
    ----------
    estimator : object
    name : str
        Name of the argument, for messages.

    Raises
    ------
    NotFittedError
        If it is not fitted.
    TypeError
        If it is a class, or no estimator.
    """
    if isinstance(estimator, type) or attribute_of(estimator, "fit") is None:
        what = "a class, not an instance" if isinstance(estimator, type) else "not an estimator"
        raise TypeError(f"{name} must be a fitted estimator; {shown(estimator)} is {what}.")
    try:
        check_is_fitted(estimator)
    except NotFittedError as error:
        raise NotFittedError(f"{name} must be fitted. {error}") from error
    except AttributeError as error:  # scikit-learn asks for tags, which others do not have
        raise TypeError(
            f"{name} must be an estimator like those of scikit-learn; {shown(estimator)} has no tags."
        ) from error


def check_forecaster(forecaster, other):
    """Raise an error unless an argument is a fitted forecaster.

    Parameters
    ----------
    forecaster : object
    other : str
        What to use for another model, for messages.

    Raises
    ------
    NotFittedError
        If it is not fitted.
    TypeError
        If it is a class, or no forecaster.
    """
    is_fitted_forecaster = False
    if (
        attribute_of(forecaster, "fit") is not None
        and callable(attribute_of(forecaster, "forecast"))
        and not isinstance(forecaster, type)
    ):
        check_fitted_estimator(forecaster, "forecaster")
        is_fitted_forecaster = hasattr(forecaster, "history_")
    if not is_fitted_forecaster:
        name = forecaster.__name__ if isinstance(forecaster, type) else type(forecaster).__name__
        raise TypeError(f"{name} is not a forecaster. Pass a fitted Forecaster. {other}")


def check_has_method(forecaster, method, other=""):
    """Raise a TypeError if a forecaster lacks a method; `other` says what else to do."""
    if not callable(getattr(forecaster, method, None)):
        raise TypeError(f"{type(forecaster).__name__} has no method {method}. Pass a fitted Forecaster{other}.")
