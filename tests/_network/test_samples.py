from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from sklstm._network.samples import Samples


def test_samples_stay_views_of_what_was_given():
    X, y = np.lib.stride_tricks.sliding_window_view(np.arange(9.0), 3)[..., np.newaxis], np.ones((7, 1))
    samples = Samples(X, y, np.ones(7), np.arange(2, 7))
    assert np.shares_memory(samples.X, X)
    with pytest.raises(FrozenInstanceError):
        samples.rows = np.arange(7)
