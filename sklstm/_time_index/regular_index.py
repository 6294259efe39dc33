"""Find where a regular index ends and how it continues, and check that rows follow it.

pandas is imported inside the functions: a user with a pandas index has imported it already.
"""

from dataclasses import replace

from sklstm._time_index.gaps import first_nonconsecutive
from sklstm._time_index.messages import (
    format_time,
    index_kind_message,
    index_order_message,
    irregular_index_message,
    splitter_advice,
)
from sklstm._time_index.steps import end_if_regular, index_end, step_name, steps_from
from sklstm._time_index.suggested_repairs import UserTable, find_repair


def directly_follows(end, index):
    """Whether an index begins one step after `end`."""
    own_end = None if end is None else index_end(index)
    if own_end is None or end.step is None or type(own_end.last) is not type(end.last):
        return False
    return bool(end.next_values(1)[0] == index[0])


def regular_end(index, name="y", key=None):
    """Return the end of the index of a series, which must be regular.

    The step is None if several are possible: with fewer than three timestamps without a frequency, and with
    consecutive days of one working week, whose step may be a day or a business day. A single integer continues by 1.

    Parameters
    ----------
    index : pandas Index
    name : str, default="y"
        Name of its table, for messages.
    key : object, default=None
        Key of the series, if the table is a panel.

    Returns
    -------
    end : IndexEnd

    Raises
    ------
    ValueError
        If the index is empty, holds neither times nor integers, or has missing, repeated or unsorted values, gaps, or
        no regular step. The message shows the first fault and, if one was found, a call that repairs it.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklstm._time_index.regular_index import regular_end
    >>> regular_end(pd.to_datetime(["2024-11-01", "2024-12-01", "2025-01-01"])).next_values(2)
    DatetimeIndex(['2025-02-01', '2025-03-01'], dtype='datetime64[...]', freq='MS')
    >>> regular_end(pd.to_datetime(["2024-10-01", "2024-11-01", "2024-12-01", "2025-02-01"]))
    Traceback (most recent call last):
        ...
    ValueError: The index of y has a gap: ... y.asfreq("MS") ...
    """
    end = end_if_regular(index)
    if end is None:
        raise ValueError(irregular_index_message(index, UserTable(name, key)))
    return end


def has_step(index, end, step):
    """Whether the values of an index, which has this end, follow each other by a step."""
    if not _is_step_of(index, step):
        return False
    start = replace(end, last=type(end.last)(index[0]))
    return first_nonconsecutive(steps_from(start, index, step)) is None


def _is_step_of(index, step):
    """Whether a step is of the kind of an index: whole numbers, periods of one frequency, or times."""
    import pandas as pd

    if isinstance(index, pd.PeriodIndex):
        return not isinstance(step, int) and index.freq.base == step.base
    return isinstance(index, pd.DatetimeIndex) != isinstance(step, int)


def steps_after(end, index, name="X", key=None):
    """Count the steps between `end` and the first value of an index; 0 if it directly follows.

    If the step is not known (None), the result is 0 for any later value.

    Parameters
    ----------
    end : IndexEnd
        Where the history ends.
    index : pandas Index
        Index of later rows, without gaps.
    name : str, default="X"
        Name of their table, for messages.
    key : object, default=None
        Key of the series, if the table is a panel.

    Returns
    -------
    n_steps : int

    Raises
    ------
    ValueError
        If the index is empty or of another kind than that of the history, does not begin after it, or its values are
        not consecutive steps of the history's index. The message shows the first fault.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklstm._time_index.regular_index import regular_end, steps_after
    >>> end = regular_end(pd.period_range("2024-01", "2024-06", freq="M"))
    >>> steps_after(end, pd.period_range("2024-07", "2024-09", freq="M"))
    0
    >>> steps_after(end, pd.period_range("2024-09", "2024-09", freq="M"))
    2
    """
    table = UserTable(name, key)
    problem = (
        index_kind_message(index, table, lambda repaired: _can_follow(end, repaired))
        or _other_kind_message(end, index, table, lambda: _following_advice(end, table))
        or index_order_message(index, table)
    )
    if problem:
        raise ValueError(problem)
    if not index[0] > end.last:
        raise ValueError(
            f"The rows of {table} are at {format_time(index[0])} … {format_time(index[-1])}, but the history ends at "
            f"{format_time(end.last)}. Rows that follow it begin {_beginning(end)}. "
            + (_training_rows_advice(table) if name == "X" else "Leave the earlier rows out.")
        )
    if end.step is None:
        return 0
    positions = steps_from(end, index, end.step)
    row = first_nonconsecutive(positions)
    if row is not None:
        raise ValueError(_wrong_step_message(end, index, positions, row, table))
    return int(positions[0]) - 1


