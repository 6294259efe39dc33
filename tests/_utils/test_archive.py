"""Archives: what is written is read again, and what is not exactly as it was written is refused."""

import io
import json
import os
import pickle
import re
import tracemalloc
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from sklstm._utils import archive
from sklstm._utils.archive import N_TRAILER, read_archive, write_archive
from tests.malformed import mutants, put_together, resealed, taken_apart
from tests.property_settings import FACTOR

RNG = np.random.default_rng(0)
CONTENT = {
    "name": 'ü, "quoted", \\, [[{{',
    "numbers": [0, -1, 2**70, 0.1, -0.0, 5e-324, 1.7976931348623157e308, True, False, None],
    "nested": {"": {}, "a": [[], [{}]]},
    "\ud800": "a half of a surrogate pair",
}
ARRAYS = {
    "theta": RNG.normal(size=(3, 4)),
    "order.columns": np.asfortranarray(RNG.normal(size=(3, 4)).astype(np.float32)),
    "big-endian/f8": RNG.normal(size=5).astype(">f8"),
    "big-endian/i2": np.arange(3, dtype=">i2"),
    "zero_dimensions": np.array(3.5),
    "empty": np.empty((0, 3)),
    "empty_columns": np.empty((2, 0, 5), np.uint8, order="F"),
    "present": np.array([[True, False], [True, True]]),
    "strided": np.arange(20)[1::3],
    "reversed": np.arange(6.0).reshape(2, 3)[::-1, ::-1],
    "not_finite": np.array([np.nan, np.inf, -np.inf, -0.0]),
    **{f"number.{kind}": np.array([0, 1, 100], kind) for kind in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8")},
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.npz"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The bytes of an archive."""
    path = tmp_path_factory.mktemp("archive") / "file.npz"
    write_archive(path, CONTENT, ARRAYS)
    return path.read_bytes()


# ---- what is written is read


def test_content_and_arrays_are_the_same(path):
    write_archive(path, CONTENT, ARRAYS)
    content, arrays = read_archive(os.fspath(path))
    assert content == CONTENT
    assert repr(content) == repr(CONTENT)  # -0.0, True and 1 are equal, but not the same
    assert arrays.keys() == ARRAYS.keys()
    for name, expected in ARRAYS.items():
        found = arrays[name]
        assert (found.dtype.str, found.shape, type(found)) == (expected.dtype.str, expected.shape, np.ndarray)
        assert found.tobytes() == expected.tobytes()
        assert found.flags.writeable
        assert found.flags.aligned
        assert found.flags.owndata
        copy = expected.copy(order="A")
        assert (found.flags.c_contiguous, found.flags.f_contiguous) == (
            copy.flags.c_contiguous,
            copy.flags.f_contiguous,
        )


def test_nothing_is_an_archive_too(path):
    write_archive(path, {}, {})
    assert read_archive(path) == ({}, {})


def test_the_same_data_are_the_same_file(path, data):
    write_archive(path, CONTENT, ARRAYS)
    assert path.read_bytes() == data


def test_a_bit_of_each_value_counts(path):
    """Floats are kept to the bit, through JSON as well."""
    values = RNG.integers(2**63, size=1000, dtype=np.uint64).view(np.float64)
    values = values[np.isfinite(values)]
    write_archive(path, {"values": values.tolist()}, {})
    np.testing.assert_array_equal(np.array(read_archive(path)[0]["values"]).view(np.uint64), values.view(np.uint64))


def test_numpy_and_zip_programs_read_an_archive(path):
    """Without pickles, and every checksum is right."""
    write_archive(path, CONTENT, ARRAYS)
    with np.load(path, allow_pickle=False) as loaded:
        assert json.loads(loaded["content.json"]) == CONTENT
        assert loaded.files == ["content.json", *ARRAYS]
        for name, expected in ARRAYS.items():
            np.testing.assert_array_equal(loaded[name], expected)
    with zipfile.ZipFile(path) as opened:
        assert opened.testzip() is None
        assert re.fullmatch(rb"sklstm archive 0001, SHA-256 [0-9a-f]{64}", opened.comment)
        assert {(entry.compress_type, entry.external_attr >> 16) for entry in opened.infolist()} == {(0, 0o100644)}


def test_more_arrays_than_a_directory_lists(path):
    with pytest.raises(ValueError, match=r"at most 4,294,967,295 bytes and 65,533 arrays.* and 65,534 arrays"):
        write_archive(path, {}, {f"a{k}": np.zeros(0) for k in range(65534)})
    assert not path.exists()


@pytest.mark.slow
def test_as_many_arrays_as_a_directory_lists(path):
    write_archive(path, {}, {f"a{k}": np.full(1, k) for k in range(65533)})
    arrays = read_archive(path)[1]
    assert len(arrays) == 65533
    assert all(arrays[f"a{k}"] == k for k in range(65533))


def test_what_has_been_read_keeps_nothing_else_in_memory(path):
    write_archive(path, {}, {"large": np.zeros(10**6), "small": np.zeros(3)})
    tracemalloc.start()
    small = read_archive(path)[1]["small"]
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert small.base is None
    assert kept < 10**5
    assert peak < 2.1 * path.stat().st_size


# ---- what cannot be written


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ({"a": float("nan")}, ValueError, "Out of range float values are not JSON compliant"),
        ({"a": [float("inf")]}, ValueError, "Out of range float values are not JSON compliant"),
        ({"a": (1, 2)}, TypeError, "no tuples or other keys"),
        ({1: 2}, TypeError, "no tuples or other keys"),
        ({"a": {1.5: 2}}, TypeError, "no tuples or other keys"),
        ({"1": 2, 1: 3}, ValueError, "not JSON as it was written"),
        ({"a": np.float32(1)}, TypeError, "float32 is not JSON serializable"),
        ({"a": np.arange(3)}, TypeError, "ndarray is not JSON serializable"),
        ({"a": {1}}, TypeError, "set is not JSON serializable"),
        ({"a": b"a"}, TypeError, "bytes is not JSON serializable"),
        ([], TypeError, "content must be a dict, but it is of type list"),
        (None, TypeError, "content must be a dict, but it is of type NoneType"),
    ],
    ids=str,
)
def test_content_that_would_not_be_the_same(path, content, error, message):
    path.write_bytes(b"before")
    with pytest.raises(error, match=re.escape(message)):
        write_archive(path, content, {})
    assert path.read_bytes() == b"before"


