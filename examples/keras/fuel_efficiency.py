"""Predict how far cars go: a layer that normalises, fitted to the data, then linear and deep regression."""

import keras
import numpy as np
from keras import layers


def make_cars(count, seed):
    rng = np.random.default_rng(seed)
    cylinders = rng.choice([4, 6, 8], count)
    horsepower = 20 * cylinders + rng.normal(0, 10, count)
    weight = 400 * cylinders + rng.normal(0, 200, count)
    origin = rng.integers(0, 3, count)
    mpg = 45 - 0.1 * horsepower - 0.002 * weight + 2 * (origin == 2) + rng.normal(0, 1, count)
    features = np.stack([cylinders, horsepower, weight, *np.eye(3)[origin].T], axis=1)
    return features.astype("float32"), mpg.astype("float32")


def build_and_compile_model(norm):
    model = keras.Sequential(
        [norm, layers.Dense(32, activation="relu"), layers.Dense(32, activation="relu"), layers.Dense(1)]
    )
    model.compile(loss="mean_absolute_error", optimizer=keras.optimizers.Adam(0.001))
    return model


def main():
    keras.utils.set_random_seed(1)
    (train_features, train_labels), (test_features, test_labels) = make_cars(256, seed=0), make_cars(64, seed=1)
    normalizer = layers.Normalization(axis=-1)
    normalizer.adapt(train_features)
    print("normalised:", np.asarray(normalizer(train_features[:1])).round(2))

    horsepower = train_features[:, 1]
    horsepower_normalizer = layers.Normalization(input_shape=[1], axis=None)
    horsepower_normalizer.adapt(horsepower)
    linear_model = keras.Sequential([horsepower_normalizer, layers.Dense(units=1)])
    linear_model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.1), loss="mean_absolute_error")
    history = linear_model.fit(horsepower, train_labels, epochs=4, verbose=0, validation_split=0.2)
    print("linear:", [round(loss, 3) for loss in history.history["val_loss"]])

    dnn_model = build_and_compile_model(normalizer)
    history = dnn_model.fit(train_features, train_labels, validation_split=0.2, verbose=0, epochs=4)
    print("deep:", [round(loss, 3) for loss in history.history["val_loss"]])
    dnn_model.save("dnn_model.keras")
    reloaded = keras.models.load_model("dnn_model.keras")
    print("reloaded:", round(reloaded.evaluate(test_features, test_labels, verbose=0), 4))
    test_predictions = dnn_model.predict(test_features, verbose=0).flatten()
    print("largest error", round(float(np.abs(test_predictions - test_labels).max()), 2))


if __name__ == "__main__":
    main()
