"""The table of bad input for arguments that are passed on to `Forecaster`."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from sklstm import ForecastDisplay, Forecaster, backtest
from tests.attack import state_of
from tests.bad_input.forecaster_attempts import DAYS, X, Y, fitted
from tests.bad_input.tools import Row, check_refused

ROWS_AHEAD = X.set_axis(DAYS + pd.Timedelta(days=48))[:6]
OF_DISPLAYS = [
    Row("ForecastDisplay.from_estimator", "X_future", "None", lambda: None, "['a', 'b']"),
    Row("ForecastDisplay.from_estimator", "X_future", "text", lambda: ROWS_AHEAD.astype(str), "text", TypeError),
    Row("ForecastDisplay.from_estimator", "X_future", "a number", lambda: 3, "got 3"),
    Row("ForecastDisplay.from_estimator", "coverage", "percent", lambda: 90, "got 90"),
    Row("ForecastDisplay.from_estimator", "coverage", "text", lambda: "0.9", "'0.9'"),
]
OF_BACKTEST = [
    Row("backtest", "X", "a Series", lambda: Y, "Series"),
    Row("backtest", "X", "fewer rows", lambda: X[:-1], "47 rows"),
    Row("backtest", "X", "text", lambda: X.astype(str), "text", TypeError),
    Row("backtest", "X", "NaN", lambda: X * np.nan, "NaN"),
    Row("backtest", "X", "a number", lambda: 3, "got 3"),
]
ROWS = OF_DISPLAYS + OF_BACKTEST


@pytest.mark.parametrize("row", OF_DISPLAYS, ids=str)
def test_displays(row):
    forecaster = fitted(X, Y, intervals="conformal")
    good = {"steps": 3, "X_future": ROWS_AHEAD}

    def call(value):
        ForecastDisplay.from_estimator(forecaster, **{**good, row.argument: value})

    check_refused(row, call, lambda: (state_of(forecaster), plt.get_fignums()))


@pytest.mark.parametrize("row", OF_BACKTEST, ids=str)
def test_backtest(row):
    forecaster = Forecaster(Ridge(), window_length=4)
    check_refused(row, lambda value: backtest(forecaster, value, Y, steps=3, n_origins=2), lambda: state_of(forecaster))
