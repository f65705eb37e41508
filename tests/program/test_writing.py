"""Writing a program: whole or not at all, whatever goes wrong, and no rubbish is left."""

from __future__ import annotations

import errno
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest

import nnc
from tests.program.samples import SETUP, digest, network, process


@pytest.fixture
def saved(tmp_path):
    """Return a file, its bytes and another program to save over it."""
    path = tmp_path / "net.nnc"
    network().save(path)
    return path, path.read_bytes(), network(seed=1).program


def no_space(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("call", ["fsync", "write", "replace", "open"])
def test_a_full_disk_leaves_the_old_file(saved, call, monkeypatch):
    path, before, program = saved
    if call == "fsync":
        monkeypatch.setattr(os, "fsync", no_space)
    elif call == "write":
        real = pathlib.Path.open

        def opened(self, *arguments, **options):
            file = real(self, *arguments, **options)
            file.write(b"half")
            file.flush()
            return _Full(file)

        monkeypatch.setattr(pathlib.Path, "open", opened)
    elif call == "open":
        monkeypatch.setattr(pathlib.Path, "open", no_space)
    else:
        monkeypatch.setattr(os, call, no_space)
    with pytest.raises(OSError, match="No space left on device") as error:
        program.save(path)
    assert error.value.filename == str(path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [item.name for item in path.parent.iterdir()] == ["net.nnc"]
    program.save(path)
    assert digest(nnc.load(path)) == digest(program)


class _Full:
    """A file on a full disk."""

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def fileno(self):
        return self.file.fileno()

    write = staticmethod(no_space)


def test_an_interrupt_while_writing(saved, monkeypatch):
    path, before, program = saved

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        program.save(path)
    assert path.read_bytes() == before
    assert [item.name for item in path.parent.iterdir()] == ["net.nnc"]


LIMIT = """
import nnc, resource
program = nnc.load(sys.argv[1])
program.states["parameters"][...] = 0.0
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))  # the system itself refuses to write on
try:
    program.save(sys.argv[1])
except OSError as error:
    print("refused", error.filename == sys.argv[1])
"""


def test_a_file_that_may_not_grow(saved):
    path, before, _ = saved
    assert len(before) > 5000
    done = process(LIMIT, path)
    assert done.stdout == "refused True\n", done.stderr
    assert path.read_bytes() == before
    assert [item.name for item in path.parent.iterdir()] == ["net.nnc"]


KILLED = """
import nnc, os, signal
program = nnc.load(sys.argv[1])
program.states["parameters"][...] = 0.0
how = sys.argv[2]
if how == "exit before rename":
    os.replace = lambda *names: os._exit(9)
elif how == "kill before sync":
    os.fsync = lambda number: os.kill(os.getpid(), signal.SIGKILL)
program.save(sys.argv[1])
if how == "kill after":
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("how", ["exit before rename", "kill before sync", "kill after"])
def test_a_killed_process_leaves_a_whole_file(saved, how):
    path, before, _ = saved
    done = process(KILLED, path, how)
    assert done.returncode in (9, -signal.SIGKILL)
    program = nnc.load(path)
    if how == "kill after":
        assert not program.states["parameters"].any()
    else:
        assert path.read_bytes() == before
    for item in path.parent.iterdir():  # what a killed process leaves is out of the way
        assert item == path or item.name.startswith(".nnc-part-")


BUSY = """
import nnc
program = nnc.load(sys.argv[1])
print("ready", flush=True)
while True:
    program.save(sys.argv[1])
"""


def test_killed_at_any_moment(saved):
    path, _, _ = saved
    for delay in (0.001, 0.007, 0.02):
        with subprocess.Popen([sys.executable, "-c", SETUP + BUSY, str(path)], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(delay)
            child.kill()
        nnc.load(path).graph("train")


def test_two_threads_save_to_one_file(saved):
    path, _, program = saved
    programs, errors = [program, network(seed=2).program], []

    def save(item: nnc.Program) -> None:
        try:
            for _ in range(20):
                item.save(path)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=save, args=(item,)) for item in programs]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert errors == []
    assert digest(nnc.load(path)) in {digest(item) for item in programs}
    assert [item.name for item in path.parent.iterdir()] == ["net.nnc"]


def test_folders_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        network().save(tmp_path / "nowhere" / "net.nnc")
    assert error.value.filename == str(tmp_path / "nowhere" / "net.nnc")
    with pytest.raises(IsADirectoryError) as error:
        network().program.save(tmp_path)
    assert error.value.filename == str(tmp_path)


def test_a_link_stays_a_link(saved):
    path, _, program = saved
    link = path.with_name("link.nnc")
    link.symlink_to(path)
    program.save(link)
    assert link.is_symlink()
    assert digest(nnc.load(path)) == digest(program)


def test_parameters_are_written_the_same_way(tmp_path, monkeypatch):
    model, path = network(), tmp_path / "parameters.npz"
    model.save_parameters(path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space left on device"):
        model.save_parameters(path)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["parameters.npz"]
