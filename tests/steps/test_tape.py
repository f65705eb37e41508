"""`GradientTape` beside TensorFlow's, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import nnc
from nnc.errors import ModelError, NncError
from tests.steps.engines import keras_engine, nnc_engine, numbers

ENGINES = {"nnc": lambda: nnc_engine("numpy"), "tensorflow": keras_engine}


def second_order(nn: Any) -> Any:
    x = nn.Variable(3.0)
    with nn.Tape() as outer:
        with nn.Tape() as inner:
            y = x * x * x
        first = inner.gradient(y, x)
    return [first, outer.gradient(first, x)]


def several_calls(nn: Any) -> Any:
    x = nn.Variable(numbers(2, 3))
    with nn.Tape(persistent=True) as tape:
        y = nn.keras.ops.square(x)
        z = nn.keras.ops.sum(y * y)
    return [tape.gradient(z, x), tape.gradient(y, x), tape.gradient(z, y)]


def outside_of_the_block(nn: Any) -> Any:
    x = nn.Variable(2.0)
    y = x * x
    with nn.Tape() as tape:
        z = y * 3.0
    return [tape.gradient(z, x)]


def not_recorded(nn: Any) -> Any:
    x = nn.Variable(2.0)
    with nn.Tape() as tape:
        y = x * x
        with tape.stop_recording():
            hidden = x * 5.0
        z = y + hidden
    return [tape.gradient(z, x)]


def begun_anew(nn: Any) -> Any:
    x = nn.Variable(2.0)
    with nn.Tape() as tape:
        y = x * x
        tape.reset()
        z = y + 2.0 * x
    return [tape.gradient(z, x)]


def frozen(nn: Any) -> Any:
    x, y = nn.Variable(2.0, trainable=False), nn.Variable(3.0)
    with nn.Tape() as tape:
        z = x * y
    return tape.gradient(z, [x, y])


def watched(nn: Any) -> Any:
    x, y = nn.Variable(2.0, trainable=False), nn.Variable(3.0)
    with nn.Tape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        z = x * y
    found = tape.gradient(z, {"x": x, "y": y})
    return [found["x"], found["y"]]


def factors(nn: Any) -> Any:
    x = nn.Variable(numbers(3))
    with nn.Tape() as tape:
        y = x * x
    return [tape.gradient(y, x, output_gradients=numpy.array([1.0, 2.0, 3.0], "float32"))]


def several_targets(nn: Any) -> Any:
    x, other = nn.Variable(2.0), nn.Variable(1.0)
    with nn.Tape() as tape:
        y, z = x * x, 3.0 * x
    return tape.gradient([y, z], [x, other])


def stopped(nn: Any) -> Any:
    x = nn.Variable(2.0)
    with nn.Tape() as tape:
        y = x * nn.keras.ops.stop_gradient(x * x)
    return [tape.gradient(y, x)]


def looked_up(nn: Any) -> Any:
    table = nn.Variable(numbers(4, 2))
    with nn.Tape() as tape:
        rows = nn.keras.ops.take(table, nn.tensor(numpy.array([1, 1, 3], "int32")), axis=0)
        y = nn.keras.ops.sum(rows * rows)
    found = tape.gradient(y, table)
    return [numpy.asarray(nn.keras.ops.convert_to_numpy(found))]


def watched_tensor(nn: Any) -> Any:
    """What operators, functions and layers make of a tensor is recorded, and nothing after the block."""
    x = nn.keras.ops.convert_to_tensor(numbers(2, 3))
    layer = nn.keras.layers.Dense(2, kernel_initializer="ones")
    with nn.Tape() as tape:
        tape.watch(x)
        y = nn.keras.ops.sum(layer(2.0 * x - 1.0) ** 2) + x[0, 1] * 3.0
    return [tape.gradient(y, x), y, x * 2.0]


def step_in_the_block(nn: Any) -> Any:
    """As keras.io's actor-critic takes it: what is computed afterwards has the new weights."""
    x, optimizer = nn.keras.Variable(numpy.float32(2.0)), nn.keras.optimizers.SGD(0.25)
    with nn.Tape() as tape:
        y = x * x
        gradients = tape.gradient(y, [x] if not hasattr(x, "_value") else [x._value])
        optimizer.apply(gradients, [x])
        z = x * 10.0
    return [y, z, x]


