"""A forecast beside the series that it continues."""

from collections.abc import Hashable
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils._param_validation import validate_params
from sklearn.utils.validation import check_is_fitted

from sklstm._forecasting.metrics import coverages, floats
from sklstm._plot.axes import (
    STYLE,
    area_style,
    check_axes,
    check_styles,
    is_missing,
    line_style,
    text_of,
    without_neighbours,
)
from sklstm._utils.checks import is_pandas
from sklstm._utils.numeric_input import as_numbers
from sklstm._utils.time_index_advice import shown

HORIZONS_OF_HISTORY = 3  # how much history is shown by default: so many times the horizon,
LEAST_HISTORY = 24  # and at least so many rows
FAINTEST, STRONGEST = 0.15, 0.45  # opacity of the widest and of the narrowest interval
TICKS_PER_INCH = 2.0  # of time: labels such as 12:00 must not touch
CONSTRAINTS = dict.fromkeys(("history_kwargs", "truth_kwargs", "forecast_kwargs", "interval_kwargs"), STYLE)


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
    truth : Series, DataFrame or array, default=None
        What really came, in the form of `history`. Shown at the times that are forecast: it may be the
        whole series. An array holds the rows that are forecast or, if it begins with those of the history, all.

    Attributes
    ----------
    history_lines_ : list of matplotlib Line2D
        The history, for each of the axes.
    truth_lines_ : list of matplotlib Line2D or None
        The truth, None on axes without one.
    forecast_lines_ : list of matplotlib Line2D
        The forecast, from the last known value on.
    interval_bands_ : list of list of matplotlib PolyCollection
        The intervals, widest first. Each is shaded as far as the next narrower one.
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
    @validate_params(CONSTRAINTS, prefer_skip_nested_validation=False)
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
        truth : Series, DataFrame or array, default=None
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
        TypeError, ValueError
            If it is no forecaster, or an argument is not as described.

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
        _check_forecaster(forecaster)
        _check_drawing(ax, n_history, max_panels, history_kwargs, truth_kwargs, forecast_kwargs, interval_kwargs)
        forecast = forecaster.forecast(steps, X_future, coverage=coverage)
        display = cls(history=forecaster.history_, forecast=forecast, truth=truth)
        kwargs = {"history_kwargs": history_kwargs, "truth_kwargs": truth_kwargs}
        kwargs |= {"forecast_kwargs": forecast_kwargs, "interval_kwargs": interval_kwargs}
        chosen = {"n_history": n_history, "series": series, "targets": targets, "max_panels": max_panels}
        return display.plot(ax, name=name, **chosen, **kwargs)

    @classmethod
    @validate_params(CONSTRAINTS, prefer_skip_nested_validation=False)
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
        truth : Series, DataFrame or array, default=None
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

    @validate_params(CONSTRAINTS, prefer_skip_nested_validation=False)
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
        series : list or a single one, default=None
            Which series of a panel to show, in this order. None shows all that are forecast.
        targets : list or a single one, default=None
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
            How to draw every interval: keywords of `Axes.fill_between`. With an `alpha` every interval is shaded as a
            whole, so that they add up where they overlap.

        Returns
        -------
        self : ForecastDisplay
            Drawn.

        Raises
        ------
        TypeError
            If history or forecast are not from pandas, or not of one kind of index.
        ValueError
            If they do not belong together or are no numbers, if there are more panels than `max_panels`, or another
            number of axes than of panels.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        _check_drawing(ax, n_history, max_panels, history_kwargs, truth_kwargs, forecast_kwargs, interval_kwargs)
        panels = _panels(self, series, targets, max_panels, n_history)
        axes = _new_axes(panels) if ax is None else _given_axes(ax, len(panels))
        kwargs = (history_kwargs, truth_kwargs, forecast_kwargs, interval_kwargs)
        artists = [_draw(*pair, name, *kwargs) for pair in zip(axes, panels, strict=True)]
        if ax is None:
            _set_title(axes[0], panels[0])
            _keep_labels_at_the_margins(axes, panels)
        columns = [list(column) for column in zip(*artists, strict=True)]
        self.history_lines_, self.truth_lines_, self.forecast_lines_, self.interval_bands_ = columns
        self.axes_, self.ax_, self.figure_ = axes, axes[0], axes[0].figure
        self.legend_ = _draw_legend(axes) if ax is not None else _draw_legend_outside(axes)
        return self


