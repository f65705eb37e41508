"""Small live models of Keras 3, each with one thing that its author wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Make = Callable[[Any], Any]
ZOO: dict[str, Make] = {}


def model(make: Make) -> Make:
    """List a model, which takes rows of 6 numbers between 0.5 and 1.5 unless its input says otherwise."""
    ZOO[make.__name__] = make
    return make


def chain(keras: Any, *layers: Any, shape: tuple[int | None, ...] = (6,)) -> Any:
    x = inputs = keras.Input(shape)
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


def function(keras: Any, call: Callable[[Any], Any], shape: tuple[int | None, ...] = (6,)) -> Any:
    """A model of a layer whose ``call`` is a function, between two that are trained."""

    class Own(keras.layers.Layer):
        def call(self, x):
            return call(x)

    return chain(keras, keras.layers.Dense(6, name="first"), Own(), keras.layers.Dense(2, name="last"), shape=shape)


def built(keras: Any, made: Any, shape: tuple[int, ...] = (2, 6)) -> Any:
    made(keras.ops.zeros(shape))
    return made


@model
def own_weight(keras):
    class Scale(keras.layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight((input_shape[-1],), "random_normal", name="scale")

        def call(self, x):
            return x * self.scale + 1.0

    return chain(keras, Scale(), keras.layers.Dense(2))


@model
def arithmetic_on_a_weight(keras):
    class Scale(keras.layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight((input_shape[-1],), "random_normal", name="scale")

        def call(self, x):
            return x * keras.ops.exp(self.scale) / (1.0 + keras.ops.square(self.scale))

    return chain(keras, Scale())


@model
def weights_in_a_list(keras):
    class Mixture(keras.layers.Layer):
        def build(self, input_shape):
            self.parts = [self.add_weight((6, 3), "random_normal", name=f"part{number}") for number in range(3)]

        def call(self, x):
            return sum(keras.ops.tanh(x @ part) for part in self.parts)

    return chain(keras, Mixture(), keras.layers.Dense(1))


@model
def layers_in_layers(keras):
    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense, self.norm = keras.layers.Dense(6, activation="relu"), keras.layers.LayerNormalization()

        def build(self, input_shape):
            self.dense.build(input_shape)
            self.norm.build(input_shape)

        def call(self, x):
            return self.norm(x + self.dense(x))

    class Stack(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.blocks = [Block(), Block()]

        def build(self, input_shape):
            for block in self.blocks:
                block.build(input_shape)

        def call(self, x):
            for block in self.blocks:
                x = block(x)
            return x

    return chain(keras, Stack(), keras.layers.Dense(2))


@model
def shared_layer(keras):
    class Twice(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(6, activation="tanh")

        def build(self, input_shape):
            self.dense.build(input_shape)

        def call(self, x):
            return self.dense(self.dense(x))

    return chain(keras, Twice(), keras.layers.Dense(2))


@model
def subclass_of_dense(keras):
    class Doubled(keras.layers.Dense):
        def call(self, inputs):
            return 2.0 * super().call(inputs)

    return chain(keras, Doubled(4, activation="tanh"), keras.layers.Dense(2))


@model
def centred_dense(keras):
    class Centred(keras.layers.Dense):
        def call(self, inputs):
            kernel = self.kernel - keras.ops.mean(self.kernel, axis=0, keepdims=True)
            return keras.ops.matmul(inputs, kernel) + self.bias

    return chain(keras, Centred(4), keras.layers.Dense(2))


@model
def lambda_layer(keras):
    return chain(keras, keras.layers.Dense(4), keras.layers.Lambda(lambda x: x**2 + keras.ops.sin(x)))


@model
def lambda_with_arguments(keras):
    def scaled(x, by):
        return x * by

    return chain(keras, keras.layers.Dense(4), keras.layers.Lambda(scaled, arguments={"by": 3.0}))


@model
def own_activation(keras):
    def bent(x):
        return keras.ops.where(x > 0, x, 0.1 * x) + 0.01 * keras.ops.square(x)

    return chain(keras, keras.layers.Dense(4, activation=bent), keras.layers.Dense(2))


@model
def activation_of_a_lambda(keras):
    return chain(keras, keras.layers.Dense(4, activation=lambda x: keras.ops.tanh(x) * 1.5), keras.layers.Dense(2))


@model
def subclassed_model(keras):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden, self.out = keras.layers.Dense(5, activation="relu"), keras.layers.Dense(2)

        def call(self, x):
            return self.out(self.hidden(x))

    return built(keras, Net())


@model
def residual_model(keras):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden = [keras.layers.Dense(6, activation="tanh") for _ in range(3)]
            self.out = keras.layers.Dense(2)

        def call(self, x):
            for layer in self.hidden:
                x = x + layer(x)
            return self.out(x)

    return built(keras, Net())


@model
def model_in_a_model(keras):
    class Inner(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(4, activation="relu")

        def call(self, x):
            return self.dense(x) * 0.5

    class Outer(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner, self.out = Inner(), keras.layers.Dense(2)

        def call(self, x):
            return self.out(self.inner(x))

    return built(keras, Outer())


@model
def functional_inside(keras):
    inner = chain(keras, keras.layers.Dense(4, activation="relu"), keras.layers.Dense(3))

    class Outer(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner, self.out = inner, keras.layers.Dense(2)

        def call(self, x):
            return self.out(self.inner(x))

    return built(keras, Outer())


@model
def sequential_subclass(keras):
    class Scaled(keras.Sequential):
        def call(self, inputs, training=None, mask=None):
            return super().call(inputs, training=training, mask=mask) * 3.0

    return built(keras, Scaled([keras.layers.Dense(4, activation="relu"), keras.layers.Dense(2)]))


@model
def functional_subclass(keras):
    class Net(keras.Model):
        def __init__(self, units):
            inputs = keras.Input((6,))
            super().__init__(inputs, keras.layers.Dense(units)(inputs))

        def call(self, inputs, training=None, mask=None):
            return keras.ops.tanh(super().call(inputs, training=training, mask=mask))

    return Net(3)


@model
def own_layer_in_a_sequential(keras):
    class Square(keras.layers.Layer):
        def call(self, x):
            return x * x

    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(4), Square(), keras.layers.Dense(2)])


@model
def several_inputs(keras):
    class Gate(keras.layers.Layer):
        def call(self, x, gate):
            return x * keras.ops.sigmoid(gate)

    x = keras.Input((6,))
    return keras.Model(x, keras.layers.Dense(2)(Gate()(keras.layers.Dense(4)(x), keras.layers.Dense(4)(x))))


@model
def list_of_inputs(keras):
    class Joined(keras.layers.Layer):
        def call(self, inputs):
            first, second = inputs
            return keras.ops.concatenate([first, second * 2.0], axis=-1)

    x = keras.Input((6,))
    return keras.Model(x, keras.layers.Dense(2)(Joined()([keras.layers.Dense(3)(x), x])))


@model
def several_outputs(keras):
    class Halves(keras.layers.Layer):
        def call(self, x):
            return x[:, :3], x[:, 3:]

    x = keras.Input((6,))
    first, second = Halves()(keras.layers.Dense(6)(x))
    return keras.Model(x, keras.layers.Dense(2)(first * second))


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
def static_branch(keras):
    class Branch(keras.layers.Layer):
        def __init__(self, squares):
            super().__init__()
            self.squares = squares

        def call(self, x):
            if self.squares:
                return keras.ops.square(x)
            return x

    return chain(keras, keras.layers.Dense(4), Branch(True), Branch(False), keras.layers.Dense(2))


@model
def training_branch(keras):
    class Scaled(keras.layers.Layer):
        def call(self, x, training=False):
            if training:
                return x * 1.5
            return x

    return chain(keras, keras.layers.Dense(4), Scaled(), keras.layers.Dense(2))


@model
def training_branch_of_a_model(keras):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense, self.out = keras.layers.Dense(4), keras.layers.Dense(2)

        def call(self, x, training=False):
            x = self.dense(x)
            if training:
                x = keras.ops.tanh(x) + 0.5
            return self.out(x)

    return built(keras, Net())


@model
def batch_normalization_inside(keras):
    class Normed(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.norm = keras.layers.BatchNormalization()

        def build(self, input_shape):
            self.norm.build(input_shape)

        def call(self, x, training=None):
            return self.norm(x, training=training) + x

    return chain(keras, keras.layers.Dense(4), Normed(), keras.layers.Dense(2))


@model
def added_loss(keras):
    class Penalized(keras.layers.Layer):
        def call(self, x):
            self.add_loss(0.01 * keras.ops.mean(keras.ops.square(x)))
            return x

    return chain(keras, keras.layers.Dense(4), Penalized(), keras.layers.Dense(2))


@model
def regularized_weight(keras):
    class Scale(keras.layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight((input_shape[-1],), "ones", name="scale", regularizer="l2")

        def call(self, x):
            return x * self.scale

    return chain(keras, Scale(), keras.layers.Dense(2))


@model
def frozen_weight(keras):
    class Scale(keras.layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight((input_shape[-1],), "random_normal", name="scale", trainable=False)

        def call(self, x):
            return x * self.scale

    return chain(keras, Scale(), keras.layers.Dense(2))


@model
def frozen_layer(keras):
    class Scale(keras.layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight((input_shape[-1],), "random_normal", name="scale")

        def call(self, x):
            return x * self.scale

    layer = Scale()
    layer.trainable = False
    return chain(keras, layer, keras.layers.Dense(2))


@model
def moving_mean(keras):
    class Centred(keras.layers.Layer):
        def build(self, input_shape):
            self.mean = self.add_weight((input_shape[-1],), "zeros", trainable=False, name="mean")

        def call(self, x, training=False):
            if training:
                self.mean.assign(0.9 * self.mean + 0.1 * keras.ops.mean(x, axis=0))
            return x - self.mean

    return chain(keras, keras.layers.Dense(4), Centred(), keras.layers.Dense(2))


@model
def weight_of_another_layer(keras):
    class Tied(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(6, use_bias=False)

        def build(self, input_shape):
            self.dense.build(input_shape)

        def call(self, x):
            return keras.ops.matmul(keras.ops.tanh(self.dense(x)), keras.ops.transpose(self.dense.kernel))

    return chain(keras, Tied(), keras.layers.Dense(2))


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
def squeeze_and_excitation(keras):
    class Excite(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.down, self.up = keras.layers.Dense(2, activation="relu"), keras.layers.Dense(4, activation="sigmoid")

        def build(self, input_shape):
            self.down.build((None, input_shape[-1]))
            self.up.build((None, 2))

        def call(self, x):
            weights = self.up(self.down(keras.ops.mean(x, axis=(1, 2))))
            return x * weights[:, None, None, :]

    layers = (keras.layers.Conv2D(4, 3, padding="same"), Excite(), keras.layers.Flatten(), keras.layers.Dense(2))
    return chain(keras, *layers, shape=(4, 5, 1))


@model
def own_normalization(keras):
    class Rms(keras.layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight((input_shape[-1],), "ones", name="scale")

        def call(self, x):
            return x * keras.ops.rsqrt(keras.ops.mean(keras.ops.square(x), axis=-1, keepdims=True) + 1e-6) * self.scale

    return chain(keras, keras.layers.Dense(4), Rms(), keras.layers.Dense(2))


@model
def unknown_lengths(keras):
    class Pooled(keras.layers.Layer):
        def call(self, x):
            rows, steps = keras.ops.shape(x)[0], keras.ops.shape(x)[1]
            flat = keras.ops.reshape(x, (rows * steps, 3)) * 2.0
            return keras.ops.mean(keras.ops.reshape(flat, (rows, steps, 3)), axis=1)

    return chain(keras, keras.layers.Dense(3), Pooled(), keras.layers.Dense(2), shape=(None, 4))


@model
def keyword_arguments(keras):
    class Mix(keras.layers.Layer):
        def call(self, x, other=None, share=0.5):
            return share * x + (1.0 - share) * other

    x = keras.Input((6,))
    y = keras.layers.Dense(6)(x)
    return keras.Model(x, keras.layers.Dense(2)(Mix()(y, other=x, share=0.25)))


@model
def dictionary_inside(keras):
    class Parts(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.parts = {"first": keras.layers.Dense(3), "second": keras.layers.Dense(3)}

        def build(self, input_shape):
            for layer in self.parts.values():
                layer.build(input_shape)

        def call(self, x):
            found = {name: layer(x) for name, layer in self.parts.items()}
            return found["first"] - found["second"]

    return chain(keras, Parts(), keras.layers.Dense(2))


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
def model_of_a_mask(keras):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.embedding, self.cells = keras.layers.Embedding(3, 4, mask_zero=True), keras.layers.LSTM(3)
            self.out = keras.layers.Dense(2)

        def call(self, x):
            return self.out(self.cells(self.embedding(x)))

    return built(keras, Net())


@model
def bidirectional_inside(keras):
    class Encoder(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.cells = keras.layers.Bidirectional(keras.layers.LSTM(3))

        def build(self, input_shape):
            self.cells.build(input_shape)

        def call(self, x):
            return self.cells(x)

    return chain(keras, keras.layers.Reshape((3, 2)), Encoder(), keras.layers.Dense(2))


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
def constants_of_the_rows(keras):
    def call(x):
        rows = keras.ops.shape(x)[0]
        return x + keras.ops.zeros((rows, 6)) + keras.ops.full((rows, 1), 2.0) * keras.ops.tri(6, k=-1)[2]

    return function(keras, call)


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
def output_that_is_none(keras):
    class Scores(keras.layers.Layer):
        def call(self, x, wants_scores=False):
            return (x * 2.0, x) if wants_scores else (x * 2.0, None)

    class Outer(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = Scores()

        def call(self, x):
            found, scores = self.inner(x)
            return found if scores is None else scores

    return chain(keras, keras.layers.Dense(4), Outer(), keras.layers.Dense(2))


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
def own_cell(keras):
    class Cell(keras.layers.Layer):
        def __init__(self, units):
            super().__init__()
            self.units = self.state_size = units
            self.project = keras.layers.Dense(units)

        def build(self, input_shape):
            self.project.build(input_shape)
            self.memory = self.add_weight((self.units, self.units), "orthogonal", name="memory")

        def call(self, inputs, states):
            new = keras.ops.tanh(self.project(inputs) + keras.ops.matmul(states[0], self.memory))
            return new, [new]

    return chain(keras, keras.layers.Reshape((3, 2)), keras.layers.RNN(Cell(4)), keras.layers.Dense(2))


@model
def own_cell_of_two_states(keras):
    class Cell(keras.layers.Layer):
        state_size, output_size = [3, 3], 3

        def build(self, input_shape):
            self.kernel = self.add_weight((input_shape[-1] + 3, 6), "glorot_uniform", name="kernel")

        def call(self, inputs, states, training=None):
            gates = keras.ops.matmul(keras.ops.concatenate([inputs, states[0]], axis=-1), self.kernel)
            forget, new = keras.ops.sigmoid(gates[:, :3]), keras.ops.tanh(gates[:, 3:])
            memory = forget * states[1] + (1.0 - forget) * new
            return memory * 2.0, [memory, memory]

    cells = keras.layers.RNN(Cell(), return_sequences=True)
    return chain(keras, keras.layers.Reshape((3, 2)), cells, keras.layers.Flatten(), keras.layers.Dense(2))


@model
def constrained_weight(keras):
    class Scale(keras.layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight((input_shape[-1],), "ones", name="scale", constraint="unit_norm")

        def call(self, x):
            return x * self.scale

    return chain(keras, Scale(), keras.layers.Dense(2))


@model
def activity_of_its_own_layer(keras):
    class Doubled(keras.layers.Layer):
        def call(self, x):
            return x * 2.0

    doubled = Doubled(activity_regularizer=keras.regularizers.L2(0.1))
    return chain(keras, keras.layers.Dense(4), doubled, keras.layers.Dense(2))


@model
def normalization_that_is_frozen_by_a_call(keras):
    class Always(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.norm = keras.layers.BatchNormalization()

        def build(self, input_shape):
            self.norm.build(input_shape)

        def call(self, x):
            return self.norm(x, training=False) + x

    return chain(keras, keras.layers.Dense(4), Always(), keras.layers.Dense(2))


@model
def always_as_in_training(keras):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.norm, self.out = keras.layers.BatchNormalization(), keras.layers.Dense(2)

        def call(self, x):
            return self.out(self.norm(x, training=False))

    return built(keras, Net())


@model
def weights_of_equal_shapes(keras):
    class Mixed(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.first, self.second = keras.layers.Dense(6), keras.layers.Dense(6)

        def build(self, input_shape):
            self.first.build(input_shape)
            self.second.build(input_shape)
            self.third = self.add_weight((6, 6), "glorot_uniform", name="third")

        def call(self, x):
            return keras.ops.tanh(self.second(x)) * self.first(keras.ops.sin(x)) + keras.ops.matmul(x, self.third)

    return chain(keras, Mixed(), keras.layers.Dense(2))
