"""What a pandas index says about time: where it ends, how it goes on, what follows it.

pandas is imported inside; whoever holds a pandas index has it loaded already.
"""

from sklstm._utils.index_steps import end_if_regular, index_end, step_name, steps_from
from sklstm._utils.time_index_advice import Table, explain, explain_kind, explain_order, find_mend, first_odd, shown

OF_TRAINING = (
    "What was forecast for training rows is in fitted_values_. Splitters must not shuffle: TimeSeriesSplit, "
    "train_test_split(shuffle=False)."
)


def directly_follows(end, index):
    """Whether the values of `index` begin one step after `end`."""
    here = None if end is None else index_end(index)
    if here is None or end.step is None or type(here.last) is not type(end.last):
        return False
    return bool(end.next_values(1)[0] == index[0])


def regular_end(index, name="y", key=None):
    """The `IndexEnd` of the index of a series to be forecast, which has to be regular.

    What cannot be decided has `step=None`: fewer than three stamps without a frequency, and working
    days in a row (part of every day, or of every business day?). A single whole number goes on by 1.

    Parameters
    ----------
    index : pandas Index
    name : str, default="y"
        What the table that it is from is called in messages.
    key : object, default=None
        Of the series, where the table is a panel.

    Returns
    -------
    IndexEnd

    Raises
    ------
    ValueError
        If the index is empty, is neither of time nor of whole numbers, or has missing, repeated,
        unsorted, left out or irregular values. The first of them is shown, with the call that mends it.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklstm._utils.time_index import regular_end
    >>> regular_end(pd.to_datetime(["2024-11-01", "2024-12-01", "2025-01-01"])).next_values(2)
    DatetimeIndex(['2025-02-01', '2025-03-01'], dtype='datetime64[...]', freq='MS')
    >>> regular_end(pd.to_datetime(["2024-10-01", "2024-11-01", "2024-12-01", "2025-02-01"]))
    Traceback (most recent call last):
        ...
    ValueError: The index of y has a gap: ... y.asfreq("MS") ...
    """
    end = end_if_regular(index)
    if end is None:
        raise ValueError(explain(index, Table(name, key)))
    return end


def steps_after(end, index, name="X", key=None):
    """How many steps lie between `end` and the first value of `index`: 0 where it directly follows.

    Where the step is not known (None), every later value is taken to follow.

    Parameters
    ----------
    end : IndexEnd
        Where the history ends.
    index : pandas Index
        Of rows that go on from there, one a step.
    name : str, default="X"
        What the table that they are from is called in messages.
    key : object, default=None
        Of the series, where the table is a panel.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If the index is empty or of another kind than the history's, does not lie after it, or its
        values are not one step apart on the history's grid. The first of them is shown.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklstm._utils.time_index import regular_end, steps_after
    >>> end = regular_end(pd.period_range("2024-01", "2024-06", freq="M"))
    >>> steps_after(end, pd.period_range("2024-07", "2024-09", freq="M"))
    0
    >>> steps_after(end, pd.period_range("2024-09", "2024-09", freq="M"))
    2
    """
    table = Table(name, key)
    problem = (
        explain_kind(index, table, lambda mended: _can_follow(end, mended))
        or _explain_unlike(end, index, table)
        or explain_order(index, table)
    )
    if problem:
        raise ValueError(problem)
    if not index[0] > end.last:
        raise ValueError(
            f"The rows of {table} are at {shown(index[0])} … {shown(index[-1])}, but the history ends at "
            f"{shown(end.last)}: rows that follow it begin {_beginning(end)}. "
            + (OF_TRAINING if name == "X" else "Leave the earlier rows out.")
        )
    if end.step is None:
        return 0
    at = steps_from(end, index, end.step)
    odd = first_odd(at)
    if odd is not None:
        raise ValueError(_off_grid_message(end, index, at, odd, table))
    return int(at[0]) - 1


def _can_follow(end, index):
    """Whether rows with this index follow, or leave out some before the first one."""
    if _are_unlike(end.last, index) or not index.is_unique or not index.is_monotonic_increasing:
        return False
    if not index[0] > end.last:
        return False
    return end.step is None or first_odd(steps_from(end, index, end.step)) is None


def _are_unlike(last, index):
    """Whether an index cannot be compared with the end of a history."""
    import pandas as pd

    if isinstance(last, pd.Timestamp):
        return not isinstance(index, pd.DatetimeIndex) or (last.tz is None) != (index.tz is None)
    if isinstance(last, pd.Period):
        return not isinstance(index, pd.PeriodIndex) or index.freq != last.freq
    return index.dtype.kind not in "iu"


def _explain_unlike(end, index, table):
    """Why an index cannot be compared with the end of the history; None where it can."""
    if not _are_unlike(end.last, index):
        return None
    follows, is_alike = (lambda mended: _can_follow(end, mended)), (lambda mended: not _are_unlike(end.last, mended))
    begin = _conversions(end.last)
    calls = find_mend(index, table, follows, begin, depth=1) or find_mend(index, table, is_alike, begin, depth=1)
    mend = table.statements(calls)
    if not mend:
        mend = f"give {table} the index of the rows that follow (they begin {_beginning(end)}), or pass an array"
    return f"The index of {table} is {_kind(index[0])}, but the history's is {_kind(end.last)}: {mend}."


def _conversions(last):
    """Calls that may make an index comparable with the end of a history."""
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
    """What kind of index a value is from."""
    import pandas as pd

    if isinstance(value, pd.Timestamp):
        return "a DatetimeIndex " + (f"in time zone {value.tz}" if value.tz else "without time zone")
    return f'a PeriodIndex of frequency "{value.freqstr}"' if isinstance(value, pd.Period) else "one of whole numbers"


def _beginning(end):
    return "later" if end.step is None else f"at {shown(end.next_values(1)[0])}"


def _off_grid_message(end, index, at, odd, table):
    """Why the value number `odd` is not the next one, where all lie `at` so many steps after `end`."""
    if at[odd] < 0:
        return (
            f"The index of {table} does not go on as the history does: that ends at {shown(end.last)} and goes on "
            f"{_beginning(end)} in steps of {step_name(end.step, end.last)}, but {table} has {shown(index[odd])}."
        )
    missing = end.next_values(int(at[odd - 1]) + 1)[-1]
    return (
        f"The index of {table} leaves out {shown(missing)}: {shown(index[odd - 1])} is followed by "
        f"{shown(index[odd])}. There must be a row for every step of {step_name(end.step, end.last)}."
    )
