"""Images changed at random, in batches of arrays, folders and data frames, beside what Keras keeps of Keras 2."""

from __future__ import annotations

import contextlib
import io
import multiprocessing.pool  # noqa: F401  (Keras takes it from wherever it was imported)
import warnings

import numpy
import pytest

import nnc
from nnc.errors import ArgumentError, DataError, NncError, NncWarning
from nnc.preprocessing import image as ours
from nnc.utils import save_img
from nnc.utils.images import smart_resize

pytest.importorskip("scipy")
pandas = pytest.importorskip("pandas")
RANDOM = numpy.random.default_rng(0)
IMAGES = RANDOM.uniform(0, 255, (7, 9, 12, 3)).astype("float32")
LABELS = numpy.array([0, 1, 0, 1, 0, 1, 1])
MOVES = {
    "rotation_range": 30,
    "width_shift_range": 0.3,
    "height_shift_range": 0.2,
    "shear_range": 20,
    "zoom_range": 0.3,
}


@pytest.fixture(scope="module")
def theirs():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras.src.legacy.preprocessing.image")


@contextlib.contextmanager
def quiet():
    """Without the warnings of SciPy about names that Keras takes, and of Keras."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def equal(found, expected):
    """Whether batches are the same to the bit."""
    assert isinstance(found, tuple | list) == isinstance(expected, tuple | list)
    if not isinstance(expected, tuple | list):
        found, expected = [found], [expected]
    assert len(found) == len(expected)
    for mine, other in zip(found, expected, strict=True):
        if isinstance(other, list):
            equal(mine, other)
            continue
        assert mine.dtype == other.dtype
        numpy.testing.assert_array_equal(mine, other)


def both(theirs, make):
    """What a function of the module gives, with Keras's and with ours, from equal random numbers."""
    found = []
    for module in (theirs, ours):
        numpy.random.seed(11)
        with quiet(), contextlib.redirect_stdout(io.StringIO()) as text:
            found.append((make(module), text.getvalue(), numpy.random.random()))
    (expected, said, drawn), (result, text, number) = found
    assert text == said.replace("\r", "")
    assert number == drawn
    return result, expected


OPTIONS = [
    {},
    {"rescale": 1 / 255, "horizontal_flip": True},
    {"rotation_range": 40},
    {"width_shift_range": 0.3},
    {"height_shift_range": 3},
    {"width_shift_range": [-2, -1, 1], "height_shift_range": (0.1, 0.5)},
    {"shear_range": 15, "fill_mode": "reflect"},
    {"zoom_range": [0.5, 1.5], "fill_mode": "constant", "cval": 7.0},
    {"zoom_range": 0.2, "interpolation_order": 3, "fill_mode": "wrap"},
    {"brightness_range": (0.5, 1.5)},
    {"channel_shift_range": 40.0, "vertical_flip": True},
    {"samplewise_center": True, "samplewise_std_normalization": True},
    {"samplewise_std_normalization": True},
    {"preprocessing_function": lambda image: 255.0 - image, "rescale": 0.5},
    {**MOVES, "horizontal_flip": True, "vertical_flip": True, "brightness_range": [0.9, 1.1], "rescale": 1 / 255},
    {"dtype": "float64", "rotation_range": 10},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("given", [{}, {"seed": 5, "batch_size": 3}, {"shuffle": False, "batch_size": 2}])
def test_batches_of_arrays(options, given, theirs):
    def make(module):
        batches = module.ImageDataGenerator(**options).flow(IMAGES, LABELS, **given)
        found = [next(batches) for _ in range(5)]
        return [*found, *(batches[number] for number in range(len(batches)))], len(batches)

    (found, count), (expected, number) = both(theirs, make)
    assert count == number
    for batch, other in zip(found, expected, strict=True):
        equal(batch, other)


@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
@pytest.mark.parametrize(
    "options", [MOVES, {"horizontal_flip": True, "vertical_flip": True}, {"channel_shift_range": 9}]
)
def test_data_formats(options, data_format, theirs):
    images = IMAGES if data_format == "channels_last" else IMAGES.transpose(0, 3, 1, 2).copy()

    def make(module):
        return next(module.ImageDataGenerator(data_format=data_format, **options).flow(images, batch_size=4))

    equal(*both(theirs, make))


@pytest.mark.parametrize(
    "options",
    [
        {"featurewise_center": True},
        {"featurewise_std_normalization": True},
        {"zca_whitening": True},
        {"zca_whitening": True, "featurewise_std_normalization": True, "rescale": 0.1},
    ],
)
@pytest.mark.parametrize("fitted", [{}, {"augment": True, "rounds": 2, "seed": 3}])
def test_fit(options, fitted, theirs):
    def make(module):
        generator = module.ImageDataGenerator(**options, horizontal_flip=True, width_shift_range=0.2)
        generator.fit(IMAGES, **fitted)
        return next(generator.flow(IMAGES, batch_size=4))

    found, expected = both(theirs, make)
    numpy.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_what_is_not_measured_is_said():
    with pytest.warns(NncWarning, match="zca_whitening=True sets featurewise_center=True"):
        generator = ours.ImageDataGenerator(zca_whitening=True)
    with pytest.warns(NncWarning, match=r"=True does nothing before fit\(images\)") as found:
        generator.standardize(IMAGES[0].copy())
    said = " ".join(str(item.message) for item in found)
    assert all(f"{key}=True does nothing" in said for key in ("featurewise_center", "zca_whitening"))


def test_further_arrays_weights_and_subsets(theirs):
    weights, others = numpy.arange(7.0), [numpy.arange(7), numpy.arange(14).reshape(7, 2)]
    for subset in ("training", "validation"):

        def make(module, subset=subset):
            generator = module.ImageDataGenerator(validation_split=0.45, horizontal_flip=True)
            plain = generator.flow((IMAGES, others), LABELS, subset=subset, batch_size=2)
            weighted = generator.flow(IMAGES, LABELS, sample_weight=weights, batch_size=2)
            alone = generator.flow([IMAGES, others[0]], batch_size=3)
            return next(plain), next(weighted), next(alone), plain[0]

        for batch, other in zip(*both(theirs, make), strict=True):
            equal(batch, other)


def test_parameters_and_single_images(theirs):
    def make(module):
        generator = module.ImageDataGenerator(**MOVES, brightness_range=(0.5, 2), channel_shift_range=3)
        parameters = generator.get_random_transform((9, 12, 3), seed=4)
        return (
            parameters,
            generator.random_transform(IMAGES[0], seed=2),
            generator.apply_transform(IMAGES[1], {"tx": 2}),
        )

    found, expected = both(theirs, make)
    assert found[0] == expected[0]
    equal(found[1:], expected[1:])


AXES = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}


