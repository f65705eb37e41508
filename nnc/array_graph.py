"""Computes at once what is recorded: a graph whose values have their numbers, for derivatives in a plain loop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import Any

import numpy

from nnc.eager_tensor import EagerTensor
from nnc.ir import Graph, State, TensorType, Value
from nnc.layers.lowering import RANDOM, lowering
from nnc.layers.variable import Variable
from nnc.optimizers.applying import Pairs, applying
from nnc.recording import Meanings, label_of
from nnc.utils import random_generator

Array = Any


class ArrayGraph(Graph):
    """A graph that knows the numbers of its values, which are computed when somebody asks for them."""

    is_concrete = True

    def __init__(self) -> None:
        super().__init__("eager")
        self._known: dict[Value, Array] = {}

    def of_array(self, array: Any) -> Value:
        """Return an array as an input."""
        if isinstance(array, EagerTensor) and array.recorded is not None and array.recorded.graph is self:
            found: Value = array.recorded
            return found
        given = numpy.asarray(array)
        value = self.input(f"x{len(self.inputs)}", TensorType(given.dtype.name, given.shape))
        self._known[value] = given.copy()
        return value

    def know(self, value: Value, array: Array) -> None:
        """Know the numbers of a value."""
        self._known[value] = numpy.array(array)

    def numbers(self, value: Value) -> Array:
        """Return a copy of the numbers of a value."""
        waiting = [value.node]
        while waiting:
            node = waiting[-1]
            results = self.results(node)
            if results[0] in self._known:
                waiting.pop()
                continue
            missing = [operand.node for operand in node.operands if operand not in self._known]
            if missing:
                waiting += missing
                continue
            if isinstance(node.op, State) and node.op.label == RANDOM:
                found: Any = numpy.array([random_generator().integers(2**32), 0], value.dtype)
            else:
                with numpy.errstate(all="ignore"):
                    found = node.op.evaluate(*(self._known[operand] for operand in node.operands))
            for result, array in zip(results, found if isinstance(found, tuple) else (found,), strict=True):
                self._known[result] = numpy.asarray(array, result.dtype)
            waiting.pop()
        return self._known[value].copy()


@contextmanager
def recording_arrays() -> Iterator[ArrayGraph]:
    """Let layers and functions that are called on arrays inside the block give values that have their numbers.

    What variables are assigned there they have after the block.
    """
    graph = ArrayGraph()

    def declare(variable: Variable) -> None:
        label = label_of(variable)
        with graph.scope(path="", phase="forward"):
            context.declare(variable, label)
        graph.know(context.meanings[variable], variable.memory)

    def apply(optimizer: Any, pairs: Pairs) -> None:
        """Take a step at once; what reads the variables from then on has their new values."""
        known = [(graph.numbers(item) if isinstance(item, Value) else item, variable) for item, variable in pairs]
        settle()
        Context().run(optimizer.array_steps.take, known)  # outside of the block, where variables have their arrays
        for _, variable in pairs:
            context.meanings.pop(variable, None)

    def settle() -> None:
        assigned = {variable: graph.numbers(value) for variable, value in context.updates.items()}
        context.updates.clear()
        for variable, array in assigned.items():
            Context().run(variable.assign, array)

    with lowering(graph, None, meanings=Meanings(declare)) as context, applying(apply):
        yield graph
    settle()
