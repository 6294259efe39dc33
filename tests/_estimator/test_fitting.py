"""Fitting as the user sees it: stopping early, continuing, interrupting."""

import pickle
import subprocess
import sys
import tracemalloc
import warnings

import joblib
import numpy as np
import pytest
from scipy.optimize import OptimizeResult
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, mean_poisson_deviance, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from sklstm import LSTMRegressor, make_windows
from sklstm._network import stack
from sklstm._network.missing_values import SKIP
from sklstm._network.objective import Objective
from sklstm._network.targets import training_targets
from sklstm._training.lbfgs import LBFGSTrainer
from sklstm._training.loop import Trainer
from sklstm._training.schedules import Schedule
from tests import tools
from tests.tools import fit

RNG = np.random.default_rng(0)
X = RNG.normal(5, 2, (40, 6, 2))
Y = X[:, -1, 0] - 0.5 * X[:, -3, 1]
X_VAL = RNG.normal(5, 2, (12, 6, 2))
Y_VAL = X_VAL[:, -1, 0] - 0.5 * X_VAL[:, -3, 1]


def model(**settings):
    return tools.model(**{"max_iter": 6, **settings})


# ---- rows to stop by


def held_out(n, n_validation, gap=0):
    return np.arange(n - n_validation - gap), np.arange(n - n_validation, n)


def test_the_last_rows_are_held_out_and_not_learnt_from():
    """Weights, scaling and losses are those of a fit on the first rows with the last ones given."""
    auto = fit(model(early_stopping=True, validation_fraction=0.2, validation_gap=3), X, Y)
    first, last = held_out(40, 8, 3)
    given = fit(model(early_stopping=True), X[first], Y[first], X_val=X[last], y_val=Y[last])
    np.testing.assert_array_equal(auto.theta_, given.theta_)
    assert auto.loss_curve_ == given.loss_curve_
    assert auto.validation_loss_curve_ == given.validation_loss_curve_
    assert auto.validation_scores_ == given.validation_scores_
    assert auto.t_ == auto.n_iter_ * len(first)
    moved = X.copy()
    moved[first[-1] + 1 :] *= 7
    np.testing.assert_array_equal(fit(model(**auto.get_params()), moved, Y).loss_curve_, auto.loss_curve_)


def test_without_early_stopping_there_is_no_validation():
    fitted = fit(model(), X, Y)
    assert fitted.validation_loss_curve_ is fitted.validation_scores_ is fitted.best_validation_score_ is None
    assert fitted.best_iter_ == fitted.n_iter_ == 6


def test_random_rows_are_drawn_by_random_state():
    fits = [fit(model(early_stopping=True, validation_split="random", random_state=seed), X, Y) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(fits[0].theta_, fits[1].theta_)
    assert fits[0].validation_loss_curve_ != fits[2].validation_loss_curve_
    seed = fits[0]._state.split_seed
    first, last = map(np.sort, train_test_split(np.arange(40), test_size=4, random_state=seed))
    given = fit(model(early_stopping=True), X[first], Y[first], X_val=X[last], y_val=Y[last])
    np.testing.assert_array_equal(given.theta_, fits[0].theta_)


@pytest.mark.parametrize("targets", ["last", "given", "next"])
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "quantile", "poisson"])
def test_validation_is_the_metric_of_the_predictions_after_every_epoch(loss, targets):
    """In standardised units; the best weights are restored."""
    metric = {
        "squared_error": lambda y, p: mean_squared_error(y, p) / 2,
        "absolute_error": mean_absolute_error,
        "quantile": lambda y, p: mean_pinball_loss(y, p, alpha=0.3),
        "poisson": lambda y, p: mean_poisson_deviance(y, p) / 2,
    }[loss]
    series, series_val = np.abs(X[..., :1]), np.abs(X_VAL[..., :1])
    series[0, :2], series_val[1, 2] = np.nan, np.nan
    y, y_val = (
        np.nan_to_num(s).cumsum(axis=1) if targets == "given" else s[:, -1, 0] + 1 for s in (series, series_val)
    )
    settings = {"loss": loss, "quantile": 0.3, "loss_steps": "all" if targets == "next" else "last"}
    fitted = fit(model(early_stopping=True, **settings), series, y, X_val=series_val, y_val=y_val)
    losses, scores, theta = fitted.validation_loss_curve_, fitted.validation_scores_, fitted.theta_
    assert len(losses) == len(scores) == fitted.n_iter_ == 6
    best = int(np.argmin(losses))
    assert fitted.best_iter_ == best + 1
    assert fitted.best_validation_score_ == scores[best]
    for epoch in range(1, 7):
        again = fit(model(max_iter=epoch, **settings), series, y)
        answers = again.predict(series_val)
        present = ~np.isnan(answers)
        assert scores[epoch - 1] == pytest.approx(r2_score(y_val[present], answers[present]), rel=1e-9)
        if targets == "next":
            y_column = y_val[:, np.newaxis]
            truth = training_targets(series_val, y_column, True, SKIP.skipped_steps(series_val))
            answers = again._state.network.predict(again.theta_, series_val, True)
            present = ~np.isnan(truth) & ~np.isnan(answers)
        else:
            truth = y_val
        scale = again._state.network.scaling.target_scale.item()
        value = metric(truth[present], answers[present])
        unit = {"squared_error": scale**2, "poisson": scale}.get(loss, scale)
        if loss == "poisson":
            unit *= again._state.network.scaling.target_spread.item() ** 2
        assert losses[epoch - 1] == pytest.approx(value / unit, rel=1e-9)
        if epoch == fitted.best_iter_:
            np.testing.assert_array_equal(theta, again.theta_)


