"""Ten steps of training agree with TensorFlow's, for networks of many kinds."""

from __future__ import annotations

import warnings
from typing import Any

import numpy
import pytest

import nnc
from nnc.readers import read_model
from tests.parity.networks import BATCH, LARGE_STEPS, NETWORKS, ROWS, STEPS


@pytest.fixture(scope="module")
def keras() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.sampled(1)
def test_losses_and_weights(name: str, keras: Any) -> None:
    network = NETWORKS[name]
    x, y = network.data(numpy.random.default_rng(4))
    ours, theirs = network.build(nnc), network.build(keras)
    assert [weight.shape for weight in ours.get_weights()] == [weight.shape for weight in theirs.get_weights()]
    generator = numpy.random.default_rng(5)
    weights = [weight + generator.normal(0, 0.05, weight.shape) ** 2 for weight in theirs.get_weights()]
    for model, nn in ((ours, nnc), (theirs, keras)):
        model.set_weights([weight.astype("float32") for weight in weights])
        model.compile(**network.compile(nn))
    numpy_outputs = ours.predict(x)
    for found, expected in zip(_listed(numpy_outputs), _listed(theirs.predict(x, verbose=0)), strict=True):
        numpy.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    options = {"batch_size": BATCH, "epochs": STEPS * BATCH // ROWS, "shuffle": False, "verbose": 0}
    found, expected = ours.fit(x, y, **options).history, theirs.fit(x, y, **options).history
    assert set(found) == set(expected)
    for key, values in expected.items():
        numpy.testing.assert_allclose(found[key], values, rtol=1e-4, atol=1e-6, err_msg=key)
    for weight, after in zip(ours.weights, theirs.get_weights(), strict=True):
        numpy.testing.assert_allclose(weight.array, after, rtol=1e-3, atol=1e-4, err_msg=weight.path)
    results = zip(_listed(ours.evaluate(x, y, verbose=0)), _listed(theirs.evaluate(x, y, verbose=0)), strict=True)
    for value, reference in results:
        numpy.testing.assert_allclose(value, reference, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", LARGE_STEPS)
@pytest.mark.slow
def test_losses_with_large_steps_in_float64(name: str, keras: Any) -> None:
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        network, generator = NETWORKS[name], numpy.random.default_rng(5)
        x, y = network.data(numpy.random.default_rng(4))
        theirs = network.build(keras)
        theirs.set_weights([weight + generator.normal(0, 0.05, weight.shape) ** 2 for weight in theirs.get_weights()])
        ours = read_model(theirs)
        assert ours.compute_dtype == "float64"
        for model, nn in ((ours, nnc), (theirs, keras)):
            model.compile(**LARGE_STEPS[name](nn))
        options = {"batch_size": BATCH, "epochs": STEPS * BATCH // ROWS, "shuffle": False, "verbose": 0}
        found, expected = (model.fit(x, y, **options).history["loss"] for model in (ours, theirs))
        numpy.testing.assert_allclose(found, expected, rtol=1e-5)
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_dtype_policy(before[1])


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]
