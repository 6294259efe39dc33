"""darts' `SKLearnModel` gives arrays: lags of the target, then of past covariates step by step, then future ones."""

import numpy as np
import pytest

from sklstm import LagsToSequences
from tests.clients.lag_tables import (
    EXOG,
    N_LAGS,
    STEPS,
    TRAIN,
    Y,
    advised,
    check_line,
    of_forecaster,
    outcome,
    rows_given,
    run_page,
)

darts = pytest.importorskip("darts")
models = pytest.importorskip("darts.models")
LINE = "LagsToSequences(24, order='oldest_first')"


def forecast(regressor, covariates=None, lags=()):
    series, known = darts.TimeSeries.from_series(TRAIN), darts.TimeSeries.from_dataframe(EXOG)
    given = {} if covariates is None else {f"lags_{covariates}_covariates": list(lags)}
    model = models.SKLearnModel(model=regressor, lags=N_LAGS, **given)
    known = {} if covariates is None else {f"{covariates}_covariates": known}
    model.fit(series, **known)
    forecast.names = model.lagged_feature_names
    return model.predict(STEPS, **known).values()


def test_what_the_rows_are():
    rows, _ = rows_given(lambda spy: forecast(spy, "past", [-2, -1]))
    past = EXOG.iloc[N_LAGS - 2 : N_LAGS].to_numpy().ravel()  # both columns of a row side by side
    np.testing.assert_allclose(rows[0], np.r_[Y[:N_LAGS], past])
    rows, _ = rows_given(lambda spy: forecast(spy, "future", [0]))
    np.testing.assert_allclose(rows[0], np.r_[Y[:N_LAGS], EXOG.iloc[N_LAGS]])


def test_several_targets_are_channels_side_by_side():
    both = TRAIN.to_frame().assign(twice=2 * TRAIN)
    rows, _ = rows_given(
        lambda spy: models.SKLearnModel(model=spy, lags=N_LAGS).fit(darts.TimeSeries.from_dataframe(both))
    )
    np.testing.assert_allclose(rows[0], both[:N_LAGS].to_numpy().ravel())
    sequences = LagsToSequences(N_LAGS, n_channels=2, order="oldest_first").fit_transform(rows)
    np.testing.assert_array_equal(sequences[0], both[:N_LAGS])


@pytest.mark.parametrize("with_exog", [False, True])
def test_one_line_brings_the_error_to_that_of_a_forecaster(with_exog):
    def of_airline(regressor, with_exog):
        return forecast(regressor, *(("future", [0]) if with_exog else ()))

    check_line("darts", of_airline, with_exog, LINE, is_warned=with_exog)


def test_the_names_that_darts_knows_are_read():
    lags = LagsToSequences()
    forecast_of = lambda regressor: forecast(regressor, "past", range(-N_LAGS, 0))  # noqa: E731
    rows, _ = rows_given(forecast_of)
    found = lags.set_params(names=forecast.names).fit(rows)
    assert found.channels_ == ["y_target", "sine_pastcov", "cosine_pastcov"]
    expected = np.column_stack((Y, EXOG))[:N_LAGS]
    np.testing.assert_allclose(found.transform(rows)[0], expected)
    result = outcome(forecast_of, lags)
    names = eval(advised(result.warned), {"LagsToSequences": LagsToSequences})
    np.testing.assert_array_equal(names.fit(rows).columns_, found.columns_)
    assert result.after <= 1.1 * of_forecaster(with_exog=True)


def test_future_covariates_are_at_the_step_before_their_row():
    lags = LagsToSequences()
    rows, _ = rows_given(lambda regressor: forecast(regressor, "future", range(1 - N_LAGS, 1)))
    found = lags.set_params(names=forecast.names).fit_transform(rows)
    assert lags.channels_ == ["y_target", "sine_futcov", "cosine_futcov"]
    expected = np.column_stack((Y[:N_LAGS], EXOG[1 : N_LAGS + 1]))
    np.testing.assert_allclose(found[0], expected)


def test_the_page():
    assert len(run_page("darts")["forecast"]) == STEPS
