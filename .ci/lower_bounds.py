"""Print the requirements of pyproject.toml at their lower bounds, as pip takes them."""

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
print(*(re.sub(r">=([\d.]+)$", r"==\1", requirement) for requirement in project["dependencies"]))
