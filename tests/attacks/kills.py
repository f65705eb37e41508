"""Kills processes at random moments of saves, trainings with checkpoints, exports, compilations and cache writes.

``python -m tests.attacks.kills --count 200`` kills so many of each kind. After each kill every file is what it was or
what it was to become, whole; what comes next gives what it gives without kills, and leaves no temporary files.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy

import nnc
from nnc.backends.c import cache
from nnc.callbacks import BackupAndRestore, ModelCheckpoint
from nnc.export import export
from nnc.layers import Dense
from tests.attacks.command import Report, run
from tests.program.samples import X, Y, digest, network


def main() -> None:
    """Run what the command line asks for."""
    kinds = {"save": save, "checkpoint": checkpoint, "python": python, "c": c, "cache": cached, "compile": compiled}
    run(kinds, __doc__, 200)


# ---------------------------------------------------------------------- killing


def forked(work: Callable[[], object]) -> int:
    """Start a fork that works, and ends with 0 if that ends well; return its number."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(status)


def ended(child: int) -> int:
    """Wait for a fork and return its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed(work: Callable[[], object], delay: float) -> int:
    """Let a fork work, kill it after so many seconds, and return its exit code, 0 if it was faster."""
    child = forked(work)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    return ended(child)


def for_ever(*steps: Callable[[], object]) -> None:
    """Do steps in turn, again and again."""
    while True:
        for step in steps:
            step()


def seconds(*steps: Callable[[], object]) -> float:
    """Return how long the steps take."""
    start = time.perf_counter()
    for _ in range(3):
        for step in steps:
            step()
    return (time.perf_counter() - start) / 3


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files in a folder by their paths in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def is_temporary(name: str) -> bool:
    """Return whether a file's name is that of a temporary one."""
    return Path(name).name.startswith(".nnc-part-")


def replacing(folder: Path, versions: list[Callable[[], object]], count: int, seed: int, look: Look) -> Report:
    """Kill what writes two versions of some files in turn.

    Args:
        folder: where the files are.
        versions: each writes one version of all of them.
        count: kills.
        seed: of the moments.
        look: takes the report and what was found after a kill, and looks whether it can be used.
    """
    report, moments, known = Report(), random.Random(seed), []
    for write in versions:
        write()
        known.append(contents(folder))
    longest = 2 * seconds(*versions)
    for number in range(count):
        code = killed(partial(for_ever, *versions), moments.uniform(0, longest))
        report.check(code == -signal.SIGKILL, f"kill {number}: ended with {code}")
        found = contents(folder)
        left = {name for name in found if is_temporary(name)}
        report.counts["kills"] += 1
        report.counts["temporary files left by them"] += len(left)
        files = {name: data for name, data in found.items() if name not in left}
        report.check(files.keys() == known[0].keys(), f"kill {number}: files are {sorted(found)}")
        for name, data in files.items():
            report.check(data in [version.get(name) for version in known], f"kill {number}: {name} is neither version")
        look(report, files, known)
        versions[number % 2]()
        report.check(contents(folder) == known[number % 2], f"kill {number}: then {sorted(contents(folder))}")
    return report


Look = Callable[[Report, dict[str, bytes], list[dict[str, bytes]]], None]


def nothing_more(report: Report, files: dict[str, bytes], known: list[dict[str, bytes]]) -> None:
    """Look no further: one file is one version."""


# ---------------------------------------------------------------------- saves and exports


def save(folder: Path, count: int, seed: int) -> Report:
    """Kill saves of programs and of weights alone."""
    programs = [_wide(number).program for number in range(2)]
    expected = [program(X) for program in programs]

    def write(program: nnc.Program) -> None:
        program.save(folder / "model.nnc")
        program.save_weights(folder / "model.weights.npz")

    def look(report: Report, files: dict[str, bytes], known: list[dict[str, bytes]]) -> None:
        version = [item["model.nnc"] for item in known].index(files["model.nnc"])
        found = nnc.load(folder / "model.nnc")(X)
        report.check(numpy.array_equal(found, expected[version]), f"version {version} predicts other numbers")

    return replacing(folder, [partial(write, program) for program in programs], count, seed, look)


def _wide(seed: int, activation: str = "tanh") -> nnc.Sequential:
    nnc.utils.set_random_seed(seed)
    model = nnc.Sequential(
        [nnc.Input((3,)), Dense(100, activation, name="a"), Dense(100, name="b"), Dense(1, name="c")]
    )
    model.compile("adam", "mse")
    return model


