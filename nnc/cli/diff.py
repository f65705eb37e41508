"""The command `nnc diff`: in what two models or programs differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnc.cli import options
from nnc.cli.console import print_json, print_table, print_text, say, say_error
from nnc.cli.programs import is_program, open_program, open_subject, subject_of
from nnc.errors import ModelError, NncError

if TYPE_CHECKING:
    from nnc.backends import BackendName
    from nnc.inspection import Difference
    from nnc.inspection.subject import Subject

NAME = "diff"
EXAMPLE = "Example: nnc diff examples/base.yaml base.nnc --data points.csv --target label"
DIFFERENT, TROUBLE = 1, 2
"""Exit codes, as those of ``diff``."""


def command(
    first: options.Model,
    second: Annotated[
        Path, typer.Argument(metavar="OTHER", help="Another model file or saved program.", show_default=False)
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="FILE",
            help="Inputs, .npz, .npy or .csv: compare what both compute of them, layer by layer.",
            show_default=False,
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            metavar="COLUMN",
            help="Column of a .csv that is not an input and is left out.",
            show_default=False,
        ),
    ] = None,
    rtol: Annotated[
        float | None,
        typer.Option(
            "--rtol",
            metavar="X",
            min=0,
            help="Accepted difference in what they compute, as a share of the largest number: 1e-4, for float64 1e-7.",
            show_default=False,
        ),
    ] = None,
    atol: Annotated[
        float | None,
        typer.Option(
            "--atol",
            metavar="X",
            min=0,
            help="Accepted difference whatever the numbers: 1e-6, for float64 1e-9.",
            show_default=False,
        ),
    ] = None,
    batch: options.Batch = 32,
    replace: options.Replace = None,
    backend: options.Backend = None,
    as_json: options.Json = False,
    replica: options.Replica = None,
) -> None:
    """Compare two models or programs: layers, training, plans, weights and, with --data, what they compute.

    Exit code 0 if they do not differ, 1 if they do, 2 if they cannot be compared.
    """
    from nnc.inspection import diff
    from nnc.preparing import inputs_of

    if data is None and (rtol is not None or atol is not None):
        raise typer.BadParameter("--rtol and --atol are for what the models compute; give --data with them")
    try:
        one, other = _opened((first, second), replace, backend, replica)
        x = None if data is None else inputs_of(one.program, data, target)
        found = diff(one, other, x=x, batch=batch, rtol=rtol, atol=atol)
    except (NncError, OSError) as error:
        say_error(error)
        raise typer.Exit(TROUBLE) from None
    if as_json:
        print_json(found.to_json())
    else:
        _print(found)
    say(found.verdict)
    if found.differs:
        raise typer.Exit(DIFFERENT)


def _opened(
    paths: Sequence[Path], replace: Sequence[str] | None, backend: BackendName | None, replica: int | None
) -> list[Subject]:
    """Return what is compared; the replica is taken of those that have some.

    Raises:
        ModelError: see `open_program`; or none has replicas.
    """
    programs = [open_program(path, backend=backend) if is_program(path) else None for path in paths]
    if replica is not None and all(program is None or program.replicas is None for program in programs):
        raise ModelError(f"{' and '.join(map(str, paths))} are one network each; leave out --replica")
    return [
        open_subject(path, replace=replace, backend=backend)
        if program is None
        else subject_of(path, program, None if program.replicas is None else replica, "diff")
        for path, program in zip(paths, programs, strict=True)
    ]


def _print(found: Difference) -> None:
    from nnc.inspection.difference import WEIGHT_HEAD

    if found.lines():
        print_text("\n".join(found.lines()) + "\n\n")
    if rows := found.figure_rows():
        print_table(("Cost", found.first, found.second), rows)
    if weights := found.weight_rows():
        print_table(WEIGHT_HEAD, weights, right=(2, 3, 4))
