"""Blocks of networks from papers, as authors write them."""

from __future__ import annotations

from tests.tracing.zoo.registry import chain, model


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
def gated_linear_unit(keras):
    class Gated(keras.layers.Layer):
        def __init__(self, units):
            super().__init__()
            self.up, self.down = keras.layers.Dense(2 * units, use_bias=False), keras.layers.Dense(units)

        def build(self, input_shape):
            self.up.build(input_shape)
            self.down.build((*input_shape[:-1], self.up.units // 2))

        def call(self, x):
            value, gate = keras.ops.split(self.up(x), 2, axis=-1)
            return self.down(value * keras.ops.silu(gate))

    return chain(keras, Gated(5), keras.layers.Dense(2))


@model
def highway(keras):
    class Highway(keras.layers.Layer):
        def build(self, input_shape):
            self.carry = keras.layers.Dense(
                input_shape[-1], "sigmoid", bias_initializer=keras.initializers.Constant(-1.0)
            )
            self.change = keras.layers.Dense(input_shape[-1], "relu")
            self.carry.build(input_shape)
            self.change.build(input_shape)

        def call(self, x):
            gate = self.carry(x)
            return gate * self.change(x) + (1.0 - gate) * x

    return chain(keras, Highway(), Highway(), keras.layers.Dense(2))


@model
def mixture_of_experts(keras):
    ops = keras.ops

    class Experts(keras.layers.Layer):
        def __init__(self, count, chosen):
            super().__init__()
            self.experts = [keras.layers.Dense(4, activation="tanh") for _ in range(count)]
            self.gate, self.chosen = keras.layers.Dense(count), chosen

        def build(self, input_shape):
            for layer in (*self.experts, self.gate):
                layer.build(input_shape)

        def call(self, x):
            scores = self.gate(x)
            best, places = ops.top_k(scores, self.chosen)
            chosen = ops.sum(ops.one_hot(places, len(self.experts)) * ops.softmax(best)[..., None], axis=1)
            self.add_loss(0.1 * ops.sum(ops.square(ops.mean(ops.softmax(scores), axis=0))))
            return ops.einsum("bed,be->bd", ops.stack([expert(x) for expert in self.experts], axis=1), chosen)

    return chain(keras, Experts(3, 2), keras.layers.Dense(2))


@model
def routing_between_capsules(keras):
    ops = keras.ops

    def squashed(x):
        length = ops.sum(ops.square(x), axis=-1, keepdims=True)
        return x * length / (1.0 + length) / ops.sqrt(length + 1e-7)

    class Capsules(keras.layers.Layer):
        def build(self, input_shape):
            self.kernel = self.add_weight((input_shape[1], 2, input_shape[2], 3), "glorot_uniform", name="kernel")

        def call(self, x):
            votes = ops.einsum("bid,ijde->bije", x, self.kernel)
            logits = ops.zeros_like(votes[..., :1])
            for _ in range(3):
                found = squashed(ops.sum(ops.softmax(logits, axis=2) * votes, axis=1, keepdims=True))
                logits = logits + ops.sum(votes * found, axis=-1, keepdims=True)
            return ops.sqrt(ops.sum(ops.square(found[:, 0]), axis=-1) + 1e-7)

    return chain(keras, keras.layers.Reshape((3, 2)), Capsules())


@model
def patches_with_a_class_token(keras):
    ops = keras.ops

    class Patches(keras.layers.Layer):
        def __init__(self, size, units):
            super().__init__()
            self.size, self.project = size, keras.layers.Dense(units)

        def build(self, input_shape):
            count = (input_shape[1] // self.size) * (input_shape[2] // self.size)
            self.project.build((None, count, self.size**2 * input_shape[3]))
            self.token = self.add_weight((1, 1, self.project.units), "random_normal", name="token")
            self.places = self.add_weight((1, count + 1, self.project.units), "random_normal", name="places")

        def call(self, images):
            patches = ops.image.extract_patches(images, self.size)
            flat = ops.reshape(patches, (ops.shape(images)[0], -1, patches.shape[-1]))
            token = ops.tile(self.token, (ops.shape(images)[0], 1, 1))
            return ops.concatenate([token, self.project(flat)], axis=1) + self.places

    return chain(keras, Patches(2, 3), keras.layers.Flatten(), keras.layers.Dense(2), shape=(4, 4, 1))


@model
def deep_and_cross(keras):
    class Cross(keras.layers.Layer):
        def build(self, input_shape):
            self.kernel = self.add_weight((input_shape[0][-1], 1), "glorot_uniform", name="kernel")
            self.bias = self.add_weight((input_shape[0][-1],), "zeros", name="bias")

        def call(self, inputs):
            first, x = inputs
            return first * keras.ops.matmul(x, self.kernel) + self.bias + x

    x = inputs = keras.Input((6,))
    for _ in range(2):
        x = Cross()([inputs, x])
    deep = keras.layers.Dense(4, "relu")(inputs)
    return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Concatenate()([x, deep])))


@model
def graph_convolution(keras):
    import numpy

    class GraphConvolution(keras.layers.Layer):
        def __init__(self, units, adjacency):
            super().__init__()
            degrees = adjacency.sum(axis=1)
            self.adjacency = keras.ops.convert_to_tensor(adjacency / numpy.sqrt(numpy.outer(degrees, degrees)))
            self.units = units

        def build(self, input_shape):
            self.kernel = self.add_weight((input_shape[-1], self.units), "glorot_uniform", name="kernel")

        def call(self, nodes):
            return keras.ops.relu(keras.ops.einsum("ij,bjd,de->bie", self.adjacency, nodes, self.kernel))

    edges = numpy.float32([[1, 1, 0], [1, 1, 1], [0, 1, 1]])
    layers = (keras.layers.Reshape((3, 2)), GraphConvolution(4, edges), keras.layers.Flatten(), keras.layers.Dense(2))
    return chain(keras, *layers)


@model
def differential_equation(keras):
    class Flow(keras.layers.Layer):
        def __init__(self, steps):
            super().__init__()
            self.steps, self.change = steps, keras.layers.Dense(6, activation="tanh")

        def build(self, input_shape):
            self.change.build((None, input_shape[-1] + 1))

        def slope(self, x, time):
            return self.change(keras.ops.concatenate([x, keras.ops.full_like(x[:, :1], time)], axis=-1))

        def call(self, x):
            size = 1.0 / self.steps
            for step in range(self.steps):
                middle = x + 0.5 * size * self.slope(x, step * size)
                x = x + size * self.slope(middle, (step + 0.5) * size)
            return x

    return chain(keras, Flow(3), keras.layers.Dense(2))


@model
def fourier_features(keras):
    class Features(keras.layers.Layer):
        def build(self, input_shape):
            self.kernel = self.add_weight((input_shape[-1], 4), "random_normal", trainable=False, name="kernel")

        def call(self, x):
            angles = 6.283185307179586 * keras.ops.matmul(x, self.kernel)
            return keras.ops.concatenate([keras.ops.sin(angles), keras.ops.cos(angles)], axis=-1)

    return chain(keras, Features(), keras.layers.Dense(2))


@model
def hypernetwork(keras):
    class Hyper(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.maker = keras.layers.Dense(6 * 3)

        def build(self, input_shape):
            self.maker.build(input_shape)

        def call(self, x):
            kernels = keras.ops.reshape(self.maker(x), (-1, 6, 3))
            return keras.ops.einsum("bi,bio->bo", x, kernels)

    return chain(keras, Hyper(), keras.layers.Dense(2))


@model
def features_modulated_by_another(keras):
    class Film(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(8)

        def build(self, x_shape, condition_shape):
            self.dense.build(condition_shape)

        def call(self, x, condition):
            scale, shift = keras.ops.split(self.dense(condition), 2, axis=-1)
            return x * (1.0 + scale[:, None, :]) + shift[:, None, :]

    x = keras.Input((6,))
    sequence = keras.layers.Conv1D(4, 2)(keras.layers.Reshape((3, 2))(x))
    return keras.Model(x, keras.layers.Dense(2)(keras.layers.Flatten()(Film()(sequence, x))))


@model
def radial_basis(keras):
    class Radial(keras.layers.Layer):
        def build(self, input_shape):
            self.centers = self.add_weight((5, input_shape[-1]), "random_uniform", name="centers")
            self.width = self.add_weight((), keras.initializers.Constant(-1.0), name="width")

        def call(self, x):
            distances = keras.ops.sum(keras.ops.square(x[:, None] - self.centers), axis=-1)
            return keras.ops.exp(-keras.ops.softplus(self.width) * distances)

    return chain(keras, Radial(), keras.layers.Dense(2))


@model
def factorization_machine(keras):
    class Factors(keras.layers.Layer):
        def build(self, input_shape):
            self.factors = self.add_weight((input_shape[-1], 3), "glorot_uniform", name="factors")

        def call(self, x):
            squares = keras.ops.square(x @ self.factors) - keras.ops.square(x) @ keras.ops.square(self.factors)
            return 0.5 * keras.ops.sum(squares, axis=-1, keepdims=True)

    x = keras.Input((6,))
    return keras.Model(x, keras.layers.Add()([keras.layers.Dense(1)(x), Factors()(x)]))
