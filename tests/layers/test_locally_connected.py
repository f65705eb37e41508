"""Layers with a kernel of its own at each place are those of Keras 2, in files and by themselves."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.layers import layer_class

CASES = [
    ("LocallyConnected1D", {"filters": 3, "kernel_size": 2, "activation": "tanh"}, (6, 4)),
    ("LocallyConnected1D", {"filters": 2, "kernel_size": 3, "strides": 2, "use_bias": False}, (7, 2)),
    ("LocallyConnected1D", {"filters": 3, "kernel_size": 2, "data_format": "channels_first"}, (4, 6)),
    ("LocallyConnected2D", {"filters": 3, "kernel_size": 2}, (4, 5, 2)),
    (
        "LocallyConnected2D",
        {"filters": 3, "kernel_size": (3, 2), "strides": (1, 2), "data_format": "channels_first", "activation": "tanh"},
        (2, 5, 6),
    ),
    ("LocallyConnected2D", {"filters": 2, "kernel_size": (3, 2), "strides": (1, 2), "activation": "relu"}, (5, 6, 3)),
]


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize(("name", "config", "shape"), CASES)
@pytest.mark.sampled(1)
def test_files_of_keras_2(name, config, shape, tmp_path):
    tf_keras = pytest.importorskip("tf_keras")
    theirs = tf_keras.Sequential([tf_keras.layers.Input(shape), getattr(tf_keras.layers, name)(**config)])
    theirs.add(tf_keras.layers.Flatten())
    theirs.add(tf_keras.layers.Dense(1))
    generator = numpy.random.default_rng(0)
    theirs.set_weights([generator.normal(0, 0.3, weight.shape) for weight in theirs.get_weights()])
    x, y = generator.normal(size=(8, *shape)).astype("float32"), generator.normal(size=(8, 1)).astype("float32")
    theirs.compile(tf_keras.optimizers.SGD(0.05), "mse")
    theirs.save(tmp_path / "m.h5")
    ours = nnc.compile(tmp_path / "m.h5")
    numpy.testing.assert_allclose(ours(x), theirs.predict(x, verbose=0), rtol=1e-5, atol=1e-6)
    expected = [theirs.train_on_batch(x, y) for _ in range(3)]
    numpy.testing.assert_allclose([ours.train_step(x, y) for _ in range(3)], expected, rtol=1e-5)


def test_configs_and_errors():
    layer = layer_class("LocallyConnected2D")(2, 3, name="l")
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()
    layer = layer_class("LocallyConnected1D")(2, 3, data_format="channels_first")
    assert layer.get_config()["data_format"] == "channels_first"
    for key, value in (("padding", "same"), ("implementation", 2), ("data_format", "NCHW")):
        with pytest.raises(ModelError, match=f"LocallyConnected2D: {key} must be"):
            layer_class("LocallyConnected2D")(2, 3, **{key: value})
