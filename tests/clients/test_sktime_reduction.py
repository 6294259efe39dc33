"""sktime's `make_reduction` gives arrays: all lags of the target, oldest first, then those of each exogenous column."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

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

compose = pytest.importorskip("sktime.forecasting.compose")
LINE = {
    False: "LagsToSequences(24, order='oldest_first')",  # needed for nothing, and harmless
    True: "LagsToSequences(24, n_channels=3, order='oldest_first', layout='channels')",
}


def forecast(regressor, with_exog):
    known, future = (KNOWN, FUTURE) if with_exog else (None, None)
    forecaster = compose.make_reduction(regressor, window_length=N_LAGS, strategy="recursive")
    return forecaster.fit(TRAIN, X=known, fh=range(1, STEPS + 1)).predict(X=future)


def fitted(regressor, strategy):
    return compose.make_reduction(regressor, window_length=N_LAGS, strategy=strategy).fit(TRAIN, X=KNOWN, fh=[1, 2])


@pytest.mark.parametrize("strategy", ["recursive", "direct", "multioutput"])
def test_what_the_rows_are(strategy):
    rows, _ = rows_given(lambda spy: fitted(spy, strategy))
    np.testing.assert_allclose(rows[0], np.r_[Y[:N_LAGS], EXOG["sine"][:N_LAGS], EXOG["cosine"][:N_LAGS]])


def test_dirrec_leaves_columns_out_and_makes_windows_longer():
    first, second = rows_given(lambda spy: fitted(spy, "dirrec"))
    np.testing.assert_allclose(first[0], Y[:N_LAGS])
    np.testing.assert_allclose(second[0], Y[: N_LAGS + 1])
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # the guard
        warnings.simplefilter("ignore", ConvergenceWarning)
        forecaster = fitted(lstm(max_iter=2), "dirrec")
    assert np.isfinite(forecaster.predict(X=FUTURE[:2])).all()


@pytest.mark.parametrize("with_exog", [False, True])
def test_one_line_brings_the_error_to_that_of_a_forecaster(with_exog):
    check_line("sktime", forecast, with_exog, LINE[with_exog], is_warned=with_exog)


def test_the_page():
    assert len(run_page("sktime")["forecast"]) == STEPS
