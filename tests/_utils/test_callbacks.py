"""What scikit-learn's callbacks (from 1.9) are told of a fit."""

import pickle
import subprocess
import sys
import threading
import warnings
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import Forecaster, WindowTransformer, make_windows
from tests.tools import fit, model

HAS_CALLBACKS = find_spec("sklearn.callback") is not None
needs_callbacks = pytest.mark.skipif(not HAS_CALLBACKS, reason="scikit-learn has callbacks from 1.9 on")
if HAS_CALLBACKS:
    from sklearn.callback import ProgressBar, ScoringMonitor

RNG = np.random.default_rng(0)
X = RNG.normal(5, 2, (40, 6, 2))
TABLE = X.reshape(40, 12)
Y = X[:, -1, 0] - 0.5 * X[:, -3, 1]
WEIGHT = RNG.integers(3, size=40).astype(float)
FRAME = pd.DataFrame({"y": np.sin(np.arange(60) / 3)}, index=pd.date_range("2024-01-01", periods=60, name="day"))
RATES = [0.01, 0.1]


class Recorder:
    """Writes down what it is told, and keeps the model at the end of every task."""

    def __init__(self, stop_after=None, error=None):
        self.stop_after, self.error = stop_after, error
        self.events, self.models, self.data = [], [], None

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.events.append(f"begin {context.task_name} {context.task_id}")

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None):
        self.events.append(f"end {context.task_name} {context.task_id}")
        self.models.append(fitted_estimator)
        self.data = X, y, metadata
        if self.error is not None:
            raise self.error
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_after


def events_of(n_epochs):
    epochs = [f"{what} epoch {k}" for k in range(n_epochs) for what in ("begin", "end")]
    return ["setup", "begin fit 0", *epochs, "end fit 0", "teardown"]


def windows_of_a_wave():
    series = np.sin(np.arange(60) / 3)
    return make_windows(series, 8)


# ---- without callbacks


def test_fit_works_where_scikit_learn_has_no_callbacks(tmp_path):
    """As before 1.9: what sklstm imports is not there."""
    path = tmp_path / "data.pkl"
    path.write_bytes(pickle.dumps((X, Y)))
    code = (
        "import pickle, sys, sklearn.metrics, sklearn.model_selection\n"
        "sys.modules['sklearn.callback'] = None\n"
        "from sklstm import LSTMRegressor\n"
        "assert not hasattr(LSTMRegressor, 'set_callbacks')\n"
        "X, y = pickle.load(open(sys.argv[1], 'rb'))\n"
        "model = LSTMRegressor(4, max_iter=3, tol=0, n_iter_no_change=float('inf'), random_state=0)\n"
        "print(model.fit(X, y).predict(X).tobytes().hex())"
    )
    answer = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == fit(model(), X, Y).predict(X).tobytes().hex()


# ---- what is told, and when


@needs_callbacks
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_every_epoch_is_a_task_below_the_fit(solver):
    recorder = Recorder()
    estimator = fit(model(solver=solver).set_callbacks(recorder), X, Y)
    assert recorder.events == events_of(3)
    fit(estimator.set_params(warm_start=True, max_iter=2), X, Y)
    assert recorder.events == events_of(3) + events_of(2)


@needs_callbacks
def test_an_epoch_that_updates_ended_is_a_task():
    recorder, settings = Recorder(), {"batch_size": 12, "max_updates": 6}  # 4 updates in an epoch
    estimator = fit(model(**settings).set_callbacks(recorder), X, Y)
    assert recorder.events == events_of(2)
    assert [seen.t_ for seen in recorder.models] == [40, 64, 64]
    np.testing.assert_array_equal(recorder.models[1].theta_, estimator.theta_)
    fit(estimator.set_params(warm_start=True), X, Y)
    assert recorder.events == 2 * events_of(2)


@needs_callbacks
def test_lbfgs_that_converges_has_a_task_for_each_iteration():
    recorder = Recorder()
    estimator = model(solver="lbfgs", max_iter=500, tol=0.01).set_callbacks(recorder).fit(X, Y)
    assert 3 < estimator.n_iter_ < 500
    assert recorder.events == events_of(estimator.n_iter_)


@needs_callbacks
def test_lbfgs_with_nothing_to_improve_has_one_task():
    recorder = Recorder()
    estimator = model(solver="lbfgs", max_iter=1, tol=1e9).set_callbacks(recorder).fit(X, Y)
    assert estimator.n_iter_ == 1
    assert recorder.events == events_of(1)


