import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from sklstm import LSTMRegressor, make_windows
from sklstm._optimizers import SGD
from sklstm._training import Progress, Trainer
from sklstm.datasets import make_pattern
from tests import reference


class Quadratic:
    """½ ‖theta - row‖², averaged over a batch of rows; weight w each."""

    def __init__(self, rows, weight):
        self.rows, self.weight, self.batches = rows, weight, []

    def __len__(self):
        return len(self.rows)

    def __call__(self, theta, batch):
        self.batches.append(batch.copy())
        w = self.weight[batch]
        error = theta - self.rows[batch]
        return 0.5 * (w @ error**2).sum() / w.sum(), (w @ error) / w.sum(), w.sum()


def run(objective, max_iter, progress=None, theta=None, rate=0.1, **settings):
    defaults = {"clip_value": None, "clip_norm": None, "shuffle": True, "tol": 1e-4, "n_iter_no_change": 10}
    trainer = Trainer(**{**defaults, "batch_size": 4, "learning_rate": rate, **settings})
    progress = Progress() if progress is None else progress
    theta = np.zeros(2) if theta is None else theta
    seen = []
    converged = trainer.run(
        theta,
        objective,
        SGD(theta, 0, False),
        np.random.default_rng(0),
        progress,
        max_iter,
        lambda p: seen.append(len(p.loss_curve)),
    )
    return converged, theta, progress, seen


def quadratic(n=10):
    rng = np.random.default_rng(0)
    return Quadratic(rng.standard_normal((n, 2)), rng.uniform(0.5, 2, n))


def test_every_epoch_sees_every_row_once_in_a_new_order():
    objective = quadratic()
    run(objective, 3, n_iter_no_change=100)
    assert [len(batch) for batch in objective.batches] == [4, 4, 2] * 3
    epochs = [np.concatenate(objective.batches[k : k + 3]) for k in (0, 3, 6)]
    for order in epochs:
        np.testing.assert_array_equal(np.sort(order), np.arange(10))
    assert not np.array_equal(epochs[0], epochs[1])


def test_without_shuffling_the_order_is_the_rows():
    objective = quadratic()
    run(objective, 1, shuffle=False)
    np.testing.assert_array_equal(np.concatenate(objective.batches), np.arange(10))


def test_the_loss_is_the_weighted_mean_before_each_update():
    objective = quadratic()
    _, _, progress, _ = run(objective, 1, rate=1e-12, shuffle=False)
    w = objective.weight
    assert progress.loss_curve[0] == pytest.approx(0.5 * (w @ objective.rows**2).sum() / w.sum())
    assert progress.n_seen == 10


def test_patience_counts_epochs_without_improvement():
    """At a rate of almost 0 nothing improves: the first epoch, then n_iter_no_change + 1 in vain."""
    converged, _, progress, seen = run(quadratic(), 50, rate=1e-12, n_iter_no_change=4)
    assert converged
    assert len(progress.loss_curve) == 1 + 4 + 1
    assert seen == [1, 2, 3, 4, 5, 6]
    assert progress.best_loss == min(progress.loss_curve)
    converged, _, again, _ = run(quadratic(), 50, progress, rate=1e-12, n_iter_no_change=4)
    assert len(again.loss_curve) == 6 + 5  # patience begins anew once it has run out


def test_max_iter_ends_without_convergence():
    converged, _, progress, _ = run(quadratic(), 3, n_iter_no_change=10)
    assert not converged
    assert len(progress.loss_curve) == 3


def test_gradients_are_clipped():
    objective = quadratic()
    objective.rows = objective.rows + 100
    _, theta, _, _ = run(objective, 1, rate=1.0, clip_norm=0.5)
    assert np.linalg.norm(theta) <= 3 * 0.5 + 1e-12
    _, theta, _, _ = run(objective, 1, rate=1.0, clip_value=0.5)
    np.testing.assert_allclose(theta, 3 * 0.5)


def test_a_loss_that_diverges_is_an_error_that_names_the_epoch():
    with pytest.raises(ValueError, match=r"no longer finite in epoch \d+ .* learning_rate_init"):
        run(quadratic(), 3000, rate=30.0, n_iter_no_change=np.inf)


