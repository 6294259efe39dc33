import numpy as np
import pandas as pd
import pytest
from sklearn import ensemble
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.cluster import KMeans
from sklearn.compose import TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestRegressor,
    StackingRegressor,
    VotingRegressor,
)
from sklearn.feature_selection import RFE
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor, RegressorChain
from sklearn.neighbors import KNeighborsRegressor, NearestNeighbors
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures, StandardScaler
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils import all_estimators

from sklstm import Forecaster, LSTMRegressor, WindowTransformer, backtest
from sklstm._forecasting.regressor_input import (
    InputFormat,
    accepts_nan,
    check_regressor,
    clone_for_windows,
    lstm_prefixes,
    needs_nonnegative,
    takes_missing_targets,
    takes_several,
    to_regressor_input,
    weight_keywords,
)
from sklstm._forecasting.window_spec import WindowSpec
from tests._forecasting.tools import WITH_AUTO, H, arrays, forecaster, reach, series, slow_row, slow_training, split
from tests.tools import model, pairwise

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
LAGS = WindowSpec(window_length=4, n_ahead=2, n_targets=2, n_known=1, n_past=1)


# ---- whether missing steps may reach a regressor

ROWS = rng.normal(size=(60, 5))
HOLES = np.where(rng.random(ROWS.shape) < 0.2, np.nan, ROWS)
TARGETS = np.abs(ROWS.sum(axis=1)) + 0.1


def takes_nan(regressor):
    """Whether it does, by trying."""
    y = np.column_stack((TARGETS, TARGETS)) if isinstance(regressor, MultiOutputRegressor | RegressorChain) else TARGETS
    clone(regressor).fit(ROWS, y)  # it works as such
    try:
        clone(regressor).fit(HOLES, y).predict(HOLES)
    except ValueError as error:
        assert "NaN" in str(error)  # noqa: PT017 - what else may have failed would prove nothing
        return False
    return True


TREE, LINEAR = DecisionTreeRegressor(max_depth=2), Ridge()
TRIED = {
    **{type(r).__name__: r for r in (LINEAR, TREE, SVR(), KNeighborsRegressor(), MLPRegressor(max_iter=5))},
    "forest": RandomForestRegressor(3),
    "gradient boosting": GradientBoostingRegressor(n_estimators=3),
    "histograms": HistGradientBoostingRegressor(max_iter=2),
    "lstm": LSTMRegressor(2, max_iter=2),
    "imputed": make_pipeline(SimpleImputer(), LINEAR),
    "by neighbours": make_pipeline(KNNImputer(), LINEAR),
    "scaled, imputed": make_pipeline(StandardScaler(), SimpleImputer(), PolynomialFeatures(), LINEAR),
    "too late": make_pipeline(PCA(2), SimpleImputer(), LINEAR),
    "scaled only": make_pipeline(StandardScaler(), LINEAR),
    "scaled tree": make_pipeline(StandardScaler(), TREE),
    "products of tree": make_pipeline(PolynomialFeatures(), TREE),
    "nothing before": make_pipeline("passthrough", TREE),
    "nothing before, linear": make_pipeline("passthrough", LINEAR),
    "pipeline in a pipeline": make_pipeline(StandardScaler(), make_pipeline(SimpleImputer(), LINEAR)),
    **{
        f"{name} of {inner}": wrapper(regressor)
        for inner, regressor in {
            "tree": TREE,
            "linear": LINEAR,
            "imputed": make_pipeline(SimpleImputer(), LINEAR),
        }.items()
        for name, wrapper in {
            "transformed target": lambda r: TransformedTargetRegressor(r),
            "each output": MultiOutputRegressor,
            "chain": RegressorChain,
            "bag": lambda r: BaggingRegressor(r, 2),
            "boosted": lambda r: AdaBoostRegressor(r, n_estimators=2),
            "search": lambda r: GridSearchCV(r, {}, cv=2),
            "search over bags": lambda r: GridSearchCV(BaggingRegressor(r, 2), {}, cv=2),
            "search over targets": lambda r: GridSearchCV(TransformedTargetRegressor(r), {}, cv=2),
        }.items()
    },
    "selected by tree": RFE(TREE),
    "selected by linear": RFE(LINEAR),
    "stack": StackingRegressor([("a", LINEAR)], LINEAR),
    "vote": VotingRegressor([("a", LINEAR)]),
}


