"""Completions for the shell: names of files, passes, backends, losses and optimizers, where an option takes them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

Complete = Callable[[str], list[str]]
"""Returns all that a word can be completed to; values are printed as they are, so none has an error of its own."""


def files(*suffixes: str) -> Complete:
    """Return what completes the name of a file with one of some suffixes; folders lead on to what is in them."""
    return lambda incomplete: _paths(incomplete, suffixes)


def model_files(incomplete: str) -> list[str]:
    """Complete the name of a model file, of any kind that there is a reader for, or of a saved program."""
    from nnc.cli.programs import PROGRAM_SUFFIX
    from nnc.plugins import entry_points

    suffixes = {PROGRAM_SUFFIX}
    for entry in entry_points():
        with suppress(Exception):  # a broken plug-in must not disable the others
            suffixes.update(entry.load().suffixes)
    return _paths(incomplete, tuple(sorted(suffixes)))


def _paths(incomplete: str, suffixes: tuple[str, ...]) -> list[str]:
    folder, slash, start = incomplete.rpartition("/")
    place = Path(folder + slash).expanduser() if slash else Path()
    try:
        entries = sorted(os.scandir(place), key=lambda entry: entry.name)
    except OSError:
        return []
    found = []
    for entry in entries:
        if not entry.name.startswith(start) or entry.name.startswith(".") > start.startswith("."):
            continue
        if entry.is_dir():
            found.append(f"{folder}{slash}{entry.name}/")
        elif entry.name.lower().endswith(suffixes):
            found.append(f"{folder}{slash}{entry.name}")
    if len(found) == 1 and found[0].endswith("/"):  # shells put a space behind the only word, which would end the name
        return _paths(found[0], suffixes) or found
    return found


def stages(incomplete: str) -> list[str]:
    """Complete the name of a pass that a model's graphs go through."""
    from nnc.passes import INFER, OPTIMIZE, Differentiate, Inline, Sink, Split
    from nnc.passes.training import ApplyOptimizer, AttachLoss

    names = {item.name for item in (*INFER, *OPTIMIZE, Sink(), Split(), Inline())}
    return _starting(incomplete, names | {AttachLoss.name, Differentiate.name, ApplyOptimizer.name})


def pass_lists(incomplete: str) -> list[str]:
    """Complete the last of several names of passes with commas between them."""
    from nnc.passes import pass_names

    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in _starting(last, pass_names())]


def backends(incomplete: str) -> list[str]:
    """Complete the name of a backend, those of other packages too."""
    from nnc.backends import known_backends

    return [name for name in known_backends() if name.startswith(incomplete)]


def losses(incomplete: str) -> list[str]:
    """Complete the name of a loss."""
    from nnc.losses import LOSSES

    return _starting(incomplete, {name for name in LOSSES if "_" in name})


def optimizers(incomplete: str) -> list[str]:
    """Complete the name of an optimizer."""
    from nnc.optimizers import OPTIMIZERS

    return _starting(incomplete, {cls.__name__ for cls in OPTIMIZERS.values()})


def modes(incomplete: str) -> list[str]:
    """Complete what an experiment trains with."""
    from nnc.experiment import MODES

    return _starting(incomplete, MODES)


def _starting(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in sorted(names) if name.startswith(incomplete)]
