"""``tensorflow.image``: what is not random."""

from __future__ import annotations

from typing import Any

from nnc import ops
from nnc.errors import ModelError

__all__ = ["extract_patches", "flip_left_right", "flip_up_down", "grayscale_to_rgb", "resize"]


def resize(
    images: Any,
    size: Any,
    method: str = "bilinear",
    preserve_aspect_ratio: bool = False,
    antialias: bool = False,
    name: Any = None,
) -> Any:
    """Return images of another size, as floating-point numbers unless the method is ``nearest``."""
    del name
    if preserve_aspect_ratio:
        raise ModelError("tensorflow.image.resize: preserve_aspect_ratio is not supported; give the size that results")
    height, width = (int(length) for length in size)
    given = ops.convert_to_tensor(images)
    given = given if method == "nearest" else ops.cast(given, "float32")
    return ops.image.resize(given, (height, width), interpolation=method, antialias=antialias)


def extract_patches(images: Any, sizes: Any, strides: Any, rates: Any, padding: str, name: Any = None) -> Any:
    """Return the patches of images, each as one row of numbers."""
    del name
    if list(rates) not in ([1, 1, 1, 1],):
        raise ModelError(f"tensorflow.image.extract_patches: rates must be 1, got {rates}")
    return ops.image.extract_patches(images, tuple(sizes[1:3]), tuple(strides[1:3]), padding=padding.lower())


def flip_left_right(image: Any) -> Any:
    """Return images with left and right exchanged."""
    return ops.flip(image, axis=-2)


def flip_up_down(image: Any) -> Any:
    """Return images upside down."""
    return ops.flip(image, axis=-3)


def grayscale_to_rgb(images: Any, name: Any = None) -> Any:
    """Return images whose three channels are alike."""
    del name
    return ops.concatenate([images, images, images], axis=-1)
