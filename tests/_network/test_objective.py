"""The loss and its gradients through scaling, missing steps, weights and penalty."""

from itertools import product

import numpy as np
import pytest

from sklstm._network import objective as _objective
from sklstm._network import stack
from sklstm._network.layout import Layout
from sklstm._network.losses import LOSSES
from sklstm._network.missing_values import MissingRule
from sklstm._network.network import Network
from sklstm._network.scaling import INSTANCE_NORMS
from sklstm._utils import windows
from tests import reference
from tests._network.tools import F, H, K, N, T, example, objective, start, without_some_targets
from tests.tools import central_differences, named, pairwise

pytestmark = pytest.mark.usefixtures("form")


def check_gradient(loss_and_gradient, step=1e-3):
    theta, batch = start(loss_and_gradient.network), np.array([0, 1, 4, 6])

    def loss():
        loss_and_gradient.rng = np.random.default_rng(3)  # the same states are dropped every time
        return loss_and_gradient(theta, batch)[0]

    numeric = central_differences(loss, theta, step)
    loss_and_gradient.rng = np.random.default_rng(3)
    _, gradient, _ = loss_and_gradient(theta, batch)
    np.testing.assert_allclose(gradient, numeric, rtol=0, atol=1e-7 * np.abs(numeric).max())


@pairwise(
    "instance_norm, every_step, missing, alpha", [None, *INSTANCE_NORMS], [False, True], [False, True], [0.0, 0.3]
)
def test_gradient_equals_central_differences(instance_norm, every_step, missing, alpha):
    check_gradient(objective(*example(every_step, missing), every_step, alpha, instance_norm))


SIZES = {
    "two layers": {"n_layers": 2},
    "two directions": {"n_directions": 2},
    "all, and dropout": {"n_layers": 2, "n_directions": 2, "dropout": 0.3},
}


@pairwise(
    "loss, targets, size",
    LOSSES,
    ["last", "given", "next"],
    SIZES,
    where=lambda loss, targets, size: targets != "next" or size == "two layers",
)
def test_gradient_of_every_loss_through_layers_and_directions(loss, targets, size):
    """With missing steps, weights, a penalty, and instance_norm if the loss allows it."""
    norm = None if loss == "poisson" else "last-standard"
    X, y, weight = example(targets == "given")
    # a short step, so that it does not cross a kink
    check_gradient(objective(X, y, weight, targets != "last", 0.3, norm, loss=loss, **SIZES[size]), step=1e-5)


@pairwise(
    "loss, every_step, by_channel, size", LOSSES, [False, True], [False, True], ["two layers", "all, and dropout"],
    where=lambda loss, every_step, by_channel, size: not every_step or size == "two layers",
)  # fmt: skip
def test_gradient_without_some_targets_equals_central_differences(loss, every_step, by_channel, size):
    """Every step predicts the next one; the last one predicts what is known of its targets."""
    X, y, weight = example()
    norm = None if loss == "poisson" else "last-standard"
    missing_rule = MissingRule(by_channel, n_needed=2 if by_channel and norm else 0)
    sizes = {"missing_rule": missing_rule, "loss": loss, **SIZES[size]}
    check_gradient(objective(X, without_some_targets(y), weight, every_step, 0.3, norm, **sizes), step=1e-5)


def some_example(targets):
    """An example whose targets are of the last step, given at every step, or the next steps; some are missing."""
    X, y, weight = example(targets == "given")
    return X, without_some_targets(y) if targets.endswith("some missing") else y, weight


SOME_TARGETS = ["last", "given", "next", "last, some missing", "next, some missing"]


@pairwise("loss, targets, alpha", LOSSES, SOME_TARGETS, [0.0, 0.3])
def test_all_rows_in_pieces_are_one_batch(loss, targets, alpha, monkeypatch):
    whole = objective(*some_example(targets), not targets.startswith("last"), alpha, loss=loss)
    theta = start(whole.network)
    expected, gradient, _ = whole(theta, np.arange(N))
    monkeypatch.setattr(_objective, "CHUNK_ROWS", 3)
    loss, again = whole.whole(theta)
    assert loss == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(again, gradient, rtol=1e-11, atol=1e-14)


