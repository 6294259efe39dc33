"""Effect of `LSTMRegressor(forget_bias="chrono")`, compared with the default of 1: `python -m benchmarks.long_memory`.

Needs the extra `study`. The first table is the adding problem of Hochreiter and Schmidhuber (1997): after how many
sequences a network has learnt it. As there, that is when it was right, to within 0.04, about 2 000 sequences in a row.
Each is predicted before the network learns from it. A network that has not learnt it after `--most` sequences is given
up. The last column says how many of 2 560 other sequences it then gets wrong. In 1997, 74 000, 209 000 and 853 000
sequences were needed for 100, 500 and 1 000 steps.

The other tables are real series of at least `FEWEST` rows, forecast by the settings of `default_regressor` with windows
of 24, 96 and 168 rows. Only the budget of training is another: `--updates` updates of large batches. Each model is
trained once, and forecasts from 2 · horizon + 1 origins, one row apart, up to the end. The tables show the mean
absolute scaled errors, averaged over origins, steps and seeds.
"""

import argparse
import warnings
from statistics import fmean, geometric_mean

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks._extras import needs
from benchmarks._machine import about, head
from benchmarks._series import SOURCES
from sklstm import Forecaster, LSTMRegressor, backtest, default_regressor
from sklstm.datasets import make_adding_problem

BIASES = (1.0, "chrono")
CHUNK, N_IN_A_ROW, N_TEST, TOLERANCE = 1000, 2000, 2560, 0.04
FEWEST, WINDOWS, STRATEGIES = 400, (24, 96, 168), ("multioutput", "recursive")


def sequences(n_sequences, n_steps, random_state):
    """Return sequences of the adding problem in float32, and their targets."""
    X, y = make_adding_problem(n_sequences, n_steps, random_state)
    return X.astype(np.float32), y.astype(np.float32)


def n_wrong(model, X, y):
    return int((np.abs(model.predict(X) - y) > TOLERANCE).sum())


def learn_to_add(n_steps, forget_bias, seed, most):
    """Train until the adding problem is learnt.

    Return the number of sequences, None if given up, and how many of `N_TEST` other sequences are then wrong.
    """
    settings = {"learning_rate_init": 0.005, "batch_size": 20, "random_state": seed}
    model, rng = LSTMRegressor(16, forget_bias=forget_bias, **settings), np.random.default_rng(seed)
    n_seen = n_right = 0
    while n_right < N_IN_A_ROW and n_seen < most:
        X, y = sequences(CHUNK, n_steps, rng)
        n_right = n_right + CHUNK if n_seen and n_wrong(model, X, y) == 0 else 0
        model.partial_fit(X, y)
        n_seen += CHUNK
    test = sequences(N_TEST, n_steps, np.random.default_rng(seed + 1000))
    return n_seen if n_right >= N_IN_A_ROW else None, n_wrong(model, *test)


def adding_lines(lengths, seeds, most):
    """Yield the lines of the table of the adding problem."""
    yield f"{'adding problem':20} {'forget_bias':>12} {'seed':>5} {'sequences':>12} {f'wrong of {N_TEST}':>15}"
    for n_steps in lengths:
        for forget_bias in BIASES:
            for seed in seeds:
                n_seen, wrong = learn_to_add(n_steps, forget_bias, seed, most)
                name, until = f"{n_steps} to {n_steps + n_steps // 10} steps", n_seen or f"> {most}"
                yield f"{name:20} {forget_bias:>12} {seed:5} {until:>12} {wrong:15}"


def series():
    """Return the series by name, each with its horizon and its season: the long ones, and one of hours."""
    from pmdarima.datasets import load_taylor

    found = {source.name: (source.load(), source.horizon, source.season) for source in SOURCES}
    found = {name: part for name, part in found.items() if len(part[0]) >= FEWEST}
    half_hours = load_taylor()
    demand = pd.Series(half_hours, pd.date_range("2000-06-05", periods=len(half_hours), freq="30min"))
    return found | {"electricity demand, hourly": (demand.resample("h").mean()[-1000:], 24, 168)}


def new_lstm(forget_bias, seed, updates):
    settings = {"forget_bias": forget_bias, "random_state": seed, "max_updates": updates}
    return default_regressor().set_params(**settings, batch_size="large", max_iter=10**6)


def error(lstm, window_length, strategy, y, steps, season):
    """Return the mean absolute scaled error of one training."""
    asked = {"steps": steps} if strategy == "multioutput" else {}
    asked |= {"season": None, "baseline": None, "log": None}  # the network alone
    forecaster = Forecaster(lstm, window_length=window_length, strategy=strategy, **asked)
    settings = {"steps": steps, "n_origins": 2 * steps + 1, "refit": False, "season": season}
    return backtest(forecaster, None, y, **settings).metrics["mase"]


def cells(values, form):
    return " ".join(f"{value:{form}}" for value in values)


def series_lines(parts, strategy, windows, seeds, updates):
    """Yield the lines of the table of real series with one strategy."""
    columns = [(window, forget_bias) for window in windows for forget_bias in BIASES]
    yield f"{strategy + ', window':30} " + cells([window for window, _ in columns], ">7")
    yield f"{'forget_bias':30} " + cells([forget_bias for _, forget_bias in columns], ">7")
    rows = []
    for name, part in parts.items():
        rows.append(
            [
                fmean(error(new_lstm(bias, seed, updates), window, strategy, *part) for seed in seeds)
                for window, bias in columns
            ]
        )
        yield f"{name:30} " + cells(rows[-1], "7.3f")
    means = [geometric_mean(column) for column in zip(*rows, strict=True)]
    yield f"{'geometric mean':30} " + cells(means, "7.3f")
    ratios = [chrono / default for default, chrono in zip(means[::2], means[1::2], strict=True)]
    yield f"{'chrono / 1':30} " + cells(ratios, "15.3f")


def show(lines):
    """Print each line as soon as it is known, after an empty one."""
    print()
    for line in lines:
        print(line, flush=True)


@needs("study")
def main():
    """Parse the command line, measure, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.long_memory", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="30 steps, one seed, one window, and every fourth series")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, nargs="+", default=[100], help="lengths of the adding problem")
    parser.add_argument("--most", type=int, default=74_000, help="sequences after which to give up")
    parser.add_argument("--windows", type=int, nargs="+", default=WINDOWS, help="lengths of the windows of series")
    parser.add_argument("--strategies", nargs="+", default=STRATEGIES, choices=STRATEGIES)
    parser.add_argument("--updates", type=int, help="max_updates on real series, instead of 'auto'")
    parser.add_argument("--only", choices=["adding", "series"], help="only one kind of tables")
    options = parser.parse_args()
    seeds = range(1 if options.quick else options.seeds)
    lengths, most = ([30], 5_000) if options.quick else (options.steps, options.most)
    windows = options.windows[:1] if options.quick else options.windows
    print("\n".join(head(about())))
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        if options.only != "series":
            show(adding_lines(lengths, seeds, most))
        if options.only != "adding":
            parts = dict(list(series().items())[:: 4 if options.quick else 1])
            for strategy in options.strategies:
                show(series_lines(parts, strategy, windows, seeds, options.updates or "auto"))


if __name__ == "__main__":
    main()
