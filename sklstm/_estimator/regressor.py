"""The LSTM as a scikit-learn regressor."""

from dataclasses import replace
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.metaestimators import available_if

from sklstm._estimator.fitting import ONE_PASS, Budget, scaling_of_chunks, train, warn_of_ending, warn_of_interruption
from sklstm._estimator.forecast_checks import check_bounds, check_future, warn_of_clipping
from sklstm._estimator.given_scaling import ChunkReader
from sklstm._estimator.input_checks import check_rows
from sklstm._estimator.lag_order import check_lag_order
from sklstm._estimator.prediction_checks import check_finite, scored_targets
from sklstm._estimator.scores import r2
from sklstm._estimator.settings import check_forget_bias, check_settings
from sklstm._estimator.solvers import AUTO, LARGE, SOLVERS, partial_fit_obstacle
from sklstm._estimator.target_checks import check_targets_suit
from sklstm._estimator.training_set import check_training_set, check_validation_arguments, check_validation_set
from sklstm._network.initializers import CHRONO
from sklstm._network.losses import LOSSES, loss_class
from sklstm._network.missing_values import MISSING
from sklstm._network.scaling import INSTANCE_NORMS
from sklstm._utils.argument_checks import MOST_ITERATIONS, CheckedParametersMixin
from sklstm._utils.attributes import feature_names, on_snapshot, set_at_once
from sklstm._utils.callbacks import NO_TASKS, CallbackSupportMixin, begin_fit
from sklstm._utils.checks import check_fitted, check_steps, n_dimensions
from sklstm._utils.error_state import with_default_error_state
from sklstm._utils.interrupts import interrupts_are_raised, raises_interrupts
from sklstm._utils.numeric_input import as_numbers
from sklstm._utils.pickle_version import SavedMixin
from sklstm._utils.plain_parameters import on_plain_copy, plain
from sklstm._utils.public import public
from sklstm._utils.random import restorer
from sklstm._utils.recursive_forecast import forecast_recursively
from sklstm._utils.row_alignment import check_same_rows
from sklstm._utils.training_log import ResumableMixin, call_with_log


