"""`LagsToSequences`, which puts the columns of a lag table in the order in which an LSTM reads them."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklstm._estimator.input_checks import FLOATS
from sklstm._estimator.lag_columns import (
    CHANNELS,
    LAST,
    NEWEST_FIRST,
    OLDEST_FIRST,
    REPEAT,
    STEPS,
    LagColumns,
    sequences_of,
)
from sklstm._estimator.window_transformer import CONTAINERS
from sklstm._utils.argument_checks import CheckedParametersMixin, as_table, check_parameters, list_of_text, shown
from sklstm._utils.attributes import NAMES, feature_names, on_snapshot, set_at_once
from sklstm._utils.callbacks import CallbackSupportMixin, begin_fit
from sklstm._utils.checks import check_has_columns, is_pandas
from sklstm._utils.error_state import with_default_error_state
from sklstm._utils.memory import check_memory
from sklstm._utils.numeric_input import as_numbers, in_native_order
from sklstm._utils.pickle_version import SavedMixin
from sklstm._utils.plain_parameters import on_plain_copy
from sklstm._utils.public import public
from sklstm._utils.row_alignment import check_same_rows
from sklstm._utils.user_warning import warn_user


@public
class LagsToSequences(  # type: ignore[call-arg]  # which scikit-learn does not annotate
    CheckedParametersMixin,
    CallbackSupportMixin,
    TransformerMixin,
    SavedMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,  # sequences have no columns that a frame could hold
):
    """Turn a lag table into sequences, the oldest step first, for an `LSTMRegressor` behind it in a pipeline.

    Other forecasting libraries give a regressor a table of lags: each row has the last values of a series, most often
    the newest first, and further columns. An LSTM reads steps from the oldest to the newest, so the columns must be put
    in this order: `make_pipeline(LagsToSequences(24), LSTMRegressor())` for 24 lags.

    If the columns have names that tell their lags, the names decide: `order`, `layout` and the position of the columns
    do not matter then. These names are understood, also with a channel in front or behind: `lag_1`, `lag1`, `y_lag_1`,
    `y_target_lag-1`, `lag_1__y`, `y_lag_1D`, `y(t-1)`, `t-1`, `y_t-1`, `L1.y`, `lag(y, 1)`, `y_prev_1` and `y_shift_1`.

    Parameters
    ----------
    n_lags : int, default=None
        Number of lags of each channel. Set it if there are other columns behind the lags. None means that all columns
        are lags. If the names tell the lags, it must be their number or None.
    n_channels : int, default=1
        Number of channels that have lags: the target, and exogenous variables with lags of their own. Not used if the
        names tell the lags.
    order : {"newest_first", "oldest_first"}, default="newest_first"
        Order of the lags of a channel in the table. skforecast and mlforecast have the newest first, sktime and darts
        the oldest. Not used if the names tell the lags.
    layout : {"steps", "channels"}, default="steps"
        How lags of several channels are arranged: "steps" has all channels of a step side by side, "channels" all lags
        of the first channel, then those of the next, as sktime. Not used if the names tell the lags.
    extra : {"repeat", "last"}, default="repeat"
        What becomes of the columns that are not lags, such as exogenous variables of the row that is predicted. Each of
        them is a channel behind the others. "repeat" has its value at every step. "last" has it at the last step only,
        and NaN before. NaN and not 0, because 0 may be a value: set `missing="indicator"` in the LSTMRegressor, which
        would otherwise skip all steps but the last. Keep "repeat" unless "last" has proved better.
    names : array-like of str of shape (n_features,), default=None
        Names of the columns that tell their lags, if `X` is an array. Choose them if position alone cannot tell, as
        with the covariates of darts.
    target : str, default=None
        Name of the channel of the target, which must be the first one for `instance_norm` of an LSTMRegressor. None
        means that of `lag_1` without a name or, if there is none, that of the first lag. It needs names that tell lags.

    Attributes
    ----------
    columns_ : ndarray of int of shape (n_steps, n_channels_out)
        The column that becomes each channel of each step; -1 where the table has none.
    channels_ : list of str
        Names of the channels.
    n_features_in_ : int
        Number of columns of the training table.
    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        Names of the columns, if the training table was a DataFrame with string names.

    See Also
    --------
    WindowTransformer : Cut a table in time order into windows.
    make_windows : Cut a series into windows and targets.

    Notes
    -----
    By names, lags may be in any order and have gaps, such as 1, 2, 3 and 12; a gap is not a step. Channels are put side
    by side from their newest lags on, so a value that is known one row later than the target, as `a_futcov_lag0` beside
    `y_target_lag-1`, is at the same step. Where a channel lacks a lag that another one has, the value is NaN, and
    `LSTMRegressor(missing="indicator")` is needed. A column named as a channel, as `y` beside `y_lag_1`, is its lag 0
    if every channel has one. In a table with names such as `lag_-1`, minus means earlier, otherwise a lag of 1 is. If
    there is only one lag of each channel, sequences have a single step.

    A lag table does not tell what its rows are. `LSTMRegressor.fit` compares them, and warns if the newest value comes
    first.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import LagsToSequences
    >>> table = np.array([[3.0, 2.0, 1.0, 0.5], [4.0, 3.0, 2.0, 0.6]])  # three lags, and another column
    >>> LagsToSequences(n_lags=3).fit_transform(table)[0]
    array([[1. , 0.5],
           [2. , 0.5],
           [3. , 0.5]])

    By names, from any order:

    >>> LagsToSequences(names=["price", "lag2", "lag1", "lag3"]).fit(table).columns_
    array([[3, 0],
           [1, 0],
           [2, 0]])
    """

    feature_names_in_ = feature_names

    _parameter_constraints: dict = {
        "n_lags": [Interval(Integral, 1, None, closed="left"), None],
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "order": [StrOptions({NEWEST_FIRST, OLDEST_FIRST})],
        "layout": [StrOptions({STEPS, CHANNELS})],
        "extra": [StrOptions({REPEAT, LAST})],
        "names": ["array-like", None],
        "target": [str, None],
    }

    def __init__(
        self,
        n_lags=None,
        *,
        n_channels=1,
        order=NEWEST_FIRST,
        layout=STEPS,
        extra=REPEAT,
        names=None,
        target=None,
    ):
        self.n_lags = n_lags
        self.n_channels = n_channels
        self.order = order
        self.layout = layout
        self.extra = extra
        self.names = names
        self.target = target

    def _state_codec(self):
        """Return what reads and writes the attributes; imported when it is needed, as it knows the other estimators."""
        from sklstm._estimator.state_kinds import STATE_CODEC

        return STATE_CODEC

    @_fit_context(prefer_skip_nested_validation=True)
    @with_default_error_state
    def fit(self, X, y=None):
        """Find out which column is which step, by the names of the columns or by position.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            A lag table, NaN where a value is missing.
        y : None
            Ignored.

        Returns
        -------
        self : LagsToSequences
            Fitted.

        Raises
        ------
        ValueError, TypeError
            If `X` is not a table of numbers, or does not have the columns that the parameters need.

        Warns
        -----
        UserWarning
            If the columns have names that tell no lags, and `n_lags` does not say how many lags there are. Names that
            are no text, such as 1, 2, 3 or ("lag_1", "y"), are not read; only 0, 1, 2, … count as no names.

        Examples
        --------
        >>> import pandas as pd
        >>> from sklstm import LagsToSequences
        >>> lags = pd.DataFrame({"lag_1": [2.0, 3.0], "lag_2": [1.0, 2.0]})
        >>> LagsToSequences().fit(lags).n_features_in_
        2
        """
        task = begin_fit(self, 0, X, y, None)
        return set_at_once(self, self._read_columns(X, y), task.end_fit)

    @on_plain_copy
    def _read_columns(self, X, y):
        """Check the arguments of `fit`; return the fitted attributes."""
        check_same_rows(X, y=y)
        self._check_table(X, reset=True)
        names = self._names_of_columns()
        found = None if names is None else LagColumns.from_names(names)
        if found is None:
            self._check_needs_no_names()
            arguments = self.n_lags, self.n_channels, self.order, self.layout
            found = LagColumns.from_positions(self.n_features_in_, *arguments)
            self._warn_of_names(X)
        else:
            self._check_agrees(found)
        if self.target is not None:
            found = found.with_target(self.target)
        if names is None:
            names = [f"column {column}" for column in range(self.n_features_in_)]
        found = found.with_extra(names, self.extra)
        return {
            "n_features_in_": self.n_features_in_,
            NAMES: vars(self).get(NAMES),
            "columns_": found.columns,
            "channels_": found.channels,
        }

    def _names_of_columns(self):
        """Return the names of the columns as a list; None if there are none."""
        of_table = vars(self).get(NAMES)
        of_table = None if of_table is None else list(of_table)
        if self.names is None:
            return of_table
        names = list_of_text(self.names, "names")
        if len(names) != self.n_features_in_:
            raise ValueError(f"names has {len(names)} names, but X has {self.n_features_in_} columns.")
        if of_table is not None and names != of_table:
            raise ValueError(
                f"names={shown(names)} are not the names of the columns of X, {shown(of_table)}. Leave names=None: "
                "those of X are read. If they tell no lags, rename the columns (pandas: X.set_axis(names, axis=1)), or "
                "give an array, np.asarray(X)."
            )
        return names

    def _check_needs_no_names(self):
        """Raise ValueError if the columns are to be read by names that tell no lags."""
        needing = [name for name in ("names", "target") if getattr(self, name) is not None]
        if needing:
            raise ValueError(
                f"{needing[0]}={shown(getattr(self, needing[0]))} needs names that tell the lags, such as "
                "['y_lag_1', 'y_lag_2']."
            )

    def _warn_of_names(self, X):
        """Warn if the table has names that tell no lags, and `n_lags` does not say how many there are."""
        of_table = vars(self).get(NAMES)
        labels = _labels(X) if of_table is None else list(of_table)
        if labels is not None and self.n_lags is None and self.n_features_in_ > 1:
            warn_user(
                f"The names of the columns tell no lags: {shown(labels)}. So all {self.n_features_in_} columns "
                f"are read as lags by their positions, {self._order_said()}. Set n_lags if this is right, or if other "
                "columns are behind the lags; otherwise rename the columns (pandas: X.set_axis(['y_lag_1', …], "
                "axis=1))."
            )

    def _order_said(self):
        order = "the newest first" if self.order == NEWEST_FIRST else "the oldest first"
        return order + (f", of {self.n_channels} channels" if self.n_channels > 1 else "")

    def _check_agrees(self, found):
        """Raise ValueError if numbers that were given are not those that the names tell."""
        n_steps, n_channels = found.columns.shape
        if self.n_lags not in (None, n_steps):
            raise ValueError(
                f"n_lags={self.n_lags}, but the names of the columns tell {n_steps} lags. Leave n_lags=None."
            )
        if self.n_channels not in (1, n_channels):
            raise ValueError(
                f"n_channels={self.n_channels}, but the names of the columns tell lags of {n_channels}: "
                f"{found.channels}. Leave n_channels=1, the default, which is not used then."
            )

    @with_default_error_state
    @on_snapshot
    def transform(self, X):
        """Return the sequence of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            A table with the columns of `fit`.

        Returns
        -------
        sequences : ndarray of shape (n_samples, n_steps, n_channels_out)
            The oldest step first; float32 and float64 are kept, and everything else is converted to float64.

        Raises
        ------
        ValueError, TypeError
            As for `fit`.

        Examples
        --------
        >>> import pandas as pd
        >>> from sklstm import LagsToSequences
        >>> lags = pd.DataFrame({"lag_1": [2.0, 3.0], "lag_2": [1.0, 2.0]})
        >>> LagsToSequences().fit_transform(lags)[:, :, 0]  # the oldest first
        array([[1., 2.],
               [2., 3.]])
        """
        check_is_fitted(self)
        table = self._check_table(X, reset=False)
        what = f"X of shape {table.shape} as sequences of shape {self.columns_.shape}"
        check_memory(len(table) * self.columns_.size * table.itemsize, what, "Transform fewer rows at once.")
        return sequences_of(table, self.columns_)

    def _check_table(self, X, *, reset):
        X = in_native_order(as_numbers(X, "X"))
        if is_pandas(X) and X.ndim == 1:
            raise ValueError("Expected a table (2 dimensions) as X, got a Series. Use its frame, series.to_frame().")
        if np.ndim(X) == 0:
            raise ValueError(f"X must be a table (2 dimensions), got {shown(X)}.")
        check_has_columns(X, "X")
        return as_table(self, X, reset=reset, dtype=FLOATS, ensure_all_finite="allow-nan")

    def set_output(self, *, transform=None):
        """Choose nothing, as sequences are always arrays; scikit-learn calls it for all steps of a pipeline.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Not used.

        Returns
        -------
        self : LagsToSequences

        Examples
        --------
        >>> from sklstm import LagsToSequences
        >>> LagsToSequences().set_output(transform="pandas")  # changes nothing: sequences are always arrays
        LagsToSequences()
        """
        check_parameters({"transform": CONTAINERS}, {"transform": transform}, "LagsToSequences.set_output")
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _labels(X):
    """Return the labels of the columns of a DataFrame; None if there are none but positions."""
    if not is_pandas(X) or X.ndim != 2:
        return None
    labels = list(X.columns)
    return None if labels == list(range(len(labels))) else labels
