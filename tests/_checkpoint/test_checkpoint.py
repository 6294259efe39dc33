import copy
import os
import pickle
import tempfile
import warnings
from enum import Enum
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import BaggingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, PowerTransformer, StandardScaler

from sklstm import Checkpoint, Forecaster, backtest, default_regressor, load_checkpoint, make_windows, save_checkpoint
from sklstm._utils import training_log
from sklstm._utils.archive import read_archive, write_archive
from sklstm.datasets import load_airline
from tests._checkpoint.tools import Killed, bits, killed_fit, resumed, write_then_die
from tests._utils.test_atomic_write import in_a_child
from tests.attack import Unshowable, in_itself
from tests.tools import fit, model

pytest.importorskip("sklearn.callback", reason="scikit-learn has callbacks from 1.9 on")

RNG = np.random.default_rng(0)
X, Y = make_windows(np.sin(np.arange(130) / 5) + RNG.normal(0, 0.1, 130), window_length=8)
WEIGHT = RNG.uniform(0.5, 2, len(Y))
AIRLINE = load_airline()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fit.npz"


class Observer:
    """Counts epochs; asks to stop after one of them."""

    def __init__(self, last=None):
        self.n_epochs, self.last = 0, last

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.n_epochs += context.task_name == "epoch"
        return self.n_epochs == self.last


SETTINGS = {
    "cosine": {"learning_rate": "cosine", "early_stopping": True, "dropout": 0.3, "n_layers": 2},
    "random split": {"early_stopping": True, "validation_split": "random", "n_iter_no_change": 3, "tol": 0.1},
    "adamw": {"solver": "adamw", "alpha": 0.1, "n_iter_no_change": 2, "tol": 0.02},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 0.1},
    "invscaling": {"learning_rate": "invscaling", "shuffle": False, "missing": "indicator", "bidirectional": True},
    "rmsprop": {"solver": "rmsprop", "loss": "quantile", "quantile": np.array([0.1, 0.5, 0.9])},
    "poisson": {"loss": "poisson", "dropout": 0.1},
    "max_updates": {"max_updates": 17, "batch_size": 30, "learning_rate": "cosine", "max_iter": 10},
    "lbfgs": {"solver": "lbfgs", "loss": "huber"},
    "lbfgs early": {"solver": "lbfgs", "early_stopping": True, "n_iter_no_change": 2, "tol": 1e-3},
    "generator": {"random_state": np.random.Generator(np.random.Philox(3)), "dropout": 0.2},
    "RandomState": {"random_state": np.random.RandomState(3), "instance_norm": "last-standard"},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_a_resumed_fit_has_the_bits_of_one_that_was_not_killed(path, settings):
    """Killed after each of its checkpoints, the last of which is that of the end."""
    settings = {"max_iter": 9, **settings}
    y = np.abs(Y)
    whole = model(**copy.deepcopy(settings))
    fit(whole, X, y, WEIGHT)
    n_writes = whole.n_iter_ + 1
    for n in range(1, n_writes + 1):
        killed_fit(model(**copy.deepcopy(settings)), path, n, X, y, WEIGHT)
        found = resumed(path, X, y, WEIGHT)
        assert bits(found) == bits(whole), n
        if hasattr(whole.random_state, "bytes"):
            expected, state = (copy.deepcopy(part.random_state) for part in (whole, found))
            assert expected.bytes(8) == state.bytes(8)
    if settings.get("solver") != "lbfgs" and not settings.get("early_stopping"):
        assert bits(found.partial_fit(X, y)) == bits(whole.partial_fit(X, y))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_killed_twice(path, solver):
    whole = fit(model(solver=solver, max_iter=9), X, Y)
    killed_fit(model(solver=solver, max_iter=9), path, 3, X, Y)
    killed_fit(load_checkpoint(path), path, 4, X, Y, method="resume")
    assert load_checkpoint(path).n_iter_ == 7
    assert bits(resumed(path, X, Y)) == bits(whole)


def test_a_fit_that_was_interrupted_is_not_saved_as_if_it_had_ended(path):
    """The file could not be resumed, and may be the one that can."""
    whole = fit(model(max_iter=5), X, Y)
    killed_fit(model(max_iter=5), path, 3, X, Y)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"could not be resumed. Call resume\(X, y\) first"):
        save_checkpoint(load_checkpoint(path), path)
    assert path.read_bytes() == before
    save_checkpoint(resumed(path, X, Y), path)
    assert bits(load_checkpoint(path)) == bits(whole)
    killed_fit(model(max_iter=5), path, 3, X, Y)
    other = load_checkpoint(path).partial_fit(X, Y)  # training went on without the plan of the fit
    save_checkpoint(other, path)
    assert bits(load_checkpoint(path)) == bits(other)


