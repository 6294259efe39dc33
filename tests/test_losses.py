import numpy as np
import pytest
from sklearn.metrics import mean_squared_error

from sklstm import _losses


def example(every_step):
    rng = np.random.default_rng(0)
    prediction, target = rng.standard_normal((2, *((4,) if every_step else ()), 3, 5))
    weight = rng.uniform(0.5, 2, (*prediction.shape[:-2], 5))
    if every_step:
        weight[1, 2] = weight[3] = 0
    return prediction, target, weight


@pytest.mark.parametrize("every_step", [False, True])
def test_value_is_half_of_scikit_learns(every_step):
    prediction, target, weight = example(every_step)
    flat = [np.moveaxis(values, -2, -1).reshape(-1, 3) for values in (target, prediction)]
    expected = mean_squared_error(*flat, sample_weight=weight.ravel()) / 2
    assert _losses.squared_error(prediction, target, weight)[0] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("every_step", [False, True])
def test_gradient_equals_central_differences(every_step):
    prediction, target, weight = example(every_step)
    _, gradient = _losses.squared_error(prediction, target, weight)
    for index in np.ndindex(prediction.shape):
        change = np.zeros_like(prediction)
        change[index] = 1e-4
        up, down = (_losses.squared_error(prediction + s * change, target, weight)[0] for s in (1, -1))
        assert gradient[index] == pytest.approx((up - down) / 2e-4, rel=1e-7, abs=1e-12)
