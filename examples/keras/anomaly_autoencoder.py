"""Find anomalies in a series: what an autoencoder that knows the usual days cannot reconstruct."""

import keras
import numpy as np
from keras import layers

TIME_STEPS = 48


def create_sequences(values, time_steps=TIME_STEPS):
    return np.stack([values[i : i + time_steps] for i in range(len(values) - time_steps + 1)])


def make_series(seed, jump=None):
    rng = np.random.default_rng(seed)
    series = np.sin(np.arange(400) / 8) + 0.2 * rng.normal(size=400)
    if jump is not None:
        series[jump : jump + 20] += 3
    return series[:, None].astype("float32")


def main():
    keras.utils.set_random_seed(11)
    x_train = create_sequences(make_series(0))
    print("Training input shape:", x_train.shape)
    model = keras.Sequential(
        [
            layers.Input(shape=(x_train.shape[1], x_train.shape[2])),
            layers.Conv1D(filters=16, kernel_size=7, padding="same", strides=2, activation="relu"),
            layers.Dropout(rate=0.2),
            layers.Conv1D(filters=8, kernel_size=7, padding="same", strides=2, activation="relu"),
            layers.Conv1DTranspose(filters=8, kernel_size=7, padding="same", strides=2, activation="relu"),
            layers.Dropout(rate=0.2),
            layers.Conv1DTranspose(filters=16, kernel_size=7, padding="same", strides=2, activation="relu"),
            layers.Conv1DTranspose(filters=1, kernel_size=7, padding="same"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.001), loss="mse")
    history = model.fit(
        x_train,
        x_train,
        epochs=3,
        batch_size=64,
        validation_split=0.1,
        callbacks=[keras.callbacks.EarlyStopping(monitor="val_loss", patience=5, mode="min")],
        verbose=0,
    )
    print("losses", [round(loss, 4) for loss in history.history["loss"]])
    train_mae_loss = np.mean(np.abs(model.predict(x_train, verbose=0) - x_train), axis=1)
    threshold = np.max(train_mae_loss)

    x_test = create_sequences(make_series(1, jump=200))
    test_mae_loss = np.mean(np.abs(model.predict(x_test, verbose=0) - x_test), axis=1).reshape(-1)
    anomalies = test_mae_loss > threshold
    print("Number of anomaly samples:", np.sum(anomalies), "the first", np.flatnonzero(anomalies)[:1])


if __name__ == "__main__":
    main()
