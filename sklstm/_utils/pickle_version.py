"""Estimators whose pickles contain the version of this package."""

from sklstm._utils.user_warning import warn_user
from sklstm._version import __version__


class VersionedMixin:
    """Mixin that warns if another version unpickles. scikit-learn warns for its own estimators only."""

    def __getstate__(self):
        return {**super().__getstate__(), "_sklstm_version": __version__}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_sklstm_version", None)
        if version != __version__:
            warn_user(
                f"This estimator was pickled with sklstm {version} and is unpickled with {__version__}. It may "
                "fail or give other results. Fit it again."
            )
        super().__setstate__(state)
