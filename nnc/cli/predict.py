"""The command `nnc predict`: a model's outputs for the inputs in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnc.cli import completion, options
from nnc.cli.console import check_output, say
from nnc.cli.programs import NUMBER_WANTED, check_single, note_if_untrained, open_program, reading, say_choice
from nnc.errors import DataError

if TYPE_CHECKING:
    from nnc.program import Program

NAME = "predict"
EXAMPLE = "Example: nnc predict base.nnc --input points.npz --output predicted.csv"
SUFFIXES = (".csv", ".npy", ".npz")


def command(
    model: options.Model,
    source: Annotated[
        Path,
        typer.Option(
            "--data",
            "--input",
            metavar="FILE",
            help="Inputs: a table with the columns that the program was trained on (.csv, .tsv, also .gz, .bz2, .xz; "
            ".parquet, .feather), .npy, or .npz with the array x (with several inputs: by name).",
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
            help="Where the predictions go: .npz, .npy or .csv; those of several outputs by name to a .npz.",
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
) -> None:
    """Write a model's answers to the inputs in a file: its outputs, or the classes of the table it was trained on.

    Of a program with replicas .npz and .npy get the outputs of all, one after another, .csv their mean and spread.
    """
    from nnc.data import write_arrays, write_table
    from nnc.execution.spec import outputs_of
    from nnc.preparing import check_meaning_is_learnt, inputs_of

    check_output(output, *SUFFIXES)
    check_meaning_is_learnt(model, source)
    single = "--check-nan" if check_nan else "--probabilities" if probabilities else ""
    program = open_program(model, replace=replace, backend=backend, max_bytes=max_bytes, replica=replica, single=single)
    if program.classes:
        check_single(program, "an answer in classes", NUMBER_WANTED)
    program.check_nan = check_nan
    say_choice(program, "predict")
    with reading(source):
        inputs = inputs_of(program, source, without, encoding)
    found = program.predict(inputs, batch, verbose=0)
    arrays = outputs_of(program.spec.structure, found)
    if len(arrays) > 1:
        if probabilities:
            raise DataError(f"program '{program.name}' has several outputs, which are written as they are")
        write_arrays(output, dict(zip([item.label for item in program.spec.outputs], arrays, strict=True)))
    elif program.replicas is not None:
        write_table(output, *_of_replicas(program, arrays[0], output.suffix.lower() == ".csv"))
    else:
        # Outputs of a program that knows no target are written with the axes they have.
        target = None if program.table is None else program.table.target
        written = arrays[0]
        if target is not None or probabilities:
            written = program.read_outputs(written, probabilities)
        names = program.classes if probabilities else (target.name,) if target is not None and written.ndim == 1 else ()
        write_table(output, written, names)
    if program.replicas is None:
        say(f"wrote {output}: {len(arrays[0]):,} rows")
    else:
        what = "mean and spread of " if output.suffix.lower() == ".csv" else ""
        say(f"wrote {output}: {arrays[0].shape[1]:,} rows, {what}{program.replicas:,} replicas")
    note_if_untrained(model, program)


def _of_replicas(program: Program, outputs: Any, as_columns: bool) -> tuple[Any, tuple[str, ...]]:
    """Return what is written of outputs of replicas, and names of its columns.

    Args:
        program: the program.
        outputs: its output, shape (replicas, rows, …).
        as_columns: whether each column is to be the mean of all, with their standard deviation beside it.
    """
    import numpy

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
