"""Tell praise from blame in reviews with two bidirectional LSTM layers."""

import keras
from keras import layers
from synthetic_data import reviews


def main():
    keras.utils.set_random_seed(1)
    max_features, maxlen = 1000, 40
    inputs = keras.Input(shape=(None,), dtype="int32")
    x = layers.Embedding(max_features, 16)(inputs)
    x = layers.Bidirectional(layers.LSTM(8, return_sequences=True))(x)
    x = layers.Bidirectional(layers.LSTM(8))(x)
    outputs = layers.Dense(1, activation="sigmoid")(x)
    model = keras.Model(inputs, outputs)
    model.summary()

    (x_train, y_train), (x_val, y_val) = reviews(128, seed=0), reviews(32, seed=1)
    x_train = keras.utils.pad_sequences(x_train, maxlen=maxlen)
    x_val = keras.utils.pad_sequences(x_val, maxlen=maxlen)
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    history = model.fit(x_train, y_train, batch_size=32, epochs=2, validation_data=(x_val, y_val), verbose=0)
    print({name: round(values[-1], 4) for name, values in history.history.items()})
    print(model.predict(x_val[:4], verbose=0).ravel().round(4))


if __name__ == "__main__":
    main()
