from dataclasses import replace

import numpy as np
import pytest

from sklstm._checkpoint.state_kinds import CODEC, check_record
from sklstm._estimator.training_record import saved_record
from sklstm._network.losses import AbsoluteError, Poisson
from sklstm._network.missing_values import MissingRule
from sklstm._training.lbfgs import Evaluations
from tests.tools import fit, model

X = np.random.default_rng(0).normal(size=(20, 3, 2))
Y = X.sum(axis=(1, 2))
RECORD, _ = saved_record(vars(fit(model(early_stopping=True, instance_norm="standard", solver="adamw"), X, Y)))
STATE = RECORD.state
SCALING = STATE.network.scaling
THETA = STATE.theta


def with_network(**changes):
    return {"network": replace(STATE.network, **changes)}


def with_layout(**changes):
    return with_network(layout=replace(STATE.network.layout, **changes))


def with_scaling(**changes):
    return with_network(scaling=replace(SCALING, **changes))


def with_progress(**changes):
    return {"progress": replace(STATE.progress, **changes)}


def with_start(**changes):
    return {"forecast_start": replace(STATE.forecast_start, **changes)}


WRONG = {
    "hidden_size": with_layout(hidden_size=5),
    "n_layers": with_layout(n_layers=10**12),
    "n_channels": with_layout(n_channels=10**18),
    "n_values": with_layout(n_values=3),
    "both directions": with_layout(n_directions=2),
    "theta": {"theta": THETA[:-1]},
    "loss": with_network(loss=AbsoluteError()),
    "norm": with_scaling(instance_norm=None if SCALING.instance_norm else "last"),
    "targets in settings": {"settings": {**STATE.settings, "n_targets": 2}},
    "settings": {"settings": {**STATE.settings, "hidden_size": 3}},
    "layers in settings": {"settings": {**STATE.settings, "n_layers": 2}},
    "dropout": with_network(dropout=0.5),
    "indicator": with_scaling(missing_rule=MissingRule(by_channel=True, n_needed=3)),
    "n_targets": with_scaling(n_targets=3),
    "channel_mean": with_scaling(channel_mean=np.zeros((3, 1))),
    "target_mean": with_scaling(target_mean=np.zeros((1, 2))),
    "zero scale": with_scaling(channel_scale=np.zeros((2, 1))),
    "negative scale": with_scaling(target_scale=-np.ones((1, 1))),
    "constant": with_scaling(constant=np.zeros((2, 1))),
    "is_constant": with_scaling(is_constant=np.zeros((2, 1), bool)),
    "typical_deviation": with_scaling(typical_deviation=np.ones((2, 1))),
    "groups without limits": with_scaling(typical_deviation=np.ones((1, 2))),
    "limits without groups": with_scaling(typical_deviation=None, group_limits=np.ones((1, 1))),
    "too many limits": with_scaling(group_limits=np.ones((1, 3))),
    "empty_prediction": with_network(empty_prediction=np.zeros((1, 2))),
    "precision": with_network(empty_prediction=np.zeros((1, 1), np.float32)),
    "window": with_start(window=np.zeros((1, 3, 3))),
    "several windows": with_start(window=np.zeros((2, 3, 2))),
    "target": with_start(target=np.zeros(2)),
    "n_targets of the range": {"window_range": replace(STATE.window_range, n_targets=2)},
    "low": {"window_range": replace(STATE.window_range, low=np.zeros(3))},
    "best_theta": with_progress(best_theta=THETA[:-1]),
    "precision of best_theta": with_progress(best_theta=THETA.astype(np.float32)),
    "n_epochs": with_progress(n_epochs=4),
    "losses": with_progress(losses=[]),
    "validations": with_progress(validations=[(0.0, 0.0)]),
    "period_start": with_progress(period_start=9),
    "best_epoch": with_progress(best_epoch=9),
    "nothing trained": with_progress(n_epochs=0, losses=[], validations=[], best_epoch=0),
}


def test_a_right_record():
    check_record(RECORD)
    check_record(CODEC.decode(*CODEC.encode(RECORD)))


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_parts_that_do_not_fit(changes):
    with pytest.raises(ValueError, match="The parts of the state do not fit each other"):
        check_record(replace(RECORD, state=replace(STATE, **changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"form": {**RECORD.form, "n_features_in_": 3}},
        {"form": {**RECORD.form, "_feature_names": np.array(["a"], object)}},
        {"form": {**RECORD.form, "_input_spec": replace(RECORD.form["_input_spec"], n_channels=1)}},
        {"form": {**RECORD.form, "_input_spec": replace(RECORD.form["_input_spec"], dtype=np.dtype(np.float32))}},
        {"evaluations": Evaluations(THETA[:-1])},
    ],
)
def test_a_form_that_does_not_fit(changes):
    with pytest.raises(ValueError, match="The parts of the state do not fit each other"):
        check_record(replace(RECORD, **changes))


def test_optimisers_that_do_not_fit():
    for name, value in (("moments", np.zeros((2, 3))), ("decayed", np.zeros(3))):
        content, arrays = CODEC.encode(RECORD)
        place = content["TrainingRecord"]["state"]["TrainingState"]["optimizer"]["AdamW"]
        arrays = {**arrays, place[name]["array"]: value}
        with pytest.raises(ValueError, match=r"do not fit|cannot be made"):
            check_record(CODEC.decode(content, arrays))


def test_evaluations_of_different_lengths():
    evaluations = Evaluations(THETA, [1, 2], [0.5, np.inf], [THETA, THETA])
    read = CODEC.decode(*CODEC.encode(evaluations))
    assert (read.marks, read.losses, len(read.gradients)) == (evaluations.marks, evaluations.losses, 2)
    content, arrays = CODEC.encode(evaluations)
    for name, place in content["Evaluations"].items():
        if name != "start":
            with pytest.raises(ValueError, match="Evaluations cannot"):
                CODEC.decode(content, {**arrays, place["array"]: arrays[place["array"]][:1]})
    empty = CODEC.decode(*CODEC.encode(Evaluations(THETA)))
    assert len(empty) == 0


def test_a_spread_that_does_not_fit():
    record, _ = saved_record(vars(fit(model(loss="poisson"), X, np.abs(Y))))
    check_record(record)
    network = replace(record.state.network, loss=Poisson(np.ones((2, 1))))
    with pytest.raises(ValueError, match="spread"):
        check_record(replace(record, state=replace(record.state, network=network)))


@pytest.mark.parametrize(
    ("settings", "other"),
    [
        ({"loss": "huber", "delta": 2.0}, {"delta": 1.0}),
        ({"loss": "quantile", "quantile": [0.1, 0.5]}, {"quantile": (0.1, 0.6)}),
    ],
)
def test_a_loss_of_other_settings(settings, other):
    record, _ = saved_record(vars(fit(model(max_iter=2, **settings), X, X[:, -1, 0])))
    check_record(record)
    settings = {**record.state.settings, **other}
    with pytest.raises(ValueError, match="the loss is not that of"):
        check_record(replace(record, state=replace(record.state, settings=settings)))
