"""Live models with what layers of libraries do: functions of TensorFlow's, arithmetic on lengths, parts of layers."""

from __future__ import annotations

from typing import Any

from tests.tracing.zoo.registry import chain, function, model


def sequence(keras: Any, call: Any) -> Any:
    """A model of a function of sequences of unknown length."""
    return function(keras, call, shape=(None, 6))


@model
def equality_of_recorded_numbers(keras):
    def call(x):
        places = keras.ops.arange(keras.ops.shape(x)[1])
        diagonal = keras.ops.expand_dims(places, 1) == places
        others = keras.ops.expand_dims(places, 1) != places
        mixed = keras.ops.where(diagonal, 2.0, 0.0) + keras.ops.where(others, 0.5, 0.0)
        return keras.ops.matmul(mixed, x)

    return sequence(keras, call)


@model
def rank_as_a_number(keras):
    return function(keras, lambda x: keras.ops.stack([x, -x], keras.ops.ndim(x))[..., 0])


@model
def new_axes_of_recorded_numbers(keras):
    def call(x):
        places = keras.ops.arange(keras.ops.shape(x)[1], dtype="float32")
        return x * keras.ops.cos(places[None][[slice(None), slice(None), None]])

    return sequence(keras, call)


@model
def einsum_in_capitals(keras):
    return sequence(keras, lambda x: keras.ops.einsum("BTN,BSN->BTS", x, x) @ x)


@model
def identity_with_a_policy(keras):
    return function(keras, keras.layers.Identity(dtype=keras.DTypePolicy("float32")))


@model
def input_by_keyword(keras):
    class Own(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(4)

        def build(self, input_shape):
            self.dense.build(input_shape)

        def call(self, x):
            return self.dense(inputs=x)

    return chain(keras, Own())


@model
def slice_to_a_length(keras):
    def call(x):
        length = keras.ops.shape(x)[1]
        return x[:, :length] + keras.ops.cumsum(x, axis=1)[:, : length - 1][:, -1:]

    return sequence(keras, call)


@model
def numbers_below_zero_by_length(keras):
    def call(x):
        length = keras.ops.shape(x)[1]
        before = keras.ops.arange(1 - length, 1, dtype="float32")
        down = keras.ops.arange(length, 0, -1.0, dtype="float32")
        return x * keras.ops.expand_dims(before + down, -1)

    return sequence(keras, call)


@model
def smaller_of_two_lengths(keras):
    def call(x):
        few = keras.ops.minimum(keras.ops.shape(x)[1], 100)
        many = keras.ops.maximum(keras.ops.shape(x)[1], 3)
        return x * keras.ops.cast(few, "float32") / keras.ops.cast(many + 1, "float32")

    return sequence(keras, call)


@model
def length_as_an_operand(keras):
    def call(x):
        places = keras.ops.multiply(keras.ops.arange(3), keras.ops.shape(x)[1])
        return x * keras.ops.sum(keras.ops.cast(places, "float32"))

    return sequence(keras, call)


@model
def repeats_by_length(keras):
    def call(x):
        first = keras.ops.repeat(x[:, :1], keras.ops.shape(x)[1], axis=1)
        return x + first

    return sequence(keras, call)


@model
def constant_broadcast_to_the_batch(keras):
    def call(x):
        scale = keras.ops.convert_to_tensor([[0.5, 1.0, 1.5, 2.0, 2.5, 3.0]])
        return x * keras.ops.broadcast_to(scale, keras.ops.shape(x))

    return function(keras, call)


@model
def layer_made_in_a_call(keras):
    class Double(keras.layers.Layer):
        def call(self, x):
            return 2.0 * x

    return function(keras, lambda x: keras.layers.Softmax()(Double()(x)))


@model
def layer_that_makes_constants(keras):
    class Scales(keras.layers.Layer):
        def call(self, x):
            return keras.ops.convert_to_tensor([0.5, 1.0, 1.5, 2.0, 2.5, 3.0])

    scales = Scales()
    return function(keras, lambda x: x * scales(x))


@model
def weight_of_a_layer_that_is_not_called(keras):
    class Inner(keras.layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight((6,), "random_normal", name="scale")

        def scaled(self, x):
            return x * (1.0 + self.scale)

    class Outer(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = Inner()

        def build(self, input_shape):
            self.inner.build(input_shape)

        def call(self, x):
            return self.inner.scaled(x)

    return chain(keras, Outer(), keras.layers.Dense(2))


@model
def band_of_a_matrix(keras):
    def call(x):
        import tensorflow

        length = keras.ops.shape(x)[1]
        width = keras.ops.minimum(length, 1)
        return tensorflow.linalg.band_part(keras.ops.ones((length, length)), width, -1) @ x

    return sequence(keras, call)


@model
def elements_by_number_in_tensorflow(keras):
    def call(x):
        import tensorflow

        order = keras.ops.argsort(x, axis=-1)
        places = keras.ops.stack([order * 0, order], axis=-1)
        whole = tensorflow.gather(x, [2, 0, 1, 3, 4, 5], axis=1)
        return tensorflow.gather(x, order, batch_dims=1) + whole + tensorflow.gather_nd(x, places)

    return function(keras, call)


@model
def pictures_between_corners(keras):
    def call(x):
        import tensorflow

        return tensorflow.compat.v1.image.resize(x, size=(7, 3), method="bilinear", align_corners=True)

    return function(keras, call, shape=(4, 5, 6))


@model
def boxes_in_another_format(keras):
    def call(x):
        return keras.utils.bounding_boxes.convert_format(x, "xywh", "rel_xyxy", height=8, width=10)

    return chain(keras, keras.layers.Dense(4), own(keras, call), keras.layers.Dense(2), shape=(3, 6))


@model
def frequencies_of_unknown_length(keras):
    return sequence(keras, lambda x: keras.ops.fft2((x, keras.ops.zeros_like(x)))[0])


def own(keras: Any, call: Any) -> Any:
    class Own(keras.layers.Layer):
        def call(self, x):
            return call(x)

        def compute_output_shape(self, input_shape):
            return input_shape

    return Own()
