"""Each layer's gradients are finite differences of its output, in float64."""

from __future__ import annotations

from collections.abc import Callable

import numpy
import pytest

import nnc
from tests.layers.cases import CASES, Case, with_others_slow

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


@pytest.mark.parametrize("case", [case for case in CASES if case.size <= 6], ids=str)
def test_gradients_are_finite_differences(case: Case):
    arrays, found, objective = _prepared(case)
    for gradient, array in zip(found, arrays, strict=True):
        if array.dtype == "float64":
            assert gradient.dtype == "float64"
            numpy.testing.assert_allclose(gradient, numeric(objective, array), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("case", with_others_slow(case for case in CASES if case.size > 6), ids=str)
def test_gradients_are_finite_differences_along_directions(case: Case):
    arrays, found, objective = _prepared(case)
    generator = numpy.random.default_rng(5)
    for gradient, array in zip(found, arrays, strict=True):
        if array.dtype != "float64":
            continue
        assert gradient.dtype == "float64"
        for _ in range(2):
            direction, before = generator.normal(size=array.shape), array.copy()
            array += STEP * direction
            above = objective()
            array[...] = before - STEP * direction
            below = objective()
            array[...] = before
            size = numpy.abs(gradient * direction).sum()
            numpy.testing.assert_allclose(
                (gradient * direction).sum(), (above - below) / (2 * STEP), rtol=1e-6, atol=1e-7 * max(size, 1.0)
            )


def _prepared(case: Case) -> tuple[list[numpy.ndarray], list[numpy.ndarray], Callable[[], float]]:
    """Return inputs and weights, their derived gradients, and the function they are gradients of."""
    layer = case.make(dtype="float64")
    inputs, seeds = [x[:2] for x in case.inputs("float64")], [seed[:2] for seed in case.gradients("float64")]
    case.call(layer, inputs)
    layer.set_weights(case.weights([weight.shape for weight in layer.weights], "float64"))
    model = _model(case, layer)

    def objective() -> float:
        outputs = model(*inputs)
        outputs = outputs if isinstance(outputs, list) else [outputs]
        return float(sum((output * seed).sum() for output, seed in zip(outputs, seeds, strict=True)))

    if any(output.dtype.kind != "f" for output in case.outputs(layer, inputs)):
        pytest.skip("whole numbers have no gradient")
    found = layer.backward(seeds[0] if len(seeds) == 1 else seeds)
    found = [*(found if isinstance(found, list) else [found]), *(weight.gradient for weight in layer.weights)]
    return [*inputs, *(weight.array for weight in layer.weights)], found, objective


def _model(case: Case, layer: nnc.layers.Layer) -> nnc.Program:
    """Return the layer as a compiled program, which is faster to call often than the layer itself."""
    inputs = case.symbolic(dtype="float64")
    return nnc.compile(nnc.Model(inputs, case.outputs(layer, inputs)))
