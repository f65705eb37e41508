"""Networks of which replicas are trained, in lanes and one after another, and their data."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc import layers
from nnc.backends.c.toolchain import find_compiler

COUNT = 9
BACKENDS = pytest.mark.parametrize(
    "backend",
    ["numpy", pytest.param("c", marks=pytest.mark.skipif(find_compiler() is None, reason="needs a C compiler"))],
)
X = numpy.random.default_rng(0).uniform(-1.0, 1.0, (44, 6)).astype("float32")
CLASSES = (X[:, 0] > X[:, 1]).astype("int32") + (X[:, 2] > 0)
YES = (X[:, :1] > 0).astype("float32")
IMAGES = numpy.random.default_rng(1).uniform(0.0, 1.0, (44, 6, 6, 1)).astype("float32")
WORDS = numpy.random.default_rng(2).integers(0, 7, (44, 5)).astype("int32")


def chain(*parts, shape=(6,), dtype="float32"):
    return nnc.Sequential([layers.Input(shape, dtype=dtype), *parts])


IN_LANES = {
    "sigmoid": (lambda: chain(layers.Dense(3, "sigmoid"), layers.Dense(1, "sigmoid")), "binary_crossentropy", X, YES),
    "softmax": (
        lambda: chain(layers.Dense(5, "relu"), layers.Dense(3, "softmax")),
        "sparse_categorical_crossentropy",
        X,
        CLASSES,
    ),
    "activations": (
        lambda: chain(
            layers.Dense(4, "gelu"), layers.Dense(4, "selu"), layers.PReLU(), layers.Dense(3, "swish"), layers.Dense(1)
        ),
        "huber",
        X,
        YES,
    ),
    "dropout": (lambda: chain(layers.Dense(5, "tanh"), layers.Dropout(0.4), layers.Dense(1)), "mse", X, YES),
    "normalized": (
        lambda: chain(layers.Dense(5), layers.BatchNormalization(), layers.LayerNormalization(), layers.Dense(1)),
        "mse",
        X,
        YES,
    ),
    "regularized": (
        lambda: chain(
            layers.Dense(5, "relu", kernel_regularizer="l2", activity_regularizer="l1"),
            layers.Dense(1, kernel_constraint="non_neg"),
        ),
        "mse",
        X,
        YES,
    ),
    "embedding": (
        lambda: chain(layers.Embedding(7, 3), layers.Flatten(), layers.Dense(1), shape=(5,), dtype="int32"),
        "mse",
        WORDS,
        YES,
    ),
    "pooled": (
        lambda: chain(
            layers.Embedding(7, 4),
            layers.Dense(4, "tanh"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1),
            shape=(5,),
            dtype="int32",
        ),
        "mse",
        WORDS,
        YES,
    ),
}
ONE_AFTER_ANOTHER = {
    "convolution": (
        lambda: chain(
            layers.Conv2D(3, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(1),
            shape=(6, 6, 1),
        ),
        "mse",
        IMAGES,
        YES,
    ),
    "recurrent": (
        lambda: chain(
            layers.Embedding(7, 3, mask_zero=True), layers.LSTM(3), layers.Dense(1), shape=(5,), dtype="int32"
        ),
        "mse",
        WORDS,
        YES,
    ),
}

ROWS = numpy.random.default_rng(5).integers(0, len(X), (COUNT, 40))
CHECKED = numpy.random.default_rng(6).integers(0, len(X), (COUNT, 12))


def compiled(count=COUNT, backend="numpy", **options):
    model = IN_LANES["sigmoid"][0]()
    model.compile(nnc.optimizers.SGD(0.1), "binary_crossentropy", metrics=["accuracy", "auc"])
    return model, nnc.compile(model, backend=backend, replicas=count, **options)
