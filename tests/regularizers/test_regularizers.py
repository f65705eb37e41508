"""Regularizers against Keras on TensorFlow: penalties and their gradients, names and configs."""

import importlib
import inspect

import numpy
import pytest

from nnc import regularizers
from nnc.errors import ModelError
from nnc.ir import Graph, TensorType, ops, verify
from nnc.passes import gradients
from tests.registry_battery import check_import_is_light, check_mistake, check_round_trip
from tests.running import run_graph

CASES = [
    ("L1", {}, (3, 4)),
    ("L1", {"l1": 0.3}, (5,)),
    ("L2", {}, (3, 4)),
    ("L2", {"l2": 0.1}, (2, 3, 4)),
    ("L1L2", {}, (3, 4)),
    ("L1L2", {"l1": 0.2}, (3, 4)),
    ("L1L2", {"l1": 0.2, "l2": 0.1}, (3, 4)),
    ("L1L2", {"l1": None, "l2": 0.1}, (3, 4)),
    ("OrthogonalRegularizer", {}, (3, 4)),
    ("OrthogonalRegularizer", {"factor": 0.5, "mode": "columns"}, (3, 4)),
]


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


@pytest.fixture(scope="module")
def tensorflow():
    return pytest.importorskip("tensorflow")


def run(regularizer, x):
    """The penalty of an array, and its gradient."""
    graph = Graph("penalty")
    value = graph.input("x", TensorType(str(x.dtype), x.shape))
    penalty = regularizer(value)
    assert penalty.type == TensorType(str(x.dtype), ())
    graph.output("penalty", penalty)
    (gradient,) = gradients({penalty: graph.constant(1.0, x.dtype.name)}, [value])
    graph.output("gradient", value * 0.0 if gradient is None else gradient)
    verify(graph)
    outputs, _ = run_graph(graph, {"x": x})
    return outputs["penalty"], outputs["gradient"]


@pytest.mark.parametrize(
    ("name", "arguments", "shape", "dtype"),
    [
        *((*case, "float32") for case in CASES),
        *((*case, "float64") for case in CASES if case[0] != "OrthogonalRegularizer"),  # Keras's takes float32 only
    ],
)
def test_penalty_and_gradient_are_those_of_keras(keras, tensorflow, name, arguments, shape, dtype):
    x = numpy.random.default_rng(3).normal(size=shape).astype(dtype)
    penalty, gradient = run(getattr(regularizers, name)(**arguments), x)
    variable = tensorflow.Variable(x)
    with tensorflow.GradientTape() as tape:
        expected = getattr(keras.regularizers, name)(**arguments)(tensorflow.convert_to_tensor(variable))
    tolerance = {"rtol": 2e-6, "atol": 1e-7} if dtype == "float32" else {"rtol": 1e-7, "atol": 1e-9}  # float32 factors
    numpy.testing.assert_allclose(penalty, expected.numpy(), **tolerance)
    slope = tape.gradient(expected, variable)
    numpy.testing.assert_allclose(gradient, numpy.zeros(shape) if slope is None else slope.numpy(), **tolerance)


def test_a_row_of_zeros_has_a_gradient():
    x = numpy.array([[0.0, 0.0], [1.0, 2.0], [3.0, -1.0]], "float32")
    penalty, gradient = run(regularizers.OrthogonalRegularizer(), x)
    assert penalty > 0.0
    assert numpy.isfinite(gradient).all()


def test_names_and_signatures_are_those_of_keras(keras):
    names = importlib.import_module("keras.src.regularizers").ALL_OBJECTS_DICT
    assert set(regularizers.REGULARIZERS) - {"l1_l2"} == set(names) - {"Regularizer", "regularizer"}
    for name in dir(keras.regularizers):
        assert name.startswith("_") or hasattr(regularizers, name)
    for name, cls in regularizers.REGULARIZERS.items():
        theirs = names.get(name, keras.regularizers.L1L2)
        assert cls.__name__ == theirs.__name__
        found, expected = (inspect.signature(item).parameters.values() for item in (cls, theirs))
        assert [(item.name, item.default) for item in found] == [(item.name, item.default) for item in expected]
        assert regularizers.get(name).get_config() == theirs().get_config()


@pytest.mark.parametrize(("name", "arguments", "shape"), CASES)
def test_config_round_trip_is_that_of_keras(keras, name, arguments, shape):
    check_round_trip(regularizers, keras.regularizers, name, arguments)


class Largest(regularizers.Regularizer):
    def __init__(self, factor=1.0):
        self.factor = factor

    def __call__(self, x):
        return ops.max(ops.absolute(x)) * self.factor

    def get_config(self):
        return {"factor": self.factor}


def total(x):
    return ops.sum(x)


def test_own_regularizers(keras):
    x = numpy.array([1.0, -3.0], "float32")
    assert run(regularizers.get(Largest), x)[0] == 3.0
    assert run(regularizers.get(total), x)[0] == -2.0
    copy = regularizers.deserialize(regularizers.serialize(Largest(0.5)), {"Largest": Largest})
    assert copy.factor == 0.5
    assert regularizers.serialize(total) == keras.regularizers.serialize(total)
    assert regularizers.deserialize(regularizers.serialize(total), {"total": total}) is total
    assert regularizers.get(None) is None
    assert regularizers.serialize(None) is None


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: regularizers.get("L1l2"), "unknown regularizer 'L1l2'. Did you mean 'l1l2'?"),
        (lambda: regularizers.get("l3"), "unknown regularizer 'l3'."),
        (lambda: regularizers.get(3), "a regularizer must be a name, a config, a Regularizer or a function, got 3"),
        (lambda: regularizers.L1(-1.0), "regularizer L1: l1 must be a finite number of at least 0, got -1.0"),
        (lambda: regularizers.L1L2(l2="x"), "regularizer L1L2: l2 must be a finite number of at least 0, got 'x'"),
        (
            lambda: regularizers.OrthogonalRegularizer(mode="row"),
            'Invalid value for argument `mode`. Expected one of {"rows", "columns"}. Received: mode=row',
        ),
        (lambda: regularizers.deserialize({"class_name": "L2", "config": {"l": 1}}), "L2 has no argument 'l'. Did"),
        (lambda: regularizers.serialize(lambda x: x), "has no name and cannot be saved"),
        (
            lambda: run(regularizers.OrthogonalRegularizer(), numpy.ones(3)),
            "Inputs to OrthogonalRegularizer must have rank 2. Received: inputs.shape=(3,)",
        ),
        (lambda: run(regularizers.OrthogonalRegularizer(), numpy.ones((1, 3))), "needs at least two rows, got"),
        (lambda: run(regularizers.Regularizer(), numpy.ones(3)), "Regularizer must define __call__(self, x)"),
    ],
)
def test_mistakes_are_named(action, message):
    check_mistake(action, message)


def test_errors_are_model_errors():
    with pytest.raises(ModelError):
        regularizers.L2(float("nan"))


def test_import_is_light():
    check_import_is_light("nnc.regularizers")