@pytest.mark.parametrize(
    ("value", "message"),
    [("a" * 2**24, "the content has 16,777,224 bytes of JSON, more than 16,777,216"), (10**5000, "4300 digits")],
    ids=["text", "number"],
)
def test_content_that_is_too_long(path, value, message):
    with pytest.raises(ValueError, match=message):
        write_archive(path, {"a": value}, {})
    assert not path.exists()


def nested(depth, kind=list):
    value = 0
    for _ in range(depth - 1):
        value = [value] if kind is list else {"a": value}
    return {"a": value}


@pytest.mark.parametrize("kind", [list, dict])
def test_content_is_nested_a_hundred_deep_at_most(path, kind):
    write_archive(path, nested(100, kind), {})
    assert read_archive(path)[0] == nested(100, kind)
    for depth in (101, 10_000):
        with pytest.raises(ValueError, match=r"content must be .*nested .*100 deep"):
            write_archive(path, nested(depth, kind), {})


def test_content_that_holds_itself(path):
    content = {}
    content["a"] = content
    with pytest.raises(ValueError, match="Circular reference"):
        write_archive(path, content, {})


@pytest.mark.parametrize(
    "name", ["", "../a", "/a", "a//b", "a/../b", ".a", "a.", "a b", "ä", "a\n", "a" * 1001, "a\\b", 3]
)
def test_names_that_no_array_has(path, name):
    with pytest.raises(ValueError, match=r"The name of an array must be up to 1,000 letters.* but one is"):
        write_archive(path, {}, {name: np.zeros(1)})
    assert not path.exists()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        ([1.0], "be an ndarray, but it is of type list"),
        (np.float64(1), "be an ndarray, but it is of type float64"),
        (np.ma.masked_array([1.0]), "be an ndarray, but it is of type MaskedArray"),
        (np.array([None]), "its dtype is object"),
        (np.array(["a"]), "its dtype is <U1"),
        (np.array([1j]), "its dtype is complex128"),
        (np.zeros(1, np.float16), "its dtype is float16"),
        (np.zeros(1, "f8,i4"), "its dtype is [('f0', '<f8'), ('f1', '<i4')]"),
        (np.zeros(1, "M8[s]"), "its dtype is datetime64[s]"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_arrays_that_are_not_plain_numbers(path, array, message):
    with pytest.raises(TypeError, match=rf"^arrays\['a'\] must .*{re.escape(message)}"):
        write_archive(path, {}, {"a": array})
    assert not path.exists()


def test_arrays_must_have_names(path):
    with pytest.raises(TypeError, match="arrays must be a dict, but it is of type list"):
        write_archive(path, {}, [np.zeros(1)])


def test_what_is_larger_than_a_zip_file_may_be(path):
    large = np.broadcast_to(np.zeros(1), 2**29)
    with pytest.raises(ValueError, match=r"at most 4,294,967,295 bytes .* but these are 4,294,968,\d+ bytes"):
        write_archive(path, {}, {"a": large})
    assert not path.exists()


def test_an_array_that_cannot_be_copied_leaves_the_old_file(path, monkeypatch):
    """The memory for one array may be missing when those before it have been written."""
    write_archive(path, {"version": 1}, {})
    to_bytes = archive._array_to_bytes

    def fail(array):
        if array.size == 2:
            raise MemoryError
        return to_bytes(array)

    monkeypatch.setattr(archive, "_array_to_bytes", fail)
    with pytest.raises(MemoryError):
        write_archive(path, {"version": 2}, {"a": np.zeros(1), "b": np.zeros(2)})
    assert read_archive(path)[0] == {"version": 1}
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("function", [read_archive, lambda path: write_archive(path, {}, {})], ids=["read", "write"])
def test_paths_are_text(function):
    with pytest.raises(TypeError, match=r"path must be a str or a pathlib\.Path"):
        function(b"file")
    with pytest.raises(ValueError, match="path must be the name of a file"):
        function("")


# ---- what cannot be read


def test_files_that_are_not_there(tmp_path):
    for path, error in ((tmp_path / "none", FileNotFoundError), (tmp_path, IsADirectoryError)):
        with pytest.raises(error) as raised:
            read_archive(path)
        assert raised.value.filename == os.fspath(path)


def test_devices_and_pipes_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/zero"), tmp_path / "pipe"):
        with pytest.raises(ValueError, match=f"{path}' is a device, a pipe or a socket"):
            read_archive(path)


def test_an_error_while_reading_names_the_file(path, monkeypatch):
    def fail(file):
        raise OSError(5, "Input/output error")

    write_archive(path, {}, {})
    monkeypatch.setattr(archive, "_verified", fail)
    with pytest.raises(OSError, match="Input/output error") as raised:
        read_archive(path)
    assert raised.value.filename == os.fspath(path)


def refused(path, data, message=""):
    """The bytes are no archive; the error says so, and which file."""
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message) as error:
        read_archive(path)
    assert str(error.value).startswith(f"Cannot read {os.fspath(path)!r}: ")
    return str(error.value)


