"""Messages that say what is wrong with the index of one series, and show the call that repairs it.

pandas is imported inside the functions: a user with a pandas index has imported it already.
"""

import re
from dataclasses import replace

import numpy as np

from sklstm._time_index.gaps import (
    are_consecutive,
    first_nonconsecutive,
    index_start,
    most_common_step,
    step_with_gaps,
)
from sklstm._time_index.steps import integer_date_format, step_name, steps_from
from sklstm._time_index.suggested_repairs import (
    calls_for_integer_dates,
    calls_that_fill_gaps,
    find_repair,
    is_regular,
    is_time_index,
)


def irregular_index_message(index, table):
    """Return a message that says why a series with this index cannot be forecast, and how to repair the index.

    Parameters
    ----------
    index : Index
        Index of one series that is not regular.
    table : UserTable
        The table that it is from.

    Returns
    -------
    message : str
    """
    checks = (index_kind_message, integer_dates_message, index_order_message, _gap_message)
    return next(filter(None, (check(index, table) for check in checks)))


def index_kind_message(index, table, is_repaired=is_regular):
    """Return a message if an index does not hold times or integers, or has missing values; else None.

    Parameters
    ----------
    index : Index
    table : UserTable
        The table that it is from.
    is_repaired : callable, default=is_regular
        Returns whether an index is repaired.

    Returns
    -------
    message : str or None
    """
    import pandas as pd

    if not len(index):
        return f"{table} has no rows: its index is empty."
    if isinstance(index, pd.MultiIndex) and index.nlevels == 1:
        name = table.name
        return f"The index of {table} is a MultiIndex of one level. {name}.index = {name}.index.get_level_values(0)."
    if isinstance(index, pd.MultiIndex):
        return f"The index of {table} has {index.nlevels} levels; it must have one, the time."
    if index.hasnans:
        row = int(np.flatnonzero(index.isna())[0])
        times = f"{table.name}.index" + ("" if table.key is None else ".get_level_values(1)")
        return f"The index of {table} has {index[row]} in row {row}. {table.name}[{times}.notna()] drops such rows."
    if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) or index.dtype.kind in "iu":
        return None
    calls = find_repair(index, table, is_repaired) or find_repair(index, table, is_time_index, max_calls=1)
    return _join(
        f"The index of {table} must be a DatetimeIndex, a PeriodIndex or integers, but its dtype is {index.dtype} and "
        f"it begins with {index[:1].tolist()[0]!r}.",
        f"{_statements_for_dates(calls, index, table, is_repaired)}." if calls else "",
        _duration_advice(index, table),
        _numbering_advice(table) if is_repaired is is_regular else "",
    )


def _duration_advice(index, table):
    """Say how durations become times; empty for a panel and for any other index."""
    if index.dtype.kind != "m" or table.key is not None:
        return ""
    times = f'pd.Timestamp("1970-01-01") + pd.to_timedelta({table}.index)'
    return f"Durations become times if a moment is added: {times} can be the index; choose the moment."


def _statements_for_dates(calls, index, table, is_repaired):
    """Write calls as statements. If the day may also come before the month, show the statements for both orders."""
    statements = f"{table.statements(calls)} repairs it"
    day_first = tuple(call.replace("%m/%d", "%d/%m") for call in calls)
    calls_day_first = find_repair(index, table, is_repaired, first_calls=day_first[:1]) if day_first != calls else ()
    if not calls_day_first:
        return statements
    return f"{statements} if the month comes first, {table.statements(calls_day_first)} if the day comes first"


def integer_dates_message(index, table):
    """Return a message that integers such as 20240131 must be converted to dates; None if they are not dates."""
    is_date = bool(integer_date_format(index))
    calls = find_repair(index, table) if is_date else ()
    if not is_date and index.dtype.kind in "iu":
        calls = find_repair(index, table, first_calls=calls_for_integer_dates(index), max_calls=1)
    if not is_date and not calls:
        return None
    return _join(
        f"The index of {table} holds integers that seem to be dates, {index[0]} … {index[-1]}. As integers, they skip "
        "numbers at the end of each month or year.",
        f"{table.statements(calls)} converts them to dates." if calls else "As dates they have no regular step.",
        _numbering_advice(table),
    )


