import numpy as np
from sklearn.metrics import r2_score

from sklstm._utils.overflow import power_of_two, scaled_for_r2


def test_the_power_of_two_just_above_each_value():
    values = np.array([0.0, 1e-300, 0.75, 1.0, 3.0, 1e300, 1.7e308])
    powers = power_of_two(values)
    np.testing.assert_array_equal(np.frexp(powers)[0], 0.5)  # powers of two
    np.testing.assert_array_equal(powers[[0, -1]], [1, 2.0**1000])
    assert (values[1:-2] < powers[1:-2]).all()
    assert (powers[1:-2] <= 2 * values[1:-2]).all()


def test_r2_of_values_whose_squares_do_not_fit():
    y_true, y_pred = np.random.default_rng(0).normal(size=(2, 9, 2))
    expected = r2_score(y_true, y_pred)
    for size in (2.0**-600, 2.0**600):
        assert r2_score(*scaled_for_r2(size * y_true, size * y_pred)) == expected
