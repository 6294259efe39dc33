"""What the displays draw alike."""

import numpy as np


def new_axes():
    """Axes in a figure of their own."""
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


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
