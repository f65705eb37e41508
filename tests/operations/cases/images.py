"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: images."""

from __future__ import annotations

from typing import Any

import numpy

from tests.operations.cases.case import Call
from tests.operations.cases.rows import in_each_row

CORNERS = numpy.array([[0.0, 0.0], [1.0, 0.0], [0.0, 3.0], [1.0, 3.0]], "float32")
SHIFTS = numpy.array([[0.2, 0.1], [0.1, 0.3], [0.0, 0.2], [0.4, 0.1]], "float32")
PLACES = numpy.array([[-3.3, 2.9, 5.2], [1.1, 9.3, 4.7]], "float32")
SCALES = numpy.array([1.4, 0.6], "float32")
MOVES = numpy.array([0.2, -0.3], "float32")


def images(ops: Any, x: Any, *shape: int) -> Any:
    """Return x as images of a shape with 24 elements, by default four rows, two columns and three channels."""
    return ops.reshape(x, (-1, *(shape or (4, 2, 3))))


CALLS: dict[str, Call] = {
    "AffineTransform": lambda ops, x: ops.image.affine_transform(
        images(ops, x), numpy.array([1.0, 0.0, 1.0, 0.0, 1.0, -2.0, 0.0, 0.0], "float32"), fill_value=0.7
    ),
    "CropImages": lambda ops, x: ops.image.crop_images(
        images(ops, x), top_cropping=1, bottom_cropping=1, left_cropping=0, target_width=1
    ),
    "ExtractPatches": lambda ops, x: ops.image.extract_patches(images(ops, x, 4, 6, 1), (2, 3)),
    "ExtractPatches side by side": lambda ops, x: ops.image.extract_patches(images(ops, x, 4, 6, 1), (3, 2)),
    "ExtractPatches apart": lambda ops, x: ops.image.extract_patches(
        images(ops, x, 4, 6, 1), (2, 3), strides=1, dilation_rate=2, padding="same"
    ),
    "ExtractPatches channels first": lambda ops, x: ops.image.extract_patches(
        images(ops, x, 2, 4, 3), 2, strides=1, padding="same", data_format="channels_first"
    ),
    "ExtractPatches of volumes": lambda ops, x: ops.image.extract_patches(images(ops, x, 2, 3, 2, 2), (1, 2, 2)),
    "GaussianBlur": lambda ops, x: ops.image.gaussian_blur(images(ops, x), (3, 3), (1.0, 0.7)),
    "GaussianBlur channels first": lambda ops, x: ops.image.gaussian_blur(
        images(ops, x, 2, 4, 3), (5, 3), (2.0, 0.7), data_format="channels_first"
    ),
    "HSVToRGB": lambda ops, x: ops.image.hsv_to_rgb(  # TensorFlow has no gradient of it
        images(ops, 0.05 * ops.cast(ops.cast(x * 13.0, "int32"), "float32"))
    ),
    "PadImages": lambda ops, x: ops.image.pad_images(
        images(ops, x), top_padding=2, target_height=7, left_padding=1, right_padding=2
    ),
    "PerspectiveTransform": lambda ops, x: ops.image.perspective_transform(  # TensorFlow's gradient is not exact
        images(ops, ops.cast(ops.cast(x * 10.0, "int32"), "float32")), CORNERS, CORNERS + SHIFTS, fill_value=0.7
    ),
    "MapCoordinates": lambda ops, x: in_each_row(
        ops, x, ops.image.map_coordinates(x[0], numpy.array([[0.3, 2.9, 5.2], [1.1, -2.0, 4.7]], "float32"), 1)
    ),
    "MapCoordinates by coordinates": lambda ops, x: in_each_row(
        ops, x, ops.image.map_coordinates(x[1], x[0, :2] * 2.3, 1, fill_mode="reflect")
    ),
    "MapCoordinates nearest": lambda ops, x: in_each_row(
        ops, x, ops.image.map_coordinates(x[0], PLACES, 1, fill_mode="nearest")
    ),
    "MapCoordinates wrap": lambda ops, x: in_each_row(
        ops, x, ops.image.map_coordinates(ops.cast(9 * x[0], "int32"), PLACES, 0, fill_mode="wrap")
    ),
    "SSIM": lambda ops, x: ops.image.ssim(images(ops, x, 4, 6, 1), images(ops, x * x, 4, 6, 1), filter_size=3),
    "SSIM channels first": lambda ops, x: ops.image.ssim(
        images(ops, x, 2, 3, 4), images(ops, x * 0.9, 2, 3, 4), 2.0, 3, 1.0, data_format="channels_first"
    ),
    "ScaleAndTranslate": lambda ops, x: in_each_row(
        ops, x, ops.image.scale_and_translate(x[0], (5, 4), SCALES, MOVES, (0, 1), "linear")
    ),
    "ScaleAndTranslate by tensors": lambda ops, x: in_each_row(
        ops, x, ops.image.scale_and_translate(x[0], (5, 6), x[1, 0, :1], x[1, 1, :1], (0,), "cubic", antialias=False)
    ),
    "ScaleAndTranslate lanczos": lambda ops, x: in_each_row(
        ops, x, ops.image.scale_and_translate(x[0], (4, 3), SCALES[1:], MOVES[1:], (1,), "lanczos3")
    ),
    "SobelEdges": lambda ops, x: ops.image.sobel_edges(images(ops, x)),
    "SobelEdges channels first": lambda ops, x: ops.image.sobel_edges(
        images(ops, x, 2, 3, 4), data_format="channels_first"
    ),
    "RGBToGrayscale": lambda ops, x: ops.image.rgb_to_grayscale(images(ops, x)),
    "RGBToGrayscale of whole numbers": lambda ops, x: ops.image.rgb_to_grayscale(
        ops.cast(images(ops, 100.0 * x, 3, 4, 2), "uint8"), data_format="channels_first"
    ),
    "RGBToHSV": lambda ops, x: ops.image.rgb_to_hsv(images(ops, x - 0.5)),
    "Resize": lambda ops, x: ops.image.resize(images(ops, x), (5, 3)),
    "Resize antialias": lambda ops, x: ops.image.resize(images(ops, x, 4, 6, 1), (2, 3), "bicubic", antialias=True),
    "Resize crop": lambda ops, x: ops.image.resize(
        images(ops, x, 1, 4, 6), (2, 5), crop_to_aspect_ratio=True, data_format="channels_first"
    ),
    "Resize lanczos3": lambda ops, x: ops.image.resize(images(ops, x), (5, 3), interpolation="lanczos3"),
    "Resize nearest": lambda ops, x: ops.image.resize(images(ops, x), (5, 3), interpolation="nearest"),
    "Resize pad": lambda ops, x: ops.image.resize(
        images(ops, x, 4, 6, 1), (8, 5), pad_to_aspect_ratio=True, fill_value=0.7
    ),
    "Resize whole numbers": lambda ops, x: ops.image.resize(ops.cast(images(ops, 100.0 * x), "uint8"), (5, 3)),
}
REFERENCES: dict[str, Call] = {
    "ExtractPatches channels first": lambda ops, x: ops.moveaxis(
        ops.image.extract_patches(ops.moveaxis(images(ops, x, 2, 4, 3), 1, -1), 2, strides=1, padding="same"), -1, 1
    )
}
"""The same in other words, where TensorFlow computes the call on some processors only: with oneDNN."""
