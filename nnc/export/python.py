"""The target ``python``: one readable file that imports NumPy alone, with the weights in an ``.npz`` beside it."""

from __future__ import annotations

import io
import keyword
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from types import FunctionType
from typing import Any, cast

import numpy

from nnc.backends.numpy.backend import NumpyBackend
from nnc.backends.numpy.executable import Executable
from nnc.backends.numpy.source import NumpySource, print_source
from nnc.backends.numpy.text import string_text, words
from nnc.errors import DataError, GraphError, ModelError
from nnc.execution.signature import Signature
from nnc.export.expressions import InexpressibleError, literal, text_of
from nnc.export.helper_functions import Pasting
from nnc.export.python_template import CHECK, DERIVE_CODE, HEAD, PREDICT_CODE, SHARED, TRAIN_CODE, WEIGHTS_CODE
from nnc.export.samples import Recording, check_own_steps, copy_program, record
from nnc.export.symbol_sizes import sizes_of
from nnc.export.views import Windows
from nnc.files import write_atomically
from nnc.ir import Graph, bind_shape
from nnc.labels import ITERATIONS, ROWS
from nnc.passes import lower
from nnc.program import PREDICT, PROLOGUE, TRAIN, ArraySpec, Program
from nnc.tables import TableSchema

Array = Any
_OWN_NAMES = frozenset({"ARENA", "CONSTANTS", "STATES", "in_arena", "in_state", "numpy", "rows", "run"})
"""Names used by functions that bind a graph, besides those of its arrays."""
_COLUMNS_NOTE = """\
Mean, spread and the value for a missing cell (None: it must not be missing) of each element of a row of inputs, which
is (value - mean) / spread. The value is the number in the column of that name; of COLUMN=CATEGORY it is 1 where the
column has the category, and 0 elsewhere."""
_CLASSES_NOTE = "In the order of the outputs; of two classes a single output is about the second."
_ALL_SIZES = 64
"""Rows up to which windows are bound for every number of rows, to see how they depend on it."""


def check_output(output: Path) -> None:
    """Check that the path names a Python file.

    Raises:
        DataError: it does not.
    """
    if output.suffix != ".py" or not output.stem.isidentifier() or keyword.iskeyword(output.stem):
        raise DataError(f"{output}: expected a file named *.py that Python can import, such as model.py")


def export(
    program: Program, output: Path, *, batch: int = 32, train: bool = False, lengths: Mapping[str, int] | None = None
) -> list[Path]:
    """Write a program as a Python file and its weights.

    Args:
        program: what to export; it is not changed.
        output: a file ``*.py``; the weights go into an ``.npz`` of the same name beside it.
        batch: rows of the largest batch.
        train: whether the file can train as well.
        lengths: size of each other run-time dimension, such as ``time``.

    Returns:
        The files.

    Raises:
        ModelError: a length is missing or unknown, or the program does not train.
        OSError: a file cannot be written.
    """
    program.check_single("export")
    if train and not program.spec.trains:
        raise ModelError(f"export: program '{program.name}' has no graph '{TRAIN}'; compile the model with a loss")
    check_own_steps(program, train)
    if not program.spec.is_by_row:
        raise ModelError(
            f"export: program '{program.name}' has outputs without a row for each row of its inputs, so Python may not"
            " divide these into batches; export it as C, for one number of rows"
        )
    own = copy_program(program)
    own.reset_metrics()
    sizes = sizes_of(own, (PREDICT, *((TRAIN,) if train else ())), batch, lengths or {})
    derived = _derive(own)
    names = [PREDICT, *([PROLOGUE] if train and derived else []), *([TRAIN] if train else [])]
    sampled = [rows for rows in range(1, batch + 1) if _is_sampled(rows, batch)]
    try:
        parts = [_print(own, name, derived, [{**sizes, ROWS: rows} for rows in sampled]) for name in names]
        least = 1
    except (InexpressibleError, GraphError):  # what lies where depends on the rows in another way
        try:
            parts = [_print(own, name, derived, [sizes]) for name in names]
        except InexpressibleError as error:
            raise ModelError(f"export: program '{own.name}' cannot be written as Python: {error}") from error
        least = batch
    used = {label for part in parts for label in part.graph.states}
    states = {label: array.copy() for label, array in own.states.items() if label in used}
    if train:
        states |= {ITERATIONS: own.states.get(ITERATIONS, numpy.zeros((), "int64")).copy()}
    else:
        states |= {label: array for label, array in derived.items() if label in used}
    constants = {name: array for part in parts for name, array in part.constants.items()}
    recording = record(own, sizes, train)
    anonymous = _file(own, output.stem, parts, states, derived if train else {}, sizes, least, "")
    number = f"{zlib.crc32(anonymous.encode()):08x}"
    text = _file(own, output.stem, parts, states, derived if train else {}, sizes, least, number)
    weights = output.with_suffix(".npz")
    write_atomically(weights, _archive(own, states, constants, recording, number))
    write_atomically(output, text.encode())
    return [output, weights]


