"""The attack on every parameter and argument of `LSTMRegressor` and `Forecaster`: a part, and all in the slow tests."""

import pytest

from tests.attack import bad, run_apart, sampled
from tests.bad_input import forecaster_attempts, regressor_attempts

ATTACKS = {
    "parameters of LSTMRegressor": (regressor_attempts, "parameters"),
    "arguments of LSTMRegressor": (regressor_attempts, "arguments"),
    "parameters of Forecaster": (forecaster_attempts, "parameters"),
    "arguments of Forecaster": (forecaster_attempts, "arguments"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_part_of_the_attack(name):
    module, function = ATTACKS[name]
    assert bad(attempt.outcome() for attempt in sampled(getattr(module, function)(), 120)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ATTACKS)
def test_the_whole_attack(name):
    module, function = ATTACKS[name]
    assert bad(run_apart(f"{module.__name__}:{function}")) == []
