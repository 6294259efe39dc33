"""Checkpoints that an enemy made: their checksums are right, and what they say is not."""

import tracemalloc
import warnings
from collections import Counter
from contextlib import suppress
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.discovery import all_estimators

from sklstm import Forecaster, LSTMRegressor, load_checkpoint, save_checkpoint
from sklstm._utils import training_log
from tests._checkpoint.tools import killed_fit
from tests.malformed import OF_PARTS, change_content, loaded_or_message
from tests.property_settings import FACTOR
from tests.tools import fit, model

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 6, 2))
Y = X[:, -1, 0] - X[:, -3, 1]
TABLE = pd.DataFrame(X.reshape(40, 12)).add_prefix("c")
SERIES = pd.Series(np.sin(np.arange(60) / 3), pd.date_range("2024-01-01", periods=60), name="y")
SETTINGS = {"max_iter": 6, "n_iter_no_change": 5}


def plain_forecaster():
    return Forecaster(model(max_iter=3), window_length=6, season=None, log=None, baseline=None, intervals="conformal")


FITS = {
    "saved": None,
    "adam": (lambda: model(dropout=0.2, early_stopping=True, learning_rate="cosine", **SETTINGS), 3, (X, Y)),
    "wide table": (lambda: model(n_channels=2, n_layers=2, bidirectional=True), 2, (TABLE, Y)),
    "lbfgs": (lambda: model(solver="lbfgs", **SETTINGS), 3, (X, Y)),
    "forecaster": (plain_forecaster, 4, (None, SERIES)),
}  # fmt: skip
LIMITS = ("max_iter", "max_updates", "steps", "window_length", "n_estimators")
needs_callbacks = pytest.mark.skipif(find_spec("sklearn.callback") is None, reason="scikit-learn has them from 1.9 on")


@pytest.fixture(params=["saved", *(pytest.param(name, marks=needs_callbacks) for name in list(FITS)[1:])])
def checkpoint(request, tmp_path):
    """A checkpoint of each kind: its path, and what the fit was given."""
    path = tmp_path / "good.npz"
    if request.param == "saved":
        save_checkpoint(fit(model(random_state=np.random.RandomState(0)), X, Y), path)
        return path, (X, Y)
    make, n_writes, given = FITS[request.param]
    killed_fit(make(), path, n_writes, *given)
    return path, given


def mutants(data, number):
    """Half of them with another JSON of the same structure, the others with other arrays, names or entries."""
    rng = np.random.default_rng(FACTOR)
    for _ in range(number):
        change = change_content if rng.integers(2) else OF_PARTS[rng.integers(len(OF_PARTS))]
        yield change(data, rng)


def go_on(found, given):
    """Continue what was loaded, if its parameters say that this is little work; return what happened.

    The checksums of the data and of the parameters are not compared: an enemy who knows them writes the right ones.
    """
    limits = [value for name, value in found.get_params().items() if name.rpartition("__")[2] in LIMITS]
    if any(isinstance(limit, int) and limit > 100 for limit in limits):
        return "long"  # an honest fit with these parameters takes long as well
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as monkeypatch:
        warnings.simplefilter("ignore")
        monkeypatch.setattr(training_log, "_check_same", lambda found, expected: None)
        try:
            if vars(found).get("_unfinished") is not None:
                return type(found.resume(*given))
            if hasattr(found, "partial_fit"):
                return type(found.partial_fit(*given))
            return "no partial_fit"
        except ValueError as error:
            return str(error)


def test_properties_of_malformed_checkpoints(checkpoint, tmp_path):
    """Only ValueError, with little memory. A network that can be loaded predicts, or refuses what it is given.

    SKLSTM_EXAMPLES=200 python -m pytest tests/test_malformed_checkpoints.py

    tries 50 000 instead of 250.
    """
    (good, given), path, messages = checkpoint, tmp_path / "bad.npz", Counter()
    all_estimators()  # the first name that is not known imports all of scikit-learn: 70 MB, once
    tracemalloc.start()
    for number, mutant in enumerate(mutants(good.read_bytes(), 50 * FACTOR)):
        path.write_bytes(mutant)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        found = loaded_or_message(load_checkpoint, path)
        assert tracemalloc.get_traced_memory()[1] - before < 30 * len(mutant) + 10**7, number
        if isinstance(found, str):
            assert len(found) < 2000, number
        elif isinstance(found, LSTMRegressor):
            # other names of columns, none, or another number of them
            with suppress(ValueError), warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                assert np.isfinite(found.predict(given[0])).all(), number
        else:
            assert isinstance(found, Forecaster), number
        if not isinstance(found, str):
            go_on(found, given)
            assert tracemalloc.get_traced_memory()[1] - before < 30 * len(mutant) + 10**8, number
        messages[found[:30] if isinstance(found, str) else None] += 1
    tracemalloc.stop()
    assert messages.total() == 50 * FACTOR
    assert messages[None] < 0.7 * messages.total()
