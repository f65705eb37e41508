"""Programs of layers over images and sequences, saved and loaded: the same predictions, training goes on."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc import layers

GENERATOR = numpy.random.default_rng(8)


def images():
    x = nnc.Input((8, 8, 3))
    y = layers.RandomRotation(0.1)(layers.RandomFlip()(x))
    y = layers.ZeroPadding2D(1)(layers.Resizing(6, 7)(y))
    y = layers.MaxPooling2D(3, 2, "same")(layers.PReLU(shared_axes=[1, 2])(y))
    y = layers.UpSampling2D(2, interpolation="bilinear")(y)
    y = layers.AveragePooling2D(3, 1, "same")(layers.Cropping2D(1)(y))
    y = layers.SpatialDropout2D(0.2)(layers.AdaptiveMaxPooling2D((4, 2))(y))
    merged = layers.concatenate([layers.GlobalMaxPooling2D()(y), layers.GlobalAveragePooling2D()(y)])
    return nnc.Model(x, layers.Dense(2)(merged)), GENERATOR.normal(size=(6, 8, 8, 3)).astype("float32")


def sequences():
    x = nnc.Input((None, 4))
    y = layers.Cropping1D((0, 1))(layers.ZeroPadding1D((2, 1))(layers.GaussianNoise(0.1)(x)))
    y = layers.AveragePooling1D(2, padding="same")(layers.MaxPooling1D(3, 1)(y))
    y = layers.UpSampling1D(2)(y)
    return nnc.Model(x, layers.Dense(2)(layers.GlobalAveragePooling1D()(y))), GENERATOR.normal(size=(6, 9, 4)).astype(
        "float32"
    )


def numbers():
    x = nnc.Input((3,), dtype="int32")
    one = layers.IntegerLookup(vocabulary=[3, 1, 5], output_mode="multi_hot")(x)
    two = layers.Discretization([1.5, 3.5], output_mode="count")(x)
    three = layers.Normalization(mean=2.0, variance=4.0)(layers.Rescaling(0.5)(x))
    return nnc.Model(x, layers.Dense(2)(layers.Concatenate()([one, two, three]))), GENERATOR.integers(0, 7, (6, 3))


@pytest.mark.parametrize("make", [images, sequences, numbers])
@pytest.mark.sampled(2)
def test_a_saved_program_predicts_and_trains_on(tmp_path, make):
    model, x = make()
    model.compile("adam", "mse")
    y = GENERATOR.normal(size=(6, 2)).astype("float32")
    model.fit(x, y, epochs=1, verbose=0)
    model.save(tmp_path / "model.nnc")
    program = nnc.load(tmp_path / "model.nnc")
    numpy.testing.assert_array_equal(program.predict(x), model.predict(x))
    numpy.testing.assert_array_equal(program.predict(x[:2]), model.predict(x)[:2])
    program.fit(x, y, epochs=2, verbose=0)
    model.fit(x, y, epochs=2, verbose=0)
    numpy.testing.assert_array_equal(program.predict(x), model.predict(x))


def test_lengths_known_at_run_time_are_those_of_keras():
    keras = pytest.importorskip("keras")
    found = []
    for nn in (nnc, keras):
        x = nn.Input((None, 4))
        y = nn.layers.Cropping1D((0, 1))(nn.layers.ZeroPadding1D((2, 1))(x))
        y = nn.layers.AveragePooling1D(2, padding="same")(nn.layers.MaxPooling1D(3, 1)(y))
        found.append(nn.Model(x, nn.layers.UpSampling1D(2)(y)))
    for length in (4, 9, 6):
        x = GENERATOR.normal(size=(3, length, 4)).astype("float32")
        expected = found[1].predict(x, verbose=0)
        numpy.testing.assert_allclose(found[0].predict(x), expected, rtol=1e-6, atol=1e-6)
