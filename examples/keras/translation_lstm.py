"""Turn short texts around, character by character: an encoder's states begin a decoder, which is then run by itself."""

import keras
import numpy as np
from keras import layers

LETTERS = "abcdef"
TOKENS = sorted("\t\n" + LETTERS)
INDEX = {char: i for i, char in enumerate(TOKENS)}
LENGTH = 5


def make_data(count):
    rng = np.random.default_rng(0)
    encoder = np.zeros((count, LENGTH, len(TOKENS)), "float32")
    decoder = np.zeros((count, LENGTH + 2, len(TOKENS)), "float32")
    target = np.zeros((count, LENGTH + 2, len(TOKENS)), "float32")
    texts = ["".join(rng.choice(list(LETTERS), rng.integers(2, LENGTH + 1))) for _ in range(count)]
    for i, text in enumerate(texts):
        for t, char in enumerate(text):
            encoder[i, t, INDEX[char]] = 1.0
        for t, char in enumerate(f"\t{text[::-1]}\n"):
            decoder[i, t, INDEX[char]] = 1.0
            if t > 0:
                target[i, t - 1, INDEX[char]] = 1.0
    return texts, encoder, decoder, target


def main():
    keras.utils.set_random_seed(6)
    latent_dim = 24
    texts, encoder_data, decoder_data, target_data = make_data(256)

    encoder_inputs = keras.Input(shape=(None, len(TOKENS)))
    encoder = layers.LSTM(latent_dim, return_state=True)
    _, state_h, state_c = encoder(encoder_inputs)
    encoder_states = [state_h, state_c]

    decoder_inputs = keras.Input(shape=(None, len(TOKENS)))
    decoder_lstm = layers.LSTM(latent_dim, return_sequences=True, return_state=True)
    decoder_outputs, _, _ = decoder_lstm(decoder_inputs, initial_state=encoder_states)
    decoder_dense = layers.Dense(len(TOKENS), activation="softmax")
    model = keras.Model([encoder_inputs, decoder_inputs], decoder_dense(decoder_outputs))
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
    model.fit([encoder_data, decoder_data], target_data, batch_size=32, epochs=3, validation_split=0.2, verbose=0)
    model.save("s2s_model.keras")

    encoder_model = keras.Model(encoder_inputs, encoder_states)
    state_inputs = [keras.Input(shape=(latent_dim,)), keras.Input(shape=(latent_dim,))]
    outputs, state_h, state_c = decoder_lstm(decoder_inputs, initial_state=state_inputs)
    decoder_model = keras.Model([decoder_inputs, *state_inputs], [decoder_dense(outputs), state_h, state_c])

    for row in range(2):
        states = encoder_model.predict(encoder_data[row : row + 1], verbose=0)
        last, decoded = "\t", ""
        while last != "\n" and len(decoded) < LENGTH + 1:
            target_seq = np.zeros((1, 1, len(TOKENS)))
            target_seq[0, 0, INDEX[last]] = 1.0
            output_tokens, h, c = decoder_model.predict([target_seq, *states], verbose=0)
            last = TOKENS[np.argmax(output_tokens[0, -1, :])]
            decoded += last
            states = [h, c]
        print(repr(texts[row]), "->", repr(decoded))


if __name__ == "__main__":
    main()
