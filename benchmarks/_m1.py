"""The M1 competition: forecast errors on its series as panels, on random parts of them, and on their last rows.

Source of the data: Makridakis et al. (1982), *The accuracy of extrapolation (time series) methods: results of a
forecasting competition*. The R package Mcomp has them as `M1`.
"""

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks._rivals import ours
from benchmarks._scores import geometric_mean, halves, naive, naive_error, scaled_errors, scores, theta

SEASON = {"yearly": 1, "quarterly": 4, "monthly": 12}
LAST = {"yearly": pd.Period("2000", "Y"), "quarterly": pd.Period("2000Q4", "Q"), "monthly": pd.Period("2000-12", "M")}
COLUMNS = ["id", "period", "horizon", "train", "test"]
SHORTEST, LONGEST = 5, 15  # of short series


@dataclass(frozen=True)
class Competition:
    """Some series of the same period.

    Parameters
    ----------
    period : str
        "yearly", "quarterly" or "monthly".
    known : list of ndarray
        The values up to the origin, for each series.
    truths : ndarray of shape (n_series, steps)
        The values after it.
    """

    period: str
    known: list
    truths: np.ndarray

    @property
    def season(self):
        return SEASON[self.period]

    @property
    def steps(self):
        return self.truths.shape[1]

    def panel(self):
        """Return the known values as a panel; its keys are the numbers of the series.

        The file has no dates. All series are taken to end at the same time, so that the last rows by time are the last
        rows of each one. This may put the season of one series beside that of another one, which changes nothing as
        long as each series has a season of its own and the calendar is no input.
        """
        pieces = {number: self._dated(y) for number, y in enumerate(self.known)}
        return pd.concat(pieces, names=["series", "time"]).rename("value")

    def _dated(self, y):
        return pd.Series(y, pd.period_range(end=LAST[self.period], periods=len(y)))

    def some(self, numbers):
        """Return the competition of some series."""
        return type(self)(self.period, [self.known[number] for number in numbers], self.truths[numbers])

    def forecast(self, seed):
        """Fit our model to all series at once, and forecast, (n_series, steps)."""
        if len(self.known) == 1:
            forecasts = ours(self.steps, seed).fit(None, self._dated(self.known[0])).forecast(self.steps)
            return forecasts.to_numpy()[np.newaxis]
        forecasts = ours(self.steps, seed).fit(None, self.panel()).forecast(self.steps)
        return np.array([forecasts.loc[number].to_numpy() for number in range(len(self.known))])

    def theta(self):
        """Forecast by theta, with the logarithm of positive series."""
        return theta(self.known, self.season, self.steps, log=True)

    def mase(self, forecasts):
        return float(np.nanmean(scaled_errors(forecasts, self.truths, self.known, self.season)))


def read(path, periods=tuple(SEASON)):
    """Read the Competition of each period from a CSV file.

    The file has a row for each series and the columns `id` (of any kind), `period` ("yearly", "quarterly" or
    "monthly"), `horizon` (number of values to forecast; 6, 8 and 18), `train` and `test` (values up to the origin and
    `horizon` values after it, oldest first, separated by spaces). It may be compressed.
    """
    table = pd.read_csv(path)
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise ValueError(f"{path} must have the columns {COLUMNS}; it lacks {missing}.")
    found = {period: _competition(period, rows) for period, rows in table.groupby("period") if period in periods}
    if missing := [period for period in periods if period not in found]:
        raise ValueError(f"{path} has no series whose period is {missing}; it has {sorted(set(table['period']))}.")
    return [found[period] for period in periods]


def _competition(period, rows):
    known, truths = ([np.array(text.split(), float) for text in rows[name]] for name in ("train", "test"))
    if {len(y) for y in truths} != set(rows["horizon"]) or len(set(rows["horizon"])) != 1:
        raise ValueError(f"All {period} series must have the same horizon, and so many values in the column test.")
    return Competition(period, known, np.array(truths))


