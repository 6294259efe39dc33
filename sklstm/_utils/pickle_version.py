"""Estimators whose pickles hold plain data, and the version of this package."""

from copy import deepcopy

from sklstm._utils.attributes import snapshot
from sklstm._utils.user_warning import warn_user
from sklstm._version import __version__

VERSION = "_sklstm_version"


class SavedMixin:
    """Mixin of estimators that are pickled as plain data, see `saved_state.py`.

    It warns if another version unpickles, as scikit-learn warns for its own estimators only. A subclass has a method
    `_state_codec`, which returns the StateCodec of its attributes.
    """

    def __getstate__(self):
        return {**self._state_codec().written(super().__getstate__()), VERSION: __version__}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop(VERSION, None)
        if version != __version__:
            warn_user(
                f"This estimator was pickled with sklstm {version} and is unpickled with {__version__}. It may "
                "fail or give other results. Fit it again."
            )
        super().__setstate__(self._state_codec().read(state))

    def __copy__(self):
        return snapshot(self)

    def __deepcopy__(self, memo):
        """Copy the attributes as they are, which takes less time than to write them as plain data and read these."""
        copied = object.__new__(type(self))
        memo[id(self)] = copied
        if type(self).__getstate__ is SavedMixin.__getstate__:
            copied.__dict__ = deepcopy(vars(self), memo)
        else:  # a user's subclass, which leaves something out
            copied.__setstate__(deepcopy(self.__getstate__(), memo))
        return copied
