"""Random numbers in what an author wrote, where they change nothing that can be compared."""

from __future__ import annotations

from tests.tracing.zoo.registry import built, chain, model


@model
def sampling_without_spread(keras):
    ops = keras.ops

    class Sampling(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.seed = keras.random.SeedGenerator(7)

        def call(self, inputs):
            mean, variance = inputs
            noise = keras.random.normal(ops.shape(mean), seed=self.seed)
            self.add_loss(-0.05 * ops.mean(1.0 + variance - ops.square(mean) - ops.exp(variance)))
            return mean + 0.0 * ops.exp(0.5 * variance) * noise

    class Autoencoder(keras.Model):
        def __init__(self):
            super().__init__()
            self.encoder, self.decoder = keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(6)
            self.mean, self.variance = keras.layers.Dense(2), keras.layers.Dense(2)
            self.sampling = Sampling()

        def call(self, x):
            hidden = self.encoder(x)
            return self.decoder(self.sampling([self.mean(hidden), self.variance(hidden)]))

    return built(keras, Autoencoder())


@model
def stochastic_depth_that_keeps_all(keras):
    class Depth(keras.layers.Layer):
        def __init__(self, rate):
            super().__init__()
            self.rate, self.seed = rate, keras.random.SeedGenerator(1)

        def call(self, x, residual, training=False):
            if training:
                kept = keras.random.uniform((keras.ops.shape(x)[0], 1), seed=self.seed) >= self.rate
                residual = residual * keras.ops.cast(kept, x.dtype) / (1.0 - self.rate)
            return x + residual

    x = keras.Input((6,))
    return keras.Model(x, keras.layers.Dense(2)(Depth(0.0)(x, keras.layers.Dense(6, "relu")(x))))


@model
def dropout_inside_that_keeps_all(keras):
    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense, self.dropout = keras.layers.Dense(4), keras.layers.Dropout(0.0)

        def build(self, input_shape):
            self.dense.build(input_shape)

        def call(self, x, training=None):
            return self.dropout(keras.ops.relu(self.dense(x)), training=training)

    return chain(keras, Block(), keras.layers.Dense(2))


@model
def gumbel_choice_without_noise(keras):
    class Choice(keras.layers.Layer):
        def call(self, logits, training=False):
            drawn = keras.random.uniform(keras.ops.shape(logits), 1e-6, 1.0 - 1e-6)
            noise = -keras.ops.log(-keras.ops.log(drawn)) * 0.0
            soft = keras.ops.softmax((logits + noise) / 0.5)
            hard = keras.ops.one_hot(keras.ops.argmax(soft, axis=-1), 4)
            return hard + soft - keras.ops.stop_gradient(soft)

    return chain(keras, keras.layers.Dense(4), Choice(), keras.layers.Dense(2))


@model
def noise_while_training_without_spread(keras):
    class Noise(keras.layers.Layer):
        def call(self, x, training=False):
            if not training:
                return x
            shape = keras.ops.shape(x)
            noise = (
                keras.random.truncated_normal(shape) + keras.random.gamma(shape, 2.0) + keras.random.beta(shape, 2, 1)
            )
            return x + 0.0 * (noise + keras.random.shuffle(x))

    return chain(keras, keras.layers.Dense(4), Noise(), keras.layers.Dense(2))
