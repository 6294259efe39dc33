"""Report the progress of a fit to the callbacks of scikit-learn (from 1.9).

A fit is a task. Below it is a task for each epoch or, in a meta-estimator, for each estimator that is fitted inside.
"""

from contextlib import contextmanager, nullcontext

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in for the mixin of scikit-learn; has no `set_callbacks`."""


class _NoTasks:
    """Stands in for `_Tasks` if there are no callbacks; reports nothing."""

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
    """The task of a fit, and the tasks below it."""

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
        """End an epoch; return whether a callback asks to stop.

        `attributes` is a function that returns the fitted attributes so far. It is called only if a callback needs the
        model.
        """
        return self._epoch.call_on_fit_task_end(**self._data, reconstruction_attributes=attributes)

    def part(self, name, estimator, about):
        """Return a context in which the fit of an inner estimator is reported. Its tasks are below this one.

        It can be sent to another process together with the estimator.
        """
        return _Part(self._fit.subcontext(task_name=name), estimator, self._data)

    def end_fit(self):
        self._fit.call_on_fit_task_end(**self._data, reconstruction_attributes={})


class _Part:
    """Reports the fit of an inner estimator while the block runs."""

    def __init__(self, task, estimator, data):
        self._task, self._estimator, self._data = task, estimator, data

    @contextmanager
    def _reported(self):
        with self._task.propagate_callback_context(self._estimator):
            self._task.call_on_fit_task_begin(**self._data)
            yield
            self._task.call_on_fit_task_end(**self._data, reconstruction_attributes={})

    def __enter__(self):
        self._running = self._reported()
        return self._running.__enter__()

    def __exit__(self, *error):
        return self._running.__exit__(*error)


class _PrintingTasks:
    """Tasks that also print a line when the fit of an inner estimator begins: its number, of how many."""

    def __init__(self, tasks, n_parts):
        self._tasks, self._n_parts, self._n_begun = tasks, n_parts, 0

    def part(self, name, estimator, about):
        self._n_begun += 1
        print(f"Fit {self._n_begun} of {self._n_parts}: {about}")
        return self._tasks.part(name, estimator, about)

    def end_fit(self):
        self._tasks.end_fit()


def printing_tasks(tasks, n_parts, verbose):
    """Return tasks that also print a line for each of several parts; the same tasks if not `verbose`."""
    return _PrintingTasks(tasks, n_parts) if verbose and n_parts > 1 else tasks


def without_callbacks(estimator):
    """Remove the callbacks of an estimator, which clones have from the original; return the estimator."""
    return estimator.set_callbacks() if hasattr(estimator, "_skl_callbacks") else estimator


def begin_fit(estimator, n_subtasks, X, y, sample_weight):
    """Begin the task of a fit. scikit-learn's `_fit_context` ends it, even if the fit fails."""
    if hasattr(estimator, "_skl_callbacks"):
        return _Tasks(estimator, n_subtasks, X, y, sample_weight)
    return NO_TASKS
