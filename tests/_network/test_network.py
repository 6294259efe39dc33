"""The whole model: predictions, evaluation, and missing indicators."""

import numpy as np
import pytest

from sklstm._network import network as _network
from sklstm._network.fit_scaling import ScalingSettings
from sklstm._network.layout import Layout
from sklstm._network.losses import LOSSES, make_loss
from sklstm._network.missing_values import MissingRule
from sklstm._network.network import fit_network
from sklstm._network.objective import Objective
from sklstm._network.samples import Samples
from sklstm._network.scaling import INSTANCE_NORMS
from tests._network.tools import LEVELS, F, H, K, N, T, example, objective, start
from tests.tools import changeable_dataclasses

pytestmark = pytest.mark.usefixtures("form")


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
    monkeypatch.setattr(_network, "CHUNK_ROWS", 4)
    value, answers = network.evaluate(theta, Samples(X, y, weight, np.arange(1, N)), targets == "given")
    assert value == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(answers, network.predict(theta, X[1:], targets == "given"), rtol=1e-12)


@pytest.mark.parametrize("targets", ["last", "given", "next"])
@pytest.mark.parametrize("n_directions", [1, 2])
def test_indicators_are_channels_that_could_be_put_in_by_hand(targets, n_directions):
    X, y, weight = example(targets == "given")
    X[3, 1:4, 1] = X[4, ::2, 0] = np.nan
    filled = np.concatenate((np.nan_to_num(X), np.isnan(X)), axis=2)
    filled[np.isnan(X).all(axis=2)] = np.nan
    by_hand = y
    if targets == "next":  # zeros that replace missing values are no targets
        by_hand = np.concatenate((X[:, 1:], y[:, np.newaxis]), axis=1)
    settings = {"every_step": targets != "last", "standardize": False, "n_directions": n_directions}
    ours = objective(X, y, weight, **settings, missing_rule=MissingRule(by_channel=True))
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
    ours, theirs = objective(X, y, weight, missing_rule=MissingRule(by_channel=True)), objective(X, y, weight)
    ours, theirs = (
        (part.network, part.network.initial_theta(np.random.default_rng(0), X.dtype)) for part in (ours, theirs)
    )
    expected = theirs[0].predict(theirs[1], X, every_step=False)
    np.testing.assert_allclose(ours[0].predict(ours[1], X, every_step=False), expected, rtol=1e-13)
    X[:, 2, 0] = np.nan  # a value missing for the first time has the effect of the mean
    assert np.isfinite(ours[0].predict(ours[1], X, every_step=False)).all()
    X[:, 2, 0] = ours[0].scaling.channel_mean[0]
    expected = theirs[0].predict(theirs[1], X, every_step=False)
    X[:, 2, 0] = np.nan
    np.testing.assert_allclose(ours[0].predict(ours[1], X, every_step=False), expected, rtol=1e-12)


@pytest.mark.parametrize("every_step", [False, True])
@pytest.mark.parametrize("instance_norm", [None, *INSTANCE_NORMS])
def test_predictions_are_what_the_loss_compares(every_step, instance_norm):
    """If the predictions are the targets, the loss is 0: scaling targets and unscaling outputs agree."""
    X, y, weight = example(every_step)
    network = objective(X, y, weight, every_step, instance_norm=instance_norm).network
    theta = network.initial_theta(np.random.default_rng(1), np.float64)
    answers = network.predict(theta, X, every_step)
    same = Objective(network, Samples(X, answers, weight, np.arange(N)), 0.0, X.dtype)
    assert same(theta, np.arange(N))[0] < 1e-25


def test_answers_do_not_depend_on_the_rows_beside_them(monkeypatch):
    X, y, weight = example()
    network = objective(X, y, weight).network
    theta = network.initial_theta(np.random.default_rng(1), np.float64)
    whole = network.predict(theta, X, False)
    monkeypatch.setattr(_network, "CHUNK_ROWS", 3)
    np.testing.assert_allclose(network.predict(theta, X, False), whole, rtol=1e-13)


def test_a_row_without_a_present_step_gets_the_weighted_mean():
    X, y, weight = example()
    network = objective(X, y, weight).network
    theta = network.initial_theta(np.random.default_rng(1), np.float64)
    answers = network.predict(theta, np.full((2, T, F), np.nan), False)
    np.testing.assert_allclose(answers, np.tile(np.average(y, axis=0, weights=weight), (2, 1)))


@pytest.mark.parametrize("every_step", [False, True])
def test_a_row_without_a_present_step_gets_the_weighted_quantiles_of_each_target(every_step):
    X, y, weight = example(every_step)
    y[..., 1] += 50
    network = objective(X, y, weight, every_step, loss="quantile").network
    theta = network.initial_theta(np.random.default_rng(1), np.float64)
    answers = network.predict(theta, np.full((1, T, F), np.nan), False, every_level=True)[0]
    counts = ~np.isnan(X).any(axis=2) if every_step else np.ones(N, bool)
    w = np.broadcast_to(weight[:, np.newaxis] if every_step else weight, counts.shape)[counts]
    for k, target in enumerate(np.moveaxis(y, -1, 0)):
        pairs = sorted(zip(target[counts].tolist(), w.tolist(), strict=True))
        for level, answer in zip(LEVELS, answers[k], strict=True):
            reached = np.cumsum([own for _, own in pairs]) >= level * w.sum()
            assert answer == pytest.approx(pairs[int(reached.argmax())][0])


