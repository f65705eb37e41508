"""Tell handwritten digits apart with a network of dense layers."""

import keras
from keras import layers
from synthetic_data import digits


def main():
    keras.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = digits(512, seed=0), digits(128, seed=1)
    x_train = x_train.reshape(-1, 784).astype("float32") / 255
    x_test = x_test.reshape(-1, 784).astype("float32") / 255
    y_train = keras.utils.to_categorical(y_train, 10)
    y_test = keras.utils.to_categorical(y_test, 10)

    model = keras.Sequential()
    model.add(layers.Dense(128, activation="relu", input_shape=(784,)))
    model.add(layers.Dropout(0.2))
    model.add(layers.Dense(128, activation="relu"))
    model.add(layers.Dropout(0.2))
    model.add(layers.Dense(10, activation="softmax"))
    model.summary()

    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.RMSprop(), metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=64, epochs=4, verbose=0, validation_data=(x_test, y_test))
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"test loss {loss:.3f}, accuracy {accuracy:.3f}")
    print("first digits:", model.predict(x_test[:8], verbose=0).argmax(axis=-1))


if __name__ == "__main__":
    main()
