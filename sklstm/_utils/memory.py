"""Refuse what cannot fit into memory, before it is asked for: the system might end the process instead."""

import os

GIGABYTE = 1e9
# Without knowledge of the machine: the largest address space of usual processors.
ADDRESSABLE = 2**47


def check_memory(n_bytes, what, advice):
    """Raise ValueError if something needs more than all memory of the machine.

    Parameters
    ----------
    n_bytes : int
        The least that it needs.
    what : str
        Parameters and their values, which need it.
    advice : str
        What to do, as a sentence.
    """
    if n_bytes > total_memory():
        raise ValueError(
            f"{what} would need at least {_gigabytes(n_bytes)} of memory, but there are {_gigabytes(total_memory())}. "
            f"{advice}"
        )


def total_memory():
    """Return the memory of the machine in bytes, or a large number if the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # as on Windows
        return ADDRESSABLE


def _gigabytes(n_bytes):
    """Format a number of bytes, which may be beyond the range of float."""
    whole = n_bytes // int(GIGABYTE)
    return f"{n_bytes / GIGABYTE:.3g} GB" if whole < 10**15 else f"10**{len(str(whole)) - 1} GB"
