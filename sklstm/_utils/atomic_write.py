"""Write a file so that its name always leads to a whole file: the one before, or the new one.

The new file is written beside the old one under another name, forced to the disk, and takes the old one's place in one
step. Whatever ends the writing (a full disk, Ctrl-C, a kill) leaves the old file as it was. An error or Ctrl-C also
removes the unfinished file. A writer that was killed cannot; then the next writer in the same folder does. It knows by
a lock, which the system releases when a process ends, that nobody writes that file any more.
"""

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from sklstm._utils.argument_checks import shown

try:
    import fcntl
except ImportError:  # Windows, where unfinished files of killed writers stay
    fcntl = None  # type: ignore[assignment]

UNFINISHED = re.compile(r"\.sklstm-[0-9a-f]{16}\.tmp")
SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))  # a name that ends with one is that of a folder
# What systems answer if a folder cannot be forced to the disk, or a file cannot be locked.
NOT_POSSIBLE = {errno.EACCES, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP}


def checked_path(path: str | os.PathLike[str]) -> str:
    """Return the path as text.

    Raises
    ------
    TypeError
        If it is neither text nor a `pathlib.Path`, as bytes or a number.
    ValueError
        If no file can have such a name.
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(name := os.fspath(path), str):
        raise TypeError(f"path must be a str or a pathlib.Path, got {shown(path)}, of type {type(path).__name__}.")
    if not name or "\0" in name or name.endswith(SEPARATORS) or not _can_be_encoded(name):
        raise ValueError(f"path must be the name of a file, got {shown(path)}.")
    return name


def _can_be_encoded(name: str) -> bool:
    """Whether the system has bytes for a name."""
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True


def check_is_file(mode: int, path: str) -> None:
    """Raise ValueError if a path, whose `os.stat` has this mode, leads to neither a file nor a folder."""
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise ValueError(f"path must be the name of a file, but {path!r} is a device, a pipe or a socket.")


@contextmanager
def errors_name(path: str) -> Iterator[None]:
    """Let an OSError raised inside name this path. Those of a full disk name none, others a temporary file."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, path) from error


@contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """Return a new, empty file, which takes the place of `path` if the block ends without an error.

    A link is followed: the file that it leads to is replaced, and it stays a link. Other hard links keep the old file.
    A new file gets the permissions that the umask gives; one that replaces another keeps that one's.

    Parameters
    ----------
    path : str
        It may exist; its folder must.

    Raises
    ------
    OSError
        As the system gives it, with `path`. If the old file may not be written, as `open` does.
    ValueError
        If the path leads to what is neither a file nor a folder, such as a device.
    """
    with errors_name(path):
        target = os.path.realpath(path)
        mode = _mode_of(target, path)
        folder = os.path.dirname(target)
        _remove_unfinished(folder)
        names: list[str] = []
        try:
            with _new_file(folder, names) as file:
                if mode is not None:
                    os.chmod(file.name, mode)
                yield file
                file.flush()
                os.fsync(file.fileno())
                if fcntl is None:
                    file.close()  # Windows moves no open file
                os.replace(file.name, target)
        except BaseException:
            for name in names:
                with suppress(OSError):
                    os.unlink(name)
            raise
        _force_to_disk(folder)


def check_can_be_replaced(path: str) -> None:
    """Raise the error that `replacing` would raise at once, for example because the folder may not be written."""
    with errors_name(path):
        target = os.path.realpath(path)
        _mode_of(target, path)
        if not os.access(folder := os.path.dirname(target), os.W_OK | os.X_OK):
            os.stat(folder)
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)


def _mode_of(target: str, path: str) -> int | None:
    """Return the permissions of a file that may be replaced; None if there is none yet."""
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    check_is_file(mode, path)
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    return stat.S_IMODE(mode)


@contextmanager
def _new_file(folder: str, names: list[str]) -> Iterator[BinaryIO]:
    """Open a new file that nobody else writes, locked until it is closed. Its name is added to `names` before."""
    while True:
        names.append(os.path.join(folder, f".sklstm-{secrets.token_hex(8)}.tmp"))
        with open(names[-1], "xb") as file:
            if _is_locked(file.fileno()) and os.fstat(file.fileno()).st_nlink:
                yield file
                return
        # Another writer took it for an unfinished one, in the moment before it was locked.
        with suppress(FileNotFoundError):
            os.unlink(file.name)


def _is_locked(descriptor: int) -> bool:
    """Lock a file; False if another process or thread has locked it."""
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in NOT_POSSIBLE:
                raise
    return True


def _remove_unfinished(folder: str) -> None:
    """Remove the files that killed writers left. Where files cannot be locked, none is removed."""
    if fcntl is None:
        return
    with suppress(PermissionError):  # a folder that may be written, but not listed
        for name in filter(UNFINISHED.fullmatch, os.listdir(folder)):
            with suppress(OSError):
                descriptor = os.open(os.path.join(folder, name), os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(os.path.join(folder, name))
                finally:
                    os.close(descriptor)


def _force_to_disk(folder: str) -> None:
    """Force the names of a folder to the disk, where the system can do that: a power cut loses no renamed file."""
    if fcntl is None:
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in NOT_POSSIBLE:
            raise
