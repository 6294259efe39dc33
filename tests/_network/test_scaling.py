import numpy as np
import pytest

from sklstm._network.fit_scaling import ScalingSettings, fit_scaling
from sklstm._network.scaling import INSTANCE_NORMS, PRIOR_STEPS, Scaling, limit_inputs
from tests._network.tools import data, fitted_scaling


@pytest.mark.parametrize("instance_norm", [None, *INSTANCE_NORMS])
@pytest.mark.parametrize("standardize", [False, True])
def test_outputs_undo_targets(instance_norm, standardize):
    scaling = fitted_scaling(instance_norm, standardize)
    x, y, _ = data()
    _, reference = scaling.inputs(x)
    there = y.copy()
    scaling.targets(there, reference)
    assert (instance_norm is None and not standardize) or not np.allclose(there, y)
    scaling.outputs(there, reference)
    np.testing.assert_allclose(there, y, rtol=1e-12)


WINDOW = np.array([2.0, np.nan, 4.0, 9.0, np.nan])  # present 2, 4, 9: last 9, mean 5, variance (9 + 1 + 16) / 3
DEVIATION = np.sqrt(26 / 3)
BY_HAND = {"last": (9, 1), "mean": (5, 1), "standard": (5, DEVIATION), "last-standard": (9, DEVIATION)}


@pytest.mark.parametrize("instance_norm", INSTANCE_NORMS)
def test_a_window_is_relative_to_its_own_present_steps(instance_norm):
    """Two target channels and one other; output k belongs to channel k mod 2. Computed by hand."""
    location, scale = BY_HAND[instance_norm]
    x = np.stack((WINDOW, 10 * WINDOW, np.arange(5.0)), axis=1)[..., np.newaxis]
    y = np.array([11.0, 20.0, 7.0, 90.0])[:, np.newaxis]
    scaling = Scaling(2, instance_norm)
    missing, reference = scaling.inputs(x)
    np.testing.assert_array_equal(missing[:, 0], np.isnan(WINDOW))
    present = ~np.isnan(WINDOW)
    np.testing.assert_allclose(x[present, 0, 0], (WINDOW[present] - location) / scale)
    np.testing.assert_allclose(x[present, 1, 0], (WINDOW[present] - location) / scale * (1 if scale != 1 else 10))
    np.testing.assert_array_equal(x[present, 2, 0], np.arange(5.0)[present])
    assert np.isfinite(x).all()
    scaling.targets(y, reference)
    locations = np.array([location, 10 * location] * 2)
    scales = np.array([scale, 10 * scale if scale != 1 else 1] * 2)
    np.testing.assert_allclose(y[:, 0], (np.array([11, 20, 7, 90]) - locations) / scales)


def test_a_window_of_few_present_steps_leans_more():
    """Two nearly equal steps say little about the deviation."""
    x = np.full((20, 1, 2), np.nan)
    x[-2:, 0, 0] = x[:2, 0, 1] = 0, 1e-9
    x[2:, 0, 1] = 1e-9
    _, (_, deviation) = Scaling(1, "standard", np.ones((1, 1))).inputs(x)
    np.testing.assert_allclose(deviation, [[np.sqrt(PRIOR_STEPS / (n + PRIOR_STEPS)) for n in (2, 20)]], rtol=1e-6)


def test_a_window_without_a_present_step_stays_finite():
    x = np.full((4, 1, 2), np.nan)
    x[:, :, 1] = 3.0
    for instance_norm in INSTANCE_NORMS:
        changed = x.copy()
        missing, reference = Scaling(1, instance_norm, np.ones((1, 1))).inputs(changed)
        assert missing[:, 0].all()
        assert np.isfinite(changed).all()
        assert all(part is None or np.isfinite(part).all() for part in reference)


