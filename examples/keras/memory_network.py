"""Answer questions about stories by a memory network: embeddings of story and question are matched by products."""

import keras
import numpy as np
from keras import layers

WORDS, STORY, QUESTION = 20, 10, 3


def encoder(width):
    return keras.Sequential([layers.Embedding(WORDS, width), layers.Dropout(0.3)])


def make_model():
    story = keras.Input(shape=(STORY,), name="story")
    question = keras.Input(shape=(QUESTION,), name="question")
    questions = encoder(16)(question)
    match = layers.dot([encoder(16)(story), questions], axes=(2, 2))
    match = layers.Activation("softmax")(match)
    response = layers.add([match, encoder(QUESTION)(story)])
    response = layers.Permute((2, 1))(response)
    answer = layers.concatenate([response, questions])
    answer = layers.LSTM(16)(answer)
    answer = layers.Dropout(0.3)(answer)
    return keras.Model([story, question], layers.Dense(WORDS, activation="softmax")(answer))


def make_stories(count, seed):
    """The answer is the word that follows in the story the one that the question ends with."""
    generator = np.random.default_rng(seed)
    stories = np.stack([generator.permutation(WORDS)[:STORY] for _ in range(count)])
    places = generator.integers(0, STORY - 1, count)
    questions = generator.integers(0, WORDS, (count, QUESTION))
    questions[:, -1] = stories[np.arange(count), places]
    return stories, questions, stories[np.arange(count), places + 1]


def main():
    keras.utils.set_random_seed(6)
    stories, questions, answers = make_stories(256, seed=6)
    model = make_model()
    model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit([stories, questions], answers, batch_size=32, epochs=4, validation_split=0.25, verbose=0)
    print("accuracy", [round(accuracy, 2) for accuracy in history.history["accuracy"]])
    stories, questions, answers = make_stories(4, seed=7)
    predicted = model.predict([stories, questions], verbose=0)
    print("right answers", answers, "found", predicted.argmax(1), "of", predicted.shape)


if __name__ == "__main__":
    main()
