"""Check the user's keywords that style lines and filled areas, and merge them with defaults."""

from contextlib import contextmanager
from numbers import Real
from textwrap import shorten

import numpy as np

from sklstm._utils.argument_checks import like, shown
from sklstm._utils.ignored_warnings import ignored_warnings

KWARGS = [dict, None]  # what such keywords may be

THIN_LINE = {"color": "0.6", "linewidth": 0.8, "zorder": 1}  # at zero, and at an origin

MAX_MARKERS = 31  # more markers on one line overlap

AREAS = ("interval", "spread")  # how the names of arguments begin that style areas
BARS = "bar"  # how those begin that style bars

SIZES = ("linewidth", "markersize", "markeredgewidth")
LARGEST_SIZE = 1e4  # points, beyond any figure: matplotlib takes minutes and gigabytes to draw far larger ones


def marker_style(n_points):
    """Return keywords of a line through so many points: with a marker at each, if these do not overlap."""
    return {"marker": "o" if n_points <= MAX_MARKERS else "", "markersize": 4}


def check_styles(**styles):
    """Raise an error if matplotlib does not accept some keywords.

    Call it before anything is drawn, so that an error leaves no empty figure. Everything is drawn on a figure that is
    thrown away, as matplotlib looks at some keywords only when it draws.

    Parameters
    ----------
    **styles : dict or None
        Keywords by the name of the argument they were given as. Arguments whose names begin with "interval" or
        "spread" style areas, those with "bar" bars, all others lines; "best_kwargs" styles a vertical line.
    """
    for name, kwargs in styles.items():
        if kwargs:
            _check_sizes(name, kwargs)
            with naming_style(name, kwargs), ignored_warnings():  # they come again where it is drawn
                _draw_sample(name, {key: value for key, value in kwargs.items() if key != "where"})


def _check_sizes(name, kwargs):
    """Raise an error if widths or sizes are too large to draw, or NaN."""
    with naming_style(name, kwargs):
        merged = area_style if name.startswith(AREAS) else bar_style if name.startswith(BARS) else line_style
        style = merged({}, kwargs)
    for key in SIZES:
        value = style.get(key)
        if isinstance(value, Real) and not abs(value) <= LARGEST_SIZE:
            raise ValueError(
                f"{name} has {key}={shown(value)}, but only sizes up to {LARGEST_SIZE:g} points are drawn."
            )


def _draw_sample(name, kwargs):
    """Draw two points with some keywords."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    canvas = FigureCanvasAgg(Figure(figsize=(2, 2)))
    ax = canvas.figure.add_subplot()
    if name.startswith(AREAS):
        # without edges, as areas are drawn: matplotlib then looks at more of the keywords
        defaults = {"label": "area", "color": "C0", "alpha": 0.5, "linewidth": 0}
        ax.fill_between([1, 2], [0, 0], [1, 1], **area_style(defaults, kwargs))
    elif name.startswith(BARS):
        ax.bar([1, 2], [1, 2], **bar_style({"label": "bars", "width": 0.8}, kwargs))
    elif name == "best_kwargs":
        ax.axvline(1, **line_style({"label": "line"}, kwargs))
    else:
        ax.plot([1, 2], [0, 1], **line_style({"label": "line", "marker": "o"}, kwargs))
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles, labels)
    canvas.draw()


@contextmanager
def naming_style(name, kwargs):
    """Turn any error of matplotlib inside the block into one that names the user's keywords, if there are any."""
    try:
        yield
    except Exception as error:  # of any kind: RuntimeError, KeyError, AttributeError and others
        if not kwargs:
            raise
        message = f"matplotlib does not accept {name}={shown(kwargs)}: {shorten(str(error), 300)}"
        raise like(error, message) from error


def line_style(defaults, kwargs):
    """Merge the keywords of a line into defaults; abbreviations are spelt out ("c" is "color")."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    return defaults | normalize_kwargs(kwargs, Line2D)


def area_style(defaults, kwargs):
    """Merge the keywords of a filled area into defaults; abbreviations are spelt out."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.collections import PolyCollection

    return defaults | normalize_kwargs(kwargs, PolyCollection)


def bar_style(defaults, kwargs):
    """Merge the keywords of bars into defaults; abbreviations are spelt out."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.patches import Rectangle

    return defaults | normalize_kwargs(kwargs, Rectangle)


def mark_isolated_points(style, values, offset=0, **marker):
    """Add markers for values without a neighbour, which a line does not show.

    Parameters
    ----------
    style : dict
        Keywords of a line. If they have a marker, they stay as they are.
    values : ndarray of shape (n_values,)
    offset : int, default=0
        Number of points that the line has before `values`.
    **marker : dict
        Further keywords for the markers.

    Returns
    -------
    style : dict
    """
    known = np.pad(np.isfinite(values), 1)
    isolated = np.flatnonzero(known[1:-1] & ~known[:-2] & ~known[2:])
    if not len(isolated) or "marker" in style:
        return style
    return style | {"marker": "o", "markevery": (isolated + offset).tolist()} | marker
