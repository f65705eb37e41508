"""Trained models in files that Keras itself wrote, each with what it predicts and how its training goes on."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

Array = Any


@dataclass(frozen=True)
class Animal:
    """A model of the zoo.

    Args:
        name: what it is called.
        make: makes it, from keras or tf_keras.
        loss: its loss.
        makes_input: makes an input; by default normally distributed numbers of the input's shape.
        is_random: whether training draws random numbers, so that losses can not be compared.
        tolerance: how far predictions may be apart.
        length: what stands for unknown lengths.
        is_slow: whether Keras takes long to train it.
    """

    name: str
    make: Callable[[Any], Any]
    loss: str = "mse"
    makes_input: Callable[[numpy.random.Generator, tuple[int, ...]], Array] | None = None
    is_random: bool = False
    tolerance: float = 1e-5
    length: int = 7
    is_slow: bool = False

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Written:
    """A trained model, and the files it is in.

    Args:
        keras: the live model, after further training.
        x: inputs.
        y: targets.
        predicted: what it predicted when it was written.
        losses: losses of the further training.
        files: paths by kind: ``keras``, ``h5``, ``weights.h5``, ``json``.
    """

    keras: Any
    x: Any
    y: Any
    predicted: Any
    losses: Any
    files: dict[str, Path]


LOSSES = 1e-4 if os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0" else 3e-4
"""Relative difference of losses from Keras's: with oneDNN, two runs of Keras itself differ by up to 1e-4."""
ROWS = 12
FIT = {"batch_size": 6, "shuffle": False, "verbose": 0}


def write(animal: Animal, package: Any, folder: Path, optimizer: Any = None) -> Written:
    """Train a model for two epochs, write it, and train it for two more."""
    package.utils.set_random_seed(3)
    files = {kind: folder / f"model.{kind}" for kind in ("keras", "h5", "weights.h5", "json")}
    generator = numpy.random.default_rng(5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = animal.make(package)
        x = [_data(animal, generator, tensor.shape) for tensor in model.inputs]
        x = x[0] if len(x) == 1 else x
        first = model.predict(x, verbose=0)
        y = [generator.uniform(size=array.shape) for array in (first if isinstance(first, list) else [first])]
        y = y[0] if len(y) == 1 else y
        model.compile(optimizer or "adam", animal.loss, run_eagerly=True)  # faster here than tracing it
        model.fit(x, y, epochs=2, **FIT)
        model.save(files["keras"])
        model.save(files["h5"])
        model.save_weights(files["weights.h5"])
        files["json"].write_text(model.to_json())
        predicted = model.predict(x, verbose=0)
        losses = model.fit(x, y, epochs=2, **FIT).history["loss"]
    return Written(model, x, y, predicted, losses, files)


def _shape(animal: Animal, shape: Any) -> tuple[int, ...]:
    return (ROWS, *(animal.length if size is None else int(size) for size in shape[1:]))


def _data(animal: Animal, generator: numpy.random.Generator, shape: Any) -> Array:
    if animal.makes_input is not None:
        return animal.makes_input(generator, _shape(animal, shape))
    return generator.normal(size=_shape(animal, shape)).astype("float32")


def difference(found: Any, expected: Any) -> float:
    """Return the largest difference between predictions, relative to the largest expected magnitude above 1."""
    found = found if isinstance(found, list | tuple) else [found]
    expected = expected if isinstance(expected, list | tuple) else [expected]
    assert len(found) == len(expected)
    return max(
        float(numpy.abs(left - right).max() / max(1.0, numpy.abs(right).max()))
        for left, right in zip(found, expected, strict=True)
    )
