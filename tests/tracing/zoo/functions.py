"""Functions that an author wrote: activations, Lambda, steps of loops, regularizers and constraints."""

from __future__ import annotations

from tests.tracing.zoo.registry import chain, function, model


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
def lambda_with_a_mask(keras):
    def masked(x, mask=None):
        return x * keras.ops.cast(mask, "float32")[:, :, None]

    summed = keras.layers.Lambda(masked, output_shape=(6, 4))
    return chain(
        keras, keras.layers.Embedding(3, 4, mask_zero=True), summed, keras.layers.Flatten(), keras.layers.Dense(2)
    )


@model
def lambda_of_several_inputs(keras):
    x = keras.Input((6,))
    joined = keras.layers.Lambda(lambda pair: pair[0] * pair[1] - pair[0])([x, keras.layers.Dense(6)(x)])
    return keras.Model(x, keras.layers.Dense(2)(joined))


@model
def activation_that_is_an_object(keras):
    class Bent:
        def __init__(self, slope):
            self.slope = slope

        def __call__(self, x):
            return keras.ops.maximum(x, self.slope * x)

    return chain(keras, keras.layers.Dense(4, activation=Bent(0.3)), keras.layers.Dense(2))


@model
def activation_with_a_weight(keras):
    class Learned(keras.layers.Layer):
        def build(self, input_shape):
            self.slope = self.add_weight((input_shape[-1],), keras.initializers.Constant(0.2), name="slope")

        def call(self, x):
            return keras.ops.where(x > 0, x, self.slope * x)

    return chain(keras, keras.layers.Dense(4), Learned(), keras.layers.Dense(2))


@model
def activations_of_a_recurrent_layer(keras):
    cells = keras.layers.LSTM(
        3, activation=lambda x: keras.ops.sin(x), recurrent_activation=lambda x: keras.ops.sigmoid(2.0 * x)
    )
    return chain(keras, keras.layers.Reshape((3, 2)), cells, keras.layers.Dense(2))


@model
def penalty_of_its_own(keras):
    class Rooted(keras.regularizers.Regularizer):
        def __call__(self, weight):
            return 0.01 * keras.ops.sum(keras.ops.abs(weight) ** 1.5)

    return chain(
        keras, keras.layers.Dense(4, kernel_regularizer=Rooted(), bias_regularizer=Rooted()), keras.layers.Dense(2)
    )


@model
def penalty_that_is_a_function(keras):
    def balanced(weight):
        return 0.1 * keras.ops.square(keras.ops.sum(weight))

    return chain(
        keras,
        keras.layers.Conv1D(3, 2, kernel_regularizer=balanced),
        keras.layers.Flatten(),
        keras.layers.Dense(2),
        shape=(4, 2),
    )


@model
def penalty_of_what_comes_out(keras):
    class Sparse(keras.regularizers.Regularizer):
        def __call__(self, x):
            return 0.1 * keras.ops.sum(keras.ops.log(1.0 + keras.ops.square(x)))

    return chain(keras, keras.layers.Dense(4, activity_regularizer=Sparse()), keras.layers.Dense(2))


@model
def constraint_of_its_own(keras):
    class Clipped(keras.constraints.Constraint):
        def __call__(self, weight):
            return keras.ops.clip(weight, -0.3, 0.3)

    return chain(
        keras, keras.layers.Dense(4, kernel_constraint=Clipped(), bias_constraint=Clipped()), keras.layers.Dense(2)
    )


@model
def penalty_and_constraint_of_an_own_weight(keras):
    class Scale(keras.layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight(
                (input_shape[-1],),
                "ones",
                name="scale",
                regularizer=lambda weight: 0.1 * keras.ops.max(weight),
                constraint=lambda weight: keras.ops.minimum(weight, 0.99),
            )

        def call(self, x):
            return x * self.scale

    return chain(keras, Scale(), keras.layers.Dense(2))


@model
def first_values_of_its_own(keras):
    class Stripes(keras.initializers.Initializer):
        def __call__(self, shape, dtype=None):
            return keras.ops.cast(keras.ops.reshape(keras.ops.arange(shape[0] * shape[1]) % 3, shape), dtype) * 0.1

    return chain(keras, keras.layers.Dense(4, kernel_initializer=Stripes()), keras.layers.Dense(2))


@model
def gradient_that_stops(keras):
    return function(keras, lambda x: keras.ops.stop_gradient(keras.ops.exp(-x)) * x)
