"""`SklstmForecaster` in sktime: its own checks, and what its users do, beside the bare `Forecaster`."""

import copy
import pickle
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.svm import SVR

from sklstm import Forecaster, LSTMRegressor
from sklstm.datasets import load_airline

pytest.importorskip("sktime")
from sktime.datasets import load_hierarchical_sales_toydata, load_longley, load_uschange
from sktime.forecasting.base import ForecastingHorizon
from sktime.forecasting.compose import EnsembleForecaster, ForecastingPipeline, TransformedTargetForecaster
from sktime.forecasting.model_evaluation import evaluate
from sktime.forecasting.model_selection import ForecastingGridSearchCV
from sktime.performance_metrics.forecasting import MeanAbsoluteScaledError
from sktime.performance_metrics.forecasting.probabilistic import EmpiricalCoverage
from sktime.registry import scitype
from sktime.split import ExpandingWindowSplitter, SlidingWindowSplitter, temporal_train_test_split
from sktime.transformations.boxcox import LogTransformer
from sktime.utils.estimator_checks import check_estimator

from sklstm.interop.sktime import SklstmForecaster

PAGE = (Path(__file__).parents[2] / "doc" / "sktime.md").read_text()
Y = load_airline().astype(float).asfreq("MS")
TRAIN, TEST = Y[:-12], Y[-12:]
YEAR = range(1, 13)
SALES = load_hierarchical_sales_toydata()  # two levels of products above the month
PRODUCTS = SALES.droplevel(0)
SETTINGS = {"regressor": Ridge(), "window_length": 12}


def lstm(**settings):
    return LSTMRegressor(8, max_iter=30, random_state=0, **settings)


def test_all_checks_of_sktime():
    results = check_estimator(SklstmForecaster, verbose=False)
    print(len(results), "checks")
    assert len(results) > 1000
    assert {name: result for name, result in results.items() if result != "PASSED"} == {}


@pytest.mark.parametrize(
    "settings",
    [{}, SETTINGS, {"regressor": lstm(), "season": None}, {"regressor": SVR(), "strategy": "direct"}],
    ids=["default", "Ridge", "LSTM", "SVR"],
)
def test_forecasts_are_those_of_a_forecaster(settings):
    found = SklstmForecaster(**settings).fit(TRAIN, fh=YEAR).predict()
    expected = Forecaster(**settings, steps=12).fit(None, TRAIN).forecast(12)
    pd.testing.assert_series_equal(found, expected, check_freq=False)


class TestHorizon:
    fitted = SklstmForecaster(**SETTINGS).fit(TRAIN)
    bare = Forecaster(**SETTINGS).fit(None, TRAIN)

    def test_without_fh_in_fit_it_is_recursive(self):
        assert self.fitted.forecaster_.steps is None
        pd.testing.assert_series_equal(self.fitted.predict(fh=YEAR), self.bare.forecast(12), check_freq=False)

    @pytest.mark.parametrize("fh", [[3], [1, 12], [-131, -5, 0, 2], [-1]])
    def test_gaps_and_training_rows(self, fh):
        every = pd.concat([self.bare.fitted_values_, self.bare.forecast(12)])
        found = self.fitted.predict(fh=fh)
        pd.testing.assert_series_equal(found, every.iloc[131 + np.array(fh)], check_freq=False)
        times = ForecastingHorizon(found.index, is_relative=False)
        pd.testing.assert_series_equal(self.fitted.predict(fh=times), found, check_freq=False)

    @pytest.mark.parametrize("convert", ["periods", "numbers", "zone"])
    def test_indexes(self, convert):
        y = TRAIN.copy()
        if convert == "periods":
            y.index = y.index.to_period("M")
        elif convert == "zone":
            y.index = pd.date_range("2024-10-20", periods=len(y), freq="h", tz="Europe/Berlin")
        else:
            y.index = pd.RangeIndex(5, 5 + len(y))
        found = SklstmForecaster(**SETTINGS, season=None).fit(y, fh=[1, 4]).predict()
        expected = Forecaster(**SETTINGS, steps=4).fit(None, y).forecast(4).iloc[[0, 3]]
        pd.testing.assert_series_equal(found, expected, check_freq=False)

    def test_times_that_are_no_rows(self):
        times = ForecastingHorizon(pd.DatetimeIndex(["1960-01-05"]), is_relative=False)
        with pytest.raises(ValueError, match="1960-01-05 00:00:00, which is no row of the series"):
            self.fitted.predict(fh=times)
        with pytest.raises(ValueError, match="fh asks for 132 rows before the last one"):
            self.fitted.predict(fh=[-132])

    def test_strategies_that_need_steps(self):
        with pytest.raises(ValueError, match="fh"):
            SklstmForecaster(**SETTINGS, strategy="direct").fit(TRAIN)
        assert SklstmForecaster(**SETTINGS, strategy="direct", steps=3).fit(TRAIN).predict(fh=[3]).notna().all()


