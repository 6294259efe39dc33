"""Objectives that the tests of this folder share."""

import numpy as np

from sklstm._training.loop import Monitor


class Quadratic:
    """½ ‖theta - row‖², averaged over a batch of rows with weights."""

    def __init__(self, rows, weight):
        self.rows, self.weight, self.batches = rows, weight, []

    def __len__(self):
        return len(self.rows)

    def __call__(self, theta, batch):
        self.batches.append(batch.copy())
        w = self.weight[batch]
        error = theta - self.rows[batch]
        return 0.5 * (w @ error**2).sum() / w.sum(), (w @ error) / w.sum(), w.sum()


def monitoring(settings):
    """A `Monitor` made from its part of `settings`, which is removed there, and the list of the epochs it has seen."""
    seen = []
    monitor = {"tol": 1e-4, "n_iter_no_change": 10, "validate": None}
    monitor |= {name: settings.pop(name) for name in list(settings) if name in monitor}
    stop_after = settings.pop("stop_after", np.inf)

    def end_epoch(progress):
        seen.append(progress.n_epochs)
        return progress.n_epochs >= stop_after

    return Monitor(**monitor, begin_epoch=lambda: seen.append("begin"), end_epoch=end_epoch), seen


def quadratic(n=10):
    rng = np.random.default_rng(0)
    return Quadratic(rng.standard_normal((n, 2)), rng.uniform(0.5, 2, n))


class Interrupted(Quadratic):
    """Interrupted by the user after so many evaluations."""

    def __init__(self, after, rows, weight):
        super().__init__(rows, weight)
        self.after = after

    def __call__(self, theta, batch):
        if len(self.batches) == self.after:
            raise KeyboardInterrupt
        return super().__call__(theta, batch)

    def whole(self, theta):
        loss, gradient, _ = self(theta, np.arange(len(self)))
        return loss, gradient


def interrupted(after):
    plain = quadratic()
    return Interrupted(after, plain.rows, plain.weight)


class Underflowing(Interrupted):
    """Its loss, and that of `validate`, underflow."""

    def __call__(self, theta, batch):
        return *super().__call__(theta, batch)[:2], np.exp(np.float64(-1000)) + 1

    @staticmethod
    def validate(theta):
        return np.exp(np.float64(-1000)), 0.0


def underflowing():
    plain = quadratic()
    return Underflowing(np.inf, plain.rows, plain.weight)
