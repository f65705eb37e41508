"""Runs random graphs on NumPy and in C, each buffer in memory of its own, so that a sanitizer sees where it ends."""

from __future__ import annotations

import ctypes
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy

from nnc.backends.c.emitted import UnitSource
from nnc.backends.c.executable import Executable
from nnc.backends.c.headers import COMMON_PART, sections
from nnc.backends.c.regions import APART
from nnc.backends.c.source import PRELUDE, print_source
from nnc.backends.c.target import WITHOUT_PACKING
from nnc.backends.c.threads import subnormals_text, team_text
from nnc.backends.c.toolchain import find_compiler, flags
from nnc.backends.numpy import TARGET, NumpySource
from nnc.backends.numpy import Executable as NumPyExecutable
from nnc.backends.numpy import print_source as print_numpy
from nnc.errors import NncError
from nnc.ir import Value
from nnc.ir.types import ITEM_SIZES
from nnc.plan import Plan
from tests.graphs.subject import Subject, Trial, difference, outcome
from tests.plan.helpers import plan_of

Made = tuple[Plan, Any]
"""A plan and its source."""


def runs_of(
    subject: Subject, make: Callable[[Mapping[str, int], bool], Made]
) -> Iterator[tuple[Trial, Made | NncError]]:
    """Yield what is made for each trial: for its sizes, and for the largest of all trials where these go together.

    Args:
        subject: the graph.
        make: plans it for sizes, letting buffers share memory or not; for own sizes, a quarter of all graphs do not.
    """
    if not subject.trials:  # an input would have less than nothing for all sizes
        return
    largest = {name: max(trial.sizes[name] for trial in subject.trials) for name in subject.graph.symbols}
    together = outcome(partial(make, largest, True))
    for trial in subject.trials:
        yield trial, outcome(partial(make, trial.sizes, bool(subject.seed % 4)))
        if largest != trial.sizes and not isinstance(together, NncError):
            plan, _ = together
            if outcome(partial(plan.fits, trial.sizes)) is True:  # an error for these sizes there has been already
                yield trial, together


def numpy_differences(subject: Subject) -> Iterator[str]:
    """Say where NumPy differs from the interpreter."""

    def make(sizes: Mapping[str, int], reuse: bool) -> Made:
        plan = plan_of(subject.graph, sizes, TARGET, reuse=reuse)
        source = print_numpy(plan)
        return plan, (source, source.compile())

    def run(trial: Trial, plan: Plan, source: NumpySource, code: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        states = copies(trial.states)
        bound = NumPyExecutable(plan, source, code, states).bind(trial.sizes)
        for label, array in trial.inputs.items():
            bound.inputs[label][...] = array
        bound.run()
        return copies(bound.outputs), states

    for trial, made in runs_of(subject, make):
        found = made if isinstance(made, NncError) else outcome(partial(run, trial, made[0], *made[1]))
        if text := difference(subject, trial, found):
            yield f"NumPy {told(trial, made)}: {text}"


def told(trial: Trial, made: Made | NncError) -> str:
    """Say which run it is."""
    sizes = "nothing" if isinstance(made, NncError) else dict(made[0].bindings)
    return f"planned for {sizes}, run with {dict(trial.sizes)}"


def copies(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return copies of arrays."""
    return {label: array.copy() for label, array in arrays.items()}


# ---------------------------------------------------------------------- C

NAME = "NNC_FUNCTION_NAME"
"""What stands for the name of a function, so that equal texts are compiled once."""
RECORDS = re.compile(r"^typedef struct \{.*?^\} nnc_\w+;$", re.DOTALL | re.MULTILINE)
"""Types that units define for themselves, the same in each."""


def c_differences(subjects: Sequence[Subject], folder: Path) -> Iterator[tuple[Subject, str]]:
    """Say where C differs from the interpreter; all graphs are compiled in one call.

    Args:
        subjects: the graphs.
        folder: where files are written.
    """
    texts: dict[str, str] = {}  # names of functions by text

    def make(subject: Subject, sizes: Mapping[str, int], reuse: bool) -> Made:
        plan = plan_of(subject.graph, sizes, WITHOUT_PACKING, reuse=reuse)
        source = print_source(plan)
        text = source.text.replace(source.name, NAME)
        return plan, replace(source, name=texts.setdefault(text, f"{source.name}_{len(texts)}"))

    runs = [(subject, *run) for subject in subjects for run in runs_of(subject, partial(make, subject))]
    library = compiled(texts, folder)
    for subject, trial, made in runs:
        found = made if isinstance(made, NncError) else outcome(partial(run_in_c, trial, made[1], library))
        if text := difference(subject, trial, found):
            yield subject, f"C {told(trial, made)}: {text}"


def compiled(texts: Mapping[str, str], folder: Path) -> Any:
    """Return the library of some units, by name and text: in one unit, which has once what all have in front."""
    compiler = find_compiler()
    assert compiler is not None
    bodies = [body_of(text).replace(NAME, name) for text, name in texts.items()]
    called = dict.fromkeys(re.findall(r"\bnnc_\w+", "\n".join(bodies)))
    records = {record: "" for body in bodies for record in RECORDS.findall(body)}
    bodies = [RECORDS.sub("", body) for body in bodies]
    head = [
        PRELUDE,
        subnormals_text(),
        team_text(),
        sections(filter(is_in_headers, called), macros=[APART]).text,
        *records,
    ]
    (folder / "graphs.c").write_text("\n".join([*head, *bodies]))
    path = folder / "graphs.so"
    command = [*compiler.command, *flags(compiler, level=0), "graphs.c", "-o", str(path), "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    return ctypes.CDLL(str(path))


def body_of(text: str) -> str:
    """Return what stands in a unit behind functions of headers; the last of these may begin what ends with the unit."""
    before, name, behind = text.partition(f"void {NAME}")
    return "\n".join([*re.findall(rf"^#if NNC_PART != {COMMON_PART}$", before, re.MULTILINE), name + behind])


def is_in_headers(name: str) -> bool:
    """Whether a function stands in the headers of the C backend."""
    try:
        sections([name])
    except KeyError:
        return False
    return True


def run_in_c(trial: Trial, source: UnitSource, library: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run once. What is planned for just these sizes has each buffer in a piece of memory of its own, just as long."""
    states = copies(trial.states)
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
                plan = plan.loops[step].plan
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
