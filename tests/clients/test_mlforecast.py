"""mlforecast gives frames: exogenous columns of the predicted row, then `lag1`, `lag2`, … with the newest first."""

import numpy as np
import pandas as pd
import pytest

from tests.clients.lag_tables import (
    EXOG,
    FUTURE,
    KNOWN,
    N_LAGS,
    STEPS,
    TRAIN,
    Y,
    check_line,
    rows_given,
    run_page,
)

mlforecast = pytest.importorskip("mlforecast")


def forecast(regressor, with_exog):
    train = TRAIN.rename_axis("ds").reset_index().assign(unique_id="airline")
    future = FUTURE.rename_axis("ds").reset_index().assign(unique_id="airline") if with_exog else None
    if with_exog:
        train = pd.concat((train, KNOWN.reset_index(drop=True)), axis=1)
    model = mlforecast.MLForecast(models={"model": regressor}, freq="MS", lags=range(1, N_LAGS + 1))
    return model.fit(train, static_features=[]).predict(STEPS, X_df=future)["model"]


def test_what_the_rows_are():
    rows, last = rows_given(lambda spy: forecast(spy, with_exog=True))
    assert list(rows) == list(last) == ["sine", "cosine", *(f"lag{lag}" for lag in range(1, N_LAGS + 1))]
    np.testing.assert_allclose(rows.iloc[0], np.r_[EXOG.iloc[N_LAGS], Y[:N_LAGS][::-1]])


@pytest.mark.parametrize("with_exog", [False, True])
def test_one_line_brings_the_error_to_that_of_a_forecaster(with_exog):
    check_line("mlforecast", forecast, with_exog, "LagsToSequences()")


def test_the_page():
    assert len(run_page("mlforecast")["forecast"]) == STEPS
