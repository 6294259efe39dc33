"""Files of plain data: JSON and arrays, which hold nothing that could be executed.

An archive is an uncompressed zip of `content.json` and one `.npy` file for each array, the layout of `numpy.savez`:
`numpy.load(path, allow_pickle=False)` reads it, and so does any program that reads zip files. It has one form only.
Each part is read as if an enemy could have made it, and is refused if it is not what `write_archive` makes:

    header of content.json, its bytes, header of one.npy, its bytes, …, directory, end, trailer

The trailer is the comment of the zip. It has the version of this format and the SHA-256 digest of all bytes before the
digest. It is checked before anything else is read: a file that was cut off or damaged is refused. The digest proves
nothing about who wrote a file. So sizes and shapes are compared with the bytes that are there before memory is taken.

Source of the form: PKWARE, "APPNOTE.TXT - .ZIP file format specification", version 6.3.10; `numpy.lib.format`.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import stat
import struct
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from itertools import chain
from typing import BinaryIO, NamedTuple, TypeAlias

import numpy as np

from sklstm._utils.atomic_write import check_is_file, checked_path, errors_name, replacing

Array: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.generic]]"

VERSION = 1
CONTENT = "content.json"
MAX_FILE = 2**32 - 1  # bytes: a zip file of more has another form
MAX_ENTRIES = 2**16 - 2
MAX_JSON = 2**24  # bytes
MAX_DEPTH = 100  # of lists and dicts in each other
MAX_DIMENSIONS = 32  # of NumPy 1
DTYPES = {"|b1", "|i1", "|u1"} | {order + kind + size for order in "<>" for kind in "iuf" for size in "248"} - {
    "<f2",
    ">f2",
}

NAME = re.compile(r"(?=.{1,1000}\Z)\w+(?:[./-]\w+)*", re.ASCII)
TRAILER = re.compile(rb"sklstm archive ([0-9]{4}), SHA-256 ([0-9a-f]{64})")
N_DIGEST, N_TRAILER = 64, len("sklstm archive 0001, SHA-256 ") + 64
ARRAY_HEADER = re.compile(
    rb"\{'descr': '([<>|][a-z][0-9])', 'fortran_order': (True|False), 'shape': (\([0-9, ]*\)), \} *\n"
)

LOCAL = struct.Struct("<4s5H3I2H")  # signature, version, flags, method, time, date, CRC-32, size twice, lengths
DIRECTORY = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")
FIRST_DAY = 1 << 5 | 1  # 1 January 1980, so that the same data are the same file


class Entry(NamedTuple):
    """What the headers of the zip say of one of its files."""

    name: bytes
    checksum: int
    size: int


def write_archive(path: str | os.PathLike[str], content: dict[str, object], arrays: Mapping[str, Array]) -> None:
    """Write data to a file, which replaces an earlier one in one step.

    If writing fails or is interrupted, the earlier file stays as it was. See `sklstm._utils.atomic_write`.

    Parameters
    ----------
    path : str or pathlib.Path
        Its folder must exist. A link is followed.

    content : dict
        Lists, dicts with keys that are text, text, numbers, True, False and None. Floats are kept exactly. NaN and
        infinity are refused.

    arrays : dict of str to ndarray
        Booleans, integers or floats of 32 or 64 bits, in any byte order and memory order, which are kept.

    Raises
    ------
    TypeError
        If the path or the data are of another type.
    ValueError
        If the content or the names of the arrays are not as said above, or there is too much of them. The file is not
        touched.
    OSError
        If the file cannot be written.
    """
    path = checked_path(path)
    encoded = content_to_bytes(content)
    _check_arrays(arrays, len(encoded))
    with replacing(path) as file:
        digest = hashlib.sha256()
        for part in _parts(encoded, arrays):
            file.write(part)
            digest.update(part)
        file.write(digest.hexdigest().encode())


def _parts(encoded: bytes, arrays: Mapping[str, Array]) -> Iterator[bytes]:
    """Return all that stands before the digest, one array at a time."""
    entries = []
    contents = ((f"{name}.npy", _array_to_bytes(array)) for name, array in arrays.items())
    for name, data in chain([(CONTENT, encoded)], contents):
        entries.append(Entry(name.encode(), zlib.crc32(data), len(data)))
        yield _local_header(entries[-1])
        yield data
    yield _directory(entries)
    yield f"sklstm archive {VERSION:04}, SHA-256 ".encode()


def read_archive(path: str | os.PathLike[str]) -> tuple[dict[str, object], dict[str, Array]]:
    """Read what `write_archive` wrote.

    Nothing in the file is executed, and memory is taken for twice its size at most, besides that of the content, whose
    size is limited. The caller has to check the content and the arrays: they may be anything that can be written.

    Parameters
    ----------
    path : str or pathlib.Path

    Returns
    -------
    content : dict
    arrays : dict of str to ndarray

    Raises
    ------
    TypeError
        If the path is neither text nor a `pathlib.Path`.
    ValueError
        If the file was cut off, altered, or is no archive. The message has the path.
    OSError
        If the file cannot be opened or read.
    """
    path = checked_path(path)
    with errors_name(path):
        check_is_file(os.stat(path).st_mode, path)  # `open` would wait for a pipe
        with open(path, "rb") as file:
            try:
                return _parsed(_verified(file))
            except ValueError as error:
                raise ValueError(f"Cannot read {path!r}: {error}") from error


def _verified(file: BinaryIO) -> bytes:
    """Return the bytes of a file that ends with their digest."""
    size = os.fstat(file.fileno()).st_size
    start = file.read(LOCAL.size + len(CONTENT))
    file.seek(max(0, size - N_TRAILER))
    trailer = TRAILER.fullmatch(file.read(N_TRAILER))
    if trailer is None or size > MAX_FILE:
        if start[:4] == b"PK\3\4" and start.endswith(CONTENT.encode()):
            raise ValueError(
                f"it has {size:,} bytes and does not end as it was written. It was probably cut off. Take another copy "
                "of it"
            )
        raise ValueError(f"its {size:,} bytes are no file that sklstm wrote")
    file.seek(0)
    data = file.read(size)
    if hashlib.sha256(memoryview(data)[:-N_DIGEST]).hexdigest().encode() != trailer[2]:
        raise ValueError(
            "it was altered after it was written, as its SHA-256 digest does not fit. Take another copy of it"
        )
    if int(trailer[1]) != VERSION:
        raise ValueError(
            f"its format has version {int(trailer[1])}, and this version of sklstm reads only version {VERSION}. "
            "Use the version of sklstm that wrote it"
        )
    return data


def _parsed(data: bytes) -> tuple[dict[str, object], dict[str, Array]]:
    """Return content and arrays of a zip file that has exactly the form of `write_archive`."""
    found = _entries(data)
    if CONTENT not in found:
        raise ValueError(f"it has no {CONTENT!r}")
    content = content_from_bytes(bytes(found.pop(CONTENT)))
    arrays = {}
    for name, entry in found.items():
        try:
            arrays[name.removesuffix(".npy")] = _array_from_bytes(entry)
        except ValueError as error:
            raise ValueError(f"its array {name!r} is malformed: {error}") from error
    return content, arrays


def _entries(data: bytes) -> dict[str, memoryview]:
    """Return the bytes of each file in the zip; its headers must be those that `write_archive` writes."""
    found: dict[str, memoryview] = {}
    entries, position = [], 0
    while data.startswith(b"PK\3\4", position) and len(data) >= position + LOCAL.size:
        *_, size, n_name, _ = LOCAL.unpack_from(data, position)
        start = position + LOCAL.size + n_name
        content = memoryview(data)[start : start + size]
        entries.append(Entry(data[position + LOCAL.size : start], zlib.crc32(content), len(content)))
        name = _name_of_entry(entries)
        if name in found or data[position:start] != _local_header(entries[-1]):
            raise ValueError(f"the header of its entry {name!r} is not as it was written, or is there twice")
        found[name] = content
        position = start + size
    if len(entries) > MAX_ENTRIES or data[position:-N_TRAILER] != _directory(entries):
        raise ValueError(f"its directory does not list its {len(entries)} entries")
    return found


def _name_of_entry(entries: list[Entry]) -> str:
    """Return the name of the latest entry, if it may have that name."""
    name = entries[-1].name.decode("ascii", errors="replace")
    is_array = name.endswith(".npy") and NAME.fullmatch(name.removesuffix(".npy"))
    if not is_array and not (name == CONTENT and len(entries) == 1):
        raise ValueError(f"it has an entry that is neither an array nor its content, of the name {name[:80]!r}")
    return name


def _local_header(entry: Entry) -> bytes:
    """Return what stands before the bytes of a file: not compressed, not encrypted, size known."""
    name, checksum, size = entry
    return LOCAL.pack(b"PK\3\4", 20, 0, 0, 0, FIRST_DAY, checksum, size, size, len(name), 0) + name


def _directory(entries: list[Entry]) -> bytes:
    """Return what stands after the last file: the list of files, and the end with the length of the trailer."""
    parts, position = [], 0
    mode = (stat.S_IFREG | 0o644) << 16, 3 << 8 | 20  # of the extracted files; they come from Unix
    for name, checksum, size in entries:
        numbers = mode[1], 20, 0, 0, 0, FIRST_DAY, checksum, size, size, len(name), 0, 0, 0, 0, mode[0], position
        parts.append(DIRECTORY.pack(b"PK\1\2", *numbers) + name)
        position += LOCAL.size + len(name) + size
    directory, n = b"".join(parts), len(entries)
    return directory + END.pack(b"PK\5\6", 0, 0, n, n, len(directory), position, N_TRAILER)


# ---- JSON


def content_to_bytes(content: dict[str, object]) -> bytes:
    """Return the content as JSON, from which exactly the same content is read."""
    if not isinstance(content, dict):
        raise TypeError(f"content must be a dict, but it is of type {type(content).__name__}")
    try:
        text = json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")
        if content_from_bytes(text) != content:
            raise TypeError("content must have lists and dicts with keys that are text, no tuples or other keys")
    except RecursionError:
        raise ValueError(f"content must be nested at most {MAX_DEPTH} deep") from None
    except ValueError as error:
        raise ValueError(
            f"content must be finite numbers, text, lists and dicts that fit an archive: {error}"
        ) from error
    return text


def content_from_bytes(text: bytes) -> dict[str, object]:
    """Return what JSON says, if it is text as `content_to_bytes` makes it."""
    if len(text) > MAX_JSON:
        raise ValueError(f"the content has {len(text):,} bytes of JSON, more than {MAX_JSON:,}")
    if _depth(text) > MAX_DEPTH:
        raise ValueError(f"the content is nested more than {MAX_DEPTH} deep")
    content = json.loads(text.decode("ascii"))
    # This also refuses keys that are there twice, and numbers that are no finite float.
    if not isinstance(content, dict) or json.dumps(content, allow_nan=False, separators=(",", ":")).encode() != text:
        raise ValueError("the content is not JSON as it was written")
    return content


def _depth(text: bytes) -> int:
    """Return how deep the lists and dicts of a JSON text are in each other, without parsing it."""
    codes = np.frombuffer(text.replace(rb"\\", b"").replace(rb"\"", b""), np.uint8)
    is_outside = np.cumsum(codes == ord('"'), dtype=np.uint8) % 2 == 0  # of text in quotes; the count may overflow
    opened, closed = (((codes == ord(one)) | (codes == ord(other))) & is_outside for one, other in ("[{", "]}"))
    return int(np.cumsum(opened.astype(np.int32) - closed).max(initial=0))


# ---- arrays


def _check_arrays(arrays: Mapping[str, Array], n_bytes: int) -> None:
    """Raise an error unless the arrays can be written beside so many bytes."""
    if not isinstance(arrays, Mapping):
        raise TypeError(f"arrays must be a dict, but it is of type {type(arrays).__name__}")
    for name, array in arrays.items():
        _check_array(name, array)
        n_bytes += array.nbytes + 2 * len(name) + 1024  # for the headers
    if n_bytes > MAX_FILE or len(arrays) >= MAX_ENTRIES:
        raise ValueError(
            f"An archive holds at most {MAX_FILE:,} bytes and {MAX_ENTRIES - 1:,} arrays, but these are {n_bytes:,} "
            f"bytes and {len(arrays):,} arrays"
        )


def _check_array(name: str, array: Array) -> None:
    """Raise an error unless an array can be written under a name."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(
            "The name of an array must be up to 1,000 letters, digits and underscores, with single '.', '/' or '-' "
            f"between them, but one is {name!r:.100}"
        )
    if type(array) is not np.ndarray:
        raise TypeError(f"arrays[{name!r}] must be an ndarray, but it is of type {type(array).__name__}")
    if array.dtype.str not in DTYPES or array.ndim > MAX_DIMENSIONS:
        raise TypeError(
            f"arrays[{name!r}] must hold booleans, integers or floats of 32 or 64 bits in at most {MAX_DIMENSIONS} "
            f"dimensions, but its dtype is {array.dtype} and it has {array.ndim} dimensions"
        )


