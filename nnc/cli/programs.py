"""Opens what a command is given as MODEL: a model file or a saved program."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from nnc.activity import activity
from nnc.cli.console import say
from nnc.errors import ModelError
from nnc.texts import printable

if TYPE_CHECKING:
    from nnc.backends import BackendName
    from nnc.backends.choice import Choice
    from nnc.choices import FloatName
    from nnc.inspection.subject import Subject
    from nnc.models import Model
    from nnc.models.replication import Seeds
    from nnc.passes import Observer
    from nnc.program import Program

PROGRAM_SUFFIX = ".nnc"
NUMBER_WANTED = "give --replica N to take one of them, counted from 0"
"""What to do about several networks in a command for one."""
DEFINITIONS = (".yaml", ".yml", ".json")
"""Suffixes of files that have no weights."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Let a terminal show meanwhile that a file is read."""
    with activity(f"reading {printable(path.name)}"):
        yield


def is_program(path: Path) -> bool:
    """Whether the file is a saved program, by its name."""
    return path.suffix.lower() == PROGRAM_SUFFIX


def replacements(given: Sequence[str] | None) -> dict[str, str]:
    """Return what ``--replace 'Old=Layer(args)'`` says, by what is replaced.

    Raises:
        ModelError: a text has no name before '='.
    """
    found: dict[str, str] = {}
    for text in given or ():
        name, equals, layer = text.partition("=")
        if not equals or not name.strip() or not layer.strip():
            raise ModelError(f"--replace takes OLD=LAYER(ARGS), such as \"Swish=Activation('swish')\", got {text!r}")
        found[name.strip()] = layer.strip()
    return found


def read_options(given: Sequence[str] | None) -> dict[str, Any]:
    """Return the options for reading a model file."""
    found = replacements(given)
    return {"replace": found} if found else {}


def open_program(
    path: Path,
    dtype: str | None = None,
    observe: Observer | None = None,
    replace: Sequence[str] | None = None,
    backend: BackendName | None = None,
    max_bytes: int | None = None,
    model: Model | None = None,
    replica: int | None = None,
    single: str = "",
    replicas: int | None = None,
    seeds: Seeds | None = None,
) -> Program:
    """Load a saved program, or compile a model file.

    Args:
        path: the file.
        dtype: element type to compile for.
        observe: called after each pass.
        replace: replacements for classes, as ``--replace`` has it.
        backend: what runs it; see `nnc.backends.find_backend`.
        max_bytes: the most bytes that a graph may need; see `Program.max_bytes`.
        model: what was read from the model file already.
        replica: number of the network to take of a program with replicas, as ``--replica`` has it.
        single: what is for one network only, for the error where there are replicas and none is taken; empty where all
            of them will do.
        replicas: number of networks to compile a model file for, as ``--replicas`` has it.
        seeds: those of their first weights, as ``--seeds`` has it; see `nnc.compile`.

    Raises:
        ModelError: the model file is wrong, or an element type or replicas are wished for a program that is compiled
            already, or one network is wanted and there are several, or the other way round.
        ProgramFileError: the program's file is damaged.
        OSError: the file cannot be read.
    """
    import nnc

    if is_program(path):
        if dtype is not None:
            raise ModelError(f"{path} is compiled already; give --dtype with the model file it came from")
        if replace:
            raise ModelError(f"{path} is compiled already; give --replace with the model file it came from")
        if replicas is not None or seeds is not None:
            raise ModelError(
                f"{path} is compiled already, and goes on with the replicas that it has, or as the one network that it"
                " is, without --replicas and --seeds; to train others, give these with the model file it came from"
            )
        with reading(path):
            program = nnc.load(path, backend=backend)
    else:
        source, options = (path, read_options(replace)) if model is None else (model, {})
        element = cast("FloatName | None", dtype)
        with reading(path):
            program = nnc.compile(
                source, dtype=element, observe=observe, backend=backend, replicas=replicas, seeds=seeds, **options
            )
    program = chosen(program, replica, single)
    program.max_bytes = max_bytes
    return program


def chosen(program: Program, replica: int | None, single: str = "") -> Program:
    """Return a program, or one of its replicas; see `open_program` for the arguments.

    Raises:
        ModelError: one network is wanted and there are several, or the other way round.
    """
    if replica is None:
        if single:
            check_single(program, single, NUMBER_WANTED)
        return program
    count = program.replicas
    if count is None:
        raise ModelError(f"program '{program.name}' is one network; leave out --replica")
    if replica >= count:
        raise ModelError(f"program '{program.name}' has the replicas 0 to {count - 1}; there is no replica {replica}")
    return program[replica]


def check_takes_no_replica(path: Path, replica: int | None) -> None:
    """Check that nobody wants a replica of a model file, which is one network.

    Raises:
        ModelError: somebody does.
    """
    if replica is not None:
        raise ModelError(f"{path} is one network; leave out --replica")


def check_single(program: Program, what: str, remedy: str) -> None:
    """Check that a program is one network, as `Program.check_single` does, in the words of the command line.

    Args:
        program: the program.
        what: what is for one network only.
        remedy: what to do instead.

    Raises:
        ModelError: it has replicas.
    """
    if program.replicas is not None:
        raise ModelError(
            f"{what} is for one network, and program '{program.name}' has {program.replicas:,} replicas; {remedy}"
        )


def open_subject(
    path: Path,
    dtype: FloatName | None = None,
    replace: Sequence[str] | None = None,
    backend: BackendName | None = None,
    replica: int | None = None,
    single: str = "",
) -> Subject:
    """Return what a file is about for an inspection; see `open_program` for the arguments.

    Raises:
        ModelError: see `open_program`.
    """
    from nnc import inspection

    if not is_program(path):
        check_takes_no_replica(path, replica)
        return inspection.open_subject(path, dtype=dtype, replace=replacements(replace) or None, backend=backend)
    program = open_program(path, dtype, replace=replace, backend=backend)
    return subject_of(path, program, replica, single)


def subject_of(path: Path, program: Program, replica: int | None, single: str) -> Subject:
    """Return what an inspection of a saved program, or of one of its replicas, is about."""
    from nnc import inspection

    title = str(path) if replica is None else f"{path}, replica {replica}"
    return dataclasses.replace(inspection.open_subject(chosen(program, replica, single)), title=title)


def say_choice(program: Program, graph: str) -> None:
    """Say once which backend ``auto`` takes for a graph, and why."""

    def say_it(choice: Choice) -> None:
        if choice.graph == graph:
            say(str(choice))

    program.on_choice = say_it


def note_if_untrained(path: Path, program: Program) -> None:
    """Say so where a program's weights are those that it began with.

    A definition has no others; of a saved program that is seen in biases that are all 0 before the first step.
    """
    variables = program.spec.variables
    biases = [item for item in variables if item.path.rpartition("/")[2] == "bias"]
    weights = dict(zip([item.path for item in variables], program.get_weights(), strict=True))
    is_new = not program.optimizer.iterations and biases and not any(weights[item.path].any() for item in biases)
    if variables and (path.suffix.lower() in DEFINITIONS or (is_program(path) and is_new)):
        say(f"note: '{program.name}' has not been trained: its weights are as they were drawn; 'nnc train' trains it")


def default_graph(program: Program, wanted: str | None) -> str:
    """Return the wanted graph's name, else ``train`` where the program can train and ``predict`` where it cannot."""
    return wanted or ("train" if program.spec.trains else "predict")
