"""Exit with a one-line hint if an extra is not installed."""

import sys
from contextlib import contextmanager


@contextmanager
def needs(extra):
    """Exit with a hint if a package of an extra is not installed. Use it with `with` or as a decorator."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in ("sklstm", "benchmarks"):
            raise
        sys.exit(f'{error.name} is not installed. These benchmarks need: pip install "sklstm[{extra}]"')
