"""What `benchmarks` says where an extra is not installed."""

import sys

import pytest

from benchmarks._extras import needs


def test_a_missing_package_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    with pytest.raises(SystemExit, match=r'torch is not installed.*pip install "sklstm\[peers\]"'), needs("peers"):
        import torch  # noqa: F401


def test_a_fault_of_our_own_keeps_its_traceback():
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), needs("peers"):
        import benchmarks.no_such_module  # noqa: F401
