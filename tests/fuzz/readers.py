"""Everything that reads files which strangers may give, with what users do next.

Left out is what nobody else may write: compiled code and records in the cache, and the weights beside an
exported program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy

import nnc
from frontends import hdf5_file, keras_archive, yaml_file
from nnc.data import Columns, RowArray, open_rows, read_arrays, read_columns, read_inputs, read_table
from nnc.data.columns import TEXT
from nnc.errors import GraphError
from nnc.ir import Graph, parse_graph
from nnc.labels import TRAIN
from nnc.models.saving import model_of_program
from nnc.passes import make_pass, pass_names, run_passes
from nnc.program.definition import divider_of
from nnc.tables import TableSchema, learn_inputs, read_declaration
from tests.fuzz.hdf5 import change_hdf5
from tests.fuzz.mutation import (
    Change,
    change_bytes,
    change_json,
    change_lines,
    change_words,
    change_yaml,
    change_zip,
    either,
)

MOST_BYTES = "16M"
MOST_NODES = 200
"""Graphs with more are not run: a model may be as large as its file says, and that takes its time."""


@dataclass(frozen=True)
class Reader:
    """A kind of file.

    Args:
        suffix: of its name.
        reads: what read the file of a path, one after the other.
        change: makes another content of one.
        go_on: does with what the first of them has read what users do next, which takes longer, and returns what is
            shown of it.
        kinds: other suffixes, by what such files begin with.
    """

    suffix: str
    reads: tuple[Callable[[Path], Any], ...]
    change: Change
    go_on: Callable[[Any], str]
    kinds: tuple[tuple[bytes, str], ...] = ()

    def suffix_of(self, content: bytes) -> str:
        """Return the suffix of a file with a content."""
        return next((suffix for start, suffix in self.kinds if content.startswith(start)), self.suffix)


FRONTENDS: tuple[Any, ...] = (yaml_file.FRONTEND, keras_archive.FRONTEND, hdf5_file.FRONTEND)


def read_model(path: Path) -> nnc.Model:
    """Read a model as `nnc.readers.read_model` does, without looking each time for readers that are installed."""
    return next(frontend for frontend in FRONTENDS if frontend.accepts(path)).read(path)


def use_model(model: nnc.Model | None) -> str:
    """Write a model as JSON, compile it, predict a row, print what trains it, and return what is shown of it."""
    if model is None:
        return ""
    shown: list[str] = []
    model.summary(print_fn=shown.append)
    model.to_json()
    return "\n".join([*shown, use_program(nnc.compile(model, backend="numpy", max_bytes=MOST_BYTES))])


def use_program(program: nnc.Program) -> str:
    """Predict a row, print what trains, and return what is shown of a program."""
    shown = f"{program!r}\n{nnc.inspect(program, batch=1)}"
    program.max_bytes = MOST_BYTES
    if any(len(program.graph(name).nodes) > MOST_NODES for name in program.graph_names[:1]):
        return shown
    inputs = [
        numpy.full((1, *map(_length, item.shape)), "ein Wort")
        if item.dtype == "string"
        else numpy.ones((1, *map(_length, item.shape)), "float32")
        for item in program.spec.taken
    ]
    program.predict(inputs[0] if len(inputs) == 1 else inputs)
    if program.spec.trains:
        program.source("train")
    return shown


def _length(dim: Any) -> int:
    return dim if isinstance(dim, int) else 4


def read_hdf5(path: Path) -> nnc.Model | None:
    """Read a model, or weights alone where there is none in the file."""
    if b"model_config" in path.read_bytes():
        return read_model(path)
    return read_weights(path)


def read_weights(path: Path) -> None:
    """Read weights into a model of three layers."""
    next(frontend for frontend in FRONTENDS if frontend.accepts(path)).load_weights(_small(), path)


def read_weights_by_path(path: Path) -> None:
    """Read weights into a program that nothing else is done with."""
    _predicting().load_weights(path)


@cache
def _predicting() -> nnc.Program:
    return nnc.compile(_small.__wrapped__(), backend="numpy")


@cache
def _small() -> nnc.Model:
    dense = nnc.layers.Dense
    return nnc.Sequential([dense(3, "tanh", input_dim=4, name="one"), dense(2, name="two")], name="small")


@cache
def small_program() -> nnc.Program:
    """Return a program that trains."""
    program = nnc.compile(_small(), optimizer="adam", loss="mse", metrics=["mae"], backend="numpy")
    columns = Columns(("one", "two"), (numpy.array([1.0, 2.0, 4.0]), numpy.array(["a", "b", "c"], TEXT)))
    inputs = learn_inputs(columns, None, {"two": read_declaration("two", "category")})
    program.table = TableSchema(inputs)
    return program


def read_meaning(path: Path) -> None:
    """Find out what the columns of a table mean, and make inputs of its rows."""
    columns = read_columns(path)
    TableSchema(learn_inputs(columns, None, {})).encode(columns)


def read_program(path: Path) -> nnc.Program:
    """Load a program with all its graphs."""
    program = nnc.load(path, backend="numpy")
    for name in program.graph_names:
        program.graph(name)
    return program


def go_on_with_program(program: nnc.Program) -> str:
    """Use a program, train one step where it can, make its model, divide it, and return what is shown."""
    shown = use_program(program)
    spec = program.spec
    if spec.trains and spec.edge is None and len(spec.inputs) == len(spec.targets) == 1:
        x, y = (numpy.zeros((2, *map(_length, item.shape)), item.dtype) for item in (*spec.inputs, *spec.targets))
        program.train_step(x, y)
    if spec.model:
        model_of_program(program)
    divide = divider_of(program.executor) if spec.trains else None
    if divide is not None:
        divide(TRAIN)
    return shown


def read_graph(path: Path) -> Graph:
    """Read a graph's text, as ``nnc opt`` does."""
    return parse_graph(path.read_bytes().decode(errors="replace"), path.name)


