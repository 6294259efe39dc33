"""A series as windows: inside a pipeline (`WindowTransformer`) and outside (`make_windows`)."""

from functools import update_wrapper
from numbers import Integral
from types import MethodType

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, Options, StrOptions, validate_params
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from sklstm._estimator.input_checks import FLOATS
from sklstm._utils.callbacks import CallbackSupportMixin, begin_fit
from sklstm._utils.checks import check_has_columns, is_pandas, restored_on_error
from sklstm._utils.numeric_input import as_numbers, index_of
from sklstm._utils.python_numbers import plain, plain_parameters
from sklstm._utils.row_alignment import check_same_rows
from sklstm._utils.time_index import directly_follows, regular_end
from sklstm._utils.user_warning import warn_user
from sklstm._utils.versioned import VersionedMixin
from sklstm._utils.windows import flat_sliding_windows, sliding_windows


def _check_index(data, window_length, name):
    """Whether the rows of a table follow each other in time, as far as its index tells: windows take them to."""
    import pandas as pd

    index = index_of(data)
    if index.nlevels > 1:
        levels = 0 if index.nlevels == 2 else list(range(index.nlevels - 1))
        raise ValueError(
            f"The index of {name} has {index.nlevels} levels, and windows would reach from one series into the next. "
            f"Cut each by itself, [make_windows(part.droplevel({levels}), {window_length}) for _, part in "
            f"{name}.groupby(level={levels})], or give the panel to a Forecaster."
        )
    if not isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) and index.dtype.kind not in "iu":
        return _check_labels(index, name)
    try:
        return regular_end(index, name)
    except ValueError as error:
        if "has a gap" not in str(error):
            raise
        folds = "The training rows of KFold have such a gap where its test rows are; those of TimeSeriesSplit do not."
        raise ValueError(f"{error} {folds}") from None


def _check_labels(index, name):
    """Whether labels that are neither times nor whole numbers say that the rows are not in order."""
    order = _as_dates(index) if index.dtype.kind == "O" or index.inferred_type == "string" else index
    counted = f"{name}.reset_index(drop=True) counts the rows, if they follow each other as they come."
    if not index.is_unique:
        twice = index[int(index.duplicated().argmax())]
        raise ValueError(
            f"The index of {name} has {twice!r} more than once, so these may be rows of several series, and windows "
            f"would reach from one into the next. {counted}"
        )
    if order is not None and not order.is_monotonic_increasing:
        raise ValueError(
            f"The index of {name} is not in order: it begins with {index[0]!r} and ends with {index[-1]!r}. "
            f"{name}.sort_index() puts it in order; folds of a series must not be shuffled (TimeSeriesSplit)."
        )


def _as_dates(index):
    """Labels as dates, where all of them are written as such; else None."""
    import pandas as pd

    try:
        return pd.to_datetime(index, format="ISO8601")
    except (TypeError, ValueError):
        return None


def _alike(rows, others):
    """Whether two stretches of rows hold the same values, but for rounding."""
    rounding = 64 * np.finfo(others.dtype).eps
    largest = np.abs(np.nan_to_num(others)).max(initial=0)
    return rows.shape == others.shape and np.allclose(rows, others, rounding, rounding * largest, equal_nan=True)


def _is_later(value, last):
    """Whether a value of an index lies after another, if they can be compared."""
    try:
        return bool(value > last)
    except (TypeError, ValueError):  # with and without a time zone; periods of unlike frequency
        return False


def _why_empty(known, index, end):
    """What to say of rows whose first windows stay empty; the training index ends at `known`, and theirs at `end`."""
    empty = "first windows have no history and stay empty"
    if known is None or end is None:
        lacking = "the table of fit" if end is not None else "X" if known is not None else "X, like the table of fit,"
        return (
            f"{lacking[0].upper()}{lacking[1:]} has no index of time, so nothing tells whether the rows of X follow "
            f"those of fit: their {empty}. Give frames with such an index to both. A scaler in front loses it "
            'unless it is StandardScaler().set_output(transform="pandas"); an LSTMRegressor needs none, as it scales '
            "inside. With arrays, predict the training rows and these together, np.concatenate((X_train, X)), and keep "
            "the last len(X) answers."
        )
    if not _is_later(index[0], known.last):
        return (
            f"The index begins at {index[0]}, but the training index ends at {known.last}, and the rows are not those "
            f"of fit: their {empty}. Give rows that follow those of fit, with their times as index, or begin with the "
            "rows of fit. (reset_index, and arrays in a pipeline that become frames, count from 0 again.)"
        )
    goes_on = "has no regular step" if known.step is None else f"should go on at {known.next_values(1)[0]}"
    return (
        f"The index begins at {index[0]}, after the training index's end {known.last} but not one step after it "
        f"(the training index {goes_on}): its {empty}. A table whose steps are regular has a history: see asfreq."
    )