class TestExogenousVariables:
    y, X = load_longley()
    settings = {"regressor": Ridge(), "window_length": 2}

    @pytest.mark.parametrize("past_only", [None, ["UNEMP"], ["GNPDEFL", "GNP", "UNEMP", "ARMED", "POP"]])
    def test_forecasts(self, past_only):
        y, truth, X, X_future = temporal_train_test_split(self.y, self.X, test_size=3)
        forecaster = SklstmForecaster(**self.settings, past_only=past_only).fit(y, X=self.X, fh=[1, 3])
        bare = Forecaster(**self.settings, past_only=past_only, steps=3).fit(X, y)
        expected = bare.forecast(3, X_future).iloc[[0, 2]]
        # X may have more rows than are needed, and past-only columns are not needed
        for given in (X_future, self.X, X_future.drop(columns=past_only or [])):
            found = forecaster.predict(X=given)
            pd.testing.assert_series_equal(found, expected, check_freq=False)
        assert (found / truth.iloc[[0, 2]] - 1).abs().max() < 0.2

    def test_what_is_missing_is_named(self):
        forecaster = SklstmForecaster(**self.settings).fit(self.y[:-3], X=self.X[["GNP"]], fh=[1, 3])
        with pytest.raises(ValueError, match=r"X is missing: .* columns \['GNP'\] .* from 1960 to 1962"):
            forecaster.predict()
        with pytest.raises(ValueError, match="leaves out 1961"):
            forecaster.predict(X=self.X[["GNP"]].iloc[[-3, -1]])
        with pytest.raises(ValueError, match="POP"):
            forecaster.predict(X=self.X[["GNP", "POP"]])
        with pytest.raises(ValueError, match=r"X has the columns .* fit had no X. Leave X out"):
            SklstmForecaster(**self.settings).fit(self.y[:-3], fh=[1]).predict(X=self.X)

    def test_evaluate_needs_every_step(self):
        """It passes on the rows in `fh` alone, which the message says."""
        X = pd.DataFrame({"month": Y.index.month * 1.0}, Y.index)
        forecaster = SklstmForecaster(**SETTINGS)
        settings = {"y": Y, "X": X, "error_score": "raise"}
        with pytest.raises(ValueError, match=r"also where fh has gaps.* give them fh=range\(1, 4\)"):
            evaluate(forecaster, ExpandingWindowSplitter([1, 3], 120, 12), **settings)
        scores = evaluate(forecaster, ExpandingWindowSplitter(range(1, 4), 120, 12), **settings)
        assert scores["test_MeanAbsolutePercentageError"].max() < 0.2

    def test_a_copy_of_the_target_brings_a_warning(self):
        X = pd.DataFrame({"copy": self.y + 1})
        with pytest.warns(UserWarning, match="its column 'copy' is y at the same row"):
            SklstmForecaster(**self.settings).fit(self.y, X=X, fh=[1])


