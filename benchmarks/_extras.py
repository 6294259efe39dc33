"""Say which extra is missing, in one line."""

import sys
from contextlib import contextmanager


@contextmanager
def needs(extra):
    """Exit with a hint where a package that belongs to an extra is not installed. Also a decorator."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in ("sklstm", "benchmarks"):
            raise
        sys.exit(f'{error.name} is not installed. These benchmarks need: pip install "sklstm[{extra}]"')