@pytest.mark.parametrize("name", TRIED)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_missing_steps_reach_those_that_take_them(name):
    assert accepts_nan(TRIED[name]) is takes_nan(TRIED[name])


# take them, but nothing tells so: they are given complete windows, which is safe
SHY = {
    "constant": DummyRegressor(),
    "columns as they are": make_pipeline(FunctionTransformer(), TREE),
    "vote of trees that impute": VotingRegressor([("a", make_pipeline(SimpleImputer(), LINEAR))]),
}


@pytest.mark.parametrize("name", SHY)
def test_who_does_not_say_that_it_takes_missing_steps_gets_none(name):
    assert not accepts_nan(SHY[name])


@pytest.mark.parametrize("name", [name for name, _ in all_estimators(type_filter="regressor")])
@pytest.mark.filterwarnings("ignore")
def test_no_regressor_of_scikit_learn_gets_what_it_refuses(name):
    try:
        regressor = dict(all_estimators(type_filter="regressor"))[name]()
    except TypeError:
        return  # needs an estimator: above
    if accepts_nan(regressor):
        assert takes_nan(regressor)


# ---- how LSTMs are found, told and fed

NESTED = {
    "itself": (LSTMRegressor(), [""]),
    "pipeline": (make_pipeline(StandardScaler(), LSTMRegressor()), ["lstmregressor__"]),
    "bag": (BaggingRegressor(LSTMRegressor()), ["estimator__"]),
    "deep": (
        TransformedTargetRegressor(make_pipeline(StandardScaler(), BaggingRegressor(LSTMRegressor()))),
        ["regressor__baggingregressor__estimator__"],
    ),
    "two": (VotingRegressor([("a", LSTMRegressor()), ("b", LSTMRegressor())]), ["a__", "b__"]),
    "none": (make_pipeline(StandardScaler(), Ridge()), []),
}


@pytest.mark.parametrize("name", NESTED)
def test_every_lstm_is_found_and_told_what_a_row_is(name):
    regressor, prefixes = NESTED[name]
    assert lstm_prefixes(regressor) == prefixes
    before = regressor.get_params()
    parameters = clone_for_windows(regressor, LAGS).get_params()
    for prefix in prefixes:
        assert parameters[f"{prefix}n_targets"] == 2
        # by itself it gets sequences, whose channels are an axis
        assert parameters[f"{prefix}n_channels"] == (LAGS.n_channels if prefix else before["n_channels"])
    assert repr(regressor.get_params()) == repr(before)  # the user's is left alone


def test_targets_that_the_user_has_counted_stay():
    assert clone_for_windows(LSTMRegressor(n_targets=1), LAGS).n_targets == 1
    assert clone_for_windows(BaggingRegressor(LSTMRegressor(n_targets=1)), LAGS).estimator.n_targets == 1


def as_input(regressor, windows):
    return to_regressor_input(windows, LAGS, InputFormat.from_regressor(regressor))


def test_windows_are_read_as_sequences_flattened_or_as_lags():
    windows = rng.normal(size=(3, 4, LAGS.n_channels))
    assert as_input(LSTMRegressor(), windows) is windows
    np.testing.assert_array_equal(as_input(NESTED["deep"][0], windows), windows.reshape(3, -1))
    rows = as_input(Ridge(), windows)
    # targets (channels 0, 1) and the past-only column (4) of each step; the known ones (2, 3) of the last
    for row, window in zip(rows, windows, strict=True):
        expected = [value for step in window for value in (step[0], step[1], step[4])]
        np.testing.assert_array_equal(row, [*expected, window[-1][2], window[-1][3]])


