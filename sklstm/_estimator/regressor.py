"""The LSTM as a scikit-learn regressor."""

from contextlib import nullcontext
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sklstm._estimator.fitting import train, warn_of_ending, warn_of_interruption
from sklstm._estimator.forecast_checks import check_bounds, check_future
from sklstm._estimator.input_checks import (
    check_rows,
    check_training_set,
    check_validation_arguments,
    check_validation_set,
)
from sklstm._estimator.prediction_checks import at_present_steps, check_finite
from sklstm._estimator.settings import check_settings
from sklstm._estimator.target_checks import check_targets_suit
from sklstm._network.losses import LOSSES, loss_class
from sklstm._network.network import PREDICTION_ROWS
from sklstm._network.scaling import INSTANCE_NORMS
from sklstm._training.loop import INTERRUPTED
from sklstm._utils.callbacks import NO_TASKS, CallbackSupportMixin, begin_fit
from sklstm._utils.checks import check_steps, check_weights, n_dimensions, restored_on_error
from sklstm._utils.magnitude import scaled_for_r2
from sklstm._utils.numeric_input import as_numbers
from sklstm._utils.python_numbers import plain, plain_parameters
from sklstm._utils.random import unused_on_error
from sklstm._utils.recursion import forecast_recursively
from sklstm._utils.recursion_bounds import find_clipped
from sklstm._utils.row_alignment import check_same_rows
from sklstm._utils.threads import threads_for
from sklstm._utils.user_warning import warn_user
from sklstm._utils.versioned import VersionedMixin


def _warn_of_clipping(forecasts, bounds):
    clipped = find_clipped(forecasts, bounds)
    if clipped is not None:
        warn_user(
            f"The recursion runs away: from step {clipped.step} of {forecasts.shape[1]} on, {clipped.n_rows} of "
            f"{len(forecasts)} forecasts would leave {clipped.low:.6g} … {clipped.high:.6g}, and are clipped. Forecast "
            "fewer steps, train on more rows, predict several steps at once (y with a column for each), or set "
            "instance_norm. clip=False turns clipping off."
        )


