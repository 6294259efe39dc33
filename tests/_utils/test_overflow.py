import numpy as np
import pytest
from sklearn.metrics import r2_score

from sklstm._utils.overflow import power_of_two, scaled_for_r2, weighted_mean


def test_the_power_of_two_just_above_each_value():
    values = np.array([0.0, 1e-300, 0.75, 1.0, 3.0, 1e300, 1.7e308])
    powers = power_of_two(values)
    np.testing.assert_array_equal(np.frexp(powers)[0], 0.5)  # powers of two
    np.testing.assert_array_equal(powers[[0, -1]], [1, 2.0**1000])
    assert (values[1:-2] < powers[1:-2]).all()
    assert (powers[1:-2] <= 2 * values[1:-2]).all()


def scaled_r2(y_true, y_pred, weight=None):
    true, predicted, weight = scaled_for_r2(y_true, y_pred, weight)
    return r2_score(true, predicted, sample_weight=weight)


def test_r2_of_values_whose_squares_do_not_fit():
    y_true, y_pred = np.random.default_rng(0).normal(size=(2, 9, 2))
    weight = np.random.default_rng(1).random(9)
    expected, weighted = r2_score(y_true, y_pred), r2_score(y_true, y_pred, sample_weight=weight)
    for size in (2.0**-600, 2.0**600):
        assert scaled_r2(size * y_true, size * y_pred) == expected
        for unit in (2.0**-1000, 2.0**990):
            assert scaled_r2(size * y_true, size * y_pred, weight * unit) == weighted


@pytest.mark.parametrize("y_true", [[0.0, 1e-300], [1e-310, 3e-310], [0.0, 5e-324], [1.0, 1.0 + 2e-16]])
def test_r2_of_predictions_that_are_far_away_is_finite(y_true):
    for y_pred in ([1.0, 2.0], [1e300, -1e300]):
        score = scaled_r2(np.array(y_true), np.array(y_pred))
        assert np.isfinite(score)
        assert score < -1e15


def test_a_weighted_mean_with_weights_of_any_size():
    values, weights = np.random.default_rng(0).random((2, 7))
    expected = weighted_mean(values.tolist(), weights.tolist())
    assert expected == pytest.approx(np.average(values, weights=weights), rel=1e-14)
    for unit in (2.0**-1000, 2.0**1020):
        assert weighted_mean(values.tolist(), (weights * unit).tolist()) == expected
    assert weighted_mean([1e20, 3e20], [1e300, 1e300]) == pytest.approx(2e20)
    assert weighted_mean([4.0, 1.0], [5e-324, 1e300]) == 1
    assert np.isnan(weighted_mean([np.nan, 1.0], [1.0, 1.0]))