def _array_to_bytes(array: Array) -> bytes:
    buffer = BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def _array_from_bytes(data: memoryview) -> Array:
    """Return an array that owns its memory, if as many bytes are there as its header says."""
    if bytes(data[:8]) != b"\x93NUMPY\1\0" or len(data) < 10:
        raise ValueError("it does not begin as version 1 of NumPy's format does")
    start = 10 + int.from_bytes(data[8:10], "little")
    header = ARRAY_HEADER.fullmatch(data[10:start])
    if header is None or header[1].decode() not in DTYPES:
        raise ValueError(f"its header is not that of numbers, but {bytes(data[10 : min(start, 110)])!r}")
    dtype = np.dtype(header[1].decode())
    shape = tuple(int(size) for size in header[3].strip(b"()").split(b",") if size.strip())
    if repr(shape).encode() != header[3] or len(shape) > MAX_DIMENSIONS or max(shape, default=0) > MAX_FILE:
        raise ValueError(f"its shape is not possible: {header[3].decode():.100}")
    if math.prod(shape) * dtype.itemsize != len(data) - start:
        raise ValueError(f"its shape {shape} of {dtype} does not fit its {len(data) - start:,} bytes")
    values = np.frombuffer(data, np.uint8, offset=start)
    if dtype.kind == "b" and values.max(initial=0) > 1:
        raise ValueError("its booleans are neither 0 nor 1")
    if header[2] == b"True":
        return values.view(dtype).reshape(shape, order="F").copy(order="F")
    return values.view(dtype).reshape(shape).copy()
