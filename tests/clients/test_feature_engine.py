"""feature-engine's `LagFeatures` makes frames with names such as `y_lag_1`, all columns of a lag side by side."""

import numpy as np
import pytest

from sklstm import LagsToSequences
from tests.clients.lag_tables import (
    EXOG,
    KNOWN,
    N_LAGS,
    STEPS,
    TRAIN,
    Y,
    check_line,
    run_page,
)

forecasting = pytest.importorskip("feature_engine.timeseries.forecasting")


def lag_table(with_exog):
    """Lags of the target, and the exogenous columns of the row, for all rows with a whole window."""
    maker = forecasting.LagFeatures(variables=["y"], periods=list(range(1, N_LAGS + 1)), drop_original=True)
    return maker.fit_transform(Y.to_frame().join(EXOG) if with_exog else Y.to_frame())


def forecast(regressor, with_exog):
    """Fit on the rows before the last year, and feed predictions back."""
    table = lag_table(with_exog)
    regressor.fit(table[N_LAGS:-STEPS], TRAIN[N_LAGS:])
    values = TRAIN.tolist()
    for row in range(len(TRAIN), len(Y)):
        lags = {f"y_lag_{lag}": values[-lag] for lag in range(1, N_LAGS + 1)}
        values.append(float(regressor.predict(table.iloc[[row]].assign(**lags))[0]))
    return values[-STEPS:]


def test_what_the_rows_are():
    table = lag_table(with_exog=True)
    assert list(table) == ["sine", "cosine", *(f"y_lag_{lag}" for lag in range(1, N_LAGS + 1))]
    np.testing.assert_allclose(table.iloc[N_LAGS], np.r_[EXOG.iloc[N_LAGS], Y[:N_LAGS][::-1]])
    both = forecasting.LagFeatures(periods=[1, 2], drop_original=True).fit_transform(KNOWN)
    assert LagsToSequences().fit(both).channels_ == ["sine", "cosine"]
    np.testing.assert_array_equal(LagsToSequences().fit_transform(both)[5], KNOWN[3:5])


@pytest.mark.parametrize("with_exog", [False, True])
def test_one_line_brings_the_error_to_that_of_a_forecaster(with_exog):
    check_line("feature-engine", forecast, with_exog, "LagsToSequences()")


def test_the_page():
    assert len(run_page("feature-engine")["model"][-1].forecast(STEPS)) == STEPS