@pytest.mark.parametrize(
    ("name", "given", "options"),
    [
        ("random_rotation", (30,), AXES),
        ("random_shift", (0.2, 0.4), AXES),
        ("random_shear", (20,), AXES),
        ("random_zoom", ((0.7, 1.2),), AXES),
        ("random_zoom", ((1, 1),), AXES),
        ("random_rotation", (30,), {"fill_mode": "constant", "cval": 3.0, "interpolation_order": 0}),
        ("random_channel_shift", (30.0,), {}),
        ("random_brightness", ((0.5, 1.5),), {}),
        ("random_brightness", ((0.5, 1.5),), {"scale": False}),
        ("apply_affine_transform", (20, 1, 2, 10, 0.9, 1.2), AXES),
        ("apply_affine_transform", (20, 1, 2, 10, 0.9, 1.2), {"row_axis": 1, "col_axis": 0, "channel_axis": 2}),
        ("apply_affine_transform", (), AXES),
        ("apply_channel_shift", (9.5,), {"channel_axis": 2}),
        ("apply_brightness_shift", (1.7, False), {}),
    ],
)
@pytest.mark.parametrize("offset", [0.0, -60.0])
def test_functions(name, given, options, offset, theirs):
    image = IMAGES[2] + numpy.float32(offset)
    if options.get("interpolation_order") == 0:
        image = image.transpose(2, 0, 1)
    equal(*both(theirs, lambda module: getattr(module, name)(image, *given, **options)))


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(
        ["cats/a.png", "cats/b.bmp", "cats/more/c.png", "dogs/d.png", "dogs/e.jpg", "dogs/no.txt"]
    ):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("txt"):
            path.write_text("none")
        else:
            save_img(path, IMAGES[number])
    (tmp_path / "images" / "empty").mkdir()
    return tmp_path / "images"


@pytest.mark.parametrize(
    "options",
    [
        {"seed": 3},
        {"class_mode": "binary", "shuffle": False, "classes": ["dogs", "cats"]},
        {"class_mode": "sparse", "color_mode": "rgba", "interpolation": "bilinear"},
        {"class_mode": "input", "color_mode": "grayscale", "keep_aspect_ratio": True},
        {"class_mode": None, "batch_size": 2},
        {"subset": "training", "seed": 1},
        {"subset": "validation", "seed": 1},
    ],
)
def test_batches_of_a_folder(options, folder, theirs):
    def make(module):
        generator = module.ImageDataGenerator(rescale=1 / 255, horizontal_flip=True, validation_split=0.4)
        batches = generator.flow_from_directory(str(folder), target_size=(8, 6), **options)
        facts = [batches.filenames, batches.class_indices, batches.samples, batches.num_classes, batches.image_shape]
        return [*facts, batches.classes.tolist(), len(batches)], [next(batches) for _ in range(3)]

    found, expected = both(theirs, make)
    assert found[0] == expected[0]
    for batch, other in zip(found[1], expected[1], strict=True):
        equal(batch, other)


