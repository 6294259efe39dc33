from math import exp, log, log1p
from statistics import NormalDist

import numpy as np
import pytest
from scipy import optimize, special
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, mean_poisson_deviance, mean_squared_error

from sklstm._network.losses import LOSSES, Loss, Poisson, loss_class, make_loss
from sklstm._network.moments import Moments
from sklstm._network.scaling import Scaling
from tests import tools

K, B, T = 3, 5, 4

# name, delta or levels; delta as a NumPy scalar, which must not make float64 of float32
CASES = [
    ("squared_error", None),
    ("absolute_error", None),
    ("huber", np.float64(0.7)),
    ("huber", 5),
    ("quantile", (0.3,)),
    ("quantile", (0.5,)),
    ("quantile", (0.1, 0.5, 0.9)),
    ("quantile", (0.2, 0.4)),
    ("quantile", (0.6, 0.7, 0.9)),
    ("quantile", (0.05, 0.3, 0.6, 0.95)),
    ("poisson", None),
]


def make(name, setting):
    return make_loss(name, delta=setting, quantile=setting)


every_case = pytest.mark.parametrize(("name", "setting"), CASES)
with_and_without_steps = pytest.mark.parametrize("every_step", [False, True])
of_samples_and_single_targets = pytest.mark.parametrize("single", [False, True], ids=["of samples", "of targets"])


def example(name, setting, every_step, dtype=np.float64, single=False):
    """A loss, raw values, targets (counts for Poisson, some of them 0) and weights, some of them 0.

    The weights are (…, B), or (…, K, B) of `single` targets.
    """
    rng = np.random.default_rng(0)
    loss, leading = make(name, setting), (T,) if every_step else ()
    raw = rng.standard_normal((*leading, loss.n_levels * K, B))
    target = rng.standard_normal((*leading, K, B))
    if name == "poisson":
        target = rng.poisson(np.exp(target)).astype(float)
        assert (target == 0).any()
    weight = rng.uniform(0.5, 2, (*leading, B))
    weight[..., 2] = 0
    if every_step:
        weight[3] = 0
    if single:
        weight = weight[..., np.newaxis, :] * rng.integers(0, 3, target.shape)
    return loss, raw.astype(dtype), target.astype(dtype), weight


def columns(n=40, total=None):
    """Targets (K, n) without ties and integer weights (n,), some of them 0, with a given sum."""
    rng = np.random.default_rng(1)
    weight = rng.multinomial(total or n, np.full(n, 1 / n))
    return rng.gamma(2, size=(K, n)), weight


def one_target_metric(name, setting, q):
    """The same loss by scikit-learn's metric (SciPy's function for Huber)."""
    return {
        "squared_error": lambda y, p, w: mean_squared_error(y, p, sample_weight=w) / 2,
        "absolute_error": lambda y, p, w: mean_absolute_error(y, p, sample_weight=w),
        "huber": lambda y, p, w: np.average(special.huber(setting, y - p), weights=w),
        "quantile": lambda y, p, w: mean_pinball_loss(y, p, sample_weight=w, alpha=q),
        "poisson": lambda y, p, w: mean_poisson_deviance(y, p, sample_weight=w) / 2,
    }[name]


@every_case
@with_and_without_steps
@of_samples_and_single_targets
def test_value_is_scikit_learns(name, setting, every_step, single):
    loss, raw, target, weight = example(name, setting, every_step, single=single)
    flat_weight = (weight if single else np.broadcast_to(weight[..., np.newaxis, :], target.shape)).ravel()
    levels = np.moveaxis(loss.every_level(raw), -3, 0)
    expected = [
        one_target_metric(name, setting, q)(target.ravel(), p.ravel(), flat_weight)
        for p, q in zip(levels, setting if name == "quantile" else [None], strict=True)
    ]
    assert loss(raw, target, weight)[0] == pytest.approx(np.mean(expected), rel=1e-13)


@pytest.mark.parametrize(
    ("name", "setting", "expected"),
    [
        ("squared_error", None, (2 + 3 * 8) / 4),
        ("absolute_error", None, (2 + 3 * 4) / 4),
        ("huber", 1, (1.5 + 3 * 3.5) / 4),
        ("quantile", 0.25, (0.25 * 2 + 3 * 0.75 * 4) / 4),
        ("poisson", None, (3 * log(3) - 3 + 1 + 3 * 4) / 4),
    ],
)
def test_value_by_hand(name, setting, expected):
    """Predictions 1 and 4 for the targets 3 and 0, with weights 1 and 3."""
    answers = np.array([[1.0, 4.0]])
    raw = np.log(answers) if name == "poisson" else answers
    value, _ = make(name, setting)(raw, np.array([[3.0, 0.0]]), np.array([1.0, 3.0]))
    assert value == pytest.approx(expected, rel=1e-14)