def check_same_kind(end, index, name, key):
    """Check that the index of a new series is of the kind of those of the history: dates, periods or numbers."""
    table = UserTable(name, key)
    problem = _other_kind_message(end, index, table, lambda: f"Give {table} an index of the same kind.")
    if problem:
        raise ValueError(problem)


def _following_advice(end, table):
    return f"Give {table} the index of the rows that follow (they begin {_beginning(end)}), or pass an array."


def _training_rows_advice(table):
    """Say what to do if the rows to predict are not later than the history."""
    return (
        "fitted_values_ has the in-sample forecasts of the training rows. Splitters must keep the time order. A search "
        f"or cross-validation without cv= uses KFold, which does not: pass {splitter_advice(table)}."
        + (" train_test_split needs shuffle=False." if table.key is None else "")
    )


def _can_follow(end, index):
    """Whether rows with this index follow a history, directly or after a gap."""
    if _differs_in_kind(index, end.last) or not index.is_unique or not index.is_monotonic_increasing:
        return False
    if not index[0] > end.last:
        return False
    return end.step is None or first_nonconsecutive(steps_from(end, index, end.step)) is None


def _differs_in_kind(index, last):
    """Whether the values of an index are of another kind than the last value of a history."""
    import pandas as pd

    if isinstance(last, pd.Timestamp):
        return not isinstance(index, pd.DatetimeIndex) or (last.tz is None) != (index.tz is None)
    if isinstance(last, pd.Period):
        return not isinstance(index, pd.PeriodIndex) or index.freq != last.freq
    return index.dtype.kind not in "iu"


def _other_kind_message(end, index, table, otherwise):
    """Return a message if the index of a table is of another kind than that of the history; else None.

    `otherwise` returns the advice if no call converts the index.
    """
    if not _differs_in_kind(index, end.last):
        return None
    first_calls = _conversions(end.last)
    calls = find_repair(index, table, lambda new: _can_follow(end, new), first_calls, max_calls=1) or find_repair(
        index, table, lambda new: not _differs_in_kind(new, end.last), first_calls, max_calls=1
    )
    repair = f"{table.statements(calls)} converts it." if calls else otherwise()
    return f"The index of {table} is {_kind(index[0])}, but that of the history is {_kind(end.last)}. {repair}"


def _conversions(last):
    """Return calls that may convert an index to the kind of the last value of a history."""
    import pandas as pd

    if isinstance(last, pd.Period):
        return f'{{i}}.to_period("{last.freqstr}")', f'{{i}}.asfreq("{last.freqstr}")'
    if not isinstance(last, pd.Timestamp):
        return ()
    times = ("{i}", "{i}.to_timestamp()", '{i}.to_timestamp(how="end").floor("D")')
    if last.tz is None:
        return "{i}.tz_localize(None)", "{i}.tz_convert(None)", *times[1:]
    zone = f'"{last.tz}"'
    shifted = f'{zone}, nonexistent="shift_forward", ambiguous=True'
    return tuple(
        call for local in times for call in (f"{local}.tz_localize({zone})", f"{local}.tz_localize({shifted})")
    )


def _kind(value):
    """Describe the kind of the index that a value is from."""
    import pandas as pd

    if isinstance(value, pd.Timestamp):
        return "a DatetimeIndex " + (f"in time zone {value.tz}" if value.tz else "without time zone")
    return f'a PeriodIndex of frequency "{value.freqstr}"' if isinstance(value, pd.Period) else "one of integers"


def _beginning(end):
    return "later" if end.step is None else f"at {format_time(end.next_values(1)[0])}"


def _wrong_step_message(end, index, positions, row, table):
    """Return a message that says why value `row` of an index, `positions[row]` steps on, is not the next step."""
    step = step_name(end.step, end.last)
    if positions[row] < 0:
        return (
            f"The index of {table} does not continue that of the history, which ends at {format_time(end.last)} and "
            f"continues {_beginning(end)} in steps of {step}, but {table} has {format_time(index[row])}."
        )
    missing = end.next_values(int(positions[row - 1]) + 1)[-1]
    return (
        f"The index of {table} leaves out {format_time(missing)}: {format_time(index[row - 1])} is followed by "
        f"{format_time(index[row])}. There must be a row for every step of {step}."
    )
