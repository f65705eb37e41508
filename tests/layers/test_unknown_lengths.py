"""Layers over lengths that are known at run time only: one plan, several lengths, the numbers of fixed lengths."""

from __future__ import annotations

from itertools import product

import numpy
import pytest

from nnc import layers
from nnc.backends.numpy import TARGET, Executable, print_source
from nnc.errors import ModelError
from nnc.ir import Graph, TensorType, symbol
from nnc.layers.lowering import lowering
from nnc.passes import OPTIMIZE, gradients, run_passes
from tests.plan.helpers import plan_of

SYMBOLS = tuple(map(symbol, ("batch", "time", "height")))
SIZES = ((4, 9, 8), (3, 7, 8), (4, 6, 5), (1, 9, 3), (2, 5, 6))

ONE = [
    lambda: layers.ZeroPadding1D((1, 2)),
    lambda: layers.Cropping1D((1, 2)),
    lambda: layers.Cropping1D((0, 1)),
    *(
        lambda cls=cls, window=window, stride=stride, padding=padding: cls(window, stride, padding)
        for cls in (layers.MaxPooling1D, layers.AveragePooling1D)
        for window, stride, padding in product((2, 3), (1, 2, 3), ("valid", "same"))
    ),
    lambda: layers.UpSampling1D(3),
    lambda: layers.GlobalAveragePooling1D(),
    lambda: layers.GlobalMaxPooling1D(keepdims=True),
    lambda: layers.Permute((2, 1)),
    lambda: layers.PReLU("ones", shared_axes=[1]),
    lambda: layers.Softmax(1),
    lambda: layers.Softmax([1, 2]),
]
TWO = [
    lambda: layers.ZeroPadding2D(((1, 0), (0, 2))),
    lambda: layers.Cropping2D(((1, 0), (0, 2))),
    lambda: layers.MaxPooling2D(2),
    lambda: layers.MaxPooling2D(3, 2, "same"),
    lambda: layers.AveragePooling2D(3, 2, "same"),
    lambda: layers.AveragePooling2D((2, 3), 1, "valid"),
    lambda: layers.UpSampling2D((2, 1)),
    lambda: layers.UpSampling2D((3, 2), interpolation="bilinear"),
    lambda: layers.Resizing(4, 11),
    lambda: layers.GlobalAveragePooling2D(),
]


def programs(layer, dims):
    """Return a function from an array and a gradient to output and gradient, planned for the first of `SIZES`."""
    graph = Graph("forward_and_backward")
    x = graph.input("x", TensorType("float32", (*SYMBOLS[:dims], 2)))
    layer.ensure_built([x.type])
    with lowering(graph, declares=True) as context:
        for weight in layer.weights:
            context.declare(weight, weight.name)
        y = layer.lower(x)
    seed = graph.input("seed", y.type)
    graph.output("y", y)
    graph.output("gradient", gradients({y: seed}, [x])[0])
    graph = run_passes(graph, OPTIMIZE)
    plan = plan_of(graph, dict(zip(("batch", "time", "height")[:dims], SIZES[0], strict=False)), TARGET)
    source = print_source(plan)
    states = {weight.name: weight.array for weight in layer.weights}
    executable = Executable(plan, source, source.compile(), states)

    def run(x, seed):
        bound = executable.bind(dict(zip(("batch", "time", "height")[:dims], x.shape, strict=False)))
        bound.inputs["x"][...], bound.inputs["seed"][...] = x, seed
        bound.run()
        return bound.outputs["y"].copy(), bound.outputs["gradient"].copy()

    return run


@pytest.mark.parametrize(
    ("make", "dims"),
    [*((make, 2) for make in ONE), *((make, 3) for make in TWO)],
    ids=lambda item: getattr(item, "__name__", str(item)),
)
@pytest.mark.sampled(17)
def test_one_plan_serves_all_lengths(make, dims):
    run = programs(make(), dims)
    generator = numpy.random.default_rng(0)
    for sizes in SIZES:
        fixed = make()
        x = generator.normal(size=(*sizes[:dims], 2)).astype("float32")
        expected = fixed(x)
        seed = generator.normal(size=expected.shape).astype("float32")
        found, gradient = run(x, seed)
        numpy.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
        numpy.testing.assert_allclose(gradient, fixed.backward(seed), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            layers.UpSampling2D(2, interpolation="bicubic"),
            "has run-time length 'time', which only 'bilinear' can resize",
        ),
        (layers.AdaptiveMaxPooling2D(2), "must have a known length, not 'time'"),
        (layers.CenterCrop(2, 2), "images must have a known height and width"),
    ],
)
def test_what_needs_known_lengths_says_so(layer, message):
    with pytest.raises(ModelError, match=message):
        programs(layer, 3)
