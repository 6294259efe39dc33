"""The pages of `doc/`: all are reached, what they quote stands in the code, and their figures agree."""

import inspect
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import sklstm
from sklstm import datasets

ROOT = Path(__file__).parents[1]
DOC = ROOT / "doc"


def test_every_page_stands_in_one_table_of_contents():
    pages = {"api", *(path.stem for path in DOC.glob("*.md"))}
    tables = re.findall(r"```\{toctree\}\n:hidden:\n\n(.*?)```", "".join(p.read_text() for p in DOC.glob("*.md")), re.S)
    listed = [line.split("<")[-1].rstrip(">") for table in tables for line in table.splitlines()]
    assert sorted(listed) == sorted([*pages - {"index"}, "examples/index"])


def reference():
    """The names that the reference lists, by module."""
    listed, module = {}, None
    for line in (DOC / "api.rst").read_text().splitlines():
        if found := re.fullmatch(r"\.\. currentmodule:: (.*)", line):
            module = found[1]
        if found := re.fullmatch(r"   (\w+)", line):
            listed.setdefault(module, set()).add(found[1])
    return listed


def test_the_reference_has_every_public_name():
    listed = reference()
    assert listed.pop("sklstm") == {*sklstm.__all__} - {"__version__"}
    assert listed.pop("sklstm.datasets") == {*datasets.__all__}
    modules = {path.stem for path in (ROOT / "sklstm/interop").glob("[a-z]*.py")}
    assert listed.keys() == {f"sklstm.interop.{module}" for module in modules}


@pytest.mark.parametrize("library", ["matplotlib", "numpy"])
def test_names_in_inventories_that_are_written_by_hand_exist(library):
    lines = (DOC / f"inventories/{library}.inv").read_text().splitlines()
    names = [line.split()[0].rpartition(".") for line in lines if not line.startswith("#")]
    assert names
    for module, _, name in names:
        assert inspect.isclass(getattr(import_module(module), name)), name


def test_lines_beside_the_equations_are_those_of_the_kernel():
    lines = re.findall(r"^\|.*\| `([^`]+)` \|$", (DOC / "how_it_works.md").read_text(), re.M)
    kernel = {line.strip() for line in (ROOT / "sklstm/_network/lstm.py").read_text().splitlines()}
    calls = [line for line in lines if not line.startswith("sklstm/")]
    assert len(calls) > 20
    assert [call for call in calls if call not in kernel] == []


def test_files_that_are_named_exist():
    for page in DOC.glob("*.md"):
        for name in re.findall(r"`((?:sklstm|benchmarks|tests|examples)/[\w/]+\.py)`", page.read_text()):
            assert (ROOT / name).exists(), f"{page.name} names {name}"


def rows_of(page, first):
    """The other cells of the rows that begin with this cell, without what is in brackets, and without stars."""
    lines = (line for line in page.read_text().splitlines() if line.startswith(f"| {first} |"))
    return [re.sub(r" \([^)]*\)|\*", "", line).strip("| ").split(" | ")[1:] for line in lines]


def test_the_readme_repeats_figures_of_the_pages():
    for model in ("`Forecaster(steps=h)`", "theta of the logarithm"):
        (readme,), accuracy = rows_of(ROOT / "README.md", model), rows_of(DOC / "accuracy.md", model)[0]
        assert readme[:3] == accuracy[:3]
    for here, there in {
        "`fit` per epoch, float32, mean over eleven shapes": "`fit` per epoch, float32, one thread",
        "`predict`, mean over three shapes": "`predict`, three shapes, one thread",
    }.items():
        (readme,), (_, avx512, _, avx2, _) = (
            rows_of(ROOT / "README.md", here),
            rows_of(DOC / "performance.md", there)[0],
        )
        assert readme == [avx512.split(",")[0], avx2.split(",")[0]]


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


def test_dead_links_of_a_built_site_are_found(tmp_path):
    (tmp_path / "a.html").write_text('<h1 id="top-of-a">A</h1><a href="b.html#here">b</a><img src="a.png">')
    (tmp_path / "b.html").write_text('<a href="a.html#top-of-a"><a href="#there"><a href="https://example.org/x">')
    command = [sys.executable, ROOT / ".ci/check_site.py", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True)
    found = ["a.html: a.png", "a.html: b.html#here", "b.html: #there", "2 pages, 3 dead links"]
    assert (done.returncode, done.stdout.splitlines()) == (1, found)
    (tmp_path / "a.html").write_text('<h1 id="top-of-a">A</h1>')
    (tmp_path / "b.html").write_text('<a href="a.html#top-of-a"><a id="x" href="#x">')
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_the_citation_names_the_version_and_the_license():
    citation = dict(re.findall(r"^([\w-]+): (.*)$", (ROOT / "CITATION.cff").read_text(), re.M))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (citation["version"], citation["license"]) == (sklstm.__version__, project["license"])


def texts(docstring):
    """The lines of a docstring without code: what Sphinx reads as reStructuredText."""
    for line in docstring.splitlines():
        if not line.lstrip().startswith((">>>", "...")):
            head, colon, kind = line.partition(" : ")
            yield re.sub(r"`[^`]*`", "", kind if colon and "`" not in head else line)


def test_docstrings_hold_no_links_to_nowhere():
    """In reStructuredText, a word that ends with _ is a link, and |a word| between bars is to be replaced."""
    documented = [getattr(sklstm, name) for name in sklstm.__all__ if name != "__version__"]
    documented += [method for thing in documented for name, method in vars(thing).items() if not name.startswith("_")]
    for thing in documented:
        for text in texts(inspect.getdoc(thing) or ""):
            assert not re.search(r"\w_(?!\w)|\|\w+\|", text), (thing, text)


@pytest.mark.parametrize("example", sorted(ROOT.glob("examples/plot_*.py")), ids=lambda path: path.stem)
def test_a_picture_of_an_example_is_drawn_in_one_block(example):
    """The gallery takes each figure at the end of the block that makes it."""
    blocks = example.read_text().split("\n# %%\n")
    begin = re.compile(r"plt\.(subplots|subplot_mosaic|figure)\(|\.from_(estimator|predictions)\(|savefig\(")
    drawing = {k for k, block in enumerate(blocks) if begin.search(block)}
    assert drawing == {len(blocks) - 1}


def test_files_beside_the_package_are_in_the_source_distribution():
    included = re.search(r"^include (.*)$", (ROOT / "MANIFEST.in").read_text(), re.M)[1].split()
    kinds = {".py", ".md", ".toml", ".cff", ".in"}
    assert sorted(path.name for path in ROOT.iterdir() if path.suffix in kinds) == sorted({*included} - {"LICENSE"})
