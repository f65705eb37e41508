"""Random graphs that are hard on memory: views of views, packs, states that change, outputs of any kind.

Elements are small whole numbers in float64, so that every result is exact in whatever order it is computed:
planned and interpreted runs must agree to the bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
from hypothesis import strategies as st

from nnc.errors import ShapeError
from nnc.ir import Dim, Graph, TensorType, Value, bind_shape, broadcast_shapes, ops, size_of, symbol
from nnc.ir.ops.movement import Copy, Scatter

BATCH = symbol("batch")
SHAPES = ((4,), (4,), (2, 2), (1,), (), (1, 4), (4, 1), (0,), (8,), (BATCH,), (BATCH, 2), (2, BATCH))
VECTORS = ((7,), (7,), (7,), (1,), ())
"""Shapes of graphs whose elementwise fusions are long enough for small tiles."""


def whole_arrays(graph: Graph, batch: int, seed: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an array of small whole numbers per input and per state."""
    generator = numpy.random.default_rng(seed)

    def draw(value: Value) -> Any:
        return generator.integers(-3, 4, bind_shape(value.shape, {"batch": batch})).astype(value.dtype)

    return (
        {label: draw(value) for label, value in graph.inputs.items()},
        {label: draw(value) for label, value in graph.states.items()},
    )


@st.composite
def memory_graphs(draw: Any, shapes: tuple[tuple[Dim, ...], ...] = SHAPES, steps: int = 10) -> Graph:
    """Draw such a graph; inputs and states have these shapes."""
    graph = Graph("memory")
    grower = Grower(draw, graph)
    for position, shape in enumerate(draw(st.lists(st.sampled_from(shapes), min_size=1, max_size=3))):
        grower.pool.append(graph.input(f"x{position}", TensorType("float64", shape)))
    numeric = [shape for shape in shapes if BATCH not in shape]
    for position, shape in enumerate(draw(st.lists(st.sampled_from(numeric), max_size=3))):
        grower.pool.append(graph.state(f"s{position}", TensorType("float64", shape), "buffer"))
    grower.pool += [graph.constant(data, "float64") for data in draw(st.sets(st.sampled_from((2.0, -1.0))))]
    if draw(st.booleans()):
        grower.pool.append(graph.constant([1.0, -2.0, 3.0, 0.0], "float64"))
    for _ in range(draw(st.integers(1, steps))):
        with graph.scope(draw(st.sampled_from(("", "layer"))), draw(st.sampled_from(("forward", "backward")))):
            grower.pool += draw(st.sampled_from(STEPS))(grower)
    for position in range(draw(st.integers(1, 3))):
        graph.output(f"o{position}", grower.pick(is_any))
    for label, state in graph.states.items():
        if draw(st.booleans()):
            with graph.scope("optimizer", "update"):
                graph.update(label, next_state(grower, state))
    return graph


def next_state(grower: Grower, state: Value) -> Value:
    """A value of the state's type: one of the pool, a state among them, or a step from the state."""
    known = [value for value in grower.pool if value.type == state.type]
    step = grower.pick(lambda value: is_number(value) and value.shape in ((), state.shape))
    return grower.draw(st.sampled_from([*known[-4:], state - 1.0 if step is None else state - step]))


class Grower:
    """A graph under construction, and the values to go on from."""

    def __init__(self, draw: Callable[[Any], Any], graph: Graph) -> None:
        self.draw = draw
        self.graph = graph
        self.pool: list[Value] = []

    def pick(self, accepts: Callable[[Value], bool]) -> Any:
        """Draw a value that fits, one of the last ones in half of the cases; None where there is none."""
        fitting = [value for value in self.pool if accepts(value)]
        return self.draw(st.sampled_from(fitting[-4:] if self.draw(st.booleans()) else fitting)) if fitting else None

    def pick_beside(self, *others: Value, dtype: str = "float64") -> Any:
        """Draw a value that broadcasts against others."""

        def fits(value: Value) -> bool:
            try:
                broadcast_shapes(value.shape, *(other.shape for other in others))
            except ShapeError:
                return False
            return value.dtype == dtype

        return self.pick(fits)


def is_any(value: Value) -> bool:
    return True


def is_number(value: Value) -> bool:
    return value.dtype == "float64"


def is_vector(value: Value) -> bool:
    return is_number(value) and value.rank == 1 and isinstance(value.shape[0], int)


def is_wide(value: Value) -> bool:
    """Whether the last axis has a known length of at least 1."""
    return is_number(value) and value.rank > 0 and isinstance(value.shape[-1], int) and value.shape[-1] > 0


Step = Callable[[Grower], list[Value]]


