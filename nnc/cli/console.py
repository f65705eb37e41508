"""Output of the commands: tables and JSON on standard output, messages on standard error."""

from __future__ import annotations

import json
import math
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, TextIO

import typer

from nnc.errors import DataError, NncError, NncWarning
from nnc.texts import printable


def say(message: str) -> None:
    """Print a message on standard error."""
    typer.echo(_lines(message), err=True)


def say_error(error: NncError | OSError) -> None:
    """Print on standard error what went wrong."""
    if isinstance(error, NncError):
        notes = [note for note in getattr(error, "__notes__", ()) if "\n" not in note]  # others are whole graphs
        say("\n".join([f"error: {error}", *notes]))
    else:
        place = f"{error.filename}: " if error.filename else ""
        say(f"error: {place}{error.strerror or error}")


def say_hints(without: bool) -> bool:
    """Print hints as lines on standard error from now on, each of them once, until the command ends.

    Args:
        without: whether they are left out instead, as ``--no-hints`` has it.
    """
    said: set[str] = set()
    usual = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if not isinstance(message, NncWarning):
            usual(message, category, filename, lineno, file, line)
        elif message.text not in said:
            said.add(message.text)
            say(f"hint: {message.text} (--no-hints leaves hints out)")

    warnings.showwarning = show
    warnings.simplefilter("ignore" if without else "always", NncWarning)
    return without


def print_text(text: str) -> None:
    """Print a text and nothing else, ending in one line break."""
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def print_json(data: Any) -> None:
    """Print data as JSON; numbers that JSON does not have (NaN, infinities) become null."""
    text = json.dumps(_plain(data), indent=2, ensure_ascii=False, allow_nan=False)
    print_text("\n".join("".join(map(_in_json, line)) for line in text.split("\n")))


def _lines(text: str) -> str:
    """Return a text whose lines are printable: names in a file may hold what moves a terminal's cursor."""
    return "\n".join(map(printable, text.split("\n")))


def _in_json(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]


def _plain(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value) for value in data]
    if hasattr(data, "tolist"):  # a metric with several results
        return _plain(data.tolist())
    if isinstance(data, float) and not math.isfinite(data):
        return None
    return data


def print_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], title: str = "", right: Sequence[int] | None = None
) -> None:
    """Print a table.

    Args:
        head: titles of the columns.
        rows: cells.
        title: stands over the table.
        right: columns that are aligned to the right, as numbers are; by default all but the first.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    columns = [[printable(cell) for cell in column] for column in zip(head, *rows, strict=True)]
    widths = _column_widths(columns, console.width)
    if widths is not None:
        console.width = max(console.width, sum(widths) + _TIGHT * (len(head) - 1))
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=widths is not None)
    for position, name in enumerate(head):
        is_right = position > 0 if right is None else position in right
        width = None if widths is None else widths[position]
        table.add_column(Text(printable(name)), justify="right" if is_right else "left", width=width)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))  # as Text, for a name may hold what looks like markup
    if title:
        console.print(Text(printable(title), style="bold"))
    console.print(table)
    console.print()


_WIDE, _TIGHT = 3, 2
"""Columns of the terminal between two columns of a table."""
_SHORT = 10
"""Characters up to which a cell, such as ``1.69 k``, is never broken."""


def _column_widths(columns: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Return widths in which words stay whole; None where all fits as it is.

    Where not even the words fit, the terminal breaks the lines.
    """
    from rich.cells import cell_len

    wanted = [max(map(cell_len, column)) for column in columns]
    if sum(wanted) + _WIDE * (len(wanted) - 1) <= room:
        return None
    words = [
        [word for cell in column for word in ([cell] if len(cell) <= _SHORT else cell.split())] for column in columns
    ]
    widths = [max(map(cell_len, column)) for column in words]
    for _ in range(room - _TIGHT * (len(wanted) - 1) - sum(widths)):
        lacks = [wish - width for wish, width in zip(wanted, widths, strict=True)]
        widths[lacks.index(max(lacks))] += max(lacks) > 0
    return widths


@contextmanager
def progress(total: int, what: str) -> Iterator[Callable[[], None]]:
    """Let a terminal show how far something is, and the time left, while the block runs.

    Args:
        total: number of steps; the function that the block gets is called after each.
        what: stands in front.
    """
    from nnc.activity import activity
    from nnc.program.progress import format_seconds

    begun = last = perf_counter()
    done = 0

    def advance() -> None:
        nonlocal done, last
        done, last = done + 1, perf_counter()

    def text(room: int) -> str:
        left = (last - begun) / done * (total - done) - (perf_counter() - last) if done else 0.0
        return f"{what}: {done:,} of {total:,}{f', {format_seconds(max(0.0, left))} left' if done else ''}"[:room]

    with activity(text):
        yield advance


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


def check_plot(path: Path | None) -> None:
    """Check that curves can be drawn to a file, before anything long begins.

    Raises:
        DataError: its folder does not exist, or its name does not end as it must.
        NncError: Matplotlib is not installed.
    """
    if path is not None:
        from nnc.render.plot import SUFFIXES, check_matplotlib

        check_output(path, *SUFFIXES)
        check_matplotlib()
