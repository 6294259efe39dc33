"""A forecast beside the series that it continues."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import check_is_fitted

from sklstm._index import is_pandas
from sklstm._plot._axes import area_style, line_style, without_neighbours
from sklstm._scores import coverages

HORIZONS_OF_HISTORY = 3  # how much history is shown by default: so many times the horizon,
LEAST_HISTORY = 24  # and at least so many rows
FAINTEST, STRONGEST = 0.15, 0.4  # opacity of the widest and of the narrowest interval


class ForecastDisplay:
    """Plot of a forecast with its intervals, of the history before it, and of what came instead.

    `from_estimator` makes one from a fitted forecaster, `from_predictions` from what a forecaster said. All
    parameters are stored as attributes. Each series of a panel, and each of several targets, has axes
    of its own.

    Parameters
    ----------
    history : Series or DataFrame
        The known values, one column per target. Panels have two index levels (series, time).
    forecast : Series or DataFrame
        What `Forecaster.forecast` returns, with or without intervals. It begins after the history.
    truth : Series or DataFrame, default=None
        What really came, in the form of `history`. Shown at the times that are forecast: it may be the
        whole series.

    Attributes
    ----------
    history_lines_ : list of matplotlib Line2D
        The history, for each of the axes.
    truth_lines_ : list of matplotlib Line2D or None
        The truth, None on axes without one.
    forecast_lines_ : list of matplotlib Line2D
        The forecast, from the last known value on.
    interval_bands_ : list of list of matplotlib PolyCollection
        The intervals, widest first.
    legend_ : matplotlib Legend
        Of a new figure, or of the first of the axes that were given.
    axes_ : ndarray of matplotlib Axes of shape (n_panels,)
        Axes with the forecasts: of the first series all targets, then of the next.
    ax_ : matplotlib Axes
        The first of them, or the only one.
    figure_ : matplotlib Figure
        Figure with the axes.

    See Also
    --------
    BacktestDisplay : The error by step ahead, over many origins.

    Notes
    -----
    Line and intervals of the forecast begin at the last known value, where nothing is uncertain. Periods are
    shown at their start, stamps with a time zone in that zone.

    Examples
    --------
    >>> from sklstm import ForecastDisplay
    >>> from sklstm.datasets import load_airline
    >>> passengers = load_airline()
    >>> last_year = passengers[-24:-12].set_axis(passengers.index[-12:])
    >>> display = ForecastDisplay(history=passengers[:-12], forecast=last_year, truth=passengers)
    >>> display.plot(n_history=36)
    <...ForecastDisplay object at ...>
    >>> [text.get_text() for text in display.legend_.get_texts()]
    ['history', 'truth', 'forecast']
    """

    def __init__(self, *, history, forecast, truth=None):
        self.history = history
        self.forecast = forecast
        self.truth = truth

    @classmethod
    def from_estimator(
        cls,
        forecaster,
        steps,
        X_future=None,
        *,
        truth=None,
        coverage=None,
        ax=None,
        n_history=None,
        series=None,
        targets=None,
        max_panels=12,
        name=None,
        history_kwargs=None,
        truth_kwargs=None,
        forecast_kwargs=None,
        interval_kwargs=None,
    ):
        """Forecast with a fitted forecaster and plot it.

        Parameters
        ----------
        forecaster : Forecaster
            Fitted.
        steps : int
            How many steps to forecast.
        X_future : DataFrame or ndarray, default=None
            As for `Forecaster.forecast`.
        truth : Series or DataFrame, default=None
            What really came.
        coverage : float or list of float, default=None
            Coverage of the intervals, as for `Forecaster.forecast`. None shows no intervals.
        ax, n_history, series, targets, max_panels, name
            As for `plot`.
        history_kwargs, truth_kwargs, forecast_kwargs, interval_kwargs
            As for `plot`.

        Returns
        -------
        display : ForecastDisplay
            Drawn.

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.
        TypeError
            If it is no forecaster.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import Forecaster
        >>> from sklstm import ForecastDisplay
        >>> from sklstm.datasets import load_airline
        >>> forecaster = Forecaster(Ridge(), window_length=12).fit(None, load_airline())
        >>> display = ForecastDisplay.from_estimator(forecaster, 12)
        >>> len(display.forecast_lines_[0].get_xdata())
        13
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        check_is_fitted(forecaster)
        if not (hasattr(forecaster, "forecast") and hasattr(forecaster, "history_")):
            raise TypeError(
                f"{type(forecaster).__name__} is no forecaster: give a fitted Forecaster, or what another model "
                "forecast to ForecastDisplay.from_predictions."
            )
        forecast = forecaster.forecast(steps, X_future, coverage=coverage)
        display = cls(history=forecaster.history_, forecast=forecast, truth=truth)
        kwargs = {"history_kwargs": history_kwargs, "truth_kwargs": truth_kwargs}
        kwargs |= {"forecast_kwargs": forecast_kwargs, "interval_kwargs": interval_kwargs}
        chosen = {"n_history": n_history, "series": series, "targets": targets, "max_panels": max_panels}
        return display.plot(ax, name=name, **chosen, **kwargs)

    @classmethod
    def from_predictions(
        cls,
        history,
        forecast,
        *,
        truth=None,
        ax=None,
        n_history=None,
        series=None,
        targets=None,
        max_panels=12,
        name=None,
        history_kwargs=None,
        truth_kwargs=None,
        forecast_kwargs=None,
        interval_kwargs=None,
    ):
        """Plot what was forecast.

        Parameters
        ----------
        history : Series or DataFrame
            The known values, one column per target. Panels have two index levels (series, time).
        forecast : Series or DataFrame
            In the form in which `Forecaster.forecast` returns it: values, or the columns `forecast`, `lower_90`,
            `upper_90`, … (below one level more for several targets).
        truth : Series or DataFrame, default=None
            What really came.
        ax, n_history, series, targets, max_panels, name
            As for `plot`.
        history_kwargs, truth_kwargs, forecast_kwargs, interval_kwargs
            As for `plot`.

        Returns
        -------
        display : ForecastDisplay
            Drawn.

        Examples
        --------
        >>> import pandas as pd
        >>> from sklstm import ForecastDisplay
        >>> history = pd.Series([1.0, 2.0, 4.0], name="level")
        >>> columns = {"forecast": [5.0, 6.0], "lower_90": [4.0, 4.0], "upper_90": [6.0, 8.0]}
        >>> forecast = pd.DataFrame(columns, index=[3, 4])
        >>> display = ForecastDisplay.from_predictions(history, forecast)
        >>> display.forecast_lines_[0].get_ydata().tolist()
        [4.0, 5.0, 6.0]
        """
        check_matplotlib_support(f"{cls.__name__}.from_predictions")
        display = cls(history=history, forecast=forecast, truth=truth)
        kwargs = {"history_kwargs": history_kwargs, "truth_kwargs": truth_kwargs}
        kwargs |= {"forecast_kwargs": forecast_kwargs, "interval_kwargs": interval_kwargs}
        chosen = {"n_history": n_history, "series": series, "targets": targets, "max_panels": max_panels}
        return display.plot(ax, name=name, **chosen, **kwargs)

    def plot(
        self,
        ax=None,
        *,
        n_history=None,
        series=None,
        targets=None,
        max_panels=12,
        name=None,
        history_kwargs=None,
        truth_kwargs=None,
        forecast_kwargs=None,
        interval_kwargs=None,
    ):
        """Draw the forecast.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of Axes, default=None
            Where to draw: as many as there are series to show (times targets). None makes a new figure.
        n_history : int, default=None
            How many of the last known rows to show, of each series. None: three times as many as are
            forecast, and at least 24.
        series : list, default=None
            Which series of a panel to show, in this order. None shows all that are forecast.
        targets : list, default=None
            Which targets to show, in this order. None shows all.
        max_panels : int, default=12
            More axes than these are refused: they take long to draw and cannot be read.
        name : str, default=None
            Put before the forecast's labels in the legend, to tell several models on the same axes apart.
        history_kwargs : dict, default=None
            How to draw the history: keywords of matplotlib's `Axes.plot`.
        truth_kwargs : dict, default=None
            How to draw the truth: likewise.
        forecast_kwargs : dict, default=None
            How to draw the forecast: likewise.
        interval_kwargs : dict, default=None
            How to draw every interval: keywords of `Axes.fill_between`.

        Returns
        -------
        self : ForecastDisplay
            Drawn.

        Raises
        ------
        TypeError
            If history, forecast or truth are not from pandas, or not of one kind of index.
        ValueError
            If they do not belong together, if there are more panels than `max_panels`, or another number of
            axes than of panels.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        if n_history is not None and not (isinstance(n_history, Integral) and n_history >= 1):
            raise ValueError(f"n_history must be None or a whole number from 1 on, got {n_history!r}.")
        panels = _panels(self, series, targets, max_panels, n_history)
        axes = _new_axes(panels) if ax is None else _given_axes(ax, len(panels))
        kwargs = (history_kwargs, truth_kwargs, forecast_kwargs, interval_kwargs)
        artists = [_draw(*pair, name, *kwargs) for pair in zip(axes, panels, strict=True)]
        if ax is None:
            _keep_labels_at_the_margins(axes, panels)
        columns = [list(column) for column in zip(*artists, strict=True)]
        self.history_lines_, self.truth_lines_, self.forecast_lines_, self.interval_bands_ = columns
        self.axes_, self.ax_, self.figure_ = axes, axes[0], axes[0].figure
        self.legend_ = _draw_legend(axes, outside=ax is None)
        return self


# ---- from tables to panels


@dataclass(frozen=True)
class _Panel:
    """What one axes shows: a series (None where there is only one) of one target."""

    series: Any
    target: Any
    history: Any  # Series, its last rows
    forecast: Any  # DataFrame with `forecast`, `lower_90`, …
    truth: Any  # Series with the forecast's index, or None


def _panels(display, series, targets, max_panels, n_history):
    _check_tables(display)
    index = display.forecast.index
    known = list(index.unique(0)) if index.nlevels == 2 else [None]
    series = _chosen("series", series, known)
    targets = _chosen("targets", targets, _target_names(display.history))
    n_panels = len(series) * len(targets)
    if n_panels > max_panels:
        raise ValueError(
            f"{len(series)} series of {len(targets)} target(s) are {n_panels} panels, more than "
            f"max_panels={max_panels}: choose some, as with {_example(series, targets)}, or raise max_panels."
        )
    panels = [_panel(display, one, target, n_history) for one in series for target in targets]
    if display.truth is not None and all(panel.truth is None for panel in panels):
        times = index.get_level_values(-1)
        raise ValueError(f"truth has no value between {times.min()} and {times.max()}, at the times that are forecast.")
    return panels


def _check_tables(display):
    tables = {"history": display.history, "forecast": display.forecast, "truth": display.truth}
    for name, table in tables.items():
        if table is None and name == "truth":
            continue
        if not is_pandas(table):
            raise TypeError(f"{name} must be a pandas Series or DataFrame, got {type(table).__name__}.")
        if table.index.nlevels != display.forecast.index.nlevels or table.index.nlevels > 2:
            raise ValueError(
                f"{name} has {table.index.nlevels} index level(s) and the forecast {display.forecast.index.nlevels}: "
                "all must have one (time) or, for panels, two (series, time)."
            )
    if not len(display.forecast):
        raise ValueError("the forecast has no rows.")


def _chosen(what, given, known):
    if given is None:
        return known
    given = [given] if isinstance(given, str) else list(given)
    unknown = [one for one in given if one not in known]
    if unknown or not given:
        there = "none, as it is no panel" if known == [None] and what == "series" else _shortened(known)
        raise ValueError(f"{what} must be None or a list of those in the forecast ({there}), got {given!r}.")
    return given


def _shortened(names, most=10):
    return ", ".join(map(repr, names[:most])) + (", …" if len(names) > most else "")


def _example(series, targets):
    what, some = ("series", series) if len(series) > 1 else ("targets", targets)
    return f"{what}={some[:3]!r}"


def _target_names(table):
    return list(table.columns) if table.ndim == 2 else [table.name]


def _panel(display, series, target, n_history):
    names = _target_names(display.history)
    forecast = _parts(_of_series(display.forecast, series, "forecast"), target, names)
    history = _of_target(_of_series(display.history, series, "history"), target, names, "history")
    _check_order(history.index, forecast.index, series)
    if n_history is None:
        n_history = max(HORIZONS_OF_HISTORY * len(forecast), LEAST_HISTORY)
    truth = _truth_at(display.truth, series, target, names, forecast.index)
    return _Panel(series, target, history[-n_history:], forecast, truth)


def _truth_at(truth, series, target, names, index):
    """The truth at the times of the forecast; None where there is none."""
    if truth is None or (series is not None and series not in truth.index.unique(0)):
        return None
    truth = _of_target(_of_series(truth, series, "truth"), target, names, "truth").reindex(index)
    return None if truth.isna().all() else truth


def _of_series(table, series, what):
    if series is None:
        return table
    if series not in table.index.unique(0):
        there = _shortened(list(table.index.unique(0)))
        raise ValueError(f"{what} has no series {series!r}, which is forecast: it has {there}.")
    return table.xs(series, level=0)


def _of_target(table, target, names, what):
    """A column; by its name only where there are several."""
    table = table.to_frame() if table.ndim == 1 else table
    if len(names) == table.shape[1] == 1:
        return table.iloc[:, 0]
    if target not in table.columns:
        raise ValueError(f"{what} has no column {target!r}: it has {_shortened(list(table.columns))}.")
    return table[target]


def _parts(forecast, target, names):
    """The columns `forecast`, `lower_90`, … of one target."""
    columns = forecast.columns if forecast.ndim == 2 else ["forecast"]
    if forecast.ndim == 2 and columns.nlevels == 2:
        if target in columns.unique(0):
            return forecast[target]
    elif forecast.ndim == 2 and set(columns) == set(names):
        return forecast[[target]].set_axis(["forecast"], axis=1)
    elif len(names) == 1 and "forecast" in columns:
        return forecast.to_frame("forecast") if forecast.ndim == 1 else forecast
    raise ValueError(
        f"the forecast has the columns {_shortened(list(columns))} and the history {_shortened(names)}: a forecast "
        "has the history's columns; for one target 'forecast', 'lower_90', 'upper_90', …; or both, in two levels."
    )


def _check_order(history, forecast, series):
    """The forecast must begin after the history: a line would run backwards."""
    if not len(history):
        return
    where = "" if series is None else f" of series {series!r}"
    try:
        after = forecast.min() > history.max()
    except (TypeError, ValueError) as error:  # dates and numbers, with and without a time zone, unlike periods
        raise TypeError(
            f"the history{where} ends at {history.max()!r} and the forecast begins at {forecast.min()!r}: they must "
            "be of one kind."
        ) from error
    if not after:
        raise ValueError(
            f"the history{where} ends at {history.max()}, the forecast begins at {forecast.min()}: give as history "
            "what was known before, and what came later as truth."
        )


# ---- from panels to axes


def _given_axes(ax, n_panels):
    axes = np.ravel(np.asarray(ax, dtype=object))
    if len(axes) != n_panels:
        raise ValueError(f"ax must be {n_panels} axes, one for each series and target, got {len(axes)}.")
    return axes


def _new_axes(panels):
    """A grid that shares its axis of time: series by series, with the targets of each side by side."""
    import matplotlib.pyplot as plt

    n, n_targets = len(panels), len({panel.target for panel in panels})
    n_columns = n_targets if 1 < n_targets < n and n_targets <= 4 else 1 if n <= 3 else 2 if n <= 6 else 3
    n_rows = -(-n // n_columns)
    size = (7.2, 3.6) if n == 1 else (max(7.2, 3.6 * n_columns), 0.6 + 2.0 * n_rows)
    _, axes = plt.subplots(n_rows, n_columns, sharex=True, squeeze=False, figsize=size, layout="constrained")
    for unused in axes.flat[n:]:
        unused.remove()
    axes = axes.ravel()[:n]
    for ax in axes[-n_columns:]:  # the lowest of each column, also above a place that is empty
        ax.tick_params(labelbottom=True)
        ax.xaxis.offsetText.set_visible(True)
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.margins(x=0.02)
    return axes


def _keep_labels_at_the_margins(axes, panels):
    """Of a grid: the name of the time below it, and the name of the one target on its left."""
    n_columns = axes[0].get_gridspec().ncols
    for ax in axes[:-n_columns]:
        ax.set_xlabel("")
    if len({panel.target for panel in panels}) == 1:
        for ax in axes:
            if not ax.get_subplotspec().is_first_col():
                ax.set_ylabel("")
    axes[0].figure.align_ylabels()


def _draw(ax, panel, name, history_kwargs, truth_kwargs, forecast_kwargs, interval_kwargs):
    """Draw one panel; its history, truth and forecast lines, and its intervals."""
    from matplotlib import rcParams

    prefix = "" if name is None else f"{name}, "
    ink = {"color": rcParams["text.color"]}
    line = _draw_line(ax, panel.history, ink | {"label": "history", "linewidth": 1.2}, history_kwargs)
    last = panel.history.dropna()[-1:]
    truth = None
    if panel.truth is not None:
        style = {"label": "truth", "linewidth": 1.2, "linestyle": (0, (3, 1)), "color": line.get_color(), "zorder": 2.1}
        truth = _draw_line(ax, panel.truth, style, truth_kwargs, last)
    style = {"label": f"{prefix}forecast", "linewidth": 1.8}
    forecast = _draw_line(ax, panel.forecast["forecast"], style, forecast_kwargs, last)
    bands = _draw_bands(ax, last, panel.forecast, prefix, forecast.get_color(), interval_kwargs)
    _set_axes(ax, panel)
    return line, truth, forecast, bands


def _joined(last, values):
    """The values with the last known one before them."""
    import pandas as pd

    return pd.concat([last, values]) if len(last) else values


def _draw_line(ax, values, defaults, kwargs, last=()):
    """A line through the values, from the last known one on where there is one; with points where it shows none."""
    style = line_style(defaults, kwargs)
    alone = without_neighbours(values.to_numpy(dtype=np.float64))
    if len(alone) and "marker" not in style:  # a line joins nothing to them: they would not be seen
        style |= {"marker": "o", "markersize": 4, "markevery": (alone + len(last)).tolist()}
    values = _joined(last, values)
    (line,) = ax.plot(_positions(values.index), values.to_numpy(dtype=np.float64), **style)
    return line


def _draw_bands(ax, last, forecast, prefix, color, kwargs):
    """Shade the intervals, the widest first and faintest."""
    bands = []
    widest_first = coverages(forecast.columns)[::-1]
    for coverage, alpha in zip(widest_first, _opacities(len(widest_first)), strict=True):
        lower, upper = (_joined(last, forecast[f"{side}_{coverage}"]) for side in ("lower", "upper"))
        style = {"label": f"{prefix}{coverage} % interval", "color": color, "alpha": alpha, "linewidth": 0}
        style = area_style(style, kwargs)
        bands.append(ax.fill_between(_positions(lower.index), lower.to_numpy(), upper.to_numpy(), **style))
    return bands


def _opacities(n):
    return np.linspace(FAINTEST, STRONGEST, n) if n > 1 else [(FAINTEST + STRONGEST) / 2] * n


def _positions(index):
    """An index as matplotlib takes it; stamps keep their time zone."""
    import pandas as pd

    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    return index.to_numpy(dtype=object if getattr(index, "tz", None) is not None else None)


def _set_axes(ax, panel):
    import pandas as pd
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import MaxNLocator

    index = panel.forecast.index
    if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
        zone = getattr(index, "tz", None)
        locator = AutoDateLocator(tz=zone)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))
    elif index.dtype.kind in "iu":
        ax.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    if panel.target is not None:
        ax.set_ylabel(_named("target", panel.target))
    if panel.series is not None:
        ax.set_title(_named("series", panel.series), loc="left", fontsize="medium")
    if index.name is not None:
        ax.set_xlabel(str(index.name))


def _named(what, label):
    """A label to be read: a number alone says nothing."""
    return label if isinstance(label, str) else f"{what} {label}"


def _draw_legend(axes, outside):
    """One legend for all axes, in which what several of them show stands once."""
    entries = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    handles, labels = list(entries.values()), list(entries)
    if not outside:
        return axes[0].legend(handles, labels, frameon=False)
    return axes[0].figure.legend(handles, labels, frameon=False, loc="outside upper center", ncols=len(labels))
