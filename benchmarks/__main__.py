"""Run the benchmarks and print the ratios sklstm / peer. Below 1, sklstm is faster than the peer."""

import argparse
import itertools
import json
import math
import os
import statistics
import sys

from benchmarks import _effects, _machine
from benchmarks._aims import NO_AIM, ROWS, figures, has_aim
from benchmarks._extras import needs
from benchmarks._measure import cases, measure
from benchmarks.as_processor import LEVELS, features_to_disable, is_x86, set_processor

with needs("peers"):
    from benchmarks import _rates, forecasting, growth, imports, memory, prediction, training

TIMED = (
    training.TrainingStep,
    training.FitEpoch,
    training.FitEpochDeep,
    training.FitTwoThreads,
    training.FitMissing,
    training.FitEpochSkorch,
    prediction.Predict,
    prediction.PredictTwoThreads,
    prediction.PredictDeep,
    prediction.PredictOneRow,
    forecasting.ForecastStep,
    forecasting.Backtest,
    forecasting.AirlineForecast,
)

# Peers that cannot be told to run as on a lesser processor.
NOT_LIMITED = ("onnxruntime",)


def main():
    """Parse the command line, measure, and print the results or write them."""
    options = parsed()
    if options.level and options.level != _machine.level():
        run_as(options)
    described = {**_machine.about(), "rates": rates(options)}
    print(*_machine.head(described), *_effects.lines(**described["rates"]), "", sep="\n", flush=True)
    results = [result for benchmark in TIMED for result in timed(benchmark, options)]
    if wanted("imports", {}, options):
        results.append(show("imports", {}, {"ratio": {"scikit-learn": imports.ratio(1 if options.quick else 25)}}))
    if wanted("growth", {}, options):
        results += exponents(options)
    if wanted("PeakMemory", {}, options) and sys.platform == "linux":
        results += peaks(options)
    print_means(results)
    run = {"about": described, "results": results}
    print_aims(run)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(run, file, indent=1)


def parsed(arguments=None):
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small case of each, to see that the benchmarks run")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only benchmarks whose name contains one of these")
    parser.add_argument("--aims", action="store_true", help="only cases that have an aim")
    parser.add_argument("--seconds", type=float, default=6.0, help="time for each case")
    parser.add_argument("--json", metavar="FILE", help="also write the results to this file")
    parser.add_argument(
        "--as", dest="level", choices=tuple(LEVELS), help="as on a processor without AVX-512, or without AVX2"
    )
    return parser.parse_args(arguments)


def run_as(options):
    """Become the same command as on a lesser processor. Return if this one is no better."""
    if not is_x86():
        print(f"--as {options.level}: this is no x86 processor, and there is nothing to take from it: no run.")
        sys.exit()
    if not features_to_disable(options.level):
        print(f"--as {options.level}: this processor has no more than that, so this is the plain run.")
        return
    os.environ[_effects.BEFORE] = json.dumps(_effects.rates_of_new_process(seconds_for_rates(options)))
    set_processor(options.level)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def rates(options):
    """The rates of this process, and those before it became one as on a lesser processor."""
    return {"before": _effects.rates_before(), "now": _rates.rates(seconds_for_rates(options))}


def seconds_for_rates(options):
    return 0.01 if options.quick else 0.2


def wanted(name, case, options):
    """Whether the options ask for a case of a benchmark."""
    if options.aims and not has_aim(name, case):
        return False
    return not options.only or any(part.lower() in name.lower() for part in options.only)


def timed(benchmark, options):
    """Measure every case of a class, or with --quick only the first one, briefly."""
    left_out = NOT_LIMITED if _machine.level() else ()
    name, seconds = benchmark.__name__, 0 if options.quick else options.seconds
    for case in itertools.islice(cases(benchmark), 1 if options.quick else None):
        named = dict(zip(benchmark.param_names, case, strict=True))
        if wanted(name, named, options):
            yield show(name, named, measure(benchmark, case, seconds, left_out))


def peaks(options):
    """Measure the peak memory of every case, in MB."""
    lengths = ("quick",) if options.quick else memory.PeakMemory.params[0]
    for length in lengths:
        for way in memory.PeakMemory.params[1]:
            yield show("PeakMemory", {"series": length, "way": way}, {"megabytes": memory.measured(length, way) / 1e6})


def exponents(options):
    """Measure how time grows with the size of the data. With --quick, only the two smallest sizes are measured."""
    for function, sizes in growth.MEASURED.items():
        case = function.__name__.removeprefix("of_")
        yield show("growth", {"of": case}, {"exponent": function(sizes[: 2 if options.quick else None])})
    n_epochs = 1000 if options.quick else 200_000
    yield show("growth", {"of": "epochs"}, {"ratio": {"at the start": growth.of_epochs(n_epochs)}})
    if not options.quick:
        yield show("growth", {"of": "steps"}, {"exponent": growth.of_steps()})


def show(name, case, result):
    """Print one result and return it with its name and case."""
    parts = [f"{peer} {'-' if ratio is None else f'{ratio:.2f}'}" for peer, ratio in result.get("ratio", {}).items()]
    if "exponent" in result:
        parts.append(f"exponent {result['exponent']:.3f}")
    if "megabytes" in result:
        parts.append(f"{result['megabytes']:.0f} MB")
    if "seconds" in result:
        parts.append(f"({result['seconds']['sklstm'] * 1e3:.3g} ms)")
    label = " ".join(str(part).replace(" ", "") if isinstance(part, tuple) else str(part) for part in case.values())
    print(f"{name:15} {label:32} {'  '.join(parts)}", flush=True)
    return {"name": name, "case": case, **result}


def print_means(results):
    """Print the geometric mean of the ratios over all shapes, by benchmark, dtype, number of threads and peer."""
    rows = [
        (f"{r['name']} {' '.join(str(part) for part in [*r['case'].values()][1:])}", peer, ratio)
        for r in results
        for peer, ratio in r.get("ratio", {}).items()
        if ratio is not None
    ]
    print("\nover all shapes: geometric mean, largest")
    for (label, peer), group in itertools.groupby(sorted(rows), key=lambda row: row[:2]):
        ratios = [row[2] for row in group]
        mean = statistics.fmean(map(math.log, ratios))
        print(f"{label:34} {peer:14} {math.exp(mean):.2f}  {max(ratios):.2f}")


def print_aims(run):
    """Print the geometric mean and the largest ratio of each row of the table, with its aim."""
    print(f"\naims for {run['about']['kind']}: geometric mean, largest")
    for row in ROWS:
        found = figures(row, run)
        if found:
            verdict = "" if found.aim == NO_AIM else "missed" if found.misses("mean") or found.misses("each") else "met"
            label = f"{row.what} / {row.peer}".replace("`", "")
            print(f"{label:84} {found.mean:.2f}  {found.largest:.2f}  {found.aim!s:20} {verdict}")


if __name__ == "__main__":
    main()
