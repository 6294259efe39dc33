"""sktime's `make_reduction` gives arrays: all lags of the target, oldest first, then those of each exogenous column."""

import numpy as np
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
    advised,
    check_table,
    of_forecaster,
    outcome,
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


def test_what_the_rows_are():
    rows, _ = rows_given(lambda spy: forecast(spy, with_exog=True))
    np.testing.assert_allclose(rows[0], np.r_[Y[:N_LAGS], EXOG["sine"][:N_LAGS], EXOG["cosine"][:N_LAGS]])


@pytest.mark.parametrize("with_exog", [False, True])
def test_one_line_brings_the_error_to_that_of_a_forecaster(with_exog):
    line = eval(LINE[with_exog], {"LagsToSequences": LagsToSequences})
    found = outcome(lambda regressor: forecast(regressor, with_exog), line)
    print(found)
    if with_exog:
        assert advised(found.warned) == LINE[True]
    else:
        assert not found.warned
        assert found.before == found.after
    assert found.after <= 1.1 * of_forecaster(with_exog)
    if with_exog:
        assert found.before > 1.3 * found.after
        check_table("sktime", found)


def test_the_page():
    assert len(run_page("sktime")["forecast"]) == STEPS
