"""Threads that read an estimator while another one fits or updates it: each answer is that of one fit."""

import threading
import time
import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from sklstm import Forecaster, LSTMRegressor, WindowTransformer

pytestmark = pytest.mark.filterwarnings("ignore")
FEW, MANY = 20, 300

RNG = np.random.default_rng(0)
X3, Y3 = RNG.normal(size=(12, 4, 1)), RNG.normal(size=12)
X_WIDE, Y_WIDE = RNG.normal(size=(9, 3, 2)), RNG.normal(size=(9, 2))
TABLE = pd.DataFrame(RNG.normal(size=(10, 3)), columns=["a", "b", "c"])
OTHER = pd.DataFrame(RNG.normal(size=(10, 2)), columns=["p", "q"])
DAYS = pd.date_range("2021-01-01", periods=30, name="day")
SERIES = pd.Series(RNG.normal(size=30) + 5, DAYS, name="y")
COLUMN = pd.DataFrame({"k": RNG.normal(size=30)}, DAYS)
FUTURE = pd.DataFrame({"k": [1.0, 2.0]}, pd.date_range("2021-01-31", periods=2))
PANEL = pd.concat({"u": SERIES[:20], "v": SERIES[5:25] ** 2}, names=["series"])


def answer(call):
    """What a call returns, to be compared, or the error that it raises."""
    try:
        with warnings.catch_warnings():
            return as_bytes(call())
    except (ValueError, TypeError, AttributeError) as error:
        return f"{type(error).__name__}: {error}"


def as_bytes(value):
    if isinstance(value, pd.Series | pd.DataFrame):
        names = value.name if value.ndim == 1 else list(value.columns)
        return names, value.index.to_list(), value.index.names, value.to_numpy().tobytes()
    if isinstance(value, list | tuple):
        return [as_bytes(part) for part in value]
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes() if value.dtype != object else value.tolist()
    return value.to_list() if isinstance(value, pd.Index) else value


def overlapping(changes, calls, n_threads=2):
    """Make changes in this thread while others make calls; return the answers to each call.

    Each call is also made once between the start and the first change, and between that and the second one.
    """
    answers, over = {name: [] for name in calls}, threading.Event()

    def read():
        while not over.is_set():
            for name, call in calls.items():
                answers[name].append(answer(call))

    threads = [threading.Thread(target=read) for _ in range(n_threads)]

    def wait():
        """Wait until each call that has begun by now, and one that has not, has ended."""
        numbers = {name: len(found) + n_threads for name, found in answers.items()}
        while any(len(answers[name]) <= number for name, number in numbers.items()):
            assert any(thread.is_alive() for thread in threads)
            time.sleep(0.001)

    for thread in threads:
        thread.start()
    try:
        for number, change in enumerate(changes):
            if number < 2:
                wait()
            change()
    finally:
        over.set()
        for thread in threads:
            thread.join()
    return answers


def lstm_calls(model):
    return {
        "predict": lambda: model.predict(X3),
        "one": lambda: model.predict(X3[:1]),
        "predict wide": lambda: model.predict(X_WIDE),
        "predict table": lambda: model.predict(TABLE),
        "predict array": lambda: model.predict(TABLE.to_numpy()),
        "quantiles": lambda: model.predict_quantiles(TABLE),
        "score": lambda: model.score(X3, Y3),
        "score wide": lambda: model.score(X_WIDE, Y_WIDE),
        "forecast": lambda: model.forecast(2),
        "context": lambda: model.forecast(2, context=X_WIDE),
        "weights": lambda: model.weight_ih_,
        "read-out": lambda: model.readout_bias_,
        "curves": lambda: (model.loss_curve_, model.validation_loss_curve_),
        "validation": lambda: model.validation_scores_,
        "names": lambda: model.feature_names_in_,
    }


LSTM_FITS = {
    "narrow": lambda model: model.fit(X3, Y3),
    "wide": lambda model: model.fit(X_WIDE, Y_WIDE),
    "table": lambda model: model.fit(TABLE, TABLE["a"].to_numpy()),
}


def new_lstm(**settings):
    return LSTMRegressor(2, max_iter=2, random_state=0, loss="quantile", quantile=[0.2, 0.5], **settings)


