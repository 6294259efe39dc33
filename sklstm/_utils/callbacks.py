"""Tell scikit-learn's callbacks (from 1.9) how training goes; where there are none, do nothing."""

from contextlib import contextmanager, nullcontext

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Has no `set_callbacks`, as there are no callbacks to set."""


class _NoTasks:
    """What a fit without callbacks tells: nothing."""

    def begin_epoch(self):
        pass

    def end_epoch(self, attributes):
        return False

    def part(self, name, estimator, about):
        return nullcontext()

    def end_fit(self):
        pass


NO_TASKS = _NoTasks()


class _Tasks:
    """The task "fit", and below it a task for each epoch, or for each estimator inside, if it has any."""

    def __init__(self, estimator, n_subtasks, X, y, sample_weight):
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._data = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._fit = estimator._init_callback_context(max_subtasks=n_subtasks)
        self._fit.call_on_fit_task_begin(**self._data)
        self._epoch = None

    def begin_epoch(self):
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._data)

    def end_epoch(self, attributes):
        """Whether a callback asks to stop; `attributes` () -> dict is called if one wants the model so far."""
        return self._epoch.call_on_fit_task_end(**self._data, reconstruction_attributes=attributes)

    @contextmanager
    def part(self, name, estimator, about):
        """While an estimator inside of this one is fitted, whose own tasks hang below."""
        task = self._fit.subcontext(task_name=name)
        with task.propagate_callback_context(estimator):
            task.call_on_fit_task_begin(**self._data)
            yield
            task.call_on_fit_task_end(**self._data, reconstruction_attributes={})

    def end_fit(self):
        self._fit.call_on_fit_task_end(**self._data, reconstruction_attributes={})


class _Announced:
    """Other tasks, with a printed line where the fit of an estimator inside begins: which of how many."""

    def __init__(self, tasks, n_parts):
        self._tasks, self._n_parts, self._n_begun = tasks, n_parts, 0

    def part(self, name, estimator, about):
        self._n_begun += 1
        print(f"Fit {self._n_begun} of {self._n_parts}: {about}")
        return self._tasks.part(name, estimator, about)

    def end_fit(self):
        self._tasks.end_fit()


def announced(tasks, n_parts, verbose):
    """The tasks of a fit, announced where there are several parts and the user wants to hear of them."""
    return _Announced(tasks, n_parts) if verbose and n_parts > 1 else tasks


def without_callbacks(estimator):
    """Take a clone's callbacks off, which it has from the original."""
    return estimator.set_callbacks() if hasattr(estimator, "_skl_callbacks") else estimator


def begin_fit(estimator, n_subtasks, X, y, sample_weight):
    """Begin the task "fit", whose end scikit-learn's `_fit_context` sees to even if it fails."""
    if hasattr(estimator, "_skl_callbacks"):
        return _Tasks(estimator, n_subtasks, X, y, sample_weight)
    return NO_TASKS
