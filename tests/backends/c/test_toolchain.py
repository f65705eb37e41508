"""From C text to a library: every compiler gives a library that works, or one message that can be acted on."""

from __future__ import annotations

import ctypes
import importlib.util
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from nnc.backends.c import process_group, toolchain
from nnc.backends.c.toolchain import Compiler, build, explain_missing_compiler, find_compiler, flags
from nnc.errors import CompilerError
from tests.backends.c.helpers import TEXT, real, works

pytestmark = pytest.mark.usefixtures("folder")

HAS_ZIG = importlib.util.find_spec("ziglang") is not None
posix = pytest.mark.skipif(os.name != "posix", reason="the compilers here are shell scripts")


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("level", [0, 3])
def test_library_works(level):
    path = build(TEXT, level=level)
    assert works(path)
    assert build(TEXT, level=level) == path


@pytest.mark.usefixtures("compiler")
def test_what_decides_the_code_decides_the_entry():
    paths = {build(TEXT), build(TEXT, level=1), build(TEXT + "\n"), build(TEXT, extra=["-DX=1"])}
    assert len({path.parent for path in paths}) == 4


@pytest.mark.usefixtures("compiler")
def test_nan_and_infinity_keep_their_meaning():
    text = "int is_nan(double x) { return x != x; }\nint above(double x) { return x > 1e308; }\n"
    library = ctypes.CDLL(str(build(text)))
    for function in (library.is_nan, library.above):
        function.argtypes = [ctypes.c_double]
    assert (library.is_nan(math.nan), library.is_nan(1.0)) == (1, 0)
    assert (library.above(math.inf), library.above(math.nan)) == (1, 0)


@pytest.mark.usefixtures("compiler")
def test_sums_keep_their_order():
    text = "double sum(const double *x, int n) { double s = 0; for (int i = 0; i < n; i++) s += x[i]; return s; }\n"
    function = ctypes.CDLL(str(build(text))).sum
    function.restype = ctypes.c_double
    values = [1e16, *[1.0] * 37, -1e16, 3.5]
    expected = 0.0
    for value in values:  # in double precision and in this order, 37 ones are lost one by one
        expected += value
    assert expected == 3.5
    assert function((ctypes.c_double * len(values))(*values), len(values)) == expected


@pytest.mark.usefixtures("compiler")
def test_threads_where_the_compiler_has_them():
    path = build(TEXT, threads=True)
    assert works(path)
    assert ctypes.CDLL(str(path)).has_openmp() in {0, 1}


