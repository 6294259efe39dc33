"""Panels: several series in one pandas Series or DataFrame, whose index has two levels (series, time)."""

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval

from sklstm._time_index.panel_messages import panel_index_message
from sklstm._utils.argument_checks import validate_arguments
from sklstm._utils.checks import is_pandas
from sklstm._utils.plain_parameters import plain
from sklstm._utils.public import public
from sklstm._utils.time_tables import as_times, conversion, is_table


@public
@validate_arguments(
    {
        "n_splits": [Interval(Integral, 1, None, closed="left")],
        "test_size": [Interval(Integral, 1, None, closed="left")],
        "gap": [Interval(Integral, 0, None, closed="left")],
    }
)
def split_panel(index, n_splits, test_size, gap=0):
    """Split a panel by time for cross-validation, at the same times in all series.

    It splits times as TimeSeriesSplit splits rows. Of all times that occur in any series, the last
    `test_size` are the test set of the last fold, and those before them the test set of the fold before. Each fold
    trains on all rows before its test set. TimeSeriesSplit itself would split by rows: it would train on the first
    series and test on the last.

    Parameters
    ----------
    index : MultiIndex of two levels (series, time), or a Series or DataFrame that has one
        Rows may be in any order.
    n_splits : int
        Number of folds.
    test_size : int
        Number of times in each test set: the forecast horizon.
    gap : int, default=0
        Number of times between the training set and the test set. Use it if values become known with a delay.

    Returns
    -------
    list of (ndarray of int, ndarray of int)
        Positions of the training rows and of the test rows of each fold, ascending. The oldest fold comes first.

    Raises
    ------
    TypeError
        If `index` is not from pandas.
    ValueError
        If the index does not have two levels, if series or times are missing in it, if its second level is not
        a time, if there are too few times for the folds, or if a fold has no rows to test.

    See Also
    --------
    sklearn.model_selection.TimeSeriesSplit : Split the rows of a single series.

    Notes
    -----
    In a fold without training rows of a series, the series is not tested, because it has no history to forecast from.
    A series that lacks some times, or has ended, is tested at those that it has.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklstm import split_panel
    >>> days = pd.date_range("2024-01-01", periods=5)
    >>> index = pd.MultiIndex.from_product([["a", "b"], days], names=["shop", "day"])
    >>> for train, test in split_panel(index, n_splits=2, test_size=1):
    ...     print(train, test)
    [0 1 2 5 6 7] [3 8]
    [0 1 2 3 5 6 7 8] [4 9]
    """
    n_splits, test_size, gap = map(plain, (n_splits, test_size, gap))
    _check_has_rows(index)
    series, _, stamp, stamps = _levels(_panel_index(index))
    first_start = len(stamps) - n_splits * test_size
    if first_start - gap < 1:
        raise ValueError(
            f"{n_splits} folds of {test_size} times with a gap of {gap} need at least "
            f"{n_splits * test_size + gap + 1} different times, but the index has {len(stamps)}: "
            "choose a smaller n_splits, test_size or gap."
        )
    beginning = _first_of_each(series, stamp)[series]
    folds = []
    for start in range(first_start, len(stamps), test_size):
        train = np.flatnonzero(stamp < start - gap)
        is_tested = (stamp >= start) & (stamp < start + test_size) & (beginning < start - gap)
        if not is_tested.any():
            raise ValueError(
                f"The fold that tests {stamps[start]} … {stamps[start + test_size - 1]} has no row to test: no series "
                f"with rows there has training rows before {stamps[start - gap]}. Choose a smaller n_splits or gap."
            )
        folds.append((train, np.flatnonzero(is_tested)))
    return folds


def _check_has_rows(index):
    import pandas as pd

    if (is_pandas(index) or isinstance(index, pd.Index)) and not len(index):
        raise ValueError("index has no rows, so there is nothing to split.")


def series_positions(index, name="y"):
    """List the rows of each series of a panel.

    Parameters
    ----------
    index : MultiIndex of two levels (series, time), or a Series or DataFrame that has one
        Rows may be in any order.
    name : str, default="y"
        What messages call the table.

    Returns
    -------
    list of (key, ndarray of int)
        The key of each series and the positions of its rows, ascending. Series are in the order of their first rows.

    Raises
    ------
    TypeError
        If `index` is not from pandas.
    ValueError
        If the index does not have two levels, if series or times are missing in it, if its second level is not
        a time, or if both levels together are a time (year and month). The message shows the call that repairs it.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklstm._series.panel import series_positions
    >>> index = pd.MultiIndex.from_tuples([("b", 0), ("a", 0), ("b", 1), ("b", 2)])
    >>> series_positions(index)
    [('b', array([0, 2, 3])), ('a', array([1]))]
    """
    series, keys, _, _ = _levels(_panel_index(index, name))
    ends = np.cumsum(np.bincount(series, minlength=len(keys)))
    rows = np.argsort(series, kind="stable")
    return list(zip(keys, np.split(rows, ends[:-1]), strict=True)) if len(keys) else []


def _panel_index(data, name="y"):
    """Return the checked index of a panel, which may be given as a table that has it."""
    import pandas as pd

    if is_table(data):
        raise TypeError(
            f"{name} must be pandas with an index of two levels (series, time), got {type(data).__name__}: "
            f"{name} = {conversion(data, name)}.set_index([series, time])."
        )
    index = data.index if is_pandas(data) else data
    if isinstance(index, pd.Index):
        index = as_times(index)
    if not isinstance(index, pd.Index):
        raise TypeError(
            f"index must be a pandas MultiIndex of two levels (series, time), or a Series or DataFrame that has one, "
            f"got {type(data).__name__}."
        )
    if index.nlevels == 1:
        raise ValueError(
            "The index must have two levels (series, time), got 1: set_index([series, time]) makes them from two "
            "columns."
        )
    for level, what in enumerate(("series", "time")):
        missing = np.flatnonzero(index.get_level_values(level).isna())
        if len(missing):
            raise ValueError(
                f"Row {missing[0]} of the index has no {what}: {name}[{name}.index.get_level_values({level}).notna()] "
                "leaves such rows out."
            )
    problem = panel_index_message(index, name)
    if problem:
        raise ValueError(problem)
    return index


def _levels(index):
    """Number the series and time stamps of all rows: (series, keys in order of appearance, stamp, sorted stamps)."""
    import pandas as pd

    series, used = pd.factorize(np.asarray(index.codes[0]))
    stamp, stamps = pd.factorize(index.get_level_values(1), sort=True)
    return series, index.levels[0].take(used), stamp, stamps


def _first_of_each(series, stamp):
    """Return the number of the first time of each series."""
    first = np.full(series.max(initial=-1) + 1, np.iinfo(stamp.dtype).max)
    np.minimum.at(first, series, stamp)
    return first
