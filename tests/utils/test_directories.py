"""Images and texts of folders, beside Keras's."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import DataError

NUMBERS = numpy.random.default_rng(8)
CLASSES = ("ants", "bees", "wasps")


@pytest.fixture(scope="module")
def utils():
    return pytest.importorskip("keras").utils


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    root = tmp_path_factory.mktemp("texts")
    for place, name in enumerate(CLASSES):
        (root / name / "inner").mkdir(parents=True)
        for number in range(3 + place):
            (root / name / f"{number}.txt").write_text(f"{name} números {number}")
        (root / name / "inner" / "deep.TXT").write_bytes(b"raw \xff\x00")
        (root / name / "other.csv").write_text("1,2")
    (root / ".hidden").mkdir()
    return root


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    Image = pytest.importorskip("PIL.Image")
    root = tmp_path_factory.mktemp("images")
    for name in CLASSES[:2]:
        (root / name).mkdir()
        for number, mode in enumerate(("RGB", "RGBA", "P", "L")):
            colors = NUMBERS.integers(0, 256, (9 + number, 7, 3)).astype("uint8")
            Image.fromarray(colors).convert(mode).save(root / name / f"{number}.png")
        Image.fromarray(NUMBERS.integers(0, 60000, (8, 8)).astype("uint16")).save(root / name / "deep.png")
        Image.fromarray(NUMBERS.integers(0, 256, (8, 8, 3)).astype("uint8")).save(root / name / "plain.bmp")
    return root


def same(found, expected, tolerance=0.0):
    ours, theirs = list(found), list(expected.as_numpy_iterator())
    assert len(ours) == len(theirs) == len(found)
    for one, other in zip(ours, theirs, strict=True):
        assert type(one) is type(other) or not isinstance(other, tuple)
        for left, right in zip(*((item if isinstance(item, tuple) else (item,)) for item in (one, other)), strict=True):
            right = numpy.asarray(right, object if isinstance(right, bytes) else None)
            assert left.dtype == right.dtype
            if tolerance:
                numpy.testing.assert_allclose(left, right, atol=tolerance)
            else:
                numpy.testing.assert_array_equal(left, right)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"label_mode": "categorical", "batch_size": 4},
        {"label_mode": None},
        {"labels": None, "batch_size": None},
        {"labels": list(range(15)), "batch_size": 5},
        {"class_names": ["wasps", "ants"], "label_mode": "binary"},
        {"max_length": 6, "batch_size": None},
        {"validation_split": 0.3, "subset": "training"},
        {"validation_split": 0.3, "subset": "validation"},
    ],
)
def test_texts_are_those_of_keras(texts, utils, settings, capsys):
    given = {"shuffle": False, **settings}
    found = nnc.utils.text_dataset_from_directory(texts, **given)
    printed = capsys.readouterr().out
    expected = utils.text_dataset_from_directory(texts, **given)
    assert printed == capsys.readouterr().out != ""
    assert found.class_names == expected.class_names
    same(found, expected)


@pytest.mark.parametrize("subset", ["training", "validation", "both"])
def test_subsets_have_the_files_of_keras(texts, images, utils, subset, capsys):
    settings = {"validation_split": 0.4, "subset": subset, "seed": 3, "batch_size": None}
    found, expected = (
        module.image_dataset_from_directory(str(images), image_size=4, **settings) for module in (nnc.utils, utils)
    )
    if subset != "both":
        found, expected = [found], [expected]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.file_paths == theirs.file_paths
        assert ours.class_names == theirs.class_names
    read = nnc.utils.text_dataset_from_directory(texts, verbose=False, **(settings | {"subset": "both"}))
    parts = [[bytes(text.item()) + bytes([label]) for text, label in part] for part in read]
    assert len(parts[0]) + len(parts[1]) == 15
    again = [[bytes(text.item()) + bytes([label]) for text, label in part] for part in read]
    assert sorted(parts[0]) == sorted(again[0])
    assert parts[0] != again[0]
    assert parts[1] == again[1]


@pytest.mark.parametrize("color_mode", ["rgb", "rgba"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"interpolation": "nearest", "label_mode": "binary"},
        {"interpolation": "bicubic", "labels": None, "image_size": (12, 5)},
        {"interpolation": "lanczos3", "data_format": "channels_first"},
        {"interpolation": "lanczos5", "batch_size": None},
        {"image_size": 16, "label_mode": "categorical"},
    ],
)
def test_images_are_those_of_keras(images, utils, color_mode, settings):
    given = {"image_size": (6, 7), "color_mode": color_mode, "shuffle": False, "verbose": False, **settings}
    found, expected = (module.image_dataset_from_directory(images, **given) for module in (nnc.utils, utils))
    same(found, expected, tolerance=0 if settings.get("interpolation") == "nearest" else 1e-3)


@pytest.mark.parametrize("size", [(6, 7), (3, 9), (10, 2)])
def test_cropped_images_are_those_of_keras(images, utils, size):
    given = {"image_size": size, "crop_to_aspect_ratio": True, "shuffle": False, "verbose": False}
    found, expected = (module.image_dataset_from_directory(images, **given) for module in (nnc.utils, utils))
    same(found, expected, tolerance=2e-4)


def test_gray_images_are_nearly_those_of_keras(images, utils, tmp_path):
    for path in images.rglob("*.png"):  # in gray, Keras reads no BMP
        (tmp_path / path.parent.name).mkdir(exist_ok=True)
        (tmp_path / path.parent.name / path.name).write_bytes(path.read_bytes())
    given = {"image_size": (6, 7), "color_mode": "grayscale", "shuffle": False, "verbose": False}
    found, expected = (module.image_dataset_from_directory(tmp_path, **given) for module in (nnc.utils, utils))
    same(found, expected, tolerance=2.0)


def test_models_are_trained_on_files(images, tmp_path):
    data = nnc.utils.image_dataset_from_directory(images, image_size=(6, 6), batch_size=5, verbose=False)
    data = data.map(lambda pixels, label: (pixels / 255, label))
    model = nnc.Sequential([nnc.Input((6, 6, 3)), nnc.layers.Flatten(), nnc.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert len(model.fit(data.cache().prefetch(1), epochs=2, verbose=0).history["loss"]) == 2
    assert model.predict(data, verbose=0).shape == (12, 2)
    for name in CLASSES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(f"{name} números\0")
    words = nnc.utils.text_dataset_from_directory(tmp_path, verbose=False)
    layer = nnc.layers.TextVectorization()
    layer.adapt(words.map(lambda text, label: text))
    assert "ants" in layer.get_vocabulary()
    single = nnc.utils.text_dataset_from_directory(tmp_path, batch_size=None, shuffle=False, verbose=False)
    assert [text.item() for text in single.map(lambda text, label: text.item())] == [
        f"{name} números\0".encode() for name in CLASSES
    ]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"format": "grain"}, "format must be 'tf', got 'grain'; leave it out, elements are NumPy arrays"),
        ({"labels": "all"}, "`labels` argument should be 'inferred', None, or a list with a number for each file"),
        ({"labels": [1, 2]}, "Expected the lengths of `labels` to match the number of files in "),
        ({"labels": None, "class_names": ["ants"]}, 'You can only pass `class_names` if `labels="inferred"`'),
        (
            {"class_names": ["flies"]},
            "the `class_names` passed did not match the names of the subfolders: they must be among",
        ),
        ({"label_mode": "float"}, "`label_mode` argument must be 'int', 'categorical', 'binary' or None, got"),
        (
            {"label_mode": "binary"},
            "with label_mode='binary' there must be exactly 2 classes, got ['ants', 'bees', 'wasps']",
        ),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1 or None, got 0"),
        ({"subset": "training"}, "if `subset` is set, `validation_split` must be set, and inversely"),
        ({"validation_split": 2, "subset": "training"}, "`validation_split` must be between 0 and 1, got 2"),
        ({"validation_split": 0.2, "subset": "test"}, '`subset` must be either "training", "validation" or "both"'),
        ({"validation_split": 0.2, "subset": "both"}, "you must provide a `seed` with validation_split, so that"),
        ({"validation_split": 0.01, "subset": "validation", "seed": 1}, "No text files found. '"),
    ],
)
def test_mistakes_are_named(texts, settings, message):
    with pytest.raises(DataError) as raised:
        nnc.utils.text_dataset_from_directory(texts, verbose=False, **settings)
    assert str(raised.value).startswith(f"text_dataset_from_directory: {message}")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"interpolation": "gaussian"},
            "`interpolation` must be one of bilinear, nearest, bicubic, lanczos3, lanczos5, got",
        ),
        ({"color_mode": "cmyk"}, "`color_mode` must be one of rgb, rgba, grayscale, got 'cmyk'"),
        ({"data_format": "first"}, "`data_format` must be one of channels_last, channels_first, None, got 'first'"),
        ({"image_size": (3,)}, "image_size must be (height, width) in pixels, got (3,)"),
        ({"pad_to_aspect_ratio": True}, "pad_to_aspect_ratio=True is not supported; give crop_to_aspect_ratio=True"),
    ],
)
def test_mistakes_with_images_are_named(images, settings, message):
    with pytest.raises(DataError) as raised:
        nnc.utils.image_dataset_from_directory(images, **settings)
    assert str(raised.value).startswith(f"image_dataset_from_directory: {message}")
