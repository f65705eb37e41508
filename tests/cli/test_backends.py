"""`--backend` from the outside: what each command runs on, and what is said where compilers, caches or disks fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest

import nnc
from nnc.backends import choice
from nnc.backends.c.toolchain import find_compiler
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]
COMPILER = find_compiler()
TRAIN = ("train", "base.yaml", "--data", "points.npz", "--epochs", "2", "--json")
WORTH_IT = "from nnc.backends import choice; choice.UNIT_SECONDS = -1e9"
"""What lets all work be worth a compile."""
Nnc = Callable[..., subprocess.CompletedProcess[str]]
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")
posix = pytest.mark.skipif(os.name != "posix", reason="scripts, modes and limits are POSIX's")


@pytest.fixture
def nnc_process(folder: Path) -> Nnc:
    """Return a function that runs a command line in a process of its own, with a cache that is empty at first."""

    def call(*arguments: str, code: int = 0, setup: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if name not in ("CC", "NNC_BACKEND")}
        done = subprocess.run(
            [sys.executable, "-c", f"import sys\n{setup}\nfrom nnc.cli import main\nmain()", *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**clean, "PYTHONPATH": str(ROOT), "NNC_CACHE_DIR": str(folder / "cache"), **environment},
        )
        assert "Traceback" not in done.stderr
        assert done.returncode == code, done.stderr
        return done

    return call


def script(folder: Path, text: str) -> str:
    """Return the command of a compiler that is a shell script."""
    path = folder / "compiler"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def libraries(folder: Path) -> list[Path]:
    """Return the compiled libraries in the cache."""
    return [path for path in (folder / "cache").rglob("*") if path.suffix in (".so", ".dylib", ".dll")]


def result(done: subprocess.CompletedProcess[str]) -> dict[str, float]:
    """Return what a training ended with."""
    return json.loads(done.stdout)["result"]


# ---------------------------------------------------------------------- commands


@needs_compiler
@pytest.mark.parametrize("backend", ["numpy", "c", "auto"])
@pytest.mark.sampled(1)
def test_every_command_that_runs_a_model(run: Run, folder: Path, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNC_CACHE_DIR", str(folder / "cache"))
    monkeypatch.setattr(choice, "UNIT_SECONDS", -1e9)
    chosen = ("--backend", backend)
    commands = (
        (*TRAIN, "--seed", "1", "-o", "out.nnc"),
        ("evaluate", "out.nnc", "--data", "points.npz"),
        ("predict", "out.nnc", "--input", "x.npy", "-o", "y.npy"),
        ("run", "base.yaml", "--epochs", "2"),
        ("experiment", "--epochs", "2", "--repeat", "1", "--json"),
    )
    for arguments in commands:
        said = [line for line in run(*arguments, *chosen).stderr.splitlines() if line.startswith(("C, ", "NumPy"))]
        assert [line[:14] for line in said] == (["C, compiled in"] if backend == "auto" else []), arguments[0]
        assert bool(libraries(folder)) == (backend != "numpy"), arguments[0]
        for path in libraries(folder):
            path.unlink()
    report = json.loads(run("compile", "base.yaml", "--json", *chosen).stdout)
    assert report["backend"] == ("numpy" if backend == "numpy" else "c")
    assert report["engine"] == (f"NumPy {numpy.__version__}" if backend == "numpy" else str(COMPILER))
    expected = nnc.load("out.nnc")(numpy.load("x.npy"))
    numpy.testing.assert_allclose(numpy.load("y.npy"), expected, rtol=1e-6)


def test_a_wrong_name_is_a_usage_error(run: Run) -> None:
    error = run("compile", "base.yaml", "--backend", "java", code=2).stderr
    assert "--backend" in error
    assert "java" in error


def test_tensorflow_has_no_backend_of_ours(run: Run) -> None:
    error = run("experiment", "--mode", "tf", "--backend", "c", "--epochs", "1", code=1).stderr
    assert error == "error: a backend is for mode np; mode tf has its own\n"


def test_sources_and_plans(run: Run) -> None:
    program = nnc.compile("base.yaml", backend="c")
    text = run("compile", "base.yaml", "--emit", "c").stdout
    assert text == program.source("train")
    assert "void nnc_train(const nnc_run *run)" in text
    plans = {name: run("compile", "base.yaml", "--emit", "plan", "--backend", name).stdout for name in ("numpy", "c")}
    assert plans["c"].rstrip() == str(program.plan("train")).rstrip()
    assert "@ register" in plans["c"]
    assert "@ register" not in plans["numpy"]
    error = run("compile", "base.yaml", "--emit", "c", "--backend", "numpy", code=2).stderr
    assert "--emit c is the source of one backend" in error


# ---------------------------------------------------------------------- faults


@pytest.mark.slow
@posix
def test_no_compiler(nnc_process: Nnc) -> None:
    nowhere = {"setup": "sys.modules['ziglang'] = None", "PATH": ""}
    done = nnc_process(*TRAIN, "--backend", "c", code=1, **nowhere)
    assert done.stderr.splitlines()[1].startswith("error: no C compiler: none of cc, gcc, clang is on the path")
    assert "pip install 'nnc-keras[c]'" in done.stderr
    assert done.stdout == ""
    done = nnc_process(*TRAIN, "--backend", "auto", **nowhere | {"setup": f"{nowhere['setup']}\n{WORTH_IT}"})
    assert done.stderr.count("no C compiler found") == 1
    assert result(done) == result(nnc_process(*TRAIN, "--backend", "numpy", PATH=""))
    done = nnc_process(*TRAIN, **nowhere | {"setup": f"{nowhere['setup']}\n{WORTH_IT}"})  # by default, in one line
    assert [line for line in done.stderr.splitlines() if "ompiler" in line] == ["NumPy: no C compiler was found"]


@posix
@pytest.mark.parametrize("text", ["echo 'no such luck' >&2; exit 3", "exit 0", "kill -9 $$"])
@pytest.mark.slow
def test_broken_compiler(nnc_process: Nnc, folder: Path, text: str) -> None:
    compiler = script(folder, text)
    done = nnc_process(*TRAIN, "--backend", "c", "-o", "out.nnc", code=1, CC=compiler)
    assert "error: the C compiler " in done.stderr
    assert "command: " in done.stderr
    assert "--backend numpy" in done.stderr
    assert not (folder / "out.nnc").exists()
    done = nnc_process(*TRAIN, "--backend", "auto", CC=compiler, setup=WORTH_IT)
    assert done.stderr.count("runs on the NumPy backend, because C cannot run it: the C compiler") == 1
    assert result(done) == result(nnc_process(*TRAIN, "--backend", "numpy"))


@posix
@needs_compiler
@pytest.mark.unsanitized
@pytest.mark.slow
def test_read_only_cache(nnc_process: Nnc, folder: Path) -> None:
    first = nnc_process(*TRAIN, "--backend", "c")
    assert len(libraries(folder)) == 1
    modes = {path: path.stat().st_mode for path in [folder / "cache", *(folder / "cache").rglob("*")]}
    obey = "from tests.backends.c.helpers import obey_modes; obey_modes()"
    try:
        for path, mode in modes.items():
            path.chmod(mode & ~0o222)
        again = nnc_process(*TRAIN, "--backend", "c", setup=obey, CC=str(COMPILER))
        other = nnc_process("evaluate", "base.yaml", "--data", "points.npz", "--backend", "c", setup=obey)
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    assert result(again) == result(first)
    assert "cache" not in again.stderr  # what is there is read
    assert other.stderr.count("compiled code is kept for this process only") == 1
    assert len(libraries(folder)) == 1


def _small_disk(place: str) -> list[str]:
    """Return what runs a command with a full disk at a place, or skip the test where that cannot be had."""
    mount = f'mount -t tmpfs -o size=8k,mode=700 none {place} && exec "$@"'
    prefix = ["unshare", "--mount", "--map-root-user", "sh", "-c", mount, "sh"]
    try:
        subprocess.run([*prefix, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs leave to mount a small file system")
    return prefix


@posix
@needs_compiler
@pytest.mark.parametrize("place", ["cache", "temporary"])
@pytest.mark.slow
def test_full_disk(nnc_process: Nnc, folder: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    small = folder / place
    small.mkdir(mode=0o700)
    prefix, whole = _small_disk(str(small)), subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda command, **options: whole([*prefix, *command], **options))
    if place == "cache":  # it is only a cache
        done = nnc_process(*TRAIN, "--backend", "c")
        assert done.stderr.count("No space left on device; compiled code is kept for this process only") == 1
        return
    done = nnc_process(*TRAIN, "--backend", "c", code=1, TMPDIR=str(small))
    assert "error: the C compiler " in done.stderr
    assert "No space left on device" in done.stderr
    done = nnc_process(*TRAIN, "--backend", "auto", setup=WORTH_IT, TMPDIR=str(small))
    assert "runs on the NumPy backend, because C cannot run it" in done.stderr
    assert "No space left on device" in done.stderr


@posix
@needs_compiler
@pytest.mark.slow
def test_two_processes_at_once(nnc_process: Nnc, folder: Path) -> None:
    """Both compile at the same time, because the compiler of each waits for that of the other."""
    wait = 'touch "$0.$$"; until [ $(ls "$0".* | wc -l) -ge 2 ]; do sleep 0.02; done'
    compiler = script(folder, f'{wait}\nexec {COMPILER} "$@"')
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: nnc_process(*TRAIN, "--backend", "c", CC=compiler), range(2)))
    assert len(list(folder.glob("compiler.*"))) == 2
    assert result(found[0]) == result(found[1])
    assert [done.stderr.count("error") for done in found] == [0, 0]
    assert len(libraries(folder)) == 1


@posix
@needs_compiler
@pytest.mark.parametrize("left", [0.0, 0.5])
@pytest.mark.slow
def test_an_entry_that_is_cut_short(nnc_process: Nnc, folder: Path, left: float) -> None:
    first = nnc_process(*TRAIN, "--backend", "c")
    [library] = libraries(folder)
    whole = library.read_bytes()
    library.write_bytes(whole[: int(left * len(whole))])
    again = nnc_process(*TRAIN, "--backend", "c")
    assert result(again) == result(first)
    assert libraries(folder) == [library]
    assert library.read_bytes() == whole
