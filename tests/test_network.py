"""The whole model: gradients of the loss through scaling, missing steps, weights and penalty."""

import numpy as np
import pytest

from sklstm import _network
from sklstm._network import Objective, fit_network
from sklstm._parameters import Layout
from sklstm._scaling import INSTANCE_NORMS
from tests import reference

N, T, F, H, K = 7, 5, 2, 3, 2


def example(every_step=False, missing=True, dtype=np.float64):
    rng = np.random.default_rng(0)
    X = rng.normal(10, 3, (N, T, F)).astype(dtype)
    y = rng.normal(10, 3, (N, T, K) if every_step else (N, K)).astype(dtype)
    if missing:
        X[0, :3], X[1, 2, 1], X[2, 4, 0] = np.nan, np.nan, np.nan
        if every_step:
            y[0, :3] = y[1, 2] = np.nan
    return X, y, rng.uniform(0.5, 2, N).astype(dtype)


def objective(X, y, weight, every_step=False, alpha=0.0, instance_norm=None, standardize=True):
    rows = np.arange(N)
    settings = {"n_targets": 2, "instance_norm": instance_norm, "standardize": standardize}
    network = fit_network(Layout(F, H, K), every_step, X, y, weight, rows, X.dtype, **settings)
    return Objective(network, X, y, weight, rows, alpha, X.dtype)


CASES = [
    pytest.param(kind, every_step, missing, alpha, id=f"{kind} {every_step=} {missing=} {alpha=}")
    for kind in (None, *INSTANCE_NORMS)
    for every_step in (False, True)
    for missing in (False, True)
    for alpha in (0.0, 0.3)
]


@pytest.mark.parametrize(("instance_norm", "every_step", "missing", "alpha"), CASES)
def test_gradient_equals_central_differences(instance_norm, every_step, missing, alpha):
    loss_and_gradient = objective(*example(every_step, missing), every_step, alpha, instance_norm)
    theta = loss_and_gradient.network.initial_theta(np.random.default_rng(1), np.float64)
    theta += np.random.default_rng(2).normal(0, 0.3, theta.shape)
    batch = np.array([0, 1, 4, 6])
    _, gradient, _ = loss_and_gradient(theta, batch)
    numeric = np.empty_like(theta)
    for index in range(len(theta)):
        at = []
        for k in (-2, -1, 1, 2):
            moved = theta.copy()
            moved[index] += k * 1e-3
            at.append(loss_and_gradient(moved, batch)[0])
        numeric[index] = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / 12e-3
    np.testing.assert_allclose(gradient, numeric, rtol=0, atol=1e-7 * np.abs(numeric).max())


@pytest.mark.parametrize("every_step", [False, True])
def test_loss_equals_the_reference(every_step):
    """Half the weighted mean squared error per present target, by hand from the oracle's outputs."""
    X, y, weight = example(every_step)
    loss_and_gradient = objective(X, y, weight, every_step, alpha=0.5, standardize=False)
    theta = loss_and_gradient.network.initial_theta(np.random.default_rng(1), np.float64)
    views = loss_and_gradient.network.layout.views(theta)
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
    answers = network.predict(theta, X)
    same = Objective(network, X, answers, weight, np.arange(N), 0.0, X.dtype)
    assert same(theta, np.arange(N))[0] < 1e-25


def test_answers_do_not_depend_on_the_rows_beside_them(monkeypatch):
    X, y, weight = example()
    network = objective(X, y, weight).network
    theta = network.initial_theta(np.random.default_rng(1), np.float64)
    whole = network.predict(theta, X)
    monkeypatch.setattr(_network, "PREDICTION_ROWS", 3)
    np.testing.assert_allclose(network.predict(theta, X), whole, rtol=1e-13)


def test_a_row_without_a_present_step_gets_the_weighted_mean():
    X, y, weight = example()
    network = objective(X, y, weight).network
    theta = network.initial_theta(np.random.default_rng(1), np.float64)
    answers = network.predict(theta, np.full((2, T, F), np.nan))
    np.testing.assert_allclose(answers, np.tile(np.average(y, axis=0, weights=weight), (2, 1)))


def test_both_precisions_start_from_the_same_weights():
    networks = [objective(*example(dtype=dtype)).network for dtype in (np.float32, np.float64)]
    single, double = (
        network.initial_theta(np.random.default_rng(3), dtype)
        for network, dtype in zip(networks, (np.float32, np.float64), strict=True)
    )
    np.testing.assert_array_equal(single, double.astype(np.float32))
