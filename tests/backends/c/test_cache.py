"""Whatever happens to the cache, a library that works comes out, or one message."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from nnc.backends.c import cache, toolchain
from nnc.backends.c.toolchain import build
from nnc.errors import CompilerError
from tests.backends.c.helpers import TEXT, real, works

pytestmark = pytest.mark.usefixtures("folder")

posix = pytest.mark.skipif(os.name != "posix", reason="about owners and modes, or with shell scripts")
BUILD = """\
import sys
from nnc.backends.c.toolchain import build
from tests.backends.c.helpers import TEXT, works
path = build(TEXT)
assert works(path)
print(path)
"""


def entries(folder):
    """Every file in the cache."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def counted(script, compiler):
    """The real compiler, counted."""
    return script(f'exec {real()} "$@"')


@posix
def test_second_start_compiles_nothing(counted, folder, calls):
    found = {subprocess.run([sys.executable, "-c", BUILD], capture_output=True, text=True, check=True).stdout}
    found |= {subprocess.run([sys.executable, "-c", BUILD], capture_output=True, text=True, check=True).stdout}
    assert found == {f"{build(TEXT)}\n"}
    assert calls() == 1
    assert entries(folder) == [build(TEXT)]


@posix
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: data[:2000] + bytes([data[2000] ^ 16]) + data[2001:],
        lambda data: b"something else altogether",
        lambda data: data + b"\0",
    ],
    ids=["cut", "empty", "last-bit", "inner-bit", "foreign", "longer"],
)
def test_damaged_entry_is_made_anew(counted, folder, calls, damage):
    path = build(TEXT)
    good = path.read_bytes()
    path.unlink()  # not in place: this process has the old bytes mapped
    path.write_bytes(damage(good))
    assert works(build(TEXT))
    assert calls() == 2
    assert entries(folder) == [build(TEXT)]  # the same bytes or not, which is for the compiler to decide


@posix
def test_foreign_file_in_an_entry_is_not_loaded(counted, folder):
    path = build(TEXT)
    foreign = path.with_name(f"{'0' * 64}{cache.SUFFIX}")  # sorted first
    shutil.copy(path, foreign)
    assert build(TEXT) == path
    assert entries(folder) == [path]


@posix
def test_entry_that_does_not_load_is_made_anew(counted, calls):
    path = build(TEXT)
    path.unlink()
    text = b"has its checksum for a name, and is no library"
    wrong = path.with_name(f"{cache.checksum(text)}{cache.SUFFIX}")
    wrong.write_bytes(text)
    for _ in range(2):
        assert works(build(TEXT))
    assert calls() == 2
    assert not wrong.exists()


