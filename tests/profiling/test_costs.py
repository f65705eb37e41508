"""What blocks cost, counted by hand."""

from __future__ import annotations

import pytest

import nnc
from nnc.backends import find_backend
from nnc.backends.marks import Marks
from nnc.backends.numpy.marks import Counters
from nnc.profiling.costs import block_costs, block_layer, block_name, block_ops, block_runs, operations_text

BATCH, IN, OUT = 8, 3, 5


def blocks(model: nnc.Model, backend: str, graph: str = "predict", batch: int = BATCH):
    program = nnc.compile(model)
    program.backend = find_backend(backend)
    plan = program.plan(graph, batch)
    marks = Marks(mark=Counters().mark)
    program.backend.source(plan, marks)
    return plan, marks.blocks


def dense() -> nnc.Model:
    return nnc.Sequential([nnc.Input((IN,)), nnc.layers.Dense(OUT, activation="relu", name="first")])


def test_each_step_of_numpy_reads_its_operands_and_writes_its_result():
    plan, found = blocks(dense(), "numpy")
    x, kernel, bias, y = BATCH * IN, IN * OUT, OUT, BATCH * OUT
    costs = [(block_ops(block), *block_costs(block, plan.bindings)) for block in found]
    assert costs == [
        (("matmul",), 2 * BATCH * IN * OUT, 4 * (x + kernel + y)),
        (("add",), y, 4 * (y + bias + y)),
        (("relu",), y, 4 * (y + y)),
    ]
    assert {block_layer(plan, block) for block in found} == {("first", False)}


def test_what_stays_in_registers_is_no_traffic():
    plan, found = blocks(dense(), "c")
    x, kernel, bias, y = BATCH * IN, IN * OUT, OUT, BATCH * OUT
    (block,) = found
    assert block_ops(block) == ("matmul", "add", "relu")
    assert block_costs(block, plan.bindings) == (2 * BATCH * IN * OUT + 2 * y, 4 * (x + kernel + bias + 2 * y))
    assert block_name(block) == f"{block.steps[0]}–{block.steps[-1]} matmul + add + relu → %first"


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_rows_of_a_table_are_read_and_the_rest_is_not(backend):
    rows, width, length = 1000, 4, 6
    model = nnc.Sequential([nnc.Input((length,), dtype="int32"), nnc.layers.Embedding(rows, width)])
    plan, found = blocks(model, backend)
    (gather,) = [block for block in found if "gather" in block_ops(block)]
    words = BATCH * length
    assert block_costs(gather, plan.bindings) == (0, 4 * words + 2 * 4 * words * width)


def test_the_body_of_a_loop_belongs_to_the_layer_around_it():
    model = nnc.Sequential([nnc.Input((6, IN)), nnc.layers.LSTM(OUT, name="memory")])
    plan, found = blocks(model, "numpy")
    inside = [block for block in found if block.path]
    assert inside
    assert {block_layer(plan, block) for block in inside} == {("memory", False)}
    (product,) = [block for block in inside if block_ops(block) == ("matmul",)]
    assert block_costs(product, plan.bindings)[0] == 2 * BATCH * OUT * 4 * OUT
    (scan,) = [block for block in found if block_ops(block) == ("scan",)]
    assert block_costs(scan, plan.bindings) == (0, 0)
    assert block_name(product).startswith(f"{scan.steps[0]}.")
    assert block_runs(plan, product, plan.bindings) == 6
    assert block_runs(plan, scan, plan.bindings) == 1


def test_what_belongs_to_no_layer_has_a_name():
    model = dense()
    model.compile("adam", "mse", metrics=["mae"])
    plan, found = blocks(model, "numpy", "train")
    names = {block_layer(plan, block) for block in found}
    assert {("first", True), ("first", False), ("loss", False), ("metrics", False), ("optimizer", False)} <= names


def test_operations_text():
    assert operations_text(("copy",)) == "copy"
    assert operations_text(("a", "b", "c", "a")) == "a + b + c"
    assert operations_text(("a", "b", "c", "d", "a")) == "a + 3 more"
