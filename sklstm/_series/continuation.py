"""Continue the index of a history, and check that given rows follow the history."""

from sklstm._time_index.regular_index import check_same_kind, steps_after
from sklstm._utils.numeric_input import as_numbers, index_of
from sklstm._utils.user_warning import warn_user


def end_key(history):
    """Return a key for the end of a history; histories with equal keys are continued by equal indexes."""
    if history.end is None:
        return len(history)
    zone = getattr(history.end.last, "tz", None)
    return history.end, type(zone), str(zone)  # dateutil's zones themselves cannot be keys


def rows_skipped(histories, parts, name):
    """Count the rows that are missing between the history of each series and its first row in a table.

    Parameters
    ----------
    histories : dict
        SeriesData or History by key.
    parts : list of (key, index or None)
        The series in the table. Equal ends of histories and equal indexes are compared once.
    name : str
        Name of the table in messages.

    Returns
    -------
    n_skipped : dict of int, by key
    """
    known, n_skipped = {}, {}
    for key, index in parts:
        end = histories[key].end
        which = end_key(histories[key]), id(index)
        if which not in known:
            known[which] = 0 if end is None or index is None else steps_after(end, index, name, key)
        n_skipped[key] = known[which]
    return n_skipped


def check_follows(histories, new):
    """Check that new rows, by key, directly follow their histories, by key; a series without a history is new."""
    _check_kind_of_new_series(histories, new)
    parts = [(key, part.index) for key, part in new.items() if key in histories]
    for key, _ in parts:
        end = histories[key].end
        if end is not None and end.step is None and new[key].end is None:
            name = _targets_of(key)
            raise ValueError(
                f"{name} is an array, but the index of the history is too short to tell its frequency. Pass {name} "
                "with the index of its rows."
            )
    for key, n in rows_skipped(histories, parts, "y").items():
        if n:
            raise ValueError(
                f"{_targets_of(key)} begins at {new[key].index[0]}, but the history ends at {histories[key].end.last}: "
                f"there is a gap of {rows_said(n)}. Pass these rows too; their y may be NaN."
            )


def _check_kind_of_new_series(histories, new):
    """Check that new series have an index of the kind of the others: a forecast has the times of all in one level."""
    end = next((history.end for history in histories.values() if history.end is not None), None)
    for key, part in new.items():
        if end is not None and key not in histories:
            check_same_kind(end, part.index, "y", key)


def _targets_of(key):
    """Return the name of the targets of a series in messages."""
    return "y" if key is None else f"y.loc[{key!r}]"


def rows_said(n):
    """Format a number of rows: "1 row", "2 rows"."""
    return f"{n} row" if n == 1 else f"{n} rows"


def next_indexes(histories, steps):
    """Return the index of the next rows of each series, by key; None where the frequency is unknown."""
    keys = {key: end_key(history) for key, history in histories.items()}
    one_of = {end: histories[key] for key, end in keys.items()}
    found = {end: history.next_index(steps) for end, history in one_of.items()}
    return {key: found[end] for key, end in keys.items()}


def future_indexes(histories, steps):
    """Return the index of the next rows of each series, by key.

    Raises
    ------
    ValueError
        If a history is too short to tell its frequency.
    """
    indexes = next_indexes(histories, steps)
    for key, index in indexes.items():
        if index is None:
            raise ValueError(_why_no_frequency(key, histories[key]))
    return indexes


def forecast_indexes(histories, steps, X_future):
    """Return the index of a forecast of each series, by key.

    If a frequency is unknown, it is the index of X_future for a single series, otherwise the steps counted from 1.

    Warns
    -----
    UserWarning
        If steps are counted from 1.
    """
    indexes = next_indexes(histories, steps)
    if all(index is not None for index in indexes.values()):
        return indexes
    times = index_of(as_numbers(X_future, "X_future", reads_times=True))
    if None in histories and times is not None:
        return {None: times[:steps]}
    import pandas as pd

    warn_user(
        "The index of y is too short to tell its frequency, so the forecast counts steps from 1. Set a frequency with "
        "y.asfreq(...)."
    )
    return dict.fromkeys(histories, pd.RangeIndex(1, steps + 1))


def _why_no_frequency(key, history):
    """Say why the index of a history cannot be continued."""
    if key is not None:
        return (
            f"The index of the series {key!r}, {len(history)} rows up to {history.end.last}, is too short to tell its "
            "frequency, and the other series do not agree on one. Give at least three rows of it."
        )
    return (
        f"The index of y, {len(history)} rows up to {history.end.last}, is too short to tell its frequency. Set it "
        'before fit: y = y.asfreq("D") for days, "h" for hours, "MS" for months; or give more rows.'
    )
