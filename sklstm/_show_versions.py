"""`show_versions`: what a report of a problem should say about the machine."""

from __future__ import annotations

from sklstm._network.activations import choice
from sklstm._utils.public import public
from sklstm._version import __version__

DEPENDENCIES = "numpy", "scipy", "scikit-learn", "joblib", "pandas", "threadpoolctl", "matplotlib"


@public
def show_versions():
    """Print versions, the libraries that multiply matrices, and how the gates of the LSTM are computed here.

    The gates are computed by `tanh` where NumPy has a `tanh` for the AVX-512 instructions of this processor, and by
    `exp` elsewhere. Results of the two differ by rounding. Set the environment variable `SKLSTM_ACTIVATION` to `tanh`
    or `exp` before sklstm is imported to get the same on every processor.

    Examples
    --------
    >>> from sklstm import show_versions
    >>> show_versions()
    sklstm: ...
    Python: ...
    """
    for name, value in _versions().items():
        print(f"{name}: {value}")


def _versions():
    """Return what `show_versions` prints, by name. Its imports are here, as few programs need them."""
    import platform

    from threadpoolctl import threadpool_info

    found = {"sklstm": __version__, "Python": platform.python_version()}
    found["platform"] = f"{platform.platform()}, {platform.machine()}"
    found |= {name: _version(name) for name in DEPENDENCIES}
    for number, library in enumerate(info for info in threadpool_info() if info["user_api"] == "blas"):
        details = f"{library['internal_api']} {library['version']}, {library.get('architecture', 'unknown processor')}"
        found[f"BLAS {number + 1}"] = f"{details}, threads: {library['num_threads']}"
    for dtype in ("float32", "float64"):
        form, reason = choice(dtype)
        found[f"gates in {dtype}"] = f"{form} ({reason})"
    return found


def _version(name):
    """Return the version of an installed package."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
