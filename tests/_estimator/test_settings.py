"""Hyper-parameters that do not go together, and that each reaches the part that it is about."""

import numpy as np
import pytest

from sklstm import LSTMRegressor
from sklstm._estimator.settings import (
    check_settings,
    new_layout,
    new_loss,
    new_optimizer,
    new_trainer,
    penalty,
    quantile_levels,
)
from sklstm._network.layout import Layout
from sklstm._network.losses import AbsoluteError, Huber, Poisson, Quantile, SquaredError
from sklstm._training.optimizers import SGD, Adam, AdamW, RMSprop

WRONG = {
    "poisson of relative targets": ({"loss": "poisson", "instance_norm": "last"}, "excludes|choose instance_norm=None"),
    "next steps that are seen": ({"loss_steps": "all", "bidirectional": True}, "has read the next step already"),
    "chance in a line search": ({"solver": "lbfgs", "dropout": 0.1}, "dropout=0.1 changes it at random"),
    "gap without order": ({"validation_gap": 3, "validation_split": "random"}, "validation_gap=3 has no meaning"),
    "levels out of order": ({"quantile": [0.5, 0.1]}, r"increasing order; got \[0.5, 0.1\]"),
    "a level twice": ({"quantile": [0.5, 0.5]}, "increasing"),
    "a level of 1": ({"quantile": [0.5, 1.0]}, "increasing"),
    "no level": ({"quantile": []}, "increasing"),
    "no number": ({"quantile": ["a", "b"]}, "increasing"),
    "a table of levels": ({"quantile": [[0.1, 0.9]]}, "increasing"),
    "a level that is not a number": ({"quantile": [0.1, np.nan]}, "increasing"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_go_together(name):
    settings, message = WRONG[name]
    with pytest.raises(ValueError, match=f"(?i){message}"):
        check_settings(LSTMRegressor(**settings))
    with pytest.raises(ValueError, match=f"(?i){message}"):
        LSTMRegressor(**settings).fit(np.ones((9, 3)), np.ones(9))


@pytest.mark.parametrize("quantile", [0.3, [0.1, 0.3], (0.1, 0.3), np.array([0.1, 0.3])])
def test_levels_come_in_several_forms(quantile):
    assert quantile_levels(LSTMRegressor(quantile=quantile)) == tuple(np.atleast_1d(quantile).tolist())


def test_losses():
    kinds = {
        "squared_error": SquaredError, "absolute_error": AbsoluteError, "huber": Huber, "quantile": Quantile,
        "poisson": Poisson,
    }  # fmt: skip
    for name, kind in kinds.items():
        loss = new_loss(check_settings(LSTMRegressor(loss=name, delta=0.3, quantile=(0.2, 0.6))))
        assert type(loss) is kind
        assert getattr(loss, "delta", 0.3) == 0.3
        assert loss.n_levels == (2 if name == "quantile" else 1)


def test_layouts():
    assert new_layout(LSTMRegressor(5), 2, 3) == Layout(2, 5, 3, 1, 1)
    assert new_layout(LSTMRegressor(5, n_layers=3, bidirectional=True), 2, 3) == Layout(2, 5, 3, 3, 2)


def test_optimisers():
    layout = Layout(1, 2, 1)
    theta = np.ones(layout.size)
    made = {
        solver: new_optimizer(
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
    assert penalty(LSTMRegressor(solver="adam", alpha=0.5)) == 0.5
    assert penalty(LSTMRegressor(solver="adamw", alpha=0.5)) == 0  # which it takes off the weights itself


def test_trainers():
    model = LSTMRegressor(
        learning_rate="invscaling", learning_rate_init=0.1, power_t=2.0, clip_norm=3.0, clip_value=4.0, shuffle=False,
        max_iter=50,
    )  # fmt: skip
    trainer = new_trainer(model, 20, 7)
    assert (trainer.n_epochs, trainer.period, trainer.batch_size, trainer.shuffle) == (7, 50, 20, False)
    assert (trainer.clip_norm, trainer.clip_value) == (3.0, 4.0)
    assert trainer.schedule.rate(n_updates=1, position=0.5, n_cuts=3) == 0.1 / 4
    assert new_trainer(model, 1000, 7).batch_size == 32
    assert new_trainer(model.set_params(batch_size=64), 1000, 7).batch_size == 64
    whole = new_trainer(LSTMRegressor(solver="lbfgs", max_fun=9, tol=0.1), 1000, 7)
    assert (whole.max_iter, whole.max_fun, whole.tol) == (7, 9, 0.1)


def test_levels_are_compared_as_numbers():
    assert check_settings(LSTMRegressor(quantile=[0.1, 0.9])) == check_settings(LSTMRegressor(quantile=(0.1, 0.9)))
