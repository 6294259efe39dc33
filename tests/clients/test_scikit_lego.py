"""scikit-lego: its splitter, and meta-estimators around an LSTM."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score

from sklstm import Forecaster, LSTMRegressor, make_windows
from sklstm.datasets import load_airline

meta = pytest.importorskip("sklego.meta")
model_selection = pytest.importorskip("sklego.model_selection")

X, Y = make_windows(load_airline(), 24)
TABLE = X[:, :, 0]


def lstm():
    return LSTMRegressor(4, max_iter=30, instance_norm="last", random_state=0)


def test_an_lstm_in_a_transformer_predicts_as_by_itself():
    transformed = meta.EstimatorTransformer(lstm()).fit(TABLE, Y).transform(TABLE)
    np.testing.assert_array_equal(transformed.ravel(), lstm().fit(TABLE, Y).predict(TABLE))


def test_an_lstm_for_each_group_is_one_fit_on_its_rows():
    frame = pd.DataFrame(TABLE, columns=[f"lag{lag}" for lag in range(24, 0, -1)]).assign(half=np.arange(len(Y)) % 2)
    grouped = meta.GroupedPredictor(lstm(), groups=["half"], use_global_model=False).fit(frame, Y.to_numpy())
    predictions = grouped.predict(frame)
    for half in (0, 1):
        rows = frame["half"] == half
        alone = lstm().fit(TABLE[rows], Y.to_numpy()[rows])
        np.testing.assert_allclose(predictions[rows], alone.predict(TABLE[rows]), rtol=1e-9)


def test_a_forecaster_is_scored_by_its_splitter():
    passengers = load_airline()
    rows = passengers.to_frame()[[]]
    cv = model_selection.TimeGapSplit(
        date_serie=pd.Series(passengers.index, index=passengers.index),
        train_duration=pd.Timedelta(days=365 * 6),
        valid_duration=pd.Timedelta(days=365),
    )
    folds = list(cv.split(rows))
    scores = cross_val_score(Forecaster(Ridge(), window_length=12), rows, passengers, cv=folds)
    for (train, test), score in zip(folds, scores, strict=True):
        model = Forecaster(Ridge(), window_length=12).fit(None, passengers.iloc[train])
        assert model.score(rows.iloc[test], passengers.iloc[test]) == score
