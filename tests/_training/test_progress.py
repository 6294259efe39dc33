import pickle
from dataclasses import replace
from functools import partial
from itertools import count

import numpy as np
import pytest

from sklstm._training import progress as _progress
from sklstm._training.progress import Progress
from tests.tools import changeable_dataclasses, interrupted


def recorded(*losses, progress=None, validation=None):
    progress = Progress() if progress is None else progress
    for loss in losses:
        progress.record(np.array([loss]), loss, validation, 0.0)
    return progress


def test_a_copy_of_the_history_goes_on_by_itself():
    first = recorded(3.0, 2.0)
    second, third = replace(first), replace(first)
    recorded(1.0, progress=second)
    recorded(5.0, 4.0, progress=third, validation=(7.0, 0.5))
    recorded(0.5, progress=second)
    fourth = recorded(6.0, progress=replace(third))
    recorded(2.0, progress=third, validation=(8.0, 0.1))
    assert first.loss_curve == [3.0, 2.0]
    assert second.loss_curve == [3.0, 2.0, 1.0, 0.5]
    assert third.loss_curve == [3.0, 2.0, 5.0, 4.0, 2.0]
    np.testing.assert_array_equal(third.validation_loss_curve, [np.nan, np.nan, 7.0, 7.0, 8.0])
    np.testing.assert_array_equal(third.validation_scores, [np.nan, np.nan, 0.5, 0.5, 0.1])
    np.testing.assert_array_equal(fourth.validation_scores, [np.nan, np.nan, 0.5, 0.5, np.nan])
    np.testing.assert_array_equal(second.validation_scores, [np.nan] * 4)
    assert [part.smallest_loss for part in (first, second, third)] == [2.0, 0.5, 2.0]
    assert second.losses is first.losses  # the first continuation does not copy


def test_a_pickle_has_the_values_that_belong_to_the_object():
    """Also if a fit that continued it has failed since."""
    for validation in (None, (7.0, 0.5)):
        first = recorded(3.0, 2.0, validation=validation)
        before = pickle.dumps(first)
        recorded(1.0, progress=replace(first), validation=validation)
        assert pickle.dumps(first) == before
        assert pickle.loads(before).loss_curve == [3.0, 2.0]
        assert pickle.loads(before).validation_scores == first.validation_scores or validation is None


@pytest.mark.parametrize("validation", [None, (7.0, 0.5)], ids=["training", "validation"])
def test_ctrl_c_inside_of_a_record_leaves_the_epoch_before(validation):
    codes = {function.__code__ for function in (Progress.record, _progress._with_value)}
    for number in count(1):
        progress = recorded(3.0, 2.0, validation=validation)
        before = repr(progress.loss_curve), repr(progress.validation_scores), progress.best_epoch, progress.n_stale
        record = partial(recorded, 1.0, progress=progress, validation=validation)
        came = interrupted(number, record, codes.__contains__)
        if not came:
            break
        curves = progress.loss_curve, progress.validation_loss_curve, progress.validation_scores
        assert [len(curve) for curve in curves] == [progress.n_epochs] * 3
        assert before == (
            repr(progress.loss_curve),
            repr(progress.validation_scores),
            progress.best_epoch,
            progress.n_stale,
        )
        recorded(1.5, progress=progress)
        assert progress.loss_curve == [3.0, 2.0, 1.5]
    assert number > 10
    assert progress.loss_curve == [3.0, 2.0, 1.0]


def test_a_period_begins_again_when_it_is_over_or_always():
    progress = Progress(n_epochs=5, period_start=3)
    progress.begin_period(always=False, length=3)
    assert progress.period_start == 3
    progress.begin_period(always=False, length=2)
    assert progress.period_start == 5
    progress.n_epochs = 6
    progress.begin_period(always=True, length=100)
    assert progress.period_start == 6


def best(progress):
    return progress.best_loss, progress.best_epoch, progress.best_theta, progress.n_stale


def test_the_best_epoch_is_that_of_the_smallest_watched_loss():
    assert best(Progress()) == (np.inf, 0, None, 0)
    progress = recorded(3.0, 2.0, 2.5, 2.5)
    assert best(progress) == (2.0, 2, np.array([2.0]), 2)
    recorded(9.0, progress=progress, validation=(1.0, 0.5))
    assert best(progress) == (1.0, 5, np.array([9.0]), 0)
    assert progress.best_score == 0.5


@pytest.mark.parametrize("same_rows", [False, True])
def test_the_best_is_forgotten_where_losses_cannot_be_compared(same_rows):
    progress = recorded(3.0, 2.0, 2.5)
    progress.watch(None, same_rows)
    assert best(progress) == ((2.0, 2, np.array([2.0]), 1) if same_rows else (np.inf, 0, None, 0))
    progress = recorded(3.0, 2.0, 2.5)
    progress.watch(lambda theta: pytest.fail("nothing to measure"), same_rows)
    assert best(progress) == (np.inf, 0, None, 0)
    assert np.isnan(progress.best_score)
    assert progress.watches_validation


def test_the_best_so_far_is_measured_again_on_new_validation_samples():
    progress = Progress()
    progress.watch(lambda theta: pytest.fail("nothing to measure"), same_rows=False)
    recorded(3.0, progress=progress, validation=(7.0, 0.5))
    recorded(2.0, 2.5, progress=progress, validation=(8.0, 0.5))
    progress.watch(lambda theta: (7.0, 0.6), same_rows=False)
    assert (progress.best_loss, progress.best_score, progress.best_epoch, progress.n_stale) == (7.0, 0.6, 1, 2)
    progress.watch(lambda theta: (theta.item() + 1, 0.7), same_rows=False)
    assert (progress.best_loss, progress.best_score, progress.best_epoch, progress.n_stale) == (4.0, 0.7, 1, 0)
    progress.watch(None, same_rows=True)
    assert best(progress) == (np.inf, 0, None, 0)


def test_only_the_history_of_training_changes():
    assert changeable_dataclasses("_training") == ["Evaluations", "Progress"]
