"""What predictions, refused calls and copies leave behind: nothing."""

import copy
import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import Forecaster, LSTMRegressor, WindowTransformer, make_windows

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*diverges", "ignore:The recursion runs away", "ignore:The index begins"),
]

N = 60
DAYS = pd.date_range("2021-01-01", periods=N, freq="D", name="day")
NOISE = np.random.default_rng(0).normal(size=(N, 2))
SERIES = pd.Series(10 + np.sin(np.arange(N) / 3) + 0.1 * NOISE[:, 0], DAYS, name="y")
KNOWN = pd.DataFrame({"k": NOISE[:, 1]}, DAYS)
FUTURE = pd.DataFrame({"k": np.arange(8.0)}, pd.date_range(DAYS[-1] + DAYS.freq, periods=8))
PANEL = pd.concat({"a": SERIES, "b": 2 * SERIES + 3}, names=["series"])
LSTM = LSTMRegressor(2, max_iter=2, random_state=0)
QUANTILES = LSTMRegressor(2, max_iter=2, random_state=0, loss="quantile", quantile=[0.1, 0.5, 0.9])

# name: forecaster, X, y, X_future
FORECASTERS = {
    "lstm": (Forecaster(LSTM, window_length=5, baseline=None), None, SERIES, None),
    "default": (Forecaster(LSTM.set_params(max_iter=2), steps=3), None, SERIES, None),
    "conformal": (Forecaster(Ridge(), window_length=5, intervals="conformal"), KNOWN, SERIES, FUTURE),
    "bootstrap": (Forecaster(LSTM, window_length=5, intervals="bootstrap", season=7), None, SERIES, None),
    "panel": (Forecaster(LSTM, window_length=5, intervals="conformal"), None, PANEL, None),
    "quantiles": (Forecaster(QUANTILES, window_length=5, steps=4, strategy="multioutput"), None, SERIES, None),
    "boosting": (
        Forecaster(HistGradientBoostingRegressor(max_iter=2), steps=4, strategy="direct"),
        KNOWN,
        SERIES,
        FUTURE,
    ),
    "pipeline": (Forecaster(make_pipeline(StandardScaler(), LSTM), window_length=5, log=True), None, SERIES, None),
}


def fitted(name):
    forecaster, X, y, X_future = FORECASTERS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return clone(forecaster).fit(X, y), X, y, X_future


def read_everything(forecaster, X, y, X_future):
    """Call whatever only reads, with several horizons, coverages and histories."""
    rows = y.to_frame()[[]] if X is None else X
    has_intervals = forecaster.intervals is not None or forecaster.regressor is QUANTILES
    for steps in range(1, 5):
        known = None if X_future is None else X_future[:4]
        forecaster.forecast(steps, known)
        forecaster.components(steps, known)
        forecaster.future_index(steps)
        history = (y[:40] if X is None else (X[:40], y[:40])) if None in forecaster._history else y
        forecaster.future_index(steps, history=history)
        if X is None:
            forecaster.forecast(steps, history=history)
        for coverage in (0.5, 0.8) if has_intervals else ():
            forecaster.forecast(steps, known, coverage=coverage)
    forecaster.predict(rows)
    forecaster.score(rows, y)
    for attribute in ("fitted_values_", "residuals_", "history_"):
        getattr(forecaster, attribute)
    repr(forecaster)
    forecaster.get_params()
    clone(forecaster)


@pytest.mark.parametrize("name", FORECASTERS)
def test_reading_a_forecaster_changes_no_pickle_of_it(name):
    forecaster, X, y, X_future = fitted(name)
    before, hashed = pickle.dumps(forecaster), joblib.hash(vars(forecaster))
    for _ in range(2):
        read_everything(forecaster, X, y, X_future)
        assert joblib.hash(vars(forecaster)) == hashed
        assert pickle.dumps(forecaster) == before
    known = None if X_future is None else X_future[:4]
    for other in (pickle.loads(before), copy.deepcopy(forecaster), copy.copy(forecaster)):
        assert len(pickle.dumps(other)) == pytest.approx(len(before), rel=0.1)
        np.testing.assert_array_equal(other.fitted_values_, forecaster.fitted_values_)
        np.testing.assert_array_equal(other.forecast(2, known), forecaster.forecast(2, known))


@pytest.mark.parametrize("train", [False, True])
def test_reading_after_an_update_changes_no_pickle_either(train):
    forecaster = Forecaster(LSTM, window_length=5, intervals="conformal").fit(None, SERIES[:50])
    forecaster.update(None, SERIES[50:], train=train)
    before = pickle.dumps(forecaster)
    for steps in (1, 2, 3):
        forecaster.forecast(steps, coverage=0.5)
    assert len(forecaster.fitted_values_) == len(forecaster.residuals_) == 50
    assert pickle.dumps(forecaster) == before