def python(folder: Path, count: int, seed: int) -> Report:
    """Kill exports to Python of two models that differ in weights and activation, not in shapes."""
    programs = [_wide(0).program, _wide(1, "relu").program]
    expected = [program(X) for program in programs]
    versions = [partial(export, program, "python", folder / "model.py", batch=4) for program in programs]

    def look(report: Report, files: dict[str, bytes], known: list[dict[str, bytes]]) -> None:
        if files not in known:
            report.counts["of them between two files"] += 1
        done = subprocess.run([sys.executable, "-c", USE, folder], capture_output=True, timeout=60, check=False)
        if done.returncode == 0:
            found = numpy.frombuffer(done.stdout, "float32").reshape(expected[0].shape)
            report.check(files in known, "files of two exports were used")
            version = known.index(files) if files in known else 0
            report.check(numpy.allclose(found, expected[version], rtol=1e-5, atol=1e-6), "other numbers")
        else:
            report.check(files not in known, done.stderr.decode())
            last = done.stderr.decode().strip().splitlines()[-1]
            report.check("export" in last and last.startswith("ValueError: model.npz"), f"not readable: {last}")

    return replacing(folder, versions, count, seed, look)


USE = """
import sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import model, numpy
X = numpy.random.default_rng(0).normal(size=(50, 3)).astype("float32")
sys.stdout.buffer.write(model.predict(X).tobytes())
"""


def c(folder: Path, count: int, seed: int) -> Report:
    """Kill exports to C of two models that differ in weights and activation, not in shapes."""
    programs = [_wide(0).program, _wide(1, "relu").program]
    versions = [partial(export, program, "c", folder, name="model", weights="file", train=True) for program in programs]
    compiler = next((name for name in ("cc", "gcc", "clang") if _exists(name)), None)

    def look(report: Report, files: dict[str, bytes], known: list[dict[str, bytes]]) -> None:
        if files in known:
            return  # what the tests of the export compile
        report.counts["of them between two files"] += 1
        if compiler is None:
            return
        with tempfile.TemporaryDirectory() as copy:
            for name, data in files.items():
                Path(copy, name).write_bytes(data)
            command = ["make", "-s", "-f", "model.mk", f"CC={compiler}", "CFLAGS=-std=c99 -O0", "check"]
            done = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=120, check=False)
        report.check(done.returncode != 0, f"files of two exports were used: {_versions(files, known)}")
        said = done.stdout + done.stderr
        report.check(re.search("of two exports|file of weights was refused: error 4", said) is not None, said[:500])

    return replacing(folder, versions, count, seed, look)


def _versions(files: dict[str, bytes], known: list[dict[str, bytes]]) -> dict[str, int]:
    return {name: [version[name] for version in known].index(data) for name, data in files.items()}


def _exists(program: str) -> bool:
    return any(os.access(Path(folder, program), os.X_OK) for folder in os.environ.get("PATH", "").split(os.pathsep))


# ---------------------------------------------------------------------- checkpoints


EPOCHS = 6


def checkpoint(folder: Path, count: int, seed: int) -> Report:
    """Kill trainings with copies to go on from, until they end: to the bit where one ends that nobody kills."""
    report, moments = Report(), random.Random(seed)
    expected = _trained(folder / "reference")
    reference = {name.partition("/")[2] for name in contents(folder)} - {"digest"}
    longest = seconds(lambda: _trained(folder / "timed"))
    number, place = 0, (0, 0)
    while number < count:
        home = folder / "killed"
        code = killed(partial(_trained, home), moments.uniform(0, longest))
        found = {name for name in contents(home) if is_temporary(name)} if home.exists() else set()
        report.counts["temporary files left by them"] += len(found)
        if code == -signal.SIGKILL:
            number += 1
            report.counts["kills"] += 1
            place = _place(report, home, place)
            continue
        report.check(code == 0, f"kill {number}: the next training ended with {code}")
        report.counts["trainings that ended"] += 1
        report.check((home / "digest").read_text() == expected, f"kill {number}: another state at the end")
        names = set(contents(home)) - {"digest"}
        report.check(names == reference, f"kill {number}: files are {sorted(names)}")
        for path in home.rglob("*"):
            if path.is_file():
                path.unlink()
        place = 0, 0
    return report


def _trained(home: Path) -> str:
    """Train, or go on, and return the digest of all state, which is also written down."""
    model = network()
    home.mkdir(parents=True, exist_ok=True)
    kept = [
        BackupAndRestore(home / "backup", save_freq=3, double_checkpoint=True, delete_checkpoint=False),
        ModelCheckpoint(home / "latest.nnc"),
        ModelCheckpoint(home / "{epoch:02d}.weights.npz", save_weights_only=True),
    ]
    model.fit(X, Y, batch_size=5, epochs=EPOCHS, verbose=0, callbacks=kept)
    found = digest(model.program)
    (home / "digest").write_text(found)
    return found


