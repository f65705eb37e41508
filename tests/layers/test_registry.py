"""Layer classes by name, default names, and what a layer says about itself."""

from __future__ import annotations

import contextvars
import subprocess
import sys

import numpy
import pytest

import nnc
from nnc import layers
from nnc.errors import ModelError
from nnc.layers import families
from nnc.objects import layer_snake_case as snake_case


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Dense", "dense"),
        ("ReLU", "re_lu"),
        ("BatchNormalization", "batch_normalization"),
        ("Conv2D", "conv2d"),
        ("MyOwnLayer", "my_own_layer"),
        ("GRUCell", "gru_cell"),
    ],
)
def test_default_names_are_those_of_keras(name, expected):
    from keras.src.utils.naming import to_snake_case

    assert snake_case(name) == expected == to_snake_case(name)


def test_registered_classes_are_found():
    def run():
        @layers.register
        class Twice(layers.Layer):
            def call(self, x):
                return x * 2.0

        @layers.register(name="package>Thrice")
        class Thrice(layers.Layer):
            def call(self, x):
                return x * 3.0

        assert layers.layer_class("Twice") is Twice
        assert layers.layer_class("package>Thrice") is Thrice
        assert {"Twice", "package>Thrice", "Dense"} <= set(layers.layer_classes())

    contextvars.copy_context().run(run)
    assert "Twice" not in layers.layer_classes()  # what is registered in a context stays there


def test_every_layer_has_a_name_of_its_own():
    classes = layers.layer_classes()
    assert {name: cls.__name__ for name, cls in classes.items()} == {name: name for name in classes}
    assert "Layer" not in classes


def test_public_names_are_those_of_keras_and_a_few_of_our_own():
    import keras

    own = {"Call", "SymbolicTensor", "Variable", "layer_class", "layer_classes", "register"}
    theirs = set(dir(keras.layers)) | {getattr(item, "__name__", "") for item in vars(keras.layers).values()}
    assert set(layers.__all__) - theirs == own  # GroupedQueryAttention is exported under another name
    assert len(set(layers.__all__)) == len(layers.__all__)
    assert set(layers.__all__) <= set(dir(layers))
    for table in (families.CLASSES, families.FUNCTIONS, families.ALIASES):
        assert list(table) == sorted(table)
    for alias, name in families.ALIASES.items():
        assert getattr(layers, alias) is layers.layer_class(alias) is getattr(layers, name)
        known = getattr(keras.layers, name)
        assert known is getattr(keras.layers, alias, None) or known.__name__ == alias
    with pytest.raises(AttributeError, match=r"module 'nnc\.layers' has no attribute 'Lstm'"):
        _ = layers.Lstm


