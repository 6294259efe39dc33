"""Give what is public the name by which users import it."""

from __future__ import annotations

import sys
from typing import TypeVar

Thing = TypeVar("Thing")


def public(thing: Thing) -> Thing:
    """Decorator: the class or function says that it is of the package that exports it, not of its private module.

    So a pickle, which names the class, outlives that the module is moved. `doctest` finds the examples by the table
    `__test__` of the module, as it looks for those of the module's own classes only.
    """
    name = thing.__name__  # type: ignore[attr-defined]
    module = sys.modules[thing.__module__]
    thing.__module__ = thing.__module__.partition("._")[0]  # sklstm, or sklstm.datasets
    vars(module).setdefault("__test__", {})[name] = thing
    return thing
