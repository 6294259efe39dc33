"""polars: frames with a column of times are forecast as the same data in pandas."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit, cross_val_score

from sklstm import ForecastDisplay, Forecaster, LagsToSequences, WindowTransformer, backtest, make_windows
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


@pytest.mark.parametrize(
    "convert", [lambda table: table, lambda table: table.to_arrow(), lambda table: table.to_pandas()]
)
@pytest.mark.parametrize("order", [range(1, 7), range(6, 0, -1)])
def test_lags_that_shift_makes_are_read_by_their_names(order, convert):
    """With the newest or the oldest first, in frames of polars, pyarrow and pandas."""
    table = pl.DataFrame({"y": FRAME["passengers"].to_numpy(), "x": np.arange(144.0)})
    lags = table.select(pl.all().shift(lag).name.suffix(f"_lag{lag}") for lag in order)[6:]
    found = LagsToSequences().fit(convert(lags))
    assert found.channels_ == ["y", "x"]
    windows, _ = make_windows(table.to_numpy(), 6)
    np.testing.assert_array_equal(found.transform(convert(lags)), windows)


def test_names_of_an_example_of_scikit_learn_tell_no_lags():
    """They are of hours and days, and means have such names as well; what is read is said."""
    count = pl.col("y")
    hours = [count.shift(lag).alias(f"lagged_count_{lag}h") for lag in (1, 2, 3)]
    others = [count.shift(24).alias("lagged_count_1d"), count.shift(1).rolling_mean(24).alias("lagged_mean_24h")]
    table = pl.DataFrame({"y": FRAME["passengers"].to_numpy()}).select(*hours, *others)[25:]
    with pytest.warns(UserWarning, match="The names of the columns tell no lags: .*'lagged_count_1h'"):
        LagsToSequences().fit(table)
    sequences = LagsToSequences(3).fit_transform(table)
    np.testing.assert_array_equal(sequences[0, :, 0], FRAME["passengers"].to_numpy()[22:25])
