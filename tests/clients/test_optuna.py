"""Optuna: a study of an LSTM and of a Forecaster scores its trials as scikit-learn does."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score

from sklstm import Forecaster, LSTMRegressor, make_windows
from sklstm.datasets import load_airline

optuna = pytest.importorskip("optuna")

X, Y = make_windows(load_airline(), 24)
CV = TimeSeriesSplit(3)


def test_a_grid_finds_what_a_grid_search_finds():
    grid = {"hidden_size": [3, 6], "instance_norm": ["last", "last-standard"]}
    model = LSTMRegressor(max_iter=30, random_state=0)

    def score(trial):
        settings = {name: trial.suggest_categorical(name, values) for name, values in grid.items()}
        return cross_val_score(LSTMRegressor(max_iter=30, random_state=0, **settings), X, Y, cv=CV).mean()

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.GridSampler(grid, seed=0))
    study.optimize(score, n_trials=4)
    search = GridSearchCV(model, grid, cv=CV).fit(X, Y)
    assert study.best_params == search.best_params_
    assert study.best_value == search.best_score_


def test_a_study_of_a_forecaster_repeats():
    passengers = load_airline()
    rows = passengers.to_frame()[[]]

    def score(trial):
        model = Forecaster(Ridge(), window_length=trial.suggest_int("window_length", 6, 24))
        return cross_val_score(model, rows, passengers, cv=TimeSeriesSplit(3, test_size=12)).mean()

    values = []
    for _ in range(2):
        study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
        study.optimize(score, n_trials=5)
        values.append([trial.value for trial in study.trials])
    assert values[0] == values[1]
    assert np.isfinite(values).all()


def test_a_study_prunes_networks_in_training():
    """Between calls of `partial_fit`; the trials that end are those of a loop by hand."""
    X, y = make_windows(load_airline(), 12)

    def trained(hidden_size, learning_rate_init):
        model = LSTMRegressor(hidden_size, instance_norm="last", learning_rate_init=learning_rate_init, random_state=0)
        for _ in range(4):
            yield model.partial_fit(X[:-24], y[:-24]).score(X[-24:], y[-24:])

    def objective(trial):
        chosen = {
            "hidden_size": trial.suggest_int("hidden_size", 2, 6),
            "learning_rate_init": trial.suggest_float("learning_rate_init", 1e-4, 1e-1, log=True),
        }
        for step, score in enumerate(trained(**chosen)):
            trial.report(score, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return score

    pruner, sampler = optuna.pruners.MedianPruner(n_startup_trials=2), optuna.samplers.TPESampler(seed=0)
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)
    study.optimize(objective, n_trials=8)
    assert 0 < len(study.get_trials(states=[optuna.trial.TrialState.PRUNED])) < 8
    assert list(trained(**study.best_params))[-1] == study.best_value
