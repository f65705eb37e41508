"""Gives notebooks pictures and tables of objects whose packages know nothing about drawing.

Graphs, plans, models, programs and histories inherit from `Presented`. Who draws them stands above them and would be an
arrow upwards; so the package's face, which knows all rooms by name, says here which module it is.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar, Protocol


class Presenter(Protocol):
    """The module that draws: see `nnc.render.notebook`."""

    def svg(self, item: Any) -> str | None:
        """Return a picture, or None where there is none."""

    def html(self, item: Any) -> str | None:
        """Return a table or a text, or None where a picture says it."""

    def plot(self, history: Any, names: Any, path: Any) -> Any:
        """Draw the curves of a history; see `History.plot`."""


class Presented:
    """An object that shows itself in a notebook; only displays that can show pictures ask, so a terminal draws none."""

    _presenter: ClassVar[str] = ""

    def _repr_svg_(self) -> str | None:
        return presenter().svg(self)

    def _repr_html_(self) -> str | None:
        return presenter().html(self)


def present_with(module: str) -> None:
    """Choose the module that draws, by its name; it is imported when it is first needed."""
    Presented._presenter = module


def presenter() -> Presenter:
    """Return the module that draws."""
    found: Any = import_module(Presented._presenter)
    chosen: Presenter = found
    return chosen
