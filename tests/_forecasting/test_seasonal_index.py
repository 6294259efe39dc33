import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge

from sklstm import Forecaster, SeasonDisplay
from sklstm.datasets import load_airline

SETTINGS = {"window_length": 3, "log": None, "baseline": None}


def fitted(y, season="auto", **settings):
    return Forecaster(Ridge(), season=season, **SETTINGS | settings).fit(None, y)


def rows(freq, n, season, amplitude=5.0, **settings):
    index = pd.date_range("2024-01-01", periods=n, freq=freq, **settings)
    return pd.Series(20 + amplitude * np.sin(2 * np.pi * np.arange(n) / season), index=index, name="y")


@pytest.mark.parametrize(
    ("freq", "season", "field", "first"),
    [
        ("MS", 12, "month", 1),
        ("QS", 4, "quarter", 1),
        ("D", 7, "weekday", 0),
        ("B", 5, "weekday", 0),
        ("h", 24, "hour", 0),
        ("30min", 48, "position", 0),
        ("W", 52, "position", 0),
        ("D", 12, "position", 0),  # no months
    ],
)
def test_positions_have_the_names_of_the_fields_of_dates(freq, season, field, first):
    y = rows(freq, 4 * season, season)
    index = fitted(y, season).seasonal_index()
    assert index.index.get_level_values(-1).name == field
    places = index.index.get_level_values(-1).unique()
    assert_array_equal(places, np.arange(first, first + season))


def test_the_field_finds_the_season_of_a_row():
    y = rows("D", 70, 7)
    model = fitted(y)
    index, parts = model.seasonal_index(), model.components(14)
    assert_allclose(index["addend"].loc[parts.index.day_of_week], parts["season"], atol=1e-9)
    assert (index["factor"] == 1).all()
    assert_allclose(index["addend"], y[:7] - 20, atol=1e-2)  # begins on Monday


def test_with_logarithms_it_is_a_factor():
    passengers = load_airline()
    model = Forecaster(Ridge(), window_length=12, season=12, log=True).fit(None, passengers)
    index, parts = model.seasonal_index(), model.components(12)
    assert (index["addend"] == 0).all()
    without = parts["forecast"] - parts["season"]
    assert_allclose(parts["forecast"] / without, index["factor"].loc[parts.index.month])


def test_day_and_week_have_a_level_each():
    hours = pd.date_range("2024-01-01", periods=24 * 7 * 5, freq="h")
    y = pd.Series(10 + (hours.hour == 12) * 3.0 - (hours.day_of_week >= 5) * 4.0, index=hours)
    model = fitted(y)
    index = model.seasonal_index()
    assert index.index.names == ["weekday", "hour"]
    assert len(index) == 168
    noon = index["addend"].xs(12, level="hour")
    assert_allclose(noon[0] - noon[6], 4, atol=1e-6)
    parts = model.components(48)
    assert_allclose(
        parts["season"], index["addend"].loc[list(zip(parts.index.day_of_week, parts.index.hour, strict=True))]
    )


def test_panels_and_several_targets():
    y = rows("MS", 48, 12)
    table = pd.DataFrame({"a": y, "b": 3 * y})
    panel = pd.concat({"s": table, ("t", 1): -table}, names=["shop"])
    index = fitted(panel, 12).seasonal_index()
    assert index.index.names == ["shop", "month"]
    assert index.columns.to_list() == [("a", "factor"), ("a", "addend"), ("b", "factor"), ("b", "addend")]
    one = index.xs("s", level=0)
    assert_allclose(one["b", "addend"], 3 * one["a", "addend"], atol=1e-9)
    assert_allclose(index["a", "addend"].to_numpy()[12:], -one["a", "addend"], atol=1e-9)


def test_without_a_season_there_is_none_and_the_advice_helps():
    with pytest.raises(ValueError, match=r"takes no season off.*Forecaster\(season=12\)"):
        fitted(load_airline(), None).seasonal_index()
    assert len(Forecaster(season=12, trust=0).fit(None, load_airline()).seasonal_index()) == 12


def test_local_models_have_those_of_each_series():
    y = rows("MS", 48, 12)
    panel = pd.concat({"s": y, ("t", 1): -2 * y[6:]}, names=["shop"])
    index = fitted(panel, pooling="local").seasonal_index()
    assert index.index.names == ["shop", "month"]
    for key, part in {"s": y, ("t", 1): -2 * y[6:]}.items():
        own = index[[other == key for other in index.index.get_level_values(0)]].droplevel(0)
        pd.testing.assert_frame_equal(own, fitted(part).seasonal_index(), check_index_type=False)


def test_local_models_with_seasons_of_several_lengths():
    """Positions then count from 0. A series without a season is left out."""
    panel = pd.concat({"months": rows("MS", 48, 12), "quarters": rows("QS", 24, 4), "years": rows("YS", 20, 5)})
    index = fitted(panel, pooling="local").seasonal_index()
    assert index.index.names == [None, "position"]
    assert index.index.to_list() == [("months", k) for k in range(12)] + [("quarters", k) for k in range(4)]
    assert SeasonDisplay(seasonal_index=index).plot().axes_.shape == (2, 1)
    with pytest.raises(ValueError, match="takes no season off"):
        fitted(panel.loc[["years"]], pooling="local").seasonal_index()


def test_weeks_of_some_series():
    panel = pd.concat({"months": rows("MS", 48, 12), "hours": rows("h", 24 * 21, 24)})
    forecaster = Forecaster(Ridge(), season="auto", pooling="local", **SETTINGS)
    with pytest.raises(ValueError, match=r"off the series 'hours'.* off 'months'.*\.fit\(None, y\.loc\['hours'\]\)"):
        forecaster.fit(None, panel).seasonal_index()
    assert len(clone(forecaster).fit(None, panel.loc["hours"]).seasonal_index()) == 168


@pytest.mark.parametrize("pooling", ["global", "local"])
def test_it_is_there_without_the_training_rows(pooling):
    panel = pd.concat({"a": rows("MS", 48, 12), "b": rows("MS", 40, 12, amplitude=3)})
    for y in (panel, panel.loc["a"]):
        model = fitted(y, pooling=pooling)
        expected = model.seasonal_index()
        pd.testing.assert_frame_equal(model.compact().seasonal_index(), expected)
