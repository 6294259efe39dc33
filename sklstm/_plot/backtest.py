"""The error of a forecaster step by step ahead."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils._param_validation import validate_params

from sklstm._forecasting.backtest import BacktestResult, backtest
from sklstm._forecasting.calibration import check_coverage
from sklstm._forecasting.intervals import percent
from sklstm._forecasting.metrics import METRICS, VALUES, check_frame, error_terms, floats, scores
from sklstm._plot.axes import STYLE, area_style, check_axes, check_styles, line_style, new_axes, text_of
from sklstm._utils.checks import is_pandas, n_dimensions

NAMES = {"mae": "MAE", "rmse": "RMSE", "smape": "sMAPE (%)", "mase": "MASE", "skill": "skill"}
MOST_MARKERS = 31  # more run into each other
MOST_LINES = 10  # as many as there are colours; more cannot be told apart
# The term of one row whose quartiles show how the errors behind a metric differ.
SPREAD_OF = {"mae": "mae", "rmse": "mae", "smape": "smape", "mase": "mase"}
CONSTRAINTS = {
    "metric": [str],
    "reference": ["boolean"],
    "spread": ["boolean"],
    "line_kwargs": STYLE,
    "reference_kwargs": STYLE,
    "spread_kwargs": STYLE,
}


class BacktestDisplay:
    """Plot of a score of forecasts by the number of steps ahead.

    `from_estimator` makes one by a backtest, `from_predictions` from the table that `backtest` returned. All parameters
    are stored as attributes.

    Parameters
    ----------
    frame : DataFrame, BacktestResult or dict of them
        One row per forecast value, as in the `frame` of what `backtest` returns. Several in one picture are a dict
        of them by name.
    estimator_name : str, default=None
        Shown in the legend, to tell several forecasters on the same axes apart.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        The score, a line for each table, and for each group of `by` in it.
    reference_lines_ : list of matplotlib Line2D
        What to compare with: the naive forecast in the order of `lines_`, or one line where it is the same for
        all. Empty where there is nothing, or nothing was asked for.
    spread_bands_ : list of matplotlib PolyCollection
        The middle half of the errors, in the order of `lines_`; empty where they were not asked for.
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure
        Figure with the axes.

    See Also
    --------
    ForecastDisplay : One forecast beside its series.

    Notes
    -----
    The naive forecast is called "seasonal naive" where `backtest` was given a `season`, and "last value" where it
    was not: give one (12 for months) where there are seasons, as the last value is easy to beat there. Of a table
    that does not say (`frame.attrs["season"]`), it is "last value" if it is the same at all steps.

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
    @validate_params(CONSTRAINTS, prefer_skip_nested_validation=False)
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
        _check_asked(y, metric, by, spread, () if coverage is None else check_coverage(coverage))
        _check_drawing(ax, line_kwargs, reference_kwargs, spread_kwargs)
        asked = {"n_origins": n_origins, "cv": cv, "refit": refit, "season": season, "coverage": coverage}
        result = backtest(forecaster, X, y, steps=steps, sample_weight=sample_weight, verbose=verbose, **asked)
        kwargs = {"line_kwargs": line_kwargs, "reference_kwargs": reference_kwargs, "spread_kwargs": spread_kwargs}
        shown = {"metric": metric, "by": by, "reference": reference, "spread": spread}
        return cls(frame=result.frame, estimator_name=name).plot(ax, **shown, **kwargs)

    @classmethod
    @validate_params(CONSTRAINTS, prefer_skip_nested_validation=False)
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
            What `backtest` returns, its `frame`, or some of the rows of that. Several in one picture are a dict of
            them by name.
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
        ['ridge', 'last value']

        Several results in one picture:

        >>> better = frame.assign(forecast=frame["truth"] + 0.1)
        >>> display = BacktestDisplay.from_predictions({"ridge": frame, "better": better})
        >>> [text.get_text() for text in display.ax_.get_legend().get_texts()]
        ['ridge', 'better', 'last value']
        """
        check_matplotlib_support(f"{cls.__name__}.from_predictions")
        frame = _unwrapped(frame)
        kwargs = {"line_kwargs": line_kwargs, "reference_kwargs": reference_kwargs, "spread_kwargs": spread_kwargs}
        shown = {"metric": metric, "by": by, "reference": reference, "spread": spread}
        return cls(frame=frame, estimator_name=name).plot(ax, **shown, **kwargs)

    @validate_params(CONSTRAINTS, prefer_skip_nested_validation=False)
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
            Whether to draw, dashed, what to compare with: the same score of the naive forecast, over the rows where
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
        TypeError, ValueError
            If an argument is not as described, there is no such metric or group in the table, there are more than ten
            lines, or no spread of the metric.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        _check_drawing(ax, line_kwargs, reference_kwargs, spread_kwargs)
        _check_choice(metric, by, spread)
        curves = _curves(_tables(self.frame, self.estimator_name if name is None else name), metric, by)
        if ax is None:
            ax = new_axes()
        self.ax_, self.figure_ = ax, ax.figure
        self.lines_, self.reference_lines_, self.spread_bands_ = [], [], []
        for curve in curves:
            line = _draw_score(ax, curve, line_kwargs)
            self.lines_.append(line)
            if spread:
                self.spread_bands_.append(_draw_spread(ax, curve.rows, SPREAD_OF[metric], line, spread_kwargs))
        if reference:
            self.reference_lines_ = _draw_references(ax, curves, metric, self.lines_, reference_kwargs)
        _set_axes(ax, metric, self.lines_)
        return self


# ---- what is checked


def _check_drawing(ax, line_kwargs, reference_kwargs, spread_kwargs):
    if ax is not None:
        check_axes(ax)
    check_styles(line_kwargs=line_kwargs, reference_kwargs=reference_kwargs, spread_kwargs=spread_kwargs)


def _check_choice(metric, by, spread):
    """Whether a choice goes together, whatever the table."""
    if not (by is None or (isinstance(by, str) and by in ("series", "target"))):
        raise ValueError(f"by must be None, 'series' or 'target', got {by!r}.")
    if spread and metric not in SPREAD_OF:
        raise ValueError(f"there is no spread of metric={metric!r}, only of {', '.join(SPREAD_OF)}: set spread=False.")


def _check_asked(y, metric, by, spread, coverages):
    """Whether what is to be shown will be there, before a backtest."""
    of_intervals = [f"{what}_{name}" for name in map(percent, coverages) for what in ("coverage", "width")]
    _check_metric(metric, [*METRICS, *of_intervals])
    _check_choice(metric, by, spread)
    if by == "series" and not (is_pandas(y) and y.index.nlevels == 2):
        raise ValueError("by='series' is there for panels only, whose y has an index of two levels (series, time).")
    if by == "target" and n_dimensions(y) == 1:
        raise ValueError("by='target' is there for several targets only, but y has one column.")


def _check_metric(metric, known):
    if metric not in known:
        raise ValueError(f"metric must be one of {', '.join(known)}, got {metric!r}.")


# ---- what is shown


@dataclass(frozen=True)
class _Curve:
    """A score by step.

    Parameters
    ----------
    label : str
    rows : DataFrame
        The forecasts behind it.
    score : Series
        By step.
    """

    label: str
    rows: Any
    score: Any


def _unwrapped(frame):
    """The table of a result, or the tables of several."""
    if isinstance(frame, dict):
        return {name: _unwrapped(part) for name, part in frame.items()}
    return frame.frame if isinstance(frame, BacktestResult) else frame


def _tables(frame, name):
    """The tables, checked, by what they are called in the legend; None is not called anything."""
    frame = _unwrapped(frame)
    if not isinstance(frame, dict):
        _check_by_step(frame, "frame")
        return [(name, frame)]
    if not frame:
        raise ValueError("frame is a dict without any table.")
    for key, table in frame.items():
        _check_by_step(table, f"frame[{key!r}]")
    return [(text_of(key) if name is None else f"{name}, {text_of(key)}", table) for key, table in frame.items()]


def _check_by_step(frame, name):
    check_frame(frame, name, (*VALUES, "step"))
    if not np.isfinite(floats(frame["step"], f"the column 'step' of {name}")).all():
        raise ValueError(f"The column 'step' of {name} must be whole numbers, without a missing one.")


def _curves(tables, metric, by):
    """The metric by step of each table and of each group in it."""
    curves = []
    for name, table in tables:
        for group, rows in _groups(table, by):
            score = scores(rows, "step")
            _check_metric(metric, score.columns)
            label = ", ".join(part for part in (name, group) if part is not None)
            curves.append(_Curve(label or "forecast", rows, score[metric]))
    if len(curves) > MOST_LINES:
        of = "" if by is None else f", one for each of by={by!r}"
        raise ValueError(
            f"{len(curves)} lines{of}, cannot be told apart: give {MOST_LINES} at most"
            + ("." if by is None else f", as the rows frame[frame[{by!r}].isin([...])].")
        )
    return curves


def _groups(table, by):
    """Label and rows of each group, as they come; the only one without `by` has no label."""
    if by is None:
        return [(None, table)]
    if by not in table.columns:
        scores(table, by)  # says what is there
    codes, labels = _numbers(table[by])
    return [(text_of(label), table[codes == code]) for code, label in enumerate(labels)]


def _nominal(metric):
    """The value that a metric has by definition where nothing is gained or wrong; None where there is none."""
    if metric == "skill":
        return 0.0
    return float(metric.removeprefix("coverage_")) / 100 if metric.startswith("coverage_") else None


def _naive_score(rows, metric):
    """The naive forecast's own score by step; None where there is none."""
    known = rows[rows["naive"].notna()]
    if metric not in NAMES or not len(known):
        return None
    return scores(known.assign(forecast=known["naive"]), "step")[metric]


