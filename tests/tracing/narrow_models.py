"""Models to be made under a dtype policy: each has the number of roundings that lie one behind the other in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy

POLICIES = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16")
OPTIONS = {"recurrent_initializer": "glorot_uniform"}
"""TensorFlow makes no orthogonal matrices of bfloat16."""


@dataclass(frozen=True)
class Narrow:
    """A model.

    Args:
        make: makes it, under the policy that is set.
        depth: operations one behind the other whose results are rounded, counted generously.
        rows: makes its input of a generator.
        is_authors: whether its author's code is in it, which no file has.
        types: narrow types that it names itself, whatever the policy.
    """

    make: Callable[[Any], Any]
    depth: int
    rows: Callable[[Any], Any]
    is_authors: bool
    types: tuple[str, ...]


MODELS: dict[str, Narrow] = {}


def numbers(*shape: int) -> Callable[[Any], Any]:
    return lambda generator: generator.normal(size=shape).astype("float32")


def words(*shape: int) -> Callable[[Any], Any]:
    return lambda generator: generator.integers(0, 12, shape).astype("int32")


def model(
    depth: int, rows: Callable[[Any], Any], is_authors: bool = False, types: tuple[str, ...] = ()
) -> Callable[[Any], Any]:
    def note(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
        MODELS[make.__name__] = Narrow(make, depth, rows, is_authors, types)
        return make

    return note


def chain(keras: Any, shape: tuple[int | None, ...], *layers: Any, dtype: str | None = None) -> Any:
    x = inputs = keras.Input(shape, dtype=dtype)
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


@model(4, numbers(4, 5))
def softmax_classes(keras):
    return chain(keras, (5,), keras.layers.Dense(8, "relu"), keras.layers.Dense(3, "softmax"))


@model(9, numbers(4, 5))
def deep_dense(keras):
    layers = keras.layers
    return chain(
        keras, (5,), layers.Dense(8, "gelu"), layers.Dense(8, "silu"), layers.Dense(6, "tanh"), layers.Dense(2)
    )


@model(6, numbers(3, 8, 8, 3))
def convolution_with_batch_normalization(keras):
    layers = keras.layers
    normalized = layers.BatchNormalization(epsilon=1e-3, moving_mean_initializer="random_normal")
    parts = layers.Conv2D(4, 3, padding="same"), normalized, layers.ReLU(), layers.GlobalAveragePooling2D()
    return chain(keras, (8, 8, 3), *parts, layers.Dense(2))


@model(8, numbers(3, 8, 8, 3))
def separable_convolution(keras):
    layers = keras.layers
    parts = layers.SeparableConv2D(4, 3, activation="relu"), layers.DepthwiseConv2D(3), layers.MaxPooling2D()
    return chain(keras, (8, 8, 3), *parts, layers.Flatten(), layers.Dense(2))


@model(6, numbers(3, 4, 4, 2))
def transposed_convolution(keras):
    layers = keras.layers
    return chain(keras, (4, 4, 2), layers.Conv2DTranspose(3, 3, strides=2), layers.UpSampling2D(), layers.Conv2D(2, 1))


@model(5, numbers(3, 12, 3))
def causal_convolution(keras):
    layers = keras.layers
    return chain(keras, (12, 3), layers.Conv1D(4, 3, padding="causal", dilation_rate=2), layers.AveragePooling1D(2))


@model(5, numbers(6, 5))
def normalized_dense(keras):
    layers = keras.layers
    return chain(keras, (5,), layers.Dense(8), layers.BatchNormalization(), layers.LeakyReLU(), layers.Dense(2))


@model(6, numbers(4, 6))
def residual_with_layer_normalization(keras):
    x = inputs = keras.Input((6,))
    for _ in range(2):
        x = keras.layers.LayerNormalization(epsilon=1e-7)(x + keras.layers.Dense(6)(x))
    return keras.Model(inputs, x)


@model(5, numbers(3, 4, 4, 4))
def group_normalization(keras):
    layers = keras.layers
    parts = layers.GroupNormalization(2), layers.UnitNormalization(), layers.Flatten(), layers.Dense(2)
    return chain(keras, (4, 4, 4), layers.Conv2D(4, 1), *parts)


@model(16, words(3, 6))
def long_short_term_memory(keras):
    layers = keras.layers
    return chain(
        keras, (6,), layers.Embedding(12, 5, mask_zero=True), layers.LSTM(4, **OPTIONS), layers.Dense(2), dtype="int32"
    )


@model(20, numbers(3, 6, 4))
def bidirectional_recurrence(keras):
    layers = keras.layers
    recurrent = layers.Bidirectional(layers.GRU(3, return_sequences=True, **OPTIONS))
    return chain(keras, (6, 4), recurrent, layers.SimpleRNN(3, **OPTIONS), layers.Dense(2))


@model(6, numbers(3, 5, 8))
def attention_of_heads(keras):
    inputs = keras.Input((5, 8))
    x = keras.layers.MultiHeadAttention(2, 4)(inputs, inputs, use_causal_mask=True)
    return keras.Model(inputs, keras.layers.LayerNormalization()(x + inputs))


@model(5, words(3, 6))
def masked_attention(keras):
    inputs = keras.Input((6,), dtype="int32")
    x = keras.layers.Embedding(12, 4, mask_zero=True)(inputs)
    x = keras.layers.Attention()([x, x, x])
    return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling1D()(x)))


@model(4, numbers(3, 4, 5))
def masked_softmax(keras):
    inputs = keras.Input((4, 5))
    scores = keras.layers.Dense(5)(inputs)
    mask = keras.ops.greater(inputs, 0.0)
    return keras.Model(inputs, keras.layers.Flatten()(keras.layers.Softmax()(scores, mask=mask)))


@model(4, numbers(5, 4))
def normalized_numbers(keras):
    scale = keras.layers.Normalization(mean=[0.1, 0.2, 0.3, 0.4], variance=[1.0, 2.0, 0.5, 1.5])
    return chain(keras, (4,), scale, keras.layers.Rescaling(0.5, 0.25), keras.layers.Dense(2))


@model(4, numbers(4, 5), types=("bfloat16",))
def own_policy_of_a_layer(keras):
    layers = keras.layers
    return chain(
        keras, (5,), layers.Dense(6, dtype="float32"), layers.Dense(4), layers.Dense(2, dtype="mixed_bfloat16")
    )


@model(6, numbers(3, 5, 8), types=("bfloat16",))
def map_of_policies(keras):
    policy = keras.config.dtype_policy()
    by_path = keras.dtype_policies.DTypePolicyMap(default_policy=policy)
    by_path["attention/query"] = keras.dtype_policies.get("float32")
    by_path[".*value"] = keras.dtype_policies.get("mixed_bfloat16")
    inputs = keras.Input((5, 8))
    return keras.Model(inputs, keras.layers.MultiHeadAttention(2, 4, dtype=by_path, name="attention")(inputs, inputs))


@model(8, numbers(4, 5), types=("float16", "bfloat16"))
def functional_operations(keras):
    ops = keras.ops
    inputs = keras.Input((5,))
    x = keras.layers.Dense(6)(inputs)
    x = ops.cast(ops.softplus(x), "float16") * ops.sigmoid(x) + 0.5
    x = ops.concatenate([x, ops.zeros_like(x, dtype="bfloat16")], axis=-1)
    return keras.Model(inputs, ops.sum(ops.exp(-ops.abs(x)), axis=-1, keepdims=True))


# rounded are the inputs, and of each layer the kernel, the product and the sum with the bias, as without oneDNN
@model(7, lambda generator: generator.normal(size=(4, 5)).astype("float16"), types=("float16",))
def narrow_input(keras):
    return chain(keras, (5,), keras.layers.Dense(6, "relu"), keras.layers.Dense(2), dtype="float16")


@model(8, numbers(4, 6), is_authors=True)
def own_layer(keras):
    class Scale(keras.layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight((input_shape[-1],), "random_normal", name="scale")

        def call(self, x):
            shift = keras.ops.cast(keras.ops.arange(6), self.compute_dtype) * 0.1
            return keras.ops.tanh(x * self.scale + shift)

    return chain(keras, (6,), Scale(), keras.layers.Dense(2))


@model(8, numbers(4, 6), is_authors=True)
def own_layer_that_casts(keras):
    ops = keras.ops

    class Root(keras.layers.Layer):
        def call(self, x):
            wide = ops.cast(x, "float32")
            scaled = wide / ops.sqrt(ops.mean(ops.square(wide), axis=-1, keepdims=True) + 1e-6)
            constant = ops.convert_to_tensor(numpy.linspace(0.5, 1.0, 6), dtype=x.dtype)
            return ops.cast(scaled, x.dtype) * constant + ops.ones((6,), dtype=x.dtype)

    return chain(keras, (6,), Root(), keras.layers.Dense(2))


@model(8, numbers(4, 6), is_authors=True)
def own_weight_of_a_policy(keras):
    class Large(keras.layers.Layer):
        def build(self, input_shape):
            self.kernel = self.add_weight((input_shape[-1], 3), name="kernel")
            self.count = self.add_weight((), "zeros", trainable=False, dtype="float32", name="count")

        def call(self, x):
            large = -3e4 if keras.backend.standardize_dtype(x.dtype) == "float16" else -1e9
            scores = keras.ops.matmul(x, self.kernel)
            return keras.ops.softmax(keras.ops.where(scores > 0, scores, large), axis=-1)

    return chain(keras, (6,), keras.layers.Dense(6), Large())


@model(20, words(2, 5), is_authors=True)
def decoder(keras):
    layers, ops = keras.layers, keras.ops

    class Block(layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.attention = layers.MultiHeadAttention(2, 4, dtype=self.dtype_policy)
            self.norms = [layers.LayerNormalization(epsilon=1e-5, dtype=self.dtype_policy) for _ in range(2)]
            self.wide, self.narrow = (layers.Dense(size, dtype=self.dtype_policy) for size in (16, 8))

        def build(self, shape):
            self.attention.build(shape, shape)
            for norm in self.norms:
                norm.build(shape)
            self.wide.build(shape)
            self.narrow.build((*shape[:-1], 16))

        def call(self, x):
            y = self.norms[0](x)
            x = x + self.attention(y, y, use_causal_mask=True)
            return x + self.narrow(ops.gelu(self.wide(self.norms[1](x)), approximate=True))

    inputs = keras.Input((5,), dtype="int32")
    table = layers.ReversibleEmbedding(12, 8)
    x = table(inputs)
    for _ in range(2):
        x = Block()(x)
    return keras.Model(inputs, table(x, reverse=True))


@model(6, numbers(4, 5), is_authors=True)
def subclassed(keras):
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.last = keras.layers.Dense(6, "relu"), keras.layers.Dense(2)

        def call(self, x):
            return self.last(self.first(x)) * 0.5

    made = Own()
    made(numpy.zeros((1, 5), "float32"))
    return made