def test_training_stops_when_the_validation_loss_does():
    noise = RNG.standard_normal(40)
    fitted = model(early_stopping=True, max_iter=1000, n_iter_no_change=5).fit(X, noise)
    assert fitted.n_iter_ == fitted.best_iter_ + 6 < 1000
    assert fitted.validation_loss_curve_[fitted.best_iter_ - 1] == min(fitted.validation_loss_curve_)


def test_validation_rows_have_weights():
    """Of 0 and 2 and 1 as without the row, with it twice, and with it."""
    weight = np.arange(12) % 3
    one = fit(model(early_stopping=True), X, Y, X_val=X_VAL, y_val=Y_VAL, sample_weight_val=weight)
    repeated = {"X_val": np.repeat(X_VAL, weight, axis=0), "y_val": np.repeat(Y_VAL, weight)}
    other = fit(model(early_stopping=True), X, Y, **repeated)
    np.testing.assert_allclose(one.validation_loss_curve_, other.validation_loss_curve_, rtol=1e-12)
    np.testing.assert_allclose(one.validation_scores_, other.validation_scores_, rtol=1e-12)


def test_a_single_validation_row_has_a_loss_and_no_score():
    fitted = fit(model(early_stopping=True), X, Y, X_val=X_VAL[:1], y_val=Y_VAL[:1])
    assert fitted.validation_loss_curve_[-1] > 0
    assert np.isnan(fitted.validation_scores_).all()


def test_rows_without_a_step_are_not_validated_on():
    X_val, y_val = X_VAL.copy(), Y_VAL.copy()
    X_val[3], y_val[3] = np.nan, 1e6
    one = fit(model(early_stopping=True), X, Y, X_val=X_val, y_val=y_val)
    other = fit(model(early_stopping=True), X, Y, X_val=np.delete(X_VAL, 3, axis=0), y_val=np.delete(Y_VAL, 3))
    assert one.validation_loss_curve_ == other.validation_loss_curve_


def test_validation_sequences_may_be_longer():
    longer = np.concatenate((np.full((12, 2, 2), np.nan), X_VAL), axis=1)
    one, other = (fit(model(early_stopping=True), X, Y, X_val=rows, y_val=Y_VAL) for rows in (X_VAL, longer))
    np.testing.assert_allclose(one.validation_loss_curve_, other.validation_loss_curve_, rtol=1e-12)


