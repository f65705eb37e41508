"""Train with callbacks: a schedule of learning rates, checkpoints, an early stop, a log file, and one of one's own."""

import csv
from pathlib import Path

import keras
import numpy as np
from keras import layers
from synthetic_data import digits


def scheduler(epoch, lr):
    return lr if epoch < 2 else lr * 0.9


class LossHistory(keras.callbacks.Callback):
    """Keep the loss of every batch, and say when training ends."""

    def on_train_begin(self, logs=None):
        self.losses = []

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(logs["loss"])

    def on_epoch_end(self, epoch, logs=None):
        rate = float(np.asarray(self.model.optimizer.learning_rate))
        print(f"epoch {epoch}: learning rate {rate:.5f}, {', '.join(sorted(logs))}")

    def on_train_end(self, logs=None):
        print("batches:", len(self.losses))


def main():
    keras.utils.set_random_seed(6)
    (x_train, y_train), (x_test, y_test) = digits(256, seed=0), digits(64, seed=1)
    x_train, x_test = x_train.astype("float32") / 255, x_test.astype("float32") / 255
    model = keras.Sequential(
        [
            layers.Input(shape=(28, 28)),
            layers.Flatten(),
            layers.Dense(64, kernel_initializer="lecun_normal", use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("selu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.SGD(learning_rate=0.02, momentum=0.9),
        metrics=["accuracy"],
    )
    history_callback = LossHistory()
    callbacks = [
        keras.callbacks.LearningRateScheduler(scheduler),
        keras.callbacks.ModelCheckpoint(
            "best.weights.h5", monitor="val_loss", save_best_only=True, save_weights_only=True
        ),
        keras.callbacks.EarlyStopping(patience=2, start_from_epoch=1),
        keras.callbacks.CSVLogger("training.log"),
        keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: print("begin", epoch)),
        history_callback,
    ]
    model.fit(x_train, y_train, epochs=5, validation_data=(x_test, y_test), callbacks=callbacks, verbose=0)
    rows = list(csv.DictReader(Path("training.log").read_text().splitlines()))
    print("columns of the log:", list(rows[0]), "epochs:", len(rows))
    model.load_weights("best.weights.h5")
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"best weights: loss {loss:.4f}, accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
