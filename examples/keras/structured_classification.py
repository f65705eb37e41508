"""Classify patients by numbers and categories, which layers of the model itself normalise, look up and encode."""

import keras
import numpy as np
from keras import layers

NUMERIC = ("age", "trestbps", "chol")
THAL = ("normal", "fixed", "reversible")


def make_patients(count, seed):
    rng = np.random.default_rng(seed)
    data = {
        "age": rng.normal(55, 9, count),
        "trestbps": rng.normal(130, 15, count),
        "chol": rng.normal(245, 50, count),
        "sex": rng.integers(0, 2, count),
        "cp": rng.integers(0, 5, count),
        "thal": np.array(THAL)[rng.integers(0, 3, count)],
    }
    risk = 0.1 * (data["age"] - 55) + 0.8 * data["sex"] + 1.5 * (data["thal"] == "reversible") - 1
    target = (risk + rng.normal(0, 0.5, count) > 0).astype("float32")
    return {name: values.reshape(-1, 1) for name, values in data.items()}, target.reshape(-1, 1)


def main():
    keras.utils.set_random_seed(9)
    (train, y_train), (val, y_val) = make_patients(200, seed=0), make_patients(60, seed=1)
    lookup = layers.StringLookup(vocabulary=list(THAL), output_mode="int")
    for data in (train, val):
        data["thal"] = np.asarray(lookup(data["thal"]))

    all_inputs, encoded_features = [], []
    for name in NUMERIC:
        feature = keras.Input(shape=(1,), name=name)
        normalizer = layers.Normalization()
        normalizer.adapt(train[name].astype("float32"))
        all_inputs.append(feature)
        encoded_features.append(normalizer(feature))
    for name, size in (("sex", 2), ("cp", 5), ("thal", 4)):
        feature = keras.Input(shape=(1,), name=name, dtype="int64")
        all_inputs.append(feature)
        encoded_features.append(layers.CategoryEncoding(num_tokens=size, output_mode="one_hot")(feature))
    crossed = layers.Discretization(bin_boundaries=[45.0, 55.0, 65.0], output_mode="one_hot")(all_inputs[0])
    all_features = layers.concatenate([*encoded_features, crossed])
    x = layers.Dense(32, activation="relu")(all_features)
    x = layers.Dropout(0.5)(x)
    output = layers.Dense(1, activation="sigmoid")(x)
    model = keras.Model(all_inputs, output)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(train, y_train, epochs=4, batch_size=32, validation_data=(val, y_val), verbose=0)
    print("validation accuracy", [round(value, 3) for value in history.history["val_accuracy"]])
    sample = {name: values[:1] for name, values in val.items()}
    print(f"This patient is ill with a probability of {100 * float(model.predict(sample, verbose=0)[0, 0]):.1f}%")


if __name__ == "__main__":
    main()
