"""Boxes in images, beside Keras's."""

from __future__ import annotations

import itertools
import warnings

import numpy
import pytest

import nnc
from nnc.errors import DataError
from nnc.utils import bounding_boxes as ours

RANDOM = numpy.random.default_rng(0)
BOXES = numpy.sort(RANDOM.uniform(0, 50, (2, 5, 2, 2)), axis=2).reshape(2, 5, 4).astype("float32")
OTHERS = numpy.sort(RANDOM.uniform(0, 50, (2, 3, 2, 2)), axis=2).reshape(2, 3, 4).astype("float32")
FORMATS = ("xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh")
SIZE = {"height": 60, "width": 70}


@pytest.fixture(scope="module")
def theirs():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras").utils.bounding_boxes


def check(found, expected, bound=1e-6):
    expected = numpy.asarray(expected)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    numpy.testing.assert_allclose(found, expected, rtol=bound, atol=bound)


def test_names_and_formats(theirs):
    assert ours.__all__ == sorted(name for name in dir(theirs) if not name.startswith("_"))
    for source, target in itertools.product(FORMATS, FORMATS):
        boxes = numpy.asarray(theirs.convert_format(BOXES, "xyxy", source, **SIZE))
        check(
            ours.convert_format(boxes, source, target.upper(), **SIZE),
            theirs.convert_format(boxes, source, target, **SIZE),
        )
    given = {"boxes": BOXES, "labels": [1]}
    assert ours.convert_format(given, "xyxy", "xywh") is given
    check(given["boxes"], theirs.convert_format(BOXES, "xyxy", "xywh"))
    check(
        ours.convert_format(BOXES, "xyxy", "xywh", dtype="float64"),
        theirs.convert_format(BOXES, "xyxy", "xywh", dtype="float64"),
    )


@pytest.mark.parametrize("form", ["xyxy", "rel_xyxy"])
def test_parts_in_the_image(theirs, form):
    factor = 1.0 if form == "xyxy" else 1 / 30
    given = {"boxes": BOXES * factor, "labels": RANDOM.integers(0, 3, (2, 5)), "else": 1}
    sizes = (20, 30) if form == "xyxy" else (None, None)
    found, expected = (place.clip_to_image_size(given, *sizes, form) for place in (ours, theirs))
    assert (found["labels"] == -1).any() and (found["labels"] >= 0).any() and found["else"] == 1
    for key in ("boxes", "labels"):
        check(found[key], expected[key])


def test_movements(theirs):
    six = [RANDOM.uniform(*ends, 2).astype("float32") for ends in [(-20, 20), (-0.2, 0.2), (-0.2, 0.2), (0.5, 1.5)]]
    six += [RANDOM.uniform(-20, 20, 2).astype("float32") for _ in range(2)]
    for center in ({}, {"center_x": 0.2, "center_y": 0.7}):
        check(
            ours.affine_transform(BOXES, *six, 60, 70, **center),
            theirs.affine_transform(BOXES, *six, 60, 70, **center),
            1e-5,
        )
    check(ours.crop(BOXES, 5, 6, 20, 30), theirs.crop(BOXES, 5, 6, 20, 30))
    check(ours.pad(BOXES, 5, 6), theirs.pad(BOXES, 5, 6))


@pytest.mark.parametrize("variance", [None, [0.1, 0.1, 0.2, 0.2]])
@pytest.mark.parametrize("form", ["center_xywh", "center_yxhw"])
def test_differences_from_anchors(theirs, form, variance):
    given = (BOXES[0], BOXES, "xyxy", "xyxy", form, variance)
    deltas = ours.encode_box_to_deltas(*given)
    check(deltas, theirs.encode_box_to_deltas(*given), 1e-5)
    further = ("xyxy", "rel_xywh", form, variance, (60, 70, 3))
    check(
        ours.decode_deltas_to_boxes(BOXES[0], deltas, *further),
        theirs.decode_deltas_to_boxes(BOXES[0], deltas, *further),
    )
    levels = ours.decode_deltas_to_boxes({1: BOXES[0]}, {1: deltas}, *further)
    assert numpy.array_equal(levels[1], ours.decode_deltas_to_boxes(BOXES[0], deltas, *further))


@pytest.mark.parametrize("form", ["xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw"])
def test_overlaps(theirs, form):
    for first, second in ((BOXES, OTHERS), (BOXES, OTHERS[0]), (BOXES[0], OTHERS), (BOXES[0], OTHERS[0])):
        check(ours.compute_iou(first, second, form), theirs.compute_iou(first, second, form))
        check(
            ours.compute_ciou(first[..., :3, :], second, form),
            theirs.compute_ciou(first[..., :3, :], second, form),
            1e-5,
        )


def test_overlaps_without_some_boxes(theirs):
    boxes = BOXES.copy()
    boxes[0, 1] = -1
    given = (boxes, OTHERS, "xyxy", True, -7)
    check(ours.compute_iou(*given), theirs.compute_iou(*given))
    assert (ours.compute_iou(*given) == -7).sum() == 3
    relative = (BOXES / 70, OTHERS / 70, "rel_xyxy", False, -1, (60, 70, 3))
    check(ours.compute_iou(*relative), theirs.compute_iou(*relative))


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_in_a_graph(backend):
    first, second = nnc.Input((5, 4)), nnc.Input((3, 4))
    model = nnc.Model([first, second], ours.compute_iou(first, second, "xywh"))
    found = nnc.compile(model, backend=backend).predict([BOXES, OTHERS], verbose=0)
    check(found, ours.compute_iou(BOXES, OTHERS, "xywh"))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ours.convert_format(BOXES, "xyxy", "yx"), "Invalid source or target format 'yx'"),
        (lambda: ours.convert_format(BOXES, "xyxy", "rel_xyxy"), "must receive `height` and `width`"),
        (lambda: ours.convert_format(BOXES[..., :3], "xyxy", "xywh"), "4 numbers in the last axis"),
        (lambda: ours.clip_to_image_size({"boxes": BOXES}), "`height` and `width` must be set"),
        (lambda: ours.clip_to_image_size({"boxes": BOXES}, 1, 1, "xywh"), "takes xyxy or rel_xyxy, got 'xywh'"),
        (lambda: ours.crop(BOXES, 1, 1, 1, 1, "xywh"), "crop takes boxes as xyxy"),
        (lambda: ours.affine_transform(BOXES[0], *[[1.0]] * 6, 1, 1), "have the shape \\(images, boxes, 4\\)"),
        (lambda: ours.encode_box_to_deltas(BOXES, BOXES, "xyxy", "xyxy", "xyxy"), "'center_xywh' or 'center_yxhw'"),
        (lambda: ours.encode_box_to_deltas(BOXES, BOXES, "xyxy", "xyxy", variance=[1.0]), "must be length 4"),
        (lambda: ours.compute_iou(BOXES[0, 0], OTHERS, "xyxy"), "expects boxes1 to be batched"),
        (lambda: ours.compute_iou(BOXES, OTHERS, "rel_xyxy"), "`image_shape` argument must be provided"),
        (lambda: ours.compute_ciou(BOXES, OTHERS, "rel_xyxy"), "boxes in pixels"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(DataError, match=message):
        call()
