"""Fit the target transformer that a user gives to a forecaster, and transform targets by it."""

from typing import Protocol

import numpy as np
from sklearn.base import clone

from sklstm._utils.argument_checks import naming
from sklstm._utils.checks import check_output


class Transformer(Protocol):
    """A fitted target transformer."""

    def transform(self, X): ...

    def inverse_transform(self, X): ...


def check_transformer(target_transformer):
    """Raise TypeError for a class, or an object without `transform` or `inverse_transform`."""
    if isinstance(target_transformer, type):
        name = target_transformer.__name__
        raise TypeError(f"target_transformer must be an instance, got the class {name}: write {name}().")
    missing = [name for name in ("transform", "inverse_transform") if not hasattr(target_transformer, name)]
    if target_transformer is not None and missing:
        raise TypeError(f"target_transformer must have {missing[0]}, got {target_transformer!r}.")


def fit_transformer(target_transformer, y):
    """Fit a clone of the transformer; return it and the transformed targets of each series, by key.

    It is fitted on the rows without a missing value. ValueError if it is not invertible there.
    """
    if target_transformer is None:
        return None, y
    rows = np.concatenate(list(y.values()))
    known = ~np.isnan(rows).any(axis=1)
    if not known.any():
        raise ValueError("target_transformer cannot be fitted: no row of y has a value of every target.")
    with naming("target_transformer"), np.errstate(all="ignore"):  # what it transforms is checked
        transformer = clone(target_transformer).fit(rows[known])
    values = transformed(transformer, rows)
    if not np.isfinite(values[known]).all():
        raise ValueError(
            f"target_transformer={target_transformer!r} transforms some training targets to values that are not "
            "finite. Choose a transformer that accepts them."
        )
    back = _call(transformer, "inverse_transform", values[known])
    with np.errstate(all="ignore"):
        is_back = np.allclose(back, rows[known], rtol=1e-3, atol=1e-3 * np.abs(rows[known]).max())
    if not is_back:
        raise ValueError(
            f"target_transformer={target_transformer!r} is not invertible: inverse_transform(transform(y)) is not "
            "y. FunctionTransformer needs inverse_func, as in FunctionTransformer(np.log1p, np.expm1)."
        )
    ends = np.cumsum([len(part) for part in y.values()])[:-1]
    return transformer, dict(zip(y, np.split(values, ends), strict=True))


def transformed(transformer, y):
    """Transform the rows of y (n, n_targets) without a missing value; the other rows become NaN."""
    return y if transformer is None else _of_rows(transformer, "transform", y, ~np.isnan(y).any(axis=1))


def transformed_back(transformer, y):
    """Transform the finite rows of y (n, n_targets) back to the user's units; the other rows become NaN."""
    return y if transformer is None else _of_rows(transformer, "inverse_transform", y, np.isfinite(y).all(axis=1))


def _of_rows(transformer, method, y, rows):
    """Call a method of the transformer with some rows of y; the other rows of the result are NaN."""
    values = np.full(y.shape, np.nan)
    if rows.any():
        values[rows] = _call(transformer, method, y[rows])
    return values


def _call(transformer, method, values):
    """Call a method of the target transformer; raise an error if it changes the shape (n, n_targets)."""
    who = f"target_transformer={transformer!r}: {method}"
    with np.errstate(all="ignore"):  # the caller handles values that are not finite
        return check_output(getattr(transformer, method)(values), who, *values.shape)
