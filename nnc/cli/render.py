"""The command `nnc render`: a model or a graph as a picture."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnc.cli import options
from nnc.cli.console import check_output, print_text, say
from nnc.cli.programs import default_graph, is_program, open_program, read_options
from nnc.errors import ModelError

if TYPE_CHECKING:
    from nnc.render import Diagram

NAME = "render"
EXAMPLE = "Example: nnc render examples/base.yaml -o base.svg --level ops --for train"


class Level(StrEnum):
    """How closely to look."""

    layers = "layers"
    ops = "ops"


def command(
    model: options.Model,
    dot: Annotated[bool, typer.Option("--dot", help="Print the picture as DOT.")] = False,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print the picture as Mermaid.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write FILE.svg, .png, .dot or .mmd.", show_default=False),
    ] = None,
    level: Annotated[
        Level | None,
        typer.Option(
            "--level", help="Layers, or the ops of a compiled graph; the latter with --for.", show_default=False
        ),
    ] = None,
    graph: options.For = None,
    replace: options.Replace = None,
) -> None:
    """Draw a model's layers, or the ops it is compiled into."""
    if [dot, mermaid, output is not None].count(True) != 1:
        raise typer.BadParameter("give one of --dot, --mermaid and -o FILE.svg, .png, .dot or .mmd")
    if level is Level.layers and graph is not None:
        raise typer.BadParameter("--for chooses among compiled graphs; give --level ops with it")
    from nnc.render import render, write

    check_output(output, ".svg", ".png", ".dot", ".mmd")
    diagram = _diagram(model, level, graph, replace)
    if output is not None:
        write(diagram, output)
        say(f"wrote {output}")
    else:
        print_text(render(diagram, format="dot" if dot else "mermaid"))


def _diagram(path: Path, level: Level | None, graph: str | None, replace: list[str] | None) -> Diagram:
    from nnc.models.saving import model_of_program
    from nnc.readers import read_model
    from nnc.render import diagram_of

    if level is Level.ops or (level is None and graph is not None):
        program = open_program(path, replace=replace)
        return diagram_of(program.graph(default_graph(program, graph)))
    if not is_program(path):
        return diagram_of(read_model(path, **read_options(replace)))
    try:
        return diagram_of(model_of_program(open_program(path, replace=replace)))
    except ModelError as error:
        raise ModelError(f"{path}: its layers cannot be drawn, --level ops can: {error}") from error
