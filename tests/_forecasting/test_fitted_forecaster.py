import pickle
import warnings
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge, SGDRegressor
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_validate, learning_curve, validation_curve

from sklstm import Forecaster, split_panel
from tests._forecasting.tools import (
    COLUMNS,
    REGRESSORS,
    SHAPES,
    WITH_AUTO,
    H,
    arrays,
    by_series,
    forecaster,
    rows_only,
    series,
    slow_row,
)
from tests.tools import changeable_dataclasses, pairwise

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


IN_SAMPLE = [("recursive", "known"), ("direct", "both"), ("multioutput", "none")]


@pairwise(
    "strategy, columns, name, shape",
    WITH_AUTO,
    ["known", "both", "none"],
    ["ridge", "lstm"],
    SHAPES,
    where=lambda strategy, columns, name, shape: (strategy, columns) in IN_SAMPLE,
)
def test_training_rows_are_answered_with_their_forecasts_in_sample(strategy, columns, name, shape):
    X, y = series(30, columns, shape)
    f = forecaster(REGRESSORS[name], columns, strategy).fit(X, y)
    fitted = f.fitted_values_.loc[y.index]
    rows = rows_only(y) if X is None else X
    for order in (np.arange(len(y)), np.random.default_rng(0).permutation(len(y))[:20]):
        answers = f.predict(rows.iloc[order])
        expected = fitted.iloc[order].to_numpy()
        known = ~np.isnan(expected)
        assert known.mean() > 0.5
        np.testing.assert_array_equal(answers[known], expected[known])
        assert np.isfinite(answers).all()


@pytest.mark.parametrize("index", [pd.period_range("2024-01", periods=9, freq="M"), pd.RangeIndex(5, 14)])
def test_training_rows_without_a_forecast_have_the_newest_value_before_or_the_mean(index):
    y = pd.Series([4.0, 8, np.nan, 1, 3, 2, 7, 7, 4], index)
    f = Forecaster(Ridge(), window_length=2, drop_incomplete="auto")
    with pytest.warns(UserWarning, match="windows are left out"):
        f.fit(None, y)
    answers = f.predict(rows_only(y))
    missing = f.fitted_values_.isna().to_numpy()
    assert np.flatnonzero(missing).tolist() == [0, 1, 3, 4]
    np.testing.assert_allclose(answers[missing], [4.5, 4, 8, 1])
    np.testing.assert_array_equal(answers[~missing], f.fitted_values_[~missing])


@pytest.mark.parametrize("is_asked_before", [True, False])
def test_fitted_values_stay_those_of_the_fit_whatever_is_trained_later(is_asked_before):
    _, y = series(40)
    f = forecaster(SGDRegressor(random_state=0, eta0=1e-4)).fit(None, y[:30])
    expected, residuals = deepcopy(f).fitted_values_, deepcopy(f).residuals_
    if is_asked_before:
        pd.testing.assert_series_equal(f.fitted_values_, expected)
    n_predicted = []
    f.update(None, y[30:35], train=True).update(None, y[35:], train=True)
    for estimator in (f, deepcopy(f), pickle.loads(pickle.dumps(f))):
        pd.testing.assert_series_equal(estimator.fitted_values_, expected)
        pd.testing.assert_series_equal(estimator.residuals_, residuals)
        regressor = estimator._in_sample.fitted.regressors[0]
        regressor.predict = n_predicted.append  # they are computed once
        pd.testing.assert_series_equal(estimator.fitted_values_, expected)
    assert not n_predicted
    values = f.fitted_values_
    values.iloc[10:] = 0.0  # what the user does with them is theirs
    pd.testing.assert_series_equal(f.fitted_values_, expected)
    f.fit(None, y[:20])
    assert len(f.fitted_values_) == 20


def test_rows_that_are_counted_anew_are_not_taken_for_training_rows():
    y = pd.Series(np.arange(20.0) ** 1.1)
    f = forecaster(Ridge()).fit(None, y)
    with pytest.raises(ValueError, match=r"rows of X are at 0 … 3, but the history ends at 19\..* begin at 20"):
        f.predict(pd.DataFrame(index=range(4)))  # as after reset_index(drop=True)
    assert len(f.predict(rows_only(y))) == 20  # as scikit-learn asks for a training score


def test_rows_of_an_update_are_history_and_not_training():
    X, y = series(30, "known")
    f = forecaster(Ridge(), "known").fit(X[:20], y[:20])
    in_sample = f.predict(X[:20])
    f.update(X[20:25], y[20:25])
    np.testing.assert_array_equal(f.predict(X[:20]), in_sample)
    for rows in (X[20:22], X[22:28]):
        with pytest.raises(ValueError, match=r"added by update, the first at .* of the rows after 2024-01-25\. "):
            f.predict(rows)