def test_a_warm_start_goes_on(path):
    whole = fit(fit(model(warm_start=True, max_iter=4), X, Y), X[:50], Y[:50])
    part = fit(model(warm_start=True, max_iter=4), X, Y)
    killed_fit(part, path, 2, X[:50], Y[:50])
    assert load_checkpoint(path).n_iter_ == 6
    assert bits(resumed(path, X[:50], Y[:50])) == bits(whole)
    killed_fit(model(warm_start=True, max_iter=4), path, 2, X, Y)  # the first fit continues none
    assert bits(resumed(path, X, Y)) == bits(fit(model(warm_start=True, max_iter=4), X, Y))


def test_without_a_seed_the_network_in_training_goes_on(path):
    """The end of the file is the network that the first process would have had."""
    settings = {"random_state": None, "dropout": 0.3, "early_stopping": True, "validation_split": "random"}
    with pytest.MonkeyPatch.context() as monkeypatch:
        write_then_die(monkeypatch, None)
        whole = fit(model(max_iter=6, **settings).set_callbacks(Checkpoint(path, every=3)), X, Y)
        data = path.read_bytes()
    again = resumed(path, X, Y)  # has ended
    assert bits(again) == bits(whole)
    assert path.read_bytes() == data
    killed_fit(model(max_iter=6, **settings), path, 2, X, Y)
    once, twice = resumed(path, X, Y), resumed(path, X, Y)
    assert bits(once) == bits(twice)


def test_what_is_loaded_predicts_with_the_weights_that_are_kept_so_far(path):
    killed_fit(model(early_stopping=True, max_iter=9, learning_rate_init=0.3), path, 5, X, Y)
    loaded, shorter = load_checkpoint(path), fit(model(early_stopping=True, max_iter=5, learning_rate_init=0.3), X, Y)
    assert loaded.n_iter_ == 5
    np.testing.assert_array_equal(loaded.predict(X), shorter.predict(X))
    np.testing.assert_array_equal(loaded.forecast(3), shorter.forecast(3))
    assert loaded.validation_loss_curve_ == shorter.validation_loss_curve_


def test_without_validation_the_best_weights_so_far_are_those_of_the_smallest_loss(path):
    """As after Ctrl-C."""
    killed_fit(model(max_iter=9, learning_rate_init=1.0, clip_norm=None), path, 6, X, Y)
    loaded = load_checkpoint(path)
    assert loaded.best_iter_ == 1 + int(np.argmin(loaded.loss_curve_)) < 6
    shorter = fit(model(max_iter=loaded.best_iter_, learning_rate_init=1.0, clip_norm=None), X, Y)
    np.testing.assert_array_equal(loaded.theta_, shorter.theta_)


def test_a_resumed_fit_ends_as_one_that_was_not_killed(path):
    """It warns of the same limit."""
    for settings, message in (({"max_updates": 5}, r"Maximum updates \(5\)"), ({}, r"Maximum iterations \(4\)")):
        killed_fit(model(max_iter=4, **settings), path, 1, X, Y)
        with pytest.warns(ConvergenceWarning, match=message):
            load_checkpoint(path).resume(X, Y)


def test_a_warm_start_that_continues_nothing_advances_the_generator(path):
    whole = fit(model(warm_start=True, random_state=np.random.RandomState(0)), X, Y)
    killed_fit(model(warm_start=True, random_state=np.random.RandomState(0)), path, 2, X, Y)
    assert resumed(path, X, Y).random_state.bytes(8) == whole.random_state.bytes(8)


def test_fit_starts_anew(path):
    killed_fit(model(max_iter=5), path, 3, X, Y)
    loaded = load_checkpoint(path)
    assert bits(fit(loaded, X, Y)) == bits(fit(model(max_iter=5), X, Y))
    with pytest.raises(ValueError, match="has been fitted since"):
        loaded.resume(X, Y)


