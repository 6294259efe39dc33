"""Find the step of an index that leaves out some values, or has some that do not fit.

pandas is imported inside the functions: a user with a pandas index has imported it already.
"""

from collections import Counter
from dataclasses import replace

import numpy as np

from sklstm._time_index.steps import (
    index_end,
    inferred_frequency,
    is_absolute,
    offsets_within_months,
    steps_from,
)
from sklstm._time_index.wall_clock import wall_clock
from sklstm._utils.ignored_warnings import ignored_warnings

# Number of groups of three timestamps, at either end of an index, in which a frequency is looked for.
MAX_GROUPS = 60


def step_with_gaps(index):
    """Return the step of a regular grid on which all values lie; None if there is none.

    If there are several such steps, the grid of the returned one has the fewest values that are not in the index.
    """
    start, fewest, best = index_start(index), np.inf, None
    for step in _likely_steps(index):
        if (steps_from(start, index[:100], step) < 0).any():
            continue  # then the grid of the whole index is not needed
        positions = steps_from(start, index, step)
        if (positions >= 0).all() and positions[-1] < fewest and _is_most_common_step(positions, index):
            fewest, best = positions[-1], step
    return best


def _is_most_common_step(positions, index):
    """Whether the most common distance of consecutive values is one step; always true for periods."""
    import pandas as pd

    return isinstance(index, pd.PeriodIndex) or most_common_value(np.diff(positions)) == 1


def most_common_step(index):
    """Return the step by which most values of an index follow each other."""
    return max(_likely_steps(index), key=lambda step: are_consecutive(index[:1000], step).sum())


def _likely_steps(index):
    """Return the steps that an index with gaps may have, the most likely one first."""
    import pandas as pd

    if isinstance(index, pd.PeriodIndex):
        return [index.freq]
    if not isinstance(index, pd.DatetimeIndex):
        return [most_common_value(np.diff(index.to_numpy(np.int64)))]
    last = len(index) - 3
    starts = {*range(min(last + 1, MAX_GROUPS)), *range(max(0, last + 1 - MAX_GROUPS), last + 1)}
    inferred = Counter(inferred_frequency(index[start : start + 3]) for start in sorted(starts))
    common = _most_common_difference(index)
    steps = [common if step is None else step for step, _ in inferred.most_common()]
    calendar = map(pd.tseries.frequencies.to_offset, ("MS", "ME", "B"))
    return [*steps, common, *calendar, *offsets_within_months(wall_clock(index)[0])]


def index_start(index):
    """Return the first value of an index as an `IndexEnd`, from which its values can be counted."""
    import pandas as pd

    first = index[0] if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) else int(index[0])
    return replace(index_end(index), last=first)


def _most_common_difference(index):
    """Return the most common difference of consecutive timestamps, in days of local time if possible, else absolute."""
    import pandas as pd

    local = most_common_value(np.diff(wall_clock(index)[0].asi8))
    days, rest = divmod(pd.Timedelta(local, unit=index.unit), pd.Timedelta(days=1))
    if not rest and days > 0:
        return pd.offsets.Day(days)
    return pd.tseries.frequencies.to_offset(pd.Timedelta(most_common_value(np.diff(index.asi8)), unit=index.unit))


def are_consecutive(index, step):
    """Whether each value but the first lies one step after the one before it."""
    import pandas as pd

    if isinstance(index, pd.PeriodIndex):
        return np.diff(index.asi8) == step.n
    if isinstance(index, pd.DatetimeIndex) and not is_absolute(step):
        index, _ = wall_clock(index)
    with ignored_warnings():  # pandas warns that it adds some offsets one by one
        return np.asarray(index[:-1] + step == index[1:])


def most_common_value(values):
    """Return the most common of some integers; the smallest one if there are several."""
    values, counts = np.unique(values, return_counts=True)
    return int(values[counts.argmax()])


def first_nonconsecutive(positions):
    """Find the first position that is not one step after the one before it.

    Parameters
    ----------
    positions : ndarray of int
        As `steps_from` returns them.

    Returns
    -------
    row : int or None
    """
    is_other = (positions < 0) | (np.diff(positions, prepend=positions[0] - 1) != 1)
    return int(is_other.argmax()) if is_other.any() else None