@pytest.mark.parametrize("n", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("one", "other"), [("narrow", "wide"), ("table", "wide"), ("narrow", "table")])
def test_answers_of_an_lstm_while_it_is_fitted_again(one, other, n):
    expected = {name: [] for name in lstm_calls(None)}
    for kind in (one, other):
        for name, call in lstm_calls(LSTM_FITS[kind](new_lstm())).items():
            expected[name].append(answer(call))
    model = LSTM_FITS[one](new_lstm())
    changes = [partial(LSTM_FITS[kind], model) for _ in range(n // 2) for kind in (other, one)]
    check(overlapping(changes, lstm_calls(model)), expected)


def check(answers, expected):
    """Check that all answers are among the expected ones, and that they are not always the same."""
    for name, found in answers.items():
        assert found, name
        for one in found:
            assert one in expected[name], (name, one)
    assert any(len({repr(one) for one in found}) > 1 for found in answers.values())


def forecaster_calls(forecaster):
    return {
        "forecast": lambda: forecaster.forecast(2),
        "with column": lambda: forecaster.forecast(2, FUTURE),
        "coverage": lambda: forecaster.forecast(1, coverage=0.5),
        "components": lambda: forecaster.components(2),
        "index": lambda: forecaster.future_index(2),
        "history": lambda: forecaster.history_,
        "fitted values": lambda: forecaster.fitted_values_,
        "residuals": lambda: forecaster.residuals_,
        "in-sample": lambda: forecaster.predict(COLUMN[[]]),
        "predict": lambda: forecaster.predict(FUTURE),
        "score": lambda: forecaster.score(COLUMN[[]], SERIES),
        "other history": lambda: forecaster.forecast(2, history=SERIES[:20]),
        "names": lambda: forecaster.feature_names_in_,
    }


FORECASTER_FITS = {
    "single": lambda forecaster: forecaster.fit(None, SERIES),
    "column": lambda forecaster: forecaster.fit(COLUMN[:25], SERIES[:25]),
    "panel": lambda forecaster: forecaster.fit(None, PANEL),
    "several": lambda forecaster: forecaster.fit(None, SERIES.to_frame().assign(z=1.0 + SERIES**2)),
}
FORECASTERS = {
    "ridge": lambda: Forecaster(Ridge(), window_length=3, intervals="conformal"),
    "lstm": lambda: Forecaster(new_lstm(), window_length=3, baseline=None, season=None),
    "corrected": lambda: Forecaster(LSTMRegressor(2, max_iter=1, random_state=0), trust=0.5, window_length=3),
}


@pytest.mark.parametrize("n", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", FORECASTERS)
@pytest.mark.parametrize(("one", "other"), [("single", "column"), ("panel", "several"), ("single", "panel")])
def test_answers_of_a_forecaster_while_it_is_fitted_again(name, one, other, n):
    expected = {call: [] for call in forecaster_calls(None)}
    for kind in (one, other):
        for call, run in forecaster_calls(FORECASTER_FITS[kind](FORECASTERS[name]())).items():
            expected[call].append(answer(run))
    forecaster = FORECASTER_FITS[one](FORECASTERS[name]())
    changes = [partial(FORECASTER_FITS[kind], forecaster) for _ in range(n // 2) for kind in (other, one)]
    check(overlapping(changes, forecaster_calls(forecaster)), expected)


@pytest.mark.parametrize("train", [False, True])
def test_answers_of_a_forecaster_while_it_is_updated(train):
    calls = ("forecast", "components", "index", "history", "fitted values", "predict")

    def updates(forecaster):
        return [partial(forecaster.update, None, SERIES[day : day + 1], train) for day in range(20, 30)]

    forecaster, expected = FORECASTERS["corrected"]().fit(None, SERIES[:20]), {call: [] for call in calls}
    for update in (lambda: None, *updates(forecaster)):
        update()
        for call in calls:
            expected[call].append(answer(forecaster_calls(forecaster)[call]))
    forecaster = FORECASTERS["corrected"]().fit(None, SERIES[:20])
    read = {call: forecaster_calls(forecaster)[call] for call in calls}
    check(overlapping(updates(forecaster), read), expected)


def test_parameters_that_are_set_while_others_fit_are_those_of_some_fit():
    sizes = 2, 3, 4
    expected = [as_bytes(LSTM_FITS["narrow"](new_lstm().set_params(hidden_size=size)).theta_) for size in sizes]
    model, found = LSTM_FITS["narrow"](new_lstm()), []

    def set_sizes():
        model.set_params(hidden_size=sizes[len(found) % 3])

    def fit_again():
        found.append(as_bytes(LSTM_FITS["narrow"](model).theta_))

    answers = overlapping([fit_again] * FEW, {"set": set_sizes, "predict": lambda: model.predict(X3)}, n_threads=1)
    assert all(one in expected for one in found)
    models = [LSTM_FITS["narrow"](new_lstm().set_params(hidden_size=size)) for size in sizes]
    assert all(one in [as_bytes(model.predict(X3)) for model in models] for one in answers["predict"])
    assert model.hidden_size in sizes


@pytest.mark.parametrize("n", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
@pytest.mark.parametrize("container", ["default", "pandas"])
def test_windows_of_a_transformer_while_it_is_fitted_again(n, container):
    def calls(transformer):
        return {
            "one": lambda: transformer.transform(TABLE),
            "other": lambda: transformer.transform(OTHER),
            "array": lambda: transformer.transform(OTHER.to_numpy()),
            "names": lambda: transformer.get_feature_names_out(),
        }

    def new():
        return WindowTransformer(2, flatten=True).set_output(transform=container)

    expected = {name: [answer(calls(new().fit(table))[name]) for table in (TABLE, OTHER)] for name in calls(None)}
    transformer = new().fit(TABLE)
    changes = [partial(transformer.fit, table) for _ in range(2 * n) for table in (OTHER, TABLE)]
    check(overlapping(changes, calls(transformer)), expected)
