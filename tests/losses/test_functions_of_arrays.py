"""Functions of losses and metrics compute at once what they are given as arrays."""

from __future__ import annotations

import keras
import numpy
import pytest

import nnc
from nnc.metrics.registry import FUNCTIONS

GENERATOR = numpy.random.default_rng(0)
PREDICTED = GENERATOR.uniform(0.1, 0.9, (6, 3)).astype("float32")
KINDS = {
    "one_hot": numpy.eye(3, dtype="float32")[GENERATOR.integers(0, 3, 6)],
    "numbers": GENERATOR.uniform(0.1, 0.9, (6, 3)).astype("float32"),
    "classes": GENERATOR.integers(0, 3, 6).astype("int32"),
}
OTHERS = {"ctc", "circle"}
"""Functions of targets of other shapes, whose classes are tested on arrays."""


def function_of(library, name):
    return getattr(library.losses, name, None) or getattr(library.metrics, name)


NAMES = sorted(
    name for name in FUNCTIONS if name not in OTHERS and hasattr(keras.losses, name) | hasattr(keras.metrics, name)
)


@pytest.mark.parametrize("name", NAMES)
def test_a_function_computes_of_arrays_what_keras_does(name):
    kind = (
        "classes"
        if "sparse" in name or "generalized" in name
        else "one_hot"
        if "categorical" in name or "top_k" in name
        else "numbers"
    )
    targets = KINDS["one_hot" if kind == "numbers" and ("hinge" in name or "binary" in name) else kind]
    options = {"q": 0.5} if "generalized" in name else {}
    found = function_of(nnc, name)(targets, PREDICTED, **options)
    expected = numpy.asarray(function_of(keras, name)(targets, PREDICTED, **options))
    assert isinstance(found, numpy.ndarray | numpy.floating)
    numpy.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-6)


def test_arrays_beside_graph_values_are_constants():
    step = nnc.function(lambda x: nnc.losses.mean_squared_error(KINDS["numbers"], x))
    expected = ((KINDS["numbers"] - PREDICTED) ** 2).mean(-1)
    numpy.testing.assert_allclose(step(PREDICTED), expected, rtol=1e-6)
