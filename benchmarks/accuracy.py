"""Forecast errors of `Forecaster(steps=h)`, the default, compared with other models. All is computed on one thread.

    python -m benchmarks.accuracy singles       29 single series (`benchmarks._series`)
    python -m benchmarks.accuracy others        74 other single series (`benchmarks._other_series`)
    python -m benchmarks.accuracy m1 FILE       the M1 competition: one panel for each period
    python -m benchmarks.accuracy panels FILE   random panels of 10, 30, 60 and 200 series of M1
    python -m benchmarks.accuracy short FILE    the last 5 to 15 rows of series of M1, alone and in panels
    python -m benchmarks.accuracy airline       24 months of the airline series, with five seeds; and 1 000 hours

`--help` after one of these lists its options. The first two need the extra `study`.

FILE has the series of the M1 competition (Makridakis et al. 1982), as in the R package Mcomp. It is a CSV file with the
columns id, period (yearly, quarterly, monthly), horizon, train and test; the last two have values separated by spaces.

The error is the MASE: absolute errors divided by the in-sample error of the seasonal naive forecast at the origin, as a
mean over steps, origins and seeds. On M1, it is a mean over the series. There, the sMAPE is shown as well.

`singles` forecasts from 2 · horizon + 1 origins, one row apart, and fits three times. `others` forecasts from three
origins within two horizons, and fits at each one. Ridge regression, MLPRegressor and PyTorch's LSTM read the last 24
values, or on a short series half of them, and feed forecasts back. "theta" is that of this package, with its season
taken off and put back; "log theta" is that of the logarithm if a series is positive, and on M1 theta is always that.
"before" is the network that was the default until seasons and baselines came.

These scores are not entirely out-of-sample, because the parts of the default were chosen by them. The 29 series and M1
are split in two: choices were made on the odd series (the first, the third …) and the even ones are reported apart. But
the scores of all series were seen in the course of the work. Whoever chooses again should look at the odd ones only.
"""

import argparse
import json
import sys
import time
import warnings
from statistics import fmean

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks import _m1, _machine
from benchmarks._extras import needs
from benchmarks._rivals import ours
from sklstm import backtest
from sklstm.datasets import load_airline

SIZES = (10, 30, 60, 200)


def singles(options):
    """Measure on the 29 series of the study."""
    from benchmarks._singles import study

    return of_tasks(study(options.quick), options)


def others(options):
    """Measure on the other single series."""
    from benchmarks._singles import others

    return of_tasks(others(options.quick), options)


@needs("study")
def of_tasks(tasks, options):
    """Measure on single series, print a line for each, and return the results by name."""
    from benchmarks._singles import OURS, errors, header, line, models, summary

    names, rows = models(options.before, options.torch), {}
    print(header(names))
    for task in tasks:
        if (options.only or "").lower() in task.name.lower():
            rows[task.name], seconds = errors(task, names, 1 if options.quick else options.seeds)
            print(line(task.name, rows[task.name], f"  {seconds[OURS]:.2f}"), flush=True)
            rows[task.name]["seconds"] = seconds
    if rows:
        print("", *summary(rows, names), sep="\n")
        mean, most = (f([row["seconds"][OURS] for row in rows.values()]) for f in (fmean, max))
        print(f"seconds a fit, with its forecasts: mean {mean:.2f}, most {most:.2f}")
    else:
        print("no such series")
    return rows


def m1(options):
    """Measure on the M1 competition, one panel for each period."""
    results = {}
    print(f"{'':26}{'MASE':>9}{'odd':>9}{'even':>9}{'sMAPE':>9}{'seconds':>9}")
    for competition in competitions(options):
        found = results[competition.period] = _m1.of_panel(competition, 1 if options.quick else options.seeds)
        for seed, (scores, seconds) in enumerate(zip(found["sklstm"], found["seconds"], strict=True)):
            print(line_of_m1(f"{competition.period}, seed {seed}", scores, seconds), flush=True)
        print(line_of_m1(f"{competition.period}, mean", mean_scores(found["sklstm"]), fmean(found["seconds"])))
        for name in ("theta", "naive"):
            print(line_of_m1(f"{competition.period}, {name}", found[name]))
    print(f"seconds for all: {sum(fmean(found['seconds']) for found in results.values()):.1f}")
    return results


def competitions(options):
    """Read the competition; with --quick, every tenth series."""
    found = _m1.read(options.file, options.period or tuple(_m1.SEASON))
    return [part.some(np.arange(0, len(part.known), 10)) for part in found] if options.quick else found


def mean_scores(by_seed):
    """Return the means over the seeds of the scores by part."""
    return {part: {kind: fmean(s[part][kind] for s in by_seed) for kind in by_seed[0][part]} for part in by_seed[0]}


def line_of_m1(label, scores, seconds=None):
    mases = "".join(f"{scores[part]['mase']:9.3f}" for part in ("all", "odd", "even"))
    return f"{label:26}{mases}{scores['all']['smape']:9.2f}" + ("" if seconds is None else f"{seconds:9.2f}")


