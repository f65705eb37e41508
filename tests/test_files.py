"""Files appear whole or not at all, under the name the user gave; what is nested too deeply in them is refused."""

import math
import os
import subprocess
import sys

import pytest

from nnc import files
from nnc.errors import NestingError
from nnc.files import MAX_DEPTH, read_json, write_atomically


def test_file_is_replaced_and_a_link_stays_one(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    link.symlink_to(real)
    for data in (b"first", memoryview(b"second")):
        write_atomically(link, data)
        assert real.read_bytes() == bytes(data)
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [link, real]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file(tmp_path, monkeypatch, step, failure):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*arguments):
        raise failure

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(failure)):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("folder", "error"), [("nowhere", FileNotFoundError), ("file", NotADirectoryError)])
def test_errors_name_the_file_and_not_the_temporary_one(tmp_path, folder, error):
    (tmp_path / "file").write_bytes(b"")
    path = tmp_path / folder / "name"
    with pytest.raises(error) as raised:
        write_atomically(path, b"")
    assert raised.value.filename == str(path)


WRITER = """
import os, sys
from nnc.files import write_atomically
sync = os.fsync
os.fsync = lambda descriptor: (print("written", flush=True), sys.stdin.readline(), sync(descriptor))
write_atomically(sys.argv[1], b"from another process")
"""


@pytest.fixture
def writer(tmp_path):
    """Return a process in the middle of writing a file."""
    command = [sys.executable, "-c", WRITER, tmp_path / "file"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"written\n"
        yield process
        process.kill()


def test_what_a_killed_process_has_left_is_removed(tmp_path, writer):
    writer.kill()
    writer.wait()
    others = [tmp_path / name for name in (".nnc-part-0123456789abcdef.old", ".nnc-part-old", ".file.0123456789abcdef")]
    for other in others:
        other.write_bytes(b"")
    (tmp_path / ".nnc-part-0123456789abcdef").symlink_to(others[0])
    assert len(list(tmp_path.iterdir())) == 5
    write_atomically(tmp_path / "another file", b"new")
    assert (tmp_path / "another file").read_bytes() == b"new"
    kept = [*others, tmp_path / ".nnc-part-0123456789abcdef", tmp_path / "another file"]
    assert sorted(tmp_path.iterdir()) == sorted(kept)


def test_what_another_process_is_writing_stays(tmp_path, writer):
    write_atomically(tmp_path / "file", b"from here")
    assert len(list(tmp_path.iterdir())) == 2
    writer.communicate(b"\n")
    assert writer.returncode == 0
    assert (tmp_path / "file").read_bytes() == b"from another process"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_a_temporary_file_that_is_gone_is_written_again(tmp_path, monkeypatch):
    """It is removed before its process has locked it."""
    real, removed = os.fsync, []

    def fsync(descriptor):
        if not removed:
            removed.extend(tmp_path.iterdir())
            removed[0].unlink()
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    write_atomically(tmp_path / "file", b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"new"]


def test_a_temporary_file_that_is_gone_before_it_is_locked(tmp_path, monkeypatch):
    real, removed = files._lock, []

    def lock(descriptor, waits):
        if len(removed) < 10:
            (path,) = tmp_path.iterdir()
            path.unlink()
            removed.append(path)
        real(descriptor, waits)

    monkeypatch.setattr(files, "_lock", lock)
    write_atomically(tmp_path / "file", b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"new"]


def test_the_longest_of_names(tmp_path):
    path = tmp_path / ("x" * 255)
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


def test_depth_of_json():
    assert read_json("[" * MAX_DEPTH + "]" * MAX_DEPTH) is not None
    for text in ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "[" * 10**5, '{"x":' * 10**5, "[" * 900 + "]" * 900):
        with pytest.raises(NestingError, match="values are nested more than 400 deep"):
            read_json(text)


def test_number_of_values_in_json(monkeypatch):
    monkeypatch.setattr(files, "MAX_VALUES", 10)
    assert read_json('[1, 2, 3, 4, {"x": 1, "y": [1, 2, 3]}]') == [1, 2, 3, 4, {"x": 1, "y": [1, 2, 3]}]
    with pytest.raises(NestingError, match="there are more than 10 values"):
        read_json('[1, 2, 3, 4, {"x": 1, "y": [1, 2, 3, 4]}]')


def test_numbers_that_json_has_not():
    assert math.isnan(read_json("[NaN, Infinity]")[0])
    with pytest.raises(ValueError, match="Expecting value"):
        read_json("nan")