def _is_flat(transformer):
    """Whether its windows are rows of a table: as it was fitted, or is going to be."""
    return transformer._window[2] if hasattr(transformer, "_window") else transformer.flatten


class _ForTables:
    """A method that only tables have: asked for where windows are sequences, it says what to do."""

    def __init__(self, method):
        update_wrapper(self, method)

    def __get__(self, transformer, owner=None):
        if transformer is None:
            return self.__wrapped__
        if not _is_flat(transformer):
            raise AttributeError(
                f"{self.__name__}: sequences (n_samples, window_length, n_features) have no columns to name. "
                "WindowTransformer(flatten=True) makes a table, whose columns have names (set it before fit)."
            )
        return MethodType(self.__wrapped__, transformer)


class WindowTransformer(CallbackSupportMixin, TransformerMixin, VersionedMixin, BaseEstimator):
    """Turn a table in time order into one window per row, so that a pipeline can forecast.

    The window of row t holds the `window_length` rows that end `lead` rows before t. The number of
    rows is kept, so the windows stand beside `y` in a plain `Pipeline`; what lies before the first
    row is NaN, which `LSTMRegressor` passes over.

    Where a pandas `X` is transformed whose index directly follows the training index (as a test
    fold of `TimeSeriesSplit` does), its first windows reach back into the end of the training table
    and are not empty. Of any other rows, unless they begin with those of `fit`, the first windows have
    no history and stay empty, and a warning says so. Arrays have no index, so that theirs are
    always empty, and a scaler in front makes arrays of frames unless it is
    `.set_output(transform="pandas")`; it is seldom needed, as `LSTMRegressor` scales inside.

    Parameters
    ----------
    window_length : int, default=24
        Steps in a window: long enough to see what repeats (two years of months, say).
    lead : int, default=1
        How many rows before its own row a window ends. 1 predicts the next row from all before it;
        0 ends at the row itself (for a target that is not among the columns).
    flatten : bool, default=False
        False gives sequences (n_samples, window_length, n_features) for `LSTMRegressor`; True gives
        a table (n_samples, window_length * n_features), the step as the slow axis, for any other
        regressor that accepts NaN (HistGradientBoostingRegressor; others behind an imputer).
    dtype : {"float32", "float64"} or numpy dtype, default=None
        Precision of the windows, and so of what is fitted on them. None keeps float32 and float64
        and makes float64 of all else. float32 trains about twice as fast.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of the training table.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Their names, where it was a DataFrame with such names.

    See Also
    --------
    make_windows : Windows and targets outside a pipeline.

    Notes
    -----
    A window depends on its neighbours, so the rows of `X` must not be shuffled, and a pandas index is checked
    as that of a `Forecaster` is: a panel, times in another order, duplicates and gaps are errors, with the call
    that mends them. An index that is neither of time nor of whole numbers must have no duplicates, and rows are taken
    as they come. Windows are views of one copy of the table: a step is not stored once for every window that it is in.

    The first windows of a training table are mostly empty, and trained on all the same: short histories
    are learnt too. `make_windows` gives full windows only, so the two ways lead to different models.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import WindowTransformer
    >>> WindowTransformer(2, flatten=True).fit_transform(np.array([[1.0], [2.0], [3.0], [4.0]]))
    array([[nan, nan],
           [nan,  1.],
           [ 1.,  2.],
           [ 2.,  3.]])
    """

    _parameter_constraints: dict = {
        "window_length": [Interval(Integral, 1, None, closed="left")],
        "lead": [Interval(Integral, 0, None, closed="left")],
        "flatten": ["boolean"],
        "dtype": [
            StrOptions({"float32", "float64"}),
            Options(type, {np.float32, np.float64, float}),
            Options(np.dtype, {np.dtype("float32"), np.dtype("float64")}),
            None,
        ],
    }

    def __init__(self, window_length=24, *, lead=1, flatten=False, dtype=None):
        self.window_length = window_length
        self.lead = lead
        self.flatten = flatten
        self.dtype = dtype

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Remember the end of the table, for tables that follow it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            A table in time order, NaN where a value is missing.
        y : None
            Ignored.

        Returns
        -------
        self : WindowTransformer
            Fitted.

        Raises
        ------
        ValueError, TypeError
            If `X` is no table of numbers, or its index says that its rows do not follow each other.
        """
        task = begin_fit(self, 0, X, y, None)
        with plain_parameters(self), restored_on_error(self):
            check_same_rows(X, y=y)
            X = as_numbers(X, "X")
            table = self._check(X, reset=True)
            self._end = None if index_of(X) is None else _check_index(X, self.window_length, "X")
            self._window = self.window_length, self.lead, self.flatten  # what is set later acts from the next fit on
            self._tail = table[max(0, len(table) - self._n_before) :].copy()
            self._head, self._n_rows = table[: self._n_before].copy(), len(table)
            self._first = None if self._end is None else index_of(X)[0]
            task.end_fit()
        return self

    def transform(self, X):
        """Make the window of every row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            A table in time order with the columns of `fit`.

        Returns
        -------
        windows : ndarray of shape (n_samples, window_length, n_features) or \
