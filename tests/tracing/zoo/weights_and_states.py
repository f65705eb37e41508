"""What an author does with weights: assigned, frozen, penalized, adapted, shared."""

from __future__ import annotations

from tests.tracing.zoo.registry import chain, model


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
def constrained_weight(keras):
    class Scale(keras.layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight((input_shape[-1],), "ones", name="scale", constraint="unit_norm")

        def call(self, x):
            return x * self.scale

    return chain(keras, Scale(), keras.layers.Dense(2))


@model
def added_loss(keras):
    class Penalized(keras.layers.Layer):
        def call(self, x):
            self.add_loss(0.01 * keras.ops.mean(keras.ops.square(x)))
            return x

    return chain(keras, keras.layers.Dense(4), Penalized(), keras.layers.Dense(2))


@model
def activity_of_its_own_layer(keras):
    class Doubled(keras.layers.Layer):
        def call(self, x):
            return x * 2.0

    doubled = Doubled(activity_regularizer=keras.regularizers.L2(0.1))
    return chain(keras, keras.layers.Dense(4), doubled, keras.layers.Dense(2))


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


def adapted(keras, layer, *layers, shape=(6,)):
    """A model with a layer that has LoRA, whose second factor is no longer zero."""
    made = chain(keras, layer, *layers, shape=shape)
    layer.enable_lora(2)
    pairs = [item for item in layer.trainable_weights if "lora" in item.name]
    pairs[1].assign(pairs[1] + 0.2)
    return made


@model
def lora_of_a_dense_layer(keras):
    return adapted(keras, keras.layers.Dense(4, activation="relu"), keras.layers.Dense(2))


@model
def lora_of_an_einsum(keras):
    layer = keras.layers.EinsumDense("btd,de->bte", output_shape=(3, 4), bias_axes="e")
    return adapted(keras, layer, keras.layers.Flatten(), keras.layers.Dense(2), shape=(3, 2))


@model
def lora_of_a_convolution(keras):
    return adapted(keras, keras.layers.Conv2D(3, 2), keras.layers.Flatten(), keras.layers.Dense(2), shape=(3, 3, 2))


@model
def lora_of_an_embedding(keras):
    return adapted(keras, keras.layers.Embedding(3, 4), keras.layers.Flatten(), keras.layers.Dense(2))


@model
def lora_inside_frozen_layers(keras):
    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.first, self.second = keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(6)

        def build(self, input_shape):
            self.first.build(input_shape)
            self.second.build(input_shape)
            self.first.trainable = False
            self.second.enable_lora(2, lora_alpha=4)

        def call(self, x):
            return x + self.second(self.first(x))

    return chain(keras, Block(), keras.layers.Dense(2))


@model
def lora_of_attention(keras):
    x = keras.Input((3, 2))
    attention = keras.layers.MultiHeadAttention(2, 3)
    found = keras.Model(x, keras.layers.Dense(2)(keras.layers.Flatten()(attention(x, x))))
    attention.query_dense.enable_lora(2)
    attention.value_dense.enable_lora(2)
    return found


@model
def weights_divided_by_their_norms(keras):
    class Normed(keras.layers.Layer):
        def build(self, input_shape):
            self.direction = self.add_weight((input_shape[-1], 4), "glorot_uniform", name="direction")
            self.length = self.add_weight((4,), "ones", name="length")

        def call(self, x):
            return x @ (self.direction * self.length / keras.ops.norm(self.direction, axis=0))

    return chain(keras, Normed(), keras.layers.Dense(2))


@model
def spectral_norm_by_hand(keras):
    ops = keras.ops

    class Spectral(keras.layers.Layer):
        def build(self, input_shape):
            self.kernel = self.add_weight((input_shape[-1], 4), "glorot_uniform", name="kernel")
            self.left = self.add_weight((1, 4), "random_normal", trainable=False, name="left")

        def call(self, x, training=False):
            right = ops.normalize(self.left @ ops.transpose(self.kernel))
            left = ops.normalize(right @ self.kernel)
            left, right = ops.stop_gradient(left), ops.stop_gradient(right)
            if training:
                self.left.assign(left)
            return x @ (self.kernel / ops.sum(right @ self.kernel * left))

    return chain(keras, Spectral(), keras.layers.Dense(2))


@model
def codebook_with_moving_means(keras):
    ops = keras.ops

    class Codebook(keras.layers.Layer):
        def build(self, input_shape):
            self.codes = self.add_weight((input_shape[-1], 5), "random_uniform", trainable=False, name="codes")
            self.counts = self.add_weight((5,), "ones", trainable=False, name="counts")

        def call(self, x, training=False):
            distances = ops.sum(x**2, axis=1, keepdims=True) - 2.0 * x @ self.codes + ops.sum(self.codes**2, axis=0)
            chosen = ops.one_hot(ops.argmin(distances, axis=-1), 5)
            found = chosen @ ops.transpose(self.codes)
            self.add_loss(0.25 * ops.mean(ops.square(ops.stop_gradient(found) - x)))
            if training:
                self.counts.assign(0.9 * self.counts + 0.1 * ops.sum(chosen, axis=0))
                self.codes.assign(0.9 * self.codes + 0.1 * (ops.transpose(x) @ chosen) / self.counts)
            return x + ops.stop_gradient(found - x)

    return chain(keras, keras.layers.Dense(3), Codebook(), keras.layers.Dense(2))


@model
def counter_that_scales(keras):
    class Warm(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.steps = self.add_weight((), "zeros", dtype="int32", trainable=False, name="steps")

        def call(self, x, training=False):
            if training:
                self.steps.assign_add(1)
            return x * keras.ops.minimum(keras.ops.cast(self.steps, "float32") / 4.0, 1.0)

    return chain(keras, keras.layers.Dense(4), Warm(), keras.layers.Dense(2))


@model
def weight_of_a_layer_as_its_own(keras):
    class Untied(keras.layers.Layer):
        def __init__(self, other):
            super().__init__()
            self.other = other

        def build(self, input_shape):
            self.kernel = self.other.kernel
            self.bias = self.add_weight((6,), "zeros", name="bias")

        def call(self, x):
            return x @ keras.ops.transpose(self.kernel) + self.bias

    dense = keras.layers.Dense(4, use_bias=False)
    return chain(keras, dense, keras.layers.Activation("tanh"), Untied(dense))


@model
def variables_without_add_weight(keras):
    class Raw(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.scale = keras.Variable([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], name="scale")
            self.parts = {"shift": keras.Variable(0.5, name="shift")}

        def call(self, x):
            return x * self.scale + self.parts["shift"]

    return chain(keras, Raw(), keras.layers.Dense(2))


@model
def memory_that_is_written(keras):
    ops = keras.ops

    class Memory(keras.layers.Layer):
        def build(self, input_shape):
            self.slots = self.add_weight((3, input_shape[-1]), "random_normal", trainable=False, name="slots")

        def call(self, x, training=False):
            read = ops.softmax(x @ ops.transpose(self.slots)) @ self.slots
            if training:
                self.slots.assign(ops.concatenate([self.slots[1:], ops.mean(x, axis=0, keepdims=True)], axis=0))
            return ops.concatenate([x, read], axis=-1)

    return chain(keras, keras.layers.Dense(4), Memory(), keras.layers.Dense(2))