def of_panel(competition, n_seeds):
    """Return the scores of our model by seed, those of theta and of the naive forecast, and the seconds of each seed.

    Scores are those of all series, and of every second one.
    """
    by_seed, seconds = [], []
    for seed in range(n_seeds):
        begin = time.perf_counter()
        forecasts = competition.forecast(seed)
        seconds.append(time.perf_counter() - begin)
        by_seed.append(_scores(competition, forecasts))
    simple = naive(competition.known, competition.season, competition.steps)
    return {
        "sklstm": by_seed,
        "theta": _scores(competition, competition.theta()),
        "naive": _scores(competition, simple),
        "seconds": seconds,
    }


def _scores(competition, forecasts):
    result = {}
    for label, numbers in halves(range(len(forecasts))).items():
        part = competition.some(numbers)
        result[label] = scores(forecasts[numbers], part.truths, part.known, part.season)
    return result


def draws(competitions, size, n_draws, rng):
    """Yield random sub-panels of so many series, one period after the other in turns."""
    for number in range(n_draws):
        competition = competitions[number % len(competitions)]
        size_here = min(size, len(competition.known))
        yield competition.some(np.sort(rng.choice(len(competition.known), size_here, replace=False)))


def of_sub_panels(competitions, size, n_draws):
    """Return the period, the MASE of our model and that of theta for each draw. Each draw has a seed of its own."""
    rng = np.random.default_rng(size)
    return [
        {"period": part.period, "sklstm": part.mase(part.forecast(seed)), "theta": part.mase(part.theta())}
        for seed, part in enumerate(draws(competitions, size, n_draws, rng))
    ]


def ratios(results):
    """Return the geometric mean of ours / theta, and the largest ratio."""
    every = [result["sklstm"] / result["theta"] for result in results]
    return geometric_mean(every), max(every)


def shortened(competition, rng):
    """Return the competition of the last rows of each series, some with an outlier, in other units."""
    known, truths = [], []
    for y, truth in zip(competition.known, competition.truths, strict=True):
        y = y[-rng.integers(SHORTEST, LONGEST + 1) :].copy()
        if rng.random() < 0.3:
            y[rng.integers(len(y))] *= 20
        unit = 10.0 ** rng.integers(-6, 7)
        known.append(y * unit)
        truths.append(truth * unit)
    return Competition(competition.period, known, np.array(truths))


def of_short(competitions, size, n_draws):
    """Return a dict for each short series: how far its forecasts go, in ranges, and the errors of the models."""
    rng, results = np.random.default_rng(size), []
    for seed, part in enumerate(draws(competitions, size, n_draws, rng)):
        part = shortened(part, rng)
        simple = {"theta": part.theta(), "naive": naive(part.known, 1, part.steps)}
        forecasts = part.forecast(seed)
        for number, y in enumerate(part.known):
            unit = naive_error(y, 1)
            every = {"sklstm": forecasts[number], **{name: paths[number] for name, paths in simple.items()}}
            errors = {name: float(np.abs(path - part.truths[number]).mean()) for name, path in every.items()}
            results.append(reach(forecasts[number], y) | {n: e / unit for n, e in errors.items() if unit > 0})
    return results


def reach(path, y):
    """Return how far a path leaves the range of y, in ranges (`outside`) and in bounds (`of bound`).

    The bound is one range or, if that is further, as far as the line through y leads, or its slope from the last value
    of y. A constant has the bound 0.
    """
    size, left = np.ptp(y), _excess(path, y)
    slope, start = np.polyfit(np.arange(len(y)), y, 1)
    rows = len(y) + np.arange(len(path))
    trend = np.concatenate((start + slope * rows, y[-1] + slope * (rows + 1 - len(y))))
    if size == 0:
        moved = float("inf") if left > 1e-6 * np.abs(y[0]) else 0.0
        return {"outside": moved, "of bound": moved}
    return {"outside": float(left / size), "of bound": float(left / max(size, _excess(trend, y)))}


def _excess(path, y):
    return max(path.max() - y.max(), y.min() - path.min(), 0.0)
