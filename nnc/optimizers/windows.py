"""The variables that lie in a vector of weights: what rules need that look at one variable at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import prod
from typing import Any, Protocol

from nnc.ir import Shape, Value, ops


class Window(Protocol):
    """A variable: consecutive elements of a state; `nnc.program.VariableSpec` is one."""

    @property
    def path(self) -> str:
        """Unique name, such as ``dense/kernel``."""

    @property
    def state(self) -> str:
        """Label of the state it lies in."""

    @property
    def offset(self) -> int:
        """Its first element there."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""


@dataclass(frozen=True)
class Whole:
    """A state that is one variable."""

    path: str
    state: str
    offset: int
    shape: tuple[int, ...]


def windows_of(label: str, parameter: Value, variables: Sequence[Window]) -> tuple[Window, ...]:
    """Return the variables of a state in the order in which they lie there; the whole state where none is known."""
    inside = sorted((item for item in variables if item.state == label), key=lambda item: item.offset)
    return tuple(inside) or (Whole(label, label, 0, tuple(int(dim) for dim in parameter.shape)),)


def split(vector: Value, shapes: Sequence[Shape]) -> list[Value]:
    """Return consecutive parts of a vector, of these shapes, as views."""
    if len(shapes) == 1:
        return [ops.reshape(vector, shapes[0])]
    return list(vector.graph.add(ops.Unpack(tuple(shapes)), vector))


def join(parts: Sequence[Value]) -> Value:
    """Return one vector with the elements of all parts, which are computed in their place in it."""
    if len(parts) == 1:
        return ops.reshape(parts[0], (prod(int(dim) for dim in parts[0].shape),))
    return parts[0].graph.add(ops.Pack(), *parts)[0]


def norms(vector: Value, windows: Sequence[Window]) -> Value:
    """Return the Euclidean norm of each variable, as a vector with an element per variable."""
    return roots(ops.square(vector), windows)


def roots(squares: Value, windows: Sequence[Window]) -> Value:
    """Return the root of the sum of each variable's squares, as a vector with an element per variable."""
    return ops.sqrt(join([ops.sum(part) for part in split(squares, [window.shape for window in windows])]))


def scale(vector: Value, factors: Value, windows: Sequence[Window]) -> Value:
    """Return the vector with each variable multiplied by its factor, of shape (number of variables,)."""
    parts = split(vector, [window.shape for window in windows])
    numbers = split(factors, [()] * len(windows))
    return join([part * number for part, number in zip(parts, numbers, strict=True)])


def by_runs(vector: Value, windows: Sequence[Window], kind: Callable[[Window], Any]) -> list[tuple[Any, Value]]:
    """Cut a vector where the kind of variable changes; return each piece, itself a vector, with its kind."""
    runs = [
        (key, sum(prod(window.shape) for window in group))
        for key, group in ((key, list(items)) for key, items in groupby(windows, kind))
    ]
    pieces = split(vector, [(size,) for _, size in runs])
    return [(key, piece) for (key, _), piece in zip(runs, pieces, strict=True)]
