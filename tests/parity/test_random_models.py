"""Random functional models predict and train as they do in TensorFlow."""

from __future__ import annotations

import warnings
from typing import Any

import numpy
import pytest
from hypothesis import given, note, settings

import nnc
from tests.parity.recipes import Recipe, recipes

ROWS = 3
pytestmark = pytest.mark.filterwarnings("ignore:You are using a softmax over axis")


@pytest.fixture(scope="module")
def tf() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow")


@pytest.mark.slow
@given(recipes())
@settings(max_examples=12)
def test_outputs_and_gradients(tf: Any, recipe: Recipe) -> None:
    check(tf, recipe)


@pytest.mark.slow
@given(recipes(steps=12))
@settings(max_examples=150)
def test_outputs_and_gradients_of_many(tf: Any, recipe: Recipe) -> None:
    check(tf, recipe)


def check(tf: Any, recipe: Recipe) -> None:
    note(recipe)
    ours, theirs = recipe.build(nnc), recipe.build(tf.keras)
    generator = numpy.random.default_rng(0)
    weights = [generator.normal(0, 0.5, weight.shape).astype("float32") for weight in theirs.weights]
    ours.set_weights(weights), theirs.set_weights(weights)
    xs = [generator.normal(size=(ROWS, *shape)).astype("float32") for shape in recipe.inputs]
    ys = [generator.normal(size=(ROWS, *output.shape[1:])).astype("float32") for output in theirs.outputs]

    with tf.GradientTape() as tape:
        expected = tf.nest.flatten(theirs(xs))
        loss = sum(tf.reduce_mean((output - y) ** 2) for output, y in zip(expected, ys, strict=True))
    gradients = tape.gradient(loss, [weight.value for weight in theirs.weights])

    found = ours.predict(xs)
    for output, reference in zip(found if isinstance(found, list) else [found], expected, strict=True):
        assert_close(output, reference.numpy(), 1e-5)
    if not ours.weights:
        return
    ours.compile(nnc.optimizers.SGD(1.0), ["mse"] * len(ys))
    ours.train_on_batch(xs, ys)
    for weight, before, gradient in zip(ours.weights, weights, gradients, strict=True):
        expected_step = numpy.zeros_like(before) if gradient is None else tf.convert_to_tensor(gradient).numpy()
        assert_close(before - weight.array, expected_step, 1e-4)


def assert_close(found: Any, expected: Any, tolerance: float) -> None:
    """Compare relative to the largest magnitude, or to 1 where that is smaller."""
    assert found.shape == expected.shape
    assert numpy.abs(found - expected).max(initial=0.0) <= tolerance * max(numpy.abs(expected).max(initial=0.0), 1.0)
