"""Large batches of predictions: how many rows run at a time, which may, and that they give what one run gives."""

from __future__ import annotations

from contextlib import suppress

import numpy
import pytest

import nnc
from nnc import layers, ops
from nnc.backends.c.threads import THREADS, call_each, pool_library
from nnc.backends.c.toolchain import find_compiler
from nnc.errors import DataError, NncError, NonFiniteError
from nnc.execution import microbatches
from nnc.execution.executor import Executor
from nnc.ir import Graph, TensorType, interpret, symbol
from nnc.ir.ops import (
    concatenate,
    cumulative_sum,
    flip,
    matmul,
    random_uniform,
    reshape,
    size,
    softmax,
    take,
    transpose,
)
from nnc.ir.ops import max as max_
from nnc.ir.ops import sum as sum_
from nnc.ir.ops.sizes import Iota
from nnc.labels import ROWS
from nnc.passes import Decompose, run_passes
from nnc.program.predictions import _groups

BATCH = symbol(ROWS)

NEAR = 600
"""Bytes that the largest value of a microbatch may have in these tests."""


def image():
    x = nnc.Input((6, 5, 3))
    y = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    y = layers.BatchNormalization()(y)
    return nnc.Model(x, layers.Dense(2, "softmax")(layers.GlobalAveragePooling2D()(y)))


def words():
    x = nnc.Input((9,), dtype="int32")
    y = layers.LSTM(5, return_sequences=True)(layers.Embedding(11, 4, mask_zero=True)(x))
    return nnc.Model(x, layers.Bidirectional(layers.GRU(3))(y))


def several():
    a, b = nnc.Input((5, 8)), nnc.Input((8,))
    y = layers.MultiHeadAttention(2, 4)(a, a)
    y = layers.Flatten()(layers.LayerNormalization()(y))
    return nnc.Model([a, b], [layers.Dense(3)(y), layers.Concatenate()([y, b])])


def open_lengths():
    x = nnc.Input((None, 3))
    return nnc.Model(x, layers.GlobalMaxPooling1D()(layers.Conv1D(8, 3, padding="causal")(x)))


def one(function):
    """Return what makes a model of a function between two layers."""

    def make():
        x = nnc.Input((6,))
        return nnc.Model(x, layers.Dense(6)(function(layers.Dense(6)(x))))

    return make


CUT = {"image": image, "words": words, "several": several, "open_lengths": open_lengths}
WHOLE = {
    "mean of rows": one(lambda x: x - ops.mean(x, axis=0, keepdims=True)),
    "softmax over rows": one(lambda x: ops.softmax(x, axis=0)),
    "rows in reverse": one(lambda x: ops.flip(x, axis=0)),
    "sums of rows so far": one(lambda x: ops.cumsum(x, axis=0)),
    "first rows left out": one(lambda x: x[3:]),
    "last rows in front": one(lambda x: ops.concatenate([x[-3:], x[:-3]], axis=0)),
    "products of rows": one(lambda x: ops.matmul(ops.matmul(x, ops.transpose(x)), x)),
    "rows side by side": one(lambda x: ops.reshape(ops.transpose(x), (-1, 6))),
}


def data(model, rows):
    generator = numpy.random.default_rng(rows)
    arrays = []
    for tensor in model.inputs:
        shape = (rows, *(7 if size is None else size for size in tensor.shape[1:]))
        whole = "int" in str(tensor.dtype)
        drawn = generator.integers(0, 11, shape) if whole else generator.normal(size=shape)
        arrays.append(drawn.astype("int32" if whole else "float32"))
    return arrays if len(arrays) > 1 else arrays[0]


def as_list(outputs):
    return outputs if isinstance(outputs, list) else [outputs]


@pytest.fixture
def runs(monkeypatch):
    """Return the rows of predictions that are run, microbatches being small."""
    monkeypatch.setattr(microbatches, "near_bytes", lambda: NEAR)
    found, bound, side_by_side = [], Executor.bound, Executor.side_by_side

    def one_by_one(self, name, sizes):
        found.append(sizes[ROWS])
        return bound(self, name, sizes)

    def together(self, rows, sizes):
        found.extend(rows)
        return side_by_side(self, rows, sizes)

    monkeypatch.setattr(Executor, "bound", one_by_one)
    monkeypatch.setattr(Executor, "side_by_side", together)
    return found


@pytest.mark.parametrize("network", CUT)
def test_rows_by_themselves_run_a_few_at_a_time(network, runs, each_backend):
    model = CUT[network]()
    x = data(model, 13)
    program = nnc.compile(model, backend=each_backend)
    singles = [[array[row : row + 1] for array in as_list(x)] for row in range(13)]
    expected = [
        numpy.concatenate(parts) for parts in zip(*[as_list(program(*single)) for single in singles], strict=True)
    ]
    for predict in (program, program.predict, lambda x: program.predict(x, batch_size=5)):
        runs.clear()
        found = as_list(predict(*x) if predict is program and isinstance(x, list) else predict(x))
        assert max(runs) < 5 and len(runs) > 3
        for one_output, output in zip(found, expected, strict=True):
            numpy.testing.assert_allclose(one_output, output, 1e-6, 1e-6)


