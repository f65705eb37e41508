"""Random dimensions and graphs for Hypothesis, for laws about passes, plans, backends.

Graphs are small, well-conditioned, and have a run-time batch.

``random_graphs()`` draws a `Graph`, ``random_arrays(graph, batch)`` the arrays to run it on:

    @given(random_graphs(), strategies.integers(1, MAXIMUM_BATCH))
    def test_pass_keeps_results(graph, batch):
        inputs, states = random_arrays(graph, batch)
        expected = interpret(graph, inputs, states)

Every value carries bounds while a graph grows, so that no result overflows, none is NaN, and no divisor comes near 0.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from math import exp, log, prod
from typing import Any, Literal

import numpy
from hypothesis import strategies as st

from nnc.ir import PARAMETER, Dim, Graph, SymbolicDim, TensorType, Value, bind_shape, ops, symbol

MAXIMUM_BATCH = 6
"""Largest batch the bounds hold for."""
LIMIT = 30.0
"""A result that could become larger in magnitude is squashed by tanh."""
BATCH = symbol("batch")
INPUT_SHAPES = ((BATCH, 3), (BATCH, 2, 3), (BATCH, 5), (BATCH,), (2, 3), (3,))

SIZES = st.fixed_dictionaries({name: st.integers(0, 40) for name in ("batch", "time", "width")})
"""Sizes of the symbols that `DIMS` are made of."""
DIMS: st.SearchStrategy[Dim] = st.recursive(
    st.integers(-9, 9) | st.sampled_from([BATCH, symbol("time"), symbol("width")]),
    lambda inner: (
        st.tuples(st.sampled_from([operator.add, operator.sub, operator.mul]), inner, inner).map(
            lambda step: step[0](step[1], step[2])
        )
        | st.tuples(inner, st.integers(1, 6)).map(lambda pair: pair[0] // pair[1])
    ),
    max_leaves=6,
)
"""Dimensions: numbers, and whole-number expressions over symbols."""

Level = Literal["smooth", "continuous", "any"]
Bounds = tuple[float, float]


def number(dim: Dim, sizes: Mapping[str, int]) -> int:
    """Return what a dimension is for some sizes."""
    return dim.bind(sizes) if isinstance(dim, SymbolicDim) else dim


def random_arrays(graph: Graph, batch: int, seed: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an array per input and per state: floats of [-1, 1), small whole numbers, random truth values."""
    generator = numpy.random.default_rng(seed)

    def draw(value: Value) -> Any:
        type = value.type.bind(dict.fromkeys(graph.symbols, batch))
        if type.is_floating:
            return generator.uniform(-1.0, 1.0, type.shape).astype(type.dtype)
        return generator.integers(0, 2 if type.dtype == "bool" else 4, type.shape).astype(type.dtype)

    return (
        {label: draw(value) for label, value in graph.inputs.items()},
        {label: draw(value) for label, value in graph.states.items()},
    )


@st.composite
def random_graphs(
    draw: Any, *, steps: int = 10, dtype: str = "float64", level: Level = "continuous", updates: bool = True
) -> Graph:
    """Draw a graph of elementwise ops, products, reductions, movements and composites.

    Args:
        draw: given by Hypothesis.
        steps: largest number of random steps; a step adds one op or a few.
        dtype: element type of inputs and states.
        level: ``smooth`` has derivatives everywhere (for finite differences); ``continuous`` adds kinks (relu, max);
            ``any`` adds jumps (comparisons, floor, argmax), where two backends may differ if they round differently.
        updates: whether states are updated, some of them by exchanging their values.
    """
    grower = Grower(draw, dtype, level)
    for position, shape in enumerate(draw(st.lists(st.sampled_from(INPUT_SHAPES), min_size=1, max_size=3))):
        grower.admit(grower.graph.input(f"x{position}", TensorType(dtype, shape)), (-1.0, 1.0))
    for _ in range(draw(st.integers(1, steps))):
        path, name = draw(st.sampled_from(("", "dense", "block/dense_1"))), draw(st.sampled_from(("", "h")))
        with grower.graph.scope(path, draw(st.sampled_from(("forward", "loss", "backward")))):
            before = len(grower.graph.nodes)
            draw(st.sampled_from(STEPS[level]))(grower)
        if name and len(grower.graph.nodes) > before and not grower.graph.nodes[-1].is_leaf:
            grower.graph.set_name(grower.graph.results(grower.graph.nodes[-1])[0], name)
    grower.graph.output("last", grower.pool[-1])
    for position in range(draw(st.integers(0, 2))):
        grower.graph.output(f"other{position}", grower.pick())
    if updates:
        add_updates(grower)
    return grower.graph


