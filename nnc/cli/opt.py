"""The command `nnc opt`: runs passes on a graph in its text form."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nnc.cli import completion, options
from nnc.cli.console import check_output, print_json, print_table, print_text, say
from nnc.errors import GraphError

NAME = "opt"
EXAMPLE = "Example: nnc compile examples/base.yaml --emit ir --after update | nnc opt - --passes decompose,cse,fuse"


def command(
    graph: Annotated[
        Path | None,
        typer.Argument(metavar="GRAPH", help="File with the text of a graph; - is standard input.", show_default=False),
    ] = None,
    passes: Annotated[
        str,
        typer.Option(
            "--passes",
            metavar="NAMES",
            help="Names of passes, separated by commas.",
            show_default=False,
            autocompletion=completion.pass_lists,
        ),
    ] = "",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the result.", show_default=False)
    ] = None,
    list_passes: Annotated[bool, typer.Option("--list", help="List the passes and stop.")] = False,
    as_json: options.Json = False,
) -> None:
    """Run passes on a graph in its text form, and print the result."""
    import nnc.ir.ops  # noqa: F401  (the parser looks operations up by name)
    from nnc.ir import parse_graph
    from nnc.passes import make_pass, run_passes

    if list_passes:
        _list(as_json)
        return
    if graph is None:
        raise typer.BadParameter("give the file of a graph, or - for standard input")
    if as_json:
        raise typer.BadParameter("--json belongs to --list; a graph is printed in its own text form")
    check_output(output)
    names = [name.strip() for name in passes.split(",") if name.strip()]
    chosen = [make_pass(name) for name in names]
    result = run_passes(parse_graph(*_read(graph)), chosen)
    if output is None:
        print_text(str(result))
    else:
        from nnc.files import write_atomically

        write_atomically(output, str(result).encode())
        say(f"wrote {output}")


def _read(path: Path) -> tuple[str, str]:
    """Return a file's text and its name for messages."""
    name = "standard input" if path == Path("-") else str(path)
    try:
        raw = sys.stdin.buffer.read() if path == Path("-") else path.read_bytes()
        return raw.decode(), name
    except UnicodeDecodeError as error:
        raise GraphError(f"{name}: expected UTF-8 text, found {error}") from None


def _list(as_json: bool) -> None:
    from nnc.passes import make_pass, pass_names

    described = {name: (type(make_pass(name)).__doc__ or "").split("\n")[0].replace("``", "") for name in pass_names()}
    if as_json:
        print_json(described)
    else:
        print_table(("Pass", "What it does"), list(described.items()), right=())
