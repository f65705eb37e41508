"""Floating-point numbers that become whole ones: one result everywhere, also for those that are out of range."""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy
import pytest

from nnc.backends.c.toolchain import find_compiler
from nnc.ir import FLOATING, Graph, TensorType, interpret, symbol
from nnc.ir.ops.sizes import WHOLE, Cast
from tests.backends.c.machine import CMachine
from tests.backends.helpers import Machine

EDGES = [sign * (2.0**bits + more) for sign in (1, -1) for bits in (7, 8, 31, 32, 63, 64) for more in (0, -0.5, -1, 1)]
NUMBERS = [*EDGES, 0.0, -0.0, 0.5, -0.5, -0.99, -1.0, 1e30, -1e30, numpy.inf, -numpy.inf, numpy.nan]


def whole(number: float, dtype: str) -> int:
    """What `Cast` says, in Python's numbers, which have no end."""
    least, most = int(numpy.iinfo(dtype).min), int(numpy.iinfo(dtype).max)
    if isnan(number):
        return least
    return most if number >= most else least if number <= least else int(number)


def graph_and_numbers() -> tuple[Graph, dict[str, Any]]:
    graph, inputs = Graph("g"), {}
    for dtype in sorted(FLOATING):
        x = graph.input(dtype, TensorType(dtype, (symbol("batch"),)))
        given = numpy.array(NUMBERS, dtype)
        beside = (numpy.nextafter(given, numpy.array(end, dtype)) for end in (0.0, numpy.inf))
        inputs[dtype] = numpy.concatenate([given, *beside])
        for target in sorted(WHOLE):
            graph.output(f"{dtype} {target}", graph.add(Cast(target), x)[0])
    return graph, inputs


@pytest.mark.parametrize("backend", ["interpreter", "numpy", "c"])
def test_what_is_out_of_range_is_the_nearest_number_and_nan_the_lowest(backend):
    if backend == "c" and find_compiler() is None:
        pytest.skip("needs a C compiler")
    graph, inputs = graph_and_numbers()
    count = len(inputs["float32"])
    if backend == "interpreter":
        found, _ = interpret(graph, inputs)
    elif backend == "numpy":
        found, _ = Machine(graph, count, {}).run(inputs, count)
    else:
        found, _ = CMachine(graph, {"batch": count}, {}).run(inputs, {"batch": count})
    for label, array in found.items():
        dtype, target = label.split()
        assert array.dtype == target
        assert array.tolist() == [whole(number, target) for number in inputs[dtype].tolist()], label