@public
class LSTMRegressor(
    CheckedParametersMixin, CallbackSupportMixin, ResumableMixin, RegressorMixin, SavedMixin, BaseEstimator
):
    """Regression on sequences with a long short-term memory (LSTM) network, in NumPy.

    A sample is one sequence, such as a window of a time series. The network reads it step by step, the oldest step
    first. A linear read-out of the last hidden state (or of the state at every step) gives the prediction. Training
    minimises the loss by back-propagation through the whole sequence. Missing values (NaN) are accepted, see
    `missing`.

    Parameters
    ----------
    hidden_size : int, default=32
        Number of hidden units of each layer and direction. A larger network can learn more; its training time grows
        with the square of the size.
    n_layers : int, default=1
        Number of layers. Each one reads the states of the layer below. A second layer may help on long series; it
        seldom does on short ones.
    bidirectional : bool, default=False
        Whether each layer also reads the sample from its last step to its first. This is for samples that are known
        as a whole, such as a signal that is to be labelled, where later steps explain earlier ones. The read-out uses
        the last forward state and the first backward state or, with a target at every step, both states of the step.
    dropout : float, default=0.0
        Probability, in [0, 1), of dropping a state before the next layer or the read-out, in training only. Raise it
        (0.1 to 0.5) if a large network overfits.
    forget_bias : float in [-100, 100] or "chrono", default=1.0
        Bias of the forget gates before training. It decides how long units remember at first: with a bias of b for
        about 1 + exp(b) steps, so with the default for four. Training changes it.

        Choose "chrono" if a single step decides the target a hundred steps later, or more. It draws the bias of each
        unit as log(u), with u uniform in [1, n_steps - 1], and sets the bias of the input gate to minus that. So units
        remember for two steps to n_steps, the number of present steps of the longest sample. All other weights start
        as they do with a number. Keep the default if the last steps say most, as in most series: with "chrono",
        forecasts of eight real series were 12 to 40 % worse after 200 updates, and about as good after 1000.
    n_channels : int, default=1
        Number of values at each step, if `X` is a table (2-D). A row of the table is a flattened sequence, with all
        channels of a step side by side; by default each column is one step. Not used if `X` is 3-D.
    n_targets : int, default=None
        Number of target channels, whose future is predicted. They are the first channels. Used by `instance_norm`,
        `loss_steps` and `forecast`. Output k belongs to channel k mod `n_targets`, so the outputs for several steps
        ahead are ordered by step. None means the number of outputs or, if that exceeds the number of channels, 1.
    instance_norm : {"last", "mean", "standard", "last-standard"}, default=None
        How each window and its target are normalised; `predict` undoes it. "last" subtracts the last present value of
        each target channel, "mean" subtracts the mean, "standard" also divides by the standard deviation, and
        "last-standard" subtracts the last value and divides by the standard deviation. Choose "last" or "last-standard"
        for series with a trend, and None unless `y` holds future values of the target channels. The deviation of a
        window is shrunk towards a typical one of the training samples, more if few of its steps are present, so that
        almost constant windows do not become outliers. Windows of series that differ in size by more than a factor of
        30 have a typical deviation for each size. Series of different size need "standard" or "last-standard": the
        others leave small ones small. With a target at every step, the early steps are normalised by the whole window
        too.
    standardize : bool, default=True
        Whether to standardise channels and targets to mean 0 and variance 1, over the weighted training samples and
        present steps; `predict` undoes it. A constant channel is centred and divided by its size. A constant target
        is predicted exactly.
        A table with `n_channels=1` is *one* channel: all its columns share one mean and one deviation.
    missing : {"skip", "indicator"}, default="skip"
        How missing values (NaN) are treated. "skip" skips the whole step, with the values of all other channels. Choose
        it if channels are missing together, as at the beginning of a series. "indicator" skips only steps without any
        value. At other steps it replaces missing values by the mean of their channel (0 with `standardize=False`), and
        the network also reads for each channel whether its value is missing. Choose it if channels are missing at
        different times. It doubles the number of input weights. With `instance_norm`, a sample then needs a value in
        every target channel; otherwise all its steps are skipped.
    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson"}, default="squared_error"
        The loss that training minimises. It compares standardised targets.

        - "squared_error": half the squared error; predicts means.
        - "absolute_error": predicts medians, on which outliers have little influence.
        - "huber": squared below `delta`, absolute above.
        - "quantile": the pinball loss; predicts the quantiles that `quantile` names.
        - "poisson": half the Poisson deviance with a log link; predicts means of counts, `y` >= 0. Targets are divided
          by their mean and not centred, and the deviance is divided by their relative variance. `instance_norm` must be
          None.
    delta : float, default=1.0
        For "huber": the absolute error, in standardised units, above which the loss is linear.
    quantile : float or array-like of float, default=0.5
        For "quantile": the quantile to predict, in (0, 1), or several in increasing order. Predicted quantiles never
        cross. `predict_quantiles` returns all of them; `predict`, `score` and `forecast` use the one nearest 0.5 (the
        lower one of two).
    loss_steps : {"last", "all", "auto"}, default="last"
        Which predictions the loss counts. "last" counts the prediction of the target of each sample. "all" also counts,
        at every step inside the sample, the prediction of the next step. This gives n_steps times as many targets in
        nearly the same time. It needs samples that are windows of the target series, as `forecast` does. Try it on
        short series, with a smaller learning rate. With `instance_norm`, compare it with "last": the early steps are
        then normalised by values that come after them. "auto" means "last" with `bidirectional=True`. Otherwise it
        means "all" if the last samples are such windows in time order, and in a `Forecaster` with
        strategy="recursive"; else "last". If `y` has a target at every step, all three are the same.
    solver : {"adam", "adamw", "rmsprop", "sgd", "lbfgs"}, default="adam"
        The optimiser. "adamw" is Adam with `alpha` as decoupled weight decay. "lbfgs" is SciPy's L-BFGS: it uses all
        samples at once, needs no learning rate, and suits few samples and small networks.
    learning_rate : {"constant", "invscaling", "adaptive", "cosine"}, default="constant"
        The schedule of the learning rate; not for "lbfgs".

        - "constant": `learning_rate_init`.
        - "invscaling": `learning_rate_init` / (t + 1)^`power_t` after t updates.
        - "adaptive": divided by 5 whenever the loss did not improve for more than `n_iter_no_change` epochs in a row.
          Training ends instead if the rate is 1e-6 or less.
        - "cosine": half a cosine, down to 0 over `max_iter` epochs, or over `max_updates` updates if those are fewer.
          It converges well if you can choose how long to train; only early stopping ends it earlier. The schedule
          begins again in each `fit` that continues, and in `partial_fit` after every `max_iter` calls and after a `fit`
          with `max_updates`.
    learning_rate_init : float, default=0.01
        The initial learning rate. It is larger than that of MLPRegressor because gradients are clipped.
    power_t : float, default=0.5
        For "invscaling": the exponent, from 0 to 10.
    momentum : float, default=0.9
        For "sgd": the momentum, in [0, 1].
    nesterovs_momentum : bool, default=True
        For "sgd": whether to use Nesterov's momentum.
    beta_1 : float, default=0.9
        For "adam" and "adamw": decay rate of the first moment, in [0, 1).
    beta_2 : float, default=0.999
        For "adam" and "adamw": decay rate of the second moment, in [0, 1).
    epsilon : float, default=1e-8
        For "adam", "adamw" and "rmsprop": added to the root of the second moment (after bias correction).
    rho : float, default=0.9
        For "rmsprop": decay rate of the second moment, in [0, 1).
    alpha : float, default=0.0
        Strength of the L2 penalty on the weights (not the biases). For "adamw" it is the weight decay: each update
        subtracts the weights times `alpha` times the learning rate; 0.01 is a usual value.
    clip_norm : float, default=1.0
        The largest Euclidean norm of the gradient of all parameters; a larger gradient is scaled down to it. This
        protects training from exploding gradients. None turns this off.
    clip_value : float, default=None
        The largest absolute value of an element of the gradient, applied before `clip_norm`. None turns this off.
    batch_size : int, "auto" or "large", default="auto"
        Number of samples in a batch, of which each gives one update of the weights. "auto" is min(32, n_samples).
        "large" is min(64, n_samples) or, from 3000 samples on, 128. It counts the samples that are trained on. An epoch
        of large batches takes less time and makes fewer updates. Choose "large" together with `max_updates`.
    max_iter : int, default=200
        Maximum number of epochs (passes over the samples; for "lbfgs" iterations) in one `fit`. See `max_updates`, too.
    max_updates : int, "auto" or None, default=None
        Maximum number of updates of the weights in one `fit`. `fit` ends when it has made `max_iter` epochs or
        `max_updates` updates, whichever comes first. None means that only `max_iter` counts. "auto" means about 10
        epochs, but at least 200 and at most 1000 updates: 10 · n_samples / batch size, rounded and clipped to this
        range. The default `max_iter` is always enough for this; with a large number, raise `max_iter` as well.

        Choose "auto" so that the time of a fit stops growing with the number of samples. On a million samples, 1000
        updates of 128 samples see only an eighth of them, once each. These are drawn at random (with `shuffle=False`,
        they are the first ones). Give a number, or None, to learn from more of them.

        If the updates end in the middle of an epoch, this part counts as an epoch: in `n_iter_` and the loss curves,
        and for validation, early stopping and callbacks. `partial_fit` does not use `max_updates`. "lbfgs" needs None.
    max_fun : int, default=15000
        For "lbfgs": maximum number of evaluations of the loss.
    tol : float, default=1e-4
        The smallest decrease of the loss that counts as an improvement. "lbfgs" also stops when no element of the
        gradient is larger.
    n_iter_no_change : int, default=10
        Training stops when the loss (the validation loss, with early stopping) did not improve for more than this many
        epochs in a row. "adaptive" lowers the learning rate first, and "cosine" stops only with early stopping.
    early_stopping : bool, default=False
        Whether to validate after every epoch, stop when the validation loss no longer improves, and keep the weights of
        the epoch where it was smallest. The validation samples are `X_val` or, without it, held out of `X`.
    validation_fraction : float, default=0.1
        Share of the samples that are held out.
    validation_split : {"last", "random"}, default="last"
        Which samples are held out. Choose "random" only for independent samples: neighbouring windows share all but
        one of their steps.
    validation_gap : int, default=0
        Number of samples between training and validation samples that are used for neither. With windows of n steps, a
        gap of n ensures that no step is in both parts.
    shuffle : bool, default=True
        Whether to shuffle the samples in each epoch.
    warm_start : bool, default=False
        Whether `fit` continues the previous fit, with its weights, scaling, optimiser, random generator and history.
        Each fit begins a new epoch, with all of `max_iter` and `max_updates`. Two fits of 10 epochs equal one of 20
        exactly, except with "lbfgs", which keeps the weights only, and "cosine", which begins again. Parameters of the
        network and of its loss cannot change in between. After early stopping or Ctrl-C, training continues from the
        last weights, not from the best ones. The best ones are validated again if the validation samples have changed.
    random_state : int, RandomState, Generator or None, default=None
        Determines the initial weights, the order of the samples, dropout, and which samples a random split holds out.
        An integer gives the same results in every fit, None gives different ones. Each fit advances a RandomState or
        Generator.
    verbose : bool or int, default=False
        True prints the loss of every epoch, an integer n that of every nth epoch.

    Attributes
    ----------
    theta_ : ndarray of shape (n_parameters,)
        All weights and biases, in the precision of the training data.
    loss_ : float
        Loss of the last epoch: the weighted mean of its batches, each measured before its update. The loss of a batch
        is the weighted mean over its present, standardised targets, plus the penalty
        alpha / 2 · ‖weights‖² / Σ sample weights (none with "adamw"). With "lbfgs" it is the loss of all samples after
        the last iteration.
    best_loss_ : float
        Smallest training loss of all epochs.
    loss_curve_ : list of float
        Loss of every epoch.
    validation_loss_curve_ : list of float or None
        With early stopping, the loss of the validation samples after every epoch, without penalty.
    validation_scores_ : list of float or None
        With early stopping, R² on the validation samples after every epoch (NaN for a single sample).
    best_validation_score_ : float or None
        With early stopping, R² on the validation samples with the weights that were kept.
    best_iter_ : int
        The epoch whose weights were kept, counted from 1: the last one, except with early stopping and after Ctrl-C.
    n_iter_ : int
        Number of epochs, over all calls that continue each other. One that `max_updates` ended counts, too.
    t_ : int
        Number of samples seen in training. Each counts once in every epoch that reached it or, with "lbfgs", in every
        evaluation of the loss.
    max_updates_ : int or None
        Maximum number of updates in the last `fit`: `max_updates`, or the number that "auto" stood for. None without
        such a limit and after `partial_fit`.
    n_outputs_ : int
        Number of outputs (at each step).
    n_features_in_ : int
        Number of columns if `X` was a table, of channels if it was 3-D.
    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        Names of the columns, if `X` was a DataFrame with string names.
    weight_ih_ : list of ndarray
        Input weights of each layer, views of `theta_`.
    weight_hh_ : list of ndarray
        Recurrent weights of each layer.
    bias_ : list of ndarray
        Biases of each layer.
    readout_weight_ : ndarray
        Weights of the read-out.
    readout_bias_ : ndarray
        Biases of the read-out.

    See Also
    --------
    make_windows : Cut a series into samples and targets.
    WindowTransformer : Cut windows inside a pipeline.
    LagsToSequences : Put the lags that other libraries make in the order in which an LSTM reads them.
    Forecaster : Forecast series with exogenous variables, intervals and panels.

    Notes
    -----
    `X` is (n_samples, n_steps, n_channels), or flattened to a table with two dimensions. `y` is (n_samples,),
    (n_samples, n_outputs), or (n_samples, n_steps, n_outputs) with a target at every step. The precision of `X`
    (float32 or float64) is that of all computations. A sample without a present step is not used in training, and its
    prediction is the training mean of `y` (or the median or quantile, by the loss).

    After a fit on sequences, flattened ones of the same length are read as well. If their columns have names, these
    must tell lags in this order, as `y_lag_2`, `y_lag_1`.

    In a `y` of shape (n_samples, n_outputs), single targets may be missing (NaN). They count in neither the loss, nor
    the scaling, nor R². The loss is Σ w · loss / Σ w over the present targets, each with the weight w of its sample; a
    missing target is thus a target of weight 0. (With `loss_steps="all"`, a step inside a sample counts if none of its
    targets is missing.) Each output needs a present target when training begins. Pipelines, GridSearchCV and
    cross_val_score accept such a `y`. scikit-learn's own metrics (as in `scoring="r2"`), TransformedTargetRegressor and
    MultiOutputRegressor refuse NaN in `y`.

    Ctrl-C ends `fit` with a warning and keeps the weights of the epoch with the smallest loss (of the validation
    samples, if there are any). Before the first whole epoch of the call, and in `partial_fit`, it raises
    KeyboardInterrupt and leaves the estimator as it was. In a parameter search it thus ends one fit, and the next one
    begins, or it ends the search. In a `Forecaster` and in `backtest` it always raises KeyboardInterrupt.

    Callbacks of scikit-learn (from 1.9) are called at every epoch: `set_callbacks(ProgressBar())`.

    References
    ----------
    Network: Hochreiter, S. and Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9(8).
    Schuster, M. and Paliwal, K. K. (1997). Bidirectional recurrent neural networks. IEEE Transactions
    on Signal Processing 45(11). Srivastava, N. et al. (2014). Dropout: a simple way to prevent neural
    networks from overfitting. JMLR 15. Zaremba, W. et al. (2014). Recurrent neural network
    regularization. arXiv:1409.2329.

    `forget_bias`: Jozefowicz, R. et al. (2015). An empirical exploration of recurrent network
    architectures. ICML. Tallec, C. and Ollivier, Y. (2018). Can recurrent neural networks warp time? ICLR.

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

    A budget of updates, so that the time of a fit stops growing with the number of samples:

    >>> budget = {"batch_size": "large", "max_updates": "auto", "learning_rate": "cosine"}
    >>> model = LSTMRegressor(**budget, random_state=0).fit(X, y)
    >>> model.max_updates_, model.n_iter_  # 280 samples are 5 batches of at most 64
    (200, 40)

    Two steps ahead. For the last sample, only the first of them is known:

    >>> ahead = np.column_stack((y, np.append(y[1:], np.nan)))
    >>> model = LSTMRegressor(n_targets=1, random_state=0).fit(X, ahead)
    >>> model.predict(X[-1:]).shape
    (1, 2)
    """

    feature_names_in_ = feature_names

    _parameter_constraints: dict = {
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "bidirectional": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        # beyond the bounds of numbers, nothing would be learnt, or not in single precision;
        # further from 0, a gate is open or shut to the last bit, and single precision could overflow
        "forget_bias": [Interval(Real, -100, 100, closed="both"), StrOptions({CHRONO})],
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "n_targets": [Interval(Integral, 1, None, closed="left"), None],
        "instance_norm": [StrOptions(set(INSTANCE_NORMS)), None],
        "standardize": ["boolean"],
        "missing": [StrOptions(set(MISSING))],
        "loss": [StrOptions(set(LOSSES))],
        "delta": [Interval(Real, 1e-30, None, closed="left")],
        "quantile": [Interval(Real, 0, 1, closed="neither"), "array-like"],
        "loss_steps": [StrOptions({"last", "all", "auto"})],
        "solver": [StrOptions(set(SOLVERS))],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive", "cosine"})],
        "learning_rate_init": [Interval(Real, 0, 1e30, closed="right")],
        "power_t": [Interval(Real, 0, 10, closed="both")],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, 1e3, closed="right")],
        "rho": [Interval(Real, 0, 1, closed="left")],
        "alpha": [Interval(Real, 0, 1e10, closed="both")],
        "clip_norm": [Interval(Real, 1e-30, None, closed="left"), None],
        "clip_value": [Interval(Real, 1e-30, None, closed="left"), None],
        "batch_size": [StrOptions({AUTO, LARGE}), Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, MOST_ITERATIONS, closed="both")],
        "max_updates": [StrOptions({AUTO}), Interval(Integral, 1, MOST_ITERATIONS, closed="both"), None],
        "max_fun": [Interval(Integral, 1, MOST_ITERATIONS, closed="both")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, MOST_ITERATIONS, closed="both"), Options(Real, {np.inf})],
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
        forget_bias=1.0,
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
        max_updates=None,
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
        self.forget_bias = forget_bias
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
        self.max_updates = max_updates
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

    def _state_codec(self):
        """Return what reads and writes the attributes; imported when it is needed, as it knows this class."""
        from sklstm._estimator.state_kinds import STATE_CODEC

        return STATE_CODEC

    # ---- training

    def _validate_params(self):
        check_forget_bias(self)
        super()._validate_params()

    @_fit_context(prefer_skip_nested_validation=True)
    @with_default_error_state
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Train the network on samples and their targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_channels) or (n_samples, n_steps * n_channels)
            Samples, the oldest step first; NaN where a value is missing. By default, a step with NaN in *any* channel
            is skipped, with the values of all other channels. Leave out a channel that is often missing, or choose
            `missing="indicator"`; otherwise the model may miss most of the data.
        y : array-like of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
            Targets. With several outputs, single targets may be missing (NaN), but not all targets of a sample; see the
            notes. With a target at every step, those at missing steps are ignored and may be NaN.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample. A weight of 0 is like leaving the sample out, 2 like repeating it. (This is exact if
            all samples are in one batch and there is no dropout.) `forecast` treats a target of weight 0 as missing.
        X_val : array-like, default=None
            Validation samples for `early_stopping=True`; without them, some of `X` are held out. As `X`, but 3-D
            samples may have another number of steps. In a pipeline, see `Pipeline(transform_input=["X_val"])`.
        y_val : array-like, default=None
            Targets of the validation samples, as `y`.
        sample_weight_val : array-like, default=None
            Weights of the validation samples.

        Returns
        -------
        self : LSTMRegressor
            Fitted.

        Raises
        ------
        ValueError, TypeError
            If a parameter or an input is invalid (checked before training), or if the loss is no longer finite. The
            estimator then stays as it was.

        Warns
        -----
        ConvergenceWarning
            If the loss was still improving after `max_iter` epochs or `max_updates` updates, unless
            `learning_rate="cosine"`.
        UserWarning
            If Ctrl-C ended training after a whole epoch. If the last samples are windows of a series, but their steps
            are in another order than from the oldest to the newest, as in the lag tables of other libraries; the
            message shows the `LagsToSequences` that corrects it. With `loss_steps="all"` such samples are an error.

        Examples
        --------
        >>> from sklstm import LSTMRegressor, make_windows
        >>> from sklstm.datasets import load_airline
        >>> X, y = make_windows(load_airline(), window_length=12)
        >>> model = LSTMRegressor(8, learning_rate="cosine", max_iter=5, random_state=0).fit(X, y)
        >>> model.n_iter_, len(model.loss_curve_)
        (5, 5)
        """
        check_same_rows(X, y=y, sample_weight=sample_weight)
        check_same_rows(X_val, "X_val", y_val=y_val, sample_weight_val=sample_weight_val)
        arguments = X, y, sample_weight, (X_val, y_val, sample_weight_val)
        return call_with_log(lambda log: self._fit_samples(log, *arguments), self)

    def _fit_samples(self, log, X, y, sample_weight, validation):
        """Train for all of `max_iter` and `max_updates`; return the regressor."""
        continues = self.warm_start and "theta_" in vars(self)
        if log.owner is self and log.next_earlier is not None:
            continues = log.next_earlier.continues
        max_iter = plain(self.max_iter, "max_iter")
        # how many epochs `max_updates` makes depends on the samples, which are not checked yet
        n_epochs = max_iter if self.max_updates is None else None
        tasks = begin_fit(self, n_epochs, X, y, sample_weight)  # outside: scikit-learn ends it on an error
        budget = Budget(max_iter, is_whole_fit=True)
        return self._train(X, y, sample_weight, validation, continues=continues, budget=budget, tasks=tasks)

    def resume(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Finish a `fit` that was killed, from its last checkpoint.

        The regressor is one that `load_checkpoint` returns. The result has the same bits as that of a fit that was
        never killed: weights, history, optimiser and random generator. If the fit had ended already, nothing is
        trained. Set a `Checkpoint` on the regressor again if this fit may be killed as well.

        Parameters
        ----------
        X, y, sample_weight, X_val, y_val, sample_weight_val
            The same as in the `fit` that was killed. Their checksums are compared.

        Returns
        -------
        self : LSTMRegressor
            Fitted.

        Raises
        ------
        ValueError
            If the regressor was not loaded from a checkpoint of a fit, if its parameters were changed since (only
            `verbose` may be), or if the data differ. Also as for `fit`.

        See Also
        --------
        Checkpoint : Write checkpoints.

        Examples
        --------
        >>> import pytest, tempfile
        >>> callbacks = pytest.importorskip("sklearn.callback")
        >>> from pathlib import Path
        >>> from sklstm import Checkpoint, LSTMRegressor, load_checkpoint, make_windows
        >>> from sklstm.datasets import load_airline
        >>> X, y = make_windows(load_airline(), window_length=12)
        >>> path = Path(tempfile.mkdtemp()) / "fit.npz"
        >>> model = LSTMRegressor(8, learning_rate="cosine", max_iter=20, random_state=0)
        >>> model = model.set_callbacks(Checkpoint(path)).fit(X, y)

        If this process had been killed, another one would continue:

        >>> resumed = load_checkpoint(path).resume(X, y)
        >>> bool((resumed.predict(X) == model.predict(X)).all())
        True
        """
        validation = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
        return self._resume(lambda: self.fit(X, y, sample_weight, **validation))

    def _trains_by_epochs(self):
        """Whether `partial_fit` can continue training."""
        obstacle = partial_fit_obstacle(self)
        if obstacle is not None:
            name, _ = obstacle
            raise AttributeError(
                f"partial_fit is not available with {name}={getattr(self, name)!r}. Change it, or call fit."
            )
        return True

    @available_if(_trains_by_epochs)
    @_fit_context(prefer_skip_nested_validation=True)
    @with_default_error_state
    @raises_interrupts
    def fit_scaling(self, chunks):
        """Fit the scaling to samples that come in chunks, before the first `partial_fit`.

        Use it if the samples do not fit into memory: go over all chunks once with `fit_scaling`, and then train with
        `partial_fit` on one chunk after the other. Without it, the first `partial_fit` scales by its own samples, which
        may be unlike later ones.

        Parameters
        ----------
        chunks : iterable of tuple, or callable that returns one
            Tuples (X, y) or (X, y, sample_weight), each as for `fit`. Only one chunk at a time is kept (with losses of
            medians and quantiles, also all of y). The chunks are read once. They are read several times with
            `instance_norm="standard"` and "last-standard", and if there are values above 1e27 (1e90 in float64) or
            below the inverse. So give a list, or a function that returns a new iterator in each call, then.

        Returns
        -------
        self : LSTMRegressor
            With the scaling, but not fitted.

        Raises
        ------
        ValueError, TypeError
            If chunks are not as described, or if the regressor is fitted already: its scaling cannot change while
            training continues. The regressor then stays as it was.

        Warns
        -----
        UserWarning
            If most of the variance of a target is between chunks, as if they held different times or series. A network
            that is trained on one after the other may forget the first ones. So let each chunk hold samples of all.

        Examples
        --------
        >>> import numpy as np
        >>> from sklstm import LSTMRegressor, make_windows
        >>> X, y = make_windows(np.sin(np.arange(1000) / 5) + np.arange(1000) / 500, window_length=20)
        >>> rows = np.random.default_rng(0).permutation(len(X))  # each chunk has samples of all times
        >>> def read():  # from a file
        ...     for part in np.array_split(rows, 4):
        ...         yield X[part], y[part]
        >>> model = LSTMRegressor(random_state=0).fit_scaling(read())
        >>> for epoch in range(5):
        ...     for X_chunk, y_chunk in read():
        ...         model = model.partial_fit(X_chunk, y_chunk)
        >>> model.score(X, y) > 0.95
        True
        """
        if "theta_" in vars(self):
            raise ValueError(
                "This LSTMRegressor is fitted, and its scaling cannot change while training continues. Call "
                "clone(model).fit_scaling(chunks), with `from sklearn.base import clone`."
            )
        return set_at_once(self, {"_given_scaling": self._found_scaling(chunks)})

    @on_plain_copy
    def _found_scaling(self, chunks):
        """Return the GivenScaling of some chunks; called on a copy."""
        settings = check_settings(self)
        return scaling_of_chunks(self, settings, ChunkReader(self, chunks))

    @available_if(_trains_by_epochs)
    @_fit_context(prefer_skip_nested_validation=True)
    @with_default_error_state
    @raises_interrupts
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on the given samples, continuing earlier training.

        The first call draws the weights and fits the scaling, unless `fit_scaling` has; later calls keep it. Each call
        is one whole pass over the samples, whatever `max_updates` is. Not available with `solver="lbfgs"` or
        `early_stopping=True`. Callbacks are called in `fit` only.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_channels) or (n_samples, n_steps * n_channels)
            Samples, as for `fit`. Later calls need the dimensions, the channels and the precision of the first.
        y : array-like of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
            Targets, as for `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample, as for `fit`.

        Returns
        -------
        self : LSTMRegressor
            Fitted.

        Raises
        ------
        ValueError, TypeError
            If a parameter or an input is invalid, or not as in the calls before. The estimator then stays as it was.
        AttributeError
            With `solver="lbfgs"` or `early_stopping=True`: there is no such method then.

        Warns
        -----
        UserWarning
            As `fit`, if steps are not in the order of time. In later calls only if rows follow each other in time, the
            newest value is first, and the targets are values of the series. It is said once.

        Examples
        --------
        >>> from sklstm import LSTMRegressor, make_windows
        >>> from sklstm.datasets import load_airline
        >>> X, y = make_windows(load_airline(), window_length=12)
        >>> model = LSTMRegressor(8, random_state=0)
        >>> for epoch in range(3):
        ...     model = model.partial_fit(X, y)
        >>> model.n_iter_
        3
        """
        check_same_rows(X, y=y, sample_weight=sample_weight)
        return self._train(X, y, sample_weight, continues="theta_" in vars(self), budget=ONE_PASS)

    def _train(self, X, y, sample_weight, validation=(None, None, None), *, continues, budget, tasks=NO_TASKS):
        """Check everything, train, set the fitted attributes, and warn if training ended too early.

        Before they are set, nothing of the regressor is changed, so that it can be used meanwhile, and stays as it was
        if training fails or is interrupted.

        Parameters
        ----------
        X, y, sample_weight
            As given.
        validation : tuple (X_val, y_val, sample_weight_val)
            As given.
        continues : bool
            Whether to continue earlier training.
        budget : Budget
            How long to train at most.
        tasks
            For callbacks.

        Returns
        -------
        self : LSTMRegressor
        """
        restore_generator, attributes = restorer(self.random_state), None

        def finish():
            try:
                tasks.end_fit()
                self._forget_unfinished()
                if budget.is_whole_fit:
                    warn_of_ending(trained, ending)
            except KeyboardInterrupt:
                if interrupts_are_raised():
                    raise
                warn_of_interruption(trained)

        try:
            ending, attributes, trained = self._trained(X, y, sample_weight, validation, continues, budget, tasks)
            return set_at_once(self, attributes, finish)
        except BaseException:
            if attributes is None or vars(self).get("_state") is not attributes["_state"]:
                restore_generator()
            raise

    @on_plain_copy
    def _trained(self, X, y, sample_weight, validation, continues, budget, tasks):
        """Check everything and train a copy; return how training ended, the fitted attributes, and the copy."""
        y = as_numbers(y, "y", sequences=True)
        settings, given = check_settings(self), vars(self).get("_given_scaling")
        if given is not None:
            self._begin_with(given, budget)
        check_validation_arguments(self.early_stopping, *validation)
        data, self._input_spec = check_training_set(
            self, X, y, sample_weight, self._input_spec if continues or given else None
        )
        if validation[0] is not None:
            data = check_validation_set(self, data, self._input_spec, *validation)
        if not self._input_spec.is_told:
            is_next_chunk = continues and not budget.is_whole_fit
            is_told = check_lag_order(self, data, X, y, is_next_chunk=is_next_chunk)
            self._input_spec = replace(self._input_spec, is_told=is_told)
        check_targets_suit(self, data)
        earlier = self._state.at(self.theta_) if continues else given
        ending, attributes = train(self, data, X, y, settings, earlier, budget=budget, tasks=tasks)
        if given is not None:
            attributes["_given_scaling"] = None
        vars(self).update(attributes)
        return ending, attributes, self

    def _begin_with(self, given, budget):
        """Take over the form of the input that `fit_scaling` read; called on a copy."""
        if budget.is_whole_fit:
            raise ValueError(
                "fit scales by its own samples, and would drop what fit_scaling has found. Call partial_fit for each "
                "chunk, or clone(model).fit(X, y), with `from sklearn.base import clone`."
            )
        vars(self).update(given.form)

    # ---- predictions

    @with_default_error_state
    def predict(self, X):
        """Predict the target of each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_channels) or (n_samples, n_steps * n_channels)
            Samples, with as many dimensions and channels as in `fit`. Samples in three dimensions may have another
            number of steps.

        Returns
        -------
        y : ndarray of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
            Predictions, in the shape of `y` in `fit`. With a target at every step, they are NaN at missing steps.
            Otherwise the prediction for a sample without a present step is the training mean (or median or quantile, by
            the loss). Of several quantiles, the one nearest the median is returned.

        Raises
        ------
        NotFittedError
            If the regressor is not fitted.
        ValueError, TypeError
            If `X` has other dimensions, columns or channels than in `fit`, or holds infinity or text.

        Examples
        --------
        >>> from sklstm import LSTMRegressor, make_windows
        >>> from sklstm.datasets import load_airline
        >>> X, y = make_windows(load_airline(), window_length=12)
        >>> model = LSTMRegressor(8, learning_rate="cosine", max_iter=5, random_state=0).fit(X, y)
        >>> model.predict(X[-3:]).shape
        (3,)
        """
        return self._predict(X)

    def _has_levels(self):
        """Check that quantiles can be predicted, by the loss of the last fit or, before the first fit, by `loss`."""
        state = getattr(self, "_state", None)
        loss = self.loss if state is None else state.settings["loss"]
        if not loss_class(loss).has_levels:
            raise AttributeError(f"predict_quantiles needs loss='quantile', got loss={loss!r}.")
        return True

    @available_if(_has_levels)
    @with_default_error_state
    def predict_quantiles(self, X):
        """Predict all quantiles of `quantile`; only available with `loss="quantile"`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_channels) or (n_samples, n_steps * n_channels)
            Samples, as for `predict`.

        Returns
        -------
        quantiles : ndarray of shape (n_samples, [[n_steps,] n_outputs,] n_quantiles)
            Predictions in the shape and the units of those of `predict`, with the quantiles as an additional last axis,
            in the order of `quantile`. Along this axis, values never decrease.

        Raises
        ------
        AttributeError
            With another `loss`: there is no such method then.
        NotFittedError, ValueError, TypeError
            As for `predict`.

        Examples
        --------
        >>> from sklstm import LSTMRegressor, make_windows
        >>> from sklstm.datasets import load_airline
        >>> X, y = make_windows(load_airline(), window_length=12)
        >>> model = LSTMRegressor(8, loss="quantile", quantile=[0.1, 0.9], learning_rate="cosine", max_iter=5)
        >>> low, high = model.fit(X, y).predict_quantiles(X).T
        >>> bool((low <= high).all())
        True
        """
        return self._predict(X, every_level=True)

    @on_snapshot
    def _predict(self, X, every_level=False):
        check_fitted(self, "theta_")
        if every_level:
            self._has_levels()  # which another thread may have changed
        X = check_rows(self, X, self._input_spec, may_be_probe=True)
        network, y_ndim = self._state.network, self._state.y_ndim
        predictions = network.predict(self.theta_, X, y_ndim == 3, every_level)
        check_finite(predictions, X, y_ndim == 3, network.scaling.missing_rule)
        return predictions[:, 0] if y_ndim == 1 else predictions

    @with_default_error_state
    @on_snapshot
    def score(self, X, y, sample_weight=None):
        """Return the coefficient of determination R² of `predict(X)`.

        With several outputs, it is the mean of their R². Where single targets are missing (NaN), the R² of an output is
        that of its present targets; an output with fewer than two of them does not count. With a target at every step,
        each present step counts as one sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_channels) or (n_samples, n_steps * n_channels)
            Samples, as for `predict`.
        y : array-like of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
            True targets, as for `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample, at least 0.

        Returns
        -------
        score : float
            1 for exact predictions, 0 for predictions as good as the mean of `y`. Worse ones are negative.

        Raises
        ------
        NotFittedError, ValueError, TypeError
            As for `predict`. Also if `y` or `sample_weight` do not belong to the samples, or a weight is negative.

        Examples
        --------
        >>> from sklstm import LSTMRegressor, make_windows
        >>> from sklstm.datasets import load_airline
        >>> X, y = make_windows(load_airline(), window_length=12)
        >>> model = LSTMRegressor(8, instance_norm="last", learning_rate="cosine", max_iter=50, random_state=0)
        >>> model.fit(X[:-12], y[:-12]).score(X[-12:], y[-12:]) > 0  # better than the mean of the last year
        True
        """
        check_fitted(self, "theta_")
        check_same_rows(X, y=y, sample_weight=sample_weight)
        y = as_numbers(y, "y", sequences=True)
        every_step = self._state.y_ndim == 3 or n_dimensions(y) == 3
        return r2(*scored_targets(y, self.predict(X), sample_weight, every_step))

    @with_default_error_state
    @on_snapshot
    def forecast(self, steps, X_future=None, *, context=None, clip=True):
        """Forecast `steps` steps ahead, feeding each prediction back as the next step of the target channels.

        Without `context`, the forecast continues the training samples: if the last training target is at time t, it is
        for the times t + 1 … t + steps. With `context`, it continues each given window from its last step. `forecast`
        needs samples that are windows of the target series, and one output for each target channel. With several
        quantiles, the one nearest the median is fed back.

        Parameters
        ----------
        steps : int
            Forecast horizon, at least 1.
        X_future : array-like, default=None
            Values of the channels that are not targets, at the steps that are appended. Without `context` of shape
            (steps, n_others), for the times t … t + steps - 1. With `context` of shape (n_samples, steps - 1,
            n_others), for t + 1 … t + steps - 1, where t is the last time of the context. A single such channel may
            be (steps,). None if every channel is a target. If `X_future` and `y` are pandas with an index of time,
            the times are checked.
        context : array-like of the shape of `X`, default=None
            Windows to continue, with as many dimensions as in `fit`. For a series of one channel, they are its last
            steps, `series[-n_steps:].reshape(1, n_steps, 1)`.
        clip : bool or pair (low, high), default=True
            Whether to clip a recursion that runs away, with a warning. The bounds are the range of the training samples
            and of the context, extended on both sides by three times its width. The first step is never clipped. If
            channels in `X_future` leave their own range, the bounds widen in proportion; three times as much if they
            leave it by more than its width. A pair of numbers, or of arrays that broadcast to (n_samples, steps,
            n_outputs), gives other bounds, without a warning.

        Returns
        -------
        forecast : ndarray, Series or DataFrame of shape (steps,) or (steps, n_outputs)
            With `context`, an array with n_samples as first axis. Without, pandas if `y` was pandas, with the continued
            index. If the index cannot be continued, the steps are counted from 1, with a warning.

        Raises
        ------
        ValueError
            If predictions cannot be fed back: also if the last 100 training samples show that other channels are not
            moved on from sample to sample, as the extra columns of LagsToSequences. Without `context`, also if they
            show that a target is not the newest step of the next sample.

        Warns
        -----
        UserWarning
            If the recursion ran away and was clipped.

        Examples
        --------
        >>> from sklstm import LSTMRegressor, make_windows
        >>> from sklstm.datasets import load_airline
        >>> X, y = make_windows(load_airline(), window_length=12)
        >>> model = LSTMRegressor(8, learning_rate="cosine", max_iter=5, random_state=0).fit(X, y)
        >>> model.forecast(2).index.strftime("%Y-%m").tolist()  # continues the training windows
        ['1961-01', '1961-02']
        >>> model.forecast(2, context=X[:5]).shape  # continues each of five windows
        (5, 2)
        """
        check_fitted(self, "theta_")
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

        forecasts = forecast_recursively(predict_one_step, windows, steps, self.n_outputs_, future, bounds)
        check_finite(forecasts, windows, False, network.scaling.missing_rule)
        if clip is True:
            warn_of_clipping(forecasts, bounds)
        forecasts = forecasts.astype(self.theta_.dtype, copy=False)
        if self._state.y_ndim == 1:
            forecasts = forecasts[..., 0]
        return forecasts if context is not None else self._state.forecast_start.to_output(forecasts[0])

    def _read_context(self, steps, X_future, context):
        """Return the windows that a forecast starts from, and the other channels of the steps that it appends."""
        n_others, start = self._state.network.n_channels - self.n_outputs_, self._state.forecast_start
        if context is not None:
            if steps > 1 and start is not None:
                start.check_others_follow()
            windows = check_rows(self, context, self._input_spec, input_name="context")
            return windows, check_future(X_future, (len(windows), steps - 1, n_others), per_context=True)
        if start is None:
            raise ValueError(
                "forecast without context continues the training samples, but this model was made from weights and has "
                "none. Give the windows to continue: forecast(steps, context=X[-1:])."
            )
        others = check_future(X_future, (1, steps, n_others), per_context=False, times=start.times(steps))
        return start.next_window(others[:, :1]), others[:, 1:]

    # ---- history of training

    @property
    @on_snapshot
    def loss_curve_(self):
        """Loss of every epoch, as a new list of float at each access."""
        check_fitted(self, "theta_")
        return self._state.progress.loss_curve

    @property
    @on_snapshot
    def validation_loss_curve_(self):
        """Loss of the validation samples after every epoch, a list of float; None without early stopping."""
        check_fitted(self, "theta_")
        return self._state.progress.validation_loss_curve if self._state.progress.watches_validation else None

    @property
    @on_snapshot
    def validation_scores_(self):
        """R² on the validation samples after every epoch, a list of float; None without early stopping."""
        check_fitted(self, "theta_")
        return self._state.progress.validation_scores if self._state.progress.watches_validation else None

    # ---- parameters by name

    @on_snapshot
    def _view(self, name):
        check_fitted(self, "theta_")
        return self._state.network.layout.views(self.theta_)[name]

    @property
    def weight_ih_(self):
        """Input weights, one (4 * hidden_size, n_inputs) view of `theta_` for each layer.

        The inputs of the first layer are the channels; with `missing="indicator"` they are followed by one indicator
        for each channel. The inputs of another layer are the states of the layer below. With `bidirectional=True` each
        layer has two matrices, forward and backward. The rows are those of the gates i, f, o, g (input, forget,
        output, candidate); PyTorch's order is i, f, g, o. Each gate has one bias, the sum of PyTorch's two.
        Assigning to elements changes the model.
        """
        return self._view("weight_ih")

    @property
    def weight_hh_(self):
        """Recurrent weights, one (4 * hidden_size, hidden_size) view of `theta_` for each layer.

        With `bidirectional=True` each layer has two matrices, forward and backward. The rows are those of the
        gates i, f, o, g (input, forget, output, candidate); PyTorch's order is i, f, g, o. Each gate has one bias, the
        sum of PyTorch's two. Assigning to elements changes the model.
        """
        return self._view("weight_hh")

    @property
    def bias_(self):
        """Biases, one (4 * hidden_size,) view of `theta_` for each layer, in the order of the gates i, f, o, g.

        With `bidirectional=True` each layer has two vectors, forward and backward. Each gate has one bias, the sum of
        PyTorch's two (`bias_ih` + `bias_hh`). Assigning to elements changes the model.
        """
        return self._view("bias")

    @property
    def readout_weight_(self):
        """Weights of the read-out, a view of `theta_` of shape (n_outputs * n_levels, n_states).

        The states are the hidden units of the top layer; with `bidirectional=True` those of the forward direction are
        followed by those of the backward one. They are computed from the gates i, f, o, g (with one bias, the sum of
        PyTorch's two). With several quantiles there are n_outputs rows for each level, level by level. Assigning to
        elements changes the model.
        """
        return self._view("readout_weight")

    @property
    def readout_bias_(self):
        """Biases of the read-out, a view of `theta_` of shape (n_outputs * n_levels,).

        They are added to the product of the weights and the hidden states, which are computed from the
        gates i, f, o, g (with one bias, the sum of PyTorch's two). Assigning to elements changes the model.
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
