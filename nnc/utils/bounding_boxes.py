"""Boxes around things in images: their forms, parts of images, and how much two of them overlap.

Boxes are arrays, or tensors of a graph, of shape (boxes, 4) or (images, boxes, 4), in one of Keras's formats: ``xyxy``
(left, top, right, bottom), ``yxyx``, ``xywh`` (left, top, width, height), ``center_xywh``, ``center_yxhw``; with
``rel_`` before the first three and ``center_xywh`` in parts of the image's width and height, otherwise in pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from nnc.errors import DataError
from nnc.settings import SETTINGS

__all__ = [
    "affine_transform",
    "clip_to_image_size",
    "compute_ciou",
    "compute_iou",
    "convert_format",
    "crop",
    "decode_deltas_to_boxes",
    "encode_box_to_deltas",
    "pad",
]

_FORMATS = (
    *("xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw"),
    *("rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh"),
)
_CENTERED = ("center_xywh", "center_yxhw")
Boxes = Any
Size = tuple[Any, Any]
"""Height and width of an image, None where they are not known."""


def convert_format(
    boxes: Boxes, source: str, target: str, height: Any = None, width: Any = None, dtype: str = "float32"
) -> Boxes:
    """Return boxes in another format.

    Args:
        boxes: the boxes, or a dictionary that has them under ``boxes``, where they are replaced.
        source: their format.
        target: the new format.
        height: of the image in pixels; needed where one of the formats is relative.
        width: of the image in pixels.
        dtype: element type of the result.

    Raises:
        DataError: there is no such format, the last axis is not 4, or a size is missing.

    >>> convert_format([[10.0, 20.0, 30.0, 60.0]], "xyxy", "xywh").tolist()
    [[10.0, 20.0, 20.0, 40.0]]
    """
    if isinstance(boxes, dict):
        boxes["boxes"] = convert_format(boxes["boxes"], source, target, height, width, dtype)
        return boxes
    ops = _ops()
    source, target = source.lower(), target.lower()
    for name in (source, target):
        if name not in _FORMATS:
            raise DataError(
                f"convert_format: Invalid source or target format {name!r}; there are {', '.join(_FORMATS)}"
            )
    relative = source.startswith("rel_"), target.startswith("rel_")
    if any(relative) and (height is None or width is None):
        raise DataError(
            "convert_format() must receive `height` and `width` where a format is relative; got"
            f" source={source!r}, target={target!r}, height={height}, width={width}"
        )
    boxes = ops.convert_to_tensor(boxes)
    if boxes.shape[-1] != 4:
        raise DataError(f"convert_format: boxes have 4 numbers in the last axis, got shape {tuple(boxes.shape)}")
    boxes = ops.cast(boxes, dtype)
    if source == target:
        return boxes
    source, target = source.removeprefix("rel_"), target.removeprefix("rel_")
    found = _corners(boxes, source)
    if relative[0] and not relative[1]:
        found = _scaled(found, "xyxy", height, width, dtype, ops.multiply)
    found = _from_corners(found, target)
    if relative[1] and not relative[0]:
        found = _scaled(found, target, height, width, dtype, ops.divide)
    return found


def clip_to_image_size(
    bounding_boxes: dict[str, Any], height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> dict[str, Any]:
    """Return the parts of boxes that are in the image; a box of which nothing is left has the label -1.

    Args:
        bounding_boxes: ``boxes``, and ``labels`` of shape (boxes) or (images, boxes) where there are any.
        height: of the image; needed for ``xyxy``.
        width: of the image.
        bounding_box_format: ``xyxy`` or ``rel_xyxy``.

    Raises:
        DataError: it is another format, or a size is missing.
    """
    if bounding_box_format not in ("xyxy", "rel_xyxy"):
        raise DataError(f"clip_to_image_size takes xyxy or rel_xyxy, got {bounding_box_format!r}; convert the boxes")
    if bounding_box_format == "rel_xyxy":
        height = width = 1
    elif height is None or width is None:
        raise DataError("clip_to_image_size: `height` and `width` must be set if `format='xyxy'`")
    ops = _ops()
    clipped = _clipped(_parts(ops.convert_to_tensor(bounding_boxes["boxes"])), height, width)
    found = {**bounding_boxes, "boxes": ops.concatenate(clipped, axis=-1)}
    if bounding_boxes.get("labels") is not None:
        left, top, right, bottom = clipped
        areas = ops.squeeze((right - left) * (bottom - top), axis=-1)
        found["labels"] = ops.where(areas > 0, bounding_boxes["labels"], -1)
    return found


def affine_transform(
    boxes: Boxes,
    angle: Any,
    translate_x: Any,
    translate_y: Any,
    scale: Any,
    shear_x: Any,
    shear_y: Any,
    height: Any,
    width: Any,
    center_x: Any = None,
    center_y: Any = None,
    bounding_box_format: str = "xyxy",
) -> Boxes:
    """Return the smallest boxes around boxes that are turned, moved, scaled and sheared with their images.

    Args:
        boxes: shape (images, boxes, 4).
        angle: degrees, shape (images), as are the next five.
        translate_x: part of the width.
        translate_y: part of the height.
        scale: factor.
        shear_x: degrees.
        shear_y: degrees.
        height: of the images.
        width: of the images.
        center_x: what stays where it is, as part of the width; by default 0.5.
        center_y: the same, as part of the height.
        bounding_box_format: ``xyxy``.

    Raises:
        DataError: it is another format, or the boxes have another number of axes.
    """
    _check_corners("affine_transform", bounding_box_format)
    ops = _ops()
    boxes, angle = ops.convert_to_tensor(boxes), ops.convert_to_tensor(angle)
    if len(boxes.shape) != 3:
        raise DataError(f"affine_transform: boxes have the shape (images, boxes, 4), got {tuple(boxes.shape)}")
    radians = math.pi / 180.0
    given = [ops.convert_to_tensor(item) for item in (translate_x, translate_y, scale, shear_x, shear_y)]
    move_x, move_y, scale, shear_x, shear_y = given
    turn, skew_x, skew_y = -angle * radians, -shear_x * radians, -shear_y * radians
    middle_x = (0.5 if center_x is None else center_x) * (width - 1)
    middle_y = (0.5 if center_y is None else center_y) * (height - 1)
    from_x, from_y = middle_x - move_x * (width - 1), middle_y - move_y * (height - 1)
    a = ops.cos(turn - skew_y) / ops.cos(skew_y)
    b = a * ops.tan(skew_x) + ops.sin(turn)
    c = -ops.sin(turn - skew_y) / ops.cos(skew_y)
    d = ops.cos(turn) - c * ops.tan(skew_x)
    rows = ((d * scale, -b * scale, middle_x), (-c * scale, a * scale, middle_y))
    left, top, right, bottom = _parts(ops.cast(boxes, angle.dtype))
    xs = ops.concatenate([left, right, right, left], axis=-1)
    ys = ops.concatenate([top, top, bottom, bottom], axis=-1)
    moved = [
        _each(along) * xs + _each(across) * ys + _each(middle - along * from_x - across * from_y)
        for along, across, middle in rows
    ]
    ends = [end(numbers, axis=-1, keepdims=True) for end in (ops.min, ops.max) for numbers in moved]
    return ops.concatenate(ends, axis=-1)


def crop(boxes: Boxes, top: Any, left: Any, height: Any, width: Any, bounding_box_format: str = "xyxy") -> Boxes:
    """Return boxes as they lie in a part of the image, clipped to it.

    Args:
        boxes: the boxes.
        top: where the part begins.
        left: where it begins from the left.
        height: of the part.
        width: of the part.
        bounding_box_format: ``xyxy``.

    Raises:
        DataError: it is another format.
    """
    _check_corners("crop", bounding_box_format)
    ops = _ops()
    x1, y1, x2, y2 = _parts(ops.convert_to_tensor(boxes))
    return ops.concatenate(_clipped([x1 - left, y1 - top, x2 - left, y2 - top], height, width), axis=-1)


def pad(
    boxes: Boxes, top: Any, left: Any, height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> Boxes:
    """Return boxes as they lie in an image that has been made larger at the top and left.

    Args:
        boxes: the boxes.
        top: rows above.
        left: columns to the left.
        height: makes no difference, as in Keras.
        width: makes no difference, as in Keras.
        bounding_box_format: ``xyxy``.

    Raises:
        DataError: it is another format.
    """
    del height, width
    _check_corners("pad", bounding_box_format)
    ops = _ops()
    x1, y1, x2, y2 = _parts(ops.convert_to_tensor(boxes))
    return ops.concatenate([x1 + left, y1 + top, x2 + left, y2 + top], axis=-1)


def encode_box_to_deltas(
    anchors: Boxes,
    boxes: Boxes,
    anchor_format: str,
    box_format: str,
    encoding_format: str = "center_yxhw",
    variance: Any = None,
    image_shape: Sequence[Any] | None = None,
) -> Boxes:
    """Return how boxes differ from anchors: centers in sizes of the anchor, sizes as logarithms of their ratio.

    Args:
        anchors: shape (boxes, 4).
        boxes: shape (boxes, 4) or (images, boxes, 4).
        anchor_format: format of the anchors.
        box_format: format of the boxes.
        encoding_format: ``center_yxhw`` or ``center_xywh``, which is the order of the result.
        variance: four numbers by which the result is divided.
        image_shape: height, width and channels, where a format is relative.

    Raises:
        DataError: a format or the variance is wrong.
    """
    ops = _ops()
    variance, (height, width) = _coding(encoding_format, variance, image_shape)
    anchors = convert_format(anchors, anchor_format, encoding_format, height, width)
    boxes = convert_format(boxes, box_format, encoding_format, height, width)
    anchor_sizes, sizes = (ops.maximum(item[..., 2:], SETTINGS.epsilon) for item in (anchors, boxes))
    centers = (boxes[..., :2] - anchors[..., :2]) / anchor_sizes
    deltas = ops.concatenate([centers, ops.log(sizes / anchor_sizes)], axis=-1)
    return deltas if variance is None else deltas / variance


def decode_deltas_to_boxes(
    anchors: Any,
    boxes_delta: Any,
    anchor_format: str,
    box_format: str,
    encoded_format: str = "center_yxhw",
    variance: Any = None,
    image_shape: Sequence[Any] | None = None,
) -> Any:
    """Return the boxes that differ from anchors as `encode_box_to_deltas` says.

    Args:
        anchors: shape (boxes, 4); or a dictionary of such.
        boxes_delta: shape (boxes, 4) or (images, boxes, 4); or a dictionary with the same keys.
        anchor_format: format of the anchors.
        box_format: format of the result.
        encoded_format: ``center_yxhw`` or ``center_xywh``.
        variance: four numbers that the differences were divided by.
        image_shape: height, width and channels, where a format is relative.

    Raises:
        DataError: a format or the variance is wrong.
    """
    ops = _ops()
    factors, (height, width) = _coding(encoded_format, variance, image_shape)
    if isinstance(anchors, dict) and isinstance(boxes_delta, dict):
        further = (anchor_format, box_format, encoded_format, variance, image_shape)
        return {level: decode_deltas_to_boxes(item, boxes_delta[level], *further) for level, item in anchors.items()}
    anchors = convert_format(anchors, anchor_format, encoded_format, height, width)
    deltas = ops.convert_to_tensor(boxes_delta)
    if factors is not None:
        deltas = deltas * factors
    sizes = anchors[..., 2:]
    boxes = ops.concatenate(
        [deltas[..., :2] * sizes + anchors[..., :2], ops.exp(deltas[..., 2:]) * sizes],
        axis=-1,
    )
    return convert_format(boxes, encoded_format, box_format, height, width)


def compute_iou(
    boxes1: Boxes,
    boxes2: Boxes,
    bounding_box_format: str,
    use_masking: bool = False,
    mask_val: Any = -1,
    image_shape: Sequence[Any] | None = None,
) -> Any:
    """Return for each two boxes what part of the area that either covers is covered by both.

    Args:
        boxes1: shape (boxes, 4) or (images, boxes, 4).
        boxes2: shape (others, 4) or (images, others, 4).
        bounding_box_format: format of both.
        use_masking: whether boxes without a number above 0 are no boxes.
        mask_val: what stands for two boxes of which one is none.
        image_shape: height, width and channels, where the format is relative.

    Returns:
        Shape (boxes, others) or (images, boxes, others).

    Raises:
        DataError: a shape is another one, or `image_shape` is missing.
    """
    ops = _ops()
    boxes1, boxes2 = ops.convert_to_tensor(boxes1), ops.convert_to_tensor(boxes2)
    for name, boxes in (("boxes1", boxes1), ("boxes2", boxes2)):
        if len(boxes.shape) not in (2, 3):
            raise DataError(
                f"compute_iou() expects {name} to be batched, or to be unbatched: (boxes, 4) or (images, boxes, 4),"
                f" got shape {tuple(boxes.shape)}"
            )
    if "rel" in bounding_box_format and image_shape is None:
        raise DataError("compute_iou: the `image_shape` argument must be provided where the format is relative")
    height, width = _size_of(image_shape)
    first = convert_format(boxes1, bounding_box_format, "xyxy", height, width)[..., :, None, :]
    second = convert_format(boxes2, bounding_box_format, "xyxy", height, width)[..., None, :, :]
    shared = _overlap(first, second)
    found = ops.squeeze(shared / (_area(first) + _area(second) - shared + SETTINGS.epsilon), axis=-1)
    if not use_masking:
        return found
    is_none = ops.logical_or(ops.max(first, axis=-1) < 0, ops.max(second, axis=-1) < 0)
    return ops.where(is_none, ops.cast(mask_val, found.dtype), found)


def compute_ciou(
    boxes1: Boxes, boxes2: Boxes, bounding_box_format: str, image_shape: Sequence[Any] | None = None
) -> Any:
    """Return how alike boxes are: their overlap, less the distance of the centers and the difference of proportions.

    Args:
        boxes1: shape (…, 4).
        boxes2: shape (…, 4).
        bounding_box_format: format of both, in pixels.
        image_shape: makes no difference, as in Keras.

    Raises:
        DataError: the format is relative, which Keras refuses as well.
    """
    if "rel" in bounding_box_format:
        raise DataError("compute_ciou takes boxes in pixels; convert them with convert_format")
    ops = _ops()
    height, width = _size_of(image_shape)
    first, second = (convert_format(item, bounding_box_format, "xyxy", height, width) for item in (boxes1, boxes2))
    (left1, top1, right1, bottom1), (left2, top2, right2, bottom2) = _parts(first), _parts(second)
    width1, height1 = right1 - left1, bottom1 - top1 + SETTINGS.epsilon
    width2, height2 = right2 - left2, bottom2 - top2 + SETTINGS.epsilon
    shared = _overlap(first, second)
    iou = shared / (width1 * height1 + width2 * height2 - shared + SETTINGS.epsilon + SETTINGS.epsilon)
    across = ops.maximum(right1, right2) - ops.minimum(left1, left2)
    down = ops.maximum(bottom1, bottom2) - ops.minimum(top1, top2)
    distance = ops.square((left1 + right1) / 2 - (left2 + right2) / 2)
    distance = distance + ops.square((top1 + bottom1) / 2 - (top2 + bottom2) / 2)
    proportions = 4 / math.pi**2 * ops.square(ops.arctan(width2 / height2) - ops.arctan(width1 / height1))
    weight = proportions / (proportions - iou + (1 + SETTINGS.epsilon))
    found = iou - (distance / (ops.square(across) + ops.square(down) + SETTINGS.epsilon) + proportions * weight)
    return ops.squeeze(found, axis=-1)


def _ops() -> Any:
    return import_module("nnc.ops")


def _parts(boxes: Boxes) -> list[Any]:
    """Return the four numbers of boxes, each with a last axis of length 1."""
    return list(_ops().split(boxes, 4, axis=-1))


def _corners(boxes: Boxes, source: str) -> Boxes:
    """Return boxes as ``xyxy``."""
    first, second, third, fourth = _parts(boxes)
    if source in ("yxyx", "center_yxhw"):
        first, second, third, fourth = second, first, fourth, third
    if source in _CENTERED:
        half_width, half_height = third / 2.0, fourth / 2.0
        numbers = [first - half_width, second - half_height, first + half_width, second + half_height]
    elif source == "xywh":
        numbers = [first, second, first + third, second + fourth]
    else:
        numbers = [first, second, third, fourth]
    return _ops().concatenate(numbers, axis=-1)


def _from_corners(boxes: Boxes, target: str) -> Boxes:
    """Return boxes that are ``xyxy`` in another format."""
    left, top, right, bottom = _parts(boxes)
    numbers = [left, top, right, bottom]
    if target == "xywh":
        numbers = [left, top, right - left, bottom - top]
    elif target in _CENTERED:
        width, height = right - left, bottom - top
        numbers = [left + width / 2.0, top + height / 2.0, width, height]
    if target in ("yxyx", "center_yxhw"):
        numbers = [numbers[1], numbers[0], numbers[3], numbers[2]]
    return _ops().concatenate(numbers, axis=-1)


def _scaled(boxes: Boxes, form: str, height: Any, width: Any, dtype: str, operation: Any) -> Boxes:
    """Return boxes multiplied with or divided by the size of the image."""
    ops = _ops()
    height, width = ops.cast(height, dtype), ops.cast(width, dtype)
    sizes = [height, width] * 2 if form == "yxyx" else [width, height] * 2
    numbers = [operation(part, size) for part, size in zip(_parts(boxes), sizes, strict=True)]
    return ops.concatenate(numbers, axis=-1)


def _clipped(parts: Sequence[Any], height: Any, width: Any) -> list[Any]:
    """Return the four numbers of boxes within an image."""
    return [_ops().clip(part, 0, end) for part, end in zip(parts, [width, height] * 2, strict=True)]


def _each(numbers: Any) -> Any:
    """Return a number for each image so that it meets those of its boxes."""
    return _ops().reshape(numbers, (-1, 1, 1))


def _area(boxes: Boxes) -> Any:
    left, top, right, bottom = _parts(boxes)
    return (right - left) * (bottom - top)


def _overlap(first: Boxes, second: Boxes) -> Any:
    """Return the area that two boxes share."""
    ops = _ops()
    (left1, top1, right1, bottom1), (left2, top2, right2, bottom2) = _parts(first), _parts(second)
    across = ops.maximum(ops.minimum(right1, right2) - ops.maximum(left1, left2), 0)
    return across * ops.maximum(ops.minimum(bottom1, bottom2) - ops.maximum(top1, top2), 0)


def _size_of(image_shape: Sequence[Any] | None) -> Size:
    if image_shape is None:
        return None, None
    height, width, _ = image_shape
    return height, width


def _coding(form: str, variance: Any, image_shape: Sequence[Any] | None) -> tuple[Any, Size]:
    """Return the variance as a tensor, and the size of the image.

    Raises:
        DataError: the format has no center, or the variance is not of four numbers.
    """
    if form not in _CENTERED:
        raise DataError(f"boxes are encoded as 'center_xywh' or 'center_yxhw', got {form!r}")
    if variance is not None:
        variance = _ops().convert_to_tensor(variance, "float32")
        if variance.shape[-1] != 4:
            raise DataError(f"`variance` must be length 4, got shape {tuple(variance.shape)}")
    return variance, _size_of(image_shape)


def _check_corners(name: str, form: str) -> None:
    if form != "xyxy":
        raise DataError(f"{name} takes boxes as xyxy, got {form!r}; convert them with convert_format")