def npz():
    file = io.BytesIO()
    np.savez(file, a=np.zeros(3))
    return file.getvalue()


FOREIGN = {
    "empty": b"",
    "text": b"some text" * 100,
    "one byte": b"P",
    "npz": npz(),
    "pickle": pickle.dumps(CONTENT),
    "only a trailer": b"sklstm archive 0001, SHA-256 " + b"0" * 64,
}


@pytest.mark.parametrize("name", FOREIGN)
def test_other_files(path, name):
    refused(path, FOREIGN[name], "altered" if name == "only a trailer" else "bytes are no file that sklstm wrote")


def test_a_file_that_was_cut_off_anywhere(path, data):
    for size in (*range(0, 400), *range(400, len(data), 97), *range(len(data) - 100, len(data))):
        refused(path, data[:size], "probably cut off" if size >= 42 else "no file that sklstm wrote")


def test_a_file_in_which_any_byte_was_altered(path, data):
    for position in range(0, len(data), 11):
        altered = bytearray(data)
        altered[position] ^= 1 << position % 8
        message = "its SHA-256 digest does not fit" if position < len(data) - 93 else "SHA-256|cut off"
        refused(path, bytes(altered), message)


def test_a_newer_format(path, data):
    refused(path, resealed(data.replace(b"archive 0001", b"archive 0002")), "version 2, and .* only version 1. Use")


