"""Draw forecasts, one series and target on each Axes."""

import numpy as np

from sklstm._forecasting.metrics import coverages
from sklstm._plot.axes import legend_entries
from sklstm._plot.labels import as_label, format_name, format_name_of
from sklstm._plot.style import THIN_LINE, area_style, line_style, mark_isolated_points, naming_style
from sklstm._plot.time_axis import axis_positions, format_time_axis
from sklstm._time_index.messages import format_time

MIN_OPACITY, MAX_OPACITY = 0.15, 0.45  # of the widest and of the narrowest interval
LEAST_SHARE = 1 / 3  # of a common axis of times that each series covers; otherwise each has an axis of its own


# ---- the grid of axes


def arrange_axes(ax, subplots):
    """Return the user's axes, row by row, as an array (1 + n_components, n_subplots); the first row has the forecasts.

    Raises
    ------
    ValueError
        Unless there is one Axes for each subplot and component.
    """
    names = subplots[0].shown_components
    axes, n = np.ravel(np.asarray(ax, dtype=object)), len(subplots)
    if len(axes) != n * (1 + len(names)):
        rows = "".join(f", then {n} for the {name}" for name in names)
        rows = f": first {n} for the forecasts{rows}" if names else ", one for each series and target"
        raise ValueError(f"ax must hold {n * (1 + len(names))} axes{rows}; got {len(axes)}.")
    return axes.reshape(1 + len(names), n)


def new_axes_grid(subplots):
    """Create a figure with a grid of Axes: an array (1 + n_components, n_subplots).

    Components lie below their forecast, and share its time axis. Forecasts share it, too, unless they lie far apart.
    Without components, the targets of a series lie side by side, if there are at most four.
    """
    import matplotlib.pyplot as plt

    n_components = len(subplots[0].shown_components)
    n_rows, n_columns, options = _grid(subplots) if not n_components else _grid_with_components(subplots)
    shared = True if _lie_together(subplots) else "col" if n_components else False
    _, axes = plt.subplots(n_rows, n_columns, sharex=shared, squeeze=False, layout="constrained", **options)
    n = len(subplots) * (1 + n_components)
    for unused in axes.flat[n:]:
        unused.remove()
    axes = axes.ravel()[:n]
    for ax in axes[-n_columns:]:  # the lowest of each column, which may lie above an empty place
        ax.tick_params(labelbottom=True)
        ax.xaxis.offsetText.set_visible(True)
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.margins(x=0.02)
    return axes.reshape(1 + n_components, -1)


def _lie_together(subplots):
    """Whether each subplot covers a good share of the times that all of them cover."""
    times = [axis_positions(subplot.history.index.append(subplot.forecast.index)) for subplot in subplots]
    whole = max(part[-1] for part in times) - min(part[0] for part in times)
    return min(part[-1] - part[0] for part in times) >= LEAST_SHARE * whole


