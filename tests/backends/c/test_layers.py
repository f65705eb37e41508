"""One configuration of every layer in C against NumPy, forward and backward; ``--backend c`` runs all of them."""

from __future__ import annotations

import numpy
import pytest

from tests.layers.cases import CASES, Case

pytestmark = pytest.mark.usefixtures("compiler")
FIRST = list({case.layer: case for case in reversed(CASES)}.values())[::-1]


def results(case: Case) -> tuple[list[numpy.ndarray], list[numpy.ndarray]]:
    """Return the outputs, and the gradients of inputs and weights."""
    layer = case.make()
    case.call(layer, case.inputs())
    layer.set_weights(case.weights([tuple(weight.shape) for weight in layer.weights]))
    outputs = case.outputs(layer, case.inputs())
    if not all(output.dtype.kind == "f" for output in outputs):
        return outputs, []
    seeds = case.gradients()
    found = layer.backward(seeds[0] if len(seeds) == 1 else seeds)
    found = found if isinstance(found, list) else [found]
    paths = [weight.path for weight in layer.weights]
    kept = [weight.gradient for weight, path in zip(layer.weights, paths, strict=True)]
    kept = [array for array, path in zip(kept, paths, strict=True) if not path.endswith(case.without_effect)]
    return outputs, [*found, *kept]


@pytest.mark.parametrize("case", FIRST, ids=str)
@pytest.mark.sampled(15)
def test_a_layer_gives_the_numbers_of_numpy(case, monkeypatch):
    monkeypatch.setenv("NNC_C_LEVEL", "0")
    monkeypatch.setenv("NNC_BACKEND", "numpy")
    expected = results(case)
    monkeypatch.setenv("NNC_BACKEND", "c")
    for arrays, others, tolerance in zip(results(case), expected, (case.tolerance, 10 * case.tolerance), strict=True):
        for array, other in zip(arrays, others, strict=True):
            assert array.dtype == other.dtype and array.shape == other.shape
            if array.dtype.kind != "f":
                numpy.testing.assert_array_equal(array, other)
                continue
            scale = max(numpy.abs(other).max(initial=0.0), 1e-30)
            numpy.testing.assert_allclose(array, other, rtol=tolerance, atol=tolerance * scale)
