"""What a forecaster is given to fit: its parts, the list of columns, a column of targets, and fits in workers."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import Ridge
from sklearn.svm import SVR
from sklearn.utils._param_validation import InvalidParameterError

from sklstm import Forecaster
from sklstm._forecasting.fit_checks import check_is_followed, check_parts, check_past_only
from tests._series.tables import Reader


@pytest.mark.parametrize("past_only", [None, ["a"], ("a", "b"), range(2), np.array([0, 2]), pd.Index(["a"])], ids=str)
def test_a_list_of_columns(past_only):
    check_past_only(past_only)


def test_one_column_is_no_list():
    with pytest.raises(InvalidParameterError, match=r"write past_only=\['load'\]"):
        check_past_only("load")
    check_past_only(["load"])
    for other in (3, {"load"}, {"load": 1}, np.array(3), np.ones((2, 2))):
        with pytest.raises(InvalidParameterError, match="a list of columns"):
            check_past_only(other)


class Other(Forecaster):
    """A user's subclass."""


@pytest.mark.parametrize("name", ["regressor", "baseline"])
@pytest.mark.parametrize("inner", [Forecaster(Ridge()), Other(Ridge())], ids=["its own", "a subclass"])
def test_a_forecaster_is_no_part_of_another(name, inner):
    outer = Forecaster(DummyRegressor()).set_params(**{name: inner})
    with pytest.raises(TypeError, match=rf"{name} must predict values from windows, got a Forecaster"):
        check_parts(outer)
    check_parts(outer.set_params(**{name: inner.regressor}))


def test_a_checkpoint_follows_no_workers():
    data = Reader(None, np.arange(40.0)).data
    forecaster = Forecaster(Ridge(), strategy="direct", steps=3, n_jobs=2)
    with pytest.raises(ValueError, match=r"n_jobs=2 makes 3 fits in workers[\s\S]*Set n_jobs=1"):
        check_is_followed(forecaster, data, SimpleNamespace(is_used=True))
    check_is_followed(forecaster, data, SimpleNamespace(is_used=False))
    check_is_followed(forecaster.set_params(n_jobs=1), data, SimpleNamespace(is_used=True))


def test_an_array_with_one_column_is_told_that_the_regressor_has_one_output():
    y = np.sin(np.arange(40.0))
    with pytest.warns(DataConversionWarning, match="A column-vector y was passed when a 1d array was expected"):
        forecast = Forecaster(SVR(), window_length=3).fit(None, y[:, np.newaxis]).forecast(2)
    np.testing.assert_array_equal(forecast[0], Forecaster(SVR(), window_length=3).fit(None, y).forecast(2))
    Forecaster(SVR(), window_length=3).fit(None, pd.DataFrame({"y": y}))  # a name says that it is meant
    Forecaster(Ridge(), window_length=3).fit(None, y[:, np.newaxis])
