"""A sample with missing steps is the same as the sample without them: for predictions, losses and gradients."""

import numpy as np
import pytest

from sklstm._network.fit_scaling import ScalingSettings
from sklstm._network.layout import Layout
from sklstm._network.losses import make_loss
from sklstm._network.missing_values import MissingRule
from sklstm._network.network import fit_network
from sklstm._network.objective import Objective
from sklstm._network.samples import Samples
from tests import reference
from tests.test_pytorch import check, to_pytorch
from tests.tools import central_differences, named, pairwise

N, T, F, H, K = 6, 7, 3, 4, 2
STEP = np.arange(T)
# (N, T): the steps that each sample lacks
PATTERNS = {
    "none": np.zeros((N, T), bool),
    "leading": np.array([0, 3, 6, 1, 0, 5])[:, np.newaxis] > STEP,
    "first steps of all": np.array([2, 3, 6, 4, 2, 5])[:, np.newaxis] > STEP,
    "equally many of all": np.full((N, 1), 4) > STEP,
    "trailing": np.array([0, 3, 6, 1, 0, 5])[:, np.newaxis] > STEP[::-1],
    "inside": (STEP > 0) & (np.array([1, 3, 6, 2, 5, 5])[:, np.newaxis] > STEP),
    "random": np.random.default_rng(5).random((N, T)) < 0.4,
    "one present step": np.array([0, 3, 6, 1, 0, 5])[:, np.newaxis] != STEP,
}
every_case = pairwise(
    "pattern, n_layers, n_directions, targets",
    PATTERNS,
    [1, 2],
    [1, 2],
    ["last", "given", "next"],
    where=lambda pattern, n_layers, n_directions, targets: n_directions == 1 or targets != "next",
)


