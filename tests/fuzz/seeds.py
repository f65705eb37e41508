"""Whole files of each kind, small ones, which fuzzing starts from."""

from __future__ import annotations

import io
import json
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import h5py
import numpy

import nnc
from frontends.inner_groups import group_name
from nnc import layers
from nnc.ir import Graph
from nnc.passes import Pass, PassRecord
from nnc.program.program import program_to_bytes
from tests.frontends.samples import KERAS_2_FUNCTIONAL, KERAS_2_SEQUENTIAL, SHORT
from tests.frontends.test_damaged_files import KERNELS, archive_bytes, h5_bytes, tree_bytes
from tests.frontends.test_hostile_files import STRUCTURES
from tests.frontends.zoo.old_files import write_h5, write_weights
from tests.fuzz.hdf5 import written_by_library
from tests.fuzz.readers import small_program

MORE_YAML = {
    "short": SHORT,
    "anchors": "input: [2]\nlayers:\n  - Dense: &e {units: 2}\n  - Dense: {<<: *e, name: b}\n",
    "picture": """\
input: {shape: [6, 6, 3], dtype: float32}
dtype: float32
layers:
  - Rescaling: {scale: 0.1, offset: 1}
  - Conv2D: {filters: 2, kernel_size: 3, padding: same, strides: [2, 1], activation: relu}
  - BatchNormalization: {momentum: 0.9}
  - MaxPooling2D: {pool_size: 2}
  - Flatten
  - Dense: {units: 2, kernel_regularizer: l2, kernel_constraint: {class_name: MaxNorm, config: {max_value: 2}}}
  - Softmax
compile: {optimizer: {Adam: {learning_rate: 0.01, amsgrad: true}}, loss: sparse_categorical_crossentropy}
""",
    "sequence": """\
input: {shape: [5], dtype: int32}
layers:
  - Embedding: {input_dim: 7, output_dim: 3, mask_zero: true}
  - Bidirectional: {layer: {class_name: GRU, config: {units: 2, return_sequences: true}}, merge_mode: sum}
  - TimeDistributed: {layer: {class_name: Dense, config: {units: 2}}}
  - LSTM: 2
outputs: [lstm]
""",
}


@cache
def models() -> dict[str, nnc.Model]:
    """Return small models of many layers."""
    nnc.utils.set_random_seed(0)
    dense = nnc.Sequential([layers.Dense(3, "tanh", input_dim=4), layers.Dropout(0.5), layers.Dense(1)], name="dense")
    dense.compile("sgd", "mse", metrics=["mae"])
    x = layers.Input((6, 6, 2), name="picture")
    y = layers.Conv2D(2, 3, padding="same", activation="relu")(x)
    z = layers.Add()([layers.BatchNormalization()(y), layers.DepthwiseConv2D(3, padding="same")(x)])
    pooled = layers.GlobalAveragePooling2D()(layers.MaxPooling2D()(z))
    picture = nnc.Model(x, layers.Dense(3, "softmax", name="kind")(pooled), name="pictures")
    picture.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    tokens = layers.Input((5,), dtype="int32", name="tokens")
    embedded = layers.Embedding(7, 4, mask_zero=True)(tokens)
    attended = layers.MultiHeadAttention(2, 2)(embedded, embedded)
    normal = layers.LayerNormalization()(layers.Concatenate()([embedded, attended]))
    sequence = nnc.Model(tokens, layers.TimeDistributed(layers.Dense(2))(normal), name="tagger")
    nested = nnc.Sequential(
        [layers.Dense(2, input_dim=2), nnc.Sequential([layers.Dense(2, input_dim=2)])], name="outer"
    )
    recurrent = nnc.Sequential([layers.LSTM(2, input_shape=(None, 2)), layers.Dense(1)], name="recurrent")
    words = layers.TextVectorization(vocabulary=["ein", "Wort"], output_sequence_length=4)
    text = nnc.Sequential([nnc.Input((1,), dtype="string"), words, layers.Embedding(4, 2), layers.LSTM(2)], name="text")
    known = {"dense": dense, "recurrent": recurrent, "picture": picture, "sequence": sequence, "nested": nested}
    return known | {"text": text}


def configs() -> dict[str, bytes]:
    """Return models in Keras's form, as JSON."""
    return {name: model.to_json().encode() for name, model in models().items()}


def json_files() -> dict[str, bytes]:
    """Return JSON files, in the short form and in Keras's."""
    old = {"keras 2 functional": KERAS_2_FUNCTIONAL, "keras 2 sequential": KERAS_2_SEQUENTIAL}
    return {
        "short": json.dumps(STRUCTURES[2]).encode(),
        **{name: text.encode() for name, text in old.items()},
        **configs(),
    }