# ---- what is checked


def _check_drawing(ax, n_history, max_panels, *styles):
    """Whether what says how to draw is as it should be."""
    for name, number, also in (("n_history", n_history, "None or "), ("max_panels", max_panels, "")):
        is_number = isinstance(number, Integral) and not isinstance(number, bool) and number >= 1
        if not is_number and not (also and number is None):
            raise ValueError(f"{name} must be {also}a whole number from 1 on, got {number!r}.")
    for one in [] if ax is None else np.ravel(np.asarray(ax, dtype=object)):
        check_axes(one)
    check_styles(**dict(zip(CONSTRAINTS, styles, strict=True)))


def _check_forecaster(forecaster):
    """Whether it can forecast what it knows."""
    is_fitted_one = False
    if hasattr(forecaster, "fit") and hasattr(forecaster, "forecast") and not isinstance(forecaster, type):
        check_is_fitted(forecaster)
        is_fitted_one = hasattr(forecaster, "history_")
    if not is_fitted_one:
        name = forecaster.__name__ if isinstance(forecaster, type) else type(forecaster).__name__
        raise TypeError(
            f"{name} is no forecaster: give a fitted Forecaster, or what another model forecast to "
            "ForecastDisplay.from_predictions."
        )


def _check_table(table, name, n_levels):
    """Whether a table is one of numbers, by time or by series and time."""
    if not is_pandas(table):
        raise TypeError(f"{name} must be a pandas Series or DataFrame, got {type(table).__name__}.")
    if table.index.nlevels != n_levels or n_levels > 2:
        raise ValueError(
            f"{name} has {table.index.nlevels} index level(s) and the forecast {n_levels}: all must have one (time) "
            "or, for panels, two (series, time)."
        )
    for level in table.index.codes if n_levels == 2 else []:
        if (np.asarray(level) < 0).any():
            raise ValueError(f"{name} has rows whose index lacks the series or the time: leave them out.")
    if table.ndim == 2:
        _check_columns(table, name)


def _check_columns(table, name):
    """Whether columns are one by one, and numbers; a long table has others."""
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise ValueError(f"{name} has the column {twice[0]!r} more than once.")
    kinds = [table.iloc[:, k].dtype.kind for k in range(table.shape[1])]
    odd = [k for k, kind in enumerate(kinds) if kind not in "iufb" and not _is_numeric(table.iloc[:, k])]
    if not 0 < len(odd) < table.shape[1]:
        return
    labels = [table.columns[k] for k in sorted(odd, key=lambda k: kinds[k] == "M")]  # the series, and then the time
    is_by_time = len(odd) == 1 and kinds[odd[0]] != "M" and table.index.nlevels == 1
    call = f"set_index({labels[0]!r}, append=True).swaplevel()" if is_by_time else f"set_index({labels!r})"
    raise ValueError(
        f"{name} has the column(s) {_shortened(labels)}, which are no numbers. What says which series or when belongs "
        f"into the index: {name} = {name}.{call}. Leave other columns out."
    )


def _is_numeric(column):
    try:
        floats(column, "the column")
    except ValueError:
        return False
    return True