def test_nothing_is_trained_if_the_fit_had_ended(path):
    """Also where a callback ended it, in the very epoch of a checkpoint."""
    whole = fit(model(max_iter=5).set_callbacks(Checkpoint(path), Observer(last=3)), X, Y)
    assert whole.n_iter_ == 3
    observer = Observer()
    loaded = load_checkpoint(path).set_callbacks(observer)
    assert bits(fit(whole, X, Y)) != bits(loaded)
    assert loaded.resume(X, Y).n_iter_ == 3
    assert observer.n_epochs == 0
    killed_fit_with = model(max_iter=5).set_callbacks(Checkpoint(path, every=1), Observer(last=3))
    with pytest.MonkeyPatch.context() as monkeypatch:
        write_then_die(monkeypatch, 3)
        with pytest.raises(Killed):
            killed_fit_with.fit(X, Y)
    assert resumed(path, X, Y).n_iter_ == 3


def test_ctrl_c_leaves_a_fit_that_can_be_resumed(path):
    class Interrupting(Observer):
        def on_fit_task_end(self, estimator, context):
            if super().on_fit_task_end(estimator, context):
                raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="interrupted"):
        model(max_iter=6).set_callbacks(Checkpoint(path, every=1), Interrupting(last=4)).fit(X, Y)
    assert load_checkpoint(path).n_iter_ == 3
    assert bits(resumed(path, X, Y)) == bits(fit(model(max_iter=6), X, Y))


# ---- what is not the same


def other_value(table):
    table = table.copy()
    table[3] += 1e-9
    return table


FRAME = pd.DataFrame(X[..., 0], columns=[f"lag {k}" for k in range(8)])
SERIES = pd.Series(Y, pd.date_range("2020-01-01", periods=len(Y), freq="D"))
GIVEN = {"X": FRAME, "y": SERIES, "sample_weight": WEIGHT, "X_val": FRAME[:20], "y_val": Y[:20]}
OTHERS = {
    "X": {
        "another value": FRAME + 1e-12,
        "order": FRAME[::-1].reset_index(drop=True),
        "precision": FRAME.astype(np.float32),
        "names": FRAME.rename(columns={"lag 0": "other"}),
        "no names": FRAME.to_numpy(),
        "fewer columns": FRAME.iloc[:, 1:],
    },
    "y": {
        "another value": SERIES + 1e-12,
        "times": pd.Series(Y, pd.date_range("2020-01-02", periods=len(Y), freq="D")),
        "no times": Y,
        "name": SERIES.rename("other"),
        "outputs": SERIES.to_frame(),
    },
    "sample_weight": {"another value": other_value(WEIGHT), "none": None},
    "X_val": {"another value": FRAME[:20] + 1e-12},
    "y_val": {"another value": other_value(Y[:20])},
}


@pytest.mark.parametrize(
    ("argument", "value"),
    [pytest.param(name, value, id=f"{name} {what}") for name in OTHERS for what, value in OTHERS[name].items()],
)
@pytest.mark.filterwarnings("ignore:The rows of X are 8 lags of a series, the newest first")  # those in another order
def test_other_data_are_refused(path, argument, value):
    given = GIVEN if argument.endswith("val") else {name: GIVEN[name] for name in ("X", "y", "sample_weight")}
    killed_fit(model(early_stopping=True, max_iter=4), path, 2, **given)
    loaded = load_checkpoint(path)
    before = bits(loaded)
    with pytest.raises(ValueError, match=rf"^{argument}: not what the checkpoint was written for"):
        loaded.resume(**{**given, argument: value})
    assert bits(loaded) == before
    fit(loaded, **given)


