"""The same small model, data and first weights for nnc and for Keras."""

from __future__ import annotations

from typing import Any

import numpy

ROWS = 40


def arrays() -> tuple[Any, Any]:
    generator = numpy.random.default_rng(3)
    x = generator.normal(size=(ROWS, 3)).astype("float32")
    return x, (x[:, :1] * x[:, 1:2] + 0.1 * generator.normal(size=(ROWS, 1))).astype("float32")


def network(module: Any, optimizer: Any = None, metrics: tuple[str, ...] = ("mae",)) -> Any:
    model = module.Sequential(
        [module.layers.Input((3,)), module.layers.Dense(4, activation="tanh"), module.layers.Dense(1)]
    )
    model.compile(optimizer=optimizer or module.optimizers.SGD(0.1), loss="mse", metrics=list(metrics))
    generator = numpy.random.default_rng(1)
    model.set_weights([generator.normal(0, 0.7, weight.shape) for weight in model.get_weights()])
    return model


def fit(model: Any, callbacks: Any, **options: Any) -> Any:
    x, y = arrays()
    given = {"batch_size": 8, "epochs": 5, "shuffle": False, "verbose": 0, "validation_data": (x[:10], y[:10])}
    return model.fit(x, y, callbacks=callbacks, **(given | options))