class Grower:
    """A graph under construction, with the values to go on from and their bounds.

    Args:
        draw: Hypothesis's function.
        dtype: element type of all values in the pool.
        level: see `random_graphs`.
    """

    def __init__(self, draw: Callable[[Any], Any], dtype: str, level: Level) -> None:
        self.draw = draw
        self.dtype = dtype
        self.level = level
        self.graph = Graph("random")
        self.pool: list[Value] = []
        self.bounds: dict[Value, Bounds] = {}

    def admit(self, value: Value, bounds: Bounds) -> None:
        """Add a value to the pool, squashed where its bounds are too wide."""
        if max(map(abs, bounds)) > LIMIT:
            value, bounds = ops.tanh(value), (-1.0, 1.0)
        self.pool.append(value)
        self.bounds[value] = bounds

    def pick(self, accepts: Callable[[Value], bool] = lambda value: True) -> Value:
        """Draw a value of the pool that fits; adds a state of shape (2, 3) where none does."""
        fitting = [value for value in self.pool if accepts(value)]
        return self.draw(st.sampled_from(fitting)) if fitting else self.state((2, 3))

    def state(self, shape: tuple[int, ...]) -> Value:
        """Draw a parameter of this shape, known or new."""
        label = f"w{len(self.graph.states) if self.draw(st.booleans()) else 0}/{'x'.join(map(str, shape)) or 'scalar'}"
        value = self.graph.state(label, TensorType(self.dtype, shape), PARAMETER)
        self.bounds[value] = (-1.0, 1.0)
        return value

    def number(self, low: float, high: float) -> float:
        """Draw a number with a short text."""
        return self.draw(st.integers(int(low * 8), int(high * 8))) / 8

    def axis(self, x: Value) -> int:
        """Draw an axis."""
        return self.draw(st.integers(0, x.rank - 1))


def is_tensor(value: Value) -> bool:
    """Whether the value has axes."""
    return value.rank > 0


def count(x: Value, axes: tuple[int, ...]) -> int:
    """Return the largest number of elements along axes."""
    return prod(bind_shape(tuple(x.shape[axis] for axis in axes), {"batch": MAXIMUM_BATCH}))


def corners(first: Bounds, second: Bounds, function: Callable[[float, float], float]) -> Bounds:
    """Return the bounds of a function that is monotonic in each argument."""
    found = [function(x, y) for x in first for y in second]
    return min(found), max(found)


# ---------------------------------------------------------------------- steps


def smooth_unary(grower: Grower) -> None:
    x = grower.pick()
    low, high = grower.bounds[x]
    far = max(abs(low), abs(high))
    choices: list[tuple[Callable[[Value], Value], Bounds]] = [
        (lambda x: -x, (-high, -low)),
        (ops.tanh, (-1.0, 1.0)),
        (ops.sigmoid, (0.0, 1.0)),
        (ops.erf, (-1.0, 1.0)),
        (ops.softplus, (0.0, far + 1.0)),
        (ops.square, (0.0, far * far)),
        (lambda x: ops.sqrt(ops.square(x) + 1.0), (1.0, far + 1.0)),
        (lambda x: ops.log(ops.square(x) + 1.0), (0.0, log(far * far + 1.0))),
        (lambda x: ops.log1p(ops.square(x)), (0.0, log(far * far + 1.0))),
        (lambda x: ops.reciprocal(ops.square(x) + 1.0), (0.0, 1.0)),
        (lambda x: (ops.square(x) + 0.5) ** 1.5, (0.0, (far * far + 0.5) ** 1.5)),
    ]
    if high < 3.0:
        choices += [(ops.exp, (0.0, exp(high))), (ops.expm1, (-1.0, exp(high)))]
    function, bounds = grower.draw(st.sampled_from(choices))
    grower.admit(function(x), bounds)