def _place(report: Report, home: Path, before: tuple[int, int]) -> tuple[int, int]:
    """Look at what a killed training has left, and return how far it had come."""
    for path in home.glob("*.nnc"):
        report.check(nnc.load(path)(X).shape == (50, 1), f"{path.name} is damaged")
    for path in home.glob("*.npz"):
        if not is_temporary(path.name):
            with numpy.load(path) as archive:
                report.check(len([archive[name] for name in archive.files]) == 4, f"{path.name} is damaged")
    if not (home / "backup" / "latest.npz").exists():
        report.check(before == (0, 0), "a copy is gone")
        return before
    model = network()
    callback = BackupAndRestore(home / "backup")
    callback.set_model(model)
    callback.on_train_begin()
    place = model.program.take_place(0)
    report.check(place >= before, f"from {before} back to {place}")
    return place


# ---------------------------------------------------------------------- the cache


def cached(folder: Path, count: int, seed: int) -> Report:
    """Kill what writes entries and records of the cache."""
    report, moments = Report(), random.Random(seed)
    os.environ["NNC_CACHE_DIR"] = str(folder)
    keys = [cache.make_key(str(number)) for number in range(3)]
    blocks = {key: random.Random(key).randbytes(200_000) for key in keys}

    def write() -> None:
        for key, block in blocks.items():
            cache.store(key, block)
            cache.remember(f"{key}.json", key.encode())

    write()
    known = contents(folder)
    longest = 2 * seconds(write)
    for number in range(count):
        if number % 2:
            cache.clear()  # entries are made, not only replaced
        code = killed(partial(for_ever, write), moments.uniform(0, longest))
        report.check(code == -signal.SIGKILL, f"kill {number}: ended with {code}")
        report.counts["kills"] += 1
        for name, data in contents(folder).items():
            if is_temporary(name):
                report.counts["temporary files left by them"] += 1
            else:
                report.check(data == known.get(name), f"kill {number}: {name} is damaged")
        write()
        report.check(contents(folder) == known, f"kill {number}: then {sorted(contents(folder))}")
        report.check(all(cache.find(key) for key in keys), f"kill {number}: an entry is not found")
    return report


def compiled(folder: Path, count: int, seed: int) -> Report:
    """Kill what compiles for the cache, with its compiler, at any moment from the model to the prediction."""
    report, moments = Report(), random.Random(seed)
    scratch, home = folder / "scratch", folder / "cache"
    os.environ |= {"NNC_CACHE_DIR": str(home), "TMPDIR": str(scratch), "NNC_C_LEVEL": "0"}
    tempfile.tempdir = None
    scratch.mkdir()
    model = network()
    expected = nnc.compile(model, backend="numpy")(X)

    def work() -> None:
        found = nnc.compile(model, backend="c")(X)
        if not numpy.allclose(found, expected, rtol=1e-5, atol=1e-6):
            raise AssertionError("other numbers")

    def timed() -> float:
        cache.clear()
        start = time.perf_counter()
        report.check(ended(forked(work)) == 0, "does not compile")
        return time.perf_counter() - start

    timed()
    longest = 1.2 * timed()
    number = 0
    while report.counts["kills"] < count:
        number += 1
        cache.clear()
        code = killed(work, moments.uniform(0, longest))
        report.check(code in {0, -signal.SIGKILL}, f"kill {number}: ended with {code}")
        report.counts["kills" if code else "compilations that were faster"] += 1
        report.counts["folders left by them"] += len(list(scratch.iterdir()))
        report.counts["temporary files left by them"] += sum(map(is_temporary, contents(home)))
        _whole_entries(report, home, f"kill {number}")
        code = ended(forked(work))
        report.check(code == 0, f"kill {number}: the next compilation ended with {code}")
        _whole_entries(report, home, f"kill {number}, then")
        left = [path.name for path in scratch.iterdir()] + [name for name in contents(home) if is_temporary(name)]
        report.check(not left, f"kill {number}: then {left}")
    report.check(not _working_in(scratch), "compilers are still running")
    tempfile.tempdir = None
    return report


def _whole_entries(report: Report, home: Path, when: str) -> None:
    for name, data in contents(home).items():
        if name.endswith(cache.SUFFIX):
            report.check(cache.checksum(data) == Path(name).stem, f"{when}: {name} is damaged")
        elif name.endswith(".json"):
            checksum, _, text = data.decode().partition("\n")
            report.check(cache.checksum(text.encode()) == checksum, f"{when}: {name} is damaged")


def _working_in(folder: Path) -> list[int]:
    """Return the processes whose working folder is, or was, in a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(entry / "cwd").startswith(str(folder)):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


if __name__ == "__main__":
    main()
