"""Run the benchmarks and print the ratios sklstm / peer. Below 1, sklstm is faster than the peer."""

import argparse
import json
import math
import statistics
import sys
from itertools import groupby

from benchmarks._extras import needs
from benchmarks._measure import about, cases, measure

with needs("peers"):
    from benchmarks import forecasting, growth, imports, memory, prediction, training

TIMED = (
    training.TrainingStep,
    training.FitEpoch,
    training.FitEpochDeep,
    training.FitTwoThreads,
    training.FitEpochSkorch,
    prediction.Predict,
    prediction.PredictDeep,
    prediction.PredictOneRow,
    forecasting.ForecastStep,
    forecasting.Backtest,
    forecasting.AirlineForecast,
)


def main():
    """Parse the command line, measure, and print the results or write them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small case of each, to see that the benchmarks run")
    parser.add_argument("--only", metavar="NAME", help="only benchmarks whose name contains this")
    parser.add_argument("--seconds", type=float, default=6.0, help="time for each case")
    parser.add_argument("--json", metavar="FILE", help="also write the results to this file")
    options = parser.parse_args()
    print(about())
    results = [result for benchmark in TIMED for result in timed(benchmark, options)]
    if wanted("imports", options):
        results.append(show("imports", (), {"ratio": {"scikit-learn": imports.ratio(1 if options.quick else 25)}}))
    if wanted("growth", options):
        results += exponents(options)
    if wanted("PeakMemory", options) and sys.platform == "linux":
        results += peaks(options)
    print_means(results)
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"about": about(), "results": results}, file, indent=1)


def wanted(name, options):
    return not options.only or options.only.lower() in name.lower()


def timed(benchmark, options):
    """Measure every case of a class, or with --quick only the first one, briefly."""
    if not wanted(benchmark.__name__, options):
        return
    for case in [next(cases(benchmark))] if options.quick else cases(benchmark):
        yield show(benchmark.__name__, case, measure(benchmark, case, 0 if options.quick else options.seconds))


def peaks(options):
    """Measure the peak memory of every case, in MB."""
    lengths = ("quick",) if options.quick else memory.PeakMemory.params[0]
    for length in lengths:
        for way in memory.PeakMemory.params[1]:
            yield show("PeakMemory", (length, way), {"megabytes": memory.measured(length, way) / 1e6})


def exponents(options):
    """Measure how time grows with the size of the data. With --quick, only the two smallest sizes are measured."""
    for function, sizes in growth.MEASURED.items():
        case = function.__name__.removeprefix("of_")
        yield show("growth", (case,), {"exponent": function(sizes[: 2 if options.quick else None])})
    n_epochs = 1000 if options.quick else 200_000
    yield show("growth", ("epochs",), {"ratio": {"at the start": growth.of_epochs(n_epochs)}})
    if not options.quick:
        yield show("growth", ("steps",), {"exponent": growth.of_steps()})


def show(name, case, result):
    """Print one result and return it with its name and case."""
    parts = [f"{peer} {ratio:.2f}" for peer, ratio in result.get("ratio", {}).items()]
    if "exponent" in result:
        parts.append(f"exponent {result['exponent']:.3f}")
    if "megabytes" in result:
        parts.append(f"{result['megabytes']:.0f} MB")
    if "seconds" in result:
        parts.append(f"({result['seconds']['sklstm'] * 1e3:.3g} ms)")
    label = " ".join(str(part).replace(" ", "") if isinstance(part, tuple) else str(part) for part in case)
    print(f"{name:15} {label:32} {'  '.join(parts)}", flush=True)
    return {"name": name, "case": list(case), **result}


def print_means(results):
    """Print the geometric mean of the ratios over all shapes, by benchmark, dtype, number of threads and peer."""
    rows = [
        (f"{r['name']} {' '.join(map(str, r['case'][1:]))}", peer, ratio)
        for r in results
        for peer, ratio in r.get("ratio", {}).items()
    ]
    print("\nover all shapes: geometric mean, largest")
    for (label, peer), group in groupby(sorted(rows), key=lambda row: row[:2]):
        ratios = [row[2] for row in group]
        mean = statistics.fmean(map(math.log, ratios))
        print(f"{label:34} {peer:14} {math.exp(mean):.2f}  {max(ratios):.2f}")


if __name__ == "__main__":
    main()