@posix
def test_two_processes_at_once(script, compiler, folder, tmp_path, calls):
    script(f"while [ ! -e '{tmp_path / 'go'}' ]; do sleep 0.01; done\nexec {real()} \"$@\"")
    command = [sys.executable, "-c", BUILD]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    try:
        deadline = time.monotonic() + 60
        while calls() < 3 and time.monotonic() < deadline:  # none has found an entry of another
            time.sleep(0.01)
        (tmp_path / "go").touch()
        results = [process.communicate(timeout=60) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert [process.returncode for process in processes] == [0, 0, 0], results
    assert calls() == 3
    assert works(build(TEXT))
    assert calls() == 3
    assert all(entry.suffix == cache.SUFFIX and entry.name[0] != "." for entry in entries(folder))


@posix
def test_threads_compile_once(counted, calls):
    results = []
    barrier = threading.Barrier(6)

    def work():
        barrier.wait()
        results.append(build(TEXT))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6
    assert len(set(results)) == 1
    assert calls() == 1


@posix
@pytest.mark.skipif(not hasattr(os, "fork") or sys.version_info >= (3, 12), reason="a fork of threads is warned of")
def test_fork_while_a_thread_compiles(counted):
    held, done = threading.Event(), threading.Event()

    def hold():
        with cache.lock("key"):
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        os._exit(0 if cache.lock("key").acquire(timeout=5) else 1)
    _, status = os.waitpid(child, 0)
    done.set()
    thread.join()
    assert status == 0


def refuse(number):
    """Return a stand-in for `write_atomically` that fails in the cache only."""
    write = cache.write_atomically

    def wrapper(path, data):
        if "nnc-" not in str(path):
            raise OSError(number, os.strerror(number), str(path))
        write(path, data)

    return wrapper


@posix
@pytest.mark.parametrize("number", [28, 30, 13], ids=os.strerror)
def test_cache_that_cannot_be_written(counted, folder, calls, caplog, monkeypatch, number):
    monkeypatch.setattr(cache, "write_atomically", refuse(number))
    path = build(TEXT)
    assert works(path)
    assert folder not in path.parents
    assert build(TEXT) == path
    assert calls() == 1
    build(TEXT + "\n")
    [record] = caplog.records  # once, and not for every library
    assert record.levelname == "WARNING"
    assert record.name == "nnc"
    assert record.getMessage().startswith(f"{folder / 'c'}: {os.strerror(number)}; compiled code is kept for this")
    assert "$NNC_CACHE_DIR" in record.getMessage()
    assert stat.S_IMODE(path.parents[1].stat().st_mode) == 0o700


@posix
def test_cache_from_which_nothing_can_be_run(counted, folder, calls, monkeypatch):
    load_error = toolchain.load_error

    def refuse_cached(path):  # as where a file system is mounted noexec
        return "Operation not permitted" if folder in path.parents else load_error(path)

    monkeypatch.setattr(toolchain, "load_error", refuse_cached)
    for _ in range(2):
        path = build(TEXT)
        assert works(path)
        assert folder not in path.parents
    assert calls() == 1


@posix
def test_no_room_anywhere_is_one_message(counted, caplog, monkeypatch):
    def full(descriptor):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CompilerError, match=r"No space left on device\n  command: .*\n  Set \$CC") as raised:
        build(TEXT)
    assert "nnc-" in str(raised.value)


@posix
def test_read_only_cache_is_read(counted, folder, calls):
    path = build(TEXT)
    result = _in_read_only(folder, BUILD + "assert str(path).startswith(sys.argv[1])\n")
    assert (result.stdout, result.stderr) == (f"{path}\n", "")
    assert calls() == 1


@posix
def test_read_only_cache_without_the_entry(counted, folder, calls):
    build(TEXT)
    code = BUILD.replace("build(TEXT)", "build(TEXT + '//')") + "assert not str(path).startswith(sys.argv[1])\n"
    result = _in_read_only(folder, code)
    assert calls() == 2
    assert result.stderr.count("compiled code is kept for this process only") == 1
    assert not Path(result.stdout.strip()).exists()  # the private folder has gone with its process


def _in_read_only(folder, code):
    """Run Python where the cache may not be written."""
    modes = {path: path.stat().st_mode for path in [folder, *folder.rglob("*")]}
    try:
        for path, mode in modes.items():
            path.chmod(mode & ~0o222)
        code = f"from tests.backends.c.helpers import obey_modes\nobey_modes()\n{code}"
        result = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True)
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    assert result.returncode == 0, result.stderr
    return result


@posix
def test_cache_that_is_a_file(counted, folder, calls, caplog):
    folder.write_text("a file")
    assert works(build(TEXT))
    assert works(build(TEXT))
    assert calls() == 1
    assert folder.read_text() == "a file"
    [record] = caplog.records
    assert str(folder) in record.getMessage()


@posix
@pytest.mark.parametrize("inner", [False, True])
def test_cache_that_everybody_can_write_is_not_trusted(counted, folder, caplog, inner):
    planted = build(TEXT)
    (folder / "c" if inner else folder).chmod(0o777)
    path = build(TEXT)
    assert works(path)
    assert path != planted
    assert "can be written by everybody" in caplog.text


