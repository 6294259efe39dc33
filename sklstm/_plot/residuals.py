"""ResidualsDisplay: plot residuals over time, their histogram and their autocorrelation."""

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

from sklstm._plot.axes import check_axes_array, set_integer_ticks, table_of_axes
from sklstm._plot.estimators import check_forecaster
from sklstm._plot.labels import format_names
from sklstm._plot.residual_tables import KINDS, difference, lags_with_seasons, read_rows
from sklstm._plot.style import (
    KWARGS,
    THIN_LINE,
    bar_style,
    check_styles,
    line_style,
    mark_isolated_points,
    naming_style,
)
from sklstm._plot.time_axis import axis_positions, format_time_axis
from sklstm._utils.argument_checks import check_whole_number, validate_arguments
from sklstm._utils.error_state import with_default_error_state
from sklstm._utils.public import public

CONSTRAINTS = {"line_kwargs": KWARGS, "bar_kwargs": KWARGS}
WIDTHS = [2, 1, 1.4]  # of these axes
MAX_BINS = 30
CLOSE = 1e-9  # relative to their size, values that differ by no more are shown as equal


@public
class ResidualsDisplay:
    """Plot of residuals: over time, their histogram and their autocorrelation.

    Residuals are what a forecast left unexplained: truth minus forecast. Use `from_estimator` to show those of a fitted
    forecaster, one step ahead and in-sample, or `from_predictions` to show those of any predictions. All parameters are
    stored as attributes. Each series of a panel, and each of several targets, gets its own row of axes.

    Parameters
    ----------
    residuals : Series or DataFrame
        The residuals in time order, one column per target; NaN where there is none. A panel has two index levels
        (series, time).
    n_lags : int, default=None
        Number of lags whose autocorrelation is shown, fewer than there are rows. None is 10 log10(n) for n rows.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        The residuals over time, for each series and target.
    histograms_ : list of matplotlib BarContainer
        The histograms.
    normal_lines_ : list of matplotlib Line2D or None
        The normal distribution with the mean and the standard deviation of the residuals, scaled to the histogram; None
        for residuals that are all equal.
    autocorrelations_ : list of ndarray of shape (n_lags,)
        The autocorrelations from lag 1 on; NaN for residuals that are all equal.
    autocorrelation_bars_ : list of matplotlib BarContainer
        The bars that show them.
    bounds_ : list of float
        The bounds, 1.96 / √n, within which 95 % of the autocorrelations of white noise lie.
    axes_ : ndarray of matplotlib Axes of shape (n, 3)
        A row for each series and target: all targets of the first series, then those of the next.
    ax_ : matplotlib Axes
        The first of `axes_`.
    figure_ : matplotlib Figure
        Figure with the axes.

    See Also
    --------
    Forecaster : Its attribute `residuals_` is shown.
    BacktestDisplay : Plot the errors of forecasts several steps ahead.

    Notes
    -----
    What to look for. Over time: a level other than zero, a growing spread, single outliers. In the histogram: skewness,
    for which intervals of the same width on both sides are too narrow on one. In the autocorrelation: bars beyond the
    grey bounds show structure that the forecaster did not learn; one at the season shows a season that it lacks.
    One in twenty bars lies beyond the bounds by chance.

    The autocorrelation at lag k is the sum of the products of residuals k rows apart, divided by the sum of squares,
    both after the mean is subtracted (Box and Jenkins 1976, *Time Series Analysis*). Pairs with NaN are left out of
    the first sum.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklstm import ResidualsDisplay
    >>> display = ResidualsDisplay(residuals=pd.Series([1.0, -1, 1, -1, 1, -1]), n_lags=2).plot()
    >>> display.autocorrelations_[0].round(2).tolist()
    [-0.83, 0.67]
    """

    def __init__(self, *, residuals, n_lags=None):
        self.residuals = residuals
        self.n_lags = n_lags

    @classmethod
    @validate_arguments(CONSTRAINTS)
    @with_default_error_state
    def from_estimator(
        cls,
        forecaster,
        *,
        n_lags=None,
        ax=None,
        series=None,
        targets=None,
        max_panels=12,
        line_kwargs=None,
        bar_kwargs=None,
    ):
        """Plot the residuals of a fitted forecaster: of its training rows, one step ahead.

        Parameters
        ----------
        forecaster : Forecaster
            A fitted forecaster.
        n_lags : int, default=None
            Number of lags, see `ResidualsDisplay`. None shows at least two seasons, if the forecaster has one.
        ax, series, targets, max_panels, line_kwargs, bar_kwargs
            See `plot`.

        Returns
        -------
        display : ResidualsDisplay
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
        >>> from sklstm import Forecaster, ResidualsDisplay
        >>> from sklstm.datasets import load_airline
        >>> forecaster = Forecaster(Ridge(), window_length=12).fit(None, load_airline())
        >>> display = ResidualsDisplay.from_estimator(forecaster)
        >>> display.axes_.shape
        (1, 3)
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        check_forecaster(forecaster, "To plot the residuals of another model, use ResidualsDisplay.from_predictions.")
        _check_numbers(n_lags, max_panels)
        check_styles(line_kwargs=line_kwargs, bar_kwargs=bar_kwargs)
        residuals = forecaster.residuals_
        if n_lags is None:
            n_lags = lags_with_seasons(residuals, getattr(forecaster, "season_", None))
        return cls(residuals=residuals, n_lags=n_lags).plot(
            ax, series=series, targets=targets, max_panels=max_panels, line_kwargs=line_kwargs, bar_kwargs=bar_kwargs
        )

    @classmethod
    @validate_arguments(CONSTRAINTS)
    @with_default_error_state
    def from_predictions(
        cls,
        y_true,
        y_pred,
        *,
        n_lags=None,
        ax=None,
        series=None,
        targets=None,
        max_panels=12,
        line_kwargs=None,
        bar_kwargs=None,
    ):
        """Plot the residuals of some predictions.

        Parameters
        ----------
        y_true : Series, DataFrame or array of shape (n_rows,) or (n_rows, n_targets)
            The truth in time order.
        y_pred : Series, DataFrame or array of the same shape
            The predictions of these rows. If both are pandas, their indexes must be equal.
        n_lags : int, default=None
            Number of lags, see `ResidualsDisplay`.
        ax, series, targets, max_panels, line_kwargs, bar_kwargs
            See `plot`.

        Returns
        -------
        display : ResidualsDisplay
            The display, plotted.

        Raises
        ------
        TypeError, ValueError
            If `y_pred` does not have the rows of `y_true`, or an argument is not as described.

        Examples
        --------
        >>> from sklstm import ResidualsDisplay
        >>> display = ResidualsDisplay.from_predictions([3.0, 5.0, 4.0, 6.0], [2.0, 5.0, 5.0, 5.0])
        >>> display.lines_[0].get_ydata().tolist()
        [1.0, 0.0, -1.0, 1.0]
        """
        check_matplotlib_support(f"{cls.__name__}.from_predictions")
        return cls(residuals=difference(y_true, y_pred), n_lags=n_lags).plot(
            ax, series=series, targets=targets, max_panels=max_panels, line_kwargs=line_kwargs, bar_kwargs=bar_kwargs
        )

    @validate_arguments(CONSTRAINTS)
    @with_default_error_state
    def plot(self, ax=None, *, series=None, targets=None, max_panels=12, line_kwargs=None, bar_kwargs=None):
        """Plot the residuals.

        Parameters
        ----------
        ax : array-like of matplotlib Axes, default=None
            Axes to plot on: three for each series and target shown. If None, a new figure is created.
        series : list of series or a single one, default=None
            Series of a panel to show, in this order. None shows all.
        targets : list of targets or a single one, default=None
            Targets to show, in this order. None shows all.
        max_panels : int, default=12
            Largest number of axes, of which each series and target has three. More raise an error, because they take
            long to plot and cannot be read.
        line_kwargs : dict, default=None
            Keywords of matplotlib's `Axes.plot` for the residuals over time.
        bar_kwargs : dict, default=None
            Keywords of matplotlib's `Axes.bar` for the histogram and the autocorrelation.

        Returns
        -------
        self : ResidualsDisplay
            The display, plotted.

        Raises
        ------
        TypeError
            If `residuals` is not a pandas Series or DataFrame.
        ValueError
            If an argument is not as described, if a series has fewer than two residuals or too few for `n_lags`, or if
            more than `max_panels` axes are needed.

        Examples
        --------
        >>> import pandas as pd
        >>> from sklstm import ResidualsDisplay
        >>> display = ResidualsDisplay(residuals=pd.Series([1.0, -1, 1, -1])).plot(bar_kwargs={"color": "0.5"})
        >>> [ax.get_ylabel() for ax in display.axes_[0]]
        ['residual', 'count', 'autocorrelation']
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        _check_numbers(self.n_lags, max_panels)
        check_axes_array(ax, of_times=True)
        check_styles(line_kwargs=line_kwargs, bar_kwargs=bar_kwargs)
        rows = read_rows(self.residuals, self.n_lags, series, targets, max_panels)
        with table_of_axes(self, ax, len(rows), KINDS, height=2.3, widths=WIDTHS) as axes:
            drawn = [_plot_row(axes[k], row, line_kwargs, bar_kwargs) for k, row in enumerate(rows)]
            self.lines_, self.histograms_, self.normal_lines_, self.autocorrelation_bars_ = map(
                list, zip(*drawn, strict=True)
            )
            self.autocorrelations_ = [row.autocorrelation for row in rows]
            self.bounds_ = [row.bound for row in rows]
            if ax is None:
                _label_margins(axes)
        return self