def index_order_message(index, table):
    """Return a message about a value that repeats, or is earlier than the one before it; None if there is none."""
    if not index.is_unique:
        return _repeated_message(index, table)
    if index.is_monotonic_increasing:
        return None
    row = int(np.flatnonzero(index[1:] < index[:-1])[0])
    _, *further_calls = find_repair(index, table, first_calls=["{y}.sort_index()"]) or ["{y}.sort_index()"]
    sort = f"{table.name} = {table.name}.sort_index()"  # sorts all series of a panel at once
    statements = "; ".join([sort, *map(table.statement, further_calls)])
    return (
        f"The index of {table} is not in order: {format_time(index[row])} is followed by "
        f"{format_time(index[row + 1])} in rows {row} and {row + 1}. {statements} sorts it. Do not shuffle "
        f"folds: pass {splitter_advice(table)}."
        + (" train_test_split needs shuffle=False." if table.key is None else "")
    )


def _repeated_message(index, table):
    """Return a message that says which value repeats, and how to tell the repetitions apart or merge them."""
    first = index[int(index.duplicated().argmax())]
    rows = np.flatnonzero(index == first)
    fault = f"The index of {table} has {format_time(first)} {len(rows)} times, first in rows {rows[0]} and {rows[1]}."
    calls = find_repair(index, table, max_calls=1)
    if calls:
        return (
            f"{fault} If clocks were put back then, {table.statements(calls)} tells the hours apart; set the time zone "
            "of the clocks."
        )
    name, levels = table.name, "0" if table.key is None else "[0, 1]"
    keep_first = _merging_statements(
        index, table, "{y}[~{y}.index.duplicated()]", f"{name}[~{name}.index.duplicated()]"
    )
    take_mean = _merging_statements(
        index, table, "{y}.groupby(level=0).mean()", f"{name}.groupby(level={levels}).mean()"
    )
    return _join(
        f"{fault} {keep_first} keeps the first of each, {take_mean} takes their mean.",
        "A table of several series needs an index of two levels: df.set_index([series, time])."
        if table.key is None
        else "",
    )


def _merging_statements(index, table, call, code):
    """Return statements that repair an index: `call`, which merges rows (`code` for the whole table), and others."""
    calls = find_repair(index, table, first_calls=[call])
    return "; ".join([f"{table.name} = {code}", *map(table.statement, calls[1:])])


def _gap_message(index, table):
    """Return a message that says which value an index in time order leaves out, and how to add it."""
    step = step_with_gaps(index)
    if step is None:
        return _no_step_message(index, table)
    start = index_start(index)
    positions = steps_from(start, index, step)
    row = first_nonconsecutive(positions) - 1
    missing = replace(start, last=index[row], step=step).next_values(1)[0]
    calls = find_repair(index, table, first_calls=calls_that_fill_gaps(index, step)) or find_repair(index, table)
    n_missing = positions[-1] + 1 - len(positions)
    return _join(
        f"The index of {table} has a gap: {format_time(index[row])} is followed by {format_time(index[row + 1])}, so "
        f"{format_time(missing)} is missing ({n_missing} in all).",
        f"{table.statements(calls)} adds rows of NaN, which a Forecaster treats as missing values." if calls else "",
        "" if calls else _numbering_advice(table),
        "A search or cross-validation without cv= splits by KFold, whose training rows have such a gap: pass "
        f"{splitter_advice(table)}.",
    )


def _no_step_message(index, table):
    """Return a message that says where an index first departs from its most common step."""
    step = most_common_step(index)
    follows = are_consecutive(index, step)
    row = int(follows.argmin()) + 1  # 1 if all are consecutive: then the first value is not on the grid of the step
    fault = f"it begins with {', '.join(map(format_time, index[:3]))}"
    if follows.mean() > 0.5:
        before, after = format_time(index[row - 1]), format_time(index[row])
        fault = f"the most common step is {step_name(step, index[0])}, but {before} is followed by {after}"
    calls = find_repair(index, table)
    if calls:
        repair = f"{table.statements(calls)} makes it regular."
    else:
        repair = "Aggregate rows at irregular times, for example by day." if is_time_index(index) else ""
    return _join(f"The index of {table} has no regular step: {fault}.", repair, _numbering_advice(table))


def _numbering_advice(table):
    """Say how to number the rows instead; empty for a panel, for which there is no short call."""
    if table.key is not None:
        return ""
    return f"If the rows are equally far apart whatever the index says, {table}.reset_index(drop=True) numbers them."


def splitter_advice(table):
    """Return the `cv` that keeps the rows of a table in time order."""
    return "cv=TimeSeriesSplit()" if table.key is None else "cv=split_panel(y, n_splits, test_size)"


def _join(*sentences):
    return " ".join(filter(None, sentences))


def format_time(value):
    """Format a value of an index for messages, without the time of day if that is midnight."""
    return re.sub(r" 00:00:00(?=[+-]|$)", "", str(value))