@pytest.mark.parametrize("instance_norm", [None, *INSTANCE_NORMS])
def test_a_target_that_has_only_one_value_is_its_answer_until_it_has_others(instance_norm):
    rng = np.random.default_rng(0)

    def chunks(y):
        return [(rng.normal(5, 1, (6, 1, 9)), np.array(y, dtype=float)[:, np.newaxis] * np.ones(9), np.ones(9))]

    scaling = fit_scaling(lambda: chunks([3, 7]), np.float64, ScalingSettings(1, instance_norm))
    _, reference = scaling.inputs(rng.normal(5, 1, (6, 1, 4)))
    answers = rng.normal(size=(2, 4))
    scaling.outputs(answers, reference)
    np.testing.assert_array_equal(answers, np.array([3, 7])[:, np.newaxis] * np.ones(4))
    assert scaling.updated(chunks([3, 7]), np.float64).outputs(answers, reference) is None
    np.testing.assert_array_equal(answers, np.array([3, 7])[:, np.newaxis] * np.ones(4))
    y = np.array([3.0, 8.0])[:, np.newaxis] * np.ones(4)
    scaling = scaling.updated(chunks([3, 8]), np.float64)
    there = y.copy()
    scaling.targets(there, reference)
    scaling.outputs(there, reference)
    np.testing.assert_allclose(there, y)
    assert scaling.updated(chunks([4, 8]), np.float64).constant is None


def test_without_constants_nothing_is_updated():
    scaling = fitted_scaling("last")
    assert scaling.updated([data()], np.float64) is scaling
    scaling = Scaling(1, constant=np.full((4, 1), 3.0))
    assert scaling.updated([data()], np.float64) is scaling  # not standardised, and so without rounding errors


@pytest.mark.parametrize("instance_norm", [None, "last"])
@pytest.mark.parametrize("size", [1.0, 2.0**400])
def test_an_update_looks_at_targets_with_a_weight_alone(instance_norm, size):
    x, y, weight = data()
    x[:, :2], x[:, 2], y[0], y[1] = 3 * size, 1, 3 * size, 5 * size
    y[2:] *= size
    scaling = fit_scaling(lambda: [(x.copy(), y.copy(), weight)], np.float64, ScalingSettings(2, instance_norm))
    assert (scaling.target_unit is None) == (size == 1)

    def constants(scaling):
        answers = np.zeros((4, 1))
        scaling.outputs(answers, scaling.inputs(x[..., :1].copy())[1])
        known = [scaling.is_constant, None if scaling.constant is None else ~np.isnan(scaling.constant)]
        found = [number for part in known if part is not None for number in np.flatnonzero(part)]
        return {int(number): answers[number, 0] / size for number in found}

    assert constants(scaling) == {0: 3, 1: 5}
    other = y.copy()
    other[0, 2], other[1, 4], weight[4] = 4 * size, 7 * size, 0
    assert constants(scaling.updated([(x.copy(), y.copy(), weight)], np.float64)) == {0: 3, 1: 5}
    assert constants(scaling.updated([(x.copy(), other.copy(), weight)], np.float64)) == {1: 5}


def test_units_are_put_back():
    scaling = Scaling(1, target_unit=np.array([[4.0], [0.5]]), constant=np.array([[np.nan], [3.0]]))
    y = np.array([[8.0, 12.0], [1.0, 2.0]])
    scaling.targets(y, None)
    np.testing.assert_array_equal(y, [[2, 3], [2, 4]])
    scaling.outputs(y, None)
    np.testing.assert_array_equal(y, [[8, 12], [1.5, 1.5]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_inputs_that_are_far_away_are_limited(dtype):
    """They open or shut gates. Their differences would be NaN if they became infinite."""
    scaling = Scaling(1, channel_mean=np.zeros((2, 1), dtype), channel_scale=np.full((2, 1), 1e-20, dtype))
    largest = {np.float32: 1e37, np.float64: 1e300}[dtype]
    x = np.array([[[largest, 1.0], [-largest, 2.0]]], dtype)
    scaling.inputs(x)
    limit_inputs(x)
    np.testing.assert_allclose(x, [[[1e30, 1e20], [-1e30, 2e20]]], rtol=1e-6)


def test_outputs_that_do_not_fit_are_infinite_without_a_warning():
    scaling = Scaling(1, target_mean=np.zeros((1, 1), np.float32), target_scale=np.full((1, 1), 1e37, np.float32))
    y = np.array([[100.0, -100.0, 0.5]], np.float32)
    scaling.outputs(y, None)
    np.testing.assert_allclose(y, [[np.inf, -np.inf, 5e36]], rtol=1e-6)
