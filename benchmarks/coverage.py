"""Share of the truths that intervals of 80 % hold, on simulated series: `python -m benchmarks.coverage [N_SERIES]`.

Each series is an autoregression of first order with a coefficient of 0.8 and normal shocks. A recursive forecaster with
ridge regression on five lags learns from 200 rows and the calibration rows, and forecasts the six rows after them. With
n series, a share has a standard error of about 40 / sqrt(n) percentage points.
"""

import sys

import numpy as np
from sklearn.linear_model import Ridge

from sklstm import Forecaster

PHI, N_PROPER, STEPS, COVERAGE = 0.8, 200, 6, 0.8


def walk(n_rows, rng):
    """Simulate an autoregression that begins in its stationary distribution."""
    series = np.empty(n_rows)
    series[0] = rng.normal(scale=1 / np.sqrt(1 - PHI**2))
    for row in range(1, n_rows):
        series[row] = PHI * series[row - 1] + rng.normal()
    return series


def shares_inside(intervals, n_calibration, n_series):
    """Share of the truths inside the interval, by step, over `n_series` series."""
    rng = np.random.default_rng(0)
    inside = np.zeros(STEPS)
    for _ in range(n_series):
        series = walk(N_PROPER + n_calibration + STEPS, rng)
        model = Forecaster(Ridge(), window_length=5, intervals=intervals, calibration_size=n_calibration)
        forecast = model.fit(None, series[:-STEPS]).forecast(STEPS, coverage=COVERAGE)
        truth = series[-STEPS:]
        inside += (forecast["lower_80"].to_numpy() <= truth) & (truth <= forecast["upper_80"].to_numpy())
    return inside / n_series


def main(n_series):
    """Print a table of the coverage of the first and of the last step, and of all steps."""
    print("| calibration rows | intervals | one step ahead | six steps ahead | all steps |")
    print("|---|---|---|---|---|")
    for n_calibration in (30, 200):
        for intervals in ("conformal", "bootstrap"):
            shares = 100 * shares_inside(intervals, n_calibration, n_series)
            columns = f"{shares[0]:.0f} % | {shares[-1]:.0f} % | {shares.mean():.0f} %"
            print(f"| {n_calibration} | {intervals} | {columns} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
