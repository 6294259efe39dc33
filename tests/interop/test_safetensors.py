"""Files of weights: the same models, files of PyTorch, and files that were damaged or made by an enemy."""

import json
import os
import pickle
import re
import sys
import tracemalloc
import warnings
from collections import Counter
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.discovery import all_estimators

from sklstm import LSTMRegressor, load_checkpoint, save_checkpoint
from sklstm.interop.safetensors import load_safetensors, save_safetensors
from sklstm.interop.torch import from_torch, to_state_dict
from tests.malformed import (
    EXTREMES,
    JSON_TEXTS,
    changed_json,
    cut,
    cut_out,
    flip_bytes,
    insert,
    loaded_or_message,
    prepend,
    repeat_block,
)
from tests.property_settings import FACTOR
from tests.tools import fit, model

library = pytest.importorskip("safetensors.numpy")

RNG = np.random.default_rng(0)
X = 3 + RNG.normal(size=(40, 6, 2))
Y = 100 + 20 * X[:, -1, 0]
GAPS = np.where(RNG.random(X.shape) < 0.1, np.nan, X)
TABLE = pd.DataFrame(X.reshape(40, 12)).add_prefix("column ")
MODELS = {
    "plain": (lambda: model(), X, Y),
    "float32": (lambda: model(), X.astype(np.float32), Y.astype(np.float32)),
    "layers and directions": (lambda: model(n_layers=3, bidirectional=True, dropout=0.2), X, Y),
    "every step": (lambda: model(n_targets=1), X, X[..., :1] * 5),
    "several outputs": (lambda: model(n_targets=1), X, np.stack((Y, np.full(40, 7.0)), axis=1)),
    "table": (lambda: model(n_channels=2), TABLE, Y),
    "missing values": (lambda: model(missing="indicator"), GAPS, Y),
    "instance norm": (lambda: model(instance_norm="last-standard"), X * np.logspace(0, 9, 40)[:, None, None], Y),
    "quantiles": (lambda: model(loss="quantile", quantile=np.array([0.1, 0.5, 0.9])), X, Y),
    "poisson": (lambda: model(loss="poisson"), X, np.round(Y)),
    "huber": (lambda: model(loss="huber", delta=2), X, Y),
    "generator": (lambda: model(random_state=np.random.default_rng(3), early_stopping=True), X, Y),
    "old generator": (lambda: model(random_state=np.random.RandomState(3)), X, Y),
    "huge": (lambda: model(solver="lbfgs"), X * 1e200, Y * 1e-200),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def written(path, **settings):
    estimator = fit(model(**settings), X, Y)
    save_safetensors(estimator, path)
    return estimator


@pytest.mark.parametrize("name", MODELS)
def test_there_and_back(name, path):
    make, X, y = MODELS[name]
    estimator = fit(make(), X, y)
    save_safetensors(estimator, path)
    found = load_safetensors(path)
    np.testing.assert_array_equal(found.predict(X), estimator.predict(X))
    np.testing.assert_array_equal(found.theta_, estimator.theta_)
    if "quantile" in name:
        np.testing.assert_array_equal(found.predict_quantiles(X), estimator.predict_quantiles(X))
    assert found.theta_.dtype == estimator.theta_.dtype
    assert re.sub(" at 0x[0-9A-F]+", "", repr(found)) == re.sub(" at 0x[0-9A-F]+", "", repr(estimator))
    assert list(getattr(found, "feature_names_in_", ())) == list(getattr(estimator, "feature_names_in_", ()))
    save_safetensors(found, path.with_name("again"))
    (one, values), (other, same) = (taken_apart(file.read_bytes()) for file in (path, path.with_name("again")))
    assert (one, values) == (other, same)


def test_what_a_loaded_model_passes_through(path, tmp_path):
    estimator = written(path)
    found = load_safetensors(path)
    save_checkpoint(found, tmp_path / "model.npz")
    copies = [pickle.loads(pickle.dumps(found)), load_checkpoint(tmp_path / "model.npz"), load_safetensors(path)]
    trained = [copy.partial_fit(X, Y).theta_ for copy in copies]
    for theta in trained:
        np.testing.assert_array_equal(theta, trained[0])
    assert (trained[0] != estimator.theta_).any()
    np.testing.assert_array_equal(fit(clone(found), X, Y).theta_, estimator.theta_)
    with pytest.raises(ValueError, match=r"context=X\[-1:\]"):
        found.forecast(2)


def test_forecasts_from_a_context_are_the_same(path):
    series = np.sin(np.arange(60.0))
    windows = np.lib.stride_tricks.sliding_window_view(series, 8)[:-1, :, np.newaxis]
    estimator = fit(model(), windows, series[8:])
    save_safetensors(estimator, path)
    found = load_safetensors(path).forecast(9, context=windows[-3:])
    np.testing.assert_array_equal(found, estimator.forecast(9, context=windows[-3:]))


def test_the_tensors_are_pytorchs(path):
    """In its names and order of gates, which another program reads."""
    estimator = written(path, standardize=False, bidirectional=True)
    tensors = library.load_file(path)
    expected = to_state_dict(estimator)
    assert {name for name in tensors if not name.startswith("sklstm.")} == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(tensors[name], array)


def test_files_of_pytorch(path):
    estimator = fit(model(n_layers=2), X, Y)
    library.save_file(to_state_dict(estimator, lstm="encoder.rnn", linear="head"), path)
    found = load_safetensors(path, learning_rate_init=0.5)
    np.testing.assert_allclose(found.predict(X), estimator.predict(X), rtol=1e-9)
    assert found.learning_rate_init == 0.5
    every = load_safetensors(path, output="all")
    np.testing.assert_array_equal(every.theta_, from_torch(to_state_dict(estimator)).theta_)
    assert every.predict(X).shape == (40, 6, 1)
    library.save_file({**to_state_dict(estimator), "norm.weight": np.ones(3)}, path)
    with pytest.raises(ValueError, match=r"cannot be loaded: Beside the LSTM there must be one nn.Linear"):
        load_safetensors(path)


def test_a_module_of_pytorch(path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file

    lstm, linear = torch.nn.LSTM(2, 5, batch_first=True), torch.nn.Linear(5, 1)
    whole = torch.nn.ModuleDict({"lstm": lstm, "linear": linear})
    save_file(whole.state_dict(), path)
    single = X.astype(np.float32)
    with torch.no_grad():
        expected = linear(lstm(torch.tensor(single))[0][:, -1])[:, 0].numpy()
    np.testing.assert_allclose(load_safetensors(path).predict(single), expected, rtol=1e-6, atol=1e-6)
    save_file(whole.bfloat16().state_dict(), path)
    with pytest.raises(
        ValueError, match=r"has the type BF16, but float32 or float64 is needed.*save_file\(\{name: par"
    ):
        load_safetensors(path)
    save_file({name: part.float() for name, part in load_file(path).items()}, path)  # the advised call
    np.testing.assert_allclose(load_safetensors(path).predict(single), expected, atol=0.01)


def test_weights_in_several_files(path):
    estimator = fit(model(), X, Y)
    named = list(to_state_dict(estimator).items())
    files = [path.with_name(f"part{number}.safetensors") for number in range(2)]
    for number, file in enumerate(files):
        library.save_file(dict(named[number::2]), file)
        with pytest.raises(ValueError, match=f"{file.name} cannot be loaded: "):
            load_safetensors(file)
    joined = {name: part for file in files for name, part in library.load_file(file).items()}
    np.testing.assert_allclose(from_torch(joined).predict(X), estimator.predict(X), rtol=1e-6)


@pytest.mark.parametrize(
    "content", [b'{"weight_map": {"lstm.weight_ih_l0": "model-1.safetensors"}}', b"PK\x03\x04" * 9]
)
def test_other_files(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match="cannot be loaded: it is no safetensors file, as its header would have"):
        load_safetensors(path)


@pytest.mark.parametrize("text", ["", "trained on Monday", "é", "[]", '{"format": 1}'])
def test_metadata_of_another_library_under_our_name(path, text):
    library.save_file(to_state_dict(fit(model(), X, Y)), path, {"sklstm": text})
    with pytest.raises(ValueError, match="cannot be loaded: its metadata are not those of sklstm"):
        load_safetensors(path)


def test_an_older_file_stays_if_writing_fails(path, monkeypatch):
    written(path)
    before = path.read_bytes()
    monkeypatch.setattr(library, "save", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        written(path, hidden_size=3)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_another_version_warns(path):
    written(path)
    with_header(path, lambda header: change_own(header, lambda parts: parts.update(version="0.0.1")))
    with pytest.warns(UserWarning, match=r"was written with sklstm 0\.0\.1"):
        load_safetensors(path)
    with_header(path, lambda header: change_own(header, lambda parts: parts.update(format=2)))
    with pytest.raises(ValueError, match="its format is 2, but sklstm"):
        load_safetensors(path)


def test_wrong_arguments(path):
    with pytest.raises(NotFittedError):
        save_safetensors(LSTMRegressor(), path)
    with pytest.raises(TypeError, match=r"save_safetensors takes a fitted LSTMRegressor, got[\s\S]*pipeline\[-1\]"):
        save_safetensors(make_pipeline(fit(model(), X, Y)), path)
    for call in (lambda name: save_safetensors(fit(model(), X, Y), name), load_safetensors):
        with pytest.raises(TypeError, match="path must be a str"):
            call(3)
        with pytest.raises(ValueError, match="path must be the name of a file"):
            call("")
        with pytest.raises(OSError, match="missing"):
            call(path.parent / "missing" / "model.safetensors")
        with pytest.raises(OSError, match=path.parent.name):
            call(path.parent)
    assert not path.exists()
    written(path)
    for settings in ({"output": "last"}, {"learning_rate_init": 0.1}):
        with pytest.raises(ValueError, match=rf"Leave {next(iter(settings))} out, and call set_params afterwards"):
            load_safetensors(path, **settings)
    assert load_safetensors(path).set_params(learning_rate_init=0.1).learning_rate_init == 0.1


def test_the_library_is_named(path, monkeypatch):
    estimator = fit(model(), X, Y)
    for name in ("safetensors", "safetensors.numpy"):
        monkeypatch.setitem(sys.modules, name, None)
    for call in (lambda: save_safetensors(estimator, path), lambda: load_safetensors(path)):
        with pytest.raises(ImportError, match=r'pip install "sklstm\[safetensors\]"'):
            call()


# ---- files that were damaged, or made by an enemy


def taken_apart(data):
    """Header and what follows."""
    end = 8 + int.from_bytes(data[:8], "little")
    return json.loads(data[8:end]), data[end:]


def put_together(text, values):
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + values


def dumped(header):
    return json.dumps(header, separators=(",", ":")).encode()


def with_header(path, change):
    header, values = taken_apart(path.read_bytes())
    change(header)
    path.write_bytes(put_together(dumped(header), values))


def change_own(header, change):
    """Change our own JSON in the metadata."""
    parts = json.loads(header["__metadata__"]["sklstm"])
    change(parts)
    header["__metadata__"]["sklstm"] = json.dumps(parts, separators=(",", ":"))


def change_header(data, rng):
    header, values = taken_apart(data)
    return put_together(dumped(changed_json(header, rng)), values)


def change_header_text(data, rng):
    """Put what is no JSON, or is hard to parse, in the place of a part."""
    header, values = taken_apart(data)
    text, bad = dumped(header), JSON_TEXTS[rng.integers(len(JSON_TEXTS))]
    start, end = sorted(rng.integers(len(text), size=2))
    return put_together(text[:start] + bad + text[end if rng.integers(2) else start :], values)


def change_length(data, rng):
    return int(rng.choice(EXTREMES)).to_bytes(8, "little") + data[8:]


def change_settings(data, rng):
    header, values = taken_apart(data)
    change_own(header, lambda parts: changed_json(parts, rng))
    return put_together(dumped(header), values)


def change_settings_text(data, rng):
    header, values = taken_apart(data)
    own, bad = header["__metadata__"]["sklstm"], JSON_TEXTS[rng.integers(len(JSON_TEXTS))].decode("latin-1")
    start = rng.integers(len(own))
    header["__metadata__"]["sklstm"] = own[:start] + bad + own[start + rng.integers(9) :]
    return put_together(dumped(header), values)


SHAPES = [
    (),
    (0,),
    (1,),
    (2, 0),
    (16,),
    (16, 2),
    (16, 4),
    (4, 16),
    (2, 16),
    (1, 4),
    (4, 1),
    (12, 4),
    (1, 1, 1, 1),
    (3,),
]


def change_tensors(data, rng):
    """Other arrays, with a header that is right."""
    tensors = library.load(data)
    metadata = taken_apart(data)[0]["__metadata__"]
    for _ in range(rng.integers(1, 4)):
        names = list(tensors)
        name, other = rng.choice(names), rng.choice(names)
        kind = rng.integers(6)
        if kind == 0 and len(tensors) > 1:
            del tensors[name]
        elif kind == 1:
            tensors[name], tensors[other] = tensors[other], tensors[name]
        elif kind == 2:
            tensors[f"{name}{rng.choice(['x', '_reverse', '.weight', '1'])}"] = tensors[name]
        elif kind == 3:
            dtype = rng.choice(["float32", "float64", "float16", "bool", "int64", "uint8"])
            shape = SHAPES[rng.integers(len(SHAPES))]
            tensors[name] = (rng.normal(size=shape) * 10.0 ** rng.integers(-3, 300)).astype(dtype)
        elif kind == 4:
            tensors[name] = np.asarray(tensors[name] * rng.choice([np.nan, np.inf, -1, 0, 1e200]))
        else:
            tensors[rng.choice(["lstm.weight_hr_l0", "lstm.weight_ih_l9", "sklstm.a99", "", "linear.scale"])] = np.ones(
                3
            )
    return library.save({name: np.array(part, order="C") for name, part in tensors.items()}, metadata)


OF_BYTES = [flip_bytes, cut, cut_out, insert, prepend, repeat_block, change_length]
OF_PARTS = [change_header, change_header_text, change_settings, change_settings, change_settings_text, change_tensors]


def mutants(data, number):
    rng = np.random.default_rng(FACTOR)
    for _ in range(number):
        changes = OF_BYTES if rng.integers(4) == 0 else OF_PARTS
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            mutant = changes[rng.integers(len(changes))](data, rng)
        yield mutant


@pytest.mark.parametrize("name", ["plain", "layers and directions", "table", "instance norm", "quantiles"])
def test_properties_of_malformed_files(name, path):
    """Only ValueError, with little memory. A model that can be loaded predicts and trains, or refuses.

    SKLSTM_EXAMPLES=170 python -m pytest tests/interop/test_safetensors.py -k malformed

    tries 51 000 instead of 300.
    """
    make, X, y = MODELS[name]
    save_safetensors(fit(make(), X, y), path)
    good, messages = path.read_bytes(), Counter()
    all_estimators()  # the first name that is not known imports all of scikit-learn: 70 MB, once
    tracemalloc.start()
    for number, mutant in enumerate(mutants(good, 60 * FACTOR)):
        path.write_bytes(mutant)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        found = loaded_or_message(load_safetensors, path)
        assert tracemalloc.get_traced_memory()[1] - before < 30 * len(mutant) + 10**7, number
        if isinstance(found, str):
            assert len(found) < 2000, number
        else:
            assert isinstance(found, LSTMRegressor), number
            with suppress(ValueError):  # another form, or numbers that overflow
                assert np.isfinite(found.predict(X)).all(), number
            with suppress(ValueError), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found.partial_fit(X, y) if hasattr(found, "partial_fit") else None
            assert tracemalloc.get_traced_memory()[1] - before < 30 * len(mutant) + 10**8, number
        messages[found[:30] if isinstance(found, str) else None] += 1
    tracemalloc.stop()
    assert messages.total() == 60 * FACTOR
    assert messages[None] < 0.7 * messages.total()


MALFORMED = {
    "empty": (b"", "header"),
    "text": (b"this is no such file at all", "header"),
    "a long header": ((2**40).to_bytes(8, "little") + b"{}", "its header would have 1,099,511,627,776 bytes"),
    "a header too long for the file": ((1000).to_bytes(8, "little") + b"{}", "header"),
    "no tensors": (put_together(b"{}", b""), "those of 0"),
    "sizes beyond the file": (
        put_together(b'{"a":{"dtype":"F32","shape":[10000000000],"data_offsets":[0,40000000000]}}', b""), "header",
    ),
    "sizes that overflow": (
        put_together(b'{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}}', b""), "header",
    ),
    "a pickle": (pickle.dumps({"a": 1}), "header"),
}  # fmt: skip


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed(case, path):
    data, says = MALFORMED[case]
    path.write_bytes(data)
    with pytest.raises(ValueError, match="cannot be loaded") as caught:
        load_safetensors(path)
    assert says.lower() in str(caught.value).lower()
    assert str(path) in str(caught.value)


def test_a_pipe_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="is a device, a pipe or a socket"):
        load_safetensors(tmp_path / "pipe")
