"""The command `nnc render`: a model, a graph or a plan as a picture, or all of it as a page."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnc.cli import options
from nnc.cli.console import check_output, print_text, say
from nnc.cli.pass_stages import Stages
from nnc.cli.programs import check_takes_no_replica, default_graph, is_program, open_program, read_options
from nnc.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnc.backends import BackendName
    from nnc.render import Picture

NAME = "render"
EXAMPLE = "Example: nnc render examples/base.yaml -o base.html"
PAGE_SUFFIX = ".html"


class Level(StrEnum):
    """The levels of detail."""

    layers = "layers"
    units = "units"
    ops = "ops"
    steps = "steps"
    memory = "memory"


_OF_MODELS = (Level.layers, Level.units)


class Format(StrEnum):
    """Languages of pictures."""

    txt = "txt"
    dot = "dot"
    mermaid = "mermaid"
    svg = "svg"
    png = "png"
    pdf = "pdf"
    html = "html"


class ThemeName(StrEnum):
    """Colours of pictures."""

    light = "light"
    dark = "dark"
    auto = "auto"


def command(
    model: options.Model,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write FILE.svg, .png, .pdf, .dot, .mmd or .txt; FILE.html is a page with everything.",
            show_default=False,
        ),
    ] = None,
    level: Annotated[
        Level | None,
        typer.Option(
            "--level",
            help="The model's layers, each unit of a dense network with its weights, the ops of a compiled graph, the "
            "steps of its plan, or the memory these take; by default layers, or ops with --for or --after.",
            show_default=False,
        ),
    ] = None,
    graph: options.For = None,
    after: Annotated[
        str | None,
        typer.Option("--after", metavar="PASS", help="The ops as this pass left them.", show_default=False),
    ] = None,
    format: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="By default, what FILE ends in; without -o, a tree of text for the terminal.",
            show_default=False,
        ),
    ] = None,
    dot: Annotated[bool, typer.Option("--dot", help="Print DOT, as --format dot does.")] = False,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print Mermaid, as --format mermaid does.")] = False,
    txt: Annotated[bool, typer.Option("--txt", help="Print a tree of text, as --format txt does.")] = False,
    theme: Annotated[
        ThemeName, typer.Option("--theme", help="Colours; auto, for SVG, follows the reader's setting.")
    ] = ThemeName.light,
    depth: Annotated[
        int | None,
        typer.Option(
            "--depth", metavar="N", min=0, help="Open models and repeated blocks N levels deep.", show_default=False
        ),
    ] = None,
    expand: Annotated[
        list[str] | None,
        typer.Option(
            "--expand",
            metavar="NAME",
            help="Open the model, block or layer of this name; all draws every layer or op by itself. Can be given "
            "several times.",
            show_default=False,
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(*options.BATCH, metavar="N", min=1, help="Rows to plan for; by default 32.", show_default=False),
    ] = None,
    replace: options.Replace = None,
    backend: options.Backend = None,
    no_hints: options.NoHints = False,
    replica: options.Replica = None,
) -> None:
    """Draw a model's layers or units, the ops it is compiled into, its plan's steps or memory; or write a page of all.

    A page, FILE.html, needs nothing but a browser: layers open into ops, steps and source, a slider goes through the
    passes, and the memory is linked to all of it.
    """
    del no_hints  # its callback has seen it
    if [dot, mermaid, txt, format is not None].count(True) > 1:
        raise typer.BadParameter("give one of --format, --dot, --mermaid and --txt")
    kind = str(format or ("dot" if dot else "mermaid" if mermaid else "txt" if txt else "")) or None
    if kind == Format.html or (kind is None and output is not None and output.suffix.lower() == PAGE_SUFFIX):
        if level is not None or after is not None or depth is not None or expand or theme is not ThemeName.light:
            raise typer.BadParameter(
                "a page has every level, pass and colour; leave out --level, --after, --depth, --expand and --theme"
            )
        _write_page(model, output, graph, batch or 32, replace, backend, replica)
        return
    level = level or (Level.ops if graph is not None or after is not None else Level.layers)
    _check_options(level, graph, after, batch, backend, depth, expand)
    if output is None and kind in (Format.png, Format.pdf):
        raise typer.BadParameter(f"{kind.upper()} is not text and cannot be printed; give -o FILE.{kind}")
    from nnc.render import SUFFIXES, encode, write_as

    if kind is None:
        check_output(output, *SUFFIXES, PAGE_SUFFIX)
        kind = SUFFIXES[output.suffix.lower()] if output is not None else Format.txt
    if level in _OF_MODELS:
        picture = _of_model(model, level, replace, depth or 0, expand or (), replica)
    else:
        picture = _compiled(model, level, graph, after, batch or 32, replace, backend, expand or (), replica)
    if output is None:
        print_text(encode(picture, kind, theme).decode())
    else:
        write_as(picture, output, kind, theme)
        say(f"wrote {output}")


def _write_page(
    path: Path,
    output: Path | None,
    graph: str | None,
    batch: int,
    replace: list[str] | None,
    backend: BackendName | None,
    replica: int | None,
) -> None:
    """Write the page about a model, or print it."""
    from nnc import __version__
    from nnc.cli.page import page_subject
    from nnc.files import write_atomically
    from nnc.render.page import page

    check_output(output)
    text = page(page_subject(path, graph, batch, replace, backend, replica), __version__)
    if output is None:
        print_text(text)
    else:
        write_atomically(output, text.encode())
        say(f"wrote {output}")


def _check_options(
    level: Level,
    graph: str | None,
    after: str | None,
    batch: int | None,
    backend: BackendName | None,
    depth: int | None,
    expand: Sequence[str] | None,
) -> None:
    """Refuse options that mean nothing for what is drawn.

    Raises:
        BadParameter: there is one.
    """
    if level in _OF_MODELS and graph is not None:
        raise typer.BadParameter("--for chooses among compiled graphs; give --level ops, steps or memory with it")
    if level is not Level.ops and after is not None:
        raise typer.BadParameter("--after chooses the ops of a pass; give --level ops with it")
    if level not in (Level.steps, Level.memory) and (batch is not None or (backend is not None and after is None)):
        raise typer.BadParameter("--batch and --backend are a plan's; give --level steps or memory with them")
    if level is not Level.layers and depth is not None:
        raise typer.BadParameter("--depth opens models and blocks of layers; give --level layers with it")
    if level not in (Level.layers, Level.ops) and expand:
        raise typer.BadParameter("--expand opens layers or ops; give --level layers or --level ops with it")


def _of_model(
    path: Path, level: Level, replace: list[str] | None, depth: int, expand: Sequence[str], replica: int | None
) -> Picture:
    """Return the picture of a model's layers, or of its units."""
    from dataclasses import replace as replaced

    from nnc.models.saving import model_of_program
    from nnc.readers import read_model
    from nnc.render import picture_of
    from nnc.render.diagram import Diagram

    if not is_program(path):
        check_takes_no_replica(path, replica)
        return picture_of(read_model(path, **read_options(replace)), level, depth, expand)
    single = "" if level is Level.layers else f"--level {level}"
    program = open_program(path, replace=replace, replica=replica, single=single)
    try:
        model = model_of_program(program if program.replicas is None else program[0])
    except ModelError as error:
        raise ModelError(f"{path}: its {level} cannot be drawn, --level ops can: {error}") from error
    picture = picture_of(model, level, depth, expand)
    if program.replicas is None:
        return picture
    assert isinstance(picture, Diagram)  # all of the same layers
    return replaced(picture, title=f"{picture.title} × {program.replicas:,} replicas")


def _compiled(
    path: Path,
    level: Level,
    graph: str | None,
    after: str | None,
    batch: int,
    replace: list[str] | None,
    backend: BackendName | None,
    expand: Sequence[str],
    replica: int | None,
) -> Picture:
    """Return the picture of a graph that a model is compiled into, or of its plan."""
    from nnc.render import picture_of

    stages = Stages()
    observe = None if is_program(path) else stages
    program = open_program(path, observe=observe, replace=replace, backend=backend, replica=replica)
    name = default_graph(program, graph)
    found = program.graph(name)  # compiles it, where that is still to be done
    if level is Level.ops and after is None:
        return picture_of(found, expand=expand)
    if after is not None:
        program.plan(name, batch)  # the last passes run before that
        return picture_of(stages.after(name, after), expand=expand)
    return picture_of(program.plan(name, batch), level)
