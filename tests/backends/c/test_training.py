"""Networks of many kinds trained in C have the weights that NumPy gives them."""

from __future__ import annotations

import numpy
import pytest

import nnc
from tests.parity.networks import BATCH, NETWORKS, ROWS

pytestmark = pytest.mark.usefixtures("compiler")
FEW, MANY = 20, 200
UNSTABLE = {"residual", "regularized", "decoder"}
"""Where rounding grows a thousandfold in a hundred steps: a penalty's sign turns, a relu of a deep network opens."""
LONG = {"residual", "bidirectional", "encoder"}


def trained(name: str, backend: str, steps: int) -> list[numpy.ndarray]:
    """Return the weights after training, then the predictions."""
    network = NETWORKS[name]
    x, y = network.data(numpy.random.default_rng(4))
    nnc.utils.set_random_seed(1)
    model = network.build(nnc)
    generator = numpy.random.default_rng(5)
    weights = [weight + generator.normal(0, 0.05, weight.shape) ** 2 for weight in model.get_weights()]
    model.set_weights([weight.astype("float32") for weight in weights])
    model.compile(**network.compile(nnc))
    model.program.use_backend(backend)
    model.fit(x, y, batch_size=BATCH, epochs=steps * BATCH // ROWS, shuffle=False, verbose=0)
    outputs = model.predict(x, verbose=0)
    return [*model.get_weights(), *(outputs if isinstance(outputs, list) else [outputs])]


def check(name: str, steps: int, tolerance: float) -> None:
    for found, expected in zip(trained(name, "c", steps), trained(name, "numpy", steps), strict=True):
        scale = max(float(numpy.abs(expected).max(initial=0.0)), 1.0)
        numpy.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in NETWORKS])
def test_a_few_steps_of_training(name, monkeypatch):
    monkeypatch.setenv("NNC_C_LEVEL", "1")
    check(name, FEW, 1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in UNSTABLE])
def test_200_steps_of_training(name, monkeypatch):
    monkeypatch.setenv("NNC_C_LEVEL", "1")
    check(name, MANY, 1e-4)
