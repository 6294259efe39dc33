"""MLflow logs estimators in each of its formats and loads them again, also as a pyfunc; skops is its default."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import Forecaster, LSTMRegressor, make_windows
from sklstm.datasets import load_airline

mlflow = pytest.importorskip("mlflow")
pytest.importorskip("mlflow.sklearn")

AIRLINE = load_airline()
WINDOWS, NEXT = make_windows(AIRLINE, 12)
TABLE = pd.DataFrame(WINDOWS[:, :, 0], columns=[f"lag_{12 - lag}" for lag in range(12)])
LSTM = LSTMRegressor(4, max_iter=3, random_state=0)
ROWS = pd.DataFrame({"month": AIRLINE.index.month / 12.0}, AIRLINE.index)
PUBLIC = ["sklstm.Forecaster", "sklstm.LSTMRegressor"]
# What MLflow writes beside a model: the packages are not looked up, as the model itself runs in this environment.
NO_LOOKUP = {"pip_requirements": ["scikit-learn"]}
FORMATS = ["pickle", "cloudpickle", "skops"]


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """A store of its own, and the leave to load."""
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "true")
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/runs.db")
    mlflow.set_experiment("sklstm")
    yield
    while mlflow.active_run():
        mlflow.end_run()


MODELS = {  # model, X, y, rows to predict
    "LSTMRegressor": (LSTM, TABLE, NEXT.to_numpy(), TABLE),
    "Pipeline": (make_pipeline(StandardScaler(), LSTM), TABLE, NEXT.to_numpy(), TABLE),
    "Forecaster": (Forecaster(LSTM, steps=6, intervals="conformal"), ROWS[:-6], AIRLINE[:-6], ROWS[-6:]),
    "default": (Forecaster(), ROWS[:-6], AIRLINE[:-6], ROWS[-6:]),
}


@pytest.mark.parametrize("serialization_format", FORMATS)
@pytest.mark.parametrize("name", MODELS)
def test_a_logged_model_predicts_the_same(name, serialization_format):
    model, X, y, rows = MODELS[name]
    model.fit(X, y)
    trusted = {"skops_trusted_types": PUBLIC} if serialization_format == "skops" else {}
    with mlflow.start_run():
        logged = mlflow.sklearn.log_model(
            model, name="model", serialization_format=serialization_format, **trusted, **NO_LOOKUP
        )
    loaded = mlflow.sklearn.load_model(logged.model_uri)
    assert type(loaded) is type(model)
    np.testing.assert_array_equal(loaded.predict(rows), model.predict(rows))
    served = mlflow.pyfunc.load_model(logged.model_uri)
    np.testing.assert_array_equal(served.predict(rows), model.predict(rows))
    if isinstance(model, Forecaster):
        pd.testing.assert_series_equal(loaded.forecast(6, rows), model.forecast(6, rows))
        assert loaded.update(rows, AIRLINE[-6:]).history_.equals(AIRLINE)


def test_the_default_format_asks_for_the_public_classes_alone(tmp_path):
    """It is skops, which says what it does not trust; with these names it takes the model."""
    model = Forecaster(LSTM, steps=6).fit(ROWS, AIRLINE)
    with pytest.raises(mlflow.MlflowException, match="skops_trusted_types") as refused:
        mlflow.sklearn.save_model(model, tmp_path / "refused", **NO_LOOKUP)
    assert all(name in str(refused.value) for name in PUBLIC)
    assert "sklstm._" not in str(refused.value)
    mlflow.sklearn.save_model(model, tmp_path / "taken", skops_trusted_types=PUBLIC, **NO_LOOKUP)
    loaded = mlflow.sklearn.load_model(str(tmp_path / "taken"))
    pd.testing.assert_series_equal(loaded.forecast(3, FUTURE), model.forecast(3, FUTURE))


FUTURE = pd.DataFrame({"month": np.arange(1, 7) / 12.0}, pd.date_range("1961-01-01", periods=6, freq="MS"))


def test_a_search_is_logged_by_itself():
    """As `autolog` does, with the parameters and the scores."""
    mlflow.sklearn.autolog(serialization_format="cloudpickle", log_datasets=False)
    try:
        search = GridSearchCV(LSTM, {"hidden_size": [2, 4]}, cv=TimeSeriesSplit(2))
        with mlflow.start_run() as run:
            search.fit(TABLE, NEXT.to_numpy())
    finally:
        mlflow.sklearn.autolog(disable=True)
    found = mlflow.get_run(run.info.run_id).data
    assert found.params["best_hidden_size"] == str(search.best_params_["hidden_size"])
    assert found.metrics["best_cv_score"] == pytest.approx(search.best_score_)
