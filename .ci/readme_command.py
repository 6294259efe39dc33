"""Print the n-th command of the README as it is written there: readme_command.py N (from 1)."""

import re
import sys
from pathlib import Path

readme = (Path(__file__).parents[1] / "README.md").read_text()
print(re.findall(r"```sh\n(.*?)```", readme, re.S)[int(sys.argv[1]) - 1])
