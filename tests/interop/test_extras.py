import json
import sys

import pytest

from sklstm.interop._extras import import_extra


def test_a_library_is_imported():
    assert import_extra("json", "some", "f") is json
    assert import_extra("os.path", "some", "f").join("a", "b")


def test_a_missing_library_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "decimal", None)
    with pytest.raises(ImportError, match=r'^f needs decimal \(.*\)\. Install it: pip install "sklstm\[some\]"'):
        import_extra("decimal.numbers", "some", "f")
