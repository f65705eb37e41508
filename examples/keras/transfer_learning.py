"""Train a network on one task, freeze its convolutions, and fit a new head for another task; then fine-tune all."""

import keras
import numpy as np
from keras import layers
from synthetic_data import photographs


def make_base():
    return keras.Sequential(
        [
            keras.Input(shape=(32, 32, 3)),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.BatchNormalization(),
        ],
        name="base",
    )


def main():
    keras.utils.set_random_seed(2)
    images, labels = photographs(256, seed=4)
    base = make_base()
    teacher = keras.Sequential([base, layers.GlobalAveragePooling2D(), layers.Dense(10, activation="softmax")])
    teacher.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    teacher.fit(images, labels, epochs=2, verbose=0)

    images, labels = photographs(128, seed=5)
    is_warm = (labels < 5).astype("float32")
    base.trainable = False
    frozen = [weight.copy() for weight in base.get_weights()]

    inputs = keras.Input(shape=(32, 32, 3))
    x = base(inputs, training=False)
    x = layers.GlobalMaxPooling2D()(x)
    x = layers.Dropout(0.2)(x)
    outputs = layers.Dense(1)(x)
    model = keras.Model(inputs, outputs)
    print(len(model.trainable_weights), "of", len(model.weights), "weights are trained")

    model.compile(
        optimizer=keras.optimizers.Adam(),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)],
    )
    model.fit(images, is_warm, epochs=3, verbose=0)
    same = all(np.array_equal(old, new) for old, new in zip(frozen, base.get_weights(), strict=True))
    print("the base has stayed the same:", same)

    base.trainable = True
    model.compile(
        optimizer=keras.optimizers.Adam(1e-4),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)],
    )
    history = model.fit(images, is_warm, epochs=2, verbose=0)
    print("fine-tuned, accuracy", round(history.history["binary_accuracy"][-1], 3))
    print(model.predict(images[:4], verbose=0).ravel().round(2))


if __name__ == "__main__":
    main()
