"""Binds run-time dimensions to sizes, which gives layouts, and values that need no step."""

from __future__ import annotations

from collections.abc import Mapping

import numpy

from nnc.ir import Constant, Input, Layout, State, Value, bind_shape
from nnc.plan.flatten import FlatGraph


class Layouts:
    """Layouts of values for given sizes of the run-time dimensions."""

    def __init__(self, bindings: Mapping[str, int]) -> None:
        self.bindings = bindings
        self._known: dict[Value, Layout] = {}

    def set(self, value: Value, layout: Layout | None = None) -> None:
        """Record a layout; None means dense."""
        self._known[value] = Layout.dense(bind_shape(value.shape, self.bindings)) if layout is None else layout

    def __getitem__(self, value: Value) -> Layout:
        return self._known[value]


def bound_constants(flat: FlatGraph, bindings: Mapping[str, int]) -> dict[Value, numpy.ndarray]:
    """Return the values that are known once the run-time dimensions are: constants, sizes, and what depends on them."""
    graph = flat.graph
    known: dict[Value, numpy.ndarray] = {}
    for node in graph.nodes:
        results = graph.results(node)
        if isinstance(node.op, Input | State) or any(operand not in known for operand in node.operands):
            continue
        if not node.operands and not isinstance(node.op, Constant) and node.op.arity != 0:
            continue
        with numpy.errstate(all="ignore"):
            found = node.op.bind(bindings).evaluate(*(known[operand] for operand in node.operands))
        arrays = found if isinstance(found, tuple) else (found,)
        known.update((value, numpy.asarray(array, value.dtype)) for value, array in zip(results, arrays, strict=True))
    return known