def test_an_lstm_inside_of_a_pipeline_reads_what_one_by_itself_does():
    windows = rng.normal(size=(20, 4, LAGS.n_channels)).astype(np.float32)
    y = windows[:, -1, :2]
    lstm = clone_for_windows(LSTMRegressor(3, max_iter=3, random_state=0), LAGS)
    inside = clone_for_windows(make_pipeline("passthrough", LSTMRegressor(3, max_iter=3, random_state=0)), LAGS)
    with pytest.warns(match="reached|onverge"):
        answers = [m.fit(as_input(m, windows), y).predict(as_input(m, windows)) for m in (lstm, inside)]
    np.testing.assert_allclose(answers[0], answers[1], rtol=1e-6)


@pytest.mark.parametrize(
    ("regressor", "expected"),
    [
        (LSTMRegressor(), False),
        (LSTMRegressor(loss="poisson"), True),
        (make_pipeline(StandardScaler(), LSTMRegressor(loss="poisson")), True),
        (BaggingRegressor(LSTMRegressor()), False),
        (Ridge(), False),
        (PoissonRegressor(), True),
        (make_pipeline(StandardScaler(), PoissonRegressor()), True),
        (GridSearchCV(PoissonRegressor(), {}), True),
        (TransformedTargetRegressor(PoissonRegressor()), True),
        (HistGradientBoostingRegressor(loss="poisson"), True),
    ],
)
def test_counts_are_not_centred(regressor, expected):
    assert needs_nonnegative(regressor) is expected


# ---- sample weights

WEIGHT = rng.random(60)


def test_weights_reach_the_last_step_of_a_pipeline():
    inner = make_pipeline(StandardScaler(), Ridge())
    outer = make_pipeline(FunctionTransformer(np.exp), inner)
    assert list(weight_keywords(inner, WEIGHT)) == ["ridge__sample_weight"]
    answers = outer.fit(ROWS, TARGETS, **weight_keywords(outer, WEIGHT)).predict(ROWS)
    rows = StandardScaler().fit_transform(np.exp(ROWS))
    np.testing.assert_allclose(answers, Ridge().fit(rows, TARGETS, sample_weight=WEIGHT).predict(rows))


@pytest.mark.parametrize("regressor", [KNeighborsRegressor(), make_pipeline(StandardScaler(), KNeighborsRegressor())])
def test_who_takes_no_weights_is_named(regressor):
    with pytest.raises(TypeError, match="KNeighborsRegressor takes no sample_weight"):
        weight_keywords(regressor, WEIGHT)


def test_weights_can_be_written_to():
    """Read-only views are refused by some of scikit-learn's compiled parts."""
    weight = np.broadcast_to(1.0, 60)
    assert weight_keywords(LinearRegression(), weight)["sample_weight"].flags.writeable


@pytest.mark.parametrize("unit", [1.0, 1e-30, 1e30, 1e300, 1e-300])
def test_weights_that_no_regressor_can_square_come_in_another_unit(unit):
    weight = np.array([0.25, 1.0, 0.5]) * unit
    given = weight_keywords(Ridge(), weight)["sample_weight"]
    np.testing.assert_array_equal(given / given[1], weight / weight[1])
    assert 0.5e-30 <= given[1] <= 1e30
    if 1e-30 <= unit <= 1e30:
        np.testing.assert_array_equal(given, weight)
    np.testing.assert_array_equal(weight_keywords(LSTMRegressor(), weight)["sample_weight"], weight)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("unit", [1e250, 1e-250])
def test_weights_of_any_unit_are_taken_in_float32(unit):
    _, y = series(40)
    weight = np.linspace(0.5, 1, 40)
    fitted = forecaster(LinearRegression(), dtype="float32").fit(None, y, weight * unit)
    expected = forecaster(LinearRegression(), dtype="float32").fit(None, y, weight)
    np.testing.assert_allclose(fitted.forecast(H), expected.forecast(H), rtol=1e-3)


# ---- what is no regressor


