"""A random graph under construction: its values, what is known of their numbers, and operands that fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy

from nnc.ir import PARAMETER, Dim, Graph, Op, Shape, SymbolicDim, TensorType, Value, bind_shape, ops, symbol
from nnc.ir.inference import symbolic_dims

SYMBOLS = ("batch", "time", "width")
SIZES = (0, 1, 2, 3, 5, 8, 13)
LARGEST = max(SIZES)
NUMBERS = (1, 2, 3, 4, 5, 8, 17)
ELEMENTS = 6000
"""Elements of the largest values, for the largest sizes."""
LIMIT = 64.0
"""What becomes larger in magnitude is limited before the graph goes on from it."""
FLOATS = ("float32", "float64")
WHOLES = ("int32", "int64", "uint32", "uint64", "uint8")


@dataclass(frozen=True)
class Known:
    """What is known of the numbers of a value.

    Args:
        limit: none is larger in magnitude.
        is_exact: whether all are whole numbers without rounding, so that ops may jump between them.
        is_wild: whether some may be NaN, infinite or, being whole, near the end of their type.
        is_single: whether they may have been rounded to single precision on their way.
    """

    limit: float = 8.0
    is_exact: bool = True
    is_wild: bool = False
    is_single: bool = False

    def but(self, limit: float | None = None, is_exact: bool | None = None) -> Known:
        """Return the same but for what is given."""
        limit, is_exact = self.limit if limit is None else limit, self.is_exact if is_exact is None else is_exact
        return replace(self, limit=limit, is_exact=is_exact)


EXACT, ROUNDED, WILD = Known(), Known(is_exact=False), Known(is_wild=True)
Accepts = Callable[[Value], bool]


@dataclass
class Grower:
    """A graph that grows.

    Args:
        random: where all choices come from.
        graph: what is added to.
        names: of the ops to choose from.
        depth: bodies around it; a body has no inputs or states but those it begins with.
        known: the values to go on from, and what is known of them.
        drawn: how the numbers of inputs and states are drawn, by label.
    """

    random: numpy.random.Generator
    graph: Graph
    names: tuple[str, ...]
    depth: int = 0
    known: dict[Value, Known] = field(default_factory=dict)
    drawn: dict[str, Callable[[numpy.random.Generator, tuple[int, ...]], Any]] = field(default_factory=dict)

    # ------------------------------------------------------------------ choices

    def choose(self, items: Sequence[Any]) -> Any:
        """Return one of some things."""
        return items[int(self.random.integers(len(items)))]

    def chance(self, share: float) -> bool:
        """Return True in a share of all cases."""
        return bool(self.random.random() < share)

    def whole(self, low: int, high: int) -> int:
        """Return a number from low to high."""
        return int(self.random.integers(low, high + 1))

    def dim(self) -> Dim:
        """Return a length: a number, or an expression over symbols, that is negative for no size."""
        if self.chance(0.5):
            return int(self.choose(NUMBERS))
        name = symbol(self.choose(SYMBOLS))
        return self.choose([name, name, name, name, name + 1, 2 * name, (name + 1) // 2, name // 2])

    def offset(self) -> Dim:
        """Return a number or an expression that a size may make anything of."""
        name = symbol(self.choose(SYMBOLS))
        return self.choose([name - 1, name - self.whole(1, 4), self.whole(1, 8) - name, name // 2, 2 * name - 3, name])

    def shape(self, least: int = 0, most: int = 4) -> Shape:
        """Return a shape of some rank that is not too large."""
        shape: Shape = ()
        for _ in range(self.whole(least, most)):
            dim = self.dim()
            shape = (*shape, dim if self.elements((*shape, dim)) <= ELEMENTS else 1)
        return shape

    def elements(self, shape: Shape) -> int:
        """Return the largest number of elements of a shape."""
        return prod(max(size, 1) for size in bind_shape_largest(shape))

    # ------------------------------------------------------------------ operands

    def pick(self, accepts: Accepts, dtype: str = "float32", shape: Shape | None = None, known: Known = EXACT) -> Value:
        """Return a value that fits, or a new one."""
        fitting = [value for value in self.known if accepts(value)]
        if fitting and self.chance(0.85):
            return self.choose(fitting[-6:])
        return self.fresh(dtype, self.shape(1) if shape is None else shape, known)

    def of_type(self, type: TensorType, is_exact: bool = True) -> Value:
        """Return a value of a type that is tame."""

        def accepts(value: Value) -> bool:
            known = self.known[value]
            return value.type == type and not known.is_wild and (known.is_exact or not is_exact)

        return self.pick(accepts, type.dtype, type.shape)

    def floating(self, least: int = 0, most: int = 5, is_exact: bool = False, limit: float = LIMIT) -> Value:
        """Return a tame value of floating-point numbers of some rank."""
        return self.number(least, most, is_exact, limit, FLOATS)

    def number(
        self,
        least: int = 0,
        most: int = 5,
        is_exact: bool = False,
        limit: float = LIMIT,
        dtypes: Sequence[str] = (*FLOATS, *WHOLES),
        is_wild: bool = False,
        wraps_around: bool = False,
    ) -> Value:
        """Return a value of numbers of some rank; a wild one may be any number, and a whole one that wraps around."""

        def accepts(value: Value) -> bool:
            known = self.known[value]
            fits = known.is_exact or not is_exact
            tame = not known.is_wild and known.limit <= limit
            wraps = value.dtype in WHOLES and (wraps_around or is_wild)
            return value.dtype in dtypes and least <= value.rank <= most and fits and (is_wild or wraps or tame)

        dtype = self.choose(dtypes)
        is_any = self.chance(0.3) and (is_wild or (wraps_around and dtype in WHOLES))
        return self.pick(accepts, dtype, self.shape(least, min(most, 4)), WILD if is_any else EXACT)

    def beside(self, x: Value, dtype: str | None = None, known: Known = EXACT) -> Value:
        """Return a value that broadcasts against another and gives its shape."""
        dtype = x.dtype if dtype is None else dtype
        first = self.whole(0, x.rank) if self.chance(0.3) else 0
        shape = tuple(1 if self.chance(0.2) else dim for dim in x.shape[first:])

        def accepts(value: Value) -> bool:
            other = self.known[value]
            tame = known.is_wild or (not other.is_wild and other.limit <= LIMIT)
            return (
                value.dtype == dtype
                and value.shape in (shape, x.shape)
                and tame
                and (other.is_exact or not known.is_exact)
            )

        return self.pick(accepts, dtype, shape, known)

    def fresh(self, dtype: str, shape: Shape, known: Known = EXACT) -> Value:
        """Return a new input, state or constant."""
        if dtype == "bool" or known.limit > LIMIT or (dtype.startswith("u") and known is not WILD):
            known = Known(min(known.limit, LIMIT), True, False)
        if self.depth:
            value = self.graph.constant(self.whole(0, 1) if dtype == "bool" else self.whole(0, 4), dtype)
            value = value if not shape else ops.broadcast_to(value, shape)
        else:
            label = f"x{len(self.graph.inputs)}" if self.chance(0.6) or any(symbolic_dims(shape)) else ""
            type = TensorType(dtype, shape)
            if label:
                value = self.graph.input(label, type)
            else:
                label = f"s{len(self.graph.states)}"
                value = self.graph.state(label, type, PARAMETER)
            self.drawn[label] = drawing(dtype, known)
        self.known[value] = known
        return value

    # ------------------------------------------------------------------ results

    def add(self, op: Op, *operands: Value, known: Known = EXACT) -> tuple[Value, ...]:
        """Add a node, and its results to the values to go on from."""
        results = self.graph.add(op, *operands)
        for value in results:
            self.admit(value, known)
        return results

    def admit(self, value: Value, known: Known) -> None:
        """Add a value to those to go on from; also a limited one where its numbers may be too large."""
        if value.dtype in WHOLES and known.limit > LIMIT:
            known = WILD  # it wraps around
        self.known[value] = known
        if value.dtype in FLOATS and known.limit > LIMIT and not known.is_wild:
            low, high = (self.graph.constant(end, value.dtype) for end in (-8.0, 8.0))
            limited = ops.minimum(ops.maximum(value, low), high)
            self.known[limited] = known.but(8.0)


def bind_shape_largest(shape: Shape) -> tuple[int, ...]:
    """Return a shape for the largest sizes."""
    return bind_shape(shape, dict.fromkeys(SYMBOLS, LARGEST))


def drawing(dtype: str, known: Known) -> Callable[[numpy.random.Generator, tuple[int, ...]], Any]:
    """Return what draws numbers of which something is known."""

    def draw(random: numpy.random.Generator, shape: tuple[int, ...]) -> Any:
        if dtype == "bool":
            return random.integers(0, 2, shape).astype(dtype)
        if dtype in WHOLES:
            limits = numpy.iinfo(dtype)
            low, high = (int(limits.min), int(limits.max)) if known.is_wild else (max(int(limits.min), -4), 4)
            return random.integers(low, high, shape, dtype, endpoint=True)
        if known.is_exact and not known.is_wild:
            return random.integers(-4, 4, shape, endpoint=True).astype(dtype)
        numbers = random.uniform(-2.0, 2.0, shape)
        if known.is_wild:
            odd = [numpy.nan, numpy.inf, -numpy.inf, 3e9, -3e9, 1e20, -0.5, 300.0, 0.0, -0.0]
            numbers = numpy.where(random.random(shape) < 0.5, random.choice(odd, shape), numpy.round(numbers))
        return numbers.astype(dtype)

    return draw


def arrays_of(
    graph: Graph, drawn: Mapping[str, Callable[..., Any]], sizes: Mapping[str, int], seed: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an array for each input and each state."""
    random = numpy.random.default_rng(seed)
    inputs, states = (
        {label: drawn[label](random, bind_shape(value.shape, sizes)) for label, value in values.items()}
        for values in (graph.inputs, graph.states)
    )
    return inputs, states


def solvable(graph: Graph) -> set[str]:
    """Return the symbols that an input has as the length of an axis."""
    dims = {dim for value in graph.inputs.values() for dim in value.shape}
    return {name for name in SYMBOLS if symbol(name) in dims}


def used(graph: Graph) -> set[str]:
    """Return the symbols of a graph, its bodies and attributes."""
    found: set[str] = set()
    for node in graph.nodes:
        values = [*node.types, *node.op.attributes().values()]
        found |= {name for dim in symbolic_dims(values) if isinstance(dim, SymbolicDim) for name in dim.symbols}
        for body in node.op.bodies:
            found |= used(body)
    return found