def scale(grower: Grower) -> None:
    x, number = grower.pick(), grower.number(-2.0, 2.0)
    grower.admit(x * number, corners(grower.bounds[x], (number, number), lambda x, y: x * y))


def shift(grower: Grower) -> None:
    x, number = grower.pick(), grower.number(-2.0, 2.0)
    far = max(map(abs, grower.bounds[x])) + abs(number)
    grower.admit(number - x if grower.draw(st.booleans()) else x + number, (-far, far))


def smooth_binary(grower: Grower) -> None:
    x, y = pair(grower)
    first, second = grower.bounds[x], grower.bounds[y]
    far = max(map(abs, first))
    choices: list[tuple[Callable[[Value, Value], Value], Bounds]] = [
        (lambda x, y: x + y, corners(first, second, lambda x, y: x + y)),
        (lambda x, y: x - y, corners(first, second, lambda x, y: x - y)),
        (lambda x, y: x * y, corners(first, second, lambda x, y: x * y)),
        (lambda x, y: x / (ops.square(y) + 1.0), (-far, far)),
        (ops.logaddexp, (min(first[0], second[0]), max(first[1], second[1]) + 1.0)),
    ]
    function, bounds = grower.draw(st.sampled_from(choices))
    grower.admit(function(x, y), bounds)


def pair(grower: Grower) -> tuple[Value, Value]:
    """Draw two values that broadcast: of one shape (maybe the same value twice), or with a bias, or with a mean."""
    x = grower.pick()
    kind = grower.draw(st.sampled_from(("same shape", "bias", "mean")))
    if kind == "bias" and x.rank and isinstance(x.shape[-1], int):
        return x, grower.state((x.shape[-1],))
    if kind == "mean" and x.rank:
        average = ops.mean(x, grower.axis(x), keepdims=True)
        grower.bounds[average] = grower.bounds[x]
        return (x, average) if grower.draw(st.booleans()) else (average, x)
    return x, grower.pick(lambda value: value.shape == x.shape)


def product(grower: Grower) -> None:
    x = grower.pick(lambda value: value.rank > 1)
    inner, far = x.shape[-1], max(map(abs, grower.bounds[x]))
    if isinstance(inner, int) and grower.draw(st.booleans()):
        bound = count(x, (x.rank - 1,)) * far
        grower.admit(x @ grower.state((inner, grower.draw(st.sampled_from((2, 3, 5))))), (-bound, bound))
    else:
        axes = (*range(x.rank - 2), x.rank - 1, x.rank - 2)
        bound = count(x, (x.rank - 1,)) * far * far
        grower.admit(x @ ops.transpose(x, axes), (-bound, bound))


def reduction(grower: Grower) -> None:
    x = grower.pick(is_tensor)
    axes = tuple(sorted(grower.draw(st.sets(st.integers(0, x.rank - 1), min_size=1))))
    bound, keepdims = max(map(abs, grower.bounds[x])), grower.draw(st.booleans())
    if grower.draw(st.booleans()):
        grower.admit(ops.mean(x, axes, keepdims), (-bound, bound))
    else:
        bound *= count(x, axes)
        grower.admit(ops.sum(x, axes, keepdims), (-bound, bound))


def movement(grower: Grower) -> None:
    x = grower.pick(is_tensor)
    axis = grower.axis(x)
    kind = grower.draw(st.sampled_from(("transpose", "flatten", "expand", "take", "concatenate", "repeat", "pack")))
    length = x.shape[axis]
    result = x
    if kind == "transpose":
        result = ops.transpose(x, grower.draw(st.permutations(range(x.rank))))
    elif kind == "flatten":
        result = ops.reshape(x, (-1,))
    elif kind == "expand" and x.rank < 4:
        result = ops.reshape(x, (*x.shape[:axis], 1, *x.shape[axis:]))
    elif kind == "repeat" and x.rank < 4:
        result = ops.broadcast_to(x, (2, *x.shape))
    elif kind == "take" and isinstance(length, int):
        start = grower.draw(st.integers(0, length - 1))
        result = ops.take(x, axis, start, length, grower.draw(st.integers(1, 2)))
    elif kind == "concatenate" and isinstance(length, int) and length < 8:
        result = ops.concatenate([x, grower.pick(lambda value: value.shape == x.shape)], axis)
        grower.bounds[result] = (-LIMIT, LIMIT)
    elif kind == "pack" and not x.type.symbols:
        slab = grower.graph.add(ops.Pack(), x, grower.state((3,)))[0]
        result = grower.graph.add(ops.Unpack((x.shape, (3,))), slab * 0.5)[0]
    grower.admit(result, grower.bounds.get(result, (-LIMIT, LIMIT) if kind == "concatenate" else grower.bounds[x]))