def test_a_file_of_terabytes_takes_no_memory(path):
    with open(path, "wb") as file:
        file.truncate(2**40)
        file.seek(0, os.SEEK_END)
        file.write(b"sklstm archive 0001, SHA-256 " + b"0" * 64)
    tracemalloc.start()
    with pytest.raises(ValueError, match="no file that sklstm wrote"):
        read_archive(path)
    assert tracemalloc.get_traced_memory()[1] < 10**6
    tracemalloc.stop()


# What an attacker writes, with a digest that is right.
NUMBERS = b"'<f8', 'fortran_order': False, 'shape': (3, 4)"
REPLACED = {
    "shape larger than the data": (b"'shape': (3, 4), ", b"'shape': (9, 9), ", "does not fit its 96 bytes"),
    "shape of terabytes": (b"(3, 4), }     ", b"(999999, 4), }", "does not fit its 96 bytes"),
    "negative shape": (b"(3, 4), ", b"(-3, 4),", "its header is not that of numbers"),
    "product overflows": (b"(3, 4), }" + b" " * 20, b"(4294967295, 4294967297), }  ", "not possible"),
    "a size of forty digits": (b"(3, 4), }" + b" " * 40, b"(" + b"9" * 40 + b",), }   ", "not possible"),
    "objects": (NUMBERS, NUMBERS.replace(b"<f8", b"|O8"), "numbers"),
    "text": (NUMBERS, NUMBERS.replace(b"<f8", b"<U2"), "numbers"),
    "complex numbers": (NUMBERS, NUMBERS.replace(b"<f8", b"<c8"), "numbers"),
    "times": (NUMBERS, NUMBERS.replace(b"<f8", b"<m8"), "numbers"),
    "code in a header": (NUMBERS, NUMBERS.replace(b"False, 's", b"exit(),'s"), "numbers"),
    "booleans of two": (b"\n\1\0\1\1PK", b"\n\2\0\1\1PK", "its booleans are neither 0 nor 1"),
    "a newer npy format": (b"NUMPY\1", b"NUMPY\3", "does not begin as version 1"),
    "the same name twice": (b"big-endian/f8", b"big-endian/i2", "or is there twice"),
    "a name that leads elsewhere": (b"order.columns", b"../../columns", "neither an array nor its content"),
    "content under another name": (b"content.json", b"content.jsom", "neither an array nor its content"),
    "no content": (b"content.json", b"conten.t.npy", "it has no 'content.json'"),
    "a second content": (b"empty.npy", b"emptynpy.", "neither an array nor its content"),
    "keys twice": (b'"nested":{"":{},"a"', b'"nested":{"":{}, ""', "not JSON as it was written"),
    "a key twice": (b'"nested"', b'"name"  ', "not JSON as it was written"),
    "NaN": (b"[0,-1,", b"[NaN, ", "JSON"),
    "an infinite number": (b"1.7976931348623157e+308", b"1.797693134862315e+3080", "JSON"),
    "half of a text": (b'"name":"', b'"name":  ', "Expecting value"),
    "not ASCII": (b'"name"', b'"n\xe4me"', "ascii"),
    "UTF-16": (b'"name"', b'"\0"\0n\0', "JSON|control character"),
}


@pytest.mark.parametrize("name", REPLACED)
def test_data_made_by_an_enemy(path, data, name):
    before, after, message = REPLACED[name]
    assert before in data
    altered = data.replace(before, after)
    refused(path, put_together(taken_apart(altered)), message)


