"""Numbers of NumPy as parameters: what is fitted with them is what is fitted with Python's, to the bit."""

from enum import Enum
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from sklstm import Forecaster, LSTMRegressor, WindowTransformer, backtest, make_windows, split_panel
from sklstm._utils.plain_parameters import plain, with_plain_parameters
from sklstm.datasets import make_pattern
from tests.tools import fit

WHOLE = [np.dtype(code).type for code in "bBhHiIqQ"]
REAL = [np.float16, np.float32, np.float64, np.longdouble]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 8)).astype(np.float32)
WIDE = RNG.normal(size=(12, 260)).astype(np.float32)
Y = X[:, -2] - X[:, 1]
SERIES = np.sin(np.arange(40) * 2 * np.pi / 7) + np.arange(40) / 20


def widths(value):
    """The value as NumPy's numbers of every width that holds it (or what is nearest to it)."""
    if isinstance(value, bool):
        return [np.bool_(value)]
    if isinstance(value, float):
        return [kind(value) for kind in REAL]
    return [kind(value) for kind in WHOLE if value <= np.iinfo(kind).max]


@pytest.mark.parametrize("value", [True, False, 0, 3, 127, 200, 40_000, 2**40, 0.0, 0.1, 1e-8])
def test_numbers_become_plain_ones(value):
    for given in widths(value):
        got = plain(given)
        assert type(got) is type(value)
        assert got == given


def test_what_is_no_number_stays():
    for value in (None, "auto", [1, 2], np.arange(2), np.float64, Ridge()):
        assert plain(value) is value
    assert plain(Fraction(1, 4)) == 0.25
    for text in (np.str_("auto"), Enum("Sizes", {"AUTO": "auto"}, type=str).AUTO):
        assert plain(text) == "auto"
        assert type(plain(text)) is str
    with pytest.raises(TypeError, match=r"duration .* for steps"):
        plain(np.timedelta64(3, "D"), "steps")


SGD, STOPPING = {"solver": "sgd"}, {"early_stopping": True}
OF_LSTM = {
    "hidden_size": (64, {}),
    "n_layers": (2, {}),
    "bidirectional": (True, {}),
    "dropout": (0.3, {}),
    "forget_bias": (0.3, {}),
    "n_channels": (2, {}),
    "n_targets": (1, {"n_channels": 2, "instance_norm": "last"}),
    "standardize": (False, {}),
    "delta": (0.3, {"loss": "huber"}),
    "quantile": (0.3, {"loss": "quantile"}),
    "learning_rate_init": (0.03, {}),
    "power_t": (0.3, {"learning_rate": "invscaling"}),
    "momentum": (0.7, SGD),
    "nesterovs_momentum": (False, SGD),
    "beta_1": (0.7, {}),
    "beta_2": (0.97, {}),
    "epsilon": (1e-3, {}),
    "rho": (0.7, {"solver": "rmsprop"}),
    "alpha": (0.03, {"solver": "adamw"}),
    "clip_norm": (0.1, {}),
    "clip_value": (1, {"loss": "poisson", "clip_norm": None}),
    "batch_size": (7, {}),
    "max_iter": (5, {}),
    "max_updates": (1, {"batch_size": 7}),
    "max_fun": (2, {"solver": "lbfgs"}),
    "tol": (0.3, {"n_iter_no_change": 1}),
    "n_iter_no_change": (1, {"tol": 1.0}),
    "early_stopping": (True, {}),
    "validation_fraction": (0.3, STOPPING),
    "validation_gap": (7, STOPPING),
    "shuffle": (False, {}),
    "warm_start": (True, {}),
    "random_state": (100, {}),
    "verbose": (0, {}),
}


def test_every_number_of_the_regressor_is_tried():
    words = {"instance_norm", "missing", "loss", "loss_steps", "solver", "learning_rate", "validation_split"}
    assert set(OF_LSTM) | words == set(LSTMRegressor._parameter_constraints)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", OF_LSTM)
def test_a_fit_is_that_with_a_plain_number(name):
    value, settings = OF_LSTM[name]
    rows, y = (WIDE, np.abs(Y[:12])) if name == "n_channels" else (X, np.abs(Y))
    known = {}
    base = {"hidden_size": 3, "max_iter": 2, "random_state": 0, **settings}
    for given in widths(value):
        number = given.item() if isinstance(given, np.bool_ | np.integer) else float(given)
        if number not in known:
            known[number] = LSTMRegressor(**{**base, name: number}).fit(rows, y)
        other = LSTMRegressor(**{**base, name: given}).fit(rows, y)
        np.testing.assert_array_equal(other.theta_, known[number].theta_)
        assert other.loss_curve_ == known[number].loss_curve_
        assert other.get_params()[name] is given


def test_a_copy_has_plain_parameters_and_the_estimator_its_own():
    given = np.float32(0.5)
    model = LSTMRegressor(3, dropout=given)
    copied = with_plain_parameters(model)
    assert type(copied) is LSTMRegressor
    assert type(copied.dropout) is float
    assert model.dropout is given


