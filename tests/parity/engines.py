"""Trains the same network from the same weights on the same batches with nnc and with TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy

import nnc

ROWS, INPUTS, HIDDEN, CLASSES = 24, 3, 5, 4
BATCH, EPOCHS = 8, 200


@dataclass(frozen=True)
class Task:
    """What the two engines have to agree on.

    Args:
        loss: Keras's name of the loss, or a class name with ``from_logits``.
        optimizer: class name of the optimizer.
        options: its arguments.
        activation: activation of the hidden layer.
        from_logits: whether the output layer has no activation.
        dtype: element type to compute in.
    """

    loss: str
    optimizer: str
    options: tuple[tuple[str, Any], ...]
    activation: str
    from_logits: bool = False
    dtype: str = "float32"

    @property
    def units(self) -> int:
        """Units of the output layer."""
        return 1 if self.loss == "BinaryCrossentropy" else CLASSES

    @property
    def output_activation(self) -> str | None:
        """Activation of the output layer."""
        if self.from_logits or self.loss == "MeanSquaredError":
            return None
        return "sigmoid" if self.loss == "BinaryCrossentropy" else "softmax"

    def build(self, nn: Any) -> Any:
        """Return the compiled model; `nn` is nnc or Keras."""
        model = nn.Sequential(
            [
                nn.layers.Input((INPUTS,), dtype=self.dtype),
                nn.layers.Dense(HIDDEN, activation=self.activation, dtype=self.dtype),
                nn.layers.Dense(self.units, activation=self.output_activation, dtype=self.dtype),
            ]
        )
        options = {"dtype": self.dtype} | ({"from_logits": True} if self.from_logits else {})
        loss = getattr(nn.losses, self.loss)(**options)
        model.compile(optimizer=getattr(nn.optimizers, self.optimizer)(**dict(self.options)), loss=loss)
        return model


def data(task: Task) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Return inputs and targets."""
    generator = numpy.random.default_rng(7)
    x = generator.standard_normal((ROWS, INPUTS)).astype("float32")
    classes = generator.integers(0, CLASSES, ROWS)
    if task.loss == "BinaryCrossentropy":
        return x, (classes[:, None] % 2).astype("float32")
    if task.loss == "SparseCategoricalCrossentropy":
        return x, classes
    if task.loss == "CategoricalCrossentropy":
        return x, numpy.eye(CLASSES, dtype="float32")[classes]
    return x, generator.standard_normal((ROWS, CLASSES)).astype("float32")


def first_weights(task: Task) -> list[numpy.ndarray]:
    """Return the weights both engines start from."""
    generator = numpy.random.default_rng(3)
    shapes = [(INPUTS, HIDDEN), (HIDDEN,), (HIDDEN, task.units), (task.units,)]
    return [generator.normal(0, 0.4, shape).astype("float32") for shape in shapes]


def train_nnc(task: Task) -> tuple[numpy.ndarray, list[numpy.ndarray]]:
    """Return losses by epoch and the last weights of nnc."""
    x, y = data(task)
    model = task.build(nnc)
    model.set_weights(first_weights(task))
    history = model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0)
    return numpy.array(history.history["loss"]), model.get_weights()


def train_tensorflow(task: Task) -> tuple[numpy.ndarray, list[numpy.ndarray]]:
    """Return losses by epoch and the last weights of Keras on TensorFlow; all epochs run in one graph."""
    from tensorflow import keras

    before = keras.config.floatx()
    keras.config.set_floatx(task.dtype)
    try:
        return _train_tensorflow(task)
    finally:
        keras.config.set_floatx(before)


def _train_tensorflow(task: Task) -> tuple[numpy.ndarray, list[numpy.ndarray]]:
    import tensorflow as tf
    from tensorflow import keras

    x, y = data(task)
    model = task.build(keras)
    model.set_weights(first_weights(task))
    xs = tf.constant(x.reshape(-1, BATCH, INPUTS), task.dtype)
    ys = tf.constant(y.reshape(-1, BATCH, *y.shape[1:]), task.dtype if y.dtype.kind == "f" else None)
    model.optimizer.build(model.trainable_variables)
    batches = ROWS // BATCH

    @tf.function
    def run() -> Any:
        losses = tf.TensorArray(tf.as_dtype(task.dtype), size=EPOCHS * batches)
        for step in tf.range(EPOCHS * batches):
            index = step % batches
            with tf.GradientTape() as tape:
                loss = model.compute_loss(xs[index], ys[index], model(xs[index], training=True))
                scaled = model.optimizer.scale_loss(loss)
            gradients = tape.gradient(scaled, model.trainable_variables)
            model.optimizer.apply(gradients, model.trainable_variables)
            losses = losses.write(step, loss)
        return losses.stack()

    losses = run().numpy().reshape(EPOCHS, batches).mean(axis=1)
    return losses, model.get_weights()
