"""Print the table of `doc/performance.md` from the JSON files of runs: a column for each file.

    python -m benchmarks.table FILE …

Each cell has the geometric mean and the largest ratio, or the only one. A figure in bold misses its aim. After the
table, the cases that miss are listed.
"""

import argparse
import json

from benchmarks._aims import ROWS, figures


def main():
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.table", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="written by python -m benchmarks --json FILE")
    runs = []
    for name in parser.parse_args().files:
        with open(name) as file:
            runs.append(json.load(file))
    print(*markdown(runs), sep="\n")
    print()
    print(*misses(runs), sep="\n")


def column_name(run):
    """The kind of processor of a run, and its date."""
    about = run["about"]
    return f"{'as ' if about['as'] else ''}{about['kind']}, {about['date']}"


def markdown(runs):
    """Yield the lines of the table. A row that no run has measured is left out."""
    columns = [name for run in runs for name in (column_name(run), "aim")]
    yield f"| what is measured | peer | {' | '.join(columns)} |"
    yield f"|---|---|{'---|' * len(columns)}"
    for row in ROWS:
        of_runs = [figures(row, run) for run in runs]
        if any(of_runs):
            aims = (row.aim(run["about"]["kind"]) for run in runs)
            cells = [text for found, aim in zip(of_runs, aims, strict=True) for text in (_cell(found), str(aim))]
            yield f"| {row.what} | {row.peer_in_words} | {' | '.join(cells)} |"


def misses(runs):
    """Yield a line for each case that misses the aim for each one."""
    for row in ROWS:
        for run in runs:
            found = figures(row, run)
            for case, ratio in found.too_large() if found else ():
                label = ", ".join(str(tuple(value) if isinstance(value, list) else value) for value in case.values())
                yield f"{column_name(run)}: {row.benchmark} / {row.peer}, {label}: {ratio:.2f} (aim {found.aim})"


def _cell(found):
    if found is None:
        return "-"
    mean, largest = (_bold(f"{getattr(found, name):.2f}", found.misses(of)) for name, of in NAMES)
    return largest if len(found.cases) == 1 else f"{mean}, {largest}"


def _bold(text, is_bold):
    return f"**{text}**" if is_bold else text


NAMES = (("mean", "mean"), ("largest", "each"))


if __name__ == "__main__":
    main()