def unary(grower: Grower) -> list[Value]:
    functions: list[Callable[[Value], Value]] = [
        ops.relu,
        ops.absolute,
        lambda x: -x,
        lambda x: x + 1.0,
        lambda x: ops.clip(x * x, -8.0, 8.0),
        lambda x: ops.floor(x * 0.5),
        lambda x: ops.cast(ops.cast(x, "int32"), "float64"),
        lambda x: grower.graph.add(Copy(), x)[0],
    ]
    return [grower.draw(st.sampled_from(functions))(grower.pick(is_number))]


def binary(grower: Grower) -> list[Value]:
    functions: list[Callable[[Value, Value], Value]] = [
        lambda x, y: x + y,
        lambda x, y: x - y,
        lambda x, y: ops.clip(x * y, -9.0, 9.0),
        lambda x, y: ops.cast(x >= y, "float64"),
        lambda x, y: x < y,
        ops.maximum,
    ]
    x = grower.pick(is_number)
    return [grower.draw(st.sampled_from(functions))(x, grower.pick_beside(x))]


def where(grower: Grower) -> list[Value]:
    x = grower.pick(is_number)
    y = grower.pick_beside(x)
    condition = grower.pick_beside(x, y, dtype="bool")
    return [ops.where(x < y if condition is None else condition, x, y)]


def reshape(grower: Grower) -> list[Value]:
    x = grower.pick(is_number)
    size = size_of(x.shape)
    shapes = [(size,), (1, size), (size, 1)]
    if isinstance(size, int) and size > 0 and size % 2 == 0:
        shapes += [(2, size // 2), (size // 2, 2)]
    return [ops.reshape(x, grower.draw(st.sampled_from(shapes)))]


def transpose(grower: Grower) -> list[Value]:
    return [ops.transpose(grower.pick(is_number))]


def part(grower: Grower) -> list[Value]:
    x = grower.pick(is_wide)
    if x is None:
        return []
    start = grower.draw(st.integers(0, x.shape[-1] - 1))
    stop = grower.draw(st.integers(start + 1, x.shape[-1]))
    return [ops.take(x, -1, start, stop, grower.draw(st.integers(1, 2)))]


def cut(grower: Grower) -> list[Value]:
    """A part along an axis whose length is known at run time only."""
    x = grower.pick(lambda value: is_number(value) and BATCH in value.shape)
    if x is None:
        return []
    half = (BATCH + 1) // 2
    start, stop, step = grower.draw(
        st.sampled_from([(0, None, 2), (half, None, 1), (0, half, 1), (BATCH - half, half, 2)])
    )
    return [ops.take(x, x.shape.index(BATCH), start, stop, step)]


def repeat(grower: Grower) -> list[Value]:
    x = grower.pick(lambda value: is_number(value) and value.rank < 3)
    return [ops.broadcast_to(x, (2, *x.shape))]


def unpack(grower: Grower) -> list[Value]:
    x = grower.pick(is_vector)
    if x is None:
        return []
    first = grower.draw(st.integers(0, x.shape[0]))
    return list(grower.graph.add(ops.Unpack(((first,), (x.shape[0] - first,))), x))


def pack(grower: Grower) -> list[Value]:
    known = [value for value in grower.pool if is_number(value) and not value.type.symbols and value.type.nbytes < 200]
    if not known:
        return []
    return [
        grower.graph.add(ops.Pack(), *grower.draw(st.lists(st.sampled_from(known[-4:]), min_size=1, max_size=4)))[0]
    ]


def concatenate(grower: Grower) -> list[Value]:
    x = grower.pick(lambda value: is_wide(value) and value.shape[-1] < 16)
    return [] if x is None else [ops.concatenate([x, grower.pick(lambda value: value.type == x.type)])]


def scatter(grower: Grower) -> list[Value]:
    x = grower.pick(lambda value: is_vector(value) and value.shape[0] > 0)
    return [] if x is None else [grower.graph.add(Scatter((2 * x.shape[0] + 1,), (1,), (2 * x.shape[0],), (2,)), x)[0]]


def total(grower: Grower) -> list[Value]:
    x = grower.pick(lambda value: is_number(value) and value.rank > 0)
    if x is None:
        return []
    axis, keepdims = grower.draw(st.integers(0, x.rank - 1)), grower.draw(st.booleans())
    return [ops.clip(ops.sum(x, axis, keepdims), -16.0, 16.0)]


STEPS: tuple[Step, ...] = (
    *(unary, unary, binary, binary, binary, where),
    *(reshape, transpose, part, cut, repeat, unpack, pack, pack, concatenate, scatter, total),
)
