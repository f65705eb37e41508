"""What type checkers find in programs that use nnc: the slips, and nothing else."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, is_typeddict

import pytest

import nnc

ROOT = Path(__file__).parents[1]
METHODS = ("compile", "fit", "evaluate", "predict")
USES = """
import numpy

import nnc
from nnc import layers

x, y = numpy.ones((4, 2)), numpy.ones((4, 1))
inputs = nnc.Input((2,), name="x", dtype="float32")
hidden = layers.Dense(4, activation="relu", name="hidden", trainable=True, dtype="float32", input_dim=2)(inputs)
model = nnc.Model(inputs, layers.Dense(1)(hidden), name="small")
model.compile(optimizer="adam", loss="mse", metrics=["mae"])
model.fit(x, y, epochs=2, verbose=0)
model.fit(x, y, verbose="auto", validation_split=0.5)
model.backend = "numpy"
program = nnc.compile(model, backend="c", dtype="float64")
loaded = nnc.load("model.nnc", backend="auto")
rows: int = model.predict(x).shape[0]
mean: float = float(program(x).mean() + loaded.predict(x).mean() + model(x).mean() + layers.Dense(1)(x).mean())
first, second = program.predict(x)
layers.Conv2D(8, 3, padding="same", kernel_initializer="he_normal", activity_regularizer="l2", name="conv")
layers.LSTM(8, return_sequences=True, implementation=2, batch_input_shape=(None, 3, 2))
layers.Embedding(10, 4, name="words", input_length=5)
layers.MaxPooling2D(2, 2, "same", None, "pool")
layers.LeakyReLU(alpha=0.2, name="leaky")
nnc.optimizers.Adam(0.1, clipnorm=1.0)
layers.Conv3DTranspose(8, 3, activation="relu")
layers.Add(name="sum")([inputs, inputs])
layers.add([inputs, inputs], name="more")
layers.RandomFlip("horizontal", seed=1, data_format="channels_last", name="mirrored")
layers.RandomBrightness((-0.1, 0.2), (0, 1), data_format="channels_first", trainable=False)
layers.RandomRotation(0.1, fill_mode="nearest", bounding_box_format="xyxy")
layers.Pipeline([layers.RandomFlip()], name="images", trainable=False)
layers.Bidirectional(layers.LSTM(2), merge_mode="sum")
nnc.callbacks.LambdaCallback(on_epoch_end=print, on_test_end=print)
nnc.callbacks.EarlyStopping(mode="min")
nnc.losses.MeanSquaredError(reduction="sum")
nnc.losses.Huber(2.0, "sum", name=None)
nnc.metrics.AUC(50, thresholds=[0.5], dtype="float64")
nnc.optimizers.AdamW(0.1, 0.2, 0.9, amsgrad=True, clipnorm=1.0, name="decayed")
nnc.optimizers.Muon(0.1, 0.9, 0.9, None, 1e-7, None, 1.0, exclude_layers=["head"])
nnc.optimizers.SGD(nnc.optimizers.schedules.CosineDecay(0.1, 10), 0.9, True)
nnc.initializers.GlorotUniform(3, [0], [1])
nnc.regularizers.L1L2(0.1, l2=0.2)
nnc.constraints.MaxNorm(2, axis=[0, 1])


class Watched(nnc.callbacks.Callback):
    times: int

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path


class Stopped(Watched):
    patience = 3


class Filled(nnc.initializers.Initializer):
    value = 0.5


class Halved(nnc.optimizers.Optimizer):
    def __init__(self, learning_rate: float = 0.5, factor: float = 2.0, **options: float | None) -> None:
        super().__init__(learning_rate)
        self.factor = factor


uses = {Stopped("log"): 1, Filled(): 2, Halved(0.1, clipnorm=1.0): 3}
history = program.fit(x, y, epochs=2, verbose=2, on_epoch=print).history
measured: float = program.evaluate(x, y, 32, verbose=0)["loss"]
predicted: int = program.predict(x, 256, verbose=0, steps=2).ndim

