"""The command `nnc compile`: what a model costs, its graph, plan or source, and why these are what they are."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnc.cli import completion, options
from nnc.cli.console import check_output, print_json, print_table, print_text, say
from nnc.cli.pass_stages import Stages

if TYPE_CHECKING:
    from nnc.backends import BackendName
    from nnc.cli.compile_report import CompileReport

NAME = "compile"
EXAMPLE = "Example: nnc compile examples/base.yaml --for train --batch 32 -o base.nnc"


class Form(StrEnum):
    """The forms that `--emit` prints."""

    ir = "ir"
    plan = "plan"
    python = "python"
    c = "c"


_LANGUAGES: dict[Form | None, BackendName] = {Form.python: "numpy", Form.c: "c"}
"""The backends by the language of their source."""


def command(
    model: options.Model,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT.nnc", help="Save the program.", show_default=False)
    ] = None,
    graph: options.For = None,
    batch: options.Batch = 32,
    dtype: Annotated[
        options.Dtype | None, typer.Option("--dtype", help="Element type; by default the model's.", show_default=False)
    ] = None,
    emit: Annotated[
        Form | None,
        typer.Option("--emit", help="Print the graph, its plan, its NumPy or its C.", show_default=False),
    ] = None,
    after: Annotated[
        str | None,
        typer.Option(
            "--after",
            metavar="PASS",
            help="With --emit ir: the graph as this pass left it.",
            show_default=False,
            autocompletion=completion.stages,
        ),
    ] = None,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Print what was fused, folded, hoisted and computed in place, and what was not."
        ),
    ] = False,
    as_json: options.Json = False,
    replace: options.Replace = None,
    backend: options.Backend = None,
    max_bytes: options.MaxBytes = None,
    no_hints: options.NoHints = False,
    replica: options.Replica = None,
) -> None:
    """Compile a model: show what each pass does, then parameters, FLOPs and exact memory."""
    from nnc.cli.compile_report import compile_report

    del no_hints  # its callback has seen it
    if explain and emit is not None:
        raise typer.BadParameter("--explain and --emit each print a text and nothing else; choose one")
    if emit is not None and as_json:
        raise typer.BadParameter("--emit prints a text and nothing else; leave out --json")
    if after is not None and emit is not Form.ir:
        raise typer.BadParameter("--after chooses a graph to print; give --emit ir with it")
    if emit in _LANGUAGES and backend is not None:
        raise typer.BadParameter(f"--emit {emit} is the source of one backend; leave out --backend")
    check_output(output, ".nnc")
    stages = Stages()
    language = _LANGUAGES.get(emit, backend)
    program, report = compile_report(model, graph, batch, dtype, stages, replace, language, max_bytes, replica=replica)
    if max_bytes is not None:
        program.check_budget(report.graph, program.plan(report.graph, batch))
    if output is not None:
        program.save(output)
    if after is not None:
        print_text(str(stages.after(report.graph, after)))
    elif emit is Form.ir:
        print_text(str(program.graph(report.graph)))
    elif emit is Form.plan:
        print_text(str(program.plan(report.graph, batch)))
    elif emit in _LANGUAGES:
        print_text(program.source(report.graph))
    elif explain:
        explanation = program.explain(report.graph, batch)
        print_json(explanation.to_json()) if as_json else print_text(str(explanation))
    elif as_json:
        print_json(report.to_json())
    else:
        print_report(report)
    if output is not None:
        say(f"saved {output}")


def print_report(report: CompileReport) -> None:
    """Print passes and cost as tables."""
    title = f"{report.model}: graph '{report.graph}', {report.batch} rows, {report.dtype}"
    if report.passes:
        print_table(("Pass", "Nodes before", "after", "Time"), report.pass_rows(), title)
        print_table(("Cost", "", ""), report.cost_rows(), right=(1,))
    else:
        print_table(("Cost", "", ""), report.cost_rows(), title, right=(1,))
