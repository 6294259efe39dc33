"""Taking turns: times of several callables that share one machine, and their ratios."""

import gc
import itertools
import statistics
from time import perf_counter

OURS = "time_sklstm"


def cases(benchmark):
    """Every combination of a class's parameters, as asv would run it."""
    return itertools.product(*benchmark.params)


def measure(benchmark, case, seconds):
    """Run a class's `time_*` methods in turns for about `seconds`.

    Returns
    -------
    result : dict
        `seconds` (median, by method) and `ratio` (median of ours / peer, by peer).
    """
    instance = benchmark()
    instance.setup(*case)
    methods = {name: getattr(instance, name) for name in dir(instance) if name.startswith("time_")}
    rounds = _rounds(methods, case, seconds)
    teardown = getattr(instance, "teardown", None)
    if teardown is not None:
        teardown(*case)
    peers = [name for name in methods if name != OURS]
    return {
        "seconds": {_short(name): statistics.median(r[name] for r in rounds) for name in methods},
        "ratio": {_short(name): statistics.median(r[OURS] / r[name] for r in rounds) for name in peers},
    }


def _rounds(methods, case, seconds):
    """Times of each round by method; the order changes from round to round, calls too short are repeated."""
    repeats = {name: _repeats(method, case) for name, method in methods.items()}
    order, rounds = list(methods), []
    end = perf_counter() + seconds
    gc.disable()
    try:
        while not rounds or perf_counter() < end:
            order = order[1:] + order[:1]
            rounds.append({name: _time(methods[name], case, repeats[name]) for name in order})
    finally:
        gc.enable()
    return rounds


def _repeats(method, case):
    """Calls that take about 20 ms together, found with the calls that warm the method up."""
    method(*case)
    return max(1, int(0.02 / max(_time(method, case, 1), 1e-6)))


def _time(method, case, repeats):
    begin = perf_counter()
    for _ in range(repeats):
        method(*case)
    return (perf_counter() - begin) / repeats


def _short(name):
    return name.removeprefix("time_")
