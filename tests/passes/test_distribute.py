"""Graphs divided among processes: what all of them have together is what one process computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import nnc
from nnc import layers, losses
from nnc.errors import DistributionError, NncError
from nnc.ir import Graph, Rewriter, TensorType, Value, interpret, op_class, op_names, symbol, verify
from nnc.ir.ops import cast, flip, matmul, max, mean, reshape, square, transpose
from nnc.ir.ops import sum as sum_
from nnc.labels import ROWS
from nnc.passes import DeadCode, run_passes, sharding
from nnc.passes.differentiate import GRADIENT, Differentiate
from nnc.passes.distribute import divide
from nnc.passes.pipelines import PRIMITIVE
from nnc.passes.training import AttachLoss
from nnc.utils import set_random_seed
from tests.graphs.subject import make_subject
from tests.passes.processes import run_processes

BATCH = symbol(ROWS)
ROW_COUNT = 7


# ---------------------------------------------------------------------- random graphs


def tried_seeds(seeds: range) -> tuple[int, int]:
    """Compare random graphs, whose outputs are summed up; return how many were, and how many were refused."""
    compared = refused = 0
    for seed in seeds:
        subject = make_subject(seed)
        graph = subject.graph
        if ROWS not in graph.symbols or any(node.op.name == "fusion" or node.op.composite for node in graph.nodes):
            continue
        try:
            whole = run_passes(summed_outputs(graph), [DeadCode()])
            parts = divide(whole)
        except NncError as error:
            refused += isinstance(error, DistributionError)
            continue
        for part in parts:
            verify(part)
        for trial in subject.trials:
            states = trial.states | {label: numpy.zeros(1) for label in whole.updates}
            inputs = {label: trial.inputs[label] for label in whole.inputs}
            try:
                with numpy.errstate(all="ignore"):
                    expected = interpret(whole, inputs, {label: states[label] for label in whole.states})[1]
            except NncError:
                continue
            for size in range(2, min(trial.sizes[ROWS], 3) + 1):
                with numpy.errstate(all="ignore"):
                    found = run_processes(parts, inputs, states, size, trial.sizes)
                for label in whole.updates:
                    total, added = expected[label], numpy.sum([own[label] for _, own in found], 0)
                    if numpy.isfinite(total).all():
                        numpy.testing.assert_allclose(added, total, 2e-5, 1e-6, err_msg=f"{size} of {subject.text}")
                        compared += 1
    return compared, refused


def summed_outputs(graph: Graph) -> Graph:
    """Return a graph that adds up the squares of each output, which tells the rows of one from those of another."""
    rewriter = Rewriter(graph)
    result = rewriter.keep_all()
    result.updates.clear()
    for label, value in graph.outputs.items():
        state = result.state(f"total/{label}", TensorType("float64", (1,)), "metric")
        total = sum_(square(cast(rewriter[value], "float64")))
        result.update(f"total/{label}", state + reshape(total, (1,)))
    return result


@pytest.mark.slow
def test_random_graphs_have_the_sums_of_one_process():
    compared, refused = tried_seeds(range(200))
    assert compared > 120  # sums, of two and three processes
    assert refused > 20


@pytest.mark.slow
def test_many_random_graphs_have_the_sums_of_one_process():
    compared, _ = tried_seeds(range(500, 5000))
    assert compared > 3000


# ---------------------------------------------------------------------- what users train


def prepared(model: nnc.Model, weighted: str = "") -> tuple[Graph, dict[str, Any], set[str]]:
    """Return a training graph as it is divided, the first states, and the layers that measure rows by themselves."""
    compiler = model.make_compiler("float64", None, ())
    graph = compiler.lower(f"train{weighted}", training=True)
    head = compiler._head(weighted)
    states = {label: numpy.array(array) for label, array in compiler.program().states.items()}
    whole = run_passes(graph, (AttachLoss(head), Differentiate(), *PRIMITIVE))
    for label, value in whole.states.items():
        states.setdefault(label, numpy.zeros([int(dim) for dim in value.shape], value.dtype))
    return whole, states, compiler.per_process


def arrays_for(graph: Graph, classes: int = 3) -> dict[str, Any]:
    """Return arrays of seven rows for the inputs of a graph."""
    random = numpy.random.default_rng(1)
    found = {}
    for label, value in graph.inputs.items():
        shape = [int(dim) for dim in value.type.bind({ROWS: ROW_COUNT}).shape]
        if value.type.is_floating:
            found[label] = random.random(shape).astype(value.dtype)
        else:
            found[label] = random.integers(0, classes, shape).astype(value.dtype)
    return found


def compiled(*inside: Any, loss: Any = "mse", metrics: Any = None, **shape: Any) -> nnc.Model:
    set_random_seed(5)
    model = nnc.Sequential([layers.Input(**shape), *inside], name="model")
    model.compile("adam", loss, metrics=metrics)
    return model


def two_outputs() -> nnc.Model:
    x = layers.Input((5,), name="x")
    hidden = layers.Dense(4, activation="tanh")(x)
    model = nnc.Model(x, [layers.Dense(2, name="a")(hidden), layers.Dense(3, "softmax", name="b")(hidden)])
    model.compile("sgd", ["mse", "sparse_categorical_crossentropy"], loss_weights=[0.3, 2.0], metrics=[["mae"], []])
    return model


def attention() -> nnc.Model:
    x = layers.Input((6,), dtype="int32")
    tokens = layers.Embedding(4, 8, mask_zero=True)(x)
    mixed = layers.LayerNormalization()(layers.MultiHeadAttention(2, 4, dropout=0.1)(tokens, tokens) + tokens)
    model = nnc.Model(x, layers.Dense(3, activation="softmax")(mixed))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


MODELS: dict[str, tuple[Callable[[], nnc.Model], str, int]] = {
    "perceptron": (
        lambda: compiled(
            layers.Dense(4, activation="relu", kernel_regularizer="l2", activity_regularizer="l1"),
            layers.Dropout(0.3),
            layers.Dense(3, activation="softmax"),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
            shape=(5,),
        ),
        "",
        2,
    ),
    "weighted": (lambda: compiled(layers.Dense(2), metrics=["mae"], shape=(5,)), "_weighted", 2),
    "sum": (lambda: compiled(layers.Dense(2), loss=losses.MeanSquaredError(reduction="sum"), shape=(5,)), "", 2),
    "mean with weights": (
        lambda: compiled(
            layers.Dense(2), loss=losses.MeanSquaredError(reduction="mean_with_sample_weight"), shape=(5,)
        ),
        "_weighted",
        3,
    ),
    "dice": (lambda: compiled(layers.Dense(2, activation="sigmoid"), loss=losses.Dice(), shape=(5,)), "", 3),
    "convolutions": (
        lambda: compiled(
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(synchronized=True),
            layers.MaxPooling2D(),
            layers.DepthwiseConv2D(2),
            layers.AveragePooling2D(2, 1),
            layers.Flatten(),
            layers.GaussianNoise(0.1),
            layers.Dense(2),
            shape=(9, 9, 2),
        ),
        "",
        6,
    ),
    "recurrent": (
        lambda: compiled(
            layers.Embedding(10, 4, mask_zero=True),
            layers.Bidirectional(layers.LSTM(5, return_sequences=True)),
            layers.GRU(3, dropout=0.2),
            layers.Dense(1, activation="sigmoid"),
            loss="binary_crossentropy",
            metrics=["auc"],
            shape=(6,),
            dtype="int32",
        ),
        "",
        2,
    ),
    "masked steps": (
        lambda: compiled(
            layers.Embedding(10, 4, mask_zero=True),
            layers.LSTM(5, return_sequences=True),
            layers.Dense(3, activation="softmax"),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
            shape=(6,),
            dtype="int32",
        ),
        "",
        3,
    ),
    "attention": (attention, "", 2),
    "two outputs": (two_outputs, "", 2),
    "group and spectral": (
        lambda: compiled(
            layers.SpectralNormalization(layers.Dense(6)),
            layers.GroupNormalization(2),
            layers.UnitNormalization(),
            shape=(5,),
        ),
        "",
        2,
    ),
}


@pytest.mark.sampled(1 / 2)
@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("name", MODELS)
def test_gradients_and_updates_are_those_of_one_process(name, size):
    make, weighted, count = MODELS[name]
    whole, states, per_process = prepared(make(), weighted)
    inputs = arrays_for(whole, 2 if name == "recurrent" else 3)
    outputs, updates = interpret(whole, inputs, {label: states[label] for label in whole.states})
    parts = divide(whole, per_process)
    assert len(parts) == count
    for known, own in run_processes(parts, inputs, states, size, {ROWS: ROW_COUNT}):
        for label, gradient in outputs.items():
            if label.startswith(GRADIENT):
                numpy.testing.assert_allclose(known[label], gradient, 1e-10, 1e-13)
        for label, array in updates.items():
            if whole.states[label].node.op.role != "metric":
                numpy.testing.assert_allclose(own[label], array, 1e-10, 1e-13)
    found = run_processes(parts, inputs, states, size, {ROWS: ROW_COUNT})
    for label, array in updates.items():
        if whole.states[label].node.op.role == "metric":
            numpy.testing.assert_allclose(sum(own[label] for _, own in found), array, 1e-10)


def test_batch_normalization_measures_the_rows_of_each_process():
    model = compiled(layers.Dense(4), layers.BatchNormalization(), layers.Dense(2), shape=(5,))
    whole, states, per_process = prepared(model)
    assert per_process == {"batch_normalization"}
    inputs, own_states = arrays_for(whole), {label: states[label] for label in whole.states}
    halves = (slice(3), slice(3, None))
    alone = [interpret(whole, {label: array[half] for label, array in inputs.items()}, own_states) for half in halves]
    first, second = (outputs["gradient/parameters"] for outputs, _ in alone)
    gradient = (3 * first + 4 * second) / ROW_COUNT
    for known, own in run_processes(divide(whole, per_process), inputs, states, 2, {ROWS: ROW_COUNT}):
        numpy.testing.assert_allclose(known["gradient/parameters"], gradient, 1e-10, 1e-13)
        for label in [label for label in whole.updates if "moving" in label]:
            mean_of_both = sum(updates[label] for _, updates in alone) / 2
            numpy.testing.assert_allclose(own[label], mean_of_both, 1e-12)


def test_the_last_part_applies_gradients_and_has_nothing_of_the_rows():
    whole, _, _ = prepared(MODELS["perceptron"][0]())
    first, last = divide(whole)
    assert list(last.inputs) == ["sum/float64"]
    assert list(last.outputs) == ["gradient/parameters"]
    assert not last.symbols
    assert [label for label in first.outputs if not label.startswith("summand/")] == []
    assert first.outputs["summand/float64"].shape == whole.outputs["gradient/parameters"].shape


# ---------------------------------------------------------------------- what needs rows together


def refusal(compute: Callable[[Value], Value]) -> str:
    graph = Graph("g")
    x = graph.input("x", TensorType("float32", (BATCH, 3)))
    state = graph.state("total", TensorType("float32", (1,)), "metric")
    with graph.scope("block"):
        value = compute(x)
    graph.update("total", state + reshape(sum_(value), (1,)))
    with pytest.raises(DistributionError) as caught:
        divide(graph)
    return str(caught.value)


def test_what_compares_rows_is_refused_by_name():
    text = " of layer 'block' needs rows of a batch together, so that the batch cannot be divided among processes"
    assert refusal(lambda x: x - max(x, 0)) == "'max'" + text
    assert refusal(lambda x: flip(x, 0) * x) == "'flip'" + text
    assert "which has something for several rows" in refusal(lambda x: matmul(x, transpose(x, (1, 0))))


def test_a_mean_over_all_rows_is_that_of_all_processes():
    graph = Graph("g")
    x = graph.input("x", TensorType("float64", (BATCH, 3)))
    state = graph.state("total", TensorType("float64", (1,)), "metric")
    graph.update("total", state + reshape(sum_(square(x - mean(x, 0))), (1,)))
    parts = divide(graph)
    assert len(parts) == 2
    array = numpy.random.default_rng(0).normal(size=(7, 3))
    found = run_processes(parts, {"x": array}, {"total": numpy.zeros(1)}, 3, {ROWS: 7})
    total = sum(own["total"] for _, own in found)
    numpy.testing.assert_allclose(total, array.var(0).sum() * 7)


SPECIAL = {"input", "state", "constant", "size", "iota", "random_uniform", "scan"}
"""Ops whose sharding depends on more than on that of their operands."""
LATER = {"fusion", "lane_matmul"}
"""Ops that graphs have only once they are divided."""


def test_every_op_has_a_rule():
    missing = {
        name
        for name in op_names()
        if not (op_class(name).elementwise or op_class(name).composite or op_class(name) in sharding._RULES)
    }
    assert missing - {name for name in missing if op_class(name).__module__.startswith("tests.")} == SPECIAL | LATER
