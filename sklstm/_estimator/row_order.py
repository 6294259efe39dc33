"""Check that the rows of a table are consecutive in time, as far as its pandas index shows.

Windows need consecutive rows.
"""

from sklstm._time_index.regular_index import regular_end
from sklstm._utils.numeric_input import index_of
from sklstm._utils.time_tables import advising_pandas


def check_row_order(data, window_length, name):
    """Raise an error if the index of a table shows that its rows are not consecutive.

    Parameters
    ----------
    data : array-like
    window_length : int
        Number of rows in a window, for the message.
    name : str
        What messages call the table.

    Returns
    -------
    end : IndexEnd or None
        Where an index of time or of whole numbers ends; None for any other index, and without one.
    """
    index = index_of(data)
    if index is None:
        return None
    if index.nlevels > 1:
        levels = 0 if index.nlevels == 2 else list(range(index.nlevels - 1))
        raise ValueError(
            f"The index of {name} has {index.nlevels} levels, and windows would reach from one series into the next. "
            f"Cut each series by itself, [make_windows(part.droplevel({levels}), {window_length}) for _, part in "
            f"{name}.groupby(level={levels})], or give the panel to a Forecaster."
        )
    if not _is_of_time(index):
        _check_labels(index, name)
        return None
    with advising_pandas(**{name: data}):
        return regular_end(index, name)


def _is_of_time(index):
    import pandas as pd

    return isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) or index.dtype.kind in "iu"


def _check_labels(index, name):
    """Raise an error for labels (neither times nor whole numbers) that repeat, or are not in increasing order."""
    ordered = _as_dates(index) if index.dtype.kind == "O" or index.inferred_type == "string" else index
    counted = f"If the rows are consecutive as they are, {name}.reset_index(drop=True) numbers them."
    if not index.is_unique:
        twice = index[int(index.duplicated().argmax())]
        raise ValueError(
            f"The index of {name} has {twice!r} more than once. If these are rows of several series, windows would "
            f"reach from one into the next. {counted}"
        )
    if ordered is not None and not ordered.is_monotonic_increasing:
        raise ValueError(
            f"The index of {name} is not in order: it begins with {index[0]!r} and ends with {index[-1]!r}. "
            f"{name}.sort_index() puts it in order. Folds of a series must not be shuffled (use TimeSeriesSplit)."
        )


def _as_dates(index):
    """Return labels as dates; None unless all of them are written as dates."""
    import pandas as pd

    try:
        return pd.to_datetime(index, format="ISO8601")
    except (TypeError, ValueError):
        return None
