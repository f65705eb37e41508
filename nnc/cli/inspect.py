"""The command `nnc inspect`: what a model or program consists of and costs, and where its time goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnc.cli import options
from nnc.cli.console import print_json, print_table, print_text, say
from nnc.cli.programs import default_graph, open_subject

if TYPE_CHECKING:
    from nnc.inspection import Inspection

NAME = "inspect"
EXAMPLE = "Example: nnc inspect examples/digits.yaml --profile --backend c"


def command(
    model: options.Model,
    graph: options.For = None,
    batch: options.Batch = 32,
    dtype: Annotated[
        options.Dtype | None, typer.Option("--dtype", help="Element type; by default the model's.", show_default=False)
    ] = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Run it, and show where the time goes, by layer, operation and step.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="FILE",
            help="Inputs and targets to profile with, .npz or .csv; by default random ones.",
            show_default=False,
        ),
    ] = None,
    target: options.Target = None,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="X", min=0.01, help="How long to profile, roughly.")
    ] = 1.0,
    measure: Annotated[
        bool, typer.Option("--measure/--no-measure", help="Run it a few times and measure its memory.")
    ] = True,
    replace: options.Replace = None,
    backend: options.Backend = None,
    as_json: options.Json = False,
    replica: options.Replica = None,
) -> None:
    """Show a model's layers, parameters, operations and memory; with --profile, where its time goes.

    Everything runs on copies: the model does not change.
    """
    from nnc.inspection import inspect
    from nnc.preparing import inputs_of, rows_of

    if data is not None and not profile:
        raise typer.BadParameter("--data is what is profiled with; give --profile as well")
    subject = open_subject(model, options.dtype_of(dtype), replace, backend, replica, single="inspect")
    x = y = None
    if data is not None and default_graph(subject.program, graph) == "train":
        rows = rows_of(subject.program, data, target)
        x, y = rows.x, rows.y
    elif data is not None:
        x = inputs_of(subject.program, data, target)
    if profile and not as_json:
        say(f"profiling '{subject.program.name}' for some {seconds:g} s")
    found = inspect(
        subject,
        graph=graph and graph.value,
        batch=batch,
        measure=measure,
        profiled=profile,
        x=x,
        y=y,
        seconds=seconds,
    )
    if as_json:
        print_json(found.to_json())
    else:
        _print(found)


def _print(found: Inspection) -> None:
    from nnc.inspection.inspection import LAYER_HEAD, MEMORY_HEAD, NUMBERS

    print_table(LAYER_HEAD, found.layer_rows(), found.title, right=NUMBERS)
    print_table(MEMORY_HEAD, found.memory.rows())
    if found.profile is not None:
        print_text("\n".join(found.profile.head()) + "\n\n")
        for head, rows in found.profile.tables():
            print_table(head, rows, right=range(1, len(head) - 1))
