"""Shapes, constants and masks in what an author wrote."""

from __future__ import annotations

from tests.tracing.zoo.registry import chain, function, model


@model
def shapes_of_tensors(keras):
    def call(x):
        rows = keras.ops.shape(x)[0]
        return keras.ops.reshape(keras.ops.transpose(keras.ops.reshape(x, (rows, 2, 3)), (0, 2, 1)), (rows, 6))

    return function(keras, call)


@model
def rows_times_a_number(keras):
    def call(x):
        rows = keras.ops.shape(x)[0]
        return keras.ops.reshape(keras.ops.reshape(x, (rows * 3, 2)) * 2.0, (-1, 6))

    return function(keras, call)


@model
def constants(keras):
    import numpy

    table = numpy.arange(36, dtype="float32").reshape(6, 6) / 36.0
    return function(keras, lambda x: keras.ops.matmul(x, table) + keras.ops.ones((6,)))


@model
def constants_of_the_backend(keras):
    return function(keras, lambda x: x * keras.ops.convert_to_tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))


@model
def constants_of_the_rows(keras):
    def call(x):
        rows = keras.ops.shape(x)[0]
        return x + keras.ops.zeros((rows, 6)) + keras.ops.full((rows, 1), 2.0) * keras.ops.tri(6, k=-1)[2]

    return function(keras, call)


@model
def unknown_lengths(keras):
    class Pooled(keras.layers.Layer):
        def call(self, x):
            rows, steps = keras.ops.shape(x)[0], keras.ops.shape(x)[1]
            flat = keras.ops.reshape(x, (rows * steps, 3)) * 2.0
            return keras.ops.mean(keras.ops.reshape(flat, (rows, steps, 3)), axis=1)

    return chain(keras, keras.layers.Dense(3), Pooled(), keras.layers.Dense(2), shape=(None, 4))


