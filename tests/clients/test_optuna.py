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
