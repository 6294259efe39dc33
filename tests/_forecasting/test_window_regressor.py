import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPRegressor
from sklearn.svm import SVR

from sklstm._forecasting.window_regressor import WindowRegressor
from sklstm._forecasting.window_spec import WindowSpec
from tests._forecasting.tools import (
    REGRESSORS,
    STRATEGIES,
    H,
    RecordingLSTM,
    forecaster,
    rows_only,
    samples_of,
    series,
    slow_training,
)
from tests.tools import model

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("regressor", [GradientBoostingRegressor(n_estimators=2), SVR(), REGRESSORS["boosting"]])
def test_one_output_under_multioutput_names_direct(regressor):
    _, y = series(30)
    with pytest.raises(ValueError, match=r"does not take 3 outputs at once \(.*\). strategy='direct'"):
        forecaster(regressor, strategy="multioutput").fit(None, y)
    assert len(forecaster(regressor, strategy="direct").fit(None, y).forecast(H)) == H


def test_mlp_takes_several_outputs():
    _, y = series(30)
    f = forecaster(MLPRegressor(hidden_layer_sizes=(4,), max_iter=5, random_state=0), strategy="multioutput").fit(
        None, y
    )
    assert f.forecast(H).nunique() == H


class Answering(RegressorMixin, BaseEstimator):
    """Answers with what a function makes of the rows."""

    def __init__(self, answer=None):
        self.answer = answer

    def fit(self, X, y):
        return self

    def predict(self, X):
        return self.answer(np.asarray(X))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


NO_ANSWERS = {
    "nothing": (lambda X: None, "returned nothing, but 1 rows of 1 values"),
    "too many columns": (lambda X: X[:, :3], r"an array of shape \(1, 3\), but 1 rows of 1 values"),
    "too few rows": (lambda X: X[1:, 0], r"an array of shape \(0,\)"),
    "too many rows": (lambda X: np.zeros(len(X) + 1), r"an array of shape \(2,\)"),
    "a single number": (lambda X: 1.0, r"an array of shape \(\)"),
    "complex numbers": (lambda X: X[:, 0] + 1j, "complex"),
    "text": (lambda X: X[:, 0].astype(str), "The output of Answering.predict holds text"),
}


@pytest.mark.parametrize("name", NO_ANSWERS)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_no_answer_is_refused(name, strategy):
    _, y = series(30)
    answer, message = NO_ANSWERS[name]
    f = forecaster(Answering(answer), strategy=strategy)
    if strategy == "multioutput":
        if name == "too many columns":
            return  # three are asked for
        message = message.replace("of 1 values", "of 3 values")
    with pytest.raises((TypeError, ValueError), match=message):
        f.fit(None, y).forecast(1)


def test_more_targets_than_there_are_are_not_cut_off():
    _, y = series(30, shape="several")
    f = forecaster(Answering(lambda X: X[:, :3])).fit(None, y)
    with pytest.raises(
        ValueError, match=r"Answering.predict returned an array of shape \(1, 3\), but 1 rows of 2 values"
    ):
        f.forecast(2)


NOT_FINITE = {
    "infinite": lambda X: np.full(len(X), np.inf),
    "negative infinite": lambda X: np.full(len(X), -np.inf),
    "missing": lambda X: np.full(len(X), np.nan),
    "masked": lambda X: np.ma.masked_greater(X[:, 0], -1e9),
    "None": lambda X: np.array([None] * len(X)),
}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", NOT_FINITE)
def test_forecasts_that_are_not_finite_are_refused(name, strategy):
    _, y = series(30)

    n_outputs = H if strategy == "multioutput" else 1
    f = forecaster(Answering(lambda X: np.ma.stack([NOT_FINITE[name](X)] * n_outputs, axis=1)), strategy=strategy)
    f.fit(None, y)
    with pytest.raises(ValueError, match="is not finite"):
        f.forecast(3)
    with pytest.raises(ValueError, match="is not finite"):
        f.predict(rows_only(y.shift(2, freq="D"))[-2:])
    assert f.fitted_values_.isna().all()