def test_search_starts_no_process(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(os, "posix_spawn", refuse, raising=False)
    find_compiler()


@posix
def test_search_order(tmp_path, monkeypatch):
    for name in ("cc", "gcc", "clang"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'nowhere'}{os.pathsep}{tmp_path}")
    monkeypatch.delenv("CC", raising=False)
    for name in ("cc", "gcc", "clang"):
        assert find_compiler().command == (str(tmp_path / name),)
        monkeypatch.setenv("CC", "clang -m64")
        assert find_compiler().command == (str(tmp_path / "clang"), "-m64")
        monkeypatch.setenv("CC", "")  # as good as none
        (tmp_path / name).unlink()
    assert HAS_ZIG or find_compiler() is None


@posix
def test_identity_changes_with_the_compiler(script):
    path = script("exit 0")
    first = find_compiler()
    assert find_compiler() == first
    os.utime(path, (1, 1))
    second = find_compiler()
    assert second.command == first.command
    assert second.identity != first.identity
    path.write_text(path.read_text() + "#")
    os.utime(path, (1, 1))
    assert find_compiler().identity not in {first.identity, second.identity}


def test_no_compiler(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(toolchain, "_zig", lambda: None)
    assert find_compiler() is None
    with pytest.raises(CompilerError) as raised:
        build(TEXT)
    assert str(raised.value) == explain_missing_compiler()
    for part in ("cc, gcc, clang", "ziglang", "$CC", "backend='numpy'", "--backend numpy"):
        assert part in str(raised.value)


def test_cc_that_does_not_exist(monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler -O2")
    assert find_compiler() is None
    with pytest.raises(CompilerError, match=r"\$CC names 'no-such-compiler', which was not found"):
        build(TEXT)


def test_cc_that_cannot_be_parsed(monkeypatch):
    monkeypatch.setenv("CC", "'gcc")
    with pytest.raises(CompilerError, match=r"""\$CC names "'gcc", which was not found"""):
        build(TEXT)


def test_cc_that_is_no_program(tmp_path, monkeypatch):
    path = tmp_path / "cc"
    path.write_text("no program")
    path.chmod(0o755)
    monkeypatch.setenv("CC", str(path))
    with pytest.raises(CompilerError, match="the C compiler cannot be run") as raised:
        build(TEXT)
    assert "--backend numpy" in str(raised.value)


@posix
def test_compiler_that_fails(script, folder, calls):
    path = script('for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do echo "trouble $i" >&2; done; exit 3')
    with pytest.raises(CompilerError) as raised:
        build(TEXT)
    lines = str(raised.value).splitlines()
    assert lines[0] == "the C compiler failed with exit code 3"
    assert lines[1].startswith(f"  command: {path} -std=c99 -O3 ")
    assert lines[2:14] == [f"  trouble {i}" for i in range(1, 13)]
    assert lines[14] == "  … and 2 lines more"
    source = lines[15].removeprefix("  source: ")
    assert source.startswith(str(folder))
    assert Path(source).read_text() == TEXT
    assert lines[16].startswith("  Set $CC to a C compiler that works")
    assert len(lines) == 17
    assert calls() == 2  # what was asked for, and whether it can do anything at all


@pytest.mark.usefixtures("compiler")
def test_wrong_text_is_said_where_it_is_wrong():
    with pytest.raises(CompilerError, match=r"nnc\.c:2:.*error"):
        build("int right;\nint wrong(;\n")


@posix
@pytest.mark.parametrize("text", ["echo garbage > nnc.so; cp nnc.so nnc.dylib", ": > nnc.so; : > nnc.dylib"])
def test_compiler_that_writes_garbage(script, text):
    script(text)
    with pytest.raises(CompilerError, match="made a library that cannot be loaded"):
        build(TEXT)


@posix
def test_compiler_that_writes_nothing(script):
    script("echo all well")
    with pytest.raises(CompilerError, match="has written no library") as raised:
        build(TEXT)
    assert "\n  all well\n" in str(raised.value)


@posix
@pytest.mark.unsanitized
def test_compiler_that_is_killed(script):
    script("kill -11 $$")
    with pytest.raises(CompilerError, match="was ended by signal 11"):
        build(TEXT)


@posix
def test_ctrl_c_ends_the_compiler(script, tmp_path, monkeypatch):
    script(f"echo $$ > '{tmp_path / 'child'}'; sleep 60")

    def interrupt(process):
        while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text().endswith("\n"):
            time.sleep(0.01)
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build(TEXT)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "child").read_text()), 0)


@posix
def test_compiler_that_hangs_is_ended_with_its_children(script, tmp_path):
    script(f"sleep 60 & echo $! > '{tmp_path / 'child'}'; echo waiting; wait")
    with pytest.raises(CompilerError, match=r"has not finished after 1 seconds") as raised:
        build(TEXT, timeout=1)
    assert "\n  waiting\n" in str(raised.value)
    wait_for_the_end_of(int((tmp_path / "child").read_text()))


def wait_for_the_end_of(process):
    for _ in range(200):  # until somebody has taken note of its end
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        if sys.platform == "linux" and Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("a process still runs")


