"""A history as curves: one panel for the loss and for each metric, training beside validation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy

from nnc.errors import DataError, nearest
from nnc.render.replica_lines import BAND, MANY
from nnc.render.theme import LIGHT

if TYPE_CHECKING:
    from nnc.callbacks import History

VALIDATION = "val_"
"""Prefix of the names of validation figures."""
COLOURS = {"training": LIGHT.styles["forward"].border, "validation": LIGHT.styles["loss"].border}
"""Blue and vermilion, which the colour-blind tell apart; validation is dashed as well."""

_BAND_TEXT = " to ".join(f"{100 * share:.0f} %" for share in BAND)


@dataclass(frozen=True)
class Curve:
    """A number by epoch.

    Args:
        kind: ``training`` or ``validation``.
        epochs: numbers of the epochs, from 1.
        values: shape (epochs, results); one result, but for metrics that have several. Those of replicas follow one
            another, replica by replica.
        replicas: number of replicas, None for one network.
    """

    kind: str
    epochs: Sequence[int]
    values: numpy.ndarray
    replicas: int | None = None

    @property
    def label(self) -> str:
        """The name in a legend."""
        results = self.values.shape[1]
        if results == 1:
            return self.kind
        if self.replicas is None:
            return f"{self.kind}, {results} results"
        return f"{self.kind}: median{f', {_BAND_TEXT}' if self.has_band else ''}"

    @property
    def has_band(self) -> bool:
        """Whether there are too many replicas to be told apart, so that a band shows where most are."""
        return self.replicas is not None and self.values.shape[1] > MANY

    def replica(self, column: int) -> int:
        """Return the number of the replica that a column of `values` belongs to."""
        results = int(self.values.shape[1]) // (self.replicas or 1)
        return column // results


@dataclass(frozen=True)
class Panel:
    """A picture's part for one number, in training and in validation.

    Args:
        name: the number's name, such as ``loss``.
        curves: one or two.
    """

    name: str
    curves: tuple[Curve, ...]

    @property
    def title(self) -> str:
        """The number's name, and of how many networks."""
        curve = self.curves[0]
        if curve.replicas is None:
            return self.name
        results = curve.values.shape[1] // curve.replicas
        several = "" if results == 1 else f" × {results} results"
        return f"{self.name} of {curve.replicas:,} replica{'' if curve.replicas == 1 else 's'}{several}"


def panels_of(history: History, names: Iterable[str] | None = None) -> list[Panel]:
    """Return a panel for each number that a history has, or for those of given names.

    Args:
        history: the record.
        names: names of numbers, without ``val_``.

    Raises:
        DataError: there is no epoch, or no number of a name.
    """
    names_of_all = dict.fromkeys(name.removeprefix(VALIDATION) for name in history.history)
    found = sorted(names_of_all, key=lambda name: name != "loss")
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
            numbers = _numbers(history, key)
            values = numbers.reshape(len(numbers), -1)
            yield Curve(kind, history.epochs_of(key), values, replicas_of(history))


def _numbers(history: History, name: str) -> numpy.ndarray:
    """Return the numbers of all epochs in one array."""
    numbers: Any = history.history[name]
    shapes = dict.fromkeys(numpy.shape(number) for number in numbers)
    if len(shapes) > 1:
        texts = " and of ".join(str(shape) for shape in shapes)
        raise DataError(
            f"the history has arrays of the shape {texts} as '{name}': numbers of several trainings, of which each"
            " needs a History of its own to be drawn"
        )
    return numpy.array(numbers, "float64")


def replicas_of(history: History) -> int | None:
    """Return the number of replicas whose numbers a history has, None for one network, whose loss is a number."""
    for name in ("loss", f"{VALIDATION}loss"):
        if history.history.get(name):
            shape = numpy.shape(history.history[name][0])
            return shape[0] if shape else None
    return None


@dataclass(frozen=True)
class Best:
    """The epoch with the smallest loss, that of the validation where there is one.

    Args:
        name: ``val_loss`` or ``loss``.
        epoch: its number, from 1.
        value: the loss.
        replica: number of the replica that has it, None for one network.
    """

    name: str
    epoch: int
    value: float
    replica: int | None = None

    @property
    def heading(self) -> str:
        """The same with what it is."""
        return f"best epoch: {self.epoch}{'' if self.replica is None else f' of replica {self.replica}'}"

    @property
    def text(self) -> str:
        """The epoch, and the replica that it is of."""
        return f"{self.epoch}" if self.replica is None else f"replica {self.replica}, epoch {self.epoch}"


def best_of(history: History) -> Best | None:
    """Return the best epoch, None where there is no finite loss."""
    name = "val_loss" if "val_loss" in history.history else "loss"
    losses = _numbers(history, name) if name in history.history else numpy.array([])
    if not numpy.isfinite(losses).any():
        return None
    place = numpy.argmin(numpy.where(numpy.isfinite(losses), losses, numpy.inf))
    index, *replica = (int(number) for number in numpy.unravel_index(place, losses.shape))
    return Best(name, history.epochs_of(name)[index], float(losses[(index, *replica)]), *replica)
