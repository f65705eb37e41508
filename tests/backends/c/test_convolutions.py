"""Convolutions in C on other ways than small ones take: many channels, several bands, whole and partial windows."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import nnc
from nnc import layers
from nnc.backends.c.headers import sections
from nnc.backends.c.kernels import direct, winograd
from nnc.ir import Graph, TensorType, interpret, ops, symbol
from nnc.ir.ops.convolution import Convolution, ConvolutionInputGradient, ConvolutionKernelGradient
from nnc.ir.ops.elementwise import apply
from tests.backends.c.machine import CMachine
from tests.backends.c.test_kernels import check_close

pytestmark = pytest.mark.usefixtures("compiler")

DEPTHWISE = (
    ((9, 8), (3, 3), 40, {"padding": 1}),
    ((9, 8), (3, 3), 32, {"padding": 1, "strides": 2}),
    ((11, 12), (5, 5), 21, {"padding": 2, "dilation": 2}),
    ((7, 6), (2, 3), 16, {}),
    ((40,), (4,), 35, {"padding": 3}),
    ((4, 5, 6), (2, 3, 2), 17, {"padding": 1}),
    ((12, 12), (7, 7), 8, {"padding": 3}),
    ((13, 16), (7, 7), 24, {"padding": 3, "strides": 2}),
    ((10, 11), (3, 2), 81, {"padding": 1, "strides": 3}),
    ((150,), (5,), 20, {"padding": 2}),
)
GATHERED = (
    ((30, 33), (3, 3), 8, {"padding": 1}, 40),
    ((30, 33), (5, 4), 3, {"strides": 2, "padding": 2}, 33),
    ((29, 31), (3, 3), 20, {"dilation": 3, "padding": 2}, 5),
    ((31, 30), (1, 1), 33, {}, 70),
    ((31, 30), (1, 1), 8, {"strides": 2}, 9),
    ((21, 22), (3, 3), 24, {"padding": 1, "groups": 3}, 36),
    ((400,), (9,), 20, {"padding": 4}, 12),
    ((1400,), (9,), 24, {"padding": 4, "strides": 2}, 12),  # so long that it is copied in pieces
    ((1100,), (2,), 24, {"padding": 150, "dilation": 70}, 8),  # and some are nothing but zeros
    ((9, 10, 11), (3, 2, 3), 6, {"padding": 1}, 10),
    ((64, 8), (3, 3), 130, {"padding": 1}, 17),
    ((31, 9), (3, 3), 100, {"padding": 1}, 8),  # half of a tile with AVX2, and sums in two parts
    ((31, 9), (3, 3), 100, {"padding": 1}, 16),  # the same with AVX-512
    ((13, 12), (3, 3), 16, {"padding": 1}, 40),
    ((11, 11), (3, 3), 33, {}, 16),
    ((5, 9, 10), (2, 3, 3), 16, {"padding": 1}, 20),
    ((4, 8, 9), (3, 3, 3), 17, {}, 33),
    ((31, 9), (3, 3), 16, {"padding": 1}, 3),  # registers for elements side by side, not for filters
    ((20, 21), (2, 3), 16, {"strides": 2}, 1),
    ((300,), (5,), 32, {"dilation": 2, "padding": 2}, 2),
    ((5, 6, 7), (2, 2, 2), 8, {}, 4),
)


def geometry(rank: int, strides: int = 1, dilation: int = 1, padding: int = 0, groups: int = 1) -> dict[str, Any]:
    """Attributes of an op, with one number for all axes."""
    return {
        "strides": (strides,) * rank,
        "dilation": (dilation,) * rank,
        "before": (padding,) * rank,
        "after": (padding,) * rank,
        "groups": groups,
    }


def check_three(length, window, channels, filters, options, dtype) -> None:
    """Check the convolution and its gradients on whole numbers, of which sums are exact; batches of 3 and 2.

    What can be the head of a nest is so a second time: whatever way it is computed in, a step behind it is not lost.
    """
    graph, rank = Graph("test"), len(length)
    attributes = geometry(rank, **options)
    x = graph.input("x", TensorType(dtype, (symbol("n"), *length, channels)))
    kernel = graph.input("kernel", TensorType(dtype, (*window, channels // attributes["groups"], filters)))
    y = apply(Convolution(**attributes), x, kernel)
    cotangent = graph.input("cotangent", y.type)
    graph.output("y", y)
    graph.output("input", apply(ConvolutionInputGradient(**attributes, shape=length), cotangent, kernel))
    graph.output("kernel", apply(ConvolutionKernelGradient(**attributes, window=window), x, cotangent))
    graph.output("y behind", ops.maximum(apply(Convolution(**attributes), x, kernel), 1.0))
    gradient = apply(ConvolutionInputGradient(**attributes, shape=length), cotangent, kernel)
    graph.output("input behind", ops.maximum(gradient, 1.0))
    machine = CMachine(graph, {"n": 3}, {})
    generator = numpy.random.default_rng(1)
    for batch in (3, 2):
        inputs = {
            label: generator.integers(-3, 4, [batch if dim == symbol("n") else dim for dim in value.shape]).astype(
                dtype
            )
            for label, value in graph.inputs.items()
        }
        check_close(interpret(graph, inputs)[0], machine.run(inputs, {"n": batch})[0], machine)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("length", "window", "channels", "options"), DEPTHWISE)
@pytest.mark.sampled(1 / 2)
def test_depthwise(length, window, channels, options, dtype):
    check_three(length, window, channels, channels, options | {"groups": channels}, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 8])
@pytest.mark.sampled(8)
def test_depthwise_windows(size, stride, dtype):
    """Few and many channels, rows of several tiles and of none, all kinds of padding."""
    graph = Graph("test")
    for channels in (3, 21, 40):
        for before, after, dilation in ((0, 0, 1), (size // 2, 0, 1), (1, size + 1, 1), (size, 1, 2)):
            for width in (24, 2 * size):
                length, spread = (2 * size, width), (size - 1) * dilation + 1
                if min(length) + before + after < spread:
                    continue
                attributes = {
                    "strides": (stride, stride),
                    "dilation": (dilation, dilation),
                    "before": (before, before),
                    "after": (after, after),
                    "groups": channels,
                }
                label = f"{len(graph.outputs)}"
                x = graph.input(f"x{label}", TensorType(dtype, (2, *length, channels)))
                kernel = graph.input(f"kernel{label}", TensorType(dtype, (size, size, 1, channels)))
                y = apply(Convolution(**attributes), x, kernel)
                cotangent = graph.input(f"cotangent{label}", y.type)
                graph.output(f"y{label}", y)
                graph.output(
                    f"input{label}", apply(ConvolutionInputGradient(**attributes, shape=length), cotangent, kernel)
                )
                gradient = ConvolutionKernelGradient(**attributes, window=(size, size))
                graph.output(f"gradient{label}", apply(gradient, x, cotangent))
    machine = CMachine(graph, {}, {})
    generator = numpy.random.default_rng(size)
    inputs = {name: generator.integers(-3, 4, value.shape).astype(dtype) for name, value in graph.inputs.items()}
    check_close(interpret(graph, inputs)[0], machine.run(inputs, {})[0], machine)


@pytest.mark.parametrize("size", [3, 4, 5, 7])
def test_depthwise_is_as_exact_as_sums_in_order(size):
    """Compared with sums in float64: forward to 1e-6 of the largest element, gradients to 1e-5."""
    attributes = geometry(2, padding=size // 2, groups=24)
    types = {"x": (4, 29, 30, 24), "kernel": (size, size, 1, 24)}
    generator, results = numpy.random.default_rng(4), []
    arrays = {label: generator.normal(size=shape) for label, shape in types.items()}
    for dtype in ("float32", "float64"):
        graph = Graph("test")
        x, kernel = (graph.input(label, TensorType(dtype, shape)) for label, shape in types.items())
        y = apply(Convolution(**attributes), x, kernel)
        graph.output("y", y)
        graph.output("input", apply(ConvolutionInputGradient(**attributes, shape=(29, 30)), y, kernel))
        graph.output("gradient", apply(ConvolutionKernelGradient(**attributes, window=(size, size)), x, y))
        inputs = {label: array.astype("float32").astype(dtype) for label, array in arrays.items()}
        results.append(
            interpret(graph, inputs)[0] if dtype == "float64" else CMachine(graph, {}, {}).run(inputs, {})[0]
        )
    found, expected = results
    for label, bound in (("y", 1e-6), ("input", 1e-5), ("gradient", 1e-5)):
        assert numpy.abs(found[label] - expected[label]).max() <= bound * numpy.abs(expected[label]).max(), label


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("length", "window", "channels", "options", "filters"), GATHERED)
@pytest.mark.sampled(2)
def test_gathered(length, window, channels, options, filters, dtype):
    check_three(length, window, channels, filters, options, dtype)


@pytest.mark.parametrize("filters", [1, 2, 3, 4, 5])
def test_few_filters(filters):
    """As exact as sums in order, with a bias and bounds inside; five filters are as any other number."""
    attributes, generator = geometry(2, padding=1), numpy.random.default_rng(4)
    shapes = {"x": (2, 9, 11, 48), "kernel": (3, 3, 48, filters), "bias": (filters,)}
    arrays = {label: generator.normal(size=shape).astype("float32") for label, shape in shapes.items()}
    results = []
    for dtype in ("float32", "float64"):
        graph = Graph("test")
        x, kernel, bias = (graph.input(label, TensorType(dtype, shape)) for label, shape in shapes.items())
        graph.output("y", ops.maximum(apply(Convolution(**attributes), x, kernel) + bias, 0.0))
        inputs = {label: array.astype(dtype) for label, array in arrays.items()}
        machine = CMachine(graph, {}, {})
        assert ("_filter" in machine.source.text) == (filters < 5)
        results.append((machine.run(inputs, {}) if dtype == "float32" else interpret(graph, inputs))[0]["y"])
    found, expected = results
    assert numpy.abs(found - expected).max() <= 1e-6 * numpy.abs(expected).max()


PHASES = (
    ((10,), (3,), (3,), (0,), (0,), 3, 5),  # an element that no window sees
    ((203,), (8,), (4,), (2,), (3,), 33, 7),  # more than a piece, and a column more than a strip
    ((3000,), (4,), (2,), (1,), (1,), 8, 24),  # so long that zeros are put around it in pieces
    ((13, 11), (4, 5), (3, 2), (1, 4), (2, 0), 5, 6),
    ((8, 9), (3, 4), (1, 2), (1, 3), (1, 0), 4, 3),  # one axis has all elements in a phase
    ((6, 7), (2, 2), (2, 2), (0, 0), (0, 1), 6, 4),  # no element is seen twice
    ((2, 1), (5, 4), (2, 2), (4, 3), (3, 3), 3, 2),  # a phase without elements
    ((9, 8), (3, 3), (2, 2), (1, 0), (0, 1), 70, 600),  # columns in two parts, and sums in several
    ((5, 6, 7), (3, 2, 4), (2, 2, 3), (1, 0, 2), (1, 0, 2), 3, 4),
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("length", "window", "strides", "before", "after", "channels", "filters"), PHASES)
@pytest.mark.sampled(2)
def test_phases(length, window, strides, before, after, channels, filters, dtype):
    """Gradients of inputs where windows move by several elements, on whole numbers; batches of 3 and 1."""
    graph, attributes = Graph("test"), (strides, (1,) * len(length), before, after)
    x = TensorType(dtype, (symbol("n"), *length, channels))
    kernel = graph.input("kernel", TensorType(dtype, (*window, channels, filters)))
    (y,) = Convolution(*attributes).infer(x, kernel.type)
    found = apply(ConvolutionInputGradient(*attributes, shape=length), graph.input("y", y), kernel)
    bias = graph.input("bias", TensorType(dtype, (channels,)))
    graph.output("x", ops.maximum(found + bias, 0.0))
    machine = CMachine(graph, {"n": 3}, {})
    assert "nnc_pack_tap" in machine.source.text
    generator = numpy.random.default_rng(1)
    for batch in (3, 1):
        shapes = {label: value.type.bind({"n": batch}).shape for label, value in graph.inputs.items()}
        inputs = {label: generator.integers(-3, 4, shape).astype(dtype) for label, shape in shapes.items()}
        check_close(interpret(graph, inputs)[0], machine.run(inputs, {"n": batch})[0], machine)


def test_phases_are_as_exact_as_sums_in_order():
    attributes = (2, 2), (1, 1), (1, 1), (1, 1)
    generator = numpy.random.default_rng(4)
    arrays = {"y": generator.normal(size=(2, 9, 9, 96)), "kernel": generator.normal(size=(4, 4, 40, 96))}
    results = []
    for dtype in ("float32", "float64"):
        graph = Graph("test")
        y, kernel = (graph.input(label, TensorType(dtype, array.shape)) for label, array in arrays.items())
        graph.output("x", apply(ConvolutionInputGradient(*attributes, shape=(18, 18)), y, kernel))
        inputs = {label: array.astype("float32").astype(dtype) for label, array in arrays.items()}
        found = interpret(graph, inputs) if dtype == "float64" else CMachine(graph, {}, {}).run(inputs, {})
        results.append(found[0]["x"])
    found, expected = results
    assert numpy.abs(found - expected).max() <= 1e-6 * numpy.abs(expected).max()


def convolved(channels: int, filters: int, dtype: str, deep: tuple[int, ...] = ()) -> Graph:
    """A convolution with padding, of a size that Winograd's algorithm is for."""
    graph, rank = Graph("test"), 2 + len(deep)
    x = graph.input("x", TensorType(dtype, (symbol("n"), *deep, 13, 14, channels)))
    kernel = graph.input("kernel", TensorType(dtype, (*(3,) * rank, channels, filters)))
    graph.output("y", apply(Convolution(**geometry(rank, padding=1)), x, kernel))
    return graph


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("channels", "filters", "dtype", "is_winograd"),
    [(16, 32, "float32", True), (200, 100, "float32", True), (8, 32, "float32", False), (16, 32, "float64", False)],
)
def test_winograd_is_as_exact_as_sums_in_order(channels, filters, dtype, is_winograd):
    graph = convolved(channels, filters, dtype)
    machine = CMachine(graph, {"n": 3}, {})
    assert ("nnc_winograd_rows_f32(" in machine.source.text) == is_winograd
    generator = numpy.random.default_rng(3)
    inputs = {
        label: generator.normal(size=value.type.bind({"n": 3}).shape).astype(dtype)
        for label, value in graph.inputs.items()
    }
    exact = interpret(convolved(channels, filters, "float64"), {k: v.astype("float64") for k, v in inputs.items()})
    found, expected = machine.run(inputs, {"n": 3})[0]["y"], exact[0]["y"]
    assert numpy.abs(found - expected).max() <= 1e-6 * numpy.abs(expected).max()


