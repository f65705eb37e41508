"""Opens what a command is given as MODEL: a model file or a saved program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnc.cli.console import say
from nnc.errors import ModelError

if TYPE_CHECKING:
    from nnc.passes import Observer
    from nnc.program import Program

PROGRAM_SUFFIX = ".nnc"


def is_program(path: Path) -> bool:
    """Whether the file is a saved program, by its name."""
    return path.suffix.lower() == PROGRAM_SUFFIX


def open_program(path: Path, dtype: str | None = None, observe: Observer | None = None) -> Program:
    """Load a saved program, or compile a model file.

    Args:
        path: the file.
        dtype: element type to compile for.
        observe: called after each pass.

    Raises:
        ModelError: the model file is wrong, or an element type is wished for a program that has one already.
        ProgramFileError: the program's file is damaged.
        OSError: the file cannot be read.
    """
    import nnc

    if is_program(path):
        if dtype is not None:
            raise ModelError(f"{path} is compiled already; give --dtype with the model file it came from")
        return nnc.load(path)
    return nnc.compile(path, dtype=dtype, observe=observe)


def default_graph(program: Program, wanted: str | None) -> str:
    """Return the wanted graph's name, else ``train`` where the program can train and ``predict`` where it cannot."""
    return wanted or ("train" if program.spec.trains else "predict")


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
