"""Rows of the op with a loop in it: recurrent steps written down once more in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from nnc.ir import Graph, Shape, TensorType, Value, ops
from nnc.ir.ops.scan import Scan
from tests.ir.ops.cases.case import BATCH, FLAT, WHOLE, Case, real, truth, whole


def body(
    build: Callable[..., tuple[Value, ...]],
    *shapes: Shape,
    carries: int,
    sequences: int,
    reverse: bool = False,
    dtypes: dict[int, str] | None = None,
) -> Scan:
    """Make a scan of a step that takes and returns values."""
    graph = Graph("body")
    inputs = [
        graph.input(f"x{index}", TensorType((dtypes or {}).get(index, "float64"), shape))
        for index, shape in enumerate(shapes)
    ]
    for index, result in enumerate(build(*inputs)):
        graph.output(f"result{index}", result)
    return Scan(graph, carries, sequences, reverse)


def stepped(step: Callable[..., tuple[Any, ...]], carries: int, sequences: int, reverse: bool = False) -> Any:
    """Return an oracle that calls a step in NumPy once per row of the sequences."""

    def oracle(*operands: Any) -> tuple[Any, ...]:
        state, rows = operands[:carries], operands[carries : carries + sequences]
        order = list(range(len(rows[0])))
        stacks: dict[int, tuple[Any, ...]] = {}
        for index in order[::-1] if reverse else order:
            found = step(*state, *(row[index] for row in rows), *operands[carries + sequences :])
            state, stacks[index] = found[:carries], found[carries:]
        return (*state, *(numpy.stack(items) for items in zip(*(stacks[index] for index in order), strict=True)))

    return oracle


def logistic(x: Any) -> Any:
    return 1.0 / (1.0 + numpy.exp(-x))


def lstm(h: Value, c: Value, x: Value, recurrent: Value) -> tuple[Value, ...]:
    z = x + h @ recurrent
    i, f, g, o = (ops.take(z, 1, 2 * gate, 2 * gate + 2) for gate in range(4))
    c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
    h = ops.sigmoid(o) * ops.tanh(c)
    return h, c, h


def lstm_in_numpy(h: Any, c: Any, x: Any, recurrent: Any) -> tuple[Any, ...]:
    i, f, g, o = numpy.split(x + h @ recurrent, 4, axis=1)
    c = logistic(f) * c + logistic(i) * numpy.tanh(g)
    h = logistic(o) * numpy.tanh(c)
    return h, c, h


def masked(h: Value, keep: Value, x: Value, scale: Value, shift: Value) -> tuple[Value, ...]:
    new = ops.where(keep, ops.tanh(h * scale + x * shift), h)
    return new, new * scale, h


def masked_in_numpy(h: Any, keep: Any, x: Any, scale: Any, shift: Any) -> tuple[Any, ...]:
    new = keep * numpy.tanh(h * scale + x * shift) + (1 - keep) * h
    return new, new * scale, h


def soft(x: Any) -> Any:
    powers = numpy.exp(x)
    return powers / powers.sum(-1, keepdims=True)


LSTM = ((BATCH, 2), (BATCH, 2), (BATCH, 8), (2, 8))
CASES = [
    *(
        Case(
            body(lstm, *LSTM, carries=2, sequences=1, reverse=reverse),
            (real(BATCH, 2), real(BATCH, 2), real(5, BATCH, 8), real(2, 8)),
            stepped(lstm_in_numpy, 2, 1, reverse),
            flops=5 * (2 * 7 * 2 * 8 + 7 * 8 + 7 * 2 * 9) if not reverse else None,
        )
        for reverse in (False, True)
    ),
    Case(  # as many steps as the batch has rows: a length known at run time only
        body(masked, (3,), (1,), (3,), (3,), (), carries=1, sequences=2, dtypes={1: "bool"}),
        (real(3), truth(BATCH, 1), real(BATCH, 3), real(3), real()),
        stepped(masked_in_numpy, 1, 2),
    ),
    Case(  # two carries change places
        body(lambda a, b, x: (b, a * x), (2, 3), (2, 3), (3,), carries=2, sequences=1, reverse=True),
        (real(2, 3), real(2, 3), real(4, 3)),
        stepped(lambda a, b, x: (b, a * x), 2, 1, reverse=True),
    ),
    Case(  # scalars, a carry that stays and one that forgets
        body(lambda a, b, c, x, y: (a + x * b - c, b, x * y, a * y), (), (), (), (), (), carries=3, sequences=2),
        (real(), real(), real(), real(5), real(5)),
        stepped(lambda a, b, c, x, y: (a + x * b - c, b, x * y, a * y), 3, 2),
    ),
    Case(  # no carry, and a result that is the same in each step
        body(lambda x, w: (x * w, w), (BATCH,), (BATCH,), carries=0, sequences=1),
        (real(3, BATCH), real(BATCH)),
        stepped(lambda x, w: (x * w, w), 0, 1),
    ),
    Case(  # weights that are read twice, and through an op that cannot run for all steps at once
        body(lambda h, x, w: (ops.softmax(h * x + w) * w,), (2, 3), (2, 3), (3,), carries=1, sequences=1),
        (real(2, 3), real(4, 2, 3), real(3)),
        stepped(lambda h, x, w: (soft(h * x + w) * w,), 1, 1),
    ),
    Case(
        body(lambda h, x, w: (h + ops.softmax(w) * x,), (2, 3), (2, 3), (1, 3), carries=1, sequences=1),
        (real(2, 3), real(4, 2, 3), real(1, 3)),
        stepped(lambda h, x, w: (h + soft(w) * x,), 1, 1),
    ),
    Case(
        body(lambda n, x: (n + x, n), (2,), (2,), carries=1, sequences=1, dtypes={0: "int32", 1: "int32"}),
        (whole(2), whole(5, 2)),
        stepped(lambda n, x: (n + x, n), 1, 1),
        WHOLE,
    ),
    Case(  # nothing to do
        body(lambda n, x: (n,), (2,), (2,), carries=1, sequences=1, dtypes={0: "int32", 1: "int32"}),
        (whole(2), whole(5, 2)),
        stepped(lambda n, x: (n,), 1, 1),
        WHOLE,
        flops=0,
    ),
    Case(
        body(lambda n, x: (n + ops.cast(x, "int32"),), (2,), (2,), carries=1, sequences=1, dtypes={0: "int32"}),
        (whole(2), real(5, 2, low=1.0, high=1.9)),
        stepped(lambda n, x: (n + 1,), 1, 1),
        FLAT,
    ),
]
