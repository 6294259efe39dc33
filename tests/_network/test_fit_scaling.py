import numpy as np
import pytest

from sklstm._network import fit_scaling as _fit_scaling
from sklstm._network.fit_scaling import ScalingSettings, fit_scaling
from sklstm._network.scaling import INSTANCE_NORMS, PRIOR_STEPS
from tests._network.tools import data, fitted_scaling


@pytest.mark.parametrize("instance_norm", [None, *INSTANCE_NORMS])
def test_pieces_do_not_matter(instance_norm):
    whole, pieces = fitted_scaling(instance_norm), fitted_scaling(instance_norm, pieces=7)
    for name in ("channel_mean", "channel_scale", "target_mean", "target_scale"):
        np.testing.assert_allclose(getattr(pieces, name), getattr(whole, name), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("instance_norm", [None, *INSTANCE_NORMS])
def test_the_training_rows_come_out_standardised(instance_norm):
    scaling = fitted_scaling(instance_norm)
    x, y, weight = data()
    missing, reference = scaling.inputs(x)
    scaling.targets(y, reference)
    steps = np.where(missing, 0, weight)
    for values, w in ((x, steps), (y[np.newaxis], weight[np.newaxis])):
        mean = np.einsum("tdb,tb->d", values, w) / w.sum()
        np.testing.assert_allclose(mean, 0, atol=1e-10)
        np.testing.assert_allclose(np.einsum("tdb,tb->d", values**2, w) / w.sum(), 1, rtol=1e-10)


def typical(x, weight=None, y=None, **settings):
    """The scaling fitted to windows (T, B) of one channel."""
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


def test_windows_without_a_deviation_do_not_count_in_what_is_typical():
    x = walk(6 * 30).reshape(6, 30)
    constant = np.full((6, 270), 3.0)
    for n_constant in (5, 270):
        found = typical(np.hstack((x, constant[:, :n_constant]))).typical_deviation
        np.testing.assert_array_equal(found, typical(x).typical_deviation)


@pytest.mark.parametrize("size", [1, 2.0**100])
def test_a_typical_deviation_is_not_too_small_to_divide_the_largest_target(size):
    """In its unit, which is a power of two if values are huge."""
    x = (walk(180).reshape(6, 30) * (1e-30 * size)).astype(np.float32)
    scaling = typical(x, y=np.full((1, 30), 0.75 * size, np.float32))
    np.testing.assert_allclose(scaling.typical_deviation, 1e-25, rtol=1e-6)
    assert (scaling.target_unit is None) == (size == 1)


@pytest.mark.parametrize("seed", range(4))
def test_of_many_windows_some_say_what_is_typical(monkeypatch, seed):
    x = np.random.default_rng(seed).normal(size=(6, 999))
    monkeypatch.setattr(_fit_scaling, "N_TYPICAL_WINDOWS", 100)
    chunks = lambda: [(x[:, np.newaxis, part], np.zeros((1, 111)), np.ones(111)) for part in  # noqa: E731
                      np.arange(999).reshape(9, 111)]  # fmt: skip
    scaling = fit_scaling(chunks, np.float64, ScalingSettings(1, "standard", standardize=False))
    np.testing.assert_array_equal(scaling.typical_deviation, typical(x[:, ::10]).typical_deviation)


@pytest.mark.parametrize(
    ("x", "y", "wanted"),
    [
        ([[0.0, 2.0], [4.0, 2.0]], 0.0, 2.0),  # without one of its two steps no window varies: the whole deviation
        ([[5.0, 7.0], [5.0, 7.0]], 9.0, 4.0),  # windows are constant: the change to the target
        ([[5.0, 5.0], [5.0, 5.0]], 5.0, 5.0),  # the target does not change either: the value
        ([[0.0, 0.0], [0.0, 0.0]], 0.0, 1.0),
    ],
)
def test_what_is_typical_where_nothing_varies(x, y, wanted):
    np.testing.assert_allclose(typical(x, y=np.full((1, 2), y)).typical_deviation, wanted)


def test_constant_windows_are_answered_by_themselves():
    """The change from the last value to the target is constant, so it is predicted at any level."""
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


@pytest.mark.parametrize("size", [1.0, 1e6, 1e-6])
def test_a_target_that_is_constant_but_for_rounding_is_constant(size):
    x, y, weight = data()
    y[0], y[1] = 3 * size, 3 * size * np.where(np.arange(20) % 2, 1, 1 + 1e-9)
    y[0, 4] = np.nextafter(3 * size, np.inf)
    scaling = fit_scaling(lambda: [(x.copy(), y.copy(), weight)], np.float64, ScalingSettings(2, "last"))
    np.testing.assert_array_equal(np.isnan(scaling.constant[:, 0]), [False, True, True, True])


@pytest.mark.parametrize(("sign", "scale"), [(1, 1), (-1, 2**-9)])
def test_constants_near_the_limits_of_floating_point_come_out_at_their_size(sign, scale):
    """The smallest power to divide by is 2**-1000; what remains of a constant 2**-1010 is below 2**-9."""
    x, y, weight = data()
    x[:, 2], y[1], y[2] = 2.0 ** (1010 * sign), 2.0 ** (1010 * sign), 2.0 ** (400 * sign)
    scaling = fit_scaling(lambda: [(x.copy(), y.copy(), weight)], np.float64, ScalingSettings(2))
    np.testing.assert_array_equal(scaling.channel_unit[:, 0], [1, 1, 2.0 ** (1000 * sign)])
    np.testing.assert_array_equal(scaling.target_unit[:, 0], [1, 2.0 ** (1000 * sign), 2.0 ** (400 * sign + 1), 1])
    assert scaling.channel_scale[2, 0] == scaling.target_scale[1, 0] == scale
    answers = np.zeros((4, 1))
    scaling.outputs(answers, None)
    np.testing.assert_array_equal(answers[1:3, 0], y[1:3, 0])


def test_what_can_be_squared_is_not_divided():
    x, y, weight = data()
    for dtype, exponent in ((np.float64, 300), (np.float32, 90)):
        for power, is_divided in (
            (exponent - 1, False),
            (exponent, True),
            (-exponent - 1, False),
            (-exponent - 2, True),
        ):
            x[:, 2] = 2.0**power
            chunks = lambda: [(x.astype(dtype), y.astype(dtype), weight)]  # noqa: B023, E731
            assert (fit_scaling(chunks, dtype, ScalingSettings(2)).channel_unit is not None) == is_divided


@pytest.mark.parametrize(("instance_norm", "divided"), [(None, 0), ("last", 0), ("standard", 2), ("last-standard", 2)])
def test_without_standardize_only_what_is_divided_by_a_deviation_has_a_unit(instance_norm, divided):
    x, y, weight = data()
    x, y = x * 2.0**400, y * 2.0**400
    settings = ScalingSettings(2, instance_norm, standardize=False)
    scaling = fit_scaling(lambda: [(x.copy(), y.copy(), weight)], np.float64, settings)
    if not divided:
        assert scaling.channel_unit is scaling.target_unit is None
        return
    assert (scaling.channel_unit[:, 0] > 1).tolist() == [True, True, False]
    assert (scaling.target_unit > 1).all()


@pytest.mark.parametrize("y", [9.0, 5.0])
@pytest.mark.parametrize("power", [1, -1])
def test_what_is_typical_of_constant_windows_of_any_size(y, power):
    """The change to the target, 4, or the value, 5."""
    x = np.array([[5.0, 7.0], [5.0, 7.0]]) if y == 9 else np.full((2, 2), 5.0)
    size = 2.0 ** (400 * power)
    scaling = typical(x * size, y=np.full((1, 2), y) * size)
    np.testing.assert_array_equal(scaling.typical_deviation * scaling.target_unit, (4 if y == 9 else 5) * size)


def test_targets_without_weight_do_not_count():
    x, y, weight = data()
    y[0], y[0, 3], weight[3] = 7, 2.0**500, 0
    scaling = fit_scaling(lambda: [(x.copy(), y.copy(), weight)], np.float64, ScalingSettings(2))
    assert scaling.target_unit is None
    assert scaling.is_constant[:, 0].tolist() == [True, False, False, False]
    assert scaling.target_mean[0] == 7


def without_some_targets():
    """Data in which each target is missing elsewhere, and the third one is constant where it is known."""
    x, y, weight = data()
    y[2] = 7
    y[0, :7] = y[1, 9] = y[2, 3:] = y[3, 5:15] = np.nan
    return x, y, weight


def scaling_by_target(x, y, weight, instance_norm=None, is_centred=True):
    chunks = lambda: [(x[..., part].copy(), y[:, part].copy(), weight[part]) for part in (slice(6), slice(6, 20))]  # noqa: E731
    settings = ScalingSettings(2, instance_norm)
    return fit_scaling(chunks, x.dtype, settings, is_centred=is_centred, by_target=True)


@pytest.mark.parametrize("instance_norm", [None, *INSTANCE_NORMS])
def test_the_present_targets_come_out_standardised(instance_norm):
    x, y, weight = without_some_targets()
    scaling = scaling_by_target(x, y, weight, instance_norm)
    scaling.targets(y, scaling.inputs(x)[1])
    assert not np.isnan(y).all(axis=1).any()
    for k, values in enumerate(y):
        present = ~np.isnan(values)
        assert np.average(values[present], weights=weight[present]) == pytest.approx(0, abs=1e-10)
        if instance_norm or k != 2:
            assert np.average(values[present] ** 2, weights=weight[present]) == pytest.approx(1, rel=1e-10)


def test_a_target_that_is_constant_where_it_is_present_is_constant():
    scaling = scaling_by_target(*without_some_targets())
    assert scaling.is_constant[:, 0].tolist() == [False, False, True, False]
    relative = scaling_by_target(*without_some_targets(), "last")
    np.testing.assert_array_equal(relative.constant[:, 0], [np.nan, np.nan, 7, np.nan])
    x, y, weight = without_some_targets()
    assert relative.updated([(x.copy(), y.copy(), weight)], np.float64).constant[2, 0] == 7
    y[2, 1] = 8
    assert relative.updated([(x.copy(), y.copy(), weight)], np.float64).constant is None


def test_the_scale_of_targets_that_are_not_centred_is_the_mean_of_the_present_ones():
    x, y, weight = without_some_targets()
    scaling = scaling_by_target(x, y, weight, is_centred=False)
    for k, values in enumerate(y):
        present = ~np.isnan(values)
        mean = np.average(values[present], weights=weight[present])
        std = np.sqrt(np.average((values[present] - mean) ** 2, weights=weight[present]))
        assert scaling.target_scale[k, 0] == pytest.approx(mean, rel=1e-13)
        assert scaling.target_spread[k, 0] == pytest.approx(1 if k == 2 else std / mean, rel=1e-12)


def test_targets_that_must_not_be_centred_are_divided_by_their_mean():
    x, y, weight = data()
    y[1] = 0
    y[2] = 4
    y[3] = np.where(np.arange(20) == 5, 100, 0)
    scaling = fit_scaling(lambda: [(x.copy(), y.copy(), weight)], np.float64, ScalingSettings(2), is_centred=False)
    mean = np.average(y, weights=weight, axis=1)
    np.testing.assert_array_equal(scaling.target_mean, 0)
    np.testing.assert_allclose(scaling.target_scale[:, 0], [mean[0], 1, 4, mean[3]])
    spread = np.sqrt(np.average((y[0] - mean[0]) ** 2, weights=weight)) / mean[0]
    np.testing.assert_allclose(scaling.target_spread[:, 0], [spread, 1, 1, 1])
    assert scaling.is_constant is None
    np.testing.assert_array_equal(np.isnan(scaling.constant[:, 0]), [True, False, False, True])


def test_of_targets_at_every_step_the_last_says_what_is_typical():
    y = np.array([[[5.0, 7.0]], [[9.0, 11.0]]])
    np.testing.assert_allclose(typical([[5.0, 7.0], [5.0, 7.0]], y=y).typical_deviation, 4)


@pytest.mark.parametrize("instance_norm", ["standard", "last-standard"])
def test_constants_that_were_divided_by_a_deviation_are_not_divided_again(instance_norm):
    scaling = typical(np.full((3, 4), 5.0), y=np.full((2, 4), 5.0), instance_norm=instance_norm, standardize=True)
    np.testing.assert_array_equal(scaling.channel_scale, 1)
    np.testing.assert_array_equal(scaling.target_scale, 1)


def both_sizes(ratio, n=40, n_steps=8):
    """Windows (T, 2 n) of a small and a large series, and their targets (1, 2 n)."""
    rows = np.random.default_rng(0).normal(size=(2, n + n_steps)) * [[ratio], [1.0]]
    windows = np.lib.stride_tricks.sliding_window_view(rows, n_steps, axis=1)[:, :n]
    return windows.reshape(-1, n_steps).T.copy(), rows[:, n_steps:].reshape(1, -1).copy()


@pytest.mark.parametrize("kind", ["standard", "last-standard"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("level", [0, 1e3])
@pytest.mark.parametrize("ratio", [*10 ** np.random.default_rng(1).uniform(-9, -2, 4), *2.0 ** np.array([20, 30])])
def test_windows_of_each_size_are_as_wide_as_those_of_the_other(kind, dtype, level, ratio):
    """In either order; the level is that of the large series."""
    x, y = both_sizes(ratio)
    large = slice(40, None) if ratio < 1 else slice(40)
    x[:, large] += level * max(ratio, 1)
    y[:, large] += level * max(ratio, 1)
    x, y = x.astype(dtype), y.astype(dtype)
    for order in (slice(None), slice(None, None, -1)):
        scaling = typical(x[:, order], y=y[:, order], instance_norm=kind)
        assert scaling.typical_deviation.shape == (1, 2)
        inputs, targets = x[:, np.newaxis, order].copy(), y[:, order].copy()
        _, reference = scaling.inputs(inputs)
        scaling.targets(targets, reference)
        halves = np.split(np.abs(np.concatenate((inputs[:, 0], targets))), 2, axis=1)
        small, others = sorted(map(np.mean, halves))
        assert others < 2 * small
        scaling.outputs(targets, reference)
        np.testing.assert_allclose(targets, y[:, order], rtol=1e-4 if dtype == np.float32 else 1e-9)


def test_each_target_has_its_own_groups():
    (x, y), (one, other) = both_sizes(1e-6), both_sizes(1.0)
    x, y = np.stack((one, x), axis=1), np.concatenate((other, y))
    chunks = lambda: [(x.copy(), y.copy(), np.ones(80))]  # noqa: E731
    scaling = fit_scaling(chunks, x.dtype, ScalingSettings(2, "standard", standardize=False))
    usual, apart = scaling.typical_deviation
    assert usual[0] == usual[1]
    assert 1e5 < apart[1] / apart[0] < 1e7
    assert np.isinf(scaling.group_limits[0])
    _, (_, deviation) = scaling.inputs(x.copy())
    assert (deviation[0] > 0.1).all()
    assert (deviation[1, :40] < 1e-5).all()
    assert (deviation[1, 40:] > 0.1).all()


def test_a_constant_window_leans_on_the_large_ones():
    """It tells nothing of its size. A rounding error of its own level makes no difference."""
    x, y = both_sizes(1e-6)
    scaling = typical(x, y=y)
    for window in (np.zeros(8), np.full(8, 1e12), 1e12 + 1e-4 * (np.arange(8) % 2)):
        _, (_, deviation) = scaling.inputs(window.reshape(8, 1, 1).copy())
        np.testing.assert_allclose(
            deviation, np.sqrt(PRIOR_STEPS / (8 + PRIOR_STEPS)) * scaling.typical_deviation[:, 1:]
        )


def test_a_stretch_of_small_windows_that_ends_is_no_group():
    """Its last targets are as far away as the large windows are wide."""
    rows = np.random.default_rng(0).normal(size=200) * np.repeat([1, 1e-6, 1], [70, 60, 70])
    for steps in (1, 3):  # the last of them is enough
        for end, is_group in ((130, True), (131, False), (200, False)):
            windows = np.lib.stride_tricks.sliding_window_view(rows[:end], 8 + steps).T
            assert (typical(windows[:8], y=windows[8:]).group_limits is not None) == is_group


def test_an_outlier_before_the_first_target_makes_no_group():
    y = np.sin(np.arange(400) / 4)
    clean = np.lib.stride_tricks.sliding_window_view(y, 25).T
    y[3] = 1e9
    windows = np.lib.stride_tricks.sliding_window_view(y, 25).T
    one, other = (typical(part[:24], y=part[24:]) for part in (clean, windows))
    assert other.group_limits is None
    np.testing.assert_allclose(other.typical_deviation, one.typical_deviation, rtol=0.05)


def test_windows_of_weight_0_connect_no_groups():
    x, y = both_sizes(1e-6)
    y[0, 3] = 1.0
    weight = np.ones(80)
    assert typical(x, weight, y).group_limits is None
    weight[3] = 0
    assert typical(x, weight, y).group_limits is not None


@pytest.mark.parametrize("connects", [False, True])
def test_a_target_that_connects_groups_may_be_in_any_window(monkeypatch, connects):
    x, y = both_sizes(1e-6, n=400)
    if connects:
        y[0, 3] = 1.0
    monkeypatch.setattr(_fit_scaling, "N_TYPICAL_WINDOWS", 100)  # of every eighth window
    assert (typical(x, y=y).group_limits is None) == connects


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_windows_that_are_tiny_beside_their_targets_can_be_divided_by_their_deviation(dtype):
    size = {np.float32: 1e-30, np.float64: 1e-300}[dtype]
    rng = np.random.default_rng(0)
    x, y = (size * rng.normal(size=(5, 40))).astype(dtype), (rng.normal(size=(1, 40)) / size).astype(dtype)
    for norm in ("standard", "last-standard"):
        scaling = typical(x, y=y, instance_norm=norm, standardize=True)
        rows, targets = x[:, np.newaxis].copy(), y.copy()
        scaling.targets(targets, scaling.inputs(rows)[1])
        np.testing.assert_allclose(targets.std(), 1, rtol=1e-5)
        assert np.isfinite(rows).all()


def test_windows_that_are_constant_but_for_rounding_make_no_group():
    x, y = (values * 1e6 for values in both_sizes(1e-12))
    constant = np.full((8, 15), 123.456)
    constant[::2] = np.nextafter(123.456, 200)
    expected = typical(x, y=y)
    found = typical(np.hstack((x, constant)), y=np.hstack((y, constant[:1])))
    assert expected.typical_deviation.shape == found.typical_deviation.shape == (1, 2)
    np.testing.assert_array_equal(found.group_limits, expected.group_limits)


@pytest.mark.parametrize(("ratio", "n_passes"), [(1.0, 2), (1e-9, 3)])
def test_all_windows_are_measured_only_if_some_of_them_make_groups(ratio, n_passes, monkeypatch):
    """A pass finds the ranges of all values, and one measures some windows."""
    monkeypatch.setattr(_fit_scaling, "N_TYPICAL_WINDOWS", 50)
    x, y = both_sizes(ratio)
    passes = []

    def chunks():
        passes.append(1)
        yield x[:, np.newaxis].copy(), y.copy(), np.ones(80)

    scaling = fit_scaling(chunks, x.dtype, ScalingSettings(1, "standard", standardize=False))
    assert len(passes) == n_passes
    assert (scaling.group_limits is None) == (ratio == 1)
