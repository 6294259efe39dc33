"""Create and check matplotlib axes, set their ticks, and collect their legend entries."""


def new_axes():
    """Create a figure with one Axes."""
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def check_axes(ax):
    """Raise a TypeError unless `ax` is a matplotlib Axes."""
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise TypeError(
            f"ax must be a matplotlib Axes, as plt.subplots() returns it, or None; got {type(ax).__name__}."
        )


def set_integer_ticks(ax):
    """Place the ticks of the x-axis at whole numbers."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))


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