class TestPanels:
    def test_one_model(self):
        found = SklstmForecaster(**SETTINGS).fit(PRODUCTS, fh=[1, 2]).predict()
        expected = Forecaster(**SETTINGS, steps=2).fit(None, PRODUCTS["Sales"]).forecast(2)
        pd.testing.assert_frame_equal(found, expected.to_frame())

    def test_one_model_for_each_series(self):
        forecaster = SklstmForecaster(**SETTINGS, pooling="local").fit(PRODUCTS, fh=[1, 2])
        found = forecaster.predict()
        for product, rows in PRODUCTS.groupby(level=0):
            y = rows.droplevel(0)["Sales"]
            expected = Forecaster(**SETTINGS, steps=2).fit(None, y).forecast(2)
            np.testing.assert_array_equal(found.loc[product, "Sales"], expected)

    def test_a_hierarchy_is_a_panel_of_all_its_series(self):
        found = SklstmForecaster(**SETTINGS, intervals="conformal").fit(SALES, fh=[2])
        flat = SklstmForecaster(**SETTINGS, intervals="conformal").fit(PRODUCTS, fh=[2])
        assert found.predict().index.names == SALES.index.names
        np.testing.assert_array_equal(found.predict(), flat.predict())
        ends = found.predict_interval(coverage=0.5)
        assert (ends.index == found.predict().index).all()
        np.testing.assert_array_equal(ends, flat.predict_interval(coverage=0.5))

    def test_a_model_for_each_panel_of_a_hierarchy(self):
        forecaster = SklstmForecaster(**SETTINGS, pooling="panel").fit(SALES, fh=[1])
        assert len(forecaster.forecasters_) == 2
        line = SALES.index[0][0]
        alone = SklstmForecaster(**SETTINGS).fit(SALES.loc[line], fh=[1]).predict()
        pd.testing.assert_frame_equal(forecaster.predict().loc[line], alone)

    def test_series_that_end_at_different_times(self):
        first, last = PRODUCTS.index[0][0], PRODUCTS.index[-1][1]
        y = PRODUCTS[(PRODUCTS.index.get_level_values(0) != first) | (PRODUCTS.index.get_level_values(1) <= last - 3)]
        forecaster = SklstmForecaster(**SETTINGS).fit(y, fh=[1])
        found = forecaster.predict()
        assert found.loc[first].index == last - 2
        assert found.index.get_level_values(1)[-1] == last + 1
        times = ForecastingHorizon(pd.PeriodIndex([last, last + 1]), is_relative=False)
        at_times = forecaster.predict(fh=times)
        assert len(at_times) == 8
        pd.testing.assert_frame_equal(at_times.iloc[3::2], found.iloc[1:])

    def test_unequal_ends_with_exogenous_variables(self):
        products = PRODUCTS.index.get_level_values(0)
        last = PRODUCTS.index[-1][1]
        y = PRODUCTS[(products != products[0]) | (PRODUCTS.index.get_level_values(1) < last)]
        months = pd.MultiIndex.from_product(
            [products.unique(), pd.period_range("2000-01", last + 4, freq="M")], names=PRODUCTS.index.names
        )
        X = pd.DataFrame({"summer": months.get_level_values(1).month.isin([6, 7, 8]) * 1.0}, months)
        times = ForecastingHorizon(pd.PeriodIndex([last + 1]), is_relative=False)
        forecaster = SklstmForecaster(**SETTINGS).fit(y, X=X)
        assert len(forecaster.predict(fh=[1], X=X)) == 4
        with pytest.raises(ValueError, match="set pooling='local'"):
            forecaster.predict(fh=times, X=X)
        local = SklstmForecaster(**SETTINGS, pooling="local").fit(y, X=X)
        assert len(local.predict(fh=times, X=X)) == 4


