"""The emitted source: as a person would have written it, the same for every batch, and shown in tracebacks."""

from __future__ import annotations

import ast
import gc
import linecache
import traceback
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy
import pytest
from hypothesis import given

from nnc.backends.numpy import TARGET
from nnc.ir import Graph, TensorType, interpret, ops, symbol
from nnc.passes import OPTIMIZE, Fuse, run_passes
from tests.backends.helpers import Machine
from tests.base_network import training_arrays, training_graph
from tests.passes.helpers import check_same
from tests.strategies import random_arrays, random_graphs

GOLDEN = Path(__file__).parent / "golden" / "base_network.txt"
VECTOR = TensorType("float64", (3,))


def base_source() -> str:
    return Machine(training_graph(), 32, training_arrays(32)[1]).source.text


def test_base_network():
    """Regenerate with ``python -m tests.backends.test_numpy_source`` and read the difference."""
    assert base_source() == GOLDEN.read_text()


@pytest.mark.slow
@given(random_graphs(level="any"))
def test_source_does_not_depend_on_the_batch(graph):
    graph = run_passes(graph, OPTIMIZE)
    _, states = random_arrays(graph, 1)
    texts = {Machine(graph, batch, states).source.text for batch in (1, 2, 7, 32)}
    assert len(texts) == 1


def test_a_batch_of_1_is_not_special():
    """A transposed row lies in memory as its elements do in order, but the source is for any batch."""
    graph = Graph("g")
    x = graph.input("x", TensorType("float64", (symbol("batch"), 3)))
    graph.output("y", ops.reshape(ops.transpose(x), (-1,)))
    graph.output("z", ops.exp(graph.input("row", TensorType("float64", (1, 3))) + x))
    assert Machine(graph, 1, {}).source.text == Machine(graph, 2, {}).source.text


@given(random_graphs(level="any"))
def test_source_is_straight_line(graph):
    """One function without arguments; comments, calls and assignments to whole arrays."""
    graph = run_passes(graph, OPTIMIZE)
    source = Machine(graph, 3, random_arrays(graph, 3)[1]).source
    (function,) = ast.parse(source.text).body
    assert isinstance(function, ast.FunctionDef)
    assert function.name == "random" == source.name
    for statement in function.body:
        if isinstance(statement, ast.Assign):
            (target,) = statement.targets
            assert isinstance(target, ast.Subscript)
            assert isinstance(target.slice, ast.Constant)
            assert target.slice.value is ...
        else:
            assert isinstance(statement, ast.Pass) or isinstance(statement.value, ast.Call)


def test_every_statement_stands_under_its_line():
    """There is no comment without statements and no statement without a comment."""
    lines = [line.strip() for line in base_source().splitlines()[1:]]
    comments = [index for index, line in enumerate(lines) if line.startswith("# %")]
    assert comments[0] == 0
    assert all(later - earlier > 1 for earlier, later in pairwise([*comments, len(lines)]))


HOSTILE = [
    "add",
    "add_reduce",
    "add_tile",
    "class",
    "copyto",
    "exp",
    "fill_uniform",
    "float32",
    "größe",
    "int",
    "None",
    "number_0_5",
    "number_0_float64",
    "ones_x",
    "print",
    "putmask",
    "ﬁ",
    "tiles_of_x",
    "v1",
    "workspace_of_x",
    "write_error_function",
    "x",
    "x.y",
    "x/y",
    "x_matrix",
    "x_y",
    "2d/kernel",
    "__builtins__",
    "__class__",
    "__import__",
]


