"""Archives that were damaged, or made by an enemy: mutants of the bytes of a good one.

Half of them have a digest that is right again, as an enemy would write it; else no mutant got further than that.
"""

import hashlib
import json
import re
import struct
import warnings
import zlib
from copy import deepcopy

import numpy as np

from sklstm._utils.archive import N_TRAILER, Entry, _directory, _local_header

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
HEADERS = [
    b"{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (descr, order, shape)
    for descr in b"<f8 >f8 |O O8 |b1 <U9 |S8 |V8 <c8 M8[s] <f2 <f16 <i8".split()
    for order in (b"False", b"True", b"0", b"None")
    for shape in (
        b"()", b"(3,)", b"(0,)", b"(-1,)", b"(1000000000,)", b"(1000000000, 1000000000)", b"(4294967296, 4294967296)",
        b"(9223372036854775807,)", b"(18446744073709551616,)", b"(0, 4294967295, 4294967295)", b"(1.5,)", b"(True,)",
        b"3", b"[3]", b"(" + b"1, " * 40 + b")", b"(" + b"9" * 5000 + b",)", b"(3, 4)", b"(2, 2)",
        b"(" * 200 + b")" * 200, b"__import__('os').abort()",
    )
]  # fmt: skip
JSON_VALUES = [
    None, True, False, 0, -1, 1, 10**9, 2**63, 2**64, -(2**63), 10**300, 0.5, -0.0, 1e308, 5e-324, "", "a", "NaN",
    "inf", "__import__('os')", "sklearn.svm._classes.SVC", [], {}, [[]], [0] * 1000, {"a": 1}, {"__class__": "Network"},
]  # fmt: skip
JSON_TEXTS = [
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 5000, b"[" * 10_000, b'{"a":' * 10_000, b"[" * 90 + b"]" * 90,
    b'"\\ud800"', b"'a'", b"\xff", b"", b"nul", b'"a', b'{"a":1,"a":2}', b"[1,]", b"01", b"- 1",
    b"[" * 5000 + b"]" * 5000,
]  # fmt: skip


def resealed(data):
    """Bytes with a digest that fits."""
    return data[:-64] + hashlib.sha256(data[:-64]).hexdigest().encode()


def taken_apart(data):
    """Name and bytes of every entry of a good archive."""
    entries, position = [], 0
    while data[position : position + 4] == b"PK\3\4":
        size, n_name = struct.unpack_from("<IH", data, position + 22)
        start = position + 30 + n_name
        entries.append((data[position + 30 : start], data[start : start + size]))
        position = start + size
    return entries


def put_together(entries):
    """An archive whose headers, directory and digest are right, whatever it holds."""
    headers = [Entry(name, zlib.crc32(content), len(content)) for name, content in entries]
    parts = [
        part for header, (_, content) in zip(headers, entries, strict=True) for part in (_local_header(header), content)
    ]
    return resealed(b"".join(parts) + _directory(headers) + b"sklstm archive 0001, SHA-256 " + b"0" * 64)


# ---- bytes


def flip_bytes(data, rng):
    changed = bytearray(data)
    for position in rng.integers(len(data), size=rng.integers(1, 9)):
        changed[position] ^= rng.integers(1, 256)
    return bytes(changed)


def flip_bytes_of_headers(data, rng):
    """Of the zip and of the arrays."""
    starts = [found.start() for found in re.finditer(rb"PK\x01\x02|PK\x03\x04|PK\x05\x06|\x93NUMPY", data)]
    changed, start = bytearray(data), rng.choice(starts)
    for _ in range(rng.integers(1, 4)):
        changed[min(start + rng.integers(100), len(data) - 1)] ^= 1 << rng.integers(8)
    return bytes(changed)


def cut(data, rng):
    return data[: rng.integers(len(data))]


def cut_out(data, rng):
    start = rng.integers(len(data))
    return data[:start] + data[start + rng.integers(1, 200) :]


def insert(data, rng):
    start = rng.integers(len(data))
    return data[:start] + rng.bytes(rng.integers(1, 200)) + data[start:]


def prepend(data, rng):
    """As a program that extracts itself."""
    return rng.bytes(rng.integers(1, 100)) + data


def repeat_block(data, rng):
    start, end = np.sort(rng.integers(len(data), size=2))
    return data[:end] + data[start:end] * rng.integers(1, 4) + data[end:]


def set_field_of_header(data, rng):
    """To an extreme, in 1, 2 or 4 bytes."""
    starts = [found.start() for found in re.finditer(rb"PK\x01\x02|PK\x03\x04|PK\x05\x06|\x93NUMPY", data)]
    size, changed = rng.choice([1, 2, 4]), bytearray(data)
    start = rng.choice(starts) + rng.integers(46)
    value = (int(rng.choice(EXTREMES)) & (256 ** int(size) - 1)).to_bytes(int(size), "little")
    changed[start : start + size] = value[: max(0, len(data) - start)]
    return bytes(changed)


