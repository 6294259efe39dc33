"""Measure the time of `import sklstm`, compared with importing the parts of scikit-learn that it uses.

Both imports run in turns, each time in a new process. They read bytecode, as after an installation.
"""

import os
import statistics
import subprocess
import sys

USED = (
    "import sklearn.base, sklearn.exceptions, sklearn.utils._param_validation, sklearn.utils.metaestimators, "
    "sklearn.utils.validation; from importlib.util import find_spec; "
    "find_spec('sklearn.callback') and __import__('sklearn.callback')"  # exists from 1.9 on
)
CODE = "from time import perf_counter; begin = perf_counter(); {}; print(perf_counter() - begin)"


def seconds(statement):
    """Return the time of an import statement in a new process."""
    command = [sys.executable, "-c", CODE.format(statement)]
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    return float(subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout)


def ratio(n_rounds):
    """Return the median time of importing sklstm, divided by that of the parts of scikit-learn that it uses."""
    ours, theirs = [], []
    seconds("import sklstm")  # compiles to bytecode
    for _ in range(n_rounds):
        ours.append(seconds("import sklstm"))
        theirs.append(seconds(USED))
    return statistics.median(ours) / statistics.median(theirs)