def transform(graph: Graph) -> str:
    """Run each pass on a graph, and return what is printed.

    Raises:
        GraphError: one of them refuses it.
    """
    refusal: GraphError | None = None
    shown = [str(graph)]
    for name in pass_names() if len(graph.nodes) < MOST_NODES else ():
        try:
            shown.append(str(run_passes(graph, [make_pass(name)])))
        except GraphError as error:
            refusal = error
    if refusal is not None:
        raise refusal
    return "\n".join(shown)


def read_backup(path: Path) -> None:
    """Go on with a training from a copy."""
    program = small_program()
    before = {label: array.copy() for label, array in program.states.items()}
    callback = nnc.callbacks.BackupAndRestore(path.parent, save_freq=10**6, delete_checkpoint=False)
    x, y = numpy.ones((3, 4)), numpy.ones((3, 2))
    try:
        program.fit(x, y, epochs=2, batch_size=2, verbose=0, callbacks=[callback])
    finally:
        for label in set(program.states) - set(before):
            del program.states[label]
        program.resume({"states": before, "order": program.order_state})


def read_rows(path: Path) -> list[Any]:
    """Read rows when they are asked for, and then all."""
    found = open_rows(path)
    arrays = [found] if isinstance(found, RowArray) else list(found.values())
    return [(numpy.asarray(array), array[array.sample(3)]) for array in arrays]


def nothing(found: Any) -> str:
    """Do nothing more."""
    return ""


_change_yaml = either(change_yaml, change_yaml, change_words, change_bytes, change_lines)
_change_json = either(change_json, change_json, change_words, change_bytes)
_change_graph = either(change_words, change_words, change_lines, change_bytes)
_change_keras = change_zip({".json": _change_json, ".h5": change_hdf5})
_change_program = change_zip({".json": _change_json, ".txt": _change_graph})
READERS: dict[str, Reader] = {
    "yaml": Reader(".yaml", (read_model,), _change_yaml, use_model),
    "json": Reader(".json", (read_model,), _change_json, use_model),
    "keras": Reader(".keras", (read_model, read_weights), _change_keras, use_model),
    "h5": Reader(".h5", (read_hdf5,), change_hdf5, use_model),
    "nnc": Reader(".nnc", (read_program,), _change_program, go_on_with_program),
    "graph": Reader(".txt", (read_graph,), _change_graph, transform),
    "npz": Reader(
        ".npz",
        (read_table, read_inputs, read_arrays, read_weights_by_path, read_backup, read_rows),
        either(change_zip({}), change_bytes),
        nothing,
        kinds=((b"\x93NUMPY", ".npy"),),
    ),
    "csv": Reader(
        ".csv",
        (read_table, read_inputs, lambda path: read_table(path, target="y"), read_meaning),
        either(change_words, change_lines, change_bytes),
        nothing,
    ),
}