WRONG = {
    "X_val alone": ({"X_val": X_VAL}, "X_val was given without y_val"),
    "y_val alone": ({"y_val": Y_VAL}, "y_val was given without X_val"),
    "weights alone": ({"sample_weight_val": np.ones(12)}, "sample_weight_val was given without"),
    "channels": ({"X_val": X_VAL[..., :1], "y_val": Y_VAL}, "In X_val.* X has 1 channels"),
    "dimensions": ({"X_val": X_VAL[..., 0], "y_val": Y_VAL}, "X_val has shape .* transform_input"),
    "lengths": ({"X_val": X_VAL, "y_val": Y_VAL[:5]}, r"In X_val.* inconsistent.*\[12, 5\]"),
    "outputs": ({"X_val": X_VAL, "y_val": np.ones((12, 2))}, "y has 2 dimensions and 2 outputs"),
    "infinity": ({"X_val": X_VAL * np.inf, "y_val": Y_VAL}, "infinity"),
    "targets that are missing": ({"X_val": X_VAL, "y_val": Y_VAL * np.nan}, "In X_val.* contains NaN"),
    "no step": ({"X_val": X_VAL * np.nan, "y_val": Y_VAL}, "No row to validate on"),
    "weights": ({"X_val": X_VAL, "y_val": Y_VAL, "sample_weight_val": -np.ones(12)}, "In X_val.*[Nn]egative"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_validation_data_leaves_the_earlier_fit(name):
    given, message = WRONG[name]
    estimator = fit(model(early_stopping=True), X, Y)
    before = dict(vars(estimator))
    with pytest.raises((ValueError, TypeError), match=message):
        estimator.fit(X, Y, **given)
    assert vars(estimator) == before


def test_validation_data_without_early_stopping_is_an_error():
    with pytest.raises(ValueError, match="early_stopping=True only"):
        model().fit(X, Y, X_val=X_VAL, y_val=Y_VAL)


def test_negative_targets_of_counts_are_an_error_that_names_them():
    for name, targets in {"y": (-Y, Y_VAL), "y_val": (np.abs(Y), -np.abs(Y_VAL))}.items():
        with pytest.raises(ValueError, match=f"needs {name} >= 0, but the smallest target is -"):
            model(loss="poisson", early_stopping=True).fit(X, targets[0], X_val=X_VAL, y_val=targets[1])


# ---- continuing

CONTINUED = {
    "adam": {},
    "adamw": {"solver": "adamw", "alpha": 0.1},
    "rmsprop": {"solver": "rmsprop"},
    "sgd": {"solver": "sgd"},
    "two layers": {"n_layers": 2},
    "bidirectional": {"bidirectional": True},
    "dropout": {"dropout": 0.3},
    "quantiles": {"loss": "quantile", "quantile": [0.1, 0.5]},
    "invscaling": {"learning_rate": "invscaling"},
    "adaptive": {"learning_rate": "adaptive", "tol": 0.3, "n_iter_no_change": 2},
    "early stopping": {"early_stopping": True, "learning_rate_init": 0.3},
    "early stopping at random": {"early_stopping": True, "validation_split": "random", "learning_rate_init": 0.3},
}


def halfway(name):
    """A model of half the epochs, which goes on from there."""
    half = fit(model(max_iter=10, warm_start=True, **CONTINUED[name]), X, Y)
    if "early" in name:
        assert half.best_iter_ < half.n_iter_  # so that the kept weights are not those to go on from
    return half


@pytest.fixture(scope="module")
def continued(tmp_path_factory):
    """All of them after a pickle and ten more epochs in a new process."""
    path = tmp_path_factory.mktemp("pickles") / "state.pickle"
    path.write_bytes(pickle.dumps(({name: halfway(name) for name in CONTINUED}, X, Y)))
    code = (
        "import pickle, sys, warnings; warnings.simplefilter('ignore'); path = sys.argv[1]\n"
        "models, X, y = pickle.load(open(path, 'rb'))\n"
        "pickle.dump({name: model.fit(X, y) for name, model in models.items()}, open(path, 'wb'))"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    return pickle.loads(path.read_bytes())


@pytest.mark.parametrize("name", CONTINUED)
def test_ten_epochs_a_pickle_and_ten_more_in_a_new_process_are_twenty(name, continued):
    whole, rest = fit(model(max_iter=20, **CONTINUED[name]), X, Y), continued[name]
    np.testing.assert_array_equal(rest.theta_, whole.theta_)
    for curve in ("loss_curve_", "validation_loss_curve_", "validation_scores_", "best_iter_", "n_iter_", "t_"):
        assert getattr(rest, curve) == getattr(whole, curve)


def test_partial_fit_goes_along_the_cosine_of_a_whole_fit():
    whole, parts = fit(model(max_iter=6, learning_rate="cosine"), X, Y), model(max_iter=6, learning_rate="cosine")
    for _ in range(3):
        parts.partial_fit(X, Y)
    parts = pickle.loads(pickle.dumps(parts))
    for _ in range(3):
        parts.partial_fit(X, Y)
    np.testing.assert_array_equal(parts.theta_, whole.theta_)


def test_a_fit_that_continues_begins_the_cosine_again():
    twice = model(max_iter=4, learning_rate="cosine", warm_start=True, solver="sgd", momentum=0.0)
    fit(fit(twice, X, Y), X, Y)
    rates = []

    class Spy(Trainer):
        def _epoch(self, theta, objective, optimizer, rng, progress, n_taken):
            rates.append(self.schedule.rate(0, (progress.n_epochs - progress.period_start) / self.period, 0))
            return super()._epoch(theta, objective, optimizer, rng, progress, n_taken)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sklstm._estimator.solvers.Trainer", Spy)
        fit(fit(twice, X, Y), X, Y)
    np.testing.assert_allclose(rates, np.tile(0.005 * (1 + np.cos(np.pi * np.arange(4) / 4)), 2))


def test_a_cosine_that_came_to_its_end_is_no_failure_to_converge():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model(learning_rate="cosine").fit(X, Y).n_iter_ == 6
    with pytest.warns(ConvergenceWarning):
        model().fit(X, Y)


def test_what_else_cannot_change_while_training_continues():
    changes = {
        "n_layers": 2, "bidirectional": True, "dropout": 0.5, "loss": "huber", "delta": 2.0, "quantile": 0.3,
        "loss_steps": "all", "forget_bias": "chrono",
    }  # fmt: skip
    for name, value in changes.items():
        estimator = fit(model(warm_start=True), X[..., :1], Y).set_params(**{name: value})
        with pytest.raises(ValueError, match=f"{name}=.* training continues a model with"):
            estimator.fit(X[..., :1], Y)


def test_early_stopping_and_lbfgs_have_no_partial_fit():
    for settings in ({"early_stopping": True}, {"solver": "lbfgs"}):
        assert not hasattr(model(**settings), "partial_fit")
        with pytest.raises(AttributeError, match="partial_fit"):
            model(**settings).partial_fit(X, Y)
    assert hasattr(model(), "partial_fit")


# ---- a budget of updates: batches of 12 make 4 updates in an epoch, the last of 4 rows


def budget(**settings):
    return model(**{"batch_size": 12, "max_iter": 200, **settings})


def seen_by(estimator, monkeypatch, method="fit"):
    """The rows of every batch."""
    batches, original = [], Objective._data_term

    def data_term(self, theta, batch):
        batches.append(np.atleast_1d(np.arange(len(self))[batch]))
        return original(self, theta, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Objective, "_data_term", data_term)
        fit(estimator, X, Y) if method == "fit" else estimator.partial_fit(X, Y)
    return batches


def positions(monkeypatch, *calls):
    """Where in its period the schedule is at each update."""
    found, original = [], Schedule.rate

    def rate(self, n_updates, position, n_cuts):
        found.append(position)
        return original(self, n_updates, position, n_cuts)

    with monkeypatch.context() as patch:
        patch.setattr(Schedule, "rate", rate)
        for call in calls:
            call()
    return found


@pytest.mark.parametrize("name", [name for name in CONTINUED if name != "adaptive"] + ["cosine"])
def test_updates_of_so_many_epochs_are_these_epochs(name):
    settings = CONTINUED.get(name, {"learning_rate": "cosine"})
    n_batches = 3 if "early" in name else 4  # 36 rows are trained on
    by_epochs, by_updates = budget(max_iter=10, **settings), budget(max_updates=10 * n_batches, **settings)
    fit(by_epochs, X, Y)
    fit(by_updates, X, Y)
    np.testing.assert_array_equal(by_updates.theta_, by_epochs.theta_)
    for curve in ("loss_curve_", "validation_loss_curve_", "validation_scores_", "best_iter_", "n_iter_", "t_"):
        assert getattr(by_updates, curve) == getattr(by_epochs, curve)
    assert (by_updates.max_updates_, by_epochs.max_updates_) == (10 * n_batches, None)


def test_an_epoch_that_updates_ended_counts(capsys):
    fitted = fit(budget(max_updates=6, verbose=True), X, Y)
    assert (fitted.n_iter_, fitted.best_iter_, len(fitted.loss_curve_), fitted.t_) == (2, 2, 2, 40 + 24)
    assert [line.split(",")[0] for line in capsys.readouterr().out.splitlines()] == ["Iteration 1", "Iteration 2"]
    validated = fit(budget(max_updates=4, early_stopping=True), X, Y)
    assert len(validated.validation_loss_curve_) == len(validated.validation_scores_) == validated.n_iter_ == 2
    assert validated.t_ == 36 + 12


def test_few_updates_see_rows_at_random_and_none_twice(monkeypatch):
    batches = seen_by(budget(max_updates=2), monkeypatch)
    assert [len(batch) for batch in batches] == [12, 12]
    rows = np.concatenate(batches)
    assert len(set(rows)) == 24
    assert rows.max() >= 24
    other = np.concatenate(seen_by(budget(max_updates=2, random_state=1), monkeypatch))
    assert set(rows) != set(other)
    in_order = np.concatenate(seen_by(budget(max_updates=2, shuffle=False), monkeypatch))
    np.testing.assert_array_equal(in_order, np.arange(24))


def test_automatic_updates_count_the_rows_that_are_trained_on():
    """Not those of weight 0 or without a step, and not those that are held out."""
    rows, weight = X.copy(), np.ones(40)
    weight[::5] = 0
    rows[1] = np.nan
    kept = np.flatnonzero(weight)[1:]  # 31, of which 8 are held out
    settings = {"batch_size": 1, "max_updates": "auto", "max_iter": 20}
    stopping = {"early_stopping": True, "validation_fraction": 0.25}
    assert fit(budget(**settings), X, Y).max_updates_ == 400
    for more, n_updates in (({}, 310), (stopping, 230)):
        fitted = fit(budget(**settings, **more), rows, Y, sample_weight=weight)
        without = fit(budget(**settings, **more), X[kept], Y[kept])
        assert fitted.max_updates_ == without.max_updates_ == fitted.t_ == without.t_ == n_updates
        np.testing.assert_array_equal(fitted.theta_, without.theta_)


def test_a_fit_that_continues_has_a_new_budget(monkeypatch):
    estimator = budget(max_updates=6, warm_start=True, learning_rate="cosine")
    curve = []
    for k in (1, 2, 3):
        estimator = fit(pickle.loads(pickle.dumps(estimator)), X, Y)
        assert (estimator.n_iter_, estimator.t_) == (2 * k, 64 * k)
        assert estimator.loss_curve_[: len(curve)] == curve
        curve = estimator.loss_curve_
    found = np.array(positions(monkeypatch, lambda: fit(estimator, X, Y)))
    np.testing.assert_allclose(found, np.array([0, 12, 24, 36, 40, 52]) / 64)
    fit(estimator.set_params(max_updates=None, max_iter=3), X, Y)
    assert (estimator.n_iter_, estimator.max_updates_) == (8 + 3, None)


def test_two_budgets_of_whole_epochs_are_their_sum():
    whole, parts = fit(budget(max_updates=20), X, Y), budget(max_updates=8, warm_start=True)
    fit(fit(parts, X, Y).set_params(max_updates=12), X, Y)
    np.testing.assert_array_equal(parts.theta_, whole.theta_)


def test_partial_fit_is_one_pass_whatever_the_updates(monkeypatch):
    limited, plain = budget(max_updates=1), budget()
    assert [len(batch) for batch in seen_by(limited, monkeypatch, "partial_fit")] == [12, 12, 12, 4]
    plain.partial_fit(X, Y)
    np.testing.assert_array_equal(limited.theta_, plain.theta_)
    assert (limited.max_updates_, limited.n_iter_, limited.t_) == (None, 1, 40)


def test_partial_fit_after_a_budget_of_updates_begins_the_schedule_again(monkeypatch):
    estimator = fit(budget(max_updates=6, max_iter=50, learning_rate="cosine"), X, Y)
    found = np.array(positions(monkeypatch, *[lambda: estimator.partial_fit(X, Y)] * 2))
    np.testing.assert_allclose(found, np.add.outer([0, 40], [0, 12, 24, 36]).ravel() / (50 * 40))


def test_what_came_to_its_end_first_is_named_and_may_be_raised():
    limits = {"max_iter": {"max_iter": 2, "max_updates": 9}, "max_updates": {"max_iter": 3, "max_updates": 9}}
    for name, settings in limits.items():
        message = {"max_iter": r"Maximum iterations \(2\)", "max_updates": r"Maximum updates \(9\)"}[name]
        with pytest.warns(ConvergenceWarning, match=f"{message} reached .* Increase {name} .*learning_rate_init"):
            budget(**settings).fit(X, Y)
        with pytest.warns(ConvergenceWarning, match="reached") as record:
            longer = budget(**{**settings, name: 100}).fit(X, Y)
        assert message not in str(record[0].message)
        assert longer.t_ > fit(budget(**settings), X, Y).t_
    with pytest.warns(ConvergenceWarning, match=r"Maximum updates \(200\) .*\(max_iter=200 is the other limit\)"):
        budget(max_updates="auto", batch_size="large").fit(X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        budget(max_updates=9, learning_rate="cosine").fit(X, Y)
        budget(max_updates=9, max_iter=2, learning_rate="cosine").fit(X, Y)
        budget(max_updates=900, tol=1e9, n_iter_no_change=1).fit(X, Y)


@pytest.mark.parametrize("random_state", [3, np.random.RandomState(3), np.random.default_rng(3)], ids=str)
def test_a_budget_of_updates_is_decided_by_random_state(random_state):
    estimator = budget(max_updates=7, dropout=0.2, random_state=random_state)
    one, other = (fit(clone(estimator), X, Y) for _ in range(2))
    np.testing.assert_array_equal(one.theta_, other.theta_)
    assert one.get_params()["max_updates"] == 7


# ---- interrupting


def interrupt(monkeypatch, after):
    """Let the user press Ctrl-C at a call of the objective."""
    calls, original = [], Objective._data_term

    def data_term(*args):
        calls.append(1)
        if len(calls) > after:
            raise KeyboardInterrupt
        return original(*args)

    monkeypatch.setattr(Objective, "_data_term", data_term)


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"solver": "lbfgs"}], ids=str)
def test_an_interrupted_fit_warns_and_keeps_the_best_weights_so_far(settings, monkeypatch):
    settings = {"learning_rate_init": 0.3, **settings}
    interrupt(monkeypatch, after=9)
    with pytest.warns(UserWarning, match=r"interrupted by user after \d+ epochs; the weights of epoch \d+ are kept"):
        stopped = model(max_iter=50, **settings).fit(X, Y)
    monkeypatch.undo()
    n, best = stopped.n_iter_, stopped.best_iter_
    assert 1 <= best <= n <= 9
    assert len(stopped.loss_curve_) == n
    watched = stopped.validation_loss_curve_ or stopped.loss_curve_
    assert watched[best - 1] == min(watched)
    plain = {**settings, "early_stopping": False, "max_iter": best}
    rows = slice(None, -4) if "early_stopping" in settings else slice(None)
    np.testing.assert_array_equal(stopped.theta_, fit(model(**plain), X[rows], Y[rows]).theta_)
    assert stopped.predict(X).shape == (40,)
    assert pickle.loads(pickle.dumps(stopped)).score(X, Y) == stopped.score(X, Y)


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"solver": "lbfgs"}], ids=str)
@pytest.mark.parametrize("continues", [False, True])
def test_a_fit_interrupted_in_its_first_epoch_leaves_the_earlier_one(settings, continues, monkeypatch):
    estimator = fit(model(warm_start=continues, **settings), X, Y)
    before, score = joblib.hash(vars(estimator)), estimator.score(X, Y)
    interrupt(monkeypatch, after=1)
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(X, -5 * Y)
    monkeypatch.undo()
    assert joblib.hash(vars(estimator)) == before
    assert estimator.score(X, Y) == score


