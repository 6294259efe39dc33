"""One list of what can be trained, and what must hold for each: tables and sequences, missing steps, weights,
several outputs, both precisions, pickles."""

import pickle

import numpy as np
import pytest

from sklstm import make_windows
from tests.tools import fit, model

RNG = np.random.default_rng(0)
WAVES = 3 + np.column_stack([np.sin(np.arange(60) / k) for k in (2, 3)])
X, Y2 = (np.array(part) for part in make_windows(WAVES, 6))  # each row's targets go on with both channels
X[4, :2], X[7, 3, 1], X[9, -1, 0] = np.nan, np.nan, np.nan
EVERY = np.where(np.isnan(X).any(axis=2, keepdims=True), np.nan, np.cumsum(np.nan_to_num(X), axis=1))
TARGETS = {"one": Y2[:, 0], "two": Y2, "every step": EVERY}
WEIGHT = RNG.integers(3, size=len(X))

ITEMS = {
    "two layers": {"n_layers": 2},
    "bidirectional": {"bidirectional": True},
    "three layers, bidirectional": {"n_layers": 3, "bidirectional": True},
    "long memory": {"forget_bias": "chrono", "n_layers": 2, "bidirectional": True},
    "dropout": {"n_layers": 2, "dropout": 0.3},
    "absolute error": {"loss": "absolute_error"},
    "huber": {"loss": "huber", "delta": 0.3},
    "quantile": {"loss": "quantile", "quantile": 0.3},
    "quantiles": {"loss": "quantile", "quantile": [0.1, 0.4, 0.9]},
    "poisson": {"loss": "poisson"},
    "next steps": {"loss_steps": "all"},
    "next steps of relative rows": {"loss_steps": "all", "instance_norm": "last-standard"},
    "adamw": {"solver": "adamw", "alpha": 0.1},
    "rmsprop": {"solver": "rmsprop"},
    "lbfgs": {"solver": "lbfgs", "alpha": 0.1},
    "invscaling": {"learning_rate": "invscaling"},
    "adaptive": {"learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 0.1},
    "cosine": {"learning_rate": "cosine"},
    "early stopping": {"early_stopping": True, "validation_gap": 2},
    "early stopping at random": {"early_stopping": True, "validation_split": "random"},
    "everything": {
        "n_layers": 2, "bidirectional": True, "loss": "quantile", "quantile": [0.2, 0.5], "solver": "adamw",
        "alpha": 0.01, "learning_rate": "cosine", "early_stopping": True, "instance_norm": "last-standard",
    },
}  # fmt: skip
every_item = pytest.mark.parametrize("name", ITEMS)


def settings_for(name, targets):
    """One target may not be the future of two channels."""
    return {**ITEMS[name], **({"n_targets": 1} if targets == "one" else {})}


@every_item
def test_answers_have_the_shape_of_the_targets_and_follow_the_precision(name):
    for targets in TARGETS:
        y = TARGETS[targets]
        for dtype in (np.float32, np.float64):
            fitted = fit(model(**settings_for(name, targets)), X.astype(dtype), y)
            answers = fitted.predict(X.astype(dtype))
            assert answers.dtype == fitted.theta_.dtype == dtype
            assert answers.shape == y.shape
            np.testing.assert_array_equal(np.isnan(answers), np.isnan(y))
            if "quantile" in name:
                assert fitted.predict_quantiles(X.astype(dtype)).dtype == dtype


@every_item
def test_both_precisions_agree(name):
    """As far as single precision goes, over a few updates."""
    for targets in TARGETS:
        y, settings = TARGETS[targets], settings_for(name, targets)
        double, single = (fit(model(**settings), X.astype(dtype), y).predict(X) for dtype in (np.float64, np.float32))
        np.testing.assert_allclose(single, double, rtol=5e-3, atol=5e-3)


@every_item
def test_a_table_is_the_same_sequences_flattened(name):
    for targets in TARGETS:
        y, settings = TARGETS[targets], settings_for(name, targets)
        sequences = fit(model(**settings), X, y)
        table = fit(model(n_channels=2, **settings), X.reshape(len(X), -1), y)
        np.testing.assert_array_equal(sequences.theta_, table.theta_)
        np.testing.assert_array_equal(sequences.predict(X), table.predict(X.reshape(len(X), -1)))


@every_item
def test_weights_are_repetitions(name):
    """In one batch; where rows are dropped or held out by chance or count, only the proportions of weights matter."""
    for targets in TARGETS:
        y, settings = TARGETS[targets], {"batch_size": 1000, **settings_for(name, targets)}
        if "dropout" in settings or "early_stopping" in settings:
            one, other = (fit(model(**settings), X, y, sample_weight=factor * WEIGHT) for factor in (1, 1e9))
        else:
            one = fit(model(**settings), X, y, sample_weight=WEIGHT)
            other = fit(model(**settings), np.repeat(X, WEIGHT, axis=0), np.repeat(y, WEIGHT, axis=0))
        np.testing.assert_allclose(one.theta_, other.theta_, rtol=1e-7, atol=1e-9)


@every_item
def test_padding_changes_nothing(name):
    """In front; at both ends where both directions are read and no next step is asked for."""
    for targets in TARGETS:
        settings = settings_for(name, targets)
        behind = 2 if "loss_steps" not in settings else 0
        pad = [(0, 0), (3, behind), (0, 0)]
        y = TARGETS[targets]
        longer = np.pad(X, pad, constant_values=np.nan)
        y_longer = np.pad(y, pad, constant_values=np.nan) if y.ndim == 3 else y
        if "dropout" in settings:  # which draws for each step
            fitted = fit(model(**settings), X, y)
            one, other = fitted.predict(X), fitted.predict(longer)
        else:
            one, other = (fit(model(**settings), *data).predict(data[0]) for data in ((X, y), (longer, y_longer)))
        other = other[:, 3 : 3 + X.shape[1]] if y.ndim == 3 else other
        np.testing.assert_allclose(other, one, rtol=1e-9, atol=1e-9)


@every_item
def test_a_pickle_answers_the_same_bits_and_inputs_are_left_alone(name):
    rows, y = X.copy(), Y2.copy()
    rows.flags.writeable = y.flags.writeable = False
    fitted = fit(model(**ITEMS[name]), rows, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(rows), fitted.predict(rows))
    np.testing.assert_array_equal(rows, X)
    np.testing.assert_array_equal(fit(model(**ITEMS[name]), rows, y).theta_, fitted.theta_)


@every_item
def test_forecasts_go_on(name):
    """For as many steps as asked for, by feeding predictions back: each is `predict` of the moved context."""
    fitted = fit(model(**ITEMS[name]), X, Y2)
    context = WAVES[np.newaxis, -6:]
    for answer in fitted.forecast(3, context=context)[0]:
        np.testing.assert_allclose(fitted.predict(context)[0], answer, rtol=1e-12)
        context = np.concatenate((context[:, 1:], answer[np.newaxis, np.newaxis]), axis=1)
