"""`make_windows`, which cuts windows outside of a pipeline. `WindowTransformer` cuts them inside of one."""

from numbers import Integral

from sklearn.utils._param_validation import Interval, StrOptions

from sklstm._estimator.input_checks import FLOATS
from sklstm._estimator.row_order import check_row_order
from sklstm._time_index.numeric_dates import check_no_dates
from sklstm._utils.argument_checks import MOST_ITERATIONS, as_array, validate_arguments
from sklstm._utils.checks import check_has_columns, is_pandas
from sklstm._utils.error_state import with_default_error_state
from sklstm._utils.numeric_input import as_numbers, in_native_order
from sklstm._utils.plain_parameters import plain
from sklstm._utils.public import public
from sklstm._utils.time_tables import statement_of
from sklstm._utils.windows import sliding_windows


@public
@validate_arguments(
    {
        "series": ["array-like"],
        "window_length": [Interval(Integral, 1, None, closed="left")],
        "lead": [Interval(Integral, 1, None, closed="left")],
        "stride": [Interval(Integral, 1, MOST_ITERATIONS, closed="both")],
        "targets": [StrOptions({"last", "all"})],
        "n_outputs": [Interval(Integral, 1, None, closed="left"), None],
    }
)
@with_default_error_state
def make_windows(series, window_length, *, lead=1, stride=1, targets="last", n_outputs=None):
    """Cut a series into full windows and their targets.

    The windows are a view of the series, so they take no extra memory.

    Parameters
    ----------
    series : array-like of shape (n_rows,) or (n_rows, n_channels)
        The series in time order, with the target channels first.
    window_length : int
        Number of rows in a window.
    lead : int, default=1
        Number of rows from the last row of a window to its target; 1 is the next row.
    stride : int, default=1
        Keep every `stride`-th window. `LSTMRegressor.forecast` without context needs 1.
    targets : {"last", "all"}, default="last"
        "last" gives each window one target, "all" one for each of its steps. Use "last" if values are missing: with
        "all", the target of a present step must not be missing. With "all" the targets are 3-D, which
        `LSTMRegressor.score` accepts, but the metrics of scikit-learn do not.
    n_outputs : int, default=None
        Number of targets, which are the first channels. None means all channels.

    Returns
    -------
    X : ndarray of shape (n_samples, window_length, n_channels)
        A read-only view; n_samples is n_rows - window_length - lead + 1 at stride 1.
    y : ndarray, Series or DataFrame
        Of shape (n_samples,) if the series has one dimension, else (n_samples, n_outputs); pandas with the times of the
        targets if `series` is pandas. For "all", an array (n_samples, window_length, n_outputs).

    Raises
    ------
    ValueError, TypeError
        If the series does not hold numbers, is too short for one window, or has fewer channels than `n_outputs`; or
        if its pandas index is not in time order, as for `WindowTransformer`.

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
    series = in_native_order(as_numbers(series, "series", reads_times=True))
    check_has_columns(series, "series")
    check_row_order(series, window_length, "series")
    values = as_array(series, "series", dtype=FLOATS, ensure_2d=False, ensure_all_finite="allow-nan")
    table = values.reshape(len(values), -1)
    n_rows, n_channels = table.shape
    n_outputs = n_channels if n_outputs is None else n_outputs
    if n_outputs > n_channels:
        raise ValueError(f"n_outputs={n_outputs}, but the series has {n_channels} channels.")
    n_windows = n_rows - window_length - lead + 1
    if n_windows < 1:
        raise ValueError(
            f"The series has {n_rows} rows, but one window of window_length={window_length} with its target at "
            f"lead={lead} takes {window_length + lead}. Shorten the window, or give more rows."
        )
    check_no_dates(table[:, :n_outputs], series, "series", statement_of(series))
    X = sliding_windows(table, window_length)[:n_windows:stride]
    first = window_length + lead - 1
    if targets == "all":
        return X, sliding_windows(table[lead:, :n_outputs], window_length)[:n_windows:stride]
    if is_pandas(series):
        rows = series.iloc[first::stride]
        return X, rows if values.ndim == 1 else rows.iloc[:, :n_outputs]
    return X, values[first::stride] if values.ndim == 1 else table[first::stride, :n_outputs]
