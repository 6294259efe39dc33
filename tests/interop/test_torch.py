"""Weights from PyTorch and back: the same predictions, the same steps of training, and what cannot be converted."""

import pickle
from itertools import product

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklstm import LSTMRegressor, load_checkpoint, save_checkpoint
from sklstm.interop.torch import from_torch, to_state_dict
from tests.interop.torch_tools import modules
from tests.tools import fit, model

torch = pytest.importorskip("torch")

SHAPES = [(1, 1, 1, 1), (3, 9, 2, 5), (7, 4, 3, 8)]  # samples, steps, channels, units
SETTINGS = list(product((1, 3), (1, 2), (True, False), (torch.float32, torch.float64)))


def outputs(lstm, linear, X, every_step=False):
    """What the modules predict."""
    states, (h, _) = lstm(torch.as_tensor(X) if lstm.batch_first else torch.as_tensor(X).swapaxes(0, 1))
    if every_step:
        return linear(states if lstm.batch_first else states.swapaxes(0, 1))
    return linear(torch.cat(list(h[-1 - lstm.bidirectional :]), dim=1))


def samples(n=7, n_steps=6, n_channels=2, dtype=np.float64):
    return np.random.default_rng(0).normal(size=(n, n_steps, n_channels)).astype(dtype)


def assert_near(found, expected):
    expected = expected.detach().numpy()
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=1e-6, atol=1e-6)


# ---- from PyTorch