class TestIntervals:
    def test_they_are_those_of_a_forecaster(self):
        settings = SETTINGS | {"intervals": "conformal", "calibration_size": 48}
        forecaster = SklstmForecaster(**settings).fit(TRAIN, fh=[1, 6])
        bare = Forecaster(**settings, steps=6).fit(None, TRAIN).forecast(6, coverage=[0.8, 0.9]).iloc[[0, 5]]
        ends = forecaster.predict_interval(coverage=[0.9, 0.8])["passengers"]
        for share, side in [(0.9, "lower"), (0.9, "upper"), (0.8, "lower"), (0.8, "upper")]:
            np.testing.assert_array_equal(ends[share, side], bare[f"{side}_{100 * share:.0f}"])
        quantiles = forecaster.predict_quantiles(alpha=[0.95, 0.5, 0.1, 0.05])["passengers"]
        columns = bare[["upper_90", "forecast", "lower_80", "lower_90"]]
        np.testing.assert_array_equal(quantiles, columns)
        assert (forecaster.predict_var() > 0).all(axis=None)

    def test_several_targets(self):
        y = pd.DataFrame({"a": TRAIN, "b": TRAIN**0.5})
        forecaster = SklstmForecaster(**SETTINGS, intervals="conformal").fit(y, fh=[1])
        bare = Forecaster(**SETTINGS, steps=1, intervals="conformal").fit(None, y).forecast(1, coverage=[0.5, 0.8])
        found = forecaster.predict_quantiles(alpha=[0.25, 0.9])
        assert found.columns.to_list() == [("a", 0.25), ("a", 0.9), ("b", 0.25), ("b", 0.9)]
        columns = [(name, end) for name in "ab" for end in ("lower_50", "upper_80")]
        np.testing.assert_array_equal(found, bare[columns])

    def test_predicted_quantiles(self):
        regressor = lstm(loss="quantile", quantile=[0.1, 0.5, 0.9])
        forecaster = SklstmForecaster(regressor, window_length=12, baseline=None).fit(TRAIN, fh=[1, 2])
        found = forecaster.predict_quantiles(alpha=[0.1, 0.5, 0.9]).to_numpy()
        assert (np.diff(found, axis=1) > 0).all()
        with pytest.raises(ValueError, match=r"coverage=0\.9 needs the quantile 0\.05"):
            forecaster.predict_interval(coverage=0.9)

    @pytest.mark.parametrize("method", ["predict_interval", "predict_quantiles", "predict_var", "predict_proba"])
    def test_without_intervals_it_says_how_to_get_them(self, method):
        forecaster = SklstmForecaster(**SETTINGS).fit(TRAIN, fh=[1])
        assert not forecaster.get_tag("capability:pred_int")
        with pytest.raises(NotImplementedError, match=r"SklstmForecaster\(intervals='conformal'\)"):
            getattr(forecaster, method)()
        found = getattr(forecaster.set_params(intervals="conformal").fit(TRAIN, fh=[1]), method)()
        assert found.index == TRAIN.index[-1:] + pd.offsets.MonthBegin()

    @pytest.mark.parametrize("share", [0.5, 0.8])
    def test_coverage(self, share):
        """Over 100 quarters of the growth of consumption, forecast a year at a time."""
        y, _ = load_uschange()
        cv = ExpandingWindowSplitter(initial_window=87, step_length=4, fh=range(1, 5))
        forecaster = SklstmForecaster(Ridge(), window_length=4, intervals="conformal", calibration_size=0.4)
        scores = evaluate(forecaster, cv, y, scoring=EmpiricalCoverage(coverage=share), error_score="raise")
        coverage = scores["test_EmpiricalCoverage"].mean()
        print("coverage", coverage)
        assert share - 0.1 < coverage < share + 0.12