@pairwise("targets, instance_norm, size, by_channel", SOME_TARGETS, [None, *INSTANCE_NORMS], SIZES, [False, True])
def test_samples_that_are_scaled_batch_by_batch_give_the_same(targets, instance_norm, size, by_channel, monkeypatch):
    """With missing steps at the beginning, inside, and at the end. Samples that are kept are scaled in two chunks."""
    missing_rule = MissingRule(by_channel, n_needed=2 if by_channel and instance_norm else 0)
    settings = {"instance_norm": instance_norm, "missing_rule": missing_rule, **SIZES[size]}
    results = []
    for kept in (1000, 0):
        monkeypatch.setattr(_objective, "KEPT_ELEMENTS", kept)
        loss_and_gradient = objective(*some_example(targets), not targets.startswith("last"), **settings)
        theta = start(loss_and_gradient.network)
        with monkeypatch.context() as patch:
            patch.setattr(windows, "CHUNK_ELEMENTS", 100)
            results.append([loss_and_gradient(theta, np.array(batch)) for batch in ([0, 1, 4, 6], [0], [5, 3])])
    for (loss, gradient, weight_sum), expected in zip(*results, strict=True):
        assert (loss, weight_sum) == pytest.approx((expected[0], expected[2]), rel=1e-12)
        np.testing.assert_allclose(gradient, expected[1], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(("kept", "n_scaled"), [(None, N), (N * T * (F + K), N), (N * T * (F + K) - 1, 4 + 1)])
def test_samples_are_scaled_once_unless_they_are_many(kept, n_scaled, monkeypatch):
    """All of them, or those of each batch again. By default, a few samples are kept."""
    seen, scaled = [], Network.scaled
    monkeypatch.setattr(Network, "scaled", lambda self, X, *args: seen.append(len(X)) or scaled(self, X, *args))
    if kept is not None:
        monkeypatch.setattr(_objective, "KEPT_ELEMENTS", kept)
    loss_and_gradient = objective(*example())
    theta = start(loss_and_gradient.network)
    for batch in ([0, 1, 4, 6], [3]):
        loss_and_gradient(theta, np.array(batch))
    assert sum(seen) == n_scaled


@pytest.mark.parametrize("targets", ["last", "given", "next"])
@pytest.mark.parametrize("instance_norm", [None, *INSTANCE_NORMS])
def test_gradient_with_indicators_equals_central_differences(instance_norm, targets):
    X, y, weight = example(targets == "given")
    missing_rule = MissingRule(by_channel=True, n_needed=2 if instance_norm else 0)
    check_gradient(
        objective(X, y, weight, targets != "last", 0.3, instance_norm, n_layers=2, missing_rule=missing_rule)
    )


@pytest.mark.parametrize("every_step", [False, True])
def test_loss_equals_the_reference(every_step):
    """Half the weighted mean squared error per present target, computed from the outputs of the reference."""
    X, y, weight = example(every_step)
    loss_and_gradient = objective(X, y, weight, every_step, alpha=0.5, standardize=False)
    theta = loss_and_gradient.network.initial_theta(np.random.default_rng(1), np.float64)
    views = named(loss_and_gradient.network.layout, theta)
    p = {name: view.tolist() for name, view in views.items()}
    total = count = 0.0
    for row, target, w in zip(X, y, weight, strict=True):
        steps = [None if np.isnan(step).any() else step.tolist() for step in row]
        outputs, _ = reference.forward(p, steps, [0.0] * H, [0.0] * H)
        answered = zip(steps, outputs, target, strict=True) if every_step else [(row, outputs[-1], target)]
        for step, output, goal in answered:
            if step is not None:
                total += w * ((np.array(output) - goal) ** 2).sum()
                count += w * K
    norm = sum((views[name] ** 2).sum() for name in ("weight_ih", "weight_hh", "readout_weight"))
    expected = total / count / 2 + 0.5 / 2 * norm / weight.sum()
    loss, _, weight_sum = loss_and_gradient(theta, np.arange(N))
    assert loss == pytest.approx(expected, rel=1e-12)
    assert weight_sum == pytest.approx(weight.sum())


@pytest.mark.parametrize("every_step", [False, True])
def test_loss_without_some_targets_equals_the_reference(every_step):
    """Σ w · loss / Σ w over the targets that are present, of the last step and, with `every_step`, of next steps."""
    X, y, weight = example()
    y = without_some_targets(y)
    loss_and_gradient = objective(X, y, weight, every_step, standardize=False, loss="absolute_error")
    theta = start(loss_and_gradient.network)
    p = {name: view.tolist() for name, view in named(loss_and_gradient.network.layout, theta).items()}
    total = count = 0.0
    for row, target, w in zip(X, y, weight, strict=True):
        steps = [None if np.isnan(step).any() else step.tolist() for step in row]
        outputs, _ = reference.forward(p, steps, [0.0] * H, [0.0] * H)
        pairs = [(outputs[-1], target)]
        if every_step:
            pairs += [(o, s[:K]) for o, s, t in zip(outputs, steps[1:], steps, strict=False) if s and t]
        for output, goal in pairs:
            for p_k, y_k in zip(output, goal, strict=True):
                if not np.isnan(y_k):
                    total += w * abs(p_k - y_k)
                    count += w
    assert loss_and_gradient(theta, np.arange(N))[0] == pytest.approx(total / count, rel=1e-12)
    loss, answers = loss_and_gradient.network.evaluate(theta, loss_and_gradient.samples, every_step=False)
    assert loss == pytest.approx(total / count, rel=1e-12)
    assert np.isfinite(answers).all()


@pytest.mark.parametrize("every_step", [False, True])
def test_a_batch_that_lacks_no_target_is_as_if_none_were_missing(every_step):
    X, y, weight = example()
    few, every = (
        objective(X, targets, weight, every_step, standardize=False) for targets in (without_some_targets(y), y)
    )
    theta, batch = start(every.network), np.array([0, 2, 3, 5])
    loss, gradient, weight_sum = few(theta, batch)
    expected, expected_gradient, expected_sum = every(theta, batch)
    assert (loss, weight_sum) == pytest.approx((expected, expected_sum), rel=1e-13)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-11, atol=1e-14)


