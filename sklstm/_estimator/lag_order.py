"""Notice samples that are windows of a series, but whose steps are not in the order in which an LSTM reads them.

Tables of other libraries have the newest lag first, one channel after the other, or columns behind that are no lags.
"""

import numpy as np

from sklstm._estimator.channel_names import are_given
from sklstm._estimator.lag_chains import lag_chains
from sklstm._estimator.lag_order_advice import advice, description
from sklstm._estimator.lag_reading import Reading
from sklstm._estimator.sample_continuity import N_COMPARED, SamplePairs, targets_of
from sklstm._utils.checks import n_dimensions
from sklstm._utils.numeric_input import index_of
from sklstm._utils.user_warning import warn_user

# Number of rows that are compared, the last ones, and of their values.
N_ROWS, N_VALUES = 5000, 2_000_000
# Number of rows of a chunk that are looked at first, the last ones, and fewest rows. A chunk may take a millisecond.
N_OF_CHUNK, FEWEST_OF_CHUNK = 30, 8


def check_lag_order(regressor, data, X, y, *, is_next_chunk=False):
    """Warn of samples whose steps are in another order than an LSTM reads; with `loss_steps="all"` raise ValueError.

    Parameters
    ----------
    regressor : LSTMRegressor
    data : TrainingSet
    X, y : array-like
        The samples and targets as the user gave them.
    is_next_chunk : bool, default=False
        Whether earlier samples were checked already. Then only the newest value first is noticed, in rows in order.

    Returns
    -------
    is_told : bool
        Whether it has warned.
    """
    if are_given() or data.X.shape[1] * data.X.shape[2] < 2 or (is_next_chunk and not _needs_a_look(data)):
        return False
    is_table = n_dimensions(X) == 2
    with np.errstate(over="ignore", invalid="ignore"):  # of differences, which then show no lags
        reading, table = _read(data, [index_of(X), index_of(y)])
        if is_next_chunk and reading is not None:
            reading = reading.of_chunk(table)
        if reading is None or not reading.chains or reading.is_right(table, is_table):
            return False
    names = getattr(regressor, "feature_names_in_", None)
    message = f"{description(reading)} {advice(reading, not is_table, names)}"
    if regressor.loss_steps == "all":
        raise ValueError(f"loss_steps='all' needs steps in the order of time. {message}")
    warn_user(message)
    return True


def _needs_a_look(data):
    """Whether the last rows of a chunk may be windows in another order; a quick answer that is seldom wrong."""
    X = data.X[-N_OF_CHUNK:]
    if len(X) < FEWEST_OF_CHUNK:
        return False
    if data.n_outputs == data.n_targets:
        targets = targets_of(data.y, data.weight, slice(-N_OF_CHUNK, None))
        if SamplePairs.from_samples(X, targets).are_continuous():
            return False
    return bool(lag_chains(X.reshape(len(X), -1), X.shape[2]))


def _read(data, indexes):
    """Return a Reading of the samples, None if it is uncertain, and the flattened rows that it was made from.

    Rows are read in the order in which they are, then in that of an index, and then in any order.
    """
    n_rows = min(N_ROWS, max(N_COMPARED, N_VALUES // (data.X.shape[1] * data.X.shape[2])))
    for rows in _orders(len(data.X), n_rows, indexes):
        X, y = data.X[rows], targets_of(data.y, data.weight, rows)[:, 0]
        reading = Reading.from_samples(X, y, any(map(_is_reversed, indexes)))
        if reading is None or reading.chains:
            return reading, X.reshape(len(X), -1)
    table = data.X[-n_rows:].reshape(min(n_rows, len(data.X)), -1)
    return Reading.from_shuffled(data.X, targets_of(data.y, data.weight, slice(None))[:, 0], table), table


def _orders(n_samples, n_rows, indexes):
    """Yield the last rows as they are and, if an index is in another order, the last ones by the index."""
    yield slice(-n_rows, None)
    for index in indexes:
        if index is not None and len(index) == n_samples and _tells_another_order(index):
            yield np.asarray(index.argsort())[-n_rows:]
            return


def _tells_another_order(index):
    """Whether an index of times or numbers, perhaps below that of series, neither rises nor falls."""
    times = index.get_level_values(-1) if index.nlevels > 1 else index
    is_of_time = times.dtype.kind in "iuMm" or times.inferred_type == "period"
    return is_of_time and not index.is_monotonic_increasing and not index.is_monotonic_decreasing


def _is_reversed(index):
    """Whether an index shows that rows are in reverse time order."""
    return index is not None and len(index) > 1 and index.is_monotonic_decreasing and not index.is_monotonic_increasing