@needs_callbacks
def test_rows_are_handed_on_as_they_came():
    frame, recorder = pd.DataFrame(TABLE).add_prefix("c"), Recorder()
    fit(model(n_channels=2).set_callbacks(recorder), frame, Y, sample_weight=WEIGHT)
    rows, y, metadata = recorder.data
    assert rows is frame
    assert y is Y
    assert metadata.keys() == {"sample_weight"}
    assert metadata["sample_weight"] is WEIGHT
    for fitted in recorder.models:
        assert fitted.predict(frame).shape == (40,)


@needs_callbacks
def test_partial_fit_tells_nothing():
    recorder = Recorder()
    model().set_callbacks(recorder).partial_fit(X, Y)
    assert recorder.events == []


@needs_callbacks
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_model_of_an_epoch_is_one_trained_so_long(solver):
    recorder = Recorder()
    estimator = fit(model(solver=solver, max_iter=4).set_callbacks(recorder), X, Y)
    *epochs, last = recorder.models
    for n_epochs, seen in enumerate(epochs, start=1):
        trained = fit(model(solver=solver, max_iter=n_epochs), X, Y)
        np.testing.assert_array_equal(seen.predict(X), trained.predict(X))
        assert (seen.n_iter_, seen.loss_curve_, seen.t_) == (n_epochs, trained.loss_curve_, trained.t_)
    np.testing.assert_array_equal(last.predict(X), estimator.predict(X))


@needs_callbacks
@pytest.mark.parametrize("settings", [{}, {"dropout": 0.3}, {"early_stopping": True}], ids=str)
def test_the_model_of_an_epoch_forecasts_and_goes_on_as_one_trained_so_long(settings):
    """Also in a fit that continues, where the earlier end of the rows and moments are not the ones to go on from."""
    settings = {"max_iter": 4, "warm_start": True, **settings}
    rows, targets = windows_of_a_wave()
    recorder = Recorder()
    estimator = fit(model(**settings), rows[:30], targets[:30]).set_callbacks(recorder)
    fit(estimator, rows, targets)
    checkpoint = recorder.models[1].set_callbacks()
    expected = fit(fit(model(**settings), rows[:30], targets[:30]).set_params(max_iter=2), rows, targets)
    if "early_stopping" not in settings:
        np.testing.assert_array_equal(checkpoint.forecast(3), expected.forecast(3))
    again = [fit(which.set_params(max_iter=2), rows, targets) for which in (checkpoint, expected)]
    np.testing.assert_array_equal(again[0].theta_, again[1].theta_)
    np.testing.assert_array_equal(again[0].forecast(3), again[1].forecast(3))
    assert again[0].n_iter_ == again[1].n_iter_ == 8


@needs_callbacks
@pytest.mark.parametrize("settings", [{}, {"dropout": 0.3}, {"solver": "lbfgs"}, {"early_stopping": True}], ids=str)
def test_weights_are_the_same_bits_with_callbacks(settings):
    watched = model(max_iter=6, **settings).set_callbacks(ScoringMonitor(scoring="r2"), Recorder())
    plain = model(max_iter=6, **settings)
    np.testing.assert_array_equal(fit(watched, X, Y).theta_, fit(plain, X, Y).theta_)
    assert watched.loss_curve_ == plain.loss_curve_
    assert watched.validation_scores_ == plain.validation_scores_


@needs_callbacks
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("epoch", [2, 5])
def test_a_callback_that_asks_to_stop_is_obeyed_without_a_warning(solver, epoch):
    recorder = Recorder(stop_after=epoch)
    estimator = model(solver=solver, max_iter=5).set_callbacks(recorder).fit(X, Y)
    assert estimator.n_iter_ == epoch
    assert recorder.events == events_of(epoch)
    np.testing.assert_array_equal(estimator.theta_, fit(model(solver=solver, max_iter=epoch), X, Y).theta_)


@needs_callbacks
def test_the_end_of_a_fit_that_stopped_early_shows_the_weights_that_were_kept():
    recorder, monitor = Recorder(), ScoringMonitor(scoring="r2")
    estimator = model(early_stopping=True, max_iter=60, learning_rate_init=0.3, n_iter_no_change=3)
    estimator.set_callbacks(recorder, monitor).fit(X, Y)
    assert estimator.best_iter_ < estimator.n_iter_ < 60
    *_, last_epoch, end = recorder.models
    np.testing.assert_array_equal(end.theta_, estimator.theta_)
    assert (end.best_iter_, end.best_validation_score_) == (estimator.best_iter_, estimator.best_validation_score_)
    assert last_epoch.best_iter_ == estimator.n_iter_
    log = monitor.get_logs().data_as_pandas
    scores = log[log["task_name"] == "epoch"]["r2"].to_numpy()
    assert log[log["task_name"] == "fit"]["r2"].item() == scores[estimator.best_iter_ - 1] == estimator.score(X, Y)
    assert scores[-1] != scores[estimator.best_iter_ - 1]


