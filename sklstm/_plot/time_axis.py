"""Place the rows of an index on an axis, and label it by dates or whole numbers."""

import numpy as np

from sklstm._plot.axes import set_integer_ticks, width_in_inches
from sklstm._plot.labels import format_name

TICKS_PER_INCH = 2.0  # of the time axis: more labels such as 12:00 would touch
FEWEST_TICKS = 3  # that any axis has room for
FEWEST_SHOWN = 2  # of a single date, matplotlib writes the time of day alone


def axis_positions(index):
    """Convert an index for matplotlib; timestamps keep their time zone."""
    import pandas as pd

    if isinstance(index, pd.PeriodIndex):
        try:
            index = index.to_timestamp()
        except pd.errors.OutOfBoundsDatetime:  # before pandas 3, timestamps of periods end in 2262
            return index.asfreq("s", how="start").asi8.view("M8[s]")
    return index.to_numpy(dtype=object if getattr(index, "tz", None) is not None else None)


def format_time_axis(ax, index):
    """Set the ticks of an x-axis on which an index is shown, and its label: the name of the index, if it has one."""
    import pandas as pd

    if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) or index.dtype.kind == "O":  # of dates, as was checked
        _set_date_ticks(ax, getattr(index, "tz", None))
    elif index.dtype.kind in "iu":
        set_integer_ticks(ax)
    if index.name is not None:
        ax.set_xlabel(format_name(index.name), parse_math=False)


def _set_date_ticks(ax, time_zone):
    from matplotlib.dates import ConciseDateFormatter

    locator = _make_date_locator(int(TICKS_PER_INCH * width_in_inches(ax)), time_zone)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=time_zone))


def _make_date_locator(room, time_zone):
    """Return a locator of up to about `room` dates, and of at least two if they fit, where matplotlib places fewer."""
    from matplotlib.dates import AutoDateLocator

    class DateLocator(AutoDateLocator):
        def get_locator(self, dmin, dmax):
            chosen = super().get_locator(dmin, dmax)
            if _n_ticks(chosen, dmin, dmax) >= FEWEST_SHOWN:
                return chosen
            for finer in _date_locators(self.tz, min(dmin, dmax).year):
                n_ticks = _n_ticks(finer, dmin, dmax)
                if n_ticks > max(FEWEST_SHOWN, room):
                    break
                if n_ticks >= FEWEST_SHOWN:
                    chosen = finer
            chosen.set_axis(self.axis)
            return chosen

        def __reduce__(self):  # a figure can be pickled, though this class is local
            return _make_date_locator, (room, time_zone), vars(self)

    max_ticks = max(FEWEST_TICKS, room)
    return DateLocator(tz=time_zone, minticks=min(5, (max_ticks - 1) // 2), maxticks=max_ticks)


def _n_ticks(locator, first, last):
    """Count the ticks between two times."""
    from matplotlib.dates import date2num

    low, high = sorted(date2num([first, last]))
    ticks = np.asarray(locator.tick_values(first, last))
    return int(((ticks >= low) & (ticks <= high)).sum())


def _date_locators(time_zone, first_year):
    """Yield locators from every 500 years to every second.

    Each has at most about twice as many ticks as the one before, so that one of them has two to four.
    """
    from matplotlib.dates import DayLocator, HourLocator, MinuteLocator, MonthLocator, SecondLocator, YearLocator

    years = [step * unit for unit in (100, 10, 1) for step in (5, 4, 2, 1)]
    yield from (YearLocator(step, tz=time_zone) for step in years if step < first_year)  # there is no year 0
    yield from (MonthLocator(range(1, 13, step), tz=time_zone) for step in (6, 3, 2, 1))
    yield from (DayLocator(days, tz=time_zone) for days in ([1, 15], [1, 8, 15, 22], range(1, 29, 4), range(1, 30, 2)))
    yield DayLocator(tz=time_zone)
    yield from (HourLocator(range(0, 24, step), tz=time_zone) for step in (12, 6, 3, 2, 1))
    for of_hour in (MinuteLocator, SecondLocator):
        yield from (of_hour(range(0, 60, step), tz=time_zone) for step in (30, 15, 10, 5, 3, 2, 1))
