"""Branches and loops: a graph has both branches, and as many steps of a loop as there may be.

Arguments are those of `keras.ops`; see `nnc.ops`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers import SymbolicTensor
from nnc.ops.dispatch import as_arrays, operate
from nnc.structure import leaves, map_leaves

__all__ = [
    "associative_scan",
    "cond",
    "fori_loop",
    "map",
    "scan",
    "switch",
    "vectorized_map",
    "while_loop",
]

_TENSORS = (numpy.ndarray, Value, SymbolicTensor)
_LATER = (Value, SymbolicTensor)
_OTHER_STRUCTURE = "branches and steps must return results of the same structure, as part of a graph"


def cond(pred: Any, true_fn: Any, false_fn: Any) -> Any:
    """Return what one of two functions returns; where the condition is part of a graph, both are computed.

    Raises:
        ModelError: the condition is not one truth value, or both return results of other structures.
    """
    if not isinstance(pred, _LATER):
        if numpy.size(pred) != 1:
            raise ModelError(
                f"ops.cond: pred must be one truth value, got {numpy.size(pred)}; ops.where chooses by element"
            )
        return true_fn() if numpy.asarray(pred) else false_fn()
    if any(dim != 1 for dim in pred.shape):
        raise ModelError(
            f"ops.cond: pred must be one truth value, got shape {pred.shape}; ops.where chooses by element"
        )
    return _selected(operate("Reshape", pred, newshape=()), true_fn(), false_fn())


def switch(index: Any, branches: Any, *operands: Any) -> Any:
    """Return what one of several functions returns; an index beyond them is that of the nearest."""
    last = len(branches) - 1
    if not isinstance(index, _LATER):
        return branches[min(max(int(numpy.asarray(index)), 0), last)](*operands)
    found = branches[last](*operands)
    for number in reversed(range(last)):
        found = _selected(operate("LessEqual", index, number), branches[number](*operands), found)
    return found


def while_loop(cond: Any, body: Any, loop_vars: Any, maximum_iterations: Any = None) -> Any:
    """Return the variables of a loop after its last step.

    Raises:
        ModelError: the condition is part of a graph, and nothing says how many steps there may be at most.
    """
    is_many = isinstance(loop_vars, list | tuple)
    variables = tuple(loop_vars) if is_many else (loop_vars,)
    steps = 0
    while maximum_iterations is None or steps < maximum_iterations:
        goes_on = cond(*variables)
        if isinstance(goes_on, _LATER):
            if maximum_iterations is None:
                raise ModelError(
                    "ops.while_loop: a static graph has a fixed number of steps; give maximum_iterations, after which"
                    " the loop ends at the latest"
                )
            variables = tuple(_selected(goes_on, _many(body(*variables)), variables))
        elif numpy.asarray(goes_on):
            variables = _many(body(*variables))
        else:
            break
        steps += 1
    return type(loop_vars)(variables) if is_many else variables[0]


def fori_loop(lower: Any, upper: Any, body_fun: Any, init_val: Any) -> Any:
    """Return what is left of a value after each number of a range has been its turn.

    Raises:
        ModelError: an end is part of a graph.
    """
    if leaves((lower, upper), _LATER):
        raise ModelError("ops.fori_loop: a static graph has a fixed number of steps; lower and upper must be numbers")
    value = init_val
    for number in range(int(lower), int(upper)):
        value = body_fun(number, value)
    return value


def scan(f: Any, init: Any, xs: Any = None, length: Any = None, reverse: Any = False, unroll: Any = 1) -> Any:
    """Return what a function carries through the elements of a first axis, and what it returns for each of them.

    `unroll` changes nothing: in a graph all steps are.

    Raises:
        ModelError: nothing says how many there are.
    """
    del unroll
    xs = _tensors(xs)
    count = _length("scan", xs, length)
    carry, found = init, []
    for number in reversed(range(count)) if reverse else range(count):
        carry, result = f(carry, _element(xs, number))
        found.append(result)
    return carry, _stacked(found[::-1] if reverse else found)


def map(f: Any, xs: Any) -> Any:
    """Return what a function returns for each element of a first axis."""
    xs = _tensors(xs)
    return _stacked([f(_element(xs, number)) for number in range(_length("map", xs, None))])


def vectorized_map(function: Any, elements: Any) -> Any:
    """Return what a function returns for each element of a first axis."""
    return map(function, elements)


def associative_scan(f: Any, elems: Any, reverse: Any = False, axis: Any = 0) -> Any:
    """Return what an associative function makes of all elements up to each one along an axis."""
    elems = _tensors(elems)
    count = _known("associative_scan", leaves(elems, _TENSORS)[0].shape[axis])
    parts = [_part(elems, number, axis) for number in range(count)]
    parts = parts[::-1] if reverse else parts
    found = parts[:1]
    for part in parts[1:]:
        found.append(f(found[-1], part))
    return _joined(found[::-1] if reverse else found, "Concatenate", axis)


def _part(elems: Any, number: int, axis: int) -> Any:
    """Return the slices of one element, with its axis."""
    return map_leaves(partial(_taken, numpy.array([number], "int32"), axis), elems, _TENSORS)


def _taken(places: Any, axis: int, x: Any) -> Any:
    return operate("Take", x, places, axis=axis)


def _selected(condition: Any, one: Any, other: Any) -> Any:
    """Return nested tensors of one where a condition holds, else those of the other."""
    if isinstance(one, list | tuple):
        if not isinstance(other, list | tuple) or len(one) != len(other):
            raise ModelError(_OTHER_STRUCTURE)
        parts = [_selected(condition, *pair) for pair in zip(one, other, strict=True)]
        return parts if isinstance(one, list) else tuple(parts)
    if isinstance(one, dict):
        if not isinstance(other, dict) or one.keys() != other.keys():
            raise ModelError(_OTHER_STRUCTURE)
        return {key: _selected(condition, part, other[key]) for key, part in one.items()}
    return None if one is None and other is None else operate("Where", condition, one, other)


def _many(found: Any) -> tuple[Any, ...]:
    return tuple(found) if isinstance(found, list | tuple) else (found,)


def _tensors(xs: Any) -> Any:
    """Return nested tensors, with arrays instead of lists of numbers."""
    return None if xs is None else as_arrays([xs])[0]


def _length(name: str, xs: Any, length: Any) -> int:
    found = leaves(xs, _TENSORS)
    if not found and length is None:
        raise ModelError(f"ops.{name}: give xs, or the number of steps as length")
    return _known(name, found[0].shape[0] if found else length)


def _known(name: str, length: Any) -> int:
    if length == 0:
        raise ModelError(f"ops.{name}: there is nothing to go through, and so nothing says what the function returns")
    if not isinstance(length, int):
        raise ModelError(
            f"ops.{name}: a static graph has a fixed number of steps, and the length of this axis is known when it runs"
        )
    return length


def _element(xs: Any, number: int) -> Any:
    return map_leaves(lambda x: x[number], xs, _TENSORS)


def _stacked(found: Sequence[Any]) -> Any:
    """Return results of steps one behind the other, each leaf by itself."""
    return _joined(found, "Stack", 0)


def _joined(found: Sequence[Any], name: str, axis: int) -> Any:
    """Return what an operation of several tensors makes of each leaf of nested ones."""
    first = found[0] if found else None
    if first is None:
        return None
    if isinstance(first, list | tuple):
        parts = [_joined(items, name, axis) for items in zip(*found, strict=True)]
        return parts if isinstance(first, list) else tuple(parts)
    if isinstance(first, dict):
        return {key: _joined([item[key] for item in found], name, axis) for key in first}
    return operate(name, *found, axis=axis)
