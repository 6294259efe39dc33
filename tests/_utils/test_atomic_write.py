"""The name of a file always leads to a whole file, whatever ends the writing of a new one."""

import errno
import os
import random
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import pytest

from sklstm._utils import atomic_write
from sklstm._utils.atomic_write import checked_path, errors_name, replacing
from tests.test_interrupts import Tracer

OLD, NEW = b"old" * 100, b"new" * 100_000


def write(path, data=NEW):
    with replacing(os.fspath(path)) as file:
        for start in range(0, len(data), 10_000):
            file.write(data[start : start + 10_000])


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(OLD)
    return path


def others(path):
    """What is in the folder besides the file."""
    return sorted(found.name for found in path.parent.iterdir() if found != path)


def in_a_child(call):
    """Call in a forked process, as an ordinary user; the text that it returns."""
    read_end, write_end = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 and later warn if there are threads
        child = os.fork()
    if child:
        os.close(write_end)
        with open(read_end) as answer:
            text = answer.read()
        os.waitpid(child, 0)
        return text
    try:
        if os.getuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        os.write(write_end, str(call()).encode())
    finally:
        os._exit(0)


# ---- paths


@pytest.mark.parametrize("path", [b"bytes", 3, None, ["a"]], ids=repr)
def test_other_types_are_no_paths(path):
    with pytest.raises(TypeError, match=f"path must be a str or a pathlib.Path, .*{type(path).__name__}"):
        checked_path(path)


def test_a_path_of_bytes_in_disguise_is_refused():
    class BytesPath:
        def __fspath__(self):
            return b"name"

    with pytest.raises(TypeError, match="BytesPath"):
        checked_path(BytesPath())


@pytest.mark.parametrize("path", ["", "a\0b", "folder/", "\ud800.npz"], ids=repr)
def test_names_that_no_file_can_have(path):
    with pytest.raises(ValueError, match="path must be the name of a file"):
        checked_path(path)


def test_text_and_paths():
    assert checked_path("a/b") == checked_path(Path("a/b")) == "a/b"


# ---- what is written


def test_the_file_is_new_or_replaced(tmp_path):
    for data in (OLD, NEW, b""):
        write(tmp_path / "file", data)
        assert (tmp_path / "file").read_bytes() == data
        assert others(tmp_path / "file") == []


def test_a_relative_path_is_found_even_if_the_folder_changes_meanwhile(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with replacing("file") as file:
        monkeypatch.chdir("elsewhere")
        file.write(NEW)
    assert (tmp_path / "file").read_bytes() == NEW
    assert others(tmp_path / "file") == ["elsewhere"]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o027])
def test_a_new_file_has_the_permissions_that_the_umask_gives(tmp_path, mask):
    before = os.umask(mask)
    try:
        write(tmp_path / "file")
        with open(tmp_path / "other", "wb"):
            pass
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("file", "other")]
    assert modes[0] == modes[1]


@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_a_replaced_file_keeps_its_permissions(path, mode):
    path.chmod(mode)
    write(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_link_stays_a_link(path, tmp_path):
    (tmp_path / "folder").mkdir()
    link = tmp_path / "folder" / "link"
    link.symlink_to("../file.bin")
    write(link)
    assert link.is_symlink()
    assert path.read_bytes() == NEW
    (tmp_path / "folder" / "to nothing").symlink_to("later")
    write(tmp_path / "folder" / "to nothing")
    assert (tmp_path / "folder" / "later").read_bytes() == NEW


def test_a_hard_link_keeps_the_old_file(path, tmp_path):
    (tmp_path / "kept").hardlink_to(path)
    write(path)
    assert (tmp_path / "kept").read_bytes() == OLD
    assert path.read_bytes() == NEW


def test_the_longest_name_that_a_folder_takes(tmp_path):
    path = tmp_path / ("n" * os.pathconf(tmp_path, "PC_NAME_MAX"))
    write(path)
    assert path.read_bytes() == NEW


def test_file_and_folder_are_on_the_disk_before_it_is_said_that_they_are(path, monkeypatch):
    """The bytes first, then the name: else a power cut could leave a name without bytes."""
    events = []
    monkeypatch.setattr(os, "fsync", lambda fd: events.append(os.fstat(fd).st_size if is_file(fd) else "folder"))
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda *names: (events.append("replace"), replace(*names)))
    write(path)
    assert events == [len(NEW), "replace", "folder"]


