"""The error of a forecaster step by step ahead."""

from sklearn.utils._optional_dependencies import check_matplotlib_support

from sklstm._backtest import backtest
from sklstm._plot._axes import area_style, line_style, new_axes
from sklstm._scores import error_terms, scores

NAMES = {"mae": "MAE", "rmse": "RMSE", "smape": "sMAPE (%)", "mase": "MASE", "skill": "skill"}
MOST_MARKERS = 31  # more run into each other
MOST_LINES = 10  # as many as there are colours; more cannot be told apart
# The term of one row whose quartiles show how the errors behind a metric differ.
SPREAD_OF = {"mae": "mae", "rmse": "mae", "smape": "smape", "mase": "mase"}


class BacktestDisplay:
    """Plot of a score of forecasts by the number of steps ahead.

    `from_estimator` makes one by a backtest, `from_predictions` from the table that `backtest` returned. All parameters
    are stored as attributes.

    Parameters
    ----------
    frame : DataFrame
        One row per forecast value, as in the `frame` of what `backtest` returns.
    estimator_name : str, default=None
        Shown in the legend, to tell several forecasters on the same axes apart.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        The score, a line for each group of `by`; one without.
    reference_lines_ : list of matplotlib Line2D
        What to compare with: the seasonal naive in the order of `lines_`, or one line for all where it is
        a constant. Empty where there is nothing, or nothing was asked for.
    spread_bands_ : list of matplotlib PolyCollection
        The middle half of the errors, in the order of `lines_`; empty where they were not asked for.
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure
        Figure with the axes.

    See Also
    --------
    ForecastDisplay : One forecast beside its series.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklstm import BacktestDisplay
    >>> rows = {"origin": [5, 5, 6, 6], "step": [1, 2, 1, 2], "truth": [1.0, 2, 2, 3], "forecast": [1.0, 1, 3, 1]}
    >>> frame = pd.DataFrame(rows | {"naive": [2.0, 2, 2, 2], "scale": 1.0})
    >>> display = BacktestDisplay(frame=frame).plot(metric="mae")
    >>> display.lines_[0].get_ydata().tolist()
    [0.5, 1.5]
    """

    def __init__(self, *, frame, estimator_name=None):
        self.frame = frame
        self.estimator_name = estimator_name

    @classmethod
    def from_estimator(
        cls,
        forecaster,
        X,
        y,
        *,
        steps,
        n_origins=None,
        cv=None,
        refit=True,
        season=1,
        coverage=None,
        sample_weight=None,
        verbose=0,
        metric="mae",
        by=None,
        reference=True,
        spread=False,
        ax=None,
        name=None,
        line_kwargs=None,
        reference_kwargs=None,
        spread_kwargs=None,
    ):
        """Backtest a forecaster and plot its scores.

        Parameters
        ----------
        forecaster : Forecaster
            It is cloned.
        X, y, steps, n_origins, cv, refit, season, coverage, sample_weight, verbose
            As for `backtest`.
        metric, by, reference, spread
            As for `plot`.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        name : str, default=None
            Shown in the legend, to tell several forecasters on the same axes apart.
        line_kwargs, reference_kwargs, spread_kwargs
            As for `plot`.

        Returns
        -------
        display : BacktestDisplay
            Drawn.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import Forecaster
        >>> from sklstm import BacktestDisplay
        >>> from sklstm.datasets import load_airline
        >>> forecaster = Forecaster(Ridge(), window_length=12)
        >>> display = BacktestDisplay.from_estimator(forecaster, None, load_airline(), steps=6, n_origins=4, season=12)
        >>> display.lines_[0].get_xdata().tolist()
        [1, 2, 3, 4, 5, 6]
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        asked = {"n_origins": n_origins, "cv": cv, "refit": refit, "season": season, "coverage": coverage}
        result = backtest(forecaster, X, y, steps=steps, sample_weight=sample_weight, verbose=verbose, **asked)
        kwargs = {"line_kwargs": line_kwargs, "reference_kwargs": reference_kwargs, "spread_kwargs": spread_kwargs}
        shown = {"metric": metric, "by": by, "reference": reference, "spread": spread}
        return cls(frame=result.frame, estimator_name=name).plot(ax, **shown, **kwargs)

    @classmethod
    def from_predictions(
        cls,
        frame,
        *,
        metric="mae",
        by=None,
        reference=True,
        spread=False,
        ax=None,
        name=None,
        line_kwargs=None,
        reference_kwargs=None,
        spread_kwargs=None,
    ):
        """Plot the scores of the forecasts of a backtest.

        Parameters
        ----------
        frame : BacktestResult or DataFrame
            What `backtest` returns, its `frame`, or some of the rows of that.
        metric, by, reference, spread
            As for `plot`.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        name : str, default=None
            Shown in the legend, to tell several forecasters on the same axes apart.
        line_kwargs, reference_kwargs, spread_kwargs
            As for `plot`.

        Returns
        -------
        display : BacktestDisplay
            Drawn.

        Examples
        --------
        >>> import pandas as pd
        >>> from sklstm import BacktestDisplay
        >>> rows = {"origin": [5, 5, 6, 6], "step": [1, 2, 1, 2], "truth": [1.0, 2, 2, 3], "forecast": [1.0, 1, 3, 1]}
        >>> frame = pd.DataFrame(rows | {"naive": [2.0, 2, 2, 2], "scale": 1.0})
        >>> display = BacktestDisplay.from_predictions(frame, name="ridge")
        >>> [text.get_text() for text in display.ax_.get_legend().get_texts()]
        ['ridge', 'seasonal naive']
        """
        check_matplotlib_support(f"{cls.__name__}.from_predictions")
        frame = getattr(frame, "frame", frame)
        kwargs = {"line_kwargs": line_kwargs, "reference_kwargs": reference_kwargs, "spread_kwargs": spread_kwargs}
        shown = {"metric": metric, "by": by, "reference": reference, "spread": spread}
        return cls(frame=frame, estimator_name=name).plot(ax, **shown, **kwargs)

    def plot(
        self,
        ax=None,
        *,
        metric="mae",
        by=None,
        reference=True,
        spread=False,
        name=None,
        line_kwargs=None,
        reference_kwargs=None,
        spread_kwargs=None,
    ):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        metric : str, default="mae"
            "mae", "rmse", "smape", "mase" or "skill" or, where the table has intervals, "coverage_90" or "width_90"
            (of each coverage).
        by : {"series", "target"}, default=None
            Draw a line for each series of a panel, or for each target, at most ten. None takes all rows together.
        reference : bool, default=True
            Whether to draw, dashed, what to compare with: the same score of the seasonal naive, over the rows where
            that is known; the 0 of a skill; the coverage that was asked for. Widths have none.
        spread : bool, default=False
            Whether to shade the middle half of the absolute errors ("mae", "rmse"), scaled errors ("mase") or
            relative errors ("smape") of a step. Errors are skewed: the mean may lie near its upper end, or above.
        name : str, default=None
            Instead of `estimator_name`.
        line_kwargs : dict, default=None
            How to draw the score: keywords of matplotlib's `Axes.plot`.
        reference_kwargs : dict, default=None
            How to draw what to compare with: likewise.
        spread_kwargs : dict, default=None
            How to shade the spread: keywords of `Axes.fill_between`.

        Returns
        -------
        self : BacktestDisplay
            Drawn.

        Raises
        ------
        ValueError
            If there is no such metric or group in the table, more than ten groups, or no spread of the metric.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        curves = _curves(self.frame, metric, by)
        if spread and metric not in SPREAD_OF:
            raise ValueError(
                f"there is no spread of metric={metric!r}, only of {', '.join(SPREAD_OF)}: set spread=False."
            )
        if ax is None:
            ax = new_axes()
        name = self.estimator_name if name is None else name
        self.ax_, self.figure_ = ax, ax.figure
        self.lines_, self.reference_lines_, self.spread_bands_ = [], [], []
        for group, (rows, score) in curves.items():
            line = _draw_score(ax, score, _label(group, name), line_kwargs)
            self.lines_.append(line)
            if spread:
                self.spread_bands_.append(_draw_spread(ax, rows, SPREAD_OF[metric], line, spread_kwargs))
        if reference:
            self.reference_lines_ = _draw_references(ax, curves, metric, self.lines_, reference_kwargs)
        _set_axes(ax, metric, self.lines_)
        return self


# ---- what is shown


def _curves(frame, metric, by):
    """For each group its rows and the metric by step; the group of all rows is None."""
    if by not in (None, "series", "target"):
        raise ValueError(f"by must be None, 'series' or 'target', got {by!r}.")
    table = scores(frame, ["step"] if by is None else [by, "step"])
    if metric not in table.columns:
        raise ValueError(f"metric must be one of {', '.join(table.columns)}, got {metric!r}.")
    if by is None:
        return {None: (frame, table[metric])}
    groups = frame[by].unique()
    if len(groups) > MOST_LINES:
        raise ValueError(
            f"{len(groups)} lines, one for each of by={by!r}, cannot be told apart: give the rows of {MOST_LINES} at "
            f"most, as with frame[frame[{by!r}].isin([...])]."
        )
    return {group: (frame[frame[by] == group], table[metric].xs(group)) for group in groups}


def _label(group, name):
    parts = [str(part) for part in (name, group) if part is not None]
    return ", ".join(parts) if parts else "forecast"


def _nominal(metric):
    """The value that a metric has by definition where nothing is gained or wrong; None where there is none."""
    if metric == "skill":
        return 0.0
    return float(metric.removeprefix("coverage_")) / 100 if metric.startswith("coverage_") else None


def _naive_score(rows, metric):
    """The seasonal naive's own score by step; None where there is none."""
    known = rows[rows["naive"].notna()]
    if metric not in NAMES or not len(known):
        return None
    return scores(known.assign(forecast=known["naive"]), "step")[metric]


