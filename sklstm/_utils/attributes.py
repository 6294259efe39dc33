"""Attributes of an estimator that several threads use, and that Ctrl-C may interrupt.

Fitted attributes are set all at once, in one step of the interpreter. A method that reads several of them reads a
snapshot. So it never mixes the attributes of two fits, and nothing has to be locked.
"""

from functools import wraps

NAMES = "_feature_names"  # holds the names of columns, see `feature_names`


def snapshot(estimator):
    """Return a copy of an estimator that shares the values of its attributes; later changes do not reach it."""
    copied = object.__new__(type(estimator))
    copied.__dict__ = vars(estimator).copy()
    return copied


def on_snapshot(method):
    """Decorator: the method runs on a snapshot of its object, whatever other threads set meanwhile."""

    @wraps(method)
    def run(self, *args, **kwargs):
        return method(snapshot(self), *args, **kwargs)

    return run


def set_at_once(estimator, attributes, finish=lambda: None):
    """Set fitted attributes at once, call `finish()`, and return the estimator.

    If this fails or is interrupted, the earlier attributes are put back. A warning that the user has turned into an
    error is no failure: the estimator is fitted.
    """
    before = vars(estimator).copy()
    try:
        vars(estimator).update(attributes)
        finish()
        return estimator
    except Warning:
        raise
    except BaseException:
        _put_back(estimator, before, attributes)
        raise


def _put_back(estimator, before, names):
    """Put the values of some attributes back, at once; those that did not exist are removed."""
    earlier = {name: before[name] for name in names if name in before}
    if len(earlier) == len(names):
        vars(estimator).update(earlier)
    else:  # of the first fit: nobody can have used them
        others = {name: value for name, value in vars(estimator).copy().items() if name not in names}
        estimator.__dict__ = others | earlier


def _names(estimator):
    """Names of the columns. If the training table had none, there is no such attribute, as in scikit-learn."""
    names = vars(estimator).get(NAMES)
    if names is None:
        raise AttributeError(f"{type(estimator).__name__!r} object has no attribute 'feature_names_in_'")
    return names


def _set_names(estimator, names):
    vars(estimator)[NAMES] = names


def _delete_names(estimator):
    vars(estimator)[NAMES] = None


# `feature_names_in_`, which scikit-learn sets and deletes, in an attribute that always exists. So the names change
# together with the other attributes, also if the tables of a later fit have no names. Set to None, they are deleted.
feature_names = property(_names, _set_names, _delete_names, _names.__doc__)
