"""A series as windows: inside a pipeline (`WindowTransformer`) and outside (`make_windows`)."""

import warnings
from numbers import Integral
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, Options, StrOptions, validate_params
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from sklstm._callbacks import CallbackSupportMixin, begin_fit
from sklstm._index import directly_follows, index_end, is_pandas
from sklstm._kinds import as_numbers
from sklstm._validation import FLOATS, restored_on_error
from sklstm._windows import flat_sliding_windows, sliding_windows


def _end_of(X):
    """Where the index of a training table ends, if it has one that is in order."""
    if not is_pandas(X):
        return None
    end = index_end(X.index)
    if end is not None and not X.index.is_monotonic_increasing:
        warnings.warn(
            "The index of X is not in order: a window holds the rows before its own as they come. Sort the table "
            "(sort_index), and split it without shuffling (TimeSeriesSplit, train_test_split(shuffle=False)).",
            UserWarning,
            stacklevel=4,  # fit, scikit-learn's wrapper of it, the caller
        )
        return None
    return end


def _flattens(transformer):
    """Whether there are columns to name."""
    return transformer.flatten


class WindowTransformer(CallbackSupportMixin, TransformerMixin, BaseEstimator):
    """Turn a table in time order into one window per row, so that a pipeline can forecast.

    The window of row t holds the `window_length` rows that end `lead` rows before t. The number of
    rows is kept, so the windows stand beside `y` in a plain `Pipeline`; what lies before the first
    row is NaN, which `LSTMRegressor` passes over.

    Where a pandas `X` is transformed whose index directly follows the training index (as a test
    fold of `TimeSeriesSplit` does), its first windows reach back into the end of the training table
    and are not empty. An index that begins later than that warns. Arrays have no index: their first
    windows are always empty. A scaler in front loses the index unless it is
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
    A window depends on its neighbours, so the rows of `X` must not be shuffled. Windows are views of
    one copy of the table: a step is not stored once for every window that it is in.

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

    # For scikit-learn's HTML representation: the docstrings are in this file.
    _doc_link_module = "sklstm"
    _doc_link_template = Path(__file__).resolve().as_uri()

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
        """
        task = begin_fit(self, 0, X, y, None)
        with restored_on_error(self):
            X = as_numbers(X, "X")
            table = self._check(X, reset=True)
            self._window = self.window_length, self.lead  # what is set later acts from the next fit on
            self._tail = table[max(0, len(table) - self._n_before) :].copy()
            self._tail_end = _end_of(X)
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
        """
        check_is_fitted(self)
        X = as_numbers(X, "X")
        table = self._check(X, reset=False)
        before = np.full((self._n_before, table.shape[1]), np.nan, table.dtype)
        if is_pandas(X) and directly_follows(self._tail_end, X.index) and len(self._tail):
            before[-len(self._tail) :] = self._tail
        cut = flat_sliding_windows if self.flatten else sliding_windows
        return cut(np.concatenate((before, table)), self._window[0])[: len(table)]

    @property
    def _n_before(self):
        """Rows before the first one that its window reaches back to."""
        window_length, lead = self._window
        return window_length + lead - 1

    def _check(self, X, *, reset):
        if is_pandas(X) and X.ndim == 1:
            raise ValueError("Expected a table (2 dimensions), got a Series: give its frame, series.to_frame().")
        dtype = FLOATS if self.dtype is None else self.dtype
        return validate_data(self, X, reset=reset, dtype=dtype, ensure_all_finite="allow-nan")

    @available_if(_flattens)
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
        if self.flatten:
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
    ValueError
        If the series is too short for one window, or has fewer channels than `n_outputs`.

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
    series = as_numbers(series, "series")
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