NO_REGRESSORS = {
    "clusterer": (KMeans(), "KMeans is a clusterer"),
    "classifier": (LogisticRegression(), "LogisticRegression is a classifier"),
    "outlier detector": (IsolationForest(), "IsolationForest is an outlier detector"),
    "mixture": (GaussianMixture(), "GaussianMixture is a density estimator"),
    "transformer": (StandardScaler(), "StandardScaler has no predict"),
    "neighbours": (NearestNeighbors(), "NearestNeighbors has no predict"),
    "class": (Ridge, r"got the class Ridge: write Ridge\(\)"),
    "pipeline": (make_pipeline(StandardScaler(), KMeans()), "KMeans, in regressor=Pipeline.* is a clusterer"),
    "pipeline of transformers": (make_pipeline(PCA(), StandardScaler()), "StandardScaler, in .* has no predict"),
    "search": (GridSearchCV(IsolationForest(), {}), "IsolationForest, in regressor=GridSearchCV"),
    "bagging": (BaggingRegressor(KMeans()), "KMeans, in regressor=BaggingRegressor"),
    "transformed": (TransformedTargetRegressor(StandardScaler()), "StandardScaler, in regressor=Transformed"),
    "several outputs": (MultiOutputRegressor(KMeans()), "KMeans, in regressor=MultiOutputRegressor"),
    "chain": (RegressorChain(KMeans()), "KMeans, in regressor=RegressorChain"),
    "deep inside": (BaggingRegressor(make_pipeline(PCA(), GridSearchCV(KMeans(), {}))), "(?s)KMeans, in regressor=Bag"),
}


@pytest.mark.parametrize("name", NO_REGRESSORS)
def test_what_is_no_regressor_is_refused_before_any_work(name):
    regressor, message = NO_REGRESSORS[name]
    with pytest.raises(TypeError, match=f"(?s){message}"):
        check_regressor(regressor)
    y = np.arange(30.0) % 7
    forecaster = Forecaster(Ridge(), window_length=3).fit(None, y)
    before = forecaster.forecast(2)
    with pytest.raises(TypeError, match=f"(?s){message}"):
        forecaster.set_params(regressor=regressor).fit(None, y)
    assert forecaster.forecast(2).equals(before)
    with pytest.raises(TypeError, match=f"(?s){message}"):
        backtest(forecaster, None, y, steps=2, n_origins=2)


class Silent:
    """Says nothing of itself."""

    def get_params(self, deep=True):
        return {}

    def set_params(self):
        return self

    def fit(self, X, y):
        self.mean_ = np.mean(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


class Plain(BaseEstimator):
    """Has tags, but no type in them."""

    fit, predict = Silent.fit, Silent.predict


class Ordinal(RegressorMixin, BaseEstimator):
    """A regressor of the user's that has a classifier inside."""

    fit, predict = Silent.fit, Silent.predict

    def __init__(self, estimator=None):
        self.estimator = estimator


@pytest.mark.parametrize(
    "regressor",
    [
        Silent(),
        Plain(),
        Ordinal(LogisticRegression()),
        make_pipeline(KMeans(2, n_init=1), Ridge()),
        StackingRegressor([("ridge", Ridge())]),
        BaggingRegressor(n_estimators=2),
        GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {}, cv=2),
    ],
    ids=lambda regressor: type(regressor).__name__,
)
def test_what_may_be_a_regressor_is_taken(regressor):
    y = np.arange(40.0) % 7
    assert np.isfinite(Forecaster(regressor, window_length=3).fit(None, y).forecast(2)).all()


def test_a_class_is_not_taken_for_one_of_scikit_learn_by_its_name():
    class BaggingRegressor(RegressorMixin, BaseEstimator):
        def __init__(self, estimator=None):
            self.estimator = estimator

    assert not accepts_nan(BaggingRegressor(HistGradientBoostingRegressor()))

    class Bags(ensemble.BaggingRegressor):
        pass

    assert accepts_nan(Bags(HistGradientBoostingRegressor()))


