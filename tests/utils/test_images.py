"""Images as arrays and in files, beside Keras's."""

from __future__ import annotations

import io
import pathlib
import sys

import numpy
import pytest

import nnc
from nnc.errors import DataError, NncError

pytest.importorskip("PIL")
keras_utils = pytest.importorskip("keras").utils

NUMBERS = numpy.random.default_rng(5)
COLORS = NUMBERS.integers(0, 256, (7, 5, 3)).astype("uint8")
ARRAYS = [
    NUMBERS.normal(size=(6, 4, 3)),
    NUMBERS.normal(size=(6, 4, 4)).astype("float32"),
    NUMBERS.uniform(0, 255, (6, 4, 1)),
    numpy.full((3, 2, 1), 3.0),
    numpy.full((3, 2, 3), 7),
    COLORS,
]


def pixels(image):
    return image.mode, numpy.asarray(image)


def same(found, expected):
    assert found[0] == expected[0]
    assert found[1].dtype == expected[1].dtype
    numpy.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize("array", ARRAYS)
@pytest.mark.parametrize("settings", [{}, {"scale": False}, {"dtype": "float64"}, {"data_format": "channels_first"}])
def test_arrays_become_the_images_of_keras(array, settings):
    given = array.transpose(2, 0, 1) if "data_format" in settings else array
    if not settings.get("scale", True):
        given = numpy.abs(given) % 255
    same(pixels(nnc.utils.array_to_img(given, **settings)), pixels(keras_utils.array_to_img(given, **settings)))


def test_deep_gray_is_kept():
    deep = numpy.array([[[70000.0], [3.0]]])
    found = nnc.utils.array_to_img(deep, scale=False)
    same(pixels(found), pixels(keras_utils.array_to_img(deep, scale=False)))
    assert found.mode == "I"


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("settings", [{}, {"data_format": "channels_first"}, {"dtype": "uint8"}, {"dtype": "float16"}])
def test_images_become_the_arrays_of_keras(channels, settings):
    image = keras_utils.array_to_img(NUMBERS.normal(size=(6, 4, channels)))
    found, expected = nnc.utils.img_to_array(image, **settings), keras_utils.img_to_array(image, **settings)
    assert found.dtype == expected.dtype
    numpy.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA", "I;16", "1"])
@pytest.mark.parametrize("color_mode", ["grayscale", "rgb", "rgba"])
def test_files_are_read_as_by_keras(tmp_path, mode, color_mode):
    from PIL import Image

    deep = NUMBERS.integers(0, 60000, (9, 12)).astype("uint16")
    image = Image.fromarray(deep) if mode == "I;16" else Image.fromarray(COLORS).convert(mode)
    image.save(tmp_path / "image.png")
    for path in (tmp_path / "image.png", str(tmp_path / "image.png"), bytes(tmp_path / "image.png")):
        found, expected = (utils.load_img(path, color_mode) for utils in (nnc.utils, keras_utils))
        same(pixels(found), pixels(expected))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "hamming", "box", "lanczos"])
@pytest.mark.parametrize("size", [(3, 4), (9, 3), (7, 5), [20, 20]])
@pytest.mark.parametrize("keep", [False, True])
def test_images_are_resized_as_by_keras(interpolation, size, keep):
    file = io.BytesIO()
    nnc.utils.save_img(file, COLORS, file_format="png", scale=False)
    content = file.getvalue()
    found, expected = (
        utils.load_img(io.BytesIO(content), "rgb", size, interpolation, keep) for utils in (nnc.utils, keras_utils)
    )
    same(pixels(found), pixels(expected))


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.jpg", "a.JPEG", "a.gif"])
@pytest.mark.parametrize("array", ARRAYS[2:])
def test_the_same_bytes_are_written(tmp_path, name, array):
    for folder, utils in (("ours", nnc.utils), ("theirs", keras_utils)):
        (tmp_path / folder).mkdir()
        utils.save_img(tmp_path / folder / name, array)
    assert (tmp_path / "ours" / name).read_bytes() == (tmp_path / "theirs" / name).read_bytes()


def test_settings_reach_pillow_and_jpeg_has_no_alpha(tmp_path):
    sizes = []
    for quality in (5, 95):
        nnc.utils.save_img(str(tmp_path / "a.jpg"), COLORS, quality=quality)
        sizes.append((tmp_path / "a.jpg").stat().st_size)
    assert sizes[0] < sizes[1]
    with pytest.warns(UserWarning, match="converting to RGB"):
        nnc.utils.save_img(tmp_path / "b.jpg", ARRAYS[1])
    assert nnc.utils.load_img(tmp_path / "b.jpg").size == (4, 6)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda utils: utils.array_to_img(COLORS[0]), "one image have three axes, got shape (5, 3)"),
        (lambda utils: utils.array_to_img(COLORS[..., :2]), "1, 3 or 4 channels, got 2 (shape (7, 5, 2))"),
        (lambda utils: utils.array_to_img(COLORS, dtype="uint8"), "scale=True needs a floating-point dtype, got uint8"),
        (lambda utils: utils.array_to_img(COLORS, "first"), "data_format must be 'channels_last', 'channels_first' or"),
        (lambda utils: utils.img_to_array(numpy.ones(3)), "an image has two or three axes, got shape (3,)"),
        (lambda utils: utils.load_img("a", "cmyk"), "color_mode must be 'grayscale', 'rgb' or 'rgba', got 'cmyk'"),
        (lambda utils: utils.load_img("a", interpolation="area"), "interpolation must be 'nearest', 'bilinear', 'bic"),
        (lambda utils: utils.load_img(io.BytesIO(b"text")), "Pillow finds no image in the bytes"),
        (lambda utils: utils.load_img(3), "path must be a path or an io.BytesIO, got int"),
        (lambda utils: utils.save_img(io.BytesIO(), COLORS), "Pillow writes no file of format None to a BytesIO"),
        (lambda utils: utils.save_img("image.text", COLORS), "Pillow writes no file of format 'text' to 'image.text'"),
    ],
)
def test_mistakes_are_named(action, message):
    with pytest.raises(DataError) as raised:
        action(nnc.utils)
    assert message in str(raised.value)


def test_wrong_sizes_and_missing_files(tmp_path):
    nnc.utils.save_img(tmp_path / "a.png", COLORS)
    for size in (3, (3,), (3, 0), (2.5, 4)):
        with pytest.raises(DataError, match="target_size must be"):
            nnc.utils.load_img(tmp_path / "a.png", target_size=size)
    with pytest.raises(FileNotFoundError):
        nnc.utils.load_img(pathlib.Path("nowhere.png"))


def test_pillow_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(NncError, match=r"^load_img needs Pillow, which is not installed: pip install pillow$"):
        nnc.utils.load_img("a.png")
