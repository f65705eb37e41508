"""Layers of their author's, in functional and sequential models."""

from __future__ import annotations

from tests.tracing.zoo.registry import chain, model


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
def list_of_inputs(keras):
    class Joined(keras.layers.Layer):
        def call(self, inputs):
            first, second = inputs
            return keras.ops.concatenate([first, second * 2.0], axis=-1)

    x = keras.Input((6,))
    return keras.Model(x, keras.layers.Dense(2)(Joined()([keras.layers.Dense(3)(x), x])))


@model
def several_inputs(keras):
    class Gate(keras.layers.Layer):
        def call(self, x, gate):
            return x * keras.ops.sigmoid(gate)

    x = keras.Input((6,))
    return keras.Model(x, keras.layers.Dense(2)(Gate()(keras.layers.Dense(4)(x), keras.layers.Dense(4)(x))))


@model
def several_outputs(keras):
    class Halves(keras.layers.Layer):
        def call(self, x):
            return x[:, :3], x[:, 3:]

    x = keras.Input((6,))
    first, second = Halves()(keras.layers.Dense(6)(x))
    return keras.Model(x, keras.layers.Dense(2)(first * second))


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
def own_layer_in_a_sequential(keras):
    class Square(keras.layers.Layer):
        def call(self, x):
            return x * x

    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(4), Square(), keras.layers.Dense(2)])


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


@model
def training_branch(keras):
    class Scaled(keras.layers.Layer):
        def call(self, x, training=False):
            if training:
                return x * 1.5
            return x

    return chain(keras, keras.layers.Dense(4), Scaled(), keras.layers.Dense(2))
