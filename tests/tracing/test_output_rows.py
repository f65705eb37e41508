"""Outputs that have no row for each row of the inputs, or the batch in two axes, beside Keras."""

from __future__ import annotations

import warnings
from typing import Any

import numpy
import pytest

import nnc
from nnc.errors import DataError, ModelError
from nnc.export import export

GENERATOR = numpy.random.default_rng(0)
BOTH = pytest.mark.parametrize("backend", ["numpy", "c"])


def rows(count: int) -> dict[str, Any]:
    return {key: GENERATOR.normal(size=(count, size)).astype("float32") for key, size in (("image", 3), ("text", 5))}


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


@pytest.fixture(scope="module")
def theirs(keras):
    """Logits for each picture and text, a code of weights alone, and all embeddings in a row."""
    ops = keras.ops

    class Contrastive(keras.Model):
        def __init__(self):
            super().__init__()
            self.image, self.text = keras.layers.Dense(4), keras.layers.Dense(4)

        def build(self, input_shape):
            self.image.build((None, 3))
            self.text.build((None, 5))
            self.table = self.add_weight(shape=(6, 2), name="table")

        def call(self, inputs):
            image, text = self.image(inputs["image"]), self.text(inputs["text"])
            logits = ops.matmul(image, ops.transpose(text))
            both = ops.concatenate([image, text], axis=0)
            return {"both": both, "code": ops.sin(self.table), "image": image, "logits": logits}

    keras.utils.set_random_seed(1)
    model = Contrastive()
    model(rows(2))
    return model


def check(ours: Any, theirs: Any, tolerance: float = 1e-6) -> None:
    assert ours.keys() == theirs.keys()
    for key, expected in theirs.items():
        numpy.testing.assert_allclose(ours[key], numpy.asarray(expected), rtol=1e-5, atol=tolerance, err_msg=key)


@BOTH
def test_batches_are_joined_along_the_first_axis(theirs, backend, tmp_path):
    program = nnc.compile(theirs, backend=backend)
    for count in (1, 5, 64):
        x = rows(count)
        expected = theirs.predict(x, verbose=0)
        assert expected["logits"].shape == (count, min(count, 32))
        check(program.predict(x), expected)
        check(program.predict(x, batch_size=count), theirs(x))
    x = rows(3)
    check(program(x["image"], x["text"]), theirs(x))
    program.save(tmp_path / "program.nnc")
    check(nnc.load(tmp_path / "program.nnc").predict(x), theirs(x))


def test_what_cannot_be_joined_is_an_error(theirs):
    with pytest.raises(DataError, match=r"'logits' has rows of different shapes, .*: predict batches one by one"):
        nnc.compile(theirs).predict(rows(40))


@BOTH
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_pairs_are_trained_in_one_batch(theirs, keras, backend, tmp_path):
    weights = theirs.get_weights()
    theirs.compile(keras.optimizers.SGD(0.1), loss={"logits": "mse", "image": "mae"}, run_eagerly=True)
    x = rows(8)
    y = {key: GENERATOR.normal(size=(8, size)).astype("float32") for key, size in (("logits", 8), ("image", 4))}
    program = nnc.compile(theirs, backend=backend)
    history = theirs.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0).history
    expected, after = history["loss"], theirs(x)
    theirs.set_weights(weights)
    for short, size in ((y | {"logits": y["logits"][:, :5]}, 8), (y, 4)):
        with pytest.raises(DataError, match="y_logits"):
            program.fit(x, short, batch_size=size, verbose=0)
    found = program.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0).history["loss"]
    numpy.testing.assert_allclose(found, expected, rtol=1e-5)
    check(program.predict(x), after)
    program.save(tmp_path / "program.nnc")
    again = nnc.load(tmp_path / "program.nnc")
    assert again.evaluate(x, y, batch_size=8, verbose=0) == pytest.approx(
        program.evaluate(x, y, batch_size=8, verbose=0), rel=1e-5
    )


def test_a_loss_needs_rows(theirs, keras):
    theirs.compile("sgd", loss={"code": "mse"})
    with pytest.raises(
        ModelError, match=r"output 'code' of type .* has no row for each row of the input, which a loss"
    ):
        nnc.compile(theirs)
    theirs.compile("sgd", loss={"image": "mse"})
    assert [target.output for target in nnc.compile(theirs).spec.targets] == ["image"]


def test_python_is_not_exported(theirs, tmp_path):
    program = nnc.compile(theirs, backend="numpy")
    with pytest.raises(ModelError, match=r"outputs without a row for each row of its inputs.* export it as C"):
        export(program, "python", tmp_path / "program.py", batch=4)
