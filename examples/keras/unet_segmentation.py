"""Say of each pixel whether it belongs to an animal, its outline or the background: a small U-Net."""

import keras
import numpy as np
from keras import layers

SIZE = 32


def make_data(count, seed):
    """Return pictures of discs, and for each pixel 0 (disc), 1 (background) or 2 (outline)."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    centre = rng.uniform(10, SIZE - 10, (2, count, 1, 1))
    radius = rng.uniform(4, 9, (count, 1, 1))
    distance = np.hypot(rows - centre[0], columns - centre[1]) - radius
    targets = np.where(distance < -1, 0, np.where(distance > 1, 1, 2))[..., None].astype("uint8")
    colours = np.array([[0.8, 0.5, 0.2], [0.2, 0.4, 0.8], [0.1, 0.1, 0.1]])
    images = colours[targets[..., 0]] + rng.normal(0, 0.2, (count, SIZE, SIZE, 3))
    return images.astype("float32"), targets


def get_model(img_size, num_classes):
    inputs = keras.Input(shape=(*img_size, 3))
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    previous_block_activation = x

    for filters in (16, 32):
        x = layers.Activation("relu")(x)
        x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        residual = layers.Conv2D(filters, 1, strides=2, padding="same")(previous_block_activation)
        x = layers.add([x, residual])
        previous_block_activation = x

    for filters in (32, 16, 8):
        x = layers.Activation("relu")(x)
        x = layers.Conv2DTranspose(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.UpSampling2D(2)(x)
        residual = layers.UpSampling2D(2)(previous_block_activation)
        residual = layers.Conv2D(filters, 1, padding="same")(residual)
        x = layers.add([x, residual])
        previous_block_activation = x

    outputs = layers.Conv2D(num_classes, 3, activation="softmax", padding="same")(x)
    return keras.Model(inputs, outputs)


def main():
    keras.utils.set_random_seed(3)
    (x_train, y_train), (x_val, y_val) = make_data(64, seed=0), make_data(16, seed=1)
    model = get_model((SIZE, SIZE), 3)
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss="sparse_categorical_crossentropy",
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    callbacks = [keras.callbacks.ModelCheckpoint("segmentation.keras", save_best_only=True)]
    history = model.fit(
        x_train, y_train, epochs=2, batch_size=16, validation_data=(x_val, y_val), callbacks=callbacks, verbose=0
    )
    masks = model.predict(x_val, verbose=0)
    intersection = ((masks.argmax(-1) == 0) & (y_val[..., 0] == 0)).sum()
    union = ((masks.argmax(-1) == 0) | (y_val[..., 0] == 0)).sum()
    print(
        "losses", [round(loss, 3) for loss in history.history["loss"]], "IoU of discs", round(intersection / union, 3)
    )


if __name__ == "__main__":
    main()