def test_the_same_data_in_another_container_are_accepted(path):
    killed_fit(model(max_iter=4), path, 2, X, Y)
    again = load_checkpoint(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again.resume(np.asfortranarray(X), Y.tolist(), np.ones(len(Y), np.float32))
    assert bits(again) == bits(fit(model(max_iter=4), X, Y))


def test_other_parameters_are_refused(path, capsys):
    killed_fit(model(max_iter=4), path, 2, X, Y)
    with pytest.raises(ValueError, match="max_iter=5, but the fit that was interrupted had max_iter=4"):
        load_checkpoint(path).set_params(max_iter=5).resume(X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        load_checkpoint(path).set_params(verbose=True, max_iter=np.uint8(4), loss=np.str_("squared_error")).resume(X, Y)
    assert capsys.readouterr().out.count("Iteration") == 2


LOSS = Enum("Loss", {"OURS": "quantile"}, type=str)  # names of losses, as some programs keep them


@pytest.mark.parametrize(
    "parameters",
    [
        {"loss": np.str_("huber")},
        {"loss": LOSS.OURS, "quantile": [np.float64(0.1), np.float32(0.5), 0.9]},
        {"loss": "quantile", "quantile": (np.float16(0.25), 0.5)},
        {"hidden_size": np.int8(3), "shuffle": np.False_, "alpha": Fraction(1, 10)},
    ],
    ids=str,
)
def test_parameters_may_be_of_other_libraries(path, parameters):
    parameters = {"max_iter": 3, **parameters}
    killed_fit(model(**parameters), path, 2, X, Y)
    found, whole = resumed(path, X, Y), fit(model(**parameters), X, Y)
    np.testing.assert_array_equal(found.theta_, whole.theta_)
    assert found.loss_curve_ == whole.loss_curve_


@pytest.mark.parametrize("estimator", [model(), Forecaster()])
def test_there_must_be_a_fit_to_resume(estimator):
    with pytest.raises(ValueError, match=r"resume continues a fit .* load_checkpoint\(path\)\.resume\(X, y\)"):
        estimator.resume(X, Y)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda loaded: pickle.loads(pickle.dumps(loaded))])
def test_a_copy_of_what_was_loaded_can_be_resumed(path, again):
    for make, data in ((small, (X, Y)), (lambda: Forecaster(small(), trust=1.0), (None, AIRLINE))):
        whole = fit(make(), *data)
        killed_fit(make(), path, 2, *data)
        found = again(load_checkpoint(path))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.resume(*data)
        networks = [(found, whole)] if make is small else zip(found.regressors_, whole.regressors_, strict=True)
        assert all(bits(one) == bits(other) for one, other in networks)


# ---- files that an enemy wrote


def with_parameter(path, name, value):
    """Change a parameter of the LSTMRegressor in a file. The checksums are right, and are not compared here."""
    content, arrays = read_archive(path)
    spec = content["content"]["dict"][0][1]["EstimatorSpec"]["parameters"]["dict"]
    parameters = dict(spec)
    if "regressor" in parameters:
        spec = parameters["regressor"]["EstimatorSpec"]["parameters"]["dict"]
    next(pair for pair in spec if pair[0] == name)[1] = value
    write_archive(path, content, arrays)


ENEMY = {
    "hidden_size": 10**5,  # its weights need 160 GB
    "n_layers": 10**7,
    "bidirectional": True,
    "loss": "huber",
    "quantile": 0.1,
    "missing": "indicator",
    "n_channels": 10**12,
    "n_targets": 10**12,
}


@pytest.mark.parametrize("name", ENEMY)
def test_parameters_are_those_of_the_network(path, name):
    killed_fit(model(max_iter=4), path, 2, X, Y)
    with_parameter(path, name, ENEMY[name])
    with pytest.raises(ValueError, match=rf"cannot be loaded: {name}=.*, but the checkpoint is of a network with"):
        load_checkpoint(path)


@pytest.mark.parametrize("name", ENEMY)
def test_parameters_inside_of_a_forecaster_are_those_of_the_network(path, monkeypatch, name):
    monkeypatch.setattr(training_log, "_check_same", lambda found, expected: None)
    killed_fit(Forecaster(small(), window_length=6), path, 2, None, AIRLINE)
    with_parameter(path, name, ENEMY[name])
    loaded = load_checkpoint(path)
    with pytest.raises(ValueError, match=name):
        loaded.resume(None, AIRLINE)


@pytest.mark.parametrize(("name", "value"), [("max_iter", 0), ("tol", "a"), ("solver", "none"), ("forget_bias", True)])
def test_parameters_are_validated(path, name, value):
    killed_fit(model(max_iter=4), path, 2, X, Y)
    with_parameter(path, name, value)
    with pytest.raises(ValueError, match=rf"cannot be loaded: .*{name}"):
        load_checkpoint(path)


def test_the_form_of_the_data_is_that_of_the_network(path, monkeypatch):
    """Other targets and channels, whose checksums an enemy made right."""
    monkeypatch.setattr(training_log, "_check_same", lambda found, expected: None)
    killed_fit(model(max_iter=4, n_targets=1), path, 2, X, Y)
    for data in ((X, Y[:, np.newaxis]), (X, np.c_[Y, Y]), (np.concatenate([X, X], axis=2), Y)):
        with pytest.raises(ValueError, match="The checkpoint has"):
            load_checkpoint(path).resume(*data)


