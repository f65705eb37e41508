"""Every op, by the table in `tests.ir.ops.cases`: types, numbers, text, derivative, views, cost."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from nnc.errors import NotDifferentiableError
from nnc.ir import Graph, Layout, Op, TensorType, Value, interpret, op_class, op_names, parse_graph, verify
from nnc.ir.ops.sizes import Cast
from tests.ir.ops.cases import BATCH, BINDINGS, CASES, DIFFERENTIABLE, FLAT, NONE, WHOLE, Case

LEAVES = {"input", "state", "constant"}
EACH = pytest.mark.parametrize("case", CASES, ids=map(str, CASES))
DIFFERENCE = 1e-6
"""Step of the central differences."""


def as_tuple(results: Any) -> tuple[Any, ...]:
    return results if isinstance(results, tuple) else (results,)


def build(case: Case, dtype: str = "float64") -> tuple[Graph, list[Value], tuple[Value, ...]]:
    """A graph with one input per operand and the op's node; another input gives the batch its size."""
    graph = Graph("test")
    graph.input("batch", TensorType("bool", (BATCH,)))
    operands = [
        graph.input(f"x{index}", domain.type.with_dtype(dtype) if domain.type.is_floating else domain.type)
        for index, domain in enumerate(case.operands)
    ]
    return graph, operands, graph.add(case.op, *operands)


def named(operands: list[Any]) -> dict[str, Any]:
    """The inputs of such a graph."""
    batch = numpy.zeros(BINDINGS["batch"], bool)
    return {"batch": batch} | {f"x{index}": operand for index, operand in enumerate(operands)}


def test_every_op_has_a_case():
    assert {case.op.name for case in CASES} == set(op_names()) - LEAVES


@pytest.mark.parametrize(
    ("case", "dtype"),
    [
        pytest.param(case, dtype, id=f"{case}-{dtype}")
        for dtype in ("float64", "float32")
        for case in CASES
        if dtype == "float64" or case.op.name not in ("fusion", "scan")  # a body's types are fixed
    ],
)
def test_results_have_the_inferred_types_and_the_oracles_numbers(case, dtype):
    _, _, results = build(case, dtype)
    operands = case.draw(dtype)
    before = [operand.copy() for operand in operands]
    found = as_tuple(case.bound.evaluate(*operands))
    expected = as_tuple(case.oracle(*operands))
    assert len(found) == len(expected) == len(results)
    for array, reference, value in zip(found, expected, results, strict=True):
        assert TensorType(array.dtype.name, array.shape) == value.type.bind(BINDINGS)
        tolerance = case.tolerance if dtype == "float64" and value.dtype != "float32" else 1e-6
        numpy.testing.assert_allclose(array, reference, rtol=tolerance, atol=tolerance)
        assert array.shape == numpy.shape(reference)
    for operand, copy in zip(operands, before, strict=True):
        numpy.testing.assert_array_equal(operand, copy)


@EACH
def test_what_an_op_says_before_it_computes(case):
    """Types, which binding commutes with; operations; and operands that it may overwrite."""
    types = [domain.type for domain in case.operands]
    results = case.op.result_types(types)
    bound, expected = ([type.bind(BINDINGS) for type in side] for side in (types, results))
    assert list(case.bound.result_types(bound)) == expected
    for op in (case.op, case.bound):
        flops = op.flops(bound, expected)
        assert type(flops) is int
        assert flops >= 0 if case.flops is None else flops == case.flops
    assert all(types[position].dtype == results[0].dtype for position in case.op.inplace)


@EACH
def test_text_reads_back(case):
    graph, _, results = build(case)
    for index, result in enumerate(results):
        graph.output(f"y{index}", result)
    verify(graph)
    again = parse_graph(str(graph))
    assert str(again) == str(graph)
    assert [node.op for node in again.nodes] == [node.op for node in graph.nodes]
    outputs, _ = interpret(again, named(case.draw()))
    for found, expected in zip(outputs.values(), as_tuple(case.bound.evaluate(*case.draw())), strict=True):
        numpy.testing.assert_array_equal(found, expected)


def vjp_graph(case: Case, known: list[bool]) -> tuple[Graph, list[Value | None]]:
    """A graph whose outputs ``g0``, ``g1``, … are the operands' cotangents, given those of the known results."""
    graph, operands, results = build(case)
    cotangents = [
        graph.input(f"c{index}", result.type) if result.type.is_floating and used else None
        for index, (result, used) in enumerate(zip(results, known, strict=True))
    ]
    pulled = list(case.op.vjp(operands, results, cotangents))
    assert len(pulled) == len(operands)
    for index, value in enumerate(pulled):
        if value is not None:
            assert value.type == operands[index].type
            graph.output(f"g{index}", value)
    verify(graph)
    assert str(parse_graph(str(graph))) == str(graph)
    return graph, pulled


def central_differences(op: Op, operands: list[Any], position: int, cotangents: dict[int, Any]) -> Any:
    """The derivative of sum(cotangent · result) with respect to one operand, element by element."""

    def loss() -> float:
        results = as_tuple(op.evaluate(*operands))
        return sum(float((cotangent * results[index]).sum()) for index, cotangent in cotangents.items())

    slopes = numpy.zeros_like(operands[position])
    for index in numpy.ndindex(slopes.shape):
        original = operands[position][index]
        sides = []
        for sign in (1.0, -1.0):
            operands[position][index] = original + sign * DIFFERENCE
            sides.append(loss())
        operands[position][index] = original
        slopes[index] = (sides[0] - sides[1]) / (2.0 * DIFFERENCE)
    return slopes


def with_gradient(kind: str) -> Any:
    cases = [case for case in CASES if case.gradient == kind]
    return pytest.mark.parametrize("case", cases, ids=map(str, cases))


