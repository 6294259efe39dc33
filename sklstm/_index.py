"""What a pandas index says about time: where it ends, how it goes on, what follows it.

pandas is imported inside; whoever holds a pandas index has it loaded already.
"""

import sys
import warnings
from collections import Counter
from dataclasses import replace

import numpy as np

from sklstm._calendar import (
    index_end,
    inferred_frequency,
    is_absolute,
    month_parts,
    step_name,
    steps_from,
    wall_clock,
)

# Stretches of three stamps, at either end of an index with gaps, in which its frequency is looked for.
N_STRETCHES = 60

OF_TRAINING = (
    "What was forecast for training rows is in fitted_values_. Splitters must not shuffle: TimeSeriesSplit, "
    "train_test_split(shuffle=False)."
)


def is_pandas(data):
    """Whether `data` is a pandas Series or DataFrame (a list has an `index` too)."""
    pd = sys.modules.get("pandas")
    return pd is not None and isinstance(data, pd.Series | pd.DataFrame)


def directly_follows(end, index):
    """Whether the values of `index` begin one step after `end`."""
    here = None if end is None else index_end(index)
    if here is None or end.step is None or type(here.last) is not type(end.last):
        return False
    return bool(end.next_values(1)[0] == index[0])


def regular_end(index, name="y"):
    """The `IndexEnd` of the index of a series to be forecast, which has to be regular.

    What cannot be decided has `step=None`: fewer than three stamps without a frequency, and working
    days in a row (part of every day, or of every business day?). A single whole number goes on by 1.

    Parameters
    ----------
    index : pandas Index
    name : str, default="y"
        What the series is called in messages.

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
    >>> from sklstm._index import regular_end
    >>> regular_end(pd.to_datetime(["2024-11-01", "2024-12-01", "2025-01-01"])).next_values(2)
    DatetimeIndex(['2025-02-01', '2025-03-01'], dtype='datetime64[...]', freq='MS')
    >>> regular_end(pd.to_datetime(["2024-10-01", "2024-11-01", "2024-12-01", "2025-02-01"]))
    Traceback (most recent call last):
        ...
    ValueError: The index of y has a gap: ... y.asfreq("MS") ...
    """
    _check_kind(index, name)
    _check_order(index, name)
    end = index_end(index)
    if end.step is None and isinstance(end.last, int) and len(index) == 1:
        return replace(end, step=1)
    if end.step is None and not _is_undecided(index):
        raise ValueError(_gap_message(index, name))
    return end


def steps_after(end, index, name="X"):
    """How many steps lie between `end` and the first value of `index`: 0 where it directly follows.

    Where the step is not known (None), every later value is taken to follow.

    Parameters
    ----------
    end : IndexEnd
        Where the history ends.
    index : pandas Index
        Of rows that go on from there, one a step.
    name : str, default="X"
        What the rows are called in messages.

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
    >>> from sklstm._index import regular_end, steps_after
    >>> end = regular_end(pd.period_range("2024-01", "2024-06", freq="M"))
    >>> steps_after(end, pd.period_range("2024-07", "2024-09", freq="M"))
    0
    >>> steps_after(end, pd.period_range("2024-09", "2024-09", freq="M"))
    2
    """
    _check_kind(index, name)
    _check_alike(end, index, name)
    _check_order(index, name)
    if not index[0] > end.last:
        raise ValueError(
            f"The rows of {name} are at {_shown(index[0])} … {_shown(index[-1])}, but the history ends at "
            f"{_shown(end.last)}: rows that follow it begin {_beginning(end)}. "
            + (OF_TRAINING if name.startswith("X") and "future" not in name else "Leave the earlier rows out.")
        )
    if end.step is None:
        return 0
    at = steps_from(end, index, end.step)
    odd = _first_odd(at)
    if odd is not None:
        raise ValueError(_off_grid_message(end, index, at, odd, name))
    return int(at[0]) - 1


