"""What can be said without sktime; `tests/clients/test_sktime.py` runs the rest with it."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import sklstm

SOURCE = Path(sklstm.__file__).parent / "interop" / "sktime.py"


def test_a_missing_library_names_the_extra(monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("sktime.", "sklstm.interop.sktime"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sktime", None)
    with pytest.raises(ImportError, match=r'sklstm\.interop\.sktime needs sktime \(.*pip install "sklstm\[sktime\]"'):
        import sklstm.interop.sktime  # noqa: F401


def test_nothing_else_imports_sktime():
    code = "import sys, sklstm, sklstm.interop; assert 'sktime' not in sys.modules; print('ok')"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"ok\n"


def test_it_has_the_parameters_of_a_forecaster():
    """As the class is not there without sktime, its source is read."""
    (cls,) = (node for node in ast.parse(SOURCE.read_text()).body if isinstance(node, ast.ClassDef))
    init = next(node for node in cls.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    names = [arg.arg for arg in init.args.args + init.args.kwonlyargs][1:]
    assert names == [*inspect.signature(sklstm.Forecaster).parameters]
    documented = ast.get_docstring(cls).split("Attributes")[0]
    assert [name for name in names if name not in documented] == []
