"""The autocorrelation of residuals, and how many lags of it are shown."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from threadpoolctl import threadpool_limits

from sklstm._plot.residual_tables import autocorrelation, lags_with_seasons
from tests._plot.tools import NAN, acf

NOISE = np.random.default_rng(0).normal(size=200)
CASES = [NOISE, NOISE.cumsum(), NOISE + 1e9, NOISE * 1e250, NOISE[:3]]


@pytest.mark.parametrize("values", CASES)
def test_the_autocorrelation_is_that_of_a_convolution(values):
    n_lags = min(len(values) - 1, 30)
    expected = acf(values / np.abs(values).max(), n_lags)
    assert_allclose(autocorrelation(values, n_lags), expected, atol=1e-6)


@pytest.mark.parametrize("values", CASES)
def test_the_autocorrelation_is_that_of_statsmodels(values):
    stattools = pytest.importorskip("statsmodels.tsa.stattools")
    n_lags = min(len(values) - 1, 30)
    expected = stattools.acf(values / np.abs(values).max(), nlags=n_lags, fft=False)[1:]
    assert_allclose(autocorrelation(values, n_lags), expected, atol=1e-6)


def test_pairs_with_a_missing_value_are_left_out():
    values = NOISE.copy()
    values[[3, 50, 51, 120]] = NAN
    centred = values - np.nanmean(values)
    expected = [np.nansum(centred[lag:] * centred[:-lag]) / np.nansum(centred**2) for lag in range(1, 6)]
    assert_allclose(autocorrelation(values, 5), expected)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e300])
def test_equal_values_have_no_autocorrelation(value):
    assert np.isnan(autocorrelation(np.full(9, value), 3)).all()


def test_two_seasons_are_among_the_lags_if_half_of_the_rows_are_as_many():
    rows = pd.Series(NOISE[:100])
    for season, n_lags in ((None, None), (12, 24), (3, 20), (40, 50), ({"a": 12, "b": None}, 24), ({"a": None}, None)):
        assert lags_with_seasons(rows, season) == n_lags
    panel = pd.concat({"a": rows, "b": rows[:40], "one row": rows[:1]})
    assert lags_with_seasons(panel, 12) == 20
    table = pd.DataFrame({"y": rows, "z": rows.where(rows.index > 59)})
    assert lags_with_seasons(table, 12) == 20


def test_the_number_of_threads_does_not_count():
    values, found = np.random.default_rng(0).normal(size=300_000), []
    for limit in (1, 2):
        with threadpool_limits(limit, user_api="blas"):
            found.append(autocorrelation(values, 5))
    np.testing.assert_array_equal(*found)