@pytest.fixture
def others(monkeypatch):
    """Let a group, by its number, be the user's own, have the members that are given, or be unknown."""
    grp = pytest.importorskip("grp")
    user = pytest.importorskip("pwd").getpwuid(os.getuid())

    def make(name, members=(), number=user.pw_gid):
        found = grp.struct_group((name or user.pw_name, "", number, members))
        monkeypatch.setattr(grp, "getgrgid", lambda group: found)
        return user

    return make


@posix
@pytest.mark.parametrize(("name", "members"), [("staff", ()), ("", ("somebody",))])
@pytest.mark.parametrize("above", [False, True])
def test_cache_that_a_group_can_write_is_not_trusted(folder, others, name, members, above):
    folder.mkdir()
    others(name, members)
    (folder.parent if above else folder).chmod(0o770)
    assert "can be written by the group" in cache.problem()
    assert list(cache._folders()) == []
    assert cache.recall("x") == b""
    others("", (others("").pw_name,))  # a group of the user alone
    assert cache.problem() == ""
    (folder.parent if above else folder).chmod(0o750)


@posix
def test_folders_above_the_cache(folder):
    """A sticky bit keeps a folder as it is, where others may write beside it."""
    parent, said = folder.parent, "can be written by everybody"
    parent.chmod(0o777)
    try:
        assert cache.problem() == f"{parent} {said}"
        folder.mkdir(0o700)
        assert cache.problem() == f"{parent} {said}"
        parent.chmod(0o1777)
        assert cache.problem() == ""
        folder.chmod(0o1777)  # which does not keep others from laying entries into the cache itself
        assert cache.problem() == f"{folder} {said}"
    finally:
        parent.chmod(0o700)


@posix
@pytest.mark.parametrize("relative", [False, True])
def test_links_are_followed_through_all_folders(tmp_path, monkeypatch, relative):
    real, shared = tmp_path / "real", tmp_path / "shared"
    for path in (real, shared):
        path.mkdir(0o700)
    target = Path("..", "real") if relative else real
    (shared / "second").symlink_to(target)
    (tmp_path / "first").symlink_to(shared / "second")
    monkeypatch.setenv("NNC_CACHE_DIR", str(tmp_path / "first" / "cache"))
    assert cache.problem() == ""
    shared.chmod(0o777)
    assert cache.problem() == f"{shared} can be written by everybody"
    shared.chmod(0o700)
    real.chmod(0o777)
    assert cache.problem() == f"{real} can be written by everybody"


@posix
def test_links_in_a_circle(tmp_path, monkeypatch, caplog):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    monkeypatch.setenv("NNC_CACHE_DIR", str(tmp_path / "a" / "cache"))
    assert "symbolic links" in cache.problem()
    assert list(cache._folders()) == []


@posix
@pytest.mark.parametrize("place", ["link", "above"])
def test_what_belongs_to_others_on_the_way_is_not_trusted(tmp_path, monkeypatch, place):
    folder, link = tmp_path / "above", tmp_path / "link"
    folder.mkdir(0o700)
    link.symlink_to(folder)
    monkeypatch.setenv("NNC_CACHE_DIR", str(link / "cache"))
    changed = {"link": link, "above": folder}[place]
    real = os.lstat

    def lstat(path):
        status = real(path)
        fields = list(status)
        fields[4] = 4321 if os.fspath(path) == str(changed) else status.st_uid
        return os.stat_result(fields)

    monkeypatch.setattr(os, "lstat", lstat)
    assert cache.problem() == f"{changed} belongs to another user"


@posix
def test_cache_of_another_user_is_not_trusted(counted, folder, caplog, monkeypatch):
    planted = build(TEXT)
    if os.getuid() == 0:
        os.chown(folder, 1, 1)
    else:
        monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    path = build(TEXT)
    assert works(path)
    assert path != planted
    assert "belongs to another user" in caplog.text


@posix
def test_cache_is_its_owners_alone(counted, folder):
    before = os.umask(0)
    try:
        path = build(TEXT)
    finally:
        os.umask(before)
    assert [stat.S_IMODE(place.stat().st_mode) for place in (folder, folder / "c", path.parent)] == [0o700] * 3