@pytest.mark.parametrize("rows", [slice(19, 22), slice(25, 31), slice(0, 30)])
@pytest.mark.parametrize("shape", ["single", "panel"])
def test_training_rows_and_others_are_not_answered_together(shape, rows):
    X, y = series(40, "known", shape)
    old = y.index.get_level_values(-1) < pd.Timestamp("2024-01-27")
    f = forecaster(Ridge(), "known").fit(X[old], y[old])
    asked = X.loc[y.index.get_level_values(-1).isin(pd.date_range("2024-01-01", periods=40)[rows])]
    with (
        pytest.raises(ValueError, match=r"\d+ of the \d+ rows of X were trained on.*once for each")
        if (rows.stop > 26)
        else pytest.MonkeyPatch.context()
    ):
        f.predict(asked)


def test_other_known_columns_than_in_training_are_refused_for_training_rows():
    X, y = series(30, "both")
    f = forecaster(Ridge(), "both", "direct").fit(X, y)
    answers = f.predict(X[5:9])
    np.testing.assert_array_equal(f.predict(X[5:9].assign(p=np.nan)), answers)  # what is not known is not read
    changed = X[5:9].copy()
    changed.loc["2024-01-08", "l"] = 77.0
    with pytest.raises(ValueError, match=r"The column 'l' of X is 77.0 at 2024-01-08.*in training"):
        f.predict(changed)


@pytest.mark.parametrize("shape", ["single", "panel"])
@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error"])
@pytest.mark.parametrize("name", ["ridge", "lstm"])
def test_scikit_learn_scores_training_rows(name, scoring, shape):
    X, y = series(60, "known", shape)
    cv = TimeSeriesSplit(2, test_size=3) if shape == "single" else split_panel(y, 2, 3)
    f = forecaster(REGRESSORS[name], "known")
    scores = cross_validate(f, X, y, cv=cv, scoring=scoring, return_train_score=True, error_score="raise")
    assert np.isfinite(scores["train_score"]).all()
    search = GridSearchCV(f, {"window_length": [2, 3]}, cv=cv, scoring=scoring, return_train_score=True).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_train_score"]).all()
    if shape == "single":
        warnings.filterwarnings("ignore", ".*longer than the history")  # half of the rows before a test are left out
        for curve in (
            learning_curve(f, rows_only(y), y, cv=cv, train_sizes=[0.5, 1.0], scoring=scoring, error_score="raise"),
            validation_curve(
                f, X, y, cv=cv, param_name="window_length", param_range=[2, 3], scoring=scoring, error_score="raise"
            ),
        ):
            assert np.isfinite(curve[-2]).all()


@pytest.mark.filterwarnings("ignore:.*(windows are left out|steps are skipped)")
@pairwise("strategy, shape, columns, name", WITH_AUTO, SHAPES, COLUMNS, ["ridge", "lstm"])
def test_fitted_values_are_one_step_predictions_by_hand(strategy, shape, columns, name):
    X, y = series(26, columns, shape)
    y.iloc[[5, 12]] = np.nan
    f = forecaster(REGRESSORS[name], columns, strategy, dtype="float64").fit(X, y)
    fitted_values, n_ahead = f.fitted_values_, 1 if strategy == "recursive" else H
    n_targets, is_lstm = 2 if shape == "several" else 1, name == "lstm"
    for key, part in by_series(y).items():
        table, known, past = arrays(None if X is None else by_series(X)[key], part)
        mine = np.reshape(by_series(fitted_values)[key], (-1, n_targets))
        for o in range(len(part)):
            row = np.array(slow_row(table, known, past, o, n_ahead, is_lstm))
            knows = o + n_ahead <= len(part) or not known.shape[1]
            present = ~np.isnan(row).any(axis=-1)
            if present.any() and knows:
                expected = f.regressors_[0].predict(row[np.newaxis]).reshape(-1, n_targets)[0]
                np.testing.assert_allclose(mine[o], expected)
            else:
                assert np.isnan(mine[o]).all()
    assert np.isfinite(fitted_values).to_numpy().mean() > 0.3
    residuals = pd.DataFrame(f.residuals_)
    np.testing.assert_array_equal(residuals.loc[y.index], pd.DataFrame(y) - pd.DataFrame(fitted_values).loc[y.index])


def test_what_was_fitted_cannot_be_changed():
    """So the results of several fits may share it."""
    assert changeable_dataclasses("_forecasting") == ["CalibrationErrors", "_Windows"]  # which compute when asked