def kernel_gradient(channels: int, filters: int, dtype: str, high: int = 13, wide: int = 14) -> Graph:
    graph = Graph("test")
    x = graph.input("x", TensorType(dtype, (symbol("n"), high, wide, channels)))
    y = graph.input("y", TensorType(dtype, (symbol("n"), high, wide, filters)))
    graph.output("gradient", apply(ConvolutionKernelGradient(**geometry(2, padding=1), window=(3, 3)), x, y))
    return graph


@pytest.mark.parametrize(
    ("channels", "filters", "dtype", "is_winograd"),
    [
        (16, 40, "float32", True),  # threads add up by themselves
        (100, 70, "float32", True),  # threads divide products
        (8, 32, "float32", False),
        (32, 3, "float32", False),  # registers for elements side by side
    ],
)
def test_gradients_of_kernels_are_as_exact_as_sums_in_order(channels, filters, dtype, is_winograd):
    machine = CMachine(kernel_gradient(channels, filters, dtype), {"n": 9}, {})
    assert ("nnc_winograd_gradient_f32(" in machine.source.text) == is_winograd
    generator = numpy.random.default_rng(3)
    for count in (9, 1, 0):
        inputs = {
            label: generator.normal(size=value.type.bind({"n": count}).shape).astype(dtype)
            for label, value in machine.graph.inputs.items()
        }
        exact = {label: array.astype("float64") for label, array in inputs.items()}
        expected = interpret(kernel_gradient(channels, filters, "float64"), exact)[0]["gradient"]
        found = machine.run(inputs, {"n": count})[0]["gradient"]
        assert numpy.abs(found - expected).max() <= 1e-6 * numpy.abs(expected).max()


