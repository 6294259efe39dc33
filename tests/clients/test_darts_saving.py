"""darts: a model around an LSTMRegressor is saved and loaded, and goes on as it was."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sklstm import LagsToSequences, LSTMRegressor
from sklstm.datasets import load_airline

darts = pytest.importorskip("darts")
from darts.models import SKLearnModel  # noqa: E402
from darts.utils.serialization import safe_globals  # noqa: E402
from darts.utils.serialization.base import UnpicklingError  # noqa: E402

AIRLINE = load_airline()


def loaded_from(path):
    """Load safely: darts asks for the public class alone."""
    with pytest.raises(UnpicklingError, match=r"global `sklstm\.LSTMRegressor` is not allow-listed"):
        SKLearnModel.load(str(path))
    with safe_globals([LSTMRegressor]):
        return SKLearnModel.load(str(path))


@pytest.mark.parametrize("output_chunk_length", [1, 3])
def test_save_and_load(tmp_path, output_chunk_length):
    series = darts.TimeSeries.from_series(AIRLINE)
    model = SKLearnModel(
        lags=12, output_chunk_length=output_chunk_length, model=LSTMRegressor(8, max_iter=20, random_state=0)
    )
    model.fit(series[:-12])
    model.save(str(tmp_path / "model.pkl"))
    loaded = loaded_from(tmp_path / "model.pkl")
    expected = model.predict(12)
    np.testing.assert_array_equal(loaded.predict(12).values(), expected.values())
    assert (loaded.predict(12).time_index == AIRLINE.index[-12:]).all()
    shorter = series[:-24]
    np.testing.assert_array_equal(loaded.predict(6, series=shorter).values(), model.predict(6, series=shorter).values())


def test_a_file_without_the_training_series(tmp_path):
    series = darts.TimeSeries.from_series(AIRLINE)
    model = SKLearnModel(lags=12, model=LSTMRegressor(8, max_iter=20, random_state=0)).fit(series)
    model.save(str(tmp_path / "model.pkl"), clean=True)
    loaded = loaded_from(tmp_path / "model.pkl")
    np.testing.assert_array_equal(loaded.predict(6, series=series).values(), model.predict(6).values())


def test_a_pipeline_asks_for_each_public_class_or_for_trust(tmp_path):
    lstm = LSTMRegressor(4, max_iter=3, random_state=0)
    model = SKLearnModel(lags=12, model=make_pipeline(LagsToSequences(12, order="oldest_first"), lstm))
    model.fit(darts.TimeSeries.from_series(AIRLINE)).save(str(tmp_path / "model.pkl"))
    with pytest.raises(UnpicklingError, match=r"`sklstm\.LagsToSequences`"), safe_globals([LSTMRegressor]):
        SKLearnModel.load(str(tmp_path / "model.pkl"))
    with safe_globals([LSTMRegressor, LagsToSequences]):
        loaded = SKLearnModel.load(str(tmp_path / "model.pkl"))
    trusted = SKLearnModel.load(str(tmp_path / "model.pkl"), trusted=True)
    for other in (loaded, trusted):
        np.testing.assert_array_equal(other.predict(6).values(), model.predict(6).values())
