"""Forecast errors on single series, compared with other models."""

import math
import time
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from benchmarks._other_series import OTHERS
from benchmarks._rivals import RANDOM, ours, rival
from benchmarks._scores import geometric_mean, halves, naive, scaled_errors, theta
from benchmarks._series import SOURCES
from sklstm import backtest

OURS = "sklstm"
SIMPLE = ("naive", "theta", "log theta")


@dataclass(frozen=True)
class Task:
    """A series, the numbers of rows that are known at its origins, and at every which of them models are fitted."""

    name: str
    y: object
    season: int
    steps: int
    origins: tuple[int, ...]
    refit: int


def study(quick=False):
    """Return the tasks of `SOURCES`: 2 · horizon + 1 origins, one row apart, and three fits."""
    for source in SOURCES[:: 5 if quick else 1]:
        y, steps = source.load(), source.horizon
        n_origins = 1 if quick else 2 * steps + 1
        origins = tuple(range(len(y) - steps - n_origins + 1, len(y) - steps + 1))
        yield Task(source.name, y, source.season, steps, origins, refit=steps)


def others(quick=False):
    """Return the tasks of `OTHERS`: three origins within two horizons, and a fit at each.

    The horizon is that of `SOURCES`, or a fifth of the series if that is shorter.
    """
    for source in OTHERS[:: 10 if quick else 1]:
        y = source.load()
        n, steps = len(y), min(source.horizon, len(y) // 5)
        origins = (n - 2 * steps, n - steps - math.ceil(steps / 2), n - steps)
        yield Task(source.name, y, source.season, steps, origins[-1:] if quick else origins, refit=1)


def models(before=False, torch=False):
    """Return the names of the models, ours first."""
    return (OURS, "ridge", "mlp", *(("torch",) if torch else ()), *SIMPLE, *(("before",) if before else ()))


def errors(task, names, n_seeds):
    """Return the MASE of every model on one series, and the seconds that a fit and its forecasts took."""
    result, seconds = {}, {}
    for name in names:
        if name in SIMPLE:
            result[name] = _error_of_simple(task, name)
            continue
        begin, seeds = time.perf_counter(), range(n_seeds if name in RANDOM else 1)
        result[name] = fmean(_error(task, name, seed) for seed in seeds)
        n_fits = len(seeds) * math.ceil(len(task.origins) / task.refit)
        seconds[name] = (time.perf_counter() - begin) / n_fits
    return result, seconds


def _error(task, name, seed):
    forecaster = ours(task.steps, seed) if name == OURS else rival(name, seed, task.origins[0])
    folds = [(np.arange(origin), np.arange(origin, origin + task.steps)) for origin in task.origins]
    run = backtest(forecaster, None, task.y, steps=task.steps, cv=folds, refit=task.refit, season=task.season)
    return run.metrics["mase"]


def _error_of_simple(task, name):
    """Return the MASE of a forecast that needs no fit. It is made anew at each origin."""
    y = task.y.to_numpy()
    known = [y[:origin] for origin in task.origins]
    truths = np.array([y[origin : origin + task.steps] for origin in task.origins])
    if name == "naive":
        forecasts = naive(known, task.season, task.steps)
    else:
        forecasts = theta(known, task.season, task.steps, log=name == "log theta")
    return float(scaled_errors(forecasts, truths, known, task.season).mean())


def header(names):
    return f"{'MASE':38}{''.join(f'{name:>10}' for name in names)}  seconds a fit: {OURS}"


def line(label, values, note=""):
    return f"{label:38}{''.join(f'{value:10.3f}' for value in values.values())}{note}"


def summary(rows, names):
    """Yield lines: geometric means, ours in relation to each rival on all and on every second series, the worst."""
    for label, part in halves(rows.items()).items():
        if part:
            yield line(f"geometric mean, {label} {len(part)}", _means(part, names))
            yield line(f"{OURS} / rival, {label} {len(part)}", _ratios(part, names))
    better = (sum(row[OURS] < row[name] for row in rows.values()) for name in names)
    yield f"{f'{OURS} is better, of {len(rows)}':38}{''.join(f'{number:10}' for number in better)}"
    to_naive = {name: row[OURS] / row["naive"] for name, row in rows.items()}
    worst = sorted(to_naive, key=to_naive.get, reverse=True)[:5]
    yield "worst to naive: " + ", ".join(f"{name} {to_naive[name]:.2f}" for name in worst)


def _means(part, names):
    return {name: geometric_mean(row[name] for _, row in part) for name in names}


def _ratios(part, names):
    return {name: geometric_mean(row[OURS] / row[name] for _, row in part) for name in names}
