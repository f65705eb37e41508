"""A history as curves: one panel for the loss and for each metric, training beside validation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy

from nnc.errors import DataError, nearest
from nnc.render.theme import LIGHT

if TYPE_CHECKING:
    from nnc.callbacks import History

VALIDATION = "val_"
"""Prefix of the names of validation figures."""
COLOURS = {"training": LIGHT.styles["forward"].border, "validation": LIGHT.styles["loss"].border}
"""Blue and vermilion, which the colour-blind tell apart; validation is dashed as well."""


@dataclass(frozen=True)
class Curve:
    """A number by epoch.

    Args:
        kind: ``training`` or ``validation``.
        epochs: numbers of the epochs, from 1.
        values: shape (epochs, results); one result, but for metrics that have several.
    """

    kind: str
    epochs: Sequence[int]
    values: numpy.ndarray

    @property
    def label(self) -> str:
        """The name in a legend."""
        results = self.values.shape[1]
        return self.kind if results == 1 else f"{self.kind}, {results} results"


@dataclass(frozen=True)
class Panel:
    """A picture's part for one number, in training and in validation.

    Args:
        name: the number's name, such as ``loss``.
        curves: one or two.
    """

    name: str
    curves: tuple[Curve, ...]


def panels_of(history: History, names: Iterable[str] | None = None) -> list[Panel]:
    """Return a panel for each number that a history has, or for those of given names.

    Args:
        history: the record.
        names: names of numbers, without ``val_``.

    Raises:
        DataError: there is no epoch, or no number of a name.
    """
    found = list(dict.fromkeys(name.removeprefix(VALIDATION) for name in history.history))
    if not found:
        raise DataError("there is nothing to draw: the history has no epoch; call fit(...) first")
    chosen = found if names is None else [names] if isinstance(names, str) else list(names)
    for name in chosen:
        if name not in found:
            raise DataError(f"the history has no '{name}', only {', '.join(found)}.{nearest(str(name), found)}")
    return [Panel(name, tuple(_curves(history, name))) for name in chosen]


def _curves(history: History, name: str) -> Iterable[Curve]:
    for kind, key in (("training", name), ("validation", f"{VALIDATION}{name}")):
        if key in history.history:
            numbers: Any = [numpy.ravel(number) for number in history.history[key]]
            yield Curve(kind, history.epochs_of(key), numpy.array(numbers, "float64"))


@dataclass(frozen=True)
class Best:
    """The epoch with the smallest loss, that of the validation where there is one.

    Args:
        name: ``val_loss`` or ``loss``.
        epoch: its number, from 1.
        value: the loss.
    """

    name: str
    epoch: int
    value: float


def best_of(history: History) -> Best | None:
    """Return the best epoch, None where there is no finite loss."""
    name = "val_loss" if "val_loss" in history.history else "loss"
    losses = numpy.array(history.history.get(name, []), "float64")
    if not numpy.isfinite(losses).any():
        return None
    index = int(numpy.argmin(numpy.where(numpy.isfinite(losses), losses, numpy.inf)))
    return Best(name, history.epochs_of(name)[index], float(losses[index]))
