"""Rows of the table of bad input for the displays and `BacktestResult`. A refused plot leaves nothing behind."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from scipy import sparse
from sklearn.linear_model import Ridge

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
from tests.attack import bad, run_apart, sampled, state_of
from tests.bad_input.display_attempts import (
    COMPONENTS,
    FACTORS,
    FORECAST,
    HISTORY,
    IMPORTANCES,
    INTERVALS,
    LOSSES,
    MONTHS,
    PANEL,
    SCORED,
    Endless,
    everything,
)
from tests.bad_input.tools import Row, check_refused

PARTS, SHOPS = "ForecastDisplay.plot of parts", "ForecastDisplay.plot of a panel"
LEFT, LEFT_PLOT, LEFT_OF = "ResidualsDisplay", "ResidualsDisplay.plot", "ResidualsDisplay.from_estimator"
LEFT_FROM = "ResidualsDisplay.from_predictions"

SEASONS, SEASONS_PLOT, SEASONS_OF = "SeasonDisplay", "SeasonDisplay.plot", "SeasonDisplay.from_estimator"
RELIED, RELIED_PLOT = "ImportanceDisplay", "ImportanceDisplay.plot"
RELIED_OF = "ImportanceDisplay.from_estimator"

FITTED = Forecaster(Ridge(), window_length=6).fit(None, HISTORY)
GIVEN = {
    "LossCurveDisplay": {"loss_curve": LOSSES, "validation_loss_curve": LOSSES, "best_iter": 2, "estimator_name": "m"},
    "LossCurveDisplay.from_estimator": {},
    "ForecastDisplay.from_predictions": {"history": HISTORY, "forecast": INTERVALS, "truth": FORECAST},
    "ForecastDisplay.from_estimator": {"forecaster": FITTED, "steps": 3},
    "BacktestResult": {"frame": SCORED},
    "BacktestResult.metrics_by": {"by": "step"},
    "BacktestDisplay": {"frame": SCORED, "estimator_name": "m"},
    "BacktestDisplay.from_predictions": {"frame": SCORED},
    "ResidualsDisplay": {"residuals": HISTORY, "n_lags": 3},
    "ResidualsDisplay.from_estimator": {"forecaster": FITTED},
    "ResidualsDisplay.from_predictions": {"y_true": HISTORY, "y_pred": HISTORY + 1},
    "SeasonDisplay": {"seasonal_index": FACTORS},
    "SeasonDisplay.from_estimator": {"forecaster": FITTED},
    "ImportanceDisplay": {"importances": IMPORTANCES, "scoring": "r2"},
    "ImportanceDisplay.from_estimator": {"forecaster": FITTED, "X": None, "y": FORECAST, "steps": 2, "random_state": 0},
}
DISPLAYS = {
    "LossCurveDisplay.plot": lambda: LossCurveDisplay(loss_curve=LOSSES, validation_loss_curve=LOSSES, best_iter=2),
    "ForecastDisplay.plot": lambda: ForecastDisplay(history=HISTORY, forecast=INTERVALS, truth=FORECAST),
    "ForecastDisplay.plot of parts": lambda: ForecastDisplay(history=HISTORY, forecast=FORECAST, components=COMPONENTS),
    "ForecastDisplay.plot of a panel": lambda: ForecastDisplay(history=PANEL[0], forecast=PANEL[1]),
    "BacktestDisplay.plot": lambda: BacktestDisplay(frame=SCORED),
    "ResidualsDisplay.plot": lambda: ResidualsDisplay(residuals=PANEL[0]),
    "SeasonDisplay.plot": lambda: SeasonDisplay(seasonal_index=pd.concat({"a": FACTORS, "b": FACTORS})),
    "ImportanceDisplay.plot": lambda: ImportanceDisplay(importances=pd.concat({"a": IMPORTANCES}, names=["target"])),
}
NEED_SEVERAL_AXES = (PARTS, SHOPS, LEFT_PLOT, SEASONS_PLOT, RELIED_PLOT)
METHODS = {
    "LossCurveDisplay": lambda **curves: LossCurveDisplay(**curves).plot(),
    "LossCurveDisplay.from_estimator": LossCurveDisplay.from_estimator,
    "ForecastDisplay.from_predictions": ForecastDisplay.from_predictions,
    "ForecastDisplay.from_estimator": ForecastDisplay.from_estimator,
    "BacktestResult": BacktestResult,
    "BacktestResult.metrics_by": BacktestResult(SCORED).metrics_by,
    "BacktestDisplay": lambda **given: BacktestDisplay(**given).plot(),
    "BacktestDisplay.from_predictions": BacktestDisplay.from_predictions,
    "ResidualsDisplay": lambda **given: ResidualsDisplay(**given).plot(),
    "ResidualsDisplay.from_estimator": ResidualsDisplay.from_estimator,
    "ResidualsDisplay.from_predictions": ResidualsDisplay.from_predictions,
    "SeasonDisplay": lambda **given: SeasonDisplay(**given).plot(),
    "SeasonDisplay.from_estimator": SeasonDisplay.from_estimator,
    "ImportanceDisplay": lambda **given: ImportanceDisplay(**given).plot(),
    "ImportanceDisplay.from_estimator": ImportanceDisplay.from_estimator,
}


def scored(**columns):
    return lambda: SCORED.assign(**columns)


def with_attributes(**attributes):
    frame = SCORED.copy()
    frame.attrs.update(attributes)
    return frame


def removed():
    ax = Figure().add_subplot()
    ax.remove()
    return ax


def of_times():
    ax = Figure().add_subplot()
    ax.plot(MONTHS, np.arange(30.0))
    return ax


def of_categories():
    ax = Figure().add_subplot()
    ax.plot(["a", "b"], [1, 2])
    return ax


LOSS, LOSS_PLOT, LOSS_OF = "LossCurveDisplay", "LossCurveDisplay.plot", "LossCurveDisplay.from_estimator"
SHOWN, SHOWN_PLOT, SHOWN_OF = (
    "ForecastDisplay.from_predictions",
    "ForecastDisplay.plot",
    "ForecastDisplay.from_estimator",
)
RESULT, BY = "BacktestResult", "BacktestResult.metrics_by"
SCORES, SCORES_PLOT, SCORES_OF = "BacktestDisplay", "BacktestDisplay.plot", "BacktestDisplay.from_predictions"

ROWS = [
    # losses
    Row(LOSS, "loss_curve", "text", lambda: "abc", "'abc'"),
    Row(LOSS, "loss_curve", "numbers as text", lambda: ["1", "2"], "['1', '2']"),
    Row(LOSS, "loss_curve", "two dimensions", lambda: np.ones((4, 2)), "shape (4, 2)"),
    Row(LOSS, "loss_curve", "dates", lambda: MONTHS[:4], "DatetimeIndex"),
    Row(LOSS, "loss_curve", "booleans", lambda: [True, False], "[True, False]"),
    Row(LOSS, "loss_curve", "complex", lambda: np.ones(4) * 1j, "1.j"),
    Row(LOSS, "loss_curve", "1e300", lambda: [1.0, 1e300], "1e+300"),
    Row(LOSS, "loss_curve", "whole number beyond float64", lambda: 10**400, "401 digits"),
    Row(LOSS, "loss_curve", "empty dict", dict, "Got {}"),
    Row(LOSS, "validation_loss_curve", "another length", lambda: [1.0] * 9, "it has 9"),
    Row(LOSS, "validation_loss_curve", "dict beside a list", lambda: {"a": LOSSES}, "{'a': [3.0"),
    Row(LOSS, "best_iter", "text", lambda: "first", "'first'"),
    Row(LOSS, "best_iter", "0", lambda: 0, "got 0"),
    Row(LOSS, "best_iter", "beyond the last", lambda: 5, "got 5"),
    Row(LOSS, "best_iter", "fraction", lambda: 1.5, "1.5"),
    Row(LOSS, "best_iter", "10**400", lambda: 10**400, "401 digits"),
    Row(LOSS, "best_iter", "duration", lambda: np.timedelta64(2, "D"), "timedelta64(2,'D')"),
    Row(LOSS, "estimator_name", "number", lambda: 3, "got 3", TypeError),
    Row(LOSS_PLOT, "ax", "3-d", lambda: Figure().add_subplot(projection="3d"), "Axes3D", TypeError),
    Row(LOSS_PLOT, "ax", "list", lambda: [Figure().add_subplot()], "got list", TypeError),
    Row(LOSS_PLOT, "ax", "removed", removed, "removed from its figure"),
    Row(LOSS_PLOT, "ax", "of times", of_times, "AutoDateFormatter"),
    Row(LOSS_PLOT, "ax", "of categories", of_categories, "StrCategoryFormatter"),
    Row(LOSS_PLOT, "name", "bytes", lambda: b"m", "b'm'"),
    Row(LOSS_PLOT, "log_scale", "text", lambda: "log", "'log'"),
    Row(LOSS_PLOT, "loss_kwargs", "list", lambda: ["red"], "['red']"),
    Row(LOSS_PLOT, "loss_kwargs", "unknown keyword", lambda: {"colour": "red"}, "{'colour': 'red'}"),
    Row(LOSS_PLOT, "loss_kwargs", "order of text", lambda: {"zorder": "x"}, "{'zorder': 'x'}", TypeError),
    Row(LOSS_PLOT, "validation_kwargs", "formula", lambda: {"label": r"$\bad$"}, r"\\bad"),
    Row(LOSS_PLOT, "validation_kwargs", "width", lambda: {"linewidth": "wide"}, "{'linewidth': 'wide'}"),
    Row(LOSS_PLOT, "best_kwargs", "of another method", lambda: {"scalex": False}, "{'scalex': False}"),
    Row(LOSS_PLOT, "best_kwargs", "transform", lambda: {"transform": 3}, "{'transform': 3}"),
    Row(LOSS_OF, "estimator", "not fitted", LSTMRegressor, "LSTMRegressor instance is not fitted"),
    Row(LOSS_OF, "estimator", "class", lambda: LSTMRegressor, "the class LSTMRegressor", TypeError),
    Row(LOSS_OF, "estimator", "list", lambda: [1, 2], "[1, 2]", TypeError),
    Row(LOSS_OF, "estimator", "no losses", lambda: Ridge().fit([[1.0]], [1.0]), "Ridge has no loss_curve_"),
    Row(LOSS_OF, "estimator", "contains itself", Endless, "Endless has no loss_curve_"),
    # forecasts
    Row(SHOWN, "history", "array", HISTORY.to_numpy, "got ndarray", TypeError),
    Row(SHOWN, "history", "no columns", lambda: HISTORY.to_frame()[[]], "no columns"),
    Row(SHOWN, "history", "infinite", lambda: HISTORY.where(HISTORY.index != MONTHS[3], np.inf), "inf in row 3"),
    Row(SHOWN, "history", "1e306", lambda: HISTORY * 1e305, "e+30"),
    Row(SHOWN, "history", "unsorted", lambda: HISTORY[::-1], "sort_index()"),
    Row(SHOWN, "history", "a time twice", lambda: pd.concat([HISTORY[:1], HISTORY]), "a time twice"),
    Row(SHOWN, "history", "missing time", lambda: HISTORY.set_axis([pd.NaT, *MONTHS[1:24]]), "missing in the index"),
    Row(
        SHOWN, "history", "times as text", lambda: HISTORY.set_axis(MONTHS[:24].astype(str)), "'2020-01-01'", TypeError
    ),
    Row(SHOWN, "history", "mixed index", lambda: HISTORY.set_axis([0, "a"] * 12), "got 0", TypeError),
    Row(SHOWN, "history", "text", lambda: HISTORY.astype(str), "first value is '10.0'"),
    Row(SHOWN, "forecast", "no rows", lambda: INTERVALS[:0], "no rows"),
    Row(SHOWN, "forecast", "unsorted", lambda: INTERVALS[::-1], "sort_index()"),
    Row(SHOWN, "forecast", "infinite", lambda: FORECAST * np.inf, "inf in row 0"),
    Row(SHOWN, "forecast", "one end", lambda: INTERVALS.drop(columns="upper_90"), "'lower_90'"),
    Row(SHOWN, "forecast", "ends exchanged", lambda: INTERVALS.assign(lower_90=99.0), "lower_90 above its upper_90"),
    Row(SHOWN, "forecast", "before the history", lambda: INTERVALS.shift(-30, "MS"), "begins at 2019-07-01"),
    Row(SHOWN, "forecast", "other index", lambda: INTERVALS.reset_index(drop=True), "begins at 0", TypeError),
    Row(SHOWN, "truth", "text", lambda: ["a"], "'a'", TypeError),
    Row(SHOWN, "truth", "empty", list, "shape (0,)"),
    Row(SHOWN, "truth", "complex", lambda: np.ones(6) * 1j, "complex128", TypeError),
    Row(SHOWN, "truth", "sparse", lambda: sparse.csr_matrix(np.eye(6)), "csr_matrix", TypeError),
    Row(SHOWN, "truth", "10**400", lambda: 10**400, "int", TypeError),
    Row(
        SHOWN,
        "truth",
        "a time twice",
        lambda: pd.concat([FORECAST, FORECAST[:1]]),
        "2022-01-01 00:00:00 more than once",
    ),
    Row(SHOWN, "components", "boolean", lambda: True, "got bool", TypeError),
    Row(SHOWN, "components", "infinite", lambda: COMPONENTS.assign(season=np.inf), "inf in row 0"),
    Row(SHOWN, "components", "a part missing", lambda: COMPONENTS[["baseline"]], "'season', 'correction'"),
    Row(SHOWN_PLOT, "ax", "polar", lambda: Figure().add_subplot(projection="polar"), "PolarAxes", TypeError),
    Row(SHOWN_PLOT, "ax", "too many", lambda: Figure().subplots(2, 2), "got 4"),
    Row(SHOWN_PLOT, "ax", "of categories", of_categories, "StrCategoryFormatter"),
    Row(SHOWN_PLOT, "ax", "with None", lambda: [None], "got NoneType", TypeError),
    Row(SHOPS, "ax", "one twice", lambda: [Figure().add_subplot()] * 2, "more than once"),
    Row(SHOWN_PLOT, "n_history", "0", lambda: 0, "got 0"),
    Row(SHOWN_PLOT, "n_history", "boolean", lambda: True, "got True"),
    Row(SHOWN_PLOT, "n_history", "duration", lambda: np.timedelta64(3, "D"), "timedelta64(3,'D')"),
    Row(SHOWN_PLOT, "series", "of no panel", lambda: ["a"], "['a']"),
    Row(SHOWN_PLOT, "series", "NaN", lambda: np.nan, "nan"),
    Row(SHOPS, "series", "unknown", lambda: ["a", "z"], "['a', 'z']"),
    Row(SHOPS, "series", "one twice", lambda: ["a", "a"], "['a', 'a']"),
    Row(SHOPS, "series", "dict", lambda: {"a": 1}, "{'a': 1}"),
    Row(SHOPS, "targets", "unknown", lambda: "price", "'price'"),
    Row(SHOPS, "max_panels", "too few", lambda: 1, "max_panels=1"),
    Row(SHOPS, "max_panels", "fraction", lambda: 1.5, "got 1.5"),
    Row(SHOWN_PLOT, "name", "number", lambda: 3, "Got 3"),
    Row(SHOWN_PLOT, "history_kwargs", "filter", lambda: {"agg_filter": 3}, "{'agg_filter': 3}", TypeError),
    Row(SHOWN_PLOT, "truth_kwargs", "colour", lambda: {"markerfacecolor": "x"}, "{'markerfacecolor': 'x'}"),
    Row(SHOWN_PLOT, "forecast_kwargs", "two names", lambda: {"c": "red", "color": "red"}, "{'c': 'red'", TypeError),
    Row(SHOWN_PLOT, "interval_kwargs", "steps", lambda: {"step": "x"}, "{'step': 'x'}"),
    Row(SHOWN_PLOT, "interval_kwargs", "where", lambda: {"where": [True] * 99}, "{'where': ["),
    Row(PARTS, "component_kwargs", "figure", lambda: {"figure": 3}, "{'figure': 3}"),
    Row(SHOWN_OF, "forecaster", "not fitted", Forecaster, "Forecaster instance is not fitted", names=("Forecaster",)),
    Row(SHOWN_OF, "forecaster", "class", lambda: Forecaster, "Forecaster is not a forecaster", TypeError),
    Row(SHOWN_OF, "forecaster", "regressor", Ridge, "Ridge is not a forecaster", TypeError),
    Row(SHOWN_OF, "steps", "number as text", lambda: "3", "'3'", TypeError),
    Row(SHOWN_OF, "steps", "boolean", lambda: True, "True", TypeError),
    Row(SHOWN_OF, "components", "text", lambda: "yes", "got str", TypeError),
    # scores
    Row(RESULT, "frame", "list", lambda: [1, 2], "got list", TypeError),
    Row(RESULT, "frame", "column missing", lambda: SCORED.drop(columns="scale"), "'scale'"),
    Row(RESULT, "frame", "column twice", lambda: SCORED[[*SCORED, "truth"]], "'truth' more than once"),
    Row(RESULT, "frame", "rows twice", lambda: pd.concat([SCORED, SCORED]), "row 8"),
    Row(RESULT, "frame", "text", scored(truth="x"), "'x'"),
    Row(RESULT, "frame", "infinite naive forecast", scored(naive=np.inf), "inf in row 0"),
    Row(RESULT, "frame", "1e308", scored(truth=-1e308), "-1e+308"),
    Row(RESULT, "frame", "negative scale", scored(scale=-1.0), "-1.0 in row 0"),
    Row(RESULT, "frame", "ends exchanged", scored(lower_90=99.0), "99.0 in row 0"),
    Row(RESULT, "frame", "one end", lambda: SCORED.drop(columns="upper_90"), "'lower_90' without 'upper_90'"),
    Row(RESULT, "frame", "coverage of 120 %", scored(lower_120=-9.0, upper_120=99.0), "'lower_120'"),
    Row(RESULT, "frame", "fraction of a step", scored(step=1.5), "1.5 in row 0"),
    Row(RESULT, "frame", "date as a step", scored(step=MONTHS[0]), "2020-01-01"),
    Row(RESULT, "frame", "list as origin", lambda: SCORED.assign(origin=[[1]] * 8), "'list'"),
    Row(RESULT, "frame", "season of text", lambda: with_attributes(season="12"), "'12'"),
    Row(BY, "by", "unknown", lambda: "truth", "got 'truth'"),
    Row(BY, "by", "twice", lambda: ["step", "step"], "['step', 'step']"),
    Row(BY, "by", "set", lambda: {"step"}, "{'step'}"),
    Row(SCORES, "frame", "no rows", lambda: SCORED[:0], "no rows"),
    Row(SCORES, "frame", "no tables", dict, "empty dict"),
    Row(SCORES, "frame", "odd table", lambda: {"a": SCORED, "b": 3}, "got int", TypeError),
    Row(SCORES, "frame", "too many", lambda: dict.fromkeys(range(11), SCORED), "11 lines"),
    Row(SCORES, "estimator_name", "bytes", lambda: b"m", "b'm'", TypeError),
    Row(SCORES_PLOT, "metric", "unknown", lambda: "mape", "'mape'"),
    Row(SCORES_PLOT, "metric", "number", lambda: 3, "Got 3"),
    Row(SCORES_PLOT, "by", "unknown", lambda: "origin", "'origin'"),
    Row(SCORES_PLOT, "reference", "number", lambda: 1, "Got 1"),
    Row(SCORES_PLOT, "spread", "text", lambda: "yes", "'yes'"),
    Row(SCORES_PLOT, "name", "list", lambda: ["m"], "['m']"),
    Row(SCORES_PLOT, "ax", "figure", Figure, "got Figure", TypeError),
    Row(SCORES_PLOT, "line_kwargs", "text", lambda: "red", "'red'"),
    Row(SCORES_PLOT, "line_kwargs", "effects", lambda: {"path_effects": 3}, "{'path_effects': 3}", TypeError),
    Row(SCORES_PLOT, "reference_kwargs", "dashes", lambda: {"linestyle": "x"}, "{'linestyle': 'x'}"),
    Row(SCORES_PLOT, "spread_kwargs", "width", lambda: {"linewidth": "wide"}, "{'linewidth': 'wide'}"),
    Row(SCORES_OF, "frame", "records", lambda: SCORED.to_dict("records"), "got list", TypeError),
    # residuals
    Row(LEFT, "residuals", "array", HISTORY.to_numpy, "got ndarray", TypeError),
    Row(LEFT, "residuals", "text", lambda: HISTORY.astype(str), "numbers"),
    Row(LEFT, "residuals", "infinite", lambda: HISTORY * np.inf, "inf in row 0"),
    Row(LEFT, "residuals", "one value", lambda: HISTORY[:1], "1 value(s)"),
    Row(LEFT, "residuals", "no rows", lambda: HISTORY[:0], "0 value(s)"),
    Row(LEFT, "residuals", "all missing", lambda: HISTORY * np.nan, "0 value(s)"),
    Row(LEFT, "residuals", "unsorted", lambda: HISTORY[::-1], "must increase"),
    Row(
        LEFT, "residuals", "index of text", lambda: HISTORY.set_axis(MONTHS[:24].astype(str)), "'2020-01-01'", TypeError
    ),
    Row(LEFT, "residuals", "three levels", lambda: pd.concat({"x": PANEL[0]}), "3 index levels"),
    Row(LEFT, "n_lags", "too many", lambda: 24, "got 24"),
    Row(LEFT, "n_lags", "0", lambda: 0, "got 0"),
    Row(LEFT, "n_lags", "boolean", lambda: True, "got True"),
    Row(LEFT_PLOT, "ax", "two", lambda: Figure().subplots(1, 2), "got 2"),
    Row(LEFT_PLOT, "ax", "one thrice", lambda: [Figure().add_subplot()] * 6, "more than once"),
    Row(LEFT_PLOT, "series", "unknown", lambda: ["z"], "['z']"),
    Row(LEFT_PLOT, "targets", "unknown", lambda: "price", "'price'"),
    Row(LEFT_PLOT, "max_panels", "too few", lambda: 5, "max_panels=5"),
    Row(LEFT_PLOT, "max_panels", "text", lambda: "5", "got '5'"),
    Row(LEFT_PLOT, "line_kwargs", "dashes", lambda: {"linestyle": "x"}, "{'linestyle': 'x'}"),
    Row(LEFT_PLOT, "bar_kwargs", "hatch", lambda: {"hatch": 3}, "{'hatch': 3}", TypeError),
    Row(LEFT_PLOT, "bar_kwargs", "width", lambda: {"width": "x"}, "{'width': 'x'}", TypeError),
    Row(LEFT_OF, "forecaster", "not fitted", Forecaster, "Forecaster instance is not fitted", names=("Forecaster",)),
    Row(LEFT_OF, "forecaster", "regressor", Ridge, "Ridge is not a forecaster", TypeError),
    Row(LEFT_OF, "n_lags", "fraction", lambda: 1.5, "got 1.5"),
    Row(LEFT_FROM, "y_true", "text", lambda: ["a", "b"], "'a'", TypeError),
    Row(LEFT_FROM, "y_true", "number", lambda: 3, "got 3"),
    Row(LEFT_FROM, "y_true", "beyond float64", lambda: np.longdouble("1e310"), "one or two dimensions"),
    Row(LEFT_FROM, "y_true", "values beyond float64", lambda: np.full(24, np.longdouble("1e310")), "inf"),
    Row(LEFT_FROM, "y_pred", "other rows", lambda: HISTORY[1:], "23 rows"),
    Row(LEFT_FROM, "y_pred", "fewer", lambda: [1.0, 2.0], "got (2,)"),
    Row(LEFT_FROM, "y_pred", "complex", lambda: np.ones(24) * 1j, "complex", TypeError),
    # seasons
    Row(SEASONS, "seasonal_index", "Series", lambda: FACTORS["factor"], "got Series", TypeError),
    Row(SEASONS, "seasonal_index", "no rows", lambda: FACTORS[:0], "0 rows"),
    Row(SEASONS, "seasonal_index", "a column missing", lambda: FACTORS[["factor"]], "'factor'"),
    Row(SEASONS, "seasonal_index", "columns twice", lambda: pd.concat([FACTORS] * 2, axis=1), "'addend', 'factor'"),
    Row(SEASONS, "seasonal_index", "missing value", lambda: FACTORS * np.nan, "missing value"),
    Row(SEASONS, "seasonal_index", "infinite", lambda: FACTORS * np.inf, "inf in row 0"),
    Row(SEASONS, "seasonal_index", "text", lambda: FACTORS.astype(str), "numbers"),
    Row(SEASONS, "seasonal_index", "negative factor", lambda: FACTORS.assign(factor=-1.0), "-1.0"),
    Row(SEASONS, "seasonal_index", "factor and addend", lambda: FACTORS.assign(addend=1.0), "factors other than 1"),
    Row(SEASONS, "seasonal_index", "rows twice", lambda: pd.concat([FACTORS, FACTORS]), "1 more than once"),
    Row(SEASONS_PLOT, "ax", "figure", Figure, "got Figure", TypeError),
    Row(SEASONS_PLOT, "ax", "too many", lambda: Figure().subplots(3), "got 3"),
    Row(SEASONS_PLOT, "series", "unknown", lambda: ["z"], "['z']"),
    Row(SEASONS_PLOT, "targets", "unknown", lambda: "price", "'price'"),
    Row(SEASONS_PLOT, "max_panels", "too few", lambda: 1, "max_panels=1"),
    Row(SEASONS_PLOT, "line_kwargs", "colour", lambda: {"colour": 3}, "{'colour': 3}"),
    Row(SEASONS_OF, "forecaster", "no season", lambda: FITTED, "no season off"),
    Row(SEASONS_OF, "forecaster", "class", lambda: Forecaster, "Forecaster is not a forecaster", TypeError),
    # importances
    Row(RELIED, "importances", "Series", lambda: IMPORTANCES[0], "got Series", TypeError),
    Row(RELIED, "importances", "no rows", lambda: IMPORTANCES[:0], "(0, 2)"),
    Row(RELIED, "importances", "other index", lambda: IMPORTANCES.reset_index(drop=True), "got None"),
    Row(RELIED, "importances", "other kind", lambda: IMPORTANCES.rename({"lag": "row"}), "'row'"),
    Row(RELIED, "importances", "number 0", lambda: IMPORTANCES.rename({1: 0}), "'lag', 0)"),
    Row(RELIED, "importances", "text", lambda: IMPORTANCES.astype(str), "numbers"),
    Row(RELIED, "importances", "infinite", lambda: IMPORTANCES * np.inf, "inf in row 0"),
    Row(RELIED, "importances", "rows twice", lambda: pd.concat([IMPORTANCES] * 2), "more than once"),
    Row(RELIED, "scoring", "number", lambda: 3, "got 3", TypeError),
    Row(RELIED_PLOT, "ax", "too many", lambda: Figure().subplots(3), "got 3"),
    Row(RELIED_PLOT, "variables", "unknown", lambda: ["z"], "['z']"),
    Row(RELIED_PLOT, "targets", "unknown", lambda: ["z"], "['z']"),
    Row(RELIED_PLOT, "max_panels", "zero", lambda: 0, "got 0"),
    Row(RELIED_PLOT, "max_panels", "too few", lambda: 1, "max_panels=1"),
    Row(RELIED_PLOT, "bar_kwargs", "width", lambda: {"width": "x"}, "{'width': 'x'}", TypeError),
    Row(RELIED_OF, "forecaster", "regressor", Ridge, "Ridge is not a forecaster", TypeError),
    Row(RELIED_OF, "X", "columns", lambda: HISTORY.to_frame(), "X"),
    Row(RELIED_OF, "y", "a gap", lambda: FORECAST[1:], "2022-02-01"),
    Row(RELIED_OF, "steps", "as many as rows", lambda: 6, "got 6", names=("y",)),
    Row(RELIED_OF, "n_repeats", "zero", lambda: 0, "Got 0"),
    Row(RELIED_OF, "scoring", "unknown", lambda: "mae", "'mae'"),
    Row(RELIED_OF, "random_state", "text", lambda: "0", "'0'"),
]


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_cannot_be_plotted_is_refused_and_leaves_nothing(row):
    ax = Figure().add_subplot()
    ax.plot([1, 2], label="the user's")
    if row.function in DISPLAYS:
        display = DISPLAYS[row.function]()
        method, given = display.plot, {} if row.function in NEED_SEVERAL_AXES else {"ax": ax}
    else:
        display, method, given = None, METHODS[row.function], GIVEN[row.function]
    if row.argument == "spread_kwargs":
        given = given | {"spread": True}

    def state():
        attributes = None if display is None else vars(display).copy()
        return (
            plt.get_fignums(),
            ax.get_children(),
            ax.get_yscale(),
            ax.get_xlabel(),
            attributes,
            state_of(FITTED) if row.function in (SHOWN_OF, LEFT_OF, SEASONS_OF, RELIED_OF) else None,
        )

    check_refused(row, lambda value: method(**given | {row.argument: value}), state)


# ---- what may be odd


NAMES = {
    "a_$b": "a_$b",
    "$x$ and $": "$x$ and $",
    r"$\bad$": r"$\bad$",
    "_hidden": "_hidden",
    "two\nlines": "two\nlines",
    "tab\t": r"tab\t",
    "nul\0": r"nul\x00",
    "\ud800": r"\ud800",
    "x" * 999: "x" * 39 + "…",
}


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_name_is_shown_as_it_is(name):
    keys = pd.Index([name, "b"], dtype=object)  # strings of pyarrow cannot hold half of a surrogate pair
    series = [pd.concat([part, part], keys=keys) for part in (HISTORY, FORECAST)]
    displays = [
        LossCurveDisplay(loss_curve={name: LOSSES, "b": LOSSES}).plot(),
        LossCurveDisplay(loss_curve=LOSSES).plot(name=name),
        ForecastDisplay.from_predictions(HISTORY.rename(name), INTERVALS, name=name),
        BacktestDisplay(frame={name: SCORED, "b": SCORED}).plot(),
        BacktestDisplay(frame=SCORED.astype({"series": object}).replace({"series": {"a": name}})).plot(
            by="series", spread=True
        ),
        BacktestDisplay(frame=SCORED).plot(name=name),
    ]
    for display in displays:
        display.figure_.canvas.draw()
        legend = display.legend_ if hasattr(display, "legend_") else display.ax_.get_legend()
        shown = [text.get_text().replace(r"\$", "$").removeprefix(" ") for text in legend.get_texts()]
        assert any(text.startswith(NAMES[name]) for text in shown), shown
    panels = ForecastDisplay.from_predictions(*series, name=name)
    panels.figure_.canvas.draw()
    assert panels.ax_.get_title(loc="left") == NAMES[name]


# ---- the attack


def test_a_sample_of_the_attack_is_answered_clearly():
    outcomes = [attempt.outcome() for attempt in sampled(everything(), 150)]
    assert bad(outcomes) == []


@pytest.mark.slow
def test_the_attack_is_answered_clearly():
    assert bad(run_apart("tests.bad_input.display_attempts:everything")) == []
