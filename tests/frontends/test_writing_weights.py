"""Weights in files: what nnc writes is what Keras writes, and both read it."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc
from nnc import callbacks
from nnc.errors import DataError, ModelError
from nnc.readers import read_model
from tests.layers.cases import CASES

h5py = pytest.importorskip("h5py")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")  # of h5py's arrays, in Keras
X = numpy.random.default_rng(1).normal(size=(5, 4)).astype("float32")


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


def arrays(path):
    """Return the arrays of a file by their paths."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()]} if isinstance(item, h5py.Dataset) else {}))
    return found


def names(path):
    """Return the names of the layers of a model, by the paths of their groups."""
    with h5py.File(path) as file:
        return {key: group["vars"].attrs["name"] for key, group in file["layers"].items()}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_files_are_those_of_keras(case, keras, tmp_path):
    symbolic = case.symbolic(keras)
    try:
        theirs = keras.Model(symbolic, case.outputs(case.make(keras), symbolic))
    except ValueError:
        pytest.skip("on arrays only")
    random = numpy.random.default_rng(case.seed)
    theirs.set_weights([random.uniform(0.1, 1.0, weight.shape).astype(weight.dtype) for weight in theirs.weights])
    theirs.save_weights(tmp_path / "keras.weights.h5")
    try:
        ours = read_model(theirs)
    except ModelError:
        assert case.config  # a layer as an activation: Keras's weights do not have its own
        pytest.skip("not read")
    ours.save_weights(tmp_path / "nnc.weights.h5")
    found, expected = arrays(tmp_path / "nnc.weights.h5"), arrays(tmp_path / "keras.weights.h5")
    assert found.keys() == expected.keys()
    for path, array in expected.items():
        assert found[path].dtype == array.dtype, path
        numpy.testing.assert_array_equal(found[path], array, path)
    assert names(tmp_path / "nnc.weights.h5") == names(tmp_path / "keras.weights.h5")
    theirs.set_weights([weight * 0 for weight in theirs.get_weights()])
    theirs.load_weights(tmp_path / "nnc.weights.h5")
    ours.set_weights([weight * 0 for weight in ours.get_weights()])
    ours.load_weights(tmp_path / "nnc.weights.h5")
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        numpy.testing.assert_array_equal(one, other)


def make(nn):
    """Return a model with layers of one class, one that is used twice, and models inside."""
    x = nn.Input((4,))
    twice = nn.layers.Dense(4, activation="tanh")
    inside = nn.Sequential([nn.Input((4,)), nn.layers.Dense(3), nn.layers.BatchNormalization()])
    y = inside(twice(twice(x)))
    return nn.Model(x, nn.layers.Dense(2)(nn.layers.LSTM(3)(nn.layers.Reshape((3, 1))(y))))


def test_trained_weights_go_to_keras_and_back(keras, tmp_path):
    ours, theirs = make(nnc), make(keras)
    ours.compile(optimizer="adam", loss="mse")
    ours.fit(
        X,
        X[:, :2],
        epochs=2,
        callbacks=[callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True)],
    )
    theirs.load_weights(tmp_path / "2.weights.h5")
    numpy.testing.assert_allclose(theirs.predict(X, verbose=0), ours.predict(X), rtol=1e-6, atol=1e-6)
    theirs.set_weights([weight + 1.0 for weight in theirs.get_weights()])
    theirs.save_weights(tmp_path / "keras.weights.h5")
    ours.load_weights(tmp_path / "keras.weights.h5")
    numpy.testing.assert_allclose(theirs.predict(X, verbose=0), ours.predict(X), rtol=1e-6, atol=1e-6)


def test_weights_by_their_paths_come_back_to_the_bit(tmp_path):
    ours = make(nnc)
    ours.compile(optimizer="adam", loss="mse")
    ours.fit(X, X[:, :2])
    expected = ours.predict(X)
    ours.save_weights(tmp_path / "model.npz")
    again = nnc.Model.from_config(ours.get_config())
    again.load_weights(tmp_path / "model.npz")
    numpy.testing.assert_array_equal(again.predict(X), expected)
    program = nnc.compile(nnc.Model.from_config(ours.get_config()))
    program.load_weights(tmp_path / "model.npz")
    numpy.testing.assert_array_equal(program(X), expected)


def changed(change):
    """Return what writes an `.npz` file with other arrays than the model's."""

    def write(path):
        make(nnc).save_weights(path)
        with numpy.load(path) as archive:
            arrays = dict(archive)
        numpy.savez(path, **change(arrays))

    return write


FIRST = "dense/kernel"
BAD = {
    "missing": (
        changed(lambda arrays: {key: arrays[key] for key in arrays if key != FIRST}),
        f"weight '{FIRST}'.*is missing",
    ),
    "more": (
        changed(lambda arrays: arrays | {"dense/kernal": X}),
        "'dense/kernal' does not belong to program '\\w+'\\. Did you mean",
    ),
    "other shape": (changed(lambda arrays: arrays | {FIRST: X}), r"has shape \(5, 4\), expected \(4, 4\)"),
    "texts": (
        changed(lambda arrays: arrays | {FIRST: numpy.full((4, 4), "a")}),
        "is float32, got <U1",
    ),
    "complex": (
        changed(lambda arrays: arrays | {"sequential/batch_normalization/gamma": numpy.full(3, 1j)}),
        "is float32, got complex128",
    ),
    "nothing": (lambda path: path.write_bytes(b""), "expected a .npz archive, found an empty file"),
    "no file": (lambda path: None, "cannot be read"),
}


@pytest.mark.parametrize(("write", "message"), BAD.values(), ids=BAD)
def test_what_does_not_fit_changes_nothing(write, message, tmp_path):
    write(tmp_path / "weights.npz")
    ours = make(nnc)
    before = ours.get_weights()
    with pytest.raises(DataError, match=message):
        ours.load_weights(tmp_path / "weights.npz")
    for one, other in zip(ours.get_weights(), before, strict=True):
        numpy.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["weights", "model.h5", "weights.keras", "weights.txt"])
def test_other_suffixes_are_refused_before_anything_is_written(name, tmp_path):
    ours = make(nnc)
    with pytest.raises(DataError, match=r"written to .weights.h5 files, as Keras's, or to .npz files, got"):
        ours.save_weights(tmp_path / name)
    with pytest.raises(DataError, match=r"a program's weights are written to .npz files, got"):
        ours.program.save_weights(tmp_path / name)
    with pytest.raises(ModelError, match="by_name and skip_mismatch are for files of Keras's"):
        ours.load_weights(tmp_path / "a.npz", by_name=True)
    assert not list(tmp_path.iterdir())
