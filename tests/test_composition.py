"""Inside scikit-learn's searches, pipelines and ensembles: each result beside the same made by hand."""

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy.stats import loguniform, randint
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor, StackingRegressor, VotingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 (makes the import below possible)
from sklearn.inspection import permutation_importance
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    TimeSeriesSplit,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.multioutput import MultiOutputRegressor, RegressorChain
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info, threadpool_limits

from sklstm import LSTMRegressor, WindowTransformer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(5, 2, (40, 6, 2))
TABLE = X.reshape(40, 12)
Y = X[:, -1, 0] - 0.5 * X[:, -3, 1]
Y2 = np.column_stack((Y, X[:, :, 1].mean(axis=1)))
WEIGHT = RNG.integers(3, size=40).astype(float)

FRAME = pd.DataFrame(
    {"y": np.sin(np.arange(80) / 3) * 3 + 10, "noise": RNG.normal(size=80)},
    index=pd.date_range("2024-01-01", periods=80, name="day"),
)
TARGET = FRAME["y"]


def model(**settings):
    """Small and quick, with as many epochs as asked for and no more."""
    defaults = {"hidden_size": 4, "max_iter": 3, "tol": 0, "n_iter_no_change": np.inf, "random_state": 0}
    return LSTMRegressor(**{**defaults, **settings})


def members():
    return [("small", model(learning_rate_init=0.05)), ("large", model(hidden_size=6, random_state=1))]


def scores_by_hand(estimator, cv, **settings):
    estimator = clone(estimator).set_params(**settings)
    return [estimator.fit(X[train], Y[train]).score(X[test], Y[test]) for train, test in cv.split(X)]


def windows_by_hand(frame, window_length=8):
    """The window of every row: the rows before it, missing ones where the frame has not yet begun."""
    n_columns = frame.shape[1]
    padded = np.vstack((np.full((window_length, n_columns), np.nan), frame.to_numpy()))
    return np.stack([padded[row : row + window_length] for row in range(len(frame))])


@pytest.fixture
def routing():
    with config_context(enable_metadata_routing=True):
        yield


# ---- searches


def check_search(search, cv):
    """Every candidate's scores, the choice among them, and what is fitted anew on all rows."""
    search.fit(X, Y)
    results = search.cv_results_
    for k, candidate in enumerate(results["params"]):
        splits = [results[f"split{i}_test_score"][k] for i in range(cv.get_n_splits())]
        np.testing.assert_allclose(splits, scores_by_hand(search.estimator, cv, **candidate), rtol=1e-12)
    assert np.ptp(results["mean_test_score"]) > 0.01
    assert search.best_params_ == results["params"][np.argmax(results["mean_test_score"])]
    refitted = clone(search.estimator).set_params(**search.best_params_).fit(X, Y)
    np.testing.assert_array_equal(search.predict(X), refitted.predict(X))


def test_a_grid_search_scores_as_a_loop_and_finds_the_better_rate():
    cv = KFold(3)
    search = GridSearchCV(model(max_iter=8), {"learning_rate_init": [1e-6, 0.05]}, cv=cv)
    check_search(search, cv)
    assert search.best_params_ == {"learning_rate_init": 0.05}


def test_a_randomized_search_draws_sizes_and_rates():
    cv = KFold(3)
    drawn = {"hidden_size": randint(2, 7), "learning_rate_init": loguniform(1e-5, 0.1), "loss": ["huber"]}
    check_search(RandomizedSearchCV(model(), drawn, n_iter=4, cv=cv, random_state=0), cv)


def test_a_halving_search_gives_more_epochs_to_the_better_half():
    cv = KFold(3)
    rates = [1e-6, 0.05, 1e-5, 0.1]
    search = HalvingGridSearchCV(
        model(), {"learning_rate_init": rates}, resource="max_iter", min_resources=3, max_resources=12, factor=2, cv=cv
    ).fit(X, Y)
    assert (search.n_resources_, search.n_candidates_) == ([3, 6, 12], [4, 2, 1])
    results = pd.DataFrame(search.cv_results_)
    for epochs, rate, score in results[["n_resources", "param_learning_rate_init", "mean_test_score"]].to_numpy():
        by_hand = scores_by_hand(model(), cv, max_iter=int(epochs), learning_rate_init=rate)
        assert score == pytest.approx(np.mean(by_hand))
    assert set(results.loc[results["iter"] == 1, "param_learning_rate_init"]) == {0.05, 0.1}
    assert search.best_estimator_.n_iter_ == 12


