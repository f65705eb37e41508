"""Every op on operands that have an axis of length 0, on both backends beside the op's own meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy
import pytest

from nnc.backends.c.toolchain import find_compiler
from nnc.errors import DataError, ShapeError
from nnc.ir import Graph, TensorType, interpret
from nnc.passes import OPTIMIZE, run_passes
from tests.backends.c.machine import CMachine
from tests.backends.helpers import Machine
from tests.ir.ops.cases import BATCH, CASES, Case

NONE: Mapping[str, int] = {"batch": 0}
SOME: Mapping[str, int] = {"batch": 7}
MACHINES = (Machine, CMachine) if find_compiler() else (Machine,)
HAVE_BODIES = ("fusion", "scan")
"""Ops whose bodies say the types of their operands."""


def variants(case: Case) -> Iterator[tuple[Mapping[str, int], bool, int | None]]:
    """Yield sizes of the batch, whether a graph says them, and the length that is 0 instead."""
    types = [domain.type for domain in case.operands]
    if any("batch" in type.symbols for type in types):
        yield from ((NONE, True, None), (NONE, False, None))
    lengths = {dim for type in types for dim in type.shape if isinstance(dim, int) and dim > 1}
    yield from ((SOME, True, length) for length in sorted(lengths))


def build(case: Case, sizes: Mapping[str, int], is_known: bool, gone: int | None) -> Graph:
    """Return a graph of the op alone.

    Raises:
        ShapeError: the op does not take such operands.
    """
    graph = Graph("test")
    if not is_known:
        graph.input("batch", TensorType("bool", (BATCH,)))
    operands = []
    for number, domain in enumerate(case.operands):
        type = domain.type.bind(sizes) if is_known else domain.type
        type = type.with_shape(0 if dim == gone else dim for dim in type.shape)
        operands.append(graph.input(f"x{number}", type.with_dtype("float32") if type.is_floating else type))
    for number, result in enumerate(graph.add(case.op.bind(sizes) if is_known else case.op, *operands)):
        graph.output(f"y{number}", result)
    return graph


def outputs(graph: Graph, inputs: Mapping[str, Any], bindings: Mapping[str, int], machine: Any = None) -> Any:
    """Return what a graph gives, interpreted or on a machine, or the name of its error."""
    try:
        if machine is None:
            return interpret(graph, inputs)[0]
        return machine(run_passes(graph, OPTIMIZE), bindings, {}).run(inputs, bindings)[0]
    except (DataError, ShapeError) as error:
        return type(error).__name__


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("case", [case for case in CASES if case.op.name not in HAVE_BODIES], ids=str)
@pytest.mark.sampled(1 / 20)
def test_numbers_are_those_of_the_op(case):
    for sizes, is_known, gone in variants(case):
        try:
            graph = build(case, sizes, is_known, gone)
            types = {label: value.type.bind(sizes) for label, value in graph.inputs.items()}
        except ShapeError:
            continue
        generator = numpy.random.default_rng(1)
        inputs = {
            label: generator.uniform(0.1, 1.9, type.shape).astype(type.dtype)  # whole numbers are 0 and 1
            for label, type in types.items()
        }
        bindings = {} if is_known else dict(sizes)
        expected = outputs(graph, inputs, bindings)
        for machine in MACHINES:
            found = outputs(graph, inputs, bindings, machine)
            if isinstance(expected, str) or isinstance(found, str):
                assert found == expected, machine.__name__
                continue
            for label, array in expected.items():
                numpy.testing.assert_allclose(found[label], array, rtol=1e-5, atol=1e-6, err_msg=machine.__name__)
                assert found[label].shape == array.shape


def test_nearly_all_ops_take_such_operands():
    """The others have no operand with an axis, or none that may have another length."""
    taken = set()
    for case in CASES:
        for sizes, is_known, gone in variants(case) if case.op.name not in HAVE_BODIES else ():
            with suppress(ShapeError):
                build(case, sizes, is_known, gone)
                taken.add(case.op.name)
    assert {case.op.name for case in CASES} - taken == {*HAVE_BODIES, "iota", "random_uniform", "size", "unpack"}
