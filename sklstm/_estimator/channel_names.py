"""Names of the channels for messages, as the user knows them.

An LSTMRegressor may be deep inside a pipeline when a Forecaster fits it, and only the forecaster knows the names.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class ChannelNames:
    """The names of the channels of X.

    Parameters
    ----------
    names : list of str
        As messages show them.
    n_targets : int
        Number of target channels, which are the first ones; 0 if the channels have no names but numbers.
    """

    names: list[str]
    n_targets: int

    def advice(self, channel, setting):
        """Return what to do about a channel that is often missing. A single target cannot be left out."""
        if self.n_targets == 0:
            return f"Set {setting}, impute it, or leave it out."
        return f"Set {setting} in the LSTMRegressor" + (
            ", or impute it." if channel < self.n_targets == 1 else ", impute it, or leave it out."
        )


_NAMES: ContextVar[ChannelNames | None] = ContextVar("channel_names", default=None)


@contextmanager
def use_channel_names(channel_names) -> Iterator[None]:
    """Use these names in messages while the block runs."""
    token = _NAMES.set(channel_names)
    try:
        yield
    finally:
        _NAMES.reset(token)


def names_in_use():
    """Return the ChannelNames in use, to be used in another thread or process as well; None if there are none."""
    return _NAMES.get()


def channel_names(n_channels):
    """Return the names in use. If there are none for this number of channels, number the channels."""
    names = _NAMES.get()
    if names is None or len(names.names) != n_channels:
        return ChannelNames([f"channel {channel} of X" for channel in range(n_channels)], 0)
    return names


def are_given():
    """Whether a Forecaster, which cuts the windows itself, has given names."""
    return _NAMES.get() is not None
