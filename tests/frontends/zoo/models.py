"""The models of the zoo: what people train, each made by keras or by tf_keras alike."""

from __future__ import annotations

from typing import Any

import numpy

from tests.frontends.zoo.files import Animal


def sequential(k: Any) -> Any:
    layers = k.layers
    return k.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(5, "hard_sigmoid"),
            layers.Dense(6, activation=layers.LeakyReLU(0.2)),
            layers.Activation("softplus"),
            layers.Dense(2, "softmax"),
        ]
    )


def without_input(k: Any) -> Any:
    return k.Sequential([k.layers.Dense(5, "relu", input_shape=(4,)), k.layers.Dense(2, "sigmoid")])


def with_dropout(k: Any) -> Any:
    layers = k.layers
    return k.Sequential([layers.Input((4,)), layers.Dense(9), layers.Dropout(0.5, seed=1), layers.Dense(1)])


def nested(k: Any) -> Any:
    """Models in models, one of them called twice in a row, another on other inputs as well."""
    layers = k.layers
    inner = k.Sequential([layers.Dense(4, "tanh", input_shape=(4,)), layers.Dense(4)], name="inner")
    x = layers.Input((4,))
    residual = k.Model(x, layers.Add()([layers.Dense(4)(x), x]), name="residual")
    y = residual(inner(inner(x)))
    return k.Model(x, layers.Dense(2)(layers.ReLU(6.0)(layers.Concatenate()([y, residual(x)]))))


def in_a_chain(k: Any) -> Any:
    """Models as layers of a Sequential."""
    layers = k.layers
    x = layers.Input((4,))
    first = k.Model(x, layers.Dense(3, "relu")(x))
    second = k.Sequential([layers.Dense(5, input_shape=(3,)), layers.Dense(2)])
    return k.Sequential([first, second, layers.Activation("tanh")])


def several_ends(k: Any) -> Any:
    layers = k.layers
    a, b = layers.Input((4,), name="a"), layers.Input((3,), name="b")
    shared = layers.Dense(3, "tanh", name="shared")
    joined = layers.Concatenate()([shared(a), b, shared(layers.Dense(4, name="wide")(b))])
    return k.Model([a, b], [layers.Dense(2, name="one")(joined), layers.Dense(1, name="two")(joined)])


def partly_frozen(k: Any) -> Any:
    layers = k.layers
    inner = k.Sequential([layers.Dense(4, "tanh", input_shape=(4,)), layers.Dense(3)], name="inner")
    inner.layers[0].trainable = False
    x = layers.Input((4,))
    return k.Model(x, layers.Dense(2)(inner(x)))


def picture_classifier(k: Any) -> Any:
    layers = k.layers
    return k.Sequential(
        [
            layers.Conv2D(4, 3, padding="same", activation="relu", input_shape=(12, 12, 3)),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Conv2D(6, (3, 2), strides=2, use_bias=False),
            layers.BatchNormalization(axis=-1, scale=False),
            layers.Activation("elu"),
            layers.ZeroPadding2D(1),
            layers.AveragePooling2D(2, padding="same"),
            layers.Flatten(),
            layers.Dense(3, "softmax"),
        ]
    )


def separable_residual(k: Any) -> Any:
    """A small Xception: separable convolutions in residual blocks."""
    layers = k.layers
    x = entry = layers.Input((16, 16, 1))
    x = layers.Activation("relu")(layers.BatchNormalization()(layers.Conv2D(4, 3, use_bias=False)(x)))
    for filters in (6, 8):
        beside = layers.BatchNormalization()(layers.Conv2D(filters, 1, strides=2, padding="same", use_bias=False)(x))
        for _ in range(2):
            x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)
            x = layers.Activation("relu")(layers.BatchNormalization()(x))
        x = layers.Add()([layers.MaxPooling2D(3, strides=2, padding="same")(x), beside])
    x = layers.Conv2D(7, 3, padding="same")(x)
    return k.Model(entry, layers.Activation("softmax")(layers.GlobalAveragePooling2D()(x)))


