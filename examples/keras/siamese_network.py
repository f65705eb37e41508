"""Say whether two pictures show the same digit: two inputs, one network for both, and a distance."""

import keras
import numpy as np
from keras import layers, ops
from synthetic_data import digits


def make_pairs(images, labels, seed):
    """Return for each picture one of its class and one of another, and 0 for the former, 1 for the latter."""
    rng = np.random.default_rng(seed)
    places = [np.flatnonzero(labels == digit) for digit in range(10)]
    first, second, targets = [], [], []
    for image, label in zip(images, labels, strict=True):
        other = (label + rng.integers(1, 10)) % 10
        for digit in (label, other):
            first.append(image)
            second.append(images[rng.choice(places[digit])])
            targets.append(float(digit != label))
    return np.array(first), np.array(second), np.array(targets, "float32")


def euclidean_distance(vectors):
    x, y = vectors
    sum_square = ops.sum(ops.square(x - y), axis=1, keepdims=True)
    return ops.sqrt(ops.maximum(sum_square, keras.config.epsilon()))


def contrastive_loss(margin=1.0):
    def loss(y_true, y_pred):
        square_pred = ops.square(y_pred)
        margin_square = ops.square(ops.maximum(margin - y_pred, 0))
        return ops.mean((1 - y_true) * square_pred + y_true * margin_square)

    return loss


def main():
    keras.utils.set_random_seed(5)
    images, labels = digits(128, seed=0)
    first, second, targets = make_pairs(images.astype("float32") / 255, labels, seed=0)

    inputs = layers.Input((28, 28, 1))
    x = layers.BatchNormalization()(inputs)
    x = layers.Conv2D(4, (5, 5), activation="tanh")(x)
    x = layers.AveragePooling2D(pool_size=(2, 2))(x)
    x = layers.Conv2D(16, (5, 5), activation="tanh")(x)
    x = layers.AveragePooling2D(pool_size=(2, 2))(x)
    x = layers.Flatten()(x)
    x = layers.BatchNormalization()(x)
    embedding_network = keras.Model(inputs, layers.Dense(10, activation="tanh")(x))

    left, right = layers.Input((28, 28, 1)), layers.Input((28, 28, 1))
    distance = layers.Lambda(euclidean_distance, output_shape=(1,))([embedding_network(left), embedding_network(right)])
    normal = layers.BatchNormalization()(distance)
    siamese = keras.Model(inputs=[left, right], outputs=layers.Dense(1, activation="sigmoid")(normal))
    siamese.compile(loss=contrastive_loss(margin=1), optimizer="RMSprop", metrics=["accuracy"])
    history = siamese.fit([first, second], targets, batch_size=32, epochs=2, verbose=0)
    print("losses", [round(value, 4) for value in history.history["loss"]])
    print("predictions", siamese.predict([first[:6], second[:6]], verbose=0).ravel().round(3))


if __name__ == "__main__":
    main()
