"""The command `nnc predict`: a model's outputs for the inputs in a file, or in many."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnc.cli import completion, options
from nnc.cli.console import check_output, progress, say
from nnc.cli.programs import NUMBER_WANTED, check_single, note_if_untrained, open_program, reading, say_choice
from nnc.errors import DataError
from nnc.installation import install_command

if TYPE_CHECKING:
    from nnc.distribute.part_files import Part, Reading
    from nnc.program import Program

NAME = "predict"
EXAMPLE = "Example: nnc predict base.nnc --input points.npz --output predicted.csv"


class Engine(StrEnum):
    """What predicts a table's many parts."""

    local = "local"
    ray = "ray"


def command(
    model: options.Model,
    source: Annotated[
        Path,
        typer.Option(
            "--data",
            "--input",
            metavar="FILE",
            help="Inputs: a table with the columns that the program was trained on (.csv, .tsv, also .gz, .bz2, .xz; "
            ".parquet, .feather), .npy, or .npz with the array x (with several inputs: by name); or a folder of such "
            "files, or a pattern such as 'parts/*.parquet'.",
            show_default=False,
            autocompletion=completion.files(".npy", *options.DATA_SUFFIXES),
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Where the predictions go: .npz, .npy, .csv, .parquet or .feather; those of several outputs by name "
            "to a .npz; those of many files to a folder, each under its own name.",
            show_default=False,
        ),
    ],
    without: Annotated[
        str | None,
        typer.Option(
            "--target",
            metavar="COLUMN",
            help="Column of a table that is not an input and is left out.",
            show_default=False,
        ),
    ] = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Write the probability of each class instead of its name.")
    ] = False,
    encoding: options.Encoding = None,
    batch: options.Batch = 256,
    replace: options.Replace = None,
    backend: options.Backend = None,
    max_bytes: options.MaxBytes = None,
    check_nan: options.CheckNan = False,
    replica: options.Replica = None,
    engine: Annotated[
        Engine | None,
        typer.Option(
            "--engine",
            help="What predicts many files: this process, which is the default, or Ray, on all processors of this "
            f"machine or of a cluster ({install_command('ray')}).",
            show_default=False,
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            metavar="HOST:PORT",
            help="With --engine ray, the cluster to use, or auto; its machines see the files under the same names.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a model's answers to the inputs in a file: its outputs, or the classes of the table it was trained on.

    Of a program with replicas .npz and .npy get the outputs of all, one after another, tables their mean and spread.
    Of many files each is answered in one of the same name, row by row; a file of answers is complete or not there.
    """
    from nnc.data import WRITTEN, is_table
    from nnc.data.part_paths import is_several
    from nnc.distribute import part_files
    from nnc.preparing import check_meaning_is_learnt, inputs_of

    several = engine is not None or is_several(source)
    if address is not None and engine is not Engine.ray:
        raise DataError("--address is that of a cluster of Ray; give --engine ray as well, or leave it out")
    if several:
        parts = part_files.parts_of(source, output)
        if output.exists() and not output.is_dir():
            raise DataError(f"{output}: many files are answered in a folder, and this is a file; name another")
    else:
        check_output(output, *WRITTEN)
        parts = [part_files.Part(source, output)]
    check_meaning_is_learnt(model, parts[0].source)
    single = "--check-nan" if check_nan else "--probabilities" if probabilities else ""
    program = open_program(model, replace=replace, backend=backend, max_bytes=max_bytes, replica=replica, single=single)
    if program.classes:
        check_single(program, "an answer in classes", NUMBER_WANTED)
    program.check_nan = check_nan
    say_choice(program, "predict")
    manner = part_files.Reading(without, encoding, probabilities, batch)
    if several:
        rows = _predict_parts(program, source, output, manner, engine, address, len(parts))
        what = f"{len(parts):,} files, {rows:,} rows"
    else:
        with reading(source):
            inputs = inputs_of(program, source, without, encoding)
        what = f"{part_files.write_answers(program, inputs, output, manner):,} rows"
    if program.replicas is not None:
        mean = "mean and spread of " if is_table(parts[0].target) else ""
        what += f", {mean}{program.replicas:,} replicas"
    say(f"wrote {output}: {what}")
    note_if_untrained(model, program)


def _predict_parts(
    program: Program,
    source: Path,
    folder: Path,
    manner: Reading,
    engine: Engine | None,
    address: str | None,
    count: int,
) -> int:
    """Predict many files on an engine, and return the number of rows; see `command` for the arguments."""
    with progress(count, "files") as advance:

        def done(part: Part, rows: int) -> None:
            del part, rows
            advance()

        if engine is Engine.ray:
            from nnc.distribute import ray_data

            return ray_data.predict_parts(program, source, folder, address=address, reading=manner, done=done)
        from nnc.distribute import part_files

        return part_files.predict_parts(program, source, folder, manner, done)
