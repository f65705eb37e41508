"""Gradients of tables as Keras on TensorFlow has them: a row for each look-up, and not yet a sum for each row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from nnc.ir import Shape, Value, ops
from nnc.ir.ops.arithmetic import Add
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.gathering import Gather, ScatterAdd
from nnc.ir.ops.movement import Reshape
from nnc.ir.ops.straight_through import StraightThrough
from nnc.optimizers.windows import Window, by_runs, join


class Summing(Enum):
    """When the look-ups of a row are added up: engines differ, and all mean the same only while a word occurs once."""

    LAST = "last"
    """After the rule has taken squares and the like of each, as in Keras 3 on TensorFlow."""
    CLIPPED = "clipped"
    """After each has been clipped, as in Keras 1 and 2."""
    FIRST = "first"
    """Before anything else, as in Keras 3 on JAX and PyTorch."""


@dataclass(frozen=True)
class Lookups:
    """The gradient of a table at one place where its rows are looked up.

    Args:
        rows: of shape (indices…, row…).
        indices: the numbers of these rows in the table; a number may occur several times.
    """

    rows: Value
    indices: Value

    def map(self, function: Callable[..., Value], *tables: Value) -> Lookups:
        """Return an elementwise function of each row; it is given the same rows of other tables as well."""
        found = [ops.gather(table, self.indices) for table in tables]
        return Lookups(function(self.rows, *found), self.indices)

    def sum(self, shape: Shape) -> Value:
        """Return the table of this shape to which they add up."""
        return apply(ScatterAdd(tuple(shape)), self.rows, self.indices)


@dataclass(frozen=True)
class Gradient:
    """The gradient of a parameter.

    Args:
        value: of the parameter's type.
        lookups: by path those of the variables in it that are tables of which nothing but look-ups is trained.
    """

    value: Value
    lookups: Mapping[str, tuple[Lookups, ...]] = field(default_factory=dict)

    def map(self, function: Callable[[Value], Value], windows: Sequence[Window]) -> Gradient:
        """Return an elementwise function of it, of each look-up by itself; `windows` are the variables in it."""
        mapped = {path: tuple(item.map(function) for item in items) for path, items in self.lookups.items()}
        return Gradient(of_parts(function, (self.value,), windows, self.lookups), mapped)


def of_parts(
    function: Callable[..., Value],
    values: Sequence[Value],
    windows: Sequence[Window],
    lookups: Mapping[str, tuple[Lookups, ...]],
) -> Value:
    """Return an elementwise function of a gradient, but for tables the sums of that of each look-up.

    Args:
        function: is given a part of the gradient and the same part of the other values; it is 0 where the gradient is.
        values: the gradient of a parameter, and others of the same type.
        windows: the variables that lie in the parameter.
        lookups: those of tables, by path.
    """
    if not lookups:
        return function(*values)
    cuts = [by_runs(vector, windows, lambda item: item if item.path in lookups else None) for vector in values]
    parts = []
    for pieces in zip(*cuts, strict=True):
        window, found = pieces[0][0], [piece for _, piece in pieces]
        if window is None:
            parts.append(function(*found))
        else:
            parts.append(of_table(function, found[1:], window.shape, lookups[window.path]))
    return ops.reshape(join(parts), values[0].shape)


def of_table(
    function: Callable[..., Value], others: Sequence[Value], shape: Shape, lookups: Sequence[Lookups]
) -> Value:
    """Return the sums of a function of each look-up, as a table of this shape; see `of_parts`."""
    tables = [ops.reshape(other, shape) for other in others]
    total, *further = [item.map(function, *tables).sum(shape) for item in lookups]
    for value in further:
        total = total + value
    return total


def find_lookups(gradient: Value, parameter: Value, windows: Sequence[Window]) -> dict[str, tuple[Lookups, ...]]:
    """Return the look-ups of those variables whose gradient consists of look-ups alone, by path.

    A penalty on a table, or a product with it, makes its gradient one of all rows, in TensorFlow as here.

    Args:
        gradient: the gradient, as `nnc.ir.gradients` returns it.
        parameter: the state it belongs to.
        windows: the variables that lie in it, in their order.
    """
    indices = _indices(parameter, windows)
    op, operands = gradient.node.op, gradient.node.operands
    if not indices:
        return {}
    if len(windows) == 1:
        parts = operands if isinstance(op, Reshape) else (gradient,)
    elif isinstance(op, ops.Pack) and len(operands) == len(windows):
        parts = operands
    else:
        return {}
    found = {
        window.path: _terms(part, indices[window.path])
        for window, part in zip(windows, parts, strict=True)
        if window.path in indices
    }
    return {path: terms for path, terms in found.items() if terms}


def _indices(parameter: Value, windows: Sequence[Window]) -> dict[str, set[Value]]:
    """Return the numbers by which rows of variables are looked up, by path."""
    whole = Reshape if len(windows) == 1 else ops.Unpack
    found: dict[str, set[Value]] = {}
    for node in parameter.graph.nodes:
        if isinstance(node.op, Gather):
            table, indices = node.operands
            if isinstance(table.node.op, StraightThrough):  # a weight that a layer has assigned
                table = table.node.operands[1]
            is_part = isinstance(table.node.op, whole) and table.node.operands[0] == parameter
            if is_part or (len(windows) == 1 and table == parameter):
                found.setdefault(windows[table.result].path, set()).add(indices)
    return found


def _terms(value: Value, indices: Collection[Value]) -> tuple[Lookups, ...]:
    """Return the terms of a sum of look-ups; nothing where there is any other term."""
    op, operands = value.node.op, value.node.operands
    if isinstance(op, ScatterAdd):
        return (Lookups(*operands),) if operands[1] in indices else ()
    if not isinstance(op, Add):
        return ()
    left, right = (_terms(operand, indices) for operand in operands)
    return left + right if left and right else ()
