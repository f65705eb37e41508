"""Networks that together use every kernel that C has, of every element type that programs have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy

import nnc
from nnc import layers
from nnc.execution.spec import ArraySpec, ProgramSpec
from nnc.ir import Graph, Op, TensorType
from nnc.program import Program
from tests.ir.ops.cases import CASES

ACTIVATIONS = (
    *("celu", "elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "log_sigmoid", "log_softmax", "mish", "relu6"),
    *("selu", "sigmoid", "silu", "softmax", "softplus", "softsign", "sparsemax", "squareplus", "tanh"),
)
EACH = 3
"""Cases of an op that a program has."""
OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "adadelta": nnc.optimizers.Adadelta,
    "adafactor": nnc.optimizers.Adafactor,
    "adagrad": nnc.optimizers.Adagrad,
    "adam": lambda: nnc.optimizers.Adam(amsgrad=True, clipnorm=1.0),
    "adamax": nnc.optimizers.Adamax,
    "adamw": lambda: nnc.optimizers.AdamW(use_ema=True),
    "ftrl": nnc.optimizers.Ftrl,
    "lamb": nnc.optimizers.Lamb,
    "lion": nnc.optimizers.Lion,
    "muon": nnc.optimizers.Muon,
    "nadam": nnc.optimizers.Nadam,
    "rmsprop": lambda: nnc.optimizers.RMSprop(centered=True, momentum=0.5),
    "sgd": lambda: nnc.optimizers.SGD(0.05, momentum=0.9, nesterov=True, clipvalue=0.5),
}


def images() -> nnc.Model:
    """Return a network on images in bytes, with convolutions and pools in two dimensions, also as Winograd has them."""
    x = image = nnc.Input((12, 12, 3), dtype="uint8")
    x = layers.Rescaling(1 / 255)(x)
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D(3, 2, padding="same")(layers.Conv2D(16, 3, padding="same")(x))
    x = layers.BatchNormalization()(x)
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, activation="silu")(x)
    x = layers.GroupNormalization(4)(layers.SeparableConv2D(8, 3, padding="same")(x))
    x = layers.AveragePooling2D(2, 1)(layers.Conv2DTranspose(6, 3, strides=2)(x))
    x = layers.Conv2D(8, 2, strides=2, groups=2)(layers.UpSampling2D(2, interpolation="bilinear")(x))
    joined = layers.Concatenate()([layers.GlobalMaxPooling2D()(x), layers.GlobalAveragePooling2D()(x)])
    model = nnc.Model(image, layers.Dense(5, "softmax")(joined), name="images")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def augmented() -> nnc.Model:
    """Return a network whose images are changed at random in training."""
    x = image = nnc.Input((8, 8, 3))
    for change in (layers.RandomFlip(), layers.RandomRotation(0.2), layers.RandomZoom(0.1), layers.RandomContrast(0.3)):
        x = change(x)
    x = layers.Conv2D(4, 3)(layers.RandomTranslation(0.1, 0.1)(x))
    model = nnc.Model(image, layers.Dense(2)(layers.Flatten()(x)), name="augmented")
    model.compile("sgd", "mse")
    return model


def signals() -> nnc.Model:
    """Return a network with convolutions and pools in one dimension."""
    x = signal = nnc.Input((24, 4))
    x = layers.Conv1D(8, 3, padding="causal", dilation_rate=2, activation="tanh")(x)
    x = layers.MaxPooling1D(3, 2)(layers.LayerNormalization()(x))
    x = layers.DepthwiseConv1D(3, activation="gelu")(layers.Conv1DTranspose(6, 3, strides=2)(x))
    x = layers.SpatialDropout1D(0.2)(layers.AveragePooling1D(2)(layers.ZeroPadding1D(1)(x)))
    x = layers.ConvLSTM1D(3, 2)(layers.Reshape((2, 5, 6))(layers.Cropping1D((1, 0))(x)))
    model = nnc.Model(signal, layers.Dense(3)(layers.Flatten()(x)), name="signals")
    model.compile(nnc.optimizers.SGD(0.05, momentum=0.9), "huber", metrics=["mae"])
    return model


def volumes() -> nnc.Model:
    """Return a network with convolutions and pools in three dimensions."""
    x = volume = nnc.Input((6, 6, 6, 2))
    x = layers.MaxPooling3D(2, 1)(layers.Conv3D(4, 3, padding="same", activation="relu")(x))
    x = layers.AveragePooling3D(2)(layers.Conv3DTranspose(3, 2, strides=2)(x))
    x = layers.UpSampling3D(2)(layers.Cropping3D(1)(layers.ZeroPadding3D(1)(x)))
    model = nnc.Model(volume, layers.Dense(2)(layers.GlobalAveragePooling3D()(x)), name="volumes")
    model.compile("rmsprop", "mse")
    return model


def sequences() -> nnc.Model:
    """Return a network with tables, loops over masked time and attention, and inputs of several element types."""
    words, numbers = nnc.Input((7,), dtype="int32", name="words"), nnc.Input((7, 3), name="numbers")
    marks = nnc.Input((7, 2), dtype="bool", name="marks")
    x = layers.Embedding(2, 6, mask_zero=True)(words)
    x = layers.LSTM(6, return_sequences=True, go_backwards=True, recurrent_dropout=0.2)(x)
    y = layers.Concatenate()([numbers, layers.Rescaling(2.0)(marks)])
    y = layers.SimpleRNN(6, return_sequences=True)(y)
    x = layers.Add()([layers.MultiHeadAttention(2, 4, dropout=0.1)(x, y), y])
    x = layers.Attention(use_scale=True)([layers.RMSNormalization()(x), y])
    pooled = layers.Dot(1)([layers.GlobalMaxPooling1D()(x), layers.GlobalAveragePooling1D()(y)])
    outputs = [layers.Dense(1, "sigmoid", name="p")(pooled), layers.TimeDistributed(layers.Dense(4), name="q")(x)]
    model = nnc.Model([words, numbers, marks], outputs, name="sequences")
    model.compile("adam", {"p": "binary_crossentropy", "q": "cosine_similarity"})
    return model


def noise() -> nnc.Model:
    """Return a network with everything that is drawn at random in training."""
    x = numbers = nnc.Input((30,))
    for layer in (
        layers.Dropout(0.3),
        layers.GaussianNoise(0.1),
        layers.GaussianDropout(0.2),
        layers.AlphaDropout(0.1),
    ):
        x = layer(layers.Dense(20, "relu")(x))
    model = nnc.Model(numbers, layers.Dense(2)(x), name="noise")
    model.compile("sgd", "mse")
    return model


def activations() -> nnc.Model:
    """Return a network with each activation."""
    numbers = nnc.Input((6,))
    x = [layers.Dense(3, activation)(numbers) for activation in ACTIVATIONS]
    x = layers.PReLU()(layers.Concatenate()([*x, layers.Maximum()(x[:2]), layers.Multiply()(x[2:4])]))
    model = nnc.Model(numbers, layers.Dense(3, "softmax")(layers.UnitNormalization()(x)), name="activations")
    model.compile("adamw", "categorical_crossentropy", metrics=["accuracy", "mse"])
    return model


def losses() -> nnc.Model:
    """Return a network with a loss of each kind."""
    names = ("categorical_focal_crossentropy", "kl_divergence", "poisson", "log_cosh", "squared_hinge", "tversky")
    numbers = nnc.Input((4,))
    outputs = [layers.Dense(3, "softmax", name=f"y{index}")(numbers) for index in range(len(names))]
    model = nnc.Model(numbers, outputs, name="losses")
    model.compile("sgd", {f"y{index}": name for index, name in enumerate(names)})
    return model


def smallest() -> nnc.Model:
    """Return a network with a single weight."""
    return nnc.Sequential([nnc.Input((1,)), layers.Dense(1, use_bias=False)], name="smallest")


def optimized(name: str) -> nnc.Model:
    """Return a small network with an optimizer."""
    model = nnc.Sequential([nnc.Input((4,)), layers.Dense(5, "tanh"), layers.Dense(2)], name=name)
    model.compile(OPTIMIZERS[name](), "mse")
    return model


def operations(dtype: str) -> tuple[Program, dict[str, Any]]:
    """Return a program of all ops, `EACH` times, with numbers of a floating-point type, and what to call it with."""
    graph, drawn = Graph("predict"), {}
    count: Counter[type[Op]] = Counter()
    generator = numpy.random.default_rng(0)
    for number, case in enumerate(CASES):
        if case.op.bodies or case.op.composite or case.prepare is not None:
            continue  # bodies are of one type, composites are made of the ops here, and an export draws freely
        count[type(case.op)] += 1
        if count[type(case.op)] > EACH:
            continue
        arrays = [domain.draw(generator, dtype) for domain in case.operands]
        operands = []
        for position, (domain, array) in enumerate(zip(case.operands, arrays, strict=True)):
            label = f"x{number}_{position}"
            kind = dtype if domain.type.is_floating else domain.type.dtype
            operands.append(graph.input(label, TensorType(kind, domain.type.shape)))
            drawn[label] = array.astype(kind)
        for position, value in enumerate(graph.add(case.op, *operands)):
            graph.output(f"y{number}_{position}", value)
    name = f"operations_{dtype}"
    arrays_of = {
        kind: tuple(ArraySpec(label, value.shape[1:], value.dtype) for label, value in values.items())
        for kind, values in (("inputs", graph.inputs), ("outputs", graph.outputs))
    }
    spec = ProgramSpec(name, arrays_of["inputs"], arrays_of["outputs"])
    return Program(spec, {"predict": lambda: graph}, {}, backend="numpy"), drawn


def _program(make: Callable[[], nnc.Model], dtype: str = "float32") -> Callable[[], Made]:
    return lambda: (nnc.compile(make(), dtype=dtype), None)


Made = tuple[Program, dict[str, Any] | None]
"""A program, and what it is to be called with where that is not for the export to draw."""
NETWORKS: dict[str, Callable[[], Made]] = {
    make.__name__: _program(make)
    for make in (smallest, images, augmented, signals, volumes, sequences, noise, activations, losses)
}
NETWORKS |= {f"{make.__name__}64": _program(make, "float64") for make in (images, activations)}
NETWORKS |= {name: _program(partial(optimized, name)) for name in OPTIMIZERS}
NETWORKS |= {f"operations{dtype[5:]}": partial(operations, dtype) for dtype in ("float32", "float64")}
"""All of them by name."""
FEW = ("smallest", "images", "sequences", "noise", "activations64", "adamw", "muon")
"""Those that stand for the others where time is short."""
