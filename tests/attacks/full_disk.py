"""Saves, keeps copies, exports, draws and compiles on a disk that is full, or becomes full at any byte of it.

``python -m tests.attacks.full_disk --count 50`` tries so many amounts of free space for each. The disk is a small tmpfs
in a mount namespace of its own, which takes root, or a system that lets users have such namespaces.
"""

from __future__ import annotations

import errno
import logging
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy

import nnc
from nnc.backends.c import cache
from nnc.callbacks import BackupAndRestore, ModelCheckpoint
from nnc.errors import CompilerError
from nnc.export import export
from nnc.layers import Dense
from tests.attacks.command import Attack, Report, run
from tests.program.samples import X, Y, digest, network

SIZE = 1024 * 1024
PAGE = 4096
APART = "NNC_ATTACK_HAS_MOUNTS_OF_ITS_OWN"
IMPOSSIBLE = "no mount namespace of one's own can be had here"


def main() -> None:
    """Run what the command line asks for, where mounts are seen by nobody else."""
    if APART not in os.environ:
        command = ["unshare", "-m", *([] if os.getuid() == 0 else ["-r"])]
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
            print(IMPOSSIBLE)
            return
        os.execvpe(command[0], [*command, *sys.orig_argv], os.environ | {APART: "1"})
    kinds: dict[str, Attack] = {
        "save": partial(writing, _save),
        "python": partial(writing, partial(_export, "python", "model.py")),
        "c": partial(writing, partial(_export, "c", "device")),
        "render": partial(writing, _render),
        "checkpoint": checkpoint,
        "cache": compiling,
    }
    run({name: partial(unmounting, kind) for name, kind in kinds.items()}, __doc__, 50)


def unmounting(attack: Attack, folder: Path, count: int, seed: int) -> Report:
    """Take away all disks after an attack."""
    try:
        return attack(folder, count, seed)
    finally:
        for disk in filter(Path.is_mount, folder.iterdir()):
            subprocess.run(["umount", "-l", disk], check=True)


