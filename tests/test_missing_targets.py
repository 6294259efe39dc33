"""Single targets that are missing: what training, scores and forecasts make of them is what weights make of them."""

import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline

from sklstm import LSTMRegressor, WindowTransformer, make_windows
from sklstm._network.losses import LOSSES
from sklstm._network.scaling import INSTANCE_NORMS
from tests.test_items import ITEMS
from tests.tools import fit, model, pairwise

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
N = 24
X = RNG.normal(5, 2, (N, 6, 2))
X[0, :2], X[1, 3, 1] = np.nan, np.nan
Y = np.abs(np.column_stack((RNG.normal(3, 1, N), RNG.normal(30, 9, N))))
HAS = RNG.random((N, 2)) < 0.6
HAS[~HAS.any(axis=1), 0] = True
SOME = np.where(HAS, Y, np.nan)
WEIGHT = RNG.uniform(0.5, 2, N)


def in_one_batch(**settings):
    return model(**{"batch_size": 1000, "n_targets": 2, "max_iter": 5, **settings})


def by_target(y):
    """Two samples of each one, with one target each; its missing target is left out. Also the old rows."""
    rows, outputs = np.nonzero(~np.isnan(y))
    single = np.full((len(rows), y.shape[1]), np.nan)
    single[np.arange(len(rows)), outputs] = y[rows, outputs]
    return single, rows


SOLVERS = ["adam", "adamw", "sgd", "rmsprop", "lbfgs"]


def is_exact(loss, solver, instance_norm, full):
    """Whether neither counts are relative to a level, nor windows that count twice change what is typical of them."""
    return instance_norm is None or (loss != "poisson" and (full or instance_norm in ("last", "mean")))


@pairwise("loss, solver, instance_norm, full", LOSSES, SOLVERS, [None, *INSTANCE_NORMS], [True, False], where=is_exact)
def test_samples_are_their_targets_one_by_one(loss, solver, instance_norm, full):
    """A sample with two targets is two samples with one target each: the same losses and predictions.

    If only some samples have two targets, those count twice in the scaling of the inputs, which is therefore off.
    """
    settings = {"loss": loss, "quantile": [0.2, 0.5, 0.9], "solver": solver, "instance_norm": instance_norm}
    settings |= {"standardize": full, "learning_rate_init": 0.01 if full else 1e-3}
    y = Y if full else SOME
    single, rows = by_target(y)
    together = fit(in_one_batch(**settings), X, y, WEIGHT)
    apart = fit(in_one_batch(**settings), X[rows], single, WEIGHT[rows])
    assert together.loss_curve_[-1] != together.loss_curve_[0]
    np.testing.assert_allclose(apart.loss_curve_, together.loss_curve_, rtol=1e-7)
    np.testing.assert_allclose(apart.predict(X), together.predict(X), rtol=1e-6)
    empty = np.full((1, 6, 2), np.nan)
    np.testing.assert_allclose(apart.predict(empty), together.predict(empty), rtol=1e-12)


ALL_SETTINGS = {name: item for name, item in ITEMS.items() if "early" not in name and "everything" not in name}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [name for name in ALL_SETTINGS if name != "dropout"])
def test_weights_are_repetitions_to_the_bit(name, dtype):
    """With weights of 0, 1 and 2, in one batch, of samples that lack targets."""
    rows, counts = X.astype(dtype), RNG.integers(0, 3, N)
    y = SOME if "next" not in name else np.where(HAS, X[:, -1], np.nan)
    weighted = fit(in_one_batch(**ALL_SETTINGS[name]), rows, y, counts)
    repeated = fit(in_one_batch(**ALL_SETTINGS[name]), np.repeat(rows, counts, axis=0), np.repeat(y, counts, axis=0))
    np.testing.assert_array_equal(weighted.theta_, repeated.theta_)
    np.testing.assert_array_equal(weighted.predict(rows), repeated.predict(rows))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ITEMS)