def _naive_name(rows):
    """What the naive forecast is: the last value, or that of a season before."""
    season = rows.attrs.get("season")
    if season is not None:
        return "last value" if season == 1 else "seasonal naive"
    codes = [_numbers(rows[key])[0] for key in ("series", "target", "origin") if key in rows.columns]
    if not codes:
        return "naive"
    of_origin = rows["naive"].groupby(codes).agg(["min", "max", "count"])
    if (of_origin["count"] < 2).all():
        return "naive"  # of one step nobody can tell
    return "last value" if (of_origin["min"] == of_origin["max"])[of_origin["count"] > 1].all() else "seasonal naive"


def _numbers(column):
    """A number for each row and the label of each number, in the order in which they come."""
    import pandas as pd

    return pd.factorize(column, use_na_sentinel=False)


# ---- how it is drawn


def _draw_score(ax, curve, kwargs):
    style = {"label": curve.label, "marker": "o" if len(curve.score) <= MOST_MARKERS else "", "markersize": 4}
    (line,) = ax.plot(curve.score.index, curve.score, **line_style(style, kwargs))
    return line


def _draw_spread(ax, rows, term, line, kwargs):
    """Shade from the lower to the upper quartile of the rows' own errors."""
    quartiles = error_terms(rows)[term].groupby(rows["step"]).quantile([0.25, 0.75]).unstack()
    style = {"color": line.get_color(), "alpha": 0.15, "linewidth": 0, "label": f"{line.get_label()}, middle half"}
    return ax.fill_between(quartiles.index, quartiles[0.25], quartiles[0.75], **area_style(style, kwargs))


