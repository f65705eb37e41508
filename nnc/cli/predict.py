"""The command `nnc predict`: a model's outputs for the inputs in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnc.activity import activity
from nnc.cli import completion, options
from nnc.cli.console import check_output, say
from nnc.cli.programs import note_if_untrained, open_program, prediction_data

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
            help="Inputs: .npy, .npz with the array x (with several inputs: by name), or .csv with a line per sample.",
            show_default=False,
            autocompletion=completion.files(*SUFFIXES),
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
            "--target", metavar="COLUMN", help="Column of a .csv that is no input and is left out.", show_default=False
        ),
    ] = None,
    batch: options.Batch = 256,
    replace: options.Replace = None,
    backend: options.Backend = None,
    max_bytes: options.MaxBytes = None,
    check_nan: options.CheckNan = False,
) -> None:
    """Write a model's outputs for the inputs in a file."""
    from nnc.data import write_arrays, write_table
    from nnc.program.spec import outputs_of

    check_output(output, *SUFFIXES)
    program = open_program(model, replace=replace, backend=backend, max_bytes=max_bytes)
    program.check_nan = check_nan
    inputs = prediction_data(program, source, without)
    with activity("predicting"):
        found = program.predict(inputs, batch)
    arrays = outputs_of(program.spec.structure, found)
    if len(arrays) > 1:
        write_arrays(output, dict(zip([item.label for item in program.spec.outputs], arrays, strict=True)))
    else:
        write_table(output, arrays[0])
    say(f"wrote {output}: {len(arrays[0]):,} rows")
    note_if_untrained(model, program)