# ---- where fit fails

FAILURES = {
    "bad y": (np.where(np.arange(40) == 7, np.nan, Y), {}, None, "y contains NaN"),
    "bad settings": (Y, {"loss": "poisson", "instance_norm": "last"}, None, "instance_norm='last'"),
    "diverging": (Y, {"learning_rate_init": 1e30, "clip_norm": None, "solver": "sgd"}, None, "no longer finite"),
    "callback": (Y, {}, ValueError("no more disk"), "no more disk"),
}


@needs_callbacks
@pytest.mark.parametrize("name", FAILURES)
def test_a_fit_that_fails_is_torn_down_and_leaves_the_earlier_one(name):
    y, settings, error, message = FAILURES[name]
    estimator, recorder = fit(model(), X, Y), Recorder(error=error)
    expected = estimator.predict(X)
    estimator.set_params(max_iter=50, **settings).set_callbacks(recorder)
    attributes = vars(estimator).keys() | set()
    with pytest.raises(ValueError, match=message):
        estimator.fit(X[:, :4], y)
    assert recorder.events[:2] == ["setup", "begin fit 0"]
    assert recorder.events[-1] == "teardown"
    assert recorder.events.count("teardown") == 1
    assert vars(estimator).keys() == attributes
    np.testing.assert_array_equal(estimator.predict(X), expected)


# ---- copies


@needs_callbacks
def test_a_clone_tells_the_same_callback():
    recorder = Recorder()
    estimator = fit(model().set_callbacks(recorder), X, Y)
    fit(clone(estimator), X, Y)
    assert recorder.events == 2 * events_of(3)


@needs_callbacks
def test_a_pickle_takes_its_callbacks_along():
    recorder, monitor = Recorder(), ScoringMonitor(scoring="r2")
    estimator = fit(model().set_callbacks(recorder, monitor), X, Y)
    loaded = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(loaded.predict(X), estimator.predict(X))
    fit(loaded, X, Y)
    assert loaded._skl_callbacks[0].events == 2 * events_of(3)
    assert len(loaded._skl_callbacks[1].get_logs(select="all")) == 2
    assert recorder.events == events_of(3)


@needs_callbacks
def test_names_of_the_fits_inside_of_a_forecaster_with_intervals():
    recorder = Recorder()
    forecaster = Forecaster(Ridge(), window_length=3, intervals="conformal").set_callbacks(recorder)
    forecaster.fit(None, FRAME["y"])
    inside = ["begin fit-regressor 0", "end fit-regressor 0", "begin fit-head 1", "end fit-head 1"]
    assert recorder.events == ["setup", "begin fit 0", *inside, "end fit 0", "teardown"]


# ---- scikit-learn's own callbacks


class Bars:
    """What progress bars were shown: name, number of subtasks, and rich's task for it."""

    def __init__(self, progress, monkeypatch):
        self.names, self.n_subtasks, self._tasks = [], [], []
        add_task = progress.add_task

        def spy(progress, description, total):
            task = add_task(progress, description, total=total)
            self.names.append(description.strip())
            self.n_subtasks.append(total)
            self._tasks.append(progress.tasks[task])
            return task

        monkeypatch.setattr(progress, "add_task", spy)

    def of(self, what):
        return [n for name, n in zip(self.names, self.n_subtasks, strict=True) if what in name]

    def all_ended(self):
        return all(task.finished for task in self._tasks)


@pytest.fixture
def bars(monkeypatch):
    """What is shown; no thread that shows it may outlive the fit (scikit-learn leaves a daemon that listens)."""
    before = threading.enumerate()
    yield Bars(pytest.importorskip("rich.progress").Progress, monkeypatch)
    assert [thread for thread in threading.enumerate() if thread not in before and not thread.daemon] == []


def scaled_table():
    return make_pipeline(StandardScaler(), model(n_channels=2))


@needs_callbacks
def test_progress_of_a_regressor_alone(bars):
    fit(model().set_callbacks(ProgressBar()), X, Y)
    assert (bars.names, bars.n_subtasks) == (["LSTMRegressor - fit"], [3])
    assert bars.all_ended()


