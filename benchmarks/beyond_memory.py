"""Errors after training on one chunk after the other, beside those of `fit`: `python -m benchmarks.beyond_memory`.

Needs the extra `study`. A series (hourly and daily temperatures, sunspots, and one of demand that is drawn) is cut into
windows. The last fifth is tested. A network is trained by `fit` on all windows, and by `fit_scaling` and `partial_fit`
on chunks of the same windows, for as many epochs and with the same schedule of the learning rate. Chunks hold windows
drawn at random, or a piece of every part of the series; or each is one part of the series, read in an order drawn anew
in each epoch, or in order of time. The last columns are their mean absolute errors divided by that of `fit`, as means
of all seeds.
"""

import argparse
import warnings
from statistics import fmean

import numpy as np
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


def orders(n, seed):
    """Return by name what gives the order in which the chunks of an epoch hold n windows."""
    parts = np.array_split(np.arange(n), N_CHUNKS)
    pieces = [np.array_split(part, N_CHUNKS) for part in parts]
    interleaved = np.concatenate([own[k] for k in range(N_CHUNKS) for own in pieces])

    def draw(epoch):
        return np.random.default_rng((seed, epoch))

    return {
        "windows at random": lambda epoch: draw(epoch).permutation(n),
        "pieces of all parts": lambda epoch: interleaved,
        "parts in random order": lambda epoch: np.concatenate([parts[k] for k in draw(epoch).permutation(N_CHUNKS)]),
        "parts in order of time": lambda epoch: np.arange(n),
    }


def errors(X, y, seed):
    """Return the mean absolute errors of `fit`, and of chunks in each of the orders, by name."""
    n = len(X) * 4 // 5
    models = {"fit": network(seed, N_EPOCHS).fit(X[:n], y[:n])}
    for name, rows_of in orders(n, seed).items():
        models[name] = trained_on_chunks(network(seed, N_EPOCHS * N_CHUNKS), X, y, rows_of)
    return {name: float(np.abs(model.predict(X[n:]) - y[n:]).mean()) for name, model in models.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    seeds = range(parser.parse_args().seeds)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, values in series().items():
            X, y = make_windows(values, WINDOW)
            found = [errors(X, y, seed) for seed in seeds]
            whole = [each.pop("fit") for each in found]
            line = f"{name:32}{len(y):7} windows, fit {fmean(whole):8.4f} (seeds {min(whole):.4f} to {max(whole):.4f})"
            for order in found[0]:
                line += f", {order} {fmean(each[order] for each in found) / fmean(whole):.3f}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