def keras_files() -> dict[str, bytes]:
    """Return archives of Keras 3, and an HDF5 file of that name."""
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found["two layers"] = archive_bytes(folder)
        for title in ("picture", "nested"):
            model = models()[title]
            with h5py.File(folder / "w.h5", "w") as file:
                _write_tree(file, model)
            weights = written_by_library((folder / "w.h5").read_bytes())
            found[title] = archive_bytes(folder, json.loads(model.to_json()), weights)
        found["hdf5"] = hdf5_files()["dense"]
    return found


def _write_tree(group: Any, model: nnc.Model) -> None:
    counts: Counter[str] = Counter()
    for layer in model.layers:
        name = group_name(type(layer).__name__)
        title = f"layers/{name}_{counts[name]}" if counts[name] else f"layers/{name}"
        counts[name] += 1
        inner = group.create_group(title)
        if isinstance(layer, nnc.Model):
            _write_tree(inner, layer)
        else:
            for number, weight in enumerate(layer.weights):
                inner[f"vars/{number}"] = numpy.asarray(weight.numpy())


def hdf5_files() -> dict[str, bytes]:
    """Return models and weights of several versions of Keras."""
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found["two layers"] = h5_bytes(folder)
        found["tree"] = tree_bytes(folder / "tree.h5")
        for title, model in models().items():
            weights = {
                layer.name: [(f"{number}/{weight.name}", weight.numpy()) for number, weight in enumerate(layer.weights)]
                for layer in model.layers
                if layer.weights
            }
            path = write_h5(folder / "whole.h5", json.loads(model.to_json()), weights, "3.3.3")
            found[title] = path.read_bytes()
        with h5py.File(folder / "list.h5", "w") as file:
            arrays = {"one": [("kernel:0", KERNELS[0]), ("bias:0", KERNELS[1])], "two": [("kernel:0", KERNELS[2])]}
            arrays["two"].append(("bias:0", KERNELS[3]))
            write_weights(file, arrays)
        found["list"] = (folder / "list.h5").read_bytes()
    return {title: written_by_library(content) for title, content in found.items()}


def program_files() -> dict[str, bytes]:
    """Return programs: one that trains, one with a loop, and one that begins with texts."""
    models()["dense"].fit(numpy.ones((3, 4)), numpy.ones((3, 1)), verbose=0)
    return {
        title: program_to_bytes(nnc.compile(models()[title], backend="numpy"))
        for title in ("dense", "recurrent", "nested", "text")
    }


def graphs() -> dict[str, bytes]:
    """Return the texts of graphs of these programs, as they are made and when all passes are done."""
    found = {}
    for title in ("dense", "recurrent"):
        stages: list[Graph] = []
        observe = partial(_remember, stages)
        program = nnc.compile(models()[title], backend="numpy", observe=observe)
        for name in ("predict", "train") if program.spec.trains else ("predict",):
            stages.clear()
            found[f"{title} {name} last"] = str(program.graph(name)).encode()
            found[f"{title} {name} first"] = str(stages[0]).encode()
    return found


def _remember(stages: list[Graph], item: Pass, graph: Graph, record: PassRecord) -> None:
    stages.append(graph)


def arrays() -> dict[str, bytes]:
    """Return data, and a copy of a training."""
    found = {}
    kinds: dict[str, dict[str, Any]] = {
        "table": {"x": numpy.eye(3, dtype="float32"), "y": numpy.arange(3)},
        "names": {"X": numpy.ones((2, 2), ">f8"), "Y": numpy.array(["a", "b"])},
        "several": {"a": numpy.asfortranarray(numpy.ones((2, 3, 2), "uint8")), "b": numpy.array([True, False])},
    }
    for title, items in kinds.items():
        stream = io.BytesIO()
        numpy.savez(stream, **items)
        found[title] = stream.getvalue()
    stream = io.BytesIO()
    numpy.savez_compressed(stream, x=numpy.zeros((9, 9)))
    found["compressed"] = stream.getvalue()
    stream = io.BytesIO()
    numpy.save(stream, numpy.arange(4.0))
    found["one"] = stream.getvalue()
    with tempfile.TemporaryDirectory() as folder:
        program, callback = small_program(), nnc.callbacks.BackupAndRestore(folder, delete_checkpoint=False)
        program.fit(numpy.ones((3, 4)), numpy.ones((3, 2)), epochs=1, verbose=0, callbacks=[callback])
        found["backup"] = callback.path.read_bytes()
    return found


def tables() -> dict[str, bytes]:
    """Return tables of comma-separated values."""
    return {
        "header": b"a,b,y\n1,2,3\n4,5.5,-6e2\n",
        "none": b"1,2\n3,4\n",
        "names": b'\xef\xbb\xbfx,"the, y",y\r\n1,2,"it\'s"\r\n\r\n3,4,no\r\n',
    }


SEEDS: dict[str, Callable[[], dict[str, bytes]]] = {
    "yaml": lambda: {name: text.encode() for name, text in MORE_YAML.items()},
    "json": json_files,
    "keras": keras_files,
    "h5": hdf5_files,
    "nnc": program_files,
    "graph": graphs,
    "npz": arrays,
    "csv": tables,
}
"""Contents by title, of each reader."""
