"""What a pandas index says about time: where it ends, how it goes on, what follows it.

pandas is imported inside; whoever holds a pandas index has it loaded already.
"""

import sys
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class IndexEnd:
    """The last value of an index of time and the step at which it goes on.

    Parameters
    ----------
    last : Timestamp, Period or int
    step : DateOffset or int or None
        None where the values do not agree on one.
    name : object
        The index's name.
    """

    last: Any
    step: Any
    name: Any

    def from_last(self, steps):
        """The index of `steps` values, of which the last one known is the first."""
        import pandas as pd

        if isinstance(self.last, pd.Timestamp):
            stamps = pd.date_range(self.last, periods=steps, freq=self.step, name=self.name)
            return stamps.as_unit(self.last.unit)
        if isinstance(self.last, pd.Period):
            return pd.period_range(self.last, periods=steps, name=self.name)
        return pd.RangeIndex(self.last, self.last + steps * self.step, self.step, name=self.name)

    def next_values(self, steps):
        """The index of the next `steps` values."""
        return self.from_last(steps + 1)[1:]


def is_pandas(data):
    """Whether `data` is a pandas Series or DataFrame (a list has an `index` too)."""
    pd = sys.modules.get("pandas")
    return pd is not None and isinstance(data, pd.Series | pd.DataFrame)


def index_end(index):
    """The `IndexEnd` of a DatetimeIndex, PeriodIndex or index of integers; None for any other."""
    import pandas as pd

    if not len(index) or isinstance(index, pd.MultiIndex) or index.hasnans:
        return None
    if isinstance(index, pd.DatetimeIndex):
        step = index.freq if index.freq is not None else _agreed_frequency(index)
    elif isinstance(index, pd.PeriodIndex):
        regular = pd.period_range(index[0], periods=len(index)).equals(index.rename(None))
        step = index.freq if regular else None
    elif index.dtype.kind in "iu":
        step = _agreed_difference(index)
    else:
        return None
    if not index.is_monotonic_increasing:
        step = None  # what runs backwards is in no order of time
    last = int(index[-1]) if index.dtype.kind in "iu" else index[-1]
    return IndexEnd(last, step, index.name)


def directly_follows(end, index):
    """Whether the values of `index` begin one step after `end`; warns where they begin later."""
    here = None if end is None else index_end(index)
    if here is None or type(here.last) is not type(end.last):
        return False
    first = index[0]
    try:
        later = first > end.last
    except (TypeError, ValueError):  # with and without a time zone; periods of unlike frequency
        return False
    if not later:
        return False
    if end.step is not None and end.next_values(1)[0] == first:
        return True
    reason = "has no regular step" if end.step is None else f"should go on at {end.next_values(1)[0]}"
    warnings.warn(
        f"The index begins at {first}, after the training index's end {end.last} but not one step after it (the "
        f"training index {reason}): its first windows have no history and stay empty. "
        "A table whose steps are regular has a history: see asfreq.",
        UserWarning,
        stacklevel=4,  # transform, scikit-learn's wrapper of it, the caller
    )
    return False


def _agreed_difference(index):
    """The step that all of an index of integers agrees on, or None."""
    import pandas as pd

    if isinstance(index, pd.RangeIndex):
        return index.step
    differences = np.unique(np.diff(index.to_numpy().astype(np.int64)))
    return int(differences[0]) if len(differences) == 1 and differences[0] else None


def _agreed_frequency(index):
    """The frequency that all stamps agree on, or None.

    Five days in a row may be a working week as well as a part of every day: without a weekend
    among them, days are no frequency.
    """
    import pandas as pd

    if len(index) < 3:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas 3 announces that it will return an offset; either will do
        frequency = pd.infer_freq(index)
    if frequency is None:
        return None
    step = pd.tseries.frequencies.to_offset(frequency)
    if isinstance(step, pd.offsets.Day) and index.day_of_week.max() < 5:
        return None
    regular = pd.date_range(index[0], periods=len(index), freq=step)
    return step if (regular == index).all() else None
