"""Every op's kernel against the op's own meaning, on arrays of all kinds: dense, transposed, cut out of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

from nnc.backends.numpy import kernel_workspace
from nnc.backends.numpy.kernels import KERNELS, elementwise, kernel
from nnc.backends.numpy.kernels.registry import Names, number_name
from nnc.errors import GraphError
from nnc.ir import Graph, Op, TensorType, Value, bind_shape, interpret, op_class, op_names, ops, symbol
from nnc.ir.ops.arithmetic import Add
from nnc.ir.ops.elementwise import apply
from nnc.passes import Decompose, run_passes
from tests.backends.helpers import Machine
from tests.ir.ops.cases import BATCH, BINDINGS, CASES, Case
from tests.passes.helpers import check_same

CUT = 2
"""Elements that a cut operand leaves out at its end."""


def test_every_op_has_a_kernel_or_needs_none():
    """A leaf, a view, what is known before the run, a composite or what has a body needs none."""
    lacking = [
        name
        for name in op_names()
        if op_class(name) not in KERNELS
        and not op_class(name).composite
        and op_class(name).view is Op.view
        and op_class(name).arity != 0
    ]
    assert lacking == ["fusion", "scan"]


def dense(graph: Graph, label: str, type: TensorType) -> Value:
    return graph.input(label, type)


def transposed(graph: Graph, label: str, type: TensorType) -> Value:
    """The last axis lies first in memory."""
    return ops.transpose(graph.input(label, type.with_shape(type.shape[::-1])))


def cut(graph: Graph, label: str, type: TensorType) -> Value:
    """The last axis is a part of a longer one, if its length is known."""
    if not type.rank or not isinstance(type.shape[-1], int):
        return graph.input(label, type)
    whole = graph.input(label, type.with_shape((*type.shape[:-1], type.shape[-1] + CUT)))
    return ops.take(whole, -1, 0, type.shape[-1])


def expanded(graph: Graph, label: str, type: TensorType) -> Value:
    """A reshape of an array with another shape."""
    return ops.reshape(graph.input(label, type.with_shape((1, *type.shape))), type.shape)


DISGUISES: dict[str, Callable[[Graph, str, TensorType], Value]] = {
    "dense": dense,
    "transposed": transposed,
    "cut": cut,
    "expanded": expanded,
}


def stored(value: Value, array: Any) -> Any:
    """What to give the input of a disguised operand."""
    while value.node.operands:
        value = value.node.operands[0]
    shape = bind_shape(value.shape, BINDINGS)
    if len(shape) == array.ndim and shape != array.shape and shape[::-1] == array.shape:
        return array.transpose()
    if len(shape) == array.ndim and shape != array.shape:
        return numpy.concatenate([array, numpy.ones((*shape[:-1], CUT), array.dtype)], axis=-1)
    return array.reshape(shape)


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("case", CASES, ids=map(str, CASES))
@pytest.mark.sampled(1 / 2)
def test_kernel_computes_what_the_op_means(case: Case, disguise):
    graph = Graph("test")
    graph.input("batch", TensorType("bool", (BATCH,)))
    operands = [
        DISGUISES[disguise](graph, f"x{position}", domain.type) for position, domain in enumerate(case.operands)
    ]
    for position, value in enumerate(graph.add(case.op, *operands)):
        graph.output(f"result{position}", value)
    arrays = case.draw()
    inputs = {"batch": numpy.zeros(BINDINGS["batch"], bool)}
    for position, (value, array) in enumerate(zip(operands, arrays, strict=True)):
        same_shape = value.shape == value.shape[::-1] and disguise == "transposed"
        inputs[f"x{position}"] = array.transpose() if same_shape else stored(value, array)
    planned = run_passes(graph, [Decompose(keep=frozenset({"sparsemax"}))])
    for batch in (7, 9):  # room for just the batch of 7, and for more
        machine = Machine(planned, batch, {})
        check_same(interpret(graph, inputs), machine.run(inputs, 7), 1e-14, machine)


N = symbol("n")
MATRIX, TENSOR = (N, 5), (N, 2, 5)


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int32"])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((N,), (0,)),
        *((MATRIX, axes) for axes in ((0,), (1,), (0, 1))),
        *((TENSOR, axes) for axes in ((0,), (1,), (2,), (0, 1), (1, 2), (0, 2), (0, 1, 2))),
        ((N, 1), (0, 1)),
        ((N, 1), (0,)),
    ],
)
def test_sums(shape, axes, keepdims, dtype, disguise):
    graph = Graph("test")
    x = DISGUISES[disguise](graph, "x", TensorType(dtype, shape))
    graph.output("y", ops.sum(x, axes, keepdims))
    check_run(graph)


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 1, 0)])
def test_sums_of_several_lengths(axes):
    graph = Graph("test")
    for axis in axes:
        graph.output(f"y{axis}", ops.sum(graph.input(f"x{axis}", TensorType("float32", (1, 3, 9)[: axis + 1])), axis))
    check_run(graph)


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("dtype", ["float32", "int32"])
@pytest.mark.parametrize(
    ("first", "second"),
    [((N, 3), (3, 4)), ((N, 2, 3), (3, 4)), ((2, 2, N, 3), (3, 4)), ((N, 1), (1, 1)), ((N, 2, 3), (N, 3, 4))],
)
def test_products(first, second, dtype, disguise):
    graph = Graph("test")
    values = [
        DISGUISES[disguise](graph, label, TensorType(dtype, shape)) for label, shape in (("x", first), ("y", second))
    ]
    graph.output("z", ops.matmul(*values))
    check_run(graph)


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize(
    "shapes",
    [((N, 3), (N, 3), (N, 3)), ((N, 3), (3,), (N, 3)), ((N, 1), (N, 3), (3,)), ((), (N, 3), ()), ((3,), (), (N, 3))],
)
def test_choices(shapes, disguise):
    graph = Graph("test")
    kinds = ("bool", "float64", "float64")
    condition, x, y = (
        DISGUISES[disguise](graph, label, TensorType(dtype, shape))
        for label, dtype, shape in zip("cxy", kinds, shapes, strict=True)
    )
    graph.output("z", ops.where(condition, x, y))
    check_run(graph)


@pytest.mark.parametrize("shape", [(1,), (1, 1), ()])
@pytest.mark.parametrize("swap", [False, True])
def test_one_element_for_all(shape, swap):
    """NumPy is faster with an array without axes than with one whose axes have length 1."""
    graph = Graph("test")
    x, number = graph.input("x", TensorType("float64", (N, 3))), graph.input("b", TensorType("float64", shape))
    graph.output("y", number - x if swap else x - number)
    graph.output("z", number * 2.0)
    machine = check_run(graph)
    assert ("b_number" in machine.source.text) == (shape != ())


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_positions_of_the_largest(axis):
    graph = Graph("test")
    graph.output("y", ops.argmax(graph.input("x", TensorType("float64", (N, 4, 3))), axis))
    check_run(graph)


def test_one_operand_can_be_concatenated_along_a_run_time_axis():
    graph = Graph("test")
    x = graph.input("x", TensorType("float64", (N, 3)))
    graph.output("y", ops.concatenate([x], 0))
    graph.output("x", x)
    check_run(graph)


def check_run(graph: Graph) -> Machine:
    """Run with batches of 5 and 3 on an arena for 5."""
    machine = Machine(graph, 5, {})
    generator = numpy.random.default_rng(1)
    for size in (5, 3):
        inputs = {
            label: generator.integers(-9, 9, bind_shape(value.shape, {"n": size})).astype(value.dtype)
            for label, value in graph.inputs.items()
        }
        check_same(interpret(graph, inputs), machine.run(inputs, size), 1e-14, machine)
    return machine


def test_an_op_without_kernel_is_named():
    graph = Graph("test")
    graph.output("y", ops.softmax(graph.input("x", TensorType("float64", (3,)))))
    with pytest.raises(GraphError, match="operation 'softmax' has no NumPy kernel"):
        Machine(graph, 1, {})


def test_an_op_has_one_kernel():
    with pytest.raises(ValueError, match="operation 'add' already has a NumPy kernel"):
        kernel(Add)(elementwise.ufunc)


def test_workspace_is_what_the_kernel_asks_for():
    types = [TensorType("float32", (7,))]
    assert kernel_workspace(op_class("erf")(), types, types) == (types[0],) * 4
    assert kernel_workspace(op_class("greater")(dtype="float32"), types * 2, types) == (TensorType("bool", (7,)),)
    assert kernel_workspace(op_class("greater")(), types * 2, [TensorType("bool", (7,))]) == ()
    assert kernel_workspace(op_class("add")(), types * 2, types) == ()


def test_names_are_identifiers_and_all_different():
    names = Names()
    found = [names.unique(text) for text in ("dense/kernel", "dense.kernel", "2d", "größe", "class", "x")]
    assert found == ["dense_kernel", "dense_kernel_2", "_2d", "gr__e", "class", "x"]
    assert names.unique("class", reserved={"class_2"}) == "class_3"
    assert names.function("x", len) == "x_2"
    assert names.function("x", len) == "x_2"
    with pytest.raises(ValueError, match="the name 'x' is bound to two different objects"):
        names.function("x", max)
    assert names.derive("x", dict.copy) == "x_3"


def test_numbers_that_differ_have_names_that_differ():
    numbers = [
        0.1,
        0.1000001,
        0.10000001,
        1.0,
        -1.0,
        1e-7,
        1e7,
        2.5,
        12345678.0,
        12345679.0,
        float("inf"),
        float("nan"),
    ]
    assert len({number_name(number) for number in numbers}) == len(numbers)
    assert all(f"number_{number_name(number)}".isidentifier() for number in numbers)


def test_random_numbers_do_not_depend_on_where_they_are_written():
    key = numpy.array([3, 4], "uint32")
    graph = Graph("test")
    drawn = ops.random_uniform(graph.state("key", TensorType("uint32", (2,)), "random"), (3, 2), 5)
    graph.output("y", drawn)
    graph.output("p", graph.add(ops.Pack(), apply(Add(), drawn, drawn), drawn)[0])
    found, _ = Machine(graph, 1, {"key": key}).run({}, 1)
    numpy.testing.assert_array_equal(found["y"], drawn.node.op.evaluate(key))
    numpy.testing.assert_array_equal(found["p"][6:], found["y"].reshape(-1))


@pytest.mark.parametrize("dtype", ["float64", "float32", "int32"])
@pytest.mark.parametrize("length", [3, 5000])
def test_limits(length, dtype):
    """Large arrays are clipped; infinities and what is not a number stay what they are."""
    graph = Graph("test")
    x = graph.input("x", TensorType(dtype, (N, length)))
    number = graph.input("number", TensorType(dtype, (1, 1)))
    for label, result in (
        ("relu", ops.relu(x)),
        ("low", ops.maximum(number, x)),
        ("high", ops.minimum(x, number)),
        ("six", ops.minimum(ops.relu(x), 6.0 if dtype != "int32" else 6)),
    ):
        graph.output(label, result)
    machine = Machine(graph, 3, {})
    given = numpy.resize([-7.0, -0.5, 0.0, 0.5, 7.0, numpy.inf, -numpy.inf, numpy.nan], (2, length))
    given = numpy.nan_to_num(given, posinf=9, neginf=-9).astype(dtype) if dtype == "int32" else given.astype(dtype)
    for limit in (1, -1):
        inputs = {"x": given, "number": numpy.full((1, 1), limit, dtype)}
        outputs, _ = machine.run(inputs, 2)
        numpy.testing.assert_array_equal(outputs["relu"], numpy.maximum(given, 0))
        numpy.testing.assert_array_equal(outputs["low"], numpy.maximum(given, limit))
        numpy.testing.assert_array_equal(outputs["high"], numpy.minimum(given, limit))
        numpy.testing.assert_array_equal(outputs["six"], numpy.minimum(numpy.maximum(given, 0), 6))
    assert ("clip" in machine.source.text) == (length > 1000 and dtype != "int32")
