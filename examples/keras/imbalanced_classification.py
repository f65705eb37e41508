"""Find the few frauds among many payments, by weights of the classes and metrics that look at the few."""

import keras
import numpy as np


def make_payments(count, seed):
    rng = np.random.default_rng(seed)
    targets = (rng.random(count) < 0.05).astype("uint8")[:, None]
    features = rng.normal(size=(count, 12)) + 1.2 * targets * np.linspace(-1, 1, 12)
    return features.astype("float32"), targets


def main():
    keras.utils.set_random_seed(2)
    (train_features, train_targets), (val_features, val_targets) = make_payments(1000, 0), make_payments(300, 1)
    counts = np.bincount(train_targets[:, 0])
    print(f"Number of positive samples in training data: {counts[1]} ({100 * counts[1] / len(train_targets):.1f}%)")
    weight_for_0, weight_for_1 = 1.0 / counts[0], 1.0 / counts[1]
    mean, std = np.mean(train_features, axis=0), np.std(train_features, axis=0)
    train_features, val_features = (train_features - mean) / std, (val_features - mean) / std

    model = keras.Sequential(
        [
            keras.Input(shape=train_features.shape[1:]),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    metrics = [
        keras.metrics.FalseNegatives(name="fn"),
        keras.metrics.FalsePositives(name="fp"),
        keras.metrics.TrueNegatives(name="tn"),
        keras.metrics.TruePositives(name="tp"),
        keras.metrics.Precision(name="precision"),
        keras.metrics.Recall(name="recall"),
        keras.metrics.AUC(name="prc", curve="PR"),
    ]
    model.compile(optimizer=keras.optimizers.Adam(1e-2), loss="binary_crossentropy", metrics=metrics)
    callbacks = [keras.callbacks.ModelCheckpoint("fraud_model_at_epoch_{epoch}.keras")]
    class_weight = {0: weight_for_0, 1: weight_for_1}
    history = model.fit(
        train_features,
        train_targets,
        batch_size=128,
        epochs=3,
        verbose=0,
        callbacks=callbacks,
        validation_data=(val_features, val_targets),
        class_weight=class_weight,
    )
    print({name: round(values[-1], 4) for name, values in history.history.items()})
    second = keras.models.load_model("fraud_model_at_epoch_2.keras")
    print("after two epochs:", second.evaluate(val_features, val_targets, verbose=0, return_dict=True))


if __name__ == "__main__":
    main()
