"""A training that is killed goes on to the bit, from an epoch or from the middle of one."""

from __future__ import annotations

import io
import json
import os
import zipfile

import numpy
import pytest

import nnc
from nnc.callbacks import BackupAndRestore, Callback
from nnc.errors import DataError
from tests.callbacks.networks import arrays, fit, network, train_until_killed


def model():
    """Dropout, a shuffled order, and an optimizer with slots: all of which have to go on."""
    made = nnc.Sequential(
        [
            nnc.Input((3,)),
            nnc.layers.Dense(4, activation="tanh"),
            nnc.layers.Dropout(0.3),
            nnc.layers.Dense(1),
        ]
    )
    made.compile(nnc.optimizers.Adam(0.01), "mse", metrics=["mae"])
    made.seed = 11
    generator = numpy.random.default_rng(1)
    made.set_weights([generator.normal(0, 0.7, weight.shape) for weight in made.get_weights()])
    return made


def train(folder, save_freq, more=()):
    made = model()
    x, y = arrays()
    callbacks = [BackupAndRestore(folder, save_freq), *more]
    history = made.fit(x, y, 8, epochs=6, verbose=0, callbacks=callbacks, validation_data=(x[:9], y[:9]))
    return made, history


@pytest.mark.parametrize(("save_freq", "killed", "first"), [("epoch", 13, 2), (1, 13, 2), (4, 18, 3), (1, 15, 2)])
@pytest.mark.sampled(2)
def test_a_killed_process_goes_on(tmp_path, save_freq, killed, first):
    folder = tmp_path / "backup"
    train_until_killed(__name__, killed, folder, save_freq)
    assert [path.name for path in folder.iterdir()] == ["latest.npz"]
    resumed, history = train(folder, save_freq)
    whole, expected = train(tmp_path / "other", "epoch")
    assert not folder.exists()
    assert history.epoch == list(range(first, 6))
    for name, values in history.history.items():
        assert values == expected.history[name][first:]
    for label, array in whole.program.states.items():
        numpy.testing.assert_array_equal(resumed.program.states[label], array, err_msg=label)
    assert resumed.program.order_state == whole.program.order_state


class Stopped(Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise RuntimeError("stopped")


def test_copies_are_kept_where_that_is_wanted(tmp_path):
    with pytest.raises(RuntimeError, match="stopped"):
        fit(network(nnc), [BackupAndRestore(tmp_path, double_checkpoint=True), Stopped()])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest.npz", "latest.npz.bkp"]
    (tmp_path / "latest.npz").write_bytes(b"half of a cop")
    with pytest.warns(UserWarning, match=r"latest.npz is damaged: .*; training goes on from latest.npz.bkp"):
        history = fit(network(nnc), BackupAndRestore(tmp_path, delete_checkpoint=False))
    assert history.epoch == [1, 2, 3, 4]
    assert (tmp_path / "latest.npz").exists()
    assert fit(network(nnc), BackupAndRestore(tmp_path)).epoch == []
    assert not tmp_path.exists()


def place(parts, **entries):
    found = json.loads(bytes(parts["place"])) | entries
    parts["place"] = numpy.frombuffer(json.dumps(found).encode(), "uint8")


WRONG = {
    "order": (lambda parts: place(parts, order={"bit_generator": "MT19937"}), "is damaged: state must be for a PCG64"),
    "order's number": (lambda parts: place(parts, order=[1]), "latest.npz is damaged: "),
    "epoch": (lambda parts: place(parts, epoch=-1), "is damaged: epochs and batches are counted from 0, got -1"),
    "batch": (lambda parts: place(parts, batch="x"), "is damaged: epochs and batches are counted from 0, got 'x'"),
    "no array": (lambda parts: parts.update(place=b"{}"), "latest.npz is damaged: 'place' is not an array"),
    "no arrays": (
        lambda parts: parts.update({"state/parameters": b"x"}),
        "damaged: 'state/parameters' is not an array",
    ),
    "texts": (
        lambda parts: parts.update({"state/parameters": parts["state/parameters"].astype("U")}),
        "state '@parameters' of program 'sequential.*' is float32, got <U32",
    ),
}


def changed(data, change):
    with numpy.load(io.BytesIO(data)) as archive:
        parts = {name: archive[name] for name in archive.files}
    change(parts)
    buffer = io.BytesIO()
    numpy.savez(buffer, **{name: part for name, part in parts.items() if not isinstance(part, bytes)})
    with zipfile.ZipFile(buffer, "a") as archive:
        for name, part in parts.items():
            if isinstance(part, bytes):
                archive.writestr(name, part)
    return buffer.getvalue()


def test_a_damaged_copy_is_named(tmp_path):
    with pytest.raises(RuntimeError, match="stopped"):
        fit(network(nnc), [BackupAndRestore(tmp_path), Stopped()])
    path = tmp_path / "latest.npz"
    data = path.read_bytes()
    for damaged in (data[: len(data) // 2], b"nothing", b"", data[:200] + b"\0" * 40 + data[240:]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"latest.npz is damaged: .* delete it to train from the start"):
            fit(network(nnc), BackupAndRestore(tmp_path))
    for change, message in WRONG.values():
        path.write_bytes(changed(data, change))
        with pytest.raises(DataError, match=message):
            fit(network(nnc), BackupAndRestore(tmp_path))
    path.write_bytes(data)
    other = nnc.Sequential([nnc.Input((3,)), nnc.layers.Dense(5), nnc.layers.Dense(1)])
    other.compile("sgd", "mse")
    with pytest.raises(DataError, match=r"state '@parameters' of program 'sequential.*' has shape"):
        fit(other, BackupAndRestore(tmp_path))


@pytest.fixture
def left_by_keras(tmp_path):
    """A folder that Keras's callback left after two epochs, and the epochs that Keras makes without a stop."""
    keras = pytest.importorskip("keras")

    class Killed(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        callbacks = [keras.callbacks.BackupAndRestore(str(tmp_path)), Killed()]
        fit(network(keras, keras.optimizers.Adam(0.02)), callbacks)
    return tmp_path, fit(network(keras, keras.optimizers.Adam(0.02)), None)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # in Keras
@pytest.mark.slow
def test_training_goes_on_from_what_keras_left(left_by_keras):
    folder, expected = left_by_keras
    history = fit(network(nnc, nnc.optimizers.Adam(0.02)), BackupAndRestore(folder, delete_checkpoint=False))
    assert history.epoch == [2, 3, 4]
    for name, values in history.history.items():
        numpy.testing.assert_allclose(values, expected.history[name][2:], rtol=1e-5)
    os.utime(folder / "latest.npz", (0, 0))  # as if Keras had gone on after nnc
    with pytest.raises(DataError, match=r"is a backup of Keras's, .* continue it with `fit` of the model"):
        fit(network(nnc).program, BackupAndRestore(folder))
    with pytest.raises(DataError, match=r"is a backup of Keras's, which has one network and no replicas"):
        fit(nnc.compile(network(nnc), replicas=2), BackupAndRestore(folder))
    (folder / "training_metadata.json").write_text('{"epoch": -1}')
    with pytest.raises(DataError, match=r"training_metadata.json is damaged: epochs are counted from 0, got -1"):
        fit(network(nnc), BackupAndRestore(folder))
    with pytest.warns(UserWarning, match=r"latest.weights.h5: its optimizer starts afresh: the file has 10 arrays"):
        (folder / "training_metadata.json").unlink()
        assert fit(network(nnc), BackupAndRestore(folder)).epoch == [0, 1, 2, 3, 4]
