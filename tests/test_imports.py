"""Imports point down: a package imports only from those below it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sklstm

ROOT = Path(sklstm.__file__).parent
# What each package may import. `_network` and `_training` do not know each other.
BELOW = {"_utils": {"_version"}, "datasets": {"_utils"}}
BELOW["_network"] = BELOW["_training"] = {"_utils"}
BELOW["_estimator"] = {"_utils", "_network", "_training"}
BELOW["_forecasting"] = BELOW["_estimator"] | {"_estimator"}
BELOW["_plot"] = BELOW["_forecasting"] | {"_forecasting"}
BELOW["__init__"] = {"_version", *BELOW}
BELOW["_version"] = set()
LIBRARIES = {"numpy", "scipy", "sklearn", "pandas", "matplotlib", "threadpoolctl"}
FILES = sorted(ROOT.rglob("*.py"))


def name_of(path):
    """A file's name below the root, without the suffix."""
    return str(path.relative_to(ROOT).with_suffix(""))


def package_of(path):
    """The folder that a file is in; its own name at the root."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path):
    """(module, whether it is imported at the top) for every import of a file."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in tree.body) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module, node in tree.body


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_point_down(path):
    package = package_of(path)
    for name, is_at_top in imports(path):
        library, _, rest = name.partition(".")
        if library == "sklstm":
            assert rest.partition(".")[0] in BELOW[package] | {package}, f"{path.name} imports {name}"
            continue
        assert library in LIBRARIES | sys.stdlib_module_names, f"{path.name} imports {name}"
        assert not (is_at_top and library in {"pandas", "matplotlib"}), f"{path.name} imports {name} at its top"


def test_arrays_know_no_estimator():
    """scikit-learn is not imported where the network is, and only inside of a function in training."""
    for path in [*ROOT.glob("_network/*.py"), *ROOT.glob("_training/*.py")]:
        assert not [name for name, is_at_top in imports(path) if is_at_top and name.partition(".")[0] == "sklearn"]


def test_importing_the_package_loads_nothing_that_scikit_learn_does_not():
    """Some versions of scikit-learn import pandas or rich themselves."""
    code = (
        "import sys; loaded = lambda: {name.partition('.')[0] for name in sys.modules}\n"
        "import sklearn.pipeline; before = loaded(); import sklstm, sklstm.datasets\n"
        "print(*sorted(loaded() - before - sys.stdlib_module_names))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["sklstm"]