# ---- a budget of updates


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_network_has_as_many_updates_as_suit_its_windows(strategy):
    _, y = series(34)
    lstm = model(batch_size=1, max_iter=20, max_updates="auto")
    f = forecaster(lstm, strategy=strategy).fit(None, y)
    expected = slow_training(None, y, strategy, "sequences")[0]
    for network, (windows, *_) in zip(f.regressors_, expected, strict=True):
        assert network.max_updates_ == network.t_ == 10 * len(windows) > 200
        assert network.n_iter_ == 10


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_update_that_trains_goes_over_all_new_windows_whatever_the_updates(strategy):
    """After so many updates that end with an epoch, all is as without them."""
    _, y = series(34)
    cosine = {"learning_rate": "cosine", "batch_size": 6}
    plain = forecaster(model(max_iter=2, **cosine), strategy=strategy).fit(None, y[:30])
    (n_batches,) = {-(-network.t_ // 2 // 6) for network in plain.regressors_}
    limited = forecaster(model(max_iter=200, max_updates=2 * n_batches, **cosine), strategy=strategy)
    limited.fit(None, y[:30])
    for f in (plain, limited):
        f.update(None, y[30:], train=True)
    assert [network.t_ for network in limited.regressors_] == [network.t_ for network in plain.regressors_]
    np.testing.assert_array_equal(limited.forecast(H), plain.forecast(H))


# ---- single targets that are missing


def test_an_lstm_under_auto_is_given_single_missing_targets_with_the_smallest_weight_of_the_others():
    lags = WindowSpec(2, 3, 1, 0, 0)
    targets = np.array([[1.0, 2, 3], [2, np.nan, 4], [3, 4, 5], [np.nan] * 3, [6, 7, np.nan], [7, np.nan, np.nan]])
    weight = np.array([[1.0, 2, 3], [4, 0, 5], [0, 2, 1], [1, 1, 1], [0, 0, np.nan], [0.5, np.nan, np.nan]])
    windows = np.arange(12.0).reshape(6, 2, 1)
    for weights, kept in ((None, [0, 1, 2, 4, 5]), (weight, [0, 1, 2, 5])):
        samples = samples_of(windows, targets, weights)
        partly = WindowRegressor(RecordingLSTM(), lags, range(3), learns_partly=True)
        X, y, keywords = partly.training_data(samples)
        np.testing.assert_array_equal(X, windows[kept])
        expected = targets[kept]
        if weights is not None:
            expected[2, 0] = np.nan  # of weight 0
            np.testing.assert_array_equal(keywords["sample_weight"], [1, 4, 1, 0.5])
        np.testing.assert_array_equal(y, expected)
        whole = WindowRegressor(RecordingLSTM(), lags, range(3)).training_data(samples)[0]
        np.testing.assert_array_equal(whole, windows[[0, 2] if weights is None else [0]])


def test_a_step_without_any_target_is_named():
    samples = samples_of(np.ones((2, 2, 1)), np.array([[1.0, 2, np.nan], [2, np.nan, np.nan]]))
    partly = WindowRegressor(RecordingLSTM(), WindowSpec(2, 3, 1, 0, 0), range(3), learns_partly=True)
    with pytest.raises(ValueError, match=r"no window whose target 3 steps ahead is known\. .* choose steps=2\."):
        partly.fit(*partly.training_data(samples))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_added_to_the_last_value_follows_from_how_known_columns_change(strategy):
    X, y = series(60, "known")
    y = (X @ [3.0, -2.0]).rename("sales")
    f = forecaster(LinearRegression(), "known", strategy, baseline="naive", trust=1.0).fit(X[:-H], y[:-H])
    np.testing.assert_allclose(f.forecast(H, X[-H:]), y[-H:], atol=1e-9)


class Tuned(RecordingLSTM):
    """Keeps the rates and the windows of each pass."""

    def partial_fit(self, X, y):
        self.passes_ = [*getattr(self, "passes_", []), (self.learning_rate, self.learning_rate_init, len(X))]
        return self


@pytest.mark.parametrize("rate", [None, 0.4])
@pytest.mark.parametrize("schedule", ["constant", "invscaling", "adaptive", "cosine"])
def test_an_lstm_takes_five_passes_at_small_falling_rates_and_gets_its_own_back(schedule, rate):
    """Each with fifteen older windows for each new one. A cosine would restart at its full rate."""
    spec, drawn = WindowSpec(2, 1, 1, 0, 0), []
    lstm = Tuned(learning_rate=schedule, learning_rate_init=0.02)
    new, older = (samples_of(np.ones((n, 2, 1)), np.ones((n, 1))) for n in (3, 20))
    regressor = WindowRegressor(lstm, spec, range(1))
    regressor.partial_fit(new, lambda n: drawn.append(n) or older, learning_rate_init=rate)
    shares = 0.5 * (1 + np.cos(np.pi * np.arange(5) / 5))
    schedules, rates, lengths = zip(*lstm.passes_, strict=True)
    assert schedules == ("constant" if schedule == "cosine" else schedule,) * 5
    np.testing.assert_allclose(rates, shares * (0.1 * 0.02 if rate is None else rate))
    assert (drawn, lengths) == ([45] * 5, (23,) * 5)
    assert (lstm.learning_rate, lstm.learning_rate_init) == (schedule, 0.02)
    without = samples_of(np.ones((2, 2, 1)), np.full((2, 1), np.nan))
    regressor.partial_fit(without, lambda n: pytest.fail("nothing is new"))
    assert len(lstm.passes_) == 5


class Failing(RegressorMixin, BaseEstimator):
    """Learns nothing, neither one output nor several."""

    def fit(self, X, y):
        raise ValueError(f"no fit of {np.ndim(y)} dimensions")

    def predict(self, X):
        return pytest.fail("not fitted")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_error_that_is_not_about_several_outputs_is_raised_as_it_is(strategy):
    _, y = series(30)
    with pytest.raises(ValueError, match=rf"^no fit of {1 + (strategy == 'multioutput')} dimensions"):
        forecaster(Failing(), strategy=strategy).fit(None, y)
