"""Operations on images that weigh the pixels around each one: edges, similarity, scaling."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import pi
from types import MappingProxyType
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.ir.ops.sizes import Iota
from nnc.operations.data_formats import check_data_format, check_rank, known_sizes
from nnc.operations.element_types import as_float, as_value
from nnc.operations.indexing import known_numbers
from nnc.operations.interpolation import multiply_axis
from nnc.operations.registry import operation
from nnc.operations.shapes import pad
from nnc.operations.windows import convolved_by_channel

_SOBEL = numpy.array([[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]])


@operation("SobelEdges", module="image")
def sobel_edges(x: Value, data_format: str | None = None) -> Value:
    """Return by how much images change downwards and to the right, along a new last axis.

    Raises:
        ModelError: x holds no images of floats of a known size.
    """
    data_format = check_data_format("SobelEdges", data_format)
    check_rank(x, 2, data_format)
    known_sizes(x, data_format)
    if not x.type.is_floating:
        raise ModelError(f"SobelEdges: images must hold floating-point numbers, got {x.type}")
    last = ops.transpose(x, (0, 2, 3, 1)) if data_format == "channels_first" else x
    channels = int(last.shape[-1])
    kernel = numpy.stack([_SOBEL, _SOBEL.T], axis=-1)[:, :, None]
    around = pad(last, [(0, 0), (1, 1), (1, 1), (0, 0)], "reflect")
    weights = x.graph.constant(numpy.tile(kernel, (1, 1, channels, 1)), x.dtype)
    edges = convolved_by_channel(around, weights, (1, 1), (1, 1), "valid")
    edges = ops.reshape(edges, (*last.shape, 2))
    return ops.transpose(edges, (0, 3, 1, 2, 4)) if data_format == "channels_first" else edges


@operation("SSIM", module="image")
def structural_similarity(
    x1: Value,
    x2: Value,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Value:
    """Return for each image how similar it is to another: 1 where both are equal.

    Args:
        x1: images, one or a batch.
        x2: as many images.
        max_val: how far the largest and the smallest number of a pixel are apart.
        filter_size: edge of the window in which pixels are compared.
        filter_sigma: deviation of the normal distribution by which the window weighs them.
        k1: a small number, which steadies the comparison of brightness.
        k2: a small number, which steadies that of contrast.
        data_format: of the images.

    Raises:
        ModelError: the images differ in shape, or are smaller than the window.
    """
    if x1.shape != x2.shape or x1.rank not in (3, 4):
        raise ModelError(f"SSIM: both operands must hold images of one size, got {x1.type} and {x2.type}")
    data_format = check_data_format("SSIM", data_format)
    both = [as_float(x if x.rank == 4 else ops.reshape(x, (1, *x.shape))) for x in (x1, x2)]
    if min(known_sizes(both[0], data_format)) < filter_size:
        raise ModelError(f"SSIM: images must not be smaller than filter_size={filter_size}, got {x1.type}")
    places = numpy.arange(filter_size) - (filter_size - 1) / 2.0
    bell = numpy.exp(-(places**2) / (2.0 * filter_sigma**2))
    bell /= bell.sum()
    spatial = (2, 3) if data_format == "channels_first" else (1, 2)

    def mean(x: Value) -> Value:
        """Return weighted means in all windows, along one axis after the other."""
        for axis in spatial:
            length = int(x.shape[axis])
            band = numpy.zeros((length - filter_size + 1, length))
            for row in range(len(band)):
                band[row, row : row + filter_size] = bell
            x = multiply_axis(x, axis, band)
        return x

    one, other = both
    first, second = mean(one), mean(other)
    steady = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    spread = mean(ops.square(one)) - ops.square(first) + (mean(ops.square(other)) - ops.square(second))
    shared = mean(one * other) - first * second
    above = (2.0 * (first * second) + steady[0]) * (2.0 * shared + steady[1])
    below = (ops.square(first) + ops.square(second) + steady[0]) * (spread + steady[1])
    found = ops.cast(ops.mean(above / below, (1, 2, 3)), x1.dtype)
    return found if x1.rank == 4 else ops.reshape(found, ())


def _cubic(x: Value) -> Value:
    near, far = ((1.5 * x - 2.5) * x) * x + 1.0, ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return ops.where(x >= 2.0, 0.0, ops.where(x >= 1.0, far, near))


def _lanczos(radius: float) -> Callable[[Value], Value]:
    def weigh(x: Value) -> Value:
        waves = radius * ops.sin(x * pi) * ops.sin(x * (pi / radius))
        is_middle = x <= 1e-3
        found = ops.where(is_middle, 1.0, waves / ops.where(is_middle, 1.0, ops.square(x) * pi**2))
        return ops.where(x > radius, 0.0, found)

    return weigh


_FILTERS: Mapping[str, Callable[[Value], Value]] = MappingProxyType(
    {
        **dict.fromkeys(("linear", "bilinear", "trilinear", "triangle"), lambda x: ops.relu(1.0 - x)),
        **dict.fromkeys(("cubic", "bicubic", "tricubic"), _cubic),
        "lanczos3": _lanczos(3.0),
        "lanczos5": _lanczos(5.0),
    }
)
"""How much pixels weigh by their distance."""


@operation("ScaleAndTranslate", module="image")
def scale_and_translate(
    x: Value,
    output_shape: Any,
    scale: Any,
    translation: Any,
    spatial_dims: Sequence[int] = (),
    method: str = "linear",
    antialias: bool = True,
) -> Value:
    """Return images some axes of which are stretched and moved.

    Args:
        x: images of floats.
        output_shape: what comes out.
        scale: by how much each of the axes is stretched.
        translation: by how many new pixels each is moved.
        spatial_dims: the axes.
        method: how pixels around a place are weighed: ``linear``, ``cubic``, ``lanczos3`` or ``lanczos5``.
        antialias: whether a filter grows with the step where an axis becomes shorter.

    Raises:
        ModelError: an argument is wrong, or an axis has no known length.
    """
    what = "ScaleAndTranslate"
    if method not in _FILTERS:
        raise ModelError(f"{what}: method must be one of {', '.join(_FILTERS)}, got {method!r}")
    scale, translation = (as_float(as_value(item, "float32", x.graph)) for item in (scale, translation))
    if not x.type.is_floating:
        raise ModelError(f"{what}: images must hold floating-point numbers, got {x.type}")
    numbers = known_numbers(output_shape) if isinstance(output_shape, Value) else output_shape
    if numbers is None:
        raise ModelError(f"{what}: output_shape must be numbers, got a tensor that is computed")
    sizes = [int(size) for size in numbers]
    count = len(spatial_dims)
    if scale.shape != (count,) or translation.shape != (count,) or len(sizes) != x.rank:
        raise ModelError(f"{what}: scale and translation must have a number for each of {count} axes, got {scale.type}")
    found = x
    for number, axis in enumerate(dim % x.rank for dim in spatial_dims):
        if not isinstance(x.shape[axis], int):
            raise ModelError(f"{what}: axis {axis} of {x.type} must have a known length")
        step = 1.0 / _item(scale, number)
        matrix = _weights(int(x.shape[axis]), sizes[axis], step, _item(translation, number), method, antialias)
        found = multiply_axis(found, axis, ops.cast(matrix, found.dtype))
    return found


def _item(x: Value, number: int) -> Value:
    return ops.reshape(ops.take(x, 0, number, number + 1), ())


def _weights(old: int, new: int, step: Value, translation: Value, method: str, antialias: bool) -> Value:
    """Return how much each old pixel weighs in each new one, of shape (new, old)."""
    graph = step.graph
    rows, pixels = (graph.add(Iota(length, step.dtype))[0] for length in (new, old))
    places = ops.reshape((rows + 0.5) * step - translation * step - 0.5, (new, 1))
    reach = ops.maximum(step, 1.0) if antialias else 1.0
    weights = _FILTERS[method](ops.absolute(places - pixels) / reach)
    total = ops.sum(weights, 1, keepdims=True)
    is_heavy = ops.absolute(total) > 1000.0 * float(numpy.finfo("float32").eps)
    weights = ops.where(is_heavy, weights / ops.where(ops.equal(total, 0.0), 1.0, total), 0.0)
    return ops.where(ops.logical_and(places >= -0.5, places <= old - 0.5), weights, 0.0)
