import warnings

import numpy as np
import pytest
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import r2_score

from sklstm._estimator.scores import n_scored, r2

NAN = np.nan
RNG = np.random.default_rng(0)
TRUE, PREDICTED, WEIGHT = RNG.normal(size=(20, 3)), RNG.normal(size=(20, 3)), RNG.uniform(0.5, 2, 20)
HAS = RNG.random((20, 3)) < 0.6


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_without_missing_targets_it_is_scikit_learns(weight):
    for y, p in ((TRUE, PREDICTED), (TRUE[:, 0], PREDICTED[:, 0]), (np.arange(20), PREDICTED[:, 0])):
        assert r2(y, p, weight) == pytest.approx(r2_score(y, p, sample_weight=weight), rel=1e-13)


@pytest.mark.parametrize("weighted", [False, True])
def test_each_output_is_scored_by_its_present_targets(weighted):
    weight = WEIGHT if weighted else None
    y = np.where(HAS, TRUE, NAN)
    expected = [
        r2_score(TRUE[has, k], PREDICTED[has, k], sample_weight=weight[has] if weighted else None)
        for k, has in enumerate(HAS.T)
    ]
    assert r2(y, PREDICTED, weight) == pytest.approx(np.mean(expected), rel=1e-13)


def test_a_target_of_weight_zero_is_as_good_as_missing():
    weight = np.where(HAS[:, 0], WEIGHT, 0)
    y = TRUE.copy()
    y[5, 1], y[:, 2] = NAN, np.where(HAS[:, 0], NAN, TRUE[:, 2])  # the last output has no weight at all
    kept = HAS[:, 0]
    assert r2(y, PREDICTED, weight) == pytest.approx(r2(y[kept, :2], PREDICTED[kept, :2], weight[kept]), rel=1e-13)


def test_an_output_with_fewer_than_two_targets_does_not_count():
    y = TRUE.copy()
    y[:, 1], y[1:, 2] = NAN, NAN
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert r2(y, PREDICTED) == pytest.approx(r2_score(TRUE[:, 0], PREDICTED[:, 0]), rel=1e-13)
    assert n_scored(y) == 20


def test_if_no_output_has_two_targets_there_is_no_score_and_a_warning():
    y = np.array([[1.0, NAN, NAN], [NAN, 2.0, NAN]])
    assert n_scored(y) == 1
    assert n_scored(np.arange(4.0)) == 4
    with pytest.warns(UndefinedMetricWarning, match="less than two samples"):
        assert np.isnan(r2(y, np.zeros((2, 3))))


def test_targets_and_predictions_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"y has shape \(20, 3\), but the predictions have shape \(20, 2\)"):
        r2(np.where(HAS, TRUE, NAN), PREDICTED[:, :2])
