"""Steps of a random graph that have bodies: loops and fusions, which are grown like graphs."""

from __future__ import annotations

from contextlib import suppress

from nnc.errors import ShapeError
from nnc.ir import Graph, TensorType, Value, ops
from nnc.ir.ops.fusion import Fusion
from nnc.ir.ops.scan import Scan
from tests.graphs.grower import ELEMENTS, EXACT, FLOATS, LIMIT, WHOLES, Grower, Known
from tests.graphs.steps import STEPS, anything, step

DEEPEST = 2
"""Bodies inside bodies."""


def grow(grower: Grower, count: int) -> None:
    """Add the steps of some ops."""
    for _ in range(count):
        with suppress(ShapeError):  # what never fits is not added
            STEPS[grower.choose(grower.names)](grower)


def body_of(grower: Grower, types: list[TensorType], known: list[Known]) -> Grower:
    """Return the beginnings of a body."""
    names = tuple(name for name in grower.names if name not in ("input", "state"))
    inner = Grower(grower.random, Graph("body"), names, grower.depth + 1)
    for number, (type, found) in enumerate(zip(types, known, strict=True)):
        inner.known[inner.graph.input(f"x{number}", type)] = found
    return inner


@step("fusion")
def fusion(grower: Grower, name: str) -> None:
    if grower.depth >= DEEPEST:
        return
    operands = list(dict.fromkeys(anything(grower) for _ in range(grower.whole(1, 3))))
    inner = body_of(grower, [value.type for value in operands], [grower.known[value] for value in operands])
    grow(inner, grower.whole(1, 5))
    results = [value for value in inner.known if not value.node.is_leaf][-2:]
    if not results:
        return
    for number, value in enumerate(results):
        inner.graph.output(f"r{number}", value)
    found = grower.graph.add(Fusion("part", inner.graph), *operands)
    for value, result in zip(found, results, strict=True):
        grower.known[value] = inner.known[result]


@step("scan")
def scan(grower: Grower, name: str) -> None:
    if grower.depth >= DEEPEST:
        return
    first = anything(grower, 1, 4)
    time = first.shape[0]
    others = [value for value in grower.known if value.rank and value.shape[0] == time]
    sequences = [first, *(grower.choose(others) for _ in range(grower.whole(0, 1)) if others)]
    carries = [grower.number(0, 2, True) for _ in range(grower.whole(0, 2))]
    captured = [anything(grower, 0, 3) for _ in range(grower.whole(0, 2))]
    types = [value.type for value in carries]
    types += [value.type.with_shape(value.shape[1:]) for value in sequences]
    types += [value.type for value in captured]
    outside = [*carries, *sequences, *captured]
    inner = body_of(grower, types, [grower.known[value] for value in outside])
    inputs = list(inner.graph.inputs.values())
    for value in inputs[: len(carries)]:
        inner.known[value] = Known(LIMIT)
    grow(inner, grower.whole(1, 6))
    new = [carried(inner, value) for value in inputs[: len(carries)]]
    stacks = [grower.choose(list(inner.known)[-5:]) for _ in range(grower.whole(0 if carries else 1, 2))]
    if carries and grower.chance(0.6):  # a carry as it is before or after each step, which moves through the stack
        stacks.append(grower.choose([*new, *inputs[: len(carries)]]))
    stacks = [value for value in stacks if grower.elements((time, *value.shape)) <= 8 * ELEMENTS]
    if not carries and not stacks:
        return
    for number, value in enumerate([*new, *stacks]):
        inner.graph.output(f"r{number}", value)
    op = Scan(inner.graph, len(carries), len(sequences), grower.chance(0.5))
    found = grower.graph.add(op, *outside)
    known = [Known(LIMIT, inner.known[value].is_exact, inner.known[value].is_wild) for value in new]
    known += [inner.known[value] for value in stacks]
    for value, item in zip(found, known, strict=True):
        grower.known[value] = item


def carried(inner: Grower, old: Value) -> Value:
    """Return what a carry becomes: a value of its type, whose numbers stay as they were known to be."""

    def accepts(value: Value) -> bool:
        known = inner.known[value]
        return value.type == old.type and known.is_exact and not known.is_wild

    value = inner.choose([item for item in inner.known if accepts(item)] or [old])
    if old.dtype in FLOATS:
        low, high = (inner.graph.constant(end, old.dtype) for end in (-8.0, 8.0))
        value = ops.minimum(ops.maximum(value + old, low), high)
        inner.known[value] = EXACT
    elif old.dtype == "bool" or old.dtype in WHOLES:
        value = ops.maximum(value, old) if old.dtype in WHOLES else value
        inner.known[value] = inner.known[old]
    return value