@pytest.mark.parametrize("network", WHOLE)
def test_rows_that_depend_on_each_other_run_together(network, runs):
    model = WHOLE[network]()
    x = data(model, 60)
    program = nnc.compile(model, backend="numpy")
    program(x)
    assert runs == [60]


def iota(graph, x):
    (numbers,) = graph.add(Iota(BATCH, "float32"))
    return x + reshape(numbers, (BATCH, 1))


def random_rows(graph, x):
    return x + random_uniform(graph.state("key", TensorType("uint32", (2,)), "buffer"), x.shape, 0)


def rows_as_number(graph, x):
    return x / size(x, [0])


def steps_in_front_of_rows(graph, x):
    return reshape(transpose(x, (1, 0)), (3 * BATCH, 1))


def rows_behind_columns(graph, x):
    return transpose(x, (1, 0))


def update(graph, x):
    total = graph.state("total", TensorType("float32", ()), "buffer")
    graph.update("total", total + 1.0)
    return x


KNOWING = (iota, random_rows, rows_as_number, steps_in_front_of_rows, rows_behind_columns, update)


@pytest.mark.parametrize("make", KNOWING, ids=lambda make: make.__name__)
def test_graphs_that_know_their_batch_run_together(make):
    graph = Graph("predict")
    x = graph.input("x", TensorType("float32", (BATCH, 3)))
    graph.output("y", make(graph, x))
    assert not microbatches.rows_are_independent(graph)


def axis_of(draw, x):
    return int(draw.integers(x.rank))


def swapped(draw, x):
    return transpose(x, [int(axis) for axis in draw.permutation(x.rank)])


