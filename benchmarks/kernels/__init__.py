"""Variants of the LSTM kernel that were tried and not taken, to measure again: `python -m benchmarks.kernels`.

Every module here without a leading underscore is a variant of `sklstm._network.lstm`: it has a `Workspace`, a
`forward` and a `backward` with the same parameters, and computes the same numbers. It contains only what differs
from the kernel. Its docstring says what it changes and which benefit was expected. `LAYERS` names the layers in which
a variant is raced: the `"first"` one (the default), an `"upper"` one, which also returns the gradient of its
input, or a `"skipping"` one, whose samples skip steps.

To add a variant, add a module. The race and `tests/test_kernels.py` find it.
"""

from importlib import import_module
from pkgutil import iter_modules


def variants():
    """Import all variants; return the modules by name."""
    names = [module.name for module in iter_modules(__path__) if not module.name.startswith("_")]
    return {name: import_module(f"{__name__}.{name}") for name in names}