(n_samples, window_length * n_features)
            Read-only views, oldest step first. With `flatten=True` a DataFrame, if `set_output` asks
            for it.

        Raises
        ------
        ValueError, TypeError
            As for `fit`.

        Warns
        -----
        UserWarning
            If the first windows are empty, as `X` neither follows the rows of `fit` nor begins with them.
        """
        check_is_fitted(self)
        X = as_numbers(X, "X")
        table, index = self._check(X, reset=False), index_of(X)
        end = None if index is None else _check_index(X, self._window[0], "X")
        before = np.full((self._n_before, table.shape[1]), np.nan, table.dtype)
        if index is not None and directly_follows(self._end, index) and len(self._tail):
            before[-len(self._tail) :] = self._tail
        elif self._n_before and not self._begins_as_in_fit(table, index):
            warn_user(_why_empty(self._end, index, end))
        cut = flat_sliding_windows if self._window[2] else sliding_windows
        return cut(np.concatenate((before, table)), self._window[0])[: len(table)]

    @property
    def _n_before(self):
        """Rows before the first one that its window reaches back to."""
        window_length, lead, _ = self._window
        return window_length + lead - 1

    def _begins_as_in_fit(self, table, index):
        """Whether the first rows are those of `fit`, but for rounding: there is nothing that they could reach back to.

        Times tell it. Numbers that count from 0 again do not: then it takes the first values too, and without an index
        all rows of `fit`, of which the last ones are compared as well, as values can repeat by chance.
        """
        whole = table[: self._n_rows]
        is_whole, begins_alike = len(whole) == self._n_rows, _alike(whole[: len(self._head)], self._head[: len(whole)])
        if index is not None and self._end is not None:
            is_sure = is_whole or begins_alike or not isinstance(self._end.last, int)
            return is_sure and index[0] == self._first
        return is_whole and begins_alike and _alike(whole[len(whole) - len(self._tail) :], self._tail)

    def _check(self, X, *, reset):
        if is_pandas(X) and X.ndim == 1:
            raise ValueError("Expected a table (2 dimensions), got a Series: give its frame, series.to_frame().")
        check_has_columns(X, "X")
        dtype = FLOATS if self.dtype is None else self.dtype
        return validate_data(self, X, reset=reset, dtype=dtype, ensure_all_finite="allow-nan")

    @_ForTables
    def get_feature_names_out(self, input_features=None):
        """Names such as `y_lag3` (the value of `y` three rows before), oldest first.

        Only with `flatten=True`; sequences have no columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns, where `fit` saw none.

        Returns
        -------
        names : ndarray of str of shape (window_length * n_features,)
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        lags = range(self._n_before, self._window[1] - 1, -1)
        return np.array([f"{name}_lag{lag}" for lag in lags for name in names], dtype=object)

    def set_output(self, *, transform=None):
        """Choose the container of a table; sequences (`flatten=False`) are arrays whatever it says.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            As everywhere in scikit-learn. None leaves it as it is.

        Returns
        -------
        self : WindowTransformer
        """
        if _is_flat(self):
            super().set_output(transform=transform)
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


