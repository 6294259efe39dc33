"""Check the exogenous variables, the columns of `X`, and keep which of them are known in advance."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import get_tags

from sklstm._utils.argument_checks import as_array, as_table, shown
from sklstm._utils.checks import check_size, is_pandas, n_dimensions


@dataclass(frozen=True)
class ColumnSpec:
    """The columns that a forecaster was fitted on.

    Parameters
    ----------
    labels : list or None
        The column names of the DataFrame, by which columns of later frames are found; None if X was not a DataFrame.
    is_past : ndarray of bool of shape (n_columns,)
        Which columns are past-only. The others are known in advance.
    allows_nan : bool, default=False
        Whether columns that are known in advance may have missing values.
    """

    labels: list[Hashable] | None
    is_past: np.ndarray
    allows_nan: bool = False

    def __len__(self):
        return len(self.is_past)

    @property
    def names(self):
        """Names of the columns; those of arrays are x0, x1 and so on."""
        return self.labels or [f"x{number}" for number in range(len(self))]

    @property
    def known_names(self):
        """Names of the columns that are known in advance."""
        return [name for name, past in zip(self.names, self.is_past, strict=True) if not past]

    @property
    def past_names(self):
        """Names of the past-only columns."""
        return [name for name, past in zip(self.names, self.is_past, strict=True) if past]

    def read(self, estimator, X, n_rows=0, name="X"):
        """Check and convert an X that was not given to `fit`.

        Parameters
        ----------
        estimator : Forecaster
            A fitted forecaster; scikit-learn's checks compare X with its `n_features_in_` and `feature_names_in_`.
        X : array-like or None
            The columns of a DataFrame may be in any order.
        n_rows : int, default=0
            Number of rows if X is None.
        name : str, default="X"
            Name of the table in messages.

        Returns
        -------
        columns : ndarray of float64 of shape (n_rows, n_columns)
        """
        _check_is_table(X, name)
        if _has_no_columns(X):
            if len(self):
                raise ValueError(f"{name} has no columns, but the Forecaster was fitted on {self.names}.")
            return np.empty((n_rows if X is None else len(X), 0))
        if not len(self):
            raise ValueError(
                f"{name} has columns, but the Forecaster was fitted without any. Pass a frame that has the index and "
                "no columns."
            )
        X = self._in_order(X, name)
        try:
            columns = as_table(estimator, X, name, reset=False, dtype=np.float64, ensure_all_finite="allow-nan")
        except ValueError as error:
            if not self._lacks_names(X):
                raise
            raise ValueError(
                f"{error}\nIf they are of pd.get_dummies, {name} = {name}.reindex("
                "columns=forecaster.feature_names_in_, fill_value=0) gives the columns of the fit."
            ) from error
        check_size(columns, name)
        self.check_no_missing(columns[:, ~self.is_past], X, name)
        return columns

    def read_known(self, estimator, X):
        """Check and convert an X_future, which has all columns or only those that are known in advance.

        Returns
        -------
        known : ndarray of float64 of shape (n_rows, n_known)
        """
        given, n_known = _labels_of(X), int((~self.is_past).sum())
        if self.is_past.any() and self.labels is not None and given is not None:
            absent = [name for name in self.past_names if name not in given]
            X = X.reindex(columns=[*given, *absent])
        elif self.is_past.any() and n_dimensions(X) == 2 and np.shape(X)[1] == n_known:
            if not n_known:
                return np.empty((len(X), 0))
            known = as_array(X, "X_future", dtype=np.float64, ensure_all_finite="allow-nan")
            check_size(known, "X_future")
            self.check_no_missing(known, X, "X_future")
            return known
        return self.read(estimator, X, name="X_future")[:, ~self.is_past]

    def check_no_missing(self, known, X, name="X"):
        """Raise ValueError if a column known in advance has a missing value, unless `allows_nan`."""
        unknown = np.isnan(known)
        if unknown.any() and not self.allows_nan:
            row, column = np.argwhere(unknown)[0]
            at = f"{X.index[row]}" if is_pandas(X) else f"row {row}"
            fill = "Fill it"
            if is_pandas(X) and X.index.nlevels == 1 and not unknown[:, column].all():
                fill = f"Fill it, for example {name} = {name}.ffill().bfill()"
            raise ValueError(
                f"The column {self.known_names[column]!r} of {name} is NaN at {at}, but columns must be known in "
                f"advance unless past_only names them. {fill}. If it is known only together with y, name it in "
                "past_only before fit."
            )

    def _lacks_names(self, X):
        """Whether a frame lacks some of the columns of the fit."""
        given = _labels_of(X)
        return self.labels is not None and given is not None and not set(self.labels) <= set(given)

    def _in_order(self, X, name):
        """Put the columns of a frame into the order of the fit, if both have the same names."""
        given = _labels_of(X)
        if self.labels is None or given is None:
            return X
        if set(given) == set(self.labels):
            return in_named_order(X, self.labels)
        if not all(
            isinstance(name, str) for name in (*self.labels, *given)
        ):  # for strings, scikit-learn's check has a message
            raise ValueError(f"{name} has the columns {shown(given)}, but the Forecaster was fitted on {self.labels}.")
        return X


def read_training_columns(estimator, X, n_rows, past_only):
    """Check and convert the X that is given to `fit`.

    Parameters
    ----------
    estimator : Forecaster
        scikit-learn's checks set `n_features_in_` and `feature_names_in_` on it.
    X : array-like or None
        None, and a table without columns, mean that there are no columns.
    n_rows : int
        Number of rows if X is None.
    past_only : array-like or None
        As in Forecaster.

    Returns
    -------
    columns : ndarray of float64 of shape (n_rows, n_columns)
    spec : ColumnSpec
    """
    _check_is_table(X)
    if _has_no_columns(X):
        columns = np.empty((n_rows if X is None else len(X), 0))
    else:
        columns = as_table(estimator, X, reset=True, dtype=np.float64, ensure_all_finite="allow-nan")
    check_size(columns, "X")
    labels, n_columns = _labels_of(X), columns.shape[1]
    spec = ColumnSpec(labels, _past_mask(past_only, labels, n_columns), get_tags(estimator).input_tags.allow_nan)
    spec.check_no_missing(columns[:, ~spec.is_past], X)
    return columns, spec


def in_named_order(frame, names):
    """Put the columns of a frame into the order of names; by position, because names may be booleans."""
    positions = {name: position for position, name in enumerate(frame.columns)}
    return frame.iloc[:, [positions[name] for name in names]]


def _past_mask(past_only, labels, n_columns):
    """Return a mask of the columns that `past_only` names."""
    mask = np.zeros(n_columns, dtype=bool)
    choices = list(range(n_columns)) if labels is None else labels
    positions = {label: position for position, label in enumerate(choices)}  # a list would compare pd.NA with them
    for column in () if past_only is None else past_only:
        position = _position_of(column, positions)
        if position is None:
            raise ValueError(f"past_only names {shown(column)}, but the columns of X are {choices}.")
        mask[position] = True
    return mask


def _position_of(column, positions):
    """Return the position of a column; None for one that is not there, or what is no name. True is not the number 1."""
    if isinstance(column, bool | np.bool_ | np.void):
        return None
    try:
        return positions.get(column)
    except Exception:  # what has no hash: a list, a signaling NaN
        return None


def _check_is_table(X, name="X"):
    """Raise ValueError for a Series as X, which most often is y, or as X_future, and for a single value."""
    if issparse(X):
        raise TypeError(f"{name} is sparse, but dense data is required. Pass {name}.toarray().")
    if X is not None and n_dimensions(X) == 0:
        raise ValueError(f"{name} must be a table of columns, got {shown(X)}.")
    if is_pandas(X) and X.ndim == 1:
        if name != "X":
            raise ValueError(f"{name} must be a table of columns, got a Series: pass {name}.to_frame().")
        raise ValueError(
            "X must be a table of columns, got a Series. The series to forecast is y: fit(None, series). A column "
            "beside it is column.to_frame(); rows to forecast without columns are series.to_frame()[[]]."
        )


def _labels_of(X):
    """Return the column names of a DataFrame; None for anything else."""
    return list(X.columns) if is_pandas(X) and X.ndim == 2 else None


def _has_no_columns(X):
    return X is None or getattr(X, "shape", (None,))[1:] == (0,)
