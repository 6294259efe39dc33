"""Check the fitted estimators that are passed to displays."""

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sklstm._utils.argument_checks import shown


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
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
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
