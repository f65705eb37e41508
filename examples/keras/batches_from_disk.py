"""Train from batches that are read when they are needed: a PyDataset over files, with its own order of rows."""

from pathlib import Path

import keras
import numpy as np
from keras import layers
from synthetic_data import digits


class FilesOfBatches(keras.utils.PyDataset):
    """Batches that lie in files of their own."""

    def __init__(self, folder, **kwargs):
        super().__init__(**kwargs)
        self.paths = sorted(Path(folder).glob("batch_*.npz"))

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, idx):
        with np.load(self.paths[idx]) as stored:
            return stored["images"].astype("float32") / 255, stored["labels"].astype("int64")


def main():
    keras.utils.set_random_seed(10)
    for folder, count, seed in (("train", 6, 0), ("test", 2, 1)):
        Path(folder).mkdir(exist_ok=True)
        images, labels = digits(32 * count, seed)
        for number in range(count):
            rows = slice(32 * number, 32 * (number + 1))
            np.savez(Path(folder) / f"batch_{number:02d}.npz", images=images[rows], labels=labels[rows])

    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.DepthwiseConv2D(3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.005, 10, 0.9)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy()],
    )
    history = model.fit(FilesOfBatches("train"), epochs=3, validation_data=FilesOfBatches("test"), verbose=0)
    print({name: round(values[-1], 4) for name, values in history.history.items()})
    probability_model = keras.Sequential([model, layers.Softmax()])
    images, _ = FilesOfBatches("test")[0]
    print(probability_model.predict(images[:3], verbose=0).argmax(axis=-1))


if __name__ == "__main__":
    main()
