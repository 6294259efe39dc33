"""Attempts on every parameter and argument of `LSTMRegressor`: `python -m tests.attack MODULE:FUNCTION` makes them."""

import numpy as np
import pandas as pd

from sklstm import LSTMRegressor, make_windows
from tests.attack import VALUES, attempts, state_of
from tests.bad_input.subject import Subject
from tests.tools import fit, model

SERIES = np.sin(np.arange(40.0)) + np.arange(40) / 20
X, Y = make_windows(SERIES, window_length=5)
TABLE = pd.DataFrame(X[..., 0], columns=list("abcde"))
TWO, TWO_Y = make_windows(np.column_stack([SERIES, np.cos(np.arange(40.0))]), window_length=4, n_outputs=1)

# With these settings, a parameter counts.
WHERE_USED = {
    "delta": {"loss": "huber"},
    "quantile": {"loss": "quantile"},
    "power_t": {"learning_rate": "invscaling"},
    "momentum": {"solver": "sgd"},
    "nesterovs_momentum": {"solver": "sgd"},
    "rho": {"solver": "rmsprop"},
    "max_fun": {"solver": "lbfgs"},
    "max_iter": {"tol": 1e9, "n_iter_no_change": 1},
    "validation_fraction": {"early_stopping": True},
    "validation_split": {"early_stopping": True},
    "validation_gap": {"early_stopping": True},
    "n_iter_no_change": {"early_stopping": True},
    "max_updates": {"batch_size": 8},
}


def small(**settings):
    """A small regressor that was fitted on sequences."""
    return fit(model(hidden_size=2, max_iter=2).set_params(**settings), X, Y)


def parameters():
    """A fit with every parameter, after which predictions must be finite."""
    found = []
    for name, default in LSTMRegressor().get_params().items():
        settings = WHERE_USED.get(name, {})
        subject = Subject(small(**settings))
        table = TABLE if name == "n_channels" else X

        def call(subject=subject, table=table, **parameters):
            def work(estimator):
                fit(estimator, table, Y)
                assert np.isfinite(estimator.predict(table)).all()

            subject.with_parameters(work, parameters)

        found += attempts(call, {name: default}, values=VALUES, state=subject.fitted_state, about="LSTMRegressor")
    return found


def arguments():
    """Every argument of every method, after a fit on sequences, on a table with names, and with several channels."""
    return [
        *_fits(small(), X, Y, "3-D"),
        *_fits(fit(model(hidden_size=2, max_iter=2), TABLE, pd.Series(Y)), TABLE, pd.Series(Y), "frame"),
        *_fits(fit(model(hidden_size=2, max_iter=2), TWO, np.c_[TWO_Y, TWO_Y]), TWO, np.c_[TWO_Y, TWO_Y], "2 outputs"),
        *_forecasts(),
        *_quantiles(),
    ]


def _fits(estimator, X, y, about):
    """The methods that take X and y."""
    weight = np.linspace(0.5, 1.5, len(y))
    good = {"X": X, "y": y, "sample_weight": weight}
    found = []
    for name in ("fit", "partial_fit", "score"):
        found += _attempts(estimator, name, good, f"{about} LSTMRegressor.{name}")
    found += _attempts(estimator, "predict", {"X": X}, f"{about} LSTMRegressor.predict")
    stopping = fit(model(hidden_size=2, max_iter=2, early_stopping=True), X, y)
    validation = {"X_val": X[:8], "y_val": y[:8], "sample_weight_val": weight[:8]}
    only = list(validation)
    return found + _attempts(stopping, "fit", {**good, **validation}, f"{about} LSTMRegressor.fit", only)


def _forecasts():
    """`forecast`, with and without channels that are not targets."""
    estimator = fit(model(hidden_size=2, max_iter=2), TWO, TWO_Y)
    known, contexts = np.ones((3, 1)), {"steps": 3, "X_future": np.ones((2, 2, 1)), "context": TWO[:2], "clip": True}
    return [
        *_attempts(small(), "forecast", {"steps": 3, "clip": True}, "LSTMRegressor.forecast"),
        *_attempts(small(), "forecast", {"steps": 3, "context": X[:2], "clip": (-1, 1)}, "LSTMRegressor.forecast"),
        *_attempts(estimator, "forecast", {"steps": 3, "X_future": known}, "2 channels LSTMRegressor.forecast"),
        *_attempts(estimator, "forecast", contexts, "contexts LSTMRegressor.forecast"),
    ]


def _quantiles():
    return _attempts(small(loss="quantile"), "predict_quantiles", {"X": X}, "LSTMRegressor.predict_quantiles")


def _attempts(estimator, method, good, about, only=None):
    subject = Subject(estimator)

    def call(**arguments):
        subject.call(method, arguments)

    # a message may also name what the argument does not fit, or both training and validation targets
    names = {"context": ("X_future",), "y_val": ("y",)}
    return attempts(call, good, state=lambda: state_of(subject.estimator), only=only, about=about, names=names)
