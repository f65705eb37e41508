"""Products that add a bias and keep to bounds while their sums are in registers, against NumPy on whole numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import nnc
from nnc import layers, ops
from nnc.backends.c.kernels import KERNELS
from nnc.ir.ops.convolution import Convolution, ConvolutionInputGradient
from nnc.ir.ops.matmul import MatMul

pytestmark = pytest.mark.usefixtures("compiler")

ROWS = (1, 2, 3, 5, 6, 7, 8, 9, 13, 35, 42, 48, 49, 50)
"""Tiles of one height, of two, and such as have rows that nobody wants."""
BOUNDS = {"linear": (-numpy.inf, numpy.inf), "relu": (0, numpy.inf), "relu6": (0, 6)}
PRINTED = {"linear": ", -INFINITY, INFINITY);", "relu": ", 0.0f, INFINITY);", "relu6": ", 0.0f, 6.0f);"}


@pytest.fixture(autouse=True)
def _level(monkeypatch):
    monkeypatch.setenv("NNC_C_LEVEL", "1")


def whole(generator, *shape):
    """Return whole numbers, of which sums are exact."""
    return generator.integers(-3, 4, shape).astype("float32")


def bounded(sums, bias, activation):
    low, high = BOUNDS[activation]
    return numpy.minimum(numpy.maximum(sums + bias, numpy.float32(low)), numpy.float32(high))


def special(generator, count):
    """Return a bias with numbers that comparisons may treat in several ways."""
    bias = whole(generator, count)
    bias[:4] = numpy.nan, numpy.inf, -numpy.inf, -0.0
    return bias


@pytest.mark.parametrize(
    ("inner", "columns", "activation"),
    [
        (410, 10, "relu6"),
        (180, 24, "relu"),
        (300, 16, "linear"),
        (90, 50, "relu6"),
        (900, 40, "relu"),  # sums in two parts
        (1700, 20, "relu6"),
    ],
)
def test_dense(inner, columns, activation):
    model = nnc.Sequential([nnc.Input((inner,)), layers.Dense(columns, activation)])
    program = nnc.compile(model, backend="c")
    generator = numpy.random.default_rng(1)
    kernel, bias = whole(generator, inner, columns), special(generator, columns)
    program.set_weights([kernel, bias])
    for rows in ROWS:
        x = whole(generator, rows, inner)
        numpy.testing.assert_array_equal(program(x), bounded(x @ kernel, bias, activation), f"{rows} rows")
    assert PRINTED[activation] in program.source("predict")


@pytest.mark.parametrize(
    ("channels", "filters", "activation"), [(3, 10, "relu6"), (8, 40, "relu"), (100, 40, "relu6"), (100, 5, "linear")]
)
def test_convolution(channels, filters, activation):
    model = nnc.Sequential([nnc.Input((15, 15, channels)), layers.Conv2D(filters, 3, 2, activation=activation)])
    program = nnc.compile(model, backend="c")
    generator = numpy.random.default_rng(1)
    kernel, bias = whole(generator, 3, 3, channels, filters), special(generator, filters)
    program.set_weights([kernel, bias])
    for rows in (1, 3):  # of 49 places each
        x = whole(generator, rows, 15, 15, channels)
        windows = sliding_window_view(x, (3, 3), (1, 2))[:, ::2, ::2]
        sums = numpy.einsum("bhwcij,ijcf->bhwf", windows, kernel)
        numpy.testing.assert_array_equal(program(x), bounded(sums, bias, activation), f"{rows} rows")
    assert "NULL, 0, 0);" not in program.source("predict")


@pytest.mark.parametrize(
    ("channels", "size", "stride", "activation"),
    [
        (40, 3, 1, "relu6"),
        (40, 3, 2, "relu"),
        (24, 5, 1, "relu6"),
        (16, 7, 2, "linear"),
        (5, 3, 1, "relu6"),  # fewer channels than a register holds
        (33, 1, 1, "relu6"),  # sums of one term
    ],
)
def test_depthwise(channels, size, stride, activation):
    model = nnc.Sequential(
        [nnc.Input((11, 17, channels)), layers.DepthwiseConv2D(size, stride, activation=activation, padding="same")]
    )
    program = nnc.compile(model, backend="c")
    generator = numpy.random.default_rng(1)
    kernel, bias = whole(generator, size, size, channels, 1), special(generator, channels)
    program.set_weights([kernel, bias])
    _, height, width, _ = model.output_shape
    around = [_around(length, places, size, stride) for length, places in ((11, height), (17, width))]
    for rows in (1, 3):
        x = whole(generator, rows, 11, 17, channels)
        windows = sliding_window_view(numpy.pad(x, [(0, 0), *around, (0, 0)]), (size, size), (1, 2))
        sums = numpy.einsum("bhwcij,ijc->bhwc", windows[:, ::stride, ::stride], kernel[..., 0])
        numpy.testing.assert_array_equal(program(x), bounded(sums, bias, activation), f"{rows} rows")
    assert PRINTED[activation] in program.source("predict")


def _around(length, places, size, stride):
    """Return how many zeros Keras puts before and behind an axis."""
    count = max((places - 1) * stride + size - length, 0)
    return count // 2, count - count // 2


@pytest.mark.parametrize("options", [{"dilation_rate": 2}, {"strides": 3}, {"kernel_size": 4}])
def test_windows_without_functions_of_their_own_are_followed_by_their_epilogue(options):
    layer = layers.DepthwiseConv2D(**{"kernel_size": 3, "activation": "relu6", "padding": "same", **options})
    model = nnc.Sequential([nnc.Input((11, 17, 24)), layer])
    program, other = (nnc.compile(model, backend=backend) for backend in ("c", "numpy"))
    generator = numpy.random.default_rng(1)
    weights = [whole(generator, *weight.shape) for weight in program.get_weights()]
    x = whole(generator, 3, 11, 17, 24)
    for each in (program, other):
        each.set_weights(weights)
    numpy.testing.assert_array_equal(program(x), other(x))


@pytest.mark.parametrize("op", [MatMul, Convolution, ConvolutionInputGradient])
def test_steps_run_behind_a_kernel_that_does_not_fuse_them(op, monkeypatch):
    layer = {
        MatMul: layers.Dense(8, "relu"),
        Convolution: layers.Conv1D(8, 3, activation="relu"),
        ConvolutionInputGradient: layers.Conv1DTranspose(8, 3, 2, activation="relu"),
    }[op]
    program, other = (nnc.compile(nnc.Sequential([nnc.Input((9, 70)), layer]), backend=name) for name in ("c", "numpy"))
    known = KERNELS[op]
    unaware = replace(known, write=lambda call: known.write(replace(call, epilogue=None)))
    monkeypatch.setitem(KERNELS, op, unaware)
    generator = numpy.random.default_rng(1)
    weights = [whole(generator, *weight.shape) for weight in program.get_weights()]
    x = whole(generator, 3, 9, 70)
    for each in (program, other):
        each.set_weights(weights)
    numpy.testing.assert_array_equal(program(x), other(x))
    assert numpy.count_nonzero(other(x)) not in {0, other(x).size}


def clipped(y, x):
    return ops.clip(y, -2, 3)


def lowest_last(y, x):
    return ops.maximum(ops.minimum(y, -1), -2)


def crossed(y, x):
    return ops.minimum(ops.maximum(y, 4), 1)


def above_nothing(y, x):
    return ops.maximum(y, float("nan"))


def twice(y, x):
    return ops.maximum(ops.relu(y), 2)


def residual(y, x):
    return ops.relu(y + x)


def doubled(y, x):
    return ops.relu(y + y)


def kept(y, x):
    return ops.concatenate([ops.relu(y), y], -1)


def model_with(steps):
    x = nnc.Input((80,))
    return nnc.Model(x, steps(layers.Dense(80)(x), x))


@pytest.mark.parametrize(
    ("steps", "is_inside"),
    [
        (clipped, True),
        *[(steps, False) for steps in (lowest_last, crossed, above_nothing, twice, residual, doubled, kept)],
    ],
)
def test_other_steps_behind_a_product_are_what_they_are(steps, is_inside):
    program, other = (nnc.compile(model_with(steps), backend=backend) for backend in ("c", "numpy"))
    generator = numpy.random.default_rng(1)
    weights = [whole(generator, 80, 80), whole(generator, 80)]
    array = whole(generator, 49, 80)
    for each in (program, other):
        each.set_weights(weights)
    numpy.testing.assert_array_equal(program(array), other(array))
    assert ("NULL, 0, 0);" not in program.source("predict")) == is_inside