def _check_numbers(n_lags, max_panels):
    check_whole_number(n_lags, "n_lags", may_be_none=True)
    check_whole_number(max_panels, "max_panels")


# ---- drawing


def _plot_row(axes, row, line_kwargs, bar_kwargs):
    """Draw the residuals of one series and target on three Axes."""
    over_time, of_values, of_lags = axes
    line = _plot_over_time(over_time, row, line_kwargs)
    style = {"color": line.get_color(), "alpha": 0.6}
    with naming_style("bar_kwargs", bar_kwargs):
        histogram, normal = _plot_histogram(of_values, row.known, style, bar_kwargs)
        bars = _plot_autocorrelation(of_lags, row, style, bar_kwargs)
    return line, histogram, normal, bars


def _plot_over_time(ax, row, kwargs):
    ax.axhline(0, **THIN_LINE)
    style = mark_isolated_points(line_style({"linewidth": 1.0}, kwargs), row.values.to_numpy(), markersize=4)
    with naming_style("line_kwargs", kwargs):
        (line,) = ax.plot(axis_positions(row.values.index), row.values.to_numpy(), **style)
    format_time_axis(ax, row.values.index)
    ax.set_title(format_names(row.series, row.target), loc="left", fontsize="medium", parse_math=False)
    ax.set_ylabel("residual")
    return line


