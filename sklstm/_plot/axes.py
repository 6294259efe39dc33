"""Create and check matplotlib axes, set their ticks, and collect their legend entries."""

from contextlib import contextmanager

import numpy as np

from sklstm._utils.argument_checks import as_objects, shown

NARROW = 2.5  # inches: ten labels may overlap on a narrower Axes
LARGEST = 1e305  # the largest value to plot: matplotlib cannot scale an axis to larger ones


def new_axes():
    """Create a figure with one Axes."""
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def check_axes(ax, of_times=False):
    """Raise an error unless `ax` is a plain matplotlib Axes of a figure, and its x-axis suits what is drawn.

    Parameters
    ----------
    ax : object
    of_times : bool, default=False
        Whether times are drawn. If not, an x-axis of times or categories would show numbers as such.

    Raises
    ------
    TypeError, ValueError
    """
    from matplotlib.axes import Axes
    from matplotlib.category import StrCategoryFormatter

    if not isinstance(ax, Axes):
        raise TypeError(
            f"ax must be a matplotlib Axes, as plt.subplots() returns it, or None; got {type(ax).__name__}."
        )
    if ax.name != "rectilinear":
        raise TypeError(f"ax must be a plain Axes, as plt.subplots() returns it, or None; got {type(ax).__name__}.")
    if ax.figure is None:
        raise ValueError(f"ax must be an Axes of a figure, or None; got {ax!r}, which was removed from its figure.")
    formatter = ax.xaxis.get_major_formatter()
    if isinstance(formatter, StrCategoryFormatter) or (not of_times and ax.xaxis.have_units()):
        wanted = "times or numbers" if of_times else "numbers"
        raise ValueError(
            f"ax must have an x-axis of {wanted}, got one with a {type(formatter).__name__}. Pass other Axes, or None."
        )


def check_axes_array(ax, of_times=False):
    """Raise an error unless `ax` is None or holds Axes that suit what is drawn (see `check_axes`), each once."""
    axes = [] if ax is None else list(np.ravel(as_objects(ax, "ax")))
    for one in axes:
        check_axes(one, of_times=of_times)
    if len(set(axes)) < len(axes):
        raise ValueError(f"ax must hold different axes, got one of them more than once: {shown(ax)}.")


def check_n_axes(ax, n_rows, columns):
    """Return the user's axes as an array (n_rows, n_columns).

    Parameters
    ----------
    ax : array-like of Axes
    n_rows : int
    columns : sequence of str
        What the Axes of one row show.

    Raises
    ------
    ValueError
        If there are more or fewer.
    """
    axes = np.ravel(np.asarray(ax, dtype=object))
    if len(axes) != n_rows * len(columns):
        each = f"{n_rows} row(s) of {len(columns)}: {', '.join(columns)}"
        raise ValueError(f"ax must hold {n_rows * len(columns)} axes, {each}; got {len(axes)}.")
    return axes.reshape(n_rows, len(columns))


