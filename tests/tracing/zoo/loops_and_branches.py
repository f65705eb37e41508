"""Loops and branches of `keras.ops` in what an author wrote."""

from __future__ import annotations

from tests.tracing.zoo.registry import chain, function, model


@model
def branch_on_data(keras):
    def call(x):
        return keras.ops.cond(keras.ops.mean(x) > 0.0, lambda: keras.ops.tanh(x) * 2.0, lambda: keras.ops.sin(x))

    return function(keras, call)


@model
def branch_that_assigns(keras):
    class Counting(keras.layers.Layer):
        def build(self, input_shape):
            self.count = self.add_weight((), "zeros", trainable=False, name="count")

        def seen(self, x):
            self.count.assign_add(1.0)
            return x

        def call(self, x, training=False):
            if training:
                x = keras.ops.cond(keras.ops.sum(x) > -1e6, lambda: self.seen(x), lambda: 2.0 * x)
            return x + 0.1 * self.count

    return chain(keras, keras.layers.Dense(4), Counting(), keras.layers.Dense(2))


@model
def choice_among_functions(keras):
    ops = keras.ops
    branches = [lambda x: x, lambda x: x * 2.0, lambda x: ops.sin(x)]
    return function(keras, lambda x: ops.switch(ops.cast(ops.max(ops.abs(x)), "int32"), branches, x))


@model
def counted_loop(keras):
    def call(x):
        return keras.ops.fori_loop(0, 3, lambda step, y: y + keras.ops.sin(y) * keras.ops.cast(step, "float32"), x)

    return function(keras, call)


@model
def loop_with_a_counter(keras):
    def call(x):
        _, found = keras.ops.while_loop(
            lambda step, y: step < 3, lambda step, y: (step + 1, keras.ops.tanh(y) * 1.5), (0, x)
        )
        return found

    return function(keras, call)


@model
def loop_until_large_enough(keras):
    def call(x):
        x = keras.ops.abs(x)
        return keras.ops.while_loop(lambda y: keras.ops.max(y) < 3.0, lambda y: (y * 1.5,), (x,), maximum_iterations=4)[
            0
        ]

    return function(keras, call)


@model
def scan_over_time(keras):
    ops = keras.ops

    class Smoothed(keras.layers.Layer):
        def build(self, input_shape):
            self.share = self.add_weight((input_shape[-1],), keras.initializers.Constant(0.3), name="share")

        def step(self, state, x):
            state = state + self.share * (x - state)
            return state, state

        def call(self, x):
            last, states = ops.scan(self.step, ops.zeros_like(x[:, 0]), ops.transpose(x, (1, 0, 2)))
            return ops.mean(states, axis=0) + last

    return chain(keras, keras.layers.Dense(3), Smoothed(), keras.layers.Dense(2), shape=(None, 2))


@model
def scan_backwards(keras):
    ops = keras.ops

    def call(x):
        _, found = ops.scan(lambda c, e: (ops.maximum(c * 0.9, e),) * 2, x[:, -1], ops.transpose(x), reverse=True)
        return ops.transpose(found)

    return function(keras, call)


@model
def function_of_each_row(keras):
    return function(keras, lambda x: keras.ops.vectorized_map(lambda row: row * keras.ops.max(row), x))


@model
def function_of_pairs_of_rows(keras):
    class Paired(keras.layers.Layer):
        def build(self, input_shape):
            self.kernel = self.add_weight((input_shape[-1], 3), "glorot_uniform", name="kernel")

        def call(self, x):
            def row(pair):
                return keras.ops.tanh(keras.ops.dot(pair[0], self.kernel)) + keras.ops.sum(pair[1])

            return keras.ops.map(row, (x, keras.ops.square(x)))

    return chain(keras, keras.layers.Dense(4), Paired(), keras.layers.Dense(2))