def _plot_histogram(ax, values, style, kwargs):
    """Draw the histogram, and the normal distribution with the same mean and standard deviation."""
    from matplotlib import rcParams

    largest = np.abs(values).max()
    is_spread = np.ptp(values) > CLOSE * largest
    if is_spread:
        counts, edges = np.histogram(values, bins=min(MAX_BINS, 1 + int(np.ceil(np.sqrt(len(values))))))
    else:  # one narrow bar, on an axis that includes 0
        width = 0.05 * (largest or 1.0)
        counts, edges = np.array([len(values)]), np.array([values[0] - width / 2, values[0] + width / 2])
    defaults = style | {"width": np.diff(edges), "align": "edge"}
    bars = ax.bar(edges[:-1], counts, **bar_style(defaults, kwargs))
    ax.set(xlabel="residual", ylabel="count")
    if not is_spread:  # the axis is wider, so that the bar does not look like a spread
        ax.update_datalim([(edge, 0) for edge in ([0, values[0]] if largest else [-1, 1])], updatey=False)
        ax.autoscale_view(scaley=False)
        return bars, None
    grid = np.linspace(edges[0], edges[-1], 200)
    scaled = values / largest
    distance = (grid / largest - scaled.mean()) / scaled.std()
    density = np.exp(-(distance**2) / 2) / np.sqrt(2 * np.pi) / scaled.std()  # of scaled values
    area = len(values) * (edges[1] - edges[0]) / largest
    (normal,) = ax.plot(grid, density * area, color=rcParams["text.color"], linewidth=1.0)
    return bars, normal


def _plot_autocorrelation(ax, row, style, kwargs):
    """Draw the autocorrelation by lag, with the bounds of white noise."""
    lags, heights = np.arange(1, len(row.autocorrelation) + 1), np.nan_to_num(row.autocorrelation)
    ax.axhline(0, **THIN_LINE)
    ax.axhspan(-row.bound, row.bound, color="0.6", alpha=0.25, linewidth=0, zorder=0)
    bars = ax.bar(lags, heights, **bar_style(style | {"width": 0.5}, kwargs))
    largest = max(float(np.abs(heights).max()), row.bound)
    ax.set(xlim=(0.3, len(lags) + 0.7), ylim=(-1.15 * largest, 1.15 * largest), xlabel="lag", ylabel="autocorrelation")
    set_integer_ticks(ax)
    return bars


def _label_margins(axes):
    """Leave the labels of axes below each other to the lowest, and put a title above each column without one."""
    for row in axes[:-1]:
        for ax in row:
            ax.set_xlabel("")
    for ax, kind in zip(axes[0], KINDS, strict=True):
        if not ax.get_title(loc="left"):
            ax.set_title(kind, loc="left", fontsize="medium")
    axes[0, 0].figure.align_ylabels()