@pytest.mark.parametrize("kind", ["conformal", "bootstrap"])
def test_errors_of_few_horizons_are_kept_whatever_is_asked_for(kind):
    forecaster = Forecaster(Ridge(), window_length=5, intervals=kind).fit(None, SERIES)
    before = pickle.dumps(forecaster)
    alone = {steps: pickle.loads(before).forecast(steps, coverage=[0.5, 0.7]) for steps in (1, 5, 9)}
    kept = forecaster._fitted.batch_forecaster.intervals.errors
    for steps in (9, *range(1, 9), 5, 1, 9):
        found = forecaster.forecast(steps, coverage=[0.5, 0.7])
        if steps in alone:
            pd.testing.assert_frame_equal(found, alone[steps])
    assert 1 <= len(kept._kept) <= 4


def test_an_index_of_the_user_is_not_that_of_the_forecaster():
    """Else a new name would be that of forecasts, and what pandas keeps with an index would be pickled."""
    y = SERIES.copy()
    y.index = y.index[:]
    forecaster = Forecaster(Ridge(), window_length=5).fit(None, y)
    before = pickle.dumps(forecaster)
    y.index.name = "other"
    assert y.index.unit
    assert forecaster.forecast(1).index.name == forecaster.history_.index.name == "day"
    assert pickle.dumps(forecaster) == before


def test_reading_an_lstm_changes_no_pickle_of_it():
    for settings in ({}, {"loss": "quantile", "quantile": [0.1, 0.5]}, {"early_stopping": True}):
        model, (X, y) = clone(LSTM).set_params(**settings), make_windows(SERIES, 5)
        model.fit(X, y)
        before = pickle.dumps(model)
        for rows in (X[:1], X, np.full_like(X, np.nan)):
            model.predict(rows)
        model.score(X, y)
        for steps in range(1, 9):
            model.forecast(steps)
            model.forecast(steps, context=X[:3], clip=False)
        assert len(model.weight_ih_) == 1
        assert model.validation_scores_ is None or settings == {"early_stopping": True}
        if settings.get("loss") == "quantile":
            model.predict_quantiles(X)
        assert pickle.dumps(model) == before


def test_reading_a_window_transformer_changes_no_pickle_of_it():
    transformer = WindowTransformer(3, flatten=True).set_output(transform="pandas").fit(KNOWN)
    before = pickle.dumps(transformer)
    for rows in (KNOWN, KNOWN[20:]):
        transformer.transform(rows)
    transformer.get_feature_names_out()
    assert pickle.dumps(transformer) == before


# ---- what is refused


def wrong_lstm_calls():
    """A fitted LSTM, and calls that it refuses, by name."""
    X, y = make_windows(SERIES, 5)
    nan = np.where(np.arange(len(y)) == 3, np.nan, y)
    generator = np.random.default_rng(0)
    model = LSTMRegressor(2, max_iter=3, random_state=generator, warm_start=True).fit(X, y)
    return model, {
        "fit: shape": lambda: model.fit(X[0], y),
        "fit: no targets": lambda: model.fit(X, None),
        "fit: NaN": lambda: model.fit(X, nan),
        "fit: infinity": lambda: model.fit(X * np.inf, y),
        "fit: weights": lambda: model.fit(X, y, -np.ones(len(y))),
        "fit: validation": lambda: model.fit(X, y, X_val=X, y_val=y),
        "fit: outputs": lambda: model.fit(X, np.c_[y, y]),
        "fit: parameter": lambda: changed(model, hidden_size=0).fit(X, y),
        "fit: another size": lambda: changed(model, hidden_size=3).fit(X, y),
        "fit: settings": lambda: changed(model, loss_steps="all", bidirectional=True).fit(X, y),
        "fit: diverges": lambda: changed(model, learning_rate_init=1e30, clip_norm=None, solver="sgd", max_iter=30).fit(
            X, y
        ),
        "fit: memory": lambda: changed(model, hidden_size=10**9, warm_start=False).fit(X, y),
        "partial_fit: shape": lambda: model.partial_fit(X[:, :, [0, 0]], y),
        "partial_fit: NaN": lambda: model.partial_fit(X, nan),
        "partial_fit: solver": lambda: changed(model, solver="lbfgs").partial_fit(X, y),
        "predict": lambda: model.predict(X[:, 1:, 0]),
        "predict: infinity": lambda: model.predict(X * np.inf),
        "predict_quantiles": lambda: model.predict_quantiles(X),
        "score": lambda: model.score(X, y[:-1]),
        "score: weights": lambda: model.score(X, y, -y),
        "forecast: steps": lambda: model.forecast(0),
        "forecast: future": lambda: model.forecast(2, X),
        "forecast: context": lambda: model.forecast(2, context=X[0]),
        "set_params": lambda: model.set_params(hiden_size=3),
    }


