"""Forecast errors with `update(train=True)`, compared with `train=False`: `python -m benchmarks.updates`.

Needs the extra `study`. `Forecaster()` is fitted to the first half of each series, or to more of a long one. It then
forecasts `STEPS` rows, is updated with these rows, forecasts the next rows, and so on. Each line shows ratios of mean
absolute errors, with training divided by without it: one for the default learning rate and one for each other rate.
Below 1, training helps. The last lines are artificial series whose season changes in the middle.
"""

import argparse
import warnings
from statistics import fmean

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks._extras import needs
from benchmarks._series import SOURCES
from sklstm import Forecaster, default_regressor

STEPS, LONGEST, MOST_UPDATES = 10, 300, 12
RATES = {"default": None, "0.0002": 0.0002, "0.002": 0.002, "0.005": 0.005}


def changed(seed):
    """Return a noisy series whose season changes from 12 to 7 steps in the middle."""
    t, rng = np.arange(LONGEST), np.random.default_rng(seed)
    return np.where(t < LONGEST // 2, np.sin(np.pi * t / 6), np.sin(2 * np.pi * t / 7)) + 0.1 * rng.normal(size=LONGEST)


def series():
    """Return all series by name."""
    real = {source.name: source.load().to_numpy()[-LONGEST:] for source in SOURCES}
    real = {name: y for name, y in real.items() if len(y) >= 120}
    return real | {f"changed {seed}": changed(seed) for seed in range(3)}


def error(y, seed, train, rate=None):
    """Return the mean absolute error over all updates."""
    n_updates = min(MOST_UPDATES, len(y) // 2 // STEPS - 1)
    first = len(y) - (n_updates + 1) * STEPS
    forecaster, errors = Forecaster(default_regressor().set_params(random_state=seed)).fit(None, y[:first]), []
    for begin in range(first, len(y), STEPS):
        new = y[begin : begin + STEPS]
        errors.append(np.abs(forecaster.forecast(len(new)).to_numpy() - new).mean())
        forecaster.update(None, new, train=train, learning_rate_init=rate)
    return fmean(errors)


@needs("study")
def main():
    """Parse the command line, measure, and print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.updates", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="every sixth series and one seed")
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    print(f"{'':30} " + " ".join(f"{name:>8}" for name in RATES))
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        for name, y in list(series().items())[:: 6 if options.quick else 1]:
            seeds = range(1 if options.quick else options.seeds)
            without = fmean(error(y, seed, train=False) for seed in seeds)
            ratios = [fmean(error(y, seed, True, rate) for seed in seeds) / without for rate in RATES.values()]
            print(f"{name:30} " + " ".join(f"{ratio:8.3f}" for ratio in ratios), flush=True)


if __name__ == "__main__":
    main()
