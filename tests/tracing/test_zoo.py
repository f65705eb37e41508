"""Live models with something of their author's, beside Keras: predictions, and two training steps, on both backends."""

from __future__ import annotations

import warnings
from typing import Any

import numpy
import pytest

import nnc
from tests.tracing.zoo import ZOO


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def rows(shape: Any, generator: numpy.random.Generator) -> Any:
    """Return 8 rows for each shape in a nest of shapes; lengths that are not known are 5."""
    if isinstance(shape, dict):
        return {key: rows(part, generator) for key, part in shape.items()}
    if isinstance(shape[0], list | tuple | dict):
        return type(shape)(rows(part, generator) for part in shape)
    return generator.uniform(0.5, 1.5, (8, *(dim or 5 for dim in shape[1:]))).astype("float32")


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", ZOO)
@pytest.mark.sampled(3)
def test_live_models(name, keras):
    keras.utils.set_random_seed(1)
    theirs = ZOO[name](keras)
    generator = numpy.random.default_rng(2)
    shape = theirs.input_shape if getattr(theirs, "inputs", None) else theirs._build_shapes_dict["input_shape"]
    x = rows(shape, generator)
    y = generator.uniform(-1.0, 1.0, numpy.asarray(theirs(x)).shape).astype("float32")
    theirs.compile(keras.optimizers.Adam(0.01), "mse", run_eagerly=True)
    theirs.train_on_batch(x, y)  # whose state comes along
    programs = {backend: nnc.compile(theirs, backend=backend) for backend in ("numpy", "c")}
    expected = numpy.asarray(theirs(x))
    losses = [float(theirs.train_on_batch(x, y)) for _ in range(2)]
    after = numpy.asarray(theirs(x))
    for backend, program in programs.items():
        numpy.testing.assert_allclose(program.predict(x), expected, rtol=1e-5, atol=1e-6, err_msg=backend)
        history = program.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        numpy.testing.assert_allclose(history.history["loss"], losses, rtol=1e-4, err_msg=backend)
        numpy.testing.assert_allclose(program.predict(x), after, rtol=1e-3, atol=2e-5, err_msg=backend)