def hostile_graph(names: list[str]) -> Graph:
    """A graph whose inputs, states and values have names that mean something else in Python or in the source."""
    graph = Graph("def")
    values = [graph.input(name, VECTOR) for name in names]
    values += [graph.state(name, VECTOR, "slot") for name in names]
    total = values[0]
    for name, value in zip(names * 2, values, strict=True):
        total = total + ops.relu(value) * 0.5
        graph.set_name(total, name)
    erf = ops.erf(ops.where(total > 0.5, total, ops.exp(total)))
    for name in names:
        graph.set_name(erf, name)
        graph.update(name, erf + graph.states[name])
    mean = ops.sum(erf * ops.cast(erf > 0.25, "float64"))
    graph.output("total", mean)
    return graph


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("names", [HOSTILE, HOSTILE[::-1]], ids=["forward", "backward"])
def test_names_of_layers_cannot_hide_what_the_source_needs(names, fused):
    graph = hostile_graph(names)
    graph = run_passes(graph, [Fuse()]) if fused else graph
    inputs, states = random_arrays(graph, 1)
    machine = Machine(graph, 1, states, replace(TARGET, tile=1))
    check_same(interpret(graph, inputs, states), machine.run(inputs, 1), 1e-12, machine)
    assert machine.source.text.startswith("def def_2():\n")


def test_what_a_comment_shows_cannot_become_code():
    graph = Graph("g")
    x = graph.input("x", VECTOR)
    graph.state("s; x = 1", VECTOR, "slot")
    with graph.scope('layer"); import os  # '):
        graph.output("y", ops.exp(x))
    graph.update("s; x = 1", x)
    machine = Machine(graph, 1, {"s; x = 1": numpy.zeros(3)})
    (function,) = ast.parse(machine.source.text).body
    assert [ast.unparse(statement) for statement in function.body] == ["exp(x, v0)", "s__x___1[...] = x"]


def test_an_empty_graph_runs():
    graph = Graph("nothing")
    graph.output("x", graph.input("x", VECTOR))
    machine = Machine(graph, 1, {})
    assert machine.source.text == "def nothing():\n    pass\n"
    found, _ = machine.run({"x": numpy.ones(3)}, 1)
    numpy.testing.assert_array_equal(found["x"], numpy.ones(3))


def test_constants_of_all_types_have_names():
    graph = Graph("g")
    x = graph.input("x", VECTOR)
    flag = graph.constant(True, "bool")
    graph.output("y", ops.where(flag, x, float("nan")) + float("-inf"))
    count = graph.input("n", TensorType("int64", ()))
    graph.output("m", count + 2**62 + (-7))
    graph.output("flag", flag)
    machine = Machine(graph, 1, {})
    found, _ = machine.run({"x": numpy.ones(3), "n": 1}, 1)
    assert found["m"] == 2**62 - 6
    assert found["flag"]
    numpy.testing.assert_array_equal(found["y"], [-numpy.inf] * 3)


def test_tracebacks_show_the_emitted_line():
    graph = Graph("predict")
    x = graph.input("x", TensorType("float64", (symbol("batch"), 2)))
    graph.output("y", ops.exp(x))
    machine = Machine(graph, 3, {})
    bound = machine.executable.bind({"batch": 3})
    bound.run.__globals__["exp"] = broken
    with pytest.raises(ArithmeticError) as error:
        bound.run()
    frames = traceback.extract_tb(error.tb)
    (frame,) = (frame for frame in frames if frame.name == "predict")
    assert frame.line == "exp(x, x)"
    assert frame.filename.startswith("<nnc predict ")
    assert linecache.getline(frame.filename, frame.lineno - 1).strip() == "# %0 = exp(%x) : f64[batch,2]"
    linecache.checkcache()
    assert linecache.getline(frame.filename, frame.lineno)


def broken(*_: object) -> None:
    raise ArithmeticError("on purpose")


def test_equal_sources_share_their_lines():
    first, second = (Machine(training_graph(), batch, training_arrays(2)[1]).source for batch in (2, 9))
    assert first.compile().co_filename == second.compile().co_filename


def test_lines_of_code_that_is_gone_stay_until_other_code_is_compiled():
    """A debugger that goes through all lines, as `linecache.checkcache` does, must not lose one meanwhile."""
    first, second = (
        replace(Machine(training_graph(), 2, {}).source, text=f"def f():\n    return {n}\n") for n in (1, 2)
    )
    code = first.compile()
    name = code.co_filename
    del code
    gc.collect()
    assert name in linecache.cache
    second.compile()
    assert name not in linecache.cache


if __name__ == "__main__":
    GOLDEN.write_text(base_source())
