"""Infers a graph's types again with numbers in the place of its symbols, which decides what symbols left open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnc.errors import ShapeError, SymbolError
from nnc.ir.dimensions import SymbolicDim
from nnc.ir.types import LARGEST, TensorType, check_bytes

if TYPE_CHECKING:
    from nnc.ir.graph import Graph
    from nnc.ir.op import Op


@dataclass(frozen=True, slots=True)
class _Application:
    """An op on operands of some types, where the op, an operand or a result has symbols.

    Args:
        op: the op.
        operands: types of its operands.
        results: types of its results.
    """

    op: Op
    operands: tuple[TensorType, ...]
    results: tuple[TensorType, ...]


class Inference:
    """What must be inferred again for each combination of sizes: equal ops on equal types once.

    Args:
        graph: the graph; the bodies inside it have its symbols.
    """

    def __init__(self, graph: Graph) -> None:
        self._paths: dict[_Application, str] = {}  # with the layer of the first one
        self._has_symbols: dict[TensorType, bool] = {}
        self._dims: set[SymbolicDim] = set()
        self._add(graph)
        self._types = [type for type, has_symbols in self._has_symbols.items() if has_symbols]

    def _add(self, graph: Graph, path: str = "") -> None:
        for node in graph.nodes:
            for body in node.op.bodies:
                self._add(body, node.path or path)
            results = [self._is_symbolic(type) for type in node.types]
            if node.is_leaf:
                continue
            operands = tuple(operand.type for operand in node.operands)
            dims = set(symbolic_dims(node.op.attributes().values()))
            self._dims |= dims
            if not node.op.inlined and (dims or any((*results, *map(self._is_symbolic, operands)))):
                self._paths.setdefault(_Application(node.op, operands, node.types), node.path or path)

    def _is_symbolic(self, type: TensorType) -> bool:
        if type not in self._has_symbols:
            dims = set(symbolic_dims(type.shape))
            self._dims |= dims
            self._has_symbols[type] = bool(dims)
        return self._has_symbols[type]

    def check(self, bindings: Mapping[str, int]) -> None:
        """Infer all again with sizes.

        Raises:
            SymbolError: a symbol has no size.
            ShapeError: with these sizes an op does not accept its operands, a result has another type than the graph
                says, or a number or the bytes of a value are more than an offset can hold.
        """
        with _naming(bindings):
            magnitudes = check_dims(self._dims, bindings)
            for type in self._types:
                check_bytes(type, (dim if isinstance(dim, int) else magnitudes[dim] for dim in type.shape))
        types = {type: type.bind(bindings) for type in self._types}
        for application, path in self._paths.items():
            with _naming(bindings, path):
                operands, expected = (
                    tuple([types.get(type, type) for type in given])
                    for given in (application.operands, application.results)
                )
                found = application.op.bind(bindings).result_types(operands)
                if found != expected:
                    listed = [", ".join(map(str, given)) for given in (found, expected)]
                    raise ShapeError(f"'{application.op.title}' gives {listed[0]}, its graph says {listed[1]}")


@contextmanager
def _naming(bindings: Mapping[str, int], path: str = "") -> Iterator[None]:
    """Let errors name the layer and the sizes."""
    try:
        yield
    except SymbolError:
        raise
    except ShapeError as error:
        layer = f"layer '{path}': " if path else ""
        sizes = ", ".join(f"{symbol} = {size}" for symbol, size in sorted(bindings.items()))
        raise ShapeError(f"{layer}{error}, where {sizes}" if sizes else f"{layer}{error}") from error


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
            raise ShapeError(f"the terms of {dim} add up to {magnitude}, more than a number of 64 bits can hold")
    return magnitudes