def test_a_family_is_imported_when_it_is_used():
    code = (
        "import sys, nnc.layers; assert 'nnc.layers.merging' not in sys.modules; "
        "nnc.layers.layer_classes().get('Dense'); assert 'nnc.layers.merging' not in sys.modules; "
        "nnc.layers.Add; assert 'nnc.layers.merging' in sys.modules; "
        "assert not {'nnc.program', 'nnc.plan', 'nnc.backends', 'nnc.models'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_repr_and_notes():
    layer = layers.Dense(2, activation="relu", name="hidden")
    assert repr(layer) == "<Dense 'hidden', not built>"
    x = nnc.Input((3,), name="points")
    y = layer(x)
    assert repr(layer) == "<Dense 'hidden'>"
    assert repr(x) == "<SymbolicTensor f32[batch,3] from points>"
    assert repr(y) == "<SymbolicTensor f32[batch,2] from hidden>"
    assert (y.shape, y.dtype, y.rank) == ((None, 2), "float32", 2)
    assert layer.count_params() == 8
    assert [layer.summary_note, layers.Dense(1).summary_note, layers.Dropout(0.25).summary_note] == [
        "relu",
        "",
        "rate 0.25",
    ]
    assert layers.Activation("tanh").summary_note == "tanh"


@pytest.mark.parametrize(
    ("layer", "text", "note"),
    [
        (lambda: layers.Conv2D(8, 3), "Conv2D(8, 3×3)", ""),
        (
            lambda: layers.Conv2D(8, (3, 5), strides=2, padding="same", groups=2, activation="relu"),
            "Conv2D(8, 3×5)",
            "strides 2, same, groups 2, relu",
        ),
        (lambda: layers.Conv1D(4, 2, padding="causal", dilation_rate=4), "Conv1D(4, 2)", "causal, dilation 4"),
        (lambda: layers.Conv2DTranspose(4, 3, strides=(2, 1)), "Conv2DTranspose(4, 3×3)", "strides 2×1"),
        (lambda: layers.DepthwiseConv2D(3, depth_multiplier=2), "DepthwiseConv2D(3×3)", "depth_multiplier 2"),
        (lambda: layers.MaxPooling2D(), "MaxPooling2D(2×2)", ""),
        (lambda: layers.MaxPooling2D(3, strides=2, padding="same"), "MaxPooling2D(3×3)", "strides 2, same"),
        (lambda: layers.ZeroPadding2D(((0, 1), (2, 2))), "ZeroPadding2D(0,1×2)", ""),
        (lambda: layers.LSTM(4), "LSTM(4)", ""),
        (
            lambda: layers.LSTM(4, return_sequences=True, go_backwards=True, dropout=0.25),
            "LSTM(4)",
            "return_sequences, go_backwards, dropout 0.25",
        ),
        (lambda: layers.GRU(4, activation="relu"), "GRU(4)", "relu"),
        (
            lambda: layers.Bidirectional(layers.GRU(3, return_sequences=True)),
            "Bidirectional(GRU(3))",
            "return_sequences",
        ),
        (lambda: layers.RNN(layers.LSTMCell(3), return_state=True), "RNN(LSTMCell)", "return_state"),
        (lambda: layers.ReLU(max_value=6), "ReLU6", ""),
        (lambda: layers.ReLU(max_value=5, threshold=1), "ReLU", "max_value 5, threshold 1"),
        (lambda: layers.ReLU(), "ReLU", ""),
        (lambda: layers.MultiHeadAttention(4, 16), "MultiHeadAttention", "4 heads, key_dim 16"),
        (lambda: layers.Embedding(100, 8, mask_zero=True), "Embedding(8)", "100 rows, mask_zero"),
        (lambda: layers.LayerNormalization(axis=[1, 2]), "LayerNormalization", "axis 1,2"),
        (lambda: layers.Normalization(axis=None), "Normalization", ""),
        (lambda: layers.Reshape((4, -1)), "Reshape(4×-1)", ""),
    ],
)
def test_layers_say_which_arguments_are_not_the_default(layer, text, note):
    assert (layer().summary_text, layer().summary_note) == (text, note)


def test_the_last_axis_is_the_default_by_its_number_too():
    layer, other = layers.BatchNormalization(axis=3), layers.BatchNormalization(axis=2)
    x = nnc.Input((4, 4, 3))
    assert [layer.summary_note, other.summary_note] == ["axis 3", "axis 2"]
    other(layer(x))
    assert [layer.summary_note, other.summary_note] == ["", "axis 2"]


def test_layers_of_others_say_what_they_declare():
    class Own(layers.Layer):
        key_arguments = ("width",)
        noted_arguments = ("rate {rate}", "is_loud")

        def __init__(self, width, rate=0.5, is_loud=False, **options):
            super().__init__(**options)
            self.width, self.rate, self.is_loud = width, rate, is_loud

    assert (Own(3).summary_text, Own(3).summary_note) == ("Own(3)", "")
    assert Own(3, numpy.float32(0.25), True).summary_note == "rate 0.25, is_loud"


def test_trainable_is_looked_up_when_it_is_needed():
    layer = layers.Dense(2)
    layer(nnc.Input((3,)))
    assert [len(layer.trainable_weights), len(layer.non_trainable_weights)] == [2, 0]
    layer.trainable = False
    assert [len(layer.trainable_weights), len(layer.non_trainable_weights)] == [0, 2]
    layer.trainable, layer.bias.trainable = True, False
    assert [weight.name for weight in layer.trainable_weights] == ["kernel"]


def test_layers_are_serialized_as_keras_does():
    import keras

    ours, theirs = (nn.layers.serialize(nn.layers.Dense(3, activation="relu", name="one")) for nn in (nnc, keras))
    assert (ours["class_name"], ours["module"]) == (theirs["class_name"], theirs["module"])
    for config in (ours, theirs):
        layer = layers.deserialize(config)
        assert (type(layer), layer.units, layer.name) == (layers.Dense, 3, "one")
    assert isinstance(layers.deserialize("ReLU"), layers.ReLU)

    class Mine(layers.Layer):
        pass

    config = {"class_name": "Mine", "config": {"name": "a"}}
    assert isinstance(layers.deserialize(config, {"Mine": Mine}), Mine)
    with pytest.raises(ModelError, match="unknown layer 'Mine'"):
        layers.deserialize(config)
    with pytest.raises(ModelError, match="a layer must be a name or a config, got 3"):
        layers.deserialize(3)
