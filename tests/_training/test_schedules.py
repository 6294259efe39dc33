"""Every schedule compared with an independent one."""

import pytest
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

from sklstm._training.schedules import Schedule

KINDS = ["constant", "invscaling", "adaptive", "cosine"]


@pytest.mark.parametrize("kind", ["constant", "invscaling", "adaptive"])
@pytest.mark.parametrize(("initial", "power"), [(0.1, 0.5), (2e-3, 0.3), (5e-6, 1.0), (1e-6, 0.5), (3e-7, 0.5)])
def test_equals_scikit_learns_until_it_ends_training(kind, initial, power):
    """The rate is cut repeatedly, after some updates each time; scikit-learn ends training at 1e-6."""
    ours, theirs = Schedule(kind, initial, power), SGDOptimizer([], initial, kind, power_t=power)
    n_cuts, ended = 0, False
    while not ended:
        for n_updates in range(200 * n_cuts, 200 * n_cuts + 200, 7):
            theirs.iteration_ends(n_updates)
            rate = ours.rate(n_updates, (n_updates % 200) / 200, n_cuts)
            assert rate == pytest.approx(theirs.learning_rate, rel=1e-12, abs=0)
        ended = theirs.trigger_stopping("", verbose=False)
        assert ours.can_cut(n_cuts) != ended
        n_cuts += 1


@pytest.mark.parametrize("n_updates", [1, 2, 75])
def test_cosine_equals_pytorchs(n_updates):
    """Until the end of the period, where both are 0."""
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=n_updates)
    ours = Schedule("cosine", 0.3, 0.5)
    for n_done in range(n_updates + 1):
        rate = ours.rate(n_done, n_done / n_updates, 0)
        assert rate == pytest.approx(theirs.get_last_lr()[0], rel=1e-9, abs=1e-12)
        optimizer.step()
        theirs.step()


@pytest.mark.parametrize("kind", KINDS)
def test_begins_at_the_initial_rate(kind):
    assert Schedule(kind, 0.3, 0.5).rate(0, 0.0, 0) == 0.3


def test_cosine_still_moves_in_the_last_update_and_is_never_cut():
    """In the last of ten million updates the rate is (pi / 2 · 1e-7)² to leading order."""
    schedule = Schedule("cosine", 1.0, 0.5)
    assert schedule.rate(0, 1 - 1e-7, 0) == pytest.approx(2.467e-14, rel=0.01, abs=0)
    assert not schedule.can_cut(0)
