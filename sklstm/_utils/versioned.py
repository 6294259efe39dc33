"""Estimators that write down which version of the package pickled them."""

from sklstm._utils.user_warning import warn_user
from sklstm._version import __version__


class VersionedMixin:
    """Warns where another version unpickles; scikit-learn looks after its own estimators only."""

    def __getstate__(self):
        return {**super().__getstate__(), "_sklstm_version": __version__}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_sklstm_version", None)
        if version != __version__:
            warn_user(
                f"This estimator was pickled with sklstm {version}, and this is {__version__}: it may not work as it "
                "did."
            )
        super().__setstate__(state)
