"""Say in which order the columns of samples are, and write the call that puts them right."""

from itertools import groupby, pairwise

from sklstm._estimator.lag_names import lags_of

IN_FRONT = "make_pipeline({call}, LSTMRegressor(…))"


def description(reading):
    """Return what the lags in samples are, and how the regressor reads them, as a sentence."""
    chains, n_channels = reading.chains, reading.n_channels
    shift = chains[0][1] - chains[0][0]
    order = "the newest" if shift > 0 else "the oldest"
    n_others = reading.n_columns - sum(map(len, chains))
    what = f"{len(chains[0])} lags" + (f" of each of {len(chains)} channels" if len(chains) > 1 else " of a series")
    what += f", {order} first" + (", one channel after the other" if len(chains) > 1 and abs(shift) == 1 else "")
    what += f", and {n_others} other column{'s' * (n_others != 1)}" if n_others else ""
    n_steps = reading.n_columns // n_channels
    read_as = f"{n_steps} step{'s' * (n_steps != 1)} of {n_channels} channel{'s' * (n_channels != 1)}"
    return f"The rows of X are {what}, but the regressor reads them as {read_as}, the oldest step first."


def advice(reading, is_sequence, names=None):
    """Return the call that puts the columns in the order of time, as a sentence.

    Parameters
    ----------
    reading : Reading
    is_sequence : bool
        Whether X is 3-D.
    names : array of str or None
        Names of the columns of a table.
    """
    if is_sequence:
        axes = _axes(reading)
        if axes is not None:
            return (
                f"Give {axes}, to fit and to predict. (If a LagsToSequences makes these sequences, change its "
                "order, layout or n_channels instead.)"
            )
        return f"Give {lags_to_sequences(reading)}.fit_transform(X.reshape(len(X), -1)), to fit and to predict."
    call = _by_given_names(reading, names) or lags_to_sequences(reading)
    has_others = names is not None and "names=" in call  # than the table has, which are refused
    without = ", and give X.to_numpy(), to fit and to predict" if has_others else ""
    return f"Put LagsToSequences in front: {IN_FRONT.format(call=call)}{without}."


def _by_given_names(reading, names):
    """Return a call that reads the names that a table has; None if they tell no lags."""
    try:
        channels = {} if names is None else lags_of(list(names))
    except ValueError:
        return None
    if not channels:
        return None
    newest = None if reading.target is None else reading.chains[reading.target][0]
    targets = [channel for channel, lags in channels.items() if newest in lags.values()]
    return _call(target=targets[0] if targets and targets[0] != next(iter(channels)) else None)


def _axes(reading):
    """Return how the axes of sequences have to be changed, as an expression; None if that does not put them right."""
    n_steps, n_channels = reading.n_columns // reading.n_channels, reading.n_channels
    shifts = {chain[1] - chain[0] for chain in reading.chains}
    has_others = n_channels == 1 and reading.n_columns > sum(map(len, reading.chains))
    if len(shifts) > 1 or has_others:
        return None
    shift = shifts.pop()
    if shift > 0 and shift % n_channels == 0 and n_steps > 1:
        return "X[:, ::-1]"
    is_within = all(min(chain) // n_channels == max(chain) // n_channels for chain in reading.chains)
    if abs(shift) == 1 and is_within:
        return "X.transpose(0, 2, 1)" + ("[:, ::-1]" if shift > 0 else "")
    return None


def lags_to_sequences(reading):
    """Return the call of LagsToSequences that reads the columns of a table as they are."""
    return _by_position(reading) or _by_names(reading)


def _by_position(reading):
    """Return a call with order and layout; None if the columns are not so regular, or the target not first."""
    chains = reading.chains
    (shift, *others), n_lags = {to - at for chain in chains for at, to in pairwise(chain)}, len(chains[0])
    starts = [min(chain) for chain in chains]
    if others or any(len(chain) != n_lags for chain in chains):
        return None
    if abs(shift) == 1:
        is_regular, n_channels = all(start % n_lags == 0 for start in starts), max(starts) // n_lags + 1
    else:
        is_regular, n_channels = max(starts) < abs(shift), abs(shift)
    places = [start // n_lags if abs(shift) == 1 else start for start in starts]
    if not is_regular or (places[reading.target or 0] != 0):
        return None
    return _call(
        str(n_lags),
        n_channels=None if n_channels == 1 else n_channels,
        order="oldest_first" if shift < 0 else None,
        layout="channels" if abs(shift) == 1 and n_channels > 1 else None,
    )


def _call(*given, **arguments):
    parts = [*given, *(f"{name}={value!r}" for name, value in arguments.items() if value is not None)]
    return f"LagsToSequences({', '.join(parts)})"


def _by_names(reading):
    """Return a call with names of the columns, which are made up."""
    chains = reading.chains
    of_column = {column: number for number, chain in enumerate(chains) for column in chain}
    runs = groupby(range(reading.n_columns), lambda column: _kind(reading, of_column, column))
    parts = [_names_of(reading, of_column, list(run)) for _, run in runs]
    target = None if not reading.target else f"x{reading.target}"
    return _call(f"names=[{', '.join(parts)}]", target=target)


def _kind(reading, of_column, column):
    """Return what columns have in common that are described together: the chains in a row that are interleaved."""
    if column not in of_column:
        return None
    chain = reading.chains[of_column[column]]
    shift = chain[1] - chain[0]
    side_by_side = [
        number
        for number, other in enumerate(reading.chains)
        if other[1] - other[0] == shift and len(other) == len(chain) and abs(min(other) - min(chain)) < abs(shift)
    ]
    return (shift, *side_by_side)


def _names_of(reading, of_column, columns):
    """Return the names of columns of one kind as an expression to stand in a list."""
    if columns[0] not in of_column:
        return f"*(f'other_{{i}}' for i in range({columns[0]}, {columns[-1] + 1}))"
    shift, *numbers = _kind(reading, of_column, columns[0])
    n_lags = len(reading.chains[numbers[0]])
    lags = f"range(1, {n_lags + 1})" if shift > 0 else f"range({n_lags}, 0, -1)"
    if len(numbers) == 1 and abs(shift) == 1:
        first, last = (reading.chains[numbers[0]].index(columns[end]) + 1 for end in (0, -1))
        lags = f"range({first}, {last + 1})" if shift > 0 else f"range({first}, {last - 1}, -1)"
        return f"*(f'x{numbers[0]}_lag_{{i}}' for i in {lags})"
    if len(numbers) == abs(shift) and len(columns) == n_lags * len(numbers):
        channels = f"range({numbers[0]}, {numbers[-1] + 1})"
        return f"*(f'x{{c}}_lag_{{i}}' for i in {lags} for c in {channels})"
    found = [of_column[column] for column in columns]
    places = [reading.chains[number].index(column) + 1 for number, column in zip(found, columns, strict=True)]
    return ", ".join(f"'x{number}_lag_{place}'" for number, place in zip(found, places, strict=True))
