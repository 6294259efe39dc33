"""Say where a benchmark runs: processor, what the libraries use of it, versions, threads and date."""

import os
import platform
import sys
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import threadpoolctl

from benchmarks.as_processor import LEVEL_NAME, in_use, kind, variables_set
from sklstm._network.activations import choice

PACKAGES = ("numpy", "scipy", "scikit-learn", "pandas", "torch", "onnxruntime", "skorch")


def level():
    """The lesser processor that this process runs as ("avx2" or "sse"), or None."""
    return os.environ.get(LEVEL_NAME)


def about():
    """Describe machine and libraries.

    Returns
    -------
    about : dict
        `processor`: its model. `kind`: "AVX-512", "AVX2", "SSE" or the name of another architecture, as used.
        `as`: the lesser processor that this process runs as, or None. `cores`: how many it may use. `features` and
        `targets`: what NumPy dispatches to. `blas`: its libraries. `pytorch`: what PyTorch says that it uses.
        `activations`: how sklstm computes gates, by precision. `variables`: those that are set and limit a library.
        `versions`, by package, and `date`.
    """
    used = in_use()
    return {
        "processor": _processor(),
        "kind": kind(used["features"]),
        "as": level(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "features": used["features"],
        "targets": used["targets"],
        "blas": _blas(),
        "pytorch": _pytorch(),
        "activations": _activations(),
        "variables": variables_set(),
        "versions": {"Python": platform.python_version(), **dict(_versions())},
        "date": date.today().isoformat(),
    }


def head(about):
    """Return the description as lines of text."""
    if about["as"]:
        runs_as = f"as {about['kind']}, set by environment variables"
    else:
        runs_as = about["kind"]
    uses = [f"NumPy {' '.join(about['targets'] or about['features']) or 'baseline'}", *about["blas"]]
    if about["pytorch"]:
        uses.append(f"PyTorch {about['pytorch']} (says PyTorch)")
    variables = " ".join(f"{name}={value!r}" for name, value in about["variables"].items())
    return [
        f"{about['processor']}, {about['cores']} cores, {runs_as}, {about['date']}",
        f"uses: {', '.join(uses)}",
        f"variables set: {variables or 'none'}",
        f"sklstm's gates: {in_words(about['activations'])}",
        ", ".join(f"{name} {number}" for name, number in about["versions"].items()),
    ]


def in_words(activations):
    """The forms of the gates in one line."""
    return ", ".join(f"{dtype} by {form}" for dtype, form in activations.items())


def _processor():
    """Return the processor's name, if the system knows it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{platform.machine()} {names[0] if names else platform.processor()}".rstrip()


def _blas():
    infos = [info for info in threadpoolctl.threadpool_info() if info["user_api"] == "blas"]
    return sorted({f"{i['internal_api']} {i['version']} {i.get('architecture', '')}".rstrip() for i in infos})


def _pytorch():
    """Return what PyTorch says that it uses, if it is imported. It only echoes the variable that limits it."""
    torch = sys.modules.get("torch")
    return torch.backends.cpu.get_cpu_capability() if torch else None


def _activations():
    """Return the form of sklstm's activations and why it is used, by precision."""
    choices = {dtype: choice(np.dtype(dtype)) for dtype in ("float32", "float64")}
    return {dtype: f"{of_dtype.form} ({of_dtype.reason})" for dtype, of_dtype in choices.items()}


def _versions():
    for name in PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue
