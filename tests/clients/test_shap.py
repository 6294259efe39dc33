"""shap: contributions of the steps of a window add up to the prediction."""

import numpy as np
import pytest

from sklstm import LSTMRegressor, make_windows
from sklstm.datasets import load_airline

shap = pytest.importorskip("shap")


def test_contributions_add_up_to_predictions():
    X, y = make_windows(load_airline(), 6)
    table = X[:, :, 0]
    model = LSTMRegressor(4, max_iter=50, random_state=0).fit(table, y)
    explained = shap.Explainer(model.predict, table[:30], algorithm="permutation", seed=0)(table[-3:], silent=True)
    assert explained.shape == (3, 6)
    np.testing.assert_allclose(explained.values.sum(axis=1) + explained.base_values, model.predict(table[-3:]))
    np.testing.assert_allclose(explained.base_values, model.predict(table[:30]).mean())
    sequences = LSTMRegressor(4, max_iter=50, random_state=0).fit(X, y)  # reads the same rows flat
    again = shap.Explainer(sequences.predict, table[:30], algorithm="permutation", seed=0)(table[-3:], silent=True)
    np.testing.assert_array_equal(again.values, explained.values)