def _truth_as_pandas(truth, history, forecast):
    """The truth; an array with the index of the rows that are forecast."""
    import pandas as pd

    if truth is None or is_pandas(truth):
        return truth
    n_targets = history.shape[1] if history.ndim == 2 else 1
    values = np.asarray(as_numbers(truth, "truth"), dtype=np.float64)
    if history.index.nlevels != 1 or values.ndim not in (1, 2) or values.reshape(len(values), -1).shape[1] != n_targets:
        raise TypeError(
            f"truth must be a pandas Series or DataFrame or, for a single series, an array of {n_targets} column(s); "
            f"got {type(truth).__name__}."
        )
    values = values.reshape(len(values), n_targets)
    n_known, names = len(history), _target_names(history)
    known = _numeric(history.to_frame() if history.ndim == 1 else history, range(n_targets), names, "history")
    if len(values) > n_known and np.array_equal(values[:n_known], known, equal_nan=True):
        values = values[n_known:][: len(forecast)]
    elif len(values) > len(forecast):
        raise ValueError(
            f"truth is an array of {len(values)} rows, which neither begins with the {n_known} rows of the history nor "
            f"is as short as the forecast ({len(forecast)} rows): give it the index of its rows, or the rows that are "
            "forecast only."
        )
    index = forecast.index[: len(values)]
    if history.ndim == 1:
        return pd.Series(values[:, 0], index=index, name=history.name)
    return pd.DataFrame(values, index=index, columns=history.columns)


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
    history, forecast, truth = _checked(display)
    index = forecast.index
    series = _chosen("series", series, _keys(index))
    targets = _chosen("targets", targets, _target_names(history))
    n_panels = len(series) * len(targets)
    if n_panels > max_panels:
        raise ValueError(
            f"{len(series)} series of {len(targets)} target(s) are {n_panels} panels, more than "
            f"max_panels={max_panels}: choose some, as with {_example(series, targets)}, or raise max_panels."
        )
    panels = [_panel(history, forecast, truth, one, target, n_history) for one in series for target in targets]
    if truth is not None and all(panel.truth is None for panel in panels):
        times = index.get_level_values(-1)
        raise ValueError(f"truth has no value between {times.min()} and {times.max()}, at the times that are forecast.")
    return panels


def _checked(display):
    """History, forecast and truth, as far as they can be checked as a whole."""
    history, forecast, truth = display.history, display.forecast, display.truth
    n_levels = forecast.index.nlevels if is_pandas(forecast) else 1
    _check_table(history, "history", n_levels)
    _check_table(forecast, "forecast", n_levels)
    if not len(forecast):
        raise ValueError("the forecast has no rows.")
    truth = _truth_as_pandas(truth, history, forecast)
    if truth is not None:
        _check_table(truth, "truth", n_levels)
        if not truth.index.is_unique:
            raise ValueError(f"truth has {truth.index[truth.index.duplicated()][0]} more than once in its index.")
    return history, forecast, truth


def _chosen(what, given, known):
    if given is None:
        return known
    given = _listed(given, known)
    if not given or not all(_position(one, known) is not None for one in given):
        there = "none, as it is no panel" if known == [None] and what == "series" else _shortened(known)
        raise ValueError(f"{what} must be None or a list of those in the forecast ({there}), got {given!r}.")
    return [known[_position(one, known)] for one in given]


def _listed(given, known):
    """Several labels as a list; a single one, perhaps a tuple, as a list of it."""
    if isinstance(given, str) or not np.iterable(given) or (isinstance(given, Hashable) and given in known):
        return [given]
    return list(given)


def _position(label, labels):
    """Where a label is among others; missing ones are alike. None where it is not."""
    return next((k for k, other in enumerate(labels) if _is_same(label, other)), None)


def _is_same(label, other):
    if is_missing(label) or is_missing(other):
        return is_missing(label) and is_missing(other)
    try:
        return bool(label == other)
    except (TypeError, ValueError):  # an array is no label
        return False


def _shortened(names, most=10):
    return ", ".join(map(repr, names[:most])) + (", …" if len(names) > most else "")


def _example(series, targets):
    what, some = ("series", series) if len(series) > 1 else ("targets", targets)
    return f"{what}={some[:3]!r}"


