"""Check the user's keywords that style lines and filled areas, and merge them with defaults."""

import numpy as np

KWARGS = [dict, None]  # what scikit-learn's validate_params accepts for such keywords

# Arguments of Axes.plot, Axes.axvline and Axes.fill_between that are not properties of a line or an area.
PLOT_ARGUMENTS = {"scalex", "scaley", "data", "xmin", "xmax", "ymin", "ymax", "where", "interpolate", "step"}


def check_styles(**styles):
    """Raise an error if matplotlib does not accept some keywords.

    Call it before anything is drawn, so that an error leaves no empty figure.

    Parameters
    ----------
    **styles : dict or None
        Keywords by the name of the argument they were given as. Arguments whose names begin with "interval" or
        "spread" style areas, all others lines.
    """
    from matplotlib.collections import PolyCollection
    from matplotlib.lines import Line2D

    for name, kwargs in styles.items():
        properties = {key: value for key, value in (kwargs or {}).items() if key not in PLOT_ARGUMENTS}
        try:
            if name.startswith(("interval", "spread")):
                PolyCollection([], **area_style({}, properties))
            else:
                Line2D([], [], **line_style({}, properties))
        except (AttributeError, TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"matplotlib does not accept {name}={kwargs!r}: {error}") from error


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
