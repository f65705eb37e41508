"""The command `nnc export`: a model as source that needs nothing of nnc."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nnc.cli import options
from nnc.cli.console import check_output, print_json, say
from nnc.cli.programs import open_program

NAME = "export"
EXAMPLE = "Example: nnc export base.nnc --to python --train -o model.py && python model.py"


class Target(StrEnum):
    """What a model can be written as; `nnc.export.TARGETS`."""

    python = "python"


def command(
    model: options.Model,
    to: Annotated[Target, typer.Option("--to", help="The language.", show_default=False)],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Where to: model.py, with model.npz beside it.", show_default=False
        ),
    ],
    train: Annotated[bool, typer.Option("--train", help="Write training as well.")] = False,
    batch: Annotated[int, typer.Option("--batch", metavar="N", min=1, help="Rows of the largest batch.")] = 32,
    as_json: options.Json = False,
    replace: options.Replace = None,
) -> None:
    """Write a model as source that needs nothing of nnc, and that checks itself when it is run."""
    from nnc.export import export, find_exporter

    find_exporter(to).check_output(output)
    check_output(output)
    program = open_program(model, replace=replace)
    written = export(program, to, output, batch=batch, train=train)
    if as_json:
        print_json({"model": program.name, "target": to, "written": [str(path) for path in written]})
    say(f"wrote {', '.join(map(str, written))}")
