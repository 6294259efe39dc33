"""`Checkpoint`, a callback of scikit-learn that writes checkpoints during a fit."""

import os
from pathlib import Path

from sklearn import __version__ as sklearn_version

from sklstm._checkpoint.estimators import spec_of
from sklstm._checkpoint.files import CheckpointContent
from sklstm._checkpoint.state_kinds import CODEC
from sklstm._estimator.regressor import LSTMRegressor
from sklstm._forecasting.forecaster import Forecaster
from sklstm._utils.argument_checks import is_whole_number, shown
from sklstm._utils.atomic_write import check_can_be_replaced, checked_path
from sklstm._utils.callbacks import CallbackSupportMixin
from sklstm._utils.public import public
from sklstm._utils.training_log import current_log

_WRITERS: dict[str, "_Writer"] = {}  # of the fits of this process, by file


@public
class Checkpoint:
    """Write checkpoints during `fit`, so that a fit that was killed can be resumed.

    Set it on an `LSTMRegressor` or a `Forecaster`. After a crash, `load_checkpoint(path)` returns the estimator, and
    its `resume`, with the same data, finishes the fit. The result has the same bits as that of a fit that was never
    killed.

    Parameters
    ----------
    path : str or pathlib.Path
        The file. Its folder must exist. A file that is there is replaced.
    every : int, default=10
        Write after so many epochs of each network, and when its training ends. A checkpoint takes a few milliseconds,
        most of them until the disk has it. Choose 1 if an epoch takes seconds, and more if it takes a few milliseconds.

    Raises
    ------
    TypeError, ValueError
        If `path` is not the name of a file, or `every` is not a whole number of at least 1.
    ImportError
        With scikit-learn before 1.9, which has no callbacks. Use `save_checkpoint` in a loop over `partial_fit` there.

    See Also
    --------
    load_checkpoint : Read the file.
    save_checkpoint : Save a fitted LSTMRegressor.

    Notes
    -----
    The file contains arrays and JSON only, never a pickle. It is written to another file first, which then replaces the
    older one, so that a crash never loses both. If it cannot be written (a full disk), `fit` raises OSError; the
    older file and the estimator stay as they were.

    The file has the parameters of the estimator, checksums (SHA-256) of the data, and of each network its weights, its
    optimiser, random generator and history: about five times the memory of the weights. With "lbfgs", it also has the
    gradient of every evaluation of the loss: 30 000 weights in float64 and 200 iterations need about 50 MB.

    In a Forecaster, all networks that `fit` trains are recorded, also inside of a Pipeline or a MultiOutputRegressor.
    Networks that are trained in other threads or processes (`n_jobs`) are trained again by `resume`, with the same
    result. With `random_state=None`, the generator of a network in training is in the file; other estimators need a
    fixed `random_state` to be resumed.

    A Checkpoint follows one fit. Inside of a search or `backtest`, which fit many times, it raises an error. Of copies
    that `cross_val_score` fits one after the other, each begins a new file under the same name.

    Examples
    --------
    >>> import pytest, tempfile
    >>> callbacks = pytest.importorskip("sklearn.callback")
    >>> from pathlib import Path
    >>> from sklstm import Checkpoint, LSTMRegressor, load_checkpoint
    >>> import numpy as np
    >>> from sklstm import make_windows
    >>> X, y = make_windows(np.sin(np.arange(300) / 5), window_length=20)
    >>> path = Path(tempfile.mkdtemp()) / "fit.npz"
    >>> model = LSTMRegressor(learning_rate="cosine", max_iter=30, random_state=0)
    >>> model = model.set_callbacks(Checkpoint(path, every=5)).fit(X, y)

    If this process had been killed, another one would continue:

    >>> loaded = load_checkpoint(path).resume(X, y)
    >>> loaded.n_iter_, bool((loaded.theta_ == model.theta_).all())
    (30, True)
    """

    def __init__(self, path, *, every=10):
        if not hasattr(CallbackSupportMixin, "set_callbacks"):
            raise ImportError(
                f"Checkpoint is a callback, which scikit-learn has from 1.9 on; this is {sklearn_version}. Call "
                "save_checkpoint(estimator, path) in a loop over partial_fit."
            )
        checked_path(path)
        if not is_whole_number(every):
            raise TypeError(f"every must be a whole number of epochs, got {shown(every)}.")
        if every < 1:
            raise ValueError(f"every must be at least 1, got {shown(every)}.")
        self.path, self.every = path, int(every)

    def __repr__(self):
        return f"Checkpoint({os.fspath(self.path)!r}, every={self.every})"

    @property
    def max_propagation_depth(self):
        """How deep scikit-learn hands the callback on: not at all, as the estimator reports all of its networks."""
        return 0

    def setup(self, estimator, context):
        """Begin to follow a fit; scikit-learn calls it.

        Parameters
        ----------
        estimator : LSTMRegressor or Forecaster
            The estimator that is fitted.
        context : CallbackContext
            The task of its fit.

        Raises
        ------
        TypeError
            If the estimator is no LSTMRegressor or Forecaster.
        ValueError
            If another fit writes the same file, or if many fits would.
        OSError
            If the folder does not exist or may not be written, or the path is a folder.
        """
        name = type(estimator).__name__
        if not isinstance(estimator, LSTMRegressor | Forecaster):
            raise TypeError(
                f"{self!r} is for an LSTMRegressor or a Forecaster, got {name}. Set it on one of them, which is not "
                "inside of a search or another estimator."
            )
        log = current_log()
        if context.parent is not None or log is None or log.owner is not estimator:
            raise ValueError(
                f"{self!r} follows one fit, but this {name} is fitted inside of another estimator or of backtest. Set "
                "it on the estimator that you fit yourself, an LSTMRegressor or a Forecaster."
            )
        if log.writer is not None:
            raise ValueError(f"{name} has two Checkpoints. Choose one of them.")
        folder = Path(os.path.abspath(self.path)).parent
        if not folder.is_dir():
            raise FileNotFoundError(f"{self!r} cannot be written: there is no folder {str(folder)!r}. Make it first.")
        if Path(self.path).is_dir():
            raise IsADirectoryError(f"{self!r} cannot be written: its path is a folder. Name a file in it.")
        check_can_be_replaced(os.fspath(self.path))
        log.writer = _Writer(self, estimator)

    def teardown(self, estimator, context):
        """Do nothing: what `setup` began ends with the log of the fit."""

    def on_fit_task_begin(self, estimator, context):
        """Do nothing: the estimator reports its networks itself."""

    def on_fit_task_end(self, estimator, context):
        """Do nothing: the estimator reports its networks itself."""


class _Writer:
    """Writes the checkpoints of one fit."""

    def __init__(self, checkpoint, estimator):
        self._checkpoint, self._spec = checkpoint, spec_of(estimator)  # a generator is kept in its state now
        self._spec = CODEC.decode(*CODEC.encode(self._spec))
        self._path = os.path.abspath(checkpoint.path)  # the process may go to another folder during the fit
        self._key = os.path.realpath(checkpoint.path)
        if _WRITERS.setdefault(self._key, self) is not self:  # without a lock, which a forked process could inherit
            raise ValueError(f"Another fit is writing {self._key!r}. Choose a file for each fit.")

    def close(self):
        _WRITERS.pop(self._key, None)

    def is_due(self, n_epochs):
        return n_epochs % self._checkpoint.every == 0

    def check(self, training):
        try:
            CODEC.encode(training)
        except TypeError as error:
            raise TypeError(
                f"{self._checkpoint!r} cannot be written: {error}. Leave the Checkpoint out, or fit without this."
            ) from error

    def write(self, trainings, inputs):
        CheckpointContent(self._spec, inputs, list(trainings)).write(self._path)