def _check_kind(index, name):
    """Whether an index has values, and is of time or of whole numbers."""
    import pandas as pd

    if not len(index):
        raise ValueError(f"{name} has no rows: its index is empty.")
    if isinstance(index, pd.MultiIndex):
        raise ValueError(f"The index of {name} has {index.nlevels} levels, but one is needed here, the time.")
    if index.hasnans:
        row = int(np.flatnonzero(index.isna())[0])
        raise ValueError(
            f"The index of {name} has {index[row]} in row {row}: {name}[{name}.index.notna()] leaves such rows out."
        )
    if not isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) and index.dtype.kind not in "iu":
        raise ValueError(
            f"The index of {name} must be one of time (DatetimeIndex, PeriodIndex) or of whole numbers, but its dtype "
            f"is {index.dtype} and it begins with {index[:1].tolist()[0]!r}: {_kind_call(index, name)}."
        )


def _kind_call(index, name):
    """What makes an index of time or of whole numbers from one that is neither."""
    counted = f"{name}.reset_index(drop=True) counts the rows"
    if index.inferred_type == "integer" or (index.dtype.kind == "f" and _is_whole(index)):
        return f"{name}.index = {name}.index.astype(int) makes whole numbers of it"
    if index.inferred_type == "floating":
        return f'{counted}; {name}.index = pd.to_datetime({name}.index, unit="s") if it is seconds since 1970'
    if index.inferred_type in ("string", "date", "datetime", "mixed"):
        return f"{name}.index = pd.to_datetime({name}.index) if it is dates; else {counted}"
    return counted


def _is_whole(index):
    values = index.to_numpy(np.float64)
    return bool(np.isfinite(values).all() and (values == np.floor(values)).all())


def _check_order(index, name):
    """Whether every value lies after the one before it."""
    if not index.is_unique:
        first = index[int(index.duplicated().argmax())]
        rows = np.flatnonzero(index == first)
        raise ValueError(
            f"The index of {name} has {_shown(first)} {len(rows)} times, in rows {rows[0]} and {rows[1]}: "
            f"{name}[~{name}.index.duplicated()] keeps the first of each, {name}.groupby(level=0).mean() their mean. "
            "(Several series in one need an index of two levels, series and time.)"
        )
    if not index.is_monotonic_increasing:
        row = int(np.flatnonzero(index[1:] < index[:-1])[0])
        raise ValueError(
            f"The index of {name} is not in order of time: {_shown(index[row])} comes before {_shown(index[row + 1])}, "
            f"in rows {row} and {row + 1}. {name}.sort_index() puts it in order; folds of a series must not be "
            "shuffled (TimeSeriesSplit, train_test_split(shuffle=False))."
        )


def _check_alike(end, index, name):
    """Whether an index can be compared with the end of the history."""
    last, call = end.last, _alike_call(end.last, index)
    if call is None:
        return
    call = call or f"give {name} the index of the rows that follow (they begin {_beginning(end)}), or pass an array"
    raise ValueError(
        f"The index of {name} is {_kind(index[0])}, but the history's is {_kind(last)}: {call.format(name=name)}."
    )


def _alike_call(last, index):
    """What makes an index comparable with `last`: None where it is, "" where no call does it."""
    import pandas as pd

    if isinstance(last, pd.Timestamp) and isinstance(index, pd.DatetimeIndex):
        if (last.tz is None) == (index.tz is None):
            return None
        zone = None if last.tz is None else f'"{last.tz}"'
        return f"{{name}}.index = {{name}}.index.tz_localize({zone})"
    if isinstance(last, pd.Period) and isinstance(index, pd.PeriodIndex):
        return None if index.freq == last.freq else f'{{name}}.index = {{name}}.index.asfreq("{last.freqstr}")'
    if isinstance(last, pd.Period) and isinstance(index, pd.DatetimeIndex):
        return f'{{name}}.index = {{name}}.index.to_period("{last.freqstr}")'
    return None if isinstance(last, int) and index.dtype.kind in "iu" else ""


def _kind(value):
    """What kind of index a value is from."""
    import pandas as pd

    if isinstance(value, pd.Timestamp):
        return "a DatetimeIndex " + (f"in time zone {value.tz}" if value.tz else "without time zone")
    return f'a PeriodIndex of frequency "{value.freqstr}"' if isinstance(value, pd.Period) else "one of whole numbers"


