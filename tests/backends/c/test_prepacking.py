"""Predictions read weights in the layout of their kernels, which are packed once for each change of the weights."""

from __future__ import annotations

import gc
import threading
from functools import partial

import numpy
import pytest

import nnc
from nnc import layers
from nnc.errors import MemoryBudgetError
from nnc.plan import prepacked_steps
from tests.backends.c.helpers import is_gcc

pytestmark = pytest.mark.usefixtures("compiler")


@pytest.fixture(autouse=True)
def _level(monkeypatch):
    monkeypatch.setenv("NNC_C_LEVEL", "1")


def dense():
    return [layers.Input((70,)), layers.Dense(90, "relu"), layers.Dense(5)]


def pictures():
    return [
        layers.Input((9, 11, 16)),
        layers.Conv2D(40, 3, padding="same", activation="relu"),  # Winograd's
        layers.Conv2D(70, 3, strides=2),  # read where it lies
        layers.Conv2D(90, 1),  # a product
        layers.Conv2D(12, 3, padding="same", groups=2),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3),
    ]


def words():
    return [layers.Input((6, 40)), layers.LSTM(33), layers.Dense(4)]


def folded():
    return [
        layers.Input((10, 10, 16)),
        layers.Conv2D(64, 3, use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Flatten(),
        layers.Dense(4),
    ]


NETWORKS = {"dense": dense, "pictures": pictures, "words": words, "folded": folded}


def make(name: str) -> nnc.Sequential:
    nnc.utils.set_random_seed(7)
    model = nnc.Sequential(NETWORKS[name]())
    model.compile(nnc.optimizers.SGD(1e-4), "mse")
    model.program.use_backend("c")
    return model


def inputs(model: nnc.Sequential, rows: int = 9) -> numpy.ndarray:
    return numpy.random.default_rng(1).normal(size=(rows, *model.input_shape[1:])).astype("float32")


def check(model: nnc.Sequential, x: numpy.ndarray) -> None:
    """Compare with NumPy, which packs nothing."""
    other = nnc.compile(nnc.models.model_from_json(model.to_json()), backend="numpy")
    other.set_weights([weight.copy() for weight in model.get_weights()])
    numpy.testing.assert_allclose(model.program(x), other(x), rtol=1e-5, atol=1e-5)


def packings(model: nnc.Sequential) -> list[int]:
    """Return how often each function that packs has run."""
    return [prologue.runs for prologue in model.program.executor._preparations.values()]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.slow
def test_weights_are_packed_once_for_each_change(name):
    model = make(name)
    x = inputs(model)
    plan = model.program.plan("predict", 9)
    assert list(prepacked_steps(plan))
    for _ in range(5):
        check(model, x)
    model.predict(x, batch_size=4, verbose=0)
    assert packings(model) == [1]
    model.set_weights([weight * 1.25 for weight in model.get_weights()])
    check(model, x)
    assert packings(model) == [2]
    model.fit(x, numpy.ones((9, *model.output_shape[1:]), "float32"), epochs=2, verbose=0)
    check(model, x)
    check(model, x[:6])
    assert packings(model) == [3]


def test_writing_to_a_window_on_the_weights_is_noticed():
    model = make("dense")
    x = inputs(model)
    check(model, x)
    window = model.weights[0].array
    check(model, x)
    window *= 2
    check(model, x)
    window[3] = 0.5
    check(model, x)


def test_few_rows_read_the_weights_as_they_are():
    model = make("dense")
    x = inputs(model)
    check(model, x[:1])
    check(model, x[:2])
    assert packings(model) == []
    check(model, x[:3])
    assert packings(model) == [1]


@pytest.mark.parametrize("width", [300, 1100])
def test_few_rows_read_strips_that_caches_hold_to_the_same_bits(width):
    """Of a b + c d Clang rounds another product in each function, so that its sums are the same but for rounding."""
    same = (
        numpy.testing.assert_array_equal if is_gcc() else partial(numpy.testing.assert_allclose, rtol=1e-5, atol=1e-6)
    )
    hidden = layers.Dense(width, "relu", bias_initializer="normal")
    model = nnc.Sequential([layers.Input((311,)), hidden, layers.Dense(77), layers.Dense(2)])
    packed = nnc.compile(model, backend="c")
    footprint = packed.footprint("predict", 1)
    assert footprint.derived == packed.plan("predict", 1).prepacked_bytes > 0
    plain = nnc.compile(nnc.models.clone_model(model), backend="c", max_bytes=footprint.total - 1)
    plain.set_weights(packed.get_weights())
    assert plain.plan("predict", 1).prepacked_bytes == 0
    x = numpy.random.default_rng(1).normal(size=(2, 311)).astype("float32")
    for rows in (1, 2):
        same(packed(x[:rows]), plain(x[:rows]))
    x[1, 5] = numpy.nan
    same(packed(x), plain(x))
    plain.set_weights([2 * weight for weight in plain.get_weights()])
    packed.set_weights(plain.get_weights())
    same(packed(x[:1]), plain(x[:1]))


@pytest.mark.parametrize("width", [100, 14000])
def test_few_rows_read_small_and_large_weights_as_they_are(width):
    program = nnc.compile(
        nnc.Sequential([layers.Input((311,)), layers.Dense(width, kernel_initializer="zeros")]), backend="c"
    )
    assert program.plan("predict", 1).prepacked_bytes == 0
    assert program.plan("predict", 3).prepacked_bytes > 0


@pytest.mark.parametrize("rows", range(1, 20))
def test_any_number_of_rows(rows):
    model = make("dense")
    check(model, inputs(model, rows))


def test_threads_share_what_is_packed():
    model = make("dense")
    x = inputs(model)
    expected = model.program(x)
    found = []
    workers = [threading.Thread(target=lambda: found.append(model.program(x))) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert packings(model) == [1]
    assert all(numpy.array_equal(array, expected) for array in found)
    assert len(found) == len(workers)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_trains_packs_nothing(name):
    model = make(name)
    for graph in ("train", "evaluate"):
        assert not list(prepacked_steps(model.program.plan(graph, 4)))
        assert "_prepack" not in model.program.source(graph)


@pytest.mark.parametrize(("length", "is_packed"), [(8, False), (64, True)])
def test_small_weights_are_packed_where_many_places_meet_them(length, is_packed):
    model = nnc.Sequential([layers.Input((length, length, 16)), layers.Conv2D(24, 1), layers.Conv2D(1, 1)])
    packed = prepacked_steps(nnc.compile(model, backend="c").plan("predict", 1))
    assert [found.type.shape for _, found in packed] == [(16 * 32,)] * is_packed


def test_packed_weights_count():
    model = make("dense")
    program = model.program
    plan = program.plan("predict", 9)
    assert plan.prepacked_bytes == 70 * 96 * 4
    assert program.footprint("predict", 9).derived == program.derived_bytes + plan.prepacked_bytes
    assert program.footprint("train", 9).derived == 0
    assert program.footprint("predict", 2).derived == program.derived_bytes  # nothing is packed for so few rows
    program.use_backend("numpy")
    assert program.plan("predict", 9).prepacked_bytes == 0


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.sampled(1)
def test_what_does_not_fit_packed_is_read_as_it_is(name):
    model = make(name)
    program, x = model.program, inputs(model)
    expected = program(x)
    packed = program.footprint("predict", 9)
    program.max_bytes = packed.total - 1
    unpacked = program.footprint("predict", 9)
    assert unpacked.total < packed.total
    assert unpacked.derived == program.derived_bytes
    assert not list(prepacked_steps(program.plan("predict", 9)))
    numpy.testing.assert_allclose(program(x), expected, rtol=1e-5, atol=1e-6)
    check(model, x[:2])
    gc.collect()
    assert packings(model) == []  # and what was packed before is not kept
    program.max_bytes = packed.total
    numpy.testing.assert_array_equal(program(x), expected)
    assert packings(model) == [1]


@pytest.mark.parametrize("name", NETWORKS)
def test_what_does_not_fit_as_it_is_either_is_refused(name):
    model = make(name)
    program, x = model.program, inputs(model)
    program.max_bytes = program.footprint("predict", 9).total - 1
    needed = program.footprint("predict", 9).total
    program.max_bytes = needed
    assert program(x).shape[0] == 9
    program.max_bytes = needed - 1
    with pytest.raises(MemoryBudgetError) as caught:
        program(x)
    assert (caught.value.needed, caught.value.limit) == (needed, needed - 1)
    fitting = caught.value.fitting
    assert fitting is not None
    assert program.footprint("predict", fitting).total < needed
    assert program.footprint("predict", fitting + 1).total >= needed
    assert program.predict(x, fitting).shape[0] == 9


def test_a_larger_batch_that_leaves_no_room_for_packed_weights():
    model = make("dense")
    program, x = model.program, inputs(model, 90)
    program.max_bytes = program.footprint("predict", 9).total
    expected = program(x[:9])
    assert packings(model) == [1]
    numpy.testing.assert_allclose(program(x[:40])[:9], expected, rtol=1e-5, atol=1e-6)
    gc.collect()
    assert packings(model) == []
    numpy.testing.assert_allclose(program(x[:9]), expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(MemoryBudgetError, match=r"batches of up to [45][0-9] rows would fit"):
        program(x)


def test_it_is_explained_why_nothing_is_packed():
    program = make("dense").program
    needed = program.footprint("predict", 9).total
    told = [item for item in program.explain("predict", 9).done if item.kind == "packed beforehand"]
    program.max_bytes = needed - 1
    explanation = program.explain("predict", 9)
    assert {(item.stage, item.run) for item in explanation.decisions if item.stage == "plan"} == {("plan", 1)}
    missed = [item for item in explanation.missed if item.kind == "packed beforehand"]
    assert [item.text for item in missed] == [item.text for item in told] != []
    reason = "with packed weights the graph needs 58.7 KiB, more than max_bytes = 58.7 KiB"
    assert [item.reason for item in missed] == [reason]
    program.max_bytes = needed
    assert told == [item for item in program.explain("predict", 9).done if item.kind == "packed beforehand"]


def test_float64():
    model = nnc.Sequential([layers.Input((70,), dtype="float64"), layers.Dense(90, dtype="float64")])
    model.program.use_backend("c")
    x = inputs(model).astype("float64")
    weights = model.get_weights()
    found = model.program(x)
    assert packings(model) == [1]
    numpy.testing.assert_allclose(found, x @ weights[0] + weights[1], rtol=1e-12, atol=1e-14)
