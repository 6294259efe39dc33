import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from sklstm._network import fit_scaling as _fit_scaling
from sklstm._network.fit_scaling import ScalingSettings, fit_scaling
from sklstm._network.gaps import Gaps
from sklstm._network.moments import Moments, window_moments
from sklstm._network.scaling import INSTANCE_NORMS, PRIOR_STEPS, Scaling


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

    return fit_scaling(chunks, dtype, ScalingSettings(2, instance_norm, standardize))


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


def typical(x, weight=None, y=None, **settings):
    """What fit_scaling says of windows (T, B) of one channel."""
    x = np.asarray(x)[:, np.newaxis]
    y = np.zeros((1, x.shape[2])) if y is None else y
    chunks = lambda: [(x.copy(), y.copy(), np.ones(x.shape[2]) if weight is None else weight)]  # noqa: E731
    settings = {"n_targets": 1, "instance_norm": "standard", "standardize": False, **settings}
    return fit_scaling(chunks, x.dtype, ScalingSettings(**settings))


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
def test_a_constant_window_leans_on_the_typical_deviation(value):
    x = np.full((8, 2), value)
    x[:, 1] += np.tile([1.0, -1.0], 4)
    scaling = typical(x, np.array([1.0, 3.0]))
    but_one = np.std(np.tile([1.0, -1.0], 4)[1:])
    np.testing.assert_allclose(scaling.typical_deviation, but_one, rtol=1e-9)
    _, (_, deviation) = scaling.inputs(x[:, np.newaxis].copy())
    share = PRIOR_STEPS / (8 + PRIOR_STEPS)
    wanted = np.sqrt([share * but_one**2, share * but_one**2 + (1 - share)])
    np.testing.assert_allclose(deviation, [wanted], rtol=1e-9)


def test_a_window_of_few_present_steps_leans_more():
    """Of two steps that are nearly the same nothing is known."""
    x = np.full((20, 1, 2), np.nan)
    x[-2:, 0, 0] = x[:2, 0, 1] = 0, 1e-9
    x[2:, 0, 1] = 1e-9
    _, (_, deviation) = Scaling(1, "standard", np.ones((1, 1))).inputs(x)
    np.testing.assert_allclose(deviation, [[np.sqrt(PRIOR_STEPS / (n + PRIOR_STEPS)) for n in (2, 20)]], rtol=1e-6)


def walk(n=400):
    return np.cumsum(np.random.default_rng(0).normal(size=n))


@pytest.mark.parametrize(
    ("changed", "n_changed"),
    [("flat", 60), ("flat", 300), ("jitter", 60), ("jitter", 300), ("outlier", 1), ("outliers", 3)],
)
def test_the_typical_deviation_is_that_of_what_is_neither_flat_nor_an_outlier(changed, n_changed):
    y = np.sin(np.arange(400) / 4) + 5
    windows = lambda y: np.lib.stride_tricks.sliding_window_view(y, 24).T  # noqa: E731
    clean = typical(windows(y)).typical_deviation
    rows = slice(50, 50 + n_changed) if n_changed > 5 else np.arange(n_changed) * 130 + 50
    noise = np.random.default_rng(1).normal(size=n_changed)
    y[rows] = {"flat": 5, "jitter": 5 + 1e-6 * noise}.get(changed, 1e9)
    np.testing.assert_allclose(typical(windows(y)).typical_deviation, clean, rtol=0.3)


def test_weights_repeat_windows_in_what_is_typical():
    x = walk(14 * 30).reshape(14, 30)
    counts = np.random.default_rng(1).integers(0, 4, 30)
    used = counts > 0
    weighted = typical(x[:, used], counts[used] / 3)
    np.testing.assert_array_equal(typical(np.repeat(x, counts, axis=1)).typical_deviation, weighted.typical_deviation)


def test_of_many_windows_some_say_what_is_typical(monkeypatch):
    x = walk(6 * 999).reshape(6, 999)
    monkeypatch.setattr(_fit_scaling, "N_TYPICAL_WINDOWS", 100)
    chunks = lambda: [(x[:, np.newaxis, part], np.zeros((1, 111)), np.ones(111)) for part in  # noqa: E731
                      np.arange(999).reshape(9, 111)]  # fmt: skip
    scaling = fit_scaling(chunks, np.float64, ScalingSettings(1, "standard", standardize=False))
    np.testing.assert_array_equal(scaling.typical_deviation, typical(x[:, ::10]).typical_deviation)


@pytest.mark.parametrize(
    ("x", "y", "wanted"),
    [
        ([[0.0, 2.0], [4.0, 2.0]], 0.0, 2.0),  # two steps less one leave none: the deviation of the window
        ([[5.0, 7.0], [5.0, 7.0]], 9.0, 4.0),  # it is constant: the change to the target
        ([[5.0, 5.0], [5.0, 5.0]], 5.0, 5.0),  # nothing changes: the value
        ([[0.0, 0.0], [0.0, 0.0]], 0.0, 1.0),
    ],
)
def test_what_is_typical_where_nothing_varies(x, y, wanted):
    np.testing.assert_allclose(typical(x, y=np.full((1, 2), y)).typical_deviation, wanted)


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
    absent = Gaps(by_channel).missing_values(x)
    mean, deviation = window_moments(np.where(absent, 0, x), absent)
    only_present = np.where(absent, np.nan, x)
    np.testing.assert_allclose(mean, np.nanmean(only_present, axis=0))
    np.testing.assert_allclose(deviation, np.nanstd(only_present, axis=0))


