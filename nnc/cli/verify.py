"""The command `nnc verify`: where a model's numbers are other than Keras's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nnc.cli import options
from nnc.cli.console import print_json, print_table, say

if TYPE_CHECKING:
    from nnc.verify import Report

NAME = "verify"
EXAMPLE = "Example: nnc verify examples/base.yaml --against keras --train"


def command(
    model: options.Model,
    against: Annotated[
        str, typer.Option("--against", metavar="keras|FILE", help="keras, or the file of another Keras model.")
    ] = "keras",
    train: Annotated[
        bool, typer.Option("--train", help="Compare gradients, and weights after one update, too.")
    ] = False,
    rtol: Annotated[
        float | None,
        typer.Option(
            "--rtol",
            metavar="X",
            min=0,
            help="Accepted difference, as a share of the largest number: 1e-4, for float64 1e-7.",
            show_default=False,
        ),
    ] = None,
    dtype: Annotated[
        options.Dtype | None,
        typer.Option(
            "--dtype",
            help="Let both compute in float64, on copies: a real difference stays, rounding does not.",
            show_default=False,
        ),
    ] = None,
    batch: options.Batch = 4,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Seed of the inputs.")] = 0,
    backend: options.Backend = None,
    as_json: options.Json = False,
) -> None:
    """Run a model with nnc and with Keras, and name the first layer or operation whose numbers differ."""
    from nnc.verify import verify

    report = verify(
        model,
        against,
        train=train,
        rtol=rtol,
        batch=batch,
        seed=seed,
        dtype=options.dtype_of(dtype),
        backend=backend,
    )
    if as_json:
        print_json(report.to_json())
    else:
        _print(report)
    say(str(report))
    if report.first is not None:
        raise typer.Exit(1)


def _print(report: Report) -> None:
    from nnc.verify.findings import KINDS

    rows = []
    for kind in KINDS:
        worst = report.worst(kind)
        if worst is not None:
            items = [item for item in report.comparisons if item.kind == kind]
            differing = sum(item.differs for item in items)
            rows.append((kind, str(len(items)), str(differing), f"{worst.relative:.1e}", worst.path))
    head = ("", "Compared", "Differ", "Largest difference", "at")
    print_table(head, rows, f"{report.model} beside {report.reference}", right=(1, 2, 3))
    if report.unmatched:
        say(f"not compared, because only one side has them: {', '.join(report.unmatched)}")