def central_differences(loss, raw, target, weight, step):
    differences = np.empty_like(raw)
    for index in np.ndindex(raw.shape):
        change = np.zeros_like(raw)
        change[index] = step
        up, down = (loss(raw + s * change, target, weight)[0] for s in (1, -1))
        differences[index] = (up - down) / (2 * step)
    return differences


@every_case
@with_and_without_steps
@of_samples_and_single_targets
def test_gradient_equals_central_differences(name, setting, every_step, single):
    loss, raw, target, weight = example(name, setting, every_step, single=single)
    _, gradient = loss(raw, target, weight)
    assert gradient.shape == raw.shape
    np.testing.assert_allclose(gradient, central_differences(loss, raw, target, weight, 1e-5), rtol=1e-7, atol=1e-10)


@every_case
@with_and_without_steps
def test_gradient_at_kinks_equals_central_differences(name, setting, every_step):
    loss, raw, _, weight = example(name, setting, every_step)
    for level in range(loss.n_levels):
        target = loss.every_level(raw)[..., level, :, :].copy()
        _, gradient = loss(raw, target, weight)
        np.testing.assert_allclose(gradient, central_differences(loss, raw, target, weight, 1e-6), rtol=0, atol=2e-8)


@pytest.mark.parametrize(("name", "setting"), [("absolute_error", None), ("quantile", 0.3), ("quantile", 0.9)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_gradient_at_a_kink_is_the_mean_of_the_one_sided_ones(name, setting, dtype):
    loss, target, weight = make(name, setting), np.zeros((1, 1), dtype), np.ones(1)
    below, at, above = (loss(np.full((1, 1), p, dtype), target, weight)[1] for p in (-1, 0, 1))
    assert below < 0 < above
    assert at == pytest.approx((below + above) / 2, abs=float(np.finfo(dtype).eps))


def pytorchs_loss(torch, name, setting, raw, target):
    """Losses of all targets, (…, K, B); for Poisson without the terms that do not depend on `raw`."""
    of_error = torch.nn.functional
    if name == "squared_error":
        return of_error.mse_loss(raw, target, reduction="none") / 2
    if name == "absolute_error":
        return of_error.l1_loss(raw, target, reduction="none")
    if name == "huber":
        return of_error.huber_loss(raw, target, reduction="none", delta=setting)
    if name == "poisson":
        return of_error.poisson_nll_loss(raw, target, log_input=True, full=False, reduction="none")
    middle = min(range(len(setting)), key=lambda j: (round(abs(setting[j] - 0.5), 9), j))
    by_level = torch.stack(raw.split(K, dim=-2))
    steps = of_error.softplus(by_level)
    levels = [by_level[middle] + steps[middle + 1 : j + 1].sum(0) - steps[j:middle].sum(0) for j in range(len(setting))]
    pinball = [torch.maximum(q * (target - p), (q - 1) * (target - p)) for q, p in zip(setting, levels, strict=True)]
    return torch.stack(pinball).mean(0)


@every_case
@with_and_without_steps
@of_samples_and_single_targets
def test_gradient_is_pytorchs(name, setting, every_step, single):
    torch = pytest.importorskip("torch")
    loss, raw, target, weight = example(name, setting, every_step, single=single)
    value, gradient = loss(raw, target, weight)
    weight = weight if single else np.broadcast_to(weight[..., np.newaxis, :], target.shape)
    leaf, share = torch.tensor(raw, requires_grad=True), torch.tensor(weight / weight.sum())
    expected = (pytorchs_loss(torch, name, setting, leaf, torch.tensor(target)) * share).sum()
    expected.backward()
    np.testing.assert_allclose(gradient, leaf.grad.numpy(), rtol=1e-12, atol=1e-15)
    if name != "poisson":
        assert value == pytest.approx(expected.item(), rel=1e-13)


@every_case
@with_and_without_steps
def test_integer_weights_repeat_samples(name, setting, every_step):
    loss, raw, target, _ = example(name, setting, every_step)
    counts = np.array([2, 0, 1, 3, 1])
    value, gradient = loss(raw, target, np.broadcast_to(counts, (*raw.shape[:-2], B)))
    repeated = [np.repeat(part, counts, axis=-1) for part in (raw, target)]
    all_once, of_each = loss(*repeated, np.ones((*raw.shape[:-2], counts.sum())))
    assert value == pytest.approx(all_once, rel=1e-13)
    summed = np.stack([part.sum(axis=-1) for part in np.split(of_each, counts.cumsum()[:-1], axis=-1)], axis=-1)
    np.testing.assert_allclose(gradient, summed, rtol=1e-12, atol=1e-15)


@every_case
@with_and_without_steps
def test_only_proportions_of_weights_matter(name, setting, every_step):
    loss, raw, target, weight = example(name, setting, every_step, np.float32)
    value, gradient = loss(raw, target, weight)
    for factor in (1e-200, 1e200):  # outside the range of float32; weights are float64
        scaled, scaled_gradient = loss(raw, target, weight * factor)
        assert scaled == pytest.approx(value, rel=1e-6)
        np.testing.assert_allclose(scaled_gradient, gradient, rtol=1e-5)


def minimised(loss, target, weight):
    """The best constant predictions (Q,), found by an optimiser without gradients."""

    def value(raw):
        return loss(np.repeat(raw[:, np.newaxis], target.shape[-1], axis=1), target, weight)[0]

    raw = np.zeros(loss.n_levels)
    for _ in range(10):  # a simplex may collapse at kinks: start again from there
        simplex = raw + np.eye(len(raw) + 1, len(raw), -1)
        options = {"initial_simplex": simplex, "xatol": 1e-9, "fatol": 1e-14, "maxfev": 10_000}
        raw = optimize.minimize(value, raw, method="Nelder-Mead", options=options).x
    return loss.every_level(raw[:, np.newaxis])[:, 0, 0]


def best_constants(name, setting, values):
    """The best constant predictions of `values` (n,) in theory, one for each level."""
    if name == "huber":
        spread = values.min(), values.max()
        best = optimize.minimize_scalar(lambda c: special.huber(setting, values - c).mean(), spread, tol=1e-12)
        return [best.x]
    if name in ("absolute_error", "quantile"):
        return np.quantile(values, setting or (0.5,), method="inverted_cdf")
    return [values.mean()]


@every_case
def test_minimised_where_theory_says(name, setting):
    target, weight = columns(total=37)  # a total that makes all quantiles unique
    expected = best_constants(name, setting, np.repeat(target[0], weight))
    found = minimised(make(name, setting), target[:1], weight)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


# 40 · q is often an integer, where the CDF has a step
@tools.pairwise("case, total, dtype", CASES, [37, 40, 1], [np.float64, np.float32])
def test_constant_treats_integer_weights_as_repetition(case, total, dtype):
    name, setting = case
    target, weight = columns(total=total)
    target = target.astype(dtype)
    case = ("squared_error", None) if name == "huber" else (name, setting)  # its constant is the mean
    expected = np.transpose([best_constants(*case, np.repeat(row, weight).astype(float)) for row in target])
    for weights in (weight.astype(float), weight / 8, np.broadcast_to(weight, target.shape)):
        constant = make(name, setting).constant(target, weights)
        assert constant.dtype == np.float64
        np.testing.assert_allclose(constant, expected, rtol=1e-13)


@every_case
def test_constant_is_a_mean_where_it_says_so(name, setting):
    target, weight = columns()
    loss = make(name, setting)
    mean = target @ weight / weight.sum()
    assert loss.constant_is_mean == np.allclose(loss.constant(target, weight), mean)


@every_case
def test_constant_takes_weights_of_each_output(name, setting):
    target, _ = columns()
    weight = np.random.default_rng(2).uniform(size=target.shape)
    loss = make(name, setting)
    expected = [loss.constant(y[np.newaxis], w)[:, 0] for y, w in zip(target, weight, strict=True)]
    np.testing.assert_array_equal(loss.constant(target, weight), np.transpose(expected))


@every_case
def test_constant_ignores_targets_of_weight_zero(name, setting):
    target, weight = columns()
    loss = make(name, setting)
    expected = loss.constant(target[:, weight > 0], weight[weight > 0])
    for anything in (np.finfo(float).max, -np.finfo(float).max, 1.0):
        target[:, weight == 0] = anything
        np.testing.assert_allclose(loss.constant(target, weight), expected, rtol=1e-14)


@every_case
@with_and_without_steps
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@of_samples_and_single_targets
def test_targets_of_weight_zero_do_not_matter(name, setting, every_step, dtype, single):
    loss, raw, target, weight = example(name, setting, every_step, dtype, single)
    value, gradient = loss(raw, target, weight)
    unweighted = np.broadcast_to((weight if single else weight[..., np.newaxis, :]) == 0, target.shape)
    for anything in (np.finfo(dtype).max, -np.finfo(dtype).max, 0):
        target[unweighted] = anything
        same, same_gradient = loss(raw, target, weight)
        assert same == value
        np.testing.assert_array_equal(same_gradient, gradient)


@every_case
@with_and_without_steps
@pytest.mark.parametrize("weight_dtype", [np.float64, np.float32])
def test_float32_stays_float32(name, setting, every_step, weight_dtype):
    loss, raw, target, weight = example(name, setting, every_step, np.float32)
    value, gradient = loss(raw, target, weight.astype(weight_dtype))
    assert type(value) is float
    assert gradient.dtype == loss.point(raw).dtype == loss.every_level(raw).dtype == np.float32
    expected, expected_gradient = loss(raw.astype(float), target.astype(float), weight)
    assert value == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-4, atol=1e-7)


def test_poisson_keeps_the_deviance_of_large_counts_in_float32():
    """Terms of size 10⁶ cancel to a deviance of about 1."""
    rng = np.random.default_rng(0)
    raw = np.full((1, 200), log(1e5), np.float32)
    target = rng.poisson(1e5, (1, 200)).astype(np.float32)
    expected = mean_poisson_deviance(target[0].astype(float), np.exp(raw[0].astype(float))) / 2
    assert make("poisson", None)(raw, target, np.ones(200))[0] == pytest.approx(expected, rel=1e-6)


@every_case
@with_and_without_steps
def test_equal_weights_of_all_targets_of_a_sample_are_its_weight(name, setting, every_step):
    loss, raw, target, weight = example(name, setting, every_step)
    value, gradient = loss(raw, target, weight)
    same, same_gradient = loss(raw, target, np.repeat(weight[..., np.newaxis, :], K, axis=-2))
    assert same == pytest.approx(value, rel=1e-14)
    np.testing.assert_allclose(same_gradient, gradient, rtol=1e-13)


@every_case
@with_and_without_steps
def test_outputs_do_not_mix(name, setting, every_step):
    """Level j of output k lies at j · K + k."""
    loss, raw, target, weight = example(name, setting, every_step)
    levels, point = loss.every_level(raw), loss.point(raw)
    value, gradient = loss(raw, target, weight)
    values = []
    for k in range(K):
        own, own_target = raw[..., k::K, :], target[..., k : k + 1, :]
        np.testing.assert_array_equal(levels[..., k, :], loss.every_level(own)[..., 0, :])
        np.testing.assert_array_equal(point[..., k, :], loss.point(own)[..., 0, :])
        own_value, own_gradient = loss(own, own_target, weight)
        np.testing.assert_allclose(gradient[..., k::K, :], own_gradient / K, rtol=1e-13)
        values.append(own_value)
    assert value == pytest.approx(np.mean(values), rel=1e-13)


@pytest.mark.parametrize(
    ("levels", "nearest"),
    [((0.1, 0.5, 0.9), 1), ((0.3, 0.7), 0), ((0.1, 0.4, 0.6), 1), ((0.2, 0.4), 1), ((0.6, 0.8), 0), ((0.9,), 0)],
)
def test_point_is_the_level_nearest_the_median(levels, nearest):
    loss, raw, _, _ = example("quantile", levels, every_step=True)
    np.testing.assert_array_equal(loss.point(raw), loss.every_level(raw)[..., nearest, :, :])
    np.testing.assert_array_equal(loss.point(raw), raw[..., nearest * K : (nearest + 1) * K, :])
    assert loss.middle == nearest


@pytest.mark.parametrize("raw", [-80, -20, -1, 0, 1, 20, 80])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_gaps_are_the_softplus_of_raw_values_in_full_precision(raw, dtype):
    levels = make("quantile", (0.2, 0.5, 0.8)).every_level(np.array([[raw], [0], [raw]], dtype)).ravel()
    gap = log1p(exp(raw))
    np.testing.assert_allclose(levels, [-gap, 0, gap], rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("levels", [setting for name, setting in CASES if name == "quantile" and len(setting) > 1])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scale", [1, 1e3, 1e30])
def test_levels_never_cross(levels, dtype, scale):
    loss = make("quantile", levels)
    rng = np.random.default_rng(0)
    raw = (scale * rng.standard_normal((T, loss.n_levels * K, 300))).astype(dtype)
    missing_rule = np.diff(loss.every_level(raw), axis=-3)
    assert (missing_rule >= 0).all()
    assert (missing_rule > 0).mean() > 0.4
    value, gradient = loss(raw, np.zeros((T, K, 300), dtype), np.ones((T, 300)))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


@every_case
def test_initial_bias_is_that_of_a_standard_normal(name, setting):
    loss = make(name, setting)
    bias = loss.initial_bias(K)
    assert bias.dtype == np.float64
    if loss.n_levels == 1:
        np.testing.assert_array_equal(bias, np.zeros(K))
    else:
        expected = [[NormalDist().inv_cdf(q)] * K for q in setting]
        np.testing.assert_allclose(loss.every_level(bias[:, np.newaxis])[..., 0], expected, rtol=1e-12, atol=1e-15)


@every_case
def test_a_loss_needs_nonnegative_targets_where_its_predictions_are_positive(name, setting):
    """Its targets are not centred, as centred ones can be negative."""
    loss = make(name, setting)
    can_be_negative = (loss.every_level(np.full((loss.n_levels, 1), -5.0)) < 0).all()
    assert loss.needs_nonnegative == (not can_be_negative)


def test_poisson_in_units_of_the_spread_is_the_deviance_of_what_it_answers():
    rng = np.random.default_rng(0)
    spread = np.array([[0.1], [0.5], [1.0]])
    loss, raw, target = Poisson(spread), rng.standard_normal((K, B)), rng.gamma(2, size=(K, B))
    np.testing.assert_allclose(loss.point(raw), np.exp(raw * spread))
    expected = [
        mean_poisson_deviance(y, p) / 2 / s**2 for y, p, (s,) in zip(target, loss.point(raw), spread, strict=True)
    ]
    value, gradient = loss(raw, target, np.ones(B))
    assert value == pytest.approx(np.mean(expected), rel=1e-12)
    numeric = tools.central_differences(lambda: loss(raw, target, np.ones(B))[0], raw)
    np.testing.assert_allclose(gradient, numeric, rtol=0, atol=1e-7 * np.abs(numeric).max())
    assert loss.point(raw.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize(("mean", "spread"), [(100.0, 0.15), (0.3, 2.0)])
def test_poisson_starts_from_a_loss_of_about_a_half(mean, spread):
    """For counts of any size whose deviation is below their mean."""
    rng = np.random.default_rng(0)
    moments = Moments()
    target = rng.gamma(1 / spread**2, mean * spread**2, size=(2, 100_000))
    moments.add(target, np.ones(100_000))
    centre, scale, found = moments.mean_as_scale(np.float64)
    np.testing.assert_array_equal(centre, 0)
    np.testing.assert_allclose(scale, mean, rtol=0.05)
    np.testing.assert_allclose(found, min(spread, 1), rtol=0.05)
    if spread < 1:
        loss = Poisson().scaled(Scaling(1, target_spread=found))
        assert loss(np.zeros((2, 100_000)), target / scale, np.ones(100_000))[0] == pytest.approx(0.5, abs=0.02)


def test_poisson_is_never_negative_and_keeps_its_digits_near_the_target():
    raw = np.array([[np.log(1e12 * (1 + 1e-9))]])
    value, _ = make("poisson", None)(raw, np.array([[1e12]]), np.ones(1))
    assert value == pytest.approx(0.5e12 * 1e-18, rel=1e-3)


def test_counts_that_are_constant_but_for_rounding_have_no_spread_to_divide_by():
    moments = Moments()
    moments.add(np.full((1, 50), 1e12), np.random.default_rng(0).random(50))
    assert moments.mean_as_scale(np.float64)[2].item() == 1


def test_the_class_of_a_loss_is_found_by_its_name():
    for name, kind in LOSSES.items():
        assert loss_class(name) is kind is type(make_loss(name, delta=1.0, quantile=0.5))
    for unknown in ("l2", None, 3):
        assert loss_class(unknown) is Loss
    assert [name for name in LOSSES if loss_class(name).needs_nonnegative] == ["poisson"]
    assert [name for name in LOSSES if loss_class(name).has_levels] == ["quantile"]
