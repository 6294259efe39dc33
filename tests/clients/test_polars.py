"""polars: frames with a column of times are forecast as the same data in pandas."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit, cross_val_score

from sklstm import ForecastDisplay, Forecaster, WindowTransformer, backtest, make_windows
from sklstm.datasets import load_airline

pl = pytest.importorskip("polars")
pytest.importorskip("pyarrow")  # by which polars reads pandas

FRAME = load_airline().to_frame()
TABLE = pl.from_pandas(FRAME.reset_index())


def ridge(**settings):
    return Forecaster(Ridge(), window_length=12, **settings)


def test_forecasts_and_backtests_are_those_of_pandas():
    forecast = ridge(intervals="conformal").fit(None, TABLE).forecast(12, coverage=0.8)
    expected = ridge(intervals="conformal").fit(None, FRAME).forecast(12, coverage=0.8)
    pd.testing.assert_frame_equal(forecast, expected, check_index_type=False, check_freq=False)
    assert backtest(ridge(), None, TABLE, steps=3, n_origins=3).metrics.equals(
        backtest(ridge(), None, FRAME, steps=3, n_origins=3).metrics
    )


def test_a_read_csv_of_polars_is_forecast(tmp_path):
    FRAME.to_csv(tmp_path / "airline.csv")
    table = pl.read_csv(tmp_path / "airline.csv", try_parse_dates=True)
    assert table.schema["month"] == pl.Date
    np.testing.assert_array_equal(ridge().fit(None, table).forecast(12), ridge().fit(None, FRAME).forecast(12))
    text = pl.read_csv(tmp_path / "airline.csv")
    with pytest.raises(TypeError, match="holds dates as text"):
        ridge().fit(None, text)
    lazy = pl.scan_csv(tmp_path / "airline.csv", try_parse_dates=True)
    with pytest.raises(TypeError, match=r"Pass y.collect\(\)"):
        ridge().fit(None, lazy)
    ridge().fit(None, lazy.collect())


def test_scores_windows_and_displays_are_those_of_pandas():
    cv = TimeSeriesSplit(3, test_size=12)
    scores = cross_val_score(ridge(), TABLE.select("month"), TABLE["passengers"], cv=cv)
    np.testing.assert_array_equal(scores, cross_val_score(ridge(), FRAME[[]], FRAME["passengers"], cv=cv))
    X, y = make_windows(TABLE, 12)
    assert y.index.equals(FRAME.index[12:])
    np.testing.assert_array_equal(X, make_windows(FRAME, 12)[0])
    windows = WindowTransformer(12).fit(TABLE[:120]).transform(TABLE[120:])
    np.testing.assert_array_equal(windows, WindowTransformer(12).fit(FRAME[:120]).transform(FRAME[120:]))
    forecast = pl.from_pandas(ridge().fit(None, TABLE[:120]).forecast(24).reset_index())
    display = ForecastDisplay.from_predictions(TABLE[:120], forecast, truth=TABLE)
    assert display.truth_lines_[0].get_xdata()[-1] == FRAME.index[-1]
