"""Numbers of channels, the padding before a stride of two, and sizes of images that there are weights for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.applications.request import Request


def divisible(channels: float, divisor: int = 8) -> int:
    """Return a number of channels that a divisor divides, near another one and not less than nine tenths of it.

    >>> divisible(16 * 0.35), divisible(90)
    (8, 88)
    """
    found = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return found + divisor if found < 0.9 * channels else found


def padding_before_stride(x: Any, kernel_size: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the padding with which a stride of two takes the same pixels whether lengths are even or odd.

    Args:
        x: feature maps.
        kernel_size: height and width of the kernel.
    """
    half = kernel_size // 2
    height, width = x.shape[1:3]
    even = (1, 1) if height is None else (1 - height % 2, 1 - width % 2)
    return (half - even[0], half), (half - even[1], half)


def edge_of(input_shape: Any, edges: Sequence[int]) -> int:
    """Return the length of an edge that images have, where there are weights for it, and 224 otherwise.

    Args:
        input_shape: of an image, None where it is not given.
        edges: lengths that there are weights for.
    """
    height, width = tuple(input_shape or (None, None))[:2]
    return height if height == width and height in edges else 224


def trained_edge(request: Request, shape: Sequence[int | None], edges: Sequence[int]) -> int:
    """Return the length of an edge of the images that weights were trained on.

    Args:
        request: what is asked for; it warns where images have another one.
        shape: of an image.
        edges: lengths that there are weights for.
    """
    height, width = shape[:2]
    if height is not None and height == width and height in edges:
        return height
    listed = ", ".join(map(str, edges))
    request.warn(f"there are weights for square images of {listed} pixels; those for 224 are taken")
    return 224
