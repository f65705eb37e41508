"""Trains networks that differ in their activation only side by side in one TensorFlow graph: one trace for all of them.

The weights of all networks are stacked into four variables, each network has its slice. Losses, optimizers and
activations are Keras's; rules are elementwise, and the gradient of the sum of all losses is that of each by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy

from tests.parity.engines import BATCH, EPOCHS, INPUTS, ROWS, Task, data, first_weights

Trained = dict[str, tuple[numpy.ndarray, list[numpy.ndarray]]]
"""By activation: losses by epoch, and the last weights."""


def train_together(task: Task, activations: Sequence[str]) -> Trained:
    """Return what Keras on TensorFlow makes of a task with each activation instead of its own."""
    from tensorflow import keras

    before = keras.config.floatx()
    keras.config.set_floatx(task.dtype)
    try:
        return _train(task, activations)
    finally:
        keras.config.set_floatx(before)


def _train(task: Task, activations: Sequence[str]) -> Trained:
    import tensorflow as tf
    from tensorflow import keras

    functions = [keras.activations.get(name) for name in activations]
    finish = keras.activations.get(task.output_activation)
    loss = getattr(keras.losses, task.loss)(
        reduction="none", dtype=task.dtype, **({"from_logits": True} if task.from_logits else {})
    )
    optimizer = getattr(keras.optimizers, task.optimizer)(**dict(task.options))
    starts = [first_weights(replace(task, activation=name)) for name in activations]
    variables = [keras.Variable(numpy.stack(arrays), dtype=task.dtype) for arrays in zip(*starts, strict=True)]
    optimizer.build(variables)
    x, y = data(task)
    xs = tf.constant(x.reshape(-1, BATCH, INPUTS), task.dtype)
    ys = tf.constant(y.reshape(-1, BATCH, *y.shape[1:]), task.dtype if y.dtype.kind == "f" else None)
    count, batches = len(activations), ROWS // BATCH

    def forward(inputs: Any) -> Any:
        kernel_1, bias_1, kernel_2, bias_2 = (variable.value for variable in variables)
        hidden = tf.matmul(tf.tile(inputs[None], [count, 1, 1]), kernel_1) + bias_1[:, None]
        hidden = tf.stack([function(part) for function, part in zip(functions, tf.unstack(hidden), strict=True)])
        return finish(tf.matmul(hidden, kernel_2) + bias_2[:, None])

    @tf.function
    def run() -> Any:
        losses = tf.TensorArray(tf.as_dtype(task.dtype), size=EPOCHS * batches)
        for step in tf.range(EPOCHS * batches):
            index = step % batches
            targets = tf.stack([ys[index]] * count)
            with tf.GradientTape() as tape:
                each = tf.reduce_mean(tf.reshape(loss(targets, forward(xs[index])), [count, -1]), 1)
                total = tf.reduce_sum(each)
            optimizer.apply(tape.gradient(total, [variable.value for variable in variables]), variables)
            losses = losses.write(step, each)
        return losses.stack()

    losses = run().numpy().reshape(EPOCHS, batches, count).mean(axis=1)
    weights = [variable.numpy() for variable in variables]
    return {name: (losses[:, at], [array[at] for array in weights]) for at, name in enumerate(activations)}
