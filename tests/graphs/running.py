"""Runs random graphs on NumPy and in C, each buffer in memory of its own, so that a sanitizer sees where it ends."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy

from nnc.backends.c.emitted import Source
from nnc.backends.c.executable import Executable
from nnc.backends.c.source import kernel_workspace, print_source
from nnc.backends.c.toolchain import find_compiler, flags
from nnc.backends.numpy import Executable as NumPyExecutable
from nnc.backends.numpy import kernel_workspace as numpy_workspace
from nnc.backends.numpy import print_source as print_numpy
from nnc.errors import NncError
from nnc.ir import Value
from nnc.ir.types import ITEM_SIZES
from nnc.plan import Plan, make_plan
from tests.graphs.subject import Subject, Trial, difference, outcome


def numpy_differences(subject: Subject) -> Iterator[str]:
    """Say where NumPy differs from the interpreter, planned for the sizes of each trial and for the largest."""

    def run(trial: Trial, plan: Plan) -> tuple[dict[str, Any], dict[str, Any]]:
        source, states = print_numpy(plan), copies(trial.states)
        bound = NumPyExecutable(plan, source, source.compile(), states).bind(trial.sizes)
        for label, array in trial.inputs.items():
            bound.inputs[label][...] = array
        bound.run()
        return copies(bound.outputs), states

    for trial, plan in plans_of(subject, partial(make_plan, workspace=numpy_workspace)):
        found = difference(subject, trial, plan if isinstance(plan, NncError) else outcome(partial(run, trial, plan)))
        if found:
            yield f"NumPy {told(trial, plan)}: {found}"


def plans_of(subject: Subject, plan: Callable[..., Plan]) -> Iterator[tuple[Trial, Plan | NncError]]:
    """Yield plans for each trial: for its sizes, and for the largest of all trials where these go together.

    A quarter of all graphs have plans for their own sizes in which no two buffers share memory.
    """
    for trial in subject.trials:
        try:
            yield trial, plan(subject.graph, trial.sizes, reuse=bool(subject.seed % 4))
        except NncError as error:
            yield trial, error
        largest = {name: max(other.sizes[name] for other in subject.trials) for name in trial.sizes}
        if largest != trial.sizes:
            try:
                larger = plan(subject.graph, largest)
                has_room = larger.fits(trial.sizes)
            except NncError:  # neither go these sizes together, or there is an error for the smaller ones already
                continue
            if has_room:
                yield trial, larger


def told(trial: Trial, plan: Plan | NncError) -> str:
    """Say which run it is."""
    sizes = "nothing" if isinstance(plan, NncError) else dict(plan.bindings)
    return f"planned for {sizes}, run with {dict(trial.sizes)}"


def copies(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return copies of arrays."""
    return {label: array.copy() for label, array in arrays.items()}


# ---------------------------------------------------------------------- C

NAME = "NNC_FUNCTION_NAME"
"""What stands for the name of a function, so that equal texts are compiled once."""


@dataclass(frozen=True)
class Run:
    """A trial of a graph with a plan in C, or the error that there is no plan because of.

    Args:
        subject: the graph.
        trial: what it is run with.
        plan: the plan, or the error.
        source: its unit.
    """

    subject: Subject
    trial: Trial
    plan: Plan | NncError
    source: Source | None


def c_differences(subjects: Sequence[Subject], folder: Path) -> Iterator[tuple[Subject, str]]:
    """Say where C differs from the interpreter; all graphs are compiled in one call.

    Args:
        subjects: the graphs.
        folder: where files are written.
    """
    texts: dict[str, str] = {}  # names of functions by text
    runs = [run for subject in subjects for run in runs_of(subject, texts)]
    library = compiled(texts, folder)
    for run in runs:
        found = run.plan if isinstance(run.plan, NncError) else outcome(partial(run_in_c, run, library))
        if text := difference(run.subject, run.trial, found):
            yield run.subject, f"C {told(run.trial, run.plan)}: {text}"


def runs_of(subject: Subject, texts: dict[str, str]) -> Iterator[Run]:
    """Yield the runs of a graph; their units are added to the texts, with names of their own."""
    for trial, plan in plans_of(subject, partial(make_plan, workspace=kernel_workspace, in_nests=True)):
        if isinstance(plan, NncError):
            yield Run(subject, trial, plan, None)
            continue
        source = print_source(plan)
        text = source.text.replace(source.name, NAME)
        name = texts.setdefault(text, f"{source.name}_{len(texts)}")
        yield Run(subject, trial, plan, replace(source, name=name))


def compiled(texts: Mapping[str, str], folder: Path) -> Any:
    """Return the library of some functions, by name and text."""
    compiler = find_compiler()
    assert compiler is not None
    files = []
    for text, name in texts.items():
        files.append(f"{name}.c")
        (folder / files[-1]).write_text(text.replace(NAME, name))
    path = folder / f"{files[0]}.so"
    command = [*compiler.command, *flags(compiler, level=0), *files, "-o", str(path), "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    return ctypes.CDLL(str(path))


def run_in_c(run: Run, library: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run once. What is planned for just these sizes has each buffer in a piece of memory of its own, just as long."""
    source, trial, states = run.source, run.trial, copies(run.trial.states)
    assert source is not None
    executable = Executable(source.plan, source, library, states)
    bound = executable.bind(trial.sizes)
    inputs, outputs = bound.inputs, bound.outputs
    if source.plan.bindings == trial.sizes:
        pieces = Pieces(executable, trial.sizes)
        inputs, outputs = (
            {label: pieces.window(values[label], array) for label, array in arrays.items()}
            for values, arrays in ((source.plan.graph.inputs, inputs), (source.plan.graph.outputs, outputs))
        )
    for label, array in trial.inputs.items():
        inputs[label][...] = array
    bound.run()
    return copies(outputs), states


class Pieces:
    """The buffers of a run, taken out of the arena.

    Args:
        executable: which has been bound.
        sizes: for which; the plan is for no larger ones.
    """

    def __init__(self, executable: Executable, sizes: Mapping[str, int]) -> None:
        self.plan = executable.plan
        self.places = self.plan.places(sizes)
        self.pieces: dict[tuple[tuple[int, ...], int], Any] = {}
        record = executable._runs[tuple(sizes.items())]
        offsets = record.owned[1]
        for number, (path, buffer) in enumerate(executable.source.slots):
            plan = self.plan
            for step in path:
                plan = plan.storage.loops[step].plan
            root, inside = root_of(plan, buffer)
            piece = self.pieces.setdefault((path, root), filled(plan.storage.buffers[root].nbytes))
            offsets[number] = piece.ctypes.data + inside - executable.arena.ctypes.data

    def window(self, value: Value, array: Any) -> Any:
        """Return where a value lies now; `array` is where it lay."""
        place = self.places[value]
        if place.home.buffer is None or array.size == 0:
            return array
        root, inside = root_of(self.plan, place.home.buffer)
        piece = self.pieces.get(((), root))
        if piece is None:
            return array
        itemsize = ITEM_SIZES[place.type.dtype]
        offset = inside + int(place.layout.offset) * itemsize
        return numpy.ndarray(array.shape, array.dtype, piece, offset, array.strides)


def root_of(plan: Plan, buffer: int) -> tuple[int, int]:
    """Return the buffer that a buffer is a part of, and where it begins there."""
    offset = 0
    while (inside := plan.storage.buffers[buffer].inside) is not None:
        buffer, offset = inside[0], offset + inside[1]
    return buffer, offset


def filled(nbytes: int) -> Any:
    """Return memory in which nothing makes sense."""
    return numpy.full(nbytes, 0xFF, numpy.uint8)
