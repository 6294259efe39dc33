import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, TimeSeriesSplit

from sklstm import Forecaster, backtest

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
MONTHS = pd.date_range("2015-01-01", periods=60, freq="MS", name="month")
SERIES = pd.Series(np.sin(np.arange(60) * np.pi / 6) + 0.1 * rng.normal(size=60), MONTHS, name="sales")
COLUMNS = pd.DataFrame({"known": rng.normal(size=60), "past": rng.normal(size=60)}, MONTHS)
RIDGE = Forecaster(Ridge(), window_length=4)
DIRECT = Forecaster(Ridge(), window_length=4, strategy="direct", steps=3, past_only=["past"])
BARE = SERIES.to_frame()[[]]
PANEL = pd.concat({"a": SERIES, "b": SERIES[7:] * 50, "c": SERIES[:-9] + 3}, names=["shop", "month"])


def test_cv_says_what_is_learnt_from_and_what_is_scored():
    folds = list(TimeSeriesSplit(4, test_size=5, gap=2, max_train_size=20).split(BARE))
    frame = backtest(RIDGE, BARE, SERIES, steps=6, cv=TimeSeriesSplit(4, test_size=5, gap=2, max_train_size=20)).frame
    assert len(frame) == 4 * 4  # steps 3 to 6: after the gap, and no further than six
    for train, test in folds:
        part = frame[frame["origin"] == MONTHS[train[-1]]]
        answers = clone(RIDGE).fit(BARE.iloc[train], SERIES.iloc[train]).predict(BARE.iloc[test])
        np.testing.assert_allclose(part["forecast"], answers[:4])
        assert list(part["step"]) == [3, 4, 5, 6]
        assert list(part["time"]) == list(MONTHS[test[:4]])


def test_folds_that_leak_or_have_a_hole_are_refused():
    with pytest.raises(ValueError, match=r"no earlier than its test rows\. TimeSeriesSplit"):
        backtest(RIDGE, None, SERIES, steps=3, cv=KFold(3))
    with pytest.raises(ValueError, match="training rows with a gap: 20 of rows 0 … 29"):
        backtest(RIDGE, None, SERIES, steps=3, cv=[(np.r_[0:10, 20:30], np.arange(30, 35))])


def test_a_panel_split_by_rows_would_learn_from_the_future_of_other_series():
    with pytest.raises(ValueError, match="split_panel a panel"):
        backtest(RIDGE, None, PANEL, steps=3, cv=TimeSeriesSplit(3, test_size=3))


def test_the_last_origin_has_the_known_columns_that_are_read_ahead():
    """Of fewer steps than the strategy reads."""
    result = backtest(DIRECT, COLUMNS, SERIES, steps=2, n_origins=4)
    assert len(result.frame) == 4 * 2
    assert result.frame["origin"].max() == MONTHS[-4]


def test_folds_in_which_nothing_is_scored_are_left_out():
    folds = [(np.arange(30), np.arange(40, 45)), (np.arange(40), np.arange(40, 45))]
    frame = backtest(RIDGE, None, SERIES, steps=3, cv=folds).frame
    pd.testing.assert_frame_equal(frame, backtest(RIDGE, None, SERIES, steps=3, cv=folds[1:]).frame)


def test_no_series_of_a_fold_may_have_a_hole_even_if_it_is_not_scored():
    shop = PANEL.index.get_level_values("shop")
    a, b = (np.flatnonzero(shop == key) for key in "ab")
    with pytest.raises(ValueError, match="training rows with a gap: 20 of rows 0 … 29"):
        backtest(RIDGE, None, PANEL, steps=3, cv=[(np.r_[a[:40], b[0:10], b[20:30]], a[40:43])])


def test_what_a_splitter_gives_wrong_is_told_with_the_number_of_its_fold():
    good = np.arange(30), np.arange(30, 35)
    for number, folds in ((2, [good, (np.arange(30), [99])]), (1, [(["a"], [31]), good])):
        with pytest.raises(ValueError, match=rf"among the 60 rows of y\. Fold {number} fails"):
            backtest(RIDGE, None, SERIES, steps=3, cv=folds)
    with pytest.raises(ValueError, match="cv gives no folds"):
        backtest(RIDGE, None, SERIES, steps=3, cv=[])
    with pytest.raises(ValueError, match=r"(?s)none of the 2 folds .* steps=3 rows after"):
        backtest(RIDGE, None, SERIES, steps=3, cv=[(np.arange(30), np.arange(33, 36))] * 2)


def test_a_test_row_may_follow_the_last_training_row_and_not_be_one():
    at = [(np.arange(30), np.arange(30, 32))]
    assert len(backtest(RIDGE, None, SERIES, steps=3, cv=at).frame) == 2
    with pytest.raises(ValueError, match="no earlier than its test rows"):
        backtest(RIDGE, None, SERIES, steps=3, cv=[(np.arange(30), np.arange(29, 32))])


def test_a_table_with_nothing_to_score_is_refused_before_training():
    y = SERIES.copy()
    y.iloc[30:33] = np.nan
    folds = [(np.arange(30), np.arange(30, 33))]
    with pytest.raises(ValueError, match="every row of y that is to be forecast is NaN"):
        backtest(RIDGE, None, y, steps=3, cv=folds)
    y.iloc[32] = 1.0
    assert len(backtest(RIDGE, None, y, steps=3, cv=folds).frame) == 1


def test_an_origin_at_which_one_series_has_ended_and_the_other_not_begun_scores_nothing():
    y = pd.concat({"a": SERIES[:10], "b": SERIES[10:20]}, names=["shop", "month"])
    frame = backtest(Forecaster(Ridge(), window_length=1), None, y, steps=2, n_origins=9).frame
    assert set(frame["series"]) == {"b"}
    assert frame["origin"].unique().tolist() == MONTHS[10:18].tolist()
    assert len(frame) == 8 * 2


def test_a_series_that_was_not_trained_on_is_not_scored():
    y = pd.concat({"a": SERIES[:20], "b": SERIES[:20]}, names=["shop", "month"])
    y.iloc[10:12] = np.nan
    folds = [(np.arange(10), [10, 11]), (np.arange(20, 30), [30, 31])]
    frame = backtest(Forecaster(Ridge(), window_length=1), None, y, steps=2, cv=folds).frame
    assert set(frame["series"]) == {"b"}
    with pytest.raises(ValueError, match="nothing to score: no series has"):
        backtest(Forecaster(Ridge(), window_length=1), None, y, steps=2, cv=folds, refit=False)