def test_a_halving_search_gives_more_updates_to_the_better_half():
    cv, rates = KFold(3), [1e-6, 0.05, 1e-5, 0.1]
    limited = model(max_iter=50)
    resource = {"resource": "max_updates", "min_resources": 5, "max_resources": 20}
    search = HalvingGridSearchCV(limited, {"learning_rate_init": rates}, **resource, factor=2, cv=cv).fit(X, Y)
    assert search.n_resources_ == [5, 10, 20]
    assert search.best_params_["learning_rate_init"] in (0.05, 0.1)
    by_hand = scores_by_hand(limited, cv, **search.best_params_)
    assert search.best_score_ == pytest.approx(np.mean(by_hand))
    assert search.best_estimator_.max_updates_ == 20


def test_cross_validation_over_time_scores_as_a_loop():
    cv, windows = TimeSeriesSplit(3), windows_by_hand(FRAME)
    expected = []
    for train, test in cv.split(FRAME):
        fitted = model().fit(windows[train], TARGET.iloc[train])
        expected.append(fitted.score(windows[test], TARGET.iloc[test]))
    scores = cross_val_score(make_pipeline(WindowTransformer(8), model()), FRAME, TARGET, cv=cv)
    np.testing.assert_allclose(scores, expected, rtol=1e-12)


def test_a_learning_curve_is_of_fits_on_the_first_rows():
    cv = KFold(2)
    sizes, train_scores, test_scores = learning_curve(model(), X, Y, train_sizes=[8, 20], cv=cv)
    assert sizes.tolist() == [8, 20]
    for fold, (train, test) in enumerate(cv.split(X)):
        for k, size in enumerate(sizes):
            first = train[:size]
            fitted = model().fit(X[first], Y[first])
            assert train_scores[k, fold] == pytest.approx(fitted.score(X[first], Y[first]))
            assert test_scores[k, fold] == pytest.approx(fitted.score(X[test], Y[test]))


# ---- pipelines, targets and outputs


@pytest.mark.parametrize("scaled", [False, True])
def test_a_pipeline_predicts_as_windows_made_by_hand(scaled):
    """Also the first rows after training, whose windows reach back into it, behind a scaler."""
    steps = [StandardScaler().set_output(transform="pandas")] if scaled else []
    pipeline = make_pipeline(*steps, WindowTransformer(8), model()).fit(FRAME[:60], TARGET[:60])
    train = FRAME[:60]
    windows = windows_by_hand((FRAME - train.mean()) / train.std(ddof=0) if scaled else FRAME)
    fitted = model().fit(windows[:60], TARGET[:60])
    np.testing.assert_allclose(pipeline.predict(train), fitted.predict(windows[:60]), rtol=1e-9)
    np.testing.assert_allclose(pipeline.predict(FRAME[60:]), fitted.predict(windows[60:]), rtol=1e-9)


def test_a_transformed_target_is_learnt_and_transformed_back():
    y = np.exp(Y / 3)
    outer = TransformedTargetRegressor(model(), func=np.log1p, inverse_func=np.expm1).fit(X, y)
    expected = np.expm1(model().fit(X, np.log1p(y)).predict(X))
    np.testing.assert_allclose(outer.predict(X), expected, rtol=1e-12)


def test_one_model_for_each_output():
    outer = MultiOutputRegressor(model()).fit(X, Y2, sample_weight=WEIGHT)
    expected = [model().fit(X, y, WEIGHT).predict(X) for y in Y2.T]
    np.testing.assert_array_equal(outer.predict(X), np.column_stack(expected))


def test_a_chain_appends_the_answer_before_as_a_step():
    chain = RegressorChain(model(), order=[1, 0]).fit(TABLE, Y2)
    first = model().fit(TABLE, Y2[:, 1])
    second = model().fit(np.column_stack((TABLE, Y2[:, 1])), Y2[:, 0])
    one = first.predict(TABLE)
    other = second.predict(np.column_stack((TABLE, one)))
    np.testing.assert_array_equal(chain.predict(TABLE), np.column_stack((other, one)))


# ---- ensembles