def test_everything_trains_without_some_targets(name, dtype):
    """The loss falls; a pickle and another fit give the same bits; the precision stays."""
    series = 3 + np.column_stack([np.sin(np.arange(60) / k) for k in (2, 3)])
    rows, y = (np.array(part, dtype) for part in make_windows(series, 6))
    y[5:40:4, 0] = y[6:50:4, 1] = y[-1, 1] = np.nan
    fitted = fit(model(max_iter=30, **ITEMS[name]), rows, y)
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]
    assert fitted.theta_.dtype == fitted.predict(rows).dtype == dtype
    np.testing.assert_array_equal(fit(model(max_iter=30, **ITEMS[name]), rows, y).theta_, fitted.theta_)
    assert pickle.loads(pickle.dumps(fitted)).score(rows, y) == fitted.score(rows, y) <= 1


def test_what_is_learnt_is_what_holds_without_the_missing_targets():
    """Half of the targets are missing, and the others determine them."""
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(400, 4, 1))
    y = np.column_stack((rows[:, -1, 0] * 3 + 1, 100 - rows[:, -2, 0]))
    some = np.where(np.arange(400)[:, np.newaxis] % 2 == [0, 1], y, np.nan)
    fitted = LSTMRegressor(8, max_iter=60, learning_rate="cosine", random_state=0).fit(rows[:300], some[:300])
    assert r2_score(y[300:], fitted.predict(rows[300:])) > 0.95