# ---- how it is drawn


def _draw_score(ax, score, label, kwargs):
    style = {"label": label, "marker": "o" if len(score) <= MOST_MARKERS else "", "markersize": 4}
    (line,) = ax.plot(score.index, score, **line_style(style, kwargs))
    return line


def _draw_spread(ax, rows, term, line, kwargs):
    """Shade from the lower to the upper quartile of the rows' own errors."""
    quartiles = error_terms(rows)[term].groupby(rows["step"]).quantile([0.25, 0.75]).unstack()
    style = {"color": line.get_color(), "alpha": 0.15, "linewidth": 0, "label": f"{line.get_label()}, middle half"}
    return ax.fill_between(quartiles.index, quartiles[0.25], quartiles[0.75], **area_style(style, kwargs))


def _draw_references(ax, curves, metric, lines, kwargs):
    """The dashed lines to compare with; in the colour of the score where there are several."""
    from matplotlib import rcParams

    style = {"color": rcParams["text.color"], "linestyle": "--", "linewidth": 1.0, "label": "seasonal naive"}
    nominal = _nominal(metric)
    if nominal is not None:
        style |= {"zorder": 1} | ({} if metric == "skill" else {"label": "nominal"})
        return [ax.axhline(nominal, **line_style(style, kwargs))]
    drawn = []
    for (rows, _), line in zip(curves.values(), lines, strict=True):
        score = _naive_score(rows, metric)
        if score is not None:
            style |= {"color": line.get_color()} if len(lines) > 1 else {}
            style |= {"marker": "x"} if len(score) == 1 else {}
            drawn += ax.plot(score.index, score, **line_style(style, kwargs))
    return drawn


def _set_axes(ax, metric, lines):
    from matplotlib.ticker import MaxNLocator

    if _nominal(metric) is None:  # an error's size is seen from 0 on
        ax.update_datalim([(lines[0].get_xdata()[0], 0)])
        lines[0].sticky_edges.y.append(0)
        ax.autoscale_view()
    ax.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    what, _, coverage = metric.partition("_")
    ax.set(xlabel="steps ahead", ylabel=NAMES.get(metric, f"{what} of the {coverage} % intervals"))
    _draw_legend(ax)


def _draw_legend(ax):
    """Each label once; without colour where lines of several colours have it."""
    from matplotlib import rcParams
    from matplotlib.lines import Line2D

    entries = {}
    for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
        first = entries.setdefault(label, handle)
        if isinstance(handle, Line2D) and isinstance(first, Line2D) and handle.get_color() != first.get_color():
            entries[label] = Line2D([], [])
            entries[label].update_from(handle)
            entries[label].set_color(rcParams["text.color"])
    ax.legend(entries.values(), entries, frameon=False)
