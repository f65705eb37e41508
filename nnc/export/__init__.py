"""Exports programs as source that runs without nnc: one module per target, found by name."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from nnc.errors import ModelError, nearest

if TYPE_CHECKING:
    from nnc.program import Program

TARGETS = {"c": "nnc.export.c", "python": "nnc.export.python"}
"""The modules that write the targets, by what users call them."""

__all__ = ["TARGETS", "Exporter", "export", "find_exporter"]


class Exporter(Protocol):
    """The interface of a module of `TARGETS`."""

    def export(self, program: Program, output: Path, *, batch: int, train: bool, **options: Any) -> list[Path]:
        """Write a program.

        Args:
            program: what to write; it is not changed.
            output: where to: a file or a folder, as the target has it.
            batch: rows of the largest batch.
            train: whether to write training as well.
            options: the target's own.

        Returns:
            What was written.

        Raises:
            ModelError: the target cannot express the program.
            OSError: a file cannot be written.
        """

    def check_output(self, output: Path) -> None:
        """Check where to write, before anything long begins.

        Raises:
            DataError: the path is not what the target writes.
        """


def find_exporter(target: str) -> Exporter:
    """Return what writes a target.

    Raises:
        ModelError: there is no such target.
    """
    if target not in TARGETS:
        raise ModelError(f"unknown target {target!r}; there are {', '.join(TARGETS)}.{nearest(target, TARGETS)}")
    return cast("Exporter", import_module(TARGETS[target]))


def export(
    program: Program, target: str, output: str | Path, *, batch: int = 32, train: bool = False, **options: Any
) -> list[Path]:
    """Write a program as source that runs without nnc.

    Args:
        program: what to write; it is not changed.
        target: ``c``: C99 in a folder, see `nnc.export.c.export`; ``python``: one file that imports NumPy alone, and an
            ``.npz`` with the weights beside it.
        output: where to: a file or a folder, as the target has it.
        batch: rows of the largest batch; memory is planned for it.
        train: whether to write training as well.
        options: the target's own.

    Returns:
        What was written.

    Raises:
        ModelError: there is no such target, or it cannot express the program.
        DataError: the path is not what the target writes.
        OSError: a file cannot be written.
    """
    exporter, path = find_exporter(target), Path(output)
    exporter.check_output(path)
    return exporter.export(program, path, batch=batch, train=train, **options)
