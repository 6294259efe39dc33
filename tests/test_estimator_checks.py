"""scikit-learn's own checks: all of them, none skipped, none expected to fail but those declared, with the reason."""

import numpy as np
import pytest
import sklearn
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import PoissonRegressor, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.fixes import parse_version
from threadpoolctl import threadpool_limits

from sklstm import Forecaster, LagsToSequences, LSTMRegressor, WindowTransformer, default_regressor

# Half of the default's epochs, where that reaches the checks' R² of 0.5 with room (0.74 and more over four seeds).
SHORT = {"max_iter": 100}
SETTINGS = {
    "default": {},
    "plain sgd": {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.5},
    "nesterov sgd": {"solver": "sgd", "learning_rate_init": 0.02},
    "clipped by value": {**SHORT, "clip_norm": None, "clip_value": 0.1},
    "not clipped": {**SHORT, "clip_norm": None},
    "not standardised": {**SHORT, "standardize": False},
    "penalised": {**SHORT, "alpha": 0.01},
    "in order": {**SHORT, "shuffle": False},
    "eight units": {**SHORT, "hidden_size": 8},
    "last": {**SHORT, "instance_norm": "last"},
    "mean": {**SHORT, "instance_norm": "mean"},
    "standard": {**SHORT, "instance_norm": "standard"},
    "last-standard": {**SHORT, "instance_norm": "last-standard"},
    "indicators of what is missing": {**SHORT, "missing": "indicator"},
    "two layers": {**SHORT, "hidden_size": 8, "n_layers": 2},
    "bidirectional": {**SHORT, "hidden_size": 8, "bidirectional": True},
    "two layers, bidirectional": {**SHORT, "hidden_size": 8, "n_layers": 2, "bidirectional": True},
    "dropout": {**SHORT, "dropout": 0.2},
    "long memory": {**SHORT, "forget_bias": "chrono"},
    "absolute error": {**SHORT, "loss": "absolute_error"},
    "huber": {**SHORT, "loss": "huber", "delta": 0.5},
    "quantile": {**SHORT, "loss": "quantile", "quantile": 0.4},
    "quantiles": {**SHORT, "loss": "quantile", "quantile": [0.1, 0.5, 0.9]},
    "poisson": {**SHORT, "loss": "poisson"},
    "next steps": {"loss_steps": "all", "max_iter": 20},
    "adamw": {**SHORT, "solver": "adamw", "alpha": 0.01},
    "rmsprop": {**SHORT, "solver": "rmsprop"},
    "lbfgs": {"solver": "lbfgs"},
    "invscaling": {**SHORT, "learning_rate": "invscaling", "learning_rate_init": 0.05},
    "adaptive": {**SHORT, "learning_rate": "adaptive"},
    "cosine": {**SHORT, "learning_rate": "cosine"},
    "updates": {"max_updates": "auto", "batch_size": "large", "learning_rate": "cosine", "learning_rate_init": 0.05},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 50},
    "early stopping with a gap": {"early_stopping": True, "n_iter_no_change": 50, "validation_gap": 2},
    "early stopping at random": {"early_stopping": True, "n_iter_no_change": 50, "validation_split": "random"},
}
WEIGHTS = "check_sample_weight_equivalence_on_dense_data"
TRAIN, MULTIOUTPUT = "check_regressors_train", "check_regressor_multioutput"
HELD_OUT = {WEIGHTS: "a share of the rows is held out, and a row that is repeated is several"}
EXCEPTIONS = {
    "dropout": {WEIGHTS: "states of a row that is repeated are dropped each time anew"},
    "poisson": {MULTIOUTPUT: "its targets are negative, which it does without asking the tags"},
    "next steps": {
        TRAIN: "its columns are no steps of a series: there is nothing to learn from what follows them",
        MULTIOUTPUT: "five outputs are not the next step of one channel",
    },
    "early stopping": HELD_OUT,
    "early stopping with a gap": HELD_OUT,
    "early stopping at random": HELD_OUT,
}

EXPECTED = {WEIGHTS}
if parse_version(sklearn.__version__) >= parse_version("1.9"):
    EXPECTED |= {"check_array_api_input"}  # skipped in silence without SCIPY_ARRAY_API


# One of each kind of network, target, solver and way to stop; and those that have exceptions of their own.
REPRESENTATIVE = {
    "default", "last-standard", "two layers, bidirectional", "dropout", "quantiles", "poisson", "next steps", "lbfgs",
    "early stopping",
}  # fmt: skip


def representatives(names, few=REPRESENTATIVE):
    """Parametrize by name: the few in the fast suite, the others in the slow one."""
    return pytest.mark.parametrize(
        "name", [pytest.param(name, marks=() if name in few else pytest.mark.slow) for name in names]
    )