@needs_callbacks
def test_progress_of_a_budget_of_updates_has_no_length(bars):
    """How many epochs it takes depends on the rows that are trained on, which are found later."""
    settings = {"batch_size": 12, "max_updates": 6}
    fit(model(**settings).set_callbacks(ProgressBar()), X, Y)
    assert (bars.names, bars.n_subtasks) == (["LSTMRegressor - fit"], [None])
    forecaster = Forecaster(model(**settings), window_length=3, intervals="conformal", baseline=None)
    fit(forecaster.set_callbacks(ProgressBar(max_propagation_depth=None)), None, FRAME["y"])
    assert bars.of("LSTMRegressor - fit") == [None] * 3
    assert bars.all_ended()


@needs_callbacks
def test_progress_in_a_pipeline(bars):
    fit(scaled_table().set_callbacks(ProgressBar()), TABLE, Y)
    assert bars.of("LSTMRegressor - fit") == [3]
    assert bars.of("Pipeline - fit")[0] == 2
    assert bars.all_ended()


@needs_callbacks
def test_progress_of_windows_and_a_regressor_is_told_without_a_warning(bars):
    pipeline = make_pipeline(WindowTransformer(8), model()).set_callbacks(ProgressBar())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        pipeline.fit(FRAME, FRAME["y"])


@needs_callbacks
def test_progress_in_a_search(bars):
    """Two rates, two folds each, and the best once more."""
    search = GridSearchCV(scaled_table(), {"lstmregressor__learning_rate_init": RATES}, cv=2)
    fit(search.set_callbacks(ProgressBar(max_propagation_depth=None)), TABLE, Y)
    assert bars.of("LSTMRegressor - fit") == 5 * [3]
    assert bars.of("GridSearchCV - search") == [4]
    assert bars.all_ended()


@needs_callbacks
def test_progress_of_a_fit_that_is_stopped_ends(bars):
    fit(model(max_iter=50).set_callbacks(ProgressBar(), Recorder(stop_after=2)), X, Y)
    assert bars.n_subtasks == [50]
    assert bars.all_ended()


def epoch_scores(monitor):
    """R² of every epoch, by the fit that it belongs to."""
    log = monitor.get_logs().data_as_pandas
    epochs = log[log["task_name"] == "epoch"]
    return {path: rows["r2"].tolist() for path, rows in epochs.groupby("parent_task_id_path")}


@needs_callbacks
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
def test_scores_of_a_regressor_alone(weight):
    monitor = ScoringMonitor(scoring="r2")
    fit(model().set_callbacks(monitor), X, Y, sample_weight=weight)
    expected = [fit(model(max_iter=k), X, Y, weight).score(X, Y, weight) for k in (1, 2, 3)]
    assert epoch_scores(monitor) == {(0,): expected}


def windows_and_model(monitor=None, **settings):
    lstm = model(**settings)
    return make_pipeline(WindowTransformer(8), lstm if monitor is None else lstm.set_callbacks(monitor))


@needs_callbacks
def test_scores_in_a_pipeline():
    monitor = ScoringMonitor(scoring="r2")
    pipeline = fit(windows_and_model(monitor), FRAME, FRAME["y"])
    ((path, scores),) = epoch_scores(monitor).items()
    assert path == (0, 1)
    assert len(scores) == 3
    assert scores[-1] == pipeline.score(FRAME, FRAME["y"])


@needs_callbacks
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_scores_in_a_search(n_jobs):
    monitor, cv, y = ScoringMonitor(scoring="r2"), TimeSeriesSplit(2), FRAME["y"]
    search = GridSearchCV(
        windows_and_model(monitor), {"lstmregressor__learning_rate_init": RATES}, cv=cv, n_jobs=n_jobs
    )
    fit(search, FRAME, y)
    scores = epoch_scores(monitor)
    assert {len(one) for one in scores.values()} == {3}
    expected = []
    for rate in RATES:
        for train, _ in cv.split(FRAME):
            fitted = fit(windows_and_model(learning_rate_init=rate), FRAME.iloc[train], y.iloc[train])
            expected.append(fitted.score(FRAME.iloc[train], y.iloc[train]))
    *candidates, refitted = [scores[path][-1] for path in sorted(scores)]
    np.testing.assert_allclose(candidates, expected, rtol=1e-9)
    assert refitted == pytest.approx(search.score(FRAME, y))
