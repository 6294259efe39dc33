"""BacktestDisplay: plot a score of forecasts by the number of steps ahead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

from sklstm._forecasting.backtest import BacktestResult
from sklstm._forecasting.metrics import VALUES, check_frame, error_terms, scores
from sklstm._plot.axes import check_axes, legend_entries, new_axes, set_integer_ticks, undone_on_error
from sklstm._plot.labels import as_label, check_name, format_name
from sklstm._plot.style import KWARGS, area_style, check_styles, line_style, marker_style, naming_style
from sklstm._utils.argument_checks import shown, validate_arguments
from sklstm._utils.error_state import with_default_error_state
from sklstm._utils.public import public

if TYPE_CHECKING:
    import pandas as pd

AXIS_LABELS = {"mae": "MAE", "rmse": "RMSE", "smape": "sMAPE (%)", "mase": "MASE", "skill": "skill"}
MAX_ENTRIES_INSIDE = 4  # a longer legend would hide lines
MAX_LENGTH_OF_TWO = 30  # of the entries of a legend in two columns
MAX_LINES = 10  # as many as matplotlib's colours; with more, lines would share one
# The error of a single forecast whose quartiles show the spread behind a metric.
SPREAD_OF = {"mae": "mae", "rmse": "mae", "smape": "smape", "mase": "mase"}
CONSTRAINTS = {
    "metric": [str],
    "name": [str, None],
    "reference": ["boolean"],
    "spread": ["boolean"],
    "line_kwargs": KWARGS,
    "reference_kwargs": KWARGS,
    "spread_kwargs": KWARGS,
}


@public
class BacktestDisplay:
    """Plot of a forecast score by the number of steps ahead.

    Use `from_predictions` to create a display from the result of `backtest`. All parameters are stored as attributes.

    Parameters
    ----------
    frame : DataFrame, BacktestResult or dict of them
        Table with one row per forecast value, as in the `frame` of the result of `backtest`. To show several results
        in one plot, pass a dict of them by name.
    estimator_name : str, default=None
        Name shown in the legend. Use it to tell several forecasters on the same axes apart. It is shown as it is
        written: `$` begins no formula. Of more than 40 characters, the first are shown.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        The score: one line for each table or, with `by`, for each group in each table.
    reference_lines_ : list of matplotlib Line2D
        The reference of each line, in the order of `lines_`, or one line if all references are equal. Empty with
        `reference=False`, or if there is no reference.
    spread_bands_ : list of matplotlib PolyCollection
        The middle half of the errors, in the order of `lines_`. Empty with `spread=False`.
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure
        Figure with the axes.

    See Also
    --------
    backtest : Forecast from many origins in the past, and score the forecasts.
    ForecastDisplay : Plot a forecast with its intervals and its history.

    Notes
    -----
    The reference forecast is labelled "seasonal naive" if `backtest` was called with a `season`, else "last value".
    For a seasonal series, pass the season (12 for monthly data) to `backtest`, because the last value is easy to beat.
    Without `frame.attrs["season"]`, the label is "last value" if the naive forecast is the same at all steps.

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
    @validate_arguments(CONSTRAINTS)
    @with_default_error_state
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
        frame : BacktestResult, DataFrame or dict of them
            The result of `backtest`, its `frame`, or some rows of that frame. To show several results in one plot,
            pass a dict of them by name.
        metric, by, reference, spread
            See `plot`.
        ax : matplotlib Axes, default=None
            Axes to plot on. If None, a new figure is created.
        name : str, default=None
            Name shown in the legend. Use it to tell several forecasters on the same axes apart.
        line_kwargs, reference_kwargs, spread_kwargs
            See `plot`.

        Returns
        -------
        display : BacktestDisplay
            The display, plotted.

        Raises
        ------
        TypeError, ValueError
            As for `plot`. Also if `frame` is not such a table.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import BacktestDisplay, Forecaster, backtest
        >>> from sklstm.datasets import load_airline
        >>> forecaster = Forecaster(Ridge(), window_length=12)
        >>> result = backtest(forecaster, None, load_airline(), steps=6, n_origins=4, season=12)
        >>> display = BacktestDisplay.from_predictions(result, name="ridge")
        >>> display.lines_[0].get_xdata().tolist()
        [1, 2, 3, 4, 5, 6]

        Several results in one plot:

        >>> exact = result.frame.assign(forecast=result.frame["truth"])
        >>> display = BacktestDisplay.from_predictions({"ridge": result, "exact": exact})
        >>> [text.get_text() for text in display.ax_.get_legend().get_texts()]
        ['ridge', 'exact', 'seasonal naive']
        """
        check_matplotlib_support(f"{cls.__name__}.from_predictions")
        return cls(frame=_unwrap(frame), estimator_name=name).plot(
            ax,
            metric=metric,
            by=by,
            reference=reference,
            spread=spread,
            line_kwargs=line_kwargs,
            reference_kwargs=reference_kwargs,
            spread_kwargs=spread_kwargs,
        )

    @validate_arguments(CONSTRAINTS)
    @with_default_error_state
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
        """Plot the score by step.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on. If None, a new figure is created.
        metric : str, default="mae"
            "mae", "rmse", "smape", "mase" or "skill". If the table has intervals, also "coverage_90" or "width_90"
            (of each coverage).
        by : {"series", "target"}, default=None
            Plot a line for each series of a panel, or for each target, ten at most. None plots one line for all rows.
        reference : bool, default=True
            Whether to plot a dashed reference line. It is the score of the seasonal naive forecast over the rows where
            this is known; for "skill" it is 0, for a coverage the nominal coverage. A width has no reference.
        spread : bool, default=False
            Whether to shade the middle half of the errors at each step: absolute errors for "mae" and "rmse",
            scaled errors for "mase", relative errors for "smape". Errors are skewed, so the mean may lie near the
            upper end of the shaded area, or above it.
        name : str, default=None
            Name shown in the legend, instead of `estimator_name`; shown as it is written, up to 40 characters.
        line_kwargs : dict, default=None
            Keywords of matplotlib's `Axes.plot` for the score.
        reference_kwargs : dict, default=None
            Keywords of matplotlib's `Axes.plot` for the reference.
        spread_kwargs : dict, default=None
            Keywords of matplotlib's `Axes.fill_between` for the spread.

        Returns
        -------
        self : BacktestDisplay
            The display, plotted.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as described, if the table lacks the metric or the column `by`, if there are more
            than ten lines, or if the metric has no spread.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from sklstm import BacktestDisplay, Forecaster, backtest
        >>> from sklstm.datasets import load_airline
        >>> result = backtest(Forecaster(Ridge()), None, load_airline(), steps=3, n_origins=6, season=12)
        >>> BacktestDisplay(frame=result.frame).plot(metric="mae").ax_.get_xlabel()
        'steps ahead'
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        if ax is not None:
            check_axes(ax)
        styles = {"line_kwargs": line_kwargs, "reference_kwargs": reference_kwargs, "spread_kwargs": spread_kwargs}
        check_styles(**styles)
        _check_choice(metric, by, spread)
        check_name(self.estimator_name, "estimator_name")
        curves = _curves(_named_tables(self.frame, self.estimator_name if name is None else name), metric, by)
        is_new = ax is None
        ax = new_axes() if is_new else ax
        with undone_on_error(self, [ax], is_new=is_new):
            self.ax_, self.figure_ = ax, ax.figure
            self.lines_, self.reference_lines_, self.spread_bands_ = [], [], []
            for curve in curves:
                line = _plot_score(ax, curve, line_kwargs)
                self.lines_.append(line)
                if spread:
                    self.spread_bands_.append(_plot_spread(ax, curve.rows, SPREAD_OF[metric], line, spread_kwargs))
            if reference:
                self.reference_lines_ = _plot_references(ax, curves, metric, self.lines_, reference_kwargs)
            _format_axes(ax, metric, self.lines_, may_move_legend=is_new)
        return self


