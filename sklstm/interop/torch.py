"""Exchange of weights with PyTorch's `nn.LSTM` and `nn.Linear`. PyTorch is not needed for state dicts.

PyTorch's gates are i, f, g, o, and each has two biases, which are added. Here they are i, f, o, g, with one bias.
"""

from sklstm._utils.argument_checks import shown
from sklstm._utils.error_state import with_default_error_state
from sklstm.interop._state_dicts import dropout_of, network_weights, torch_names
from sklstm.interop._weights import exported_weights, new_regressor

OUTPUTS = ("last", "all")


@with_default_error_state
def from_torch(lstm, linear=None, *, output=None, **parameters):
    """Make a fitted `LSTMRegressor` from an `nn.LSTM` and the `nn.Linear` that reads its states.

    It predicts what the two modules predict from zero initial states, up to rounding, in their precision:
    `linear(h_n[-1])` for each sample or, with `output="all"`, `linear(lstm(X)[0])` at every step. `partial_fit` trains
    it on.

    Parameters
    ----------
    lstm : torch.nn.LSTM, torch.nn.Module or dict
        The LSTM, or its state dict, with arrays or tensors. Stacked and bidirectional ones are converted. Without
        `linear`, a module or state dict that holds one LSTM and one linear layer, under any names. Then its `forward`
        must apply the second to the states of the first, and nothing else; compare a prediction.
    linear : torch.nn.Linear or dict, default=None
        The linear layer, or its state dict. For the states themselves, give `{"weight": np.eye(n), "bias":
        np.zeros(n)}` in the precision of the LSTM.
    output : {"last", "all"}, default=None
        Which states the linear layer reads. "last" means the last state of each direction, `h_n`. "all" means the
        states of every step. By default it is "last", but for a bidirectional LSTM you have to say it: `h_n` has the
        backward state at the *first* step, while `output[:, -1]` has it at the last step, where it has read one step
        only. A model that reads `output[:, -1]` of a bidirectional LSTM cannot be converted.
    **parameters
        Parameters of `LSTMRegressor` with which `partial_fit` trains on, such as `learning_rate_init`, and `n_targets`,
        which `forecast` needs to know. `standardize` is False: scale `X` as it was scaled when the weights were
        trained. With `loss="poisson"`, predictions are the exponentials of the linear layer, as with PyTorch's
        `PoissonNLLLoss`.

    Returns
    -------
    regressor : LSTMRegressor
        Fitted, for samples of shape (n_samples, n_steps, n_channels), whether the LSTM is `batch_first` or not. Its
        predictions have the shape (n_samples,) if the linear layer has one output.

    Raises
    ------
    TypeError
        If an argument is neither a module nor a state dict of arrays.
    ValueError
        If there is not one LSTM and one linear layer, they do not fit each other or have weights that are not finite,
        the LSTM has projections (`proj_size`), or a layer has a `forward` of its own.

    See Also
    --------
    to_state_dict : The other direction.

    Notes
    -----
    Hooks of modules, which may change what goes in or comes out, are left out.

    NaN in `X` makes all states of PyTorch NaN. Here such a step is skipped. The prediction for a sample without any
    step is that for the initial state.

    `dropout` is taken over, and changes no predictions. In training, PyTorch applies it between layers, so it has no
    effect with one layer and is left out. An LSTMRegressor also applies it before the read-out.

    Training: PyTorch changes two biases of each gate, here there is one. A step equals PyTorch's if one of its two is
    frozen (`requires_grad=False`). The loss "squared_error" is half of PyTorch's `MSELoss`.

    A model from weights has seen no samples: `forecast` needs a `context`, and `loss_curve_` is empty.

    Examples
    --------
    >>> import pytest
    >>> torch = pytest.importorskip("torch")
    >>> import numpy as np
    >>> from sklstm.interop.torch import from_torch
    >>> lstm, linear = torch.nn.LSTM(2, 8, batch_first=True), torch.nn.Linear(8, 1)
    >>> X = np.random.default_rng(0).normal(size=(5, 20, 2)).astype(np.float32)
    >>> model = from_torch(lstm, linear)
    >>> with torch.no_grad():
    ...     expected = linear(lstm(torch.from_numpy(X))[0][:, -1])
    >>> bool(np.allclose(model.predict(X), expected[:, 0], atol=1e-6))
    True
    """
    if output is not None and not (isinstance(output, str) and output in OUTPUTS):
        raise ValueError(f"output must be 'last', 'all' or None, got {shown(output)}.")
    known = dropout_of(lstm)
    weights = network_weights(lstm, linear)
    if output is None and weights.n_directions == 2:
        raise ValueError(
            "output must be given for a bidirectional LSTM. output='last' reads h_n, as in "
            "linear(torch.cat((h_n[-2], h_n[-1]), dim=1)); output='all' predicts at every step. A model that reads "
            "output[:, -1], where the backward direction has read one step only, cannot be converted."
        )
    return new_regressor(weights, parameters, output == "all", known)


