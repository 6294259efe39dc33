"""mlforecast gives frames: exogenous columns of the predicted row, then `lag1`, `lag2`, … with the newest first."""

import warnings

import numpy as np
import pandas as pd
import pytest

from sklstm import LagsToSequences
from tests.clients.lag_tables import (
    EXOG,
    FUTURE,
    KNOWN,
    N_LAGS,
    STEPS,
    TRAIN,
    Y,
    check_line,
    lstm,
    rows_given,
    run_page,
)

mlforecast = pytest.importorskip("mlforecast")
transforms = pytest.importorskip("mlforecast.lag_transforms")


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


@pytest.mark.parametrize("extra", ["repeat", "last"])
def test_lags_with_transforms_are_no_wrong_order(extra):
    """The mean of the rows before is that of the row before that one, one row later."""
    model = mlforecast.MLForecast(
        models={},
        freq="MS",
        lags=range(1, 7),
        lag_transforms={lag: [transforms.RollingMean(3), transforms.ExpandingMean()] for lag in (1, 2, 3)},
        date_features=["month"],
    )
    table = model.preprocess(TRAIN.rename_axis("ds").reset_index().assign(unique_id="airline"), static_features=[])
    rows = table.drop(columns=["unique_id", "ds", "y"])
    sequences = LagsToSequences(extra=extra).fit_transform(rows)
    np.testing.assert_array_equal(sequences[:, :, 0], rows[[f"lag{lag}" for lag in range(6, 0, -1)]])
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "The rows of X are")
        lstm(max_iter=2, missing="indicator").fit(sequences, table["y"])
        order = np.random.default_rng(0).permutation(len(table))
        lstm(max_iter=2, missing="indicator").fit(sequences[order], table["y"].to_numpy()[order])
    with pytest.warns(UserWarning, match="The rows of X are 6 lags"):
        lstm(max_iter=2, missing="indicator").fit(sequences[:, ::-1], table["y"])


def test_the_page():
    assert len(run_page("mlforecast")["forecast"]) == STEPS