def _keys(index):
    """The series in an index, as they come; None where there is only one."""
    import pandas as pd

    return [None] if index.nlevels == 1 else list(index.levels[0].take(pd.unique(np.asarray(index.codes[0]))))


def _target_names(table):
    return list(table.columns) if table.ndim == 2 else [table.name]


def _panel(history, forecast, truth, series, target, n_history):
    names = _target_names(history)
    forecast = _parts(_of_series(forecast, series, "forecast"), target, names)
    history = _of_target(_of_series(history, series, "history"), target, names, "history")
    _check_order(history.index, forecast.index, series)
    if n_history is None:
        n_history = max(HORIZONS_OF_HISTORY * len(forecast), LEAST_HISTORY)
    truth = _truth_at(truth, series, target, names, forecast.index)
    if is_missing(target):
        target = None if len(names) == 1 else text_of(target)
    return _Panel(series, target, history[-n_history:], forecast, truth)


def _truth_at(truth, series, target, names, index):
    """The truth at the times of the forecast; None where there is none."""
    if truth is None or (series is not None and series not in _keys(truth.index)):
        return None
    truth = _of_target(_of_series(truth, series, "truth"), target, names, "truth")
    try:
        truth = truth.reindex(index)
    except (TypeError, ValueError) as error:  # periods of unlike frequency
        raise TypeError(f"truth has the index {truth.index[:1]} … and the forecast {index[:1]} …: {error}") from error
    return None if truth.isna().all() else truth


def _of_series(table, series, what):
    """The rows of one series, by time."""
    if series is None:
        return table
    codes = dict(zip(table.index.levels[0], range(len(table.index.levels[0])), strict=True))
    rows = np.flatnonzero(np.asarray(table.index.codes[0]) == codes.get(series, -1))
    if not len(rows):
        raise ValueError(
            f"{what} has no series {series!r}, which is forecast: it has {_shortened(_keys(table.index))}."
        )
    return table.iloc[rows].set_axis(table.index.get_level_values(1)[rows], axis=0)


def _of_target(table, target, names, what):
    """A column in float64; by its name only where there are several."""
    own = _target_names(table)
    column = 0 if len(names) == len(own) == 1 else _position(target, own)
    if column is None:
        raise ValueError(f"{what} has no column {target!r}: it has {_shortened(own)}.")
    return _numeric(table.to_frame() if table.ndim == 1 else table, [column], own, what).iloc[:, 0]


def _numeric(table, columns, labels, what):
    """Some columns by their positions, in float64 and with new labels."""
    import pandas as pd

    values = [floats(table.iloc[:, k], f"the column {labels[k]!r} of {what}") for k in columns]
    return pd.DataFrame(np.stack(values, axis=1), index=table.index)


def _parts(forecast, target, names):
    """The columns `forecast`, `lower_90`, … of one target."""
    own = list(forecast.columns) if forecast.ndim == 2 else ["forecast"]
    found = _columns_of(own, target, names)
    if not found:
        raise ValueError(
            f"the forecast has the columns {_shortened(own)} and the history {_shortened(names)}: a forecast has the "
            "history's columns; for one target 'forecast', 'lower_90', 'upper_90', …; or both, in two levels."
        )
    table = forecast.to_frame() if forecast.ndim == 1 else forecast
    return _numeric(table, list(found.values()), own, "forecast").set_axis(list(found), axis=1)


def _columns_of(own, target, names):
    """Where the parts of a target's forecast are among the columns; nowhere, where they are not as they should be."""
    if len(own) == len(names) and all(_position(name, own) is not None for name in names):
        return {"forecast": _position(target, own)}
    if "forecast" in own:
        return {label: k for k, label in enumerate(own) if _is_part(label)} if len(names) == 1 else {}
    heads = (target,), target  # several levels of names are followed by one of parts
    found = {label[-1]: k for k, label in enumerate(own) if isinstance(label, tuple) and _is_head(label[:-1], heads)}
    return found if "forecast" in found else {}


