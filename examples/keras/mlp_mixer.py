"""Classify small photographs with an MLP-Mixer: dense layers along patches and along channels by turns."""

import keras
from keras import layers, ops
from synthetic_data import photographs


class MLPMixerLayer(layers.Layer):
    """Mix patches, then channels."""

    def __init__(self, num_patches, hidden_units, dropout_rate, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.mlp1 = keras.Sequential(
            [
                layers.Dense(units=num_patches, activation="gelu"),
                layers.Dense(units=num_patches),
                layers.Dropout(rate=dropout_rate),
            ]
        )
        self.mlp2 = keras.Sequential(
            [
                layers.Dense(units=hidden_units, activation="gelu"),
                layers.Dense(units=hidden_units),
                layers.Dropout(rate=dropout_rate),
            ]
        )
        self.normalize = layers.LayerNormalization(epsilon=1e-6)

    def call(self, inputs):
        x = self.normalize(inputs)
        x_channels = ops.transpose(x, axes=(0, 2, 1))
        mlp1_outputs = self.mlp1(x_channels)
        mlp1_outputs = ops.transpose(mlp1_outputs, axes=(0, 2, 1))
        x = mlp1_outputs + inputs
        x_patches = self.normalize(x)
        return x + self.mlp2(x_patches)


def main():
    keras.utils.set_random_seed(7)
    (x_train, y_train), (x_test, y_test) = photographs(128, seed=0), photographs(32, seed=1)
    inputs = layers.Input(shape=(32, 32, 3))
    x = layers.Rescaling(1 / 127.5, -1)(inputs)
    x = layers.Conv2D(16, kernel_size=8, strides=8)(x)
    x = layers.Reshape((16, 16))(x)
    x = keras.Sequential([MLPMixerLayer(16, 16, 0.2) for _ in range(2)])(x)
    x = layers.GlobalAveragePooling1D()(x)
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(layers.Dropout(0.2)(x)))
    reduce_lr = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=1)
    model.compile(optimizer=keras.optimizers.Adam(0.005), loss="sparse_categorical_crossentropy", metrics=["acc"])
    history = model.fit(
        x_train,
        y_train,
        batch_size=32,
        epochs=3,
        validation_data=(x_test, y_test),
        callbacks=[reduce_lr],
        verbose=0,
    )
    print("learning rates", history.history["learning_rate"])
    print("accuracy", [round(value, 3) for value in history.history["val_acc"]])
    print(model.predict(x_test[:2], verbose=0).round(3))


if __name__ == "__main__":
    main()
