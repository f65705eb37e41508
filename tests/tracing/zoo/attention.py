"""Attention and positions as authors write them."""

from __future__ import annotations

from tests.tracing.zoo.registry import chain, model


@model
def attention_of_its_own(keras):
    class Attention(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.query, self.key, self.value = (keras.layers.Dense(4) for _ in range(3))

        def build(self, input_shape):
            for layer in (self.query, self.key, self.value):
                layer.build(input_shape)

        def call(self, x):
            scores = keras.ops.einsum("btd,bsd->bts", self.query(x), self.key(x)) / 2.0
            return keras.ops.einsum("bts,bsd->btd", keras.ops.softmax(scores, axis=-1), self.value(x))

    pooling = keras.layers.GlobalAveragePooling1D()
    return chain(keras, keras.layers.Reshape((3, 2)), Attention(), pooling, keras.layers.Dense(2))


@model
def multi_head_attention_inside(keras):
    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.attention = keras.layers.MultiHeadAttention(2, 4)
            self.norm = keras.layers.LayerNormalization()

        def build(self, input_shape):
            self.attention.build(input_shape, input_shape)
            self.norm.build(input_shape)

        def call(self, x):
            return self.norm(x + self.attention(x, x, use_causal_mask=True))

    return chain(keras, keras.layers.Reshape((3, 2)), Block(), keras.layers.Flatten(), keras.layers.Dense(2))


@model
def rotary_positions(keras):
    ops = keras.ops

    class Rotary(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.query, self.key = keras.layers.Dense(4), keras.layers.Dense(4)

        def build(self, input_shape):
            self.query.build(input_shape)
            self.key.build(input_shape)

        def turned(self, x):
            places = ops.arange(ops.shape(x)[1], dtype="float32")
            angles = ops.outer(places, 10.0 ** -ops.arange(2, dtype="float32"))
            angles = ops.concatenate([angles, angles], axis=-1)
            first, second = ops.split(x, 2, axis=-1)
            return x * ops.cos(angles) + ops.concatenate([-second, first], axis=-1) * ops.sin(angles)

        def call(self, x):
            scores = ops.einsum("btd,bsd->bts", self.turned(self.query(x)), self.turned(self.key(x)))
            return ops.matmul(ops.softmax(scores / 2.0), x)

    pooling = keras.layers.GlobalAveragePooling1D()
    return chain(keras, Rotary(), pooling, keras.layers.Dense(2), shape=(None, 4))


@model
def sinusoidal_positions(keras):
    import numpy

    class Positions(keras.layers.Layer):
        def __init__(self, length, depth):
            super().__init__()
            angles = numpy.arange(length)[:, None] / 100.0 ** (numpy.arange(depth)[None] // 2 * 2 / depth)
            self.table = numpy.where(numpy.arange(depth) % 2 == 0, numpy.sin(angles), numpy.cos(angles))

        def call(self, x):
            return x + keras.ops.cast(self.table, x.dtype)[: keras.ops.shape(x)[1]]

    pooling = keras.layers.GlobalAveragePooling1D()
    return chain(keras, keras.layers.Dense(4), Positions(8, 4), pooling, keras.layers.Dense(2), shape=(6, 2))


@model
def slopes_of_distances(keras):
    ops = keras.ops

    class Alibi(keras.layers.Layer):
        def call(self, x):
            places = ops.arange(ops.shape(x)[1])
            distance = ops.cast(ops.abs(places[:, None] - places[None, :]), "float32")
            scores = ops.matmul(x, ops.swapaxes(x, 1, 2)) - 0.5 * distance
            return ops.matmul(ops.softmax(scores, axis=-1), x)

    pooling = keras.layers.GlobalMaxPooling1D()
    return chain(keras, keras.layers.Dense(3), Alibi(), pooling, keras.layers.Dense(2), shape=(None, 2))


@model
def linear_attention(keras):
    ops = keras.ops

    class Linear(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.project = keras.layers.Dense(9, use_bias=False)

        def build(self, input_shape):
            self.project.build(input_shape)

        def call(self, x):
            query, key, value = ops.split(self.project(x), 3, axis=-1)
            query, key = ops.elu(query) + 1.0, ops.elu(key) + 1.0
            sums = ops.einsum("btd,bte->bde", key, value)
            total = ops.einsum("btd,bd->bt", query, ops.sum(key, axis=1))
            return ops.einsum("btd,bde->bte", query, sums) / total[..., None]

    return chain(keras, keras.layers.Reshape((3, 2)), Linear(), keras.layers.Flatten(), keras.layers.Dense(2))


@model
def attention_of_heads(keras):
    ops = keras.ops

    class Heads(keras.layers.Layer):
        def __init__(self, heads, depth):
            super().__init__()
            self.heads, self.depth = heads, depth
            self.project = keras.layers.Dense(3 * heads * depth)
            self.out = keras.layers.Dense(heads * depth)

        def build(self, input_shape):
            self.project.build(input_shape)
            self.out.build((*input_shape[:-1], self.heads * self.depth))

        def call(self, x):
            rows, steps = ops.shape(x)[0], ops.shape(x)[1]
            parts = ops.reshape(self.project(x), (rows, steps, 3, self.heads, self.depth))
            query, key, value = ops.unstack(ops.transpose(parts, (2, 0, 3, 1, 4)), axis=0)
            causal = ops.tril(ops.ones((steps, steps), dtype="bool"))
            scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) / self.depth**0.5
            weights = ops.softmax(ops.where(causal, scores, -1e9), axis=-1)
            found = ops.transpose(ops.matmul(weights, value), (0, 2, 1, 3))
            return self.out(ops.reshape(found, (rows, steps, self.heads * self.depth)))

    pooling = keras.layers.GlobalAveragePooling1D()
    return chain(keras, Heads(2, 3), pooling, keras.layers.Dense(2), shape=(None, 2))


@model
def pooling_by_a_learned_query(keras):
    class Pooling(keras.layers.Layer):
        def build(self, input_shape):
            self.query = self.add_weight((2, input_shape[-1]), "glorot_uniform", name="query")

        def call(self, x, mask=None):
            scores = keras.ops.einsum("qd,btd->bqt", self.query, x)
            if mask is not None:
                scores += (1.0 - keras.ops.cast(mask, scores.dtype))[:, None] * -1e9
            return keras.ops.reshape(keras.ops.matmul(keras.ops.softmax(scores), x), (-1, 2 * x.shape[-1]))

    return chain(keras, keras.layers.Embedding(3, 4, mask_zero=True), Pooling(), keras.layers.Dense(2))


@model
def block_of_a_transformer(keras):
    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.attention = keras.layers.MultiHeadAttention(2, 2, dropout=0.0)
            self.norms = [keras.layers.LayerNormalization(epsilon=1e-6) for _ in range(2)]
            self.feed = keras.Sequential([keras.layers.Dense(8, activation="gelu"), keras.layers.Dense(4)])
            self.scale = None

        def build(self, input_shape):
            self.attention.build(input_shape, input_shape)
            for norm in self.norms:
                norm.build(input_shape)
            self.feed.build(input_shape)
            self.scale = self.add_weight((4,), keras.initializers.Constant(0.1), name="scale")

        def call(self, x, training=False):
            normed = self.norms[0](x)
            x = x + self.attention(normed, normed, training=training)
            return x + self.scale * self.feed(self.norms[1](x), training=training)

    pooling = keras.layers.GlobalAveragePooling1D()
    return chain(keras, keras.layers.Dense(4), Block(), Block(), pooling, keras.layers.Dense(2), shape=(3, 2))
