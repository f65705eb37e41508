"""Loops over gradients without `fit`, as a user of Keras and TensorFlow writes them, on either engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from tests.steps.engines import ROWS, Engine, begin_equal, numbers


def neural_style(nn: Engine) -> dict[str, Any]:
    keras, layers, ops = nn.keras, nn.keras.layers, nn.keras.ops
    images = keras.Input((8, 8, 3))
    first = layers.Conv2D(4, 3, activation="relu", padding="same")(images)
    second = layers.Conv2D(6, 3, strides=2, activation="relu", padding="same")(first)
    features = keras.Model(images, {"style": first, "content": second})
    begin_equal(features)

    def gram_matrix(x):
        flat = ops.reshape(ops.transpose(x, (2, 0, 1)), (ops.shape(x)[2], -1))
        return ops.matmul(flat, ops.transpose(flat))

    @nn.function
    def compute_loss_and_grads(combination, base, style):
        with nn.Tape() as tape:
            found = features(ops.concatenate([base, style, combination], axis=0))
            loss = ops.sum(ops.square(found["content"][2] - found["content"][0]))
            difference = gram_matrix(found["style"][1]) - gram_matrix(found["style"][2])
            loss = loss + ops.sum(ops.square(difference)) / 100.0
        return loss, tape.gradient(loss, combination)

    optimizer = keras.optimizers.SGD(
        keras.optimizers.schedules.ExponentialDecay(initial_learning_rate=0.001, decay_steps=5, decay_rate=0.9)
    )
    combination = nn.Variable(numbers(1, 8, 8, 3))
    losses = []
    for _ in range(20):
        loss, grads = compute_loss_and_grads(combination, numbers(1, 8, 8, 3, seed=1), numbers(1, 8, 8, 3, seed=2))
        optimizer.apply_gradients([(grads, combination)])
        losses.append(float(loss))
    return {"loss": losses, "image": numpy.asarray(combination)}


def deep_dream(nn: Engine) -> dict[str, Any]:
    keras, layers, ops = nn.keras, nn.keras.layers, nn.keras.ops
    images = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3, activation="relu")(images)
    extractor = keras.Model(images, layers.Conv2D(6, 3, activation="relu")(x))
    begin_equal(extractor)

    @nn.function
    def gradient_ascent_step(image, learning_rate):
        with nn.Tape() as tape:
            tape.watch(image)
            activation = extractor(image)
            loss = ops.mean(ops.square(activation[:, 2:-2, 2:-2, :]))
        grads = tape.gradient(loss, image)
        grads = grads / ops.maximum(ops.mean(ops.abs(grads)), 1e-6)
        return loss, image + learning_rate * grads

    image, losses = numbers(1, 12, 14, 3), []
    for size in ((12, 14), (16, 18)):
        image = ops.image.resize(image, size)
        for _ in range(10):
            loss, image = gradient_ascent_step(nn.tensor(image), 0.01)
            losses.append(float(loss))
    return {"loss": losses, "image": numpy.asarray(image)}


def plain_loop(nn: Engine) -> dict[str, Any]:
    """A loop over batches that computes at once."""
    return _loop(nn, lambda step: step)


def compiled_loop(nn: Engine) -> dict[str, Any]:
    """The same with its body compiled, the last batch being smaller."""
    return _loop(nn, nn.function)


def _loop(nn: Engine, decorate: Callable[..., Any]) -> dict[str, Any]:
    keras, layers = nn.keras, nn.keras.layers
    model = keras.Sequential(
        [keras.Input((6,)), layers.Dense(8, activation="relu"), layers.LayerNormalization(), layers.Dense(3)]
    )
    begin_equal(model)
    optimizer = keras.optimizers.Adam(0.01, clipnorm=1.0)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    accuracy, mean, auc = keras.metrics.SparseCategoricalAccuracy(), keras.metrics.Mean(), keras.metrics.AUC()

    def train_step(x, y):
        with nn.Tape() as tape:
            logits = model(x, training=True)
            loss_value = loss_fn(y, logits)
        grads = tape.gradient(loss_value, model.trainable_weights)
        optimizer.apply(grads, model.trainable_weights)
        accuracy.update_state(y, logits)
        mean.update_state(loss_value)
        auc.update_state(nn.keras.ops.one_hot(y, 3), nn.keras.ops.softmax(logits))
        return loss_value

    step = decorate(train_step)
    x, y = numbers(ROWS, 6), numpy.random.default_rng(4).integers(0, 3, ROWS).astype("int32")
    found: dict[str, Any] = {"loss": [], "accuracy": [], "mean": [], "auc": []}
    for _ in range(4):
        for first in range(0, ROWS, 9):
            found["loss"].append(float(step(nn.tensor(x[first : first + 9]), nn.tensor(y[first : first + 9]))))
        for name, metric in (("accuracy", accuracy), ("mean", mean), ("auc", auc)):
            found[name].append(float(metric.result()))
            metric.reset_state()
    weights = {f"weight {n}": numpy.abs(item).sum() for n, item in enumerate(model.get_weights())}
    return {**found, **weights, "iterations": int(optimizer.iterations)}
