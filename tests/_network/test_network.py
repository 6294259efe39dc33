"""The whole model: gradients of the loss through scaling, missing steps, weights and penalty."""

import numpy as np
import pytest

from sklstm._network import network as _network
from sklstm._network.layout import Layout
from sklstm._network.losses import LOSSES, make_loss
from sklstm._network.network import fit_network
from sklstm._network.objective import Objective, training_targets
from sklstm._network.scaling import INSTANCE_NORMS, Gaps
from tests import reference
from tests.tools import central_differences, named

N, T, F, H, K = 7, 5, 2, 3, 2
LEVELS = (0.1, 0.5, 0.8)


def example(every_step=False, missing=True, dtype=np.float64):
    rng = np.random.default_rng(0)
    X = rng.normal(10, 3, (N, T, F)).astype(dtype)
    y = rng.normal(10, 3, (N, T, K) if every_step else (N, K)).astype(dtype)
    if missing:
        X[0, :3], X[1, 2, 1], X[2, 4, 0] = np.nan, np.nan, np.nan
        if every_step:
            y[0, :3] = y[1, 2] = np.nan
    return X, y, rng.uniform(0.5, 2, N).astype(dtype)


def objective(
    X, y, weight, every_step=False, alpha=0.0, instance_norm=None, standardize=True, loss="squared_error", **sizes
):
    """With `every_step` and targets for the last one, those of the others are the row's own."""
    rows, dropout, gaps = np.arange(N), sizes.pop("dropout", 0.0), sizes.pop("gaps", Gaps())
    loss = make_loss(loss, delta=0.3, quantile=LEVELS)
    settings = {"n_targets": 2, "instance_norm": instance_norm, "standardize": standardize, "dropout": dropout}
    layout = Layout(X.shape[2] * gaps.n_inputs_per_channel, H, K * loss.n_levels, **sizes)
    network = fit_network(layout, every_step, loss, X, y, weight, rows, X.dtype, gaps=gaps, **settings)
    return Objective(network, X, y, weight, rows, alpha, X.dtype, np.random.default_rng(0))


def start(network, dtype=np.float64):
    theta = network.initial_theta(np.random.default_rng(1), dtype)
    return theta + np.random.default_rng(2).normal(0, 0.3, theta.shape).astype(dtype)


CASES = [
    pytest.param(kind, every_step, missing, alpha, id=f"{kind} {every_step=} {missing=} {alpha=}")
    for kind in (None, *INSTANCE_NORMS)
    for every_step in (False, True)
    for missing in (False, True)
    for alpha in (0.0, 0.3)
]


def check_gradient(loss_and_gradient, step=1e-3):
    theta, batch = start(loss_and_gradient.network), np.array([0, 1, 4, 6])

    def loss():
        loss_and_gradient.rng = np.random.default_rng(3)  # what is dropped stays dropped
        return loss_and_gradient(theta, batch)[0]

    numeric = central_differences(loss, theta, step)
    loss_and_gradient.rng = np.random.default_rng(3)
    _, gradient, _ = loss_and_gradient(theta, batch)
    np.testing.assert_allclose(gradient, numeric, rtol=0, atol=1e-7 * np.abs(numeric).max())


@pytest.mark.parametrize(("instance_norm", "every_step", "missing", "alpha"), CASES)
def test_gradient_equals_central_differences(instance_norm, every_step, missing, alpha):
    check_gradient(objective(*example(every_step, missing), every_step, alpha, instance_norm))


VARIETIES = [
    pytest.param(loss, targets, sizes, id=f"{loss} {targets} {sizes}")
    for loss in LOSSES
    for targets in ("last", "given", "next")
    for sizes in ({"n_layers": 2}, {"n_directions": 2}, {"n_layers": 2, "n_directions": 2, "dropout": 0.3})
    if not (targets == "next" and "n_directions" in sizes)
]


