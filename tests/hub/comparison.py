"""Compares a published model in nnc with Keras: predictions, and a training step."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy

import nnc
from tests.hub.table import PublishedModel

ROWS = 2
ROUNDINGS = 4
"""Trainings of Keras's with other roundings, of which the one counts that goes furthest away."""


@dataclass(frozen=True)
class Comparison:
    """How far nnc's numbers are from Keras's.

    Args:
        parameters: number of the model's weights.
        predicted: largest difference of an output, relative to the largest number of it.
        loss: relative difference of the losses of a training step and of the one after it.
        trained: largest difference of an output after a training step, likewise.
        shaken: largest relative difference of Keras's own losses where the weights begin with other roundings, None
            where that was not tried. No other engine can be expected to come nearer.
    """

    parameters: int
    predicted: float
    loss: float
    trained: float
    shaken: float | None = None


def compared(published: PublishedModel, backend: str = "numpy", shakes: bool = False) -> Comparison:
    """Return how far nnc's numbers for a model are from Keras's.

    Args:
        published: the model.
        backend: what nnc runs it on.
        shakes: whether Keras trains some times more, with other roundings.
    """
    import keras

    keras.utils.set_random_seed(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = published.model()
        generator = numpy.random.default_rng(2)
        x = published.inputs(theirs, ROWS, generator)
        before = _predicted(theirs, x)
        y = {
            path: generator.uniform(-1.0, 1.0, item.shape).astype("float32")
            for path, item in before.items()
            if len(item) == ROWS  # others can have no loss
        }
        loss = "mse" if y.keys() == before.keys() else dict.fromkeys(y, "mse")
        y = keras.tree.pack_sequence_as(theirs.output, list(y.values())) if loss == "mse" else y
        theirs.compile(keras.optimizers.SGD(0.1, global_clipnorm=1.0), loss, run_eagerly=True)
        ours = nnc.compile(theirs, backend=backend)
        given = next(iter(x.values())) if isinstance(x, dict) and len(x) == 1 else x
        predicted = _largest(_named(ours.predict(given)), before)
        start = theirs.get_weights()
        losses = _losses(theirs, x, y)
        after = _predicted(theirs, x)
        found = [
            ours.fit(given, y, batch_size=ROWS, epochs=1, shuffle=False, verbose=0).history["loss"][0] for _ in range(2)
        ]
        trained = _largest(_named(ours.predict(given)), after)
        shaken = None
        if shakes:
            moved = [_losses_with_other_roundings(theirs, start, x, y, generator) for _ in range(ROUNDINGS)]
            shaken = max(_apart(item, losses) for item in moved)
    return Comparison(theirs.count_params(), predicted, _apart(found, losses), trained, shaken)


def _losses(model: Any, x: Any, y: Any) -> list[float]:
    """Return the losses of two training steps."""
    return [float(numpy.ravel(model.train_on_batch(x, y))[0]) for _ in range(2)]


def _losses_with_other_roundings(
    model: Any, weights: list[numpy.ndarray], x: Any, y: Any, generator: numpy.random.Generator
) -> list[float]:
    """Return the losses where each weight begins at the next number of its type, above or below."""
    ends = [numpy.where(generator.random(weight.shape) < 0.5, numpy.inf, -numpy.inf) for weight in weights]
    pairs = zip(weights, ends, strict=True)
    model.set_weights([numpy.nextafter(weight, end.astype(weight.dtype), dtype=weight.dtype) for weight, end in pairs])
    return _losses(model, x, y)


def _apart(found: list[float], expected: list[float]) -> float:
    return max(abs(one - other) / abs(other) for one, other in zip(found, expected, strict=True))


def _named(outputs: Any) -> dict[str, Any]:
    """Return outputs by their paths, such as ``levels/0``."""
    import keras

    return {"/".join(map(str, path)): item for path, item in keras.tree.flatten_with_path(outputs)}


def _predicted(model: Any, x: Any) -> dict[str, numpy.ndarray]:
    return {key: numpy.asarray(item) for key, item in _named(model(x, training=False)).items()}


def _largest(ours: dict[str, numpy.ndarray], theirs: dict[str, numpy.ndarray]) -> float:
    assert ours.keys() == theirs.keys()
    found = 0.0
    for key, expected in theirs.items():
        assert ours[key].shape == expected.shape, f"{key}: {ours[key].shape}, expected {expected.shape}"
        scale = max(float(numpy.abs(expected).max(initial=0.0)), 1e-30)
        difference = numpy.abs(ours[key].astype("float64") - expected).max(initial=0.0)
        found = max(found, float(difference) / scale)
    return found