@pytest.mark.parametrize("instance_norm", [None, *INSTANCE_NORMS])
def test_channels_with_gaps_of_their_own_are_scaled_by_what_is_present_of_each(instance_norm):
    x, y, weight = data()
    x[2, 1, 9], x[3, :, 10], x[:, 0, 11] = np.nan, np.nan, np.nan  # one, a step, and all of a target channel
    gaps = Gaps(by_channel=True, n_needed=2 if instance_norm else 0)
    settings = {"n_targets": 2, "instance_norm": instance_norm, "standardize": True, "gaps": gaps}
    scaling = fit_scaling(lambda: [(x.copy(), y.copy(), weight)], np.float64, ScalingSettings(**settings))
    changed, indicators = x.copy(), np.full_like(x, 7)
    missing, reference = scaling.inputs(changed, indicators)
    np.testing.assert_array_equal(indicators, np.isnan(x))
    np.testing.assert_array_equal(changed[np.isnan(x)], 0)
    expected = np.isnan(x).all(axis=1)
    expected[:, 11] |= instance_norm is not None
    np.testing.assert_array_equal(missing, expected)
    for channel in range(3):
        weights = np.where(np.isnan(x[:, channel]) | missing, 0, weight)
        mean = np.average(changed[:, channel], weights=weights)
        assert mean == pytest.approx(0, abs=1e-12)
        assert np.average((changed[:, channel] - mean) ** 2, weights=weights) == pytest.approx(1)
    if instance_norm in ("last", "last-standard"):
        last = [[[v for v in x[:, k, b] if v == v] or [0] for b in range(20)] for k in range(2)]
        np.testing.assert_array_equal(reference[0], [[values[-1] for values in part] for part in last])


def test_a_window_without_a_present_step_stays_finite():
    x = np.full((4, 1, 2), np.nan)
    x[:, :, 1] = 3.0
    for instance_norm in INSTANCE_NORMS:
        changed = x.copy()
        missing, reference = Scaling(1, instance_norm, np.ones((1, 1))).inputs(changed)
        assert missing[:, 0].all()
        assert np.isfinite(changed).all()
        assert all(part is None or np.isfinite(part).all() for part in reference)


@pytest.mark.parametrize("size", [1e-300, 1e-170, 1e-30, 1e160, 1e299])
def test_windows_of_any_size_have_a_deviation(size):
    """Rows to predict may be far larger than those of training."""
    x, _, _ = data()
    x = np.nan_to_num(x, nan=90.0)
    _, deviation = window_moments(x, None)
    mean_of_small, of_small = window_moments(x * size / 1e4, None)
    np.testing.assert_allclose(mean_of_small, x.mean(axis=0) * (size / 1e4))
    if size > 1e-150:  # below, squares are nothing, and the typical deviation is all
        np.testing.assert_allclose(of_small, deviation * (size / 1e4))
    assert np.isfinite(of_small).all()


def test_the_mean_of_many_equal_values_is_that_value():
    """A running sum is off by more than the last bit, which would look like a deviation."""
    moments = Moments()
    for _ in range(3):
        moments.add(np.full((1, 300_000), 0.1), np.full(300_000, 1 / 3))
    assert moments.is_constant(np.float64).all()
    np.testing.assert_allclose(moments.mean, 0.1, rtol=2 * np.finfo(float).eps)


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


def test_constant_windows_are_answered_by_themselves():
    """At whatever level: what has one value there is the change to the target."""
    x = np.tile([1.0, 4.0, 9.0], (5, 1))[:, np.newaxis]
    scaling = typical(x[:, 0], y=x[-1].copy(), instance_norm="last", standardize=True)
    other = np.full((5, 1, 1), 1e5)
    _, reference = scaling.inputs(other)
    answers = np.ones((1, 1))
    scaling.outputs(answers, reference)
    assert answers.item() == 1e5


@pytest.mark.parametrize("instance_norm", INSTANCE_NORMS)
def test_a_channel_of_any_size_beside_a_target_of_usual_size(instance_norm):
    x, y, weight = data()
    usual = fit_scaling(lambda: [(x.copy(), y.copy(), weight)], np.float64, ScalingSettings(2, instance_norm))
    x[:, 2] *= 2.0**400
    scaling = fit_scaling(lambda: [(x.copy(), y.copy(), weight)], np.float64, ScalingSettings(2, instance_norm))
    np.testing.assert_array_equal(scaling.target_scale, usual.target_scale)
    assert scaling.channel_unit[2] > 1
