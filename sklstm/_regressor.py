"""The LSTM as a scikit-learn regressor."""

import warnings
from contextlib import nullcontext
from copy import deepcopy
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklstm._network import PREDICTION_ROWS, Objective, fit_network
from sklstm._optimizers import SGD, Adam
from sklstm._origin import Origin
from sklstm._parameters import Layout
from sklstm._random import own_generator
from sklstm._recursion import forecast_recursively
from sklstm._scaling import INSTANCE_NORMS
from sklstm._threads import threads_for
from sklstm._training import Progress, Trainer
from sklstm._validation import (
    check_future,
    check_rows,
    check_step_answers,
    check_steps,
    check_training_set,
    n_dimensions,
    restored_on_error,
)
from sklstm._version import __version__


class LSTMRegressor(RegressorMixin, BaseEstimator):
    """Regression on sequences with a long short-term memory network, in NumPy.

    A row is one sequence. It is read step by step, oldest first; a linear read-out of the last
    hidden state (or of every one) gives the answer. Squared error is minimised by back-propagation
    through the whole sequence. Missing steps (NaN) are passed over.

    Parameters
    ----------
    hidden_size : int, default=32
        Number of hidden units. More can learn more and cost quadratically more time.
    n_channels : int, default=1
        How many values one step has where `X` is a table (2-D), whose rows are flattened sequences
        with the step as the slow axis: by default each column is one step of one channel. Not used
        for 3-D `X`, which brings its own channels.
    n_targets : int, default=None
        How many of the first channels are the ones predicted: output k belongs to channel
        k mod `n_targets`, so several outputs run over the targets step ahead by step ahead. Used by
        `instance_norm` and `forecast`. None means `n_outputs` where there are that many channels,
        else 1.
    instance_norm : {"last", "mean", "standard", "last-standard"}, default=None
        What the target channels of each row, and its target, are expressed relative to before the
        network sees them: the row's own last present value, its mean, its mean and standard
        deviation, or its last value and standard deviation. Undone in `predict`. Choose "last" or
        "last-standard" for series with a trend; only of use where `y` is the future of the first
        channels. A row that is constant has the training rows' typical deviation. With a target at
        every step, early steps too are relative to the whole row.
    standardize : bool, default=True
        Whether to bring channels and targets to mean 0 and variance 1 inside (over the weighted
        training rows, at present steps) and to undo it in `predict`. A constant is only centred.
        A table with `n_channels=1` is *one* channel: all columns share one mean and deviation.
    solver : {"adam", "sgd"}, default="adam"
        The optimiser.
    learning_rate_init : float, default=0.01
        Size of the updates. Larger than MLPRegressor's, as gradients are clipped.
    momentum : float, default=0.9
        For "sgd": share of the velocity that is kept, in [0, 1].
    nesterovs_momentum : bool, default=True
        For "sgd": whether the gradient is looked up ahead along the velocity.
    beta_1, beta_2 : float, default=0.9 and 0.999
        For "adam": decay of the first and second moment, in [0, 1).
    epsilon : float, default=1e-8
        For "adam": added to the root of the second moment, after bias correction.
    alpha : float, default=0.0
        Strength of the L2 penalty on the weights (not the biases).
    clip_norm : float, default=1.0
        Longest gradient (Euclidean, all parameters together); None for no such limit. Keeps
        exploding gradients from undoing what was learnt.
    clip_value : float, default=None
        Largest element of the gradient, applied before `clip_norm`; None for no such limit.
    batch_size : int, default="auto"
        Rows per update. "auto" is min(32, n_samples).
    max_iter : int, default=200
        Most epochs (passes over the rows) in one `fit`.
    tol : float, default=1e-4
        Improvement of the loss that counts as one.
    n_iter_no_change : int, default=10
        Training stops after more than so many epochs in a row without improvement.
    shuffle : bool, default=True
        Whether to draw a new order of the rows for each epoch.
    warm_start : bool, default=False
        Whether `fit` continues from the parameters, scaling and optimiser of the last one.
    random_state : int, RandomState, Generator or None, default=None
        Decides the initial weights and the order of the rows. An integer gives the same bits every
        time; None draws anew; a generator is consumed.
    verbose : bool or int, default=False
        True prints the loss of every epoch, an integer of every n-th.

    Attributes
    ----------
    theta_ : ndarray of shape (n_parameters,)
        All parameters, in the precision of the training data.
    loss_ : float
        Loss of the last epoch: the mean over its batches (each by its weight, taken before its
        update) of half the mean squared error per target in standardised units, plus
        alpha / 2 · ‖weights‖² / Σ sample weights of the batch.
    best_loss_ : float
        Smallest loss of any epoch.
    loss_curve_ : list of float
        Loss of every epoch.
    n_iter_ : int
        Number of epochs, over all calls that continue each other.
    t_ : int
        Number of rows seen, each as often as it was.
    n_outputs_ : int
        Number of outputs (at a step).
    n_features_in_ : int
        Number of columns of a table, or of channels of sequences.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where `X` was a DataFrame with such names.

    See Also
    --------
    WindowTransformer : Turns a series into rows inside a pipeline.
    make_windows : The same outside a pipeline, with targets.

    Notes
    -----
    `X` is (n_samples, n_steps, n_channels), or the same flattened to two dimensions; `y` is
    (n_samples,), (n_samples, n_outputs), or (n_samples, n_steps, n_outputs) with a target at every
    step. Work is done in the precision of `X` (float32 or float64). A row without a present step is
    not learnt from, and predicted as the mean of `y`.

    References
    ----------
    Hochreiter, S. and Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9(8).

    Kim, T. et al. (2022). Reversible instance normalization for accurate time-series forecasting
    against distribution shift. ICLR.

    Zeng, A. et al. (2023). Are transformers effective for time series forecasting? AAAI.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import LSTMRegressor, make_windows
    >>> X, y = make_windows(np.sin(np.arange(300) / 5), window_length=20)
    >>> model = LSTMRegressor(random_state=0).fit(X[:-50], y[:-50])
    >>> round(model.score(X[-50:], y[-50:]), 2)
    1.0
    >>> model.forecast(3).shape
    (3,)
    """

    _parameter_constraints: dict = {
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "n_targets": [Interval(Integral, 1, None, closed="left"), None],
        "instance_norm": [StrOptions(set(INSTANCE_NORMS)), None],
        "standardize": ["boolean"],
        "solver": [StrOptions({"adam", "sgd"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "clip_norm": [Interval(Real, 0, None, closed="neither"), None],
        "clip_value": [Interval(Real, 0, None, closed="neither"), None],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        "shuffle": ["boolean"],
        "warm_start": ["boolean"],
        "random_state": ["random_state", np.random.Generator],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        hidden_size=32,
        *,
        n_channels=1,
        n_targets=None,
        instance_norm=None,
        standardize=True,
        solver="adam",
        learning_rate_init=0.01,
        momentum=0.9,
        nesterovs_momentum=True,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        alpha=0.0,
        clip_norm=1.0,
        clip_value=None,
        batch_size="auto",
        max_iter=200,
        tol=1e-4,
        n_iter_no_change=10,
        shuffle=True,
        warm_start=False,
        random_state=None,
        verbose=False,
    ):
        self.hidden_size = hidden_size
        self.n_channels = n_channels
        self.n_targets = n_targets
        self.instance_norm = instance_norm
        self.standardize = standardize
        self.solver = solver
        self.learning_rate_init = learning_rate_init
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.alpha = alpha
        self.clip_norm = clip_norm
        self.clip_value = clip_value
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.shuffle = shuffle
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    # ---- training

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Learn to predict `y` from the rows of `X`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_channels) or (n_samples, n_steps * n_channels)
            Sequences, oldest step first; NaN where a value is missing.
        y : array-like of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
            Targets. With a target at every step, those at missing steps are ignored and may be NaN.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts. Weight 0 is like leaving the row out, 2 like repeating it. For
            `forecast`, the target of a row of weight 0 is missing.

        Returns
        -------
        self : LSTMRegressor
            Fitted.

        Raises
        ------
        ValueError, TypeError
            Before anything is computed, where a parameter or an input is not as described; or where
            the loss is no longer finite. An earlier fit stays as it was.

        Warns
        -----
        ConvergenceWarning
            If the loss was still improving after `max_iter` epochs.
        """
        with restored_on_error(self):
            resume = self.warm_start and hasattr(self, "theta_")
            converged = self._train(X, y, sample_weight, resume=resume, max_iter=self.max_iter)
        if not converged:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization hasn't "
                "converged yet. Try a larger max_iter or learning_rate_init.",
                ConvergenceWarning,
                stacklevel=3,
            )
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Go once over the given rows, continuing from where training is.

        The first call draws the weights and fixes the scaling; later ones keep both.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        self : LSTMRegressor
            Fitted.
        """
        with restored_on_error(self):
            self._train(X, y, sample_weight, resume=hasattr(self, "theta_"), max_iter=1)
        return self

    def _train(self, X, y, sample_weight, *, resume, max_iter):
        """Train for up to `max_iter` epochs; the attributes change only where all went well."""
        data = check_training_set(self, X, y, sample_weight, reset=not resume)
        if resume:
            self._check_resumable(data)
        else:
            self._initialize(data)
        # what training changes is changed in copies, so that a failure leaves the originals
        theta, rng, progress = deepcopy((self.theta_, self._rng, self._progress))
        optimizer = self._new_optimizer()
        if resume:
            optimizer.take_over(self._optimizer)
        network = self._network
        objective = Objective(network, data.X, data.y, data.weight, data.rows, self.alpha, theta.dtype)
        trainer = self._trainer(len(data.rows))
        # three products a step: forward, backward, and its part of the weights' gradient
        with threads_for(3 * trainer.batch_size * network.layout.matrix_size):
            converged = trainer.run(theta, objective, optimizer, rng, progress, max_iter, self._report)
        self.theta_, self._optimizer, self._rng, self._progress = theta, optimizer, rng, progress
        self.loss_curve_ = list(progress.loss_curve)
        self.loss_, self.best_loss_ = progress.loss_curve[-1], progress.best_loss
        self.n_iter_, self.t_ = len(progress.loss_curve), progress.n_seen
        previous = self._origin if resume else None
        self._origin = Origin.after(data.X, data.y, data.weight, y, network.scaling.n_targets, previous)
        return converged

    def _initialize(self, data):
        """Draw weights, fit the scaling, and start optimiser, generator and history anew."""
        n_outputs, n_channels = data.n_outputs, data.X.shape[2]
        n_targets = self.n_targets
        if n_targets is None:
            n_targets = n_outputs if n_outputs <= n_channels else 1
        if n_targets > n_channels or n_outputs % n_targets:
            raise ValueError(
                f"n_targets={n_targets} does not fit: there are {n_channels} channels and {n_outputs} outputs. It may "
                "be no more than the channels, and must divide the outputs."
            )
        layout = Layout(n_channels, self.hidden_size, n_outputs)
        dtype = data.X.dtype
        settings = {"n_targets": n_targets, "instance_norm": self.instance_norm, "standardize": self.standardize}
        self._network = fit_network(layout, data.every_step, data.X, data.y, data.weight, data.rows, dtype, **settings)
        self.n_outputs_, self._y_ndim = n_outputs, data.y_ndim
        self._rng = own_generator(self.random_state)
        self.theta_ = self._network.initial_theta(self._rng, dtype)
        self._progress = Progress()
        self._fixed = self._fixed_settings()

    def _new_optimizer(self):
        if self.solver == "adam":
            return Adam(self.theta_, self.beta_1, self.beta_2, self.epsilon)
        return SGD(self.theta_, self.momentum, self.nesterovs_momentum)

    def _fixed_settings(self):
        """The parameters that cannot change while training continues."""
        names = ("hidden_size", "n_channels", "n_targets", "instance_norm", "standardize")
        return {name: getattr(self, name) for name in names}

    def _check_resumable(self, data):
        for name, value in self._fixed_settings().items():
            if value != self._fixed[name]:
                raise ValueError(
                    f"{name}={value!r}, but training continues a model with {name}={self._fixed[name]!r}. Fit a clone, "
                    "or without warm_start."
                )
        if data.n_outputs != self.n_outputs_ or data.y_ndim != self._y_ndim:
            raise ValueError(
                f"y has {data.n_outputs} outputs and {data.y_ndim} dimensions, but training continues a model with "
                f"{self.n_outputs_} and {self._y_ndim}."
            )

    def _trainer(self, n_rows):
        batch_size = min(32 if self.batch_size == "auto" else self.batch_size, n_rows)
        return Trainer(
            batch_size=batch_size,
            learning_rate=self.learning_rate_init,
            clip_value=self.clip_value,
            clip_norm=self.clip_norm,
            shuffle=self.shuffle,
            tol=self.tol,
            n_iter_no_change=self.n_iter_no_change,
        )

    def _report(self, progress):
        n_epochs = len(progress.loss_curve)
        if self.verbose and n_epochs % int(self.verbose) == 0:
            print(f"Iteration {n_epochs}, loss = {progress.loss_curve[-1]:.8f}")

    # ---- answers

    def predict(self, X):
        """Predict the target of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_channels) or (n_samples, n_steps * n_channels)
            Sequences, with as many dimensions and channels as in `fit`. Only sequences in three
            dimensions may have another number of steps.

        Returns
        -------
        y : ndarray of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
            In the shape of `fit`'s `y`. With an answer at every step, NaN at missing ones; else the
            training mean for a row with no present step.
        """
        check_is_fitted(self)
        X = check_rows(self, X, reset=False)
        with self._threads_to_answer(len(X)):
            answers = self._network.predict(self.theta_, X)
        return answers[:, 0] if self._y_ndim == 1 else answers

    def _threads_to_answer(self, n_rows):
        """For one batch of rows the limit would cost more than it brings."""
        if n_rows <= PREDICTION_ROWS:
            return nullcontext()
        return threads_for(PREDICTION_ROWS * self._network.layout.matrix_size)

    def score(self, X, y, sample_weight=None):
        """Coefficient of determination R² of `predict(X)`.

        With a target at every step, each step that is present counts as one sample.

        Parameters
        ----------
        X : array-like
            As for `predict`.
        y : array-like
            True targets, as for `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts.

        Returns
        -------
        score : float
            1 for perfect answers, 0 for the mean of `y`.
        """
        check_is_fitted(self)
        if self._y_ndim != 3 and n_dimensions(y) != 3:
            return super().score(X, y, sample_weight)
        from sklearn.metrics import r2_score

        y, answers, sample_weight = check_step_answers(y, self.predict(X), sample_weight)
        return r2_score(y, answers, sample_weight=sample_weight)

    def forecast(self, steps, X_future=None, *, context=None):
        """Predict `steps` steps ahead, feeding each prediction back as the next step's targets.

        Without `context` it goes on from the last training row with its target appended: if that
        target's time is t, the answers are for t + 1 … t + steps. With `context` it goes on from
        each window's last step. Needs rows that are windows of the series that is predicted, one
        output for each target channel.

        Parameters
        ----------
        steps : int
            How far to look ahead, at least 1.
        X_future : array-like, default=None
            The channels that are not targets, at the steps that are appended. Without `context`
            (steps, n_others), for the times t … t + steps - 1; with `context`
            (n_samples, steps - 1, n_others), for t + 1 … t + steps - 1 where t is the context's last.
            One such channel may be given as (steps,). None where every channel is a target. If it is
            pandas with an index of time, as `y` was, its times must be these.
        context : array-like of the shape of `X`, default=None
            Windows to go on from: with as many dimensions as in `fit`, so that the last steps of a
            series of one channel are `series[-n_steps:].reshape(1, n_steps, 1)`.

        Returns
        -------
        forecast : ndarray, Series or DataFrame of shape (steps,) or (steps, n_outputs)
            With `context`, an array with n_samples in front. Without, pandas where `y` was, its
            index continued; where that cannot be done a warning says so and steps count from 1.

        Raises
        ------
        ValueError
            Where predictions cannot stand for the next step: without `context` also where the last
            100 training rows show that a row's target is not the newest step of the next row.
        """
        check_is_fitted(self)
        steps = check_steps(steps)
        network, n_targets = self._network, self._network.scaling.n_targets
        if self.n_outputs_ != n_targets:
            raise ValueError(
                f"forecast needs one output for each target channel, but there are {self.n_outputs_} outputs for "
                f"n_targets={n_targets}: predict answers for several steps ahead at once."
            )
        n_others = network.layout.n_channels - n_targets
        if context is None:
            others = check_future(X_future, 1, steps, n_others, per_context=False, times=self._origin.times(steps))
            windows, future = self._origin.window_after(others[:, :1]), others[:, 1:]
        else:
            windows = check_rows(self, context, reset=False, input_name="context")
            future = check_future(X_future, len(windows), steps - 1, n_others, per_context=True)

        def one_step(windows):
            return network.predict(self.theta_, windows, every_step=False)

        with self._threads_to_answer(len(windows)):
            answers = forecast_recursively(one_step, windows, steps, n_targets, future)
        if self._y_ndim == 1:
            answers = answers[..., 0]
        return answers if context is not None else self._origin.label(answers[0])

    # ---- parameters by name

    def _view(self, name):
        check_is_fitted(self)
        return self._network.layout.views(self.theta_)[name]

    @property
    def weight_ih_(self):
        """Input weights, one (4 * hidden_size, n_channels) view of `theta_` for each layer.

        Rows are the gates i, f, o, g (input, forget, output, candidate); PyTorch's order is
        i, f, g, o. They share one bias, the sum of PyTorch's two. Assigning into it changes the model.
        """
        return [self._view("weight_ih")]

    @property
    def weight_hh_(self):
        """Recurrent weights, one (4 * hidden_size, hidden_size) view of `theta_` for each layer.

        Rows are the gates i, f, o, g (input, forget, output, candidate); PyTorch's order is
        i, f, g, o. They share one bias, the sum of PyTorch's two. Assigning into it changes the model.
        """
        return [self._view("weight_hh")]

    @property
    def bias_(self):
        """Biases, one (4 * hidden_size,) view of `theta_` for each layer, gates i, f, o, g.

        One bias, the sum of PyTorch's two (`bias_ih` + `bias_hh`). Assigning into it changes the
        model.
        """
        return [self._view("bias")]

    @property
    def readout_weight_(self):
        """Weights of the read-out, an (n_outputs, hidden_size) view of `theta_`.

        It reads the hidden state, which the gates i, f, o, g (one bias, the sum of PyTorch's two)
        make. Assigning into it changes the model.
        """
        return self._view("readout_weight")

    @property
    def readout_bias_(self):
        """Bias of the read-out, an (n_outputs,) view of `theta_`.

        Added to what is read of the hidden state, which the gates i, f, o, g (one bias, the sum of
        PyTorch's two) make. Assigning into it changes the model.
        """
        return self._view("readout_bias")

    def __getstate__(self):
        # BaseEstimator writes down and checks the version of scikit-learn's own estimators only
        return {**super().__getstate__(), "_sklstm_version": __version__}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_sklstm_version", None)
        if version != __version__:
            warnings.warn(
                f"This estimator was pickled with sklstm {version}, and this is {__version__}: it may not work as "
                "it did.",
                UserWarning,
                stacklevel=2,
            )
        super().__setstate__(state)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        return tags
