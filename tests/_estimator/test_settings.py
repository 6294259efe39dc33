"""Hyper-parameters that do not go together, and that each reaches the part that it is about."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from sklstm import LSTMRegressor
from sklstm._estimator.settings import (
    check_settings,
    new_layout,
    new_loss,
    quantile_levels,
)
from sklstm._network.layout import Layout
from sklstm._network.losses import AbsoluteError, Huber, Poisson, Quantile, SquaredError

WRONG = {
    "a bias that is no number": ({"forget_bias": True}, "a number or 'chrono', got True. The default is forget_bias=1"),
    "poisson of relative targets": ({"loss": "poisson", "instance_norm": "last"}, "excludes|choose instance_norm=None"),
    "next steps that are seen": ({"loss_steps": "all", "bidirectional": True}, "has read the next step already"),
    "chance in a line search": ({"solver": "lbfgs", "dropout": 0.1}, "dropout=0.1 changes it at random"),
    "updates of a solver without batches": ({"solver": "lbfgs", "max_updates": 9}, "max_updates=9 limits the updates"),
    "as many as seem good": ({"solver": "lbfgs", "max_updates": "auto"}, "choose max_updates=None and set max_iter"),
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


@pytest.mark.parametrize("advice", [{"max_updates": None, "max_iter": 2}, {"solver": "adam"}], ids=str)
def test_updates_of_lbfgs_may_be_what_the_message_advises(advice):
    X = np.random.default_rng(0).normal(size=(9, 3))
    model = LSTMRegressor(2, solver="lbfgs", max_updates=9).set_params(**advice)
    with pytest.warns(ConvergenceWarning):
        assert model.fit(X, X[:, -1]).n_iter_ == {"lbfgs": 2, "adam": 9}[model.solver]


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


def test_levels_are_compared_as_numbers():
    assert check_settings(LSTMRegressor(quantile=[0.1, 0.9])) == check_settings(LSTMRegressor(quantile=(0.1, 0.9)))