@validate_params(
    {
        "series": ["array-like"],
        "window_length": [Interval(Integral, 1, None, closed="left")],
        "lead": [Interval(Integral, 1, None, closed="left")],
        "stride": [Interval(Integral, 1, None, closed="left")],
        "targets": [StrOptions({"last", "all"})],
        "n_outputs": [Interval(Integral, 1, None, closed="left"), None],
    },
    prefer_skip_nested_validation=True,
)
def make_windows(series, window_length, *, lead=1, stride=1, targets="last", n_outputs=None):
    """Cut a series into full windows and their targets, as views.

    Parameters
    ----------
    series : array-like of shape (n_rows,) or (n_rows, n_channels)
        In time order; the channels that are predicted come first.
    window_length : int
        Steps in a window.
    lead : int, default=1
        How many rows after the end of its window a target lies.
    stride : int, default=1
        Take every `stride`-th window. `LSTMRegressor.forecast` without context needs 1.
    targets : {"last", "all"}, default="last"
        Whether a window has one target or one for each of its steps. A series with gaps needs
        "last": a present step whose target is missing cannot be learnt from. With "all", scikit-learn's
        metrics do not take the targets (they are 3-D); `LSTMRegressor.score` does.
    n_outputs : int, default=None
        How many of the first channels are targets; None means all.

    Returns
    -------
    X : ndarray of shape (n_samples, window_length, n_channels)
        A read-only view; n_samples is n_rows - window_length - lead + 1 at stride 1.
    y : ndarray, Series or DataFrame
        (n_samples,) for a series of one dimension, else (n_samples, n_outputs), with the targets'
        times where `series` was pandas; an array (n_samples, window_length, n_outputs) for "all".

    Raises
    ------
    ValueError, TypeError
        If the series does not hold numbers, is too short for one window, or has fewer channels than `n_outputs`; or
        if its pandas index is no order of time, as for `WindowTransformer`.

    Examples
    --------
    >>> from sklstm import make_windows
    >>> X, y = make_windows([1.0, 2.0, 3.0, 4.0, 5.0], window_length=3)
    >>> X[:, :, 0]
    array([[1., 2., 3.],
           [2., 3., 4.]])
    >>> y
    array([4., 5.])
    """
    window_length, lead, stride, n_outputs = map(plain, (window_length, lead, stride, n_outputs))
    series = as_numbers(series, "series")
    check_has_columns(series, "series")
    if index_of(series) is not None:
        _check_index(series, window_length, "series")
    values = check_array(series, dtype=FLOATS, ensure_2d=False, ensure_all_finite="allow-nan", input_name="series")
    table = values.reshape(len(values), -1)
    n_rows, n_channels = table.shape
    n_outputs = n_channels if n_outputs is None else n_outputs
    if n_outputs > n_channels:
        raise ValueError(f"n_outputs={n_outputs}, but the series has {n_channels} channels.")
    n_windows = n_rows - window_length - lead + 1
    if n_windows < 1:
        raise ValueError(
            f"The series has {n_rows} rows; one window of window_length={window_length} with its target at "
            f"lead={lead} takes {window_length + lead}."
        )
    X = sliding_windows(table, window_length)[:n_windows:stride]
    first = window_length + lead - 1
    if targets == "all":
        return X, sliding_windows(table[lead:, :n_outputs], window_length)[:n_windows:stride]
    if is_pandas(series):
        rows = series.iloc[first::stride]
        return X, rows if values.ndim == 1 else rows.iloc[:, :n_outputs]
    return X, values[first::stride] if values.ndim == 1 else table[first::stride, :n_outputs]
