"""What functions of `nnc.ops` make of what they are given: a part of a graph, a layer between layers, or numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from nnc.arrays import is_array_like, to_array
from nnc.eager_tensor import eager
from nnc.errors import ModelError
from nnc.ir import Graph, Placeholder, SymbolicDim, TensorType, Value, interpret
from nnc.ir.ops.sizes import Size
from nnc.layers import SymbolicTensor
from nnc.layers.lowering import current_graph, entered
from nnc.operations import OPERATIONS, Definition
from nnc.operations.element_types import FLOAT
from nnc.structure import leaves, map_leaves

Array = Any
_NUMBERS = (bool, int, float)


def operate(name: str, *operands: Any, **settings: Any) -> Any:
    """Apply an operation of `keras.ops`.

    Args:
        name: its class in Keras, such as ``Add``.
        operands: tensors, nested as Keras nests them: graph values inside `call`, symbolic tensors between layers, or
            arrays and numbers.
        settings: the arguments that the class is made with.

    Raises:
        NncError: the operands do not suit the operation, or it is not possible in a static graph.
    """
    operands = entered(tuple(_meant(operands)))
    if leaves(operands, SymbolicDim) and not leaves(operands, Value):
        graph = current_graph()
        operands = map_leaves(lambda length: graph.add(Size((length,), "int32"))[0], operands, SymbolicDim)
    if leaves(operands, SymbolicTensor):
        if leaves(operands, Value):
            raise ModelError(f"ops: {name} has symbolic tensors and graph values of a call() at once; pass one kind")
        return SymbolicTensor.operate(name, *operands, **settings)
    definition = OPERATIONS[name]
    given = definition.given(settings)
    if leaves(operands, Value):
        return definition.function(*definition.operands(operands), **given)
    return evaluated(definition, operands, given)


def evaluated(definition: Definition, operands: Any, settings: Mapping[str, Any]) -> Any:
    """Return what an operation makes of arrays and numbers, as arrays.

    Args:
        definition: the operation.
        operands: its operands, nested.
        settings: its other arguments.
    """
    graph = Graph("ops")
    inputs: dict[str, Array] = {}

    def enter(array: Array) -> Value:
        if array.dtype.kind in "iu":  # places above all, which some operations need to know
            return graph.constant(array, array.dtype.name)
        label = f"x{len(inputs)}"
        inputs[label] = array
        return graph.input(label, TensorType(array.dtype.name, array.shape))

    arrays = as_arrays(operands)
    entered = map_leaves(enter, arrays, numpy.ndarray)
    found = definition.function(*definition.operands(entered), **settings)
    results = list(dict.fromkeys(leaves(found, Value)))
    for number, value in enumerate(results):
        graph.output(f"y{number}", value)
    with numpy.errstate(all="ignore"):
        outputs, _ = interpret(graph, inputs)
    known = {value: eager(numpy.asarray(outputs[f"y{number}"])) for number, value in enumerate(results)}
    return map_leaves(known.__getitem__, found, Value)


def as_arrays(operands: Any) -> Any:
    """Return operands with arrays instead of whatever else holds numbers; where none does, of numbers as well.

    A list of numbers is an array, and one of arrays is a list of them. Numbers of Python are int32, float32 or bool by
    themselves, and beside an array they take part as Keras has it.
    """
    found = [_as_array(operand) for operand in operands]
    if not leaves(found, numpy.ndarray):
        found = [map_leaves(_of_number, operand, _NUMBERS) for operand in found]
    return found


def is_in_graph(*operands: Any) -> bool:
    """Return whether an operand has no numbers before a graph runs."""
    return bool(leaves(_meant(operands), (Value, SymbolicTensor)))


def only_arrays(name: str, reason: str, *operands: Any) -> list[Array]:
    """Return the operands of a function that arrays alone have.

    Args:
        name: the function.
        reason: why it cannot be part of a graph.
        operands: what it is given.

    Raises:
        ModelError: one has no numbers before the graph runs.
    """
    if is_in_graph(operands):
        raise ModelError(f"ops.{name} cannot be part of a static graph: {reason}; apply it to arrays before")
    found: list[Array] = as_arrays(_meant(operands))
    return found


def check_no_others(name: str, others: Mapping[str, Any]) -> None:
    """Check that no argument is given that a function does not have.

    Raises:
        ModelError: there is one.
    """
    if others:
        raise ModelError(f"ops.{name} has no argument {', '.join(map(repr, others))}")


def _meant(operands: Any) -> Any:
    """Return operands with what weights stand for: graph values inside `call`, arrays outside of it."""
    return map_leaves(lambda item: item.value if item.has_value else item.memory, operands, Placeholder)


def _as_array(operand: Any) -> Any:
    if operand is None or isinstance(operand, str | slice | numpy.ndarray | Value | SymbolicTensor):
        return operand
    if isinstance(operand, numpy.float64):  # a number of Python's, which it is
        return float(operand)
    if isinstance(operand, numpy.generic):
        return numpy.asarray(operand)
    if isinstance(operand, _NUMBERS):
        return operand
    if isinstance(operand, dict):
        return {key: _as_array(item) for key, item in operand.items()}
    if isinstance(operand, list | tuple):
        parts = [_as_array(item) for item in operand]
        if parts and _is_numbers(operand):
            return _of_numbers(numpy.asarray(operand))
        return parts if isinstance(operand, list) else tuple(parts)
    if is_array_like(operand):
        return to_array(operand, "operand")
    return operand


def _is_numbers(operand: Any) -> bool:
    """Return whether nested lists hold nothing but numbers of Python's."""
    if isinstance(operand, list | tuple):
        return all(_is_numbers(item) for item in operand)
    return isinstance(operand, _NUMBERS)


def _of_number(number: Any) -> Array:
    return _of_numbers(numpy.asarray(number))


def _of_numbers(array: Array) -> Array:
    """Return numbers of Python's in the element types that Keras gives them."""
    return array if array.dtype == bool else array.astype("int32" if array.dtype.kind in "iu" else FLOAT)
