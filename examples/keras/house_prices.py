"""Predict prices of houses from eight measurements, with so few rows that every fold of them validates once."""

import keras
import numpy as np
from keras import layers
from synthetic_data import houses


def build_model(features):
    model = keras.Sequential(
        [
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(optimizer="rmsprop", loss="mse", metrics=["mae"])
    return model


def main():
    keras.utils.set_random_seed(0)
    (train_data, train_targets), (test_data, test_targets) = houses(160, seed=0), houses(40, seed=1)
    mean, std = train_data.mean(axis=0), train_data.std(axis=0)
    train_data, test_data = (train_data - mean) / std, (test_data - mean) / std

    k, num_epochs = 4, 4
    num_val_samples = len(train_data) // k
    all_mae_histories = []
    for i in range(k):
        rows = slice(i * num_val_samples, (i + 1) * num_val_samples)
        val_data, val_targets = train_data[rows], train_targets[rows]
        partial_train_data = np.delete(train_data, rows, axis=0)
        partial_train_targets = np.delete(train_targets, rows, axis=0)
        model = build_model(train_data.shape[1])
        history = model.fit(
            partial_train_data,
            partial_train_targets,
            validation_data=(val_data, val_targets),
            epochs=num_epochs,
            batch_size=16,
            verbose=0,
        )
        all_mae_histories.append(history.history["val_mae"])
    average = [float(np.mean([fold[epoch] for fold in all_mae_histories])) for epoch in range(num_epochs)]
    print("mean absolute errors:", [round(value, 3) for value in average])

    model = build_model(train_data.shape[1])
    model.fit(train_data, train_targets, epochs=int(np.argmin(average)) + 1, batch_size=16, verbose=0)
    _, test_mae = model.evaluate(test_data, test_targets, verbose=0)
    print(f"test MAE {test_mae:.3f}")
    print(model.predict(test_data[:3], verbose=0).ravel().round(2), test_targets[:3].round(2))


if __name__ == "__main__":
    main()