def frame(folder):
    names = ["cats/a.png", "dogs/d.png", "cats/b.bmp", "dogs/e.jpg", "cats/none.png", "dogs/no.txt", "cats/more/c.png"]
    return pandas.DataFrame(
        {
            "filename": names,
            "class": [name.partition("/")[0] for name in names],
            "several": [[name[0], name[1]] for name in names],
            "first": numpy.arange(7.0),
            "second": numpy.arange(7) * 2,
            "path": [str(folder / name) for name in names],
        }
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"class_mode": "binary", "shuffle": False, "weight_col": "first"},
        {"class_mode": "sparse", "classes": ["dogs", "cats"], "subset": "training"},
        {"class_mode": "sparse", "classes": ["dogs"], "subset": "validation"},
        {"y_col": "several", "batch_size": 2},
        {"y_col": "several", "classes": ["c", "o"]},
        {"y_col": "first", "class_mode": "raw"},
        {"y_col": ["first", "second"], "class_mode": "raw"},
        {"y_col": ["first", "second"], "class_mode": "multi_output", "shuffle": False},
        {"class_mode": "input"},
        {"class_mode": None},
        {"x_col": "path", "directory": None},
    ],
)
def test_batches_of_a_data_frame(options, folder, theirs):
    def make(module):
        generator = module.ImageDataGenerator(vertical_flip=True, validation_split=0.4)
        given = {"directory": str(folder), "target_size": (8, 6), **options}
        batches = generator.flow_from_dataframe(frame(folder), **given)
        return batches.filenames, getattr(batches, "class_indices", None), [next(batches) for _ in range(3)]

    found, expected = both(theirs, make)
    assert found[:2] == expected[:2]
    for batch, other in zip(found[2], expected[2], strict=True):
        equal(batch, other)


def test_images_are_written(folder, tmp_path, theirs):
    for name in ("flow", "flow_from_directory"):

        def make(module, name=name):
            place = tmp_path / f"{name}-{module.__name__}"
            place.mkdir()
            given = (IMAGES,) if name == "flow" else (str(folder), (8, 6))
            batches = getattr(module.ImageDataGenerator(), name)(*given, save_to_dir=str(place), save_prefix="p")
            next(batches)
            return {path.name: path.read_bytes() for path in place.iterdir()}

        found, expected = both(theirs, make)
        assert found == expected
        assert found


