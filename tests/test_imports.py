"""Imports point down: a package imports only from those below it."""

import ast
import subprocess
import sys
from pathlib import Path

import sklstm

ROOT = Path(sklstm.__file__).parent
# What each package may import. `_network` and `_training` do not know each other, nor do `_estimator`,
# `_series` and `_components`.
BELOW = {"_version": set(), "_utils": {"_version"}, "_time_index": {"_utils"}, "datasets": {"_utils"}}
BELOW["_network"] = BELOW["_training"] = {"_utils"}
BELOW["_series"] = BELOW["_components"] = {"_utils", "_time_index"}
BELOW["_estimator"] = {"_utils", "_time_index", "_network", "_training"}
BELOW["_forecasting"] = BELOW["_estimator"] | {"_estimator", "_series", "_components"}
BELOW["_plot"] = BELOW["_forecasting"] | {"_forecasting"}
BELOW["_checkpoint"] = BELOW["_forecasting"] | {"_forecasting", "_version"}
BELOW["interop"] = BELOW["_checkpoint"] | {"_checkpoint"}
BELOW["_show_versions"] = {"_network", "_utils", "_version"}
BELOW["__init__"] = set(BELOW)
LIBRARIES = {"numpy", "scipy", "sklearn", "joblib", "pandas", "matplotlib", "threadpoolctl"}
LIBRARIES |= {"dateutil"}  # pandas needs it
OF_EXTRAS = {"onnx", "skl2onnx", "torch", "keras", "safetensors", "sktime"}  # imported in functions of `interop` alone
SLOW = {"pandas", "matplotlib"}  # to import, and so are these parts of scikit-learn:
SLOW |= {"sklearn.metrics", "sklearn.model_selection", "sklearn.pipeline", "sklearn.preprocessing"}
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


def is_allowed(path, name, is_at_top):
    """Whether a file may import a module, at its top or within a function."""
    library, _, rest = name.partition(".")
    package = package_of(path)
    if library == "sklstm":
        return rest.partition(".")[0] in BELOW[package] | {package}
    if package == "interop" and library in OF_EXTRAS:
        return not is_at_top
    is_slow = library in SLOW or ".".join(name.split(".")[:2]) in SLOW
    return library in LIBRARIES | sys.stdlib_module_names and not (is_at_top and is_slow)


def test_imports_point_down():
    """And what takes long to import is imported where it is needed."""
    found = [
        (name_of(path), *imported) for path in FILES for imported in imports(path) if not is_allowed(path, *imported)
    ]
    assert found == []


def has_code(path):
    """Whether a file has functions or classes other than types for annotations."""
    for node in ast.parse(path.read_text()).body:
        bases = [base.id for base in getattr(node, "bases", ()) if isinstance(base, ast.Name)]
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and "Protocol" not in bases:
            return True
    return False


def test_every_file_has_its_tests():
    tests = Path(__file__).parent
    files = {name_of(path).replace("/_", "/") for path in FILES if path.parent != ROOT and has_code(path)}
    others = "bad_input", "clients"  # tables of all functions, and other people's software
    mirrors = [path for path in tests.glob("*/test_*.py") if path.parent.name not in others]
    tested = {str(path.relative_to(tests).with_suffix("")).replace("test_", "") for path in mirrors}
    assert files == tested


def test_arrays_know_no_estimator():
    """scikit-learn is not imported where the network is, and only inside of a function in training and components."""
    for path in [*ROOT.glob("_network/*.py"), *ROOT.glob("_training/*.py"), *ROOT.glob("_components/*.py")]:
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
