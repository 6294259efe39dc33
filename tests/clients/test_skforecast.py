"""skforecast gives arrays of lags with the newest first, and exogenous values of the predicted row behind them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

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

recursive = pytest.importorskip("skforecast.recursive")


def forecast(regressor, with_exog):
    known, future = (KNOWN, FUTURE) if with_exog else (None, None)
    forecaster = recursive.ForecasterRecursive(estimator=regressor, lags=N_LAGS)
    forecaster.fit(TRAIN, exog=known)
    return forecaster.predict(STEPS, exog=future)


def test_what_the_rows_are():
    rows, last = rows_given(lambda spy: forecast(spy, with_exog=True))
    assert isinstance(rows, np.ndarray)
    expected = np.r_[Y[:N_LAGS][::-1], EXOG.iloc[N_LAGS]]
    np.testing.assert_allclose(rows[0], expected)
    np.testing.assert_allclose(last[0, N_LAGS:], EXOG.iloc[-1])


@pytest.mark.parametrize("with_exog", [False, True])
def test_one_line_brings_the_error_to_that_of_a_forecaster(with_exog):
    check_line("skforecast", forecast, with_exog, "LagsToSequences(24)")


def test_several_series_have_names_in_fit_and_none_in_predict():
    forecaster = recursive.ForecasterRecursiveMultiSeries(
        estimator=make_pipeline(LagsToSequences(), lstm()), lags=N_LAGS
    )
    forecaster.fit(pd.DataFrame({"one": TRAIN, "two": TRAIN * 2}), exog=KNOWN)
    found = forecaster.predict(STEPS, exog=FUTURE)
    assert np.isfinite(found["pred"]).all()
    assert forecaster.estimator[0].channels_ == ["lag", "_level_skforecast", "sine", "cosine"]


def test_lags_of_exogenous_columns_are_put_beside_those_of_the_target():
    """So that `default_regressor` reaches what it reaches in a Forecaster: see test_exogenous_layouts.py."""
    names = run_page("Exogenous columns with `default_regressor()`")
    exog, lags = names["exog"].set_axis(Y.index), names["estimator"][0]

    def spy(regressor):
        forecaster = recursive.ForecasterRecursive(estimator=regressor, lags=N_LAGS)
        forecaster.fit(TRAIN, exog=exog[:-STEPS])
        forecaster.predict(STEPS, exog=exog[-STEPS:])

    rows, _ = rows_given(spy)
    found = lags.fit_transform(rows)
    sine = EXOG["sine"].to_numpy()
    np.testing.assert_allclose(found[0, :, 0], Y[:N_LAGS])
    np.testing.assert_allclose(found[0, :, 1], sine[:N_LAGS], atol=1e-9)
    np.testing.assert_allclose(found[0, :, 2], sine[N_LAGS], atol=1e-9)


def test_the_page():
    assert len(run_page("skforecast")["forecast"]) == STEPS
