import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import WindowTransformer
from tests._estimator.tools import FRAME, TABLE, by_hand


@pytest.mark.parametrize("lead", [0, 1, 3])
@pytest.mark.parametrize("window_length", [1, 4, 15])
@pytest.mark.parametrize("n_train", [1, 5, 8])
def test_a_frame_that_follows_reaches_back_into_the_training_rows(window_length, lead, n_train):
    frame = FRAME.asfreq("D")
    transformer = WindowTransformer(window_length, lead=lead).fit(frame[:n_train])
    expected = by_hand(TABLE[n_train:], TABLE[:n_train], window_length, lead)
    np.testing.assert_array_equal(transformer.transform(frame[n_train:]), expected)
    np.testing.assert_array_equal(
        transformer.transform(frame[:n_train]), by_hand(TABLE[:n_train], TABLE[:0], window_length, lead)
    )


def test_what_does_not_follow_is_cold():
    transformer = WindowTransformer(3).fit(FRAME[:6])
    cold = by_hand(TABLE[6:], TABLE[:0], 3, 1)
    np.testing.assert_array_equal(
        transformer.transform(FRAME[6:].rename_axis(None)), by_hand(TABLE[6:], TABLE[:6], 3, 1)
    )
    with pytest.warns(UserWarning, match="feature names"), pytest.warns(UserWarning, match="X has no index of time"):
        np.testing.assert_array_equal(transformer.transform(TABLE[6:]), cold)
    with pytest.warns(UserWarning, match=r"begins at 2024-01-04.*ends at 2024-01-06.*not those of fit"):
        np.testing.assert_array_equal(transformer.transform(FRAME[3:]), by_hand(TABLE[3:], TABLE[:0], 3, 1))
    with pytest.warns(UserWarning, match=r"begins at 2024-01-08.*2024-01-06.*2024-01-07"):
        np.testing.assert_array_equal(transformer.transform(FRAME[7:]), by_hand(TABLE[7:], TABLE[:0], 3, 1))


def test_rows_without_times_that_repeat_the_first_ones_are_others():
    """Zeros at the beginning of a night, or of a series of rare sales."""
    rare = np.zeros((50, 1))
    rare[30] = 5
    transformer = WindowTransformer(3).fit(rare[:40])
    with pytest.warns(UserWarning, match="no history"):
        transformer.transform(rare[40:])
    shifted = pd.DataFrame(TABLE[:6]) * 2
    with pytest.warns(UserWarning, match="counts from 0 again"):
        WindowTransformer(3).fit(pd.DataFrame(TABLE)).transform(shifted)


def test_windows_that_reach_back_to_nothing_need_no_history():
    WindowTransformer(1, lead=0).fit(TABLE[:6]).transform(TABLE[6:])


def test_the_training_rows_in_front_give_arrays_their_history():
    """What the warning advises for arrays."""
    transformer = WindowTransformer(3).fit(TABLE[:6])
    windows = transformer.transform(np.concatenate((TABLE[:6], TABLE[6:])))[-4:]
    np.testing.assert_array_equal(windows, by_hand(TABLE[6:], TABLE[:6], 3, 1))


def test_the_beginning_of_the_training_rows_needs_no_history():
    WindowTransformer(3).fit(FRAME.reset_index(drop=True)).transform(FRAME.reset_index(drop=True)[:2])


def test_predicting_the_training_rows_needs_no_history_whatever_rounds_before():
    model = make_pipeline(StandardScaler(), PCA(), WindowTransformer(3, flatten=True)).fit(FRAME)
    assert model.transform(FRAME).shape == (10, 6)