# ---- entries: their headers are right


def swap_entries(data, rng):
    """Names, or places."""
    entries = taken_apart(data)
    one, other = rng.integers(len(entries), size=2)
    if rng.integers(2):
        entries[one], entries[other] = entries[other], entries[one]
    else:
        (name, content), (other_name, other_content) = entries[one], entries[other]
        entries[one], entries[other] = (name, other_content), (other_name, content)
    return put_together(entries)


def change_entries(data, rng):
    """Leave one out, repeat one, or give one another name."""
    entries = taken_apart(data)
    which, kind = rng.integers(len(entries)), rng.integers(3)
    name, content = entries.pop(which)
    if kind:
        entries.insert(which, (name, content))
    if kind == 1:
        entries.append((name, content))
    if kind == 2:
        names = [
            b"",
            b"a",
            b"../a.npy",
            b"a.npy",
            b"content.json",
            b"/a.npy",
            b"\xff.npy",
            b"a" * 5000 + b".npy",
            b".npy",
        ]
        entries[which] = (names[rng.integers(len(names))], content)
    return put_together(entries)


def change_array_header(data, rng):
    entries = taken_apart(data)
    which = rng.integers(1, len(entries))
    name, content = entries[which]
    n_header = int.from_bytes(content[8:10], "little")
    header = HEADERS[rng.integers(len(HEADERS))]
    if rng.integers(3) == 0:
        header = flip_bytes(content[10 : 10 + n_header], rng)
    header += b" " * (-len(header) % 64) + b"\n"
    values = content[10 + n_header :] if rng.integers(4) else rng.bytes(rng.integers(100))
    entries[which] = name, content[:8] + len(header).to_bytes(2, "little") + header + values
    return put_together(entries)


def change_array(data, rng):
    """Another array in its place: other values, shapes, dtypes."""
    entries = taken_apart(data)
    which = rng.integers(1, len(entries))
    name, content = entries[which]
    entries[which] = name, flip_bytes(content, rng)
    return put_together(entries)


# ---- JSON


def places(value):
    """(container, key) of everything in a JSON value."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


def change_content(data, rng):
    """Replace, remove, move or repeat values; or rename a key."""
    entries = taken_apart(data)
    text = json.dumps(changed_json(json.loads(entries[0][1]), rng), separators=(",", ":")).encode()
    return put_together([(entries[0][0], text), *entries[1:]])


def changed_json(content, rng):
    """Change a JSON value in place, and return it."""
    for _ in range(rng.integers(1, 4)):
        found = list(places(content))
        if not found:
            break
        container, key = found[rng.integers(len(found))]
        other, other_key = found[rng.integers(len(found))]
        kind = rng.integers(5)
        if kind == 0:
            container[key] = deepcopy(JSON_VALUES[rng.integers(len(JSON_VALUES))])  # else changed by the next one
        elif kind == 1:
            del container[key]
        elif kind == 2:
            container[key] = json.loads(json.dumps(other[other_key]))
        elif kind == 3 and isinstance(container, dict):
            container[f"{key}x"] = container.pop(key)
        elif isinstance(container[key], int | float):
            factors = -1, 0, 2, 1000, 10**9, 0.5
            container[key] = container[key] * factors[rng.integers(len(factors))]
    return content


def change_content_text(data, rng):
    """Put what is no JSON, or is hard to parse, in the place of a value."""
    entries = taken_apart(data)
    text, bad = entries[0][1], JSON_TEXTS[rng.integers(len(JSON_TEXTS))]
    ends = [found.span() for found in re.finditer(rb'[^\[\]{},:"]+|"[^"]*"', text)]
    start, end = ends[rng.integers(len(ends))]
    text = text[:start] + bad + text[end:] if rng.integers(4) else flip_bytes(text, rng)
    return put_together([(entries[0][0], text), *entries[1:]])


OF_BYTES = [
    flip_bytes, flip_bytes_of_headers, cut, cut_out, insert, prepend, repeat_block, set_field_of_header,
]  # fmt: skip
OF_PARTS = [swap_entries, change_entries, change_array_header, change_array, change_content, change_content_text]


def mutants(data, number, seed=0):
    """So many mutants of an archive, drawn by a seed."""
    rng = np.random.default_rng(seed)
    for _ in range(number):
        if rng.integers(2):
            yield OF_PARTS[rng.integers(len(OF_PARTS))](data, rng)
            continue
        mutant = OF_BYTES[rng.integers(len(OF_BYTES))](data, rng)
        has_trailer = len(mutant) > N_TRAILER
        yield resealed(mutant) if has_trailer and rng.integers(3) else mutant


def loaded_or_message(load, path):
    """What is loaded from a file, or the message of the error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of another version
        try:
            return load(path)
        except ValueError as error:
            return str(error)
