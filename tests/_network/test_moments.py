import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from sklstm._network.missing_values import MissingRule
from sklstm._network.moments import Moments, SeparateMoments, new_moments, window_moments
from tests._network.tools import data


def test_moments_equal_scikit_learns_weighted_scaler():
    x, _, weight = data()
    x = np.nan_to_num(x, nan=3.0)
    steps = np.repeat(weight[np.newaxis], 6, axis=0)
    steps[2, 4:9] = 0
    scaler = StandardScaler().fit(x.transpose(0, 2, 1).reshape(-1, 3), sample_weight=steps.ravel())
    moments = Moments()
    for part in (slice(0, 1), slice(1, 11), slice(11, 20)):
        moments.add(x[..., part].copy(), steps[:, part])
    mean, scale = moments.mean_and_scale(np.float64)
    np.testing.assert_allclose(mean[:, 0], scaler.mean_, rtol=1e-13)
    np.testing.assert_allclose(scale[:, 0], scaler.scale_, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_constant_is_only_centred(dtype):
    moments = Moments()
    moments.add(np.full((2, 50), 0.1, dtype), np.random.default_rng(0).random(50))
    mean, scale = moments.mean_and_scale(dtype)
    np.testing.assert_array_equal(scale, 1)
    np.testing.assert_allclose(mean, dtype(0.1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_steps", [24, 168, 1000])
def test_a_long_constant_window_has_no_deviation_at_all(n_steps, dtype):
    x = np.tile(np.random.default_rng(0).uniform(0.1, 1e4, (1, 1, 200)), (n_steps, 1, 1)).astype(dtype)
    missing = np.random.default_rng(1).random((n_steps, 1, 200)) < 0.1
    for skip in (None, missing):
        mean, deviation = window_moments(x, skip)
        np.testing.assert_array_equal(deviation, 0)
        np.testing.assert_array_equal(mean, x[0])


def test_weights_of_any_size_merge():
    x, _, weight = data()
    results = []
    for factor in (1.0, 1e200, 1e-200):
        moments = Moments()
        for part in np.array_split(np.arange(20), 5):
            moments.add(np.nan_to_num(x[..., part]), np.tile(weight[part] * factor, (6, 1)))
        results.append(np.concatenate(moments.mean_and_scale(np.float64)))
    for result in results[1:]:
        np.testing.assert_allclose(result, results[0], rtol=1e-12)


@pytest.mark.parametrize("by_channel", [False, True])
def test_window_moments_equal_numpys(by_channel):
    x, _, _ = data()
    absent = MissingRule(by_channel).missing_values(x)
    mean, deviation = window_moments(np.where(absent, 0, x), absent)
    only_present = np.where(absent, np.nan, x)
    np.testing.assert_allclose(mean, np.nanmean(only_present, axis=0))
    np.testing.assert_allclose(deviation, np.nanstd(only_present, axis=0))


@pytest.mark.parametrize("size", [1e-300, 1e-170, 1e-30, 1e160, 1e299])
def test_windows_of_any_size_have_a_deviation(size):
    """Windows to predict may be far larger than those of training."""
    x, _, _ = data()
    x = np.nan_to_num(x, nan=90.0)
    _, deviation = window_moments(x, None)
    mean_of_small, of_small = window_moments(x * size / 1e4, None)
    np.testing.assert_allclose(mean_of_small, x.mean(axis=0) * (size / 1e4))
    if size > 1e-150:  # below, squares underflow, and only the typical deviation counts
        np.testing.assert_allclose(of_small, deviation * (size / 1e4))
    assert np.isfinite(of_small).all()


def test_the_mean_of_many_equal_values_is_that_value():
    """A running sum has a rounding error above the last bit, which would look like a deviation."""
    moments = Moments()
    for _ in range(3):
        moments.add(np.full((1, 300_000), 0.1), np.full(300_000, 1 / 3))
    assert moments.is_constant(np.float64).all()
    np.testing.assert_allclose(moments.mean, 0.1, rtol=2 * np.finfo(float).eps)


def test_values_without_weight_do_not_count():
    moments = Moments()
    moments.add(np.full((2, 3), np.nan), np.zeros(3))
    moments.add(np.array([[1.0, np.nan, 5.0], [2.0, np.nan, 2.0]]), np.array([1.0, 0.0, 3.0]))
    moments.add(np.full((2, 3), np.nan), np.zeros(3))
    mean, scale = moments.mean_and_scale(np.float64, size=7)
    np.testing.assert_allclose(mean[:, 0], [4, 2])
    np.testing.assert_allclose(scale[:, 0], [np.sqrt(3), 7])
    assert moments.weight_sum == 4


@pytest.mark.parametrize("steps", [False, True])
def test_separate_moments_are_those_of_the_present_values_of_each(steps):
    x, _, weight = data()
    x = x if steps else x[1]
    counted = np.where(np.isnan(x), 0, weight)
    separate = new_moments(separate=True)
    for part in (slice(0, 3), slice(3, 20)):
        separate.add(x[..., part], counted[..., part])
    rows = [
        (values.ravel(), w.ravel()) for values, w in zip(*(np.moveaxis(a, -2, 0) for a in (x, counted)), strict=True)
    ]
    means = [np.average(values[w > 0], weights=w[w > 0]) for values, w in rows]
    stds = [
        np.sqrt(np.average((values[w > 0] - mean) ** 2, weights=w[w > 0]))
        for (values, w), mean in zip(rows, means, strict=True)
    ]
    np.testing.assert_allclose(separate.mean, means, rtol=1e-14)
    sizes = np.ones((3, 1))
    for found, wanted in zip(separate.mean_and_scale(np.float64, sizes), (means, stds), strict=True):
        np.testing.assert_allclose(found[:, 0], wanted, rtol=1e-12)
    centre, scale, spread = separate.mean_as_scale(np.float64, sizes)
    np.testing.assert_array_equal(centre, 0)
    np.testing.assert_allclose(scale[:, 0], means, rtol=1e-14)
    np.testing.assert_allclose(spread[:, 0], np.divide(stds, means), rtol=1e-12)
    assert not separate.is_constant(np.float64).any()


def test_what_is_constant_where_it_is_present_is_constant():
    separate = SeparateMoments()
    separate.add(np.array([[3.0, np.nan, 3.0], [1.0, 2.0, np.nan]]), np.array([[1.0, 0.0, 2.0], [1.0, 1.0, 0.0]]))
    assert separate.is_constant(np.float64)[:, 0].tolist() == [True, False]


def test_a_window_that_overflows_leaves_the_others_as_they_are():
    x = np.array([[3.0, 0.0, 5.0], [1e200, 2.0, 5.0], [-1e200, 4.0, 5.0]])[:, np.newaxis]
    mean, deviation = window_moments(x, None)
    np.testing.assert_allclose(deviation[0], [np.sqrt(2 / 3) * 1e200, np.sqrt(8 / 3), 0])
    np.testing.assert_allclose(mean[0, 1:], [2, 5])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_deviation_that_one_huge_weight_makes_negligible_is_that_of_a_constant(dtype):
    """Division by it would overflow."""
    for moments, weight in ((Moments(), np.array([1.0, 1e-250])), (SeparateMoments(), np.array([[1.0, 1e-250]]))):
        moments.add(np.array([[0.0, 1.0]], dtype), weight)
        np.testing.assert_array_equal(moments.mean_and_scale(dtype, np.full((1, 1), 2.0))[1], 2)
        centre, scale, _ = moments.mean_as_scale(dtype, np.full((1, 1), 2.0))
        np.testing.assert_array_equal((centre, scale), [[[0]], [[2]]])


@pytest.mark.parametrize(("dtype", "weight", "deviation"), [(np.float32, 1e-16, 1e-8), (np.float64, 1e-180, 1e-90)])
@pytest.mark.parametrize("size", [1.0, 7.0, 1e20])
def test_what_is_negligible_beside_the_size_of_values_is_no_scale(dtype, weight, deviation, size):
    moments = Moments()
    moments.add(np.array([[0.0, 1.0]], dtype), np.array([1.0, weight]))
    _, scale = moments.mean_and_scale(dtype, np.full((1, 1), size))
    np.testing.assert_allclose(scale, size if size == 1e20 else deviation, rtol=1e-6)