# ---- checks


def _check_choice(metric, by, spread):
    """Raise an error if `by` or `spread` is not possible, whatever the table."""
    if not (by is None or (isinstance(by, str) and by in ("series", "target"))):
        raise ValueError(f"by must be None, 'series' or 'target', got {shown(by)}.")
    if spread and metric not in SPREAD_OF:
        known = ", ".join(SPREAD_OF)
        raise ValueError(f"spread=True works with metric in {known}, got {shown(metric)}. Set spread=False.")


def _check_metric(metric, known):
    if metric not in known:
        raise ValueError(f"metric must be one of {', '.join(known)}, got {shown(metric)}. frame has no others.")


def _check_step_column(table, name):
    """Raise an error if a table does not hold forecasts by step."""
    check_frame(table, name, (*VALUES, "step"))
    if not len(table):
        raise ValueError(f"There are no forecasts to score: {name} has no rows. Are all truths missing?")


# ---- from tables to curves


@dataclass(frozen=True)
class _Curve:
    """A score by step, with the forecasts that it is computed from.

    Parameters
    ----------
    label : str
    rows : DataFrame
        The forecasts, one row each.
    score : Series
        The score, indexed by step.
    """

    label: str
    rows: pd.DataFrame
    score: pd.Series


def _unwrap(frame):
    """Replace each BacktestResult by its table."""
    if isinstance(frame, dict):
        return {name: _unwrap(part) for name, part in frame.items()}
    return frame.frame if isinstance(frame, BacktestResult) else frame


