import numpy as np
import pytest

from sklstm._naive import naive_scales, seasonal_naive

rng = np.random.default_rng(0)


def slow_naive(values, season, origin, step):
    """Season after season back from the row that is forecast."""
    row = origin + step - 1
    while row >= origin or (row >= 0 and np.isnan(values[row])):
        row -= season
    return values[row] if row >= 0 else np.nan


@pytest.mark.parametrize("season", [1, 3, 7, 30])
@pytest.mark.parametrize("missing", [0, 0.4])
def test_both_are_those_of_a_slow_search(season, missing):
    values = rng.normal(size=(23, 2))
    values[rng.random(values.shape) < missing] = np.nan
    origins, steps = np.array([0, 1, 5, 22, 23]), 9
    forecast, scales = seasonal_naive(values, season, origins, steps), naive_scales(values, season, origins)
    for i, origin in enumerate(origins):
        for k in range(2):
            column = values[:, k]
            expected = [slow_naive(column, season, origin, step) for step in range(1, steps + 1)]
            np.testing.assert_array_equal(forecast[i, :, k], expected)
            errors = [abs(column[t] - column[t - season]) for t in range(season, origin)]
            errors = [error for error in errors if not np.isnan(error)]
            np.testing.assert_allclose(scales[i, k], np.mean(errors) if errors else np.nan, rtol=1e-12)


def test_nothing_after_an_origin_is_read():
    values, origins = rng.normal(size=(20, 1)), np.array([12])
    changed = values.copy()
    changed[12:] += 100
    for function, further in ((seasonal_naive, (6,)), (naive_scales, ())):
        np.testing.assert_array_equal(function(values, 4, origins, *further), function(changed, 4, origins, *further))
