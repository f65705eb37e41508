"""What commands print: tables and JSON on standard output, messages on standard error."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from nnc.errors import DataError


def say(message: str) -> None:
    """Print a message on standard error."""
    typer.echo(message, err=True)


def print_text(text: str) -> None:
    """Print a text and nothing else, ending in one line break."""
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def print_json(data: Any) -> None:
    """Print data as JSON; numbers that JSON does not have (NaN, infinities) become null."""
    print_text(json.dumps(_plain(data), indent=2, ensure_ascii=False, allow_nan=False))


def _plain(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value) for value in data]
    if isinstance(data, float) and not math.isfinite(data):
        return None
    return data


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> None:
    """Print rows under a head; the first column is aligned to the left, numbers in the others to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, title=Text(title) if title else None, title_justify="left", pad_edge=False)
    for position, name in enumerate(head):
        table.add_column(Text(name), justify="right" if position else "left")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # as Text, for a name may hold what looks like markup
    Console(highlight=False).print(table)


def check_output(path: Path | None, *suffixes: str) -> None:
    """Check that a file can be written, before anything long begins.

    Raises:
        DataError: its folder does not exist, or its name does not end as it must.
    """
    if path is None:
        return
    if suffixes and path.suffix.lower() not in suffixes:
        raise DataError(f"{path}: expected a file named {' or '.join(f'*{suffix}' for suffix in suffixes)}")
    if not path.parent.is_dir():
        raise DataError(f"{path}: cannot be written: the folder '{path.parent}' does not exist")
    if path.is_dir():
        raise DataError(f"{path}: cannot be written: it is a folder")
