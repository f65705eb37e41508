"""Classify small photographs, with images changed at random while it trains."""

import keras
from keras import layers
from synthetic_data import photographs


def make_model():
    augmentation = keras.Sequential(
        [layers.RandomFlip("horizontal"), layers.RandomRotation(0.1), layers.RandomZoom(0.1)], name="augmentation"
    )
    inputs = keras.Input(shape=(32, 32, 3))
    x = augmentation(inputs)
    x = layers.Rescaling(1.0 / 255)(x)
    for size in (16, 32):
        x = layers.Conv2D(size, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.Activation("relu")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.25)(x)
    outputs = layers.Dense(10, activation="softmax")(x)
    return keras.Model(inputs, outputs)


def main():
    keras.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = photographs(256, seed=0), photographs(64, seed=1)
    model = make_model()
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.Adam(learning_rate=1e-3),
        metrics=["accuracy"],
    )
    history = model.fit(x_train, y_train, batch_size=32, epochs=3, validation_data=(x_test, y_test), verbose=0)
    print("validation accuracy:", [round(value, 3) for value in history.history["val_accuracy"]])
    print("probabilities:", model.predict(x_test[:2], verbose=0).round(3))


if __name__ == "__main__":
    main()
