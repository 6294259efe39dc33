"""Check that tables have the same rows, as far as their pandas indexes show.

Rows are matched by position, as everywhere in scikit-learn. An index can only show that this is wrong.
"""

import numpy as np

from sklstm._utils.numeric_input import index_of


def in_order_of(data, index, name, other):
    """Return a table with its rows in the order of `index`; unchanged if one of them has no index.

    Parameters
    ----------
    data : array-like
    index : pandas Index or None
    name, other : str
        Names in messages: of the table, and of the table that `index` belongs to.

    Raises
    ------
    ValueError
        If the table does not have the rows of `index`.
    """
    own = index_of(data)
    if own is None or index is None or own.equals(index):
        return data
    if len(own) == len(index) and own.is_unique and own.nlevels == index.nlevels and are_in(index, own).all():
        return data.iloc[own.get_indexer(index)]
    raise ValueError(
        f"{name} and {other} have different rows: {name} has {_ends_said(own)}, {other} has {_ends_said(index)}. "
        f"Give {name} at the rows of {other}, or {name}.to_numpy() if they are the same rows."
    )


def _ends_said(index):
    """Format the ends of an index."""
    return f"{index[0]} … {index[-1]} ({len(index)} rows)" if len(index) else "no rows"


def are_in(index, labels):
    """Whether each label of an index is among others; not if the two are of kinds that cannot be compared."""
    try:
        return index.isin(labels)
    except (TypeError, ValueError):  # pandas 2.2 converts them to the kind of the index, if it can
        return np.zeros(len(index), bool)


def check_same_rows(X, name_of_X="X", **tables):
    """Raise an error if the index of a table shows that its rows are not those of X.

    This is so if two indexes of the same length have the same labels in another order, or no label in common. An index
    that only counts rows may have no label in common with another. If X has no index, the others are compared with the
    first that has one.
    """
    indexes = {name: index_of(table) for name, table in {name_of_X: X, **tables}.items()}
    (first, index), *others = [item for item in indexes.items() if item[1] is not None] or [(None, None)]
    for name, own in others:
        if len(own) != len(index) or own.nlevels != index.nlevels or own.equals(index):
            continue
        n_shared = int(are_in(own, index).sum())
        counts_rows = any(_counts_rows(part) for part in (own, index))
        if n_shared == len(own) or (not n_shared and not counts_rows):
            raise ValueError(
                f"{first} and {name} have {'the same rows in another order' if n_shared else 'no row in common'}: "
                f"{first} begins with {index[0]}, {name} with {own[0]}. Give {name}.loc[{first}.index], or "
                f"{name}.to_numpy() if the rows already correspond."
            )


def _counts_rows(index):
    return index.dtype.kind == "i" and np.array_equal(index, np.arange(len(index)))