# ---- forecasters


def small(**settings):
    return model(max_iter=4, **settings)


FORECASTERS = {
    "default": lambda: Forecaster(default_regressor().set_params(hidden_size=4, max_updates=12), steps=3),
    "trained without the tail and alone": lambda: Forecaster(small(), strategy="direct", steps=2),
    "intervals": lambda: Forecaster(small(), intervals="conformal", trust=1.0, window_length=6),
    "bootstrap": lambda: Forecaster(small(solver="lbfgs"), intervals="bootstrap", baseline=None, season=None),
    "pipeline": lambda: Forecaster(make_pipeline(StandardScaler(), small()), steps=2, strategy="direct"),
    "several outputs": lambda: Forecaster(MultiOutputRegressor(small()), strategy="multioutput", steps=2),
    "bagging": lambda: Forecaster(BaggingRegressor(small(), n_estimators=2, random_state=1)),
    "transformer": lambda: Forecaster(small(), target_transformer=PowerTransformer(), season=12),
    "baseline": lambda: Forecaster(Ridge(), baseline=small()),
}


@pytest.mark.parametrize("make", FORECASTERS.values(), ids=FORECASTERS)
def test_a_forecaster_goes_on_with_the_network_that_was_in_training(path, make):
    whole = fit(make(), None, AIRLINE)
    with pytest.MonkeyPatch.context() as monkeypatch:
        writes = write_then_die(monkeypatch, None)
        fit(make().set_callbacks(Checkpoint(path, every=3)), None, AIRLINE)
    coverage = {"coverage": 0.8} if whole.intervals else {}
    for n in range(1, len(writes) + 1):
        killed_fit(make(), path, n, None, AIRLINE, every=3)
        found = resumed(path, None, AIRLINE)
        assert found.forecast(2, **coverage).equals(whole.forecast(2, **coverage))
        for one, other in zip(found.regressors_, whole.regressors_, strict=True):
            if isinstance(one, type(model())):
                assert bits(one) == bits(other)


PANEL = pd.concat({"whole": AIRLINE, "late": AIRLINE["1954":] / 2}, names=["line", "month"])
COLUMNS = pd.DataFrame(
    {"number": np.arange(len(AIRLINE)) % 12, "before": np.sqrt(AIRLINE.shift(1, fill_value=112.0))}, AIRLINE.index
)
GAPS = AIRLINE.where(np.arange(len(AIRLINE)) % 17 != 0)
TABLES = {
    "panel": (None, PANEL),
    "columns": (COLUMNS, AIRLINE),
    "columns of a panel": (COLUMNS.reindex(PANEL.index.get_level_values(1)).set_axis(PANEL.index), PANEL),
    "several targets": (None, AIRLINE.to_frame("all").assign(root=np.sqrt(AIRLINE))),
    "gaps": (None, GAPS),
}


@pytest.mark.parametrize("tables", TABLES.values(), ids=TABLES)
def test_a_forecaster_of_other_tables_goes_on(path, tables):
    X, y = tables

    def new():
        settings = {} if X is None else {"past_only": ["before"], "steps": 2}
        return Forecaster(small(), window_length=6, **settings)

    whole = fit(new(), X, y)
    ahead = whole.future_index(2)
    future = () if X is None else (pd.DataFrame({"number": np.resize([0, 1], len(ahead))}, ahead),)
    with pytest.MonkeyPatch.context() as monkeypatch:
        writes = write_then_die(monkeypatch, None)
        fit(new().set_callbacks(Checkpoint(path, every=2)), X, y)
    for n in range(1, len(writes) + 1):
        killed_fit(new(), path, n, X, y, every=2)
        found = resumed(path, X, y)
        assert found.forecast(2, *future).equals(whole.forecast(2, *future))
        assert found.history_.equals(whole.history_)


