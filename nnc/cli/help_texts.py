"""How help is laid out: lines end between words, and never inside `nnc-keras` or `--learning-rate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

_HYPHEN = "\N{NON-BREAKING HYPHEN}"
"""Stands for hyphens while lines are broken."""
_Formatter: Any = typer.Context.formatter_class


class HelpFormatter(_Formatter):  # type: ignore[misc]  # where it is imported from depends on Typer's version
    """Lays out help without ending a line behind a hyphen."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line that says how a command is called."""
        super().write_usage(prog, _whole(args), prefix)

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        super().write_text(_whole(text))

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names, and what they mean beside them: in a narrow terminal, beside short names only."""
        narrow = self.width // 2 - 5
        super().write_dl([(name, _whole(text)) for name, text in rows], min(col_max, narrow), col_spacing)

    def getvalue(self) -> str:
        """Return all that was written."""
        found: str = super().getvalue()
        return found.replace(_HYPHEN, "-")


class HelpContext(typer.Context):
    """A command's context, whose help is laid out so."""

    formatter_class = HelpFormatter


def _whole(text: str) -> str:
    return text.replace("-", _HYPHEN)
