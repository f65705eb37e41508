"""Each layer's gradients are finite differences of its output, in float64."""

from __future__ import annotations

import numpy
import pytest

import nnc
from tests.layers.cases import CASES, Case

STEP = 1e-6


def numeric(function, array: numpy.ndarray) -> numpy.ndarray:
    """Return the derivative of a function of `array`, which is changed in place and put back."""
    gradient = numpy.zeros_like(array)
    for index in numpy.ndindex(array.shape):
        before = array[index]
        array[index] = before + STEP
        above = function()
        array[index] = before - STEP
        below = function()
        array[index] = before
        gradient[index] = (above - below) / (2 * STEP)
    return gradient


@pytest.mark.parametrize("case", [case for case in CASES if numpy.prod(case.shapes[0], dtype=int) <= 6], ids=str)
def test_gradients_are_finite_differences(case: Case):
    layer = case.make(dtype="float64")
    inputs, seed = [x[:2] for x in case.inputs("float64")], case.gradient("float64")[:2]
    case.call(layer, inputs)
    layer.set_weights(case.weights([weight.shape for weight in layer.weights], "float64"))
    model = _model(case, layer)

    def objective() -> float:
        return float((model(*inputs) * seed).sum())

    case.call(layer, inputs)
    found = layer.backward(seed)
    found = [*(found if isinstance(found, list) else [found]), *(weight.gradient for weight in layer.weights)]
    arrays = [*inputs, *(weight.array for weight in layer.weights)]
    for gradient, array in zip(found, arrays, strict=True):
        assert gradient.dtype == "float64"
        numpy.testing.assert_allclose(gradient, numeric(objective, array), rtol=1e-6, atol=1e-8)


def _model(case: Case, layer: nnc.layers.Layer) -> nnc.Program:
    """Return the layer as a compiled program, which is faster to call often than the layer itself."""
    inputs = [nnc.Input(shape, dtype="float64") for shape in case.shapes]
    return nnc.compile(nnc.Model(inputs, case.call(layer, inputs)))
