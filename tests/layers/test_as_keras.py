"""What layers and models show of themselves, their shapes, weights and lists, is what Keras's show."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import numpy
import pytest

import nnc

IMAGES = numpy.random.default_rng(0).uniform(size=(2, 6, 6, 3)).astype("float32")


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


def room(module):
    """Return layers and models of one library side by side."""
    named = {name: getattr(module.layers, name) for name in dir(module.layers) if name[0].isupper()}
    return SimpleNamespace(**named | {name: getattr(module, name) for name in ("Input", "Model", "Sequential")})


def model(k, shape, *layers):
    x = y = k.Input(batch_shape=shape)
    for layer in layers:
        y = layer(y)
    return k.Model(x, y)


def seen_by_build(k):
    """Return the shape that a layer of one's own is built with."""

    class Seeing(k.Layer):
        def build(self, input_shape):
            self.seen = tuple(input_shape)

        def call(self, x):
            return x * 1.0

    layer = Seeing()
    layer(k.Input(batch_shape=(5, 3)))
    return layer.seen


SHAPES = {
    "input": lambda k: k.Input(batch_shape=(5, 3)).shape,
    "input of a batch size": lambda k: k.Input((3,), batch_size=4).shape,
    "dense": lambda k: k.Dense(2)(k.Input(batch_shape=(5, 3))).shape,
    "flatten": lambda k: k.Flatten()(k.Input(batch_shape=(5, 3, 2))).shape,
    "rows of rows": lambda k: k.TimeDistributed(k.Dense(2))(k.Input(batch_shape=(5, 3, 4))).shape,
    "operation": lambda k: (k.Input((3,)) + k.Input(batch_shape=(5, 3))).shape,
    "merged": lambda k: k.Add()([k.Input((3,)), k.Input(batch_shape=(5, 3))]).shape,
    "model": lambda k: (model(k, (5, 3), k.Dense(2)).input_shape, model(k, (5, 3), k.Dense(2)).output_shape),
    "chain": lambda k: k.Sequential([k.Input(batch_shape=(5, 3)), k.Dense(2)]).output_shape,
    "model as a layer": lambda k: model(k, (None, 3), k.Dense(2))(k.Input(batch_shape=(4, 3))).shape,
    "built": seen_by_build,
    "other batches": lambda k: model(k, (5, 3), k.Dense(2)).predict(numpy.ones((7, 3)), verbose=0).shape,
    "computed": lambda k: k.Dense(3).compute_output_shape((2, 3)),
    "computed, not known": lambda k: k.Dense(3).compute_output_shape((None, 3)),
    "computed of images": lambda k: k.Conv2D(3, 2).compute_output_shape((4, 5, 6, 2)),
    "computed of sequences": lambda k: k.LSTM(3, return_sequences=True).compute_output_shape((4, 5, 6)),
    "computed, both ways": lambda k: k.Bidirectional(k.GRU(3)).compute_output_shape((2, 3, 4)),
    "computed of a list": lambda k: k.Concatenate().compute_output_shape([(4, 5), (4, 6)]),
    "computed of a list, not known": lambda k: k.Concatenate().compute_output_shape([(None, 5), (4, 6)]),
    "computed of a model": lambda k: model(k, (None, 3), k.Dense(2)).compute_output_shape((7, 3)),
    "crop": lambda k: k.RandomCrop(4, 4)(k.Input((6, 6, 3))).shape,
    "enlarging crop": lambda k: k.RandomCrop(8, 9)(k.Input((6, 6, 3))).shape,
    "computed of a crop": lambda k: k.RandomCrop(4, 4).compute_output_shape((None, 6, 6, 3)),
    "crop when predicting": lambda k: model(k, (None, 6, 6, 3), k.RandomCrop(4, 4)).predict(IMAGES, verbose=0).shape,
    "crop in training": lambda k: model(k, (None, 6, 6, 3), k.RandomCrop(4, 4))(IMAGES, training=True).shape,
    "behind a crop": lambda k: (
        model(k, (None, 6, 6, 3), k.RandomCrop(4, 4), k.Conv2D(2, 3), k.GlobalAveragePooling2D())
        .predict(IMAGES, verbose=0)
        .shape
    ),
}


@pytest.mark.parametrize("make", SHAPES.values(), ids=SHAPES)
def test_shapes(make, keras):
    expected = make(room(keras))
    found = make(room(nnc))
    assert (tuple(found), type(found)) == (tuple(expected), type(found))


@pytest.mark.parametrize("dtype", ["bool", "int32", "int64", "uint8", "float32"])
def test_a_weight_without_initializer(dtype, keras):
    expected, found = (
        numpy.asarray(module.layers.Layer().add_weight(shape=(4, 9), dtype=dtype)) for module in (keras, nnc)
    )
    assert found.dtype == expected.dtype
    assert (found != 0).any() == (expected != 0).any() == (dtype == "float32")


def test_functions_between_layers_are_no_layers(keras):
    def make(k):
        x = k.Input((3,), name="x")
        return k.Model(x, k.Dense(3, name="d")(x + 1.0) * 2.0 - x)

    ours, theirs = make(room(nnc)), make(room(keras))
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers] == ["x", "d"]
    assert len(ours.operations) == len(theirs.operations)
    assert ours.get_layer(index=1).name == theirs.get_layer(index=1).name
    rows = numpy.float32([[1, 2, 3]])
    again = nnc.Model.from_config(ours.get_config())
    again.set_weights(ours.get_weights())
    numpy.testing.assert_array_equal(again.predict(rows), ours.predict(rows))


@pytest.mark.parametrize("name", ["Attention", "AdditiveAttention", "MultiHeadAttention", "GroupQueryAttention"])
def test_scores_that_attention_returns_while_training(name, keras):
    """Those of the first two have gone through dropout, those of the others have not."""
    x = numpy.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    arguments = {"MultiHeadAttention": (2, 2), "GroupQueryAttention": (2, 2, 1)}.get(name, ())

    def dropped(module):
        layer = getattr(module.layers, name)(*arguments, dropout=0.9999)
        given = ([x, x],) if not arguments else (x, x)
        return bool((numpy.asarray(layer(*given, return_attention_scores=True, training=True)[1]) == 0).any())

    assert dropped(nnc) == dropped(keras)