@pytest.mark.parametrize("bad", [numpy.inf, numpy.nan, 3e38])
def test_what_is_not_finite_stays_apart_in_the_gradient_of_a_kernel(bad):
    graph = kernel_gradient(16, 16, "float32")
    inputs = {label: numpy.ones((2, 13, 14, 16), "float32") for label in ("x", "y")}
    inputs["x"][1, 0, 0, 3] = bad  # in a corner, where only some of the window's elements see it
    inputs["x"][0, 0, 13, 3] = bad
    with numpy.errstate(all="ignore"):
        expected = interpret(graph, inputs)[0]["gradient"]
    found = CMachine(graph, {"n": 2}, {}).run(inputs, {"n": 2})[0]["gradient"]
    assert not numpy.isfinite(expected).all() and numpy.isfinite(expected).any()
    numpy.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("function", "text", "number"),
    [
        ("nnc_winograd_factors_f32", "MOST = {}", winograd.LARGEST_KERNEL // winograd.LEAST_CHANNELS),
        ("nnc_apart", "elements + {};", winograd.APART),
        ("nnc_window_gradient_f32", "DEPTH = {},", direct.BAND),
    ],
)
def test_headers_have_room_for_what_calls_bring(function, text, number):
    assert text.format(number) in sections([function]).text.rpartition(f" {function}(")[2]


