"""Models of their author's: subclasses with a call of their own, and models in models."""

from __future__ import annotations

from tests.tracing.zoo.registry import built, chain, model


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
def always_as_in_training(keras):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.norm, self.out = keras.layers.BatchNormalization(), keras.layers.Dense(2)

        def call(self, x):
            return self.out(self.norm(x, training=False))

    return built(keras, Net())


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
def dictionary_of_inputs(keras):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.second, self.out = (keras.layers.Dense(units) for units in (3, 3, 2))

        def call(self, inputs, training=None):
            return self.out(self.first(inputs["wide"]) * self.second(inputs["deep"]))

    net = Net()
    net({"wide": keras.ops.zeros((2, 6)), "deep": keras.ops.zeros((2, 4))})
    return net


@model
def tuple_of_inputs(keras):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.out = keras.layers.Dense(2)

        def call(self, inputs):
            first, second, third = inputs
            return self.out(keras.ops.concatenate([first, second - third], axis=-1))

    net = Net()
    net((keras.ops.zeros((2, 6)), keras.ops.zeros((2, 4)), keras.ops.zeros((2, 4))))
    return net


@model
def weights_of_the_model_itself(keras):
    class Net(keras.Model):
        def build(self, input_shape):
            self.kernel = self.add_weight((input_shape[-1], 3), "glorot_uniform", name="kernel")
            self.out = keras.layers.Dense(2)
            self.out.build((None, 3))
            self.built = True

        def call(self, x):
            return self.out(keras.ops.tanh(x @ self.kernel))

    return built(keras, Net())


@model
def keywords_with_defaults(keras):
    class Net(keras.Model):
        def __init__(self, units=4):
            super().__init__()
            self.parts = {"up": keras.layers.Dense(units, "relu"), "down": keras.layers.Dense(2)}

        def call(self, x, training=False, scale=2.0, names=("up", "down")):
            for name in names:
                x = self.parts[name](x) * scale
            return x

    return built(keras, Net())


@model
def embedding_tied_to_the_output(keras):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.tokens, self.mix = keras.layers.Embedding(4, 3), keras.layers.GRU(3, return_sequences=True)

        def call(self, x):
            return self.mix(self.tokens(x)) @ keras.ops.transpose(self.tokens.embeddings)

    return built(keras, Net())


@model
def model_called_twice(keras):
    inner = keras.Sequential([keras.layers.Dense(6), keras.layers.Lambda(lambda x: keras.ops.sin(x))])
    x = keras.Input((6,))
    return keras.Model(x, keras.layers.Dense(2)(inner(inner(x))))


@model
def modes_that_differ(keras):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.frozen, self.norm = keras.layers.BatchNormalization(), keras.layers.BatchNormalization()
            self.dropout, self.out = keras.layers.Dropout(0.5), keras.layers.Dense(2)

        def call(self, x, training=None):
            x = self.frozen(self.dropout(x, training=False), training=False)
            return self.out(self.norm(keras.ops.tanh(x), training=training))

    return built(keras, Net())


@model
def siamese_branches(keras):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.tower = keras.Sequential([keras.layers.Dense(4, "relu"), keras.layers.Dense(3)])
            self.out = keras.layers.Dense(1, "sigmoid")

        def call(self, inputs):
            first, second = (self.tower(part) for part in keras.ops.split(inputs, 2, axis=-1))
            return self.out(keras.ops.abs(first - second))

    return built(keras, Net())


@model
def outputs_of_layers_by_name(keras):
    base = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, name="low"), keras.layers.Dense(3, name="high")])
    features = keras.Model(base.inputs, [base.get_layer("low").output, base.get_layer("high").output])

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.features, self.out = features, keras.layers.Dense(2)

        def call(self, x):
            return self.out(keras.ops.concatenate(self.features(x), axis=-1))

    return built(keras, Net())


@model
def smoothed_outputs(keras):
    class Smoothed(keras.Model):
        def __init__(self, smoothing):
            super().__init__()
            self.smoothing, self.dense = smoothing, keras.layers.Dense(3, "softmax")

        def call(self, x, training=False):
            found = self.dense(x)
            return found * (1.0 - self.smoothing) + self.smoothing / 3.0 if training else found

    return built(keras, Smoothed(0.1))
