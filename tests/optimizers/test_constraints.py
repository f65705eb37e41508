"""Constraints of weights hold after each step, as in Keras."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.ir import ops

EMA = {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2}
"""Averages take over at the end, as in Keras without being projected."""


def train(module, layer_class, constraint, epochs, **options):
    layer = layer_class(4, activation="tanh", name="first")
    model = module.Sequential([module.layers.Input((3,)), layer, module.layers.Dense(1, name="last")])
    model.compile(module.optimizers.Adam(0.05, **options), "mse")
    generator = numpy.random.default_rng(4)
    model.set_weights([generator.normal(0, 1.5, weight.shape) for weight in model.get_weights()])
    model.weights[0].constraint = constraint
    x, y = generator.normal(size=(24, 3)).astype("float32"), generator.normal(size=(24, 1)).astype("float32")
    history = model.fit(x, y, batch_size=8, epochs=epochs, shuffle=False, verbose=0)
    return history.history["loss"], model.get_weights()


@pytest.mark.parametrize("name", ["MaxNorm", "UnitNorm", "NonNeg"])
@pytest.mark.sampled(1)
def test_training_is_that_of_keras(name):
    keras = pytest.importorskip("keras")
    losses, weights = train(nnc, nnc.layers.Dense, getattr(nnc.constraints, name)(), 20, **EMA)
    expected_losses, expected = train(keras, keras.layers.Dense, getattr(keras.constraints, name)(), 20, **EMA)
    numpy.testing.assert_allclose(losses, expected_losses, rtol=1e-4)
    for one, other in zip(weights, expected, strict=True):
        numpy.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_own_constraint():
    _, weights = train(nnc, nnc.layers.Dense, lambda w: ops.minimum(w, 0.25), 3)
    assert weights[0].max() <= 0.25
    assert weights[2].max() > 0.25
