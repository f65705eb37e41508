"""Tell handwritten digits apart with a small convolutional network."""

import keras
import numpy as np
from keras import layers
from synthetic_data import digits

NUM_CLASSES = 10
INPUT_SHAPE = (28, 28, 1)


def main():
    keras.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = digits(256, seed=0), digits(64, seed=1)
    x_train = np.expand_dims(x_train.astype("float32") / 255, -1)
    x_test = np.expand_dims(x_test.astype("float32") / 255, -1)
    y_train = keras.utils.to_categorical(y_train, NUM_CLASSES)
    y_test = keras.utils.to_categorical(y_test, NUM_CLASSES)

    model = keras.Sequential(
        [
            keras.Input(shape=INPUT_SHAPE),
            layers.Conv2D(16, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(NUM_CLASSES, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=32, epochs=3, validation_split=0.1, verbose=0)
    score = model.evaluate(x_test, y_test, verbose=0)
    print("Test loss:", round(score[0], 4))
    print("Test accuracy:", round(score[1], 4))
    print(model.predict(x_test[:4], verbose=0).round(2))


if __name__ == "__main__":
    main()
