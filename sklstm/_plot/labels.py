"""Format the names of series and targets."""

from decimal import Decimal

from sklstm._utils.argument_checks import shown

MAX_LENGTH = 40  # of a name in a plot; a longer legend leaves no room for the axes


def is_missing(name):
    """Whether a name is None, NaN or another missing value."""
    import pandas as pd

    if isinstance(name, Decimal):  # pandas fails on a signaling NaN
        return name.is_nan()
    return pd.api.types.is_scalar(name) and bool(pd.isna(name))


def format_name(name):
    """Format the name of a series or target; a tuple is written without parentheses.

    What cannot be printed, such as a tab, is written as in Python, and a long name is cut off.
    """
    if is_missing(name):
        return "(no name)"
    text = ", ".join(map(str, name)) if isinstance(name, tuple) else str(name)
    text = text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…"
    return "".join(
        letter if letter.isprintable() or letter == "\n" else letter.encode("unicode_escape").decode()
        for letter in text
    )


def format_name_of(kind, name):
    """Format a name; numbers are preceded by what they name, for example "series 7"."""
    is_readable = isinstance(name, str) or (isinstance(name, tuple) and any(isinstance(part, str) for part in name))
    return format_name(name) if is_readable else f"{kind} {format_name(name)}"


def format_names(series, target):
    """Name what a row of axes shows: the series, the target, both, or nothing if both are None."""
    names = {"series": series, "target": target}
    return ", ".join(format_name_of(kind, name) for kind, name in names.items() if name is not None)


def as_label(text):
    """Return the label of a line or an area under which a legend shows a text as it is.

    To matplotlib, `$` begins a formula, and a label that begins with `_` has no place in a legend.
    """
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def check_name(name, argument):
    """Raise a TypeError unless a name for the legend is text or None."""
    if not (name is None or isinstance(name, str)):
        raise TypeError(f"{argument} must be text or None, got {shown(name)}.")
