"""The site: `python -m sphinx -W -b html doc build/site`, with the extra `doc`. It draws every example (minutes)."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path

from docutils import nodes
from docutils.utils.math import latex2mathml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import sklstm  # noqa: E402

project = "sklstm"
author = "the sklstm developers"
copyright = "the sklstm developers, BSD-3-Clause"
version = release = sklstm.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["inventories"]
templates_path = ["_templates"]
nitpicky = False
default_role = "code"

# Markdown, so that it reads the same on a page of a repository: anchors from headings, equations between dollar signs.
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
html_math_renderer = "mathml"  # browsers draw it themselves, without a script from elsewhere

autosummary_generate = True
# sktime's adapter inherits from a class of sktime, which need not be installed for the reference
autodoc_mock_imports = [] if find_spec("sktime") else ["sktime"]
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = True
numpydoc_xref_aliases = {
    "DataFrame": "pandas.DataFrame",
    "Series": "pandas.Series",
    "DatetimeIndex": "pandas.DatetimeIndex",
    "PeriodIndex": "pandas.PeriodIndex",
    "Forecaster": "sklstm.Forecaster",
    "LSTMRegressor": "sklstm.LSTMRegressor",
    "BacktestResult": "sklstm.BacktestResult",
    "bool": "bool",
    "boolean": "bool",
    "Axes": "matplotlib.axes.Axes",
    "BarContainer": "matplotlib.container.BarContainer",
    "Figure": "matplotlib.figure.Figure",
    "Generator": "numpy.random.Generator",
    "Legend": "matplotlib.legend.Legend",
    "Line2D": "matplotlib.lines.Line2D",
    "PolyCollection": "matplotlib.collections.PolyCollection",
    # plain words
    **{name: name for name in ("array", "array_like", "array-like", "iterable", "sequence")},
}
numpydoc_xref_ignore = "all"

intersphinx_mapping = {
    "python": ("https://docs.python.org/3", "inventories/python.inv"),
    "numpy": ("https://numpy.org/doc/stable", "inventories/numpy.inv"),
    "matplotlib": ("https://matplotlib.org/stable", "inventories/matplotlib.inv"),
    "pandas": ("https://pandas.pydata.org/docs", "inventories/pandas.inv"),
    "sklearn": ("https://scikit-learn.org/stable", "inventories/sklearn.inv"),
}

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "examples",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"^serve_",  # of a file name; it is linked as a file
    "doc_module": ("sklstm",),
    "backreferences_dir": "generated/backreferences",
    "reference_url": {"sklstm": None},
    "download_all_examples": False,
    "write_computation_times": False,
    "show_signature": False,
    "within_subsection_order": "ExampleTitleSortKey",
}

html_theme = "pydata_sphinx_theme"
html_title = "sklstm"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_sidebars = {"index": [], "getting_started": []}
html_theme_options = {
    "header_links_before_dropdown": 7,
    "navbar_persistent": ["search-button"],  # without its field, so that the header keeps to one line
    "show_prev_next": True,
    "navigation_with_keys": False,
    "secondary_sidebar_items": {"index": [], "**": ["page-toc"]},
    "footer_start": ["copyright"],
    "footer_end": [],
}


def _for_the_site(app, docname, source):
    """Lead links out of `doc/` to pages of the site: the repository shows files where the site has a gallery."""
    text = re.sub(r"\]\(\.\./examples/(plot_\w+)\.py\)", r"](examples/\1.rst)", source[0])
    text = re.sub(r"\]\(\.\./examples\)", "](examples/index.rst)", text)
    text = re.sub(r"\]\(\.\./examples/images/(\w+)\.png\)", r"](examples/images/sphx_glr_\1_001.png)", text)
    text = re.sub(r"\]\(\.\./(CONTRIBUTING|CHANGELOG)\.md", lambda found: f"]({found[1].lower()}.md", text)
    source[0] = re.sub(r"(?<!!)\[([^\]]*)\]\(\.\./(?!examples/)[^)]*\)", r"\1", text)  # has no page


def _visit_math(self, node, as_block):
    self.body.append(latex2mathml.tex2mathml(node.astext(), as_block=as_block))
    raise nodes.SkipNode


def _visit_inline_math(self, node):
    _visit_math(self, node, as_block=False)


def _visit_block_math(self, node):
    _visit_math(self, node, as_block=True)


def _skip(app, what, name, obj, skip, options):
    """Leave out what scikit-learn adds for its metadata routing, and what it calls of a callback."""
    of_callback = r"setup|teardown|max_propagation_depth|on_fit_task_\w+"
    return skip or bool(re.fullmatch(rf"set_\w+_request|{of_callback}", name))


def _for_users(app, what, name, obj, options, lines):
    """Import what an example needs, where the docstring skips the example if it is not installed."""
    text = "\n".join(lines).replace(">>> import pytest, ", ">>> import ")
    for alias, module in re.findall(r">>> (\w+) = pytest\.importorskip\(\"([\w.]+)\"\)", text):
        if f"{alias}." in text.replace(f'{module}"', ""):
            line = f'>>> {alias} = pytest.importorskip("{module}")'
            text = text.replace(line, f">>> import {module}" + (f" as {alias}" if alias != module else ""))
    lines[:] = [line for line in text.split("\n") if "import pytest" not in line and "pytest.importorskip" not in line]


def setup(app):
    """Connect what is above to Sphinx."""
    app.connect("source-read", _for_the_site)
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-docstring", _for_users, priority=400)  # before numpydoc
    app.add_html_math_renderer("mathml", (_visit_inline_math, None), (_visit_block_math, None))
