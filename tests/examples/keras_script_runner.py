"""Runs scripts of Keras users on Keras or on nnc, from equal weights, and keeps what they compute.

``python -m tests.examples.keras_script_runner nnc FOLDER`` takes names of scripts from its input and answers each with
a line of JSON. ``FOLDER/NAME.weights.npz`` has the first weights, as Keras drew them; ``FOLDER/NAME.nnc.npz`` what came
out.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import tempfile
import traceback
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import numpy

SCRIPTS = Path(__file__).parents[2] / "examples" / "keras"
RANDOM = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianDropout", "AlphaDropout")
"""Layers that draw numbers in training: here they have a rate of 0."""
AUGMENTING = ("RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "RandomContrast", "RandomCrop")
"""Layers that change images at random: here they leave them as they are."""
IN_FLOAT32 = (
    "batches_from_disk",  # whose images are read so
    "custom_loss_and_metric",  # which adds a metric's variable, of float32, to what it measures
    "vision_transformer",  # whose accuracy of the best three TensorFlow has for float32 only
)
"""Scripts that do not run in double precision, where rounding decides nothing: a training makes much of it."""
MEASURED = ("mean", "variance", "count", "moving_mean", "moving_variance")
"""Weights that begin with what is known, not drawn, so that each engine keeps its own."""


def leaves(nested: Any, path: str = "") -> dict[str, Any]:
    """Return arrays in lists, tuples and dictionaries, by where they are."""
    if isinstance(nested, Mapping):
        return {label: array for key in nested for label, array in leaves(nested[key], f"{path}/{key}").items()}
    if isinstance(nested, list | tuple):
        items = enumerate(nested)
        return {label: array for number, item in items for label, array in leaves(item, f"{path}/{number}").items()}
    return {path: numpy.asarray(nested)}


class Recording:
    """What one script computes: everything that `fit`, `evaluate`, `predict` and their like return, in order.

    Args:
        engine: ``keras`` or ``nnc``.
        weights: the file of first weights, which Keras writes and nnc reads.
    """

    def __init__(self, engine: str, weights: Path) -> None:
        self.engine, self.path = engine, weights
        self.arrays: dict[str, Any] = {}
        self.weights: dict[str, Any] = {}
        if engine == "nnc":
            with numpy.load(weights) as stored:
                self.weights = dict(stored)
        self.seen: list[Any] = []  # themselves, so that no other has their identity
        self.calls = self.drawn = 0

    def note(self, action: str, found: Any) -> None:
        """Keep what a method returned."""
        if action == "fit":
            found = found.history
        self.arrays |= {f"{self.calls:03d} {action} {path}": array for path, array in leaves(found).items()}
        self.calls += 1

    def know(self, model: Any) -> None:
        """Take the weights of a model for given from now on: they were read, or set."""
        self.seen += model.weights

    def equalise(self, model: Any, x: Any = None) -> None:
        """Give weights that have just been drawn the values that Keras drew.

        Args:
            model: what has them.
            x: rows to build it with.
        """
        if not model.built and x is not None:
            model(leaves(x)[""][:1] if isinstance(x, numpy.ndarray) else [array[:1] for array in leaves(x).values()])
        known = {id(variable) for variable in self.seen}
        for variable in model.weights:
            if id(variable) in known or variable.name in MEASURED:
                continue
            key = f"{self.drawn:03d}"
            self.drawn += 1
            self.seen.append(variable)
            if self.engine == "keras":
                self.weights[key] = numpy.array(variable)
                continue
            if key not in self.weights or self.weights[key].shape != tuple(variable.shape):
                shape = self.weights[key].shape if key in self.weights else None
                raise AssertionError(f"weight {key} {variable.path} {tuple(variable.shape)} is {shape} in Keras")
            variable.assign(self.weights[key])

    def save(self, path: Path) -> None:
        """Write what was kept, and Keras's first weights."""
        numpy.savez(path, **self.arrays)
        if self.engine == "keras":
            numpy.savez(self.path, **self.weights)


def install(keras: Any, current: list[Recording]) -> None:
    """Let models tell the current recording, and nothing be random.

    Args:
        keras: the module that scripts import.
        current: the recording, alone in a list.
    """
    for name in RANDOM:
        made = getattr(keras.layers, name)
        setattr(keras.layers, name, lambda rate, made=made, **options: made(0.0, **options))
    for name in AUGMENTING:
        setattr(keras.layers, name, lambda *args, **options: keras.layers.Identity())
    depth = [0]

    def spied(name: str) -> Any:
        method = getattr(keras.Model, name)

        def call(model: Any, *args: Any, **options: Any) -> Any:
            depth[0] += 1
            try:
                if depth[0] == 1:
                    x = args[0] if args and name in REPORTED else options.get("x")
                    current[0].equalise(model, x)
                    if name == "fit":
                        options["shuffle"] = False
                found = method(model, *args, **options)
            finally:
                depth[0] -= 1
            if depth[0] == 0 and name in REPORTED:
                current[0].note(name, found)
            if name in GIVEN:
                current[0].know(model)
            return found

        return call

    for name in (*REPORTED, *GIVEN, "get_weights", "save", "save_weights"):
        setattr(keras.Model, name, spied(name))
    load_model = keras.models.load_model

    def load(*args: Any, **options: Any) -> Any:
        model = load_model(*args, **options)
        current[0].know(model)
        return model

    keras.models.load_model = load


REPORTED = ("fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch")
GIVEN = ("set_weights", "load_weights")


def open_engine(engine: str) -> Any:
    """Return what scripts get for ``import keras``."""
    if engine == "keras":
        os.environ["KERAS_BACKEND"] = "tensorflow"
    else:
        import_module("nnc.as_keras")
    return import_module("keras")


def run(engine: str, keras: Any, current: list[Recording], name: str, folder: Path) -> str:
    """Run a script and return what went wrong, or nothing."""
    current[:] = [Recording(engine, folder / f"{name}.weights.npz")]
    keras.utils.clear_session()
    keras.config.set_floatx("float32" if name in IN_FLOAT32 else "float64")
    printed = StringIO()
    error = ""
    with tempfile.TemporaryDirectory() as scratch, chdir(scratch), redirect_stdout(printed), redirect_stderr(printed):
        try:
            runpy.run_path(str(SCRIPTS / f"{name}.py"), run_name="__main__")
        except Exception:
            error = traceback.format_exc()
    current[0].save(folder / f"{name}.{engine}.npz")
    (folder / f"{name}.{engine}.txt").write_text(printed.getvalue() + error)
    return error


def main(engine: str, folder: Path) -> None:
    """Run the scripts that the input names."""
    sys.path.insert(0, str(SCRIPTS))
    keras = open_engine(engine)
    current: list[Recording] = []
    install(keras, current)
    for line in sys.stdin:
        error = run(engine, keras, current, line.strip(), folder)
        others = sorted({"tensorflow", "jax", "torch", "keras.src"} & set(sys.modules)) if engine == "nnc" else []
        print(json.dumps({"error": error, "others": others}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