CASES = [
    second_order, several_calls, outside_of_the_block, not_recorded, begun_anew, frozen, watched, factors,
    several_targets, stopped, looked_up, watched_tensor, step_in_the_block,
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_derivatives_are_those_of_tensorflow(case):
    found, wanted = (list(case(ENGINES[name]())) for name in ("nnc", "tensorflow"))
    assert len(found) == len(wanted)
    for mine, theirs in zip(found, wanted, strict=True):
        if theirs is None:
            assert mine is None
        else:
            numpy.testing.assert_allclose(numpy.asarray(mine), numpy.asarray(theirs), rtol=1e-6)


@pytest.mark.parametrize("compiled", [False, True])
def test_zeros_are_given_where_nothing_depends(compiled):
    x, y = nnc.Variable(numbers(2)), nnc.Variable(numbers(3))

    def step():
        with nnc.GradientTape() as tape:
            z = nnc.ops.sum(x)
        return tape.gradient(z, [x, y], unconnected_gradients="zero")

    first, second = (nnc.function(step) if compiled else step)()
    assert first.tolist() == [1.0, 1.0]
    assert second.tolist() == [0.0, 0.0, 0.0]


def test_what_is_assigned_afterwards_changes_no_derivative():
    x = nnc.Variable(2.0)

    @nnc.function
    def step():
        with nnc.GradientTape(persistent=True) as tape:
            y = x * x
        x.assign(5.0)
        return tape.gradient(y, x), x

    gradient, value = step()
    assert (float(gradient), float(value), float(x)) == (4.0, 5.0, 5.0)


def test_a_tape_says_what_it_cannot_do():
    x = nnc.Variable(2.0)
    with nnc.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(ModelError, match="persistent=True"):
        tape.gradient(y, x)
    with pytest.raises(ModelError, match=r"nnc\.Variable\(x\)"), nnc.GradientTape() as tape:
        tape.watch(numpy.ones(3, "float32"))
    with pytest.raises(ModelError, match="records one block"), tape:
        pass
    with pytest.raises(ModelError, match="recorded nothing"):
        nnc.GradientTape().gradient(y, x)
    with pytest.raises(ModelError, match="unconnected_gradients"), nnc.GradientTape() as tape:
        tape.gradient(x * x, x, unconnected_gradients="nothing")
    with pytest.raises(ModelError, match="jacobian"):
        tape.jacobian(y, x)


@pytest.mark.sampled(7)
@pytest.mark.parametrize(
    "name", sorted(set(nnc.optimizers.OPTIMIZERS) & {item.lower() for item in nnc.optimizers.OPTIMIZERS})
)
def test_steps_that_are_asked_for_are_those_of_a_program(name):
    """Three steps at once, three in one compiled step, and one in each of three, are the same."""

    def run(steps_in_each: int, calls: int, compiled: bool) -> list[Any]:
        x, y = nnc.Variable(numbers(4, 3), name="x"), nnc.Variable(numbers(3, seed=1), name="y")
        optimizer = nnc.optimizers.get(name)

        def step():
            for _ in range(steps_in_each):
                with nnc.GradientTape() as tape:
                    loss = nnc.ops.sum(nnc.ops.square(x * y - 1.0))
                optimizer.apply(tape.gradient(loss, [x, y]), [x, y])

        run_step = nnc.function(step) if compiled else step
        for _ in range(calls):
            run_step()
        return [x.numpy(), y.numpy(), optimizer.iterations]

    first = run(3, 1, False)
    for other in (run(3, 1, True), run(1, 3, True)):
        assert other[2] == first[2] == 3
        for mine, theirs in zip(other[:2], first[:2], strict=True):
            numpy.testing.assert_allclose(mine, theirs, rtol=2e-5, atol=1e-6)


def test_an_optimizer_needs_gradients_of_the_right_shape():
    x, optimizer = nnc.Variable(numbers(3)), nnc.optimizers.SGD()
    for gradients, message in (
        ([None], "No gradients provided"),
        ([numpy.ones(2)], "shape"),
        ([numpy.ones(3)] * 2, "2 gradients"),
    ):
        with pytest.raises(NncError, match=message):
            optimizer.apply(gradients, [x])
    with pytest.raises(ModelError, match="two gradients"):
        optimizer.apply_gradients([(numpy.ones(3), x), (numpy.ones(3), x)])
    assert numpy.array_equal(x.numpy(), numbers(3))