class TestUpdate:
    def test_rows_are_added(self):
        forecaster = SklstmForecaster(**SETTINGS).fit(TRAIN[:-6], fh=[1, 2])
        bare = Forecaster(**SETTINGS, steps=2).fit(None, TRAIN[:-6]).update(None, TRAIN[-6:])
        found = forecaster.update(TRAIN[-6:], update_params=False).predict()
        pd.testing.assert_series_equal(found, bare.forecast(2), check_freq=False)
        assert forecaster.cutoff == TRAIN.index[-1:]

    def test_an_lstm_is_trained_further(self):
        forecaster = SklstmForecaster(lstm(), window_length=12, season=None, baseline=None).fit(TRAIN[:-6], fh=[1, 2])
        bare = copy.deepcopy(forecaster.forecaster_)
        found = forecaster.update(TRAIN[-6:]).predict()
        pd.testing.assert_series_equal(found, bare.update(None, TRAIN[-6:], train=True).forecast(2), check_freq=False)

    def test_a_regressor_that_cannot_is_fitted_again(self):
        X = pd.DataFrame({"month": Y.index.month.astype(float)}, Y.index)
        forecaster = SklstmForecaster(**SETTINGS).fit(TRAIN[:-6], X=X, fh=[1, 2])
        forecaster.update(TRAIN[-6:-3], X=X, update_params=False).update(TRAIN[-3:], X=X)
        expected = SklstmForecaster(**SETTINGS).fit(TRAIN, X=X, fh=[1, 2]).predict(X=X)
        pd.testing.assert_series_equal(forecaster.predict(X=X), expected, check_freq=False)

    @pytest.mark.parametrize("update_params", [True, False])
    @pytest.mark.parametrize("regressor", [Ridge(), LSTMRegressor(2, max_iter=2, tol=0, random_state=0)])
    def test_the_columns_of_fit_are_needed(self, regressor, update_params):
        """A refit without them would be another model, in silence."""
        X = pd.DataFrame({"month": Y.index.month * 1.0, "row": np.arange(144.0)}, Y.index)
        settings = {"regressor": regressor, "window_length": 12}
        forecaster = SklstmForecaster(**settings).fit(TRAIN, X=X[:-12], fh=[1])
        for given in (None, X[["row"]], X.assign(more=1.0)):
            with pytest.raises(ValueError, match=r"but fit had the columns \['month', 'row'\]"):
                forecaster.update(TEST, X=given, update_params=update_params)
        assert forecaster.cutoff == TRAIN.index[-1:]
        forecaster.update(TEST, X=X[["row", "month"]], update_params=update_params)
        without = SklstmForecaster(**settings).fit(TRAIN, fh=[1])
        with pytest.raises(ValueError, match=r"but fit had no X\. Give the rows without X"):
            without.update(TEST, X=X, update_params=update_params)
        without.update(TEST, update_params=update_params)

    @pytest.mark.parametrize("update_params", [True, False])
    @pytest.mark.parametrize("regressor", [Ridge(), LSTMRegressor(2, max_iter=2, tol=0, random_state=0)])
    def test_targets_are_found_by_name(self, regressor, update_params):
        y = pd.DataFrame({"a": Y, "b": 900 - Y, "c": Y**0.5})
        forecaster = SklstmForecaster(regressor, window_length=12, intervals="conformal").fit(y[:-12], fh=[1, 2])
        other = copy.deepcopy(forecaster).update(y[["c", "a", "b"]][-12:], update_params=update_params)
        forecaster.update(y[-12:], update_params=update_params)
        pd.testing.assert_frame_equal(other.predict(), forecaster.predict())
        pd.testing.assert_frame_equal(other.predict_interval(), forecaster.predict_interval())

    @pytest.mark.parametrize("update_params", [True, False])
    def test_other_targets_are_refused(self, update_params):
        y = pd.DataFrame({"a": TRAIN, "b": 900 - TRAIN})
        forecaster = SklstmForecaster(**SETTINGS).fit(y[:-6], fh=[1])
        before = forecaster.predict()
        for given in (y.assign(c=1.0), y[["a"]], y.rename(columns={"b": "c"})):
            with pytest.raises(ValueError, match=r"y has the columns .* but fit had \['a', 'b'\]\. Give these"):
                forecaster.update(given[-6:], update_params=update_params)
            pd.testing.assert_frame_equal(forecaster.predict(), before)

    @pytest.mark.parametrize("update_params", [True, False])
    def test_a_single_target_may_have_any_name(self, update_params):
        """As in `Forecaster`; rows that were computed often have none."""
        forecaster = SklstmForecaster(**SETTINGS).fit(TRAIN[:-6], fh=[1])
        found = copy.deepcopy(forecaster).update(TRAIN[-6:].rename(None), update_params=update_params).predict()
        expected = forecaster.update(TRAIN[-6:], update_params=update_params).predict()
        pd.testing.assert_series_equal(found, expected, check_names=False)

    def test_forecasts_after_an_update_have_the_form_of_its_rows(self):
        forecaster = SklstmForecaster(**SETTINGS).fit(TRAIN[:-6], fh=[1, 2])
        expected = copy.deepcopy(forecaster).update(TRAIN[-6:]).predict()
        pd.testing.assert_series_equal(forecaster.update_predict_single(TRAIN[-6:]), expected)
        pd.testing.assert_series_equal(forecaster.predict(), expected)

    def test_known_rows_are_left_out(self):
        forecaster = SklstmForecaster(**SETTINGS).fit(TRAIN[:-6], fh=[1])
        found = copy.deepcopy(forecaster).update(TRAIN[-20:], update_params=False).predict()
        pd.testing.assert_series_equal(found, forecaster.update(TRAIN[-6:], update_params=False).predict())

    @pytest.mark.parametrize("rows", [TRAIN[-3:], TRAIN[-8:] + 1, TRAIN[-12:-8]], ids=["gap", "changed", "earlier"])
    def test_what_cannot_be_added_changes_nothing(self, rows):
        forecaster = SklstmForecaster(**SETTINGS).fit(TRAIN[:-6], fh=[1])
        before = forecaster.predict()
        with pytest.raises(ValueError, match="y"):
            forecaster.update(rows)
        pd.testing.assert_series_equal(forecaster.predict(), before)

    def test_rows_of_update_have_no_in_sample_forecasts(self):
        forecaster = SklstmForecaster(**SETTINGS).fit(TRAIN[:-6], fh=[1]).update(TRAIN[-6:], update_params=False)
        with pytest.raises(ValueError, match="known row"):
            forecaster.predict(fh=[0])

    def test_some_series_of_a_panel(self):
        times, last = PRODUCTS.index.get_level_values(1), PRODUCTS.index[-1][1]
        forecaster = SklstmForecaster(**SETTINGS).fit(PRODUCTS[times < last], fh=[1])
        found = forecaster.update(PRODUCTS[times == last].iloc[:2], update_params=False).predict()
        ends = [found.loc[product].index[0] for product in PRODUCTS.index.get_level_values(0).unique()]
        assert ends == [last + 1, last + 1, last, last]

    def test_a_hierarchy(self):
        times, last = SALES.index.get_level_values(2), SALES.index[-1][2]
        forecaster = SklstmForecaster(**SETTINGS).fit(SALES[times < last], fh=[1])
        found = forecaster.update(SALES[times == last], update_params=False).predict()
        assert found.index.equals(
            pd.MultiIndex.from_tuples([(*key[:2], last + 1) for key in SALES[times == last].index])
        )