def test_a_network_that_was_trained_is_not_trained_again(path):
    """Of two, the second was in training: only its last epochs are missing."""
    make = FORECASTERS["trained without the tail and alone"]
    with pytest.MonkeyPatch.context() as monkeypatch:
        write_then_die(monkeypatch, 5 + 2)
        with pytest.raises(Killed):
            make().set_callbacks(Checkpoint(path, every=1)).fit(None, AIRLINE)
    with pytest.MonkeyPatch.context() as monkeypatch:
        writes = write_then_die(monkeypatch, None)
        loaded = load_checkpoint(path).set_callbacks(Checkpoint(path, every=1))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded.resume(None, AIRLINE)
    n_trained = len(load_checkpoint(path)._unfinished.trainings)
    assert len(writes) == n_trained + 2 + 4 * (n_trained - 2)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("y", AIRLINE + 1e-9),
        ("y", AIRLINE[::-1].set_axis(AIRLINE.index)),
        ("y", AIRLINE.shift(freq="MS")),
        ("X", pd.DataFrame({"a": 1.0}, AIRLINE.index)),
        ("sample_weight", np.r_[2.0, np.ones(143)]),
    ],
)
def test_a_forecaster_refuses_other_data(path, argument, value):
    killed_fit(Forecaster(small()), path, 2, None, AIRLINE)
    with pytest.raises(ValueError, match=f"^{argument}: not what the checkpoint was written for"):
        load_checkpoint(path).resume(**{"X": None, "y": AIRLINE, argument: value})


def test_a_forecaster_refuses_other_parameters(path):
    killed_fit(Forecaster(small()), path, 2, None, AIRLINE)
    with pytest.raises(ValueError, match="regressor__hidden_size=5, but the fit that was interrupted had"):
        load_checkpoint(path).set_params(regressor__hidden_size=5).resume(None, AIRLINE)
    load_checkpoint(path).set_params(regressor__verbose=False, verbose=False)


def test_a_parameter_that_a_file_cannot_hold_is_given_when_it_is_read(path):
    def make(function=np.log1p, inverse=np.expm1):
        return Forecaster(small(), target_transformer=FunctionTransformer(function, inverse), log=None)

    killed_fit(make(), path, 2, None, AIRLINE)
    with pytest.raises(ValueError, match=r"target_transformer__func .*load_checkpoint\(path, estimator=\.\.\.\)"):
        load_checkpoint(path)
    with pytest.raises(ValueError, match=r"estimator has other parameters than the fit had: regressor, steps\."):
        load_checkpoint(path, make().set_params(regressor__hidden_size=5, steps=2))
    endless = {}
    endless["itself"] = endless
    for other in (small(), Forecaster, 3, np.timedelta64(3, "D"), endless, [Unshowable()]):
        with pytest.raises(ValueError, match="estimator has other parameters than the fit had: another class"):
            load_checkpoint(path, other)
    found, whole = resumed(path, None, AIRLINE, estimator=make()), fit(make(), None, AIRLINE)
    pd.testing.assert_series_equal(found.forecast(3), whole.forecast(3), check_exact=True)
    with pytest.raises(ValueError, match=r"^X, y: not what"):  # another function gives other windows
        load_checkpoint(path, make(np.sqrt, np.square)).resume(None, AIRLINE)


# ---- wrong use


def test_wrong_arguments(path):
    for wrong in (b"fit.npz", 3, None, Unshowable(), [Unshowable()], in_itself()):
        with pytest.raises(TypeError, match="path must be"):
            Checkpoint(wrong)
    for wrong, error in ((0, ValueError), (1.5, TypeError), (True, TypeError), ("1", TypeError)):
        with pytest.raises(error, match="every must be"):
            Checkpoint(path, every=wrong)
    assert repr(Checkpoint("a.npz", every=np.int8(3))) == "Checkpoint('a.npz', every=3)"


def not_trained(estimator, error, message, *data):
    observer = Observer()
    estimator.set_callbacks(*vars(estimator)["_skl_callbacks"], observer)
    with pytest.raises(error, match=message):
        estimator.fit(*data)
    assert observer.n_epochs == 0


@pytest.mark.parametrize("make", [small, lambda: Forecaster(small())])
def test_what_cannot_be_written_is_refused_before_training(tmp_path, make):
    data = (X, Y) if type(make()) is type(small()) else (None, AIRLINE)
    not_trained(make().set_callbacks(Checkpoint(tmp_path / "no" / "fit.npz")), FileNotFoundError, "no folder", *data)
    not_trained(make().set_callbacks(Checkpoint(tmp_path)), IsADirectoryError, "its path is a folder", *data)
    one, other = Checkpoint(tmp_path / "1.npz"), Checkpoint(tmp_path / "2.npz")
    not_trained(make().set_callbacks(one, other), ValueError, "two Checkpoints", *data)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.parametrize("is_folder", [True, False])