def wrong_forecaster_calls():
    X, y = KNOWN, SERIES
    generator = np.random.default_rng(0)
    regressor = LSTMRegressor(2, max_iter=2, random_state=generator)
    forecaster = Forecaster(regressor, window_length=5, intervals="conformal").fit(X, y)
    later = pd.DataFrame({"k": [1.0]}, DAYS[-1:] + DAYS.freq)
    diverging = {
        "regressor__learning_rate_init": 1e30,
        "regressor__clip_norm": None,
        "regressor__max_iter": 30,
        "regressor__solver": "sgd",
    }
    return forecaster, {
        "fit: no targets": lambda: forecaster.fit(X, None),
        "fit: rows": lambda: forecaster.fit(X[1:], y),
        "fit: gap": lambda: forecaster.fit(X.drop(DAYS[7]), y.drop(DAYS[7])),
        "fit: few": lambda: forecaster.fit(X[:2], y[:2]),
        "fit: names": lambda: forecaster.fit(X.rename(columns={"k": 3}).assign(z="a"), y),
        "fit: parameter": lambda: changed(forecaster, window_length=0).fit(X, y),
        "fit: past_only": lambda: changed(forecaster, past_only=["q"]).fit(X, y),
        "fit: regressor": lambda: changed(forecaster, regressor__hidden_size=-1).fit(None, y),
        "fit: diverges": lambda: changed(forecaster, baseline=None, **diverging).fit(None, 2 * y),
        "fit: intervals": lambda: changed(forecaster, calibration_size=7).fit(None, y[:8]),
        "update: gap": lambda: forecaster.update(FUTURE[2:], pd.Series(1.0, FUTURE.index[2:])),
        "update: columns": lambda: forecaster.update(None, pd.Series(1.0, later.index)),
        "update: train": lambda: forecaster.update(later, pd.Series(1.0, later.index), train=3),
        "update: rate": lambda: forecaster.update(later, pd.Series(1.0, later.index), learning_rate_init=1.0),
        "update: partial_fit": lambda: without_partial_fit().update(None, SERIES[50:], train=True),
        "predict": lambda: forecaster.predict(X[:5].assign(k=1e9)),
        "predict: steps": lambda: forecaster.predict(3),
        "predict: gap": lambda: forecaster.predict(FUTURE[3:]),
        "score": lambda: forecaster.score(X, y[1:]),
        "forecast: steps": lambda: forecaster.forecast(0, FUTURE),
        "forecast: future": lambda: forecaster.forecast(2),
        "forecast: coverage": lambda: forecaster.forecast(2, FUTURE, coverage=0.999),
        "forecast: history": lambda: forecaster.forecast(2, FUTURE, history=y),
        "components": lambda: forecaster.components(2, FUTURE[1:]),
        "future_index": lambda: forecaster.future_index(0),
        "set_params": lambda: forecaster.set_params(window_lenth=3),
    }


def without_partial_fit():
    return Forecaster(Ridge(), window_length=5).fit(None, SERIES[:50])


def wrong_transformer_calls():
    transformer = WindowTransformer(3, flatten=True).fit(KNOWN)
    return transformer, {
        "fit: shape": lambda: transformer.fit(SERIES),
        "fit: order": lambda: transformer.fit(KNOWN[::-1]),
        "fit: infinity": lambda: transformer.fit(KNOWN * np.inf),
        "fit: rows": lambda: transformer.fit(KNOWN, SERIES[::-1]),
        "fit: parameter": lambda: changed(transformer, window_length=0).fit(KNOWN.to_numpy()),
        "transform": lambda: transformer.transform(KNOWN.assign(z=1.0)),
        "transform: order": lambda: transformer.transform(KNOWN[::-1]),
        "names": lambda: transformer.get_feature_names_out(["q", "r"]),
    }


def changed(estimator, **parameters):
    """Set parameters until the call fails."""
    CHANGED.append((estimator, {name: estimator.get_params()[name] for name in parameters}))
    return estimator.set_params(**parameters)


CHANGED = []
WRONG = {
    "LSTMRegressor": wrong_lstm_calls,
    "Forecaster": wrong_forecaster_calls,
    "WindowTransformer": wrong_transformer_calls,
}
REFUSALS = (ValueError, TypeError, AttributeError, MemoryError)


def refuse(name, call):
    """Call what is refused, and set the parameters back that were changed for it."""
    try:
        call()
    except REFUSALS:
        pass
    else:
        pytest.fail(f"not refused: {name}")
    while CHANGED:
        estimator, parameters = CHANGED.pop()
        estimator.set_params(**parameters)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("cls", WRONG)
def test_what_is_refused_leaves_everything_as_it_was(cls):
    estimator, calls = WRONG[cls]()
    before, hashed = pickle.dumps(estimator), joblib.hash(vars(estimator))
    for name, call in calls.items():
        refuse(name, call)
        assert joblib.hash(vars(estimator)) == hashed, name
        assert pickle.dumps(estimator) == before, name


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("cls", WRONG)
def test_what_is_refused_leaves_an_estimator_unfitted(cls):
    estimator, calls = WRONG[cls]()
    own = {name: value for name, value in vars(estimator).items() if name in estimator.get_params(deep=False)}
    vars(estimator).clear()
    vars(estimator).update(own)
    for name, call in calls.items():
        if not name.startswith("fit: ") or name in ("fit: outputs", "fit: another size"):
            continue
        refuse(name, call)
        assert vars(estimator) == own, name
