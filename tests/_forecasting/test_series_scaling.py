import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from sklstm._forecasting.series_scaling import FAR, UNLIKE, ScalingRule, SeriesScaling, error_scales
from tests.tools import model

RULES = {
    "an LSTM in float32": (model(), "float32", False, (True, False, None)),
    "in a panel": (model(), "float32", True, (True, True, None)),
    "an LSTM in float64": (model(), "float64", False, (False, False, (True, True, None))),
    "in a panel, float64": (model(), "float64", True, (False, False, (True, True, None))),
    "counts": (model(loss="poisson"), "float32", True, (False, False, (False, True, None))),
    "in a pipeline": (make_pipeline("passthrough", model()), "float32", True, (True, True, None)),
    "another regressor": (Ridge(), "float64", True, (False, False, None)),
    "another, float32": (Ridge(), "float32", True, (True, False, None)),
}


def as_tuple(rule):
    return rule if rule is None else (rule.is_centred, rule.is_sized, as_tuple(rule.of_unlike))


@pytest.mark.parametrize("name", RULES)
def test_which_regressors_get_series_in_units_of_their_own(name):
    regressor, dtype, is_panel, expected = RULES[name]
    assert as_tuple(ScalingRule.from_regressor(regressor, np.dtype(dtype), is_panel)) == expected


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("is_panel", [True, False])
@pytest.mark.parametrize("regressor", [Ridge(), model(), model(loss="poisson")])
def test_any_regressor_that_reads_any_unit_gets_each_series_in_its_own(regressor, is_panel, dtype):
    rule = ScalingRule.from_regressor(regressor, np.dtype(dtype), is_panel, reads_any_unit=True)
    assert as_tuple(rule) == (getattr(regressor, "loss", None) != "poisson", True, None)


@pytest.mark.parametrize("order", [("a", "b", "c"), ("c", "b", "a")])
@pytest.mark.parametrize(
    ("factor", "shift", "is_unlike"),
    [
        (0.98 * UNLIKE, 0, False),
        (1.02 * UNLIKE, 0, True),
        (1 / (0.98 * UNLIKE), 0, False),
        (1e-9, 0, True),
        (1, 0.99 * FAR, False),
        (1, 1.01 * FAR, True),
        (1, -1.01 * FAR, True),
        (0, 0, False),
        (0, 1e9, False),
    ],
)
def test_series_are_unlike_by_size_or_level_and_constant_ones_do_not_count(factor, shift, is_unlike, order):
    y = np.random.default_rng(0).normal(size=(60, 2))
    y -= y.mean(axis=0)
    other = y.copy()
    other[:, 1] = factor * y[:, 1] + shift * np.abs(y[:, 1]).max()
    parts = {"a": y, "b": other, "c": np.full((3, 2), 1e12)}
    rule = ScalingRule(False, False, ScalingRule(True, True))
    assert rule.for_series({key: parts[key] for key in order}) is (rule.of_unlike if is_unlike else rule)


def scaling_of(size):
    """Three targets: one narrow, one wide, one constant."""
    size = np.array(size)
    return SeriesScaling(np.array([10.0, 20.0, 30.0]), size, np.ones(3), size, np.array([1.0, 8.0, 0.0]))


def test_targets_are_divided_by_their_size_however_small_and_not_by_zero():
    scaling = scaling_of([0.5, 4.0, 0.0])
    np.testing.assert_array_equal(scaling.divisor, [0.5, 4, 1])
    np.testing.assert_array_equal(scaling.far, [FAR * 2, FAR * 2, 0])
    y = np.array([[[11.0, 24.0, 33.0]]])
    np.testing.assert_array_equal(SeriesScaling.from_parts([scaling], 1).scaled(y), [[[2, 1, 3]]])


def test_windows_further_than_the_limit_and_those_of_constant_series_are_scaled_by_themselves():
    scaling = SeriesScaling(*np.ones((5, 4, 2)))
    last = np.array([[FAR, -FAR], [FAR + 1, 0], [0, -FAR - 1], [0, 0]])
    assert scaling.needs_rescaling(last).tolist() == [False, True, True, False]
    assert scaling_of([0.5, 4.0, 0.0]).needs_rescaling(np.zeros((1, 3))).tolist() == [True]
    assert scaling_of([0.5, 4.0, 1.0]).needs_rescaling(np.zeros((1, 3))).tolist() == [False]


def test_a_window_gets_a_level_if_it_is_far_and_a_width_if_its_series_has_none():
    scaling = scaling_of([0.5, 4.0, 0.0])
    window = np.array([[100.0, 1.0, 3.0], [102.0, 2.0, 5.0], [104.0, 9.0, 10.0]])
    shift, zoom = scaling.window_scaling(np.stack((window, np.zeros((3, 3)))))
    np.testing.assert_array_equal(shift, [[102, 0, 5], [0, 0, 0]])
    np.testing.assert_allclose(zoom, [[1, 1, np.quantile([2, 5], 0.9)], [1, 1, 0]])
    combined = scaling.combined(shift[0], zoom[0])
    np.testing.assert_allclose(combined.centre, [10 + 102 * 0.5, 20, 35])
    np.testing.assert_allclose(combined.size, [0.5, 4, zoom[0, 2]])
    np.testing.assert_array_equal(combined.error_scale, 1)


def test_scalings_are_repeated_series_by_series():
    one, other = scaling_of([0.5, 4.0, 0.0]), scaling_of([1.0, 2.0, 3.0])
    stacked = SeriesScaling.from_parts([one, other], [1, 2])
    np.testing.assert_array_equal(stacked.size, [one.size, other.size, other.size])
    np.testing.assert_array_equal(stacked.at(np.array([2, 0])).size, [other.size, one.size])


def test_the_change_of_a_series_with_every_second_value_missing_is_that_from_value_to_value():
    y = np.array([[1.0, 1.0], [np.nan, 3.0], [4.0, np.nan], [np.nan, 4.0], [2.0, np.nan], [np.nan, np.nan]])
    scales = error_scales({"a": y, "b": np.array([[7.0, np.nan], [np.nan, np.nan]])})
    np.testing.assert_array_equal(scales["a"], [2.5, 2.0])
    np.testing.assert_array_equal(scales["b"], scales["a"])  # nothing is known of its own
