"""Import the libraries of extras, which few users need, when they are needed."""

from importlib import import_module


def import_extra(library, extra, caller):
    """Import a library that an extra installs.

    Parameters
    ----------
    library, extra : str
        Names of the library and of the extra in pyproject.toml.
    caller : str
        Name of the function that needs it, for the message.

    Raises
    ------
    ImportError
        If it is not installed, with the command that installs it.
    """
    try:
        return import_module(library)
    except ImportError as error:
        name = library.partition(".")[0]
        raise ImportError(f'{caller} needs {name} ({error}). Install it: pip install "sklstm[{extra}]"') from error
