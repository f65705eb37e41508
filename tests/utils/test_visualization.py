"""Pictures of images, pixel by pixel beside Keras's."""

from __future__ import annotations

import inspect
import warnings

import numpy
import pytest

import nnc
from nnc.errors import DataError

matplotlib = pytest.importorskip("matplotlib")
RANDOM = numpy.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (5, 8, 9, 3)).astype("uint8")
CLASSES = RANDOM.integers(0, 3, 5)
MASKS = RANDOM.integers(0, 4, (5, 8, 9, 1))
NAMED = {"y_true": CLASSES, "y_pred": CLASSES[::-1], "label_map": {0: "cat", 1: "dog"}}


@pytest.fixture(scope="module")
def theirs():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras").visualization


@pytest.fixture(autouse=True)
def without_a_screen():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Matplotlib says of its own packages
        before = matplotlib.get_backend()
        matplotlib.use("Agg")
        yield
        matplotlib.use(before)


def pixels(place, name, path, *arguments, **options):
    getattr(place, name)(*arguments, path=path, **options)
    return matplotlib.image.imread(path)


@pytest.mark.parametrize(
    ("images", "options"),
    [
        (IMAGES, {}),
        (IMAGES, {"rows": 2, "cols": 2, **NAMED}),
        (IMAGES[:1] / 255, {"value_range": (0, 1), "scale": 3, "dpi": 80, "transparent": False}),
        (IMAGES[:2] / 127.5 - 1, {"value_range": (-1, 1), "rows": 1, "cols": 2}),
    ],
)
def test_a_gallery(theirs, tmp_path, images, options):
    found, expected = (
        pixels(place, "plot_image_gallery", tmp_path / "gallery.png", images, **options)
        for place in (nnc.visualization, theirs)
    )
    assert numpy.array_equal(found, expected)


def test_a_gallery_of_masks(theirs, tmp_path):
    found, expected = (
        pixels(
            place, "plot_segmentation_mask_gallery", tmp_path / "masks.png", IMAGES, 4, y_true=MASKS, y_pred=MASKS[::-1]
        )
        for place in (nnc.visualization, theirs)
    )
    assert numpy.array_equal(found, expected)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_classes": 4, "alpha": 0.3, "ignore_index": 2},
        {"num_classes": 4, "blend": False},
        {"num_classes": 2, "color_mapping": {0: (1, 2, 3), 1: (200, 100, 50)}},
    ],
)
def test_masks(theirs, options):
    found = nnc.visualization.draw_segmentation_masks(IMAGES, MASKS, **options)
    expected = numpy.asarray(theirs.draw_segmentation_masks(IMAGES, MASKS, **options))
    assert found.dtype == expected.dtype
    assert numpy.array_equal(found, expected)


def test_channels_first():
    expected = nnc.visualization.draw_segmentation_masks(IMAGES, MASKS)
    first = [array.transpose(0, 3, 1, 2) for array in (IMAGES, MASKS)]
    assert numpy.array_equal(nnc.visualization.draw_segmentation_masks(*first, data_format="channels_first"), expected)


def test_more_places_than_images(tmp_path):
    nnc.visualization.plot_image_gallery(IMAGES, rows=2, cols=3, path=tmp_path / "gallery.png")
    assert (tmp_path / "gallery.png").stat().st_size > 0


def test_names_and_arguments(theirs):
    for name in nnc.visualization.__all__:
        found, expected = (
            [
                (item.name, item.kind, item.default)
                for item in inspect.signature(getattr(place, name)).parameters.values()
            ]
            for place in (nnc.visualization, theirs)
        )
        assert found == expected, name
    with pytest.raises(AttributeError, match=r"nnc\.visualization has no draw_bounding_boxes: Keras draws .* OpenCV"):
        _ = nnc.visualization.draw_bounding_boxes


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda room: room.plot_image_gallery(IMAGES[0]), "must be batched, of shape"),
        (lambda room: room.plot_image_gallery(IMAGES, path="a.png", show=True), "either a path, or show=True"),
        (lambda room: room.plot_image_gallery(IMAGES, y_true=CLASSES), "`label_map` must also be provided"),
        (lambda room: room.draw_segmentation_masks(IMAGES, MASKS[..., 0]), "must have the shape"),
        (lambda room: room.draw_segmentation_masks(IMAGES, MASKS / 2), "must be in integer dtype, got float64"),
        (lambda room: room.draw_segmentation_masks(IMAGES, MASKS, 2, {0: (0, 0, 0)}), "no color of class 1"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(DataError, match=message):
        call(nnc.visualization)