@pytest.mark.parametrize("wrap", [lambda it: it, lambda it: TransformedTargetRegressor(it)])
def test_windows_are_not_cut_twice(wrap):
    pipeline = make_pipeline(StandardScaler(), WindowTransformer(7, flatten=True), Ridge())
    with pytest.raises(TypeError, match=r"cuts windows itself.*WindowTransformer.*window_length=7\)"):
        Forecaster(wrap(pipeline)).fit(None, np.arange(40.0))
    advised = Forecaster(wrap(make_pipeline(StandardScaler(), Ridge())), window_length=7).fit(None, np.arange(40.0))
    assert np.isfinite(advised.forecast(3)).all()


AROUND = {
    "Pipeline": lambda lstm: make_pipeline("passthrough", lstm),
    "TransformedTargetRegressor": lambda lstm: TransformedTargetRegressor(lstm),
    "both": lambda lstm: TransformedTargetRegressor(make_pipeline(lstm)),
}


@pairwise(
    "nest, strategy, columns, shape",
    AROUND,
    WITH_AUTO,
    ["none", "both"],
    ["single", "several"],
    where=lambda nest, strategy, columns, shape: strategy != "auto" or nest == "Pipeline",  # others refuse NaN in y
)
def test_an_lstm_inside_of_another_estimator_reads_the_same_sequences(nest, strategy, columns, shape):
    X, y = series(30, columns, shape)
    steps = reach(columns, strategy)
    (X, X_future), (y, _) = split(X, steps), split(y, steps)
    y.iloc[6] = np.nan
    bare = forecaster(model(max_iter=2, solver="lbfgs"), columns, strategy).fit(X, y)
    nested = forecaster(AROUND[nest](model(max_iter=2, solver="lbfgs")), columns, strategy).fit(X, y)
    np.testing.assert_allclose(nested.forecast(steps, X_future), bare.forecast(steps, X_future), rtol=1e-4)
    (prefix,) = [k for k, v in nested.regressors_[0].get_params().items() if isinstance(v, LSTMRegressor)]
    inner = nested.regressors_[0].get_params()[prefix]
    assert inner.n_targets == (2 if shape == "several" else 1)
    assert inner.n_channels == bare.regressors_[0].n_features_in_


@pytest.mark.parametrize("shape", ["single", "several"])
def test_bags_and_scalers_around_an_lstm_do_what_they_do_by_hand(shape):
    X, y = series(40, "known", shape)
    (X, X_future), (y, _) = split(X, H), split(y, H)
    n_targets = 2 if shape == "several" else 1
    rows, targets, _ = slow_training(X, y, "multioutput", "sequences")[0][0]
    known = np.concatenate((X, X_future))
    context = np.array(slow_row(arrays(X, y)[0], known, np.empty((len(y), 0)), len(y), H, True)).reshape(1, -1)
    for regressor in (
        BaggingRegressor(model(max_iter=2), n_estimators=3, random_state=0),
        make_pipeline(StandardScaler(), model(max_iter=2)),
    ):
        f = forecaster(regressor, "known", "multioutput", dtype="float64").fit(X, y)
        (prefix,) = [k for k, v in regressor.get_params().items() if isinstance(v, LSTMRegressor)]
        by_hand = clone(regressor).set_params(
            **{f"{prefix}__n_channels": rows.shape[2], f"{prefix}__n_targets": n_targets}
        )
        by_hand.fit(rows.reshape(len(rows), -1), targets)
        expected = by_hand.predict(context).reshape(H, n_targets)
        np.testing.assert_allclose(np.reshape(f.forecast(H, X_future), (H, n_targets)), expected, rtol=1e-9)


@pytest.mark.parametrize("nest", [MultiOutputRegressor, BaggingRegressor])
def test_ensembles_inside_of_other_estimators(nest):
    _, y = series(30)
    regressor = nest(RandomForestRegressor(3, random_state=0))
    assert len(forecaster(regressor, strategy="multioutput").fit(None, y).forecast(2)) == 2


