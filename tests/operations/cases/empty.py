"""Calls whose operands or results have an axis of length 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.operations.cases.case import Call


def _updated(ops: Any, x: Any, empty: Any) -> Any:
    return ops.slice_update(ops.stop_gradient(x), (0, 0, 2), ops.stop_gradient(empty))  # TensorFlow has no gradient


_WITH_NOTHING: dict[str, Callable[..., Any]] = {
    "All": lambda ops, x, empty: ops.all(empty, 2),
    "Any": lambda ops, x, empty: ops.any(empty, 2, keepdims=True),
    "Append": lambda ops, x, empty: ops.append(empty, x, 2),
    "Argsort": lambda ops, x, empty: ops.argsort(empty, 2),
    "ArraySplit": lambda ops, x, empty: ops.array_split(x, 9, axis=2),
    "BroadcastTo": lambda ops, x, empty: x + ops.sum(ops.broadcast_to(x[0, 0, :1], (6, 0)), 1),
    "Concatenate": lambda ops, x, empty: ops.concatenate([empty, x, empty, x], 2),
    "CountNonzero": lambda ops, x, empty: ops.count_nonzero(empty, 2),
    "Cumsum": lambda ops, x, empty: ops.cumsum(empty, 2),
    "Diff": lambda ops, x, empty: ops.diff(x, 9, axis=2),
    "Einsum": lambda ops, x, empty: ops.einsum("abc,abc->ab", empty, empty),
    "Flip": lambda ops, x, empty: ops.flip(empty, 2),
    "Logsumexp": lambda ops, x, empty: ops.logsumexp(empty, 2),
    "Matmul": lambda ops, x, empty: ops.matmul(empty, ops.swapaxes(empty, 1, 2)),
    "Max": lambda ops, x, empty: ops.max(empty, 2, initial=3.0),
    "Mean": lambda ops, x, empty: ops.mean(empty, 2),
    "Min": lambda ops, x, empty: ops.min(empty, 2, keepdims=True, initial=3.0),
    "Multiply": lambda ops, x, empty: x[:, :, :1] * empty,
    "Pad": lambda ops, x, empty: ops.pad(empty, ((0, 0), (0, 0), (1, 2)), constant_values=2.0),
    "Prod": lambda ops, x, empty: ops.prod(empty, 2),
    "Repeat": lambda ops, x, empty: ops.repeat(x, 0, axis=2),
    "Transpose": lambda ops, x, empty: ops.transpose(empty, (0, 2, 1)),
    "Roll": lambda ops, x, empty: ops.roll(empty, 1, axis=2),
    "Slice": lambda ops, x, empty: ops.slice(x, (0, 1, 2), (-1, 2, 0)),
    "SliceUpdate": _updated,
    "Softmax": lambda ops, x, empty: ops.softmax(empty),
    "LogSoftmax": lambda ops, x, empty: ops.log_softmax(empty),
    "Sort": lambda ops, x, empty: ops.sort(ops.stop_gradient(empty), 2),
    "Split": lambda ops, x, empty: ops.split(x, [0, 0, 2, 6], axis=2),
    "Stack": lambda ops, x, empty: ops.stack([empty, empty], 2),
    "Sum": lambda ops, x, empty: ops.sum(empty, 2),
    "Take": lambda ops, x, empty: ops.take(x, ops.zeros((0,), "int32"), axis=2),
    "TakeAlongAxis": lambda ops, x, empty: ops.take_along_axis(x, ops.cast(empty, "int32"), 2),
    "Tile": lambda ops, x, empty: ops.tile(x, (1, 1, 0)),
    "TopK": lambda ops, x, empty: ops.top_k(x, 0),
    "Var": lambda ops, x, empty: ops.var(empty, 2),
    "Where": lambda ops, x, empty: ops.where(empty > 1.0, empty, 2.0),
}


def _given_nothing(call: Callable[..., Any]) -> Call:
    return lambda ops, x: call(ops, x, x[:, :, :0])


CALLS: dict[str, Call] = {f"{name} of nothing": _given_nothing(call) for name, call in _WITH_NOTHING.items()}
