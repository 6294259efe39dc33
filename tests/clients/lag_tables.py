"""What the tests of libraries that hand over lag tables share: data, the regressor, and what a `Forecaster` reaches.

The airline series, of which the last year is forecast recursively from windows of two years, without and with two
exogenous columns that are known in advance.
"""

import re
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.pipeline import make_pipeline

from sklstm import Forecaster, LagsToSequences, LSTMRegressor
from sklstm.datasets import load_airline

N_LAGS, STEPS, SEEDS = 24, 12, (0, 1, 2)
PAGE = (Path(__file__).parents[2] / "doc" / "coming_from.md").read_text()
ERRORS = re.findall(r"^\| ([\w`-]+) \| ?([\d.]*) \| ([\d.]+) \|$", PAGE, re.M)


def airline():
    """The series, and the sine and the cosine of the month, with months as times."""
    y = load_airline().astype(float).rename("y")
    y.index = pd.DatetimeIndex(y.index, freq="MS")
    angle = 2 * np.pi * y.index.month.to_numpy() / 12
    return y, pd.DataFrame({"sine": np.sin(angle), "cosine": np.cos(angle)}, y.index)


Y, EXOG = airline()
TRAIN, TEST = Y[:-STEPS], Y[-STEPS:]
KNOWN, FUTURE = EXOG[:-STEPS], EXOG[-STEPS:]


def lstm(seed=0, **settings):
    """The regressor of the page."""
    settings = {"instance_norm": "last", "learning_rate": "cosine", "max_iter": 150} | settings
    return LSTMRegressor(16, random_state=seed, **settings)


def error(forecast):
    """Mean absolute error of a forecast of the last year."""
    return float(np.abs(np.asarray(forecast, dtype=float).ravel() - TEST.to_numpy()).mean())


@cache
def of_forecaster(with_exog):
    """The mean error over the seeds that a Forecaster reaches with the same regressor and windows."""
    return forecaster_error(lstm, with_exog)


def forecaster_error(regressor, with_exog):
    """The same with the regressor that `regressor` makes of a seed."""
    settings = {"window_length": N_LAGS, "strategy": "recursive", "season": None, "log": None, "baseline": None}
    settings["drop_incomplete"] = True  # the others have whole windows only
    known, future = (KNOWN, FUTURE) if with_exog else (None, None)
    fits = (Forecaster(regressor(seed), **settings).fit(known, TRAIN) for seed in SEEDS)
    return float(np.mean([error(fitted.forecast(STEPS, future)) for fitted in fits]))


class Spy(RegressorMixin, BaseEstimator):
    """A regressor that keeps what it is given, and predicts a half."""

    rows: list = []  # of all copies

    def fit(self, X, y):
        self.rows.append(X)
        self.n_features_in_ = np.shape(X)[1]
        return self

    def predict(self, X):
        self.rows.append(X)
        return np.full(len(X), 0.5)


def rows_given(forecast):
    """The rows that a library gives a regressor in its first fit, and in its last prediction."""
    Spy.rows.clear()
    forecast(Spy())
    return Spy.rows[0], Spy.rows[-1]


@dataclass(frozen=True)
class Outcome:
    """The mean errors over the seeds before and after the line, and what the guard said before."""

    before: float
    after: float
    warned: str


def outcome(forecast, lags):
    """Forecast by the network alone, and behind `lags`.

    Parameters
    ----------
    forecast : callable
        Takes a regressor; returns the forecast of the last year.
    lags : LagsToSequences
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before = [error(forecast(lstm(seed))) for seed in SEEDS]
    messages = [str(warning.message) for warning in caught if "The rows of X are" in str(warning.message)]
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "The rows of X are")
        after = [error(forecast(make_pipeline(lags, lstm(seed)))) for seed in SEEDS]
    return Outcome(float(np.mean(before)), float(np.mean(after)), messages[0] if messages else "")


def advised(message):
    """The line in a message, without the network."""
    return re.search(r"make_pipeline\((.*), LSTMRegressor\(…\)\)", message)[1]


def run_page(heading):
    """Run the block of the page below a heading; return its names."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    names = {}
    exec(compile(re.search(r"```python\n(.*?)```", section, re.S)[1], heading, "exec"), names)
    return names


def check_line(library, forecast, with_exog, line, is_warned=True):
    """Check that a line brings the error to that of a Forecaster, and that the guard advises it.

    Parameters
    ----------
    library : str
        Its name in the table of the page.
    forecast : callable
        Takes a regressor and `with_exog`; returns the forecast of the last year.
    with_exog : bool
    line : str
        The LagsToSequences to put in front.
    is_warned : bool, default=True
        Whether the network alone is warned of the rows. If not, the line changes nothing.
    """
    lags = eval(line, {"LagsToSequences": LagsToSequences})
    found = outcome(lambda regressor: forecast(regressor, with_exog), lags)
    print(found)
    if is_warned:
        assert advised(found.warned) == line
    else:
        assert not found.warned
        assert found.before == found.after
    assert found.after <= 1.1 * of_forecaster(with_exog)
    if with_exog:
        assert found.before > 1.3 * found.after
        _check_table(library, found)


def _check_table(name, found):
    """Check the errors of the page against those with exogenous columns, up to what a processor may change."""
    said = {row[0]: [float(cell) for cell in row[1:] if cell] for row in ERRORS}
    np.testing.assert_allclose([found.before, found.after], said[name], rtol=0.3)
    np.testing.assert_allclose([of_forecaster(with_exog=True)], said["`Forecaster`"], rtol=0.3)
