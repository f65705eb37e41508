"""Memory budgets: what counts, what is refused, and what is said to fit."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import MemoryBudgetError, ModelError, NncError
from nnc.execution.footprint import constant_bytes, fullest_step, in_arena, in_states

BATCH = 64


def network(**options: object) -> nnc.Program:
    layers = nnc.layers
    model = nnc.Sequential(
        [
            nnc.Input((8, 8, 3)),
            layers.Conv2D(6, 3, padding="same"),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return nnc.compile(model, **options)


def sequences() -> nnc.Program:
    model = nnc.Sequential([nnc.Input((None, 3)), nnc.layers.LSTM(16), nnc.layers.Dense(1)])
    model.compile("sgd", "mse")
    return nnc.compile(model)


def wide() -> nnc.Program:
    """A program that needs most where all gradients are there."""
    model = nnc.Sequential([nnc.Input((40,)), nnc.layers.Dense(200, "relu"), nnc.layers.Dense(30)])
    model.compile("sgd", "mse")
    return nnc.compile(model)


def rows(count: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    generator = numpy.random.default_rng(0)
    return generator.random((count, 8, 8, 3), "float32"), generator.integers(0, 10, count)


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("graph", ["predict", "evaluate", "train"])
@pytest.mark.parametrize(("make", "batch"), [(network, BATCH), (sequences, BATCH), (wide, 1)])
def test_values_at_the_fullest_step_add_up_to_the_lower_bound(make, batch, graph, backend):
    program = make()
    program.use_backend(backend)
    plan = program.plan(graph, batch)
    found = list(in_arena(plan, fullest_step(plan)))
    assert sum(item.nbytes for item in found) == plan.lower_bound
    assert all(item.layer for item in found)


def test_states_add_up():
    program = network()
    program.graph("train")
    found = list(in_states(program.states, program.spec.variables))
    assert sum(item.nbytes for item in found) == sum(array.nbytes for array in program.states.values())
    by_name = {item.value: item for item in found}
    assert by_name["@conv2d/kernel"].layer == "conv2d"
    assert by_name["@conv2d/kernel"].nbytes == 4 * 3 * 3 * 3 * 6
    assert by_name["@optimizer/momentum/parameters"].layer == "optimizer"
    assert "@parameters" not in by_name


def test_footprint_is_made_of_what_is_planned():
    program = network()
    plan = program.plan("train", BATCH)
    found = program.footprint("train", BATCH)
    assert (found.graph, found.batch, found.arena, found.derived) == ("train", BATCH, plan.peak_bytes, 0)
    assert found.states == sum(array.nbytes for array in program.states.values())
    assert found.constants == constant_bytes(plan) > 0
    assert found.total == found.arena + found.states + found.constants


def test_predictions_count_what_is_derived_and_the_arena_that_derives_it():
    program = network()
    plan, prologue = program.plan("predict", BATCH), program.plan("predict_prologue")
    found = program.footprint("predict", BATCH)
    assert found.derived == program.derived_bytes == 4 * (3 * 3 * 3 * 6 + 6)
    assert found.arena == plan.peak_bytes + prologue.peak_bytes


@pytest.mark.parametrize("part", [0.3, 0.5, 0.99])
def test_the_batch_that_is_said_to_fit_is_the_largest(part):
    program = network()
    least, most = (program.footprint("train", size).total for size in (1, BATCH))
    limit = int(least + part * (most - least))
    program.max_bytes = limit
    x, y = rows(BATCH)
    with pytest.raises(MemoryBudgetError) as caught:
        program.fit(x, y, batch_size=BATCH, verbose=0)
    fitting = caught.value.fitting
    assert fitting is not None
    assert str(caught.value).endswith(f"\n  batches of up to {fitting} rows would fit")
    assert (caught.value.needed, caught.value.limit) == (most, limit)
    assert program.footprint("train", fitting).total <= limit < program.footprint("train", fitting + 1).total
    program.fit(x, y, batch_size=fitting, verbose=0)


def test_nothing_is_compiled_or_allocated_for_what_is_refused():
    program = network()
    program.max_bytes = program.footprint("predict", 4).total
    x, _ = rows(5)
    with pytest.raises(MemoryBudgetError, match="graph 'predict' with batch = 5 needs"):
        program.predict(x)
    assert program.compilations == 0
    assert program.predict(x, 4).shape == (5, 10)


def test_what_ran_before_the_limit_is_refused_as_well():
    program = network()
    x, _ = rows(BATCH)
    expected = program.predict(x)
    program.max_bytes = program.footprint("predict", 8).total
    with pytest.raises(MemoryBudgetError):
        program.predict(x)
    numpy.testing.assert_allclose(program.predict(x, 8), expected, rtol=1e-6)
    program.max_bytes = None
    numpy.testing.assert_array_equal(program.predict(x), expected)


def test_not_one_row_fits():
    program = network()
    program.max_bytes = 1000
    x, y = rows(4)
    with pytest.raises(MemoryBudgetError, match=r"\n  not even one row would fit$") as caught:
        program.fit(x, y, verbose=0)
    assert caught.value.fitting is None
    assert isinstance(caught.value, NncError)
    assert isinstance(caught.value, MemoryError)


def test_sizes_that_fit_one_by_one_are_not_refused_together():
    program = sequences()
    sizes = [(32, 4), (4, 32)]
    needed = [program.footprint("predict", batch, {"time": time}).total for batch, time in sizes]
    program.max_bytes = max(needed)
    assert program.footprint("predict", 32, {"time": 32}).total > max(needed)
    for batch, time in [*sizes, *sizes]:
        assert program(numpy.zeros((batch, time, 3), "float32")).shape == (batch, 1)
    with pytest.raises(MemoryBudgetError, match="batch = 33, time = 32 needs"):
        program(numpy.zeros((33, 32, 3), "float32"))


@pytest.mark.numpy_backend
def test_the_whole_message():
    layers = nnc.layers
    model = nnc.Sequential([nnc.Input((2,)), layers.Dense(2, "sigmoid"), layers.Dense(1, "sigmoid")], name="base")
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    program = nnc.compile(model)
    program.max_bytes = "1K"
    with pytest.raises(MemoryBudgetError) as caught:
        program.check_budget("train", program.plan("train", 32))
    assert str(caught.value) == (
        "program 'base': graph 'train' with batch = 32 needs 1,356 bytes, more than max_bytes = 1,024 bytes\n"
        "  that is arena 1,256 bytes, states 72 bytes, constants 28 bytes; at the fullest step, 36 subtract → %23, the"
        " largest are\n"
        "    %22     256 bytes, of dense_1\n"
        "    %23     256 bytes, of dense\n"
        "    %dense  256 bytes, of dense\n"
        "  batches of up to 20 rows would fit"
    )


def test_compile_refuses_what_can_never_predict():
    model = nnc.Sequential([nnc.Input((100,)), nnc.layers.Dense(100)])
    with pytest.raises(MemoryBudgetError, match=r"@dense/kernel +39.1 KiB, of dense\n"):
        nnc.compile(model, max_bytes="32K")
    program = nnc.compile(model, max_bytes="64K")
    assert program.max_bytes == 65536
    assert nnc.compile(model, max_bytes=50_000).max_bytes == 50_000
    assert nnc.compile(model, max_bytes=200_000, dtype="float64", backend="numpy") is not program


@pytest.mark.parametrize("given", ["lots", "64X", "", "0", 0, -1, 1.5, True, "1e6"])
def test_limits_that_are_none(given):
    with pytest.raises(ModelError, match=r"^max_bytes: expected "):
        nnc.compile(nnc.Sequential([nnc.Input((1,)), nnc.layers.Dense(1)]), max_bytes=given)