class TestUse:
    @pytest.mark.parametrize("strategy", ["refit", "update", "no-update_params"])
    def test_evaluate(self, strategy):
        cv = ExpandingWindowSplitter(initial_window=108, step_length=12, fh=YEAR)
        scores = evaluate(
            SklstmForecaster(**SETTINGS), cv, Y, strategy=strategy, scoring=MeanAbsoluteScaledError(sp=12),
            return_data=True, error_score="raise",
        )  # fmt: skip
        expected = Forecaster(**SETTINGS, steps=12).fit(None, Y[:108]).forecast(12)
        pd.testing.assert_series_equal(scores["y_pred"].iloc[0], expected, check_freq=False)
        assert scores["test_MeanAbsoluteScaledError"].max() < 3

    def test_update_predict(self):
        forecaster = SklstmForecaster(**SETTINGS).fit(TRAIN, fh=[1, 2])
        cv = SlidingWindowSplitter(fh=[1, 2], window_length=4, step_length=2, start_with_window=False)
        table = forecaster.update_predict(TEST, cv, update_params=False)
        bare = Forecaster(**SETTINGS, steps=2).fit(None, TRAIN)
        for n in range(0, 10, 2):
            later = copy.deepcopy(bare)
            expected = later.update(None, TEST[:n]).forecast(2) if n else later.forecast(2)
            np.testing.assert_array_equal(table.iloc[:, n // 2].dropna(), expected)

    def test_update_predict_of_known_rows_is_refused(self):
        """In-sample forecasts from an earlier cutoff would know later rows."""
        forecaster = SklstmForecaster(**SETTINGS).fit(TRAIN, fh=[1, 2])
        for start_with_window in (True, False):
            cv = SlidingWindowSplitter(fh=[1, 2], window_length=4, start_with_window=start_with_window)
            with pytest.raises(ValueError, match="fitted on the rows up to it"):
                forecaster.update_predict(Y[-36:], cv, update_params=False)

    def test_search(self):
        grid = {"window_length": [2, 13], "regressor__alpha": [0.1, 1.0]}
        cv = ExpandingWindowSplitter(initial_window=96, step_length=12, fh=YEAR)
        search = ForecastingGridSearchCV(SklstmForecaster(Ridge()), cv, grid, error_score="raise").fit(TRAIN, fh=YEAR)
        assert search.best_params_["window_length"] == 13
        expected = Forecaster(
            Ridge(search.best_params_["regressor__alpha"]), window_length=13, steps=12
        ).fit(None, TRAIN).forecast(12)  # fmt: skip
        pd.testing.assert_series_equal(search.predict(), expected, check_freq=False)

    def test_compositions(self):
        log = TransformedTargetForecaster([("log", LogTransformer()), ("forecaster", SklstmForecaster(**SETTINGS))])
        bare = Forecaster(**SETTINGS, steps=12).fit(None, np.log(TRAIN)).forecast(12)
        pd.testing.assert_series_equal(log.fit(TRAIN, fh=YEAR).predict(), np.exp(bare), check_freq=False)
        both = EnsembleForecaster([("a", SklstmForecaster(**SETTINGS)), ("b", log)])
        assert both.fit(TRAIN, fh=YEAR).predict().notna().all()
        X = pd.DataFrame({"month": Y.index.month.astype(float)}, Y.index)
        chain = ForecastingPipeline([("log", LogTransformer()), ("forecaster", SklstmForecaster(**SETTINGS))])
        assert chain.fit(TRAIN, X=X[:-12], fh=YEAR).predict(X=X[-12:]).notna().all()

    def test_missing_values(self):
        y = TRAIN.copy()
        y.iloc[[20, 70]] = np.nan
        settings = {"regressor": lstm(missing="indicator"), "window_length": 12}
        found = SklstmForecaster(**settings).fit(y, fh=[1, 2]).predict()
        pd.testing.assert_series_equal(
            found, Forecaster(**settings, steps=2).fit(None, y).forecast(2), check_freq=False
        )

    def test_residuals(self):
        forecaster = SklstmForecaster(**SETTINGS).fit(TRAIN, fh=[1])
        pd.testing.assert_series_equal(
            forecaster.predict_residuals(TRAIN), forecaster.forecaster_.residuals_, check_freq=False
        )

    def test_copies(self, tmp_path):
        from sktime.base import load

        forecaster = SklstmForecaster(**SETTINGS, intervals="conformal").fit(SALES, fh=[1, 2])
        forecaster.save(tmp_path / "model")
        for other in (pickle.loads(pickle.dumps(forecaster)), copy.deepcopy(forecaster), load(tmp_path / "model.zip")):
            pd.testing.assert_frame_equal(other.predict(), forecaster.predict())
        assert not forecaster.clone().is_fitted

    def test_tags(self):
        assert scitype(SklstmForecaster()) == "forecaster"
        assert SklstmForecaster().get_tag("capability:multivariate")
        assert not SklstmForecaster(SVR()).get_tag("capability:multivariate")
        assert SklstmForecaster(SVR()).fit(pd.DataFrame({"a": Y, "b": Y}), fh=[1]).predict().shape == (1, 2)
        assert SklstmForecaster(strategy="direct").get_tag("requires-fh-in-fit")
        assert not SklstmForecaster(strategy="direct", steps=3).get_tag("requires-fh-in-fit")

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"pooling": "one"}, "pooling must be one of 'local', 'panel', 'global'; got 'one'"),
            ({"pooling": None}, "pooling must be one of .* got None"),
            ({"steps": "all"}, "'steps' parameter .* Got 'all' instead"),
            ({"regressor": 3}, "'regressor' parameter .* Got 3 instead"),
            ({"trust": 7}, "'trust' parameter .* Got 7 instead"),
        ],
    )
    def test_wrong_parameters(self, settings, message):
        with pytest.raises(ValueError, match=message):
            SklstmForecaster(**settings).fit(TRAIN, fh=[1])

    def test_parameters_are_those_of_a_forecaster(self):
        own, bare = SklstmForecaster().get_params(), Forecaster().get_params()
        assert own.pop("steps") == "fh"
        assert bare.pop("steps") is None
        assert own == bare


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", PAGE, re.S))
def test_block_of_the_page_runs(block, capsys):
    exec(compile(block, "doc/sktime.md", "exec"), {})
    assert capsys.readouterr().out
