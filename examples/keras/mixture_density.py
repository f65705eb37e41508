"""Predict a distribution where one input has several answers: shares, means and spreads of three Gaussians."""

import keras
import numpy as np
from keras import layers, ops

COMPONENTS = 3


def likelihood_loss(y_true, y_pred):
    shares, means, spreads = ops.split(y_pred, 3, axis=-1)
    spreads = ops.softplus(spreads) + 1e-3
    distances = ops.square((y_true - means) / spreads)
    scores = ops.log_softmax(shares) - 0.5 * distances - ops.log(spreads)
    return -ops.logsumexp(scores, axis=-1)


def make_model():
    inputs = keras.Input(shape=(1,))
    x = layers.Dense(16, activation="tanh")(inputs)
    x = layers.Dense(16, activation="tanh")(x)
    parts = [layers.Dense(COMPONENTS, name=name)(x) for name in ("shares", "means", "spreads")]
    return keras.Model(inputs, layers.concatenate(parts))


def main():
    keras.utils.set_random_seed(4)
    generator = np.random.default_rng(4)
    answers = generator.uniform(-1, 1, (512, 1)).astype("float32")
    questions = answers + 0.3 * np.sin(2 * np.pi * answers) + 0.05 * generator.normal(size=answers.shape)
    model = make_model()
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=likelihood_loss)
    history = model.fit(questions, answers, batch_size=64, epochs=5, verbose=0)
    print("negative log-likelihood", [round(loss, 2) for loss in history.history["loss"]])
    shares, means, _ = np.split(model.predict(np.array([[0.0]]), verbose=0)[0], 3)
    weights = np.exp(shares) / np.exp(shares).sum()
    print("at 0, means", means.round(2), "with shares", weights.round(2))


if __name__ == "__main__":
    main()