@posix
@pytest.mark.parametrize("number", range(len(process_group.WATCHERS)))
def test_compiler_ends_with_its_process_and_so_do_its_children(script, tmp_path, number):
    """The process is killed while another thread compiles and a fork of it lives on."""
    children = tmp_path / "children"
    script(f"sleep 60 & echo $$ $! > '{children}.new'; mv '{children}.new' '{children}'; wait")
    program = f"""
import os, threading, time
from nnc.backends.c import process_group, toolchain
process_group.WATCHERS = process_group.WATCHERS[{number}:]
threading.Thread(target=toolchain.build, args=("int x;",), daemon=True).start()
while not os.path.exists({str(children)!r}):
    time.sleep(0.01)
if fork := os.fork():
    print(fork, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        fork = int(process.stdout.readline())
        try:
            process.kill()
            process.wait()
            for child in children.read_text().split():
                wait_for_the_end_of(int(child))
        finally:
            os.kill(fork, signal.SIGKILL)


@posix
@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("refused", ["-march=native|-mcpu=native", "-fopenmp", "-fopenmp-simd|-fno-trapping-math"])
def test_refused_flags_are_left_out_and_remembered(script, calls, refused):
    script(f'for a in "$@"; do case $a in {refused}) echo no $a; exit 1;; esac; done\nexec {real()} "$@"')
    assert works(build(TEXT, threads=True))
    before = calls()
    assert works(build(TEXT + "\n", threads=True))
    assert calls() == before + 1
    assert works(build(TEXT + "\n", threads=True))
    assert calls() == before + 1


def test_flags_of_zig(monkeypatch):
    monkeypatch.delenv("NNC_CPU", raising=False)
    zig = flags(Compiler(("/x/ziglang/zig", "cc"), ""))
    assert {"-mcpu=native", "-fno-sanitize=undefined"} <= set(zig)
    for compiler in (("/x/zig", "cc"), ("gcc",)):
        found = flags(Compiler(compiler, ""), 1, threads=True)
        assert {"-std=c99", "-O1", "-ffp-contract=fast", "-fno-math-errno", "-fopenmp-simd", "-fopenmp"} <= set(found)
        assert not {"-ffast-math", "-Ofast", "-ffinite-math-only", "-fassociative-math"} & set(found)
    given = [set(flags(Compiler(("gcc",), ""), level)) for level in (0, 1, 2, 3)]
    assert ["-fno-tree-slp-vectorize" in found for found in given] == [False, False, True, False]
    with pytest.raises(ValueError, match="level must be 0, 1, 2 or 3, got 4"):
        flags(Compiler(("gcc",), ""), 4)


@pytest.mark.slow
@pytest.mark.skipif(not HAS_ZIG, reason="needs the package ziglang")
@pytest.mark.parametrize(("home", "threads"), [(None, False), (None, True), ("a-file", False), ("unset", False)])
def test_zig(monkeypatch, tmp_path, home, threads):
    monkeypatch.setenv("PATH", "")
    if home is not None:
        (tmp_path / "a-file").write_text("")
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        monkeypatch.setenv("HOME", str(tmp_path / home))
        if home == "unset":
            monkeypatch.delenv("HOME")
    monkeypatch.delenv("CC", raising=False)
    assert find_compiler().command[1] == "cc"
    assert works(build(TEXT, threads=threads))


@posix
def test_what_a_killed_process_leaves_in_the_folder_for_temporary_files(script, tmp_path, monkeypatch):
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    started = tmp_path / "started"
    compiler = real()
    script(f"touch '{started}'; sleep 60")
    program = "import sys; from nnc.backends.c.toolchain import build; build(sys.argv[1])"
    environment = os.environ | {"TMPDIR": str(place)}
    with subprocess.Popen([sys.executable, "-c", program, TEXT], env=environment) as process:
        while not started.exists() and process.poll() is None:
            time.sleep(0.01)
        (folder,) = place.iterdir()
        other = place / "nnc-tests-of-somebody"
        other.mkdir()
        monkeypatch.setenv("CC", compiler)
        build(TEXT + "int first;\n")
        assert folder.exists()  # somebody works in it
        process.kill()
        process.wait()
    build(TEXT + "int second;\n")
    assert list(place.iterdir()) == [other]
