"""How many series one fitted model forecasts in a second: `python -m benchmarks.many_series`.

The series are monthly sales of shops, with a season. A forecaster is fitted to 1 000 of them. It then forecasts twelve
months of other series, which come as a partition of a Dask dataframe does: as a table. Times are those of the processor
(of all threads), so that other work of the machine does not count. The last column is how long 100 000 series take on
one core.
"""

import warnings
from time import process_time

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from sklstm import Forecaster

N_TRAINED, PARTITIONS, STEPS, N_REPEATS = 1000, (1000, 5000), 12, 2
MANY = 100_000


def panel(n_series, n_rows=48, seed=0):
    """Return monthly sales of many shops, as a table with the columns shop, month and sales."""
    rng = np.random.default_rng(seed)
    months = pd.date_range("2021-01-01", periods=n_rows, freq="MS", name="month")
    season = 1 + rng.uniform(0.1, 0.4, (n_series, 1)) * np.sin(np.arange(n_rows) * np.pi / 6)
    sales = np.exp(rng.normal(4, 1, (n_series, 1)) + 0.05 * rng.normal(size=season.shape).cumsum(axis=1)) * season
    index = pd.MultiIndex.from_product([np.arange(n_series), months], names=["shop", "month"])
    return pd.Series(sales.ravel(), index=index, name="sales").reset_index()


def forecast_part(part, model):
    """Forecast the series of one partition."""
    history = part.set_index(["shop", "month"])["sales"].sort_index()
    return model.forecast(STEPS, history=history).reset_index()


def seconds(call):
    """Return the time of the processor that a call takes."""
    begin = process_time()
    call()
    return process_time() - begin


def main():
    model = Forecaster(steps=STEPS, trust=1)
    sample = panel(N_TRAINED, seed=1).set_index(["shop", "month"])["sales"]
    print(f"fit of {N_TRAINED} series: {seconds(lambda: model.fit(None, sample)):.1f} s")
    model.compact()
    for n_series in PARTITIONS:
        part = panel(n_series)
        best = min(seconds(lambda part=part: forecast_part(part, model)) for _ in range(N_REPEATS))
        print(
            f"{n_series} series: {n_series / best:.0f} in a second, {MANY} in {MANY * best / n_series / 60:.1f} minutes"
        )


if __name__ == "__main__":
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main()