def composite(grower: Grower) -> None:
    x = grower.pick(is_tensor)
    axis, (low, high) = grower.axis(x), grower.bounds[x]
    if grower.draw(st.booleans()):
        grower.admit(ops.softmax(x, axis), (0.0, 1.0))
    else:
        grower.admit(ops.log_softmax(x, axis), (low - high - log(count(x, (axis,))) - 1.0, 0.0))


def kink(grower: Grower) -> None:
    x, y = pair(grower)
    first, second = grower.bounds[x], grower.bounds[y]
    far = max(map(abs, first))
    choices: list[tuple[Callable[[Value, Value], Value], Bounds]] = [
        (lambda x, y: ops.relu(x), (0.0, far)),
        (lambda x, y: ops.absolute(x), (0.0, far)),
        (lambda x, y: ops.clip(x, -0.5, 0.5), (-0.5, 0.5)),
        (ops.maximum, corners(first, second, max)),
        (ops.minimum, corners(first, second, min)),
    ]
    if x.rank:
        choices.append((lambda x, y: ops.max(x, x.rank - 1), first))
    function, bounds = grower.draw(st.sampled_from(choices))
    grower.admit(function(x, y), bounds)


def jump(grower: Grower) -> None:
    x, y = pair(grower)
    low = min(grower.bounds[x][0], grower.bounds[y][0])
    high = max(grower.bounds[x][1], grower.bounds[y][1])
    choices: list[tuple[Callable[[Value, Value], Value], Bounds]] = [
        (lambda x, y: ops.where(x < y, x, y * 0.5), (min(low, 0.0), max(high, 0.0))),
        (lambda x, y: ops.where(ops.logical_or(x > 0.25, ops.equal(x, y)), y, 1.0), (min(low, 1.0), max(high, 1.0))),
        (lambda x, y: ops.cast(x >= y, x.dtype), (0.0, 1.0)),
        (lambda x, y: ops.floor(x), (low - 1.0, high)),
        (lambda x, y: ops.sign(x) * x, (0.0, max(abs(low), abs(high)))),
    ]
    if x.rank and isinstance(x.shape[-1], int):
        choices.append((lambda x, y: ops.one_hot(ops.argmax(x), x.shape[-1], x.dtype), (0.0, 1.0)))
    function, bounds = grower.draw(st.sampled_from(choices))
    grower.admit(function(x, y), bounds)


SMOOTH = (smooth_unary, smooth_binary, scale, shift, product, reduction, movement, composite)
STEPS: dict[str, tuple[Callable[[Grower], None], ...]] = {
    "smooth": SMOOTH,
    "continuous": (*SMOOTH, kink),
    "any": (*SMOOTH, kink, jump),
}


def add_updates(grower: Grower) -> None:
    """Update the states: a counter, an exchange of two states, and steps that depend on other values."""
    graph, draw = grower.graph, grower.draw
    counter = graph.state("counter", TensorType("int64"), "counter")
    graph.update("counter", counter + 1)
    parameters = [label for label, value in graph.states.items() if value.type.is_floating]
    left, right = (graph.state(label, TensorType(grower.dtype, (3,)), "buffer") for label in ("left", "right"))
    if draw(st.booleans()):
        graph.update("left", right)
        graph.update("right", left if draw(st.booleans()) else left * 0.5 + right)
    for label in parameters:
        if draw(st.booleans()):
            step = ops.mean(grower.pick()) if draw(st.booleans()) else graph.states[label]
            with graph.scope("optimizer", "update"):
                graph.update(label, graph.states[label] - step * 0.125)
