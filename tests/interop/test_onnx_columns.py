"""The columns that parts of a ColumnTransformer read, as skl2onnx converts them after `register`."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from sklstm import LSTMRegressor, WindowTransformer
from sklstm.interop._onnx_columns import with_positions
from sklstm.interop.onnx import register
from tests.interop.onnx_tools import runners

skl2onnx = pytest.importorskip("skl2onnx")
pytest.importorskip("onnxruntime")

X = np.random.default_rng(0).normal(size=(30, 4)).cumsum(axis=0) * [1, 10, 100, 1000]
FRAME = pd.DataFrame(X, columns=list("abcd"))
LSTM = LSTMRegressor(4, max_iter=5, learning_rate="cosine", random_state=0)


@pytest.fixture(autouse=True)
def _registered():
    register()
    register()  # twice changes nothing


def part(step, columns, **settings):
    return ColumnTransformer([("part", step, columns)], **settings)


def check_converts(estimator, table=X):
    output = estimator.predict if hasattr(estimator, "predict") else estimator.transform
    inputs = {"X": table} if table is not FRAME else {name: FRAME[[name]].to_numpy() for name in FRAME}
    for run in runners(skl2onnx.to_onnx(estimator, table[:1])):
        want = output(table)
        np.testing.assert_allclose(run(None, inputs)[0].reshape(want.shape), want, rtol=1e-5, atol=1e-5)


COLUMNS = {
    "reversed": [3, 2, 1, 0],
    "repeated": [0, 0, 2, 1],
    "some": [3, 1],
    "in order": [0, 1, 2, 3],
    "from the end": [-1, -3],
    "all from the end": [-1, -2, -3, -4],
    "mask": [True, False, True, False],
    "array": np.array([2, 0]),
    "array of a mask": np.array([False, True, True, True]),
    "open slice": slice(1, None),
    "slice from the end": slice(0, -1),
    "function": lambda table: [3, 2, 1, 0],
}


@pytest.mark.parametrize("name", COLUMNS)
def test_positions(name):
    check_converts(part(StandardScaler(), COLUMNS[name]).fit(X))


@pytest.mark.parametrize("name", ["reversed", "mask", "from the end"])
def test_other_steps_and_tables(name):
    check_converts(part("passthrough", COLUMNS[name], remainder=MinMaxScaler()).fit(X))
    check_converts(part(make_pipeline(StandardScaler(), MinMaxScaler()), COLUMNS[name]).fit(X))
    check_converts(part(StandardScaler(), COLUMNS[name]).fit(FRAME), FRAME)


def test_the_steps_of_a_window_stay_in_their_order():
    newest_first = part("passthrough", [3, 2, 1, 0])
    check_converts(make_pipeline(newest_first, StandardScaler(), LSTM).fit(X, X[:, 3]))
    check_converts(FeatureUnion([("reversed", newest_first), ("scaled", StandardScaler())]).fit(X))
    windows = part(WindowTransformer(3, flatten=True), [3, 1, 0, 2])
    check_converts(make_pipeline(windows, LSTM).fit(X, X[:, 3]))


def test_text_in_another_order():
    text = np.array([["a", "x"], ["b", "y"], ["a", "z"]], dtype=object)
    encoder = part(OneHotEncoder(sparse_output=False), [1, 0]).fit(text)
    types = [("X", skl2onnx.common.data_types.StringTensorType([None, 2]))]
    for run in runners(skl2onnx.to_onnx(encoder, initial_types=types)):
        np.testing.assert_array_equal(run(None, {"X": text})[0], encoder.transform(text))


def test_names_and_what_is_dropped_stay():
    transformer = ColumnTransformer([("a", StandardScaler(), ["d", "b"]), ("b", "drop", ["a", "c"])]).fit(FRAME)
    check_converts(transformer, FRAME)
    dropped = part("drop", [3, 2, 1, 0]).fit(X)
    assert with_positions(dropped, 4, is_one_table=True).transformers_[0][1:] == ("drop", [0, 1, 2, 3])


def test_the_estimator_stays_as_it_was():
    transformer = part(StandardScaler(), [3, 2, 1, 0]).fit(X)
    parts = list(transformer.transformers_)
    skl2onnx.to_onnx(transformer, X[:1])
    assert transformer.transformers_ == parts
