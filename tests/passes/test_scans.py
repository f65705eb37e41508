"""What passes do with scans: dead parts go, twins become one, and what can leaves the loop."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from hypothesis import given
from hypothesis.strategies import integers

import nnc
from nnc.backends.numpy import TARGET, print_source
from nnc.ir import Graph, TensorType, gradients, interpret, ops, parse_graph, symbol
from nnc.ir.ops.scan import Scan
from nnc.passes import OPTIMIZE, CommonSubexpressions, DeadCode, Lift, run_passes
from tests.backends.allocations import counted_allocations
from tests.backends.helpers import Machine, bits
from tests.passes.helpers import check_rewrite, check_same
from tests.plan.helpers import plan_of

BATCH = symbol("batch")
GOLDEN = Path(__file__).parent / "golden"
HEAD = "graph g(h: f64[batch,3], x: f64[5,batch,3], w: f64[3,3])"


def text(*lines: str) -> str:
    return f"{HEAD} {{\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


COUNTING = (
    "%0, %1, %2, %3 = scan(%h, %h, %x, %w, carries=2, sequences=1) : "
    "f64[batch,3], f64[batch,3], f64[5,batch,3], f64[5,batch,3] {(a, b, s, w)",
    "  %0 = matmul(%a, %w) : f64[batch,3]",
    "  %1 = add(%b, %s) : f64[batch,3]",
    "  %2 = tanh(%1) : f64[batch,3]",
    "  return carry0=%0, carry1=%1, stack0=%0, stack1=%2",
    "}",
)


def test_what_nobody_reads_leaves_a_scan():
    after = (
        "%0, %1 = scan(%h, %x, carries=1, sequences=1) : f64[batch,3], f64[5,batch,3] {(b, s)",
        "  %0 = add(%b, %s) : f64[batch,3]",
        "  %1 = tanh(%0) : f64[batch,3]",
        "  return carry1=%0, stack1=%1",
        "}",
        "return y=%1",
    )
    check_rewrite(text(*COUNTING, "return y=%3"), DeadCode(), text(*after))


def test_a_carry_that_something_depends_on_stays():
    check_rewrite(text(*COUNTING, "return y=%0, z=%1, u=%2, v=%3"), DeadCode())


def test_the_number_of_steps_stays_known():
    after = (
        "%0 = scan(%h, %x, %w, carries=1, sequences=1) : f64[batch,3] {(a, s, w)",
        "  %0 = matmul(%a, %w) : f64[batch,3]",
        "  return carry0=%0",
        "}",
        "return y=%0",
    )
    check_rewrite(text(*COUNTING, "return y=%0"), DeadCode(), text(*after))


def twin(name: str, op: str) -> tuple[str, ...]:
    return (
        f"%{name}.0, %{name}.1 = scan(%h, %x, carries=1, sequences=1) : f64[batch,3], f64[5,batch,3] {{({name}, s)",
        f"  %0 = add(%{name}, %s) : f64[batch,3]",
        f"  %1 = {op}(%0) : f64[batch,3]",
        "  return carry0=%0, stack0=%1",
        "}",
    )


def test_scans_with_the_same_carries_become_one():
    after = (
        "%a.0, %a.1, %b.1 = scan(%h, %x, carries=1, sequences=1) : "
        "f64[batch,3], f64[5,batch,3], f64[5,batch,3] {(a, s)",
        "  %0 = add(%a, %s) : f64[batch,3]",
        "  %1 = tanh(%0) : f64[batch,3]",
        "  %2 = exp(%0) : f64[batch,3]",
        "  return carry0=%0, stack0=%1, stack1=%2",
        "}",
        "return y=%a.1, z=%b.1, u=%a.0",
    )
    before = text(*twin("a", "tanh"), *twin("b", "exp"), "return y=%a.1, z=%b.1, u=%b.0")
    check_rewrite(before, CommonSubexpressions(), text(*after))


def test_scans_with_other_carries_stay_two():
    other = tuple(line.replace("add(%b, %s)", "subtract(%b, %s)") for line in twin("b", "exp"))
    check_rewrite(text(*twin("a", "tanh"), *other, "return y=%a.1, z=%b.1"), CommonSubexpressions())


def test_what_carries_do_not_decide_leaves_the_loop_in_one_product():
    before = (
        "%0, %1 = scan(%h, %x, %w, carries=1, sequences=1) : f64[batch,3], f64[5,batch,3] {(a, s, w)",
        "  %0 = matmul(%s, %w) : f64[batch,3]",
        "  %1 = tanh(%w) : f64[3,3]",
        "  %2 = matmul(%a, %1) : f64[batch,3]",
        "  %3 = add(%2, %0) : f64[batch,3]",
        "  return carry0=%3, stack0=%0",
        "}",
        "return y=%0, z=%1",
    )
    after = (
        "%0 = reshape(%x, shape=[5*batch, 3]) : f64[5*batch,3]",
        "%1 = matmul(%0, %w) : f64[5*batch,3]",
        "%2 = reshape(%1, shape=[5, batch, 3]) : f64[5,batch,3]",
        "%3 = tanh(%w) : f64[3,3]",
        "%4 = scan(%h, %2, %3, carries=1, sequences=1) : f64[batch,3] {(h, x, w)",
        "  %0 = matmul(%h, %w) : f64[batch,3]",
        "  %1 = add(%0, %x) : f64[batch,3]",
        "  return carry0=%1",
        "}",
        "return y=%4, z=%2",
    )
    check_rewrite(text(*before), Lift(), text(*after))


def test_factors_that_are_known_before_the_loop_become_one():
    before = (
        "%0 = scan(%h, %x, carries=1, sequences=1) : f64[batch,3] {(a, s)",
        "  %0 = tanh(%s) : f64[batch,3]",
        "  %1 = multiply(%a, %0) : f64[batch,3]",
        "  %2 = multiply(%s, %1) : f64[batch,3]",
        "  return carry0=%2",
        "}",
        "return y=%0",
    )
    (scan,) = [node for node in run_passes(parse_graph(text(*before)), [Lift()]).nodes if isinstance(node.op, Scan)]
    assert [node.op.name for node in scan.op.body.nodes] == ["input", "input", "multiply"]
    lifted = run_passes(parse_graph(text(*before)), [Lift(), DeadCode()])
    check_rewrite(text(*before), [Lift(), DeadCode()], str(lifted))


# ---------------------------------------------------------------------- a trained LSTM

T, UNITS, FEATURES = 6, 4, 3


def lstm_model(**options) -> nnc.Sequential:
    lstm = nnc.layers.LSTM(UNITS, **options)
    model = nnc.Sequential([nnc.Input((T, FEATURES)), lstm, nnc.layers.Dense(1)])
    model.compile("adam", "mse")
    return model


@pytest.mark.parametrize("options", [{}, {"return_sequences": True}, {"go_backwards": True}, {"dropout": 0.5}])
def test_training_an_lstm_is_one_scan_each_way_and_one_product_per_weight(options):
    graph = lstm_model(**options).program.graph("train")
    scans = [node for node in graph.nodes if isinstance(node.op, Scan)]
    backwards = options.get("go_backwards", False)
    assert [(node.op.reverse, node.phase) for node in scans] == [(backwards, "forward"), (not backwards, "backward")]
    products = [node.types[0].shape for node in graph.nodes if node.op.name == "matmul" and node.path != "dense"]
    weights = {(FEATURES, 4 * UNITS), (UNITS, 4 * UNITS)}
    assert sorted(shape for shape in products if shape in weights) == sorted(weights)
    assert (T * BATCH, 4 * UNITS) in products
    assert len(products) == 3  # the projection of all inputs and a gradient for each of the two kernels
    for scan in scans:
        assert sum(node.op.name == "matmul" for node in scan.op.body.nodes) == 1


@pytest.mark.parametrize("form", ["graph", pytest.param("source", marks=pytest.mark.numpy_backend)])
def test_a_trained_lstm(form):
    """Regenerate with ``python -m tests.passes.test_scans`` and read the difference."""
    assert lstm_text(form) == (GOLDEN / f"lstm_{form}.txt").read_text()


def lstm_text(form: str) -> str:
    program = lstm_model().program
    return str(program.graph("train")) if form == "graph" else program.source("train")


def test_predicting_stacks_nothing_that_nobody_reads():
    graph = lstm_model().program.graph("predict")
    (scan,) = [node for node in graph.nodes if isinstance(node.op, Scan)]
    assert len(scan.op.body.outputs) == scan.op.carries == 2


def loops(source: str) -> list[list[str]]:
    """The statements of each loop over time."""
    found: list[list[str]] = []
    for line in source.splitlines():
        if " in steps_of_" in line:
            found.append([])
        elif line.startswith("        ") and not line.strip().startswith("#"):
            found[-1].append(line.strip())
    return found


@pytest.mark.numpy_backend
def test_kernel_calls_per_time_step():
    program = lstm_model().program
    forward, backward = loops(program.source("train"))
    assert len(forward) == 10  # the product, sum and tanh; 2 for the gates; 3 for the memory; 2 for the output
    assert len(backward) == 12  # 2 for the memory, 4 gates, the memory before, 4 parts side by side, the product
    (predict,) = loops(program.source("predict"))
    assert len(predict) == 10


def test_the_source_depends_neither_on_batch_nor_on_time():
    time = symbol("time")
    graph = Graph("g")
    x = graph.input("x", TensorType("float64", (time, BATCH, 3)))
    h = graph.input("h", TensorType("float64", (BATCH, 3)))
    w = graph.input("w", TensorType("float64", (3, 3)))

    def step(carries, elements, others):
        new = ops.tanh(carries[0] @ others[0] + elements[0])
        return [new], [new]

    (last,), (stack,) = ops.scan(step, [h], [x], [w])
    graph.output("loss", ops.sum(last) + ops.sum(ops.square(stack)))
    seed = graph.constant(1.0, "float64")
    for label, value in zip("xhw", gradients({graph.outputs["loss"]: seed}, [x, h, w]), strict=True):
        graph.output(f"d{label}", value)
    graph = run_passes(graph, OPTIMIZE)
    sources = [
        print_source(plan_of(graph, {"batch": batch, "time": steps}, TARGET)).text
        for batch, steps in ((1, 1), (2, 7), (32, 3))
    ]
    assert sources[0] == sources[1] == sources[2]


@pytest.mark.parametrize("options", [{}, {"return_sequences": True}])
def test_a_training_step_allocates_nothing(options):
    program = lstm_model(**options).program
    machine = Machine(program.graph("train"), 8, program.states)
    bound = machine.executable.bind({"batch": 8})
    for array in bound.inputs.values():
        array[...] = 0.5
    bound.run()
    with counted_allocations() as counted:
        bound.run()
    assert counted.sizes == []


def test_planned_and_unplanned_give_the_same_bits():
    program = lstm_model(return_sequences=True).program
    graph = program.graph("train")
    generator = numpy.random.default_rng(3)
    inputs = {
        label: generator.normal(size=[dim if isinstance(dim, int) else 5 for dim in value.shape])
        for label, value in graph.inputs.items()
    }
    machines = [Machine(graph, 8, program.states, reuse=reuse) for reuse in (True, False)]
    assert bits(machines[0].run(inputs, 5)) == bits(machines[1].run(inputs, 5))
    assert machines[0].plan.peak_bytes < machines[1].plan.peak_bytes
    assert machines[1].plan.peak_bytes == machines[0].plan.unshared_bytes


# ---------------------------------------------------------------------- loops made at random


@given(seed=integers(0, 2**32 - 1))
@pytest.mark.slow
def test_loops_made_at_random_compute_what_they_mean(seed):
    """Passes, plan and source agree with the interpreter, forward and backward, in memory that is reused or not."""
    graph = random_loop(numpy.random.default_rng(seed))
    generator = numpy.random.default_rng(seed)
    inputs = {
        label: generator.uniform(-1, 1, [dim if isinstance(dim, int) else 3 for dim in value.shape])
        for label, value in graph.inputs.items()
    }
    expected = interpret(graph, inputs)
    optimized = run_passes(graph, OPTIMIZE)
    assert str(parse_graph(str(optimized))) == str(optimized)
    machines = [Machine(optimized, 4, {}, reuse=reuse) for reuse in (True, False)]
    runs = [machine.run(inputs, 3) for machine in machines for _ in range(2)]
    check_same(expected, runs[0], 1e-9, graph, machines[0])
    assert all(bits(run) == bits(runs[0]) for run in runs)


def random_loop(generator: numpy.random.Generator) -> Graph:
    """A graph with a loop of random arithmetic, and the gradient of a sum of what comes out of it."""
    graph = Graph("g")
    kind = "float64"
    carries = [graph.input(f"h{index}", TensorType(kind, (BATCH, 3))) for index in range(generator.integers(1, 4))]
    sequences = [graph.input(f"x{index}", TensorType(kind, (4, BATCH, 3))) for index in range(generator.integers(1, 3))]
    others = [graph.input("w", TensorType(kind, (3, 3))), graph.input("b", TensorType(kind, (3,)))]

    def pick(pool):
        return pool[generator.integers(len(pool))]

    def step(carries, elements, others):
        pool = [*carries, *elements]
        for _ in range(generator.integers(1, 9)):
            x, y = pick(pool), pick(pool)
            choice = generator.integers(8)
            if choice == 0:
                pool.append(x @ others[0])
            elif choice == 1:
                pool.append(x + others[1])
            elif choice == 2:
                pool.append(ops.tanh(x))
            elif choice == 3:
                pool.append(ops.where(x < y, x, y * 0.5))
            elif choice == 4:
                pool.append(ops.concatenate([ops.take(x, 1, 0, 1), ops.take(y, 1, 1, 3)]))
            elif choice == 5:
                pool.append(ops.softmax(x) * others[1])
            else:
                pool.append(x * y if choice == 6 else x - y)
        new = [ops.tanh(pick(pool)) if generator.integers(2) else pick(pool) for _ in carries]
        return new, [pick(pool) for _ in range(generator.integers(0, 3))]

    finals, stacks = ops.scan(step, carries, sequences, others, reverse=bool(generator.integers(2)))
    outputs = [*finals, *stacks]
    for index, value in enumerate(outputs):
        graph.output(f"y{index}", value)
    chosen = [value for value in outputs if generator.integers(3)] or outputs[:1]
    total = ops.sum(ops.tanh(chosen[0]))
    for value in chosen[1:]:
        total = total + ops.sum(ops.tanh(value))
    wrt = [*carries, *sequences, *others]
    found = gradients({total: graph.constant(1.0, kind)}, wrt)
    for index, value in enumerate(found):
        if value is not None:
            graph.output(f"g{index}", value)
    return graph


if __name__ == "__main__":
    for form in ("graph", "source"):
        (GOLDEN / f"lstm_{form}.txt").write_text(lstm_text(form))
