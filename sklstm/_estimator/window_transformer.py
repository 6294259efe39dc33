"""`WindowTransformer`, which cuts windows inside a pipeline. `make_windows` cuts them outside of one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from numbers import Integral
from types import MethodType

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from sklstm._estimator.input_checks import FLOATS
from sklstm._estimator.row_order import check_row_order
from sklstm._estimator.training_table import TrainingTable
from sklstm._utils.argument_checks import CheckedParametersMixin, check_parameters, list_of_text, naming, shown
from sklstm._utils.attributes import NAMES, feature_names, on_snapshot, set_at_once
from sklstm._utils.callbacks import CallbackSupportMixin, begin_fit
from sklstm._utils.checks import check_has_columns, is_pandas
from sklstm._utils.error_state import with_default_error_state
from sklstm._utils.memory import check_memory
from sklstm._utils.numeric_input import as_numbers, in_native_order, index_of
from sklstm._utils.pickle_version import SavedMixin
from sklstm._utils.plain_parameters import on_plain_copy
from sklstm._utils.public import public
from sklstm._utils.row_alignment import check_same_rows
from sklstm._utils.user_warning import warn_user
from sklstm._utils.windows import flat_sliding_windows, sliding_windows

MOST_PADDING = 2**26  # bytes of missing values before the first row, if windows are longer than the table
CONTAINERS = [StrOptions({"default", "pandas", "polars"}), None]  # of `set_output`


@dataclass(frozen=True)
class FittedParameters:
    """The parameters of the last fit. Parameters that are set later take effect in the next fit."""

    window_length: int
    lead: int
    flatten: bool

    @property
    def n_before(self):
        """How many rows before row t the window of row t begins."""
        return self.window_length + self.lead - 1


def fitted_windows(transformer):
    """Return the parameters with which a WindowTransformer was fitted; NotFittedError if it is not."""
    check_is_fitted(transformer)
    return vars(transformer)["_parameters"]


class _AvailableIf:
    """Decorator that makes a method available only if `check(self)` raises no AttributeError.

    scikit-learn's `available_if` would replace the message of that error by its own.
    """

    def __init__(self, check):
        self._check = check

    def __call__(self, method):
        return _ConditionalMethod(self._check, method)


class _ConditionalMethod:
    __wrapped__: Callable

    def __init__(self, check, method):
        self._check = check
        update_wrapper(self, method)

    def __get__(self, instance, owner=None):
        if instance is None:
            return self.__wrapped__
        self._check(instance)
        return MethodType(self.__wrapped__, instance)


class _TransformsOnSnapshot:
    """Mixin for a transformer whose `transform` runs on a snapshot, together with what scikit-learn adds to it.

    scikit-learn names the columns of the output, also by the fitted attributes.
    """

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)  # where scikit-learn wraps the method
        if "transform" in vars(cls):
            cls.transform = on_snapshot(cls.transform)


@public
class WindowTransformer(
    CheckedParametersMixin,
    CallbackSupportMixin,
    _TransformsOnSnapshot,
    TransformerMixin,
    SavedMixin,
    BaseEstimator,
):
    """Cut a table in time order into one window for each row, so that a pipeline can forecast.

    The window of row t holds `window_length` rows and ends `lead` rows before t. There are as many windows as rows, so
    they match `y` in a plain `Pipeline`. Where a window reaches back before the first row, it is filled with NaN, which
    `LSTMRegressor` skips.

    In `transform`, the first windows reach back into the training table if the pandas index of `X` directly follows the
    training index, as in a test fold of `TimeSeriesSplit`. Otherwise they have no history and are filled with NaN; a
    warning says so, unless `X` begins with the training rows. Arrays have no index, so their first windows never have a
    history. A scaler in front turns frames into arrays, unless you call its `set_output(transform="pandas")`. You
    seldom need a scaler, as `LSTMRegressor` scales inside.

    Parameters
    ----------
    window_length : int, default=24
        Number of rows in a window. It should cover a season that repeats, for example two years of monthly rows.
    lead : int, default=1
        How many rows before row t the window of row t ends. 1 predicts a row from the rows before it. With 0 the window
        includes row t itself; use this if the target is not among the columns.
    flatten : bool, default=False
        False returns sequences (n_samples, window_length, n_channels) for `LSTMRegressor`. True returns flattened
        windows (n_samples, window_length * n_channels), with all columns of a row side by side, for other regressors. A
        regressor that does not accept NaN needs an imputer in front.
    dtype : {"float32", "float64"} or numpy dtype, default=None
        Precision of the windows, in which an `LSTMRegressor` computes. None keeps float32 and float64, and converts
        everything else to float64. Training in float32 is about twice as fast.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of the training table.
    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        Names of the columns, if the training table was a DataFrame with string names.

    See Also
    --------
    make_windows : Windows and targets outside a pipeline.

    Notes
    -----
    A window holds consecutive rows, so the rows of `X` must not be shuffled. A pandas index is checked as in a
    `Forecaster`: a panel, a wrong time order, duplicates and gaps are errors, and the message shows the call that
    repairs them. An index that is neither of time nor of whole numbers must not have duplicates; decimal numbers,
    durations and dates written as text must increase. All windows are views of one copy of the table, so they take
    little memory.

    The first windows of a training table are mostly NaN. The model is trained on them too, and so learns from short
    histories. `make_windows` returns full windows only, so the two ways lead to different models.

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

    feature_names_in_ = feature_names

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

    def _state_codec(self):
        """Return what reads and writes the attributes; imported when it is needed, as it knows this class."""
        from sklstm._estimator.state_kinds import STATE_CODEC

        return STATE_CODEC

    @_fit_context(prefer_skip_nested_validation=True)
    @with_default_error_state
    def fit(self, X, y=None):
        """Store the first and last rows of the training table, with which `transform` compares later tables.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
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
            If `X` is not a table of numbers, or if its index shows that its rows are not consecutive.

        Examples
        --------
        >>> from sklstm import WindowTransformer
        >>> from sklstm.datasets import load_airline
        >>> WindowTransformer(3).fit(load_airline().to_frame()).n_features_in_
        1
        """
        task = begin_fit(self, 0, X, y, None)
        return set_at_once(self, self._read_training_table(X, y), task.end_fit)

    @on_plain_copy
    def _read_training_table(self, X, y):
        """Check the arguments of `fit`; return the fitted attributes."""
        check_same_rows(X, y=y)
        X = in_native_order(as_numbers(X, "X", reads_times=True))
        table = self._check_table(X, reset=True)
        self._check_windows_fit(*table.shape)
        end = check_row_order(X, self.window_length, "X")
        parameters = FittedParameters(self.window_length, self.lead, self.flatten)
        return {
            "n_features_in_": self.n_features_in_,
            NAMES: vars(self).get(NAMES),
            "_parameters": parameters,
            "_training_table": TrainingTable.from_table(table, X, end, parameters.n_before),
        }

    @with_default_error_state
    def transform(self, X):
        """Return the window of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels)
            A table in time order with the columns of `fit`.

        Returns
        -------
        windows : ndarray of shape (n_samples, window_length, n_channels) or \
(n_samples, window_length * n_channels)
            A read-only view, the oldest row first. With `flatten=True` a DataFrame, if `set_output` says so.

        Raises
        ------
        ValueError, TypeError
            As for `fit`.

        Warns
        -----
        UserWarning
            If the first windows have no history because `X` neither follows the training rows nor begins with them.

        Examples
        --------
        >>> import numpy as np
        >>> from sklstm import WindowTransformer
        >>> WindowTransformer(2).fit_transform(np.array([[1.0], [2.0], [3.0]]))[:, :, 0]
        array([[nan, nan],
               [nan,  1.],
               [ 1.,  2.]])
        """
        check_is_fitted(self)
        X = in_native_order(as_numbers(X, "X", reads_times=True))
        table, index = self._check_table(X, reset=False), index_of(X)
        window_length, n_before = self._parameters.window_length, self._parameters.n_before
        end = check_row_order(X, window_length, "X")
        before = np.full((n_before, table.shape[1]), np.nan, table.dtype)
        training_table = self._training_table
        if training_table.is_followed_by(index):
            before[-len(training_table.last_rows) :] = training_table.last_rows
        elif n_before and not training_table.is_repeated_by(table, index):
            warn_user(training_table.why_no_history(index, end))
        cut = flat_sliding_windows if self._parameters.flatten else sliding_windows
        return cut(np.concatenate((before, table)), window_length)[: len(table)]

    def _check_table(self, X, *, reset):
        if is_pandas(X) and X.ndim == 1:
            raise ValueError("Expected a table (2 dimensions) as X, got a Series. Use its frame, series.to_frame().")
        if np.ndim(X) == 0:
            raise ValueError(f"X must be a table (2 dimensions), got {shown(X)}.")
        check_has_columns(X, "X")
        dtype = FLOATS if self.dtype is None else self.dtype
        # the sums by which scikit-learn finds infinity may overflow
        with naming("X"), np.errstate(over="ignore", invalid="ignore"):
            return validate_data(self, X, reset=reset, dtype=dtype, ensure_all_finite="allow-nan")

    def _check_windows_fit(self, n_rows, n_channels):
        """Raise an error if the rows before the first window do not fit into memory, or are a waste of it."""
        n_before = self.window_length + self.lead - 1
        n_bytes = 16 * n_before * n_channels
        what = f"window_length={shown(self.window_length)} and lead={shown(self.lead)} with {n_channels} columns in X"
        check_memory(n_bytes, what, "Choose shorter windows.")
        if n_before > n_rows and n_bytes > MOST_PADDING:
            raise ValueError(
                f"{what} would fill {n_bytes / 1e9:.3g} GB with missing values, as X has {n_rows} rows. Choose windows "
                f"that reach back at most as far: window_length + lead - 1 <= {n_rows}."
            )

    @property
    def _is_flat(self):
        """Whether the windows are flattened, by the last fit or, before the first fit, by `flatten`."""
        return self._parameters.flatten if hasattr(self, "_parameters") else self.flatten

    def _check_is_flat(self):
        if not self._is_flat:
            raise AttributeError(
                "get_feature_names_out: sequences (n_samples, window_length, n_channels) have no columns to name. "
                "WindowTransformer(flatten=True) makes a table, whose columns have names (set it before fit)."
            )

    @_AvailableIf(_check_is_flat)
    @on_snapshot
    def get_feature_names_out(self, input_features=None):
        """Return names such as `y_lag3`, the value of `y` three rows before; the oldest first.

        Only available with `flatten=True`; sequences have no columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns, if the training table had none.

        Returns
        -------
        names : ndarray of str of shape (window_length * n_features,)

        Raises
        ------
        AttributeError
            With `flatten=False`.
        NotFittedError
            If the transformer is not fitted.
        ValueError
            If `input_features` are not as many as the columns, or not the names of the training table.

        Examples
        --------
        >>> from sklstm import WindowTransformer
        >>> from sklstm.datasets import load_airline
        >>> windows = WindowTransformer(2, flatten=True).fit(load_airline().to_frame())
        >>> windows.get_feature_names_out().tolist()
        ['passengers_lag2', 'passengers_lag1']
        """
        check_is_fitted(self)
        if input_features is not None:
            input_features = np.array(list_of_text(input_features, "input_features"), dtype=object)
        with naming("input_features"):
            names = _check_feature_names_in(self, input_features)
        lags = range(self._parameters.n_before, self._parameters.lead - 1, -1)
        return np.array([f"{name}_lag{lag}" for lag in lags for name in names], dtype=object)

    def set_output(self, *, transform=None):
        """Choose the container of flattened windows; sequences (`flatten=False`) are always arrays.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            As in scikit-learn. None keeps the present choice.

        Returns
        -------
        self : WindowTransformer

        Examples
        --------
        >>> from sklstm import WindowTransformer
        >>> from sklstm.datasets import load_airline
        >>> windows = WindowTransformer(2, flatten=True).set_output(transform="pandas")
        >>> windows.fit_transform(load_airline().to_frame()).shape
        (144, 2)
        """
        check_parameters({"transform": CONTAINERS}, {"transform": transform}, "WindowTransformer.set_output")
        if self._is_flat:
            super().set_output(transform=transform)
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
