"""Format the names of series and targets."""


def is_missing(name):
    """Whether a name is None, NaN or another missing value."""
    import pandas as pd

    return pd.api.types.is_scalar(name) and bool(pd.isna(name))


def format_name(name):
    """Format the name of a series or target; a tuple is written without parentheses."""
    if is_missing(name):
        return "(no name)"
    return ", ".join(map(str, name)) if isinstance(name, tuple) else str(name)


def format_name_of(kind, name):
    """Format a name; numbers are preceded by what they name, for example "series 7"."""
    is_readable = isinstance(name, str) or (isinstance(name, tuple) and any(isinstance(part, str) for part in name))
    return format_name(name) if is_readable else f"{kind} {format_name(name)}"
