"""What `benchmarks` says if an extra is not installed, and how it measures memory."""

import subprocess
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


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_peak_memory_leaves_out_the_process_that_starts_a_case():
    ballast = b"x" * 400_000_000
    code = "from benchmarks.memory import peak; print(peak())"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 1e6 < int(answer.stdout) < len(ballast)