@pytest.mark.parametrize(("n_layers", "n_directions", "bias", "dtype"), SETTINGS, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_predictions_are_pytorchs(shape, n_layers, n_directions, bias, dtype):
    n, n_steps, n_channels, size = shape
    lstm, linear = modules(n_channels, size, n_layers, n_directions, n_outputs=n % 3 + 1, dtype=dtype, bias=bias)
    X = samples(n, n_steps, n_channels, str(dtype).removeprefix("torch."))
    last, every = (from_torch(lstm, linear, output=output) for output in ("last", "all"))
    assert last.predict(X).shape == ((n,) if linear.out_features == 1 else (n, linear.out_features))
    assert_near(last.predict(X), outputs(lstm, linear, X))
    assert_near(every.predict(X), outputs(lstm, linear, X, every_step=True))
    assert (last.hidden_size, last.n_layers, last.bidirectional) == (size, n_layers, n_directions == 2)
    longer = samples(2, 3 * n_steps, n_channels, X.dtype)
    assert_near(last.predict(longer), outputs(lstm, linear, longer))


def test_the_order_of_axes_is_not_a_matter_of_the_weights():
    lstm, linear = modules()
    expected = outputs(lstm, linear, samples())
    lstm.batch_first = False
    assert_near(from_torch(lstm, linear).predict(samples()), expected)
    assert_near(from_torch(lstm, linear).predict(samples()), outputs(lstm, linear, samples()))


@pytest.mark.parametrize("names", [("lstm", "fc"), ("encoder.rnn", "head.out.linear")], ids=str)
def test_state_dicts_of_modules_of_any_name(names):
    lstm, linear = modules(n_layers=2, n_directions=2, n_outputs=2)
    whole = {f"{name}.{key}": part for name, module in zip(names, (lstm, linear), strict=True)
             for key, part in module.state_dict().items()}  # fmt: skip
    expected = from_torch(lstm, linear, output="last").theta_
    as_arrays = {key: part.numpy() for key, part in whole.items()}
    for given in (whole, as_arrays, {f"module.{key}": part for key, part in as_arrays.items()}):
        np.testing.assert_array_equal(from_torch(given, output="last").theta_, expected)
    apart = lstm.state_dict(), {"weight": linear.weight, "bias": linear.bias}
    np.testing.assert_array_equal(from_torch(*apart, output="last").theta_, expected)


class Model(torch.nn.Module):
    def __init__(self, lstm, linear):
        super().__init__()
        self.rnn, self.drop, self.head = lstm, torch.nn.Dropout(0.3), linear

    def forward(self, x):
        return self.head(self.drop(self.rnn(x)[0][:, -1]))


def test_a_whole_module():
    lstm, linear = modules(n_layers=2, dropout=0.25)
    whole = Model(lstm, linear).eval()
    found = from_torch(whole)
    assert_near(found.predict(samples()), whole(torch.as_tensor(samples())))
    assert found.dropout == 0.25
    assert from_torch(*modules(dropout=0.25)).dropout == 0  # with one layer, PyTorch drops nothing


def test_weights_are_copied():
    lstm, linear = modules()
    found = from_torch(lstm, linear)
    before = found.predict(samples())
    with torch.no_grad():
        linear.weight += 1
        lstm.weight_hh_l0 += 1
    np.testing.assert_array_equal(found.predict(samples()), before)


def test_the_states_themselves():
    """As the message about a missing linear layer advises."""
    lstm, _ = modules()
    with pytest.raises(ValueError, match=r'linear=\{"weight": np.eye\(n\), "bias": np.zeros\(n\)\}'):
        from_torch(lstm)
    found = from_torch(lstm, {"weight": np.eye(5), "bias": np.zeros(5)})
    assert_near(found.predict(samples()), lstm(torch.as_tensor(samples()))[0][:, -1])


def test_a_linear_layer_without_bias():
    lstm, _ = modules()
    linear = torch.nn.Linear(5, 2, bias=False, dtype=torch.float64)
    assert_near(from_torch(lstm, linear).predict(samples()), outputs(lstm, linear, samples()))


def test_the_poisson_loss_takes_the_outputs_for_logarithms():
    """As PyTorch's `PoissonNLLLoss` does."""
    lstm, linear = modules(n_outputs=2)
    found = from_torch(lstm, linear, loss="poisson")
    assert_near(found.predict(samples()), outputs(lstm, linear, samples()).exp())


@pytest.mark.parametrize("norm", ["last", "mean"])
def test_an_instance_norm_that_needs_no_samples(norm):
    lstm, linear = modules()
    X = samples()
    reference = X[:, -1:, :1] if norm == "last" else X[:, :, :1].mean(axis=1, keepdims=True)
    relative = X - np.concatenate((reference, np.zeros_like(reference)), axis=2)
    expected = outputs(lstm, linear, relative)[:, 0] + torch.as_tensor(reference[:, 0, 0])
    assert_near(from_torch(lstm, linear, instance_norm=norm).predict(X), expected)


def test_a_missing_step_is_skipped_and_a_sample_without_steps_is_the_initial_state():
    lstm, linear = modules()
    X = samples()
    expected = outputs(lstm, linear, np.delete(X, 2, axis=1))
    X[:, 2, 1] = np.nan
    found = from_torch(lstm, linear)
    assert_near(found.predict(X), expected)
    assert_near(found.predict(np.full((1, 3, 2), np.nan)), linear.bias)


# ---- training goes on


OPTIMIZERS = {
    "sgd": ({"momentum": 0.9, "nesterovs_momentum": True}, torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "adam": ({}, torch.optim.Adam, {}),
}


@pytest.mark.parametrize("solver", OPTIMIZERS)
@pytest.mark.parametrize(("n_layers", "n_directions", "output"), [(1, 1, "last"), (2, 2, "last"), (2, 1, "all")])
def test_partial_fit_makes_pytorchs_steps(n_layers, n_directions, output, solver):
    """From PyTorch's weights, with one of its two biases frozen, as here is one bias."""
    ours, optimizer, theirs = OPTIMIZERS[solver]
    lstm, linear = modules(n_layers=n_layers, n_directions=n_directions, n_outputs=2)
    found = from_torch(lstm, linear, output=output, solver=solver, learning_rate_init=0.01, clip_norm=None, **ours)
    for name, parameter in lstm.named_parameters():
        parameter.requires_grad_("bias_hh" not in name)
    trained = [part for part in (*lstm.parameters(), *linear.parameters()) if part.requires_grad]
    optimizer, X = optimizer(trained, lr=0.01, **theirs), samples(n=9)
    y = np.random.default_rng(1).normal(size=(9, 6, 2) if output == "all" else (9, 2))
    start = found.theta_.copy()
    for _ in range(5):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(outputs(lstm, linear, X, output == "all"), torch.as_tensor(y)) / 2
        loss.backward()
        optimizer.step()
        found.partial_fit(X, y)
        assert found.loss_ == pytest.approx(loss.item(), rel=1e-9)
    expected = from_torch(lstm, linear, output=output).theta_
    np.testing.assert_allclose(found.theta_, expected, rtol=1e-8, atol=1e-10)
    assert np.abs(found.theta_ - start).max() > 0.01
    assert found.n_iter_ == 5


def test_fit_begins_anew_and_warm_start_goes_on():
    X, y = samples(40), samples(40)[:, -1, 0]
    again = from_torch(*modules(), max_iter=2, random_state=0)
    assert again.clip_norm == LSTMRegressor().clip_norm
    np.testing.assert_array_equal(fit(again, X, y).theta_, fit(clone(again), X, y).theta_)
    start = from_torch(*modules(), max_iter=1, warm_start=True, learning_rate_init=1e-300).theta_
    found = fit(from_torch(*modules(), max_iter=1, warm_start=True, learning_rate_init=1e-300), X, y)
    np.testing.assert_array_equal(found.theta_, start)


def test_random_state_decides_the_order_of_samples():
    X, y = samples(40), samples(40)[:, -1, 0]
    one, same, other = (from_torch(*modules(), random_state=seed).partial_fit(X, y).theta_ for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_what_a_model_from_weights_passes_through(tmp_path):
    found = from_torch(*modules(n_layers=2), random_state=0, learning_rate_init=0.02)
    X, expected = samples(), from_torch(*modules(n_layers=2)).predict(samples())
    save_checkpoint(found, tmp_path / "model.npz")
    copies = [pickle.loads(pickle.dumps(found)), load_checkpoint(tmp_path / "model.npz")]
    for copy in copies:
        np.testing.assert_array_equal(copy.predict(X), expected)
        assert copy.get_params() == found.get_params()
        assert copy.loss_curve_ == [] == found.loss_curve_
    trained = [copy.partial_fit(X, X[:, -1, 0]).theta_ for copy in (found, *copies)]
    for theta in trained:
        np.testing.assert_array_equal(theta, trained[0])
    assert not hasattr(clone(found), "theta_")
    save_checkpoint(found, tmp_path / "model.npz")
    np.testing.assert_array_equal(load_checkpoint(tmp_path / "model.npz").theta_, trained[0])
    with pytest.raises(NotFittedError):
        clone(found).predict(X)


def test_forecasts_continue_a_context():
    lstm, linear = modules(n_channels=1)
    found, X = from_torch(lstm, linear), samples(3, 8, 1)
    with pytest.raises(ValueError, match=r"forecast\(steps, context=X\[-1:\]\)"):
        found.forecast(3)
    forecast, windows = found.forecast(3, context=X), X
    for step in range(3):
        newest = outputs(lstm, linear, windows)
        assert_near(forecast[:, step], newest)
        windows = np.concatenate((windows[:, 1:], newest.detach().numpy()[:, np.newaxis]), axis=1)
    assert found.forecast(3, context=X[-1:]).shape == (1, 3)
    trained = found.partial_fit(X[:1], X[1:2, -1, 0])
    assert trained.forecast(2).shape == (2,)


# ---- to PyTorch


def loaded(state_dict, estimator, n_outputs):
    """PyTorch's modules with these weights."""
    n_states = estimator.hidden_size * (1 + estimator.bidirectional)
    n_channels = state_dict["lstm.weight_ih_l0"].shape[1]
    whole = torch.nn.ModuleDict(
        {
            "lstm": torch.nn.LSTM(
                n_channels,
                estimator.hidden_size,
                estimator.n_layers,
                bidirectional=estimator.bidirectional,
                batch_first=True,
            ),
            "linear": torch.nn.Linear(n_states, n_outputs),
        }
    ).to(torch.from_numpy(state_dict["linear.bias"]).dtype)
    whole.load_state_dict({name: torch.from_numpy(array) for name, array in state_dict.items()})
    return whole["lstm"], whole["linear"]


def check_exported(estimator, X, y, transform=lambda outputs: outputs, **settings):
    fit(estimator, X, y)
    state_dict = to_state_dict(estimator, **settings)
    sequences = X.reshape(len(X), -1, estimator._input_spec.n_channels)
    lstm, linear = loaded(state_dict, estimator, estimator.n_outputs_)
    found = outputs(lstm, linear, sequences, every_step=np.ndim(y) == 3)
    expected = estimator.predict(X)
    assert found.numpy(force=True).dtype == expected.dtype
    deviation = np.abs(y).max() / 2
    np.testing.assert_allclose(
        transform(found.numpy(force=True)).reshape(expected.shape), expected, rtol=1e-6, atol=1e-6 * deviation
    )


X = 3 + samples(40) * [2, 0.1]
Y = 100 + 20 * X[:, -1, 0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("y", [Y, np.stack((Y, -Y), axis=1), X[..., :1] * 5], ids=["1-D", "2-D", "3-D"])
def test_pytorch_predicts_the_same(y, bidirectional, standardize, dtype):
    estimator = model(bidirectional=bidirectional, standardize=standardize, n_layers=2, n_targets=1, max_iter=2)
    check_exported(estimator, ((X - 3) / 2 if not standardize else X - 3).astype(dtype), y.astype(dtype))


def test_a_mean_far_from_zero_needs_float64():
    far = X + np.array([0, 1000.0])
    check_exported(model(), far, Y)
    single = fit(model(), far.astype(np.float32), Y.astype(np.float32))
    with pytest.warns(UserWarning, match=r"mean of a channel is 9.89e\+03 times its deviation.*dtype=np.float64"):
        to_state_dict(single)
    state_dict = to_state_dict(single, dtype=np.float64)
    found = outputs(*loaded(state_dict, single, 1), far.astype(np.float32).astype(np.float64))
    np.testing.assert_allclose(found.numpy(force=True)[:, 0], single.predict(far.astype(np.float32)), rtol=1e-4)


@pytest.mark.parametrize("loss", ["absolute_error", "huber"])
def test_other_losses(loss):
    check_exported(model(loss=loss), X, Y)


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (X.reshape(40, 12), Y),
        (np.concatenate((X, np.full_like(X[..., :1], 7.0)), axis=2), Y),
        (X, np.full(40, 42.0)),
        (X, np.stack((Y, np.full(40, -3.0)), axis=1)),
        (X * 1e200, Y),
        (X, Y * 1e-200),
        (X * [1e-250, 1], Y * 1e250),
    ],
    ids=["table", "constant channel", "constant target", "one constant target", "huge", "tiny", "both"],
)
def test_unusual_scalings(X, y):
    check_exported(model(n_channels=2, n_targets=1), X, y)


def test_a_constant_after_other_samples():
    """Of targets whose mean is constant only at first."""
    estimator = fit(model(warm_start=True), X, np.full(40, 42.0))
    check_exported(estimator, X, Y)


def test_logarithms_of_the_poisson_loss():
    estimator = fit(model(loss="poisson"), X, np.round(Y))
    with pytest.raises(ValueError, match="log_mean=True"):
        to_state_dict(estimator)
    check_exported(estimator, X, np.round(Y), np.exp, log_mean=True)
    check_exported(model(loss="poisson", standardize=False), X, np.round(Y) / 50, np.exp, log_mean=True)
    check_exported(model(loss="poisson"), X, np.full(40, 3.0), np.exp, log_mean=True)
    with pytest.raises(ValueError, match=r"log_mean=True is for loss='poisson' only"):
        to_state_dict(fit(model(), X, Y), log_mean=True)


def test_of_several_quantiles_the_predicted_one():
    check_exported(model(loss="quantile", quantile=0.9), X, Y)
    y = np.stack((Y, -Y), axis=1)
    with pytest.warns(UserWarning, match=r"Only quantile 0.6.* The other 2"):
        check_exported(model(loss="quantile", quantile=[0.1, 0.6, 0.9], n_targets=1), X, y)


@pytest.mark.parametrize(
    ("settings", "says"), [({"instance_norm": "last"}, "instance_norm='last'"), ({"missing": "indicator"}, "missing=")]
)
def test_what_no_lstm_layer_does(settings, says):
    with pytest.raises(ValueError, match=rf"{says}.*sklstm.interop.onnx.to_onnx"):
        to_state_dict(fit(model(n_targets=1, **settings), X, Y))


def test_there_and_back():
    estimator = fit(model(n_layers=2, bidirectional=True), X, Y)
    state_dict = to_state_dict(estimator)
    back = from_torch(state_dict, output="last")
    np.testing.assert_allclose(back.predict(X), estimator.predict(X), rtol=1e-9)
    again = to_state_dict(back)
    assert again.keys() == state_dict.keys()
    for name, array in again.items():
        np.testing.assert_array_equal(array, state_dict[name])
        assert array.flags.owndata
        assert array.flags.c_contiguous
        assert array.flags.writeable
    assert not np.shares_memory(state_dict["linear.weight"], estimator.theta_)


def test_names_of_the_modules():
    found = to_state_dict(fit(model(), X, Y), lstm="encoder.rnn", linear="")
    assert sorted(found) == [
        "bias", "encoder.rnn.bias_hh_l0", "encoder.rnn.bias_ih_l0", "encoder.rnn.weight_hh_l0",
        "encoder.rnn.weight_ih_l0", "weight",
    ]  # fmt: skip


def test_the_estimator_stays_as_it_was():
    estimator = fit(model(), X, Y)
    before = pickle.dumps(estimator)
    for array in to_state_dict(estimator).values():
        array[...] = 0
    assert pickle.dumps(estimator) == before


# ---- what cannot be converted


LSTM, LINEAR = modules()


def test_both_directions_need_output():
    with pytest.raises(ValueError, match="output must be given for a bidirectional LSTM"):
        from_torch(*modules(n_directions=2))


PARAMETERS = [
    ({"hidden_size": 6}, "hidden_size=6, but the weights have hidden_size=5"),
    ({"n_layers": 2}, "n_layers=2, but the weights have n_layers=1"),
    ({"bidirectional": True}, "bidirectional=True, but the weights have bidirectional=False"),
    ({"standardize": True}, "standardize=True needs"),
    ({"instance_norm": "standard"}, "instance_norm='standard' needs"),
    ({"loss": "quantile", "quantile": [0.1, 0.9]}, "Name one quantile"),
    ({"n_targets": 3}, "n_targets=3 does not fit 2 channels"),
    ({"loss": "none"}, "'loss' parameter"),
    ({"learning_rate_init": -1}, "'learning_rate_init' parameter"),
    ({"loss": "poisson", "instance_norm": "last"}, "instance_norm='last' normalises"),
    ({"output": "first"}, "output must be 'last', 'all' or None, got 'first'"),
    ({"output": np.ones(2)}, "output must be 'last', 'all' or None, got array"),
]


@pytest.mark.parametrize(("parameters", "says"), PARAMETERS, ids=str)
def test_parameters_that_do_not_fit(parameters, says):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        from_torch(LSTM, LINEAR, **parameters)
    assert says in str(caught.value)


def test_parameters_that_fit():
    assert from_torch(LSTM, LINEAR, hidden_size=np.int64(5), n_layers=1, bidirectional=False).hidden_size == 5
    with pytest.raises(TypeError, match="LSTMRegressor has no parameter 'units'"):
        from_torch(LSTM, LINEAR, units=5)
    lstm, linear = modules(n_channels=3)
    with pytest.raises(ValueError, match="two inputs for each channel"):
        from_torch(lstm, linear, missing="indicator")
    found = from_torch(LSTM, LINEAR, missing="indicator")
    x = samples(n_channels=1)
    x[:, 2] = np.nan
    filled = np.concatenate((np.nan_to_num(x), np.isnan(x)), axis=2)
    present = np.delete(filled, 2, axis=1)  # a step without any value is skipped all the same
    assert_near(found.predict(x), outputs(LSTM, LINEAR, present))


def test_a_name_is_no_prefix():
    for name in ("lstm", "linear"):
        with pytest.raises(
            ValueError, match=rf"{name} must be the name of a module, without the dot .* 'net\.{name}\.'"
        ):
            to_state_dict(fit(model(), X, Y), **{name: f"net.{name}."})
        assert to_state_dict(fit(model(), X, Y), **{name: f"net.{name}"})


def test_estimators_that_cannot_be_exported():
    with pytest.raises(NotFittedError):
        to_state_dict(LSTMRegressor())
    pipeline = make_pipeline(fit(model(), X, Y))
    with pytest.raises(
        TypeError, match=r"to_state_dict takes a fitted LSTMRegressor, got Pipeline[\s\S]*pipeline\[-1\]"
    ):
        to_state_dict(pipeline)
    assert "linear.bias" in to_state_dict(pipeline[-1])
    search = fit(GridSearchCV(model(), {"alpha": [0]}, cv=2), X, Y)
    with pytest.raises(TypeError, match=r"got GridSearchCV[\s\S]* of a search, search\.best_estimator_"):
        to_state_dict(search)
    assert "linear.bias" in to_state_dict(search.best_estimator_)
    for settings in ({"dtype": np.float16}, {"dtype": int}, {"dtype": "words"}, {"dtype": 3.5}):
        with pytest.raises(ValueError, match=r"dtype must be np.float32 or np.float64, got"):
            to_state_dict(pipeline[-1], **settings)
    for settings, says in (({"lstm": 3}, "lstm"), ({"linear": None}, "linear"), ({"log_mean": 1}, "log_mean")):
        with pytest.raises(TypeError, match=says):
            to_state_dict(pipeline[-1], **settings)
    broken = fit(model(), X, Y)
    broken.theta_[0] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        to_state_dict(broken)
    huge = fit(model(), X - 3, Y * 1e100)
    with pytest.raises(ValueError, match="do not fit into float32"):
        to_state_dict(huge, dtype=np.float32)
