"""Examples are run where they are written, not again where they are exported."""

from importlib.util import find_spec

collect_ignore = ["sklstm/__init__.py", "sklstm/datasets/__init__.py"]
if find_spec("sktime") is None:  # this module defines a class of sktime, so that it cannot be imported without it
    collect_ignore.append("sklstm/interop/sktime.py")