def test_lengths_known_at_run_time_only():
    """What is printed for any length has the room that it needs, whatever would be printed for the largest one."""
    graph = Graph("test")
    shape = (symbol("n"), symbol("high"), symbol("wide"), 16)
    kernel = graph.input("kernel", TensorType("float32", (3, 3, 16, 16)))
    value = graph.input("x", TensorType("float32", shape))
    for _ in range(2):
        before, value = value, apply(Convolution(**geometry(2, padding=1)), value, kernel)
    graph.output("y", value)
    graph.output("gradient", apply(ConvolutionKernelGradient(**geometry(2, padding=1), window=(3, 3)), before, value))
    sizes = {"n": 2, "high": 70, "wide": 60}
    machine = CMachine(graph, sizes, {})
    generator = numpy.random.default_rng(1)
    for bound in (sizes, {"n": 1, "high": 7, "wide": 60}):
        inputs = {
            label: generator.integers(-2, 3, value.type.bind(bound).shape).astype("float32")
            for label, value in graph.inputs.items()
        }
        check_close(interpret(graph, inputs)[0], machine.run(inputs, bound)[0], machine)


@pytest.mark.parametrize(("bad", "deep"), [(numpy.inf, ()), (-numpy.inf, (4,)), (3e38, ())])
def test_winograd_keeps_what_is_not_finite_apart(bad, deep):
    """Differences of tiles would make NaN of infinity, and infinity of what is nearly as large."""
    graph = convolved(16, 16, "float32", deep)
    shapes = {label: value.type.bind({"n": 1}).shape for label, value in graph.inputs.items()}
    inputs = {"x": numpy.ones(shapes["x"], "float32")}
    inputs["kernel"] = numpy.resize(numpy.array([0.5, 1, 2, 1.5, 3], "float32"), shapes["kernel"])
    inputs["x"].reshape(-1, 13, 14, 16)[0, 4, 5:7, 3] = bad
    with numpy.errstate(all="ignore"):
        expected = interpret(graph, inputs)[0]["y"]
    found = CMachine(graph, {"n": 1}, {}).run(inputs, {"n": 1})[0]["y"]
    assert numpy.array_equal(numpy.isfinite(found), numpy.isfinite(expected))
    assert numpy.array_equal(numpy.isnan(found), numpy.isnan(expected))
    finite = numpy.isfinite(expected)
    assert numpy.allclose(found[finite], expected[finite], rtol=1e-6)