def _shown(value):
    """A value for messages, without a time of midnight."""
    return str(value).replace(" 00:00:00", "")


def _beginning(end):
    return "later" if end.step is None else f"at {_shown(end.next_values(1)[0])}"


def _off_grid_message(end, index, at, odd, name):
    """Why the value number `odd` is not the next one, where all lie `at` so many steps after `end`."""
    if at[odd] < 0:
        return (
            f"The index of {name} does not go on as the history does: that ends at {_shown(end.last)} and goes on "
            f"{_beginning(end)} in steps of {step_name(end.step, end.last)}, but {name} has {_shown(index[odd])}."
        )
    missing = end.next_values(int(at[odd - 1]) + 1)[-1]
    return (
        f"The index of {name} leaves out {_shown(missing)}: {_shown(index[odd - 1])} is followed by "
        f"{_shown(index[odd])}. There must be a row for every step of {step_name(end.step, end.last)}."
    )


def _is_undecided(index):
    """Whether nothing speaks against a regular step, but several are possible."""
    import pandas as pd

    return isinstance(index, pd.DatetimeIndex) and (len(index) < 3 or inferred_frequency(index) is not None)


def _gap_message(index, name):
    """What an index that is in order leaves out, and the call that mends it."""
    step = _step_with_gaps(index)
    if step is None:
        return _irregular_message(index, name)
    start = _start(index)
    at = steps_from(start, index, step)
    row = _first_odd(at) - 1
    skipped = f"The index of {name} has a gap: {_shown(index[row])} is followed by {_shown(index[row + 1])}"
    missing = replace(start, last=index[row], step=step).next_values(1)[0]
    return (
        f"{skipped}, and {_shown(missing)} is missing ({at[-1] + 1 - len(at)} in all). "
        f"{_filling_call(index, step, name)} adds rows for them, with NaN, which a Forecaster passes over; "
        f"{name}.reset_index(drop=True) counts the rows instead."
    )


def _filling_call(index, step, name):
    import pandas as pd

    if isinstance(index, pd.DatetimeIndex):
        if index.tz is None or is_absolute(step) or _is_plain(index, step):
            return f'{name}.asfreq("{step.freqstr}")'
        wall, _ = wall_clock(index)
        days = f'pd.date_range("{wall[0]}", "{wall[-1]}", freq="{step.freqstr}")'
        return f'{name}.reindex({days}.tz_localize("{index.tz}", nonexistent="shift_forward", ambiguous=True))'
    if isinstance(index, pd.PeriodIndex):
        return f"{name}.reindex(pd.period_range({name}.index[0], {name}.index[-1]))"
    return f"{name}.reindex(range({index[0]}, {index[-1] + step}, {step}))"


def _is_plain(index, step):
    """Whether pandas can make the stamps in between: no clock is changed over one."""
    import pandas as pd

    wall, _ = wall_clock(index)
    grid = pd.date_range(wall[0], wall[-1], freq=step)
    return not grid.tz_localize(index.tz, nonexistent="NaT", ambiguous="NaT").hasnans


def _irregular_message(index, name):
    """Where an index first departs from its most usual step."""
    import pandas as pd

    step = max(_likely_steps(index), key=lambda step: _follow_each_other(index[:1000], step).sum())
    follows = _follow_each_other(index, step)
    row = int(follows.argmin()) + 1  # the first one where all do: then it is the beginning that is no such value
    is_usual = follows.mean() > 0.5
    if isinstance(index, pd.DatetimeIndex) and _is_a_day_of_the_month(index):
        return (
            f"The index of {name} has no frequency that pandas knows: day {index[0].day} of each month. "
            f'{name}.set_axis({name}.index.to_period("M")) makes months of it.'
        )
    departs = f"it begins with {', '.join(map(_shown, index[:3]))}"
    if is_usual:
        usual, before, after = step_name(step, index[0]), _shown(index[row - 1]), _shown(index[row])
        departs = f"mostly it is {usual}, but {before} is followed by {after}"
    return (
        f"The index of {name} has no regular step: {departs}. {_resampling_call(index, step, is_usual, name)}"
        f"{name}.reset_index(drop=True) counts the rows."
    )