def _is_part(label):
    return isinstance(label, str) and label.startswith(("forecast", "lower_", "upper_"))


def _is_head(head, wanted):
    """Whether the levels above are one of those wanted."""
    return any(isinstance(one, tuple) and len(one) == len(head) and all(map(_is_same, head, one)) for one in wanted)


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
        # solid, as a dashed line through dense values shows neither; thinner than the forecast, which it crosses
        style = {"label": "truth", "linewidth": 0.8, "alpha": 0.7, "color": line.get_color(), "zorder": 2.1}
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
    bands, kwargs = [], kwargs or {}
    widest_first = coverages(forecast.columns)[::-1]
    sides = [[_joined(last, forecast[f"{side}_{one}"]) for side in ("lower", "upper")] for one in widest_first]
    insides = [None] * len(sides) if "alpha" in kwargs else [*sides, None][1:]
    for coverage, alpha, ends, inside in zip(widest_first, _opacities(len(sides)), sides, insides, strict=True):
        style = {"label": f"{prefix}{coverage} % interval", "color": color, "alpha": alpha, "linewidth": 0}
        bands.append(_draw_band(ax, ends, inside, area_style(style, kwargs)))
    return bands


def _draw_band(ax, ends, inside, style):
    """Shade an interval, less what is inside of a narrower one: there the shades would add up to a darker one."""
    from matplotlib.path import Path

    positions, (lower, upper) = _positions(ends[0].index), (end.to_numpy() for end in ends)
    if inside is None:
        return ax.fill_between(positions, lower, upper, **style)
    middle = (lower + upper) / 2  # up to which both parts reach where there is no narrower one
    inner = [np.where(np.isnan(end), middle, np.clip(end, lower, upper)) for end in (end.to_numpy() for end in inside)]
    # one line through both parts, with a gap between them
    positions = np.concatenate((positions, positions[-1:], positions))
    below, above = (np.concatenate((a, [np.nan], b)) for a, b in ((lower, inner[1]), (inner[0], upper)))
    band = ax.fill_between(positions, below, above, **style)
    parts = Path.make_compound_path(*band.get_paths())
    band.set_verts_and_codes([parts.vertices], [parts.codes])
    return band


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
        n_fitting = max(5, int(TICKS_PER_INCH * ax.get_position().width * ax.figure.get_figwidth()))
        locator = AutoDateLocator(tz=zone, minticks=min(5, (n_fitting - 1) // 2), maxticks=n_fitting)
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


def _set_title(ax, panel):
    """What is forecast, and from when; of a panel, the title is the series."""
    if ax.get_title(loc="left"):
        return
    known, n = panel.history.dropna().index, len(panel.forecast)
    after = f" after {shown(known[-1])}" if len(known) else ""
    ax.set_title(f"Forecast of {n} step{'s' * (n > 1)}{after}", fontsize="medium")


def _named(what, label):
    """A label to be read: a number alone says nothing."""
    is_read = isinstance(label, str) or (isinstance(label, tuple) and any(isinstance(part, str) for part in label))
    return text_of(label) if is_read else f"{what} {text_of(label)}"


def _entries(axes):
    """Handles and labels of one legend for all axes, in which what several of them show stands once."""
    entries = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    return list(entries.values()), list(entries)


def _draw_legend(axes):
    """A legend in the first of the axes."""
    return axes[0].legend(*_entries(axes), frameon=False)


def _draw_legend_outside(axes):
    """A legend above all axes, in as few rows as fit into the width of the figure."""
    figure, (handles, labels) = axes[0].figure, _entries(axes)
    for n_rows in range(1, len(labels) + 1):
        n_columns = -(-len(labels) // n_rows)
        legend = figure.legend(handles, labels, frameon=False, loc="outside upper center", ncols=n_columns)
        if n_columns == 1 or legend.get_window_extent().width <= figure.bbox.width:
            return legend
        legend.remove()