def test_every_bit_of_the_headers_of_the_zip_counts(path):
    """So no entry is compressed, encrypted, hidden or within another, though the digest is right."""
    write_archive(path, {"a": 1}, {"b": np.zeros(3)})
    data = path.read_bytes()
    starts = [data.index(b"PK\3\4", 1), data.index(b"PK\1\2")]
    positions = [*range(30), *range(starts[0], starts[0] + 30), *range(starts[1], len(data) - N_TRAILER)]
    for position in positions:
        for bit in range(8):
            altered = bytearray(data)
            altered[position] ^= 1 << bit
            path.write_bytes(resealed(bytes(altered)))
            assert refusal(path)


def with_content(path, text):
    """An archive with this text as its JSON. All checksums are right."""
    path.write_bytes(put_together([(b"content.json", text)]))
    return path


def refusal(path):
    with pytest.raises(ValueError) as error:  # noqa: PT011 the caller looks at the message
        read_archive(path)
    return str(error.value)


def test_json_that_is_no_dict(path):
    assert read_archive(with_content(path, b'{"a":[1]}')) == ({"a": [1]}, {})
    for text in (b"[[[1]]]", b"1", b'"a"', b"null", b"", b'{"a":[1]} ', b'{"a":[1]}{}', b'{"a":[1]', b'{"a": [1]}'):
        assert re.search("JSON|Extra data|Expecting", refusal(with_content(path, text)))


@pytest.mark.parametrize("depth", [101, 1000, 10**5, 8 * 10**6])
@pytest.mark.parametrize("begin", [b"[", b'{"":'], ids=str)
def test_content_nested_very_deep_is_not_parsed(path, begin, depth):
    text = begin * min(depth, 2**24 // len(begin) - 1)
    assert "nested more than 100 deep" in refusal(with_content(path, text))


def test_brackets_in_text_do_not_count(path):
    for text in (b"[" * 1000, rb"\"[" * 1000, rb"\\" * 1000 + b'","b":"[[' + rb"\"[[" * 1000):
        assert read_archive(with_content(path, b'{"a":"' + text + b'"}'))[0]["a"]
    assert "100 deep" in refusal(with_content(path, rb'{"a":"\\","b":' + b"[" * 100 + b"]" * 100 + b"}"))


@pytest.mark.parametrize("unit", [b'\\"', b'"', b"\\", b"1", b"[]", b'"",', b"1,", b'{"a":1},'], ids=str)
def test_hostile_content_is_refused(path, unit):
    """It would take hours if the time grew with the square of the size."""
    assert refusal(with_content(path, b'{"a":' + unit * (2**22 // len(unit))))
    assert refusal(with_content(path, unit * (2**22 // len(unit))))


def test_content_that_is_too_large_is_not_parsed(path):
    assert "more than 16,777,216" in refusal(with_content(path, b'{"a":"' + b"a" * 2**24 + b'"}'))


# ---- fuzzing


def test_properties_of_malformed_archives(path, data):
    """Only ValueError; memory within a few times the size of the file.

        SKLSTM_EXAMPLES=200 python -m pytest tests/_utils/test_archive.py -k malformed

    tries 80 000 instead of 400.
    """
    messages = Counter()
    tracemalloc.start()
    for number, mutant in enumerate(mutants(data, 400 * FACTOR, seed=FACTOR)):
        path.write_bytes(mutant)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        message = answer(path)
        assert tracemalloc.get_traced_memory()[1] - before < 20 * len(mutant) + 10**6, number
        assert message is None or message.startswith(f"Cannot read {os.fspath(path)!r}: "), number
        assert message is None or len(message) < 1000, number
        messages[None if message is None else message.removeprefix(f"Cannot read {os.fspath(path)!r}: ")[:20]] += 1
    tracemalloc.stop()
    assert messages.total() == 400 * FACTOR
    assert messages[None] < 0.2 * messages.total()  # what an enemy may write, as other values in an array
    assert len(messages) > 10  # of every check


def answer(path):
    """The message of the error; None if NumPy reads the same."""
    try:
        content, arrays = read_archive(path)
    except ValueError as error:
        return str(error)
    with np.load(path, allow_pickle=False) as loaded:
        assert json.loads(loaded["content.json"]) == content
        for name in loaded.files[1:]:
            assert loaded[name].tobytes() == arrays.pop(name).tobytes()
    assert not arrays
    return None