def model(pattern, n_layers=1, n_directions=1, targets="last", dtype=np.float64, missing_rule=None, alpha=0.0):
    """An objective without scaling, whose samples lack the steps of a pattern, and parameters."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((N, T, F)), rng.standard_normal((N, T, K) if targets == "given" else (N, K))
    X[..., 0][PATTERNS[pattern]] = np.nan  # in one channel only: the others have values at missing steps
    if missing_rule is not None:
        X[PATTERNS[pattern]] = np.nan
    layout = Layout(F * (2 if missing_rule else 1), H, K, n_layers, n_directions)
    loss = make_loss("squared_error", delta=1.0, quantile=0.5)
    samples = Samples(X.astype(dtype), y.astype(dtype), np.ones(N), np.arange(N))
    settings = ScalingSettings(K, standardize=False, missing_rule=missing_rule or MissingRule())
    network = fit_network(layout, loss, samples, np.dtype(dtype), settings, every_step=targets != "last")
    theta = network.initial_theta(rng, np.float64) + rng.normal(0, 0.3, layout.size)
    return Objective(network, samples, alpha, np.dtype(dtype)), theta.astype(dtype)


def reference_states(layout, theta, steps):
    """The states of the top layer at every step, (n, DH), of one sample without missing steps."""
    for level in range(layout.n_layers):
        directions = []
        for k in range(layout.n_directions):
            views = named(layout, theta, level * layout.n_directions + k)
            p = {name: view.tolist() for name, view in views.items()}
            p |= {"readout_weight": np.eye(H).tolist(), "readout_bias": [0.0] * H}
            read = slice(None, None, -1 if k else 1)
            directions.append(reference.forward(p, steps[read].tolist(), [0.0] * H, [0.0] * H)[0][read])
        steps = np.concatenate(directions, axis=1)
    return steps


@every_case
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_predictions_are_those_of_the_present_steps_alone(pattern, n_layers, n_directions, targets, dtype):
    objective, theta = model(pattern, n_layers, n_directions, targets, dtype)
    layout, tolerance = objective.network.layout, 1e-12 if dtype == np.float64 else 2e-5
    views, X = layout.views(theta.astype(np.float64)), objective.samples.X
    every = objective.network.predict(theta, X, every_step=True)
    last = objective.network.predict(theta, X, every_step=False)
    for sample, missing in enumerate(PATTERNS[pattern]):
        states = reference_states(layout, theta.astype(np.float64), X[sample, ~missing].astype(np.float64))
        outputs = states @ views["readout_weight"].T + views["readout_bias"]
        np.testing.assert_allclose(every[sample, ~missing], outputs, rtol=tolerance, atol=tolerance)
        assert np.isnan(every[sample, missing]).all()
        if targets == "last":
            ends = np.concatenate((states[-1, :H], states[0, H:]))
            outputs = [ends @ views["readout_weight"].T + views["readout_bias"]]
        np.testing.assert_allclose(last[sample], outputs[-1], rtol=tolerance, atol=tolerance)


def pytorch_loss(lstm, linear, samples, targets):
    """The loss of all targets that count, sample by sample, without the missing steps."""
    torch = pytest.importorskip("torch")
    total, count = 0.0, 0
    for x, y in zip(torch.tensor(samples.X), torch.tensor(samples.y), strict=True):
        present = torch.nonzero(~torch.isnan(x).any(dim=1)).ravel()
        states = lstm(x[present][None])[0][0]
        if targets == "last":
            outputs, goals = linear(torch.cat((states[-1, :H], states[0, H:])))[None], y[None]
        elif targets == "given":
            outputs, goals = linear(states), y[present]
        else:
            outputs, adjacent = linear(states), present[1:] == present[:-1] + 1
            goals = torch.cat((x[present[1:], :K], y[None]))
            counts = torch.cat((adjacent, torch.tensor([True])))
            outputs, goals = outputs[counts], goals[counts]
        total, count = total + ((outputs - goals) ** 2).sum() / 2, count + goals.numel()
    return total / count


@every_case
def test_loss_and_gradient_are_pytorchs_of_the_present_steps_alone(pattern, n_layers, n_directions, targets):
    objective, theta = model(pattern, n_layers, n_directions, targets)
    layout = objective.network.layout
    lstm, linear = to_pytorch(layout, theta)
    expected = pytorch_loss(lstm, linear, objective.samples, targets)
    expected.backward()
    for loss, gradient in (objective(theta, np.arange(N))[:2], objective.whole(theta)):
        assert loss == pytest.approx(expected.item(), rel=1e-10)
        check(layout, gradient, lstm, linear)
    assert objective.network.evaluate(theta, objective.samples, targets == "given")[0] == pytest.approx(loss)


@every_case
def test_gradient_equals_central_differences(pattern, n_layers, n_directions, targets):
    objective, theta = model(pattern, n_layers, n_directions, targets, alpha=0.1)
    numeric = central_differences(lambda: objective(theta, np.arange(N))[0], theta)
    gradient = objective(theta, np.arange(N))[1]
    np.testing.assert_allclose(gradient, numeric, rtol=0, atol=1e-7 * np.abs(numeric).max())


@every_case
def test_single_precision_agrees(pattern, n_layers, n_directions, targets):
    (double, theta), (single, theta_32) = (
        model(pattern, n_layers, n_directions, targets, t) for t in (np.float64, np.float32)
    )
    _, expected, _ = double(theta, np.arange(N))
    _, gradient, _ = single(theta_32, np.arange(N))
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_stands_at_missing_steps_changes_no_bit(pattern, dtype):
    objective, theta = model(pattern, 2, 2, "given", dtype)
    before = *objective(theta, np.arange(N))[:2], objective.network.predict(theta, objective.samples.X, True)
    objective.samples.X[..., 1:][PATTERNS[pattern]] = 1e30
    objective.samples.y[PATTERNS[pattern]] = 7
    after = *objective(theta, np.arange(N))[:2], objective.network.predict(theta, objective.samples.X, True)
    for left, right in zip(before, after, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("targets", ["last", "given", "next"])
def test_with_indicators_complete_steps_are_skipped_alike(pattern, targets):
    """Where all channels of a step are missing, indicators, which are 0 elsewhere, have no weight in the result."""
    plain, theta = model(pattern, targets=targets)
    ours, wider = model(pattern, targets=targets, missing_rule=MissingRule(by_channel=True))
    for name, view in ours.network.layout.views(wider).items():
        values = plain.network.layout.views(theta)[name]
        both = zip(view, values, strict=True) if isinstance(view, list) else [(view, values)]
        for to, of_plain in both:
            to[...] = 0
            to[..., : of_plain.shape[-1]] = of_plain
    expected = plain.network.predict(theta, plain.samples.X, True)
    np.testing.assert_allclose(ours.network.predict(wider, ours.samples.X, True), expected, rtol=1e-12, atol=1e-14)
    assert ours(wider, np.arange(N))[0] == pytest.approx(plain(theta, np.arange(N))[0], rel=1e-12)


@pytest.mark.parametrize("n_directions", [1, 2])
@pytest.mark.parametrize("targets", ["last", "given"])
@pytest.mark.parametrize("n_missing", [1, N], ids=["one sample", "all samples"])
def test_a_sample_without_a_present_step_gets_the_constant_and_changes_no_other(n_directions, targets, n_missing):
    objective, theta = model("random", 2, n_directions, targets)
    network, X = objective.network, objective.samples.X.copy()
    expected = network.predict(theta, X, every_step=False)
    X[:n_missing] = np.nan
    last, every = (network.predict(theta, X, every_step) for every_step in (False, True))
    np.testing.assert_allclose(last[n_missing:], expected[n_missing:], rtol=1e-13)
    np.testing.assert_array_equal(last[:n_missing], np.tile(network.empty_prediction[0], (n_missing, 1)))
    assert np.isnan(every[:n_missing]).all()


def test_batches_with_and_without_missing_steps_use_the_same_buffers_in_turn():
    """Nothing is left in them: each batch has the same bits as in buffers of its own."""
    every = {pattern: model(pattern, 2, 2, "given") for pattern in PATTERNS}
    shared, theta = every["none"]
    ws = shared.network.training_workspace(T, N, np.dtype(np.float64))
    for pattern in (*PATTERNS, *reversed(PATTERNS)):
        samples = every[pattern][0].samples
        arguments = theta, shared.network.scaled(samples.X, samples.y), np.full(N, 1 / N)
        fresh = shared.network.training_workspace(T, N, np.dtype(np.float64))
        expected = shared.network.loss_and_gradient(*arguments, fresh)
        loss, gradient, _ = shared.network.loss_and_gradient(*arguments, ws)
        assert loss == expected[0]
        np.testing.assert_array_equal(gradient, expected[1])


def test_the_row_of_skipped_steps_is_no_parameter():
    """Neither the size of theta nor the penalty knows of it."""
    (without, theta), (penalised, _) = (model("leading", alpha=alpha) for alpha in (0.0, 0.3))
    assert theta.shape == (4 * H * (F + 1 + H) + K * (1 + H),)
    weights = [view for name, view in named(without.network.layout, theta).items() if "bias" not in name]
    norm = sum((weight**2).sum() for weight in weights)
    expected = without(theta, np.arange(N))[0] + 0.3 / 2 * norm / N
    assert penalised(theta, np.arange(N))[0] == pytest.approx(expected, rel=1e-12)
