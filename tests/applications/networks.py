"""Networks of keras.applications with random weights, run by Keras and by nnc."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy

import nnc

FAMILIES = {
    "ConvNeXt": ("ConvNeXtTiny", "ConvNeXtSmall", "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtXLarge"),
    "DenseNet": ("DenseNet121", "DenseNet169", "DenseNet201"),
    "EfficientNet": tuple(f"EfficientNetB{size}" for size in range(8)),
    "EfficientNetV2": (
        *("EfficientNetV2B0", "EfficientNetV2B1", "EfficientNetV2B2", "EfficientNetV2B3"),
        *("EfficientNetV2S", "EfficientNetV2M", "EfficientNetV2L"),
    ),
    "Inception": ("InceptionV3", "InceptionResNetV2", "Xception"),
    "MobileNet": ("MobileNet", "MobileNetV2", "MobileNetV3Small", "MobileNetV3Large"),
    "NASNet": ("NASNetMobile", "NASNetLarge"),
    "ResNet": ("ResNet50", "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2", "ResNet152V2"),
    "VGG": ("VGG16", "VGG19"),
}
"""Every architecture and size, by family."""
NAMES = tuple(name for names in FAMILIES.values() for name in names)
SMALL = {
    "ConvNeXtTiny": 64,
    "DenseNet121": 64,
    "EfficientNetB0": 64,
    "EfficientNetV2B0": 64,
    "InceptionV3": 139,
    "InceptionResNetV2": 96,
    "Xception": 96,
    "MobileNet": 64,
    "MobileNetV2": 64,
    "MobileNetV3Small": 64,
    "NASNetMobile": 64,
    "ResNet50": 64,
    "ResNet50V2": 64,
    "VGG16": 64,
}
"""Those that are tested on small images by default, with the length of an edge."""
BOUND = 1e-4
"""Largest difference to Keras's output, relative to its largest magnitude."""


@dataclass(frozen=True)
class Outcome:
    """How nnc's output compares with Keras's.

    Args:
        name: function in keras.applications.
        edge: length of an edge of the image.
        parameters: number of weights' elements.
        error: largest difference of the outputs, relative to the largest magnitude.
        peak_bytes: planned peak of a prediction of one image.
        lower_bound: bytes that no plan can do without.
        dtype: element type that the outputs were compared in.
    """

    name: str
    edge: int
    parameters: int
    error: float
    peak_bytes: int
    lower_bound: int
    dtype: str = "float32"

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def build(name: str, edge: int | None = None) -> Any:
    """Return a network of Keras's with the weights it begins with; a small one with random weights everywhere.

    Large networks with random statistics blow up rounding, in either engine: ten thousandfold in ResNet152.

    Args:
        name: function in keras.applications.
        edge: length of an edge of the image, by default the network's own; a small one has 10 classes.
    """
    from tensorflow import keras

    keras.utils.set_random_seed(1)
    options: dict[str, Any] = {"weights": None, "classifier_activation": None}
    if edge is None and name.startswith("MobileNetV3"):  # these have no size of their own
        options["input_shape"] = (224, 224, 3)
    if edge is not None:
        options |= {"input_shape": (edge, edge, 3), "classes": 10}
    model = getattr(keras.applications, name)(**options)
    if edge is None:
        return model
    generator = numpy.random.default_rng(2)
    for weight in model.weights:
        name = weight.path.rpartition("/")[2]
        if name == "gamma":
            weight.assign(generator.uniform(0.3, 0.6, weight.shape).astype("float32"))
        elif name in ("beta", "bias"):
            weight.assign(generator.normal(0.0, 0.1, weight.shape).astype("float32"))
        elif name == "variable":  # factors of ConvNeXt's branches, which begin as 1e-6
            weight.assign(generator.uniform(0.2, 0.6, weight.shape).astype("float32"))
    _measure_statistics(model, generator.uniform(0.0, 255.0, (16, *model.input_shape[1:])).astype("float32"))
    return model


def _measure_statistics(model: Any, images: Any) -> None:
    """Let moving statistics be those of a batch: with others, rounding grows from layer to layer in either engine."""
    from tensorflow import keras

    normalized = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    changed = [(layer, "momentum") for layer in normalized]
    changed += [(layer, "rate") for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    before = [getattr(layer, key) for layer, key in changed]
    for layer, key in changed:
        setattr(layer, key, 0.0)
    if normalized:
        model(images, training=True)
    for (layer, key), value in zip(changed, before, strict=True):
        setattr(layer, key, value)
    for layer in normalized:  # a channel that hardly varies would be blown up together with its rounding
        variance = layer.moving_variance.numpy()
        layer.moving_variance.assign(numpy.maximum(variance, variance.mean()))


def compare_whole(name: str) -> Outcome:
    """Compare a network of full size; in float64 where float32 says nothing.

    The weights that EfficientNetV2M and V2L begin with blow up rounding until nothing else is left: in float32 either
    engine is as far from its own float64 as from the other.
    """
    found = compare(name)
    return found if found.error <= BOUND else compare(name, dtype="float64")


def compare(name: str, edge: int | None = None, rows: int = 1, dtype: str = "float32") -> Outcome:
    """Predict the same random images with Keras and with nnc."""
    from tensorflow import keras

    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        return _compare(name, edge, rows, dtype)
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_dtype_policy(before[1])


def _compare(name: str, edge: int | None, rows: int, dtype: str) -> Outcome:
    theirs = build(name, edge)
    shape = theirs.input_shape[1:]
    images = numpy.random.default_rng(3).uniform(0.0, 255.0, (rows, *shape)).astype(dtype)
    expected = numpy.asarray(theirs(images))
    program = nnc.compile(theirs)
    parameters = theirs.count_params()
    del theirs
    found = program(images)
    plan = program.plan("predict", batch=1)
    return Outcome(
        name=name,
        edge=shape[0],
        parameters=parameters,
        error=float(numpy.abs(found - expected).max() / numpy.abs(expected).max()),
        peak_bytes=plan.peak_bytes,
        lower_bound=plan.lower_bound,
        dtype=dtype,
    )