@pytest.mark.parametrize("size", [{}, {"n_directions": 2}])
def test_a_sample_that_ends_with_skipped_steps_learns_as_if_it_ended_before_them(size):
    """Its last present step predicts y, and each step before it the next present one."""
    X, y, weight = example(missing=False)
    moved = np.full_like(X, np.nan)
    moved[:3], moved[3:, :-2] = X[:3], X[3:, 2:]
    at_front = np.concatenate((X[:3], np.concatenate((np.full((N - 3, 2, F), np.nan), X[3:, 2:]), axis=1)))
    results = []
    for windows in (moved, at_front):
        loss_and_gradient = objective(windows, y, weight, True, **size)
        results.append(loss_and_gradient(start(loss_and_gradient.network), np.arange(N)))
    (loss, gradient, _), (expected, of_expected, _) = results
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, of_expected, rtol=1e-9, atol=1e-12)


def test_both_precisions_start_from_the_same_weights():
    networks = [objective(*example(dtype=dtype)).network for dtype in (np.float32, np.float64)]
    single, double = (
        network.initial_theta(np.random.default_rng(3), dtype)
        for network, dtype in zip(networks, (np.float32, np.float64), strict=True)
    )
    np.testing.assert_array_equal(single, double.astype(np.float32))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_biases_of_the_gates_change_no_other_weight_and_differ_by_layer_and_direction(dtype):
    network = objective(*example(), n_layers=2, n_directions=2).network
    rngs = [np.random.default_rng(3) for _ in range(3)]
    default, kept, chrono = (
        network.layout.views(network.initial_theta(rng, dtype, forget_bias, n_steps=T))
        for rng, forget_bias in zip(rngs, (1.0, 5.0, "chrono"), strict=True)
    )
    for name in set(default) - {"bias"}:
        for other in (kept, chrono):
            np.testing.assert_equal(other[name], default[name])
    assert len({rng.random() for rng in rngs}) == 1  # nor what is drawn after them
    np.testing.assert_array_equal(kept["bias"], np.tile(np.repeat([0, 5, 0, 0], H), (4, 1)))
    forget = np.concatenate([bias[H : 2 * H] for bias in chrono["bias"]])
    assert len(set(forget)) == 4 * H
    assert 0 <= forget.min() < forget.max() <= np.log(T - 1)
    np.testing.assert_array_equal(np.concatenate([bias[:H] for bias in chrono["bias"]]), -forget)


def test_levels_do_not_cross_and_the_median_is_the_prediction():
    network = objective(*example(), loss="quantile").network
    theta, X = 50 * start(network), example()[0]
    levels = network.predict(theta, X, False, every_level=True)
    assert levels.shape == (N, K, 3)
    assert (np.diff(levels) >= 0).all()
    np.testing.assert_array_equal(levels[..., 1], network.predict(theta, X, False))


def test_what_both_directions_leave_last_and_the_last_of_every_step_are_not_the_same():
    """The last states have read all steps in both directions; at the last step, backwards has read one step."""
    every = objective(*example(True), True, n_directions=2).network
    theta, X = start(every), example(missing=False)[0]
    np.testing.assert_allclose(every.predict(theta, X, False), every.predict(theta, X, True)[:, -1], rtol=1e-13)
    last = objective(*example(), n_directions=2).network
    moved = X.copy()
    moved[:, 0] += 100
    assert np.abs(last.predict(theta, moved, False) - last.predict(theta, X, False)).min() > 0


@pytest.mark.parametrize("every_step", [False, True])
def test_an_updated_network_no_longer_takes_a_target_for_constant(every_step):
    X, y, weight = example(every_step, missing=False)
    y[..., 0] = 5.0
    network = objective(X, y, weight, every_step).network
    assert network.scaling.is_constant[:, 0].tolist() == [True, False]
    same = network.updated(Samples(X, y, weight, np.arange(N)), np.float64)
    assert same.scaling.is_constant[:, 0].tolist() == [True, False]
    y[3] = 6.0
    assert network.updated(Samples(X, y, weight, np.delete(np.arange(N), 3)), np.float64).scaling.is_constant.any()
    other = network.updated(Samples(X, y, weight, np.arange(N)), np.float64)
    assert other.scaling.is_constant is None
    assert other.layout is network.layout


def test_a_network_and_its_parts_cannot_be_changed():
    assert changeable_dataclasses("_network") == []


def test_by_default_a_network_drops_no_state_and_learns_the_last_step():
    X, y, weight = example()
    loss = make_loss("squared_error", delta=1.0, quantile=0.5)
    samples = Samples(X, y, weight, np.arange(N))
    network = fit_network(Layout(F, H, K), loss, samples, X.dtype, ScalingSettings(2))
    assert (network.dropout, network.every_step) == (0, False)
    ws = network.training_workspace(T, N, X.dtype)
    assert (ws.dropout, ws.every_step, ws.n_threads) == (0, False, 1)
