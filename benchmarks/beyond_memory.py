"""Errors after training on one chunk after the other, beside those of `fit`: `python -m benchmarks.beyond_memory`.

Needs the extra `study`. A series (hourly and daily temperatures, sunspots, and one of demand that is drawn) is cut into
windows. The last fifth is tested. A network is trained by `fit` on all windows, and by `fit_scaling` and `partial_fit`
on chunks of the same windows, for as many epochs and with the same schedule of the learning rate. Chunks hold windows
drawn at random, or are in order of time. The last columns are their mean absolute errors divided by that of `fit`, as
means of all seeds.
"""

import argparse
import warnings
from statistics import fmean

import numpy as np
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from benchmarks._extras import needs
from sklstm import LSTMRegressor, make_windows

with needs("study"):
    from statsmodels.datasets import sunspots
    from vega_datasets import data

N_EPOCHS, N_CHUNKS, WINDOW = 10, 8, 24


def demand(n=12_000, seed=0):
    """Hourly demand: a day, a week, a slow trend, and noise that lasts."""
    rng, t, noise = np.random.default_rng(seed), np.arange(n), np.zeros(n)
    for row in range(1, n):
        noise[row] = 0.9 * noise[row - 1] + rng.normal()
    return 100 + t / 300 + 15 * np.sin(t * np.pi / 12) + 8 * np.sin(t * np.pi / 84) + 3 * noise


def series():
    """Return all series by name."""
    return {
        "temperature of Seattle, hours": data.seattle_temps()["temp"].to_numpy(float),
        "maximum temperature, days": data.seattle_weather()["temp_max"].to_numpy(float),
        "sunspots, years": sunspots.load_pandas().data["SUNACTIVITY"].to_numpy(float),
        "demand, hours": demand(),
    }


def network(seed, n_calls):
    """Make a network whose learning rate falls over so many epochs or calls of `partial_fit`."""
    return LSTMRegressor(
        16, learning_rate="cosine", max_iter=n_calls, tol=0, n_iter_no_change=np.inf, random_state=seed
    )


def trained_on_chunks(model, X, y, rows_of):
    """Train on one chunk after the other, in each epoch. `rows_of(epoch)` returns the order of the windows."""

    def read(epoch):
        return ((X[part], y[part]) for part in np.array_split(rows_of(epoch), N_CHUNKS))

    model.fit_scaling(read(0))
    for epoch in range(N_EPOCHS):
        for chunk in read(epoch):
            model.partial_fit(*chunk)
    return model


def errors(X, y, seed):
    """Return the mean absolute errors of `fit`, of chunks drawn at random, and of chunks in order of time."""
    n = len(X) * 4 // 5
    chunked = network(seed, N_EPOCHS * N_CHUNKS)
    models = [
        network(seed, N_EPOCHS).fit(X[:n], y[:n]),
        trained_on_chunks(clone(chunked), X, y, lambda epoch: np.random.default_rng((seed, epoch)).permutation(n)),
        trained_on_chunks(clone(chunked), X, y, lambda epoch: np.arange(n)),
    ]
    return [float(np.abs(model.predict(X[n:]) - y[n:]).mean()) for model in models]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    seeds = range(parser.parse_args().seeds)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, values in series().items():
            X, y = make_windows(values, WINDOW)
            whole, mixed, in_order = zip(*(errors(X, y, seed) for seed in seeds), strict=True)
            mean = fmean(whole)
            print(
                f"{name:32}{len(y):7} windows, fit {mean:8.4f} (of seeds {min(whole):.4f} to {max(whole):.4f}), ",
                end="",
            )
            print(
                f"chunks at random {fmean(mixed) / mean:.3f}, in order of time {fmean(in_order) / mean:.3f}", flush=True
            )


if __name__ == "__main__":
    main()