@pytest.mark.parametrize("hole", [slice(2, None, 3), slice(30, 32)])
@pytest.mark.parametrize(
    ("regressor", "mend"),
    [
        (Ridge(), make_pipeline(SimpleImputer(), Ridge())),
        (make_pipeline(StandardScaler(), Ridge()), make_pipeline(SimpleImputer(), StandardScaler(), Ridge())),
    ],
)
def test_where_values_are_missing_an_imputer_inside_of_the_regressor_helps(regressor, mend, hole):
    _, y = series(40)
    y.iloc[hole] = np.nan
    said = r"make_pipeline\(SimpleImputer\(\), Ridge\(\)\)|SimpleImputer\(\) the first step of the pipeline"
    if hole.step:
        with pytest.raises(ValueError, match=f"takes complete ones only.*({said})"):
            forecaster(regressor).fit(None, y)
    else:
        with pytest.warns(UserWarning, match=f"takes complete ones only.*({said})"):
            forecaster(regressor).fit(None, y)
    assert np.isfinite(forecaster(mend).fit(None, y).forecast(2)).all()
    assert np.isfinite(forecaster(model()).fit(None, y).forecast(2)).all()


def test_an_lstm_that_is_left_incomplete_windows_is_not_advised_to_be_one():
    _, y = series(40)
    y.iloc[2::3] = np.nan
    with pytest.raises(ValueError, match=r"drop_incomplete=True\. .* set drop_incomplete='auto'") as error:
        forecaster(model(), drop_incomplete=True).fit(None, y)
    assert "choose LSTMRegressor" not in str(error.value)
    assert np.isfinite(forecaster(model(), drop_incomplete="auto").fit(None, y).forecast(2)).all()


INNER = {"lstm": model(max_iter=2), "inside": make_pipeline(StandardScaler(), model(max_iter=2))}


def often_missing():
    """A table whose column `b` is missing at every third row, and a calendar."""
    index = pd.date_range("2024", periods=60, freq="D")
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), index, columns=["a", "b"])
    table.loc[index[::3], "b"] = np.nan
    return table, pd.DataFrame({"day": index.day_of_week, "work": (index.day_of_week < 5) * 1.0}, index)


OFTEN, CALENDAR = often_missing()


