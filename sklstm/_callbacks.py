"""Tell scikit-learn's callbacks (from 1.9) how training goes; where there are none, do nothing."""

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:
        """Has no `set_callbacks`, as there are no callbacks to set."""


class _NoTasks:
    """What a fit without callbacks tells: nothing."""

    def begin_epoch(self):
        pass

    def end_epoch(self, attributes):
        return False

    def end_fit(self):
        pass


NO_TASKS = _NoTasks()


class _Tasks:
    """The task "fit", and a task for each epoch below it, if it has any."""

    def __init__(self, estimator, n_epochs, X, y, sample_weight):
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._data = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._fit = estimator._init_callback_context(max_subtasks=n_epochs)
        self._fit.call_on_fit_task_begin(**self._data)
        self._epoch = None

    def begin_epoch(self):
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._data)

    def end_epoch(self, attributes):
        """Whether a callback asks to stop; `attributes` () -> dict is called if one wants the model so far."""
        return self._epoch.call_on_fit_task_end(**self._data, reconstruction_attributes=attributes)

    def end_fit(self):
        self._fit.call_on_fit_task_end(**self._data, reconstruction_attributes={})


def begin_fit(estimator, n_epochs, X, y, sample_weight):
    """Begin the task "fit", whose end scikit-learn's `_fit_context` sees to even if it fails."""
    if hasattr(estimator, "_skl_callbacks"):
        return _Tasks(estimator, n_epochs, X, y, sample_weight)
    return NO_TASKS
