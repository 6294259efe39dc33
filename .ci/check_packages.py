"""Check what the wheel and the source distribution in a folder hold: check_packages.py FOLDER, in a checkout of git.

The wheel holds the files of `sklstm/` and what tools say about them, the source distribution every file of the
repository that is no setting of git.
"""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

OF_WHEEL = {"METADATA", "WHEEL", "RECORD", "top_level.txt", "licenses/LICENSE"}
OF_SOURCES = {"PKG-INFO", "setup.cfg"}


def only(folder, pattern):
    """The one file that matches the pattern."""
    (found,) = folder.glob(pattern)
    return found


def differences(folder):
    """What the packages lack, and what they hold without need."""
    tracked = set(subprocess.check_output(["git", "ls-files"], text=True).split("\n")) - {""}
    with zipfile.ZipFile(only(folder, "*.whl")) as wheel:
        names = {name for name in wheel.namelist() if not name.endswith("/")}
    info = next(name for name in names if name.endswith("/METADATA")).removesuffix("METADATA")
    wanted = {name for name in tracked if name.startswith("sklstm/")} | {info + name for name in OF_WHEEL}
    yield "wheel", wanted - names, names - wanted
    with tarfile.open(only(folder, "*.tar.gz")) as sources:
        names = {member.name.partition("/")[2] for member in sources if member.isfile()}
    names = {name for name in names if not name.startswith("sklstm.egg-info/")}
    wanted = {name for name in tracked if not name.startswith(".git")} | OF_SOURCES
    yield "source distribution", wanted - names, names - wanted


if __name__ == "__main__":
    wrong = False
    for package, missing, needless in differences(Path(sys.argv[1])):
        print(f"{package}: {len(missing)} files missing, {len(needless)} needless")
        print(*sorted(f"  missing  {name}" for name in missing), sep="\n", end="\n" if missing else "")
        print(*sorted(f"  needless {name}" for name in needless), sep="\n", end="\n" if needless else "")
        wrong |= bool(missing or needless)
    sys.exit(wrong)