def _is_sampled(rows: int, batch: int) -> bool:
    return batch <= _ALL_SIZES or rows <= _ALL_SIZES // 2 or rows > batch - 8 or rows % 13 == 0


def _derive(program: Program) -> dict[str, Array]:
    """Return the states that predictions read and that are derived from others."""
    hoisted = Signature.of(program.graph(PREDICT)).hoisted
    derived = {label: numpy.zeros([int(dim) for dim in type.shape], type.dtype) for label, type in hoisted.items()}
    if derived:
        _, executable = _executable(program, PROLOGUE, derived, {})
        executable.bind({}).run()
    return derived


def _executable(
    program: Program, name: str, derived: Mapping[str, Array], sizes: Mapping[str, int]
) -> tuple[NumpySource, Executable]:
    backend, graph = NumpyBackend(), program.graph(name)
    plan = backend.plan(lower(graph, backend.target), _bindings(graph, sizes))
    source = print_source(plan, reserved=_OWN_NAMES)
    names = source.scope.names
    called = {getattr(item, "__name__", "") for item in names.functions.values()}
    if not called.isdisjoint(names.taken - names.functions.keys()):  # an array must not hide a function of the file
        source = print_source(plan, reserved=_OWN_NAMES | called)
    return source, backend.executable(plan, source, backend.compile(source), {**program.states, **derived})


def _bindings(graph: Graph, sizes: Mapping[str, int]) -> dict[str, int]:
    return {symbol: sizes[symbol] for symbol in graph.symbols}


# ---------------------------------------------------------------------- one graph


@dataclass(frozen=True)
class _Part:
    """One graph as a function that binds it.

    Attributes:
        name: of the graph.
        graph: the graph.
        text: the function.
        pasting: what it needs at the top level.
        constants: arrays to keep, by name.
        arena_bytes: size of the memory it works in.
    """

    name: str
    graph: Graph
    text: str
    pasting: Pasting
    constants: dict[str, Array]
    arena_bytes: int


def _print(program: Program, name: str, derived: Mapping[str, Array], sizes: Sequence[Mapping[str, int]]) -> _Part:
    """Write the function that binds a graph, from what is bound for some sizes, the last the largest.

    Raises:
        InexpressibleError: what lies where depends on the rows in a way that cannot be written.
        GraphError: the plan for the largest sizes has no room for others.
    """
    source, executable = _executable(program, name, derived, sizes[-1])
    graph = program.graph(name)
    bound = {item[ROWS]: executable.bind(_bindings(graph, item)) for item in sizes}
    runs = {rows: cast(FunctionType, run.run) for rows, run in bound.items()}
    largest = sizes[-1][ROWS]
    first = runs[largest]
    functions = source.scope.names.functions
    names = [item for item in dict.fromkeys(first.__code__.co_names) if item in first.__globals__]
    windows = Windows(executable.arena, {**program.states, **derived})
    pasting = Pasting()
    lines: list[str] = []
    for item in names:
        if item in functions:
            text = pasting.expression(functions[item])
        elif item != "__builtins__":
            text = text_of(
                windows.text({count: run.__globals__[item] for count, run in runs.items()}, f"{name}_{item}")
            )
        if text != item:
            lines.append(f"{item} = {text}")
    lines += ["", "def run():", *(f"    {line}" for line in source.body), ""]
    ends = []
    for kind in ("inputs", "outputs"):
        labels = getattr(bound[largest], kind)
        items = [
            f"{string_text(label)}: "
            + text_of(
                windows.text({count: getattr(run, kind)[label] for count, run in bound.items()}, f"{name}_{label}")
            )
            for label in labels
        ]
        ends.append("{" + ", ".join(items) + "}")
    lines.append(f"return run, {ends[0]}, {ends[1]}")
    summary = f"Return what runs the graph '{name}', its inputs and its outputs, for some rows."
    text = f'def bind_{name}(rows):\n    """{summary}"""\n' + indent("\n".join(lines), "    ") + "\n"
    return _Part(name, graph, text, pasting, windows.constants, executable.arena.nbytes)


# ---------------------------------------------------------------------- the file