def test_a_first_fit_interrupted_in_its_first_epoch_leaves_none(monkeypatch):
    estimator, before = model(), vars(model())
    for call in (estimator.fit, estimator.partial_fit):
        with monkeypatch.context() as patch:
            interrupt(patch, after=1)
            with pytest.raises(KeyboardInterrupt):
                call(X, Y)
        assert vars(estimator) == before
    with pytest.raises(NotFittedError):
        estimator.predict(X)


# ---- L-BFGS


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lbfgs_finds_weights_that_adam_does_not_improve_on(dtype):
    estimator = LSTMRegressor(4, solver="lbfgs", max_iter=300, tol=1e-6, alpha=0.1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(X.astype(dtype), Y)
    assert estimator.theta_.dtype == dtype
    assert (np.diff(estimator.loss_curve_) <= 1e-6).all()
    adam = fit(model(max_iter=300, alpha=0.1, batch_size=40), X.astype(dtype), Y)
    assert estimator.loss_ < adam.loss_


def test_lbfgs_says_when_it_ran_out():
    for limit in ({"max_iter": 3}, {"max_fun": 5}):
        name, value = next(iter(limit.items()))
        with pytest.warns(ConvergenceWarning, match=f"L-BFGS reached .*{name}={value} "):
            model(solver="lbfgs", **limit).fit(X, Y)


# ---- losses of other rows are not compared


def test_the_best_weights_are_judged_anew_by_other_validation_rows():
    """They were best on rows of which the later ones are the contrary."""
    estimator = fit(model(early_stopping=True, warm_start=True, max_iter=40), X, Y, X_val=X_VAL, y_val=Y_VAL)
    first = estimator.theta_
    fit(estimator, X, 3 - Y, X_val=X_VAL, y_val=3 - Y_VAL)
    assert not np.array_equal(estimator.theta_, first)
    assert estimator.best_iter_ > 40
    assert estimator.best_validation_score_ == pytest.approx(estimator.score(X_VAL, 3 - Y_VAL), rel=1e-12)
    fit(estimator.set_params(max_iter=1, learning_rate_init=1e-300), X, Y, X_val=X_VAL, y_val=Y_VAL)
    assert estimator.best_validation_score_ == pytest.approx(estimator.score(X_VAL, Y_VAL), rel=1e-12)


def test_training_on_other_rows_begins_a_new_patience():
    """Else it would stop at once, as the loss of the harder rows stays above that of the easy ones."""
    estimator = fit(model(max_iter=30, warm_start=True, n_iter_no_change=2), X, np.zeros(40))
    noise = np.random.default_rng(1).standard_normal(40) * 5
    n_before = estimator.n_iter_
    assert fit(estimator, X, noise).n_iter_ == n_before + 30


def test_an_interrupted_fit_keeps_no_weights_of_other_rows(monkeypatch):
    estimator = fit(model(max_iter=20, warm_start=True), X, Y)
    fit(estimator, X, -5 * Y)
    before = estimator.theta_.copy()
    interrupt(monkeypatch, after=3)
    with pytest.warns(UserWarning, match="interrupted by user after 41 epochs; the weights of epoch 41 are kept"):
        estimator.fit(X, 2 * Y)
    monkeypatch.undo()
    assert 0 < np.abs(estimator.theta_ - before).max() < 0.1  # two updates later


@pytest.mark.parametrize("first", [{}, {"early_stopping": True}], ids=str)
def test_a_fit_interrupted_after_its_first_validated_epoch_is_usable(first, monkeypatch):
    estimator = fit(model(warm_start=True, **first), X, Y)
    fit(estimator.set_params(early_stopping=False), X, Y)
    interrupt(monkeypatch, after=3)
    with pytest.warns(UserWarning, match="interrupted by user after 13 epochs; the weights of epoch 13 are kept"):
        estimator.set_params(early_stopping=True).fit(X, Y)
    monkeypatch.undo()
    assert len(estimator.validation_loss_curve_) == len(estimator.validation_scores_) == 13
    assert estimator.best_validation_score_ == estimator.validation_scores_[-1]
    assert estimator.predict(X).shape == Y.shape


@pytest.mark.parametrize("settings", [{"n_targets": 3}, {"early_stopping": True, "validation_gap": 1000}], ids=str)
def test_a_refused_fit_draws_nothing(settings):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"n_targets=3|no sample is left"):
        model(random_state=rng, **settings).fit(X, Y)
    assert rng.integers(2**63) == np.random.default_rng(0).integers(2**63)


