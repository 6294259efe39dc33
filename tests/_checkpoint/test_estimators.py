import json
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklstm import Forecaster, LagsToSequences, LSTMRegressor, WindowTransformer
from sklstm._checkpoint.estimators import EstimatorSpec, Opaque, made, opaque_parameters, spec_of
from sklstm._checkpoint.state_kinds import CODEC
from tests.tools import label


class Foreign(BaseEstimator):
    pass


class Ridge2(Ridge):
    pass


def again(estimator):
    content, arrays = CODEC.encode(spec_of(estimator))
    return made(CODEC.decode(json.loads(json.dumps(content)), arrays))


@pytest.mark.parametrize(
    "estimator",
    [
        LSTMRegressor(quantile=[0.1, 0.9], n_iter_no_change=np.inf),
        WindowTransformer(),
        LagsToSequences(3, order="oldest_first", names=["lag1", "lag2"]),
        Forecaster(make_pipeline(StandardScaler(), LSTMRegressor(3)), past_only=["a"], dtype=np.float32, trust=0.5),
        Ridge(0.5, max_iter=3),
        Forecaster(Ridge(), baseline=make_pipeline(Ridge(2.0))),
    ],
    ids=label,
)
def test_an_estimator_is_made_again(estimator):
    found = again(estimator)
    if getattr(estimator, "dtype", None) is not None:
        assert np.dtype(found.dtype) == np.dtype(estimator.dtype)
        found.dtype = estimator.dtype
    assert type(found) is type(estimator)
    assert repr(found) == repr(estimator)
    assert not opaque_parameters(spec_of(estimator))


def test_arrays_and_generators():
    found = again(LSTMRegressor(quantile=np.array([0.1, 0.9]), random_state=np.random.RandomState(3)))
    np.testing.assert_array_equal(found.quantile, [0.1, 0.9])
    assert found.random_state.randint(10**9) == np.random.RandomState(3).randint(10**9)


@pytest.mark.parametrize(
    ("estimator", "names"),
    [
        (FunctionTransformer(np.log), ["func (numpy.ufunc)"]),
        (Foreign(), ["the estimator (tests._checkpoint.test_estimators.Foreign)"]),
        (Ridge2(), ["the estimator (tests._checkpoint.test_estimators.Ridge2)"]),
        (
            make_pipeline(Foreign(), memory="folder"),
            ["memory (str)", "steps (tests._checkpoint.test_estimators.Foreign)"],
        ),
        (Forecaster(Ridge(alpha=lambda: 0)), ["regressor__alpha (builtins.function)"]),
    ],
    ids=label,
)
def test_what_a_file_cannot_hold_is_named(estimator, names):
    found = opaque_parameters(spec_of(estimator))
    assert len(found) == len(names)
    assert all(one.startswith(other) for one, other in zip(found, names, strict=True))
    with pytest.raises(ValueError, match="cannot be made from a file"):
        again(estimator)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (EstimatorSpec("system", {}), "'system' is no estimator"),
        (EstimatorSpec("os.system", {}), "'os.system' is no estimator"),
        (EstimatorSpec("Foreign", {}), "'Foreign' is no estimator"),
        (EstimatorSpec("BaseEstimator", {}), "'BaseEstimator' is no estimator"),
        (EstimatorSpec("Ridge", {"evil": 1}), "Ridge has no parameters"),
        (EstimatorSpec("Ridge", {3: 1}), "Ridge has no parameters"),
        (EstimatorSpec("Pipeline", {"memory": "/tmp"}), "memory='/tmp' names a folder of pickle files"),
        (EstimatorSpec("Pipeline", {}), "Pipeline cannot be made"),
        (EstimatorSpec("Ridge", {"alpha": [Opaque("a.B")]}), "'a.B' cannot be made from a file"),
    ],
)
def test_what_is_wrong_is_refused(spec, message):
    with pytest.raises(ValueError, match=message):
        made(spec)


def test_no_module_is_imported_by_name():
    """The attack would import the module that the name of a class begins with."""
    code = (
        "import sys; from sklstm._checkpoint.estimators import EstimatorSpec, made\n"
        "try: made(EstimatorSpec('antigravity.fly', {}))\n"
        "except ValueError: print('antigravity' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False"]


def test_parameters_are_not_shared():
    ridge = Ridge()
    assert again(Forecaster(ridge)).regressor is not ridge
    assert clone(again(Forecaster(ridge))).regressor.alpha == 1.0