def test_a_fit_shows_other_threads_the_parameters_as_they_were_given():
    rate, seen = np.float32(0.01), []

    class Looks(LSTMRegressor):
        def __sklearn_tags__(self):  # called while X is checked
            seen.append(original.learning_rate_init)
            return super().__sklearn_tags__()

    original = Looks(2, max_iter=1, learning_rate="cosine", learning_rate_init=rate)
    original.fit(X.reshape(len(X), -1), Y)
    assert seen
    assert all(value is rate for value in seen)


def test_parameters_are_given_back_when_a_fit_fails():
    model, given = LSTMRegressor(), np.float32(0.5)
    model.set_params(dropout=given, solver="lbfgs")
    with pytest.raises(ValueError, match="dropout"):
        model.fit(X, Y)
    assert model.dropout is given
    with pytest.raises(TypeError, match="hidden_size"):
        with_plain_parameters(model.set_params(hidden_size=np.timedelta64(3, "D")))


def test_forecasts_of_so_many_steps():
    rows, y = make_windows(SERIES, 5)
    model = fit(LSTMRegressor(3, max_iter=2, random_state=0), rows, y)
    for steps in widths(9):
        np.testing.assert_array_equal(model.forecast(steps), model.forecast(9))
    for steps in (np.True_, np.float64(3), np.timedelta64(3, "D")):
        with pytest.raises(TypeError, match="steps"):
            model.forecast(steps)


PANEL = pd.MultiIndex.from_product([["a", "b"], range(20)])


def forecast(**settings):
    forecaster = Forecaster(Ridge(), **{"window_length": 5, **settings})
    return forecaster.fit(None, SERIES).forecast(4, coverage=0.5 if "intervals" in settings else None)


def scored(**settings):
    ridge = Forecaster(Ridge(), window_length=5)
    return backtest(ridge, None, SERIES, **{"steps": 3, "n_origins": 4, **settings}).frame


def windows(**settings):
    return WindowTransformer(**settings).fit_transform(X)


CALLS = [
    (windows, {}, "window_length", 3),
    (windows, {"window_length": 3}, "lead", 2),
    (windows, {"window_length": 3}, "flatten", True),
    (lambda **settings: make_windows(X, **settings), {}, "window_length", 3),
    (lambda **settings: make_windows(X, 3, **settings), {}, "lead", 2),
    (lambda **settings: make_windows(X, 3, **settings), {}, "stride", 2),
    (lambda **settings: make_windows(X, 3, **settings), {}, "n_outputs", 2),
    (forecast, {}, "window_length", 12),
    (forecast, {"strategy": "direct"}, "steps", 5),
    (forecast, {"strategy": "multioutput"}, "steps", 5),
    (forecast, {"intervals": "conformal"}, "calibration_size", 0.3),
    (forecast, {"intervals": "conformal"}, "calibration_size", 12),
    (forecast, {}, "drop_incomplete", True),
    (forecast, {}, "clip_recursion", False),
    (forecast, {"strategy": "direct", "steps": 4}, "n_jobs", 2),
    (forecast, {}, "verbose", 2),
    (scored, {}, "steps", 4),
    (scored, {}, "n_origins", 5),
    (scored, {}, "refit", False),
    (scored, {}, "refit", True),
    (scored, {}, "refit", 2),
    (scored, {}, "season", 7),
    (lambda **settings: split_panel(PANEL, **{"n_splits": 2, "test_size": 3, **settings}), {}, "n_splits", 4),
    (lambda **settings: split_panel(PANEL, **{"n_splits": 2, "test_size": 3, **settings}), {}, "test_size", 4),
    (lambda **settings: split_panel(PANEL, **{"n_splits": 2, "test_size": 3, **settings}), {}, "gap", 4),
    (make_pattern, {"random_state": 0}, "n_samples", 100),
    (make_pattern, {"random_state": 0}, "pattern_length", 100),
    (make_pattern, {"random_state": 0}, "noise", 0.3),
    (make_pattern, {}, "random_state", 100),
]


def values_of(answer):
    parts = answer if isinstance(answer, tuple | list) else [answer]
    return [value for part in parts for value in (part if isinstance(part, tuple) else [part])]


@pytest.mark.parametrize(("call", "settings", "name", "value"), CALLS)
def test_a_call_is_that_with_a_plain_number(call, settings, name, value):
    for given in widths(value):
        number = given.item() if isinstance(given, np.bool_ | np.integer) else float(given)
        expected, got = (values_of(call(**settings, **{name: choice})) for choice in (number, given))
        for one, other in zip(expected, got, strict=True):
            np.testing.assert_array_equal(np.asarray(one), np.asarray(other))
            if isinstance(one, pd.DataFrame):
                pd.testing.assert_frame_equal(one, other)


def test_shares_of_intervals():
    forecaster = Forecaster(Ridge(), window_length=5, intervals="conformal").fit(None, SERIES)
    for share in widths(0.5):
        pd.testing.assert_frame_equal(forecaster.forecast(3, coverage=share), forecaster.forecast(3, coverage=0.5))