def dilated_residual(k: Any) -> Any:
    """Dilated convolutions over sequences of any length, as in SpliceAI."""
    layers = k.layers
    entry = layers.Input((None, 4))
    x = layers.Conv1D(6, 1)(entry)
    skip = layers.Conv1D(6, 1)(x)
    for rate in (1, 2):
        y = layers.Activation("relu")(layers.BatchNormalization()(x))
        y = layers.Conv1D(6, 3, dilation_rate=rate, padding="same")(y)
        x = layers.Add()([y, x])
        skip = layers.Add()([layers.Conv1D(6, 1)(x), skip])
    return k.Model(entry, layers.Conv1D(3, 1, activation="softmax")(layers.Cropping1D(2)(skip)))


def mobile_net(k: Any) -> Any:
    layers = k.layers
    entry = layers.Input((16, 16, 3))
    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(entry)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(layers.Conv2D(4, 3, strides=2, use_bias=False)(x)))
    for strides in (1, 2):
        x = layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
        x = layers.ReLU(6.0)(layers.BatchNormalization()(layers.Conv2D(6, 1, use_bias=False)(x)))
    x = layers.Reshape((1, 1, 6))(layers.GlobalAveragePooling2D()(x))
    x = layers.Conv2D(3, 1)(layers.Dropout(0.001)(x))
    return k.Model(entry, layers.Activation("softmax")(layers.Reshape((3,))(x)))


def autoencoder(k: Any) -> Any:
    """Encoder and decoder as models of their own."""
    layers = k.layers
    picture, code = layers.Input((8, 8, 2)), layers.Input((5,))
    x = layers.LeakyReLU(0.1)(layers.Conv2D(4, 3, strides=2, padding="same")(picture))
    encoder = k.Model(picture, layers.Dense(5)(layers.Flatten()(x)), name="encoder")
    x = layers.Reshape((4, 4, 2))(layers.Dense(32, "relu")(code))
    x = layers.UpSampling2D(2)(layers.Conv2DTranspose(3, 3, padding="same", activation="selu")(x))
    decoder = k.Model(code, layers.Conv2D(2, 3, padding="same", activation="sigmoid")(x), name="decoder")
    return k.Model(picture, decoder(encoder(picture)))


def tagger(k: Any) -> Any:
    layers = k.layers
    return k.Sequential(
        [
            layers.Embedding(20, 6, mask_zero=True, input_shape=(9,)),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
            layers.Bidirectional(layers.GRU(3, return_sequences=True), merge_mode="sum"),
            layers.TimeDistributed(layers.Dense(5, "softmax")),
        ]
    )


def character_tagger(k: Any) -> Any:
    """Words of characters: in Keras 2, a word without characters is masked; in Keras 3 it is not."""
    layers = k.layers
    entry = layers.Input((5, 6), dtype="int32")
    x = layers.TimeDistributed(layers.Embedding(9, 4, mask_zero=True))(entry)
    x = layers.TimeDistributed(layers.Dense(4))(x)
    x = layers.TimeDistributed(layers.Bidirectional(layers.LSTM(3)))(x)
    return k.Model(entry, layers.Bidirectional(layers.LSTM(2, return_sequences=True))(x))


def masked_merges(k: Any) -> Any:
    """What one of two inputs masks counts in Keras 3, not in Keras 2; there, given first states keep no mask away."""
    layers = k.layers
    source, target = layers.Input((6,), dtype="int32"), layers.Input((6,), dtype="int32")
    embedding = layers.Embedding(9, 4, mask_zero=True)
    x, y = embedding(source), embedding(target)
    _, h, c = layers.LSTM(3, return_state=True)(x)
    decoded = layers.LSTM(3, return_sequences=True)(y, initial_state=[h, c])
    merged = [layers.Concatenate()([x, y]), layers.Add()([x, y]), layers.Multiply()([x, y]), layers.Maximum()([x, y])]
    return k.Model([source, target], layers.Concatenate()([layers.GRU(2)(z) for z in (*merged, decoded)]))