@pytest.mark.parametrize("groups", [1, 32])
def test_nan_reaches_no_place_but_those_that_see_it(groups):
    graph = Graph("test")
    attributes = geometry(2, padding=1, groups=groups)
    x = graph.input("x", TensorType("float32", (1, 6, 6, 32)))
    kernel = graph.input("kernel", TensorType("float32", (3, 3, 32 // groups, 32)))
    graph.output("y", apply(Convolution(**attributes), x, kernel))
    array = numpy.ones((1, 6, 6, 32), "float32")
    array[0, 0, 2, 5] = numpy.nan
    weights = numpy.zeros((3, 3, 32 // groups, 32), "float32")
    found = CMachine(graph, {}, {}).run({"x": array, "kernel": weights}, {})[0]["y"]
    seen = numpy.zeros((6, 6), bool)
    seen[:2, 1:4] = True
    assert numpy.array_equal(numpy.isnan(found[0, :, :, 5]), seen)
    assert numpy.isnan(found).sum() == seen.sum() * (32 if groups == 1 else 1)


def test_no_weight_meets_what_its_places_do_not_see():
    """Element 9 meets the last weight only, in a tile of one place: the gradients of the others are finite."""
    graph = Graph("test")
    attributes = geometry(1, groups=16)
    x = graph.input("x", TensorType("float32", (1, 10, 16)))
    cotangent = graph.input("cotangent", TensorType("float32", (1, 8, 16)))
    graph.output("kernel", apply(ConvolutionKernelGradient(**attributes, window=(3,)), x, cotangent))
    array = numpy.ones((1, 10, 16), "float32")
    array[0, 9] = numpy.inf
    inputs = {"x": array, "cotangent": numpy.ones((1, 8, 16), "float32")}
    found = CMachine(graph, {}, {}).run(inputs, {})[0]["kernel"]
    assert numpy.array_equal(found[:, 0], numpy.array([[8], [8], [numpy.inf]]) * numpy.ones(16))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("shape", [(1, 7, 200), (3, 300, 40), (8, 5, 32), (70, 600, 50), (513, 17, 33), (100, 64, 8)])
@pytest.mark.sampled(6)
def test_products(shape, turned, dtype):
    check_product(shape, turned, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(270, 530, 150), (405, 257, 129), (517, 270, 70), (5, 300, 140)])
def test_products_of_matrices_that_are_turned_in_tiles(shape, dtype):
    """Rows that fill their last tile or not, several panels of rows and of terms, and strips of several widths."""
    check_product(shape, (True, False), dtype)


def check_product(shape, turned, dtype):
    rows, inner, columns = shape
    graph = Graph("test")
    shapes = ((rows, inner), (inner, columns))
    operands = []
    for label, (first, second), turns in zip("ab", shapes, turned, strict=True):
        value = graph.input(label, TensorType(dtype, (second, first) if turns else (first, second)))
        operands.append(ops.transpose(value, (1, 0)) if turns else value)
    graph.output("c", ops.matmul(*operands))
    machine = CMachine(graph, {}, {})
    generator = numpy.random.default_rng(1)
    inputs = {label: generator.integers(-9, 9, value.shape).astype(dtype) for label, value in graph.inputs.items()}
    check_close(interpret(graph, inputs)[0], machine.run(inputs, {})[0], machine)


@pytest.mark.parametrize("groups", [1, 2])
def test_lengths_that_are_multiples_of_a_symbol(groups):
    """The number of windows is a product, by which places are divided."""
    graph, count, time = Graph("test"), symbol("n"), symbol("time")
    x = graph.input("x", TensorType("float64", (count, time, 4)))
    line = ops.reshape(x, (count, 2 * time, 2))
    kernel = graph.input("kernel", TensorType("float64", (3, 2 // groups, 2)))
    attributes = geometry(1, strides=2, padding=1, groups=groups)
    graph.output("y", apply(Convolution(**geometry(1, padding=1, groups=groups)), line, kernel))
    graph.output("input", apply(ConvolutionInputGradient(**attributes, shape=(4 * time - 1,)), line, kernel))
    machine = CMachine(graph, {"n": 3, "time": 8}, {})
    generator = numpy.random.default_rng(1)
    for batch, steps in ((3, 8), (2, 5), (1, 1)):
        shapes = {"x": (batch, steps, 4), "kernel": kernel.shape}
        inputs = {label: generator.integers(-3, 4, shape).astype("float64") for label, shape in shapes.items()}
        found = machine.run(inputs, {"n": batch, "time": steps})[0]
        check_close(interpret(graph, inputs)[0], found, machine)


def sequences(x):
    """Gradients of inputs meet no zeros with some lengths."""
    return layers.Conv1D(4, 3, 3)(layers.Conv1D(4, 3, 3, activation="relu")(x))


def odd_and_even(x):
    """What of a window lies outside depends on the length."""
    return layers.Conv1DTranspose(2, 3, 2, "same")(layers.Conv1D(4, 3, 2, "same")(x))


def images(x):
    """Kernels are packed for long inputs, and read so for short ones."""
    y = layers.Conv2D(5, 4, 2, "same")(layers.Conv2D(4, 4, 2, "same", activation="relu")(x))
    return layers.Conv2DTranspose(2, 4, 2, "same")(y)


@pytest.mark.parametrize(
    ("make", "shapes"),
    [
        (sequences, [(30,), (31,), (32,), (29,)]),
        (odd_and_even, [(9,), (8,), (12,), (5,)]),
        (images, [(8, 11), (9, 8), (13, 20)]),
    ],
)
def test_one_text_computes_all_lengths(make, shapes, monkeypatch):
    generator = numpy.random.default_rng(1)
    given = [generator.normal(size=(2, *shape, 3)).astype("float32") for shape in shapes]

    def run(backend):
        monkeypatch.setenv("NNC_BACKEND", backend)
        nnc.utils.set_random_seed(1)
        x = nnc.Input((*[None] * len(shapes[0]), 3))
        model = nnc.Model(x, make(x))
        model.compile("sgd", "mse")
        found: list[Any] = []
        for array in given:
            predicted = model.predict(array, verbose=0)
            found += [predicted, model.train_on_batch(array, numpy.ones_like(predicted))]
        return [*found, *model.get_weights()]

    for found, expected in zip(run("c"), run("numpy"), strict=True):
        numpy.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