def test_bagging_without_a_bootstrap_is_the_mean_over_seeds():
    bag = BaggingRegressor(model(n_channels=2), n_estimators=3, bootstrap=False, random_state=0).fit(TABLE, Y)
    seeds = {member.random_state for member in bag.estimators_}
    assert len(seeds) == 3
    answers = [model(n_channels=2, random_state=seed).fit(TABLE, Y).predict(TABLE) for seed in seeds]
    np.testing.assert_allclose(bag.predict(TABLE), np.mean(answers, axis=0), rtol=1e-12)
    assert np.std(answers, axis=0).max() > 0.01


def test_stacking_learns_from_answers_to_rows_held_out():
    stack = StackingRegressor(members(), final_estimator=Ridge(), cv=KFold(3)).fit(X, Y)
    held_out = np.empty((40, 2))
    for train, test in KFold(3).split(X):
        for k, (_, member) in enumerate(members()):
            held_out[test, k] = member.fit(X[train], Y[train]).predict(X[test])
    answers = np.column_stack([member.fit(X, Y).predict(X) for _, member in members()])
    np.testing.assert_allclose(stack.predict(X), Ridge().fit(held_out, Y).predict(answers), rtol=1e-9)


def test_voting_is_the_weighted_mean_of_its_members():
    vote = VotingRegressor(members(), weights=[3, 1]).fit(X, Y)
    small, large = (member.fit(X, Y).predict(X) for _, member in members())
    np.testing.assert_allclose(vote.predict(X), 0.75 * small + 0.25 * large, rtol=1e-12)


def test_members_fitted_in_threads_are_the_same_and_restore_the_blas_threads():
    def blas_threads():
        return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    many = [(f"seed {seed}", model(random_state=seed, max_iter=20)) for seed in range(6)]
    limits = threadpool_limits(2, user_api="blas")
    try:
        with joblib.parallel_config(backend="threading"):
            parallel = VotingRegressor(many, n_jobs=2).fit(X, Y)
        assert blas_threads() == {2}
    finally:
        limits.restore_original_limits()
    np.testing.assert_array_equal(parallel.predict(X), VotingRegressor(many).fit(X, Y).predict(X))


def test_importance_is_with_the_channel_that_matters():
    pipeline = make_pipeline(WindowTransformer(8), model(max_iter=30)).fit(FRAME, TARGET)
    importance = permutation_importance(pipeline, FRAME, TARGET, n_repeats=3, random_state=0).importances_mean
    assert importance[0] > 0.5
    assert abs(importance[1]) < 0.1


# ---- routing


def test_weights_routed_through_a_pipeline_leave_rows_out(routing):
    """The rows of weight 0 stay in the windows of others."""
    weight = np.repeat([0.0, 1.0], [10, 70])
    steps = WindowTransformer(8), model().set_fit_request(sample_weight=True)
    pipeline = make_pipeline(*steps).fit(FRAME, TARGET, sample_weight=weight)
    expected = model().fit(windows_by_hand(FRAME)[10:], TARGET[10:])
    np.testing.assert_array_equal(pipeline[-1].theta_, expected.theta_)


def weighted_scores_by_hand(cv, **settings):
    """Rows of weight 0 left out of training and of scoring."""
    for train, test in cv.split(X):
        train, test = train[WEIGHT[train] > 0], test[WEIGHT[test] > 0]
        fitted = model(**settings).fit(X[train], Y[train], WEIGHT[train])
        yield r2_score(Y[test], fitted.predict(X[test]), sample_weight=WEIGHT[test])


def test_weights_routed_through_cross_validation_leave_rows_out(routing):
    cv, estimator = KFold(3), model().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    scores = cross_validate(estimator, X, Y, cv=cv, params={"sample_weight": WEIGHT})["test_score"]
    np.testing.assert_allclose(scores, list(weighted_scores_by_hand(cv)), rtol=1e-9)


def test_weights_routed_through_a_search_leave_rows_out(routing):
    cv, rates = KFold(3), [1e-6, 0.05]
    estimator = model().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    search = GridSearchCV(estimator, {"learning_rate_init": rates}, cv=cv).fit(X, Y, sample_weight=WEIGHT)
    expected = [np.mean(list(weighted_scores_by_hand(cv, learning_rate_init=rate))) for rate in rates]
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], expected, rtol=1e-9)
    refitted = model(learning_rate_init=0.05).fit(X[WEIGHT > 0], Y[WEIGHT > 0], WEIGHT[WEIGHT > 0])
    np.testing.assert_array_equal(search.best_estimator_.theta_, refitted.theta_)


