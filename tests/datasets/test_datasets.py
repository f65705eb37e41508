"""Keras's data sets, from small files of the same form, beside Keras."""

from __future__ import annotations

import gzip
import inspect
import io
import json
import os
import pickle
import tarfile
from importlib import import_module

import numpy
import pytest

from nnc import datasets, downloads
from nnc.errors import DataError

RANDOM = numpy.random.default_rng(0)
TRUSTED = numpy.array([[5, 1, 30], [2], [7, 7, 1, 12]], object)


def ragged(rows):
    found = numpy.empty(rows, object)
    found[:] = [RANDOM.integers(1, 60, RANDOM.integers(1, 9)).tolist() for _ in range(rows)]
    return found


def images(rows, *shape):
    return RANDOM.integers(0, 256, (rows, *shape)).astype("uint8")


def cifar(folder, name, members):
    archive = folder / f"{name}-target_archive"
    with tarfile.open(archive, "w:gz") as tar:
        for member, content in members.items():
            data = pickle.dumps(content, protocol=4)
            info = tarfile.TarInfo(f"{name}/{member}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def cifar_batch(keys):
    return {b"data": images(4, 3072)} | {key: RANDOM.integers(0, 9, 4).tolist() for key in keys}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a cache with small files of the form of Keras's."""
    folder = tmp_path_factory.mktemp("home") / "datasets"
    (folder / "fashion-mnist").mkdir(parents=True)
    numpy.savez(
        folder / "mnist.npz",
        x_train=images(6, 28, 28),
        y_train=images(6) % 10,
        x_test=images(3, 28, 28),
        y_test=images(3) % 10,
    )
    for name, rows in (("train", 5), ("t10k", 2)):
        for kind, array, header in (("labels-idx1", images(rows), 8), ("images-idx3", images(rows, 28, 28), 16)):
            with gzip.open(folder / "fashion-mnist" / f"{name}-{kind}-ubyte.gz", "wb") as stream:
                stream.write(bytes(header) + array.tobytes())
    batches = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    cifar(folder, "cifar-10-batches-py", {name: cifar_batch([b"labels"]) for name in batches})
    cifar(folder, "cifar-100-python", {n: cifar_batch([b"fine_labels", b"coarse_labels"]) for n in ("train", "test")})
    for name in ("boston", "california"):
        numpy.savez(folder / f"{name}_housing.npz", x=RANDOM.normal(size=(700, 8)), y=RANDOM.normal(size=700))
    numpy.savez(folder / "reuters.npz", x=ragged(30), y=RANDOM.integers(0, 46, 30))
    numpy.savez(
        folder / "imdb.npz",
        x_train=ragged(20),
        y_train=RANDOM.integers(0, 2, 20),
        x_test=ragged(15),
        y_test=RANDOM.integers(0, 2, 15),
    )
    for name in ("imdb", "reuters"):
        (folder / f"{name}_word_index.json").write_text(json.dumps({"the": 1, f"{name}": 2}))
    return folder.parent


@pytest.fixture
def cached(home, monkeypatch):
    """Let these files be taken for Keras's."""
    monkeypatch.setenv("KERAS_HOME", str(home))
    monkeypatch.setattr(downloads, "_checksum", lambda path, expected, algorithm: expected)


@pytest.fixture
def keras(cached, home, monkeypatch):
    keras = pytest.importorskip("keras")
    utils = import_module("keras.src.utils.file_utils")
    monkeypatch.setattr(utils.config, "keras_home", lambda: str(home))
    monkeypatch.setattr(utils, "validate_file", lambda *args, **kwargs: True)
    monkeypatch.setattr(import_module("keras.src.datasets.cifar10").np, "empty", numpy.empty)
    return keras


CALLS = {
    "mnist": [{}],
    "fashion_mnist": [{}],
    "cifar100": [{}, {"label_mode": "coarse"}],
    "boston_housing": [{}, {"test_split": 0.5, "seed": 3}],
    "california_housing": [{}, {"version": "small"}],
    "imdb": [
        {},
        {"num_words": 40, "skip_top": 5, "maxlen": 6},
        {"start_char": None, "oov_char": None, "num_words": 30, "index_from": 0, "seed": 1},
    ],
    "reuters": [{}, {"num_words": 40, "test_split": 0.5, "maxlen": 7}, {"oov_char": None, "num_words": 20}],
}


def as_lists(array):
    return [list(item) for item in array] if array.dtype == object else array.tolist()


@pytest.mark.parametrize(("name", "options"), [(name, options) for name, calls in CALLS.items() for options in calls])
def test_arrays_are_those_of_keras(keras, name, options):
    ours, theirs = (module.load_data(**options) for module in (getattr(datasets, name), getattr(keras.datasets, name)))
    for split, other in zip(ours, theirs, strict=True):
        for one, expected in zip(split, other, strict=True):
            assert one.dtype == expected.dtype
            assert as_lists(one) == as_lists(expected)


def test_cifar10(cached):
    (x, y), (x_test, y_test) = datasets.cifar10.load_data()  # of which Keras takes 10,000 rows a batch for granted
    assert (x.shape, y.shape, x_test.shape, y_test.shape) == ((20, 32, 32, 3), (20, 1), (4, 32, 32, 3), (4, 1))
    assert {array.dtype.name for array in (x, y, x_test, y_test)} == {"uint8"}
    folder = os.path.join(os.environ["KERAS_HOME"], "datasets", "cifar-10-batches-py-target", "cifar-10-batches-py")
    with open(os.path.join(folder, "data_batch_2"), "rb") as stream:
        batch = pickle.load(stream)
    assert x[5, 2, 7].tolist() == batch[b"data"][1].reshape(3, 32, 32)[:, 2, 7].tolist()
    assert y[4:8, 0].tolist() == batch[b"labels"]


@pytest.mark.parametrize("name", sorted(datasets.__all__))
def test_functions_have_the_arguments_of_keras(keras, name):
    theirs, ours = getattr(keras.datasets, name), getattr(datasets, name)
    for function in (item for item in vars(theirs) if inspect.isfunction(getattr(theirs, item))):
        one, other = (inspect.signature(getattr(module, function)).parameters for module in (ours, theirs))
        assert [(p.name, p.kind, p.default) for p in one.values()] == [
            (p.name, p.kind, p.default) for p in other.values()
        ]


def test_words_and_topics(keras):
    for name in ("imdb", "reuters"):
        assert getattr(datasets, name).get_word_index() == getattr(keras.datasets, name).get_word_index()
    assert datasets.reuters.get_label_names() == keras.datasets.reuters.get_label_names()


class Gadget:
    """Writes a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def test_nothing_in_a_file_is_run(cached, tmp_path):
    marker = tmp_path / "marker"
    hostile = numpy.empty(1, object)
    hostile[0] = Gadget(marker)
    path = os.path.join(os.environ["KERAS_HOME"], "datasets", "hostile.npz")
    numpy.savez(path, x=hostile, y=numpy.zeros(1))
    with pytest.raises(DataError, match=r"array 'x': expected arrays, and cannot be read as such: it asks for posix"):
        datasets.reuters.load_data("hostile.npz")
    assert not marker.exists()


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"no archive", lambda data: b""])
def test_damaged_files(cached, damage):
    folder = os.path.join(os.environ["KERAS_HOME"], "datasets")
    with open(os.path.join(folder, "mnist.npz"), "rb") as stream:
        data = stream.read()
    with open(os.path.join(folder, "damaged.npz"), "wb") as stream:
        stream.write(damage(data))
    with pytest.raises(DataError, match=r"damaged\.npz: the file is damaged"):
        datasets.mnist.load_data("damaged.npz")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: datasets.cifar100.load_data("middle"), "label_mode must be 'fine' or 'coarse', got 'middle'"),
        (lambda: datasets.california_housing.load_data("tiny"), "version must be 'large' or 'small', got 'tiny'"),
        (lambda: datasets.boston_housing.load_data(test_split=1.0), "test_split must be from 0 to below 1, got 1.0"),
        (lambda: datasets.imdb.load_data(nb_words=3), "imdb.load_data has no argument 'nb_words'"),
        (lambda: datasets.imdb.load_data(maxlen=1), "no review is shorter than maxlen=1; increase it"),
    ],
)
def test_arguments_that_are_none(cached, call, message):
    with pytest.raises(DataError, match=message):
        call()


def test_there_are_no_others():
    with pytest.raises(AttributeError, match="has no attribute 'iris'; there are boston_housing, "):
        _ = datasets.iris
