"""What the displays draw alike, and check alike before they draw."""

import numpy as np

STYLE = [dict, None]  # of keywords: what scikit-learn's validate_params may find

# What Axes.plot, Axes.axvline and Axes.fill_between take that is no property of a line or an area.
OTHERS = {"scalex", "scaley", "data", "xmin", "xmax", "ymin", "ymax", "where", "interpolate", "step"}


def new_axes():
    """Axes in a figure of their own."""
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def check_axes(ax):
    """Whether it is what can be drawn on."""
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise TypeError(f"ax must be matplotlib Axes, as plt.subplots() makes them, or None; got {type(ax).__name__}.")


def check_styles(**styles):
    """Whether matplotlib takes the keywords of lines and, of what is called interval or spread, of areas.

    Before anything is drawn, so that no empty figure stays behind.
    """
    from matplotlib.collections import PolyCollection
    from matplotlib.lines import Line2D

    for name, given in styles.items():
        properties = {key: value for key, value in (given or {}).items() if key not in OTHERS}
        try:
            if name.startswith(("interval", "spread")):
                PolyCollection([], **area_style({}, properties))
            else:
                Line2D([], [], **line_style({}, properties))
        except (AttributeError, TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"{name}={given!r} is nothing that matplotlib takes: {error}") from error


def line_style(defaults, given):
    """The keywords given, by their full names ("c" is "color"), and the defaults for others."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    return defaults | normalize_kwargs(given, Line2D)


def area_style(defaults, given):
    """The same for what is shaded."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.collections import PolyCollection

    return defaults | normalize_kwargs(given, PolyCollection)


def without_neighbours(values):
    """Positions of the values before and after which there is none, so that a line would not show them."""
    known = np.pad(np.isfinite(values), 1)
    return np.flatnonzero(known[1:-1] & ~known[:-2] & ~known[2:])


def is_missing(label):
    """Whether a label is None, NaN or the like."""
    import pandas as pd

    return pd.api.types.is_scalar(label) and bool(pd.isna(label))


def text_of(label):
    """A label of a series or a target to be read: a tuple without its brackets."""
    if is_missing(label):
        return "(no name)"
    return ", ".join(map(str, label)) if isinstance(label, tuple) else str(label)
