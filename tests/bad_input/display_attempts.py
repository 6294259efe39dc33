"""Attempts on every argument of the displays: `python -m tests.attack MODULE:FUNCTION` makes them."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from sklstm import (
    BacktestDisplay,
    BacktestResult,
    ForecastDisplay,
    Forecaster,
    ImportanceDisplay,
    LossCurveDisplay,
    LSTMRegressor,
    ResidualsDisplay,
    SeasonDisplay,
)
from tests.attack import VALUES, attempts, variants

LOSSES = [3.0, 2.0, 1.0, 1.5]
MONTHS = pd.date_range("2020-01-01", periods=30, freq="MS", name="month")
WHOLE = pd.Series(10 + np.sin(np.arange(30.0)), index=MONTHS, name="level")
HISTORY, FORECAST = WHOLE[:24], WHOLE[24:]
INTERVALS = pd.DataFrame({"forecast": FORECAST, "lower_90": FORECAST - 1, "upper_90": FORECAST + 1})
COMPONENTS = pd.DataFrame({"baseline": FORECAST, "season": 1.0, "correction": 0.5})
FACTORS = pd.DataFrame({"factor": [0.5, 1.0, 1.5, 1.0], "addend": 0.0}, index=pd.RangeIndex(1, 5, name="quarter"))
INPUTS = [("level", "lag", 2), ("level", "lag", 1), ("price", "step", 1)]
IMPORTANCES = pd.DataFrame(
    {0: [0.1, 2.0, 1.0], 1: [-0.1, 3.0, 1.5]},
    index=pd.MultiIndex.from_tuples(INPUTS, names=["variable", "kind", "number"]),
)
PANEL = [pd.concat({"a": part, "b": part}, names=["shop"]) for part in (HISTORY, FORECAST)]
SCORED = pd.DataFrame(
    {
        "series": np.repeat(["a", "b"], 4),
        "origin": np.tile([5, 5, 6, 6], 2),
        "step": np.tile([1, 2], 4),
        "time": np.tile([6, 7, 7, 8], 2),
        "truth": np.arange(8.0),
        "forecast": np.arange(8.0) + 0.5,
        "naive": np.arange(8.0) - 1,
        "scale": 1.0,
        "lower_90": np.arange(8.0) - 1,
        "upper_90": np.arange(8.0) + 1,
    }
)


class Fitted:
    """Passes for a fitted estimator, with any attributes."""

    def __init__(self, **attributes):
        vars(self).update(attributes)

    def fit(self):
        return self

    def __sklearn_is_fitted__(self):
        return True


class Endless(BaseEstimator):
    """Contains itself."""

    def fit(self):
        return self

    def __sklearn_is_fitted__(self):
        return True

    @property
    def regressor_(self):
        return self


ESTIMATORS = {
    "not fitted": LSTMRegressor,
    "Forecaster that is not fitted": Forecaster,
    "class of ours": lambda: LSTMRegressor,
    "pipeline that is not fitted": lambda: make_pipeline(Ridge()),
    "without losses": lambda: Ridge().fit([[1.0], [2.0]], [1.0, 2.0]),
    "of no kind": lambda: Fitted(loss_curve_=LOSSES),
    "contains itself": Endless,
    **{
        f"{name} {value!r}": lambda name=name, value=value: Fitted(**{name: value})
        for name in ("loss_curve_", "regressors_", "best_estimator_", "regressor_", "steps", "history_")
        for value in (None, [], 3, "text", [3], [3, 4], [("a",)], {})
    },
}


def _axes(projection=None, **settings):
    return Figure().add_subplot(projection=projection, **settings)


def _removed():
    ax = _axes()
    ax.remove()
    return ax


def _holding(*args):
    ax = _axes()
    ax.plot(*args)
    return ax


AXES = {
    "3-d": lambda: _axes("3d"),
    "polar": lambda: _axes("polar"),
    "removed": _removed,
    "of categories": lambda: _holding(["a", "b"], [1, 2]),
    "of times": lambda: _holding(MONTHS, np.arange(30.0)),
    "figure": Figure,
    "subfigure": lambda: Figure().subfigures(1, 2)[0],
    "array of axes": lambda: Figure().subplots(2, 2),
    "one twice": lambda: [_axes()] * 2,
    "list with None": lambda: [_axes(), None],
    "dict of axes": lambda: {"a": _axes()},
}

# Values that matplotlib refuses for some properties, some of them only when it draws.
PROPERTIES = {
    "color": ["no colour", ["red", "green"], (np.nan, 0, 0), {}],
    "c": ["red"],
    "colour": ["red"],
    "linewidth": ["wide", -1, np.nan],
    "linestyle": ["x"],
    "alpha": [2, "x"],
    "marker": ["??"],
    "markevery": ["x"],
    "markersize": ["x"],
    "markerfacecolor": ["x"],
    "markeredgewidth": ["x"],
    "dashes": [[1]],
    "drawstyle": ["x"],
    "label": [None, "$\\bad$", ["a", "b"], "a_$b"],
    "transform": [3],
    "offset_transform": [3],
    "zorder": ["x", None],
    "path_effects": [3],
    "agg_filter": [3],
    "sketch_params": ["x"],
    "figure": [3],
    "clip_path": [3],
    "scalex": ["x"],
    "data": [3, None],
    "where": [[True], [True] * 99, 3],
    "step": ["x"],
    "interpolate": ["x"],
    "xmin": ["a"],
    "ymin": ["a"],
    "offsets": [3],
    "urls": [3],
    "norm": [3],
    "hatch": [3],
    "x": [3],
    1: [2],
}
KEYWORDS = {
    f"{key}={value!r}": lambda key=key, value=value: {key: value}
    for key, values in PROPERTIES.items()
    for value in values
}
KEYWORDS["two names"] = lambda: {"c": "red", "color": "blue"}

CURVES = {
    "tuple": lambda: (1.0, 2.0, 3.0, 4.0),
    "longer": lambda: [1.0] * 9,
    "dict": lambda: {"a": LOSSES, "b": LOSSES},
    "dict of odd": lambda: {"a": LOSSES, "b": "x"},
    "dict of other names": lambda: {"z": LOSSES},
    "dict of dicts": lambda: {"a": {"b": LOSSES}},
    "names with $": lambda: {"a": LOSSES, "$_b": LOSSES, "_c": LOSSES, "d\ne": LOSSES},
    **variants(np.array(LOSSES)),
}
TABLES = {
    "of a list": WHOLE.tolist,
    "tuple of series": lambda: (HISTORY, HISTORY),
    "lower end only": lambda: INTERVALS[["forecast", "lower_90"]],
    "ends exchanged": lambda: INTERVALS.rename(columns={"lower_90": "upper_90", "upper_90": "lower_90"}),
    "ends without coverage": lambda: INTERVALS.rename(columns={"lower_90": "lower_x", "upper_90": "upper_x"}),
    "ends of text": lambda: INTERVALS.assign(lower_90="a"),
    "infinite ends": lambda: INTERVALS.assign(lower_90=-np.inf, upper_90=np.inf),
    "components": lambda: COMPONENTS,
    "a component missing": lambda: COMPONENTS[["baseline", "season"]],
    "a component infinite": lambda: COMPONENTS.assign(season=np.inf),
}


def frames():
    """Bad tables of scores: every column replaced, absent, or there twice."""
    values = {
        "text": "x", "number as text": "3", "NaN": np.nan, "infinite": np.inf, "1e300": 1e300, "-1e308": -1e308,
        "date": pd.Timestamp("2024"), "duration": pd.Timedelta(1, "D"), "None": None, "True": True, "complex": 1j,
        "negative": -1.0, "0": 0.0, "1.5": 1.5, "10**400": 10**400, "5e-324": 5e-324, "NA": pd.NA,
        "lists": [[1]] * 8, "sets": [{1}] * 8, "arrays": [np.ones(2)] * 8, "mixed": [1, "a"] * 4,
    }  # fmt: skip
    found = {}
    for column in SCORED:
        found[f"no {column}"] = lambda column=column: SCORED.drop(columns=column)
        found[f"{column} twice"] = lambda column=column: SCORED[[*SCORED, column]]
        found[f"{column} as categories"] = lambda column=column: SCORED.astype({column: "category"})
        for name, value in values.items():
            found[f"{column} {name}"] = lambda column=column, value=value: SCORED.assign(**{column: value})
    return found | {
        "no rows": lambda: SCORED[:0],
        "one row": lambda: SCORED[:1],
        "rows twice": lambda: pd.concat([SCORED, SCORED]),
        "transposed": lambda: SCORED.T,
        "columns of numbers": lambda: SCORED.set_axis(range(SCORED.shape[1]), axis=1),
        "columns of levels": lambda: pd.concat({"x": SCORED}, axis=1),
        "index of levels": lambda: SCORED.set_index(["origin", "step"]),
        "ends exchanged": lambda: SCORED.assign(lower_90=9.0, upper_90=-9.0),
        "coverage beyond 100": lambda: SCORED.assign(**{"lower_120": -9.0, "upper_120": 99.0}),
        "list of tables": lambda: [SCORED, SCORED],
        "dict of tables": lambda: {"a": SCORED, "$_b": SCORED, "_c": SCORED},
        "dict of odd": lambda: {"a": SCORED, "b": 3},
        "dict of dicts": lambda: {"a": {"b": SCORED}},
        "many tables": lambda: dict.fromkeys(range(11), SCORED),
        "records": lambda: SCORED.to_dict("records"),
        **{f"season {one!r}": lambda one=one: _with_season(one) for one in ("12", -1, [1], True, np.nan)},
    }


def _with_season(season):
    frame = SCORED.copy()
    frame.attrs["season"] = season
    return frame


def _drawing(method, display=None):
    """Return a function that plots, draws to the last tick, and removes what it drew; and the state to be kept."""
    ax = Figure().add_subplot()

    def call(**arguments):
        if isinstance(arguments.get("ax"), str) and arguments["ax"] == "own":
            arguments["ax"] = ax
        shown = method(**arguments)
        try:
            shown.figure_.canvas.draw()
        finally:
            plt.close(shown.figure_)
            ax.clear()

    def state():
        kept = None if display is None else {name: id(value) for name, value in vars(display).items()}
        return plt.get_fignums(), len(ax.get_children()), ax.get_yscale(), ax.get_xlabel(), kept

    return call, state


def _attempts(about, method, arguments, special, display=None, names=None, only=None):
    """Attempts with the general pool and, for some arguments, a special one."""
    call, state = _drawing(method, display)
    found = []
    for argument in arguments if only is None else only:
        pool = VALUES | special.get(argument, {}) | (KEYWORDS if argument.endswith("_kwargs") else {})
        pool |= AXES if argument == "ax" else {}
        found += attempts(call, arguments, only=[argument], values=pool, state=state, names=names, about=about)
    return found


def loss_curves():
    """Every argument of LossCurveDisplay."""
    given = {"loss_curve": LOSSES, "validation_loss_curve": LOSSES, "best_iter": 2}
    several = {name: {"a": value, "b": value} for name, value in given.items()}
    curves = dict.fromkeys(("loss_curve", "validation_loss_curve"), CURVES)
    display = LossCurveDisplay(**given)
    style = {"name": None, "log_scale": "auto", "loss_kwargs": None, "validation_kwargs": None, "best_kwargs": None}
    model = LSTMRegressor(2, max_iter=2, learning_rate="cosine", random_state=0).fit(np.ones((9, 3, 1)), np.arange(9.0))
    names = {"validation_loss_curve": ("loss_curve",), "best_iter": ("loss_curve",)}
    return [
        *_attempts("LossCurveDisplay", _plotted, given | {"estimator_name": "m"}, curves),
        *_attempts("LossCurveDisplay of several", _plotted, several, curves, names=names),
        *_attempts("LossCurveDisplay.plot", display.plot, {"ax": "own", **style}, {}, display),
        *_attempts(
            "LossCurveDisplay.from_estimator",
            LossCurveDisplay.from_estimator,
            {"estimator": model, "ax": "own", **style},
            {"estimator": ESTIMATORS},
            only=["estimator", "ax", "name", "log_scale"],
        ),
    ]


def _plotted(**arguments):
    return LossCurveDisplay(**arguments).plot()


def forecasts():
    """Every argument of ForecastDisplay."""
    tables = {"history": HISTORY, "forecast": INTERVALS, "truth": FORECAST, "components": None}
    panel = {"history": PANEL[0], "forecast": PANEL[1], "truth": None, "series": None, "targets": None}
    pools = {name: TABLES | variants(HISTORY if name == "history" else FORECAST) for name in tables}
    style = {"n_history": None, "series": None, "targets": None, "max_panels": 12, "name": None}
    keywords = dict.fromkeys(("history_kwargs", "truth_kwargs", "forecast_kwargs", "interval_kwargs"))
    display = ForecastDisplay(history=HISTORY, forecast=INTERVALS, truth=FORECAST)
    parts = ForecastDisplay(history=HISTORY, forecast=FORECAST, components=COMPONENTS)
    forecaster = Forecaster(Ridge(), window_length=6).fit(None, HISTORY)
    names = {"history": ("truth", "forecast"), "forecast": ("history",), "truth": ("forecast",)}
    from_predictions = ForecastDisplay.from_predictions
    return [
        *_attempts("ForecastDisplay.from_predictions", from_predictions, tables, pools, names=names),
        *_attempts("ForecastDisplay of a panel", from_predictions, panel, _panels(panel), names=names),
        *_attempts("ForecastDisplay.plot", display.plot, {"ax": "own", **style, **keywords}, {}, display),
        *_attempts("ForecastDisplay.plot of parts", parts.plot, {"ax": None, "component_kwargs": None}, {}, parts),
        *_attempts(
            "ForecastDisplay.from_estimator",
            ForecastDisplay.from_estimator,
            {"forecaster": forecaster, "steps": 3, "X_future": None, "truth": None, "components": False},
            {"forecaster": ESTIMATORS},
            names={"truth": ("forecast",), "components": ("steps",)},
        ),
    ]


def _panels(arguments):
    pools = {name: variants(arguments[name]) for name in ("history", "forecast")}
    odd = {"a name twice": lambda: ["a", "a"], "unknown": lambda: ["a", "z"], "dict of names": lambda: {"a": 1}}
    return pools | {"series": odd}


def backtests():
    """Every argument of BacktestDisplay and BacktestResult."""
    display = BacktestDisplay(frame=SCORED)
    keywords = dict.fromkeys(("line_kwargs", "reference_kwargs", "spread_kwargs"))
    style = {"metric": "mae", "by": None, "reference": True, "spread": True, "name": None, **keywords}
    special = {"frame": frames()}

    def result(frame):
        found = BacktestResult(frame)
        assert (found.metrics >= 0).sum() >= 3
        assert len(found.metrics_by("step")) <= 2

    def plotted(frame, **settings):
        return BacktestDisplay(frame=frame, estimator_name=settings.pop("estimator_name", None)).plot(**settings)

    def by_series(frame, ax):
        return BacktestDisplay.from_predictions(frame, ax=ax, by="series", metric="coverage_90")

    pool = VALUES | frames() | {"name of a score": lambda: "mae", "step twice": lambda: ["step", "step"]}
    return [
        *_attempts("BacktestDisplay", plotted, {"frame": SCORED, "estimator_name": "m"}, special),
        *_attempts("BacktestDisplay.plot", display.plot, {"ax": "own", **style}, {}, display),
        *_attempts("BacktestDisplay.from_predictions", by_series, {"frame": SCORED, "ax": "own"}, special),
        *attempts(result, {"frame": SCORED}, values=pool, about="BacktestResult", names={"frame": ("by",)}),
        *attempts(BacktestResult(SCORED).metrics_by, {"by": "step"}, values=pool, about="BacktestResult.metrics_by"),
    ]


def residuals():
    """Every argument of ResidualsDisplay."""
    display = ResidualsDisplay(residuals=HISTORY)
    panel = ResidualsDisplay(residuals=PANEL[0])
    forecaster = Forecaster(Ridge(), window_length=6).fit(None, HISTORY)
    style = {"ax": None, "max_panels": 12, "line_kwargs": None, "bar_kwargs": None}
    pair = {"y_true": HISTORY, "y_pred": HISTORY + 1}
    pools = {name: TABLES | variants(HISTORY) for name in ("residuals", *pair)}
    names = {"y_true": ("y_pred", "residuals"), "y_pred": ("y_true", "residuals")}

    def plotted(**arguments):
        return ResidualsDisplay(**arguments).plot()

    return [
        *_attempts("ResidualsDisplay", plotted, {"residuals": HISTORY, "n_lags": 3}, pools),
        *_attempts("ResidualsDisplay.plot", display.plot, style, {}, display),
        *_attempts("ResidualsDisplay.plot of a panel", panel.plot, {"series": None, "targets": None}, {}, panel),
        *_attempts("ResidualsDisplay.from_predictions", ResidualsDisplay.from_predictions, pair, pools, names=names),
        *_attempts(
            "ResidualsDisplay.from_estimator",
            ResidualsDisplay.from_estimator,
            {"forecaster": forecaster, "n_lags": None},
            {"forecaster": ESTIMATORS},
        ),
    ]


def seasons():
    """Every argument of SeasonDisplay."""
    display, panel = (
        SeasonDisplay(seasonal_index=table) for table in (FACTORS, pd.concat({"a": FACTORS, "b": FACTORS}))
    )
    forecaster = Forecaster(Ridge(), window_length=6, season=4).fit(None, HISTORY)
    pools = {"seasonal_index": TABLES | variants(FACTORS)}

    def plotted(seasonal_index):
        return SeasonDisplay(seasonal_index=seasonal_index).plot()

    return [
        *_attempts("SeasonDisplay", plotted, {"seasonal_index": FACTORS}, pools),
        *_attempts(
            "SeasonDisplay.plot", display.plot, {"ax": "own", "max_panels": 2, "line_kwargs": None}, {}, display
        ),
        *_attempts("SeasonDisplay.plot of a panel", panel.plot, {"series": None, "targets": None}, {}, panel),
        *_attempts(
            "SeasonDisplay.from_estimator",
            SeasonDisplay.from_estimator,
            {"forecaster": forecaster, "max_panels": 3},
            {"forecaster": ESTIMATORS},
        ),
    ]


def importances():
    """Every argument of ImportanceDisplay."""
    display = ImportanceDisplay(importances=IMPORTANCES)
    forecaster = Forecaster(Ridge(), window_length=2).fit(None, HISTORY)
    pools = {"importances": TABLES | variants(IMPORTANCES)}
    style = {"ax": None, "variables": None, "targets": None, "max_panels": 2, "bar_kwargs": None}

    def plotted(importances, scoring):
        return ImportanceDisplay(importances=importances, scoring=scoring).plot()

    return [
        *_attempts("ImportanceDisplay", plotted, {"importances": IMPORTANCES, "scoring": "r2"}, pools),
        *_attempts("ImportanceDisplay.plot", display.plot, style, {}, display),
        *_attempts(
            "ImportanceDisplay.from_estimator",
            ImportanceDisplay.from_estimator,
            {"forecaster": forecaster, "X": None, "y": FORECAST, "steps": 2, "n_repeats": 1},
            {"forecaster": ESTIMATORS},
            names={"steps": ("y",), "X": ("y",)},
            only=["forecaster", "X", "y", "steps"],
        ),
    ]


def everything():
    """All attempts of this module."""
    return [*loss_curves(), *forecasts(), *backtests(), *residuals(), *seasons(), *importances()]
