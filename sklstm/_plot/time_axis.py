"""Place the rows of an index on an axis, and label it by dates or whole numbers."""

from sklstm._plot.axes import set_integer_ticks, width_in_inches
from sklstm._plot.labels import format_name

TICKS_PER_INCH = 2.0  # of the time axis: more labels such as 12:00 would touch
FEWEST_TICKS = 3


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
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    max_ticks = max(FEWEST_TICKS, int(TICKS_PER_INCH * width_in_inches(ax)))
    locator = AutoDateLocator(tz=time_zone, minticks=min(5, (max_ticks - 1) // 2), maxticks=max_ticks)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=time_zone))
