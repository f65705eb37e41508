"""The differences between two models or programs, as data and as text."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from nnc.quantities import bytes_text
from nnc.verify import Comparison

LONGEST = 60
"""Characters of a value that a text shows."""


@dataclass(frozen=True)
class LayerChange:
    """A layer that only one side has, or that differs.

    Args:
        what: ``added``, ``removed``, ``renamed``, ``moved`` or ``changed``; the last also where it is more than one.
        path: its path in the first model, or in the second where it was added.
        kind: its class.
        changes: old and new value of what differs: keys of its config, ``name``, ``class``, ``inputs``.
    """

    what: str
    path: str
    kind: str
    changes: dict[str, tuple[Any, Any]]

    def __str__(self) -> str:
        listed = ", ".join(f"{key}: {_text(old)} → {_text(new)}" for key, (old, new) in self.changes.items())
        return f"{self.what} {self.path}{f' ({self.kind})' if self.kind else ''}{f': {listed}' if listed else ''}"


@dataclass(frozen=True)
class WeightChange:
    """A weight that only one side has, or whose numbers differ.

    Args:
        path: its path in the first model, or in the second where only that has it.
        shape: its shape there.
        other_shape: its shape in the second model; None where only one side has it.
        norm: Euclidean norm of the difference; None where the shapes differ.
        relative: the same as a part of the norm of the first; None where that is 0.
        largest: largest absolute difference of an element.
    """

    path: str
    shape: tuple[int, ...] | None
    other_shape: tuple[int, ...] | None
    norm: float | None = None
    relative: float | None = None
    largest: float | None = None


@dataclass(frozen=True)
class Figure:
    """A number that describes a program.

    Args:
        name: what it is.
        first: its value on the first side; None where there is none.
        second: its value on the second side.
        is_bytes: whether it is a number of bytes.
    """

    name: str
    first: int | None
    second: int | None
    is_bytes: bool = False

    @property
    def differs(self) -> bool:
        """Whether the values differ."""
        return self.first != self.second


@dataclass(frozen=True)
class Outputs:
    """The outputs of both sides for the same data.

    Args:
        first: the first layer, in the order of computation, whose outputs differ; None where none do.
        compared: how many arrays were compared.
        differing: how many of them differ.
        rtol: largest difference that is accepted, as a fraction of the largest magnitude in the array.
        atol: largest difference that is accepted whatever the magnitude.
        layers_known: whether layers were compared, and not only what the programs return.
    """

    first: Comparison | None
    compared: int
    differing: int
    rtol: float
    atol: float
    layers_known: bool = True


@dataclass(frozen=True)
class Difference:
    """The differences between two models or programs.

    Args:
        first: what one of them is called.
        second: what the other is called.
        layers: layers that differ.
        training: old and new value of what differs in loss, metrics and optimizer.
        figures: sizes and costs of both.
        weights: weights that differ.
        weights_compared: number of weights that both have.
        outputs: what they compute of the same data; None where no data was given.
    """

    first: str
    second: str
    layers: tuple[LayerChange, ...]
    training: dict[str, tuple[Any, Any]]
    figures: tuple[Figure, ...]
    weights: tuple[WeightChange, ...]
    weights_compared: int
    outputs: Outputs | None = None

    @property
    def differs(self) -> bool:
        """Whether there is any difference, in the numbers beyond what is accepted."""
        return bool(
            self.layers
            or self.training
            or self.weights
            or any(figure.differs for figure in self.figures)
            or (self.outputs is not None and self.outputs.first is not None)
        )

    # ------------------------------------------------------------------ showing

    def figure_rows(self) -> list[tuple[str, str, str]]:
        """Return a row per number that differs."""
        return [
            (figure.name, _number(figure.first, figure.is_bytes), _number(figure.second, figure.is_bytes))
            for figure in self.figures
            if figure.differs
        ]

    def weight_rows(self) -> list[tuple[str, str, str, str, str]]:
        """Return a row per weight that differs: path, shape, norm of the difference, relative, largest."""
        rows = []
        for weight in self.weights:
            if weight.norm is not None:
                relative = "" if weight.relative is None else f"{weight.relative:.2%}"
                numbers = f"{weight.norm:.3g}", relative, f"{weight.largest:.3g}"
                rows.append((weight.path, str(weight.shape), *numbers))
            elif weight.shape is None or weight.other_shape is None:
                side = self.second if weight.shape is None else self.first
                rows.append((weight.path, str(weight.shape or weight.other_shape), f"only in {side}", "", ""))
            else:
                rows.append((weight.path, f"{weight.shape} → {weight.other_shape}", "", "", ""))
        return rows

    def lines(self) -> list[str]:
        """Return a line per layer that differs, and per setting of the training."""
        training = [f"training {key}: {_text(old)} → {_text(new)}" for key, (old, new) in self.training.items()]
        return [*map(str, self.layers), *training]

    @property
    def verdict(self) -> str:
        """The whole in a sentence."""
        found = self.outputs
        if not self.differs:
            suffix = "" if found is None else f", nor do the {found.compared} arrays they compute (to {found.rtol:g})"
            return f"{self.first} and {self.second} do not differ{suffix}"
        if found is not None and found.first is not None:
            return f"first difference: {found.first}"
        suffix = "" if found is None else f"; the {found.compared} arrays they compute do not (to {found.rtol:g})"
        return f"{self.first} and {self.second} differ{suffix}"

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        data = asdict(self) | {"differs": self.differs}
        for figure, record in zip(self.figures, data["figures"], strict=True):
            record["differs"] = figure.differs
        return data

    def __str__(self) -> str:
        from nnc.models.summary import table

        parts = ["\n".join(self.lines())] if self.lines() else []
        if rows := self.figure_rows():
            parts.append(table(("Cost", self.first, self.second), rows, right=(1, 2)))
        if weights := self.weight_rows():
            parts.append(table(WEIGHT_HEAD, weights, right=(2, 3, 4)))
        return "\n\n".join([*parts, self.verdict])


WEIGHT_HEAD = ("Weight", "Shape", "Norm of difference", "Relative", "Largest")


def _number(value: int | None, is_bytes: bool) -> str:
    if value is None:
        return "none"
    return f"{value:,} ({bytes_text(value)})" if is_bytes and value >= 10_000 else f"{value:,}"


def _text(value: Any) -> str:
    text = f"'{value}'" if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else f"{value}"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
