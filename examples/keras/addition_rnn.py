"""Learn to add numbers that are written as text: a sequence in, a sequence out."""

import keras
import numpy as np
from keras import layers

DIGITS = 2
MAXLEN = DIGITS + 1 + DIGITS
CHARS = "0123456789+ "


class CharacterTable:
    """One-hot rows of characters, and back."""

    def __init__(self, chars):
        self.chars = sorted(set(chars))
        self.char_indices = {c: i for i, c in enumerate(self.chars)}

    def encode(self, text, num_rows):
        x = np.zeros((num_rows, len(self.chars)))
        for i, c in enumerate(text):
            x[i, self.char_indices[c]] = 1
        return x

    def decode(self, x):
        return "".join(self.chars[index] for index in x.argmax(axis=-1))


def make_data(count, table):
    rng = np.random.default_rng(0)
    x = np.zeros((count, MAXLEN, len(CHARS)), dtype=bool)
    y = np.zeros((count, DIGITS + 1, len(CHARS)), dtype=bool)
    for row, (a, b) in enumerate(rng.integers(0, 10**DIGITS, (count, 2))):
        x[row] = table.encode(f"{a}+{b}".ljust(MAXLEN)[::-1], MAXLEN)
        y[row] = table.encode(str(a + b).ljust(DIGITS + 1), DIGITS + 1)
    return x, y


def main():
    keras.utils.set_random_seed(5)
    table = CharacterTable(CHARS)
    x, y = make_data(400, table)
    (x_train, x_val), (y_train, y_val) = np.split(x, [360]), np.split(y, [360])

    model = keras.Sequential()
    model.add(layers.Input((MAXLEN, len(CHARS))))
    model.add(layers.LSTM(32))
    model.add(layers.RepeatVector(DIGITS + 1))
    model.add(layers.LSTM(32, return_sequences=True))
    model.add(layers.Dense(len(CHARS), activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])

    for epoch in range(1, 4):
        model.fit(x_train, y_train, batch_size=32, epochs=1, validation_data=(x_val, y_val), verbose=0)
        row = epoch
        preds = np.argmax(model.predict(x_val[row : row + 1], verbose=0), axis=-1)
        guess = "".join(table.chars[index] for index in preds[0])
        print("Q", table.decode(x_val[row])[::-1], "T", table.decode(y_val[row]), "guess", guess)


if __name__ == "__main__":
    main()
