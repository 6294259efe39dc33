"""Run a command as on a lesser x86 processor.

    python -m benchmarks.as_processor LEVEL -- COMMAND …

LEVEL is "avx2" (no AVX-512) or "sse" (no AVX2 either). Environment variables tell NumPy, OpenBLAS and the libraries in
PyTorch. A name that they do not know has no effect, and nobody says so. So before the command runs, a new process says
what NumPy and OpenBLAS use. PyTorch only echoes its variable: `python -m benchmarks --as LEVEL` measures what it does.
"""

import json
import os
import platform
import subprocess
import sys
from typing import NamedTuple

AVX512 = {"X86_V4", "AVX512F", "AVX512CD", "AVX512_KNL", "AVX512_KNM", "AVX512_SKX", "AVX512_CLX", "AVX512_CNL"}
AVX512 |= {"AVX512_ICL", "AVX512_SPR"}
AVX2 = {"X86_V3", "AVX2", "FMA3"}  # X86_V3 and X86_V4 from NumPy 2.4, the others before it
# A process that runs as on a lesser processor than this one finds the level here.
LEVEL_NAME = "BENCHMARKS_AS_PROCESSOR"


class Level(NamedTuple):
    """A lesser processor: features of NumPy to do without, how OpenBLAS may call its core, and other variables."""

    unwanted: set
    cores: set
    variables: dict


LEVELS = {
    "avx2": Level(
        AVX512,
        {"Haswell", "Zen"},
        {
            "OPENBLAS_CORETYPE": "Haswell",
            "ATEN_CPU_CAPABILITY": "avx2",
            "MKL_ENABLE_INSTRUCTIONS": "AVX2",
            "ONEDNN_MAX_CPU_ISA": "AVX2",
        },
    ),
    "sse": Level(
        AVX512 | AVX2,
        {"Prescott", "Katmai", "Core2", "Nehalem"},
        {
            "OPENBLAS_CORETYPE": "Prescott",
            "ATEN_CPU_CAPABILITY": "default",
            "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
            "ONEDNN_MAX_CPU_ISA": "SSE41",
        },
    ),
}

VARIABLES = ("NPY_DISABLE_CPU_FEATURES", "OPENBLAS_L2_SIZE", "SKLSTM_ACTIVATION", *LEVELS["avx2"].variables)


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


def variables_set():
    """The variables that limit the libraries, as they are set now."""
    return {name: os.environ[name] for name in VARIABLES if os.environ.get(name)}


def kind(features):
    """The kind of processor that NumPy sees, given its features: "AVX-512", "AVX2", "SSE" or the name of another."""
    if not is_x86():
        return platform.machine()
    return "AVX-512" if AVX512 & {*features} else "AVX2" if AVX2 & {*features} else "SSE"


def is_x86():
    return platform.machine().lower() in ("x86_64", "amd64", "i686", "x86")


def ask():
    """`in_use` of a new process with the environment as it is now."""
    out = subprocess.run([sys.executable, __file__, "--in-use"], check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def features_to_disable(level):
    """The features that NumPy uses on this processor and that the lesser one does not have."""
    os.environ.pop("NPY_DISABLE_CPU_FEATURES", None)
    return [name for name in ask()["features"] if name in LEVELS[level].unwanted]


def set_processor(level):
    """Set the variables, and see that NumPy and OpenBLAS obey them."""
    unwanted, cores, variables = LEVELS[level]
    features = features_to_disable(level)
    os.environ.update(variables, NPY_DISABLE_CPU_FEATURES=" ".join(features))
    if features:
        os.environ[LEVEL_NAME] = level
    used = ask()
    print(f"as_processor {level}:", *(f"{what}: {value};" for what, value in used.items()), flush=True)
    targets = {part for target in used["targets"] for part in target.split("__")}
    if unwanted & {*used["baseline"], *used["features"], *targets} or not set(used["blas"]) <= cores:
        sys.exit(f"as_processor: this is not {level!r}: nothing of {sorted(unwanted)}, and BLAS one of {sorted(cores)}")


def main(level, *command):
    """Become the command."""
    if not is_x86():
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
