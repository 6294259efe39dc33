"""Checkpoint files: what they contain, `save_checkpoint` and `load_checkpoint`."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, clone

from sklstm._checkpoint.estimators import EstimatorSpec, Opaque, made, opaque_parameters, spec_of
from sklstm._checkpoint.state_kinds import CODEC, check_record
from sklstm._estimator.regressor import LSTMRegressor
from sklstm._estimator.settings import check_settings
from sklstm._estimator.training_record import SAVED, TrainingRecord, check_same_settings, saved_record
from sklstm._forecasting.forecaster import Forecaster
from sklstm._utils.archive import read_archive, write_archive
from sklstm._utils.argument_checks import shown
from sklstm._utils.checks import check_fitted
from sklstm._utils.plain_state import is_text
from sklstm._utils.public import public
from sklstm._utils.training_log import Unfinished, is_interrupted, leave_unfinished
from sklstm._utils.user_warning import warn_user
from sklstm._version import __version__

FORMAT = 1  # number of the format; a later one cannot be read
KEYS = {"format", "version", "content"}


@dataclass(frozen=True)
class CheckpointContent:
    """What a checkpoint contains.

    Parameters
    ----------
    estimator : EstimatorSpec or Opaque
        The estimator whose fit it is, with its parameters when the fit began.
    inputs : dict of str or None
        Checksums of the tables given to a fit that trains several networks.
    trainings : list of TrainingRecord
        Of each network, in order; only the last may not have ended.
    theta : ndarray or None
        The weights of a saved model, if the user has changed them.
    """

    estimator: EstimatorSpec | Opaque
    inputs: dict[str, str] | None
    trainings: list[TrainingRecord]
    theta: np.ndarray | None = None

    def write(self, path):
        """Write the file, in place of an older one."""
        content, arrays = CODEC.encode(vars(self))
        write_archive(path, {"format": FORMAT, "version": __version__, "content": content}, arrays)


@public
def save_checkpoint(estimator, path):
    """Save a fitted `LSTMRegressor`, for a loop over `partial_fit` that may be killed.

    The file contains numbers and text only (arrays and JSON, no pickle). It replaces an older one when it is complete,
    so that a crash while it is written does no harm. A model that is loaded from it predicts and continues training
    exactly as the saved one.

    Parameters
    ----------
    estimator : LSTMRegressor
        A fitted regressor.
    path : str or pathlib.Path
        The file. Its folder must exist.

    Raises
    ------
    TypeError
        If `estimator` is something else. `Checkpoint` writes checkpoints of a Forecaster, during its fit.
    NotFittedError
        If it is not fitted.
    ValueError
        If its parameters were changed to values that are not valid, or if it was loaded in the middle of a fit: what
        `resume` needs would be lost. Resume it first.
    OSError
        If the file cannot be written, for example because the disk is full. An older file stays as it was.

    See Also
    --------
    load_checkpoint : Read the file.
    Checkpoint : Write checkpoints during `fit`; needs scikit-learn 1.9.

    Examples
    --------
    Training for 20 epochs that may be killed, and started again, at any time:

    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklstm import LSTMRegressor, load_checkpoint, save_checkpoint
    >>> import numpy as np
    >>> from sklstm import make_windows
    >>> X, y = make_windows(np.sin(np.arange(300) / 5), window_length=20)
    >>> path = Path(tempfile.mkdtemp()) / "model.npz"
    >>> model = load_checkpoint(path) if path.exists() else LSTMRegressor(random_state=0)
    >>> for epoch in range(getattr(model, "n_iter_", 0), 20):
    ...     model = model.partial_fit(X, y)
    ...     save_checkpoint(model, path)
    >>> load_checkpoint(path).n_iter_
    20
    """
    if not isinstance(estimator, LSTMRegressor):
        raise TypeError(
            f"save_checkpoint saves an LSTMRegressor, got {type(estimator).__name__}. Checkpoint(path) writes "
            "checkpoints during the fit of a Forecaster; pickle saves any fitted estimator."
        )
    check_fitted(estimator, "theta_")
    if is_interrupted(estimator):
        raise ValueError(
            "The fit of this LSTMRegressor was interrupted, and a file saved now could not be resumed. Call "
            "resume(X, y) first, or copy the file that it was loaded from."
        )
    estimator._validate_params()
    record, theta = saved_record(vars(estimator).copy())
    CheckpointContent(spec_of(estimator), None, [record], theta).write(path)


@public
def load_checkpoint(path, estimator=None):
    """Load the estimator from a file that `Checkpoint` or `save_checkpoint` has written.

    An `LSTMRegressor` is fitted: it predicts with the weights that an interrupted fit keeps. Its `resume` finishes the
    fit. A `Forecaster` is not fitted before its `resume`, which takes over the networks that were trained.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.
    estimator : LSTMRegressor or Forecaster, default=None
        An estimator with the parameters of the fit, needed if a parameter is an object that a file cannot hold: a
        function (as in a FunctionTransformer), an estimator of another library, or a folder of pickles (`memory`). It
        is cloned, and all other parameters are compared.

    Returns
    -------
    estimator : LSTMRegressor or Forecaster
        With the parameters of the fit.

    Raises
    ------
    ValueError
        If the file is not a checkpoint, is truncated or altered, was written by a newer version, or if `estimator` is
        needed or has other parameters.
    OSError
        If the file cannot be read.

    Warns
    -----
    UserWarning
        If another version of sklstm wrote the file.

    See Also
    --------
    Checkpoint : Write checkpoints during `fit`.
    save_checkpoint : Save a fitted LSTMRegressor.

    Notes
    -----
    A file is data only: it is never executed, and no module is imported by a name in it. Estimators are made if sklstm
    or scikit-learn has them. All sizes are checked before memory is taken.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklstm import LSTMRegressor, load_checkpoint, save_checkpoint
    >>> import numpy as np
    >>> from sklstm import make_windows
    >>> X, y = make_windows(np.sin(np.arange(300) / 5), window_length=20)
    >>> model = LSTMRegressor(learning_rate="cosine", max_iter=5, random_state=0).fit(X, y)
    >>> path = Path(tempfile.mkdtemp()) / "model.npz"
    >>> save_checkpoint(model, path)
    >>> bool((load_checkpoint(path).predict(X) == model.predict(X)).all())
    True
    """
    parts, arrays = read_archive(path)
    try:
        content, version = _read(parts, arrays)
        loaded = make_estimator(content, estimator)
    except ValueError as error:
        raise ValueError(f"{path} cannot be loaded: {error}") from error
    warn_of_other_version(version)
    return loaded


def warn_of_other_version(version):
    """Warn if another version of sklstm wrote a file."""
    if version != __version__:
        warn_user(
            f"This file was written with sklstm {version} and is read with {__version__}. It may fail or give other "
            "results. Fit again."
        )


def _read(parts, arrays):
    """Check what a file holds; return its CheckpointContent and the version that wrote it."""
    if parts.keys() != KEYS or not is_text(parts["version"]):
        raise ValueError("it is no checkpoint of sklstm")
    if parts["format"] != FORMAT:
        raise ValueError(
            f"its format is {shown(parts['format'])}, but sklstm {__version__} reads format {FORMAT}. It was "
            f"written with sklstm {shown(parts['version'])}; install that"
        )
    return checked_content(CODEC.decode(parts["content"], arrays)), parts["version"]


def checked_content(content):
    """Check what was read; return it as CheckpointContent."""
    names = CheckpointContent.__dataclass_fields__.keys()
    if not isinstance(content, dict) or content.keys() != names:
        raise ValueError(f"it does not have the parts {sorted(names)}")
    content = CheckpointContent(**content)
    records = content.trainings
    if not isinstance(content.estimator, EstimatorSpec | Opaque) or not isinstance(records, list) or not records:
        raise ValueError("it has no estimator, or no training")
    for record in records:
        if not isinstance(record, TrainingRecord) or not _are_checksums(record.checksums):
            raise ValueError("one of its trainings is none")
        check_record(record)
    if not (content.inputs is None or _are_checksums(content.inputs)):
        raise ValueError("its checksums are none")
    theta = content.theta
    is_vector = isinstance(theta, np.ndarray) and theta.shape == records[0].state.theta.shape
    if theta is not None and not (is_vector and theta.dtype == records[0].state.theta.dtype):
        raise ValueError("its weights have another shape or precision than its training")
    return content


def _are_checksums(value):
    return isinstance(value, dict) and all(is_text(part) for pair in value.items() for part in pair)


def make_estimator(content, given=None):
    """Make the estimator of a CheckpointContent, or take the given one."""
    estimator = made(content.estimator) if given is None and not _opaque(content) else _checked_given(content, given)
    if not isinstance(estimator, LSTMRegressor | Forecaster):
        raise ValueError(f"it holds a {type(estimator).__name__}, which has no checkpoints")
    estimator._validate_params()
    is_network = isinstance(estimator, LSTMRegressor)
    if is_network != (content.inputs is None) or (is_network and len(content.trainings) != 1):
        raise ValueError(f"its trainings are not those of a fit of a {type(estimator).__name__}")
    if is_network:
        (record,) = content.trainings
        if record.ending != SAVED:  # of a saved model, the user may have changed parameters since its fit
            check_same_settings(check_settings(estimator), record.state.settings)
        vars(estimator).update(record.attributes())
        if content.theta is not None:
            vars(estimator)["theta_"] = content.theta
    if content.trainings[0].ending != SAVED:
        unfinished = Unfinished(estimator.get_params(), content.inputs, tuple(content.trainings))
        leave_unfinished(estimator, unfinished)
    return estimator


def _opaque(content):
    return opaque_parameters(content.estimator)


def _checked_given(content, given):
    """Return a clone of the given estimator; ValueError if it is not like the one that was fitted."""
    if given is None:
        raise ValueError(
            f"a file cannot hold {', '.join(_opaque(content))}. Give an estimator with the parameters of the fit: "
            "load_checkpoint(path, estimator=...)"
        )
    is_estimator = isinstance(given, BaseEstimator)
    differing = _differing(spec_of(given), content.estimator) if is_estimator else ["another class"]
    if differing:
        raise ValueError(
            f"estimator has other parameters than the fit had: {', '.join(differing)}. The fit had "
            f"{_said(content.estimator)}, got {shown(given)}"
        )
    return clone(given)


def _differing(found, expected):
    """Return what differs between two estimators as they are written: names of parameters, or the class."""
    if type(found) is not type(expected) or found.name != expected.name:
        return ["another class"]
    own, others = (getattr(spec, "parameters", {}) for spec in (found, expected))
    common = own.keys() & others.keys()
    return [name for name in {**others, **own} if name not in common or not _is_same(own[name], others[name])]


def _is_same(one, other):
    (content, arrays), (other_content, others) = map(CODEC.encode, (one, other))
    return content == other_content and all(np.array_equal(arrays[name], others[name]) for name in arrays)


def _said(spec):
    """Return the parameters of an EstimatorSpec, or of an Opaque, which has none, as a call."""
    parameters = getattr(spec, "parameters", {})
    return f"{spec.name}({', '.join(f'{name}={shown(value)}' for name, value in parameters.items()):.1000})"
