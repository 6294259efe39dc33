"""Run a command as on a lesser x86 processor.

    as_processor.py LEVEL -- COMMAND …

LEVEL is "avx2" (no AVX-512) or "sse" (no AVX2 either). NumPy and OpenBLAS are told by environment variables. A name
that they do not know has no effect, and nobody says so: before the command runs a child process tells what it uses.
"""

import json
import os
import platform
import subprocess
import sys

AVX512 = {"X86_V4", "AVX512F", "AVX512CD", "AVX512_KNL", "AVX512_KNM", "AVX512_SKX", "AVX512_CLX", "AVX512_CNL"}
AVX512 |= {"AVX512_ICL", "AVX512_SPR"}
AVX2 = {"X86_V3", "AVX2", "FMA3"}  # X86_V3 and X86_V4 from NumPy 2.4, the others before it
# NumPy's features to do without, OpenBLAS' core to be, and what that may call itself
LEVELS = {
    "avx2": (AVX512, "Haswell", {"Haswell", "Zen"}),
    "sse": (AVX512 | AVX2, "Prescott", {"Prescott", "Katmai", "Core2", "Nehalem"}),
}


def in_use():
    """What NumPy and the BLAS libraries of this process use."""
    import numpy as np
    import scipy.linalg  # noqa: F401  brings an OpenBLAS of its own
    from threadpoolctl import threadpool_info

    core = (getattr(np, "_core", None) or np.core)._multiarray_umath
    targets = set()
    if hasattr(np.lib, "introspect"):  # NumPy 2.1
        functions = np.lib.introspect.opt_func_info().values()
        targets = {kind["current"] for function in functions for kind in function.values()}
    return {
        "numpy": np.__version__,
        "baseline": core.__cpu_baseline__,  # what it was compiled for, and cannot do without
        "features": [name for name in core.__cpu_dispatch__ if core.__cpu_features__[name]],
        "targets": sorted(targets),
        "blas": [library["architecture"] for library in threadpool_info() if "architecture" in library],
    }


def ask():
    """`in_use` of a new process with the environment as it is now."""
    out = subprocess.run([sys.executable, __file__, "--in-use"], check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def set_processor(level):
    """Set the variables, and see that they take effect."""
    unwanted, core, names = LEVELS[level]
    os.environ.pop("NPY_DISABLE_CPU_FEATURES", None)
    features = [name for name in ask()["features"] if name in unwanted]
    os.environ.update(NPY_DISABLE_CPU_FEATURES=" ".join(features), OPENBLAS_CORETYPE=core)
    used = ask()
    print(f"as_processor {level}:", *(f"{what}: {value};" for what, value in used.items()), flush=True)
    targets = {part for target in used["targets"] for part in target.split("__")}
    if unwanted & {*used["baseline"], *used["features"], *targets} or not set(used["blas"]) <= names:
        sys.exit(f"as_processor: this is not {level!r}: nothing of {sorted(unwanted)}, and BLAS one of {sorted(names)}")


def main(level, *command):
    """Become the command."""
    if platform.machine().lower() not in ("x86_64", "amd64", "i686", "x86"):
        print(f"as_processor: {platform.machine()} is no x86 processor, and there is nothing to take from it: no run")
        return
    set_processor(level)
    os.execvp(command[0], command)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments == ["--in-use"]:
        print(json.dumps(in_use()))
    elif len(arguments) > 2 and arguments[0] in LEVELS and arguments[1] == "--":
        main(arguments[0], *arguments[2:])
    else:
        sys.exit(__doc__)