def panels(options):
    """Measure on random sub-panels of M1, in relation to theta."""
    results, every = {}, competitions(options)
    n_draws = 3 if options.quick else options.draws
    print(f"{'ours / theta':26}{'mean':>9}{'worst':>9}" + "".join(f"{part.period:>11}" for part in every))
    for size in SIZES[:1] if options.quick else SIZES:
        found = results[size] = _m1.of_sub_panels(every, size, n_draws)
        mean, worst = _m1.ratios(found)
        by_period = ([f for f in found if f["period"] == part.period] for part in every)
        means = "".join(f"{_m1.ratios(part)[0]:11.3f}" if part else f"{'-':>11}" for part in by_period)
        print(f"{f'{size} series, {n_draws} draws':26}{mean:9.3f}{worst:9.3f}{means}", flush=True)
    return results


def short(options):
    """Measure on short series: how far forecasts leave the range of the rows, and errors."""
    results, every = {}, competitions(options)
    columns = "".join(f"{name:>9}" for name in ("median", "95 %", "most", "of bound", "beyond"))
    print(f"{'outside, in ranges':26}{columns}  errors to theta, naive")
    for size, n_draws in ((1, options.draws), (12, max(1, options.draws // 4))):
        found = results[size] = _m1.of_short(every, size, 3 if options.quick else n_draws)
        print(line_of_short(f"{len(found)} series, {size} a panel", found), flush=True)
    return results


def line_of_short(label, found):
    """The line of a table: distances from the range, in ranges and in bounds, how many are beyond, and errors."""
    outside, of_bound = (np.array([result[kind] for result in found]) for kind in ("outside", "of bound"))
    scored = [result for result in found if "sklstm" in result]
    to = [fmean(r["sklstm"] for r in scored) / fmean(r[name] for r in scored) for name in ("theta", "naive")]
    distances = (*np.percentile(outside, [50, 95]), outside.max(), of_bound.max())
    beyond = int((of_bound > 1 + 1e-6).sum())
    return f"{label:26}" + "".join(f"{d:9.2f}" for d in distances) + f"{beyond:9}  {to[0]:.3f}, {to[1]:.3f}"


def airline(options):
    """Measure on 24 months of the airline series with several seeds, and on 1 000 hours."""
    results, seeds = {}, range(1 if options.quick else options.seeds)
    for name, y, steps, season in (("airline", load_airline(), 24, 12), ("1000 hours", hours(), 24, 24)):
        found = results[name] = [_one_origin(y, steps, season, seed) for seed in seeds]
        print(f"{name}, {steps} steps: MASE " + ", ".join(f"{mase:.3f} ({seconds:.1f} s)" for mase, seconds in found))
    return results


def hours():
    """Return 1 000 artificial hourly values: a day, a week that changes it, a slow wave, and noise that persists."""
    t, rng = np.arange(1024), np.random.default_rng(0)
    noise = np.zeros(len(t))
    for i in t[1:]:
        noise[i] = 0.8 * noise[i - 1] + rng.normal()
    is_weekend = t // 24 % 7 > 4
    day = np.where(is_weekend, 4, 8) * np.sin(2 * np.pi * t / 24)
    return pd.Series(100 + day + 5 * np.sin(t / 150) + noise, pd.date_range("2024", periods=len(t), freq="h"))


def _one_origin(y, steps, season, seed):
    """Return the MASE at one origin, and the seconds of the fit and the forecast."""
    begin = time.perf_counter()
    run = backtest(ours(steps, seed), None, y, steps=steps, n_origins=1, season=season)
    return run.metrics["mase"], time.perf_counter() - begin


def parsed(arguments=None):
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for function in (singles, others, m1, panels, short, airline):
        command = commands.add_parser(function.__name__, help=function.__doc__, description=function.__doc__)
        command.set_defaults(measure=function)
        command.add_argument("--quick", action="store_true", help="a small part, to see that it runs")
        command.add_argument("--json", metavar="FILE", help="also write the results to this file")
        if function in (singles, others, m1, airline):
            command.add_argument("--seeds", type=int, default=5 if function is airline else 3)
        if function in (singles, others):
            command.add_argument("--only", metavar="NAME", help="only series whose name contains this")
            command.add_argument("--before", action="store_true", help="also the former default")
            command.add_argument("--torch", action="store_true", help="also an LSTM in PyTorch, which is slow")
        if function in (m1, panels, short):
            command.add_argument("file", metavar="FILE", help="the series of the M1 competition")
            command.add_argument("--period", nargs="+", choices=tuple(_m1.SEASON), help="only these")
        if function in (panels, short):
            command.add_argument("--draws", type=int, default=20 if function is panels else 60)
    return parser.parse_args(arguments)


def main():
    """Measure what the command line says, print it, and write it if that was asked for."""
    options, about = parsed(), _machine.about()
    words = ("FILE" if word == getattr(options, "file", None) else word for word in sys.argv[1:])
    command = f"python -m benchmarks.accuracy {' '.join(words)}"
    print(command, *_machine.head(about), "", sep="\n", flush=True)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        results = options.measure(options)
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"command": command, "about": about, "results": results}, file, indent=1)


if __name__ == "__main__":
    main()
