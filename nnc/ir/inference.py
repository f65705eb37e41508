"""Infers a graph's types again with numbers instead of its symbols, which decides what symbols left open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from nnc.errors import ShapeError
from nnc.ir.dimensions import SymbolicDim
from nnc.ir.types import LARGEST, TensorType, check_bytes

if TYPE_CHECKING:
    from nnc.ir.graph import Graph
    from nnc.ir.op import Op


_REMEMBERED_SIZES = 256
"""Combinations of sizes that are remembered, so that memory does not grow with their number."""


class _Application(NamedTuple):
    """An op on operands of some types, where the op, an operand or a result has symbols."""

    op: Op
    is_bound: bool
    """Whether its attributes have no symbols."""
    operands: tuple[TensorType, ...]
    results: tuple[TensorType, ...]
    path: str


class Inference:
    """The types to infer again for each combination of sizes: equal ops on equal types once.

    Args:
        graph: the graph; the bodies inside it have its symbols.
    """

    def __init__(self, graph: Graph) -> None:
        self._applications: dict[Any, _Application] = {}
        self._has_symbols: dict[TensorType, bool] = {}
        self._dims: set[SymbolicDim] = set()
        self._fitting: set[tuple[tuple[str, int], ...]] = set()
        self._add(graph)
        self._types = [type for type, has_symbols in self._has_symbols.items() if has_symbols]

    def _add(self, graph: Graph, path: str = "") -> None:
        for node in graph.nodes:
            op, path_here = node.op, node.path or path
            for body in op.bodies:
                self._add(body, path_here)
            results = [self._is_symbolic(type) for type in node.types]
            if node.is_leaf:
                continue
            operands = tuple(operand.type for operand in node.operands)
            dims = set(symbolic_dims(op.attributes().values()))
            self._dims |= dims
            if dims or any((*results, *map(self._is_symbolic, operands))):
                key = id(op) if op.bodies else op, operands, node.types  # to compare bodies would take longer
                self._applications.setdefault(
                    key, _Application(op, not dims and not op.bodies, operands, node.types, path_here)
                )

    def _is_symbolic(self, type: TensorType) -> bool:
        if type not in self._has_symbols:
            dims = set(symbolic_dims(type.shape))
            self._dims |= dims
            self._has_symbols[type] = bool(dims)
        return self._has_symbols[type]

    def check(self, bindings: Mapping[str, int]) -> None:
        """Infer all again with sizes, unless they are known to fit.

        Raises:
            SymbolError: a symbol has no size.
            ShapeError: with these sizes an op does not accept its operands, a result has another type than the graph
                says, or a number or the bytes of a value are more than an offset can hold.
        """
        key = tuple(bindings.items())
        if key in self._fitting:
            return
        magnitudes = check_dims(self._dims, bindings)
        for type in self._types:
            try:
                check_bytes(type, (dim if isinstance(dim, int) else magnitudes[dim] for dim in type.shape))
            except ShapeError as error:
                raise ShapeError(f"{error}{_where(bindings)}") from error
        types = {type: type.bind(bindings) for type in self._types}
        for op, is_bound, given, declared, path in self._applications.values():
            operands, expected = (tuple([types.get(type, type) for type in item]) for item in (given, declared))
            try:
                found = op.result_types(operands) if is_bound else op.bound_types(bindings, operands)
                if found != expected:
                    listed = [", ".join(map(str, item)) for item in (found, expected)]
                    raise ShapeError(f"'{op.title}' gives {listed[0]}, its graph says {listed[1]}")
            except ShapeError as error:
                layer = f"layer '{path}': " if path else ""
                raise ShapeError(f"{layer}{error}{_where(bindings)}") from error
        if len(self._fitting) >= _REMEMBERED_SIZES:
            self._fitting.clear()
        self._fitting.add(key)


def _where(bindings: Mapping[str, int]) -> str:
    """Return the end of a message that says for which sizes it is."""
    sizes = ", ".join(f"{symbol} = {size}" for symbol, size in sorted(bindings.items()))
    return f", where {sizes}" if sizes else ""


def symbolic_dims(values: Iterable[Any]) -> Iterator[SymbolicDim]:
    """Yield the dimensions with symbols among values, and inside the tuples and types among them."""
    for value in values:
        if isinstance(value, SymbolicDim):
            yield value
        elif isinstance(value, TensorType):
            yield from symbolic_dims(value.shape)
        elif isinstance(value, tuple):
            yield from symbolic_dims(value)


def check_dims(dims: Iterable[SymbolicDim], bindings: Mapping[str, int]) -> dict[SymbolicDim, int]:
    """Return the magnitudes of dimensions.

    Raises:
        SymbolError: a symbol has no size.
        ShapeError: a number that comes up is more than an offset can hold.
    """
    magnitudes = {dim: dim.magnitude(bindings) for dim in dims}
    for dim, magnitude in magnitudes.items():
        if magnitude > LARGEST:
            raise ShapeError(f"the terms of {dim} add up to {magnitude}, more than 64 bits can hold{_where(bindings)}")
    return magnitudes