def test_lbfgs_that_finds_no_way_down_says_so(monkeypatch):
    """When SciPy says so: what brings its line search there depends on the last bits."""

    def in_vain(self, evaluate, start, callback):
        return OptimizeResult(x=start, fun=evaluate(start)[0], status=2)

    monkeypatch.setattr(LBFGSTrainer, "_minimize", in_vain)
    with pytest.warns(ConvergenceWarning, match="no better weights"):
        stuck = model(solver="lbfgs", max_iter=50).fit(X, Y)
    assert stuck.predict(X).shape == Y.shape


def test_a_cosine_is_no_excuse_for_lbfgs():
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        model(solver="lbfgs", learning_rate="cosine", max_iter=2).fit(X, Y)


# ---- the user's generator


def press_ctrl_c(*_):
    raise KeyboardInterrupt


FAILURES = {
    "diverges": ({"learning_rate_init": 1e30, "clip_norm": None, "solver": "sgd"}, ValueError),
    "too large": ({"hidden_size": 10**9}, (ValueError, MemoryError)),
    "interrupted": ({}, KeyboardInterrupt),
}


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
@pytest.mark.parametrize(
    ("call", "failure"),
    [("fit", "diverges"), ("fit", "too large"), ("partial_fit", "too large"), ("partial_fit", "interrupted")],
)
def test_a_fit_that_fails_uses_up_nothing_of_a_generator(monkeypatch, make, call, failure):
    (settings, errors), given = FAILURES[failure], make(0)
    with monkeypatch.context() as patch:
        if failure == "interrupted":
            patch.setattr("sklstm._estimator.fitting._run", press_ctrl_c)
        with pytest.raises(errors):
            getattr(model(random_state=given, **settings), call)(X, Y)
    one, other = (fit(model(random_state=state), X, Y) for state in (given, make(0)))
    np.testing.assert_array_equal(one.theta_, other.theta_)