def text_classifier(k: Any) -> Any:
    """Keras 2's hard sigmoid in the gates, over rows of any length."""
    layers = k.layers
    entry = layers.Input((None,), dtype="int32")
    x = layers.Embedding(20, 6)(entry)
    x = layers.LSTM(5, recurrent_activation="hard_sigmoid", return_sequences=True)(x)
    x = layers.GRU(4, reset_after=False, recurrent_activation="hard_sigmoid")(x)
    return k.Model(entry, layers.Dense(2, "sigmoid")(x))


def encoder_decoder(k: Any) -> Any:
    """Recurrent layers that start from the states of others."""
    layers = k.layers
    source, target = layers.Input((6, 3)), layers.Input((5, 2))
    _, h, c = layers.LSTM(4, return_state=True)(source)
    x = layers.LSTM(4, return_sequences=True)(target, initial_state=[h, c])
    _, forward, backward = layers.Bidirectional(layers.GRU(2, return_state=True))(source)
    x = layers.Bidirectional(layers.GRU(2, return_sequences=True))(x, initial_state=[forward, backward])
    return k.Model([source, target], layers.Dense(3)(x))


def cells(k: Any) -> Any:
    layers = k.layers
    entry = layers.Input((6, 4))
    x = layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], return_sequences=True)(entry)
    x = layers.SimpleRNN(3, return_sequences=True)(x)
    inner = k.Sequential([layers.Dense(4, "tanh", input_shape=(3,)), layers.Dense(2)], name="inner")
    x = layers.TimeDistributed(inner)(x)
    return k.Model(entry, layers.Dense(2)(layers.Flatten()(x)))


def attention(k: Any) -> Any:
    layers = k.layers
    entry = layers.Input((6, 4))
    x = layers.LayerNormalization()(entry)
    x = layers.Add()([layers.MultiHeadAttention(2, 3)(x, x), entry])
    y = layers.MultiHeadAttention(2, 2)(x, value=entry, key=x)
    return k.Model(entry, layers.Dense(2)(layers.GlobalAveragePooling1D()(layers.Concatenate()([x, y]))))


def integers(low: int, high: int) -> Any:
    """Return a maker of whole numbers."""

    def make(generator: numpy.random.Generator, shape: tuple[int, ...]) -> Any:
        return generator.integers(low, high, shape).astype("int32")

    return make


def padded(generator: numpy.random.Generator, shape: tuple[int, ...]) -> Any:
    """Return rows of whole numbers that end in zeros."""
    found = generator.integers(1, 9, shape)
    return (found * (numpy.arange(shape[1]) < generator.integers(1, shape[1] + 1, (shape[0], 1)))).astype("int32")


def words(generator: numpy.random.Generator, shape: tuple[int, ...]) -> Any:
    """Return characters of words, each padded with zeros, as each row is with words of zeros."""
    found = generator.integers(1, 9, shape)
    found *= numpy.arange(shape[2]) < generator.integers(1, shape[2] + 1, shape[:2])[..., None]
    return (found * (numpy.arange(shape[1]) < generator.integers(1, shape[1], shape[0])[:, None])[..., None]).astype(
        "int32"
    )


ANIMALS = [
    Animal("sequential", sequential),
    Animal("without input", without_input),
    Animal("with dropout", with_dropout, is_random=True),
    Animal("nested", nested),
    Animal("in a chain", in_a_chain),
    Animal("several ends", several_ends),
    Animal("partly frozen", partly_frozen),
    Animal("picture classifier", picture_classifier, is_slow=True),
    Animal("separable residual", separable_residual, is_slow=True),
    Animal("dilated residual", dilated_residual, is_slow=True),
    Animal("mobile net", mobile_net, is_random=True),
    Animal("autoencoder", autoencoder, is_slow=True),
    Animal("tagger", tagger, makes_input=integers(0, 20)),
    Animal("character tagger", character_tagger, is_slow=True, makes_input=words),
    Animal("masked merges", masked_merges, is_slow=True, makes_input=padded),
    Animal("text classifier", text_classifier, is_slow=True, makes_input=integers(0, 20)),
    Animal("encoder and decoder", encoder_decoder, is_slow=True),
    Animal("cells", cells, is_slow=True),
    Animal("attention", attention, is_slow=True),
]