def _grid(subplots):
    """Return the numbers of rows and columns, and options of the figure, for forecasts without components."""
    n, n_targets = len(subplots), len({subplot.target for subplot in subplots})
    n_columns = n_targets if 1 < n_targets < n and n_targets <= 4 else 1 if n <= 3 else 2 if n <= 6 else 3
    n_rows = -(-n // n_columns)
    size = (7.2, 3.6) if n == 1 else (max(7.2, 3.6 * n_columns), 0.6 + 2.0 * n_rows)
    return n_rows, n_columns, {"figsize": size}


def _grid_with_components(subplots):
    """Return the same for forecasts with their components: one column for each forecast, which is twice as high."""
    n, n_components = len(subplots), len(subplots[0].shown_components)
    size = (max(7.2, 3.6 * n), 3.0 + 1.2 * n_components)
    return 1 + n_components, n, {"figsize": size, "gridspec_kw": {"height_ratios": [2] + [1] * n_components}}


def label_grid_margins(axes, subplots):
    """Remove inner axis labels of a grid: the time is shown below it, the name of a single target on its left."""
    n_columns = axes[0].get_gridspec().ncols
    for ax in axes[:-n_columns]:
        ax.set_xlabel("")
    if len({subplot.target for subplot in subplots}) == 1:
        for ax in axes:
            if not ax.get_subplotspec().is_first_col():
                ax.set_ylabel("")
    axes[0].figure.align_ylabels()


# ---- one subplot


def plot_subplot(ax, subplot, name, styles):
    """Plot history, truth, forecast and intervals of one series and target; components have axes of their own.

    Parameters
    ----------
    ax : matplotlib Axes
    subplot : Subplot
    name : str or None
        Put before the labels of the forecast.
    styles : dict
        `history_kwargs`, `truth_kwargs`, `forecast_kwargs` and `interval_kwargs` of `ForecastDisplay.plot`.

    Returns
    -------
    history, truth, forecast : Line2D
        `truth` is None if there is none.
    intervals : list of PolyCollection
    """
    from matplotlib import rcParams

    prefix = "" if name is None else f"{format_name(name)}, "
    style = {"color": rcParams["text.color"], "label": "history", "linewidth": 1.2}
    history = _plot_line(ax, subplot.history, style, styles, "history_kwargs")
    last = subplot.history.dropna()[-1:]
    truth = None
    if subplot.truth is not None:
        # solid, because dashes hide dense values; thinner than the forecast, and drawn above it
        style = {"label": "truth", "linewidth": 0.8, "alpha": 0.7, "color": history.get_color(), "zorder": 2.1}
        truth = _plot_line(ax, subplot.truth, style, styles, "truth_kwargs", last)
    style = {"label": as_label(f"{prefix}forecast"), "linewidth": 1.8}
    forecast = _plot_line(ax, subplot.forecast["forecast"], style, styles, "forecast_kwargs", last)
    color, kwargs = forecast.get_color(), styles["interval_kwargs"] or {}
    with naming_style("interval_kwargs", kwargs):
        intervals = _plot_intervals(ax, last, subplot.forecast, prefix, color, kwargs)
    _format_axes(ax, subplot)
    return history, truth, forecast, intervals


def plot_components(axes, subplot, color, kwargs):
    """Plot the components of one forecast, each on its own Axes.

    Parameters
    ----------
    axes : sequence of Axes
        One for each of `subplot.shown_components`.
    subplot : Subplot
    color : color
        That of the forecast.
    kwargs : dict or None
        `component_kwargs` of `ForecastDisplay.plot`.

    Returns
    -------
    lines : dict of Line2D
        By the name of the component.
    """
    lines, last = {}, subplot.history.dropna()[-1:]
    for ax, name in zip(axes, subplot.shown_components, strict=True):
        if name == "season" or (name == "correction" and subplot.has_baseline):
            ax.axhline(0, **THIN_LINE)
        for origin in axis_positions(last.index):
            ax.axvline(origin, linestyle=":", **THIN_LINE)
        style = {"color": color, "linewidth": 1.5}
        lines[name] = _plot_line(ax, subplot.components[name], style, {"component_kwargs": kwargs}, "component_kwargs")
        format_time_axis(ax, subplot.forecast.index)
        what = name if name != "correction" or subplot.has_baseline else "regressor"
        unit = "" if subplot.target is None else f"\n({format_name_of('target', subplot.target)})"
        ax.set_ylabel(f"{what}{unit}", parse_math=False)
    return lines


def _prepend(last, values):
    """Put the last known value, if any, before other values."""
    import pandas as pd

    return pd.concat([last, values]) if len(last) else values


def _plot_line(ax, values, defaults, styles, argument, last=()):
    """Plot a line that starts at the last known value, with markers for isolated values.

    `argument` is the name of the user's keywords among `styles`.
    """
    style = line_style(defaults, styles[argument])
    style = mark_isolated_points(style, values.to_numpy(dtype=np.float64), offset=len(last), markersize=4)
    values = _prepend(last, values)
    with naming_style(argument, styles[argument]):
        (line,) = ax.plot(axis_positions(values.index), values.to_numpy(dtype=np.float64), **style)
    return line


def _plot_intervals(ax, last, forecast, prefix, color, kwargs):
    """Shade the intervals, the widest first and lightest."""
    widest_first = coverages(forecast.columns)[::-1]
    limits = [[_prepend(last, forecast[f"{side}_{one}"]) for side in ("lower", "upper")] for one in widest_first]
    inner_limits = [None] * len(limits) if "alpha" in kwargs else [*limits, None][1:]
    n = len(limits)
    opacities = np.linspace(MIN_OPACITY, MAX_OPACITY, n) if n > 1 else [(MIN_OPACITY + MAX_OPACITY) / 2] * n
    areas = []
    for coverage, alpha, outer, inner in zip(widest_first, opacities, limits, inner_limits, strict=True):
        style = {"label": as_label(f"{prefix}{coverage} % interval"), "color": color, "alpha": alpha, "linewidth": 0}
        areas.append(_plot_interval(ax, outer, inner, area_style(style, kwargs)))
    return areas


def _plot_interval(ax, outer, inner, style):
    """Shade an interval without the part inside a narrower one, where the shades would add up."""
    from matplotlib.path import Path

    positions, (lower, upper) = axis_positions(outer[0].index), (limit.to_numpy() for limit in outer)
    if inner is None:
        return ax.fill_between(positions, lower, upper, **style)
    middle = (lower + upper) / 2  # where both parts meet if the narrower interval is missing
    inner = [limit.to_numpy() for limit in inner]
    inner = [np.where(np.isnan(limit), middle, np.clip(limit, lower, upper)) for limit in inner]
    # one area of both parts, with a gap between them
    positions = np.concatenate((positions, positions[-1:], positions))
    below, above = (np.concatenate((a, [np.nan], b)) for a, b in ((lower, inner[1]), (inner[0], upper)))
    area = ax.fill_between(positions, below, above, **style)
    parts = Path.make_compound_path(*area.get_paths())
    area.set_verts_and_codes([parts.vertices], [parts.codes])
    return area


def _format_axes(ax, subplot):
    """Set the ticks of the time axis, and the labels."""
    format_time_axis(ax, subplot.forecast.index)
    if subplot.target is not None:
        ax.set_ylabel(format_name_of("target", subplot.target), parse_math=False)
    if subplot.series is not None:
        ax.set_title(format_name_of("series", subplot.series), loc="left", fontsize="medium", parse_math=False)


# ---- title and legend


def set_title(ax, subplot):
    """Set a title with the number of steps and the last known time; keep the title that names a series."""
    if ax.get_title(loc="left"):
        return
    known, n = subplot.history.dropna().index, len(subplot.forecast)
    last = known.tz_localize(None) if getattr(known, "tz", None) is not None else known  # as on the axis of times
    after = f" after {format_time(last[-1])}" if len(known) else ""
    ax.set_title(f"Forecast of {n} step{'s' * (n > 1)}{after}", fontsize="medium")


def plot_legend(axes, outside):
    """Plot one legend for all axes: in the first of them or, with `outside`, above all.

    Above, it has as few rows as the width of the figure allows.
    """
    entries = legend_entries(axes)
    handles, labels = list(entries.values()), list(entries)
    if not outside:
        return axes[0].legend(handles, labels, frameon=False)
    figure = axes[0].figure
    for n_rows in range(1, len(labels) + 1):
        n_columns = -(-len(labels) // n_rows)
        legend = figure.legend(handles, labels, frameon=False, loc="outside upper center", ncols=n_columns)
        if n_columns == 1 or legend.get_window_extent().width <= figure.bbox.width:
            return legend
        legend.remove()
