"""Loops over time in C: forward and backward in time, stacked carries, loops in loops, any length."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import Phase, given, settings
from hypothesis.strategies import integers

from nnc.ir import Graph, TensorType, gradients, interpret, ops, symbol
from nnc.passes import OPTIMIZE, run_passes
from nnc.utils import set_random_seed
from tests.backends.c.machine import CMachine
from tests.backends.helpers import bits
from tests.passes.helpers import check_same
from tests.passes.test_scans import lstm_model, random_loop

pytestmark = pytest.mark.usefixtures("compiler")
BATCH, TIME = symbol("batch"), symbol("time")
TYPE = "float64"


def add_gradients(graph: Graph) -> None:
    """Add the derivatives of a sum of all outputs by all inputs."""
    total = graph.constant(0.0, TYPE)
    for value in list(graph.outputs.values()):
        total = total + ops.sum(ops.tanh(value))
    wrt = graph.inputs
    for label, value in zip(wrt, gradients({total: graph.constant(1.0, TYPE)}, list(wrt.values())), strict=True):
        if value is not None:
            graph.output(f"d{label}", value)


def check(graph: Graph, sizes: list[dict[str, int]], tolerance: float = 1e-13) -> CMachine:
    """Compare plans with and without shared memory with the interpreter, for several sizes on one arena."""
    optimized = run_passes(graph, OPTIMIZE)
    largest = {name: max(size[name] for size in sizes) for name in optimized.symbols}
    machines = [CMachine(optimized, largest, {}, reuse=reuse) for reuse in (True, False)]
    generator = numpy.random.default_rng(2)
    for size in sizes:
        inputs = {
            label: generator.uniform(-1, 1, value.type.bind(size).shape).astype(value.dtype)
            for label, value in graph.inputs.items()
        }
        bindings = {name: size[name] for name in optimized.symbols}
        runs = [machine.run(inputs, bindings) for machine in machines for _ in range(2)]
        check_same(interpret(graph, inputs), runs[0], tolerance, graph, machines[0])
        assert all(bits(run) == bits(runs[0]) for run in runs)
    return machines[0]


def recurrent(reverse: bool, stack: str, width: object = 3) -> Graph:
    """A simple recurrent layer whose step stacks its carry before or after, something else, or nothing."""
    graph = Graph("g")
    x, h = (
        graph.input("x", TensorType(TYPE, (TIME, BATCH, width))),
        graph.input("h", TensorType(TYPE, (BATCH, width))),
    )
    w = graph.input("w", TensorType(TYPE, (width, width)))

    def step(carries, elements, others):
        new = ops.tanh(carries[0] @ others[0] + elements[0])
        choices = {"before": [carries[0]], "after": [new], "both": [carries[0], new], "other": [new * 2.0], "none": []}
        return [new], choices[stack]

    finals, stacks = ops.scan(step, [h], [x], [w], reverse=reverse)
    for index, value in enumerate([*finals, *stacks]):
        graph.output(f"y{index}", value)
    return graph


@pytest.mark.parametrize("stack", ["before", "after", "both", "other", "none"])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("with_gradients", [False, True])
@pytest.mark.sampled(4)
def test_a_recurrent_layer_of_any_length(reverse, stack, with_gradients):
    graph = recurrent(reverse, stack)
    if with_gradients:
        add_gradients(graph)
    sizes = [{"batch": batch, "time": time} for batch, time in ((4, 7), (3, 1), (1, 2), (2, 7))]
    check(graph, sizes)


@pytest.mark.parametrize("stack", ["before", "after", "both"])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.sampled(2)
def test_a_step_whose_width_is_a_sum_of_symbols(reverse, stack):
    graph = recurrent(reverse, stack, 2 * symbol("labels") + 1)
    add_gradients(graph)
    check(graph, [{"batch": 3, "time": 4, "labels": 3}, {"batch": 2, "time": 1, "labels": 1}])


def test_the_source_depends_neither_on_batch_nor_on_time():
    graph = recurrent(False, "after")
    add_gradients(graph)
    optimized = run_passes(graph, OPTIMIZE)
    sizes = ((1, 1), (2, 7), (32, 3))
    texts = {CMachine(optimized, {"batch": batch, "time": time}, {}).source.text for batch, time in sizes}
    assert len(texts) == 1


def test_carries_that_swap():
    graph = Graph("g")
    values = [graph.input(f"h{index}", TensorType(TYPE, (BATCH, 3))) for index in range(3)]
    x = graph.input("x", TensorType(TYPE, (TIME, BATCH, 3)))
    finals, stacks = ops.scan(lambda c, e, o: ([c[1], c[2] + e[0], c[0]], [c[0], c[0], c[1]]), values, [x], [])
    for index, value in enumerate([*finals, *stacks]):
        graph.output(f"y{index}", value)
    check(graph, [{"batch": 4, "time": 5}, {"batch": 4, "time": 1}])


@pytest.mark.parametrize("stack", ["before", "after", "other"])
@pytest.mark.parametrize("rank", [0, 2])
@pytest.mark.sampled(2)
def test_operands_of_which_all_elements_are_one_number(stack, rank):
    """They are one element in memory, or none at all, but windows on them have the shape that the step wants."""
    graph = Graph("g")
    x = graph.input("x", TensorType(TYPE, (TIME, BATCH, 3)))
    shape, axes = ((BATCH, 3), ()) if rank else ((), (0, 1))
    start, others, elements = (
        ops.broadcast_to(graph.constant(number, TYPE), dims)
        for number, dims in ((-2.0, shape), (0.5, (BATCH, 1)), (3.0, (TIME, BATCH, 3)))
    )

    def step(carries, elements, others):
        wide = ops.concatenate([others[0], ops.take(elements[0] * elements[1], 1, 0, 2)], 1)
        new = ops.tanh(carries[0] * 0.5 + (ops.sum(wide, axes) if axes else wide))
        return [new], {"before": [carries[0]], "after": [new], "other": [wide]}[stack]

    finals, stacks = ops.scan(step, [start], [x, elements], [others])
    for index, value in enumerate([*finals, *stacks]):
        graph.output(f"y{index}", value)
    check(graph, [{"batch": 4, "time": 5}, {"batch": 2, "time": 1}])


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.sampled(1)
def test_a_loop_in_a_loop(reverse):
    """The carry of the loop inside begins with that of the one around it; both read windows and weights."""
    graph = Graph("g")
    x = graph.input("x", TensorType(TYPE, (TIME, 4, BATCH, 3)))
    h, w = graph.input("h", TensorType(TYPE, (BATCH, 3))), graph.input("w", TensorType(TYPE, (3, 3)))

    def inner(carries, elements, others):
        new = ops.tanh(carries[0] @ others[0] + elements[0])
        return [new], [new * others[1], carries[0]]

    def outer(carries, elements, others):
        (last,), stacks = ops.scan(inner, carries, elements, [others[0], carries[0]], reverse=reverse)
        return [last * 0.5 + ops.sum(stacks[0], 0)], [stacks[1], last]

    (last,), stacks = ops.scan(outer, [h], [x], [w])
    for index, value in enumerate([last, *stacks]):
        graph.output(f"y{index}", value)
    add_gradients(graph)
    check(graph, [{"batch": 3, "time": 5}, {"batch": 2, "time": 1}], 1e-12)


@settings(max_examples=12, phases=[Phase.generate])
@given(seed=integers(0, 2**32 - 1))
@pytest.mark.slow
def test_loops_made_at_random_compute_what_they_mean(seed):
    check(random_loop(numpy.random.default_rng(seed)), [{"batch": 4}, {"batch": 3}], 1e-11)


@pytest.mark.parametrize("options", [{}, {"return_sequences": True}, {"go_backwards": True}, {"dropout": 0.5}])
@pytest.mark.slow
def test_a_trained_lstm(options):
    """Weights after some steps in C are those after as many in NumPy."""
    generator = numpy.random.default_rng(0)
    x = generator.normal(size=(32, 6, 3)).astype("float32")
    y = generator.normal(size=(32, 6, 1) if options.get("return_sequences") else (32, 1)).astype("float32")
    found = {}
    for backend in ("numpy", "c"):
        set_random_seed(0)
        model = lstm_model(**options)
        model.program.use_backend(backend)
        model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
        found[backend] = [*model.get_weights(), model.predict(x, verbose=0)]
    for first, second in zip(*found.values(), strict=True):
        numpy.testing.assert_allclose(first, second, rtol=2e-5, atol=2e-6)