def _named_tables(frame, name):
    """List (name in the legend or None, table) for one table or a dict of them, checked."""
    frame, name = _unwrap(frame), None if name is None else format_name(name)
    if not isinstance(frame, dict):
        _check_step_column(frame, "frame")
        return [(name, frame)]
    if not frame:
        raise ValueError("frame is an empty dict; it must hold at least one table.")
    for key, table in frame.items():
        _check_step_column(table, f"frame[{key!r}]")
    return [
        (format_name(key) if name is None else f"{name}, {format_name(key)}", table) for key, table in frame.items()
    ]


def _curves(tables, metric, by):
    """Compute the metric by step for each table and each of its groups."""
    curves = []
    for name, table in tables:
        for group, rows in _groups(table, by):
            score = scores(rows, "step")
            _check_metric(metric, score.columns)
            label = ", ".join(part for part in (name, group) if part is not None)
            curves.append(_Curve(as_label(label or "forecast"), rows, score[metric]))
    if len(curves) > MAX_LINES:
        hint = "" if by is None else f" For example, select rows with frame[frame[{by!r}].isin([...])]."
        raise ValueError(
            f"The plot of frame would have {len(curves)} lines; at most {MAX_LINES} can be told apart.{hint}"
        )
    return curves


def _groups(table, by):
    """List (label, rows) of each group in order of appearance; without `by` one group with label None."""
    if by is None:
        return [(None, table)]
    if by not in table.columns:
        scores(table, by)  # raises an error that lists the columns
    codes, names = _factorize(table[by])
    return [(format_name(name), table[codes == code]) for code, name in enumerate(names)]


def _factorize(column):
    """Number the values of a column in order of appearance; missing values count as one value."""
    import pandas as pd

    return pd.factorize(column, use_na_sentinel=False)


# ---- references


def _nominal_value(metric):
    """Return the constant reference of a metric: 0 for the skill, the nominal coverage for a coverage; else None."""
    if metric == "skill":
        return 0.0
    return float(metric.removeprefix("coverage_")) / 100 if metric.startswith("coverage_") else None


def _naive_score(rows, metric):
    """Compute the score of the naive forecast by step, over the rows where it is known; None if there are none."""
    known = rows[rows["naive"].notna()]
    if metric not in AXIS_LABELS or not len(known):
        return None
    return scores(known.assign(forecast=known["naive"]), "step")[metric]