def textbook_epoch(p, X, y, rate, limit):
    """One epoch as in textbooks: per sample, the gradient summed over the steps and clipped by value."""
    total = 0.0
    for steps, targets in zip(X, y, strict=True):
        error, gradients = textbook_sample(p, steps, targets)
        total += error
        for name in p:
            p[name] -= rate * np.clip(gradients[name], -limit, limit)
    return total / len(X)


def textbook_sample(p, steps, targets):
    """Half the summed squared error of one sequence, and its gradient, vector by vector."""
    H = p["weight_hh"].shape[1]
    sigmoid = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    h, c, total, record = np.zeros(H), np.zeros(H), 0.0, []
    for x, target in zip(steps, targets, strict=True):
        a = (p["weight_ih"] @ x + p["weight_hh"] @ h + p["bias"]).reshape(4, H)
        i, f, o, g = sigmoid(a[0]), sigmoid(a[1]), sigmoid(a[2]), np.tanh(a[3])
        h_before, c_before, c = h, c, f * c + i * g
        h = o * np.tanh(c)
        error = p["readout_weight"] @ h + p["readout_bias"] - target
        total += error @ error / 2
        record.append((x, h_before, c_before, i, f, o, g, c, h, error))
    d = {name: np.zeros_like(values) for name, values in p.items()}
    d_h, d_c = np.zeros(H), np.zeros(H)
    for x, h_before, c_before, i, f, o, g, c, h, error in reversed(record):
        d["readout_weight"] += np.outer(error, h)
        d["readout_bias"] += error
        d_h = d_h + p["readout_weight"].T @ error
        d_c = d_c + d_h * o * (1 - np.tanh(c) ** 2)
        d_i, d_f, d_o, d_g = d_c * g, d_c * c_before, d_h * np.tanh(c), d_c * i
        d_a = np.concatenate((d_i * i * (1 - i), d_f * f * (1 - f), d_o * o * (1 - o), d_g * (1 - g * g)))
        d["weight_ih"] += np.outer(d_a, x)
        d["weight_hh"] += np.outer(d_a, h_before)
        d["bias"] += d_a
        d_h, d_c = p["weight_hh"].T @ d_a, d_c * f
    return total, d


def test_the_textbook_equals_the_reference():
    rng = np.random.default_rng(0)
    shapes = {"weight_ih": (8, 1), "weight_hh": (8, 2), "bias": (8,), "readout_weight": (1, 2), "readout_bias": (1,)}
    p = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    x, y = rng.standard_normal((2, 6, 1))
    lists = {name: values.tolist() for name, values in p.items()}
    outputs, record = reference.forward(lists, x.tolist(), [0.0] * 2, [0.0] * 2)
    errors = np.array(outputs) - y
    expected = reference.backward(lists, record, errors.tolist())
    total, gradients = textbook_sample(p, x, y)
    assert total == pytest.approx((errors**2).sum() / 2)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, expected[name], rtol=1e-12, atol=1e-14)


def test_training_equals_the_textbook_loop():
    """The repeating pattern, from the same weights, over every epoch: the same losses to 1e-8.

    The textbook sums the gradient over the T = 10 steps; here it is their mean, so the rate is T
    times as large and the limit T times as small.
    """
    T, n_epochs = 10, 200
    X, y = make_windows(make_pattern(200, 3, random_state=0)[:160], T, targets="all")
    model = LSTMRegressor(
        10, solver="sgd", learning_rate_init=1e-300, clip_value=5 / T, momentum=0.0, clip_norm=None,
        standardize=False, shuffle=False, batch_size=1, max_iter=1, tol=0.0, n_iter_no_change=np.inf,
        warm_start=True, random_state=0,
    )  # fmt: skip
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)  # an epoch at no rate: the initial weights
    p = {name: view.copy() for name, view in model._network.layout.views(model.theta_).items()}
    expected = [textbook_epoch(p, X, y, 0.01, 5.0) for _ in range(n_epochs)]
    model.set_params(learning_rate_init=0.01 * T, max_iter=n_epochs)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    np.testing.assert_allclose(np.array(model.loss_curve_[1:]) * T, expected, rtol=1e-8)
