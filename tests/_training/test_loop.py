import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from sklstm import LSTMRegressor, make_windows
from sklstm._training.loop import CONVERGED, EXHAUSTED, INTERRUPTED, OUT_OF_UPDATES, Monitor, Trainer, keeps_weights
from sklstm._training.optimizers import SGD
from sklstm._training.progress import Progress
from sklstm._training.schedules import Schedule
from sklstm._utils.interrupts import raises_interrupts
from sklstm.datasets import make_pattern
from tests import reference
from tests._training.tools import interrupted, monitoring, quadratic, underflowing
from tests.tools import named


def run(objective, max_iter, progress=None, theta=None, rate=0.1, **settings):
    trainer = {"clip_value": None, "clip_norm": None, "shuffle": True, "batch_size": 4, "period": max_iter}
    trainer["schedule"] = Schedule(settings.pop("kind", "constant"), rate, 0.5)
    progress = Progress() if progress is None else progress
    progress.watch(settings.get("validate"), same_rows=True)
    theta = np.zeros(2) if theta is None else theta
    monitor, seen = monitoring(settings)
    trainer = Trainer(max_iter, **{**trainer, **settings})
    ending = trainer.run(theta, objective, SGD(theta, 0, False), np.random.default_rng(0), progress, monitor)
    return ending, theta, progress, seen


def test_every_epoch_sees_every_row_once_in_a_new_order():
    objective = quadratic()
    run(objective, 3, n_iter_no_change=100)
    assert [len(batch) for batch in objective.batches] == [4, 4, 2] * 3
    epochs = [np.concatenate(objective.batches[k : k + 3]) for k in (0, 3, 6)]
    for order in epochs:
        np.testing.assert_array_equal(np.sort(order), np.arange(10))
    assert not np.array_equal(epochs[0], epochs[1])


def test_without_shuffling_the_order_is_the_rows():
    objective = quadratic()
    run(objective, 1, shuffle=False)
    np.testing.assert_array_equal(np.concatenate(objective.batches), np.arange(10))


def test_the_loss_is_the_weighted_mean_before_each_update():
    objective = quadratic()
    _, _, progress, _ = run(objective, 1, rate=1e-12, shuffle=False)
    w = objective.weight
    assert progress.loss_curve[0] == pytest.approx(0.5 * (w @ objective.rows**2).sum() / w.sum())
    assert progress.n_seen == 10


def test_patience_counts_epochs_without_improvement():
    """At a rate near 0 nothing improves: there are the first epoch and n_iter_no_change + 1 more."""
    ending, _, progress, seen = run(quadratic(), 50, rate=1e-12, n_iter_no_change=4)
    assert ending == CONVERGED
    assert len(progress.loss_curve) == 1 + 4 + 1
    assert seen == ["begin", 1, "begin", 2, "begin", 3, "begin", 4, "begin", 5, "begin", 6]
    assert progress.best_loss == min(progress.loss_curve)
    _, _, again, _ = run(quadratic(), 50, progress, rate=1e-12, n_iter_no_change=4)
    assert len(again.loss_curve) == 6 + 5  # patience starts again after it has ended


def test_max_iter_ends_without_convergence():
    ending, _, progress, _ = run(quadratic(), 3, n_iter_no_change=10)
    assert ending == EXHAUSTED
    assert len(progress.loss_curve) == 3


# ---- a budget of updates: 10 rows make the batches 4, 4, 2


@pytest.mark.parametrize(
    ("max_updates", "sizes", "n_epochs"),
    [(1, [4], 1), (2, [4, 4], 1), (3, [4, 4, 2], 1), (4, [4, 4, 2, 4], 2), (8, [4, 4, 2] * 2 + [4, 4], 3)],
)
def test_updates_end_a_run_inside_of_an_epoch_which_counts(max_updates, sizes, n_epochs):
    objective, seen = quadratic(), quadratic()
    ending, _, progress, told = run(objective, 50, max_updates=max_updates, n_iter_no_change=np.inf)
    assert (ending, progress.n_epochs) == (OUT_OF_UPDATES, n_epochs)
    assert [len(batch) for batch in objective.batches] == sizes
    assert (progress.n_updates, progress.n_seen) == (max_updates, sum(sizes))
    assert told == [event for epoch in range(1, n_epochs + 1) for event in ("begin", epoch)]
    run(seen, 3, n_iter_no_change=np.inf)  # the first batches of whole epochs, in their random order
    for batch, expected in zip(objective.batches, seen.batches, strict=False):
        np.testing.assert_array_equal(batch, expected)