@with_default_error_state
def to_state_dict(estimator, *, lstm="lstm", linear="linear", dtype=None, log_mean=False):
    """Return the weights of an `LSTMRegressor` under PyTorch's names, as a state dict of NumPy arrays.

    The standardisation of channels and targets is put into the weights. So the modules read `X` as `predict` does, and
    return what it returns, up to rounding. PyTorch is not needed.

    Parameters
    ----------
    estimator : LSTMRegressor
        Fitted.
    lstm, linear : str, default="lstm" and "linear"
        The names of the two modules in the module that loads the weights. Without a name (""), the keys of this part
        have no prefix.
    dtype : numpy dtype, default=None
        np.float32 or np.float64; by default the precision of the estimator.
    log_mean : bool, default=False
        For `loss="poisson"`, which needs True: the linear layer gives the logarithms of the predictions.

    Returns
    -------
    state_dict : dict of str to ndarray
        "lstm.weight_ih_l0", …, "linear.weight", "linear.bias". Each gate has its bias in `bias_ih`; `bias_hh` is 0.

    Raises
    ------
    TypeError
        If `estimator` is not an LSTMRegressor.
    NotFittedError
        If it is not fitted.
    ValueError
        If a name ends with a dot; if an LSTM with a linear read-out cannot make its predictions: with `instance_norm`,
        `missing="indicator"` or, without `log_mean=True`, `loss="poisson"`. The message says what to do.

    Warns
    -----
    UserWarning
        If the mean of a channel is so large beside its deviation that the precision does not suffice, or if only one
        of several quantiles can be converted.

    See Also
    --------
    from_torch : The other direction.

    Notes
    -----
    The modules are `nn.LSTM(n_channels, hidden_size, n_layers, bidirectional=…, batch_first=True)` and
    `nn.Linear(hidden_size, n_outputs)`, with twice as many inputs of a bidirectional one. A table, whose rows are
    flattened samples, must be reshaped to (n_samples, n_steps, n_channels). PyTorch returns NaN for a sample with a
    missing value, and cannot skip steps.

    Examples
    --------
    >>> import pytest
    >>> torch = pytest.importorskip("torch")
    >>> import numpy as np
    >>> from sklstm import LSTMRegressor, make_windows
    >>> from sklstm.interop.torch import to_state_dict
    >>> X, y = make_windows(np.sin(np.arange(300) / 5), window_length=20)
    >>> model = LSTMRegressor(8, random_state=0).fit(X, y)
    >>> lstm, linear = torch.nn.LSTM(1, 8, batch_first=True), torch.nn.Linear(8, 1)
    >>> modules = torch.nn.ModuleDict({"lstm": lstm, "linear": linear}).double()
    >>> modules.load_state_dict({name: torch.from_numpy(array) for name, array in to_state_dict(model).items()})
    <All keys matched successfully>
    >>> with torch.no_grad():
    ...     outputs = linear(lstm(torch.tensor(X))[0][:, -1])
    >>> bool(np.allclose(outputs[:, 0], model.predict(X), atol=1e-6))
    True
    """
    for name, value in (("lstm", lstm), ("linear", linear)):
        if not isinstance(value, str):
            raise TypeError(f"{name} must be the name of a module, got {shown(value)}.")
        if value.endswith("."):
            raise ValueError(f"{name} must be the name of a module, without the dot behind it, got {shown(value)}.")
    weights = exported_weights(estimator, "to_state_dict", dtype, log_mean)
    return torch_names(weights, *(f"{name}." if name else "" for name in (lstm, linear)))
