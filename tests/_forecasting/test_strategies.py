from itertools import pairwise

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from sklstm import LSTMRegressor
from sklstm._forecasting.baselines import NO_BASELINE
from sklstm._forecasting.built_windows import ForecastWindows
from sklstm._forecasting.default_regressor import default_regressor
from sklstm._forecasting.strategies import (
    STRATEGIES,
    Direct,
    MultiOutput,
    RegressorSet,
    Strategy,
    _scaled_errors,
    choose_strategy,
    make_strategy,
    with_errors,
)
from sklstm._forecasting.window_spec import WindowSpec
from sklstm._utils.callbacks import NO_TASKS
from tests._forecasting.tools import samples_of
from tests.tools import model as lstm

L, H, N = 4, 3, 60


class Recorder(RegressorMixin, BaseEstimator):
    """Keeps what it is given."""

    def fit(self, X, y, sample_weight=None):
        self.given_ = (np.array(X), np.array(y), sample_weight)
        return self

    def partial_fit(self, X, y, sample_weight=None):
        return self.fit(X, y, sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def lags_of(strategy, n_targets=1, n_known=0, n_past=0):
    return WindowSpec(L, make_strategy(strategy, H).n_ahead, n_targets, n_known, n_past)


def regressor_set(regressor, lags, strategy):
    return RegressorSet.from_template(regressor, lags, make_strategy(strategy, H))


def made(lags, seed=0):
    """A series, its table and the windows and targets of every origin."""
    rng = np.random.default_rng(seed)
    y, past = rng.normal(size=(N, lags.n_targets)), rng.normal(size=(N, lags.n_past))
    known = rng.normal(size=(N + 2 * H, lags.n_known))
    origins = np.arange(L, N)
    windows = lags.windows(lags.table(y, known, past, np.float64), origins)
    return y, known, past, samples_of(windows, lags.targets(y, origins))


def start_of(windows, n_targets, steps, future=None, limits=None):
    """Windows to forecast from that were scaled by nothing."""
    shape = len(windows), n_targets
    if future is None:
        future = np.empty((len(windows), 0, windows.shape[2] - n_targets))
    if limits is None:
        limits = np.stack(
            (np.full((shape[0], steps, n_targets), -np.inf), np.full((shape[0], steps, n_targets), np.inf))
        )
    return ForecastWindows(
        windows,
        future,
        is_readable=np.ones((len(windows), steps), bool),
        centre=np.zeros(shape),
        size=np.ones(shape),
        error_scale=np.ones(shape),
        last=windows[:, -1, :n_targets],
        season=np.zeros((shape[0], steps, n_targets)),
        is_log=np.zeros(shape, bool),
        bounds=limits.swapaxes(0, 1),
        baseline=NO_BASELINE,
    )


# ---- what each regressor is fitted on


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("weighted", [True, False])
def test_each_regressor_learns_the_targets_that_it_predicts_where_they_are_known(strategy, n_targets, weighted):
    lags = lags_of(strategy, n_targets)
    y, *_, samples = made(lags)
    y[20] = np.nan
    y[30, 0] = np.nan
    row_weight = np.random.default_rng(1).random(N)
    row_weight[40] = 0
    weight = lags.targets(row_weight[:, np.newaxis], np.arange(L, N)) if weighted else None
    samples = samples_of(samples.windows, lags.targets(y, np.arange(L, N)), weight)
    fitted = regressor_set(Recorder(), lags, strategy).fit(samples, NO_TASKS)
    spans = [[step] for step in range(H)] if strategy == "direct" else [list(range(lags.n_ahead))]
    assert len(fitted.regressors) == len(spans)
    for regressor, span in zip(fitted.regressors, spans, strict=True):
        rows, targets, weights = [], [], []
        for row, origin in enumerate(range(L, N)):
            predicted = [origin + step for step in span]
            if max(predicted) >= N or np.isnan(y[predicted]).any():
                continue
            if weighted and row_weight[predicted].min() == 0:
                continue
            rows.append(row)
            targets.append(y[predicted].ravel())
            weights.append(row_weight[predicted].min())
        X, given, w = regressor.given_
        np.testing.assert_array_equal(X, lags.lag_table(samples.windows[rows]))
        assert given.ndim == (1 if len(targets[0]) == 1 else 2)
        np.testing.assert_array_equal(given.reshape(len(rows), -1), targets)
        if weighted:
            np.testing.assert_array_equal(w, weights)
        else:
            assert w is None


def test_regressors_are_clones():
    template = Ridge(alpha=3)
    regressors = regressor_set(template, lags_of("direct"), "direct").regressors
    assert [r.alpha for r in regressors] == [3] * H
    assert len({id(r) for r in [template, *regressors]}) == H + 1


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_where_no_target_is_known_it_is_said(strategy):
    lags = lags_of(strategy)
    *_, samples = made(lags)
    nothing = samples_of(samples.windows, np.full_like(samples.targets, np.nan))
    with pytest.raises(ValueError, match=rf"no window whose targets, up to {lags.n_ahead} steps ahead, are known"):
        regressor_set(Recorder(), lags, strategy).fit(nothing, NO_TASKS)
    unweighted = samples_of(samples.windows, samples.targets, np.zeros((len(samples.windows), lags.n_ahead)))
    with pytest.raises(ValueError, match="no window whose targets"):
        regressor_set(Recorder(), lags, strategy).fit(unweighted, NO_TASKS)


@pytest.mark.parametrize("n_known", [0, 1])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_target_is_taught_once_though_rows_come_in_pieces(strategy, n_known):
    """Windows that each piece brings: together those of all rows, none of them twice."""
    lags = lags_of(strategy, n_known=n_known)
    y, known, past, _ = made(lags)
    model = regressor_set(Recorder(), lags, strategy)
    taught = [[] for _ in model.regressors]
    for n_before, n_all in pairwise([0, 25, 26, 28, 41, N]):

        def samples(reach, n_all=n_all, n_before=n_before):
            origins = np.arange(max(1, n_before - reach), n_all)
            table = lags.table(y[:n_all], known[:n_all], past[:n_all], np.float64)
            origins = origins[lags.knows_its_future(table, origins)]
            return samples_of(lags.windows(table, origins), lags.targets(y[:n_all], origins))

        model.partial_fit(samples)
        for regressor, all_targets in zip(model.regressors, taught, strict=True):
            all_targets.extend(np.reshape(regressor.given_[1], (len(regressor.given_[1]), -1)).tolist())
    for step, targets in enumerate(taught):
        span = [step] if strategy == "direct" else range(lags.n_ahead)
        # with known columns a window is read once those of all steps are there
        last = N - lags.n_ahead if n_known else N - 1 - max(span)
        expected = [[y[origin + ahead, 0] for ahead in span] for origin in range(1, last + 1)]
        assert sorted(targets) == sorted(expected)


# ---- forecasts


@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("n_known", [0, 2])
@pytest.mark.parametrize("regressor", [Ridge(), KNeighborsRegressor(3), lstm()], ids=lambda r: type(r).__name__)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_recursive_forecast_moves_the_window_on_by_each_answer(regressor, n_targets, n_known):
    lags = lags_of("recursive", n_targets, n_known)
    y, known, past, samples = made(lags)
    fitted = regressor_set(regressor, lags, "recursive").fit(samples, NO_TASKS)
    origins, steps = np.array([L, 17, N]), 5
    windows = lags.windows(lags.table(y, known, past, np.float64), origins)
    answers = fitted.forecast(start_of(windows, n_targets, steps, lags.future(known, origins, steps)), steps)
    for row, origin in zip(answers, origins, strict=True):
        history = y[:origin]
        for step in range(steps):
            table = lags.table(history, known, np.empty((len(history), 0)), np.float64)
            window = lags.windows(table, np.array([len(history)]))
            X = window if isinstance(regressor, LSTMRegressor) else lags.lag_table(window)
            answer = fitted.regressors[0].predict(X).reshape(n_targets)
            np.testing.assert_allclose(row[step], answer, rtol=1e-6, atol=1e-9)
            history = np.vstack((history, answer))


@pytest.mark.parametrize("strategy", ["multioutput", "direct"])
@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("steps", [1, H])
@pytest.mark.parametrize("regressor", [Ridge(), lstm()], ids=lambda r: type(r).__name__)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_other_forecasts_are_regressors_fitted_by_hand(strategy, n_targets, steps, regressor):
    lags = lags_of(strategy, n_targets, n_known=1, n_past=1)
    y, *_, samples = made(lags)
    fitted = regressor_set(regressor, lags, strategy).fit(samples, NO_TASKS)
    answers = fitted.forecast(start_of(samples.windows, lags.n_targets, steps), steps)
    assert answers.shape == (N - L, steps, n_targets)
    for step in range(steps):
        known = N - L - (H - 1 if strategy == "multioutput" else step)
        is_lstm = isinstance(regressor, LSTMRegressor)
        X = samples.windows if is_lstm else lags.lag_table(samples.windows)
        hand = regressor_set(regressor, lags, "multioutput").regressors[0]  # a clone
        if strategy == "direct":
            target = np.array([y[origin + step] for origin in range(L, L + known)])
        else:
            target = np.array([y[origin : origin + H].ravel() for origin in range(L, L + known)])
        hand.fit(X[:known], target[:, 0] if target.shape[1] == 1 else target)
        expected = hand.predict(X).reshape(len(X), -1, n_targets)[:, 0 if strategy == "direct" else step]
        np.testing.assert_allclose(answers[:, step], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("strategy", [MultiOutput(H, is_auto=True), Direct(H, is_auto=True)])
@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("n_known", [0, 2])
@pytest.mark.parametrize("regressor", [Ridge(), KNeighborsRegressor(3), lstm()], ids=lambda r: type(r).__name__)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_blocks_move_the_window_on_by_all_their_steps(strategy, regressor, n_targets, n_known):
    lags = WindowSpec(L, H, n_targets, n_known, 0)
    y, known, past, samples = made(lags)
    known = np.concatenate((known, np.random.default_rng(1).normal(size=(2 * H, n_known))))
    fitted = RegressorSet.from_template(regressor, lags, strategy).fit(samples, NO_TASKS)
    origins, steps = np.array([L, 17, N]), 2 * H + 1
    limits = np.stack((np.full((3, steps, n_targets), -0.5), np.full((3, steps, n_targets), 0.5)))
    windows = lags.windows(lags.table(y, known, past, np.float64), origins)
    answers = fitted.forecast(start_of(windows, n_targets, steps, lags.future(known, origins, steps), limits), steps)
    for row, origin in zip(answers, origins, strict=True):
        history = y[:origin]
        while len(history) < origin + steps:
            table = lags.table(history, known, np.empty((len(history), 0)), np.float64)
            window = lags.windows(table, np.array([len(history)]))
            X = window if isinstance(regressor, LSTMRegressor) else lags.lag_table(window)
            block = np.concatenate([part.predict(X).reshape(-1, n_targets) for part in fitted.regressors])
            history = np.vstack((history, np.clip(block, -0.5, 0.5)))
        np.testing.assert_allclose(row, history[origin:][:steps], rtol=1e-6, atol=1e-9)
    start = start_of(windows, n_targets, 2, lags.future(known, origins, 2), limits[:, :, :2])
    np.testing.assert_array_equal(fitted.forecast(start, 2), answers[:, :2])


@pytest.mark.parametrize(
    ("steps", "n_windows", "n_ahead"),
    [(12, 23, 12), (12, 22, 6), (12, 11, 6), (12, 10, 4), (12, 3, 2), (12, 2, 1), (12, -5, 1), (7, 12, 1), (1, 50, 1)],
)
def test_fewer_steps_are_predicted_at_once_if_there_are_few_windows(steps, n_windows, n_ahead):
    assert choose_strategy(steps, n_windows, True, True) == MultiOutput(n_ahead, is_auto=True)
    assert choose_strategy(steps, n_windows, False, False) == Direct(steps, is_auto=True)  # nothing can be fed back


@pytest.mark.parametrize("strategy", ["multioutput", "direct"])
@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_quantiles_have_an_axis_for_each_of_steps_targets_and_levels(strategy, n_targets):
    lags = lags_of(strategy, n_targets)
    *_, samples = made(lags)
    fitted = regressor_set(lstm(loss="quantile", quantile=[0.1, 0.5, 0.9]), lags, strategy).fit(samples, NO_TASKS)
    start = start_of(samples.windows[:7], n_targets, 2)
    quantiles = fitted.quantiles(start, 2)
    assert quantiles.shape == (7, 2, n_targets, 3)
    np.testing.assert_allclose(quantiles[..., 1], fitted.forecast(start, 2), rtol=1e-6)
    assert (np.diff(quantiles, axis=-1) >= 0).all()


@pytest.mark.parametrize("n_lost", [1, 3, 5])
def test_a_window_that_has_run_to_infinity_leaves_the_others_their_forecasts(n_lost):
    lags = lags_of("recursive")
    _, known, _, samples = made(lags)
    fitted = regressor_set(Ridge(), lags, "recursive").fit(samples, NO_TASKS)
    windows, future = samples.windows[:5].copy(), lags.future(known, np.arange(L, L + 5), 4)
    expected = fitted.forecast(start_of(windows, 1, 4, future), 4)
    windows[:n_lost, 1] = np.inf
    forecasts = fitted.forecast(start_of(windows, 1, 4, future), 4)
    assert np.isinf(forecasts[:n_lost]).all()
    np.testing.assert_allclose(forecasts[n_lost:], expected[n_lost:], rtol=1e-12)


class Pairs(Strategy):
    """A regressor for each two steps: all that a new strategy has to say."""

    name = "pairs"

    @property
    def n_regressors(self):
        return -(-self.n_ahead // 2)

    def steps_of(self, number):
        return range(2 * number, min(2 * number + 2, self.n_ahead))


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_new_strategy_says_which_regressor_predicts_which_steps(steps):
    lags = lags_of("direct", n_targets=2)
    *_, samples = made(lags)
    fitted = RegressorSet.from_template(Ridge(), lags, Pairs(H)).fit(samples, NO_TASKS)
    assert [part.steps for part in fitted.parts] == [range(2), range(2, 3)]
    X, known = lags.lag_table(samples.windows), ~np.isnan(samples.targets)
    hand = []
    for columns in (slice(0, 4), slice(4, 6)):
        rows = known[:, columns].all(axis=1)
        hand.append(Ridge().fit(X[rows], samples.targets[rows, columns]).predict(X))
    expected = np.concatenate(hand, axis=1).reshape(len(X), H, 2)[:, :steps]
    np.testing.assert_allclose(fitted.forecast(start_of(samples.windows, lags.n_targets, steps), steps), expected)


# ---- sample paths


def test_targets_err_together():
    errors = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    answers = with_errors(lambda windows: windows[:, -1], errors, np.random.default_rng(0))(np.zeros((3000, 5, 2)))
    drawn, counts = np.unique(answers, axis=0, return_counts=True)
    np.testing.assert_array_equal(drawn, errors)
    assert (np.abs(counts - 1000) < 5 * np.sqrt(3000 * 2 / 9)).all()


def test_errors_are_drawn_anew_for_each_step_and_by_the_generator_alone():
    errors, windows = np.arange(1000.0)[:, np.newaxis], np.zeros((8, 3, 1))
    predict = with_errors(lambda w: w[:, -1], errors, np.random.default_rng(3))
    first, second = predict(windows), predict(windows)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(with_errors(lambda w: w[:, -1], errors, np.random.default_rng(3))(windows), first)


# ---- regressors that take one output


@pytest.mark.parametrize("regressor", [SVR(), GradientBoostingRegressor(), make_pipeline(StandardScaler(), SVR())])
def test_who_takes_one_output_is_named_with_what_to_do(regressor):
    lags = lags_of("multioutput")
    *_, samples = made(lags)
    with pytest.raises(ValueError, match=rf"{type(regressor).__name__} does not take 3 outputs at once.*1d .*'direct'"):
        regressor_set(regressor, lags, "multioutput").fit(samples, NO_TASKS)
    regressor_set(regressor, lags, "direct").fit(samples, NO_TASKS)
    several = regressor_set(MultiOutputRegressor(regressor), lags, "multioutput").fit(samples, NO_TASKS)
    assert several.forecast(start_of(samples.windows, 1, H), H).shape == (N - L, H, 1)


def test_another_failure_keeps_its_own_message():
    lags = lags_of("multioutput")
    *_, samples = made(lags)
    with pytest.raises(ValueError, match="'alpha' parameter of Ridge"):
        regressor_set(Ridge(alpha=-1), lags, "multioutput").fit(samples, NO_TASKS)
    with pytest.raises(ValueError, match="'C' parameter of SVR"):
        regressor_set(SVR(C=-1), lags_of("recursive"), "recursive").fit(made(lags_of("recursive"))[3], NO_TASKS)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_failure_that_has_nothing_to_do_with_outputs_is_not_explained_by_them():
    lags = lags_of("multioutput")
    *_, samples = made(lags)
    regressor = MLPRegressor(early_stopping=True, validation_fraction=0.999, max_iter=2)
    assert not regressor.__sklearn_tags__().target_tags.multi_output
    with pytest.raises(ValueError, match="the resulting train set will be empty") as error:
        regressor_set(regressor, lags, "multioutput").fit(samples, NO_TASKS)
    assert "outputs" not in str(error.value)
    regressor_set(regressor.set_params(validation_fraction=0.2), lags, "multioutput").fit(samples, NO_TASKS)


def test_weights_are_refused_by_who_takes_none():
    lags = lags_of("recursive")
    *_, samples = made(lags)
    weighted = samples_of(samples.windows, samples.targets, np.ones((N - L, 1)))
    with pytest.raises(TypeError, match="KNeighborsRegressor takes no sample_weight"):
        regressor_set(KNeighborsRegressor(), lags, "recursive").fit(weighted, NO_TASKS)
    assert regressor_set(LinearRegression(), lags, "recursive").fit(weighted, NO_TASKS).regressors[0].coef_.shape == (
        L,
    )


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_default_can_be_used_with_every_strategy(strategy):
    lags = lags_of(strategy)
    *_, samples = made(lags)
    regressor = default_regressor().set_params(max_iter=2)
    assert regressor.random_state is not None  # the same forecast each time
    fitted = regressor_set(regressor, lags, strategy).fit(samples, NO_TASKS)
    future = lags.future(np.empty((N, 0)), np.arange(L, N), H)
    assert np.isfinite(fitted.forecast(start_of(samples.windows, 1, H, future), H)).all()


class Failing(RegressorMixin, BaseEstimator):
    """Takes one output, and fails for a reason of its own."""

    def fit(self, X, y):
        raise ValueError(f"no fit of {np.shape(y)}")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_failure_for_a_reason_of_its_own_is_passed_on(strategy):
    lags = lags_of(strategy)
    *_, samples = made(lags)
    said = r"^no fit of \(\d+, 3\)$" if strategy == "multioutput" else r"^no fit of \(\d+,\)$"
    with pytest.raises(ValueError, match=said):
        regressor_set(Failing(), lags, strategy).fit(samples, NO_TASKS)


def test_clones_print_nothing_unless_they_are_told_to():
    lags, strategy = WindowSpec(L, H, 1, 0, 0), make_strategy("direct", H)
    for given, expected in (((), 0), ((2,), 2)):
        clones = RegressorSet.from_template(lstm(), lags, strategy, *given).regressors
        assert [part.verbose for part in clones] == [expected] * H


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_no_more_regressors_predict_than_there_are_steps(steps):
    called = []

    class Part:
        def __init__(self, number):
            self.steps = range(number, number + 1)

        def predict(self, windows):
            called.append(self.steps.start)
            return np.full((len(windows), 1, 2), self.steps.start)

        def predict_quantiles(self, windows):
            return self.predict(windows)[..., np.newaxis]

    strategy, parts, windows = make_strategy("direct", 3), [Part(number) for number in range(3)], np.zeros((4, L, 2))
    for predict in (
        lambda: strategy.forecast(parts, start_of(windows, 1, steps), steps),
        lambda: strategy.quantiles(parts, windows, steps),
    ):
        called.clear()
        np.testing.assert_array_equal(predict()[0, :, 0].ravel(), range(steps))
        assert called == list(range(steps))


@pytest.mark.parametrize(("scale", "size"), [(1.0, 2.0), (3.0, np.inf), (1.0, 5e-324), (1e-300, 1e300)])
def test_errors_are_scaled_whatever_their_size(scale, size):
    errors = np.array([[[0.0]], [[1e-323]], [[2.0]]])
    np.testing.assert_array_equal(
        _scaled_errors(errors, np.array([scale]), np.array([size]))[:2], errors[:2] * scale / size
    )