NAMED = {
    "the only target": (
        CALENDAR,
        OFTEN["b"],
        {},
        r"the target 'b' is missing at \d+ of them. Set missing='indicator' in the LSTMRegressor, or impute it.$",
    ),
    "an array": (CALENDAR.to_numpy(), OFTEN["b"].to_numpy(), {}, "y is missing at"),
    "a target": (None, OFTEN, {}, "the target 'b' is missing at .* or leave it out"),
    "a target of an array": (
        CALENDAR.to_numpy(),
        OFTEN.to_numpy(),
        {},
        "the target 1 is missing at .* or leave it out",
    ),
    "a column": (
        CALENDAR.assign(b=OFTEN["b"], c=1.0),
        OFTEN["a"],
        {"past_only": ["b", "c"], "strategy": "multioutput", "steps": 2},
        "the column 'b' of X is missing at .* or leave it out",
    ),
    "a column of an array": (
        np.c_[OFTEN["b"], CALENDAR],
        OFTEN["a"].to_numpy(),
        {"past_only": [0], "strategy": "direct", "steps": 2},
        "the column 'x0' of X is missing at",
    ),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("name", NAMED)
def test_skipped_steps_are_told_by_the_names_of_the_user(name, inner):
    X, y, settings, said = NAMED[name]
    f = forecaster(clone(INNER[inner]), **settings)
    with pytest.warns(UserWarning, match=f"steps are skipped .*{said}") as record:
        f.fit(X, y)
    assert not [w for w in record if "channel" in str(w.message)]
    filled = [part if part is None else pd.DataFrame(part).interpolate().bfill() for part in (X, y)]
    f.fit(*filled)  # what is advised mends it: a warning would be an error
    prefix = "regressor__" if inner == "lstm" else "regressor__lstmregressor__"
    f.set_params(**{f"{prefix}missing": "indicator"}).fit(X, y)


@pytest.mark.parametrize("wrap", [lambda part: part, BaggingRegressor], ids=["alone", "inside"])
def test_what_the_user_has_left_open_is_set_on_every_lstm(wrap):
    def settings(lstm, *args, **kwargs):
        made = clone_for_windows(wrap(lstm), LAGS, *args, **kwargs)
        part = made if isinstance(made, LSTMRegressor) else made.estimator
        return part.loss_steps, part.verbose

    assert settings(LSTMRegressor(loss_steps="auto")) == ("all", 0)
    assert settings(LSTMRegressor(loss_steps="auto"), feeds_back=False) == ("last", 0)
    assert settings(LSTMRegressor(loss_steps="auto", bidirectional=True)) == ("last", 0)
    assert settings(LSTMRegressor(loss_steps="last")) == ("last", 0)
    assert settings(LSTMRegressor(loss_steps="all"), False, 2) == ("all", 2)
    assert settings(LSTMRegressor(loss_steps="all", verbose=1), False, 2) == ("all", 1)


@pytest.mark.parametrize(
    ("regressor", "expected"),
    [
        (Ridge(), True),
        (SVR(), False),
        (LSTMRegressor(), True),
        (make_pipeline(StandardScaler(), LSTMRegressor()), True),
        (make_pipeline(StandardScaler(), SVR()), False),
        (make_pipeline(StandardScaler(), GridSearchCV(Ridge(), {"alpha": [1]})), True),
        (make_pipeline(StandardScaler(), "passthrough"), False),
        (GridSearchCV(SVR(), {"C": [1]}), False),
        (BaggingRegressor(Ridge()), True),
        (BaggingRegressor(SVR()), False),
        (MultiOutputRegressor(SVR()), True),
        (TransformedTargetRegressor(Ridge()), True),
        (TransformedTargetRegressor(SVR()), False),
        (object(), False),
    ],
    ids=lambda value: str(value) if hasattr(value, "fit") else type(value).__name__,
)
def test_who_takes_several_outputs(regressor, expected):
    assert takes_several(regressor) == expected


@pytest.mark.parametrize(
    ("regressor", "expected"),
    [
        (LSTMRegressor(), True),
        (make_pipeline(StandardScaler(), "passthrough", LSTMRegressor()), True),
        (make_pipeline(RFE(Ridge()), LSTMRegressor()), False),
        (make_pipeline(StandardScaler(), Ridge()), False),
        (make_pipeline(LSTMRegressor(), "passthrough"), False),
        (TransformedTargetRegressor(LSTMRegressor()), False),
        (BaggingRegressor(LSTMRegressor()), False),
        (Ridge(), False),
    ],
    ids=str,
)
def test_who_takes_single_missing_targets(regressor, expected):
    assert takes_missing_targets(regressor) == expected


WRONG_PARAMETERS = {
    "another regressor": (SVR(C=-1.0), "'C' parameter of SVR"),
    "in a pipeline": (make_pipeline(StandardScaler(), SVR(C=-1.0)), "'C' parameter of SVR"),
    "an LSTM": (LSTMRegressor(hidden_size=-3), "'hidden_size' parameter of LSTMRegressor"),
    "of an LSTM together": (LSTMRegressor(loss_steps="all", bidirectional=True), "Choose one of them"),
}


@pytest.mark.parametrize("name", WRONG_PARAMETERS)
def test_a_regressor_that_is_left_out_for_a_baseline_is_checked_all_the_same(name):
    regressor, message = WRONG_PARAMETERS[name]
    f = Forecaster(regressor, baseline="theta", trust=0.0)
    with pytest.raises(ValueError, match=message):
        f.fit(None, np.arange(30.0))
    assert not hasattr(f, "regressors_")
    assert f.set_params(regressor=Ridge()).fit(None, np.arange(30.0)).regressors_ == []
