"""Constraints against Keras on TensorFlow: the weights they make, names and configs."""

import importlib
import inspect

import numpy
import pytest

from nnc import constraints
from nnc.ir import Graph, TensorType, ops, verify
from tests.registry_battery import check_import_is_light, check_mistake, check_round_trip
from tests.running import run_graph

CASES = [
    ("MaxNorm", {}, (3, 4)),
    ("MaxNorm", {"max_value": 0.5, "axis": 1}, (3, 4)),
    ("MaxNorm", {"max_value": 0.7, "axis": [0, 1]}, (3, 4, 2)),
    ("NonNeg", {}, (3, 4)),
    ("UnitNorm", {}, (3, 4)),
    ("UnitNorm", {"axis": -1}, (3, 4)),
    ("UnitNorm", {"axis": [0, 2]}, (3, 4, 2)),
    ("MinMaxNorm", {}, (3, 4)),
    ("MinMaxNorm", {"min_value": 1.5, "max_value": 2.0, "rate": 0.3, "axis": 1}, (3, 4)),
    ("Constraint", {}, (3,)),
]


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def run(constraint, w):
    """The array that takes the place of an array."""
    graph = Graph("constraint")
    value = graph.input("w", TensorType(str(w.dtype), w.shape))
    result = constraint(value)
    assert result.type == value.type
    graph.output("w", result)
    verify(graph)
    return run_graph(graph, {"w": w})[0]["w"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "arguments", "shape"), CASES)
def test_weights_are_those_of_keras(keras, name, arguments, shape, dtype):
    w = numpy.random.default_rng(3).normal(size=shape).astype(dtype)
    w[0] = 0.0
    expected = getattr(keras.constraints, name)(**arguments)(keras.ops.convert_to_tensor(w))
    found = run(getattr(constraints, name)(**arguments), w)
    numpy.testing.assert_allclose(found, numpy.asarray(expected), rtol=1e-6 if dtype == "float32" else 1e-14)


def test_names_and_signatures_are_those_of_keras(keras):
    names = importlib.import_module("keras.src.constraints").ALL_OBJECTS_DICT
    assert set(constraints.CONSTRAINTS) == set(names)
    for name in dir(keras.constraints):
        assert name.startswith("_") or hasattr(constraints, name)
    for name, cls in constraints.CONSTRAINTS.items():
        assert cls.__name__ == names[name].__name__
        found, expected = (inspect.signature(item).parameters.values() for item in (cls, names[name]))
        assert [(item.name, item.default) for item in found] == [(item.name, item.default) for item in expected]
        assert constraints.get(name).get_config() == names[name]().get_config()


@pytest.mark.parametrize(("name", "arguments", "shape"), CASES)
def test_config_round_trip_is_that_of_keras(keras, name, arguments, shape):
    check_round_trip(constraints, keras.constraints, name, arguments)


class AtMost(constraints.Constraint):
    def __init__(self, limit):
        self.limit = limit

    def __call__(self, w):
        return ops.minimum(w, self.limit)

    def get_config(self):
        return {"limit": self.limit}


def halved(w):
    return w * 0.5


def test_own_constraints(keras):
    w = numpy.array([1.0, -3.0, 4.0], "float32")
    copy = constraints.deserialize(constraints.serialize(AtMost(2.0)), {"AtMost": AtMost})
    numpy.testing.assert_array_equal(run(copy, w), [1.0, -3.0, 2.0])
    numpy.testing.assert_array_equal(run(constraints.get(halved), w), w / 2)
    assert constraints.serialize(halved) == keras.constraints.serialize(halved)
    assert constraints.get(None) is None
    assert constraints.serialize(None) is None


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: constraints.get("max_nrom"), "unknown constraint 'max_nrom'. Did you mean 'max_norm'?"),
        (lambda: constraints.get(3), "a constraint must be a name, a config, a Constraint or a function, got 3"),
        (lambda: constraints.MaxNorm("x"), "constraint MaxNorm: max_value must be a finite number, got 'x'"),
        (lambda: constraints.UnitNorm(0.5), "constraint UnitNorm: axis must be a whole number or a list of them"),
        (lambda: constraints.serialize(lambda w: w), "has no name and cannot be saved"),
    ],
)
def test_mistakes_are_named(action, message):
    check_mistake(action, message)


def test_import_is_light():
    check_import_is_light("nnc.constraints")