def is_file(descriptor):
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


# ---- what cannot be written


def test_a_missing_folder_is_named_as_it_was_given(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        write(tmp_path / "none" / "file")
    assert error.value.filename == os.fspath(tmp_path / "none" / "file")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(IsADirectoryError) as error:
        write(tmp_path)
    assert error.value.filename == os.fspath(tmp_path)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_devices_and_pipes_are_not_replaced(tmp_path, kind):
    path = Path(os.devnull)
    if kind == "pipe":
        path = tmp_path / "pipe"
        os.mkfifo(path)
    with pytest.raises(ValueError, match=f"{path}' is a device, a pipe or a socket"):
        write(path)
    assert not path.is_file()


def test_links_that_lead_to_each_other(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError) as error:  # noqa: PT011 which error it is depends on the system
        write(tmp_path / "a")
    assert error.value.filename == os.fspath(tmp_path / "a")
    assert (tmp_path / "a").is_symlink()


def refusal(path):
    try:
        write(path)
    except OSError as error:
        return f"{type(error).__name__} {error.filename}"


@pytest.fixture
def everybody():
    """A folder that ordinary users reach, too: pytest closes the one that `tmp_path` is in."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
        os.chmod(folder, 0o700)


def test_a_file_that_may_not_be_written_is_not_replaced(everybody):
    path = everybody / "file"
    path.write_bytes(OLD)
    path.chmod(0o444)
    everybody.chmod(0o777)
    assert in_a_child(lambda: refusal(path)) == f"PermissionError {path}"
    assert path.read_bytes() == OLD


def test_a_folder_that_may_not_be_written(everybody):
    path = everybody / "file"
    everybody.chmod(0o555)
    assert in_a_child(lambda: refusal(path)) == f"PermissionError {path}"


def test_a_folder_that_may_be_written_but_not_listed(everybody):
    everybody.chmod(0o733)
    assert in_a_child(lambda: refusal(everybody / "file")) == "None"
    assert (everybody / "file").read_bytes() == NEW


# ---- a full disk

FILL = """
import errno, os, sys
from sklstm._utils.atomic_write import replacing
path = sys.argv[1]
try:
    with replacing(path) as file:
        for _ in range(100):
            file.write(bytes(10_000))
except OSError as error:
    print(errno.errorcode[error.errno], error.filename)
print(os.listdir(os.path.dirname(path)), len(open(path, "rb").read()))
"""


def run(code, *arguments, before=""):
    command = [sys.executable, "-c", before + code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")


def test_a_limit_of_the_size_of_files(path):
    before = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
    )
    assert run(FILL, path, before=before)[:2] == [f"EFBIG {path}", "['file.bin'] 300"]


def test_a_disk_that_is_full(tmp_path):
    """A file system of 256 kB, which is there for this process alone."""
    script = 'mount -t tmpfs -o size=256k none "$1" && cp "$2" "$1/file.bin" && exec "$3" -c "$4" "$1/file.bin"'
    (tmp_path / "disk").mkdir()
    (tmp_path / "old").write_bytes(OLD)
    given = [tmp_path / "disk", tmp_path / "old", sys.executable, FILL]
    options = ["--mount"] if os.getuid() == 0 else ["--mount", "--map-root-user"]
    try:
        command = ["unshare", *options, "sh", "-c", script, "sh", *map(str, given)]
        answer = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    if answer.returncode:
        pytest.skip(f"no file system can be mounted here: {answer.stderr}")
    assert answer.stdout.split("\n")[:2] == [f"ENOSPC {tmp_path}/disk/file.bin", "['file.bin'] 300"]


class FailingFile:
    """A file whose call of the given number fails, be it write or flush."""

    def __init__(self, file, number, error):
        self.file, self.number, self.error = file, number, error

    def __getattr__(self, name):
        return getattr(self.file, name)

    def count(self):
        self.number -= 1
        if self.number == 0:
            raise self.error

    def write(self, data):
        self.count()
        return self.file.write(data)

    def flush(self):
        self.count()
        return self.file.flush()

    def __enter__(self):
        self.file.__enter__()
        return self

    def __exit__(self, *error):
        return self.file.__exit__(*error)


ERRORS = [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), OSError(errno.EIO, "broken"), KeyboardInterrupt()]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_an_error_at_any_call_leaves_the_old_file(path, monkeypatch, error):
    """31 calls: 30 of write, and flush."""
    for number in range(1, 32):

        def failing(*args, number=number):
            return FailingFile(open(*args), number, error)

        monkeypatch.setattr(atomic_write, "open", failing, raising=False)
        with pytest.raises(type(error)) as raised:
            write(path)
        if isinstance(error, OSError):
            assert (raised.value.errno, raised.value.filename) == (error.errno, os.fspath(path))
        assert path.read_bytes() == OLD
        assert others(path) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a file that only garbage closes
def test_ctrl_c_at_any_line_leaves_a_whole_file_and_no_other(path):
    tracer = Tracer()
    tracer.trace(lambda: write(path))
    assert len(tracer.counts) > 30
    for line, number in tracer.counts.items():
        for occurrence in {1, number}:
            path.write_bytes(OLD)
            assert Tracer(line, occurrence).trace(lambda: write(path)) == "raised"
            assert path.read_bytes() in (OLD, NEW)
            assert others(path) == [], (line, occurrence)


@pytest.mark.parametrize("name", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_an_error_of_the_system_leaves_the_old_file(path, monkeypatch, name, error):
    def fail(*args):
        raise error

    monkeypatch.setattr(os, name, fail)
    with pytest.raises(type(error)):
        write(path)
    assert path.read_bytes() == OLD
    assert others(path) == []


def test_a_folder_that_cannot_be_forced_to_the_disk_is_no_error(path, monkeypatch):
    """As on some network drives. A disk that is broken is one."""
    for number, is_error in ((errno.EINVAL, False), (errno.EIO, True)):

        def fail(descriptor, number=number):
            if not is_file(descriptor):
                raise OSError(number, "")

        monkeypatch.setattr(os, "fsync", fail)
        path.write_bytes(OLD)
        if is_error:
            with pytest.raises(OSError, match=r"file\.bin"):
                write(path)
        else:
            write(path)
        assert path.read_bytes() == NEW


def test_an_error_without_a_number_is_left_as_it_is():
    with pytest.raises(OSError, match=r"^text alone$") as error, errors_name("path"):
        raise OSError("text alone")
    assert error.value.filename is None


# ---- unfinished files


def killed_writer(path):
    """A process that is killed while it writes, with its unfinished file."""
    code = (
        "import sys\nfrom sklstm._utils.atomic_write import replacing\n"
        "with replacing(sys.argv[1]) as file:\n"
        "    file.write(bytes(10_000)); file.flush(); print('written', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, path]
    writer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    writer.stdout.readline()
    return writer


def end(writer):
    writer.kill()
    writer.communicate()


def test_the_next_writer_removes_what_a_killed_one_left(path):
    writer = killed_writer(path)
    (unfinished,) = others(path)
    write(path)  # while the other still writes: its file stays
    assert others(path) == [unfinished]
    end(writer)
    assert others(path) == [unfinished]
    assert path.read_bytes() == NEW
    write(path.with_name("another"), OLD)
    assert others(path) == ["another"]


def test_only_unfinished_files_are_removed(path, tmp_path):
    names = [".sklstm-0.tmp", ".sklstm-0123456789abcdef.tmp.npz", "sklstm-0123456789abcdef.tmp", "file.bin.tmp"]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / ".sklstm-0123456789abcdef.tmp").mkdir()
    (tmp_path / ".sklstm-0123456789abcde0.tmp").symlink_to("file.bin.tmp")
    before = others(path)
    write(path)
    assert others(path) == before


def test_a_file_taken_for_an_unfinished_one_before_it_is_locked_is_made_anew(path, monkeypatch):
    """Another writer may look between the making of a file and its lock."""
    lock, n_calls = atomic_write._is_locked, 0

    def late(descriptor):
        nonlocal n_calls
        n_calls += 1
        if n_calls == 1:
            atomic_write._remove_unfinished(os.fspath(path.parent))
        return lock(descriptor) if n_calls != 2 else False

    monkeypatch.setattr(atomic_write, "_is_locked", late)
    write(path)
    assert n_calls == 3
    assert path.read_bytes() == NEW
    assert others(path) == []


def test_where_files_cannot_be_locked_none_is_removed(path, monkeypatch):
    def fail(*args):
        raise OSError(errno.ENOLCK, "")

    (path.parent / ".sklstm-0123456789abcdef.tmp").touch()
    monkeypatch.setattr(atomic_write.fcntl, "flock", fail)
    write(path)
    assert path.read_bytes() == NEW
    assert others(path) == [".sklstm-0123456789abcdef.tmp"]


def test_a_disk_that_breaks_at_the_lock_is_an_error(path, monkeypatch):
    def fail(*args):
        raise OSError(errno.EIO, "")

    monkeypatch.setattr(atomic_write.fcntl, "flock", fail)
    with pytest.raises(OSError, match=r"file\.bin"):
        write(path)
    assert path.read_bytes() == OLD


def test_where_there_are_no_locks(path, monkeypatch):
    """As on Windows, where a file must be closed before it is moved."""
    replace, is_closed = os.replace, []

    def spy(source, target):
        is_closed.append(not any(os.path.samefile(source, f"/proc/self/fd/{fd}") for fd in descriptors()))
        replace(source, target)

    monkeypatch.setattr(atomic_write, "fcntl", None)
    monkeypatch.setattr(os, "replace", spy)
    write(path)
    assert path.read_bytes() == NEW
    assert others(path) == []
    assert not os.path.exists("/proc/self/fd") or is_closed == [True]


def descriptors():
    """The numbers of the files that are open; none where they cannot be listed."""
    if not os.path.exists("/proc/self/fd"):
        return []
    return [fd for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")]


# ---- several writers, and writers that are killed

AGAIN_AND_AGAIN = """
import sys
from sklstm._utils.atomic_write import replacing
number = 0
print("ready", flush=True)
while True:
    number += 1
    with replacing(sys.argv[1]) as file:
        for _ in range(100):
            file.write(number.to_bytes(4, "little") * 2_000)
            file.flush()
"""


def is_whole(path):
    data = path.read_bytes()
    return len(data) == 800_000 and data == data[:4] * 200_000


@pytest.mark.parametrize("n_kills", [5, pytest.param(30, marks=pytest.mark.slow)])
def test_a_writer_killed_at_any_moment_leaves_a_whole_file(path, n_kills):
    """And at most one unfinished one."""
    path.write_bytes(bytes(800_000))
    rng, unfinished = random.Random(0), 0
    for number in range(n_kills + 100):
        if number >= n_kills and unfinished:
            break
        writer = subprocess.Popen([sys.executable, "-c", AGAIN_AND_AGAIN, path], stdout=subprocess.PIPE)
        writer.stdout.readline()
        time.sleep(rng.uniform(0, 0.1))
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        assert is_whole(path)
        assert len(others(path)) <= 1
        unfinished += len(others(path))
    assert unfinished  # of some, at least, or this has shown nothing
    write(path)
    assert others(path) == []


def test_several_threads_write_the_same_file(path):
    """Readers see one whole file or another. The last one stays."""
    path.write_bytes(bytes(800_000))
    errors, is_done = [], threading.Event()

    def work(number):
        try:
            for _ in range(10):
                with replacing(os.fspath(path)) as file:
                    for _ in range(100):
                        file.write(number.to_bytes(4, "little") * 2_000)
        except BaseException as error:
            errors.append(error)

    def read():
        while not is_done.is_set():
            if not is_whole(path):
                errors.append("not whole")

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in (reader, *writers):
        thread.start()
    for writer in writers:
        writer.join()
    is_done.set()
    reader.join()
    assert errors == []
    assert is_whole(path)
    assert others(path) == []