# ---- settings that single precision cannot hold


EXTREME = {
    "huber": {"loss": "huber", "delta": 1e300, "early_stopping": True},
    "clipped": {"clip_value": 1e300, "clip_norm": 1e300},
    "adam": {"epsilon": 1e-300},
    "rmsprop": {"solver": "rmsprop", "epsilon": 1e-300},
    "invscaling": {"learning_rate": "invscaling", "power_t": 10.0, "batch_size": 1},
    "open": {"forget_bias": 100.0},
    "shut": {"forget_bias": -100.0},
}


@pytest.mark.parametrize("name", EXTREME)
def test_settings_beyond_single_precision_are_no_accident(name):
    """A channel that is 0 has gradients of 0, which a tiny epsilon must not make NaN of."""
    rows = np.concatenate((X, np.zeros_like(X[..., :1])), axis=2).astype(np.float32)
    fitted = fit(model(standardize=False, **EXTREME[name]), rows, Y.astype(np.float32))
    assert fitted.predict(rows).shape == Y.shape


# ---- threads


@pytest.mark.parametrize(
    "settings",
    [{}, {"n_layers": 2}, {"bidirectional": True}, {"bidirectional": True, "n_layers": 2, "dropout": 0.3}],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("every_step", [False, True])
def test_layers_too_small_for_blas_threads_learn_the_same_bits_with_any_number(settings, dtype, every_step):
    """On many processors, BLAS rounds a product of this size otherwise if it divides it among threads."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 5, 8)).astype(dtype)
    X[::3, :2] = X[::7, 3] = np.nan
    y = rng.standard_normal((300, 5) if every_step else 300).astype(dtype)
    weights = []
    for n_threads in (1, 2, 3):
        limits = threadpool_limits(n_threads, user_api="blas")
        try:
            estimator = model(hidden_size=32, batch_size=256, max_iter=2, missing="skip", **settings)
            weights.append(fit(estimator, X, y).theta_)
        finally:
            limits.restore_original_limits()
    np.testing.assert_array_equal(weights[1:], [weights[0]] * 2)


@pytest.mark.parametrize(
    ("limit", "hidden_size", "expected"), [(1, 64, set()), (2, 64, {(2, 2)}), (3, 64, {(2, 2)}), (2, 32, set())]
)
def test_two_directions_of_large_blocks_are_learnt_in_two_threads_if_blas_may(
    limit, hidden_size, expected, monkeypatch
):
    runs, run_tasks = set(), stack.run_tasks
    monkeypatch.setattr(stack, "run_tasks", lambda *args: runs.add(args[1:]) or run_tasks(*args))
    X = np.random.default_rng(0).standard_normal((128, 3, 1))  # equal samples would be merged
    limits = threadpool_limits(limit, user_api="blas")
    try:
        fit(model(hidden_size=hidden_size, bidirectional=True, max_iter=1, batch_size=128), X, X[:, -1, 0])
    finally:
        limits.restore_original_limits()
    assert runs == expected


def test_a_target_that_only_tiny_weights_count_for():
    """The one huge weight is of a sample without this target."""
    X, y = np.random.default_rng(0).normal(size=(9, 3, 1)), np.random.default_rng(1).normal(size=(9, 2))
    y[4, 1], weight = np.nan, np.full(9, 1e-300)
    weight[4] = 1e290
    for loss in ("squared_error", "absolute_error"):
        model = LSTMRegressor(2, loss=loss, max_iter=2, learning_rate="cosine", random_state=0).fit(X, y, weight)
        assert np.isfinite(model.predict(X)).all()


# ---- memory


@pytest.mark.parametrize("early_stopping", [False, True])
def test_windows_of_a_long_series_take_little_more_than_their_numbers(early_stopping):
    """A number of 4 bytes for each window, twice; a copy of weights or targets would take 4 to 8 bytes each."""
    windows, y = make_windows(np.sin(np.arange(500_000, dtype=np.float32)), 12)
    regressor = model(
        hidden_size=1, batch_size=2000, max_iter=1, early_stopping=early_stopping, validation_fraction=0.01
    )
    tracemalloc.start()
    try:
        fit(regressor, windows, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 * len(y)
