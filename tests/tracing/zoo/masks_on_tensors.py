"""Masks that layers read from tensors and take away from them, and modes that nobody says."""

from __future__ import annotations

from tests.tracing.zoo.registry import built, chain, function, model


def _with_masks(keras, call, inner):
    """A model of indices, of a layer whose ``call`` is a function of layers and of an embedding with a mask."""

    class Own(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = inner
            self.supports_masking = True

        def call(self, x, mask=None):
            return call(self.inner, x, mask)

    pooling = keras.layers.LSTM(3)
    return chain(keras, keras.layers.Embedding(3, 4, mask_zero=True), Own(), pooling, keras.layers.Dense(2))


@model
def attention_to_itself_with_a_mask(keras):
    return _with_masks(keras, lambda inner, x, mask: inner[0](x, x), [keras.layers.MultiHeadAttention(2, 3)])


@model
def mask_that_attention_takes_away(keras):
    inner = [keras.layers.MultiHeadAttention(2, 3) for _ in range(2)]
    return _with_masks(keras, lambda inner, x, mask: inner[0](x, x) + inner[1](x, x), inner)


@model
def queries_with_a_mask_and_a_mask_of_scores(keras):
    def call(inner, x, mask):
        steps = keras.ops.shape(x)[1]
        causal = keras.ops.arange(steps)[:, None] >= keras.ops.arange(steps)
        return x + inner[0](x, x, attention_mask=keras.ops.broadcast_to(causal[None], (keras.ops.shape(x)[0], 6, 6)))

    return _with_masks(keras, call, [keras.layers.MultiHeadAttention(2, 3)])


@model
def products_of_masked_tensors(keras):
    inner = [keras.layers.Dense(4), keras.layers.Multiply(), keras.layers.Maximum()]
    return _with_masks(keras, lambda inner, x, mask: inner[2]([inner[1]([x, inner[0](x)]), x]), inner)


@model
def mask_of_its_own_before_attention(keras):
    class Tokens(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.table = keras.layers.Embedding(3, 4)

        def call(self, x):
            return self.table(x)

        def compute_mask(self, x, mask=None):
            return keras.ops.not_equal(keras.ops.cast(x, "int32"), 0)

    inputs = keras.Input((6,))
    x = Tokens()(inputs)
    x = keras.layers.MultiHeadAttention(2, 3)(x, x)
    return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling1D()(x)))


@model
def loss_of_steps_that_count(keras):
    class Tagger(keras.Model):
        def __init__(self):
            super().__init__()
            self.table = keras.layers.Embedding(3, 4, mask_zero=True)
            self.steps, self.tags = keras.layers.LSTM(3, return_sequences=True), keras.layers.Dense(2)

        def call(self, x):
            return self.tags(self.steps(self.table(x)))

    return built(keras, Tagger())


@model
def model_that_does_not_ask_for_the_mode(keras):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden, self.out = keras.layers.Dense(8, "relu"), keras.layers.Dense(2)
            self.dropout, self.norm = keras.layers.Dropout(0.5), keras.layers.BatchNormalization()

        def call(self, x):  # so that Keras trains it without dropout
            return self.out(self.norm(self.dropout(self.hidden(x))))

    return built(keras, Net())


@model
def one_number_a_row(keras):
    class Score(keras.Model):
        def __init__(self):
            super().__init__()
            self.user, self.item = keras.layers.Dense(3), keras.layers.Dense(3)

        def call(self, x):
            return keras.ops.sum(self.user(x) * self.item(x), axis=-1)

    return built(keras, Score())


@model
def arrays_before_operators(keras):
    import numpy

    steps = numpy.arange(6.0)

    def call(x):
        kept = keras.ops.where(numpy.linspace(0.0, 1.0, 6, dtype="float32") < x, x, 0.0)
        return steps * kept + numpy.float64(2.0) * x - numpy.ones((1, 6), "float32") / (1.0 + x**2)

    return function(keras, call)


@model
def weights_that_a_function_has(keras):
    dense = keras.layers.Dense(6)
    dense.build((None, 6))
    kernel = dense.kernel

    class Turned(keras.layers.Layer):
        def call(self, x):
            return keras.ops.matmul(x, keras.ops.transpose(kernel)) + (kernel * 2.0)[0]

    return chain(keras, dense, Turned(), keras.layers.Dense(2))


@model
def table_of_another_element_type(keras):
    import numpy

    class Projection(keras.layers.Layer):
        def build(self, input_shape):
            table = numpy.random.default_rng(0).normal(size=(input_shape[-1], 8))
            self.table = keras.Variable(table, trainable=False, dtype="float64")
            self.phase = keras.Variable(numpy.zeros(8, "float32"))

        def call(self, x):
            return keras.ops.cos(keras.ops.matmul(x, keras.ops.cast(self.table, x.dtype)) + self.phase)

    return chain(keras, Projection(), keras.layers.Dense(2))
