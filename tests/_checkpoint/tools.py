"""Fits that are killed in the middle, and comparisons to the bit."""

import warnings

import pytest

import sklstm._checkpoint.files as files
from sklstm import Checkpoint, load_checkpoint
from sklstm._checkpoint.state_kinds import CODEC
from sklstm._estimator.training_record import saved_record

NOT_COMPARED = {"_state", "_input_spec", "_skl_callbacks", "_unfinished", "random_state"}


class Killed(BaseException):
    """Stands for the end of the process."""


def bits(network):
    """All that a fitted LSTMRegressor consists of: as JSON, and the bytes of its arrays."""
    others = {name: value for name, value in sorted(vars(network).items()) if name not in NOT_COMPARED}
    content, arrays = CODEC.encode([*saved_record(vars(network)), others])
    del _part(content, "Generator")["seed_sequence"]  # not kept by a copy in NumPy 1.26, nor used any more
    return content, {name: (array.dtype, array.shape, array.tobytes()) for name, array in arrays.items()}


def _part(content, name):
    """The part with this name, somewhere in JSON."""
    parts = list(content.items() if isinstance(content, dict) else enumerate(content))
    for key, part in parts:
        if key == name:
            return part
        found = _part(part, name) if isinstance(part, list | dict) else None
        if found is not None:
            return found
    return None


def write_then_die(monkeypatch, n_writes):
    """Let the process end right after it has written so many checkpoints; never for None. Return the list of writes."""
    done, write = [], files.write_archive

    def write_archive(*args):
        write(*args)
        done.append(args[0])
        if len(done) == n_writes:
            raise Killed

    monkeypatch.setattr(files, "write_archive", write_archive)
    return done


def killed_fit(estimator, path, n_writes, *args, method="fit", every=1, **kwargs):
    """Fit with checkpoints, and end after so many of them."""
    with pytest.MonkeyPatch.context() as monkeypatch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_then_die(monkeypatch, n_writes)
        estimator.set_callbacks(Checkpoint(path, every=every))
        with pytest.raises(Killed):
            getattr(estimator, method)(*args, **kwargs)


def resumed(path, *args, estimator=None, **kwargs):
    """Load and resume without warnings, such as that of few epochs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = load_checkpoint(path, estimator).resume(*args, **kwargs)
    assert "_unfinished" not in vars(found)
    return found
