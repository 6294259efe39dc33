"""Time several callables in turns in one process, and describe the machine."""

import gc
import itertools
import platform
import statistics
from pathlib import Path
from time import perf_counter

import numpy as np
import threadpoolctl

OURS = "time_sklstm"


def about():
    """Describe the processor, Python, NumPy and BLAS."""
    infos = [info for info in threadpoolctl.threadpool_info() if info["user_api"] == "blas"]
    blas = {f"{info['internal_api']} {info['version']} {info.get('architecture', '')}".rstrip() for info in infos}
    return ", ".join((_processor(), f"Python {platform.python_version()}", f"NumPy {np.__version__}", *sorted(blas)))


def _processor():
    """Return the processor's name, if the system knows it, and the widest vectors that NumPy uses on it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor()
    features = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return " ".join((platform.machine(), name, *features[-1:]))


def cases(benchmark):
    """Return every combination of a benchmark class's parameters, as asv does."""
    return itertools.product(*benchmark.params)


def measure(benchmark, case, seconds):
    """Time the `time_*` methods of a class in turns for about `seconds`.

    Returns
    -------
    result : dict
        `seconds` (median, by method) and `ratio` (median of sklstm / peer, by peer).
    """
    instance = benchmark()
    instance.setup(*case)
    methods = {name: getattr(instance, name) for name in dir(instance) if name.startswith("time_")}
    times = rounds(methods, case, seconds)
    teardown = getattr(instance, "teardown", None)
    if teardown is not None:
        teardown(*case)
    peers = [name for name in methods if name != OURS]
    return {
        "seconds": {_short(name): statistics.median(r[name] for r in times) for name in methods},
        "ratio": {_short(name): statistics.median(r[OURS] / r[name] for r in times) for name in peers},
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
