"""Compares the weights of two programs."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy

from nnc.inspection.difference import WeightChange
from nnc.program import Program, VariableSpec

Array = Any


def compare_weights(
    first: Program, second: Program, renamed: Mapping[str, str]
) -> tuple[tuple[WeightChange, ...], int]:
    """Return the weights that differ, and the number of those that both have.

    Args:
        first: one program.
        second: the other.
        renamed: paths of the second's layers, with those of the same layers of the first.
    """
    mine = {spec.path: spec for spec in first.spec.variables}
    theirs = {_renamed(spec.path, renamed): spec for spec in second.spec.variables}
    found: list[WeightChange] = []
    for path, spec in mine.items():
        other = theirs.get(path)
        if other is None:
            found.append(WeightChange(path, spec.shape, None))
        elif other.shape != spec.shape:
            found.append(WeightChange(path, spec.shape, other.shape))
        else:
            change = _compared(path, _numbers(first, spec), _numbers(second, other))
            found += [] if change is None else [change]
    found += [WeightChange(spec.path, None, spec.shape) for path, spec in theirs.items() if path not in mine]
    return tuple(found), len(mine.keys() & theirs.keys())


def _renamed(path: str, renamed: Mapping[str, str]) -> str:
    """Return the path in the first model of what lies in a layer of the second."""
    layer = path
    while "/" in layer:
        layer = layer.rpartition("/")[0]
        if layer in renamed:
            return renamed[layer] + path[len(layer) :]
    return path


def _numbers(program: Program, spec: VariableSpec) -> Array:
    program.check_single("diff")
    flat = program.states[spec.state].reshape(-1)[spec.offset : spec.offset + prod(spec.shape)]
    return flat.reshape(spec.shape)


def _compared(path: str, x: Array, y: Array) -> WeightChange | None:
    first, second = numpy.asarray(x, "float64"), numpy.asarray(y, "float64")
    if numpy.array_equal(first, second, equal_nan=True):
        return None
    with numpy.errstate(all="ignore"):
        apart = second - first
        norm, scale = float(numpy.linalg.norm(apart)), float(numpy.linalg.norm(first))
        largest = float(numpy.abs(apart).max())
    return WeightChange(path, x.shape, y.shape, norm, norm / scale if scale else None, largest)