class LSTMRegressor(CallbackSupportMixin, RegressorMixin, VersionedMixin, BaseEstimator):
    """Regression on sequences with a long short-term memory network, in NumPy.

    A row is one sequence. It is read step by step, oldest first; a linear read-out of the last
    hidden state (or of every one) gives the answer. The loss is minimised by back-propagation
    through the whole sequence. Missing steps (NaN) are passed over (see `missing`).

    Parameters
    ----------
    hidden_size : int, default=32
        Number of hidden units of each layer and direction. More can learn more and cost
        quadratically more time.
    n_layers : int, default=1
        Number of layers, each reading the states of the one below. A second one is worth a try on
        long series; it seldom is on short ones.
    bidirectional : bool, default=False
        Whether each layer also reads the row from its last step to its first: for rows that are
        known as a whole (a signal to be labelled), where what follows explains what came before. The
        read-out then sees the last forward and the first backward state or, with a target at every
        step, both at every step.
    dropout : float, default=0.0
        Probability, in [0, 1), with which a state is dropped on its way to the next layer or to the
        read-out, in training only. Raise it (0.1 to 0.5) where a large network learns the rows by
        heart.
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
        channels. The deviation leans a little on the training rows' typical one, the more the fewer
        steps are present, so that a row that is (nearly) constant is no outlier. With a target at
        every step, early steps too are relative to the whole row.
    standardize : bool, default=True
        Whether to bring channels and targets to mean 0 and variance 1 inside (over the weighted
        training rows, at present steps) and to undo it in `predict`. A constant channel is centred and
        divided by its size; a target that was constant is answered by its value.
        A table with `n_channels=1` is *one* channel: all columns share one mean and deviation.
    missing : {"skip", "indicator"}, default="skip"
        What a missing value (NaN) does. "skip" passes over its step, with all that other channels say there: choose it
        where channels are missing together, as at the beginning of a series. "indicator" passes over steps
        without any value only; elsewhere what is missing is the channel's mean (0 with `standardize=False`), and for
        each channel the network reads in another one whether it is missing: choose it where channels are missing
        each at its own times. It has twice as many input weights. With `instance_norm` a row needs a value in every
        target channel; one without is like a row without a present step.
    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson"}, default="squared_error"
        What is minimised, in standardised units: half the squared error (its answers are means); the
        absolute error (medians, which outliers hardly move); Huber's, the one for small errors and
        the other for large ones; the pinball loss of `quantile`; or half the Poisson deviance of
        `y` >= 0 with the logarithm as link (means of counts: targets are divided by their mean and
        not centred, the deviance by their relative variance, and `instance_norm` must be None).
    delta : float, default=1.0
        For "huber": the error, in units of the standardised target, from which it counts linearly.
    quantile : float or array-like of float, default=0.5
        For "quantile": the level that is predicted, in (0, 1), or several in increasing order. Several
        never cross. `predict` then gives the one nearest the median (of two the lower), which `score`
        and `forecast` use, and `predict_quantiles` all.
    loss_steps : {"last", "all", "auto"}, default="last"
        "all" also counts, at every step inside of the rows, the error of predicting the step after
        it: n_steps times the signal for nearly the same time. Worth a try where series are short, with
        a smaller learning rate; compare both, above all with `instance_norm`, where the early steps are
        relative to what they could not know yet. Only for rows that are windows of the series that is
        predicted, as `forecast` needs them. Where `y` itself has a target at every step there is nothing
        to add. "auto" is "all" where the last rows show that they are such windows, in order, and inside of a
        `Forecaster` with strategy="recursive"; else "last".
    solver : {"adam", "adamw", "rmsprop", "sgd", "lbfgs"}, default="adam"
        The optimiser: "adamw" is Adam with `alpha` as decoupled decay; "lbfgs" (of SciPy) takes all
        rows at once, with neither batches nor a learning rate, and suits few rows and small networks.
    learning_rate : {"constant", "invscaling", "adaptive", "cosine"}, default="constant"
        How the size of the updates changes, but for "lbfgs": not at all; as
        `learning_rate_init` / (t + 1)^`power_t` after t updates; divided by 5 whenever more than
        `n_iter_no_change` epochs in a row brought nothing, until it is below 1e-6; or along half a cosine
        down to 0 over `max_iter` epochs. "cosine" needs no patience and settles well, where the number
        of epochs can be said: only early stopping ends it before. It begins again with each `fit` that
        continues, and with every `max_iter` calls of `partial_fit`.
    learning_rate_init : float, default=0.01
        Size of the first updates. Larger than MLPRegressor's, as gradients are clipped.
    power_t : float, default=0.5
        For "invscaling": how fast the rate falls.
    momentum : float, default=0.9
        For "sgd": share of the velocity that is kept, in [0, 1].
    nesterovs_momentum : bool, default=True
        For "sgd": whether the gradient is looked up ahead along the velocity.
    beta_1 : float, default=0.9
        For "adam" and "adamw": decay of the first moment, in [0, 1).
    beta_2 : float, default=0.999
        For "adam" and "adamw": decay of the second moment, in [0, 1).
    epsilon : float, default=1e-8
        For "adam", "adamw" and "rmsprop": added to the root of the second moment (after bias correction).
    rho : float, default=0.9
        For "rmsprop": decay of the second moment, in [0, 1).
    alpha : float, default=0.0
        Strength of the L2 penalty on the weights (not the biases). For "adamw" the share of the
        weights, times the learning rate, that each update takes off them; 0.01 is usual there.
    clip_norm : float, default=1.0
        Longest gradient (Euclidean, all parameters together); None for no such limit. Keeps
        exploding gradients from undoing what was learnt.
    clip_value : float, default=None
        Largest element of the gradient, applied before `clip_norm`; None for no such limit.
    batch_size : int, default="auto"
        Rows per update. "auto" is min(32, n_samples).
    max_iter : int, default=200
        Most epochs (passes over the rows; for "lbfgs" iterations) in one `fit`.
    max_fun : int, default=15000
        For "lbfgs": most evaluations of the loss.
    tol : float, default=1e-4
        Improvement of the loss that counts as one.
    n_iter_no_change : int, default=10
        Training stops after more than so many epochs in a row without improvement of the loss: that of
        the validation rows, if there are any. Without them "cosine" goes on to its end.
    early_stopping : bool, default=False
        Whether to watch the loss of rows that are not trained on, and to keep the weights of the
        epoch where it was smallest. They are `X_val`, or held out.
    validation_fraction : float, default=0.1
        Share of the rows that are held out.
    validation_split : {"last", "random"}, default="last"
        Which rows are held out. Choose "random" only for rows that are independent of each other:
        windows next to each other share all but one of their steps.
    validation_gap : int, default=0
        How many rows before the last ones are left out of both parts. With windows of n steps, n leave
        no step in both.
    shuffle : bool, default=True
        Whether to draw a new order of the rows for each epoch.
    warm_start : bool, default=False
        Whether `fit` continues from the parameters, scaling, optimiser, generator and history of the
        last one: 10 epochs and 10 more are 20, to the bit (but for "lbfgs", which keeps the parameters
        alone, and "cosine", which begins again). What makes the network and its loss cannot change in
        between. After early stopping or Ctrl-C it goes on from the last weights, not from those that
        were kept, which are judged anew where the validation rows are others.
    random_state : int, RandomState, Generator or None, default=None
        Decides the initial weights, the order of the rows, what is dropped and a random hold-out. An
        integer gives the same bits every time; None draws anew; a generator is consumed.
    verbose : bool or int, default=False
        True prints the loss of every epoch, an integer of every n-th.

    Attributes
    ----------
    theta_ : ndarray of shape (n_parameters,)
        All parameters, in the precision of the training data.
    loss_ : float
        Loss of the last epoch: the mean over its batches (each by its weight, taken before its
        update) of the mean loss per target in standardised units, plus
        alpha / 2 · ‖weights‖² / Σ sample weights of the batch. With "adamw" without the latter; with
        "lbfgs" of all rows, after the iteration.
    best_loss_ : float
        Smallest loss of any epoch.
    loss_curve_ : list of float
        Loss of every epoch.
    validation_loss_curve_ : list of float or None
        With early stopping, the loss of the validation rows after every epoch, without penalty.
    validation_scores_ : list of float or None
        The same for R² of their predictions (NaN for a single row).
    best_validation_score_ : float or None
        R² of the weights that were kept.
    best_iter_ : int
        The epoch whose weights were kept, counted from 1: the last one but for early stopping and
        Ctrl-C.
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
    weight_ih_ : list of ndarray
        Input weights of each layer, views of `theta_`.
    weight_hh_ : list of ndarray
        Recurrent weights of each layer.
    bias_ : list of ndarray
        Biases of each layer.
    readout_weight_ : ndarray
        Weights of the read-out.
    readout_bias_ : ndarray
        Bias of the read-out.

    See Also
    --------
    WindowTransformer : Turns a series into rows inside a pipeline.
    make_windows : The same outside a pipeline, with targets.

    Notes
    -----
    `X` is (n_samples, n_steps, n_channels), or the same flattened to two dimensions; `y` is
    (n_samples,), (n_samples, n_outputs), or (n_samples, n_steps, n_outputs) with a target at every
    step. Work is done in the precision of `X` (float32 or float64). A row without a present step is
    not learnt from, and predicted as the mean of `y` (or its median or quantile, where the loss is
    minimised by these).

    Ctrl-C ends training with a warning; the weights of the epoch with the smallest loss so far (of the
    validation rows, if there are any) are kept. In a search it ends one fit, and the next begins.

    scikit-learn's callbacks (from 1.9) are told of every epoch: `set_callbacks(ProgressBar())`.

    References
    ----------
    Network: Hochreiter, S. and Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9(8).
    Schuster, M. and Paliwal, K. K. (1997). Bidirectional recurrent neural networks. IEEE Transactions
    on Signal Processing 45(11). Srivastava, N. et al. (2014). Dropout: a simple way to prevent neural
    networks from overfitting. JMLR 15. Zaremba, W. et al. (2014). Recurrent neural network
    regularization. arXiv:1409.2329.

    `instance_norm`: Kim, T. et al. (2022). Reversible instance normalization for accurate time-series
    forecasting against distribution shift. ICLR. Zeng, A. et al. (2023). Are transformers effective for
    time series forecasting? AAAI.

    `loss`: Huber, P. J. (1964). Robust estimation of a location parameter. Annals of Mathematical
    Statistics 35(1). Koenker, R. and Bassett, G. (1978). Regression quantiles. Econometrica 46(1).
    McCullagh, P. and Nelder, J. A. (1989). Generalized linear models.

    `solver` and `learning_rate`: Kingma, D. P. and Ba, J. (2015). Adam: a method for stochastic
    optimization. ICLR. Loshchilov, I. and Hutter, F. (2019). Decoupled weight decay regularization.
    ICLR. Tieleman, T. and Hinton, G. (2012). Lecture 6.5: RMSProp. Liu, D. C. and Nocedal, J. (1989). On
    the limited memory BFGS method. Mathematical Programming 45. Loshchilov, I. and Hutter, F. (2017).
    SGDR: stochastic gradient descent with warm restarts. ICLR.

    `clip_norm`: Pascanu, R. et al. (2013). On the difficulty of training recurrent neural networks. ICML.
    `early_stopping`: Prechelt, L. (1998). Early stopping, but when? Neural Networks: Tricks of the Trade.

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
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "bidirectional": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "n_targets": [Interval(Integral, 1, None, closed="left"), None],
        "instance_norm": [StrOptions(set(INSTANCE_NORMS)), None],
        "standardize": ["boolean"],
        "missing": [StrOptions({"skip", "indicator"})],
        "loss": [StrOptions(set(LOSSES))],
        "delta": [Interval(Real, 0, None, closed="neither")],
        "quantile": [Interval(Real, 0, 1, closed="neither"), "array-like"],
        "loss_steps": [StrOptions({"last", "all", "auto"})],
        "solver": [StrOptions({"adam", "adamw", "rmsprop", "sgd", "lbfgs"})],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive", "cosine"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "rho": [Interval(Real, 0, 1, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "clip_norm": [Interval(Real, 0, None, closed="neither"), None],
        "clip_value": [Interval(Real, 0, None, closed="neither"), None],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "validation_split": [StrOptions({"last", "random"})],
        "validation_gap": [Interval(Integral, 0, None, closed="left")],
        "shuffle": ["boolean"],
        "warm_start": ["boolean"],
        "random_state": ["random_state", np.random.Generator],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        hidden_size=32,
        *,
        n_layers=1,
        bidirectional=False,
        dropout=0.0,
        n_channels=1,
        n_targets=None,
        instance_norm=None,
        standardize=True,
        missing="skip",
        loss="squared_error",
        delta=1.0,
        quantile=0.5,
        loss_steps="last",
        solver="adam",
        learning_rate="constant",
        learning_rate_init=0.01,
        power_t=0.5,
        momentum=0.9,
        nesterovs_momentum=True,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        rho=0.9,
        alpha=0.0,
        clip_norm=1.0,
        clip_value=None,
        batch_size="auto",
        max_iter=200,
        max_fun=15000,
        tol=1e-4,
        n_iter_no_change=10,
        early_stopping=False,
        validation_fraction=0.1,
        validation_split="last",
        validation_gap=0,
        shuffle=True,
        warm_start=False,
        random_state=None,
        verbose=False,
    ):
        self.hidden_size = hidden_size
        self.n_layers = n_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.n_channels = n_channels
        self.n_targets = n_targets
        self.instance_norm = instance_norm
        self.standardize = standardize
        self.missing = missing
        self.loss = loss
        self.delta = delta
        self.quantile = quantile
        self.loss_steps = loss_steps
        self.solver = solver
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.rho = rho
        self.alpha = alpha
        self.clip_norm = clip_norm
        self.clip_value = clip_value
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.max_fun = max_fun
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.validation_split = validation_split
        self.validation_gap = validation_gap
        self.shuffle = shuffle
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    # ---- training

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Learn to predict `y` from the rows of `X`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_channels) or (n_samples, n_steps * n_channels)
            Sequences, oldest step first; NaN where a value is missing. A step with NaN in *any* channel is
            passed over with all that the other channels say there, so a channel of little use that is often
            missing can cost most of R². Leave such a channel out, or choose `missing="indicator"`.
        y : array-like of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
            Targets. With a target at every step, those at missing steps are ignored and may be NaN.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts. Weight 0 is like leaving the row out, 2 like repeating it (to the
            bit, where all rows are in one batch and none of their states are dropped). For `forecast`,
            the target of a row of weight 0 is missing.
        X_val : array-like, default=None
            Rows to stop by, for `early_stopping=True`, instead of some that are held out of `X`: as
            `X`, though sequences may have another number of steps. In a pipeline, see
            `Pipeline(transform_input=["X_val"])`.
        y_val : array-like, default=None
            Their targets, as `y`.
        sample_weight_val : array-like, default=None
            Their weights.

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
            If the loss was still improving after `max_iter` epochs, unless `learning_rate="cosine"`
            had planned for so many.
        UserWarning
            If Ctrl-C ended training.
        """
        check_same_rows(X, y=y, sample_weight=sample_weight)
        check_same_rows(X_val, y_val=y_val, sample_weight_val=sample_weight_val)
        tasks = begin_fit(self, plain(self.max_iter), X, y, sample_weight)  # outside: scikit-learn ends it on an error
        with plain_parameters(self), unused_on_error(self.random_state), restored_on_error(self):
            continues, validation = self.warm_start and hasattr(self, "theta_"), (X_val, y_val, sample_weight_val)
            ending = self._train(X, y, sample_weight, validation, continues, self.max_iter, tasks)
            tasks.end_fit()
        warn_of_ending(self, ending)
        return self

    def _trains_by_epochs(self):
        """Whether `partial_fit` can continue: L-BFGS starts anew at each call, and early stopping holds out rows."""
        for name, refused in {"solver": "lbfgs", "early_stopping": True}.items():
            if getattr(self, name) == refused:
                raise AttributeError(f"partial_fit is not available with {name}={refused!r}. Change it, or call fit.")
        return True

    @available_if(_trains_by_epochs)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Go once over the given rows, continuing from where training is.

        The first call draws the weights and fixes the scaling; later ones keep both. Not available
        for `solver="lbfgs"` and for `early_stopping=True`; callbacks are told of `fit` only.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        self : LSTMRegressor
            Fitted.
        """
        check_same_rows(X, y=y, sample_weight=sample_weight)
        with plain_parameters(self), unused_on_error(self.random_state), restored_on_error(self):
            ending = self._train(X, y, sample_weight, continues=hasattr(self, "theta_"))
        if ending == INTERRUPTED:
            warn_of_interruption(self)
        return self

    def _train(self, X, y, sample_weight, validation=None, continues=False, n_epochs=None, tasks=NO_TASKS):
        """Check everything, train, and set the fitted attributes.

        Parameters
        ----------
        X, y, sample_weight
            As given.
        validation : tuple (X_val, y_val, sample_weight_val), default=None
        continues : bool, default=False
            Whether training continues where it was.
        n_epochs : int, default=None
            For `fit`. None makes one epoch for `partial_fit`, within the current period of the learning rate.
        tasks
            For callbacks.

        Returns
        -------
        ending : str
            How training ended.
        """
        validation = validation or (None, None, None)
        y = as_numbers(y, "y", sequences=True)
        settings = check_settings(self)
        check_validation_arguments(self.early_stopping, *validation)
        data, self._input_spec = check_training_set(self, X, y, sample_weight, self._input_spec if continues else None)
        if validation[0] is not None:
            data = check_validation_set(self, data, self._input_spec, *validation)
        check_targets_suit(self, data)
        earlier = self._state.at(self.theta_) if continues else None
        period = {"new_period": n_epochs is not None, "n_epochs": 1 if n_epochs is None else n_epochs}
        ending, attributes = train(self, data, y, settings, earlier, **period, tasks=tasks)
        vars(self).update(attributes)
        return ending

    # ---- predictions

    def predict(self, X):
        """Predict the target of each row: what the loss is minimised by.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_channels) or (n_samples, n_steps * n_channels)
            Sequences, with as many dimensions and channels as in `fit`. Only sequences in three
            dimensions may have another number of steps.

        Returns
        -------
        y : ndarray of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
            In the shape of `fit`'s `y`. With an answer at every step, NaN at missing ones; else, for a row
            with no present step, the training mean (or median or quantile, by the loss). Of several
            quantiles the one nearest the median.
        """
        return self._predict(X)

    def _has_levels(self):
        """Whether there are quantiles to predict: by the loss of the last fit or, before it, by `loss`."""
        loss = self._state.settings["loss"] if hasattr(self, "_state") else self.loss
        if not loss_class(loss).has_levels:
            raise AttributeError(f"predict_quantiles needs loss='quantile', got loss={loss!r}.")
        return True

    @available_if(_has_levels)
    def predict_quantiles(self, X):
        """Predict every level of `quantile` for each row; only for `loss="quantile"`.

        Parameters
        ----------
        X : array-like
            As for `predict`.

        Returns
        -------
        quantiles : ndarray of shape (n_samples, [[n_steps,] n_outputs,] n_quantiles)
            In the shape of `predict`'s answers with an axis at the end for the levels, which never
            decreases along it.
        """
        return self._predict(X, every_level=True)

    def _predict(self, X, every_level=False):
        check_is_fitted(self)
        X = check_rows(self, X, self._input_spec)
        network, y_ndim = self._state.network, self._state.y_ndim
        with self._limited_threads(len(X)):
            predictions = network.predict(self.theta_, X, y_ndim == 3, every_level)
        check_finite(predictions, X, y_ndim == 3, network.scaling.gaps)
        return predictions[:, 0] if y_ndim == 1 else predictions

    def _limited_threads(self, n_rows):
        """Limit the threads of matrix products; for one batch of rows that would cost more time than it saves."""
        if n_rows <= PREDICTION_ROWS:
            return nullcontext()
        return threads_for(PREDICTION_ROWS * self._state.network.layout.matrix_size)

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
        check_same_rows(X, y=y, sample_weight=sample_weight)
        y, sample_weight = as_numbers(y, "y", sequences=True), as_numbers(sample_weight, "sample_weight")
        from sklearn.metrics import r2_score

        y_pred = self.predict(X)
        if self._state.y_ndim == 3 or n_dimensions(y) == 3:
            y, y_pred, sample_weight = at_present_steps(y, y_pred, sample_weight)
        else:
            y = check_array(y, dtype="numeric", ensure_2d=False, input_name="y")
            check_consistent_length(y, y_pred, sample_weight)
            sample_weight = None if sample_weight is None else check_weights(sample_weight, y)
        return r2_score(*scaled_for_r2(y, y_pred), sample_weight=sample_weight)

    def forecast(self, steps, X_future=None, *, context=None, clip=True):
        """Predict `steps` steps ahead, feeding each prediction back as the next step's targets.

        Of a quantile loss with several levels it is the one nearest the median that is fed back. Without
        `context` it goes on from the last training row with its target appended: if that
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
        clip : bool or pair (low, high), default=True
            Whether a recursion that runs away is held, with a warning: where an answer leaves the range of what
            `fit` saw and of the context by more than three times that range. Channels that are no targets and
            leave their own range widen it; by more than its size, they lift it. A pair of numbers, or of arrays that
            broadcast to (n_samples, steps, n_outputs), are bounds of your own, kept without a warning.

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

        Warns
        -----
        UserWarning
            If the recursion ran away and was held.
        """
        check_is_fitted(self)
        steps = check_steps(steps)
        network = self._state.network
        if self.n_outputs_ != network.scaling.n_targets:
            raise ValueError(
                f"forecast needs one output for each target channel, but there are {self.n_outputs_} outputs for "
                f"n_targets={network.scaling.n_targets}. Use predict, which predicts several steps ahead at once."
            )
        windows, future = self._read_context(steps, X_future, context)
        shape = len(windows), steps, self.n_outputs_
        bounds = self._state.window_range.bounds(windows, future) if clip is True else check_bounds(clip, shape)

        def predict_one_step(windows):
            return network.predict(self.theta_, windows, every_step=False)

        with self._limited_threads(len(windows)):
            forecasts = forecast_recursively(predict_one_step, windows, steps, self.n_outputs_, future, bounds)
        check_finite(forecasts, windows, False, network.scaling.gaps)
        if clip is True:
            _warn_of_clipping(forecasts, bounds)
        forecasts = forecasts.astype(self.theta_.dtype, copy=False)
        if self._state.y_ndim == 1:
            forecasts = forecasts[..., 0]
        return forecasts if context is not None else self._state.forecast_start.to_output(forecasts[0])

    def _read_context(self, steps, X_future, context):
        """Return the windows that a forecast starts from, and the other channels of the steps that it appends."""
        n_others = self._state.network.n_channels - self.n_outputs_
        if context is not None:
            windows = check_rows(self, context, self._input_spec, input_name="context")
            return windows, check_future(X_future, (len(windows), steps - 1, n_others), per_context=True)
        start = self._state.forecast_start
        others = check_future(X_future, (1, steps, n_others), per_context=False, times=start.times(steps))
        return start.next_window(others[:, :1]), others[:, 1:]

    # ---- the history of training

    @property
    def loss_curve_(self):
        """Loss of every epoch, a list of float that is made at each access."""
        check_is_fitted(self)
        return self._state.progress.loss_curve

    @property
    def validation_loss_curve_(self):
        """With early stopping the loss of the validation rows after every epoch, a list of float; else None."""
        check_is_fitted(self)
        return self._state.progress.validation_loss_curve if self._state.progress.watches_validation else None

    @property
    def validation_scores_(self):
        """With early stopping R² on the validation rows after every epoch, a list of float; else None."""
        check_is_fitted(self)
        return self._state.progress.validation_scores if self._state.progress.watches_validation else None

    # ---- parameters by name

    def _view(self, name):
        check_is_fitted(self)
        return self._state.network.layout.views(self.theta_)[name]

    @property
    def weight_ih_(self):
        """Input weights, one (4 * hidden_size, n_inputs) view of `theta_` for each layer.

        A layer's inputs are the channels (with `missing="indicator"` followed by an indicator of each, in the same
        order) or the states of the layer below. With `bidirectional=True`
        each layer has two, forward and backward. Rows are the gates i, f, o, g (input, forget, output,
        candidate); PyTorch's order is i, f, g, o. They share one bias, the sum of PyTorch's two.
        Assigning into it changes the model.
        """
        return self._view("weight_ih")

    @property
    def weight_hh_(self):
        """Recurrent weights, one (4 * hidden_size, hidden_size) view of `theta_` for each layer.

        With `bidirectional=True` each layer has two, forward and backward. Rows are the gates i, f, o, g
        (input, forget, output, candidate); PyTorch's order is i, f, g, o. They share one bias, the sum
        of PyTorch's two. Assigning into it changes the model.
        """
        return self._view("weight_hh")

    @property
    def bias_(self):
        """Biases, one (4 * hidden_size,) view of `theta_` for each layer, gates i, f, o, g.

        With `bidirectional=True` each layer has two, forward and backward. One bias, the sum of
        PyTorch's two (`bias_ih` + `bias_hh`). Assigning into it changes the model.
        """
        return self._view("bias")

    @property
    def readout_weight_(self):
        """Weights of the read-out, a view of `theta_` of shape (n_outputs * n_levels, n_states).

        The states are the hidden units of the top layer, with `bidirectional=True` those of the forward
        direction and then those of the backward one, which the gates i, f, o, g (one bias, the sum of
        PyTorch's two) make. With several quantiles there are rows for every level, level by level.
        Assigning into it changes the model.
        """
        return self._view("readout_weight")

    @property
    def readout_bias_(self):
        """Bias of the read-out, a view of `theta_` of shape (n_outputs * n_levels,).

        Added to what is read of the hidden state, which the gates i, f, o, g (one bias, the sum of
        PyTorch's two) make. Assigning into it changes the model.
        """
        return self._view("readout_bias")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = loss_class(self.loss).needs_nonnegative
        return tags
