"""Whole pipelines of scikit-learn with sklstm inside, converted by skl2onnx and run by ONNX Runtime."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingRegressor, StackingRegressor, VotingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from sklstm import LagsToSequences, LSTMRegressor, WindowTransformer, make_windows
from sklstm.datasets import load_airline
from sklstm.interop.onnx import register

skl2onnx, onnx, onnxruntime = (pytest.importorskip(name) for name in ("skl2onnx", "onnx", "onnxruntime"))
register()

SERIES = load_airline()
WINDOWS, NEXT = make_windows(SERIES.to_numpy(), 24)
TABLE, AHEAD = WINDOWS[:-1].reshape(-1, 24), np.column_stack((NEXT[:-1], NEXT[1:]))
LSTM = LSTMRegressor(8, instance_norm="last", max_iter=20, random_state=0)
ONE, TWO = AHEAD[:, 0], AHEAD
ROWS = np.column_stack((SERIES, np.sin(np.arange(144) * np.pi / 6)))
SOME = TABLE.copy()
SOME[:40, :9] = np.nan  # early steps are missing

CASES = {
    "scaler": (make_pipeline(MinMaxScaler(), LSTM), TABLE, ONE),
    "two targets": (make_pipeline(StandardScaler(), clone(LSTM).set_params(n_targets=1)), TABLE, TWO),
    "missing values": (make_pipeline(StandardScaler(), LSTM), SOME, ONE),
    "imputer": (make_pipeline(SimpleImputer(), LSTM), SOME, ONE),
    "column transformer": (
        make_pipeline(
            ColumnTransformer([("a", StandardScaler(), [*range(12)]), ("b", "passthrough", [*range(12, 24)])]), LSTM
        ),
        TABLE,
        ONE,
    ),
    "windows": (make_pipeline(StandardScaler(), WindowTransformer(24), LSTM), ROWS, ROWS[:, 0]),
    "flattened windows": (
        make_pipeline(WindowTransformer(24, flatten=True), LSTMRegressor(8, n_channels=2, max_iter=20, random_state=0)),
        ROWS,
        ROWS[:, 0],
    ),
    "sequences": (LSTM, WINDOWS, NEXT),
    "lags": (make_pipeline(StandardScaler(), LagsToSequences(), LSTM), TABLE[:, ::-1], ONE),
    "lags and another column": (
        make_pipeline(LagsToSequences(24), LSTM),
        np.column_stack((TABLE[:, ::-1], np.sin(np.arange(len(TABLE)) * np.pi / 6))),
        ONE,
    ),
    "multi-output": (MultiOutputRegressor(make_pipeline(StandardScaler(), LSTM)), TABLE, TWO),
    "stacking": (StackingRegressor([("lstm", LSTM), ("ridge", Ridge())], cv=3), TABLE, ONE),
    "voting": (VotingRegressor([("lstm", LSTM), ("ridge", Ridge())]), TABLE, ONE),
    "bagging": (BaggingRegressor(LSTM, n_estimators=3, random_state=0), TABLE, ONE),
    "search": (
        GridSearchCV(make_pipeline(StandardScaler(), LSTM), {"lstmregressor__hidden_size": [4, 8]}, cv=2),
        TABLE,
        ONE,
    ),
    "quantiles": (
        make_pipeline(StandardScaler(), LSTMRegressor(8, loss="quantile", quantile=[0.1, 0.5, 0.9], random_state=0)),
        TABLE,
        ONE,
    ),
}


def run(model, inputs):
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0]


RUNS = [(name, dtype) for name in CASES for dtype in (np.float32, np.float64)]
RUNS.remove(("imputer", np.float64))  # ONNX Runtime has no Imputer in double precision


@pytest.mark.parametrize(("name", "dtype"), RUNS)
def test_pipelines(name, dtype):
    estimator, X, y = CASES[name]
    X = X.astype(dtype)
    estimator.fit(X, y)
    found, want = run(skl2onnx.to_onnx(estimator, X[:1]), {"X": X}), estimator.predict(X)
    # the scalers of skl2onnx round in single precision before the LSTM reads their output
    np.testing.assert_allclose(found.reshape(want.shape), want, rtol=1e-4)


def test_a_frame_becomes_one_input_for_each_column():
    frame = pd.DataFrame(TABLE, columns=[f"lag_{lag}" for lag in range(24, 0, -1)])
    pipeline = make_pipeline(StandardScaler(), LSTM).fit(frame, ONE)
    inputs = {name: frame[[name]].to_numpy() for name in frame}
    found = run(skl2onnx.to_onnx(pipeline, frame[:1]), inputs)
    np.testing.assert_allclose(found[:, 0], pipeline.predict(frame), rtol=1e-4)
    alone = LSTMRegressor(4, max_iter=5, random_state=0).fit(frame, ONE)
    found = run(skl2onnx.to_onnx(alone, frame[:1]), inputs)
    np.testing.assert_allclose(found[:, 0], alone.predict(frame), rtol=1e-4)


def test_named_columns_and_categories():
    frame = pd.DataFrame(ROWS.astype(np.float32), columns=["passengers", "wave"])
    frame["quarter"] = np.resize(["Q1", "Q2", "Q3", "Q4"], 144)
    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["passengers", "wave"]),
            ("quarters", OneHotEncoder(sparse_output=False), ["quarter"]),
        ]
    )
    pipeline = make_pipeline(columns, WindowTransformer(12), LSTM).fit(frame, SERIES.to_numpy())
    inputs = {name: frame[[name]].to_numpy() for name in frame}
    found = run(skl2onnx.to_onnx(pipeline, frame[:1]), inputs)
    np.testing.assert_allclose(found[:, 0], pipeline.predict(frame), rtol=1e-4)