layers.Dense(2, activatoin="relu")  # wrong
layers.Add(nam="sum")  # wrong
layers.Dense("two")  # wrong
layers.Conv2D(8, 3, paddin="same")  # wrong
layers.LSTM(8, return_sequence=True)  # wrong
layers.Dropout(0.5, sede=1)  # wrong
layers.Embedding(10, 4, mask_zeros=True)  # wrong
layers.BatchNormalization(momentun=0.9)  # wrong
layers.MultiHeadAttention(2, key_dims=4)  # wrong
layers.MaxPooling2D(2, stride=2)  # wrong
nnc.optimizers.Adam(learnin_rate=0.1)  # wrong
nnc.compile(model, backend="gpu")  # wrong
nnc.compile(model, dtype="float16")  # wrong
nnc.load("model.nnc", backend="gpu")  # wrong
model.backend = "gpu"  # wrong
model.fit(x, y, verbose="loud")  # wrong
model.fit(x, y, epoch=2)  # wrong
text: str = model.predict(x)  # wrong
number: int = program(x)  # wrong
words: dict[str, int] = layers.Dense(1)(x)  # wrong
program.fit(x, y, epoch=2)  # wrong
program.fit(x, y, verbose="loud")  # wrong
program.evaluate(x, y, step=2)  # wrong
program.predict(x, verbose=3)  # wrong
model.evaluate(x, y, verbose="loud")  # wrong
layers.RandomFlip("sideways")  # wrong
layers.RandomFlip(sede=1)  # wrong
layers.RandomRotation(0.1, fill_mode="mirror")  # wrong
layers.RandomRotation()  # wrong
layers.RandomBrightness(0.1, data_format="last")  # wrong
layers.RandAugment(num_op=2)  # wrong
layers.CutMix("much")  # wrong
layers.add([inputs, inputs], nam="more")  # wrong
layers.Pipeline([], trainabel=False)  # wrong
layers.InputLayer(shap=(2,))  # wrong
layers.Conv2D(8, 3, padding="smae")  # wrong
layers.Conv3DTranspose(8, 3, activatoin="relu")  # wrong
layers.MaxPooling2D(2, data_format="last")  # wrong
layers.Bidirectional(layers.LSTM(2), merge_mode="add")  # wrong
layers.Resizing(2, 2, interpolation="linear")  # wrong
layers.CategoryEncoding(2, output_mode="onehot")  # wrong
nnc.callbacks.LambdaCallback(on_epoch_ends=print)  # wrong
nnc.callbacks.EarlyStopping(mode="lowest")  # wrong
nnc.callbacks.ModelCheckpoint("a.keras", save_freq="batch")  # wrong
nnc.losses.MeanSquaredError(reduction="average")  # wrong
nnc.losses.Huber(deta=2.0)  # wrong
nnc.metrics.IoU(3)  # wrong
nnc.callbacks.CSVLogger(append=True)  # wrong
nnc.optimizers.SGD(0.1, 0.9, True, 0.2)  # wrong
nnc.optimizers.schedules.ExponentialDecay(0.1, 10)  # wrong
nnc.initializers.GlorotUniform(scale=2.0)  # wrong
nnc.initializers.VarianceScaling(mode="fan")  # wrong
nnc.regularizers.L2(l1=0.1)  # wrong
nnc.constraints.MaxNorm(max_valu=2)  # wrong
Stopped()  # wrong
nnc.Sequentiel  # wrong
layers.Dence(2)  # wrong
"""


OWN = {"nnc.losses.LossFunctionWrapper", "nnc.metrics.MeanMetricWrapper", "nnc.callbacks.CallbackList"}
"""What takes arguments for others, whose names are not known."""


def test_each_constructor_and_method_of_models_names_its_arguments() -> None:
    packages = [nnc.layers, nnc.losses, nnc.metrics, nnc.optimizers, nnc.optimizers.schedules, nnc.callbacks]
    packages += [nnc.initializers, nnc.regularizers, nnc.constraints, nnc.models]
    names = {f"{package.__name__}.{name}": getattr(package, name) for package in packages for name in dir(package)}
    found = {
        name: item
        for name, item in names.items()
        if inspect.isclass(item) and not is_typeddict(item) and item is not Any
    }
    found |= {name: item for name, item in names.items() if inspect.isfunction(item)}
    for owner in (nnc.Model, nnc.Sequential, nnc.Program):
        found |= {f"{owner.__name__}.{name}": getattr(owner, name) for name in METHODS if hasattr(owner, name)}
    assert "nnc.layers.RandomFlip" in found
    unknown = {
        name
        for name, item in found.items()
        for parameter in inspect.signature(item).parameters.values()
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and "Unpack" not in str(parameter.annotation)
    }
    assert unknown == OWN


def wrong_lines(path: Path, command: list[str]) -> tuple[list[int], str]:
    """Return the lines that a checker finds fault with, and all that it says."""
    environment = {**os.environ, "MYPYPATH": str(ROOT), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    found = re.findall(rf"{re.escape(path.name)}:(\d+)[^\n]* error", done.stdout)
    return sorted({int(line) for line in found}), done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_checker_finds_the_slips_and_nothing_else(checker: str, tmp_path: Path) -> None:
    path = tmp_path / "uses.py"
    path.write_text(USES)
    pytest.importorskip(checker)
    options = {
        "mypy": ["--strict", "--cache-dir", str(tmp_path / "cache")],
        "pyright": ["--pythonpath", sys.executable],
    }
    command = [sys.executable, "-m", checker, *options[checker], str(path)]
    found, said = wrong_lines(path, command)
    assert found == [number for number, line in enumerate(USES.split("\n"), 1) if line.endswith("# wrong")], said