def _file(
    program: Program,
    module: str,
    parts: Sequence[_Part],
    states: Mapping[str, Array],
    derived: Mapping[str, Array],
    sizes: Mapping[str, int],
    least: int,
    number: str,
) -> str:
    spec = program.spec
    names = [part.name for part in parts]
    imports: list[str] = []
    definitions: dict[str, str] = {}
    for part in parts:
        imports += [line for line in part.pasting.imports if line not in imports]
        for name, text in part.pasting.definitions.items():
            if definitions.setdefault(name, text) != text:
                raise ModelError(f"export: two functions are called {name}")
    trains = TRAIN in names
    values = {
        "NAME": words(spec.name),
        "MODULE": words(module),
        "DOES": "Predicts and trains" if trains else "Predicts",
        "INPUTS": _specs(spec.inputs, sizes),
        "TAKES": words(", ".join(f"{item.label} {_shape(item)}" for item in spec.inputs))
        + (", numbers that nnc's Program.encode_texts makes of texts" if spec.edge is not None else ""),
        "GIVES": words(", ".join(f"{item.label} {_shape(item)}" for item in spec.outputs)),
        "TARGETS": _specs(spec.targets, sizes),
        "TABLE": "" if program.table is None else _table(program.table),
        "BATCH": str(sizes[ROWS]),
        "BYTES": str(max(part.arena_bytes for part in parts)),
        "DERIVED": _literal({label: (array.shape, str(array.dtype)) for label, array in derived.items()}),
        "LEAST": str(least),
        "EXPORT": number,
        "IMPORTS": "".join(f"{line}\n" for line in imports),
    }
    weights = {
        variable.path: (variable.state, variable.offset, variable.shape)
        for variable in spec.variables
        if variable.state in states
    }
    counts = trains and ITERATIONS not in program.graph(TRAIN).states
    values["WEIGHTS"] = _literal(weights)
    values["COUNT"] = f'    STATES["{ITERATIONS}"] += 1\n' if counts else ""
    values["DERIVE"] = "    derive()\n" if derived else ""
    values["STALE"] = "    changed()\n" if derived else ""
    sections = [
        _filled(HEAD, values),
        *definitions.values(),
        *(part.text.rstrip() for part in parts),
        _filled(SHARED, values),
        *([_filled(DERIVE_CODE, values)] if derived else []),
        _filled(PREDICT_CODE, values),
        *([_filled(TRAIN_CODE, values)] if trains else []),
        *([_filled(WEIGHTS_CODE, values)] if weights else []),
        _filled(CHECK, values),
    ]
    return "\n\n\n".join(section.strip("\n") for section in sections) + "\n"


def _filled(template: str, values: Mapping[str, str]) -> str:
    """Fill in the words in angle brackets; what stands in the values is not looked at."""
    return re.sub("<([A-Z]+)>", lambda word: values[word[1]], template)


def _specs(specs: Sequence[ArraySpec], sizes: Mapping[str, int]) -> str:
    return _literal({item.label: (tuple(map(int, bind_shape(item.shape, sizes))), item.dtype) for item in specs})


def _table(schema: TableSchema) -> str:
    """Return definitions that say how the rows of a table become inputs, and what classes outputs are of."""
    found = ""
    if schema.columns:
        columns = {element.label: (element.mean, element.spread, element.missing) for element in schema.elements}
        found += f'COLUMNS = {_literal(columns)}\n"""{_COLUMNS_NOTE}"""\n'
    if schema.classes:
        found += f'CLASSES = {literal(schema.classes)}\n"""{_CLASSES_NOTE}"""\n'
    return found


def _literal(items: Mapping[str, Any]) -> str:
    """Return a dictionary, with a line for each item where there are several.

    Args:
        items: numbers, strings and tuples of these, by name.
    """
    lines = [f"{literal(name)}: {literal(value)}" for name, value in items.items()]
    return "{\n" + "".join(f"    {line},\n" for line in lines) + "}" if len(lines) > 1 else "{" + "".join(lines) + "}"


def _shape(item: ArraySpec) -> str:
    return f"{item.dtype}[{', '.join(map(str, ('rows', *item.shape)))}]"


def _archive(
    program: Program, states: Mapping[str, Array], constants: Mapping[str, Array], recording: Recording, number: str
) -> memoryview:
    """Return the contents of the file of weights."""
    spec = program.spec
    arrays: dict[str, Array] = {f"state/{label}": array for label, array in states.items()}
    arrays |= {f"constant/{name}": array for name, array in constants.items()}
    arrays["export"] = numpy.array(number)
    for kind, specs in (("inputs", spec.inputs), ("targets", spec.targets)):
        arrays |= {
            f"check/{kind}/{item.label}": recording.inputs[item.label]
            for item in specs
            if item.label in recording.inputs
        }
    arrays |= {f"check/outputs/{item.label}": recording.outputs[item.label] for item in spec.outputs}
    if recording.losses:
        arrays |= {"check/losses": numpy.array(recording.losses)}
        arrays |= {f"check/outputs_after/{label}": array for label, array in recording.outputs_after.items()}
        arrays |= {f"check/state/{label}": array for label, array in recording.trained.items() if label in states}
    buffer = io.BytesIO()
    numpy.savez(buffer, **arrays)
    return buffer.getbuffer()