def test_what_may_not_be_written_is_refused_before_training(is_folder):
    with tempfile.TemporaryDirectory() as folder:  # its name can be read by everybody, unlike that of `tmp_path`
        os.chmod(folder, 0o777)
        file = Path(folder) / "fit.npz"
        file.touch()
        os.chmod(folder if is_folder else file, 0o555)

        def train():
            not_trained(small().set_callbacks(Checkpoint(file)), PermissionError, "fit.npz", X, Y)
            return "refused"

        assert in_a_child(train) == "refused"


def test_a_device_is_refused_before_training():
    not_trained(small().set_callbacks(Checkpoint("/dev/null")), ValueError, "/dev/null", X, Y)


def test_a_relative_path_is_that_of_the_folder_in_which_the_fit_began(tmp_path, monkeypatch):
    class Goes(Observer):
        def on_fit_task_end(self, estimator, context):
            os.chdir(tmp_path / "other")

    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "one")
    whole = fit(small().set_callbacks(Checkpoint("fit.npz", every=1), Goes()), X, Y)
    assert [found.name for found in (tmp_path / "one").iterdir()] == ["fit.npz"]
    assert not list((tmp_path / "other").iterdir())
    assert bits(load_checkpoint(tmp_path / "one" / "fit.npz")) == bits(whole)


def test_an_index_that_cannot_be_written_is_refused_before_training(path):
    days = pd.offsets.CustomBusinessDay(holidays=["2020-01-01"])
    y = pd.Series(Y, pd.date_range("2020-01-02", periods=len(Y), freq=days))
    not_trained(small().set_callbacks(Checkpoint(path)), TypeError, "CustomBusinessDay cannot be written", X, y)


def test_one_file_for_each_fit(path):
    class Nested(Observer):
        def on_fit_task_end(self, estimator, context):
            if super().on_fit_task_end(estimator, context):
                with pytest.raises(ValueError, match="Another fit is writing"):
                    small().set_callbacks(Checkpoint(path)).fit(X, Y)

    fit(small().set_callbacks(Checkpoint(path), Nested(last=1)), X, Y)
    fit(small().set_callbacks(Checkpoint(path)), X, Y)  # the first one has ended


@pytest.mark.parametrize(
    "estimator",
    [
        GridSearchCV(small(), {"hidden_size": [2]}, cv=2).set_callbacks(Checkpoint("x.npz")),
        make_pipeline(StandardScaler(), small()).set_callbacks(Checkpoint("x.npz")),
    ],
    ids=["search", "pipeline"],
)
def test_it_is_not_for_other_estimators(estimator, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TypeError, match="is for an LSTMRegressor or a Forecaster"):
        estimator.fit(X[..., 0], Y)
    assert not list(tmp_path.iterdir())


def test_many_fits_are_refused(path):
    with_callback = small().set_callbacks(Checkpoint(path))
    with pytest.raises((ValueError, TypeError)):
        GridSearchCV(with_callback, {"hidden_size": [2]}, cv=2, error_score="raise").fit(X[..., 0], Y)
    with pytest.raises(ValueError, match="follows one fit, but this LSTMRegressor is fitted inside"):
        Forecaster(with_callback).fit(None, AIRLINE)
    with pytest.raises(ValueError, match="follows one fit, but this Forecaster is fitted inside"):
        backtest(Forecaster(small()).set_callbacks(Checkpoint(path)), None, AIRLINE, steps=2, n_origins=2)
    assert not path.exists()


def test_fits_one_after_another_write_one_after_another(path):
    """Without callbacks of its own, cross-validation cannot be told from single fits; no file is mixed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cross_val_score(small().set_callbacks(Checkpoint(path)), X[..., 0], Y, cv=2)
    assert load_checkpoint(path).n_iter_ == 4


# ---- disks


def test_a_full_disk_leaves_the_older_file_and_the_estimator(path, monkeypatch):
    import sklstm._checkpoint.files as files

    fitted = fit(small().set_callbacks(Checkpoint(path)), X, Y)
    before, data = bits(fitted), path.read_bytes()

    def write_archive(*args):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(files, "write_archive", write_archive)
    with pytest.raises(OSError, match=r"No space left on device.*fit\.npz"):
        fitted.fit(X[:50], Y[:50])
    assert bits(fitted) == before
    assert path.read_bytes() == data
    monkeypatch.undo()
    fit(fitted, X[:50], Y[:50])  # the file may be written again
    assert path.read_bytes() != data