def _is_a_day_of_the_month(index):
    """Whether stamps are at the same day and hour of months that differ."""
    times = index - index.normalize()
    return index.day.nunique() == 1 and times.nunique() == 1 and (index.year * 12 + index.month).is_unique


def _follow_each_other(index, step):
    """Whether each value but the first is one step after the one before it."""
    import pandas as pd

    if isinstance(index, pd.PeriodIndex):
        return np.diff(index.asi8) == step.n
    if isinstance(index, pd.DatetimeIndex) and not is_absolute(step):
        index, _ = wall_clock(index)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that some offsets are added one by one
        return np.asarray(index[:-1] + step == index[1:])


def _resampling_call(index, step, is_usual, name):
    """What makes irregular stamps regular: at their usual step or, where they have none, at a round one."""
    import pandas as pd

    if not isinstance(index, pd.DatetimeIndex):
        return ""
    typical = (index[-1] - index[0]) / (len(index) - 1)
    coarse = next((unit for unit in ("ms", "s", "min", "h", "D", "W") if pd.Timedelta(1, unit=unit) >= typical), "MS")
    return f'{name}.resample("{step.freqstr if is_usual else coarse}").mean() gives it one; '


def _step_with_gaps(index):
    """The step on whose grid all values lie, with the fewest of the grid left out; None if there is none."""
    start, fewest, best = _start(index), np.inf, None
    for step in _likely_steps(index):
        if (steps_from(start, index[:100], step) < 0).any():
            continue  # without making the grid of all
        at = steps_from(start, index, step)
        if (at >= 0).all() and at[-1] < fewest and _is_usual(at, index):
            fewest, best = at[-1], step
    return best


def _is_usual(at, index):
    """Whether values follow each other by one step more often than by any other number (of periods it is said)."""
    import pandas as pd

    return isinstance(index, pd.PeriodIndex) or _most_common(np.diff(at)) == 1


def _likely_steps(index):
    """Steps that an index with gaps may have, the most usual one first."""
    import pandas as pd

    if isinstance(index, pd.PeriodIndex):
        return [index.freq]
    if not isinstance(index, pd.DatetimeIndex):
        return [_most_common(np.diff(index.to_numpy(np.int64)))]
    last = len(index) - 3
    starts = {*range(min(last + 1, N_STRETCHES)), *range(max(0, last + 1 - N_STRETCHES), last + 1)}
    inferred = Counter(inferred_frequency(index[start : start + 3]) for start in sorted(starts))
    common = _most_common_difference(index)
    steps = [common if step is None else step for step, _ in inferred.most_common()]
    calendar = map(pd.tseries.frequencies.to_offset, ("MS", "ME", "B"))
    return [*steps, common, *calendar, *month_parts(wall_clock(index)[0])]


def _start(index):
    """The beginning of an index, as the `IndexEnd` from which its values can be counted."""
    import pandas as pd

    first = index[0] if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) else int(index[0])
    return replace(index_end(index), last=first)


def _most_common_difference(index):
    """Between stamps in a row: in days of local time or, where it is none, in absolute time."""
    import pandas as pd

    local = _most_common(np.diff(wall_clock(index)[0].asi8))
    days, rest = divmod(pd.Timedelta(local, unit=index.unit), pd.Timedelta(days=1))
    if not rest:
        return pd.offsets.Day(days)
    return pd.tseries.frequencies.to_offset(pd.Timedelta(_most_common(np.diff(index.asi8)), unit=index.unit))


def _most_common(values):
    """The most common of some integers, of several the smallest."""
    values, counts = np.unique(values, return_counts=True)
    return int(values[counts.argmax()])


def _first_odd(at):
    """The first value that is not one step after the one before it; None if there is none."""
    odd = (at < 0) | (np.diff(at, prepend=at[0] - 1) != 1)
    return int(odd.argmax()) if odd.any() else None