def joined(draw, x):
    """Return two axes as one, or one apart."""
    axis = axis_of(draw, x)
    if axis + 1 < x.rank:
        return reshape(x, (*x.shape[:axis], x.shape[axis] * x.shape[axis + 1], *x.shape[axis + 2 :]))
    return reshape(x, (*x.shape[:axis], 2, x.shape[axis] // 2))


def by_rows_again(draw, x):
    return reshape(x, (BATCH, *([4, 3] if draw.integers(2) else [3, 4])))


def shortened(draw, x):
    axis = axis_of(draw, x)
    return take(x, axis, 1, x.shape[axis])


def product(draw, x):
    return matmul(x, transpose(x, [*range(x.rank - 2), x.rank - 1, x.rank - 2]))


STEPS = (
    swapped,
    joined,
    joined,
    by_rows_again,
    by_rows_again,
    shortened,
    product,
    lambda draw, x: flip(x, [axis_of(draw, x)]),
    lambda draw, x: x - max_(x, axis_of(draw, x), True),
    lambda draw, x: x * sum_(x, axis_of(draw, x), True),
    lambda draw, x: cumulative_sum(x, axis_of(draw, x)),
    lambda draw, x: softmax(x, axis_of(draw, x)),
    lambda draw, x: concatenate([x, x], axis_of(draw, x)),
    lambda draw, x: x + sum_(x, [0], True) * 0.5,
)


def random_graph(seed):
    """Return a graph of a few steps that move rows, mix them or leave them alone."""
    draw = numpy.random.default_rng(seed)
    graph = Graph(f"graph {seed}")
    value = graph.input("x", TensorType("float64", (BATCH, 4, 3)))
    for _ in range(draw.integers(2, 8)):
        with suppress(NncError):
            value = STEPS[draw.integers(len(STEPS))](draw, value)
    graph.output("y", value)
    return run_passes(graph, [Decompose()])


def tried_seeds(seeds):
    """Cut the rows of random graphs, and return how many of them may be cut."""
    independent = 0
    for graph in map(random_graph, seeds):
        if microbatches.rows_are_independent(graph):
            independent += 1
            x = numpy.random.default_rng(0).normal(size=(6, 4, 3))
            expected = interpret(graph, {"x": x})[0]["y"]
            for rows in (slice(0, 1), slice(2, 4)):
                found = interpret(graph, {"x": x[rows]})[0]["y"]
                numpy.testing.assert_allclose(found, expected[rows], 1e-9, 1e-12, err_msg=str(graph))
    return independent


def test_rows_of_random_graphs():
    assert 100 < tried_seeds(range(600)) < 400


@pytest.mark.parametrize(("rows", "parts"), [(40, [40]), (41, [21, 20]), (119, [40, 40, 39])])
def test_products_write_as_much_as_they_read_of_weights(rows, parts, runs):
    """Rows of 30 results by a matrix of 40 × 30: 40 of them are as many bytes; three would be near enough."""
    program = nnc.compile(nnc.Sequential([nnc.Input((40,)), layers.Dense(30)]), backend="numpy")
    program(numpy.zeros((rows, 40), "float32"))
    assert runs == (parts if len(parts) == 1 else [parts[0], *parts])


def test_a_step_of_a_loop_reads_its_weights_again(runs):
    """Seven steps read 5 × 20 numbers each and write 20 for a row, one product before them 3 × 20 and 7 × 20."""
    program = nnc.compile(nnc.Sequential([nnc.Input((7, 3)), layers.LSTM(5)]), backend="numpy")
    program(numpy.zeros((12, 7, 3), "float32"))
    assert set(runs) == {-(-(7 * 100 + 60) // (7 * 20 + 7 * 20))}


@pytest.fixture
def several_threads():
    """Return a function that sets the number of threads of C."""
    if find_compiler() is None:
        pytest.skip("needs a C compiler")
    before = int(THREADS[0])
    yield lambda count: THREADS.fill(count)
    THREADS.fill(before)


@pytest.mark.parametrize("network", CUT)
def test_threads_share_microbatches_and_change_no_bit(network, several_threads, runs, monkeypatch):
    at_once = []

    def recording(function, records):
        at_once.append(len(records))
        call_each(function, records)

    monkeypatch.setattr("nnc.backends.c.executable.call_each", recording)
    model = CUT[network]()
    x = data(model, 23)
    program = nnc.compile(model, backend="c")
    found = []
    for threads in (1, 2, 3):
        several_threads(threads)
        at_once.clear()
        found.append(as_list(program.predict(x, batch_size=20)))
        assert max(at_once, default=1) == (1 if pool_library() is None else threads)
    several_threads(2)
    at_once.clear()
    limited = nnc.compile(CUT[network](), backend="c", max_bytes="1G")  # counts one arena
    limited.predict(x, batch_size=20)
    assert not at_once
    for outputs in zip(*found, strict=True):
        for output in outputs[1:]:
            numpy.testing.assert_array_equal(output, outputs[0])


@pytest.mark.parametrize(
    ("parts", "threads", "groups"),
    [(5, 1, [1] * 5), (6, 2, [2, 2, 2]), (7, 2, [2, 2, 2, 1]), (7, 4, [4, 3]), (6, 4, [4, 1, 1]), (3, 8, [1] * 3)],
)
def test_parts_for_each_thread_and_at_last_one_by_one(parts, threads, groups):
    spans = [range(part, part + 1) for part in range(parts)]
    found = list(_groups(spans, threads))
    assert [len(group) for group in found] == groups
    assert [span for group in found for span in group] == spans


def test_side_by_side_new_weights_are_seen_and_faults_leave_nothing_behind(several_threads, runs):
    several_threads(3)
    model = words()
    program, x = nnc.compile(model, backend="c"), data(words(), 12)
    expected = program(x)
    wrong = x.copy()
    wrong[[1, 5]] = 99
    with pytest.raises(DataError, match="99"):
        program(wrong)
    numpy.testing.assert_array_equal(program(x), expected)
    program.set_weights([2 * array for array in program.get_weights()])
    reference = nnc.compile(words(), backend="numpy")
    reference.set_weights(program.get_weights())
    numpy.testing.assert_allclose(program(x), reference(x), 1e-5, 1e-6)


def test_memory_is_that_of_a_microbatch(runs, each_backend):
    program = nnc.compile(image(), backend=each_backend, max_bytes=program_bytes(image(), 1))
    x = data(image(), 40)
    assert len(program(x)) == len(program.predict(x)) == 40
    plans = [compiled.plan.bindings for compiled in program.plans._plans.values()]
    assert [bindings[ROWS] for bindings in plans if ROWS in bindings] == [1]


def program_bytes(model, rows):
    return nnc.compile(model).footprint("predict", rows).total


def test_check_nan_names_batch_and_row(runs):
    program = nnc.compile(image(), backend="numpy", check_nan=True)
    x = data(image(), 20)
    x[13] = numpy.nan
    with pytest.raises(NonFiniteError) as caught:
        program.predict(x, batch_size=5)
    assert (caught.value.finding.batch, caught.value.finding.row) == (2, 10)
    assert set(runs) == {5}


@pytest.mark.parametrize(("said", "near"), [({2: 1000}, 2000), ({3: 1 << 25}, 2 << 20)])
def test_the_second_cache_says_what_is_near(monkeypatch, said, near):
    monkeypatch.setattr(microbatches, "cache_sizes", lambda: said)
    assert microbatches.near_bytes() == near