@model
def shape_with_gaps(keras):
    class Heads(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.project = keras.layers.EinsumDense("btd,dnh->btnh", output_shape=(None, 2, 3))

        def build(self, input_shape):
            self.project.build(input_shape)

        def call(self, x):
            heads = self.project(x)
            rows, steps = keras.ops.shape(heads)[0], keras.ops.shape(heads)[1]
            return keras.ops.mean(keras.ops.reshape(heads, (rows, steps, 6)), axis=1)

    return chain(keras, keras.layers.Dense(3), Heads(), keras.layers.Dense(2), shape=(None, 4))


@model
def embedding_of_constants(keras):
    class Positions(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.places = keras.layers.Embedding(3, 2)

        def build(self, input_shape):
            self.places.build((1, 3))

        def call(self, x):
            places = self.places(keras.ops.expand_dims(keras.ops.arange(3), 0))
            return x + keras.ops.tile(places, (keras.ops.shape(x)[0], 1, 1))

    return chain(keras, keras.layers.Reshape((3, 2)), Positions(), keras.layers.Flatten(), keras.layers.Dense(2))


@model
def causal_mask_of_lengths(keras):
    class Causal(keras.layers.Layer):
        def call(self, x):
            rows, steps = keras.ops.shape(x)[0], keras.ops.shape(x)[1]
            places = keras.ops.arange(steps, dtype="float32")
            mask = keras.ops.expand_dims(places, 1) >= places
            scores = keras.ops.where(mask, keras.ops.matmul(x, keras.ops.transpose(x, (0, 2, 1))), -1e9)
            weights = keras.ops.softmax(scores) * keras.ops.ones((rows, 1, 1)) + keras.ops.eye(steps)
            return keras.ops.mean(keras.ops.matmul(weights, x), axis=1)

    return chain(keras, keras.layers.Dense(3), Causal(), keras.layers.Dense(2), shape=(None, 4))


@model
def mask_that_passes(keras):
    class Shifted(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, x):
            return x + 0.5

    embedding = keras.layers.Embedding(3, 4, mask_zero=True)
    return chain(keras, embedding, Shifted(), keras.layers.LSTM(3), keras.layers.Dense(2))


@model
def mask_that_ends(keras):
    class Shifted(keras.layers.Layer):
        def call(self, x):
            return x + 0.5

    embedding = keras.layers.Embedding(3, 4, mask_zero=True)
    return chain(keras, embedding, Shifted(), keras.layers.LSTM(3), keras.layers.Dense(2))


@model
def mask_as_an_argument(keras):
    class Mean(keras.layers.Layer):
        def call(self, x, mask=None):
            weights = keras.ops.cast(mask, "float32")[:, :, None]
            return keras.ops.sum(x * weights, axis=1) / (keras.ops.sum(weights, axis=1) + 1.0)

    return chain(keras, keras.layers.Embedding(3, 4, mask_zero=True), Mean(), keras.layers.Dense(2))


@model
def mask_of_its_own(keras):
    class Masked(keras.layers.Layer):
        def call(self, x):
            return x * 1.0

        def compute_mask(self, inputs, previous_mask=None):
            return keras.ops.any(inputs > 0.8, axis=-1)

    return chain(keras, keras.layers.Reshape((3, 2)), Masked(), keras.layers.LSTM(3), keras.layers.Dense(2))


@model
def masked_embedding_inside(keras):
    class Embedded(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.embedding, self.cells = keras.layers.Embedding(3, 4, mask_zero=True), keras.layers.GRU(3)

        def build(self, input_shape):
            self.embedding.build(input_shape)
            self.cells.build((*input_shape, 4))

        def call(self, x):
            return self.cells(self.embedding(x))

    return chain(keras, Embedded(), keras.layers.Dense(2))


@model
def indices_of_all_kinds(keras):
    import numpy

    def call(x):
        last = keras.ops.argmax(keras.ops.mean(x, axis=0))
        parts = (x[:, last][:, None], x[..., numpy.int64(1), None], x[None][0][:, ::3], x[..., 2:4])
        return keras.ops.concatenate(parts, axis=-1) + x[0] * 0.1 + keras.ops.mean(x[::2]) + x[...]

    return function(keras, call)


@model
def parts_of_length_0(keras):
    """As models have that compute with no registers, no queries of some kind, or no padding."""

    def call(x):
        ops = keras.ops
        none, first, rest = ops.split(x, [0, 2], axis=1)
        padded = ops.pad(ops.concatenate([x[:, 6:], first, none], axis=1), ((0, 0), (0, 0)))
        scores = ops.matmul(ops.expand_dims(none, 2), ops.expand_dims(first, 1))
        weighed = ops.matmul(ops.softmax(ops.swapaxes(scores, 1, 2)), ops.expand_dims(none, 2))
        more = ops.sum(none, axis=1, keepdims=True) + ops.prod(none, axis=1, keepdims=True) + weighed[:, :, 0]
        return ops.concatenate([padded * more, rest, ops.zeros((ops.shape(x)[0], 0))], axis=1)

    return function(keras, call)


@model
def layers_on_nothing(keras):
    class Registers(keras.layers.Layer):
        def __init__(self, count):
            super().__init__()
            self.count, self.project, self.mix = count, keras.layers.Dense(3), keras.layers.Dense(3)
            self.norm = keras.layers.LayerNormalization()

        def build(self, input_shape):
            self.tokens = self.add_weight(shape=(1, self.count, 3), initializer="ones", name="tokens")
            self.project.build(input_shape)
            self.mix.build((None, None, 3))
            self.norm.build((None, None, 3))

        def call(self, x):
            x = self.project(x)
            tokens = keras.ops.broadcast_to(self.tokens, (keras.ops.shape(x)[0], self.count, 3))
            found = keras.ops.concatenate([self.norm(self.mix(tokens)), x], axis=1)
            return keras.ops.mean(found[:, self.count :], axis=1)

    return chain(keras, Registers(0), keras.layers.Dense(2), shape=(4, 5))