def test_an_objective_is_as_long_as_its_samples():
    assert len(objective(*example())) == N


@pytest.mark.parametrize("unit", [2.0**-900, 2.0**900])
def test_the_size_of_weights_changes_no_bit(unit):
    """Also in float32, whose gradients could not be multiplied by them."""
    X, y, weight = example()
    for dtype in (np.float32, np.float64):
        of_size, plain = (objective(X.astype(dtype), y.astype(dtype), w) for w in (weight * unit, weight))
        theta = start(plain.network, dtype)
        loss, gradient = of_size.whole(theta)
        expected, expected_gradient = plain.whole(theta)
        assert loss == expected
        np.testing.assert_array_equal(gradient, expected_gradient)


def test_a_penalty_that_tiny_weights_make_huge_is_limited():
    X, y, weight = example()
    few = objective(X, y, weight * 1e-305, alpha=0.5)
    loss, gradient = few.whole(start(few.network))
    assert 1e9 < loss < 1e15
    assert np.isfinite(gradient).all()


# ---- batches in pieces


@pytest.fixture
def in_pieces(monkeypatch):
    """Let every batch be computed in three pieces."""
    pieces = [slice(0, 1), slice(1, 3), slice(3, None)]
    monkeypatch.setattr(stack, "training_pieces", lambda layout, n_samples: pieces if n_samples > 3 else [slice(None)])


@pairwise("loss, targets, n_layers", LOSSES, ["last", "given", "next"], [1, 2])
def test_a_batch_in_pieces_has_the_loss_and_gradient_of_the_whole(loss, targets, n_layers, request):
    X, y, weight = example(targets == "given")
    term = objective(X, y, weight, targets != "last", 0.3, loss=loss, n_layers=n_layers)
    theta, batch = start(term.network), np.array([0, 1, 4, 6, 2])
    expected, all_expected = term(theta, batch), term.whole(theta)
    request.getfixturevalue("in_pieces")
    found, all_found = term(theta, batch), term.whole(theta)
    assert not np.array_equal(found[1], expected[1])  # else this test shows nothing
    assert found[0] == pytest.approx(expected[0], rel=1e-13)
    assert found[2] == pytest.approx(expected[2], rel=1e-15)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-10, atol=1e-13)
    assert all_found[0] == pytest.approx(all_expected[0], rel=1e-13)
    np.testing.assert_allclose(all_found[1], all_expected[1], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("size", [{}, {"n_layers": 2, "dropout": 0.3}], ids=str)
def test_gradient_of_a_batch_in_pieces(size, in_pieces):
    check_gradient(objective(*example(True), True, 0.3, **size))


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_a_batch_in_pieces_is_the_same_with_any_number_of_threads(dropout, in_pieces):
    results = []
    for n_threads in (1, 2, 3):
        term = objective(*example(), n_layers=2, dropout=dropout)
        term.n_threads, theta = n_threads, start(term.network)
        results.append([term(theta, np.array([0, 1, 4, 6, 2])) for _ in range(3)])
    for result in results[1:]:
        for (loss, gradient, weight), expected in zip(result, results[0], strict=True):
            assert (loss, weight) == (expected[0], expected[2])
            np.testing.assert_array_equal(gradient, expected[1])


def test_pieces_follow_from_the_work_alone_and_keep_all_samples():
    for size, n_samples in product([8, 64, 128, 256, 512], [1, 16, 31, 32, 33, 64, 100, 256]):
        layout = Layout(8, size, 1)
        pieces = stack.training_pieces(layout, n_samples)
        assert np.concatenate([np.arange(n_samples)[piece] for piece in pieces]).tolist() == list(range(n_samples))
        assert all(len(range(n_samples)[piece]) >= min(n_samples, 8) for piece in pieces)
        assert (len(pieces) == 2) == (n_samples >= 32 and 3 * n_samples * 4 * size * (size + 9) >= stack.WORTH_PIECES)
        assert len(stack.training_pieces(Layout(8, size, 1, n_directions=2), n_samples)) == 1
        assert stack.training_threads(layout, n_samples) == len(pieces)


CASES = [(64, 200, 200), (128, 57, 57), (128, 64, 32), (128, 100, 56), (256, 31, 31), (256, 32, 16)]


@pytest.mark.parametrize(("size", "n_samples", "middle"), CASES)
def test_only_batches_of_much_work_are_computed_in_pieces(size, n_samples, middle):
    """The first piece is whole vectors of 8 samples."""
    pieces = stack.training_pieces(Layout(8, size, 1), n_samples)
    assert pieces == [slice(middle), slice(middle, n_samples)][: 1 + (middle < n_samples)]
