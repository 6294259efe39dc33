"""Draw small changes of the code ("mutants") by a seed, and say which of them the fast tests do not notice.

    python .ci/mutants.py [--seed 0] [--number 60] [--commit HEAD] [--jobs 2] [--modules PATTERN ...]

Each mutant is tried in a copy of the commit, on the fast tests of its package: those of the changed module first, up to
the first failure. One that takes far longer than the unchanged code counts as caught. cosmic-ray makes the changes.
`--modules "_network/*" "_training/*" "*/*window*"` draws from the network, the training and the windows alone.
"""

import argparse
import ast
import difflib
import os
import queue
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

MODULES = "_network/*", "_training/*", "_series/*", "_components/*", "_forecasting/*"
ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Mutant(NamedTuple):
    """One change: what an operator of cosmic-ray makes of the so-manieth place where it applies."""

    path: Path  # of the module, relative to the root
    operator: str
    occurrence: int
    line: int

    def __str__(self):
        return f"{self.path}:{self.line} {self.operator}"

    def changed(self, code):
        """The code of the module with the change in it."""
        return mutate_code(code, get_operator(self.operator)(), self.occurrence)

    def test_files(self, root):
        """Lists of files to run one after the other: the tests of the module, and the others of its package."""
        package, name = self.path.parts[-2:]
        own = root / "tests" / package / f"test_{name}"
        others = sorted(path for path in own.parent.glob("test_*.py") if path != own)
        return [[own], others] if own.exists() else [others]


def never_run(code):
    """Start and end, as (line, column), of all that stands there for types alone.

    These are annotations, what is imported under `if TYPE_CHECKING`, and Protocols, which no class inherits.
    """
    for node in ast.walk(ast.parse(code)):
        parts = [getattr(node, name, None) for name in ("annotation", "returns")]
        is_for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if is_for_types or "Protocol" in map(ast.unparse, getattr(node, "bases", ())):
            parts.append(node)
        for part in parts:
            if part is not None:
                yield (part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset)


def mutants_by_place(path, root):
    """Lists of the mutants of a module that change the same place in the same way ("a comparison")."""
    code = (root / path).read_text()
    skipped, nodes, places = list(never_run(code)), list(ast_nodes(get_ast(code))), defaultdict(list)
    for name in operator_names():
        operator = get_operator(name)
        if operator.arguments():
            continue
        positions = (position for node in nodes for position in operator().mutation_positions(node))
        for occurrence, (start, end) in enumerate(positions):
            if not any(first <= start <= last for first, last in skipped):
                family = name.partition("_")[0]
                places[str(path), start, end, family].append(Mutant(path, name, occurrence, start[0]))
    return list(places.values())


def drawn(root, modules, number, seed):
    """So many mutants of the modules: the places are drawn first, then one change of each."""
    paths = sorted({path.relative_to(root) for pattern in modules for path in root.glob(f"sklstm/{pattern}.py")})
    places = [place for path in paths for place in mutants_by_place(path, root)]
    rng = random.Random(seed)
    return len(places), [rng.choice(place) for place in rng.sample(places, number)]


def outcome(root, tests, limit=None):
    """Whether the tests "passed", "failed" or were "too long" for so many seconds."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *map(str, tests)]
    try:
        done = subprocess.run(command, cwd=root, env=ENVIRONMENT, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return "too long"
    if done.returncode not in (0, 1, 2, 4):  # 2 and 4: the changed code cannot be imported
        raise RuntimeError(done.stdout + done.stderr)
    return "failed" if done.returncode else "passed"


def checked_out(commit, folder):
    """A copy of a commit's files."""
    archive = subprocess.check_output(["git", "archive", commit])
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
    return Path(folder)


def time_limit(root, package):
    """Seconds for the tests of a package: three times as many as they take unchanged."""
    start = time.monotonic()
    if outcome(root, sorted(root.glob(f"tests/{package}/test_*.py"))) != "passed":
        raise RuntimeError(f"The tests of {package} fail without any change")
    seconds = time.monotonic() - start
    print(f"the tests of {package} take {seconds:.0f} s", flush=True)
    return 3 * seconds + 30


def tried(root, mutant, limit):
    """What the tests of a mutant come to, and the changed lines; the code is as before afterwards."""
    module = root / mutant.path
    code = module.read_text()
    changed = mutant.changed(code)
    difference = list(difflib.unified_diff(code.splitlines(), changed.splitlines(), n=0, lineterm=""))[3:]
    module.write_text(changed)
    try:
        outcomes = (outcome(root, tests, limit) for tests in mutant.test_files(root))
        return next((found for found in outcomes if found != "passed"), "SURVIVED"), difference
    finally:
        module.write_text(code)


def main():
    """Draw, try, and print the survivors and the share that was caught."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--number", type=int, default=60)
    parser.add_argument("--commit", default="HEAD")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--modules", nargs="+", default=MODULES, metavar="PATTERN", help="below sklstm/, without .py")
    given = parser.parse_args()
    commit = subprocess.check_output(["git", "rev-parse", given.commit], text=True).strip()
    with tempfile.TemporaryDirectory() as scratch:
        copies = queue.SimpleQueue()
        for job in range(given.jobs):
            folder = Path(scratch, str(job))
            folder.mkdir()
            copies.put(root := checked_out(commit, folder))
        n_places, mutants = drawn(root, given.modules, given.number, given.seed)
        print(f"{given.number} of {n_places} places in {commit}, drawn by seed {given.seed}", flush=True)

        def in_a_copy(function, *args):
            root = copies.get()
            try:
                return function(root, *args)
            finally:
                copies.put(root)

        def is_caught(mutant):
            found, difference = in_a_copy(tried, mutant, limits[mutant.path.parts[-2]])
            print(f"{found:8} {mutant}", *(f"    {line}" for line in difference), sep="\n", flush=True)
            return found != "SURVIVED"

        with ThreadPoolExecutor(given.jobs) as pool:
            packages = sorted({mutant.path.parts[-2] for mutant in mutants})
            limits = dict(zip(packages, pool.map(lambda name: in_a_copy(time_limit, name), packages), strict=True))
            n_caught = sum(pool.map(is_caught, mutants))
    print(f"{n_caught} of {given.number} caught: {n_caught / given.number:.1%}")


if __name__ == "__main__":
    main()