def test_least_recently_used_entries_are_removed(folder, monkeypatch):
    monkeypatch.setattr(cache, "LIMIT", 3500)
    made = []
    for number in range(3):
        made.append(cache.store(f"key{number}", bytes([number]) * 1000))
        os.utime(made[-1], (1000 + number, 1000 + number))
    assert cache.find("key0") == made[0]  # used now, and so younger than the others
    made.append(cache.store("00key", b"3" * 1000))
    assert entries(folder) == sorted([made[0], made[2], made[3]])
    assert not made[1].parent.exists()
    assert [cache.find(key) is not None for key in ("key0", "key1", "key2", "00key")] == [True, False, True, True]
    alone = cache.store("00alone", b"4" * 9000)  # stays, though it alone is too large
    assert entries(folder) == [alone]


def test_few_entries_look_at_all_others(folder, monkeypatch):
    looks = []
    monkeypatch.setattr(cache, "trim", lambda *_, **options: looks.append(options["keep"]))
    made = [cache.store(cache.make_key(str(number)), b"1") for number in range(640)]
    assert 0 < len(looks) < 30
    assert set(looks) < set(made)


def test_temporary_files_that_were_left_behind_are_removed(folder):
    entry = cache.store("00key", b"1").parent
    fresh, old = entry / ".fresh", entry / ".old"
    fresh.write_bytes(b"")
    old.write_bytes(b"")
    os.utime(old, (1000, 1000))
    cache.store("00key", b"2")
    assert fresh.exists()
    assert not old.exists()


def test_entry_whose_folder_is_removed_meanwhile(folder, monkeypatch):
    write, failures = cache.write_atomically, []

    def wrapper(path, data):
        if not failures:
            failures.append(path)
            Path(path).parent.rmdir()  # as another process does that has emptied it
        write(path, data)

    monkeypatch.setattr(cache, "write_atomically", wrapper)
    assert cache.store("key", b"1").read_bytes() == b"1"
    assert failures
    assert cache.find("key")


def test_usage_and_clear(folder):
    assert cache.usage() == (0, 0)
    cache.clear()
    cache.store("key", b"12345")
    cache.remember("name", b"some\nbytes")
    assert cache.recall("name") == b"some\nbytes"
    assert cache.usage() == (1, 5 + 64 + 1 + 10)  # with the checksum
    cache.clear()
    assert cache.usage() == (0, 0)
    assert cache.recall("name") == b""


def test_place(monkeypatch, tmp_path):
    assert cache.cache_directory() == tmp_path / "cache"
    monkeypatch.delenv("NNC_CACHE_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    for value, expected in (("/elsewhere", "/elsewhere/nnc"), ("relative", tmp_path / ".cache" / "nnc")):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert cache.cache_directory() == Path(expected)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache.cache_directory() == tmp_path / "Library" / "Caches" / "nnc"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "Local"))
    assert cache.cache_directory() == tmp_path / "Local" / "nnc"


def test_key_depends_on_every_part_and_where_it_ends():
    keys = [cache.make_key(*parts) for parts in (("ab", "c"), ("a", "bc"), ("abc",), ("ab", "c", ""), ("c", "ab"))]
    assert len(set(keys)) == 5
    assert cache.make_key("ab", "c") == keys[0]


@pytest.mark.parametrize("write", [lambda: cache.store("key", b"1"), lambda: cache.keep_source("key", "int x;")])
def test_a_full_disk_leaves_no_folder(folder, tmp_path, monkeypatch, write):
    real, scratch = cache.write_atomically, tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    full = [folder, scratch]

    def write_atomically(path, data):
        if any(Path(path).is_relative_to(place) for place in full):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        real(path, data)

    monkeypatch.setattr(cache, "write_atomically", write_atomically)
    with pytest.raises(OSError, match="No space left on device"):
        write()
    left = [path for place in full for path in place.rglob("*") if path not in {folder / "c", *cache._private.values()}]
    assert left == []
    full.remove(scratch)
    assert write().is_relative_to(scratch)
    assert list((folder / "c").iterdir()) == []