@pytest.mark.parametrize("loss_steps", ["last", "all"])
def test_a_missing_target_is_nothing_at_any_level_of_its_window(loss_steps):
    """A constant window 44 orders of magnitude above the others: 0 relative to it would overflow in float32."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 6, 2)).astype(np.float32) * np.float32(1e-20)
    y = rng.normal(size=(30, 2)).astype(np.float32) * np.float32(1e-20)
    X[3], y[3] = 1e24, [1e24, np.nan]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        fitted = fit(model(instance_norm="last-standard", loss_steps=loss_steps), X, y)
    assert np.isfinite(fitted.loss_curve_).all()


# ---- validation


def by_hand(y, predictions):
    """R² of each output over its present targets, averaged."""
    return np.mean([r2_score(t[~np.isnan(t)], p[~np.isnan(t)]) for t, p in zip(y.T, predictions.T, strict=True)])


@pytest.mark.parametrize("standardize", [True, False])
def test_validation_loss_and_score_count_present_targets(standardize):
    settings = {"early_stopping": True, "standardize": standardize, "learning_rate_init": 1e-3}
    fitted = fit(model(**settings), X[:14], SOME[:14], X_val=X[14:], y_val=SOME[14:])
    predictions, y = fitted.predict(X[14:]), SOME[14:]
    scale = fitted._state.network.scaling.target_scale
    error = (predictions - y) / (1 if scale is None else scale.T)
    expected = np.mean(error[~np.isnan(y)] ** 2) / 2
    assert fitted.validation_loss_curve_[fitted.best_iter_ - 1] == pytest.approx(expected, rel=1e-9)
    assert fitted.best_validation_score_ == pytest.approx(by_hand(y, predictions), rel=1e-9)
    assert fitted.score(X[14:], y) == pytest.approx(by_hand(y, predictions), rel=1e-12)


def test_an_output_that_is_never_validated_counts_in_neither_loss_nor_score():
    y = SOME.copy()
    y[14:, 1], y[14:, 0] = np.nan, Y[14:, 0]
    held_out = fit(model(early_stopping=True, validation_fraction=10 / N), X, y)
    given = fit(model(early_stopping=True), X[:14], y[:14], X_val=X[14:], y_val=y[14:])
    assert held_out.validation_loss_curve_ == given.validation_loss_curve_
    score = r2_score(Y[14:, 0], held_out.predict(X[14:])[:, 0])
    assert held_out.best_validation_score_ == pytest.approx(score, rel=1e-12)


def test_with_one_validation_target_of_each_output_there_is_a_loss_and_no_score():
    y_val = np.array([[1.0, np.nan], [np.nan, 9.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        fitted = fit(model(early_stopping=True), X, SOME, X_val=X[5:7], y_val=y_val)
    assert np.isfinite(fitted.validation_loss_curve_).all()
    assert np.isnan(fitted.validation_scores_).all()


# ---- what is refused


def refused(message, *args, **kwargs):
    """Check that `fit`, which a fit of other samples precedes, is refused and leaves that as it was."""
    fitted = fit(model(**kwargs.pop("settings", {})), X, Y)
    before = fitted.theta_
    with pytest.raises(ValueError, match=message) as error:
        fitted.fit(*args, **kwargs)
    assert fitted.theta_ is before
    return str(error.value)


def test_a_row_without_any_target_is_refused_and_left_out_as_advised():
    y = SOME.copy()
    y[3] = np.nan
    message = "y contains NaN in every column of row 3. Remove rows without a target from X and y"
    refused(message, X, y)
    refused("y contains NaN. Remove rows without", X, y[:, 0])
    refused("in every column of row ", X, SOME[:, :1])
    refused(message, X, y, np.arange(N) != 3)
    refused("In X_val.*" + message, X, Y, X_val=X, y_val=y, settings={"early_stopping": True})
    fitted = fit(model(), X, Y)
    for attempt in (fitted.score, fitted.partial_fit):
        with pytest.raises(ValueError, match=message):
            attempt(X, y)
    has_target = ~np.isnan(y).all(axis=1)
    removed = fit(in_one_batch(), X[has_target], y[has_target])
    y[3] = 1e6
    np.testing.assert_array_equal(fit(in_one_batch(), X, y, has_target).theta_, removed.theta_)


def test_an_output_without_any_target_is_refused_and_left_out_as_advised():
    y = np.column_stack((Y, np.full(N, np.nan)))
    message = refused(r"Column \d of y is NaN in all rows that are left for training.*Leave it out of y", X, y)
    fit(model(), X, np.delete(y, int(re.search(r"Column (\d)", message)[1]), axis=1))
    y[-1, 2] = 1.0
    with pytest.raises(ValueError, match="Column 2 of y is NaN in all rows that are left"):
        model().partial_fit(X, y, np.arange(N) < N - 1)
    refused("Column 2 of y is NaN in all rows that are left", X, y, settings={"early_stopping": True})
    fit(model(), X, y)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_is_refused_beside_missing_targets(value):
    y = SOME.copy()
    y[2, 0] = value
    refused("y contains infinity", X, y)
    with pytest.raises(ValueError, match="infinity"):
        fit(model(), X, Y).score(X, y)


def test_a_negative_count_is_refused_beside_missing_targets():
    y = np.where(HAS, np.round(Y), np.nan)
    y[HAS[:, 0].argmax(), 0] = -1
    refused("needs y >= 0, but the smallest target is -1", X, y, settings={"loss": "poisson"})


def test_with_a_target_at_every_step_only_missing_steps_may_lack_one():
    y = np.cumsum(np.nan_to_num(X), axis=1)
    y[4, 2, 1] = np.nan
    refused("NaN at a step that is present", X, y)


# ---- continuing


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_training_may_continue_without_any_target_of_an_output(solver):
    """The scaling stays; the other output is trained on."""
    only_first = np.column_stack((Y[:, 0], np.full(N, np.nan)))
    fitted = fit(model(solver=solver, warm_start=True), X, SOME)
    scale, before = fitted._state.network.scaling.target_scale, fitted.readout_weight_.copy()
    again = fit(fitted, X, only_first) if solver == "lbfgs" else fitted.partial_fit(X, only_first)
    assert again._state.network.scaling.target_scale is scale
    assert (again.readout_weight_[0] != before[0]).all()
    if solver == "lbfgs":
        np.testing.assert_array_equal(again.readout_weight_[1], before[1])  # Adam still has momentum


def test_two_fits_and_one_are_the_same():
    twice = fit(fit(model(max_iter=3, warm_start=True), X, SOME), X, SOME)
    np.testing.assert_array_equal(twice.theta_, fit(model(max_iter=6), X, SOME).theta_)
    assert twice.loss_curve_ == fit(model(max_iter=6), X, SOME).loss_curve_


def test_an_output_that_was_constant_where_it_was_present_may_change_later():
    y = Y.copy()
    y[:, 1] = np.where(np.arange(N) % 2, 7.0, np.nan)
    fitted = fit(model(warm_start=True), X, y)
    np.testing.assert_array_equal(fitted.predict(X)[:, 1], 7)
    y[2, 1] = 9.0
    assert np.ptp(fit(fitted, X, y).predict(X)[:, 1]) > 0


# ---- forecast

WAVE = pd.DataFrame(
    {"y": np.sin(np.arange(60) / 3), "z": np.cos(np.arange(60) / 4)}, pd.date_range("2024-01-01", periods=60)
)


@pytest.mark.parametrize("missing", ["skip", "indicator"])
@pytest.mark.parametrize("loss_steps", ["last", "all", "auto"])
def test_a_forecast_begins_after_a_row_of_which_a_target_is_missing(missing, loss_steps):
    X, y = make_windows(WAVE, 8)
    y = y.copy()
    y.iloc[[20, 40, -1], 1] = np.nan
    fitted = fit(model(missing=missing, loss_steps=loss_steps), X, y)
    assert fitted._state.network.every_step == (loss_steps != "last")
    window = WAVE.to_numpy()[-8:].copy()
    window[-1, 1] = np.nan
    forecast = fitted.forecast(3)
    assert forecast.index[0] == WAVE.index[-1] + pd.Timedelta("1D")
    np.testing.assert_allclose(forecast, fitted.forecast(3, context=window[np.newaxis])[0], rtol=1e-12)


def test_the_last_steps_of_the_last_windows_may_be_unknown():
    """Each output is a step ahead, and the last windows lack those after the end of the series."""
    series = np.sin(np.arange(80) / 3)
    windows = np.lib.stride_tricks.sliding_window_view(np.append(series, np.full(3, np.nan)), 12)
    rows, y = windows[:, :8, np.newaxis], windows[:, 8:]
    rows, y = rows[: 80 - 8], y[: 80 - 8]
    assert np.isnan(y).sum() == 6
    fitted = fit(model(n_targets=1, instance_norm="last", max_iter=20), rows, y)
    assert fitted.predict(rows).shape == y.shape
    assert 0 < fitted.score(rows, y) <= 1


# ---- containers


def test_every_kind_of_missing_value_is_the_same():
    expected = fit(model(), X, SOME).theta_
    frame = pd.DataFrame(SOME, columns=["a", "b"])
    masked = np.ma.MaskedArray(Y, mask=~HAS)
    for y in (frame, frame.astype("Float64"), masked, frame.astype(object).where(HAS, None).to_numpy(), SOME.tolist()):
        np.testing.assert_array_equal(fit(model(), X, y).theta_, expected)
    table = X.reshape(N, -1)
    np.testing.assert_array_equal(fit(model(n_channels=2), table, SOME).theta_, expected)


# ---- scikit-learn


def test_a_search_and_cross_validation_score_by_present_targets():
    cv = TimeSeriesSplit(3)
    scores = cross_val_score(model(), X, SOME, cv=cv)
    expected = []
    for training, test in cv.split(X):
        expected.append(by_hand(SOME[test], fit(model(), X[training], SOME[training]).predict(X[test])))
    np.testing.assert_allclose(scores, expected, rtol=1e-12)
    search = GridSearchCV(model(), {"hidden_size": [2, 4]}, cv=cv).fit(X, SOME)
    assert np.mean(expected) in [pytest.approx(score) for score in search.cv_results_["mean_test_score"]]
    with pytest.warns(UserWarning, match="NaN"):
        assert np.isnan(cross_val_score(model(), X, SOME, cv=cv, scoring="r2")).all()


def test_a_pipeline_passes_missing_targets_on():
    y = np.where(RNG.random((60, 2)) < 0.3, np.nan, WAVE)
    y[np.isnan(y).all(axis=1)] = 0.5
    pipeline = fit(make_pipeline(WindowTransformer(8), model()), WAVE, y)
    windows = WindowTransformer(8).fit_transform(WAVE)
    np.testing.assert_array_equal(pipeline[-1].theta_, fit(model(), windows, y).theta_)
    assert pipeline.score(WAVE, y) == pytest.approx(by_hand(y, pipeline.predict(WAVE)), rel=1e-12)


@pytest.mark.parametrize("around", [TransformedTargetRegressor, MultiOutputRegressor])
def test_estimators_that_check_y_themselves_refuse_missing_targets(around):
    with pytest.raises(ValueError, match="NaN"):
        around(model(n_channels=2)).fit(X.reshape(N, -1), SOME)