def check_n_panels(chosen, n_each, max_panels, is_bound=False):
    """Raise an error if more than `max_panels` axes are needed.

    Parameters
    ----------
    chosen : dict of list
        Names by the argument that chooses them, such as "series". Each combination has `n_each` axes.
    n_each, max_panels : int
    is_bound : bool, default=False
        Whether a combination may turn out to have fewer axes.
    """
    n_axes = n_each * int(np.prod([len(names) for names in chosen.values()]))
    if n_axes > max_panels:
        what = max(chosen, key=lambda argument: len(chosen[argument]))
        n_fit = min(3, max_panels * len(chosen[what]) // n_axes)
        example = f"Choose some, for example with {what}={chosen[what][:n_fit]!r}, or raise" if n_fit else "Raise"
        counts = " and ".join(f"{len(names)} {argument}" for argument, names in chosen.items())
        at_most = "up to " if is_bound else ""
        each = f" of {at_most}{n_each} axes each" if n_each > 1 else ""
        raise ValueError(
            f"{counts}{each} need {at_most}{n_axes} axes, more than max_panels={max_panels}. {example} max_panels."
        )


def new_axes_table(n_rows, n_columns, height=1.9, share=(False, False), widths=None):
    """Create a figure with Axes in rows and columns, an array (n_rows, n_columns).

    Parameters
    ----------
    n_rows, n_columns : int
    height : float, default=1.9
        Height of a row in inches; one row alone is higher.
    share : tuple of bool or str, default=(False, False)
        Which Axes share their scales: `sharex` and `sharey` of `plt.subplots`.
    widths : list of float, default=None
        Relative widths of the columns.
    """
    import matplotlib.pyplot as plt

    size = (max(7.2, 3.4 * n_columns), 0.8 + (max(height, 2.3) if n_rows == 1 else height) * n_rows)
    options = {"sharex": share[0], "sharey": share[1], "squeeze": False, "layout": "constrained"}
    _, axes = plt.subplots(n_rows, n_columns, figsize=size, width_ratios=widths, **options)
    for ax in axes.ravel():
        ax.spines[["top", "right"]].set_visible(False)
    return axes


@contextmanager
def table_of_axes(display, ax, n_rows, columns, **layout):
    """Draw a display on Axes in rows and columns, and set its attributes `axes_`, `ax_` and `figure_`.

    If the block fails, nothing of it is left (see `undone_on_error`).

    Parameters
    ----------
    display : object
    ax : array-like of Axes or None
        The user's axes; None creates a figure.
    n_rows : int
    columns : sequence of str
        What the Axes of one row show.
    **layout
        Of a new figure, see `new_axes_table`.

    Yields
    ------
    axes : ndarray of Axes of shape (n_rows, n_columns)

    Raises
    ------
    ValueError
        If the user's axes are more or fewer.
    """
    is_new = ax is None
    axes = new_axes_table(n_rows, len(columns), **layout) if is_new else check_n_axes(ax, n_rows, columns)
    with undone_on_error(display, axes.ravel(), is_new=is_new):
        display.axes_, display.ax_, display.figure_ = axes, axes[0, 0], axes[0, 0].figure
        yield axes


@contextmanager
def undone_on_error(display, axes, *, is_new):
    """If the block fails, close a new figure, or remove from the user's axes what was drawn on them.

    The attributes of the display are then those that it had before.
    """
    from matplotlib.pyplot import close

    attributes = vars(display).copy()
    restorers = [] if is_new else [_restorer(ax) for ax in axes]
    try:
        yield
    except BaseException:
        if is_new:
            close(axes[0].figure)
        for restore in restorers:
            restore()
        vars(display).clear()
        vars(display).update(attributes)
        raise


def _restorer(ax):
    """Return a function that removes what is drawn on an Axes from now on."""
    before, legend = set(ax.get_children()), ax.get_legend()
    limits, scale = ax.dataLim.frozen(), ax.get_yscale()
    labels = {"xlabel": ax.get_xlabel(), "ylabel": ax.get_ylabel()}
    titles = {place: ax.get_title(loc=place) for place in ("left", "center", "right")}
    ticks = ax.xaxis.get_major_locator(), ax.xaxis.get_major_formatter()

    def restore():
        for child in set(ax.get_children()) - before:
            child.remove()
        ax.legend_ = legend
        ax.dataLim.set(limits)
        ax.set(**labels)
        if ax.get_yscale() != scale:
            ax.set_yscale(scale)
        for place, title in titles.items():
            ax.set_title(title, loc=place)
        ax.xaxis.set_major_locator(ticks[0])
        ax.xaxis.set_major_formatter(ticks[1])

    return restore


def width_in_inches(ax):
    """Return the width of an Axes, before a layout makes room for labels."""
    return ax.get_position().width * ax.figure.get_figwidth()


def set_integer_ticks(ax, without_zero=False):
    """Place the ticks of the x-axis at whole numbers, or at those other than 0."""
    n_intervals = 10 if width_in_inches(ax) > NARROW else "auto"  # that is as many as there is room for
    ax.xaxis.set_major_locator(_make_integer_locator(n_intervals, without_zero))


def _make_integer_locator(n_intervals, without_zero):
    from matplotlib.ticker import MaxNLocator

    class IntegerLocator(MaxNLocator):
        def tick_values(self, vmin, vmax):
            ticks = super().tick_values(vmin, vmax)
            return ticks[ticks != 0] if without_zero else ticks

        def __reduce__(self):  # a figure can be pickled, though this class is local
            return _make_integer_locator, (n_intervals, without_zero), vars(self)

    return IntegerLocator(n_intervals, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1)


def legend_entries(axes):
    """Collect legend handles by label, each label once.

    A label that belongs to lines of several colours gets a handle in the text colour.
    """
    from matplotlib import rcParams
    from matplotlib.lines import Line2D

    entries = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            first = entries.setdefault(label, handle)
            if isinstance(handle, Line2D) and isinstance(first, Line2D) and handle.get_color() != first.get_color():
                entries[label] = Line2D([], [])
                entries[label].update_from(handle)
                entries[label].set_color(rcParams["text.color"])
    return entries
