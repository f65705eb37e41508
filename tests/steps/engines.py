"""Keras and nnc by the same names, and what training on both has in common."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy

Engine = Any
"""Keras, or nnc: both have `keras`'s names, `Tape` and `function`."""
ROWS, BATCH, EPOCHS = 40, 8, 4
"""Twenty steps."""


def numbers(*shape: int, seed: int = 0) -> Any:
    return numpy.random.default_rng(seed).normal(size=shape).astype("float32")


def begin_equal(*models: Any) -> None:
    """Give models the same weights on every engine."""
    generator = numpy.random.default_rng(3)
    for model in models:
        model.set_weights(
            [
                (generator.normal(size=weight.shape) * 0.3).astype("float32") if weight.ndim > 1 else weight
                for weight in model.get_weights()
            ]
        )


def fitted(model: Any, *data: Any, weights_of: Any = None, **options: Any) -> dict[str, Any]:
    """Train for twenty steps; return what was shown of them, and a sum of each weight."""
    history = model.fit(*data, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0, **options)
    weights = {f"weight {n}": numpy.abs(item).sum() for n, item in enumerate((weights_of or model).get_weights())}
    return {**history.history, **weights}


def classifier(nn: Engine, units: int) -> Any:
    keras, layers = nn.keras, nn.keras.layers
    return keras.Sequential([keras.Input((6,)), layers.Dense(units, activation="relu"), layers.Dense(3)])


def keras_engine() -> Engine:
    import keras
    import tensorflow

    return SimpleNamespace(
        keras=keras,
        Tape=tensorflow.GradientTape,
        function=tensorflow.function,
        Variable=tensorflow.Variable,
        tensor=tensorflow.convert_to_tensor,
        chosen=lambda model: model,
    )


def nnc_engine(backend: str) -> Engine:
    import nnc

    def chosen(model: Any) -> Any:
        model.backend = backend
        return model

    return SimpleNamespace(
        keras=nnc,
        Tape=nnc.GradientTape,
        function=lambda python: nnc.function(backend=backend)(python),
        Variable=nnc.Variable,
        tensor=numpy.asarray,
        chosen=chosen,
    )