@with_gradient(DIFFERENTIABLE)
@pytest.mark.sampled(1 / 3)
def test_derivatives_are_those_of_finite_differences(case):
    count = len(case.op.result_types([domain.type for domain in case.operands]))
    for known in {(True,) * count, (True,) + (False,) * (count - 1)}:
        graph, pulled = vjp_graph(case, list(known))
        operands = [numpy.array(operand) for operand in case.draw()]
        generator = numpy.random.default_rng(11)
        results = as_tuple(case.bound.evaluate(*operands))
        cotangents = {i: generator.uniform(0.5, 2.0, results[i].shape) for i in range(count) if known[i]}
        outputs, _ = interpret(graph, named(operands) | {f"c{i}": array for i, array in cotangents.items()})
        for position, (value, domain) in enumerate(zip(pulled, case.operands, strict=True)):
            assert (value is not None) == domain.type.is_floating
            if value is not None:
                expected = central_differences(case.bound, operands, position, cotangents)
                scale = max(1.0, float(numpy.abs(expected).max()))
                numpy.testing.assert_allclose(outputs[f"g{position}"], expected, rtol=1e-6, atol=1e-7 * scale)


@with_gradient(FLAT)
def test_flat_ops_pull_nothing_back_and_are_flat(case):
    types = [domain.type for domain in case.operands]
    results = case.op.result_types(types)
    _, pulled = vjp_graph(case, [True] * len(results))
    assert pulled == [None] * len(pulled)
    operands = [numpy.array(operand) for operand in case.draw()]
    found = as_tuple(case.bound.evaluate(*operands))
    for position, type in enumerate(types):
        if type.is_floating:
            ones = {index: numpy.ones(array.shape) for index, array in enumerate(found)}
            assert not central_differences(case.bound, operands, position, ones).any()


@with_gradient(WHOLE)
def test_whole_numbers_have_no_floating_point_results(case):
    types = [domain.type for domain in case.operands]
    assert not any(type.is_floating for type in [*types, *case.op.result_types(types)])


@with_gradient(NONE)
def test_ops_without_derivative_say_so(case):
    with pytest.raises(NotDifferentiableError, match=f"operation '{case.op.name}' has no derivative"):
        vjp_graph(case, [True] * len(case.op.result_types([domain.type for domain in case.operands])))


@EACH
def test_without_cotangent_nothing_is_pulled_back(case):
    if case.gradient != NONE:
        graph, operands, results = build(case)
        before = len(graph.nodes)
        assert list(case.op.vjp(operands, results, [None] * len(results))) == [None] * len(operands)
        assert len(graph.nodes) == before


def test_no_gradient_passes_through_whole_numbers():
    graph = Graph("test")
    for source, target in (("float64", "int32"), ("int32", "float64"), ("bool", "float64")):
        x = graph.input(source, TensorType(source, (2,)))
        y = graph.add(Cast(target), x)[0]
        assert y.node.op.vjp([x], [y], [y]) == (None,)


def placements(shape: tuple[int, ...]) -> list[Layout]:
    """Places for an array inside a larger buffer: dense, with its axes reversed, in steps of two, repeated."""
    doubled = tuple(2 * length for length in shape)
    return [
        Layout.dense(shape, offset=3),
        Layout.dense(shape[::-1], offset=2).transpose(tuple(reversed(range(len(shape))))),
        Layout.dense(doubled, offset=1).slice((1,) * len(shape), shape, (2,) * len(shape)),
        Layout.dense((1,) * len(shape), offset=5).broadcast_to(shape),
    ]


def strided(buffer: Any, layout: Layout) -> Any:
    strides = [stride * buffer.itemsize for stride in layout.strides]
    return numpy.lib.stride_tricks.as_strided(buffer[layout.offset :], layout.shape, strides)


VIEWS = [case for case in CASES if type(case.op).view is not Op.view]


@pytest.mark.parametrize("case", VIEWS, ids=map(str, VIEWS))
def test_views_have_the_elements_of_the_result(case):
    result_types = [type.bind(BINDINGS) for type in case.op.result_types([domain.type for domain in case.operands])]
    for index, layout in enumerate(placements(case.draw()[0].shape)):
        buffer = numpy.arange(1000.0)
        layouts = case.bound.view([layout], result_types)
        if layouts is None:
            assert index > 0 and not layout.is_dense and case.op.name == "reshape"
            continue
        expected = as_tuple(case.bound.evaluate(strided(buffer, layout)))
        for found, array in zip(layouts, expected, strict=True):
            assert found.shape == array.shape
            numpy.testing.assert_array_equal(strided(buffer, found), array)


def test_ops_that_are_views_have_cases():
    viewing = {name for name in op_names() if op_class(name).view is not Op.view}
    assert viewing == {case.op.name for case in VIEWS}
    assert viewing >= {"reshape", "transpose", "broadcast_to", "slice", "unpack"}


def test_composites_agree_with_their_decomposition():
    composites = {name for name in op_names() if op_class(name).composite}
    assert composites <= {case.op.name for case in CASES}
    for case in CASES:
        if case.op.composite or case.op.name == "fusion":
            graph, operands, results = build(case)
            parts = case.op.decompose(*operands)
            assert [part.type for part in parts] == [result.type for result in results]
            assert not composites & {part.node.op.name for part in parts} or case.op.name == "softmax_crossentropy"
            for index, part in enumerate(parts):
                graph.output(f"y{index}", part)
            outputs, _ = interpret(graph, named(case.draw()))
            for found, expected in zip(outputs.values(), as_tuple(case.oracle(*case.draw())), strict=True):
                numpy.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)
