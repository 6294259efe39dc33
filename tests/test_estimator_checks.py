"""scikit-learn's own checks: all of them, none skipped, none expected to fail but the two declared."""

import pytest
import sklearn
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.fixes import parse_version

from sklstm import LSTMRegressor, WindowTransformer

SETTINGS = {
    "default": {},
    "plain sgd": {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.5},
    "nesterov sgd": {"solver": "sgd", "learning_rate_init": 0.02},
    "clipped by value": {"clip_norm": None, "clip_value": 0.1},
    "not clipped": {"clip_norm": None},
    "not standardised": {"standardize": False},
    "penalised": {"alpha": 0.01},
    "in order": {"shuffle": False},
    "eight units": {"hidden_size": 8},
    "last": {"instance_norm": "last"},
    "mean": {"instance_norm": "mean"},
    "standard": {"instance_norm": "standard"},
    "last-standard": {"instance_norm": "last-standard"},
}

EXPECTED = {"check_sample_weight_equivalence_on_dense_data"}
if parse_version(sklearn.__version__) >= parse_version("1.9"):
    EXPECTED |= {"check_array_api_input"}  # skipped in silence without SCIPY_ARRAY_API


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SETTINGS)
def test_regressor_passes_every_check(name):
    results = check_estimator(LSTMRegressor(**SETTINGS[name]), on_skip=None, on_fail=None)
    assert {r["check_name"]: repr(r["exception"]) for r in results if r["status"] != "passed"} == {}
    assert {result["check_name"] for result in results} >= EXPECTED


DECLARED = {
    "check_methods_sample_order_invariance": "a window holds the rows before its own",
    "check_methods_subset_invariance": "a window holds the rows before its own",
}


@pytest.mark.parametrize("flatten", [False, True])
def test_transformer_fails_the_two_declared_checks_and_no_other(flatten):
    results = check_estimator(
        WindowTransformer(3, flatten=flatten), on_skip=None, on_fail=None, expected_failed_checks=DECLARED
    )
    assert {r["check_name"] for r in results if r["status"] == "xfail"} == set(DECLARED)
    assert {r["check_name"]: repr(r["exception"]) for r in results if r["status"] not in ("passed", "xfail")} == {}
