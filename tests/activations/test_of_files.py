"""Activations that model files need beside Keras's own: former meanings, and layers instead of functions."""

from __future__ import annotations

import numpy
import pytest

from nnc import activations
from nnc.ir import Graph, TensorType
from tests.running import run_graph


def value_of(activation, x):
    graph = Graph("test")
    result = activation(graph.input("x", TensorType(str(x.dtype), x.shape)))
    graph.output("y", result)
    return run_graph(graph, {"x": x})[0]["y"]


def test_hard_sigmoid_of_keras_2_is_that_of_tf_keras():
    tensorflow = pytest.importorskip("tensorflow")
    tf_keras = pytest.importorskip("tf_keras")
    x = numpy.linspace(-4, 4, 41).astype("float32")
    expected = tf_keras.activations.hard_sigmoid(tensorflow.constant(x)).numpy()
    numpy.testing.assert_allclose(value_of(activations.hard_sigmoid_keras_2, x), expected, atol=1e-6)
    assert not numpy.allclose(value_of(activations.hard_sigmoid, x), expected, atol=1e-3)


def test_hard_sigmoid_of_keras_2_has_a_name_of_its_own():
    assert activations.serialize(activations.hard_sigmoid_keras_2) == "hard_sigmoid_keras_2"
    assert activations.get("hard_sigmoid_keras_2") is activations.hard_sigmoid_keras_2


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("LeakyReLU", {"negative_slope": 0.25}),
        ("ReLU", {"max_value": 6.0, "negative_slope": 0.1, "threshold": 0.5}),
        ("ReLU", {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}),
        ("ELU", {"alpha": 0.5}),
        ("Softmax", {"axis": -1}),
    ],
)
def test_layers_as_activations(name, config):
    keras = pytest.importorskip("keras")
    activation = activations.get({"class_name": name, "config": config})
    x = numpy.random.default_rng(1).normal(size=(4, 5)).astype("float32") * 5
    expected = numpy.asarray(getattr(keras.layers, name)(**config)(x))
    numpy.testing.assert_allclose(value_of(activation, x), expected, atol=1e-5)
    again = activations.serialize(activation)
    assert again["class_name"] == name
    assert activations.get(again).get_config() == config


@pytest.mark.parametrize(
    ("name", "config"), [("LeakyReLU", {"negative_slope": "x"}), ("Softmax", {"axis": 0.5}), ("ELU", {"beta": 1})]
)
def test_wrong_settings_are_named(name, config):
    with pytest.raises(ValueError, match=f"activation '?{name}'?.*({next(iter(config))})"):
        activations.get({"class_name": name, "config": config})
