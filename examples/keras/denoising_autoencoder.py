"""Take noise off pictures of digits with a convolutional autoencoder."""

import keras
import numpy as np
from keras import layers
from synthetic_data import digits


def noise(array, seed):
    rng = np.random.default_rng(seed)
    return np.clip(array + 0.4 * rng.normal(size=array.shape), 0.0, 1.0).astype("float32")


def main():
    keras.utils.set_random_seed(4)
    train, test = (
        (digits(count, seed)[0].astype("float32") / 255).reshape(-1, 28, 28, 1) for count, seed in ((128, 0), (32, 1))
    )
    noisy_train, noisy_test = noise(train, 0), noise(test, 1)

    inputs = layers.Input(shape=(28, 28, 1))
    x = layers.Conv2D(16, (3, 3), activation="relu", padding="same")(inputs)
    x = layers.MaxPooling2D((2, 2), padding="same")(x)
    x = layers.Conv2D(16, (3, 3), activation="relu", padding="same")(x)
    x = layers.MaxPooling2D((2, 2), padding="same")(x)
    x = layers.Conv2DTranspose(16, (3, 3), strides=2, activation="relu", padding="same")(x)
    x = layers.Conv2DTranspose(16, (3, 3), strides=2, activation="relu", padding="same")(x)
    x = layers.Conv2D(1, (3, 3), activation="sigmoid", padding="same")(x)

    autoencoder = keras.models.Model(inputs, x)
    autoencoder.compile(optimizer="adam", loss="binary_crossentropy")
    autoencoder.fit(
        x=noisy_train,
        y=train,
        epochs=2,
        batch_size=32,
        shuffle=True,
        validation_data=(noisy_test, test),
        verbose=0,
    )
    cleaned = autoencoder.predict(noisy_test, verbose=0)
    noisy_error, error = np.mean((noisy_test - test) ** 2), np.mean((cleaned - test) ** 2)
    print(f"mean squared error: noisy {noisy_error:.4f}, cleaned {error:.4f}")


if __name__ == "__main__":
    main()
