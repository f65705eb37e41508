"""The command `nnc predict`: a model's outputs for the inputs in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnc.cli import options
from nnc.cli.console import check_output, say
from nnc.cli.programs import open_program
from nnc.errors import DataError

NAME = "predict"
EXAMPLE = "Example: nnc predict base.nnc --input points.npz --output predicted.csv"
SUFFIXES = (".csv", ".npy", ".npz")


def command(
    model: options.Model,
    source: Annotated[
        Path,
        typer.Option(
            "--input",
            metavar="FILE",
            help="Inputs: .npy, .npz with the array x, or .csv with a line per sample.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Where the predictions go: .npz, .npy or .csv.", show_default=False
        ),
    ],
    without: Annotated[
        str | None,
        typer.Option(
            "--target", metavar="COLUMN", help="Column of a .csv that is no input and is left out.", show_default=False
        ),
    ] = None,
    replace: options.Replace = None,
) -> None:
    """Write a model's outputs for the inputs in a file."""
    from nnc.data import read_inputs, write_table

    check_output(output, *SUFFIXES)
    inputs = read_inputs(source, without)
    program = open_program(model, replace=replace)
    found = program.predict(inputs)
    if isinstance(found, list):
        raise DataError(
            f"program '{program.name}' has {len(found)} outputs, and a file of predictions holds one; "
            "use nnc.load(…).predict in Python"
        )
    write_table(output, found)
    say(f"wrote {output}: {len(found):,} rows")
