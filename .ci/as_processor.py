"""Moved: `python -m benchmarks.as_processor`."""

import os
import sys
from pathlib import Path

os.execv(sys.executable, [sys.executable, str(Path(__file__).parents[1] / "benchmarks/as_processor.py"), *sys.argv[1:]])
