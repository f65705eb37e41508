"""What `nnc.callbacks.TensorBoard` writes, read by TensorBoard and beside what Keras's writes."""

from __future__ import annotations

import builtins
import json
import warnings

import numpy
import pytest

import nnc
from nnc.errors import DataError, NncError

pytest.importorskip("tensorboardX")
X = numpy.random.default_rng(0).normal(size=(64, 3)).astype("float32")
Y = X[:, :1] - X[:, 1:2]
TIMES = ("epoch_steps_per_second", "batch_steps_per_second")


@pytest.fixture(scope="module")
def read():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loader = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")
        tensors = pytest.importorskip("tensorboard.util.tensor_util")

    def numbers(folder):
        """Return numbers by part, tag and step, sorted where there are several, and texts by plugin."""
        found, texts = {}, {}
        for path in sorted(folder.rglob("events.out.tfevents.*")):
            for event in loader.EventFileLoader(str(path)).Load():
                for value in event.summary.value:
                    plugin, array = value.metadata.plugin_data.plugin_name, tensors.make_ndarray(value.tensor)
                    if plugin == "scalars":
                        assert (array.dtype, array.shape) == (numpy.float32, ())
                        found.setdefault((path.parent.name, value.tag, event.step), []).append(float(array))
                    else:
                        texts[path.parent.name, value.tag, plugin] = array.item()
        return {key: sorted(values) for key, values in found.items()}, texts

    return numbers


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def compiled(nn, optimizer=None):
    model = nn.Sequential([nn.Input((3,)), nn.layers.Dense(1, name="sum")])
    model.set_weights([numpy.ones((3, 1), "float32"), numpy.zeros(1, "float32")])
    model.compile(optimizer or nn.optimizers.SGD(0.05), "mse", metrics=["mae"])
    return model


def train(nn, folder, optimizer=None, **options):
    model, callback = compiled(nn, optimizer), nn.callbacks.TensorBoard(folder, **options)
    further = {"batch_size": 8, "shuffle": False, "verbose": 0}
    model.fit(X, Y, epochs=2, validation_split=0.25, callbacks=[callback], **further)
    model.evaluate(X, Y, verbose=0, callbacks=[callback])
    return model


@pytest.mark.sampled(1)
@pytest.mark.parametrize("options", [{}, {"update_freq": "batch"}, {"update_freq": 2, "write_steps_per_second": True}])
def test_numbers_and_tags_are_those_of_keras(keras, read, tmp_path, options):
    schedule = [nn.optimizers.SGD(nn.optimizers.schedules.ExponentialDecay(0.05, 3, 0.5)) for nn in (nnc, keras)]
    model = train(nnc, tmp_path / "ours", schedule[0], **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        train(keras, tmp_path / "theirs", schedule[1], **options)
    (ours, our_texts), (theirs, their_texts) = read(tmp_path / "ours"), read(tmp_path / "theirs")
    assert ours.keys() == theirs.keys()
    for key, value in ours.items():
        if key[1] in TIMES:
            assert min(value) > 0
        else:
            assert value == pytest.approx(theirs[key], rel=1e-5), key
    assert ("batch_loss" in {tag for _, tag, _ in ours}) == bool(options)
    assert our_texts.keys() == their_texts.keys() == {("train", "keras", "graph_keras_model")}
    assert json.loads(our_texts["train", "keras", "graph_keras_model"]) == json.loads(model.to_json())


def test_layers_that_cannot_be_serialised_are_left_out(keras, read, tmp_path):
    def trained(nn, folder):
        class Unwritten(nn.layers.Layer):
            def __init__(self, function, **options):
                super().__init__(**options)
                self.function = function

            def call(self, x):
                return self.function(x)

        model = nn.Sequential([nn.Input((3,)), Unwritten(nn.ops.abs), nn.layers.Dense(1)])
        model.compile("sgd", "mse")
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            model.fit(X, Y, verbose=0, callbacks=[nn.callbacks.TensorBoard(folder)])
        return [str(item.message) for item in found if "non-serializable" in str(item.message)]

    assert len(trained(nnc, tmp_path / "ours")) == len(trained(keras, tmp_path / "theirs")) == 1
    ours, texts = read(tmp_path / "ours")
    assert "epoch_loss" in {tag for _, tag, _ in ours}
    assert texts == read(tmp_path / "theirs")[1] == {}


def test_numbers_between_two_batches_that_are_written(read, tmp_path):
    train(nnc, tmp_path, update_freq=5, write_graph=False)
    found, texts = read(tmp_path)
    assert texts == {}
    assert {step for _, tag, step in found if tag == "batch_loss"} == {5, 10}
    assert {(part, step) for part, tag, step in found if tag == "epoch_loss"} == {
        (part, step) for part in ("train", "validation") for step in (0, 1)
    }


def test_replicas_have_tags_of_their_own(read, tmp_path):
    model = compiled(nnc)
    model.compile("sgd", "mse", replicas=2, seeds=[1, 2])
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=[nnc.callbacks.TensorBoard(tmp_path)])
    found, _ = read(tmp_path)
    for number in range(2):
        for epoch in range(2):
            expected = history.history["loss"][epoch][number]
            assert found["train", f"epoch_loss[{number}]", epoch] == [pytest.approx(float(expected), rel=1e-6)]


def test_two_trainings_have_two_files(tmp_path):
    callback = nnc.callbacks.TensorBoard(tmp_path)
    for _ in range(2):
        compiled(nnc).fit(X, Y, verbose=0, callbacks=[callback])
    assert len(list((tmp_path / "train").iterdir())) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"histogram_freq": 1}, "histogram_freq=1 is not supported: nnc writes no histograms"),
        ({"write_images": True}, "write_images=True is not supported"),
        ({"profile_batch": (2, 3)}, r"profile_batch=\(2, 3\) is not supported: nnc has a profiler of its own"),
        ({"embeddings_freq": 1}, "embeddings_freq=1 is not supported"),
        ({"embeddings_metadata": "a.tsv"}, "embeddings_metadata='a.tsv' is not supported"),
        ({"update_freq": 0}, "update_freq is 'epoch', 'batch' or a number of batches, got 0"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(DataError, match=message):
        nnc.callbacks.TensorBoard(**options)


def test_a_metric_of_several_numbers(tmp_path):
    class Several(nnc.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["each"] = numpy.ones(3)

    with pytest.raises(DataError, match="TensorBoard: 'epoch_each' has 3 numbers, and a scalar is one"):
        compiled(nnc).fit(X, Y, verbose=0, callbacks=[Several(), nnc.callbacks.TensorBoard(tmp_path)])


def test_without_the_writer(tmp_path, monkeypatch):
    def importing(name, *rest, original=builtins.__import__):
        if name.startswith("tensorboardX"):
            raise ImportError("No module named 'tensorboardX'")
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", importing)
    with pytest.raises(NncError, match=r"TensorBoard needs tensorboardX .*pip install 'nnc-keras\[tensorboard\]'"):
        compiled(nnc).fit(X, Y, verbose=0, callbacks=[nnc.callbacks.TensorBoard(tmp_path)])
