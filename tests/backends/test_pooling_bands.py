"""The gradient of maxima in bands: the same numbers, whatever fits into one."""

from __future__ import annotations

import numpy
import pytest

from nnc.backends.numpy.kernels import pooling
from nnc.ir import Graph, interpret
from tests.backends.helpers import Machine
from tests.ir.ops.cases import BINDINGS, CASES

GRADIENTS = [case for case in CASES if case.op.name == "max_pool_gradient" and pooling._has_rows(case.op)]


@pytest.mark.parametrize("elements", [1, 20, 40])
@pytest.mark.parametrize("case", GRADIENTS, ids=map(str, GRADIENTS))
def test_bands_change_nothing(monkeypatch, case, elements):
    monkeypatch.setattr(pooling, "BAND_ELEMENTS", elements)
    graph = Graph("test")
    operands = [graph.input(f"x{index}", domain.type) for index, domain in enumerate(case.operands)]
    graph.output("y", graph.add(case.op, *operands)[0])
    rows = BINDINGS["batch"]
    arrays = {f"x{index}": array for index, array in enumerate(case.draw())}
    machine = Machine(graph, rows + 2, {})
    for count in (rows, 3, 1):
        inputs = {label: array[:count] for label, array in arrays.items()}
        found, _ = machine.run(inputs, count)
        numpy.testing.assert_array_equal(found["y"], interpret(graph, inputs)[0]["y"])


def test_a_band_takes_less_memory(monkeypatch):
    case = GRADIENTS[0]
    graph = Graph("test")
    operands = [graph.input(f"x{index}", domain.type) for index, domain in enumerate(case.operands)]
    graph.output("y", graph.add(case.op, *operands)[0])
    peaks = []
    for elements in (10**6, 20):
        monkeypatch.setattr(pooling, "BAND_ELEMENTS", elements)
        peaks.append(Machine(graph, 100, {}).plan.peak_bytes)
    assert peaks[1] < 0.8 * peaks[0]