def mounted(folder: Path) -> Path:
    """Return an empty disk of `SIZE` bytes; see `unmounting`."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], check=True)
    return folder


def fill(disk: Path, free: int) -> Path:
    """Fill a disk but for so many bytes, and return the file that does so."""
    status = os.statvfs(disk)
    filler = disk / "filler"
    filler.write_bytes(bytes(max(status.f_bavail * status.f_frsize - free, 0)))
    return filler


def contents(disk: Path) -> dict[str, bytes]:
    """Return the bytes of all files by their paths, and of folders nothing."""
    found = {str(path.relative_to(disk)): path for path in sorted(disk.rglob("*")) if path.name != "filler"}
    return {name: path.read_bytes() if path.is_file() else b"" for name, path in found.items()}


# ---------------------------------------------------------------------- files


def _wide(seed: int) -> nnc.Sequential:
    nnc.utils.set_random_seed(seed)
    return nnc.Sequential([nnc.Input((3,)), Dense(100, "tanh"), Dense(60, "tanh"), Dense(1)])


def _save(model: nnc.Sequential, disk: Path) -> None:
    model.save(disk / "model.nnc")


def _export(target: str, name: str, model: nnc.Sequential, disk: Path) -> None:
    export(model.program, target, disk / name)


def _render(model: nnc.Sequential, disk: Path) -> None:
    from nnc.render import picture_of, write

    write(picture_of(model), disk / "model.svg")


def writing(write: Callable[[nnc.Sequential, Path], None], folder: Path, count: int, seed: int) -> Report:
    """Write over files while there is room for less than that."""
    report, amounts = Report(), random.Random(seed)
    disk = mounted(folder / "disk")
    models, known = [_wide(0), _wide(1)], []
    for model in models:
        write(model, disk)
        known.append(contents(disk))
    needed = sum(len(data) for data in known[0].values())
    for number in range(count):
        before = contents(disk)
        filler = fill(disk, amounts.randrange(0, needed, PAGE))
        try:
            write(models[number % 2], disk)
        except OSError as error:
            report.counts["errors"] += 1
            named = {str(disk / name) for name in before}
            readable = error.errno == errno.ENOSPC and str(error.filename) in named
            report.check(readable, f"{number}: {type(error).__name__}: {error}")
            found = contents(disk)
            report.check(found.keys() == before.keys(), f"{number}: files are {sorted(found)}")
            for name, data in found.items():
                report.check(data in [version.get(name) for version in known], f"{number}: {name} is neither version")
            if len(before) == 1:
                report.check(found == before, f"{number}: not the old file")
        else:
            report.counts["writes for which there was room"] += 1
        filler.unlink()
        write(models[number % 2], disk)
        report.check(contents(disk) == known[number % 2], f"{number}: with room, other files")
    return report


def checkpoint(folder: Path, count: int, seed: int) -> Report:
    """Train with copies to go on from: an error, and then to the bit where a training without one ends."""
    report, amounts = Report(), random.Random(seed)
    disk = mounted(folder / "disk")

    def train(home: Path) -> str:
        model = network()
        kept = [
            BackupAndRestore(home, save_freq=3, double_checkpoint=True, delete_checkpoint=False),
            ModelCheckpoint(home / "{epoch}.nnc"),
        ]
        model.fit(X, Y, batch_size=10, epochs=4, verbose=0, callbacks=kept)
        return digest(model.program)

    expected = train(folder / "reference")
    names = {path.name for path in (folder / "reference").iterdir()}
    for number in range(count):
        filler = fill(disk, amounts.randrange(0, 60_000, PAGE))
        home = disk / str(number)
        try:
            train(home)
        except OSError as error:
            report.counts["errors"] += 1
            readable = error.errno == errno.ENOSPC and str(error.filename).startswith(str(home))
            report.check(readable, f"{number}: {type(error).__name__}: {error}")
        else:
            report.counts["trainings for which there was room"] += 1
        left = {path.name for path in home.iterdir()} if home.exists() else set()
        report.check(left <= names, f"{number}: files are {sorted(left)}")
        filler.unlink()
        report.check(train(home) == expected, f"{number}: then it ends elsewhere")
        for path in home.iterdir():
            path.unlink()
    return report


# ---------------------------------------------------------------------- the cache


def compiling(folder: Path, count: int, seed: int) -> Report:
    """Compile with a cache on a full disk, and with no room for temporary files either."""
    report, amounts = Report(), random.Random(seed)
    disk, scratch = mounted(folder / "disk"), mounted(folder / "scratch")
    logging.getLogger("nnc").setLevel(logging.ERROR)  # its notices
    os.environ |= {"NNC_CACHE_DIR": str(disk), "NNC_C_LEVEL": "0"}
    for number in range(count):
        cache.clear()
        filler = fill(disk, amounts.randrange(0, 40_000, PAGE))
        before = contents(disk).keys()
        tempfile.tempdir = None
        if is_full := number % 3 == 2:
            tempfile.tempdir = str(scratch)
            other = fill(scratch, amounts.randrange(0, 80_000, PAGE))
        try:
            report.check(_predicts(number), f"{number}: other numbers")
        except CompilerError as error:
            report.check(is_full, f"{number}: {error}")
            report.check("\n  command: " in str(error) and "--backend numpy" in str(error), f"{number}: {error}")
            report.counts["errors, for temporary files have no room either"] += 1
        else:
            report.counts["compilations"] += 1
        if is_full:
            other.unlink()
            kept = {
                cache.private_directory(),
                *(path.parent for path in scratch.glob("*/nnc.c")),
            }  # a source that failed
            left = [path for path in scratch.iterdir() if path not in kept]
            report.check(not left, f"{number}: {left} are left over")
        _whole(report, disk, f"{number}")
        filler.unlink()
        tempfile.tempdir = None
        report.check(_predicts(10**4 + number), f"{number}: with room, other numbers")
        _whole(report, disk, f"{number}, with room")
        report.check(contents(disk).keys() >= before, f"{number}: something is gone")
    return report


def _predicts(number: int) -> bool:
    """Return whether a program is compiled and predicts right; another number makes another program."""
    nnc.utils.set_random_seed(0)
    model = nnc.Sequential([nnc.Input((3,)), Dense(number + 2, "tanh"), Dense(1)])
    found, expected = [nnc.compile(model, backend=backend)(X) for backend in ("c", "numpy")]
    return numpy.allclose(found, expected, rtol=1e-5, atol=1e-6)


def _whole(report: Report, disk: Path, when: str) -> None:
    for name, data in contents(disk).items():
        path = disk / name
        report.check(".nnc-part-" not in name, f"{when}: {name} is left over")
        if name.endswith(cache.SUFFIX):
            report.check(cache.checksum(data) == path.stem, f"{when}: {name} is damaged")
        report.check(path.is_file() or any(path.iterdir()) or path == disk / "c", f"{when}: {name} is empty")


if __name__ == "__main__":
    main()
