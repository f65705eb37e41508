"""The ops whose meaning is TensorFlow's: values, and gradients also where they are a matter of choice."""

from __future__ import annotations

import warnings

import numpy
import pytest

from nnc.ir import Graph, TensorType, ops
from nnc.ir.ops.comparison import where
from tests.running import run_graph

GENERATOR = numpy.random.default_rng(3)
ROWS = GENERATOR.normal(size=(7, 5))
LABELS = GENERATOR.dirichlet(numpy.ones(5), size=7)
IMAGES = GENERATOR.normal(size=(2, 5, 4, 3))
TIES = numpy.array([-1.0, 0.0, 0.0, 2.0, 2.0])
OTHERS = numpy.array([-1.0, 0.0, 1.0, 2.0, -2.0])


@pytest.fixture(scope="module")
def tf():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow")


@pytest.mark.parametrize(
    ("function", "reference", "operands"),
    [
        (ops.softmax, lambda tf, x: tf.nn.softmax(x), [ROWS]),
        (lambda x: ops.softmax(x, 0), lambda tf, x: tf.nn.softmax(x, axis=0), [ROWS]),
        (ops.log_softmax, lambda tf, x: tf.nn.log_softmax(x), [ROWS]),
        (ops.erf, lambda tf, x: tf.math.erf(x), [ROWS]),
        (ops.softplus, lambda tf, x: tf.math.softplus(x), [ROWS * 20.0]),
        (ops.sigmoid, lambda tf, x: tf.math.sigmoid(x), [ROWS * 20.0]),
        (
            ops.softmax_crossentropy,
            lambda tf, x, y: tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=x),
            [ROWS, LABELS],
        ),
        (
            ops.sigmoid_crossentropy,
            lambda tf, x, y: tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=x),
            [ROWS * 20.0, LABELS],
        ),
        (ops.relu, lambda tf, x: tf.nn.relu(x), [TIES]),
        (ops.absolute, lambda tf, x: tf.abs(x), [TIES]),
        (ops.maximum, lambda tf, x, y: tf.maximum(x, y), [TIES, OTHERS]),
        (ops.minimum, lambda tf, x, y: tf.minimum(x, y), [TIES, OTHERS]),
        (lambda x: ops.clip(x, 0.0, 2.0), lambda tf, x: tf.minimum(tf.maximum(x, 0.0), 2.0), [TIES]),
        (ops.max, lambda tf, x: tf.reduce_max(x), [TIES]),
        (lambda x: ops.max(x, 1), lambda tf, x: tf.reduce_max(x, 1), [numpy.round(ROWS)]),
        (lambda x: ops.mean(x, 0), lambda tf, x: tf.reduce_mean(x, 0), [ROWS]),
        (lambda x, y: x**y, lambda tf, x, y: tf.pow(x, y), [numpy.abs(TIES), numpy.array([0.5, 2.0, 1.0, 3.0, -1.0])]),
        (lambda x: x**2.0, lambda tf, x: tf.pow(x, 2.0), [TIES]),
        (lambda x, y: where(x > 0.0, x, y), lambda tf, x, y: tf.where(x > 0.0, x, y), [TIES, OTHERS]),
        (
            lambda x: ops.max_pool(x, (1, 3, 2, 1), (1, 2, 1, 1), "same"),
            lambda tf, x: tf.nn.max_pool2d(x, (3, 2), (2, 1), "SAME"),
            [numpy.round(IMAGES)],  # equal ones, too
        ),
        (
            lambda x: ops.average_pool(x, (1, 3, 2, 1), (1, 2, 1, 1), "same"),
            lambda tf, x: tf.nn.avg_pool2d(x, (3, 2), (2, 1), "SAME"),
            [IMAGES],
        ),
        (lambda x, y: x / y, lambda tf, x, y: x / y, [ROWS, LABELS + 0.1]),
    ],
)
def test_values_and_gradients_agree(tf, function, reference, operands):
    graph = Graph("test")
    values = [graph.input(f"x{index}", TensorType("float64", array.shape)) for index, array in enumerate(operands)]
    result = function(*values)
    weights = numpy.random.default_rng(4).uniform(0.5, 1.5, result.shape)
    from nnc.passes.differentiate import gradients

    pulled = gradients({result: graph.constant(weights, "float64")}, values)
    graph.output("y", result)
    for index, value in enumerate(pulled):
        graph.output(f"g{index}", value)
    outputs, _ = run_graph(graph, {f"x{index}": array for index, array in enumerate(operands)})

    variables = [tf.constant(array) for array in operands]
    with tf.GradientTape() as tape:
        tape.watch(variables)
        expected = reference(tf, *variables)
        total = tf.reduce_sum(expected * weights)
    numpy.testing.assert_allclose(outputs["y"], expected.numpy(), rtol=1e-12, atol=1e-12)
    for index, slope in enumerate(tape.gradient(total, variables)):
        numpy.testing.assert_allclose(outputs[f"g{index}"], slope.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["minimum", "maximum"])
def test_a_cotangent_that_is_not_finite_spreads_as_in_jax(name, tf):
    from nnc.passes.differentiate import gradients

    x, y = [1.0, 2.0], [float("nan"), 2.5 if name == "maximum" else 1.5]
    graph = Graph("test")
    operands = [graph.input(label, TensorType("float64", (2,))) for label in "xy"]
    result = getattr(ops, name)(*operands)
    pulled = gradients({result: result * 1.0}, operands)
    for label, value in zip("xy", pulled, strict=True):
        graph.output(f"d{label}", value)
    found, _ = run_graph(graph, {"x": numpy.array(x), "y": numpy.array(y)})
    numpy.testing.assert_array_equal(found["dx"], [numpy.nan, 0.0])
    with tf.GradientTape() as tape:
        tape.watch(constants := [tf.constant(x), tf.constant(y)])
        selected = getattr(tf, name)(*constants)
        total = tf.reduce_sum(selected * tf.stop_gradient(selected))
    assert tape.gradient(total, constants)[0].numpy().tolist() == [0.0, 0.0]
    jax = pytest.importorskip("jax")
    _, pull = jax.vjp(getattr(jax.numpy, name), jax.numpy.array(x), jax.numpy.array(y))
    numpy.testing.assert_array_equal(pull(jax.numpy.array(x) * jax.numpy.array(y))[0], found["dx"])