def _naive_label(rows):
    """Label the naive forecast by what it repeats: the last value, or the last season."""
    season = rows.attrs.get("season")
    if season is not None:
        return "last value" if season == 1 else "seasonal naive"
    codes = [_factorize(rows[key])[0] for key in ("series", "target", "origin") if key in rows.columns]
    if not codes:
        return "naive"
    by_origin = rows["naive"].groupby(codes).agg(["min", "max", "count"])
    if (by_origin["count"] < 2).all():
        return "naive"  # a single step does not tell
    is_constant = by_origin["min"] == by_origin["max"]
    return "last value" if is_constant[by_origin["count"] > 1].all() else "seasonal naive"


def _are_close(score, other):
    """Whether two scores by step agree up to rounding errors."""
    return score.index.equals(other.index) and np.allclose(score, other, rtol=1e-9, atol=0, equal_nan=True)


# ---- drawing


def _plot_score(ax, curve, kwargs):
    style = {"label": curve.label} | marker_style(len(curve.score))
    with naming_style("line_kwargs", kwargs):
        (line,) = ax.plot(curve.score.index, curve.score, **line_style(style, kwargs))
    return line


def _plot_spread(ax, rows, term, line, kwargs):
    """Shade from the lower to the upper quartile of the errors at each step."""
    quartiles = error_terms(rows)[term].groupby(rows["step"]).quantile([0.25, 0.75]).unstack()
    style = {"color": line.get_color(), "alpha": 0.15, "linewidth": 0, "label": f"{line.get_label()}, middle half"}
    with naming_style("spread_kwargs", kwargs):
        return ax.fill_between(quartiles.index, quartiles[0.25], quartiles[0.75], **area_style(style, kwargs))


def _plot_references(ax, curves, metric, lines, kwargs):
    """Plot the references as dashed lines: one for all curves, or one for each curve in its colour."""
    from matplotlib import rcParams

    style = {"color": rcParams["text.color"], "linestyle": "--", "linewidth": 1.0}
    nominal, names = _nominal_value(metric), [_naive_label(curve.rows) for curve in curves]
    if nominal is not None:
        label = "nominal" if metric != "skill" else names[0] if len(set(names)) == 1 else "naive"
        own = {key: value for key, value in (kwargs or {}).items() if key not in ("scalex", "scaley", "data")}
        with naming_style("reference_kwargs", kwargs):
            return [ax.axhline(nominal, **line_style(style | {"zorder": 1, "label": label}, own))]
    naive = [_naive_score(curve.rows, metric) for curve in curves]
    known = [k for k, score in enumerate(naive) if score is not None]
    is_common = len({names[k] for k in known}) == 1 and all(_are_close(naive[k], naive[known[0]]) for k in known)
    plotted = []
    for k in known[:1] if is_common else known:
        style |= {"label": names[k]} | ({} if is_common else {"color": lines[k].get_color()})
        style |= {"marker": "x"} if len(naive[k]) == 1 else {}
        with naming_style("reference_kwargs", kwargs):
            plotted += ax.plot(naive[k].index, naive[k], **line_style(style, kwargs))
    return plotted


def _format_axes(ax, metric, lines, may_move_legend):
    if _nominal_value(metric) is None:  # errors and widths are shown from 0 on
        ax.update_datalim([(lines[0].get_xdata()[0], 0)])
        lines[0].sticky_edges.y.append(0)
        ax.autoscale_view()
    set_integer_ticks(ax, without_zero=True)
    what, _, coverage = metric.partition("_")
    ax.set(xlabel="steps ahead", ylabel=AXIS_LABELS.get(metric, f"{what} of the {coverage} % intervals"))
    entries = legend_entries([ax])
    place = {}
    if may_move_legend and len(entries) > MAX_ENTRIES_INSIDE:
        n_columns = 2 if max(map(len, entries)) <= MAX_LENGTH_OF_TWO else 1
        place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": n_columns}  # above the axes
    ax.legend(entries.values(), entries, frameon=False, **place)
