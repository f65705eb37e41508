"""Keras's way to train replicas: one model whose weights have an axis of replicas, whose loss is the sum of theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from benchmarks.contestant import CHECKED_EPOCHS, Contestant
from benchmarks.networks import NETWORKS
from benchmarks.networks.dense import BASE_RATE, MLP_RATE, weights_of_replicas
from benchmarks.networks.replicas import WIDTHS

Measure = Callable[[Any, Any], Any]
"""From targets, (rows, 1) or (rows,), and outputs, (rows, replicas, units), to a number per row and replica."""


class MeanOfReplicas(keras.metrics.Metric):
    """The mean over rows, for each replica.

    Args:
        measure: what is averaged.
        replicas: number of replicas.
        name: as logs call it.
    """

    def __init__(self, measure: Measure, replicas: int, name: str) -> None:
        super().__init__(name=name)
        self._measure = measure
        self._total = self.add_weight(shape=(replicas,), initializer="zeros", name="total")
        self._count = self.add_weight(shape=(), initializer="zeros", name="count")

    def update_state(self, truth: Any, outputs: Any, sample_weight: Any = None) -> None:
        """Count a batch; rows have no weights."""
        found = ops.cast(self._measure(truth, outputs), "float32")
        self._total.assign_add(ops.sum(found, 0))
        self._count.assign_add(ops.cast(ops.shape(found)[0], "float32"))

    def result(self) -> Any:
        """Return the means."""
        return self._total / self._count


class SumOverReplicas(keras.losses.Loss):
    """The sum of all replicas' losses, of which each learns from its own.

    Args:
        measure: the losses.
    """

    def __init__(self, measure: Measure) -> None:
        super().__init__()
        self._measure = measure

    def call(self, truth: Any, outputs: Any) -> Any:
        """Return a number per row."""
        return ops.sum(self._measure(truth, outputs), 1)


def fit(network: str, replicas: int, **options: Any) -> Contestant:
    """Return a contestant that trains epochs of replicas, with options of `compile`."""
    widths, (x, y) = WIDTHS[network], NETWORKS[network].data()
    is_binary = widths[-1] == 1
    dense = keras.layers.EinsumDense
    inner, last = ("sigmoid", "sigmoid") if is_binary else ("relu", "softmax")
    layers = [
        dense(
            "bi,irk->brk" if place == 0 else "bri,rik->brk",
            (replicas, units),
            bias_axes="rk",
            activation=last if place == len(widths) - 2 else inner,
        )
        for place, units in enumerate(widths[1:])
    ]
    model = keras.Sequential([keras.Input(widths[:1]), *layers])
    kernel, *others = weights_of_replicas(widths, replicas)
    model.set_weights([kernel.swapaxes(0, 1), *others])
    losses, right = (_binary_losses, _signs) if is_binary else (_losses_of_classes, _largest)
    model.compile(
        optimizer=keras.optimizers.SGD(BASE_RATE) if is_binary else keras.optimizers.Adam(MLP_RATE),
        loss=SumOverReplicas(losses),
        metrics=[MeanOfReplicas(losses, replicas, "loss_of_each"), MeanOfReplicas(right, replicas, "accuracy")],
        **options,
    )
    batch = NETWORKS[network].batch

    def numbers() -> list[float]:
        history = model.fit(x, y, batch_size=batch, epochs=CHECKED_EPOCHS, shuffle=False, verbose=0)
        return [float(loss) for losses in history.history["loss_of_each"] for loss in losses]

    return Contestant(lambda epochs: model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0), numbers)


def _binary_losses(truth: Any, outputs: Any) -> Any:
    truth = ops.broadcast_to(ops.expand_dims(truth, 1), ops.shape(outputs))
    return keras.losses.binary_crossentropy(truth, outputs)


def _signs(truth: Any, outputs: Any) -> Any:
    return ops.equal(outputs[..., 0] > 0.5, truth > 0.5)


def _losses_of_classes(truth: Any, outputs: Any) -> Any:
    return keras.losses.sparse_categorical_crossentropy(_of_each(truth, outputs), outputs)


def _largest(truth: Any, outputs: Any) -> Any:
    return ops.equal(ops.argmax(outputs, -1), ops.cast(_of_each(truth, outputs), "int64"))


def _of_each(truth: Any, outputs: Any) -> Any:
    return ops.broadcast_to(ops.reshape(truth, (-1, 1)), ops.shape(outputs)[:2])