def _draw_references(ax, curves, metric, lines, kwargs):
    """The dashed lines to compare with; in the colour of the score where there are several."""
    from matplotlib import rcParams

    style = {"color": rcParams["text.color"], "linestyle": "--", "linewidth": 1.0}
    nominal, names = _nominal(metric), [_naive_name(curve.rows) for curve in curves]
    if nominal is not None:
        label = "nominal" if metric != "skill" else names[0] if len(set(names)) == 1 else "naive"
        return [ax.axhline(nominal, **line_style(style | {"zorder": 1, "label": label}, kwargs))]
    naive = [_naive_score(curve.rows, metric) for curve in curves]
    known = [k for k, score in enumerate(naive) if score is not None]
    is_common = len({names[k] for k in known}) == 1 and all(_are_alike(naive[k], naive[known[0]]) for k in known)
    drawn = []
    for k in known[:1] if is_common else known:
        style |= {"label": names[k]} | ({} if is_common else {"color": lines[k].get_color()})
        style |= {"marker": "x"} if len(naive[k]) == 1 else {}
        drawn += ax.plot(naive[k].index, naive[k], **line_style(style, kwargs))
    return drawn


def _are_alike(score, other):
    """Whether two scores by step are the same, but for rounding."""
    return score.index.equals(other.index) and np.allclose(score, other, rtol=1e-9, atol=0, equal_nan=True)


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
