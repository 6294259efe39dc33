"""Each parameter reaches the optimiser or the training loop that it is about."""

import numpy as np
import pytest

from sklstm import LSTMRegressor
from sklstm._estimator.solvers import SOLVERS, partial_fit_obstacle, resolve_max_updates, solver_of
from sklstm._network.layout import Layout
from sklstm._training.optimizers import SGD, Adam, AdamW, RMSprop


def test_optimisers():
    layout = Layout(1, 2, 1)
    theta = np.ones(layout.size)
    made = {
        solver: SOLVERS[solver].new_optimizer(
            LSTMRegressor(solver=solver, beta_1=0.1, beta_2=0.2, epsilon=0.3, rho=0.4, alpha=0.5, momentum=0.6,
                          nesterovs_momentum=False), layout, theta
        )
        for solver in ("adam", "adamw", "rmsprop", "sgd", "lbfgs")
    }  # fmt: skip
    expected = {
        "adam": Adam(theta, 0.1, 0.2, 0.3),
        "adamw": AdamW(theta, 0.1, 0.2, 0.3, 0.5, layout.is_weight(np.float64)),
        "rmsprop": RMSprop(theta, 0.4, 0.3),
        "sgd": SGD(theta, 0.6, False),
    }
    gradients = np.random.default_rng(0).standard_normal((5, layout.size))
    for solver, peer in expected.items():
        ours, theirs = theta.copy(), theta.copy()
        for gradient in gradients:
            made[solver].update(ours, gradient.copy(), 0.1)
            peer.update(theirs, gradient.copy(), 0.1)
        np.testing.assert_array_equal(ours, theirs)
        assert type(made[solver]) is type(peer)
    assert made["lbfgs"] is None
    model = LSTMRegressor(alpha=0.5)
    assert SOLVERS["adam"].penalty(model) == 0.5
    assert SOLVERS["adamw"].penalty(model) == 0  # which it takes off the weights itself


def test_trainers():
    model = LSTMRegressor(
        learning_rate="invscaling", learning_rate_init=0.1, power_t=2.0, clip_norm=3.0, clip_value=4.0, shuffle=False,
        max_iter=50,
    )  # fmt: skip
    trainer = solver_of(model).new_trainer(model, 20, 7)
    assert (trainer.n_epochs, trainer.period, trainer.batch_size, trainer.shuffle) == (7, 50, 20, False)
    assert (trainer.clip_norm, trainer.clip_value) == (3.0, 4.0)
    assert trainer.schedule.rate(n_updates=1, position=0.5, n_cuts=3) == 0.1 / 4
    assert solver_of(model).new_trainer(model, 1000, 7).batch_size == 32
    assert solver_of(model).new_trainer(model.set_params(batch_size=64), 1000, 7).batch_size == 64
    assert (trainer.max_updates, solver_of(model).new_trainer(model, 20, 7, 11).max_updates) == (None, 11)
    whole = SOLVERS["lbfgs"].new_trainer(LSTMRegressor(max_fun=9, tol=0.1), 1000, 7)
    assert (whole.max_iter, whole.max_fun, whole.tol) == (7, 9, 0.1)


@pytest.mark.parametrize(
    ("n_rows", "size"), [(1, 1), (50, 50), (64, 64), (65, 64), (2999, 64), (3000, 128), (10**6, 128)]
)
def test_large_batches(n_rows, size):
    model = LSTMRegressor(batch_size="large")
    assert solver_of(model).new_trainer(model, n_rows, 1).batch_size == size
    assert solver_of(model).trains_in_one_batch(model, n_rows) == (size == n_rows)


@pytest.mark.parametrize(
    ("n_rows", "batch_size", "n_updates"),
    [
        (1, "large", 200),
        (1280, "large", 200),
        (1600, "large", 250),
        (2999, "large", 469),  # 468.6
        (3000, "large", 234),  # 234.4
        (12_800, "large", 1000),
        (10**6, "large", 1000),
        (640, "auto", 200),
        (960, "auto", 300),
        (500, 10, 500),
        (500, 10**6, 200),
        (500, 1, 1000),
    ],
)
def test_automatic_updates_are_ten_epochs_within_limits(n_rows, batch_size, n_updates):
    model = LSTMRegressor(batch_size=batch_size, max_updates="auto")
    assert resolve_max_updates(model, n_rows) == n_updates
    for given in (None, 17):
        assert resolve_max_updates(model.set_params(max_updates=given), n_rows) == given


@pytest.mark.parametrize("batch_size", ["auto", "large", 1, 7, 1000])
def test_the_default_number_of_epochs_is_enough_for_automatic_updates(batch_size):
    model = LSTMRegressor(batch_size=batch_size, max_updates="auto")
    for n_rows in range(1, 5000, 7):
        n_batches = -(-n_rows // solver_of(model).new_trainer(model, n_rows, 1).batch_size)
        assert resolve_max_updates(model, n_rows) <= n_batches * model.max_iter


@pytest.mark.parametrize("settings", [{"solver": "lbfgs"}, {"early_stopping": True}], ids=str)
def test_partial_fit_is_there_with_the_value_that_is_advised(settings):
    model = LSTMRegressor(**settings)
    assert not hasattr(model, "partial_fit")
    assert hasattr(model.set_params(**dict([partial_fit_obstacle(model)])), "partial_fit")


@pytest.mark.parametrize("solver", ["newton", None, ["adam"]], ids=str)
def test_an_unknown_solver_is_refused_by_parameter_validation(solver):
    with pytest.raises(ValueError, match="The 'solver' parameter"):
        LSTMRegressor(solver=solver).partial_fit(np.ones((9, 3)), np.ones(9))
