"""Print the tables of `doc/performance.md` from the JSON files of runs, or write them into it.

    python -m benchmarks.table FILE … [--into doc/performance.md]

The first table has a column for each kind of processor. Each cell has the geometric mean and the largest ratio, or the
only one. A figure in bold misses its aim. Results of several files for the same kind of processor are joined, and those
of the last file count. With --into, each table replaces what stands between its two comments, `<!-- figures -->` and
`<!-- end of figures -->` for the first one.
"""

import argparse
import json
import re
from pathlib import Path

from benchmarks._aims import ROWS, figures
from benchmarks._effects import effects
from benchmarks._machine import in_words


def main():
    """Parse the command line, and print the tables or write them."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.table", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="written by python -m benchmarks --json FILE")
    parser.add_argument("--into", metavar="FILE", type=Path, help="write the tables into this file")
    options = parser.parse_args()
    runs = joined([json.loads(Path(name).read_text()) for name in options.files])
    tables = {"machines": machines(runs), "figures": ratios(runs), "misses": misses(runs), "variables": variables(runs)}
    if options.into:
        options.into.write_text(filled(options.into.read_text(), tables))
    else:
        print(*("\n".join(table) for table in tables.values()), sep="\n\n")


def joined(runs):
    """Join the results of runs on the same kind of processor."""
    by_column = {}
    for run in runs:
        key = run["about"]["kind"], run["about"]["as"]
        results = by_column[key]["results"] if key in by_column else {}
        results |= {(result["name"], *map(str, result["case"].items())): result for result in run["results"]}
        by_column[key] = {"about": run["about"], "results": results}
    return [{**run, "results": list(run["results"].values())} for run in by_column.values()]


def filled(text, tables):
    """Replace what stands between the comments of each table."""
    for name, table in tables.items():
        pattern = f"(<!-- {name} -->\n).*?(<!-- end of {name} -->)"
        new = "\n".join(("", *table, "", ""))
        text, n = re.subn(pattern, lambda found, new=new: found[1] + new + found[2], text, flags=re.DOTALL)
        if n != 1:
            raise ValueError(f"There must be one <!-- {name} --> and one <!-- end of {name} --> after it.")
    return text


def column_name(run):
    """The kind of processor of a run, and its date."""
    about = run["about"]
    return f"{'as ' if about['as'] else ''}{about['kind']}, {about['date']}"


def machines(runs):
    """Yield a line for each run: where it ran, and with which versions."""
    for run in runs:
        about = run["about"]
        versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
        yield f"- **{column_name(run)}**: {about['processor']}, {about['cores']} cores; {versions}."
        blas = ", ".join(about["blas"])
        targets = " ".join(about["targets"] or about["features"])
        yield f"  NumPy uses {targets}; {blas}. sklstm's gates: {in_words(about['activations'])}."
        variables = " ".join(f"`{name}={value}`" for name, value in about["variables"].items())
        yield f"  Variables set: {variables or 'none'}."


def ratios(runs):
    """Yield the lines of the table of ratios. A row that no run has measured is left out."""
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
    """Yield the lines of a table of all cases that miss the aim for each one."""
    yield "| what is measured | peer | processor | aim | cases that miss it |"
    yield "|---|---|---|---|---|"
    for row in ROWS:
        for run in runs:
            found = figures(row, run)
            missed = found.too_large() if found else []
            if missed:
                place = f"{'as ' if run['about']['as'] else ''}{run['about']['kind']}"
                cases = "; ".join(filter(None, (f"{_case(case, row)} {ratio:.2f}".strip() for case, ratio in missed)))
                yield f"| {row.what} | {row.peer_in_words} | {place} | {found.aim.each:.2f} | {cases} |"


def variables(runs):
    """Yield the lines of a table of the rates before and after the variables of `--as` were set."""
    yield "| variable | effect | rates without → with the variables |"
    yield "|---|---|---|"
    for run in runs:
        rates = run["about"]["rates"]
        for variable, effect, changes in effects(**rates) if rates["before"] else ():
            yield f"| {f'`{variable}`' if variable else 'none'} | {effect} | {changes} |"


def _case(case, row):
    """The parameters of a case that its row does not say."""
    values = (value for name, value in case.items() if name not in row.parameters)
    return " ".join(str(tuple(value)) if isinstance(value, list) else str(value) for value in values)


def _cell(found):
    if found is None:
        return "-"
    mean, largest = _bold(found.mean, found.misses("mean")), _bold(found.largest, found.misses("each"))
    return largest if len(found.cases) == 1 else f"{mean}, {largest}"


def _bold(ratio, is_bold):
    return f"**{ratio:.2f}**" if is_bold else f"{ratio:.2f}"


if __name__ == "__main__":
    main()