@pytest.mark.parametrize(("loss", "targets", "sizes"), VARIETIES)
def test_gradient_of_every_loss_through_layers_and_directions(loss, targets, sizes):
    """With missing steps, weights, a penalty, and targets relative to the window where they may be."""
    norm = None if loss == "poisson" else "last-standard"
    X, y, weight = example(targets == "given")
    # a shorter step than elsewhere, as it must not go over a kink
    check_gradient(objective(X, y, weight, targets != "last", 0.3, norm, loss=loss, **sizes), step=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("targets", ["last", "given", "next"])
@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_all_rows_in_pieces_are_one_batch(loss, targets, alpha, monkeypatch):
    whole = objective(*example(targets == "given"), targets != "last", alpha, loss=loss)
    theta = start(whole.network)
    expected, gradient, _ = whole(theta, np.arange(N))
    monkeypatch.setattr(_network, "PREDICTION_ROWS", 3)
    loss, again = whole.whole(theta)
    assert loss == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(again, gradient, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    ("targets", "n_directions"), [("last", 1), ("given", 1), ("next", 1), ("last", 2), ("given", 2)]
)
def test_evaluation_is_the_loss_without_penalty_and_the_predictions(loss, targets, n_directions, monkeypatch):
    X, y, weight = example(targets == "given")
    measured = objective(X, y, weight, targets != "last", 0.0, loss=loss, n_directions=n_directions, dropout=0.5)
    network, theta = measured.network, start(measured.network)
    plain = objective(X, y, weight, targets != "last", 0.0, loss=loss, n_directions=n_directions)
    expected = plain(theta, np.arange(1, N))[0]
    monkeypatch.setattr(_network, "PREDICTION_ROWS", 4)
    value, answers = network.evaluate(theta, X, y, weight, np.arange(1, N), targets == "given")
    assert value == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(answers, network.predict(theta, X[1:], targets == "given"), rtol=1e-12)


@pytest.mark.parametrize("targets", ["last", "given", "next"])
@pytest.mark.parametrize("instance_norm", [None, *INSTANCE_NORMS])
def test_gradient_with_indicators_equals_central_differences(instance_norm, targets):
    X, y, weight = example(targets == "given")
    gaps = Gaps(by_channel=True, n_needed=2 if instance_norm else 0)
    check_gradient(objective(X, y, weight, targets != "last", 0.3, instance_norm, n_layers=2, gaps=gaps))


@pytest.mark.parametrize("targets", ["last", "given", "next"])
@pytest.mark.parametrize("n_directions", [1, 2])
def test_indicators_are_channels_that_could_be_put_in_by_hand(targets, n_directions):
    X, y, weight = example(targets == "given")
    X[3, 1:4, 1] = X[4, ::2, 0] = np.nan
    filled = np.concatenate((np.nan_to_num(X), np.isnan(X)), axis=2)
    filled[np.isnan(X).all(axis=2)] = np.nan
    by_hand = y
    if targets == "next":  # which zeros that stand for what is missing are not
        by_hand = np.concatenate((X[:, 1:], y[:, np.newaxis]), axis=1)
    settings = {"every_step": targets != "last", "standardize": False, "n_directions": n_directions}
    ours = objective(X, y, weight, **settings, gaps=Gaps(by_channel=True))
    theirs = objective(filled, by_hand, weight, **settings)
    assert ours.network.layout == theirs.network.layout
    theta = start(ours.network)
    np.testing.assert_allclose(ours.whole(theta)[1], theirs.whole(theta)[1], rtol=1e-12, atol=1e-15)
    assert ours.whole(theta)[0] == pytest.approx(theirs.whole(theta)[0], rel=1e-14)
    for every_step in {False, targets != "last"}:
        answers = ours.network.predict(theta, X, every_step)
        np.testing.assert_allclose(answers, theirs.network.predict(theta, filled, every_step), rtol=1e-13)


def test_indicators_that_are_never_one_change_nothing():
    X, y, weight = example(missing=False)
    ours, theirs = objective(X, y, weight, gaps=Gaps(by_channel=True)), objective(X, y, weight)
    ours, theirs = (
        (part.network, part.network.initial_theta(np.random.default_rng(0), X.dtype)) for part in (ours, theirs)
    )
    expected = theirs[0].predict(theirs[1], X, every_step=False)
    np.testing.assert_allclose(ours[0].predict(ours[1], X, every_step=False), expected, rtol=1e-13)
    X[:, 2, 0] = np.nan  # and one that is so for the first time means: the mean
    assert np.isfinite(ours[0].predict(ours[1], X, every_step=False)).all()
    X[:, 2, 0] = ours[0].scaling.channel_mean[0]
    expected = theirs[0].predict(theirs[1], X, every_step=False)
    X[:, 2, 0] = np.nan
    np.testing.assert_allclose(ours[0].predict(ours[1], X, every_step=False), expected, rtol=1e-12)


def test_with_indicators_a_next_step_counts_where_its_value_is_present():
    X = np.arange(24.0).reshape(2, 4, 3)
    X[0, 2, 0] = X[0, 1, 2] = X[1, 2] = np.nan
    y, nan = np.array([[90.0], [91.0]]), np.nan
    targets = training_targets(X, y, True, Gaps(by_channel=True))
    np.testing.assert_array_equal(targets[..., 0], [[3, nan, 9, 90], [15, nan, nan, 91]])


def test_the_next_step_of_a_row_is_its_target_where_both_are_present():
    X, y, _ = example()
    targets = training_targets(X, y, every_step=True)
    for row in range(N):
        for t in range(T):
            following = y[row] if t == T - 1 else X[row, t + 1]
            present = t == T - 1 or not (np.isnan(X[row, t]).any() or np.isnan(following).any())
            np.testing.assert_array_equal(targets[row, t], following if present else np.nan)
    assert training_targets(X, y, every_step=False) is y


@pytest.mark.parametrize("every_step", [False, True])
def test_loss_equals_the_reference(every_step):
    """Half the weighted mean squared error per present target, by hand from the oracle's outputs."""
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
@pytest.mark.parametrize("instance_norm", [None, *INSTANCE_NORMS])
def test_predictions_are_what_the_loss_compares(every_step, instance_norm):
    """With the predictions as targets the loss is nothing: both ways through the units agree."""
    X, y, weight = example(every_step)
    network = objective(X, y, weight, every_step, instance_norm=instance_norm).network
    theta = network.initial_theta(np.random.default_rng(1), np.float64)
    answers = network.predict(theta, X, every_step)
    same = Objective(network, X, answers, weight, np.arange(N), 0.0, X.dtype)
    assert same(theta, np.arange(N))[0] < 1e-25


def test_answers_do_not_depend_on_the_rows_beside_them(monkeypatch):
    X, y, weight = example()
    network = objective(X, y, weight).network
    theta = network.initial_theta(np.random.default_rng(1), np.float64)
    whole = network.predict(theta, X, False)
    monkeypatch.setattr(_network, "PREDICTION_ROWS", 3)
    np.testing.assert_allclose(network.predict(theta, X, False), whole, rtol=1e-13)


def test_a_row_without_a_present_step_gets_the_weighted_mean():
    X, y, weight = example()
    network = objective(X, y, weight).network
    theta = network.initial_theta(np.random.default_rng(1), np.float64)
    answers = network.predict(theta, np.full((2, T, F), np.nan), False)
    np.testing.assert_allclose(answers, np.tile(np.average(y, axis=0, weights=weight), (2, 1)))


def test_both_precisions_start_from_the_same_weights():
    networks = [objective(*example(dtype=dtype)).network for dtype in (np.float32, np.float64)]
    single, double = (
        network.initial_theta(np.random.default_rng(3), dtype)
        for network, dtype in zip(networks, (np.float32, np.float64), strict=True)
    )
    np.testing.assert_array_equal(single, double.astype(np.float32))


def test_levels_do_not_cross_and_the_median_is_the_prediction():
    network = objective(*example(), loss="quantile").network
    theta, X = 50 * start(network), example()[0]
    levels = network.predict(theta, X, False, every_level=True)
    assert levels.shape == (N, K, 3)
    assert (np.diff(levels) >= 0).all()
    np.testing.assert_array_equal(levels[..., 1], network.predict(theta, X, False))


def test_what_both_directions_leave_last_and_the_last_of_every_step_are_not_the_same():
    """The first sees the whole row twice; the second has read the last step alone backwards."""
    every = objective(*example(True), True, n_directions=2).network
    theta, X = start(every), example(missing=False)[0]
    np.testing.assert_allclose(every.predict(theta, X, False), every.predict(theta, X, True)[:, -1], rtol=1e-13)
    last = objective(*example(), n_directions=2).network
    moved = X.copy()
    moved[:, 0] += 100
    assert np.abs(last.predict(theta, moved, False) - last.predict(theta, X, False)).min() > 0
