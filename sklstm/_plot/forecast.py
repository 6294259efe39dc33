"""ForecastDisplay: plot a forecast with its intervals, its history, the truth and its components."""

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

from sklstm._plot.axes import check_axes_array, undone_on_error
from sklstm._plot.estimators import check_forecaster, check_has_method
from sklstm._plot.forecast_drawing import (
    arrange_axes,
    label_grid_margins,
    new_axes_grid,
    plot_components,
    plot_legend,
    plot_subplot,
    set_title,
)
from sklstm._plot.forecast_tables import read_subplots
from sklstm._plot.style import KWARGS, check_styles
from sklstm._utils.argument_checks import check_whole_number, validate_arguments
from sklstm._utils.error_state import with_default_error_state
from sklstm._utils.public import public

CONSTRAINTS = {
    "name": [str, None],
    **dict.fromkeys(
        ("history_kwargs", "truth_kwargs", "forecast_kwargs", "interval_kwargs", "component_kwargs"), KWARGS
    ),
}


@public
class ForecastDisplay:
    """Plot of a forecast with its intervals, the history before it, the truth and the components of the forecast.

    Use `from_estimator` to create a display from a fitted forecaster, or `from_predictions` to create one from
    forecasts. All parameters are stored as attributes. Each series of a panel, and each of several targets, gets its
    own axes. With components, the forecast is above the parts of which it is the sum, on the same time axis.

    Parameters
    ----------
    history : Series or DataFrame
        The known values, one column per target. A panel has two index levels (series, time).
    forecast : Series or DataFrame
        The forecast as `Forecaster.forecast` returns it, with or without intervals. It begins after the history.
    truth : Series, DataFrame or array, default=None
        The truth. A Series or DataFrame has the form of `history`; it may be the whole series, of which the
        times of the forecast are shown. An array has the rows of the forecast, with or without the history before
        them.
    components : DataFrame, default=None
        The parts of the forecast, as `Forecaster.components` returns them with the same arguments: the columns
        "baseline", "season" and "correction", with several targets below the name of each. None shows none.

    Attributes
    ----------
    history_lines_ : list of matplotlib Line2D
        The history on each axes.
    truth_lines_ : list of matplotlib Line2D or None
        The truth on each axes; None on axes without any.
    forecast_lines_ : list of matplotlib Line2D
        The forecast on each axes. Each line starts at the last known value.
    interval_bands_ : list of list of matplotlib PolyCollection
        The intervals on each axes, widest first. Each is shaded up to the next narrower one.
    component_lines_ : list of dict of matplotlib Line2D
        The components of each forecast, by name; empty without any. Components that are zero throughout are left out.
    component_axes_ : list of dict of matplotlib Axes
        Their axes, by name.
    legend_ : matplotlib Legend
        The legend, above the axes of a new figure or in the first of the axes passed as `ax`.
    axes_ : ndarray of matplotlib Axes of shape (n_axes,)
        Axes with the forecasts: all targets of the first series, then those of the next.
    ax_ : matplotlib Axes
        The first of `axes_`.
    figure_ : matplotlib Figure
        Figure with the axes.

    See Also
    --------
    BacktestDisplay : Plot a score by the number of steps ahead, over many origins.

    Notes
    -----
    The line and the intervals of the forecast start at the last known value, which has no uncertainty. Periods are
    plotted at their start. Timestamps with a time zone are plotted in that zone.

    A forecast is the sum of its components. Baseline and correction are without the season. Season and correction are
    shown around zero. A dotted line marks the last known value. Without a baseline, there is nothing to correct, and
    the part that remains is labelled "regressor".

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

    def __init__(self, *, history, forecast, truth=None, components=None):
        self.history = history
        self.forecast = forecast
        self.truth = truth
        self.components = components

    @classmethod
    @validate_arguments(CONSTRAINTS)
    @with_default_error_state
    def from_estimator(
        cls,
        forecaster,
        steps,
        X_future=None,
        *,
        truth=None,
        coverage=None,
        components=False,
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
        component_kwargs=None,
    ):
        """Forecast with a fitted forecaster and plot the forecast.

        Parameters
        ----------
        forecaster : Forecaster
            A fitted forecaster.
        steps : int
            Number of steps to forecast.
        X_future : DataFrame or ndarray, default=None
            Future values of the exogenous variables that are known in advance, as for `Forecaster.forecast`.
        truth : Series, DataFrame or array, default=None
            The truth, see `ForecastDisplay`.
        coverage : float or list of float, default=None
            Coverage of the intervals, as for `Forecaster.forecast`. None shows no intervals.
        components : bool, default=False
            Whether to show the components of the forecast below it, as `Forecaster.components` returns them.
        ax, n_history, series, targets, max_panels, name
            See `plot`.
        history_kwargs, truth_kwargs, forecast_kwargs, interval_kwargs, component_kwargs
            See `plot`.

        Returns
        -------
        display : ForecastDisplay
            The display, plotted.

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.
        TypeError, ValueError
            If `forecaster` is not a forecaster, or an argument is not as described.

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

        The forecast above the baseline, the season, and the correction by the regressor:

        >>> forecaster = Forecaster(Ridge(), window_length=12, season=12, baseline="theta")
        >>> forecaster = forecaster.fit(None, load_airline())
        >>> display = ForecastDisplay.from_estimator(forecaster, 24, components=True)
        >>> list(display.component_axes_[0])
        ['baseline', 'season', 'correction']
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        _check_forecaster(forecaster, components)
        _check_plot_arguments(ax, n_history, max_panels)
        check_styles(
            history_kwargs=history_kwargs,
            truth_kwargs=truth_kwargs,
            forecast_kwargs=forecast_kwargs,
            interval_kwargs=interval_kwargs,
            component_kwargs=component_kwargs,
        )
        return cls.from_predictions(
            forecaster.history_,
            forecaster.forecast(steps, X_future, coverage=coverage),
            truth=truth,
            components=forecaster.components(steps, X_future) if components else None,
            ax=ax,
            n_history=n_history,
            series=series,
            targets=targets,
            max_panels=max_panels,
            name=name,
            history_kwargs=history_kwargs,
            truth_kwargs=truth_kwargs,
            forecast_kwargs=forecast_kwargs,
            interval_kwargs=interval_kwargs,
            component_kwargs=component_kwargs,
        )

    @classmethod
    @validate_arguments(CONSTRAINTS)
    @with_default_error_state
    def from_predictions(
        cls,
        history,
        forecast,
        *,
        truth=None,
        components=None,
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
        component_kwargs=None,
    ):
        """Plot a forecast.

        Parameters
        ----------
        history : Series or DataFrame
            The known values, one column per target. A panel has two index levels (series, time).
        forecast : Series or DataFrame
            The forecast, in the form in which `Forecaster.forecast` returns it: values, or the columns `forecast`,
            `lower_90`, `upper_90`, … With several targets, the columns have the target as their first level.
        truth : Series, DataFrame or array, default=None
            The truth, see `ForecastDisplay`.
        components : DataFrame, default=None
            The parts of the forecast, see `ForecastDisplay`.
        ax, n_history, series, targets, max_panels, name
            See `plot`.
        history_kwargs, truth_kwargs, forecast_kwargs, interval_kwargs, component_kwargs
            See `plot`.

        Returns
        -------
        display : ForecastDisplay
            The display, plotted.

        Raises
        ------
        TypeError, ValueError
            If tables do not fit together, or an argument is not as described.

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
        return cls(history=history, forecast=forecast, truth=truth, components=components).plot(
            ax,
            n_history=n_history,
            series=series,
            targets=targets,
            max_panels=max_panels,
            name=name,
            history_kwargs=history_kwargs,
            truth_kwargs=truth_kwargs,
            forecast_kwargs=forecast_kwargs,
            interval_kwargs=interval_kwargs,
            component_kwargs=component_kwargs,
        )

    @validate_arguments(CONSTRAINTS)
    @with_default_error_state
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
        component_kwargs=None,
    ):
        """Plot the forecast.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of Axes, default=None
            Axes to plot on: one for each series and target shown. With components, pass rows of them: the first row
            has the forecasts, each further one a component, in the order "baseline", "season", "correction". If None,
            a new figure is created.
        n_history : int, default=None
            Number of rows of history to show for each series. None shows three times the length of the forecast, and
            at least 24 rows; above components, as many rows as the forecast has, and at least 12.
        series : list of series or a single one, default=None
            Series of a panel to show, in this order. None shows all that are forecast.
        targets : list of targets or a single one, default=None
            Targets to show, in this order. None shows all.
        max_panels : int, default=12
            Largest number of axes. More raise an error, because they take long to plot and cannot be read.
        name : str, default=None
            Put before the labels of the forecast in the legend. Use it to tell several models on the same axes apart.
            Like the names of series and targets, it is shown as it is written: `$` begins no formula. Of more than 40
            characters, the first are shown.
        history_kwargs : dict, default=None
            Keywords of matplotlib's `Axes.plot` for the history.
        truth_kwargs : dict, default=None
            Keywords of matplotlib's `Axes.plot` for the truth.
        forecast_kwargs : dict, default=None
            Keywords of matplotlib's `Axes.plot` for the forecast.
        interval_kwargs : dict, default=None
            Keywords of matplotlib's `Axes.fill_between` for all intervals. With an `alpha`, each interval is shaded
            as a whole, so their shades add up where they overlap.
        component_kwargs : dict, default=None
            Keywords of matplotlib's `Axes.plot` for the components.

        Returns
        -------
        self : ForecastDisplay
            The display, plotted.

        Raises
        ------
        TypeError
            If `history` or `forecast` is not a pandas Series or DataFrame, or if their indexes differ in kind.
        ValueError
            If they lack a series or target of the forecast, or are not numeric, if more than `max_panels` axes are
            needed, or if `ax` has another number of axes than needed.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import ForecastDisplay, Forecaster
        >>> from sklstm.datasets import load_airline
        >>> passengers = load_airline()
        >>> forecast = Forecaster(Ridge(), window_length=13).fit(None, passengers).forecast(12)
        >>> display = ForecastDisplay(history=passengers, forecast=forecast)
        >>> len(display.plot().axes_)  # one series with one target
        1
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        _check_plot_arguments(ax, n_history, max_panels)
        styles = {
            "history_kwargs": history_kwargs,
            "truth_kwargs": truth_kwargs,
            "forecast_kwargs": forecast_kwargs,
            "interval_kwargs": interval_kwargs,
            "component_kwargs": component_kwargs,
        }
        check_styles(**styles)
        tables = (self.history, self.forecast, self.truth, self.components)
        subplots = read_subplots(tables, series, targets, max_panels, n_history)
        is_new = ax is None
        grid = new_axes_grid(subplots) if is_new else arrange_axes(ax, subplots)
        with undone_on_error(self, grid.ravel(), is_new=is_new):
            self._draw(grid, subplots, name, styles)
            if is_new:
                set_title(grid[0, 0], subplots[0])
                label_grid_margins(grid.ravel(), subplots)
            self.legend_ = plot_legend(grid.ravel(), outside=is_new)
        return self

    def _draw(self, grid, subplots, name, styles):
        """Draw each subplot on a column of axes, and set the attributes."""
        axes = grid[0]
        artists = [plot_subplot(one, subplot, name, styles) for one, subplot in zip(axes, subplots, strict=True)]
        columns = [list(column) for column in zip(*artists, strict=True)]
        self.history_lines_, self.truth_lines_, self.forecast_lines_, self.interval_bands_ = columns
        self.component_lines_ = [
            plot_components(column, subplot, line.get_color(), styles["component_kwargs"])
            for column, subplot, line in zip(grid[1:].T, subplots, self.forecast_lines_, strict=True)
        ]
        self.component_axes_ = [{part: line.axes for part, line in lines.items()} for lines in self.component_lines_]
        self.axes_, self.ax_, self.figure_ = axes, axes[0], axes[0].figure


def _check_plot_arguments(ax, n_history, max_panels):
    """Raise an error unless `ax` holds Axes, each once, and the numbers are whole and positive."""
    check_whole_number(n_history, "n_history", may_be_none=True)
    check_whole_number(max_panels, "max_panels")
    check_axes_array(ax, of_times=True)


def _check_forecaster(forecaster, components):
    """Raise an error unless the argument is a fitted forecaster, with components if they are asked for."""
    if not isinstance(components, bool | np.bool_):
        raise TypeError(
            f"components must be True or False, got {type(components).__name__}. To plot a table of components, use "
            "ForecastDisplay.from_predictions."
        )
    check_forecaster(forecaster, "To plot the forecast of another model, use ForecastDisplay.from_predictions.")
    if components:
        check_has_method(forecaster, "components", ", or plot its forecast alone, with components=False")