def stopping_early(**settings):
    return model(early_stopping=True, max_iter=40, learning_rate_init=0.1, n_iter_no_change=3, **settings)


def fitted_on_validation_rows(frame_val, y_val):
    """A pipeline that transforms the rows to stop by as it does those to train on."""
    lstm = stopping_early().set_fit_request(X_val=True, y_val=True)
    pipeline = Pipeline([("windows", WindowTransformer(8)), ("lstm", lstm)], transform_input=["X_val"])
    return pipeline.fit(FRAME[:60], TARGET[:60], X_val=frame_val, y_val=y_val)[-1]


def test_rows_to_stop_by_are_windows_that_reach_back_into_the_training_rows(routing):
    windows = windows_by_hand(FRAME)
    fitted = fitted_on_validation_rows(FRAME[60:], TARGET[60:])
    expected = stopping_early().fit(windows[:60], TARGET[:60], X_val=windows[60:], y_val=TARGET[60:])
    assert fitted.validation_loss_curve_ == expected.validation_loss_curve_
    np.testing.assert_array_equal(fitted.theta_, expected.theta_)


@pytest.mark.filterwarnings("ignore:.*first windows have no history")
def test_rows_to_stop_by_that_do_not_follow_begin_with_empty_windows(routing):
    windows = windows_by_hand(FRAME)
    empty_first = windows_by_hand(FRAME[60:])
    moved = FRAME[60:].set_axis(FRAME.index[60:] - pd.Timedelta(days=30))
    fitted = fitted_on_validation_rows(moved, TARGET[60:])
    expected = stopping_early().fit(windows[:60], TARGET[:60], X_val=empty_first, y_val=TARGET[60:])
    assert fitted.validation_loss_curve_ == expected.validation_loss_curve_
    filled = fitted_on_validation_rows(FRAME[60:], TARGET[60:])
    assert fitted.validation_loss_curve_ != filled.validation_loss_curve_


# ---- clones

OTHER_SETTINGS = {
    "missing": "indicator",
    "hidden_size": 5,
    "n_layers": 2,
    "bidirectional": True,
    "dropout": 0.2,
    "forget_bias": "chrono",
    "n_channels": 2,
    "n_targets": 2,
    "instance_norm": "last",
    "standardize": False,
    "loss": "quantile",
    "delta": 2.0,
    "quantile": np.array([0.1, 0.5]),
    "loss_steps": "all",
    "solver": "sgd",
    "learning_rate": "adaptive",
    "learning_rate_init": 0.02,
    "power_t": 0.4,
    "momentum": 0.5,
    "nesterovs_momentum": False,
    "beta_1": 0.8,
    "beta_2": 0.99,
    "epsilon": 1e-6,
    "rho": 0.8,
    "alpha": 0.1,
    "clip_norm": None,
    "clip_value": 0.1,
    "batch_size": 7,
    "max_iter": 4,
    "max_updates": 9,
    "max_fun": 5,
    "tol": 0.01,
    "n_iter_no_change": np.inf,
    "early_stopping": True,
    "validation_fraction": 0.2,
    "validation_split": "random",
    "validation_gap": 2,
    "shuffle": False,
    "warm_start": True,
    "random_state": np.random.default_rng(3),
    "verbose": 2,
}


def test_every_setting_is_cloned():
    estimator = LSTMRegressor(**OTHER_SETTINGS)
    assert estimator.get_params().keys() == OTHER_SETTINGS.keys()
    cloned, default = clone(estimator).get_params(), LSTMRegressor().get_params()
    for name, value in OTHER_SETTINGS.items():
        assert repr(cloned[name]) != repr(default[name])
        if name != "random_state":
            np.testing.assert_equal(cloned[name], value)
    assert cloned["random_state"].bit_generator.state == OTHER_SETTINGS["random_state"].bit_generator.state


@pytest.mark.parametrize("make", [int, np.random.RandomState, np.random.default_rng])
def test_a_clone_of_a_fitted_model_learns_the_same(make):
    """A generator is copied as it is when it is cloned, and not shared."""
    estimator = model(dropout=0.3, random_state=make(3), early_stopping=True, validation_split="random")
    cloned = clone(estimator)
    theta = estimator.fit(X, Y).theta_
    assert not hasattr(clone(estimator), "theta_")
    np.testing.assert_array_equal(cloned.fit(X, Y).theta_, theta)
