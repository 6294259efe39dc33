import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from sklstm import _scaling
from sklstm._scaling import INSTANCE_NORMS, Moments, Scaling, fit_scaling, window_moments


def data(seed=0):
    """x (T, F, B) = (6, 3, 20) with gaps, y (K, B) = (4, 20), weights."""
    rng = np.random.default_rng(seed)
    x = rng.normal(100, 5, (6, 3, 20)) * np.array([1.0, 10.0, 100.0])[:, np.newaxis]
    x[1, 0, :3] = x[5, 2, 3:6] = x[:4, 1, 7] = np.nan
    return x, rng.normal(100, 5, (4, 20)), rng.uniform(0, 2, 20)


def fitted(instance_norm, standardize=True, dtype=np.float64, pieces=1):
    x, y, weight = data()

    def chunks():
        for part in np.array_split(np.arange(20), pieces):
            yield x[..., part].astype(dtype), y[..., part].astype(dtype), weight[part]

    return fit_scaling(chunks, dtype, n_targets=2, instance_norm=instance_norm, standardize=standardize)


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


@pytest.mark.parametrize("instance_norm", [None, *INSTANCE_NORMS])
def test_pieces_do_not_matter(instance_norm):
    whole, pieces = fitted(instance_norm), fitted(instance_norm, pieces=7)
    for name in ("channel_mean", "channel_scale", "target_mean", "target_scale"):
        np.testing.assert_allclose(getattr(pieces, name), getattr(whole, name), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("instance_norm", [None, *INSTANCE_NORMS])
@pytest.mark.parametrize("standardize", [False, True])
def test_outputs_undo_targets(instance_norm, standardize):
    scaling = fitted(instance_norm, standardize)
    x, y, _ = data()
    _, reference = scaling.inputs(x)
    there = y.copy()
    scaling.targets(there, reference)
    assert (instance_norm is None and not standardize) or not np.allclose(there, y)
    scaling.outputs(there, reference)
    np.testing.assert_allclose(there, y, rtol=1e-12)


@pytest.mark.parametrize("instance_norm", [None, *INSTANCE_NORMS])
def test_the_training_rows_come_out_standardised(instance_norm):
    scaling = fitted(instance_norm)
    x, y, weight = data()
    missing, reference = scaling.inputs(x)
    scaling.targets(y, reference)
    steps = np.where(missing, 0, weight)
    for values, w in ((x, steps), (y[np.newaxis], weight[np.newaxis])):
        mean = np.einsum("tdb,tb->d", values, w) / w.sum()
        np.testing.assert_allclose(mean, 0, atol=1e-10)
        np.testing.assert_allclose(np.einsum("tdb,tb->d", values**2, w) / w.sum(), 1, rtol=1e-10)


WINDOW = np.array([2.0, np.nan, 4.0, 9.0, np.nan])  # present 2, 4, 9: last 9, mean 5, variance (9 + 1 + 16) / 3
DEVIATION = np.sqrt(26 / 3)
BY_HAND = {"last": (9, 1), "mean": (5, 1), "standard": (5, DEVIATION), "last-standard": (9, DEVIATION)}


@pytest.mark.parametrize("instance_norm", INSTANCE_NORMS)
def test_a_window_is_relative_to_its_own_present_steps(instance_norm):
    """Two target channels and one other, outputs k at channel k mod 2; worked out by hand."""
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


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
def test_a_constant_window_takes_the_typical_deviation(value):
    x = np.full((8, 1, 2), value)
    x[:, 0, 1] += np.tile([1.0, -1.0], 4)
    chunks = lambda: [(x.copy(), np.zeros((1, 2)), np.array([1.0, 3.0]))]  # noqa: E731
    scaling = fit_scaling(chunks, np.float64, n_targets=1, instance_norm="standard", standardize=False)
    np.testing.assert_allclose(scaling.typical_deviation, np.sqrt(0.75), rtol=1e-9)
    _, (_, deviation) = scaling.inputs(x.copy())
    np.testing.assert_allclose(deviation, [[np.sqrt(0.75), 1]], rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_steps", [24, 168, 1000])
def test_a_long_constant_window_has_no_deviation_at_all(n_steps, dtype):
    x = np.tile(np.random.default_rng(0).uniform(0.1, 1e4, (1, 1, 200)), (n_steps, 1, 1)).astype(dtype)
    missing = np.random.default_rng(1).random((n_steps, 200)) < 0.1
    for skip in (None, missing):
        mean, deviation = window_moments(x, skip)
        np.testing.assert_array_equal(deviation, 0)
        np.testing.assert_array_equal(mean, x[0])


def test_a_window_of_hardly_any_deviation_counts_as_constant():
    x = np.zeros((4, 1, 2))
    x[:, 0, 1], x[0, 0, 0] = [0, 2, 0, 2], 1e-6
    _, (_, deviation) = Scaling(1, "standard", np.ones((1, 1))).inputs(x)
    np.testing.assert_array_equal(deviation, [[1, 1]])


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


def test_all_windows_constant_leaves_the_deviation_at_one():
    chunks = lambda: [(np.full((4, 1, 3), 5.0), np.ones((1, 3)), np.ones(3))]  # noqa: E731
    scaling = fit_scaling(chunks, np.float64, n_targets=1, instance_norm="last-standard", standardize=True)
    x = np.full((4, 1, 3), 5.0)
    _, reference = scaling.inputs(x)
    np.testing.assert_array_equal(reference[1], 1)
    np.testing.assert_array_equal(x, 0)


def test_window_moments_equal_numpys():
    x, _, _ = data()
    missing = _scaling.missing_steps(x)
    mean, deviation = window_moments(np.where(missing[:, np.newaxis], 0, x), missing)
    only_present = np.where(missing[:, np.newaxis], np.nan, x)
    np.testing.assert_allclose(mean, np.nanmean(only_present, axis=0))
    np.testing.assert_allclose(deviation, np.nanstd(only_present, axis=0))


def test_a_window_without_a_present_step_stays_finite():
    x = np.full((4, 1, 2), np.nan)
    x[:, :, 1] = 3.0
    for instance_norm in INSTANCE_NORMS:
        changed = x.copy()
        missing, reference = Scaling(1, instance_norm, np.ones((1, 1))).inputs(changed)
        assert missing[:, 0].all()
        assert np.isfinite(changed).all()
        assert all(part is None or np.isfinite(part).all() for part in reference)
