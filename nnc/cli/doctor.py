"""The command `nnc doctor`: what nnc finds on this machine."""

from __future__ import annotations

import typer

from nnc.cli import options
from nnc.cli.console import print_json, print_text

NAME = "doctor"
EXAMPLE = "Example: nnc doctor --json"


def command(as_json: options.Json = False) -> None:
    """Print what was found: Python, NumPy, BLAS, processor, compiler, cache, Graphviz, packages; and what is missing.

    Nothing is changed. Exit code 1 if something installed is broken.
    """
    from nnc.doctor import examine

    report = examine()
    if as_json:
        print_json(report.to_json())
    else:
        print_text(str(report))
    if not report.is_healthy:
        raise typer.Exit(1)