def test_the_loss_of_an_epoch_that_updates_ended_is_the_mean_of_its_batches():
    objective = quadratic()
    _, _, progress, _ = run(objective, 5, rate=1e-12, shuffle=False, max_updates=5)
    w, losses = objective.weight[:8], objective.rows[:8] ** 2
    assert progress.loss_curve[1] == pytest.approx(0.5 * (w @ losses).sum() / w.sum())


@pytest.mark.parametrize("kind", ["constant", "invscaling", "cosine"])
@pytest.mark.parametrize("n_rows", [3, 8, 10])
@pytest.mark.parametrize("n_epochs", [1, 3, 7])
def test_updates_of_whole_epochs_are_those_epochs(kind, n_rows, n_epochs):
    n_updates = n_epochs * -(-n_rows // 4)
    settings = {"kind": kind, "n_iter_no_change": np.inf}
    _, expected, by_epochs, _ = run(quadratic(n_rows), n_epochs, **settings)
    ending, theta, progress, _ = run(quadratic(n_rows), 99, max_updates=n_updates, **settings)
    np.testing.assert_array_equal(theta, expected)
    assert ending == OUT_OF_UPDATES
    assert progress.loss_curve == by_epochs.loss_curve
    ending, theta, _, _ = run(quadratic(n_rows), n_epochs, max_updates=n_updates + 1, **settings)  # epochs end first
    np.testing.assert_array_equal(theta, expected)
    assert ending == EXHAUSTED


@pytest.mark.parametrize("kind", ["constant", "cosine"])
@pytest.mark.parametrize("max_updates", [None, 7, 8, 15, 99])
@pytest.mark.parametrize("n_done", [1, 2])
def test_a_run_goes_on_where_it_was_stopped(n_done, max_updates, kind):
    settings = {"kind": kind, "shuffle": False, "max_updates": max_updates, "n_iter_no_change": np.inf}
    for n_earlier in (0, 3):  # epochs of another run
        starts = [run(quadratic(), n_earlier, rate=0.02, n_iter_no_change=np.inf)[2] for _ in range(2)]
        expected_ending, expected, whole, _ = run(quadratic(), 5, starts[0], **settings)
        _, theta, progress, _ = run(quadratic(), 5, starts[1], stop_after=n_earlier + n_done, **settings)
        assert progress.n_epochs == n_earlier + n_done
        ending, theta, progress, _ = run(quadratic(), 5, progress, theta, n_done=n_done, **settings)
        np.testing.assert_array_equal(theta, expected)
        assert ending == expected_ending == (OUT_OF_UPDATES if max_updates in (7, 8, 15) else EXHAUSTED)
        assert progress.loss_curve == whole.loss_curve
        assert (progress.n_updates, progress.n_seen) == (whole.n_updates, whole.n_seen)


@pytest.mark.parametrize("n_before", [1, 3, 6])
def test_a_schedule_begins_again_with_its_period(n_before):
    settings = {"kind": "cosine", "shuffle": False, "n_iter_no_change": np.inf}
    _, theta, progress, _ = run(quadratic(), n_before, rate=0.02, n_iter_no_change=np.inf)
    _, expected, alone, _ = run(quadratic(), 5, theta=theta.copy(), **settings)
    progress.begin_period(always=True, length=5)
    _, theta, progress, _ = run(quadratic(), 5, progress, theta, **settings)
    np.testing.assert_array_equal(theta, expected)
    assert progress.loss_curve[n_before:] == alone.loss_curve


def test_a_run_that_continues_another_has_its_own_updates():
    progress = Progress()
    for n_epochs, n_updates in ((2, 4), (4, 8)):
        ending, *_ = run(quadratic(), 50, progress, max_updates=4, n_iter_no_change=np.inf)
        assert (ending, progress.n_epochs, progress.n_updates) == (OUT_OF_UPDATES, n_epochs, n_updates)
    ending, *_ = run(quadratic(), 1, progress, max_updates=12, n_iter_no_change=np.inf)
    assert (ending, progress.n_epochs, progress.n_updates) == (EXHAUSTED, 5, 11)


@pytest.mark.parametrize("max_updates", [1, 3, 5, 7])
def test_a_cosine_goes_through_the_updates_that_are_planned(max_updates):
    """Down to 0 at the row after their last one."""
    diary, starts = Diary(), np.add.outer(10 * np.arange(3), [0, 4, 8]).ravel()
    run(diary, 50, kind="cosine", n_iter_no_change=np.inf, max_updates=max_updates + 1)
    n_rows = starts[max_updates] + (4 if (max_updates + 1) % 3 else 2)
    np.testing.assert_allclose(diary.rates, 0.05 * (1 + np.cos(np.pi * starts[:max_updates] / n_rows)))


def test_validation_and_patience_count_an_epoch_that_updates_ended():
    losses = iter([3.0, 4.0, 5.0])
    ending, _, progress, _ = run(
        quadratic(), 20, max_updates=7, validate=lambda theta: (next(losses), theta[0]), n_iter_no_change=1
    )
    assert progress.validation_loss_curve == [3.0, 4.0, 5.0]
    assert ending == CONVERGED


def test_gradients_are_clipped():
    objective = quadratic()
    objective.rows = objective.rows + 100
    _, theta, _, _ = run(objective, 1, rate=1.0, clip_norm=0.5)
    assert np.linalg.norm(theta) <= 3 * 0.5 + 1e-12
    _, theta, _, _ = run(objective, 1, rate=1.0, clip_value=0.5)
    np.testing.assert_allclose(theta, 3 * 0.5)


def test_a_loss_that_diverges_is_an_error_that_names_the_epoch():
    with pytest.raises(ValueError, match=r"no longer finite in epoch \d+ .* learning_rate_init"):
        run(quadratic(), 3000, rate=30.0, n_iter_no_change=np.inf)


class Diary:
    """Records the learning rate of every update, which is the change of theta for a gradient of 1."""

    def __init__(self, n_rows=10):
        self.thetas, self.n_rows = [], n_rows

    def __len__(self):
        return self.n_rows

    def __call__(self, theta, batch):
        self.thetas.append(theta[0])
        return 1.0, np.ones(2), float(len(batch))

    @property
    def rates(self):
        return -np.diff(self.thetas)


def test_invscaling_counts_updates():
    diary = Diary()
    run(diary, 3, kind="invscaling", n_iter_no_change=np.inf)
    np.testing.assert_allclose(diary.rates, 0.1 / np.sqrt(np.arange(1, 9)))


def test_cosine_goes_through_its_period_by_the_share_of_rows_seen():
    diary = Diary()
    run(diary, 3, kind="cosine", n_iter_no_change=np.inf)
    share = np.add.outer(np.arange(3), np.array([0, 4, 8]) / 10).ravel() / 3
    np.testing.assert_allclose(diary.rates, 0.05 * (1 + np.cos(np.pi * share[:8])))


def test_a_new_period_takes_the_cosine_from_its_beginning():
    diary, progress = Diary(4), Progress()
    for _ in range(2):
        progress.begin_period(always=True, length=3)
        run(diary, 3, progress, theta=np.zeros(2), kind="cosine", n_iter_no_change=np.inf)
    expected = 0.05 * (1 + np.cos(np.pi * np.arange(2) / 3))
    np.testing.assert_allclose(diary.rates[[0, 1, 3, 4]], np.tile(expected, 2))


def test_a_cosine_goes_on_to_its_end_unless_validation_runs_out_of_patience():
    ending, _, progress, _ = run(quadratic(), 30, rate=1e-12, kind="cosine", n_iter_no_change=2)
    assert (ending, progress.n_epochs) == (EXHAUSTED, 30)
    ending, _, progress, _ = run(quadratic(), 30, kind="cosine", validate=lambda theta: (1.0, 0.0), n_iter_no_change=2)
    assert (ending, progress.n_epochs) == (CONVERGED, 4)


def test_an_adaptive_rate_is_cut_each_time_patience_runs_out_until_it_is_tiny():
    """The loss never improves: 3 epochs at the first rate, then 2 at each rate down to the first one below 1e-6."""
    diary = Diary(4)
    ending, _, progress, _ = run(diary, 100, kind="adaptive", n_iter_no_change=1)
    assert ending == CONVERGED
    cuts = 8  # 0.1 / 5**8 = 2.6e-7
    assert progress.n_cuts == cuts
    expected = 0.1 / 5.0 ** np.repeat(np.arange(cuts + 1), [3] + [2] * cuts)
    np.testing.assert_allclose(diary.rates, expected[:-1], rtol=1e-6)


def test_the_best_weights_are_those_of_the_smallest_validation_loss():
    losses = iter([3.0, 2.0, 2.5, 1.99995, 4.0, 5.0, 6.0])
    ending, theta, progress, _ = run(
        quadratic(), 20, validate=lambda theta: (next(losses), theta[0]), n_iter_no_change=3
    )
    assert ending == CONVERGED
    assert progress.validation_loss_curve == [3.0, 2.0, 2.5, 1.99995, 4.0, 5.0]  # less than tol is no improvement
    assert (progress.best_loss, progress.best_epoch) == (1.99995, 4)  # but it is the best
    assert progress.best_theta[0] == progress.validation_scores[3]
    assert theta[0] == progress.validation_scores[-1] != progress.best_theta[0]
    assert len(progress.loss_curve) == 6


def test_what_is_watched_may_change():
    """Losses of training and of validation are not compared with each other."""
    _, _, progress, _ = run(quadratic(), 3, n_iter_no_change=np.inf)
    assert progress.best_loss == min(progress.loss_curve)
    run(quadratic(), 2, progress, validate=lambda theta: (7.0, 0.5), n_iter_no_change=np.inf)
    assert (progress.best_loss, progress.best_epoch) == (7.0, 4)
    np.testing.assert_array_equal(progress.validation_loss_curve, [np.nan] * 3 + [7.0] * 2)
    assert len(progress.validation_scores) == 5


def test_a_validation_loss_that_is_not_finite_is_an_error():
    with pytest.raises(ValueError, match=r"validation loss is no longer finite in epoch 1 \(loss inf\)"):
        run(quadratic(), 3, validate=lambda theta: (np.inf, 0.0))


def test_who_is_told_of_an_epoch_may_ask_to_stop():
    ending, _, progress, _ = run(quadratic(), 50, stop_after=4)
    assert (ending, progress.n_epochs) == (CONVERGED, 4)


def test_the_user_may_interrupt():
    ending, _, progress, seen = run(interrupted(7), 50)
    assert ending == INTERRUPTED
    assert progress.n_epochs == progress.best_epoch == 2
    assert seen == ["begin", 1, "begin", 2, "begin"]
    expected = run(quadratic(), 2)[1]
    np.testing.assert_array_equal(progress.best_theta, expected)


@raises_interrupts
def run_inside(*args, **settings):
    return run(*args, **settings)


@pytest.mark.parametrize(("call", "after"), [(run, 0), (run, 2), (run_inside, 7)])
def test_an_interruption_is_raised_before_the_first_epoch_and_inside_of_others(call, after):
    with pytest.raises(KeyboardInterrupt):
        call(interrupted(after), 50)


def test_epochs_of_an_earlier_run_are_no_reason_to_keep_weights():
    progress = Progress(n_epochs=4, losses=[1.0] * 4)
    assert not keeps_weights(progress, 4)
    assert keeps_weights(progress, 3)


# ---- the textbook


def textbook_epoch(p, X, y, rate, limit):
    """One epoch as in textbooks: for each sample, the gradient is summed over the steps and clipped by value."""
    total = 0.0
    for steps, targets in zip(X, y, strict=True):
        error, gradients = textbook_sample(p, steps, targets)
        total += error
        for name in p:
            p[name] -= rate * np.clip(gradients[name], -limit, limit)
    return total / len(X)


def textbook_sample(p, steps, targets):
    """Half the sum of squared errors of one sequence, and its gradient."""
    H = p["weight_hh"].shape[1]
    sigmoid = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    h, c, total, record = np.zeros(H), np.zeros(H), 0.0, []
    for x, target in zip(steps, targets, strict=True):
        a = (p["weight_ih"] @ x + p["weight_hh"] @ h + p["bias"]).reshape(4, H)
        i, f, o, g = sigmoid(a[0]), sigmoid(a[1]), sigmoid(a[2]), np.tanh(a[3])
        h_before, c_before, c = h, c, f * c + i * g
        h = o * np.tanh(c)
        error = p["readout_weight"] @ h + p["readout_bias"] - target
        total += error @ error / 2
        record.append((x, h_before, c_before, i, f, o, g, c, h, error))
    d = {name: np.zeros_like(values) for name, values in p.items()}
    d_h, d_c = np.zeros(H), np.zeros(H)
    for x, h_before, c_before, i, f, o, g, c, h, error in reversed(record):
        d["readout_weight"] += np.outer(error, h)
        d["readout_bias"] += error
        d_h = d_h + p["readout_weight"].T @ error
        d_c = d_c + d_h * o * (1 - np.tanh(c) ** 2)
        d_i, d_f, d_o, d_g = d_c * g, d_c * c_before, d_h * np.tanh(c), d_c * i
        d_a = np.concatenate((d_i * i * (1 - i), d_f * f * (1 - f), d_o * o * (1 - o), d_g * (1 - g * g)))
        d["weight_ih"] += np.outer(d_a, x)
        d["weight_hh"] += np.outer(d_a, h_before)
        d["bias"] += d_a
        d_h, d_c = p["weight_hh"].T @ d_a, d_c * f
    return total, d


def test_the_textbook_equals_the_reference():
    rng = np.random.default_rng(0)
    shapes = {"weight_ih": (8, 1), "weight_hh": (8, 2), "bias": (8,), "readout_weight": (1, 2), "readout_bias": (1,)}
    p = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    x, y = rng.standard_normal((2, 6, 1))
    lists = {name: values.tolist() for name, values in p.items()}
    outputs, record = reference.forward(lists, x.tolist(), [0.0] * 2, [0.0] * 2)
    errors = np.array(outputs) - y
    expected = reference.backward(lists, record, errors.tolist())
    total, gradients = textbook_sample(p, x, y)
    assert total == pytest.approx((errors**2).sum() / 2)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, expected[name], rtol=1e-12, atol=1e-14)


