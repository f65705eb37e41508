"""Forecast the temperature of the next day from windows of the last two: a baseline, then a dense network."""

import keras
import numpy as np
from keras import layers
from synthetic_data import weather


def evaluate_naive_method(dataset, std, mean):
    total_abs_err, samples_seen = 0.0, 0
    for samples, targets in dataset:
        preds = np.asarray(samples)[:, -1, 0] * std[0] + mean[0]
        total_abs_err += np.sum(np.abs(preds - np.asarray(targets)))
        samples_seen += len(preds)
    return total_abs_err / samples_seen


def main():
    keras.utils.set_random_seed(7)
    raw_data = weather(1200, seed=0)
    temperature = raw_data[:, 0]
    num_train_samples, num_val_samples = 700, 250
    mean = raw_data[:num_train_samples].mean(axis=0)
    std = raw_data[:num_train_samples].std(axis=0)
    raw_data = (raw_data - mean) / std

    sampling_rate, sequence_length = 2, 24
    delay = sampling_rate * (sequence_length + 12 - 1)
    options = {"sampling_rate": sampling_rate, "sequence_length": sequence_length, "batch_size": 64, "shuffle": False}
    data, targets = raw_data[:-delay], temperature[delay:]
    train_dataset = keras.utils.timeseries_dataset_from_array(
        data, targets=targets, start_index=0, end_index=num_train_samples, **options
    )
    val_dataset = keras.utils.timeseries_dataset_from_array(
        data,
        targets=targets,
        start_index=num_train_samples,
        end_index=num_train_samples + num_val_samples,
        **options,
    )
    test_dataset = keras.utils.timeseries_dataset_from_array(
        data, targets=targets, start_index=num_train_samples + num_val_samples, **options
    )
    for samples, values in train_dataset:
        print("samples shape:", tuple(samples.shape), "targets shape:", tuple(values.shape))
        break
    print(f"baseline: validation MAE {evaluate_naive_method(val_dataset, std, mean):.2f}")

    inputs = keras.Input(shape=(sequence_length, raw_data.shape[-1]))
    x = layers.Flatten()(inputs)
    x = layers.Dense(16, activation="relu")(x)
    model = keras.Model(inputs, layers.Dense(1)(x))
    callbacks = [keras.callbacks.ModelCheckpoint("jena_dense.keras", save_best_only=True)]
    model.compile(optimizer="rmsprop", loss="mse", metrics=["mae"])
    history = model.fit(train_dataset, epochs=4, validation_data=val_dataset, callbacks=callbacks, verbose=0)
    print("validation MAE:", [round(value, 3) for value in history.history["val_mae"]])
    model = keras.models.load_model("jena_dense.keras")
    print(f"Test MAE: {model.evaluate(test_dataset, verbose=0)[1]:.2f}")


if __name__ == "__main__":
    main()
