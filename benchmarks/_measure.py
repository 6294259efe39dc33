"""Time several callables in turns in one process."""

import gc
import itertools
import statistics
from time import perf_counter

OURS = "time_sklstm"


def cases(benchmark):
    """Return every combination of a benchmark class's parameters, as asv does."""
    return itertools.product(*benchmark.params)


def measure(benchmark, case, seconds, left_out=()):
    """Time the `time_*` methods of a class in turns for about `seconds`.

    Returns
    -------
    result : dict
        `seconds` (median, by method) and `ratio` (median of sklstm / peer, by peer). The ratio to a peer that is left
        out is None.
    """
    instance = benchmark()
    instance.setup(*case)
    every = {name: getattr(instance, name) for name in dir(instance) if name.startswith("time_")}
    methods = {name: method for name, method in every.items() if _short(name) not in left_out}
    times = rounds(methods, case, seconds)
    teardown = getattr(instance, "teardown", None)
    if teardown is not None:
        teardown(*case)
    without = {_short(name): None for name in every if name not in methods}
    return {
        "seconds": {_short(name): statistics.median(r[name] for r in times) for name in methods},
        "ratio": {_short(name): statistics.median(r[OURS] / r[name] for r in times) for name in methods if name != OURS}
        | without,
    }


def rounds(functions, case, seconds):
    """Call functions with `case` in turns for about `seconds`, and time them.

    The order changes from round to round. Short calls are repeated within a round.

    Returns
    -------
    times : list of dict
        For each round, the seconds of one call of each function, by name.
    """
    repeats = {name: _repeats(function, case) for name, function in functions.items()}
    order, times = list(functions), []
    end = perf_counter() + seconds
    gc.disable()
    try:
        while not times or perf_counter() < end:
            order = order[1:] + order[:1]
            times.append({name: _time(functions[name], case, repeats[name]) for name in order})
    finally:
        gc.enable()
    return times


def _repeats(method, case):
    """Return how many calls take about 20 ms. The first call warms up and is not counted.

    A single call may be slow because of other work on the machine, so short calls are tried three times.
    """
    method(*case)
    seconds = _time(method, case, 1)
    if seconds < 0.1:
        seconds = min(seconds, *(_time(method, case, 1) for _ in range(2)))
    return max(1, int(0.02 / max(seconds, 1e-6)))


def _time(method, case, repeats):
    begin = perf_counter()
    for _ in range(repeats):
        method(*case)
    return (perf_counter() - begin) / repeats


def _short(name):
    return name.removeprefix("time_")