@pytest.mark.filterwarnings("ignore")
@representatives(SETTINGS)
def test_regressor_passes_every_check(name):
    declared = EXCEPTIONS.get(name, {})
    results = check_estimator(
        LSTMRegressor(**SETTINGS[name]), on_skip=None, on_fail=None, expected_failed_checks=declared
    )
    assert {r["check_name"]: repr(r["exception"]) for r in results if r["status"] not in ("passed", "xfail")} == {}
    assert {r["check_name"] for r in results if r["status"] == "xfail"} == set(declared)  # none declared in vain
    assert {result["check_name"] for result in results} >= EXPECTED


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
@representatives([name for name in SETTINGS if WEIGHTS not in EXCEPTIONS.get(name, {})])
def test_weights_are_repetitions_with_room(name, seed):
    """As scikit-learn's check, whose 1e-7 must not depend on the processor: training amplifies any rounding."""
    rng = np.random.default_rng(seed)
    X, y, weight = rng.random((15, 30)), rng.integers(0, 3, 15), rng.integers(0, 5, 15)
    repeated, order = np.repeat(np.arange(15), weight), rng.permutation(15)
    weighted, other = (LSTMRegressor(random_state=0, batch_size=60).set_params(**SETTINGS[name]) for _ in range(2))
    weighted.fit(X[order], y[order], sample_weight=weight[order])
    other.fit(X[repeated], y[repeated])
    np.testing.assert_allclose(weighted.predict(X), other.predict(X), rtol=1e-8)


DECLARED = {
    "check_methods_sample_order_invariance": "a window holds the rows before its own",
    "check_methods_subset_invariance": "a window holds the rows before its own",
}


@pytest.mark.filterwarnings("ignore:.*first windows have no history")  # some checks transform other rows than they fit
@pytest.mark.parametrize("flatten", [False, True])
def test_transformer_fails_the_two_declared_checks_and_no_other(flatten):
    results = check_estimator(
        WindowTransformer(3, flatten=flatten), on_skip=None, on_fail=None, expected_failed_checks=DECLARED
    )
    assert {r["check_name"] for r in results if r["status"] == "xfail"} == set(DECLARED)
    assert {r["check_name"]: repr(r["exception"]) for r in results if r["status"] not in ("passed", "xfail")} == {}


@pytest.mark.parametrize("extra", ["repeat", "last"])
def test_lags_to_sequences_passes_every_check(extra):
    results = check_estimator(LagsToSequences(1, extra=extra), on_skip=None, on_fail=None)
    assert {r["check_name"]: repr(r["exception"]) for r in results if r["status"] != "passed"} == {}


# Not "multioutput" and "direct": the checks ask for more rows than the `steps` that these reach, so they answer with an
# error, as they promise.
FORECASTERS = {
    "default, a few epochs": {"regressor": default_regressor().set_params(max_iter=5), "window_length": 24},
    "linear": {"regressor": Ridge()},
    "lstm": {"regressor": LSTMRegressor(8, max_iter=20, random_state=0)},
    "conformal": {"regressor": Ridge(), "intervals": "conformal"},
    "bootstrap": {"regressor": Ridge(), "intervals": "bootstrap"},
    "boosted trees": {"regressor": HistGradientBoostingRegressor(max_iter=5, min_samples_leaf=1)},
    "tree": {"regressor": DecisionTreeRegressor(random_state=0)},
    "support vectors": {"regressor": SVR()},
    "a pipeline of support vectors": {"regressor": make_pipeline(StandardScaler(), SVR())},
    "counts": {"regressor": PoissonRegressor()},
    "the mean": {"regressor": DummyRegressor()},
}
ORDER, SUBSET = "check_methods_sample_order_invariance", "check_methods_subset_invariance"
IN_TIME = {
    WEIGHTS: "a row that is repeated is another step of time",
    ORDER: "rows are steps of time: a forecast is fed back to those after it",
    SUBSET: "rows are steps of time: a forecast is fed back to those after it",
    "check_estimators_empty_data_messages": "a series by itself has no columns",
    "check_regressors_no_decision_function": "its target is a column of X, which gives away what is to be forecast",
    "check_regressor_data_not_an_array": "it predicts the training rows, whose index says that they do not follow",
}
# Trees find the answers of these two checks in the columns alone, as they grow until every row has a leaf.
LUCKY = {"boosted trees": {ORDER, SUBSET}, "tree": {ORDER, SUBSET, WEIGHTS}, "the mean": {ORDER, SUBSET}}
OF_REGRESSOR = {
    "default, a few epochs": {TRAIN: "in a few epochs there is little learnt"},
}


@pytest.mark.filterwarnings("ignore")
@representatives(FORECASTERS, {"linear", "lstm", "conformal", "tree", "support vectors"})
def test_forecaster_fails_the_declared_checks_and_no_other(name):
    declared = {check: reason for check, reason in IN_TIME.items() if check not in LUCKY.get(name, ())}
    declared |= OF_REGRESSOR.get(name, {})
    with threadpool_limits(1):  # trees of a few rows wait for threads
        results = check_estimator(
            Forecaster(**{"window_length": 3, **FORECASTERS[name]}),
            on_skip=None,
            on_fail=None,
            expected_failed_checks=declared,
        )
    assert {r["check_name"]: repr(r["exception"]) for r in results if r["status"] not in ("passed", "xfail")} == {}
    assert {r["check_name"] for r in results if r["status"] == "xfail"} == set(declared)
    assert {result["check_name"] for result in results} >= EXPECTED
