"""A forecaster with one model for each series after its fit, compared with forecasters of each series alone."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge

from sklstm import Checkpoint, Forecaster, load_checkpoint
from tests._forecasting.test_pooling import DATA, LSTM, STEPS, alone, fit, same


def copied(forecaster):
    return pickle.loads(pickle.dumps(forecaster))


def test_new_rows():
    settings = {"regressor": LSTM, "steps": STEPS, "trust": 1}
    first = {key: y[:-5] for key, (_, y, _) in DATA.items()}
    rest = {key: y[-5:] for key, (_, y, _) in DATA.items() if key != "a"}
    panel = Forecaster(**settings, pooling="local").fit(None, pd.concat(first, names=["shop"]))
    models = {key: Forecaster(**settings).fit(None, y) for key, y in first.items()}
    for train in (False, True):
        updated = copied(panel).update(None, pd.concat(rest, names=["shop"]), train=train)
        each = {key: copied(model) for key, model in models.items()}
        each |= {key: each[key].update(None, y, train=train) for key, y in rest.items()}
        assert same(updated.forecast(STEPS), {key: model.forecast(STEPS) for key, model in each.items()})
        assert same(updated.history_, {key: model.history_ for key, model in each.items()})


def test_other_histories():
    panel, models = fit("default", pooling="local"), alone("default")
    later = {key: 2 * y[-50:] for key, (_, y, _) in list(DATA.items())[::-1]}
    each = {key: models[key].forecast(STEPS, history=y) for key, y in later.items()}
    assert same(panel.forecast(STEPS, history=pd.concat(later, names=["shop"])), each)


def test_predict_and_score():
    panel, models = fit("default", pooling="local"), alone("default")
    rows = panel.future_index(STEPS)
    expected = np.concatenate([model.forecast(STEPS) for model in models.values()])
    assert (panel.predict(pd.DataFrame(index=rows)) == expected).all()
    assert panel.score(pd.DataFrame(index=rows), pd.Series(expected, index=rows)) == 1


def test_a_series_that_was_not_trained_on_is_refused():
    panel = fit("default", pooling="local")
    before = joblib.hash(vars(panel))
    new = pd.concat({"new": DATA["a"][1].shift(freq=None)}, names=["shop"])
    for call in (lambda: panel.forecast(2, history=new), lambda: panel.update(None, new)):
        with pytest.raises(ValueError, match="none of the series 'new'"):
            call()
    with pytest.raises(ValueError, match=r"a series without a name.*pd\.concat"):
        panel.forecast(2, history=DATA["a"][1])
    assert panel.forecast(2, history=pd.concat({"b": DATA["a"][1]})).shape == (2,)  # as the message says
    assert joblib.hash(vars(panel)) == before


def test_compact():
    panel = fit("trusted", pooling="local")
    forecast, size = panel.forecast(STEPS), len(pickle.dumps(panel))
    compact = copied(panel).compact()
    assert compact.forecast(STEPS).equals(forecast)
    assert len(pickle.dumps(compact)) < size
    assert copied(compact).forecast(STEPS).equals(forecast)


def test_importance_is_of_one_model():
    first, last = (
        pd.concat({key: y[rows] for key, (_, y, _) in DATA.items()}) for rows in (slice(-9), slice(-9, None))
    )
    panel = Forecaster(Ridge(), window_length=4, pooling="local").fit(None, first)
    with pytest.raises(ValueError, match=r"clone\(forecaster\)\.fit\(None, y\.loc\[key\]\)"):
        panel.permutation_importance(None, last, steps=2)
    one = clone(panel).fit(None, first.loc["a"])
    assert len(one.permutation_importance(None, last.loc["a"], steps=2).importances) == 4


def test_a_checkpoint_follows_one_process(tmp_path):
    pytest.importorskip("sklearn.callback", reason="scikit-learn has callbacks from 1.9 on")
    path, y = tmp_path / "fit.npz", pd.concat({key: part[1] for key, part in DATA.items()}, names=["shop"])
    forecaster = Forecaster(LSTM, steps=STEPS, trust=1, pooling="local", n_jobs=2).set_callbacks(Checkpoint(path))
    with pytest.raises(ValueError, match="n_jobs=2 makes 3 fits in workers"):
        forecaster.fit(None, y)
    assert not path.exists()
    forecaster.set_params(n_jobs=1).fit(None, y)  # as the message says
    assert load_checkpoint(path).resume(None, y).forecast(STEPS).equals(forecaster.forecast(STEPS))
