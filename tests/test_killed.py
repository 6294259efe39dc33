"""Training processes that are killed (SIGKILL) at random moments end with the same bits as one that was not."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.killed import CASES, LOOPS

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")


def killed(case, n_kills, seed):
    if case not in LOOPS and find_spec("sklearn.callback") is None:
        pytest.skip("scikit-learn has callbacks from 1.9 on")
    command = [sys.executable, "-m", "tests.killed", case, str(n_kills), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1], check=False)
    assert done.returncode == 0, done.stderr
    assert sum(map(int, done.stdout.split())) == n_kills


@pytest.mark.parametrize(("case", "n_kills"), [("adam", 1), ("partial_fit", 1), ("direct", 1)])
def test_killed(case, n_kills):
    killed(case, n_kills, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_killed_twenty_times(case):
    killed(case, 20, seed=1)
