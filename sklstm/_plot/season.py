"""SeasonDisplay: plot the season that a forecaster takes off each series."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

from sklstm._plot.axes import check_axes_array, check_n_panels, set_integer_ticks, table_of_axes, width_in_inches
from sklstm._plot.estimators import check_forecaster, check_has_method
from sklstm._plot.labels import format_name, format_names
from sklstm._plot.style import KWARGS, THIN_LINE, check_styles, line_style, marker_style, naming_style
from sklstm._plot.tables import choose, join_names, numeric_columns
from sklstm._utils.argument_checks import check_whole_number, validate_arguments
from sklstm._utils.error_state import with_default_error_state
from sklstm._utils.public import public

CONSTRAINTS = {"line_kwargs": KWARGS}
COLUMNS = ("factor", "addend")
WEEKDAY, DAYS = "weekday", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS = 24  # of a day
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ROUNDING = 1e-9  # relative to the season, a week that differs by no more from the mean day is shown as equal to it
QUARTERS = ("Q1", "Q2", "Q3", "Q4")
TICK_LABELS = {"month": MONTHS, "quarter": QUARTERS, WEEKDAY: DAYS}  # by the name of the index
INCHES_PER_LABEL = 0.27  # that such a label takes at least; with less, its first letter is shown


@public
class SeasonDisplay:
    """Plot of the season that a forecaster takes off each series: a value for each month, day or hour.

    Use `from_estimator` to show that of a fitted forecaster. All parameters are stored as attributes. Each series of a
    panel, and each of several targets, gets its own axes. If the day and the week are taken off, there are two for
    each: the mean day, and how each hour of the week differs from it: a flat line if no week is taken off.

    Parameters
    ----------
    seasonal_index : DataFrame
        The season by position, as `Forecaster.seasonal_index` returns it.

    Attributes
    ----------
    lines_ : list of dict of matplotlib Line2D
        The lines of each series and target, by the name of the season: that of the index, such as "month", or "day"
        and "week".
    axes_ : ndarray of matplotlib Axes of shape (n, n_seasons)
        A row for each series and target: all targets of the first series, then those of the next.
    ax_ : matplotlib Axes
        The first of `axes_`.
    figure_ : matplotlib Figure
        Figure with the axes.

    See Also
    --------
    Forecaster.seasonal_index : The numbers.
    ForecastDisplay : Plot a forecast above its season, its baseline and its correction.

    Notes
    -----
    With logarithms, the season is a factor, shown around 1. Else it is added, in the units of the target (with a
    `target_transformer`, of the transformed target), and shown around 0. The day is the mean over the seven days, of
    factors the geometric mean. Day and week together (times each other, or added) are the season.

    Examples
    --------
    >>> from sklstm import Forecaster, SeasonDisplay
    >>> from sklstm.datasets import load_airline
    >>> forecaster = Forecaster(trust=0).fit(None, load_airline())
    >>> display = SeasonDisplay(seasonal_index=forecaster.seasonal_index()).plot()
    >>> int(display.lines_[0]["month"].get_ydata().argmin())  # November; January is 0
    10
    """

    def __init__(self, *, seasonal_index):
        self.seasonal_index = seasonal_index

    @classmethod
    @validate_arguments(CONSTRAINTS)
    @with_default_error_state
    def from_estimator(cls, forecaster, *, ax=None, series=None, targets=None, max_panels=12, line_kwargs=None):
        """Plot the season that a fitted forecaster takes off.

        Parameters
        ----------
        forecaster : Forecaster
            A fitted forecaster with a season.
        ax, series, targets, max_panels, line_kwargs
            See `plot`.

        Returns
        -------
        display : SeasonDisplay
            The display, plotted.

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.
        TypeError, ValueError
            If `forecaster` is not a forecaster or has no season, or if an argument is not as described.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import Forecaster, SeasonDisplay
        >>> from sklstm.datasets import load_airline
        >>> forecaster = Forecaster(Ridge(), window_length=12, season=12).fit(None, load_airline())
        >>> display = SeasonDisplay.from_estimator(forecaster)
        >>> list(display.lines_[0])
        ['month']
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        check_forecaster(forecaster, "To plot a season of another kind, use SeasonDisplay(seasonal_index=...).")
        check_has_method(forecaster, "seasonal_index")
        return cls(seasonal_index=forecaster.seasonal_index()).plot(
            ax, series=series, targets=targets, max_panels=max_panels, line_kwargs=line_kwargs
        )

    @validate_arguments(CONSTRAINTS)
    @with_default_error_state
    def plot(self, ax=None, *, series=None, targets=None, max_panels=12, line_kwargs=None):
        """Plot the season.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of Axes, default=None
            Axes to plot on: one for each series and target shown; two if there are day and week. If None, a new figure
            is created.
        series : list of series or a single one, default=None
            Series of a panel to show, in this order. None shows all.
        targets : list of targets or a single one, default=None
            Targets to show, in this order. None shows all.
        max_panels : int, default=12
            Largest number of axes. More raise an error, because they take long to plot and cannot be read.
        line_kwargs : dict, default=None
            Keywords of matplotlib's `Axes.plot`.

        Returns
        -------
        self : SeasonDisplay
            The display, plotted.

        Raises
        ------
        TypeError, ValueError
            If `seasonal_index` or an argument is not as described, or if more than `max_panels` axes are needed.

        Examples
        --------
        >>> import pandas as pd
        >>> from sklstm import SeasonDisplay
        >>> quarters = pd.RangeIndex(1, 5, name="quarter")
        >>> table = pd.DataFrame({"factor": 1.0, "addend": [3.0, 1.0, -1.0, -3.0]}, index=quarters)
        >>> display = SeasonDisplay(seasonal_index=table).plot(line_kwargs={"color": "0.5"})
        >>> [text.get_text() for text in display.ax_.get_xticklabels()]
        ['Q1', 'Q2', 'Q3', 'Q4']
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        check_whole_number(max_panels, "max_panels")
        check_axes_array(ax)
        check_styles(line_kwargs=line_kwargs)
        rows = _read_rows(self.seasonal_index, series, targets, max_panels)
        with table_of_axes(self, ax, len(rows), list(rows[0].parts), height=2.2) as axes:
            self.lines_ = [_plot_row(axes[k], row, line_kwargs) for k, row in enumerate(rows)]
            for one in axes[:-1].ravel() if ax is None else ():
                one.set_xlabel("")
        return self


# ---- the season, checked


@dataclass(frozen=True)
class _Row:
    """The season of one series and target.

    Parameters
    ----------
    series, target : object
        None where there is but one, without a name.
    is_factor : bool
    parts : dict of ndarray
        By the name of the season: values in the order of the positions.
    first : int
        The number of the first position.
    """

    series: Hashable
    target: Hashable
    is_factor: bool
    parts: dict[str, np.ndarray]
    first: int


def _read_rows(table, series, targets, max_panels):
    """Check a seasonal index and split it into a _Row for each series and target."""
    _check_table(table)
    has_week = _has_week(table)
    is_panel = table.index.nlevels == 2 + has_week
    names = list(table.columns.droplevel(-1).unique()) if table.columns.nlevels > 1 else [None]
    keys = list(table.index.get_level_values(0).unique()) if is_panel else [None]
    series, targets = choose("series", series, keys), choose("targets", targets, names)
    check_n_panels({"series": series, "targets": targets}, 1 + has_week, max_panels)
    return [_read_row(table, key, target, has_week) for key in series for target in targets]


def _check_table(table):
    """Raise an error unless a table has the columns and the levels of a seasonal index."""
    import pandas as pd

    made_by = "Pass it as Forecaster.seasonal_index returns it."
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"seasonal_index must be a DataFrame, got {type(table).__name__}. {made_by}")
    if not len(table) or not 1 <= table.index.nlevels <= 3:
        raise ValueError(
            f"seasonal_index must have rows, and one to three index levels; got {len(table)} rows and "
            f"{table.index.nlevels} level(s). {made_by}"
        )
    last = [column[-1] if isinstance(column, tuple) else column for column in table.columns]
    n_targets = table.shape[1] // 2
    is_whole = last == list(COLUMNS) * n_targets and not table.columns.has_duplicates
    if not n_targets or not is_whole or (table.columns.nlevels == 1 and n_targets > 1):
        raise ValueError(
            f"seasonal_index must have the columns 'factor' and 'addend' of each target, got "
            f"{join_names(list(table.columns))}. {made_by}"
        )
    names = [str(column) for column in table.columns]
    values = numeric_columns(table, range(table.shape[1]), names, "seasonal_index")
    if values.isna().to_numpy().any():
        raise ValueError(f"seasonal_index has a missing value. {made_by}")
    if table.index.has_duplicates:
        raise ValueError(f"seasonal_index has {table.index[table.index.duplicated()][0]} more than once. {made_by}")


def _has_week(table):
    """Whether a seasonal index has a level of weekdays above that of positions."""
    return table.index.nlevels > 1 and table.index.names[-2] == WEEKDAY


def _read_row(table, key, target, has_week):
    """Read the season of one series and target."""
    rows = table if key is None else table[table.index.get_level_values(0) == key]
    columns = rows if target is None else rows[target]
    factor, addend = (columns[name].to_numpy(dtype=np.float64) for name in COLUMNS)
    is_factor = bool((factor != 1).any())
    if is_factor and addend.any():
        raise ValueError("seasonal_index has factors other than 1 and addends other than 0 of the same target.")
    if is_factor and (factor <= 0).any():
        raise ValueError(f"seasonal_index has the factor {factor.min()}; factors must be above 0.")
    values, positions = factor if is_factor else addend, rows.index.get_level_values(-1)
    name = "position" if rows.index.names[-1] is None else str(rows.index.names[-1])
    parts = _day_and_week(values, is_factor) if has_week else {name: values}
    first = positions[0] if positions.dtype.kind in "iu" else 0
    return _Row(key, target, is_factor, parts, int(first))


def _day_and_week(values, is_factor):
    """Split the season of a week into the mean day, and how each position of the week differs from it."""
    if len(values) % len(DAYS):
        raise ValueError(f"seasonal_index must have as many rows of each weekday, got {len(values)} rows.")
    grid = (np.log(values) if is_factor else values).reshape(len(DAYS), -1)
    day = grid.mean(axis=0)
    week = (grid - day).ravel()
    if np.abs(week).max() <= ROUNDING * np.abs(grid).max():
        week = np.zeros_like(week)
    parts = {"day": day, "week": week}
    return {name: np.exp(part) for name, part in parts.items()} if is_factor else parts


# ---- drawing


def _plot_row(axes, row, kwargs):
    """Draw the seasons of one series and target, each on its Axes: lines by name."""
    lines = {}
    for ax, (name, values) in zip(axes, row.parts.items(), strict=True):
        positions = (
            np.arange(len(values)) / len(row.parts["day"]) if name == "week" else row.first + np.arange(len(values))
        )
        ax.axhline(1 if row.is_factor else 0, **THIN_LINE)
        style = marker_style(len(values))
        with naming_style("line_kwargs", kwargs):
            (lines[name],) = ax.plot(positions, values, **line_style(style, kwargs))
        _format_positions(ax, name, row)
    if "week" in row.parts and np.ptp(row.parts["week"]) == 0:
        _include_heights(axes[1], row.parts["day"])  # a flat line, on the scale of the day
    _label(axes, row)
    return lines


def _include_heights(ax, values):
    """Extend the axis of values of an Axes to further values."""
    ax.update_datalim([(0, values.min()), (0, values.max())], updatex=False)
    ax.autoscale_view(scalex=False)


def _format_positions(ax, name, row):
    """Set the ticks of the axis of positions."""
    labels, n = TICK_LABELS.get(name, ()), len(row.parts[name])
    ax.set_xlabel(format_name(name), parse_math=False)
    if name == "week":
        for midnight in range(1, len(DAYS)):
            ax.axvline(midnight, linestyle=":", **THIN_LINE)
        ax.set_xticks(np.arange(len(DAYS)) + 0.5, _fitting(ax, DAYS))
        ax.tick_params(axis="x", length=0)
    elif len(labels) >= n:
        ax.set_xticks(row.first + np.arange(n), _fitting(ax, labels[:n]), fontsize="small")
    elif n % HOURS == 0 and name in ("hour", "day"):
        hours = np.arange(0, HOURS, 3 if width_in_inches(ax) > HOURS / 3 * INCHES_PER_LABEL else 6)
        ax.set_xticks(hours * (n // HOURS), hours)
        ax.set_xlabel("hour of the day")
    else:
        set_integer_ticks(ax)


def _fitting(ax, labels):
    """Return the labels of the ticks of an Axes, or their first letters where it is narrow."""
    is_narrow = width_in_inches(ax) < INCHES_PER_LABEL * len(labels) and len(labels) > len(QUARTERS)
    return [label[0] for label in labels] if is_narrow else labels


def _label(axes, row):
    """Label the axis of values, and name the series."""
    for ax in axes:
        ax.set_ylabel("factor" if row.is_factor else "addend")
    axes[0].set_title(format_names(row.series, row.target), loc="left", fontsize="medium", parse_math=False)
