"""Models to export, and a Python that has NumPy and nothing else to run what was exported in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy

import nnc
from nnc.execution.spec import ArraySpec, ProgramSpec
from nnc.ir import PARAMETER, Graph, TensorType, ops, symbol
from nnc.layers import (
    GRU,
    LSTM,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
)
from nnc.program import Program


def base() -> nnc.Model:
    """Return the base network."""
    model = nnc.Sequential([Dense(2, "sigmoid", input_dim=2), Dense(1, "sigmoid")], name="base")
    model.compile(nnc.optimizers.SGD(0.1), "binary_crossentropy", metrics=["accuracy"])
    return model


def mlp() -> nnc.Model:
    """Return a network with Adam, moving means, random numbers and the error function."""
    layers = [Dense(32, "relu", input_dim=20), BatchNormalization(), Dropout(0.3), Dense(16, "gelu")]
    model = nnc.Sequential([*layers, Dense(10, "softmax")], name="mlp")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def cnn() -> nnc.Model:
    """Return a network with convolutions of every kind."""
    layers = [Conv2D(8, 3, activation="relu", padding="same"), MaxPooling2D(2), Conv2D(16, 3, activation="relu")]
    more = [DepthwiseConv2D(3, padding="same"), Conv2D(8, 3, strides=2, groups=2), Flatten(), Dense(10, "softmax")]
    model = nnc.Sequential([nnc.Input((14, 14, 1)), *layers, *more], name="cnn")
    model.compile("adam", "categorical_crossentropy")
    return model


def bands() -> nnc.Model:
    """Return a network whose convolutions and pools go over a batch of images in several bands."""
    layers = [Conv2D(8, 3, activation="relu"), MaxPooling2D(3, strides=2, padding="same"), Conv2D(12, 3, strides=2)]
    model = nnc.Sequential([nnc.Input((56, 56, 3)), *layers, GlobalAveragePooling2D(), Dense(5)], name="bands")
    model.compile("sgd", "mse")
    return model


def lstm() -> nnc.Model:
    """Return a network with loops over time and a table of rows."""
    layers = [Embedding(2, 8), LSTM(12, return_sequences=True), GRU(8), Dense(1)]
    model = nnc.Sequential([nnc.Input((9,), dtype="int32"), *layers], name="lstm")
    model.compile("rmsprop", "mse")
    return model


def several() -> nnc.Model:
    """Return a network with several inputs and outputs."""
    left, right = nnc.Input((3,), name="left"), nnc.Input((2,), name="right")
    joined = Dense(6, "tanh")(Concatenate()([left, right]))
    model = nnc.Model(
        [left, right], [Dense(2, name="p")(joined), Dense(1, "sigmoid", name="q")(joined)], name="several"
    )
    model.compile("sgd", {"p": "mse", "q": "binary_crossentropy"})
    return model


def constants() -> Program:
    """Return a program that divides by constants whose bits matter."""
    nan, inf = float("nan"), float("inf")
    numbers = {
        "nan": [nan],
        "nans": [nan] * 3,
        "some": [nan, 1.0, -inf],
        "zeros": [0.0, -0.0, 0.0],
        "minus": [-0.0] * 3,
    }
    graph = Graph("predict")
    x = graph.input("x", TensorType("float32", (symbol("batch"), 3)))
    for label, row in numbers.items():
        graph.output(label, x / graph.constant(row, "float32"))
    graph.output("scalar", x * graph.constant(nan, "float32"))
    outputs = tuple(ArraySpec(label, (3,), "float32") for label in graph.outputs)
    spec = ProgramSpec("constants", (ArraySpec("x", (3,), "float32"),), outputs)
    return Program(spec, {"predict": lambda: graph}, {}, backend="numpy")


def rounded() -> Program:
    """Return a program whose numbers depend on that each is rounded to its type, as x87 does not by itself."""
    graph = Graph("predict")
    x = graph.input("x", TensorType("float32", (symbol("batch"), 40)))
    wide = ops.cast(x, "float64")
    results = [function(value) for function in (ops.exp, ops.tanh, ops.sin, ops.expm1) for value in (x, wide)]
    results += [ops.sigmoid(x), ops.absolute(x) ** x, ops.log1p(ops.exp(x))]
    states = {dtype: (numpy.arange(1, 10) / 10).astype(dtype) for dtype in ("float32", "float64")}
    for dtype, tenths in states.items():
        row = graph.state(dtype, TensorType(dtype, (9,)), PARAMETER)
        results += [row >= graph.constant(number, dtype) for number in tenths]
        results += [-row <= graph.constant(-number, dtype) for number in tenths]
    for number, value in enumerate(results):
        graph.output(f"y{number}", value)
    outputs = tuple(ArraySpec(label, value.shape[1:], value.dtype) for label, value in graph.outputs.items())
    spec = ProgramSpec("rounded", (ArraySpec("x", (40,), "float32"),), outputs)
    return Program(spec, {"predict": lambda: graph}, states, backend="numpy")


NETWORKS = (base, mlp, cnn, bands, lstm, several)


def python(folder: Path, code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run code in a Python that finds NumPy, and what lies in the folder, but neither nnc nor any other package."""
    packages = folder / "packages"
    if not packages.exists():
        packages.mkdir()
        for path in Path(numpy.__file__).parents[1].glob("numpy*"):
            if path.name in ("numpy", "numpy.libs"):
                (packages / path.name).symlink_to(path)
    setup = f"import sys\nsys.path[:0] = [{str(folder)!r}, {str(packages)!r}]\n"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", setup + code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=folder,
    )


RUN = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
"""Runs the file that is the first argument."""
