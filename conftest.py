"""Examples are run where they are written, not again where they are exported. No figure stays open after a test."""

import sys
from importlib.util import find_spec

import pytest

collect_ignore = ["sklstm/__init__.py", "sklstm/datasets/__init__.py"]
if find_spec("sktime") is None:  # this module defines a class of sktime, so that it cannot be imported without it
    collect_ignore.append("sklstm/interop/sktime.py")


@pytest.fixture(autouse=True)
def _close_figures():
    """Close what a test or an example has drawn: matplotlib warns of more than twenty open figures."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