def test_a_model_is_trained_on_batches():
    model = nnc.Sequential([nnc.Input((9, 12, 3)), nnc.layers.Flatten(), nnc.layers.Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy")
    generator = ours.ImageDataGenerator(rescale=1 / 255, horizontal_flip=True, validation_split=0.3)
    batches = generator.flow(IMAGES, LABELS, batch_size=2, subset="training", ignore_class_split=True)
    validation = generator.flow(IMAGES, LABELS, batch_size=2, subset="validation", ignore_class_split=True)
    history = model.fit(batches, validation_data=validation, epochs=4, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert len(history.history["val_loss"]) == 4
    assert model.evaluate(batches, verbose=0) > 0
    assert model.predict(generator.flow(IMAGES, batch_size=4, shuffle=False), verbose=0).shape == (7, 1)


ERRORS = [
    (lambda make: make(validation_split=1.0), "validation_split must be between 0 and 1, got 1.0"),
    (lambda make: make(zoom_range=[1, 2, 3]), r"zoom_range must be two numbers, .* got \[1, 2, 3\]"),
    (lambda make: make(brightness_range=0.5), "brightness_range must be two numbers"),
    (lambda make: make(data_format="last"), "data_format must be 'channels_last' or 'channels_first', got 'last'"),
    (lambda make: make().flow(IMAGES[0]), r"images must be an array of four axes, got shape \(9, 12, 3\)"),
    (lambda make: make().fit(IMAGES[0]), r"images must be an array of four axes, got shape \(9, 12, 3\)"),
    (lambda make: make().flow(IMAGES, LABELS[1:]), "y must have a row for each of 7 images, got 6"),
    (lambda make: make().flow(IMAGES, sample_weight=LABELS[1:]), "sample_weight must have a row for each"),
    (lambda make: make().flow((IMAGES, LABELS[1:])), "x must have a row for each of 7 images, got 6"),
    (lambda make: make().flow(IMAGES, subset="test"), "subset must be 'training' or 'validation', got 'test'"),
    (lambda make: make(validation_split=0.2).flow(IMAGES, LABELS, subset="training"), "have different classes"),
    (lambda make: make().flow(IMAGES)[1], "there are 1 batches, got the index 1"),
    (lambda make: make().flow_from_directory(".", color_mode="hsv"), "color_mode must be one of .* got 'hsv'"),
    (lambda make: make().flow_from_directory(".", class_mode="raw"), "class_mode must be one of .* got 'raw'"),
]


@pytest.mark.parametrize(("make", "message"), ERRORS)
def test_errors(make, message, theirs):
    with quiet(), pytest.raises(ValueError):
        make(theirs.ImageDataGenerator)
    with pytest.raises(DataError, match=message):
        make(ours.ImageDataGenerator)


def test_errors_of_data_frames(folder, theirs):
    for options, message in (
        ({"y_col": "first"}, r"column 'first' must have names of classes .* dataframe\['first'\]\.astype\(str\)"),
        ({"x_col": "first"}, "column 'first' must have names of files"),
        ({"class_mode": "binary", "classes": ["cats"]}, "class_mode='binary' needs two classes, got 1"),
        ({"class_mode": "multi_output"}, "y_col must be a list"),
        ({"weight_col": "class"}, "column 'class' must have numbers"),
    ):
        with quiet(), pytest.raises((TypeError, ValueError)):
            theirs.ImageDataGenerator().flow_from_dataframe(frame(folder), str(folder), **options)
        with pytest.raises(DataError, match=message):
            ours.ImageDataGenerator().flow_from_dataframe(frame(folder), str(folder), **options)
    with pytest.raises(ArgumentError, match="there is no argument 'sort'"):
        ours.ImageDataGenerator().flow_from_dataframe(frame(folder), str(folder), sort=True)
    with pytest.warns(NncWarning, match=r"2 of 7 files are left out, for they are not there, such as .*none\.png"):
        ours.ImageDataGenerator().flow_from_dataframe(frame(folder), str(folder))


def test_axes_of_an_image(theirs):
    for axes in ((0, 1, 1), (0, 2, 1), (1, 2, 3)):
        with pytest.raises(ValueError):
            theirs.apply_affine_transform(IMAGES[0], 10, 0, 0, 0, 1, 1, *axes)
        with pytest.raises(DataError, match="must be the three axes of an image"):
            ours.apply_affine_transform(IMAGES[0], 10, 0, 0, 0, 1, 1, *axes)


def test_without_scipy(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "scipy.ndimage", None)
    with pytest.raises(NncError, match="SciPy, which is not installed: pip install scipy"):
        ours.apply_affine_transform(IMAGES[0], 10, 0, 0, 0, 1, 1, 0, 1, 2)
    same = ours.apply_affine_transform(IMAGES[0], 0, 0, 0, 0, 1, 1, 0, 1, 2)
    numpy.testing.assert_array_equal(same, IMAGES[0])


@pytest.mark.parametrize("size", [(5, 5), (9, 12), (20, 7), (3, 12)])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("several", [True, False])
def test_smart_resize(size, interpolation, several):
    keras = pytest.importorskip("keras")
    images = IMAGES if several else IMAGES[0]
    expected = keras.preprocessing.image.smart_resize(images, size, interpolation)
    found = smart_resize(images, size, interpolation)
    assert isinstance(found, numpy.ndarray)
    numpy.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-3)
    first = numpy.moveaxis(images, -1, -3)
    found = smart_resize(first, size, interpolation, data_format="channels_first")
    numpy.testing.assert_allclose(numpy.moveaxis(found, -3, -1), expected, rtol=1e-5, atol=1e-3)


def test_smart_resize_of_symbolic_tensors():
    inputs = nnc.Input((9, 12, 3))
    model = nnc.Model(inputs, smart_resize(inputs, (5, 5)))
    numpy.testing.assert_allclose(model(IMAGES), smart_resize(IMAGES, (5, 5)), rtol=1e-5, atol=1e-3)
    with pytest.raises(DataError, match="height and width must be known before"):
        smart_resize(nnc.Input((None, None, 3)), (5, 5))


def test_errors_of_smart_resize():
    for given, message in (
        ((IMAGES[0, 0], (5, 5)), r"images have shape \(height, width, channels\), got \(12, 3\)"),
        ((IMAGES, (5, 5, 3)), r"size must be \(height, width\)"),
        ((IMAGES, (5, 5), "nearest", "last"), "data_format must be"),
    ):
        with pytest.raises(DataError, match=message):
            smart_resize(*given)
    with pytest.raises(ArgumentError, match="there is no argument 'method'"):
        smart_resize(IMAGES, (5, 5), method="nearest")
