"""Save a model with a layer of one's own, whole and as weights, read it back, and go on training where it was."""

import json
import os

import keras
import numpy as np
from keras import layers, ops


@keras.saving.register_keras_serializable(package="my_package", name="Scaled")
class ScaledDense(layers.Layer):
    """A dense layer whose output is multiplied by a number that is trained."""

    def __init__(self, units=8, scale=1.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.scale = scale

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True)
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True, name="b")
        self.factor = self.add_weight(
            shape=(), initializer=keras.initializers.Constant(self.scale), trainable=True, name="factor"
        )

    def call(self, inputs):
        return self.factor * (ops.matmul(inputs, self.w) + self.b)

    def get_config(self):
        config = super().get_config()
        config.update({"units": self.units, "scale": self.scale})
        return config


def get_model():
    inputs = keras.Input(shape=(32,))
    x = ScaledDense(16, scale=0.5)(inputs)
    x = layers.LeakyReLU(negative_slope=0.1)(x)
    outputs = layers.Dense(1, name="predictions")(x)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer=keras.optimizers.Adam(), loss="mean_squared_error")
    return model


def main():
    keras.utils.set_random_seed(7)
    rng = np.random.default_rng(0)
    test_input, test_target = rng.random((128, 32)), rng.random((128, 1))
    model = get_model()
    model.fit(test_input, test_target, verbose=0)

    model.save("my_model.keras")
    reconstructed_model = keras.models.load_model("my_model.keras")
    np.testing.assert_allclose(
        model.predict(test_input, verbose=0), reconstructed_model.predict(test_input, verbose=0), rtol=1e-6
    )
    reconstructed_model.fit(test_input, test_target, epochs=2, verbose=0)

    model.save_weights("my.weights.h5")
    other = get_model()
    other.load_weights("my.weights.h5")
    pairs = zip(model.get_weights(), other.get_weights(), strict=True)
    print("weights are the same:", all(np.array_equal(a, b) for a, b in pairs))
    print("files:", sorted(os.listdir(".")))

    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    print("a clone predicts", clone.predict(test_input[:2], verbose=0).ravel().round(4))
    again = keras.models.model_from_json(model.to_json())
    print(json.loads(model.to_json())["class_name"], [layer.name for layer in again.layers])
    restored = ScaledDense.from_config(model.layers[1].get_config())
    print("a layer from its config:", restored.units, restored.scale)


if __name__ == "__main__":
    main()
