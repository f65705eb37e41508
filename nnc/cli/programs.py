"""Opens what a command is given as MODEL: a model file or a saved program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from nnc.activity import activity
from nnc.cli.console import say
from nnc.errors import DataError, ModelError
from nnc.texts import printable

if TYPE_CHECKING:
    from nnc.backends import BackendName
    from nnc.choices import FloatName
    from nnc.passes import Observer
    from nnc.program import Program

PROGRAM_SUFFIX = ".nnc"
DEFINITIONS = (".yaml", ".yml", ".json")
"""Suffixes of files that have no weights."""

Given = ParamSpec("Given")
Found = TypeVar("Found")


def _reading(function: Callable[Given, Found]) -> Callable[Given, Found]:
    """Let a terminal show that a file is read, the function's argument that is a path."""

    @wraps(function)
    def call(*arguments: Given.args, **named: Given.kwargs) -> Found:
        path = next(item for item in (*arguments, *named.values()) if isinstance(item, Path))
        with activity(f"reading {printable(path.name)}"):
            return function(*arguments, **named)

    return call


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


@_reading
def open_program(
    path: Path,
    dtype: str | None = None,
    observe: Observer | None = None,
    replace: Sequence[str] | None = None,
    backend: BackendName | None = None,
    max_bytes: int | None = None,
) -> Program:
    """Load a saved program, or compile a model file.

    Args:
        path: the file.
        dtype: element type to compile for.
        observe: called after each pass.
        replace: what stands in the place of classes, as ``--replace`` has it.
        backend: what runs it; see `nnc.backends.find_backend`.
        max_bytes: the most bytes that a graph may need; see `Program.max_bytes`.

    Raises:
        ModelError: the model file is wrong, or an element type is wished for a program that has one already.
        ProgramFileError: the program's file is damaged.
        OSError: the file cannot be read.
    """
    import nnc

    if is_program(path):
        if dtype is not None:
            raise ModelError(f"{path} is compiled already; give --dtype with the model file it came from")
        if replace:
            raise ModelError(f"{path} is compiled already; give --replace with the model file it came from")
        program = nnc.load(path, backend=backend)
    else:
        element = cast("FloatName | None", dtype)
        program = nnc.compile(path, dtype=element, observe=observe, backend=backend, **read_options(replace))
    program.max_bytes = max_bytes
    return program


def note_if_untrained(path: Path, program: Program) -> None:
    """Say so where a program's weights are those that it began with.

    A definition has no others; of a saved program that is seen in biases that are all 0 before the first step.
    """
    variables = program.spec.variables
    biases = [item for item in variables if item.path.rpartition("/")[2] == "bias"]
    weights = dict(zip([item.path for item in variables], program.get_weights(), strict=True))
    is_new = (
        not program.states.get("optimizer/iterations", 0)
        and biases
        and not any(weights[item.path].any() for item in biases)
    )
    if variables and (path.suffix.lower() in DEFINITIONS or (is_program(path) and is_new)):
        say(f"note: '{program.name}' has not been trained, its weights are as they were drawn; 'nnc train' trains it")


def default_graph(program: Program, wanted: str | None) -> str:
    """Return the wanted graph's name, else ``train`` where the program can train and ``predict`` where it cannot."""
    return wanted or ("train" if program.spec.trains else "predict")


@_reading
def training_data(program: Program, path: Path, target: str | None) -> tuple[Any, Any, int]:
    """Return inputs and targets from a file, and the number of rows.

    For a program with several inputs or outputs a ``.npz`` file has an array for each by its name.

    Args:
        program: what will read them.
        path: the file.
        target: column or array of the targets, for one input and one output.

    Raises:
        DataError: the file is not what it should be, or lacks an array.
    """
    from nnc.data import read_arrays, read_table

    spec = program.spec
    if spec.has_loss and not spec.targets:  # the loss is what layers add
        x = prediction_data(program, path, target)
        return x, None, len(x[0] if len(spec.inputs) > 1 else x)
    if len(spec.inputs) <= 1 and len(spec.targets) <= 1:
        table = read_table(path, target)
        return table.x, targets_like(program, table), len(table.x)
    arrays = read_arrays(path)
    outputs = [output.label for output in spec.outputs] if len(spec.targets) > 1 else ["y"]
    inputs = [item.label for item in spec.inputs]
    found = _named(path, arrays, [*inputs, *outputs])
    x, y = found[: len(inputs)], found[len(inputs) :]
    return (x if len(x) > 1 else x[0]), (y if len(y) > 1 else y[0]), len(found[0])


@_reading
def prediction_data(program: Program, path: Path, without: str | None) -> Any:
    """Return inputs from a file: one array, or for several inputs a list of those that a ``.npz`` has by name.

    Raises:
        DataError: the file is not what it should be, or lacks an array.
    """
    from nnc.data import read_arrays, read_inputs

    inputs = [item.label for item in program.spec.inputs]
    return read_inputs(path, without) if len(inputs) == 1 else _named(path, read_arrays(path), inputs)


def _named(path: Path, arrays: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    missing = [name for name in names if name not in arrays]
    if missing:
        raise DataError(
            f"{path}: expected arrays named {', '.join(names)}, found {', '.join(arrays) or 'none'};"
            f" {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        )
    return [arrays[name] for name in names]


def targets_like(program: Program, table: Any) -> Any:
    """Return a table's targets; class names become rows with a one where the program wants a column per class.

    Says which class has which number.

    Args:
        program: what will read them.
        table: a `nnc.data.Table`.
    """
    from nnc.utils import to_categorical

    if table.classes:
        say(f"classes: {', '.join(f'{index} = {name}' for index, name in enumerate(table.classes))}")
    rows = [spec.shape for spec in program.spec.targets]
    if table.classes and rows == [(len(table.classes),)] and len(table.classes) > 1:
        return to_categorical(table.y, len(table.classes))
    return table.y
