"""Race the variants of the LSTM kernel against the kernel. Below 1, a variant is faster.

Prints medians of the ratios variant / kernel of the times of one training step (forward and backward pass) of one
layer. All variants run in one process, in turns. A variant whose numbers differ from the kernel's raises an error.
"""

import argparse
import math
import statistics
import sys

from threadpoolctl import threadpool_limits

from benchmarks._machine import about, head
from benchmarks._models import GRID
from benchmarks.kernels import variants
from benchmarks.kernels._race import layers, race


def main():
    """Parse the command line, measure, and print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kernels", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the smallest shape, briefly: do all variants work?")
    parser.add_argument("--only", metavar="NAME", help="only variants whose name contains this")
    parser.add_argument("--seconds", type=float, default=15.0, help="time for each shape")
    parser.add_argument("--threads", type=int, default=1, help="of BLAS")
    parser.add_argument("--dtype", default="float32", choices=("float32", "float64"))
    options = parser.parse_args()
    chosen = {name: module for name, module in variants().items() if (options.only or "") in name}
    if not chosen:
        parser.error(f"no variant is called {options.only}; there are {', '.join(variants())}")
    print(*head(about()), f"{options.dtype}, BLAS threads: {options.threads}", sep="\n", flush=True)
    table = {}
    with threadpool_limits(options.threads):
        for shape in GRID[:1] if options.quick else GRID:
            print("measuring", *shape, file=sys.stderr, flush=True)
            table[shape] = race(chosen, shape, options.dtype, 0 if options.quick else options.seconds)
    print_table(table, chosen)


def print_table(table, chosen):
    """Print a row for each variant and a column for each shape, with the geometric mean at the end."""
    print()
    for name, sizes in zip(("batch", "steps", "channels", "hidden units"), zip(*table, strict=True), strict=True):
        print(f"{name:28}" + "".join(f"{size:6}" for size in sizes) + ("    mean" if name == "hidden units" else ""))
    for name, module in chosen.items():
        for layer in layers(module):
            ratios = [of_shape[name, layer] for of_shape in table.values()]
            label = name if layer == "first" else f"{name}, {layer} layer"
            mean = math.exp(statistics.fmean(map(math.log, ratios)))
            print(f"{label:28}" + "".join(f"{ratio:6.2f}" for ratio in ratios) + f"{mean:8.2f}")


if __name__ == "__main__":
    main()
