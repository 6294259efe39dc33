"""Replace single names in a second instance of the kernel's module, instead of copying its code."""

from importlib.util import module_from_spec, spec_from_file_location
from types import SimpleNamespace

import numpy as np

from sklstm._network import lstm


def altered(**names):
    """Return a second instance of the kernel's module in which some names have other values.

    The kernel itself is unchanged. A name that the kernel does not have raises an AttributeError.
    """
    spec = spec_from_file_location(lstm.__name__, lstm.__file__)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, value in names.items():
        if not hasattr(module, name):
            raise AttributeError(f"{lstm.__name__} has no {name}: adapt the variant to the kernel.")
        setattr(module, name, value)
    return module


def numpy_with(**names):
    """Return NumPy's namespace with some names replaced."""
    return SimpleNamespace(**{**vars(np), **names})
