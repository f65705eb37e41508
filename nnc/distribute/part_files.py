"""Predicts the rows of files: of one, or of a table's many parts, each of which gets a file of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

from nnc.data import is_compressed, is_table, is_text, write_arrays, write_table
from nnc.data.part_paths import files_of
from nnc.errors import DataError
from nnc.execution.spec import outputs_of
from nnc.preparing import inputs_of

if TYPE_CHECKING:
    from nnc.program import Program

ARRAYS = (".npy", ".npz")


@dataclass(frozen=True)
class Reading:
    """The way to read rows from files, and to write the answers.

    Args:
        without: column of a table that is no input and is left out.
        encoding: of text files.
        probabilities: whether to write the probability of each class instead of its name.
        batch_size: rows of a batch.
    """

    without: str | None = None
    encoding: str | None = None
    probabilities: bool = False
    batch_size: int = 256


@dataclass(frozen=True)
class Part:
    """A file of rows, and the file that gets the answers.

    Args:
        source: the rows.
        target: the answers.
    """

    source: Path
    target: Path


def parts_of(source: str | Path, folder: str | Path) -> list[Part]:
    """Return the files that a pattern, or a folder, stands for, in the order of their names.

    Numbers in names count as numbers: ``part-10`` follows ``part-9``. Below `folder` answers have the path that their
    rows have below the first folder of the pattern that is written out, and the same ending: ``.parquet``,
    ``.feather``, ``.npy``, ``.npz``, and ``.csv`` for all texts.

    Args:
        source: a pattern such as ``parts/*.parquet`` or ``parts/**/*.csv``, a folder, or one file.
        folder: where the answers go.

    Raises:
        DataError: there is no such file, one is of no known kind, two would get the same name, or answers would
            overwrite rows.
    """
    root, found = files_of(source)
    unknown = [path for path in found if not is_table(path) and path.suffix.lower() not in ARRAYS]
    if unknown:
        raise DataError(f"{unknown[0]}: expected a table, *.npz or *.npy; a pattern such as '*.parquet' leaves it out")
    parts = [Part(path, Path(folder) / path.relative_to(root).with_name(_name(path))) for path in found]
    known: dict[Path, Path] = {}
    for part in parts:
        other = known.setdefault(part.target, part.source)
        if other is not part.source:
            raise DataError(f"{other} and {part.source} would both be answered in {part.target}; rename one")
    sources = {path.resolve() for path in found}
    for part in parts:
        if part.target.resolve() in sources:
            raise DataError(f"{part.target}: the answers would overwrite rows; name another folder for the output")
    return parts


def _name(path: Path) -> str:
    """Return the name of the file of answers."""
    if not is_text(path):
        return path.name
    return f"{path.name.removesuffix(''.join(path.suffixes[-1 - is_compressed(path) :]))}.csv"


def make_folders(parts: Sequence[Part]) -> None:
    """Make the folders of the answers.

    Raises:
        DataError: one cannot be made.
    """
    for folder in sorted({part.target.parent for part in parts}):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"{folder}: cannot be made: {error.strerror or error}") from error


def check_writable(program: Program, parts: Sequence[Part], reading: Reading) -> None:
    """Check, before anything long begins, that answers can be written to the kinds of files that there are.

    Raises:
        DataError: a program has several outputs, which only ``.npz`` files hold by name, or outputs are wanted in
            classes that it does not have.
    """
    several = len(program.spec.outputs) > 1
    if several and reading.probabilities:
        raise DataError(f"program '{program.name}' has several outputs, which are written as they are")
    for part in parts:
        if several and part.target.suffix.lower() != ".npz":
            raise DataError(
                f"{part.target}: program '{program.name}' has several outputs, which need files named *.npz, such as"
                " parts in *.npz have"
            )


def predict_file(program: Program, source: Path, target: Path, reading: Reading | None = None) -> int:
    """Write a program's answers to the rows of a file, and return how many rows these are.

    Args:
        program: the program.
        source: rows, as `nnc.preparing.inputs_of` takes them.
        target: the file of the answers, complete or not there.
        reading: how to read and write.

    Raises:
        DataError: the rows do not fit the program, or the answers do not fit the file.
    """
    reading = reading or Reading()
    return write_answers(program, inputs_of(program, source, reading.without, reading.encoding), target, reading)


def write_answers(program: Program, inputs: Any, target: Path, reading: Reading) -> int:
    """Write a program's answers to rows that have been read; see `predict_file`."""
    arrays = outputs_of(program.spec.structure, program.predict(inputs, reading.batch_size, verbose=0))
    probabilities = reading.probabilities
    if len(arrays) > 1:
        if probabilities:
            raise DataError(f"program '{program.name}' has several outputs, which are written as they are")
        write_arrays(target, dict(zip([item.label for item in program.spec.outputs], arrays, strict=True)))
    elif program.replicas is not None:
        write_table(target, *_of_replicas(program, arrays[0], is_table(target)))
    else:
        # Outputs of a program that knows no target are written with the axes they have.
        known = None if program.table is None else program.table.target
        written = arrays[0]
        if known is not None or probabilities:
            written = program.read_outputs(written, probabilities)
        names = program.classes if probabilities else (known.name,) if known is not None and written.ndim == 1 else ()
        write_table(target, written, names)
    rows: int = arrays[0].shape[0 if program.replicas is None else 1]
    return rows


def _of_replicas(program: Program, outputs: Any, as_columns: bool) -> tuple[Any, tuple[str, ...]]:
    """Return what is written of outputs of replicas, and names of its columns.

    Args:
        program: the program.
        outputs: its output, shape (replicas, rows, …).
        as_columns: whether each column is to be the mean of all, with their standard deviation beside it.
    """
    target = None if program.table is None else program.table.target
    if target is not None and outputs.shape[2:] == (1,):
        outputs = outputs[..., 0]
    mean, spread = outputs.mean(0), outputs.std(0)
    if not as_columns or mean.ndim > 2:  # which no column holds
        return outputs, ()
    columns = 1 if mean.ndim == 1 else mean.shape[1]
    own = [f"y{column}" for column in range(columns)] if columns > 1 else ["y" if target is None else target.name]
    both = numpy.stack([mean, spread], -1).reshape(len(mean), -1)
    return both, tuple(heading for name in own for heading in (name, f"{name}_spread"))


def predict_parts(
    program: Program,
    source: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    reading: Reading | None = None,
    done: Callable[[Part, int], None] | None = None,
) -> int:
    """Write a program's answers to the rows of many files, one file after another, in this process.

    Args:
        program: the program.
        source: a pattern, or a folder; see `parts_of`.
        folder: where the answers go; it is made where it is missing.
        reading: how to read and write.
        done: called after each file with it and its number of rows.

    Returns:
        The number of all rows.

    Raises:
        DataError: see `parts_of` and `predict_file`; files that were answered before stay.
    """
    reading = reading or Reading()
    parts = parts_of(os.fspath(source), os.fspath(folder))
    check_writable(program, parts, reading)
    make_folders(parts)
    total = 0
    for part in parts:
        rows = predict_file(program, part.source, part.target, reading)
        total += rows
        if done is not None:
            done(part, rows)
    return total
