"""What `default_regressor` reaches with exogenous columns, by how sequences hold them; no other library is needed."""

import re

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sklstm import LagsToSequences, default_regressor
from tests.clients.lag_tables import EXOG, N_LAGS, PAGE, SEEDS, STEPS, TRAIN, Y, error, forecaster_error

Y, EXOG = Y.to_numpy(), EXOG.to_numpy()
LAGS = range(N_LAGS, 0, -1)
SECTION = PAGE.split("\n## Exogenous columns with")[1].split("\n## ")[0]
SAID = dict(re.findall(r"^\| (.+?) \| ([\d.]+) \|$", SECTION, re.M))


def regressor(seed, **settings):
    return default_regressor().set_params(random_state=seed, **settings)


def table_row(known, row):
    """As skforecast: lags with the newest first, and the exogenous columns of the predicted row."""
    return np.r_[known[row - N_LAGS : row][::-1], EXOG[row]]


def with_lags(known, row):
    return np.stack([np.r_[known[row - lag], EXOG[row - lag], EXOG[row]] for lag in LAGS])


def moved_up(known, row):
    return np.stack([np.r_[known[row - lag], EXOG[row - lag + 1]] for lag in LAGS])


LAYOUTS = {
    'those of the predicted row, at the last step only (`extra="last"`)': (
        table_row,
        lambda seed: make_pipeline(LagsToSequences(N_LAGS, extra="last"), regressor(seed, missing="indicator")),
    ),
    'those of the predicted row, at every step (`extra="repeat"`)': (
        table_row,
        lambda seed: make_pipeline(LagsToSequences(N_LAGS), regressor(seed)),
    ),
    "lags, and those of the predicted row at every step": (with_lags, regressor),
    "at each step, those of the row after it": (moved_up, regressor),
}


def mean_error(row_of, make):
    """The mean over the seeds of the error of a recursive forecast of the last year."""
    errors = []
    for seed in SEEDS:
        fitted = make(seed).fit(np.stack([row_of(Y, row) for row in range(N_LAGS, len(TRAIN))]), Y[N_LAGS : len(TRAIN)])
        known = list(Y[: len(TRAIN)])
        for row in range(len(TRAIN), len(TRAIN) + STEPS):
            known.append(float(fitted.predict(row_of(np.array(known), row)[np.newaxis])[0]))
        errors.append(error(known[-STEPS:]))
    return float(np.mean(errors))


def test_lags_of_exogenous_columns_reach_what_a_forecaster_reaches():
    of_forecaster = forecaster_error(regressor, with_exog=True)
    found = {name: mean_error(*layout) for name, layout in LAYOUTS.items()}
    print(of_forecaster, found)
    for name in list(LAYOUTS)[2:]:
        assert found[name] <= 1.1 * of_forecaster
    for name in list(LAYOUTS)[:2]:
        assert found[name] > 1.3 * of_forecaster
    assert {name: pytest.approx(float(SAID[name]), rel=0.3) for name in found} == found
    assert of_forecaster == pytest.approx(float(SAID["`Forecaster`, without season and baseline"]), rel=0.3)
