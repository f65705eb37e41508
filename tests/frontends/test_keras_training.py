"""A Keras model read in the middle of its training goes on with the losses that Keras would have had."""

from __future__ import annotations

import operator
from pathlib import Path
from typing import Any

import numpy
import pytest

from nnc.optimizers import OPTIMIZERS, Adam
from nnc.readers import read_model

RATES = {"Adadelta": 1.0, "Ftrl": 0.1, "Adagrad": 0.1, "SGD": 0.1}
OPTIONS: dict[str, dict[str, Any]] = {
    "SGD": {"momentum": 0.9, "nesterov": True},
    "RMSprop": {"centered": True, "momentum": 0.5},
    "Adam": {"amsgrad": True, "gradient_accumulation_steps": 2},
    "Adamax": {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 3},
}

RULES = [cls.__name__ for cls in OPTIMIZERS.values() if cls.__name__ != "ScheduleFreeAdamW"]
"""All but one, for which Keras's engines differ; `tests/optimizers/test_schedule_free.py` has it."""


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.sampled(1)
def test_ten_steps_of_keras_and_ten_more(rule: str, frozen: bool) -> None:
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(5, "tanh", name="first"), layers.Dense(3), layers.Dense(1)]
    )
    model.layers[0].trainable = not frozen
    rate = RATES.get(rule, 0.01)
    model.compile(getattr(keras.optimizers, rule)(rate, **OPTIONS.get(rule, {})), "mse")
    generator = numpy.random.default_rng(0)
    x, y = generator.normal(size=(40, 4)).astype("float32"), generator.normal(size=(40, 1)).astype("float32")
    model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    ours = read_model(model)
    found = ours.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0).history["loss"]
    expected = model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0).history["loss"]
    assert expected[0] != expected[1]
    numpy.testing.assert_allclose(found, expected, rtol=1e-5)
    for one, other in zip(ours.get_weights(), model.get_weights(), strict=True):
        numpy.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    for one, other in zip(ours.optimizer.variables, model.optimizer.variables, strict=True):
        assert one.shape == tuple(other.shape)


OLD_RULES: list[tuple[str, dict[str, Any]]] = [
    ("Adam", {"learning_rate": 0.01}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
    ("RMSprop", {"learning_rate": 0.01, "centered": True, "momentum": 0.5}),
    ("legacy.Adam", {"learning_rate": 0.01, "amsgrad": True}),
    ("legacy.SGD", {"learning_rate": 0.1, "momentum": 0.5, "decay": 0.01}),
    ("legacy.RMSprop", {"learning_rate": 0.01, "centered": True, "momentum": 0.5}),
]


@pytest.mark.parametrize(("rule", "options"), OLD_RULES, ids=[rule for rule, _ in OLD_RULES])
@pytest.mark.sampled(2)
def test_optimizers_of_keras_2_go_on(rule: str, options: dict[str, Any]) -> None:
    keras = pytest.importorskip("tf_keras")
    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential([keras.Input((4,)), layers.Dense(5, "tanh"), layers.Dense(3), layers.Dense(1)])
    model.layers[1].trainable = False
    model.compile(operator.attrgetter(rule)(keras.optimizers)(**options), "mse")
    generator = numpy.random.default_rng(0)
    x, y = generator.normal(size=(40, 4)).astype("float32"), generator.normal(size=(40, 1)).astype("float32")
    fresh = read_model(model)
    assert not fresh.optimizer.iterations
    model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    ours = read_model(model)
    found = ours.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0).history["loss"]
    expected = model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0).history["loss"]
    numpy.testing.assert_allclose(found, expected, rtol=1e-5)
    for one, other in zip(ours.get_weights(), model.get_weights(), strict=True):
        numpy.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("source", ["live", ".h5", ".keras"])
@pytest.mark.sampled(1)
def test_the_optimizer_in_a_loss_scale_of_keras_2_goes_on(source: str, tmp_path: Path) -> None:
    keras = pytest.importorskip("tf_keras")
    keras.utils.set_random_seed(3)
    dense = [keras.layers.Dense(5, "tanh", dtype="mixed_float16"), keras.layers.Dense(1, dtype="float32")]
    model = keras.Sequential([keras.Input((4,)), *dense])
    scaled = keras.mixed_precision.LossScaleOptimizer(keras.optimizers.Adam(0.05))
    model.compile(scaled, "mse")
    generator = numpy.random.default_rng(0)
    x, y = generator.normal(size=(8, 4)).astype("float32"), generator.normal(size=(8, 1)).astype("float32")
    for _ in range(3):
        model.train_on_batch(x, y)
    if source != "live":
        model.save(tmp_path / f"model{source}")
    ours = read_model(model if source == "live" else tmp_path / f"model{source}")
    assert type(ours.optimizer) is Adam and ours.optimizer.iterations == 3
    found = ours.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0).history["loss"]
    numpy.testing.assert_allclose(found, [float(model.train_on_batch(x, y)) for _ in range(2)], rtol=0.01)


def test_nadam_of_keras_2_computes_otherwise() -> None:
    keras = pytest.importorskip("tf_keras")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Nadam(), "mse")
    with pytest.warns(UserWarning, match="trains as Nadam of Keras 3 does, whose momenta differ"):
        read_model(model)
