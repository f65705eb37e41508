"""The command `nnc export`: a model as source that runs without nnc."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nnc.cli import options
from nnc.cli.console import check_output, print_json, say
from nnc.cli.programs import open_program
from nnc.errors import ModelError

NAME = "export"
EXAMPLE = "Example: nnc export base.nnc --to python --train -o model.py && python model.py"


class ExportTarget(StrEnum):
    """The languages that a model can be written in; `nnc.export.TARGETS`."""

    c = "c"
    python = "python"


class Weights(StrEnum):
    """The place of the weights of C source."""

    source = "source"
    file = "file"


def command(
    model: options.Model,
    to: Annotated[ExportTarget, typer.Option("--to", help="The language.", show_default=False)],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="OUTPUT",
            help="Where to write it: for Python model.py, with model.npz beside it; for C a folder.",
            show_default=False,
        ),
    ],
    train: Annotated[bool, typer.Option("--train", help="Write training as well.")] = False,
    batch: Annotated[
        int, typer.Option(*options.BATCH, metavar="N", min=1, help="Rows of the largest batch; in C, of every batch.")
    ] = 32,
    weights: Annotated[
        Weights | None,
        typer.Option("--weights", help="C only: weights in the source, the default, or in a file.", show_default=False),
    ] = None,
    lengths: Annotated[
        list[str] | None,
        typer.Option(
            "--lengths",
            metavar="NAME=N",
            help="Size of a length that is only known at run time; can be given several times.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            metavar="NAME",
            help="C only: prefix of all names; the model's name by default.",
            show_default=False,
        ),
    ] = None,
    as_json: options.Json = False,
    replace: options.Replace = None,
    replica: options.Replica = None,
) -> None:
    """Write a model as source that runs without nnc and checks itself when run."""
    from nnc.export import export, find_exporter

    options_of_c = {key: value for key, value in {"weights": weights, "name": name}.items() if value}
    if options_of_c and to is not ExportTarget.c:
        raise typer.BadParameter(f"--{next(iter(options_of_c))} belongs to --to c")
    find_exporter(to).check_output(output)
    if to is not ExportTarget.c:
        check_output(output)
    program = open_program(model, replace=replace, replica=replica, single="export")
    written = export(program, to, output, batch=batch, train=train, lengths=_sizes(lengths), **options_of_c)
    if as_json:
        print_json({"model": program.name, "target": to, "written": [str(path) for path in written]})
    say(f"wrote {', '.join(map(str, written))}")


def _sizes(given: Sequence[str] | None) -> dict[str, int]:
    """Return what ``--lengths time=32`` says, by name.

    Raises:
        ModelError: it is written in another way.
    """
    found: dict[str, int] = {}
    for text in given or ():
        name, _, size = text.partition("=")
        if not name.strip() or not size.strip().isdecimal():
            raise ModelError(f"--lengths takes NAME=N, such as time=32, got {text!r}")
        found[name.strip()] = int(size)
    return found
