"""Learn to write text, character by character, with an LSTM, and write some after each training."""

import keras
import numpy as np
from keras import layers

TEXT = (
    "the sun rises over the sea and the sea is calm. the boat leaves the shore and the wind is warm. "
    "the day is long and the road is far. the night is short and the sky is clear. "
) * 3


def sample(preds, temperature, rng):
    preds = np.asarray(preds).astype("float64")
    preds = np.log(preds) / temperature
    exp_preds = np.exp(preds)
    preds = exp_preds / np.sum(exp_preds)
    return np.argmax(rng.multinomial(1, preds, 1))


def main():
    keras.utils.set_random_seed(4)
    chars = sorted(set(TEXT))
    char_indices = {c: i for i, c in enumerate(chars)}
    maxlen, step = 20, 3
    sentences = [TEXT[i : i + maxlen] for i in range(0, len(TEXT) - maxlen, step)]
    next_chars = [TEXT[i + maxlen] for i in range(0, len(TEXT) - maxlen, step)]
    x = np.zeros((len(sentences), maxlen, len(chars)), dtype="bool")
    y = np.zeros((len(sentences), len(chars)), dtype="bool")
    for i, sentence in enumerate(sentences):
        for t, char in enumerate(sentence):
            x[i, t, char_indices[char]] = 1
        y[i, char_indices[next_chars[i]]] = 1

    model = keras.Sequential(
        [
            keras.Input(shape=(maxlen, len(chars))),
            layers.LSTM(32),
            layers.Dense(len(chars), activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.RMSprop(learning_rate=0.01))

    rng = np.random.default_rng(0)
    for epoch in range(2):
        model.fit(x, y, batch_size=32, epochs=1, verbose=0)
        for temperature in (0.5, 1.0):
            sentence, generated = TEXT[:maxlen], ""
            for _ in range(12):
                x_pred = np.zeros((1, maxlen, len(chars)))
                for t, char in enumerate(sentence):
                    x_pred[0, t, char_indices[char]] = 1.0
                preds = model.predict(x_pred, verbose=0)[0]
                next_char = chars[sample(preds, temperature, rng)]
                sentence = sentence[1:] + next_char
                generated += next_char
            print(f"epoch {epoch}, temperature {temperature}: {generated!r}")


if __name__ == "__main__":
    main()
