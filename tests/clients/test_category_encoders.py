"""category_encoders: categories as exogenous variables of a Forecaster, in a pipeline."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline

from sklstm import Forecaster
from sklstm.datasets import load_airline

encoders = pytest.importorskip("category_encoders")

PASSENGERS = load_airline()
MONTHS = pd.DataFrame({"month": PASSENGERS.index.month_name()}, index=PASSENGERS.index)
DUMMIES = pd.get_dummies(MONTHS, dtype=float)


def ridge():
    return Forecaster(Ridge(), window_length=12)


def test_encoded_months_are_dummies():
    model = make_pipeline(encoders.OneHotEncoder(cols=["month"]), ridge()).fit(MONTHS[:132], PASSENGERS[:132])
    expected = ridge().fit(DUMMIES[:132], PASSENGERS[:132])
    np.testing.assert_allclose(model.predict(MONTHS[132:]), expected.predict(DUMMIES[132:]))
    cv = TimeSeriesSplit(3, test_size=12)
    scores = cross_val_score(make_pipeline(encoders.OneHotEncoder(cols=["month"]), ridge()), MONTHS, PASSENGERS, cv=cv)
    np.testing.assert_allclose(scores, cross_val_score(ridge(), DUMMIES, PASSENGERS, cv=cv))


def test_ordinal_codes_are_numbers():
    model = make_pipeline(encoders.OrdinalEncoder(cols=["month"]), ridge()).fit(MONTHS[:132], PASSENGERS[:132])
    codes = pd.DataFrame({"month": MONTHS["month"].factorize()[0] + 1.0}, index=MONTHS.index)
    expected = ridge().fit(codes[:132], PASSENGERS[:132])
    np.testing.assert_allclose(model.predict(MONTHS[132:]), expected.predict(codes[132:]))