def test_training_equals_the_textbook_loop():
    """From the same weights, the losses of some epochs on the repeating pattern agree to 1e-8.

    The textbook sums the gradient over the T = 10 steps; here it is their mean, so the rate is T
    times as large and the limit T times as small.
    """
    T, n_epochs = 10, 20
    X, y = make_windows(make_pattern(200, 3, random_state=0)[:160], T, targets="all")
    model = LSTMRegressor(
        10, solver="sgd", learning_rate_init=1e-300, clip_value=5 / T, momentum=0.0, clip_norm=None,
        standardize=False, shuffle=False, batch_size=1, max_iter=1, tol=0.0, n_iter_no_change=np.inf,
        warm_start=True, random_state=0,
    )  # fmt: skip
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)  # an epoch with a tiny rate keeps the initial weights
    p = {name: view.copy() for name, view in named(model._state.network.layout, model.theta_).items()}
    expected = [textbook_epoch(p, X, y, 0.01, 5.0) for _ in range(n_epochs)]
    model.set_params(learning_rate_init=0.01 * T, max_iter=n_epochs)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    np.testing.assert_allclose(np.array(model.loss_curve_[1:]) * T, expected, rtol=1e-8)


@pytest.mark.parametrize(
    ("theta", "loss", "validation", "message"),
    [
        (1.0, np.nan, None, r"The loss is no longer finite in epoch 1 \(loss nan\)"),
        (np.inf, 0.5, None, r"The weights are no longer finite in epoch 1 \(loss 0.5\)"),
        (1.0, 0.5, (np.inf, 0.0), r"The validation loss is no longer finite in epoch 1 \(loss inf\)"),
    ],
)
def test_a_message_says_what_is_no_longer_finite(theta, loss, validation, message):
    monitor = Monitor(0.0, np.inf, None if validation is None else lambda _: validation, None, None)
    with pytest.raises(ValueError, match=message):
        monitor.after_epoch(Progress(), np.array([theta]), loss)


def test_targets_far_from_the_others_are_a_reason_in_the_first_epoch_only():
    progress = Progress()
    monitor = Monitor(0.0, np.inf, None, None, None)
    with pytest.raises(ValueError, match="target or weight is so far from the others that it overflows float32"):
        monitor.after_epoch(progress, np.ones(1, np.float32), np.inf)
    progress.record(np.ones(1), 1.0, None, 0.0)
    with pytest.raises(ValueError, match=r"epoch 2 \(loss inf\): training diverged"):
        monitor.after_epoch(progress, np.ones(1, np.float32), np.inf)


def test_underflow_is_no_error_even_if_numpy_is_told_to_raise_it():
    objective = underflowing()
    with np.errstate(all="raise"):
        _, _, progress, _ = run(objective, 2, validate=objective.validate)
    assert progress.validation_loss_curve == [0, 0]
