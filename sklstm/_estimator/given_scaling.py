"""The scaling that `fit_scaling` finds in samples that come in chunks, before training begins."""

from dataclasses import dataclass
from itertools import chain

import numpy as np

from sklstm._estimator.chunk_spread import ChunkSpread
from sklstm._estimator.input_checks import check_new_rows, input_form
from sklstm._estimator.target_checks import check_targets_suit
from sklstm._estimator.training_set import (
    check_known_channels,
    check_known_outputs,
    check_training_set,
    known_channels,
    known_outputs,
)
from sklstm._network.network import Network
from sklstm._utils.argument_checks import naming, shown
from sklstm._utils.numeric_input import as_numbers
from sklstm._utils.row_alignment import check_same_rows

# Weights are used as they are, because the largest is known only in the end.
SMALLEST_WEIGHT, LARGEST_WEIGHT = 1e-100, 1e100


@dataclass(frozen=True)
class GivenScaling:
    """What `fit_scaling` leaves to the first `partial_fit`.

    Parameters
    ----------
    network : Network
        Without weights, which are drawn when training begins.
    settings : dict
        The parameters that cannot change any more.
    y_ndim : int
        Number of dimensions of the targets.
    form : dict
        The attributes of the regressor that say which input it takes.
    """

    network: Network
    settings: dict[str, object]
    y_ndim: int
    form: dict[str, object]

    @property
    def dtype(self):
        """The precision of all computations."""
        return self.network.empty_prediction.dtype


class ChunkReader:
    """Reads and checks the samples of a user's chunks, once for each pass over them.

    Parameters
    ----------
    regressor : LSTMRegressor
        Its parameters are read, and the form of the input is set on it.
    chunks : iterable, or callable that returns one
        Of tuples (X, y) or (X, y, sample_weight).

    Attributes
    ----------
    first : TrainingSet
        The samples of the first chunk, which is read at once.
    """

    def __init__(self, regressor, chunks):
        self._regressor, self._chunks, self._spec = regressor, chunks, None
        self._n_samples = None  # of the first pass, when it is done
        self._n_channels = self._n_outputs = np.ones(1)  # how many values each has, more than 0 if that is not asked
        self._opened = self._open()
        try:
            self.first = next(self._opened)
        except StopIteration:
            raise ValueError(
                "chunks has no chunk: there is nothing to scale by. An iterator that was read before has none left; "
                "make a new one, fit_scaling(read()), or give the function that makes it, fit_scaling(read)."
            ) from None

    @property
    def is_read_once(self):
        """Whether chunks is an iterator, which cannot begin anew."""
        return not callable(self._chunks) and iter(self._chunks) is self._chunks

    def __call__(self):
        """Read all chunks once; yield their TrainingSets. ValueError if a channel or an output has no value in any.

        The first pass warns of chunks that are not alike.
        """
        sets, self._opened = (self._open() if self._opened is None else chain([self.first], self._opened)), None
        n_samples, is_first, spread = 0, self._n_samples is None, ChunkSpread()
        for data in sets:
            n_samples += len(data.rows)
            if is_first:
                self._count(data)
                spread.add(data.y[data.rows])
            yield data
        if is_first:
            self._n_samples = n_samples
            check_known_channels(self._n_channels)
            check_known_outputs(self._n_outputs)
            spread.warn_if_unlike()
        elif n_samples != self._n_samples:
            raise ValueError(
                f"chunks had {self._n_samples} samples when it was read first, and {n_samples} when it was read again. "
                "Give a list, or a function that begins anew in each call and returns the same chunks."
            )

    def _count(self, data):
        if data.missing_rule.by_channel:  # otherwise, a present step has a value in every channel
            self._n_channels = known_channels(data) + (0 if data is self.first else self._n_channels)
        if not data.every_step:
            self._n_outputs = known_outputs(data) + (0 if data is self.first else self._n_outputs)

    def _open(self):
        """Yield the TrainingSet of each chunk."""
        try:
            chunks = iter(self._chunks() if callable(self._chunks) else self._chunks)
        except TypeError as error:
            raise TypeError(
                "chunks must be an iterable of tuples (X, y), or a function without arguments that returns one; got "
                f"{shown(self._chunks)} ({error})."
            ) from error
        for number, chunk in enumerate(chunks):
            name = f"chunks[{number}]"
            if not isinstance(chunk, tuple | list) or len(chunk) not in (2, 3):
                raise TypeError(
                    f"{name} must be a tuple (X, y) or (X, y, sample_weight), got {shown(chunk)}. For a single chunk, "
                    "write fit_scaling([(X, y)])."
                )
            with naming(name):
                data = self._checked(*chunk)
            yield data

    def _checked(self, X, y, sample_weight=None):
        check_same_rows(X, y=y, sample_weight=sample_weight)
        y = as_numbers(y, "y", sequences=True)
        if self._spec is None:
            _, self._spec = check_new_rows(self._regressor, X)
        data, _ = check_training_set(self._regressor, X, y, sample_weight, self._spec)
        check_targets_suit(self._regressor, data)
        self._check_as_first(data)
        if sample_weight is not None:
            _check_size(data.weight[data.rows])
        return data

    def _check_as_first(self, data):
        """Raise ValueError if targets have another form than those of the first chunk."""
        first = vars(self).get("first", data)
        if (data.y_ndim, data.n_outputs) != (first.y_ndim, first.n_outputs):
            raise ValueError(
                f"y has {data.y_ndim} dimensions and {data.n_outputs} outputs, but that of chunks[0] has "
                f"{first.y_ndim} and {first.n_outputs}."
            )

    @property
    def form(self) -> dict[str, object]:
        """The attributes that say which input the regressor takes."""
        return input_form(vars(self._regressor) | {"_input_spec": self._spec})


def _check_size(weight):
    """Raise ValueError for weights whose squares could not be summed."""
    if len(weight) and not SMALLEST_WEIGHT <= weight.min() <= weight.max() <= LARGEST_WEIGHT:
        raise ValueError(
            f"sample_weight has values from {weight.min():.3g} to {weight.max():.3g}; in chunks, from "
            f"{SMALLEST_WEIGHT:g} to {LARGEST_WEIGHT:g} are accepted, and 0. Divide all by a constant."
        )
