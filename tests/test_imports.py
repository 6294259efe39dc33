"""Imports point down: a file imports only from floors below its own, and only what its floor may."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sklstm

ROOT = Path(sklstm.__file__).parent
FLOORS = [
    ("_version", "_random", "_lstm", "_readout", "_losses", "_optimizers", "_initializers", "_parameters",
     "_schedules", "_numbers", "_windows", "_scaling", "_intervals", "_naive",
     "_leaks", "_warning", "_limits"),
    ("_stack", "_training", "_recursion", "_calendar", "_threads", "_lags", "_kinds",
     "_versioned"),
    ("_index_advice",),
    ("_index",),
    ("_network", "_validation", "_origin", "_holdout", "_callbacks", "_panel", "_scores"),
    ("_settings", "_series", "_units", "_bands", "_calibration"),
    ("_fitting", "_sampling"),
    ("_regressor", "_transformer"),
    ("_reading",),
    ("_strategies",),
    ("_engine",),
    ("_forecaster",),
    ("_backtest", "_plot._axes"),
    ("_plot._loss_curve", "_plot._forecast", "_plot._backtest"),
    ("_plot",),
    ("__init__",),
]  # fmt: skip
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}
LIBRARIES = {0: {"numpy", "scipy"}, 1: {"numpy", "scipy", "pandas", "threadpoolctl"}}
ANYWHERE_ABOVE = {"numpy", "scipy", "sklearn", "pandas", "matplotlib"}
FILES = sorted([*ROOT.glob("*.py"), *ROOT.glob("_plot/*.py")])


def module(path):
    """A file's name below `sklstm`, as it is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path):
    """Names of all modules that a file imports, with those inside of functions marked."""
    tree = ast.parse(path.read_text())
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.module == "sklstm":
                yield from ((f"sklstm.{alias.name}", id(node) in top) for alias in node.names)
            else:
                yield node.module, id(node) in top


def test_every_file_has_a_floor():
    assert {module(path) for path in FILES} == set(FLOOR)


@pytest.mark.parametrize("path", FILES, ids=module)
def test_imports_point_down(path):
    floor = FLOOR[module(path)]
    for name, _ in imported(path):
        if name.startswith("sklstm."):
            assert FLOOR[name.removeprefix("sklstm.")] < floor, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=module)
def test_a_floor_imports_only_the_libraries_it_may(path):
    allowed = LIBRARIES.get(FLOOR[module(path)], ANYWHERE_ABOVE) | sys.stdlib_module_names
    for name, _ in imported(path):
        assert name.startswith("sklstm.") or name.partition(".")[0] in allowed, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=module)
def test_pandas_and_matplotlib_are_imported_where_they_are_used(path):
    for name, at_top in imported(path):
        assert not (at_top and name.partition(".")[0] in {"pandas", "matplotlib"}), f"{path.name} imports {name}"


def test_importing_the_package_loads_nothing_that_scikit_learn_does_not():
    """Some versions of scikit-learn import pandas or rich themselves."""
    code = (
        "import sys; loaded = lambda: {name.partition('.')[0] for name in sys.modules}\n"
        "import sklearn.pipeline; before = loaded(); import sklstm, sklstm.datasets\n"
        "print(*sorted(loaded() - before - sys.stdlib_module_names))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["sklstm"]
