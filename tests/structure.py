"""Figures about the structure of a package: `python -m tests.structure [FOLDER]` prints them."""

import ast
import statistics
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple


class Function(NamedTuple):
    """A function: where it is, its lines without the docstring, and its parameters without `self`."""

    name: str
    n_lines: int
    n_parameters: int


def parsed(root):
    """(path relative to the root, syntax tree) of every file."""
    return [(path.relative_to(root), ast.parse(path.read_text())) for path in sorted(root.rglob("*.py"))]


def functions(root):
    """Every function and method."""
    for path, tree in parsed(root):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                docstring = ast.get_docstring(node, clean=False) is not None
                n_doc = node.body[0].end_lineno - node.body[0].lineno + 1 if docstring else 0
                given = [part.arg for part in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
                n_given = len(given) - (given[:1] in (["self"], ["cls"]))
                n_lines = node.end_lineno - node.lineno + 1 - n_doc
                yield Function(f"{path}:{node.name}", n_lines, n_given)


def private_reads(root):
    """Every `other._attribute` with the file that it is in, where `other` is not the object itself."""
    for path, tree in parsed(root):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Attribute) or not node.attr.startswith("_") or node.attr.startswith("__"):
                continue
            owner = ast.unparse(node.value)
            if owner not in ("self", "cls") and not owner.startswith("super("):
                yield f"{path}: {owner}.{node.attr}"


def any_annotations(root):
    """Every use of `Any`, by file."""
    for path, tree in parsed(root):
        yield from (str(path) for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "Any")


def imports_by_file(root):
    """How many modules of the package each file imports from."""
    return {
        str(path): sum(
            isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sklstm") for node in ast.walk(tree)
        )
        for path, tree in parsed(root)
    }


def main():
    """Print the figures."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else "sklstm")
    found, n_imports = list(functions(root)), imports_by_file(root)
    lengths = [function.n_lines for function in found]
    print("files by folder:", dict(Counter(str(path.parent) for path, _ in parsed(root))))
    print("imports a file:", f"mean {statistics.mean(n_imports.values()):.1f}, most {max(n_imports.values())}")
    print("functions:", f"{len(found)}, lines: median {statistics.median(lengths):g}", end=", ")
    print(
        f"90th percentile {statistics.quantiles(lengths, n=10)[-1]:g}, longest", *sorted(found, key=lambda f: -f[1])[:3]
    )
    print("more than 8 parameters:", *(f"{part.name} ({part.n_parameters})" for part in found if part.n_parameters > 8))
    print("Any:", len(list(any_annotations(root))))
    print("private reads across objects:", *Counter(private_reads(root)).items(), sep="\n    ")
    print("total:", len(list(private_reads(root))))


if __name__ == "__main__":
    main()
