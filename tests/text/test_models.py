"""Models that begin with texts, read from live ones and from files, beside Keras."""

from __future__ import annotations

import subprocess
import sys

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.plugins import read_config
from nnc.readers import read_model
from tests.text.languages import TEXTS
from tests.text.models import MODELS, ROWS, TARGETS, adapted, longest_of_a_batch


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def tensors(x):
    """Return inputs as Keras takes them: texts as tensors."""
    tensorflow = pytest.importorskip("tensorflow")
    if isinstance(x, dict):
        return {key: tensors(item) for key, item in x.items()}
    if isinstance(x, list):
        return [tensors(item) for item in x]
    return tensorflow.constant(x.tolist() if x.dtype == object else x)


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("make", MODELS)
@pytest.mark.sampled(1 / 3)
def test_live_models(keras, make, backend):
    keras.utils.set_random_seed(3)
    model, x = make(keras)
    program = nnc.compile(model, backend=backend)
    expected = numpy.asarray(model(tensors(x)))
    numpy.testing.assert_allclose(program.predict(x), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("make", MODELS)
def test_training(keras, make):
    keras.utils.set_random_seed(3)
    model, x = make(keras)
    model.compile("sgd", "mse", metrics=["mae"])
    ours = read_model(model)
    found, expected = (
        ours.fit(x, TARGETS, batch_size=ROWS, epochs=2, verbose=0),
        model.fit(tensors(x), TARGETS, batch_size=ROWS, epochs=2, verbose=0),
    )
    for name, numbers in expected.history.items():
        numpy.testing.assert_allclose(found.history[name], numbers, rtol=1e-4)
    numpy.testing.assert_allclose(ours.predict(x), numpy.asarray(model(tensors(x))), rtol=1e-4, atol=1e-5)
    numbers = ours.evaluate(x, TARGETS, batch_size=ROWS, verbose=0)
    numpy.testing.assert_allclose(numbers, model.evaluate(tensors(x), TARGETS, batch_size=ROWS, verbose=0), rtol=1e-4)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_each_batch_is_as_long_as_its_longest_text(keras, backend):
    keras.utils.set_random_seed(3)
    model, x = longest_of_a_batch(keras)
    model.compile("sgd", "mse")
    ours = read_model(model)
    ours.backend = backend
    given = tensors(x)
    for _ in range(2):
        numpy.testing.assert_allclose(
            ours.predict(x, batch_size=4), model.predict(given, batch_size=4, verbose=0), rtol=1e-4, atol=1e-5
        )
        found, expected = (
            ours.evaluate(x, TARGETS, batch_size=4, verbose=0),
            model.evaluate(given, TARGETS, batch_size=4, verbose=0),
        )
        assert found == pytest.approx(expected, rel=1e-4)
        found, expected = (
            ours.fit(x, TARGETS, batch_size=4, epochs=2, shuffle=False, verbose=0, validation_split=0.5),
            model.fit(given, TARGETS, batch_size=4, epochs=2, shuffle=False, verbose=0, validation_split=0.5),
        )
        for name, numbers in expected.history.items():
            numpy.testing.assert_allclose(found.history[name], numbers, rtol=1e-4)


def test_batches_of_a_stream(keras):
    tensorflow = pytest.importorskip("tensorflow")
    keras.utils.set_random_seed(3)
    model, x = longest_of_a_batch(keras)
    model.compile("sgd", "mse")
    ours = read_model(model)
    batches = tensorflow.data.Dataset.from_tensor_slices((tensors(x), TARGETS)).batch(5)
    found, expected = (one.fit(batches, epochs=2, shuffle=False, verbose=0).history["loss"] for one in (ours, model))
    numpy.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.sampled(5)
@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of h5py's arrays, in Keras
@pytest.mark.parametrize("make", MODELS)
def test_files(keras, make, tmp_path):
    model, x = make(keras)
    expected = numpy.asarray(model(tensors(x)))
    model.save(tmp_path / "model.keras")
    ours = read_model(tmp_path / "model.keras")
    numpy.testing.assert_allclose(ours.predict(x), expected, rtol=1e-5, atol=1e-6)
    ours.save(tmp_path / "again.keras")
    again = keras.saving.load_model(tmp_path / "again.keras")
    numpy.testing.assert_allclose(numpy.asarray(again(tensors(x))), expected, rtol=1e-5, atol=1e-6)
    rebuilt = read_config(ours.to_json())
    rebuilt.set_weights(ours.get_weights())
    numpy.testing.assert_array_equal(rebuilt.predict(x), ours.predict(x))


ALONE = """
import sys
import numpy
import nnc
from nnc.errors import ModelError
program = nnc.load(sys.argv[1])
given = numpy.load(sys.argv[2])
def texts(key):
    return [text.tobytes().decode() for text in numpy.split(given[key + "/texts"], given[key + "/ends"])[:-1]]
labels = [item.label for item in program.spec.taken]
x = [texts(key) if key + "/texts" in given else given[key] for key in labels]
numpy.save(sys.argv[3], program.predict(x if len(x) > 1 else x[0]))
program.save(sys.argv[4])
unwanted = {"keras", "tensorflow", "nnc.layers", "nnc.models"} & set(sys.modules)
assert not unwanted, unwanted
"""


def _bytes_of(texts):
    """Return texts as arrays of numbers, which a file has without pickles."""
    encoded = [text.encode() for text in texts.reshape(-1)]
    ends = numpy.cumsum([len(text) for text in encoded])
    return numpy.frombuffer(b"".join(encoded), "uint8"), ends


@pytest.mark.sampled(1 / 4)
@pytest.mark.parametrize("make", MODELS)
def test_programs_without_keras(keras, make, tmp_path):
    model, x = make(keras)
    program = nnc.compile(model)
    program.save(tmp_path / "model.nnc")
    labels = [item.label for item in program.spec.taken]
    inputs = x if isinstance(x, dict) else dict(zip(labels, x if isinstance(x, list) else [x], strict=True))
    arrays = {}
    for label, array in inputs.items():
        if array.dtype == object:
            arrays[f"{label}/texts"], arrays[f"{label}/ends"] = _bytes_of(array)
        else:
            arrays[label] = array
    numpy.savez(tmp_path / "x.npz", **arrays)
    paths = [str(tmp_path / name) for name in ("model.nnc", "x.npz", "y.npy", "again.nnc")]
    subprocess.run([sys.executable, "-c", ALONE, *paths], check=True)
    numpy.testing.assert_array_equal(numpy.load(tmp_path / "y.npy"), program.predict(x))
    assert (tmp_path / "again.nnc").read_bytes() == (tmp_path / "model.nnc").read_bytes()


def traced_models(keras):
    """Return models with a part of their author's behind texts, and what they are given."""

    class Waves(keras.layers.Layer):
        def call(self, x):
            return keras.ops.sin(x) * 2

    class Whole(keras.Model):
        def __init__(self):
            super().__init__()
            self.vectorize = adapted(keras, output_sequence_length=5)
            self.embedding, self.dense = keras.layers.Embedding(90, 3), keras.layers.Dense(1)

        def call(self, x):
            return self.dense(keras.ops.mean(self.embedding(self.vectorize(x)), axis=1))

    x = numpy.array(TEXTS, object)
    text = keras.Input((1,), dtype="string")
    waves = keras.layers.Dense(1)(Waves()(adapted(keras, output_mode="tf_idf")(text)))
    whole = Whole()
    whole(tensors(x))
    return [(keras.Model(text, waves), x[:, None]), (whole, x)]


def test_what_an_author_wrote_behind_texts(keras):
    for model, x in traced_models(keras):
        expected = numpy.asarray(model(tensors(x)))
        found = nnc.compile(model).predict(x)
        numpy.testing.assert_allclose(found, expected.reshape(found.shape), rtol=1e-5, atol=1e-6)


def test_an_author_s_layer_that_takes_texts(keras):
    class Inside(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.vectorize = adapted(keras, output_sequence_length=5)

        def call(self, x):
            return self.vectorize(x)

    text = keras.Input((1,), dtype="string")
    with pytest.raises(
        ModelError, match=r"^Layer 'inside' \(TracedLayer\) computes with numbers, and its input is texts"
    ):
        nnc.compile(keras.Model(text, Inside()(text)))
