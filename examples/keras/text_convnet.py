"""Tell praise from blame in reviews with convolutions along the text."""

import keras
from keras import layers
from synthetic_data import reviews


def main():
    keras.utils.set_random_seed(3)
    (x_train, y_train), (x_test, y_test) = reviews(256, seed=0), reviews(64, seed=1)
    x_train = keras.utils.pad_sequences(x_train, maxlen=64)
    x_test = keras.utils.pad_sequences(x_test, maxlen=64)

    inputs = keras.Input(shape=(None,), dtype="int64")
    x = layers.Embedding(1000, 32)(inputs)
    x = layers.Dropout(0.5)(x)
    x = layers.Conv1D(32, 7, padding="valid", activation="relu", strides=3)(x)
    x = layers.Conv1D(32, 7, padding="valid", activation="relu", strides=3)(x)
    x = layers.GlobalMaxPooling1D()(x)
    x = layers.Dense(32, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    predictions = layers.Dense(1, activation="sigmoid", name="predictions")(x)
    model = keras.Model(inputs, predictions)
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=32, epochs=3, verbose=0)
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"loss {loss:.4f}, accuracy {accuracy:.3f}")
    print(model.predict(x_test[:4], verbose=0).ravel().round(3))


if __name__ == "__main__":
    main()
