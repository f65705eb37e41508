"""Which gradients consist of look-ups, what is made of these, and when engines add them up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest

import nnc
from frontends.origin import KERAS_1, KERAS_2, KERAS_3, Origin
from nnc.ir import Graph, TensorType, Value, gradients, ops
from nnc.optimizers import Summing
from nnc.optimizers.lookups import find_lookups, of_parts
from nnc.optimizers.windows import Whole
from nnc.readers import read_model
from tests.running import run_graph

TABLE, BIAS = (4, 2), (3,)
WINDOWS = (Whole("bias", "parameters", 0, BIAS), Whole("table", "parameters", 3, TABLE))
NUMBERS = numpy.array([1, 1, 3], "int32")


class Net:
    """A graph with a slab of a vector and a table, and numbers of rows."""

    def __init__(self, several: bool = True) -> None:
        self.graph = Graph("step")
        self.windows = WINDOWS if several else (Whole("table", "parameters", 0, TABLE),)
        self.parameter = self.graph.state("parameters", TensorType("float32", (11 if several else 8,)), "parameter")
        self.numbers = self.graph.input("numbers", TensorType("int32", (3,)))
        self.factors = self.graph.input("factors", TensorType("float32", (3, 2)))
        if several:
            self.bias, self.table = self.graph.add(ops.Unpack((BIAS, TABLE)), self.parameter)
        else:
            self.bias, self.table = self.graph.constant([0.0] * 3, "float32"), ops.reshape(self.parameter, TABLE)

    def look_up(self, table: Value | None = None) -> Value:
        return ops.sum(ops.gather(self.table if table is None else table, self.numbers) * self.factors)

    def gradient(self, loss: Value) -> Value:
        (found,) = gradients({loss + ops.sum(self.bias): self.graph.constant(1.0, "float32")}, [self.parameter])
        assert found is not None
        return found


LOSSES: dict[str, tuple[Callable[[Net], Value], int]] = {
    "a look-up": (lambda net: net.look_up(), 1),
    "three look-ups": (lambda net: net.look_up() + net.look_up() * 2.0 - net.look_up(), 3),
    "a penalty": (lambda net: net.look_up() + ops.sum(ops.square(net.table)), 0),
    "a penalty first": (lambda net: ops.sum(net.table) + net.look_up() + net.look_up(), 0),
    "another table": (lambda net: net.look_up(net.table + 1.0), 0),
    "no look-up": (lambda net: ops.sum(net.table), 0),
}


@pytest.mark.parametrize("several", [True, False])
@pytest.mark.parametrize("name", LOSSES)
def test_which_gradients_consist_of_look_ups(name: str, several: bool) -> None:
    net, (loss, count) = Net(several), LOSSES[name]
    found = find_lookups(net.gradient(loss(net)), net.parameter, net.windows)
    assert [(path, len(items)) for path, items in found.items()] == ([("table", count)] if count else [])


@pytest.mark.parametrize("several", [True, False])
def test_functions_of_look_ups(several: bool) -> None:
    """With another vector, of which the same rows are taken."""
    net = Net(several)
    gradient = net.gradient(net.look_up())
    lookups = find_lookups(gradient, net.parameter, net.windows)
    net.graph.output("squares", of_parts(ops.square, (gradient,), net.windows, lookups))
    values = (gradient, net.parameter)
    net.graph.output("products", of_parts(lambda a, b: ops.square(a) * b, values, net.windows, lookups))
    generator = numpy.random.default_rng(0)
    factors = generator.normal(size=(3, 2)).astype("float32")
    slab = generator.normal(size=net.parameter.shape).astype("float32")
    found, _ = run_graph(net.graph, {"numbers": NUMBERS, "factors": factors}, {"parameters": slab})
    squares = numpy.zeros(TABLE, "float32")
    numpy.add.at(squares, NUMBERS, factors**2)
    expected = numpy.concatenate([numpy.ones(3 if several else 0, "float32"), squares.ravel()])
    numpy.testing.assert_allclose(found["squares"], expected, rtol=1e-6)
    numpy.testing.assert_allclose(found["products"], expected * slab, rtol=1e-6)


@pytest.mark.parametrize("summing", Summing)
def test_when_look_ups_are_added_up(summing: Summing) -> None:
    """The first step of Adagrad, whose slot is what the rule takes for squares; each look-up's gradient is ±1/2."""
    x = nnc.Input((3,), dtype="int32")
    total = nnc.layers.Rescaling(3.0)(nnc.layers.GlobalAveragePooling1D()(nnc.layers.Embedding(4, 2)(x)))
    model = nnc.Model(x, total)
    optimizer = nnc.optimizers.Adagrad(initial_accumulator_value=0.0, clipvalue=0.75)
    optimizer.summing = summing
    model.compile(optimizer, "mae")
    model.train_on_batch(NUMBERS[None], numpy.zeros((1, 2), "float32"))
    once = {Summing.LAST: 2 * 0.5**2, Summing.CLIPPED: 1.0**2, Summing.FIRST: 0.75**2}[summing]
    expected = numpy.array([[0.0] * 2, [once] * 2, [0.0] * 2, [0.5**2] * 2])
    numpy.testing.assert_allclose(optimizer.variables[-1], expected, rtol=1e-6)


def test_what_readers_know() -> None:
    assert (KERAS_1.summing, KERAS_2.summing, KERAS_3.summing) == (Summing.CLIPPED, Summing.CLIPPED, Summing.LAST)
    assert Origin(backend="jax").summing is Origin(backend="torch").summing is Summing.FIRST


KERAS = """
import json, sys
import numpy, keras
from nnc.readers import read_model
x, y = numpy.arange(56).reshape(8, 7) % 5, numpy.linspace(0, 1, 8)[:, None]
keras.utils.set_random_seed(1)
layers = keras.layers
model = keras.Sequential([layers.Input((7,), dtype="int32"), layers.Embedding(5, 4), layers.Flatten(), layers.Dense(1)])
model.compile(keras.optimizers.Adam(0.02), "mse")
options = {"batch_size": 4, "epochs": 5, "shuffle": False, "verbose": 0}
model.fit(x, y, **options)
print(read_model(model).optimizer.summing.value)
model.save(sys.argv[1])
print(json.dumps(model.fit(x, y, **options).history["loss"]))
"""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow"])
def test_training_goes_on_as_on_the_engine_of_a_file(backend: str, tmp_path: Path) -> None:
    pytest.importorskip("keras")
    pytest.importorskip(backend)
    path = tmp_path / "model.h5"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KERAS, str(path)],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=True,
    )
    summing, losses = done.stdout.splitlines()[-2:]
    assert summing == ("last" if backend == "tensorflow" else "first")
    x, y = numpy.arange(56).reshape(8, 7) % 5, numpy.linspace(0, 1, 8)[:, None]
    found = read_model(path).fit(x, y, batch_size=4, epochs=5, shuffle=False, verbose=0).history["loss"]
    numpy.testing.assert_allclose(found, json.loads(losses), rtol=1e-5)
