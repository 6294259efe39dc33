"""Series, forecasters and the slow construction of windows that the tests of this folder share."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_validate
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from sklstm import Forecaster, LSTMRegressor
from sklstm._forecasting.built_windows import TrainingWindows
from sklstm._forecasting.series_scaling import ScalingRule, SeriesScaling
from sklstm._forecasting.target_scaling import fit_scaler
from tests.tools import model

STRATEGIES = ["recursive", "multioutput", "direct"]
WITH_AUTO = [*STRATEGIES, "auto"]  # with `steps`
COLUMNS = {"none": "", "known": "kl", "past": "p", "both": "kpl"}  # k and l are known in advance, p is not
SHAPES = ["single", "several", "panel"]
L, H, N_FUTURE = 3, 3, 6
PLAIN = {"season": None, "baseline": None, "log": None}  # the regressor alone

REGRESSORS = {
    "ridge": Ridge(),
    "scaled": make_pipeline(StandardScaler(), Ridge()),
    "tree": DecisionTreeRegressor(min_samples_leaf=2, random_state=0),
    "boosting": HistGradientBoostingRegressor(max_iter=5, min_samples_leaf=2),
    "neighbours": KNeighborsRegressor(2),
    "lstm": model(max_iter=2),
}
SINGLE_OUTPUT = {"boosting"}


def scaler_of(transformer, series, is_centred, is_sized=False, of_unlike=None):
    """The scaler alone, as `fit_scaler` makes it."""
    return fit_scaler(transformer, series, ScalingRule(is_centred, is_sized, of_unlike))[0]


def samples_of(windows, targets, weight=None):
    """Samples that were scaled by nothing."""
    n = len(targets)
    scaling = SeriesScaling(np.zeros((n, 1)), *np.ones((4, n, 1)))
    return TrainingWindows(windows, targets, weight, None, np.arange(n), scaling)


class Recorder(RegressorMixin, BaseEstimator):
    """Keeps what it is fitted on; predicts with weights that no data change."""

    def __init__(self, allow_nan=False):
        self.allow_nan = allow_nan

    def fit(self, X, y, sample_weight=None):
        self.X_, self.y_, self.weight_ = np.array(X), np.array(y), sample_weight
        return self

    partial_fit = fit

    def predict(self, X):
        rows = np.nan_to_num(np.asarray(X, dtype=np.float64).reshape(len(X), -1))
        outputs = 1 if self.y_.ndim == 1 else self.y_.shape[1]
        weights = np.cos(1 + np.arange(rows.shape[1] * outputs)).reshape(-1, outputs)
        answers = rows @ weights / rows.shape[1]
        return answers[:, 0] if self.y_.ndim == 1 else answers

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.allow_nan
        tags.target_tags.multi_output = True
        return tags


class RecordingLSTM(LSTMRegressor):
    """The same, given sequences."""

    fit, partial_fit, predict = Recorder.fit, Recorder.fit, Recorder.predict


READERS = {"flat": Recorder(), "flat, NaN taken": Recorder(allow_nan=True), "sequences": RecordingLSTM()}


def series(n, columns="none", shape="single", seed=0):
    """X (or None) and y of `n` rows at days; a panel has three series in turns, which begin and end apart."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("2024-01-01", periods=n, name="day")
    parts = {}
    for key, (first, last) in {"b": (0, n), "a": (n // 4, n), "c": (0, n - 2)}.items():
        index = days[first:last] if shape == "panel" else days
        y = 10 + rng.normal(size=(len(index), 2)).cumsum(axis=0)
        parts[key] = pd.DataFrame(np.c_[y, rng.normal(size=(len(y), 3))], index=index, columns=list("yzkpl"))
    table = parts["b"]
    if shape == "panel":
        table = pd.concat(parts, names=["shop", "day"]).sort_index(level="day", sort_remaining=False, kind="stable")
    X = table[list(COLUMNS[columns])] if COLUMNS[columns] else None
    return X, table[["y", "z"]] if shape == "several" else table["y"].rename("sales")


def split(data, n_future):
    """The rows of each series but the last ones, and these."""
    if data is None:
        return None, None
    if data.index.nlevels == 1:
        return data.iloc[:-n_future], data.iloc[-n_future:]
    left = data.groupby(level=0).cumcount(ascending=False)
    return data[left >= n_future], data[left < n_future]


def forecaster(regressor, columns="none", strategy="recursive", **settings):
    steps = None if strategy == "recursive" else H
    past_only = ["p"] if "p" in COLUMNS[columns] else None
    settings = {"window_length": L, "strategy": strategy, "steps": steps, "past_only": past_only, **PLAIN, **settings}
    return Forecaster(clone(regressor), **settings)


def reach(columns, strategy):
    """How many steps can be asked for; with "auto" two blocks."""
    if "p" in COLUMNS[columns]:
        return 1 if strategy == "recursive" else H
    return 2 * H if strategy == "auto" else H


def by_series(data):
    """The rows of each series."""
    if data is None or data.index.nlevels == 1:
        return {None: data}
    return {key: data.xs(key, level=0) for key in data.index.get_level_values(0).unique()}


def at(values, row):
    """A row of a table; NaN outside of it."""
    return list(values[row]) if 0 <= row < len(values) else [np.nan] * values.shape[1]


def slow_row(y, known, past, origin, n_ahead, as_sequence):
    """What may be read at an origin, value by value."""
    steps = []
    for s in range(origin - L, origin):
        ahead = [
            value for step in range(1, n_ahead + 1) for value in (at(known, s + step) if s >= 0 else at(known, -1))
        ]
        steps.append(at(y, s) + (ahead if as_sequence else []) + at(past, s))
    if as_sequence:
        return steps
    return [value for step in steps for value in step] + [
        value for step in range(n_ahead) for value in at(known, origin + step)
    ]


def arrays(X, y):
    """Targets, known and past-only columns of one series."""
    columns = pd.DataFrame(index=y.index) if X is None else X
    known, past = (columns[[name for name in columns if name in names]].to_numpy() for names in ("kl", "p"))
    return y.to_numpy().reshape(len(y), -1), known, past


def slow_samples(X, y, n_ahead, reader, weight=None):
    """Rows, targets and weights at all origins that can be read, of panels by time, and how many cannot."""
    as_sequence, keeps = reader == "sequences", reader != "flat"
    weight = pd.Series(1.0, y.index) if weight is None else weight
    samples, n_dropped = [], 0
    for key, part in by_series(y).items():
        table, known, past = arrays(None if X is None else by_series(X)[key], part)
        weights = by_series(weight)[key].to_numpy()[:, np.newaxis]
        for o in range(1, len(table)):
            row = slow_row(table, known, past, o, n_ahead, as_sequence)
            lags = [at(table, s) + at(past, s) for s in range(o - L, o)]
            knows = not np.isnan([at(known, o + step) for step in range(n_ahead)]).any()
            present = [not np.isnan(step).any() for step in (row if as_sequence else lags)]
            readable = (any(present) and (knows or not as_sequence)) if keeps else (all(present) and knows)
            n_dropped += not readable
            if readable:
                targets = [at(table, o + step) for step in range(n_ahead)]
                samples.append((part.index[o], row, targets, [at(weights, o + step)[0] for step in range(n_ahead)]))
    samples.sort(key=lambda sample: sample[0])
    rows, targets, weights = (np.array([sample[k] for sample in samples]) for k in (1, 2, 3))
    return rows, targets, weights, n_dropped


def slow_training(X, y, strategy, reader, weight=None):
    """What each regressor has to be fitted on: rows, targets and weights; and the number of windows left out."""
    rows, targets, weights, n_dropped = slow_samples(X, y, 1 if strategy == "recursive" else H, reader, weight)
    if strategy == "auto" and reader == "sequences":
        return [slow_partly(rows, targets, weights)], n_dropped
    parts = []
    for steps in [slice(k, k + 1) for k in range(H)] if strategy == "direct" else [slice(None)]:
        wanted = targets[:, steps].reshape(len(rows), -1)
        least = weights[:, steps].min(axis=1)
        learnt = ~np.isnan(wanted).any(axis=1) & (least > 0)
        wanted = wanted[learnt]
        parts.append((rows[learnt], wanted[:, 0] if wanted.shape[1] == 1 else wanted, least[learnt]))
    return parts, n_dropped


def slow_partly(rows, targets, weights):
    """What one LSTM has to be fitted on if single targets may be missing: each sample with a target that counts."""
    samples = []
    for row, wanted, weight in zip(rows, targets, weights, strict=True):
        wanted = [part if w > 0 else np.full(len(part), np.nan) for part, w in zip(wanted, weight, strict=True)]
        counted = [w for part, w in zip(wanted, weight, strict=True) if not np.isnan(part).all()]
        if counted:
            samples.append((row, np.concatenate(wanted), min(counted)))
    return tuple(np.array([sample[k] for sample in samples]) for k in range(3))


def step_rows(X_future, step):
    """Row number `step` of each series."""
    if X_future is None:
        return None
    if X_future.index.nlevels == 1:
        return X_future[step : step + 1]
    return X_future[X_future.groupby(level=0).cumcount() == step]


def rows_only(y):
    """A frame without columns at the same rows."""
    return pd.DataFrame(index=y.index)


def walk(n=80, shape="single", seed=5):
    """A random walk or several, and a calendar beside it."""
    X, y = series(n, "known", shape, seed)
    return X, y


def shuffled(data, seed=0):
    return data.iloc[np.random.default_rng(seed).permutation(len(data))]


def forecast_when_scored(f, X, y, cut):
    """What a forecaster predicts for the test rows when `cross_validate` scores it on one split."""
    answers = []

    def scoring(estimator, X, y):
        answers.append(estimator.predict(X))
        return 0.0

    cross_validate(f, X, y, cv=cut, scoring=scoring, error_score="raise")
    return answers[0]
